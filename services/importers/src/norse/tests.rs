use std::fmt::Write as _;

use proptest::prelude::*;

use super::super::kit::{catalogue, problems, read, refusal, session, value};
use super::*;
use crate::row::{ImportedRow, RowOutcome};

const KEYS: &str =
    "respondent_id,treatment_id,assessment_instance_start_date,respondent_test_account,Ver_10";
const WORDS: &str = "norse f --unit u --coding agreement";

fn file(items: &str, rows: &[&str]) -> String {
    let all: Vec<String> = std::iter::once(format!("{KEYS},{items}"))
        .chain(rows.iter().map(|row| (*row).to_owned()))
        .collect();
    all.join("\n")
}

#[test]
fn items_are_found_by_their_code_in_each_version() {
    let rows = [
        "p,t,2024-03-01,0,3.1,-98,2,3,4",
        "p,u,2024-03-01,0,2.1,-99,2,3,4",
    ];
    let text = file("M53_Q100_1,M53_Q142_1,M1_Q140.1,M1_Q140", &rows);
    let rows = read(WORDS, &text).unwrap().rows;
    let (three, two) = (&session(&rows[0]).forms[0], &session(&rows[1]).forms[0]);
    assert_eq!(
        (three.instrument.as_str(), two.instrument.as_str()),
        ("norse-3", "norse-2")
    );
    let sent = ["q100", "q142.1", "q140.1"].map(|item| value(three, item));
    assert_eq!(
        sent,
        [Some(-98.0), Some(2.0), Some(3.0)],
        "sentinels go on as they are"
    );
    let sent = ["q100", "q142", "q140"].map(|item| value(two, item));
    assert_eq!(sent, [Some(-99.0), Some(2.0), Some(4.0)]);
    assert_eq!(three.coding, i32::from(WireCoding::Agreement));
}

#[test]
fn versions_are_kept_apart_and_that_is_said() {
    let rows = [
        "p,t,2024-03-01,0,3.1,1",
        "p,u,2024-03-01,0,2.1,1",
        "p,v,2024-03-01,0,9,1",
    ];
    let read = read(WORDS, &file("Q100", &rows)).unwrap();
    let notes = read.notes.join("\n");
    for told in [
        "1 rows are norse-2@1",
        "1 rows are norse-3@1",
        "versions are kept apart",
    ] {
        assert!(notes.contains(told), "{told} in\n{notes}");
    }
    assert_eq!(problems(&read.rows[2])[0].0, "Ver_10");
}

#[test]
fn a_version_is_named_by_a_column_or_by_the_user_and_never_guessed() {
    let text = "respondent_id,treatment_id,assessment_instance_start_date,Q100\np,t,2024-03-01,4\n";
    assert!(refusal(WORDS, text).contains("--instrument"));
    let rows = read(&format!("{WORDS} --instrument norse-3"), text)
        .unwrap()
        .rows;
    assert_eq!(session(&rows[0]).forms[0].instrument, "norse-3");
}

#[test]
fn nobody_imports_test_accounts_or_what_is_not_submitted() {
    let headers = format!("{KEYS},assessment_instance_is_submitted,Q100");
    let text = format!(
        "{headers}\np,t,2024-03-01,1,3.1,1,4\np,t,2024-03-03,0,3.1,0,4\np,t,2024-03-02,0,3.1,1,4\n"
    );
    let rows = read(WORDS, &text).unwrap().rows;
    let told: Vec<_> = rows
        .iter()
        .map(|row| format!("{:?}", row.outcome))
        .collect();
    assert_eq!(
        told,
        [
            "Skip(test account)",
            "Skip(not submitted)",
            "Session(redacted)"
        ]
    );
    assert_eq!(session(&rows[2]).number, 1, "and they are not counted");
}

#[test]
fn a_semicolon_file_with_decimal_commas_is_the_same_file() {
    let comma = file("Q100,Q226", &["p,t,2024-03-01,0,3.1,4,7.5"]);
    let semicolon = comma.replace(',', ";").replace("7.5", "7,5");
    let (one, two) = (
        read(WORDS, &comma).unwrap().rows,
        read(WORDS, &semicolon).unwrap().rows,
    );
    assert_eq!(session(&one[0]), session(&two[0]));
}

#[test]
fn a_closed_scale_is_missing_by_design_and_a_blank_item_is_left_out() {
    // Sadness has q100 (its trigger), q102 and q42; worry q117 (its trigger) and three more.
    let rows = ["p,t,2024-03-01,0,3.1,1,,,6,5,,"];
    let text = file("Q100,Q102,Q42,Q117,Q208,Q214,Q39.1", &rows);
    let rows = read(WORDS, &text).unwrap().rows;
    let form = &session(&rows[0]).forms[0];
    let by_design = Some(Response::Missing(MissingReason::ByDesign.into()));
    let of = |code: &str| {
        form.items
            .iter()
            .find(|it| it.item == code)
            .map(|it| it.response)
    };
    assert_eq!([of("q102"), of("q42")], [Some(by_design), Some(by_design)]);
    assert_eq!(
        [of("q214"), of("q39.1")],
        [None, None],
        "the scale was open"
    );
    assert_eq!(value(form, "q208"), Some(5.0));
}

#[test]
fn repeated_measures_in_columns_and_doubled_items_are_refused() {
    let row = ["p,t,2024-03-01,0,3.1,1,2"];
    assert!(refusal(WORDS, &file("M1_Q100_1_A1,M1_Q100_1_A2", &row)).contains("_A1"));
    assert!(refusal(WORDS, &file("M1_Q100,M2_Q100", &row)).contains("--item q100="));
    let words = format!("{WORDS} --item q100=M2_Q100");
    let rows = read(&words, &file("M1_Q100,M2_Q100", &row)).unwrap().rows;
    assert_eq!(value(&session(&rows[0]).forms[0], "q100"), Some(2.0));
}

/// An export of as many patients, whose reversed items are coded as is said.
fn export(patients: usize, reversed: CodingArgument) -> String {
    let catalogue = catalogue();
    let instrument = find(&catalogue, "norse-3").unwrap();
    let mut text = KEYS.to_owned();
    for item in &instrument.items {
        write!(text, ",{}", item.id.as_str().to_uppercase()).unwrap();
    }
    for patient in 0..patients {
        write!(text, "\np{patient},t,2024-03-01,0,3.1").unwrap();
        for (place, item) in instrument.items.iter().enumerate() {
            // As bad as the patient is, with some noise.
            let worse = 1 + (patient + (patient * 7 + place * 13) % 3) % 7;
            let value = if item.reversed && reversed == CodingArgument::Agreement {
                8 - worse
            } else {
                worse
            };
            write!(text, ",{value}").unwrap();
        }
    }
    text
}

#[test]
fn the_audit_refuses_a_coding_that_does_not_fit_unless_it_is_accepted() {
    let words = |coding: &str| format!("norse f --unit u --coding {coding}");
    for (coding, other, name) in [
        (CodingArgument::Agreement, "higher-is-worse", "agreement"),
        (
            CodingArgument::HigherIsWorse,
            "agreement",
            "higher-is-worse",
        ),
    ] {
        let text = export(60, coding);
        let notes = read(&words(name), &text).unwrap().notes.join("\n");
        assert!(notes.contains("consistent with the declaration"), "{notes}");
        let told = refusal(&words(other), &text);
        assert!(
            told.contains("not consistent") && told.contains("--accept-coding"),
            "{told}"
        );
        let accepted = format!("{} --accept-coding", words(other));
        assert_eq!(read(&accepted, &text).unwrap().rows.len(), 60);
    }
}

#[test]
fn the_audit_says_that_few_patients_tell_nothing() {
    let text = export(29, CodingArgument::HigherIsWorse);
    let notes = read(WORDS, &text).unwrap().notes.join("\n");
    assert!(notes.contains("not applicable"), "{notes}");
}

/// A row of a treatment on a day of March, at an hour, with an answer.
fn assessment((treatment, day, hour, answer): &(u8, u8, u8, u8)) -> String {
    format!("p,t{treatment},2024-03-{day:02} {hour:02}:00,0,1,3.1,{answer}")
}

/// The number of each row, if it has one.
fn counted(rows: &[String]) -> Vec<Option<u32>> {
    let keys = KEYS.replace("Ver_10", "assessment_instance_is_submitted,Ver_10");
    let text = format!("{keys},Q100\n{}\n", rows.join("\n"));
    let rows = read(WORDS, &text).unwrap().rows;
    let number = |row: &ImportedRow| match &row.outcome {
        RowOutcome::Session(session) => Some(session.number),
        _ => None,
    };
    rows.iter().map(number).collect()
}

/// What became of rows of one patient: the number of a session, or another outcome.
fn outcomes(rows: &[&str]) -> Vec<String> {
    let keys = KEYS.replace("Ver_10", "assessment_instance_is_submitted,Ver_10");
    let text = format!("{keys},Q100\n{}\n", rows.join("\n"));
    let rows = read(WORDS, &text).unwrap().rows;
    let told = |row: &ImportedRow| match &row.outcome {
        RowOutcome::Session(session) => session.number.to_string(),
        RowOutcome::Hold(reason) => format!("held by {}", reason.split(' ').nth(1).unwrap()),
        RowOutcome::Skip(_) => "skipped".to_owned(),
        _ => "refused".to_owned(),
    };
    rows.iter().map(told).collect()
}

#[test]
fn a_row_that_is_not_submitted_holds_back_what_is_not_earlier() {
    let rows = [
        "p,t,2024-03-01,0,1,3.1,1",
        "p,t,2024-03-08,0,1,3.1,2",
        "p,t,2024-03-08,0,0,3.1,3",
        "p,t,2024-03-15,0,1,3.1,4",
        "p,u,2024-03-15,0,1,3.1,5",
        "q,t,2024-03-15,0,1,3.1,6",
    ];
    assert_eq!(
        outcomes(&rows),
        ["1", "held by 4", "skipped", "held by 4", "1", "1"]
    );
    let mut turned = rows;
    turned.reverse();
    assert_eq!(
        outcomes(&turned),
        ["1", "1", "held by 5", "skipped", "held by 5", "1"]
    );
}

#[test]
fn nobody_waits_for_a_test_account() {
    let rows = [
        "p,t,2024-03-01,1,0,3.1,1",
        "p,t,x,1,1,3.1,1",
        "p,t,2024-03-08,0,1,3.1,2",
    ];
    assert_eq!(outcomes(&rows), ["skipped", "skipped", "1"]);
}

#[test]
fn a_row_without_a_day_holds_back_what_may_be_behind_it() {
    let (early, undated, late) = (
        "p,t,2024-03-01,0,1,3.1,1",
        "p,t,,0,1,3.1,2",
        "p,t,2024-03-15,0,1,3.1,3",
    );
    let other = "q,t,2024-03-02,0,1,3.1,3";
    assert_eq!(
        outcomes(&[early, undated, late, other]),
        ["1", "refused", "held by 3", "1"]
    );
    assert_eq!(
        outcomes(&[late, undated, early, other]),
        ["held by 3", "refused", "1", "1"]
    );
    // In no order, it may be before any of them.
    let middle = "p,t,2024-03-08,0,1,3.1,4";
    let expected = ["held by 4", "held by 4", "refused", "held by 4"];
    assert_eq!(outcomes(&[middle, early, undated, late]), expected);
    // Two rows of one treatment alone tell none either.
    assert_eq!(outcomes(&[early, undated]), ["held by 3", "refused"]);
    // Where the treatment itself does not show an order, the other treatments do.
    let newest_first = [late, undated, "q,t,2024-03-09,0,1,3.1,3", other];
    assert_eq!(outcomes(&newest_first), ["held by 3", "refused", "2", "1"]);
}

#[test]
fn a_row_that_cannot_be_read_holds_back_whom_it_may_be_of() {
    let late = "p,t,2024-03-15,0,1,3.1,3";
    for unreadable in [
        "p,t,2024-03-08,0,1,3.1,2,5",
        "p,t,2024-03-08,0,1,3.1,\"2",
        "p,,2024-03-08,0,1,3.1,2",
        "p,12.0,2024-03-08,0,1,3.1,2",
        ",t,2024-03-08,0,1,3.1,2",
    ] {
        let told = outcomes(&["p,t,2024-03-01,0,1,3.1,1", unreadable, late]);
        assert_eq!(told, ["1", "refused", "held by 3"], "{unreadable}");
    }
    // A row that is refused for its answers is counted: its place is known.
    let told = outcomes(&["p,t,2024-03-08,0,1,3.1,x", late]);
    assert_eq!(told, ["refused", "2"]);
}

#[test]
fn two_assessments_of_one_moment_are_told() {
    let rows = [
        "p,t,2024-03-01,0,3.1,1",
        "p,t,2024-03-01,0,3.1,2",
        "p,t,2024-03-01,0,3.1,1",
    ];
    let told = read(WORDS, &file("Q100", &rows)).unwrap();
    let counted: Vec<_> = told.rows.iter().map(|row| session(row).number).collect();
    // Which of them came first is not known; the equal ones are one.
    assert!(counted == [1, 2, 1] || counted == [2, 1, 2], "{counted:?}");
    assert!(
        told.notes
            .iter()
            .any(|it| it.starts_with("1 rows have the day")),
        "{:?}",
        told.notes
    );
}

#[test]
fn a_version_may_have_a_comma_in_every_row() {
    for (version, instrument) in [("2,1", "norse-2"), ("3,0", "norse-3"), ("3,1", "norse-3")] {
        let text = file("Q100", &["p,t,2024-03-01,0,VERSION,1"]).replace(',', ";");
        let rows = read(WORDS, &text.replace("VERSION", version)).unwrap().rows;
        assert_eq!(
            session(&rows[0]).forms[0].instrument,
            instrument,
            "{version}"
        );
    }
}

proptest! {
    // Each case loads the catalogue.
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever the order of rows, a treatment's assessments are counted by date and time, and equal
    /// ones are one.
    #[test]
    fn sessions_are_counted_by_date(
        days in proptest::collection::vec((0u8..3, 1u8..=28, 0u8..24, 1u8..4), 1..20),
    ) {
        let rows: Vec<String> = days.iter().map(assessment).collect();
        let read = counted(&rows);
        for (one, (treatment, day, hour, answer)) in read.iter().zip(&days) {
            for (two, other) in read.iter().zip(&days) {
                if other.0 == *treatment && (other.1, other.2) < (*day, *hour) {
                    prop_assert!(two < one);
                }
                let equal = *other == (*treatment, *day, *hour, *answer);
                prop_assert!(other.0 != *treatment || equal == (one == two));
            }
        }
        for treatment in 0..3u8 {
            let of = read.iter().zip(&days).filter(|(_, it)| it.0 == treatment);
            let numbers: BTreeSet<u32> = of.filter_map(|(number, _)| *number).collect();
            let all: BTreeSet<u32> = (1..).take(numbers.len()).collect();
            prop_assert_eq!(numbers, all);
        }
        let mut turned = rows;
        turned.reverse();
        let mut again = counted(&turned);
        again.reverse();
        prop_assert_eq!(read, again);
    }

    /// What is sent has the number that it has when everything is put right: rows that are not
    /// submitted yet, and rows that cannot be dated and stand where they belong.
    #[test]
    fn numbers_never_move(
        days in proptest::collection::btree_set((0u8..3, 1u8..=28), 1..16),
        broken in proptest::collection::vec(0u8..6, 16),
        newest_first in any::<bool>(),
    ) {
        let right = |(treatment, day): &(u8, u8)| assessment(&(*treatment, *day, 9, 1));
        let mut after: Vec<String> = days.iter().map(right).collect();
        let break_row = |(row, how): (&String, &u8)| match how {
            0 => row.replacen("2024-03-", "2024-13-", 1),
            1 => row.replacen(",0,1,", ",0,0,", 1),
            _ => row.clone(),
        };
        let mut before: Vec<String> = after.iter().zip(&broken).map(break_row).collect();
        if newest_first {
            after.reverse();
            before.reverse();
        }
        for (before, after) in counted(&before).into_iter().zip(counted(&after)) {
            prop_assert!(before.is_none() || before == after);
        }
    }

    #[test]
    fn a_code_is_read_however_it_is_written(number in 1u32..400, suffix in proptest::option::of(1u32..3), module in proptest::option::of(1u32..99)) {
        let module = module.map_or(String::new(), |module| format!("m{module}_"));
        let number = number.to_string();
        for (sign, between) in [("_", ""), (".", ""), (".", "_")] {
            let end = suffix.map_or(String::new(), |suffix| format!("{sign}{suffix}"));
            let header = format!("{module}q{between}{number}{end}");
            let suffix = suffix.map(|suffix| suffix.to_string());
            prop_assert_eq!(code_of(&header), Some((number.as_str(), suffix.as_deref())));
        }
    }

    #[test]
    fn no_header_is_a_panic(header in "[mqa0-9_.]{0,12}") {
        let _ = (code_of(&header), is_repeated(&header));
    }
}
