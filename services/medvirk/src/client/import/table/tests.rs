use proptest::prelude::*;

use super::*;

fn table(text: &str) -> Table {
    Table::read(text.as_bytes(), None, None).unwrap()
}

fn refusal(bytes: &[u8]) -> String {
    match Table::read(bytes, None, None) {
        Ok(_) => panic!("it is not refused"),
        Err(why) => why.to_string(),
    }
}

#[test]
fn rows_have_the_numbers_of_a_spreadsheet_and_blank_ones_are_none() {
    let table = table("a;b\n1;2\n;\n\n3;4\n");
    let numbers: Vec<_> = table.rows().iter().map(|row| row.number).collect();
    assert_eq!(numbers, [2, 4]);
}

#[test]
fn a_delimiter_is_found_in_the_headers() {
    for text in ["a,b,c;d\n1,2,3", "a;b\n1,5;2", "a\tb\n1\t2"] {
        assert_eq!(table(text).place("b"), Ok(Some(1)), "{text}");
    }
    assert_eq!(table("a;b\n1,5;2").rows()[0].cell(0), Some("1,5"));
    assert_eq!(table("a\tb\n1;5\t2").rows()[0].cell(0), Some("1;5"));
}

#[test]
fn headers_are_compared_without_case_and_signs_and_with_their_points() {
    let table = table("Respondent id,Q140.1,q140-1\n1,2,3");
    assert_eq!(table.place("respondent_id"), Ok(Some(0)));
    assert_eq!(table.place("Q140.1"), Ok(Some(1)));
    assert_eq!(table.place("Q140_1"), Ok(Some(2)));
    assert_eq!(table.place("nothing"), Ok(None));
    assert_eq!(self::table("A;a\n1;2").place("a"), Err(()));
}

#[test]
fn a_nameless_last_column_is_none() {
    let table = table("\u{feff}a;b;\r\n1;2;\r\n3;4\r\n5;6;7\r\n8\r\n");
    assert_eq!(table.headers(), ["a", "b"]);
    let faults: Vec<_> = table
        .rows()
        .iter()
        .map(|row| row.fault().is_some())
        .collect();
    assert_eq!(faults, [false, false, true, true]);
}

#[test]
fn other_encodings_are_taken_only_when_they_are_named() {
    let (bytes, _, _) = WINDOWS_1252.encode("navn;år\nKåre;1\n");
    assert!(refusal(&bytes).contains("--encoding windows-1252"));
    let table = Table::read(&bytes, Some(Encoding::Windows1252), None).unwrap();
    assert_eq!(table.place("år"), Ok(Some(1)));
    let wide: Vec<u8> = "\u{feff}år;b\n1;2"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    assert_eq!(
        Table::read(&wide, None, None).unwrap().place("år"),
        Ok(Some(0))
    );
}

#[test]
fn a_replacement_character_is_refused_with_its_line_and_without_its_text() {
    let told = refusal("a;b\n1;2\nplanted;bl\u{fffd}\n".as_bytes());
    assert!(told.contains("line 3"), "{told}");
    assert!(!told.contains("planted"), "{told}");
}

proptest! {
    /// What was read as one byte a character and written again is refused; the same before is not.
    #[test]
    fn wrongly_decoded_letters_are_refused(
        before in "[a-zA-Z0-9 ]{0,8}",
        letter in "[æøåÆØÅéèüöäß–’“]",
        after in "[a-zA-Z0-9 ]{0,8}",
    ) {
        let right = format!("a;b\n{before}{letter}{after};1\n");
        prop_assert!(decode(right.as_bytes(), None).is_ok());
        let (windows, _) = WINDOWS_1252.decode_without_bom_handling(right.as_bytes());
        prop_assert!(decode(windows.as_bytes(), None).is_err(), "{windows}");
        let latin1: String = right.bytes().map(char::from).collect();
        prop_assert!(decode(latin1.as_bytes(), None).is_err(), "{latin1}");
    }

    #[test]
    fn no_bytes_are_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = Table::read(&bytes, None, None);
        let _ = Table::read(&bytes, Some(Encoding::Windows1252), Some(b';'));
    }
}
