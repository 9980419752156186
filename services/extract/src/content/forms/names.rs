//! Names of columns. The invariants: within a file no two are the same, whatever their case, and none is
//! longer than SPSS takes; the names of items do not depend on the dialect.

use std::collections::BTreeSet;

/// The longest name, in letters of ids.
pub(super) const LONGEST: usize = 64;

/// The beginning of a name; names have no letter of several bytes.
pub(super) fn cut(name: &str, letters: usize) -> &str {
    name.get(..letters).unwrap_or(name)
}

/// Those that are given.
pub(super) struct ColumnNames(BTreeSet<String>);

impl ColumnNames {
    /// Nobody else gets these.
    pub(super) fn reserve(names: impl IntoIterator<Item = &'static str>) -> Self {
        let names = names.into_iter().map(str::to_lowercase);
        Self(names.collect())
    }

    /// The name that is wanted; where it is taken, with what it is the name of before it, and where
    /// that is taken too, with a number behind it.
    pub(super) fn give(&mut self, wanted: &str, of: &str) -> String {
        let other = format!("{of}_{wanted}");
        let numbered = (2_u32..).map(|number| format!("{}_{number}", cut(&other, LONGEST - 6)));
        let plain = [cut(wanted, LONGEST), cut(&other, LONGEST)].map(str::to_owned);
        let mut all = plain.into_iter().chain(numbered);
        let free = all.find(|name| self.0.insert(name.to_lowercase()));
        free.expect("there are more numbers than columns")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_given_once() {
        let mut names = ColumnNames::reserve(["unit", "Respondent"]);
        assert_eq!(names.give("age", "item"), "age");
        assert_eq!(names.give("unit", "item"), "item_unit");
        assert_eq!(names.give("respondent", "item"), "item_respondent");
        assert_eq!(names.give("age", "item"), "item_age");
        assert_eq!(names.give("Age", "item"), "item_Age_2");
        let long = "a".repeat(80);
        let all: BTreeSet<String> = (0..20).map(|_| names.give(&long, "item")).collect();
        assert!(all.len() == 20 && all.iter().all(|name| name.len() <= LONGEST));
    }
}
