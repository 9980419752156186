//! Rules of the organisation tree.

use super::*;
use crate::reference::{ReferenceKind, check_reference};

const FILE: &str = "organisations.toml";

#[test]
fn every_parent_exists() {
    let check = |from: &str, to: &str| breaks("parent-exists", FILE, from, to);
    check("region = \"region-kyst\"", "region = \"x\" # here");
    check("trust = \"hf-fjord\"", "trust = \"region-kyst\" # here");
    check(
        "institution = \"fjord-rus\"",
        "institution = \"hf-fjord\" # here",
    );
}

#[test]
fn ids_are_unique_over_all_levels() {
    let check = |from: &str, to: &str| breaks("unique-id", FILE, from, to);
    check("id = \"fjord-dogn\"", "id = \"fjord-poliklinikk\" # here");
    check("id = \"fjord-dogn\"", "id = \"fjord-rus\" # here");
    check("id = \"fjord-dogn\"", "id = \"norge\" # here");
}

#[test]
fn a_number_names_one_unit() {
    breaks("unit-number", FILE, "number = 303", "number = 304 # here");
}

#[test]
fn numbers_of_registers_are_digits() {
    let check = |to: &str| breaks("orgnr", FILE, "orgnr = \"900000001\"", to);
    check("orgnr = \"90000001\" # here");
    check("orgnr = \"90000000x\" # here");
    breaks(
        "resh",
        FILE,
        "number = 303",
        "number = 303\nresh = \"\" # here",
    );
}

#[test]
fn a_pattern_of_references_is_a_regular_expression() {
    let check = |pattern: &str| {
        let to = format!("id = \"hf-fjord\"\nreference_pattern = {pattern} # here");
        breaks("reference-pattern", FILE, "id = \"hf-fjord\"", &to);
    };
    check("\"[0-9\"");
    check("\"\"");
    check("{ episode = \"(\" }");
    let to = "id = \"hf-fjord\"\nreference_pattern = { patients = \"x\" } # here";
    breaks("syntax", FILE, "id = \"hf-fjord\"", to);
}

#[test]
fn a_pattern_is_for_every_reference_of_its_trust_or_for_one_kind() {
    let taken = |pattern: &str, trust: &str, text: &str| {
        let mut files = shipped();
        let to = format!("id = \"hf-fjord\"\nreference_pattern = {pattern}");
        patch(&mut files, FILE, "id = \"hf-fjord\"", &to);
        let trusts = loaded(&files).organisations.trusts;
        let patterns = &trusts[trust].references;
        use ReferenceKind::{Episode, Patient, Therapist};
        [Patient, Episode, Therapist].map(|kind| check_reference(kind, text, patterns).is_ok())
    };
    assert_eq!(taken("\"[0-9]{4}\"", "hf-fjord", "4711"), [true; 3]);
    assert_eq!(taken("\"[0-9]{4}\"", "hf-fjord", "47112"), [false; 3]);
    assert_eq!(taken("\"[0-9]{4}\"", "hf-dal", "47112"), [true; 3]);
    let one = "{ patient = \"[0-9]{4}\" }";
    assert_eq!(taken(one, "hf-fjord", "x"), [false, true, true]);
}

#[test]
fn a_unit_is_published_under_its_own_number_or_its_institutions() {
    let mut files = shipped();
    let orgnr = |files: &[SourceFile], id: &str| {
        let organisations = loaded(files).organisations;
        organisations.orgnr_of(id).map(str::to_owned)
    };
    assert_eq!(
        orgnr(&files, "fjord-poliklinikk").as_deref(),
        Some("900000001")
    );
    assert_eq!(orgnr(&files, "fjord-rus").as_deref(), Some("900000001"));
    assert_eq!(orgnr(&files, "hf-fjord"), None);
    assert_eq!(orgnr(&files, "nobody"), None);
    let own = "number = 101\norgnr = \"900000009\"";
    patch(&mut files, FILE, "number = 101", own);
    assert_eq!(
        orgnr(&files, "fjord-poliklinikk").as_deref(),
        Some("900000009")
    );
}

#[test]
fn every_organisation_has_a_name() {
    breaks(
        "title",
        FILE,
        "id = \"norge\"\ntitle = { nb = \"Norge\", nn",
        "id = \"norge\" # here\ntitle = { nb = \" \", nn",
    );
    breaks(
        "title",
        FILE,
        "id = \"dal-allmenn\"\ninstitution = \"dal-dps\"\nnumber = 304\ntitle = \"Dal allmennpoliklinikk\"",
        "id = \"dal-allmenn\" # here\ninstitution = \"dal-dps\"\nnumber = 304\ntitle = { nb = \"x\", nn = \"x\" }",
    );
}
