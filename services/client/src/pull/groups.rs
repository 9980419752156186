//! Who might be found in a file, in words. Comes in: how large the groups of persons are that share what
//! others may know of them. Goes out: what to say before the file comes. The invariant: a count of ones
//! is never left out.

use medvirk_proto::extract::v1::Groups;

pub(super) fn in_words(groups: &Groups, coarse: bool) -> String {
    let Groups {
        shared,
        of_one,
        of_few,
        of_enough,
    } = groups;
    let all = of_one + of_few + of_enough;
    if all == 0 {
        return "This file has no rows.".to_owned();
    }
    let shared = listed(shared);
    let alone = match (of_one, coarse) {
        (0, _) => "No group is of one person.".to_owned(),
        (ones, false) => format!(
            "{ones} of them are of one person: whoever knows these things of somebody finds that \
             person's row. --coarse gives months, age bands, and regions where fewer than five are alike."
        ),
        (ones, true) => format!(
            "{ones} of them are of one person all the same: whoever knows these things of somebody \
             finds that person's row."
        ),
    };
    format!(
        "Groups of persons who share {shared}: {all}. {alone} {of_few} are of two to four, \
         {of_enough} of five or more. Keep the file as you keep a patient record."
    )
}

/// "a, b and c".
fn listed(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [one] => one.clone(),
        [several @ .., last] => format!("{} and {last}", several.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn groups(of_one: u64, of_few: u64, of_enough: u64) -> Groups {
        Groups {
            shared: ["unit", "day", "sex"].map(str::to_owned).to_vec(),
            of_one,
            of_few,
            of_enough,
        }
    }

    #[test]
    fn a_count_of_ones_is_said_with_what_helps() {
        let told = in_words(&groups(790, 10, 12), false);
        assert!(
            told.starts_with("Groups of persons who share unit, day and sex: 812. 790 of them are"),
            "{told}"
        );
        assert!(told.contains("--coarse") && told.contains("10 are of two to four"));
        let coarse = in_words(&groups(3, 0, 0), true);
        assert!(coarse.contains("3 of them") && !coarse.contains("--coarse"));
        assert!(in_words(&groups(0, 1, 0), false).contains("No group is of one person."));
        assert_eq!(in_words(&groups(0, 0, 0), false), "This file has no rows.");
    }
}
