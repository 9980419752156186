//! Ids that are close to a misspelt one. Comes in: what was written, and what there is. Goes out: the
//! end of a message.

/// No more than this are named.
const MOST: usize = 3;

/// ` Close: ID, ID` where there are any, the closest first; nothing where there are none.
pub(crate) fn close_to<'i>(written: &str, ids: impl Iterator<Item = &'i str>) -> String {
    // A slip in three letters or so; in a short id fewer.
    let most = (written.chars().count() / 3).clamp(1, 3);
    let mut close: Vec<(usize, &str)> = ids
        .map(|id| (distance(written, id), id))
        .filter(|(distance, _)| *distance <= most)
        .collect();
    close.sort_unstable();
    let named: Vec<&str> = close.iter().take(MOST).map(|(_, id)| *id).collect();
    if named.is_empty() {
        return String::new();
    }
    format!(" Close: {}", named.join(", "))
}

/// How many letters must be put in, left out or changed (Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (index, letter) in one.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], index + 1);
        for (place, same) in other.iter().enumerate() {
            let changed = diagonal + usize::from(letter != *same);
            diagonal = row[place + 1];
            row[place + 1] = changed.min(diagonal + 1).min(row[place] + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_those_of_levenshtein() {
        for (one, other, expect) in [("", "", 0), ("abc", "", 3), ("kitten", "sitting", 3)] {
            assert_eq!(distance(one, other), expect);
            assert_eq!(distance(other, one), expect);
        }
    }

    #[test]
    fn the_closest_are_named_and_others_are_not() {
        let ids = ["norse-3.state", "norse-2.state", "kem.experience"];
        assert_eq!(
            close_to("norse-3.stat", ids.into_iter()),
            " Close: norse-3.state, norse-2.state"
        );
        assert_eq!(close_to("nope", ids.into_iter()), "");
    }
}
