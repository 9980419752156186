use medvirk_domain::ids::CatalogueHash;

use super::*;
use crate::registry::{IssuedInvitation, LogKey, RecordOrigin};

fn origin(log_offset: u64) -> RecordOrigin {
    RecordOrigin {
        partition: 1,
        log_offset,
        submission_id: [7; 16],
        sender: "tablet".to_owned(),
        catalogue: CatalogueHash::new([1; 32]),
        ingested_at: 1_700_000_000_000,
    }
}

fn invitation(log_offset: u64) -> IssuedInvitation {
    IssuedInvitation {
        origin: origin(log_offset),
        code: Pseudonym::new([9; 16]),
        unit: "north-a".parse().unwrap(),
        month: "2024-01".parse().unwrap(),
    }
}

fn key(log_offset: u64) -> LogKey {
    LogKey {
        subject: Pseudonym::new([9; 16]),
        partition: 1,
        log_offset,
        key: vec![3; 32],
        registry_form: false,
    }
}

fn said(offsets: &[u64]) -> RegistryBatch {
    RegistryBatch {
        invitations: offsets.iter().map(|offset| invitation(*offset)).collect(),
        log_keys: offsets.iter().map(|offset| key(*offset)).collect(),
        ..RegistryBatch::default()
    }
}

fn held(of: &RegistryBatch) -> StretchOfRows {
    StretchOfRows {
        invitations: of.invitations.iter().map(InvitationRow::from).collect(),
        log_keys: of.log_keys.iter().map(LogKeyRow::from).collect(),
        ..StretchOfRows::default()
    }
}

fn faults(held: &StretchOfRows, said: &RegistryBatch) -> Vec<(&'static str, u64, RowFault)> {
    let odd = held.compare(said).into_iter();
    odd.map(|one| (one.table, one.log_offset, one.fault))
        .collect()
}

#[test]
fn tables_that_say_what_the_log_says_are_not_odd_also_with_a_repeated_insert() {
    let said = said(&[4, 6]);
    let mut held = held(&said);
    let again = said.invitations.iter().map(InvitationRow::from);
    held.invitations.extend(again);
    assert_eq!(faults(&held, &said), []);
    assert_eq!((held.rows(), held.keys()), (4, 2));
}

#[test]
fn what_is_missing_foreign_or_altered_is_named_by_its_place() {
    let log = said(&[4, 6, 8]);
    let mut tables = held(&said(&[4, 5, 6]));
    let mut altered = invitation(6);
    altered.month = altered.month.next();
    tables.invitations[2] = InvitationRow::from(&altered);
    tables.log_keys[0] = LogKeyRow::from(&LogKey {
        key: vec![4; 32],
        ..key(4)
    });
    let expected = [
        ("log_keys", 4, RowFault::Altered),
        ("log_keys", 5, RowFault::Foreign),
        ("log_keys", 8, RowFault::Missing),
        ("invitations", 5, RowFault::Foreign),
        ("invitations", 6, RowFault::Altered),
        ("invitations", 8, RowFault::Missing),
    ];
    assert_eq!(faults(&tables, &log), expected);
}

#[test]
fn nothing_of_a_row_is_shown() {
    let said = said(&[4]);
    let shown = format!(
        "{:?} {:?}",
        held(&said),
        StretchOfRows::default().compare(&said)
    );
    let expected =
        "StretchOfRows(redacted) [OddRow(Missing, log_keys, 4), OddRow(Missing, invitations, 4)]";
    assert_eq!(shown, expected);
}
