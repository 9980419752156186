use proptest::prelude::*;

use super::super::kit::read;
use super::*;

fn text(rows: &[String]) -> String {
    let headers = "ClientID,CaseID,SessionNumber,SessionDate,Opened,Total_ORS,ORS_Skip".to_owned();
    let all: Vec<String> = std::iter::once(headers)
        .chain(rows.iter().cloned())
        .collect();
    all.join("\n")
}

fn plan(rows: &[String], ids: &Ids, known: &BTreeSet<String>) -> Plan {
    let text = text(rows);
    let read = read("openfit f --unit u --column opened=Opened", &text).unwrap();
    Plan::new(read.rows, ids, None, known)
}

fn row(patient: usize, number: u32, total: u32) -> String {
    format!("p{patient},c{patient},{number},2024-03-{number:02},2024-02-01,{total},0")
}

fn ids_of(plan: &Plan) -> Vec<String> {
    plan.due
        .iter()
        .map(|due| due.submission.submission_id.clone())
        .collect()
}

fn ends(plan: &Plan) -> Vec<(usize, String)> {
    plan.settled
        .iter()
        .map(|fate| (fate.row, format!("{:?}", fate.end)))
        .collect()
}

#[test]
fn an_episode_is_opened_once_and_before_its_forms() {
    let ids = Ids::new(b"key");
    let plan = plan(
        &[row(1, 1, 20), row(1, 2, 22), row(2, 1, 30)],
        &ids,
        &BTreeSet::new(),
    );
    let what: Vec<_> = plan.due.iter().map(|due| (due.what, due.row)).collect();
    use What::{Form, Opening};
    assert_eq!(
        what,
        [(Opening, 2), (Opening, 4), (Form, 2), (Form, 3), (Form, 4)]
    );
}

#[test]
fn the_same_row_twice_is_sent_once_and_another_answer_for_the_session_is_refused() {
    let ids = Ids::new(b"key");
    let plan = plan(
        &[row(1, 1, 20), row(1, 1, 20), row(1, 1, 21)],
        &ids,
        &BTreeSet::new(),
    );
    assert_eq!(plan.due.len(), 2);
    let ends = ends(&plan);
    assert!(
        ends.iter()
            .any(|(row, end)| *row == 3 && end.contains("same as row 2")),
        "{ends:?}"
    );
    assert!(
        ends.iter()
            .any(|(row, end)| *row == 4 && end.contains("Refused")),
        "{ends:?}"
    );
}

#[test]
fn two_openings_of_an_episode_that_differ_are_refused() {
    let other = row(1, 2, 20).replace("2024-02-01", "2024-02-02");
    let plan = plan(&[row(1, 1, 20), other], &Ids::new(b"key"), &BTreeSet::new());
    assert_eq!(plan.due.len(), 2);
    let ends = ends(&plan);
    assert!(ends[0].1.contains("opened"), "{ends:?}");
}

#[test]
fn what_an_earlier_run_sent_is_not_sent_again() {
    let rows = [row(1, 1, 20), row(1, 2, 22)];
    let ids = Ids::new(b"key");
    let known = ids_of(&plan(&rows, &ids, &BTreeSet::new()))
        .into_iter()
        .collect();
    let again = plan(&rows, &ids, &known);
    assert!(again.due.is_empty());
    assert_eq!(again.settled.len(), 3);
}

#[test]
fn without_the_key_nobody_makes_the_same_id() {
    let rows = [row(1, 1, 20)];
    let one = ids_of(&plan(&rows, &Ids::new(b"key"), &BTreeSet::new()));
    let two = ids_of(&plan(&rows, &Ids::new(b"other"), &BTreeSet::new()));
    assert_ne!(one, two);
    let file = text(&rows);
    let (one, two) = (Ids::of_file(file.as_bytes()), Ids::of_file(file.as_bytes()));
    assert_eq!(
        ids_of(&plan(&rows, &one, &BTreeSet::new())),
        ids_of(&plan(&rows, &two, &BTreeSet::new()))
    );
}

proptest! {
    // Each case loads the catalogue.
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Wherever a row stands, its submission has the same id; different rows have different ones.
    #[test]
    fn ids_do_not_depend_on_the_order_of_rows(
        sessions in proptest::collection::btree_map((0usize..4, 1u32..9), 0u32..=40, 1..12),
        turn in 0usize..12,
    ) {
        let mut rows: Vec<String> = sessions.iter().map(|((patient, number), total)| row(*patient, *number, *total)).collect();
        let ids = Ids::new(b"key");
        let mut before = ids_of(&plan(&rows, &ids, &BTreeSet::new()));
        let turn = turn % rows.len();
        rows.rotate_left(turn);
        let mut after = ids_of(&plan(&rows, &ids, &BTreeSet::new()));
        before.sort();
        after.sort();
        prop_assert_eq!(&before, &after);
        before.dedup();
        prop_assert_eq!(before.len(), after.len());
    }
}
