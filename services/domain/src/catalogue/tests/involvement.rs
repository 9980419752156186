//! The form that leaders of units fill in: its rules, and what may be answered.

use super::*;

const FORM: &str = "involvement.toml";

fn check(from: &str, to: &str) {
    breaks("involvement", FORM, from, to);
}

#[test]
fn an_item_has_what_it_asks_for() {
    check(
        "id = \"user-council\"\n",
        "id = \"user-council\" # here\nmax = 3\n",
    );
    check(
        "id = \"peer-workers\"\n",
        "id = \"peer-workers\" # here\nchoices = []\n",
    );
    let max = "id = \"peer-workers\"\nasks = \"count\"\nmax = 200\n";
    check(
        max,
        "id = \"peer-workers\" # here\nasks = \"count\"\nmax = 0\n",
    );
    breaks(
        "title",
        FORM,
        "id = \"user-council\"\nasks = \"degree\"\ntitle = { nb =",
        "id = \"user-council\" # here\nasks = \"degree\"\ntitle = { se =",
    );
    let twice = "id = \"peer-workers\"\n";
    let again = "id = \"user-council\" # here\n";
    breaks("unique-id", FORM, twice, again);
}

#[test]
fn a_form_needs_an_item() {
    let mut files = shipped();
    let file = files.iter_mut().find(|file| file.path == FORM).unwrap();
    file.text = "title = { nb = \"x\", nn = \"x\", en = \"x\" } # here\n".to_owned();
    refused(&files, "involvement", FORM);
    // There may be no form at all.
    files.retain(|file| file.path != FORM);
    assert!(loaded(&files).involvement.is_none());
}

#[test]
fn an_answer_is_one_that_is_asked_for() {
    use crate::catalogue::{InvolvementAnswer as Answer, InvolvementDegree, InvolvementQuestion};
    let form = loaded(&shipped()).involvement.unwrap();
    let answer = |item: &InvolvementItem| match &item.asks {
        InvolvementQuestion::Degree => Answer::Degree(InvolvementDegree::Partly),
        InvolvementQuestion::Count(max) => Answer::Count(*max),
        InvolvementQuestion::Choices(choices) => Answer::Choices(vec![choices[0].id.clone()]),
    };
    let items = form.items.iter();
    let right: Vec<_> = items.map(|item| (item.id.clone(), answer(item))).collect();
    assert_eq!(form.check(&right), Ok(()));
    let place = |id: &str| {
        right
            .iter()
            .position(|(item, _)| item.as_str() == id)
            .unwrap()
    };
    let wrong = |answers: Vec<_>, field: &str| {
        let found = form.check(&answers).expect_err("it is refused");
        let fields: Vec<_> = found.iter().map(|one| one.field.as_str()).collect();
        assert_eq!(fields, [field], "{found:?}");
    };
    let with = |id: &str, answer: Answer| {
        let mut answers = right.clone();
        answers[place(id)].1 = answer;
        (answers, format!("answers[{}]", place(id)))
    };
    for (answers, field) in [
        with("user-council", Answer::Count(1)),
        with("peer-workers", Answer::Count(201)),
        with("peer-workers", Answer::Degree(InvolvementDegree::Yes)),
        with(
            "feedback-tools",
            Answer::Choices(vec!["abacus".parse().unwrap()]),
        ),
        with(
            "feedback-tools",
            Answer::Choices(vec!["fit".parse().unwrap(); 2]),
        ),
        with("feedback-tools", Answer::Degree(InvolvementDegree::No)),
    ] {
        wrong(answers, &field);
    }
    wrong(right[1..].to_vec(), "answers");
    let twice = [right.clone(), right[..1].to_vec()].concat();
    wrong(twice, &format!("answers[{}].item", right.len()));
    let other = ("other".parse().unwrap(), Answer::Count(1));
    let more = [right.clone(), vec![other]].concat();
    wrong(more, &format!("answers[{}].item", right.len()));
    // No tool at all is an answer.
    let (none, _) = with("feedback-tools", Answer::Choices(Vec::new()));
    assert_eq!(form.check(&none), Ok(()));
}
