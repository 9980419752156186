use medvirk_proto::feedback::v1::Ending;
use proptest::prelude::*;

use super::super::kit::{problems, read, refusal, session, value};
use super::*;

const HEADERS: &str = "ClientID,CaseID,SessionNumber,SessionDate,ORSQ1,ORSQ2,ORSQ3,ORSQ4,Total_ORS,ORS_Skip,SRSQ1,SRSQ2,SRSQ3,SRSQ4,Total_SRS,SRS_Skip";

fn file(rows: &[&str]) -> String {
    let rows = rows.iter().map(|row| format!("p,c,1,2024-03-01,{row}"));
    let all: Vec<String> = std::iter::once(HEADERS.to_owned()).chain(rows).collect();
    all.join("\n")
}

fn rows(rows: &[&str]) -> Vec<ImportedRow> {
    read("openfit f --unit u", &file(rows)).unwrap().rows
}

#[test]
fn both_formats_are_read_and_a_total_gets_no_invented_scores() {
    let rows = rows(&["1.5,0,3,4,,0,,,,,36.5,0", ",,,,20,0,,,,,,1"]);
    let both = session(&rows[0]);
    assert_eq!(both.forms.len(), 2);
    let ors = &both.forms[0];
    let scores = ["individual", "interpersonal", "social", "overall"].map(|it| value(ors, it));
    assert_eq!(scores, [Some(1.5), Some(0.0), Some(3.0), Some(4.0)]);
    assert_eq!((ors.instrument.as_str(), ors.total), ("fit-ors", None));
    assert_eq!(both.forms[1].total, Some(36.5));
    assert!(both.forms[1].items.is_empty());
    assert_eq!(
        session(&rows[1]).forms.len(),
        1,
        "the other survey was skipped"
    );
}

#[test]
fn a_row_is_refused_by_the_skip_rule_with_its_field() {
    for (row, field) in [
        ("1,,3,4,,0,,,,,,1", "ORSQ2"),
        ("1,2,3,4,11,0,,,,,,1", "Total_ORS"),
        ("1,2,3,4,10.5,0,,,,,,1", "Total_ORS"),
        ("1,2,3,4,x,0,,,,,,1", "Total_ORS"),
        ("1,2,x,4,10,0,,,,,,1", "ORSQ3"),
        ("1,2,,4,7,0,,,,,,1", "ORSQ3"),
        (",,,,,0,,,,,,1", "ORS_Skip"),
        ("0,0,0,0,,1,,,,,,1", "ORS_Skip"),
        (",,,,0,1,,,,,,1", "ORS_Skip"),
        ("1,2,3,4,,,,,,,,1", "ORS_Skip"),
        ("1,2,3,4,,2,,,,,,1", "ORS_Skip"),
        ("1,2,x,4,,0,,,,,,1", "ORSQ3"),
    ] {
        let rows = rows(&[row]);
        let fields: Vec<_> = problems(&rows[0]).iter().map(|it| it.0).collect();
        assert_eq!(fields, [field], "{row}");
    }
}

#[test]
fn a_session_without_a_survey_is_skipped() {
    let rows = rows(&[",,,,,1,,,,,,1"]);
    assert_eq!(
        format!("{:?}", rows[0].outcome),
        "Skip(no survey in this session)"
    );
}

#[test]
fn columns_words_and_episodes_are_what_the_user_names() {
    let text = "klient;sak;nr;dato;avd;hvem;alder;start;slutt;hvordan;Total_ORS;ORS_Skip\n\
        7;9;2;01.03.2024;4211;Foresatt;9;01.02.2024;01.04.2024;Avtalt;30,5;0\n";
    let words = "openfit f --column patient=klient --column episode=sak --column number=nr \
        --column date=dato --column unit=avd --column respondent=hvem --column age=alder \
        --column opened=start --column closed=slutt --column ending=hvordan \
        --word unit:4211=fjord-poliklinikk --word respondent:foresatt=caretaker \
        --word ending:avtalt=planned";
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    let rows = read(&words, text).unwrap().rows;
    let session = session(&rows[0]);
    assert_eq!(
        (session.unit.as_str(), session.date.as_str()),
        ("fjord-poliklinikk", "2024-03-01")
    );
    let form = &session.forms[0];
    assert_eq!(
        (form.instrument.as_str(), form.total),
        ("fit-cors", Some(30.5)),
        "a child's"
    );
    assert_eq!(form.respondent, i32::from(Respondent::Caretaker));
    let facts = rows[0].episode.as_ref().unwrap();
    assert_eq!(facts.opened.as_deref(), Some("2024-02-01"));
    let closed = facts.closed.clone().unwrap();
    assert!(closed == ("2024-04-01".to_owned(), Ending::Planned));
}

#[test]
fn what_is_not_named_is_asked_for_and_never_guessed() {
    let text = file(&["1,2,3,4,,0,,,,,,1"]);
    assert!(refusal("openfit f", &text).contains("--unit"));
    let told = refusal("openfit f --unit u --column date=Dato", &text);
    assert!(
        told.contains("no Dato") && told.contains("--column date="),
        "{told}"
    );
    assert!(refusal("openfit f --unit u --column nosuch=x", &text).contains("nosuch"));
    assert!(refusal("openfit f --unit u --ors kem", &text).contains("four items"));
    let scores = "ClientID,CaseID,SessionNumber,SessionDate,ORSQ1\np,c,1,2024-03-01,1";
    assert!(refusal("openfit f --unit u", scores).contains("ORS_Skip"));
}

/// The forms of one row of totals with these cells of the expected course.
fn with_course(header: &str, cells: &str) -> RowOutcome {
    let text = format!(
        "ClientID,CaseID,SessionNumber,SessionDate,Total_ORS,ORS_Skip,{header}\n\
         p,c,1,2024-03-01,{cells}\n"
    );
    let mut rows = read("openfit f --unit u", &text).unwrap().rows;
    rows.remove(0).outcome
}

#[test]
fn the_expected_course_is_kept_as_the_file_has_it() {
    let header = "TargetSessionScore,nTargetSession,expected_score";
    let RowOutcome::Session(session) = with_course(header, "20,0,25.25,,24.5") else {
        panic!("a total with what was expected is a session")
    };
    let [ors, course] = &session.forms[..] else {
        panic!("the form and what was expected of it")
    };
    assert_eq!((&*ors.instrument, ors.total), ("fit-ors", Some(20.0)));
    assert_eq!(&*course.instrument, "fit-expected");
    let items: Vec<_> = course
        .items
        .iter()
        .map(|it| (&*it.item, it.response))
        .collect();
    let expect = [
        ("target-session", Some(Response::Value(25.25))),
        ("expected", Some(Response::Value(24.5))),
    ];
    assert_eq!(items, expect);
}

#[test]
fn the_expected_course_is_no_survey_and_is_never_guessed() {
    let nothing = with_course("target_score", "20,0,");
    assert!(matches!(nothing, RowOutcome::Session(it) if it.forms.len() == 1));
    let skipped = with_course("target_score", ",1,25");
    assert!(matches!(skipped, RowOutcome::Skip(_)));
    for (header, cells) in [
        ("target_score", "20,0,green"),
        ("target_score,TargetSessionScore", "20,0,25,26"),
    ] {
        assert!(
            matches!(with_course(header, cells), RowOutcome::Refuse(_)),
            "{cells}"
        );
    }
}

proptest! {
    // Each case loads the catalogue.
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// The rule once more, in other words: a survey is four scores or a total where Skip is 0,
    /// nothing where it is 1, and anything else is refused. A total beside four scores must be
    /// their sum. Zero is like any other score.
    #[test]
    fn the_skip_rule_holds(
        scores in proptest::array::uniform4(proptest::option::of(0u8..=10)),
        total in prop_oneof![Just(None), (0u8..=40).prop_map(Some)],
        agrees in any::<bool>(),
        skip in proptest::option::of(0u8..=2),
    ) {
        // Sums that agree are rare by chance.
        let total = if agrees { scores.iter().copied().sum() } else { total };
        let cell = |it: Option<u8>| it.map_or(String::new(), |it| it.to_string());
        let mut cells = scores.map(cell).to_vec();
        cells.extend([cell(total), cell(skip)]);
        let rows = rows(&[&format!("{},,,,,,1", cells.join(","))]);
        let all = scores.iter().all(Option::is_some);
        let none = scores.iter().all(Option::is_none);
        let sum: Option<u8> = scores.iter().copied().sum();
        let fits = total.is_none() || total == sum;
        match &rows[0].outcome {
            RowOutcome::Session(session) => {
                prop_assert_eq!(skip, Some(0));
                let form = &session.forms[0];
                if all && fits {
                    let sent: Vec<_> = form.items.iter().map(|it| it.response).collect();
                    let given = scores.map(|it| it.map(|it| Response::Value(f64::from(it))));
                    prop_assert_eq!(sent, given.to_vec());
                    prop_assert_eq!(form.total, None);
                } else {
                    prop_assert!(none && total.is_some() && form.items.is_empty());
                    prop_assert_eq!(form.total, total.map(f64::from));
                }
            }
            RowOutcome::Skip(_) => prop_assert!(skip == Some(1) && none && total.is_none()),
            RowOutcome::Refuse(_) => {
                let right = match skip {
                    Some(0) => (all && fits) || (none && total.is_some()),
                    Some(1) => none && total.is_none(),
                    _ => false,
                };
                prop_assert!(!right);
            }
            RowOutcome::Form(_) | RowOutcome::Hold(_) => prop_assert!(false, "nothing of the kind"),
        }
    }

    #[test]
    fn no_cells_are_a_panic_and_none_is_quoted(cells in proptest::collection::vec("[^,\"\n\r]{0,6}", 12)) {
        let _ = read("openfit f --unit u", &file(&[&cells.join(",")]));
    }
}
