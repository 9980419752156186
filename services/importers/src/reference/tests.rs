use super::*;

#[test]
fn what_spreadsheets_do_to_numbers_is_told_and_references_are_not() {
    for damaged in [
        "1,01E+10",
        "1.01E+10",
        "1,01017E+10",
        "1E+10",
        "1e+10",
        "-1,5E-3",
        "1.01E10",
        "1,2E+01",
        "12.0",
        "12,0",
        "12.00",
        "-12.0",
        "=\"0012\"",
        "=A1",
        "'0012",
        "\u{2019}0012",
        "#N/A",
        "#I/T",
        "#verdi!",
        "####",
        "#",
    ] {
        assert!(damage(damaged).is_some(), "{damaged}");
    }
    for reference in [
        "12",
        "0012",
        "12e5",
        "1e10",
        "E10",
        "12.5",
        "2024.10",
        "12.",
        ".0",
        "1.2.0",
        "o'hara",
        "a=b",
        "#12",
        "99999999999",
        "Åse",
        "12.0a",
        "1,01E+",
        "e+10",
        "p1",
        "",
    ] {
        assert_eq!(damage(reference), None, "{reference}");
    }
}

#[test]
fn letters_and_their_marks_are_one_and_white_space_around_goes() {
    for (raw, reference, changed) in [
        ("ra1", "ra1", false),
        ("ra 1", "ra 1", false),
        ("\u{c5}se", "\u{c5}se", false),
        ("A\u{30a}se", "\u{c5}se", true),
        (" ra1 ", "ra1", true),
        ("ra1\u{a0}", "ra1", true),
        ("\tA\u{30a}se", "\u{c5}se", true),
        // The Ångström sign is the letter.
        ("\u{212b}se", "\u{c5}se", true),
    ] {
        assert_eq!(normalised_reference(raw), reference, "{raw:?}");
        assert_eq!(change(raw).is_some(), changed, "{raw:?}");
        assert_eq!(change(&normalised_reference(raw)), None, "{raw:?}");
    }
}

#[test]
fn references_that_differ_in_noughts_only_are_told_by_their_rows() {
    let note = |references: &[&str]| lost_noughts((2..).zip(references.iter().copied()));
    let told = note(&["0012", "13", "12", "0012", "012"]).unwrap();
    assert!(told.ends_with("rows 2, 4, 6"), "{told}");
    assert_eq!(note(&["0012", "13", "0012", "a12", "012a"]), None);
}
