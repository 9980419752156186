//! The indicator tables and the ledger. Comes in: number and hash of the rows of each partition
//! and month, as the views have them and as the ledger has them. Goes out: a check. The invariant:
//! only what was published before anything was read is demanded.

use std::collections::{BTreeMap, BTreeSet};

use crate::check::DoctorCheck;
use medvirk_domain::time::Month;
use medvirk_store::{Error, IndicatorReader, RowsHash};

use crate::ledger::LedgerSeen;
use crate::run::{LATER, count};

const MENDS: &str = "the system mends this by itself at its next comparison (every minute); run \
    this again then, and if it is still there: `medvirk admin rebuild-indicators`";
const FOREIGN: &str = "find out who wrote them; the system stops at its next comparison; then \
    delete the indicator tables: they are built anew from the ledger";

/// What the tables' views have, by partition and month.
#[derive(Default)]
pub(crate) struct TablesSeen {
    /// What the marks in `closes` say.
    marked: BTreeMap<(u32, Month), RowsHash>,
    /// What the rows themselves say.
    rows: BTreeMap<(u32, Month), RowsHash>,
}

/// One year of a partition at a time.
pub(crate) async fn read(reader: &IndicatorReader) -> Result<TablesSeen, Error> {
    let mut seen = TablesSeen::default();
    let places = reader.places().await?;
    let partitions: BTreeSet<u32> = places.iter().map(|(partition, _)| *partition).collect();
    for partition in partitions {
        let marked = reader.closes(partition).await?;
        let by_place = |(month, hash)| ((partition, month), hash);
        seen.marked.extend(marked.into_iter().map(by_place));
        let of_this = places.iter().filter(|(other, _)| *other == partition);
        let years: BTreeSet<i32> = of_this.map(|(_, month)| month.year()).collect();
        for year in years {
            let rows = reader.read_back_year(partition, year).await?;
            seen.rows.extend(rows.into_iter().map(by_place));
        }
    }
    Ok(seen)
}

/// Compares. `published` says per partition which months must be there.
pub(crate) fn check(
    held: Result<TablesSeen, Error>,
    seen: &BTreeMap<u32, LedgerSeen>,
    published: &[Option<Month>],
) -> DoctorCheck {
    let mut check = DoctorCheck::new("tables");
    let held = match held {
        Ok(held) => held,
        Err(error) => {
            check.not_seen(error.to_string(), LATER);
            return check;
        }
    };
    let mut wanted = BTreeMap::new();
    for (partition, ledger) in seen {
        for (month, close) in &ledger.closes {
            wanted.insert((*partition, *month), close.rows);
        }
    }
    let rows = held.rows.values().map(|hash| hash.rows).sum();
    check.compared = format!(
        "{} of {} in the tables with the ledger, by number and hash",
        count(rows, "row", "rows"),
        count(held.marked.len() as u64, "close", "closes")
    );
    for ((partition, month), close) in &wanted {
        let due = published.get(*partition as usize).copied().flatten() >= Some(*month);
        if let Some(found) = compare(*partition, *month, *close, &held) {
            if due {
                check.differs(found, MENDS);
            } else {
                check.waits(found, "nothing: the close is being published");
            }
        }
    }
    let places: BTreeSet<_> = held.marked.keys().chain(held.rows.keys()).collect();
    for place in places
        .into_iter()
        .filter(|place| !wanted.contains_key(place))
    {
        // A part of the ledger that could not be read proves nothing.
        let (partition, month) = place;
        if seen.contains_key(partition) || *partition as usize >= published.len() {
            let found = format!("partition {partition} has rows of {month} that the ledger lacks");
            check.differs(found, FOREIGN);
        }
    }
    check
}

fn compare(partition: u32, month: Month, wanted: RowsHash, held: &TablesSeen) -> Option<String> {
    let place = format!("{month} of partition {partition}");
    let empty = RowsHash::empty();
    let rows = held.rows.get(&(partition, month)).copied().unwrap_or(empty);
    let (have, want) = (rows.rows, wanted.rows);
    if have != want {
        return Some(format!(
            "{place} has {have} rows, and the ledger has {want}"
        ));
    }
    if rows != wanted {
        return Some(format!(
            "{place} has {have} rows, and not those of the ledger"
        ));
    }
    match held.marked.get(&(partition, month)) {
        None => Some(format!(
            "{place} is not marked as closed, so it is not shown"
        )),
        Some(marked) if *marked != wanted => Some(format!(
            "{place} is marked as another close than the ledger's"
        )),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::check::DoctorVerdict;
    use medvirk_domain::ids::CatalogueHash;

    use super::*;
    use crate::ledger::CloseSeen;

    const JANUARY: &str = "2024-01";
    const FEBRUARY: &str = "2024-02";

    fn rows(rows: u64) -> RowsHash {
        RowsHash {
            rows,
            hash: u128::from(rows),
        }
    }

    fn place(month: &str) -> (u32, Month) {
        (0, month.parse().unwrap())
    }

    fn ledger() -> BTreeMap<u32, LedgerSeen> {
        let close = |count| CloseSeen {
            at: 1,
            offset: 1,
            catalogue: CatalogueHash::new([1; 32]),
            fold_version: 1,
            rows: rows(count),
        };
        let mut seen = LedgerSeen::default();
        seen.closes.insert(place(JANUARY).1, close(3));
        seen.closes.insert(place(FEBRUARY).1, close(4));
        BTreeMap::from([(0, seen)])
    }

    fn tables() -> TablesSeen {
        let both = || BTreeMap::from([(place(JANUARY), rows(3)), (place(FEBRUARY), rows(4))]);
        TablesSeen {
            marked: both(),
            rows: both(),
        }
    }

    fn judge(held: TablesSeen, published: &str) -> (DoctorVerdict, Vec<String>) {
        let check = check(Ok(held), &ledger(), &[Some(published.parse().unwrap())]);
        let found = check.findings.into_iter().map(|one| one.found);
        (check.verdict, found.collect())
    }

    #[test]
    fn equal_tables_agree() {
        assert_eq!(judge(tables(), FEBRUARY), (DoctorVerdict::Agrees, vec![]));
    }

    #[test]
    fn every_difference_is_named() {
        let differs = |change: fn(&mut TablesSeen), expected: &str| {
            let mut held = tables();
            change(&mut held);
            let expected = (DoctorVerdict::Differs, vec![expected.to_owned()]);
            assert_eq!(judge(held, FEBRUARY), expected);
        };
        differs(
            |held| _ = held.rows.insert(place(JANUARY), rows(2)),
            "2024-01 of partition 0 has 2 rows, and the ledger has 3",
        );
        differs(
            |held| _ = held.rows.remove(&place(JANUARY)),
            "2024-01 of partition 0 has 0 rows, and the ledger has 3",
        );
        differs(
            |held| held.rows.get_mut(&place(JANUARY)).unwrap().hash = 9,
            "2024-01 of partition 0 has 3 rows, and not those of the ledger",
        );
        differs(
            |held| _ = held.marked.remove(&place(JANUARY)),
            "2024-01 of partition 0 is not marked as closed, so it is not shown",
        );
        differs(
            |held| _ = held.marked.insert(place(JANUARY), rows(9)),
            "2024-01 of partition 0 is marked as another close than the ledger's",
        );
        differs(
            |held| _ = held.rows.insert(place("2024-05"), rows(1)),
            "partition 0 has rows of 2024-05 that the ledger lacks",
        );
        differs(
            |held| _ = held.marked.insert((7, place(JANUARY).1), rows(1)),
            "partition 7 has rows of 2024-01 that the ledger lacks",
        );
    }

    #[test]
    fn a_close_that_is_being_published_is_no_fault() {
        let mut held = tables();
        held.rows.remove(&place(FEBRUARY));
        held.marked.remove(&place(FEBRUARY));
        assert_eq!(judge(held, JANUARY).0, DoctorVerdict::Waits);
    }
}
