use encoding_rs::WINDOWS_1252;
use proptest::prelude::*;

use super::*;

fn table(text: &str) -> ImportTable {
    ImportTable::read(text.as_bytes(), None, None).unwrap()
}

fn refusal(bytes: &[u8]) -> String {
    match ImportTable::read(bytes, None, None) {
        Ok(_) => panic!("it is not refused"),
        Err(why) => why.to_string(),
    }
}

#[test]
fn rows_have_the_numbers_of_a_spreadsheet_and_blank_ones_are_none() {
    let table = table("a;b\n1;2\n;\n\n3;4\n");
    let numbers: Vec<_> = table.rows().iter().map(|row| row.number).collect();
    assert_eq!(numbers, [2, 5]);
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
    assert_eq!(faults, [false, false, true, false]);
}

#[test]
fn other_encodings_are_taken_only_when_they_are_named() {
    let (bytes, _, _) = WINDOWS_1252.encode("navn;år\nKåre;1\n");
    assert!(refusal(&bytes).contains("--encoding windows-1252"));
    let table = ImportTable::read(&bytes, Some(FileEncoding::Windows1252), None).unwrap();
    assert_eq!(table.place("år"), Ok(Some(1)));
    let wide: Vec<u8> = "\u{feff}år;b\n1;2"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    assert_eq!(
        ImportTable::read(&wide, None, None).unwrap().place("år"),
        Ok(Some(0))
    );
}

#[test]
fn a_replacement_character_is_refused_with_its_line_and_without_its_text() {
    let told = refusal("a;b\n1;2\nplanted;bl\u{fffd}\n".as_bytes());
    assert!(told.contains("line 3"), "{told}");
    assert!(!told.contains("planted"), "{told}");
}

/// Of each row: its number, and its cells with a bar between them or a word of its fault.
fn told(text: &str) -> Vec<(usize, String)> {
    let words = [
        ("does not belong", "stray"),
        ("does not end it", "open"),
        ("have broken", "broken"),
        ("cells where", "shifted"),
        ("behind the last", "nameless"),
    ];
    let row = |row: &TableLine| {
        let text = match row.fault() {
            None => row.cells.join("|"),
            Some(fault) => {
                let word = words.iter().find(|(part, _)| fault.contains(part));
                word.map_or(fault, |(_, word)| word).to_owned()
            }
        };
        (row.number, text)
    };
    table(text).rows().iter().map(row).collect()
}

fn check(text: &str, expected: &[(usize, &str)]) {
    let expected: Vec<_> = expected
        .iter()
        .map(|(row, it)| (*row, (*it).to_owned()))
        .collect();
    assert_eq!(told(text), expected, "{text}");
}

#[test]
fn a_cell_in_quotes_may_have_delimiters_quotes_and_line_ends() {
    let header = "a;b;c;d\n";
    for (row, cells) in [
        ("1;\"x;y\";3;4", "1|x;y|3|4"),
        ("1;\"x \"\"y\"\" z\";3;4", "1|x \"y\" z|3|4"),
        ("1;\"\";\"\"\"\";4", "1||\"|4"),
        ("1; \"x;y\" ;3;4", "1|x;y|3|4"),
        ("1;\"x\ny\";3;4", "1|x\ny|3|4"),
        ("1;\"x\r\ny\r\n\r\nz\";3;4", "1|x\ny\n\nz|3|4"),
        ("1;\"x\ny\";\"z\nz\";4", "1|x\ny|z\nz|4"),
        ("1;2;3;\"x\ny\"", "1|2|3|x\ny"),
        ("\"x\ny\";2;3;4", "x\ny|2|3|4"),
        // Words in quotes within a text are text.
        ("1;he said \"x\";3;4", "1|he said \"x\"|3|4"),
        ("=\"0012\";2;3;4", "=\"0012\"|2|3|4"),
    ] {
        check(
            &format!("{header}{row}\n9;9;9;9\n"),
            &[(2, cells), (3, "9|9|9|9")],
        );
        check(&format!("{header}{row}"), &[(2, cells)]);
    }
}

#[test]
fn a_stray_quote_is_an_error_of_its_line_alone() {
    for (text, expected) in [
        (
            "1;\"x;3\n4;5;6\n7;8;9",
            [(2, "open"), (3, "4|5|6"), (4, "7|8|9")],
        ),
        (
            "1;2;\"x\n4;5;6\n7;8;9",
            [(2, "open"), (3, "4|5|6"), (4, "7|8|9")],
        ),
        (
            "\"1;2;3\n4;5;6\n7;8;9",
            [(2, "open"), (3, "4|5|6"), (4, "7|8|9")],
        ),
        (
            "1;2;3\"\n4;5;6\n7;8;9",
            [(2, "stray"), (3, "4|5|6"), (4, "7|8|9")],
        ),
        (
            "1;x\"y;3\n4;5;6\n7;8;9",
            [(2, "stray"), (3, "4|5|6"), (4, "7|8|9")],
        ),
        (
            "1;\"x\"y;3\n4;5;6\n7;8;9",
            [(2, "stray"), (3, "4|5|6"), (4, "7|8|9")],
        ),
        (
            "1;2;3\n4;5;6\n7;8;\"x",
            [(2, "1|2|3"), (3, "4|5|6"), (4, "open")],
        ),
        // Two of them: what is between them may be rows.
        (
            "1;2;\"x\n4;5;6\n7;8;9\"",
            [(2, "open"), (3, "4|5|6"), (4, "stray")],
        ),
        (
            "1;2;\"x\n4;5;6\n\"7\";8;9",
            [(2, "open"), (3, "4|5|6"), (4, "7|8|9")],
        ),
        (
            "1;\"x\n4;5;6\n7\";8",
            [(2, "open"), (3, "4|5|6"), (4, "stray")],
        ),
        // A row may be short, and is known by how its cells are written.
        (
            "a1;2;\"x\nb2;9\nc3;8\"",
            [(2, "open"), (3, "b2|9|"), (4, "stray")],
        ),
    ] {
        check(&format!("a;b;c\n{text}\n"), &expected);
    }
}

#[test]
fn a_delimiter_too_many_is_an_error_also_where_the_last_cell_is_blank() {
    let expected = [(2, "1|2|3"), (3, "shifted"), (4, "shifted")];
    check("a;b;c\n1;2;3\n1;x;y;3\n1;x;y;\n", &expected);
    // Headers that end with a delimiter have a column without a name, and nothing is in it.
    check(
        "a;b;\n1;2;\n1;2\n1;x;y\n1;2;;\n",
        &[(2, "1|2"), (3, "1|2"), (4, "nameless"), (5, "shifted")],
    );
    // A column before others may have no name, such as that of the rows' numbers.
    check(";a;b\n0;1;2\n", &[(2, "0|1|2")]);
}

#[test]
fn rows_may_be_short_and_a_broken_one_is_none() {
    check(
        "a;b;c;d\n1;2\n3\n4;5;6\n",
        &[(2, "1|2||"), (3, "3|||"), (4, "4|5|6|")],
    );
    // A line end in a text without quotes.
    let broken = "id;day;text;n;m\nq1;2024-03-01;he said;5;6\nq2;2024-03-02;he\nsaid;7;8\nq3;2024-03-03;he;9;1\n";
    let expected = [
        (2, "q1|2024-03-01|he said|5|6"),
        (3, "broken"),
        (4, "broken"),
        (5, "q3|2024-03-03|he|9|1"),
    ];
    check(broken, &expected);
    let thrice = broken.replace("he\nsaid", "he\n\nand\nsaid");
    let rows: Vec<_> = told(&thrice)
        .into_iter()
        .filter(|row| row.1 == "broken")
        .collect();
    assert_eq!(rows.len(), 3, "{rows:?}");
}

#[test]
fn a_long_text_in_quotes_may_have_many_delimiters() {
    let text = "id,day,text,n,m,o\nq1,2024-03-01,\"he said, she said,\nthey said, all, 5 of them\",5,6,7\n";
    let expected = "q1|2024-03-01|he said, she said,\nthey said, all, 5 of them|5|6|7";
    check(text, &[(2, expected)]);
    // Rows of text alone, as in a codebook, may be short.
    check("a;b;c;d\nx;y\nz\n", &[(2, "x|y||"), (3, "z|||")]);
}

#[test]
fn lines_end_as_they_do_on_any_system() {
    let text = "a;b\n1;2\n\n3;4\n";
    let expected = [(2, "1|2"), (4, "3|4")];
    for end in ["\n", "\r\n", "\r"] {
        check(&text.replace('\n', end), &expected);
        check(text.replace('\n', end).trim_end(), &expected);
    }
    check("a;b\r\n1;2\r\n\n3;4\r", &expected);
}

#[test]
fn a_first_line_may_name_the_delimiter() {
    for (first, delimiter) in [
        ("sep=;", ";"),
        ("sep=,", ","),
        ("SEP=\t", "\t"),
        ("sep=|", "|"),
        ("\"sep=;\"", ";"),
        ("sep=;;;", ";"),
        ("\u{feff}sep=;", ";"),
    ] {
        let rows = format!("{first}\r\na;b;c\r\n1;2;3\r\n")
            .replace(";b;", &format!("{delimiter}b{delimiter}"));
        let rows = rows.replace("1;2;3", &["1", "2", "3"].join(delimiter));
        check(&rows, &[(2, "1|2|3")]);
    }
    for first in ["sep=", "sep=a", "sep=;x", "sep=\""] {
        let told = refusal(format!("{first}\na;b\n1;2\n").as_bytes());
        assert!(told.contains("names no delimiter"), "{first}: {told}");
    }
    // It decides before the delimiter of the format.
    let table = ImportTable::read(b"sep=,\na,b\n1,2\n", None, Some(';')).unwrap();
    assert_eq!(table.place("b"), Ok(Some(1)));
}

#[test]
fn what_is_no_table_is_named() {
    for (bytes, what) in [
        (&b"PK\x03\x04\x14\0"[..], "workbook (.xlsx"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "older kind (.xls)"),
        (b"\x1f\x8b\x08", "gzip"),
        (b"%PDF-1.7", "PDF"),
        (b"$FL2@(#)", "SPSS"),
        (b"<html><table><tr>", "web page"),
        (b"\xef\xbb\xbf<?xml version", "XML"),
        (b"a\0;\0b\0\n\0x\0;\0y\0", "UTF-16"),
        (b"", "empty"),
        (b"\n\n", "empty"),
    ] {
        let told = refusal(bytes);
        assert!(told.contains(what), "{what}: {told}");
    }
    assert_eq!(
        table("PK;b\n1;2").headers(),
        ["pk", "b"],
        "a header of two letters"
    );
}

#[test]
fn a_title_is_named_and_rows_are_none() {
    for text in [
        "planted 2026\n\na;b;c\n1;2;3\n",
        "\nplanted 2026\na;b;c\n1;2;3\n",
        "planted 2026;;\n;;\na;b;c\n1;2;3\n",
        "planted 2026\na,b,c\n1,2,3\n",
        "\"planted, 2026\"\na,b,c\n1,2,3\n",
        "planted;2026\na;b;c;d\n1;2;3;4\n",
        "sep=;\nplanted 2026\na;b;c\n1;2;3\n",
    ] {
        let told = refusal(text.as_bytes());
        assert!(
            told.contains("has a title") && !told.contains("planted"),
            "{text}: {told}"
        );
    }
    for text in [
        "a;b\n1;x\n",
        "a;b\n1;x, y, z, and more, and more\n",
        "\"a\nb\";c\n1;2\n",
        "a\n1\n",
    ] {
        assert!(
            ImportTable::read(text.as_bytes(), None, None).is_ok(),
            "{text}"
        );
    }
}

#[test]
fn headers_may_be_in_quotes_and_a_stray_quote_among_them_is_refused() {
    assert_eq!(table("\"a\nb\";\"c\"\n1;2\n").headers(), ["a_b", "c"]);
    check("\"a\nb\";\"c\"\n1;2\n", &[(2, "1|2")]);
    check("\"a\nb\",\"c\"\n1,2\n", &[(2, "1|2")]);
    for text in ["a;\"b\n1;2\n3;4\n", "a;b\"\n1;2\n", "a;\"b\n1;2\n3;4\"\n"] {
        assert!(
            refusal(text.as_bytes()).contains("headers, in row 1"),
            "{text}"
        );
    }
}

#[test]
fn a_fault_behind_a_cell_of_several_lines_names_its_line() {
    let table = table("a;b\n1;\"x\ny\"\n3;4;5\n");
    let row = &table.rows()[1];
    assert_eq!(row.number, 3);
    assert!(
        row.fault().unwrap().contains("line 4 of the file"),
        "{:?}",
        row.fault()
    );
}

#[test]
fn all_lines_are_accounted_for_in_words() {
    let table = table("sep=;\n\na;b\n1;2\n\n3;4;5\n");
    assert_eq!(
        table.account(),
        "the file has 6 lines: headers in row 2, 2 rows, of which 1 cannot be read as rows, and 2 \
         blank lines"
    );
}

proptest! {
    /// Each line of a file is in one row, in the order of the file, whatever is in it.
    #[test]
    fn no_line_is_lost(text in "([a1;\",\\n\\r ]|1;2;3\\n){0,60}", width in 1usize..5) {
        let lines = split::physical_lines(&text);
        let rows = TableRecords::new(&lines, 0, ';').rows(width);
        let mut next = 1;
        for row in &rows {
            prop_assert_eq!(row.line, next);
            next += row.lines;
            prop_assert!(row.lines == 1 || row.cells.iter().any(|cell| cell.contains('\n')));
            prop_assert!(row.fault.is_some() || row.lines == 1 || row.cells.len() <= width);
        }
        prop_assert_eq!(next, lines.len() + 1);
        let numbers: Vec<usize> = rows.iter().map(|row| row.number).collect();
        prop_assert_eq!(numbers, (1..=rows.len()).collect::<Vec<_>>());
    }

    /// Wherever quotes are planted, a row in which none is planted is read or is an error.
    #[test]
    fn quotes_swallow_no_row(
        planted in proptest::collection::vec((0usize..8, 0usize..5), 1..5),
        at_end in any::<bool>(),
    ) {
        let mut rows: Vec<Vec<String>> = (0..8)
            .map(|row| ["p1", "2024-03-01", "5", "text", "6"].map(|cell| format!("{cell}{row}")).to_vec())
            .collect();
        for (row, cell) in &planted {
            let cell = &mut rows[*row][*cell];
            if at_end { cell.push('"') } else { cell.insert(0, '"') }
        }
        let lines: Vec<String> = rows.iter().map(|row| row.join(";")).collect();
        let table = table(&format!("a;b;c;d;e\n{}\n", lines.join("\n")));
        prop_assert_eq!(table.rows().len(), 8);
        for (row, line) in table.rows().iter().enumerate() {
            prop_assert_eq!(line.number, row + 2);
            let touched = planted.iter().any(|it| it.0 == row);
            prop_assert!(touched || line.fault().is_none());
        }
    }

    /// What is written with quotes where they are needed is read as it was.
    #[test]
    fn what_is_written_in_quotes_is_read(
        rows in proptest::collection::vec(proptest::collection::vec("[a-z\";, ]{1,8}", 3), 1..6),
        text in "[a-z\"]{1,6}(\n[a-z\"]{1,6}){0,3}",
    ) {
        let mut rows = rows;
        rows[0][1] = text;
        let quoted = |cell: &String| format!("\"{}\"", cell.replace('"', "\"\""));
        let line = |row: &Vec<String>| row.iter().map(quoted).collect::<Vec<_>>().join(";");
        let lines: Vec<String> = rows.iter().map(line).collect();
        let table = table(&format!("a;b;c\n{}\n", lines.join("\n")));
        let read: Vec<Vec<String>> = table.rows().iter().map(|row| row.cells.clone()).collect();
        let with_text = |row: &&Vec<String>| row.iter().any(|cell| !cell.trim().is_empty());
        let expected: Vec<Vec<String>> = rows.iter().filter(with_text).cloned().collect();
        prop_assert_eq!(read, expected);
    }

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
        let _ = ImportTable::read(&bytes, None, None);
        let _ = ImportTable::read(&bytes, Some(FileEncoding::Windows1252), Some(';'));
    }
}

#[test]
fn a_line_may_have_any_number_of_quoted_cells() {
    let line = "\"a\";".repeat(300_000);
    assert_eq!(split::split_line(&line, ';').width(), 300_001);
}
