use medvirk_domain::catalogue::{
    InvolvementAnswer, InvolvementChoice, InvolvementDegree, InvolvementForm, InvolvementItem,
    InvolvementQuestion,
};

use super::*;
use crate::sample;

fn titles(text: &str) -> Titles {
    [("en".to_owned(), text.to_owned())].into()
}

fn told(unit: &str, answers: &[(&str, InvolvementAnswer)]) -> InvolvementAnswers {
    let answer = |(id, answer): &(&str, InvolvementAnswer)| (id.parse().unwrap(), answer.clone());
    InvolvementAnswers {
        unit: unit.parse().unwrap(),
        year: 2024,
        answers: answers.iter().map(answer).collect(),
        sender: "leader".to_owned(),
        ingested_at: 0,
    }
}

#[test]
fn what_a_unit_says_comes_in_the_order_of_the_form_in_force() {
    let item = |id: &str, asks| InvolvementItem {
        id: id.parse().unwrap(),
        title: titles(id),
        asks,
    };
    let mut catalogue = sample::catalogue();
    let form = InvolvementForm {
        title: titles("form"),
        items: vec![
            item("council", InvolvementQuestion::Degree),
            item("peers", InvolvementQuestion::Count(9)),
        ],
        sources: Vec::new(),
        unverified: Vec::new(),
    };
    let all = [
        told(
            "tau",
            &[
                ("peers", InvolvementAnswer::Count(2)),
                // Not asked for any more.
                ("plans", InvolvementAnswer::Degree(InvolvementDegree::No)),
                (
                    "council",
                    InvolvementAnswer::Degree(InvolvementDegree::Partly),
                ),
            ],
        ),
        // A unit that is gone.
        told("gone", &[("peers", InvolvementAnswer::Count(1))]),
    ];
    assert_eq!(said(&catalogue, &all), []);
    catalogue.involvement = Some(form);
    let said = said(&catalogue, &all);
    let short: Vec<_> = said
        .iter()
        .map(|it| (&*it.unit, &*it.item, &*it.answer))
        .collect();
    assert_eq!(short, [("tau", "council", "partly"), ("tau", "peers", "2")]);
    let message = wire::Involvement::from(said[1].clone());
    assert_eq!((message.year, message.answer.as_str()), (2024, "2"));
}

#[test]
fn what_was_chosen_has_its_names_in_the_order_of_the_form() {
    let choice = |id: &str| InvolvementChoice {
        id: id.parse().unwrap(),
        title: titles(&id.to_uppercase()),
    };
    let asks = InvolvementQuestion::Choices(vec![choice("fit"), choice("norse"), choice("other")]);
    let chose = |ids: &[&str]| {
        InvolvementAnswer::Choices(ids.iter().map(|id| id.parse().unwrap()).collect())
    };
    let named = |id: &str, title: &str| (id.to_owned(), titles(title));
    assert_eq!(
        chosen(&asks, &chose(&["norse", "gone", "fit"])),
        [
            named("fit", "FIT"),
            named("norse", "NORSE"),
            ("gone".to_owned(), Titles::new())
        ]
    );
    assert_eq!(chosen(&asks, &chose(&[])), []);
    assert_eq!(chosen(&asks, &InvolvementAnswer::Count(2)), []);
    // The item asked for choices before, and asks for a number now.
    assert_eq!(
        chosen(&InvolvementQuestion::Count(9), &chose(&["fit"])),
        [("fit".to_owned(), Titles::new())]
    );
}
