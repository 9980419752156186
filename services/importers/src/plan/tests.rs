use proptest::prelude::*;

use super::super::kit::{self, read};
use super::*;

fn text(rows: &[String]) -> String {
    let headers = "ClientID,CaseID,SessionNumber,SessionDate,Opened,Total_ORS,ORS_Skip".to_owned();
    let all: Vec<String> = std::iter::once(headers)
        .chain(rows.iter().cloned())
        .collect();
    all.join("\n")
}

fn plan(rows: &[String], ids: &SubmissionIds, sent: &BTreeSet<String>) -> ImportPlan {
    let text = text(rows);
    let read = read("openfit f --unit u --column opened=Opened", &text).unwrap();
    ImportPlan::new(read.rows, ids, None, sent, &KnownForms::nothing(ids))
}

fn row(patient: usize, number: u32, total: u32) -> String {
    format!("p{patient},c{patient},{number},2024-03-{number:02},2024-02-01,{total},0")
}

fn ids_of(plan: &ImportPlan) -> Vec<String> {
    plan.due
        .iter()
        .map(|due| due.submission.submission_id.clone())
        .collect()
}

fn ends(plan: &ImportPlan) -> Vec<(usize, String)> {
    plan.settled
        .iter()
        .map(|fate| (fate.row, format!("{:?}", fate.end)))
        .collect()
}

#[test]
fn an_episode_is_opened_once_and_before_its_forms() {
    let ids = SubmissionIds::new(b"key");
    let plan = plan(
        &[row(1, 1, 20), row(1, 2, 22), row(2, 1, 30)],
        &ids,
        &BTreeSet::new(),
    );
    let what: Vec<_> = plan.due.iter().map(|due| (due.what, due.row)).collect();
    use FateSubject::{Form, Opening};
    assert_eq!(
        what,
        [(Opening, 2), (Opening, 4), (Form, 2), (Form, 3), (Form, 4)]
    );
}

#[test]
fn the_same_row_twice_is_sent_once_and_another_answer_for_the_session_is_refused() {
    let ids = SubmissionIds::new(b"key");
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
    let plan = plan(
        &[row(1, 1, 20), other],
        &SubmissionIds::new(b"key"),
        &BTreeSet::new(),
    );
    assert_eq!(plan.due.len(), 2);
    let ends = ends(&plan);
    assert!(ends[0].1.contains("opened"), "{ends:?}");
}

#[test]
fn what_an_earlier_run_sent_is_not_sent_again() {
    let rows = [row(1, 1, 20), row(1, 2, 22)];
    let ids = SubmissionIds::new(b"key");
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
    let one = ids_of(&plan(&rows, &SubmissionIds::new(b"key"), &BTreeSet::new()));
    let two = ids_of(&plan(
        &rows,
        &SubmissionIds::new(b"other"),
        &BTreeSet::new(),
    ));
    assert_ne!(one, two);
    let file = text(&rows);
    let (one, two) = (
        SubmissionIds::of_file(file.as_bytes()),
        SubmissionIds::of_file(file.as_bytes()),
    );
    assert_eq!(
        ids_of(&plan(&rows, &one, &BTreeSet::new())),
        ids_of(&plan(&rows, &two, &BTreeSet::new()))
    );
}

/// What the closings and openings of these rows are: unit, day and therapist or ending.
fn bounds(rows: &[&str]) -> Vec<(FateSubject, String, String, String)> {
    let text = format!(
        "ClientID,CaseID,SessionNumber,SessionDate,Total_ORS,ORS_Skip,Unit,Therapist,Opened,Closed,Ending\n{}\n",
        rows.join("\n")
    );
    let words = "openfit f --column unit=Unit --column therapist=Therapist --column opened=Opened \
        --column closed=Closed --column ending=Ending";
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    let plan = kit::plan(read(&words, &text).unwrap().rows);
    let bound = |due: DueSubmission| match due.submission.kind? {
        Kind::EpisodeOpened(it) => Some((due.what, it.unit, it.date, it.therapist)),
        Kind::EpisodeClosed(it) => Some((due.what, it.unit, it.date, it.ending.to_string())),
        _ => None,
    };
    plan.due.into_iter().filter_map(bound).collect()
}

proptest! {
    // Each case loads the catalogue.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn who_opens_and_closes_does_not_depend_on_the_order_of_rows(
        mut rows in Just(vec![
            "p,c,1,2024-03-01,20,0,u1,,2024-03-01,,",
            "p,c,2,2024-03-08,20,0,u2,t2,,,",
            "p,c,3,2024-03-08,20,0,u3,t1,,,",
            "p,c,4,2024-03-15,20,0,u4,t3,,2024-03-20,planned",
            "p,c,5,2024-03-19 08:00,20,0,u4,t4,2024-03-01,,",
            "p,c,6,2024-03-19 09:00,,1,u5,t4,,,",
        ]).prop_shuffle(),
    ) {
        let expected = [
            (FateSubject::Opening, "u1".to_owned(), "2024-03-01".to_owned(), "t2".to_owned()),
            (FateSubject::Closing, "u5".to_owned(), "2024-03-20".to_owned(), "1".to_owned()),
        ];
        prop_assert_eq!(&bounds(&rows)[..], &expected[..]);
        // One row that is refused, wherever it stands: nothing is closed.
        let refused = rows.iter_mut().find(|row| row.starts_with("p,c,3")).unwrap();
        *refused = "p,c,x,2024-03-08,20,0,u3,t1,,,";
        prop_assert_eq!(&bounds(&rows)[..], &expected[..1]);
    }
}

#[test]
fn what_cannot_be_dated_holds_the_closing_of_its_episode_only() {
    let rows = [
        "p,c,1,2024-03-01,20,0,u1,t,2024-03-01,2024-03-20,planned",
        "p,c,2,2024-03-32,20,0,u1,t,2024-03-01,2024-03-20,planned",
        "q,c,1,2024-03-01,20,0,u1,t,2024-03-01,2024-03-20,planned",
    ];
    let what: Vec<_> = bounds(&rows).into_iter().map(|it| it.0).collect();
    assert_eq!(
        what,
        [
            FateSubject::Opening,
            FateSubject::Opening,
            FateSubject::Closing
        ]
    );
}

#[test]
fn rows_that_close_an_episode_before_they_open_it_are_refused_together_or_apart() {
    assert!(bounds(&["p,c,1,2024-03-01,20,0,u,t,2024-03-02,2024-03-01,planned"]).is_empty());
    let apart = [
        "p,c,1,2024-03-01,20,0,u,t,2024-03-02,,",
        "p,c,2,2024-03-08,20,0,u,t,,2024-03-01,planned",
    ];
    assert!(bounds(&apart).is_empty());
    let same_day = ["p,c,1,2024-03-01,20,0,u,t,2024-03-02,2024-03-02,planned"];
    assert_eq!(bounds(&same_day).len(), 2);
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
        let ids = SubmissionIds::new(b"key");
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
