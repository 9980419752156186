//! The fixtures in `tests/golden`: what version 1 wrote, which must decode for ever. They are
//! never written again; `MEDVIRK_WRITE_GOLDEN=1` adds those of new kinds.

use std::path::PathBuf;

use medvirk_domain::catalogue::SourceFile;
use medvirk_domain::record::LogRecord;
use medvirk_records::codec::*;

use crate::samples;

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/{name}.bin"))
}

/// The bytes of the fixture.
fn golden(name: &str, encode: impl Fn() -> Vec<u8>) -> Vec<u8> {
    let path = path(name);
    if std::env::var_os("MEDVIRK_WRITE_GOLDEN").is_some() && !path.exists() {
        std::fs::write(&path, encode()).unwrap();
    }
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn events_of_version_1_decode() {
    for (name, event) in samples::events() {
        let bytes = golden(name, || encode_event(&event));
        assert!(
            decode_event(&bytes) == Ok(LogRecord::Event(event)),
            "{name}"
        );
    }
}

#[test]
fn control_records_of_version_1_decode() {
    for (name, control) in samples::controls() {
        let bytes = golden(name, || encode_control(&control, 1_736_118_000_000));
        assert_eq!(
            decode_event(&bytes),
            Ok(LogRecord::Control(control)),
            "{name}"
        );
    }
}

#[test]
fn ledger_records_of_version_1_decode() {
    let genesis = samples::genesis();
    let bytes = golden("genesis", || encode_genesis(&genesis));
    assert_eq!(decode_ledger(&bytes), Ok(LedgerRecord::Genesis(genesis)));
    let close = samples::close();
    let bytes = golden("close", || encode_close(&close));
    let month = close.month;
    assert_eq!(decode_ledger(&bytes), Ok(LedgerRecord::Close(close)));
    assert_eq!(outline_ledger(&bytes), Ok(LedgerOutline::Close { month }));
}

#[test]
fn catalogue_records_of_version_1_decode() {
    let plan = samples::plan();
    let bytes = golden("plan", || encode_plan(&plan));
    assert_eq!(decode_catalogue(&bytes), Ok(CatalogueRecord::Plan(plan)));
    let file = |path: &str, text: &str| SourceFile {
        path: path.to_owned(),
        text: text.to_owned(),
    };
    let hash = plan.catalogue;
    let files = vec![file("a.toml", "a = 1\n"), file("b/c.toml", "æøå\r\n")];
    let bytes = golden("catalogue", || encode_catalogue(&hash, &files));
    let expected = CatalogueRecord::Catalogue { hash, files };
    assert_eq!(decode_catalogue(&bytes), Ok(expected));
    let involvement = samples::involvement();
    let bytes = golden("involvement", || encode_involvement(&involvement));
    let expected = CatalogueRecord::Involvement(involvement);
    assert_eq!(decode_catalogue(&bytes), Ok(expected));
}

#[test]
fn dead_letters_of_version_1_decode() {
    let mut letter = samples::dead_letter();
    let bytes = golden("dead-letter-with-time", || encode_dead_letter(&letter));
    assert_eq!(decode_dead_letter(&bytes), Ok(letter.clone()));
    // The first ones did not say when.
    letter.set_aside_at = 0;
    let bytes = golden("dead-letter", || encode_dead_letter(&letter));
    assert_eq!(decode_dead_letter(&bytes), Ok(letter));
}

#[test]
fn every_fixture_is_of_a_kind_that_is_tested() {
    let folder = std::fs::read_dir(path("x").parent().unwrap()).unwrap();
    let events = samples::events().len() + samples::controls().len();
    assert_eq!(folder.count(), events + 7);
}
