//! Rules of the organisation tree.

use super::*;

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
