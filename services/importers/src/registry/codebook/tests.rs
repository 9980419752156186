use encoding_rs::WINDOWS_1252;
use proptest::prelude::*;

use super::*;

fn canonical(rows: &[&str]) -> String {
    // skjema_id, variabel_id, variabeltype, obligatorisk, verdi, verditekst, manglande, desimalar, min, maks
    let places = [0, 4, 7, 10, 11, 12, 13, 14, 15, 16];
    let row = |row: &&str| {
        let mut cells = vec![""; 23];
        for (place, cell) in places.iter().zip(row.split(',')) {
            cells[*place] = cell;
        }
        cells.join(";")
    };
    let rows: Vec<String> = rows.iter().map(row).collect();
    format!("{}\n{}\n", CODEBOOK_COLUMNS.join(";"), rows.join("\n"))
}

fn refusal(text: &str, form: Option<&str>) -> String {
    match RegistryCodebook::read(text.as_bytes(), form) {
        Ok(_) => panic!("it is not refused"),
        Err(why) => why.to_string(),
    }
}

fn values(codebook: &RegistryCodebook, name: &str, cells: &[&str]) -> Vec<Option<CodebookValue>> {
    let variable = codebook.variable(name).expect("a variable");
    let read = |cell: &&str| variable.read(Some(cell), RegistryDialect::Mrs).ok();
    cells.iter().map(read).collect()
}

const SPARSE: [&str; 5] = [
    "s,status,kategorisk,ja,0,Velg verdi",
    ",,,,1,Aktiv",
    ",,,,2,Overført",
    ",plan,boolsk,nei",
    ",mm,numerisk,,,,,1,-5,5",
];

#[test]
fn a_sparse_codebook_is_filled_from_above() {
    let codebook = RegistryCodebook::read(canonical(&SPARSE).as_bytes(), None).unwrap();
    let read = values(&codebook, "STATUS", &["0", "1", "overført", "3"]);
    let number = |value| Some(CodebookValue::Number(value));
    assert_eq!(
        read,
        [Some(CodebookValue::Missing), number(1.0), number(2.0), None]
    );
    let read = values(&codebook, "mm", &["-5", "4,5", "4.55", "5.1"]);
    assert_eq!(read, [number(-5.0), number(4.5), None, None]);
}

#[test]
fn a_whole_codebook_says_the_same_as_a_sparse_one() {
    let whole = [
        "s,status,kategorisk,ja,0,Velg verdi",
        "s,status,kategorisk,ja,1,Aktiv",
        "s,status,kategorisk,ja,2,Overført",
        "s,plan,boolsk,nei",
        "s,mm,numerisk,,,,,1,-5,5",
    ];
    let (one, two) = (canonical(&whole), canonical(&SPARSE));
    let (one, two) = (
        RegistryCodebook::read(one.as_bytes(), None).unwrap(),
        RegistryCodebook::read(two.as_bytes(), Some("s")).unwrap(),
    );
    for name in ["status", "plan", "mm"] {
        let cells = ["-1", "0", "1", "2", "3", "4,5", "9", "Aktiv", "True"];
        assert_eq!(
            values(&one, name, &cells),
            values(&two, name, &cells),
            "{name}"
        );
    }
}

#[test]
fn a_code_is_read_by_its_value_first_and_two_readings_are_refused() {
    let rows = [
        "s,v,kategorisk,,0,1",
        ",,,,1,2",
        ",,,,2,Yes",
        ",,,,3,yes",
        ",,,,4,No",
        ",,,,5,Same",
        ",,,,6,Same",
        ",,,,07,Seven",
        ",,,,7,Sju",
    ];
    let codebook = RegistryCodebook::read(canonical(&rows).as_bytes(), None).unwrap();
    let read = |cell| {
        codebook
            .variable("v")
            .unwrap()
            .read(Some(cell), RegistryDialect::Mrs)
    };
    for (cell, value) in [
        ("0", 0.0),
        ("1", 1.0),
        ("1,0", 1.0),
        ("2", 2.0),
        // As it is written before it is compared without case.
        ("Yes", 2.0),
        ("yes", 3.0),
        ("NO", 4.0),
        ("7", 7.0),
        ("7.0", 7.0),
    ] {
        assert_eq!(read(cell), Ok(CodebookValue::Number(value)), "{cell}");
    }
    for cell in ["YES", "same", "Same"] {
        assert!(read(cell).unwrap_err().contains("two ways"), "{cell}");
    }
    assert!(read("8").unwrap_err().contains("no code"));
}

#[test]
fn where_the_codebook_says_what_is_missing_no_word_does() {
    let silent = ["s,v,kategorisk,,4,None", ",,,,0,Not chosen"];
    let said = ["s,v,kategorisk,,4,None,nei", ",,,,0,Not chosen,ja"];
    let elsewhere = [
        "s,v,kategorisk,,4,None",
        ",,,,0,Not chosen",
        ",w,kategorisk,,9,X,ja",
    ];
    let four = Some(CodebookValue::Number(4.0));
    let missing = Some(CodebookValue::Missing);
    for (rows, none, not_chosen, guesses) in [
        (
            &silent[..],
            &missing,
            Some(CodebookValue::Number(0.0)),
            true,
        ),
        (&said, &four, Some(CodebookValue::Missing), false),
        (&elsewhere, &four, Some(CodebookValue::Number(0.0)), false),
    ] {
        let codebook = RegistryCodebook::read(canonical(rows).as_bytes(), None).unwrap();
        let read = values(&codebook, "v", &["4", "None", "0"]);
        assert_eq!(&read[..2], [none.clone(), none.clone()], "{rows:?}");
        assert_eq!(read[2], not_chosen, "{rows:?}");
        let variable = codebook.variable("v").unwrap();
        assert_eq!(codebook.guesses_missing(variable), guesses, "{rows:?}");
    }
    let neither = ["s,v,kategorisk,,4,None,kanskje"];
    assert!(refusal(&canonical(&neither), None).contains("neither ja nor nei"));
}

#[test]
fn a_number_may_have_codes_that_are_missing() {
    let rows = [
        "s,n,numerisk,,99,Veit ikkje,ja,,0,120",
        ",,,,98,Nittiåtte,nei",
    ];
    let codebook = RegistryCodebook::read(canonical(&rows).as_bytes(), None).unwrap();
    let number = |value| Some(CodebookValue::Number(value));
    assert_eq!(
        values(&codebook, "n", &["99", "99,0", "98", "100"]),
        [
            Some(CodebookValue::Missing),
            Some(CodebookValue::Missing),
            number(98.0),
            number(100.0)
        ]
    );
}

#[test]
fn a_sheet_of_the_mrs_one_is_read_in_either_encoding() {
    let text = "Visningsnavn;Variabelnavn;Felttype;Mulige verdier;Gyldighet;Hjelpetekst\n\
        Står;behandlingsstatus;Enum;\"0 = Velg verdi\n1 = Aktiv\n2 = Overført\";;\n\
        Alder;PatientAge;Heltall;;;\n";
    let (windows, _, _) = WINDOWS_1252.encode(text);
    for bytes in [text.as_bytes(), &windows] {
        let codebook = RegistryCodebook::read(bytes, None).unwrap();
        let read = values(&codebook, "behandlingsstatus", &["0", "2", "Overført", "8"]);
        let two = Some(CodebookValue::Number(2.0));
        assert_eq!(
            read,
            [
                Some(CodebookValue::Missing),
                two,
                Some(CodebookValue::Number(2.0)),
                None
            ]
        );
        assert_eq!(
            values(&codebook, "patientage", &["31"]),
            [Some(CodebookValue::Number(31.0))]
        );
    }
    assert!(refusal("PK\u{3}\u{4}", None).contains("workbook"));
}

#[test]
fn a_codebook_of_openqreg_is_read_by_its_table() {
    let text = "skjemanavn;type;listeverdier;listetekst;desimaler;maksintervall_start_numerisk;maksintervall_slutt_numerisk;tabell;fysisk_feltnavn\n\
        Basis;Statusvariabel;1;Ferdig;;;;basereg;STATUS\n\
        Basis;Listevariabel;1;Ja;;;;basereg;ROYK\nBasis;Listevariabel;2;Nei;;;;basereg;ROYK\n\
        Ett år;Listevariabel;1;Ja;;;;basereg;ROYK\nBasis;Tallvariabel;;;0;1900;todayYear;pasreg;AAR\n";
    assert!(refusal(text, None).contains("basereg, pasreg"));
    let codebook = RegistryCodebook::read(text.as_bytes(), Some("basereg")).unwrap();
    let read = values(&codebook, "royk", &["1", "nei", "3"]);
    assert_eq!(
        read,
        [
            Some(CodebookValue::Number(1.0)),
            Some(CodebookValue::Number(2.0)),
            None
        ]
    );
    let codebook = RegistryCodebook::read(text.as_bytes(), Some("pasreg")).unwrap();
    assert_eq!(
        values(&codebook, "aar", &["2024", "1899"]),
        [Some(CodebookValue::Number(2024.0)), None]
    );
}

#[test]
fn a_codebook_that_cannot_be_right_is_refused() {
    for (rows, told) in [
        (
            vec!["s,a,kategorisk,,1,Ja", ",,,,1,Nei"],
            "row 3 gives a second meaning",
        ),
        (vec!["s,a,kategorisk"], "a has no codes"),
        (vec!["s,a,"], "row 2 has a type"),
        (vec!["s,,numerisk"], "row 2 has no variable"),
        (vec!["s,a,numerisk,,,,,,x"], "row 2 has a min"),
        (vec!["s,a,numerisk", "t,b,numerisk"], "--form: s, t"),
    ] {
        let refused = refusal(&canonical(&rows), None);
        assert!(refused.contains(told), "{told} in {refused}");
    }
    assert!(refusal("a;b\n1;2\n", None).contains("23 columns"));
    let moved = canonical(&SPARSE).replace("min;maks", "maks;min");
    assert!(refusal(&moved, None).contains("in their order"));
}

proptest! {
    #[test]
    fn no_codebook_is_a_panic(rows in proptest::collection::vec("[a-z0-9=,]{0,30}", 0..6)) {
        let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
        let _ = RegistryCodebook::read(canonical(&rows).as_bytes(), None);
    }
}
