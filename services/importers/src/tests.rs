//! Files as people in the field have them, each with what is right for it. The files are in `cases/`.

use medvirk_proto::feedback::v1::submission::Kind;
use medvirk_proto::feedback::v1::{RegistryForm, Session};

use super::fate::FateSubject;
use super::ids::SubmissionIds;
use super::kit::{catalogue, command, fates, plan, problems, read, refusal, session, value};
use super::known::KnownForms;
use super::registry;
use super::row::{ImportedRow, ImportedRows, RowOutcome};
use super::table::ImportTable;
use crate::arguments::ImportCommand;

/// A file of `cases/`.
macro_rules! case {
    ($name:literal) => {
        include_str!(concat!("cases/", $name, ".csv"))
    };
}

const OPENFIT: &str = "openfit f --unit fjord-poliklinikk";
const NORSE: &str = "norse f --unit fjord-poliklinikk --coding agreement";
const EPISODES: &str = "--column therapist=Ther --column opened=Opened --column closed=Closed \
    --column ending=Ending";

fn openfit(text: &str) -> Vec<ImportedRow> {
    read(OPENFIT, text).unwrap().rows
}

fn norse(text: &str) -> Vec<ImportedRow> {
    read(NORSE, text).unwrap().rows
}

fn register(text: &str, codebook: &str, more: &str) -> ImportedRows {
    let words = format!(
        "registry f --dialect openqreg --codebook k --instrument kvarus-basis --column patient=patient \
         --column date=date {more}"
    );
    let words: Vec<_> = words.split_whitespace().collect();
    let ImportCommand::Registry(args) = command(&words.join(" ")) else {
        panic!("a registry's")
    };
    let table = ImportTable::read(text.as_bytes(), None, Some(';')).unwrap();
    registry::read(&table, codebook.as_bytes(), &args, &catalogue()).unwrap()
}

fn form(row: &ImportedRow) -> &RegistryForm {
    match &row.outcome {
        RowOutcome::Form(form) => form,
        other => panic!("row {}: {other:?}", row.number),
    }
}

fn values(read: &ImportedRows, item: &str) -> Vec<Option<f64>> {
    let of = |row: &ImportedRow| value(form(row).form.as_ref().unwrap(), item);
    read.rows.iter().map(of).collect()
}

fn numbers(rows: &[ImportedRow]) -> Vec<usize> {
    rows.iter().map(|row| row.number).collect()
}

/// Of each row: sent, or another fate.
fn row_fates(rows: Vec<ImportedRow>) -> Vec<(usize, String)> {
    let of_row = fates(rows).into_iter().filter(|fate| fate.1.is_of_row());
    of_row.map(|(row, _, end)| (row, end)).collect()
}

fn of_rows(expected: &[(usize, &str)]) -> Vec<(usize, String)> {
    let owned = |(row, end): &(usize, &str)| (*row, (*end).to_owned());
    expected.iter().map(owned).collect()
}

#[test]
fn days_with_an_offset_are_norwegian_days_and_what_is_not_understood_is_refused() {
    let rows = openfit(case!("openfit-utc-days"));
    let days: Vec<_> = rows[..3]
        .iter()
        .map(|row| session(row).date.as_str())
        .collect();
    assert_eq!(days, ["2026-10-01", "2026-10-15", "2026-10-20"]);
    assert_eq!(problems(&rows[3])[0].0, "SessionDate");
}

#[test]
fn blank_lines_count_as_a_spreadsheet_counts_them() {
    let rows = openfit(case!("openfit-blank-lines"));
    assert_eq!(numbers(&rows), [2, 5]);
    assert_eq!(problems(&rows[1])[0].0, "SessionNumber");
}

#[test]
fn a_stray_quote_swallows_no_rows() {
    let expected = [
        (2, "sent"),
        (3, "refused: row"),
        (4, "sent"),
        (5, "sent"),
        (6, "sent"),
    ];
    let text = case!("openfit-stray-quote");
    assert_eq!(row_fates(openfit(text)), of_rows(&expected));
    // The same where another quote ends it, at whatever row.
    let ended = text.replace("29,5,5,5,5,,0,ok", "29,5,5,5,5,,0,ok\"");
    let mut expected = expected;
    expected[4].1 = "refused: row";
    assert_eq!(row_fates(openfit(&ended)), of_rows(&expected));
}

#[test]
fn cells_that_a_spreadsheet_left_out_are_blank() {
    let rows = openfit(case!("openfit-short-rows"));
    let scores: Vec<_> = rows
        .iter()
        .map(|row| value(&session(row).forms[0], "individual"))
        .collect();
    assert_eq!(scores, [Some(5.1); 3]);
}

#[test]
fn a_line_that_names_the_delimiter_is_obeyed_and_not_shown() {
    let rows = openfit(case!("openfit-sep-line"));
    assert_eq!(numbers(&rows), [2]);
    assert_eq!(session(&rows[0]).patient, "s2");
}

#[test]
fn a_title_is_named_with_its_row_and_that_of_the_headers() {
    let told = refusal(OPENFIT, case!("openfit-title"));
    assert!(
        told.contains("row 1 has a title") && told.contains("in row 3"),
        "{told}"
    );
    assert!(!told.contains("Rapport"), "{told}");
}

#[test]
fn a_delimiter_in_a_text_shifts_no_cells() {
    let read = register(
        case!("registry-shifted"),
        case!("codebook-shifted"),
        "--item alcohol-units=alcohol_units",
    );
    let first = form(&read.rows[0]).form.as_ref().unwrap();
    assert_eq!(
        [value(first, "age"), value(first, "alcohol-units")],
        [Some(40.0), Some(2.0)]
    );
    let told = problems(&read.rows[1]);
    assert!(
        told[0].1.contains("10 cells where the headers have 9"),
        "{told:?}"
    );
}

#[test]
fn the_value_of_a_code_comes_before_the_label_of_another() {
    let read = register(
        case!("registry-label-is-code"),
        case!("codebook-label-is-code"),
        "",
    );
    assert_eq!(values(&read, "substance"), [1.0, 2.0, 3.0, 4.0].map(Some));
}

#[test]
fn what_is_missing_is_what_the_codebook_says() {
    let dump = case!("registry-says-missing");
    let codebook = case!("codebook-says-missing");
    let read = register(dump, codebook, "");
    assert_eq!(values(&read, "housing"), [Some(4.0), Some(3.0)]);
    let of_zero = register(&dump.replace(";1;4", ";1;0"), codebook, "");
    assert_eq!(values(&of_zero, "housing"), [None, Some(3.0)]);
}

#[test]
fn the_comma_of_a_norse_version_is_a_point() {
    for text in [case!("norse-version-comma"), case!("norse-version-mixed")] {
        let rows = norse(text);
        let versions: Vec<_> = rows
            .iter()
            .map(|row| session(row).forms[0].instrument.as_str())
            .collect();
        assert_eq!(versions, ["norse-3", "norse-3"]);
    }
}

#[test]
fn equal_assessments_are_one() {
    let text = case!("norse-equal-rows");
    let counted: Vec<_> = norse(text).iter().map(|row| session(row).number).collect();
    assert_eq!(counted, [1, 1, 2]);
    let expected = [(2, "sent"), (3, "known"), (4, "sent")];
    assert_eq!(row_fates(norse(text)), of_rows(&expected));
}

#[test]
fn an_assessment_that_cannot_be_dated_holds_back_the_later_ones() {
    let expected = [
        (2, "sent"),
        (3, "refused: assessment_instance_start_date"),
        (4, "held back"),
    ];
    assert_eq!(row_fates(norse(case!("norse-undated"))), of_rows(&expected));
    // What was sent keeps its id when the row is put right.
    let ids = |text: &str| {
        let due = plan(norse(text)).due.into_iter();
        due.map(|due| due.submission.submission_id)
            .collect::<Vec<_>>()
    };
    let (before, after) = (ids(case!("norse-undated")), ids(case!("norse-dated")));
    assert_eq!((before.len(), after.len()), (1, 3));
    assert_eq!(before[0], after[0]);
}

/// Openings and closings that are due: unit, day, therapist or ending.
fn bounds(text: &str) -> Vec<[String; 3]> {
    let words = format!("openfit f --column unit=Unit {EPISODES}");
    let words: Vec<_> = words.split_whitespace().collect();
    let due = plan(read(&words.join(" "), text).unwrap().rows)
        .due
        .into_iter();
    let bound = due.filter_map(|due| match due.submission.kind? {
        Kind::EpisodeOpened(it) => Some([it.unit, it.date, it.therapist]),
        Kind::EpisodeClosed(it) => Some([it.unit, it.date, it.ending.to_string()]),
        _ => None,
    });
    bound.collect()
}

#[test]
fn a_file_with_the_newest_first_says_the_same_as_one_with_the_oldest_first() {
    let oldest = bounds(case!("openfit-oldest-first"));
    let expected = [
        ["fjord-poliklinikk", "2026-10-01", "thA"],
        ["fjord-dogn", "2026-10-30", "1"],
    ];
    assert_eq!(oldest, expected);
    assert_eq!(bounds(case!("openfit-newest-first")), oldest);
}

#[test]
fn nothing_is_closed_while_a_row_of_the_episode_is_refused() {
    let words = format!(
        "{OPENFIT} {}",
        EPISODES.replace("--column therapist=Ther ", "")
    );
    let words: Vec<_> = words.split_whitespace().collect();
    let rows = read(&words.join(" "), case!("openfit-closings"))
        .unwrap()
        .rows;
    let expected = [
        // The system refuses a score of 55.
        (2, FateSubject::Opening, "sent"),
        (2, FateSubject::Form, "refused: fit-ors individual"),
        (2, FateSubject::Closing, "held back"),
        (3, FateSubject::Row, "refused: SessionNumber"),
        (4, FateSubject::Row, "refused: Closed"),
        (5, FateSubject::Opening, "sent"),
        (5, FateSubject::Form, "sent"),
    ];
    let expected = expected.map(|(row, what, end)| (row, what, end.to_owned()));
    assert_eq!(fates(rows), expected);
}

#[test]
fn what_spreadsheets_do_to_references_is_refused() {
    let expected = [
        (2, "sent"),
        (3, "sent"),
        (4, "refused: ClientID"),
        (5, "refused: ClientID"),
        (6, "refused: ClientID"),
        (7, "refused: ClientID"),
        (8, "sent"),
        (9, "sent"),
        (10, "sent"),
    ];
    let text = case!("openfit-references");
    let read = read(OPENFIT, text).unwrap();
    assert!(
        read.notes.iter().any(|it| it.contains("look at rows 2, 3")),
        "{:?}",
        read.notes
    );
    assert_eq!(row_fates(read.rows), of_rows(&expected));
}

#[test]
fn two_persons_whom_a_spreadsheet_has_made_one_are_refused() {
    let text = case!("openfit-exponents");
    let rows = openfit(text);
    let expected = [(2, "refused: ClientID"), (3, "refused: ClientID")];
    assert_eq!(row_fates(rows), of_rows(&expected));
}

#[test]
fn a_second_form_with_another_content_is_told_as_different() {
    let codebook = case!("codebook-label-is-code");
    let read = register(case!("registry-two-contents"), codebook, "");
    let expected = [(2, "sent"), (3, "different")];
    assert_eq!(row_fates(read.rows), of_rows(&expected));
}

#[test]
fn a_total_beside_scores_is_taken_if_it_is_their_sum() {
    let rows = openfit(case!("openfit-total-and-scores"));
    let taken: &Session = session(&rows[0]);
    assert_eq!(
        (taken.forms[0].items.len(), taken.forms[0].total),
        (4, None)
    );
    assert_eq!(problems(&rows[1])[0].0, "Total_ORS");
}

#[test]
fn a_later_file_with_other_content_of_a_known_form_contradicts_it() {
    let folder = tempfile::tempdir().unwrap();
    let openfit = command(OPENFIT);
    let ids = SubmissionIds::new(b"key");
    let mut known = KnownForms::beside(&folder.path().join("key"), openfit.source(), &ids).unwrap();
    let registered = |file: &str| {
        let read = register(file, case!("codebook-label-is-code"), "");
        Kind::RegistryForm(form(&read.rows[0]).clone())
    };
    let first = registered(case!("registry-first-file"));
    let second = registered(case!("registry-second-file"));
    let claims = known.claims(&first);
    assert!(!known.contradicts(&claims));
    known.learn(claims);
    assert!(!known.contradicts(&known.claims(&first)));
    assert!(known.contradicts(&known.claims(&second)));
}
