//! Who might be found in a file of forms: how many persons share what others may know of them. Comes
//! in: forms, all of a person one after the other. Goes out: how large the groups are, and in a coarse
//! file which of them are too small to name their unit. The invariant: a group is of persons, so
//! somebody with ten alike forms is one.

use std::collections::HashMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

use medvirk_domain::catalogue::{Instrument, Item};
use medvirk_domain::fixed::FixedPoint;
use medvirk_domain::ids::{ItemId, Pseudonym, UnitId};
use medvirk_store::registry::{ExtractedForm, FormSource};

use super::layout_of::LayoutOf;
use super::{is_coded, name};

/// From so many persons on a group may name its unit in a coarse file.
const ENOUGH: usize = 5;
/// A number with more values than these is given as a band in a coarse file.
const MOST_VALUES: i64 = 12;
/// Words in the ids of items that others may know the answers to without asking.
const SEEN: [&str; 24] = [
    "sex",
    "gender",
    "age",
    "birth",
    "education",
    "employment",
    "occupation",
    "housing",
    "municipality",
    "citizenship",
    "civil",
    "children",
    "kjonn",
    "alder",
    "fodt",
    "fodselsar",
    "utdanning",
    "arbeid",
    "yrke",
    "bolig",
    "kommune",
    "statsborgerskap",
    "sivilstatus",
    "barn",
];
/// Words in the ids of items that are an age in years.
const AGES: [&str; 2] = ["age", "alder"];

/// How a number is given in a coarse file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ValueBanding {
    /// Below 18 years, and then by ten years.
    Age,
    /// The values are grouped by tens.
    Tens,
}

/// A group: unit or region, time, and what others may know, as a hash. Equal within a process; of ten
/// million groups two are mistaken for one in one file of 400,000.
type GroupDigest = u64;

/// How forms are put into groups.
pub(crate) struct FormGrouping {
    of: LayoutOf,
    items: Vec<(ItemId, Option<ValueBanding>)>,
    knows_ages: bool,
    regions: HashMap<String, String>,
}

/// The groups of a file, counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct GroupSizes {
    /// Forms in the file.
    pub(crate) forms: u64,
    /// Groups of one person.
    pub(crate) one: u64,
    /// Of two to four.
    pub(crate) few: u64,
    /// Of five or more.
    pub(crate) enough: u64,
    /// Persons in the smallest group; none in a file without rows.
    pub(crate) smallest: Option<u64>,
}

/// Counts persons in groups. It keeps eight bytes a form, so that a file of millions needs little.
#[derive(Default)]
pub(crate) struct GroupCensus {
    forms: u64,
    person: Option<Pseudonym>,
    /// The groups of the person in hand.
    own: Vec<GroupDigest>,
    /// A group is there once for each of its persons.
    all: Vec<GroupDigest>,
}

/// Groups that are too small to name their unit, in order.
#[derive(Default)]
pub(crate) struct SmallGroups(Vec<GroupDigest>);

/// True if others may know the answer to an item without asking.
pub(crate) fn is_seen(item: &Item) -> bool {
    item.seen || has_word(item, &SEEN)
}

fn has_word(item: &Item, words: &[&str]) -> bool {
    let mut own = item.id.as_str().split(['-', '_', '.']);
    own.any(|word| words.contains(&word))
}

/// How the values of an item are given in a coarse file; `None` as they are.
pub(crate) fn band_of(item: &Item) -> Option<ValueBanding> {
    let step = item.step.micros().max(1);
    let values = (item.max.micros() - item.min.micros()) / step + 1;
    if is_coded(item) || values <= MOST_VALUES {
        return None;
    }
    let is_age = has_word(item, &AGES);
    Some(if is_age {
        ValueBanding::Age
    } else {
        ValueBanding::Tens
    })
}

impl ValueBanding {
    /// The band of a value, such as "30–39".
    pub(crate) fn label(self, value: FixedPoint) -> String {
        let first = value.micros().div_euclid(10_000_000) * 10;
        match self {
            Self::Age if value < FixedPoint::from_int(18) => "0–17".to_owned(),
            Self::Age if first == 10 => "18–19".to_owned(),
            Self::Age | Self::Tens => format!("{first}–{}", first + 9),
        }
    }
}

impl FormGrouping {
    /// Of the versions of an instrument.
    pub(crate) fn new(
        versions: &[&Instrument],
        of: LayoutOf,
        organisations: &medvirk_domain::catalogue::Organisations,
    ) -> Self {
        let mut items: Vec<(ItemId, Option<ValueBanding>)> = Vec::new();
        let all = versions.iter().flat_map(|instrument| &instrument.items);
        for item in all.filter(|item| is_seen(item)) {
            if !items.iter().any(|(id, _)| *id == item.id) {
                items.push((item.id.clone(), band_of(item).filter(|_| of.coarse)));
            }
        }
        let region = |unit: &UnitId| {
            let region = organisations.region_of(unit)?;
            Some((unit.to_string(), region.to_string()))
        };
        Self {
            of,
            items,
            knows_ages: versions.iter().any(|it| !it.ages.is_empty()),
            regions: organisations.units.keys().filter_map(region).collect(),
        }
    }

    /// The items that are looked at, in order.
    pub(crate) fn items(&self) -> Vec<ItemId> {
        self.items.iter().map(|(id, _)| id.clone()).collect()
    }

    /// What persons of a group share, in words.
    pub(crate) fn words(&self) -> Vec<String> {
        let (place, time) = if self.of.coarse {
            ("unit or region", "month")
        } else {
            ("unit", "day")
        };
        let mut words = vec![place.to_owned(), time.to_owned()];
        if self.of.source == FormSource::Sessions {
            if !self.of.coarse {
                words.push("session number".to_owned());
            }
            if self.knows_ages {
                words.push("age band".to_owned());
            }
        }
        words.push("respondent".to_owned());
        words.extend(self.items.iter().map(|(id, _)| name(id.as_str())));
        words
    }

    /// The group of a form. It was read with [`FormGrouping::items`], or with others before which
    /// `values` are picked.
    fn group(
        &self,
        form: &ExtractedForm,
        values: &[Option<FixedPoint>],
        region: bool,
    ) -> GroupDigest {
        let place = if region {
            self.regions.get(&form.unit).map(String::as_str)
        } else {
            Some(form.unit.as_str())
        };
        let time = if self.of.coarse {
            i64::from(form.day.month().yyyymm())
        } else {
            i64::from(form.day.0)
        };
        let number = (!self.of.coarse).then_some(form.number);
        let shared = values.iter().zip(&self.items);
        let shared: Vec<Option<i64>> = shared
            .map(|(value, (_, banding))| value.map(|value| coarse(value, *banding)))
            .collect();
        let mut hasher = DefaultHasher::new();
        (region, place, time, number, form.respondent, form.age).hash(&mut hasher);
        shared.hash(&mut hasher);
        hasher.finish()
    }
}

/// The value, or the lowest one of its band.
fn coarse(value: FixedPoint, banding: Option<ValueBanding>) -> i64 {
    let Some(banding) = banding else {
        return value.micros();
    };
    let tens = value.micros().div_euclid(10_000_000);
    match banding {
        ValueBanding::Age if value < FixedPoint::from_int(18) => 0,
        ValueBanding::Age | ValueBanding::Tens => tens,
    }
}

impl GroupCensus {
    /// Counts a form that was read with the grouping's items; those of small groups by their region.
    pub(crate) fn add(
        &mut self,
        grouping: &FormGrouping,
        form: &ExtractedForm,
        small: &SmallGroups,
    ) {
        let mut group = grouping.group(form, &form.values, false);
        if small.contains(group) {
            group = grouping.group(form, &form.values, true);
        }
        self.forms += 1;
        if self.person != Some(form.person) {
            self.end_person();
            self.person = Some(form.person);
        }
        self.own.push(group);
    }

    /// A person is in a group once.
    fn end_person(&mut self) {
        self.own.sort_unstable();
        self.own.dedup();
        self.all.append(&mut self.own);
    }

    /// How large the groups are, and which are too small to name their unit.
    pub(crate) fn finish(mut self) -> (GroupSizes, SmallGroups) {
        self.end_person();
        self.all.sort_unstable();
        let mut sizes = GroupSizes {
            forms: self.forms,
            ..GroupSizes::default()
        };
        let mut small = Vec::new();
        for persons in self.all.chunk_by(|one, other| one == other) {
            let count = persons.len();
            if count < ENOUGH {
                small.push(persons[0]);
            }
            let smallest = sizes.smallest.unwrap_or(u64::MAX);
            sizes.smallest = Some(smallest.min(count as u64));
            let of = match count {
                1 => &mut sizes.one,
                2..ENOUGH => &mut sizes.few,
                _ => &mut sizes.enough,
            };
            *of += 1;
        }
        (sizes, SmallGroups(small))
    }
}

impl SmallGroups {
    /// True if the form is in one; `places` say where the grouping's items are among its values.
    pub(crate) fn has(
        &self,
        grouping: &FormGrouping,
        form: &ExtractedForm,
        places: &[usize],
    ) -> bool {
        if self.0.is_empty() {
            return false;
        }
        let value = |place: &usize| form.values.get(*place).copied().flatten();
        let values: Vec<Option<FixedPoint>> = places.iter().map(value).collect();
        self.contains(grouping.group(form, &values, false))
    }

    fn contains(&self, group: GroupDigest) -> bool {
        self.0.binary_search(&group).is_ok()
    }
}

#[cfg(test)]
mod tests;
