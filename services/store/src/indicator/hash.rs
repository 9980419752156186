//! The hash of a close's rows: how ledger and ClickHouse are compared. Comes in: rows, in any
//! order. Goes out: their number and one hash. The invariant: every column but the partition is in
//! it, the order is not, and the same function serves both sides.

use medvirk_domain::row::Close;
use xxhash_rust::xxh3::Xxh3Default;

use super::wire::{self, IndicatorRecord};

/// Number and hash of the rows of one partition and month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RowsHash {
    /// The number of rows that were hashed.
    pub rows: u64,
    /// xxh3-128 over their canonical bytes, sorted.
    pub hash: u128,
}

impl RowsHash {
    /// Of a close without rows.
    pub fn empty() -> Self {
        of_records([])
    }
}

/// Number and hash of a close's rows, as the ledger has them.
pub fn hash_of(close: &Close) -> RowsHash {
    of_records(&wire::records(0, close))
}

/// The same for rows of a table, of one partition and month.
pub(super) fn of_records<'a>(records: impl IntoIterator<Item = &'a IndicatorRecord>) -> RowsHash {
    let mut rows: Vec<Vec<u8>> = records.into_iter().map(canonical).collect();
    rows.sort_unstable();
    let mut hasher = Xxh3Default::new();
    for row in &rows {
        hasher.update(&(row.len() as u64).to_le_bytes());
        hasher.update(row);
    }
    RowsHash {
        rows: rows.len() as u64,
        hash: hasher.digest128(),
    }
}

/// Every text with its length, every number little-endian, every option with a flag.
fn canonical(record: &IndicatorRecord) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(256);
    text(&mut bytes, &record.measure);
    bytes.extend(record.catalogue);
    text(&mut bytes, &record.level);
    text(&mut bytes, &record.organisation);
    bytes.extend(record.first_month.to_le_bytes());
    bytes.extend(record.last_month.to_le_bytes());
    text(&mut bytes, &record.part);
    bytes.extend(record.close_month.to_le_bytes());
    bytes.extend(record.persons.to_le_bytes());
    optional(&mut bytes, record.new_in_year.map(u32::to_le_bytes));
    bytes.push(record.single_therapist.into());
    bytes.push(record.single_device.into());
    bytes.extend((record.variable.len() as u64).to_le_bytes());
    for variable in &record.variable {
        text(&mut bytes, variable);
    }
    for sum in &record.sum {
        bytes.extend(sum.to_le_bytes());
    }
    for sum_sq in &record.sum_sq {
        optional(&mut bytes, sum_sq.map(i128::to_le_bytes));
    }
    bytes
}

fn text(bytes: &mut Vec<u8>, text: &str) {
    bytes.extend((text.len() as u64).to_le_bytes());
    bytes.extend(text.as_bytes());
}

fn optional<const N: usize>(bytes: &mut Vec<u8>, value: Option<[u8; N]>) {
    bytes.push(value.is_some().into());
    bytes.extend(value.iter().flatten());
}

#[cfg(test)]
mod tests {
    use medvirk_domain::ids::CatalogueHash;
    use medvirk_domain::row::{Row, RowLevel, RowParts, VariableSum};

    use super::*;

    fn parts() -> RowParts {
        RowParts {
            measure: "fit.outcome".parse().unwrap(),
            level: RowLevel::Unit,
            organisation: "tau".to_owned(),
            first: "2024-01".parse().unwrap(),
            last: "2024-04".parse().unwrap(),
            part: String::new(),
            persons: 7,
            new_in_year: Some(7),
            single_therapist: false,
            single_device: true,
            variables: vec![VariableSum {
                variable: "change".parse().unwrap(),
                sum: -9_000_000,
                sum_sq: Some(i128::MAX),
            }],
        }
    }

    fn hash(rows: Vec<RowParts>) -> RowsHash {
        hash_of(&Close {
            month: "2024-04".parse().unwrap(),
            offset: 1,
            catalogue: CatalogueHash::new([1; 32]),
            fold_version: 1,
            rows: rows.into_iter().map(Row::from_ledger).collect(),
        })
    }

    #[test]
    fn the_order_of_rows_does_not_matter() {
        let other = RowParts {
            organisation: "btheb".to_owned(),
            ..parts()
        };
        let forth = hash(vec![parts(), other.clone()]);
        assert_eq!(forth, hash(vec![other, parts()]));
        assert_eq!(forth.rows, 2);
    }

    #[test]
    fn every_field_matters() {
        let changes: [fn(&mut RowParts); 13] = [
            |row| row.measure = "other".parse().unwrap(),
            |row| row.level = RowLevel::Trust,
            |row| row.organisation = "other".to_owned(),
            |row| row.first = row.first.next(),
            |row| row.last = row.last.next(),
            |row| row.part = "a".to_owned(),
            |row| row.persons += 1,
            |row| row.new_in_year = None,
            |row| row.single_therapist = true,
            |row| row.single_device = false,
            |row| row.variables[0].variable = "other".parse().unwrap(),
            |row| row.variables[0].sum += 1,
            |row| row.variables[0].sum_sq = None,
        ];
        for (place, change) in changes.into_iter().enumerate() {
            let mut changed = parts();
            change(&mut changed);
            assert_ne!(hash(vec![changed]), hash(vec![parts()]), "change {place}");
        }
        assert_ne!(hash(vec![parts(), parts()]), hash(vec![parts()]));
    }
}
