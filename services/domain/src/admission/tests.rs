use super::*;
use crate::catalogue::{CatalogueLimits, shipped};
use crate::form::Respondent;
use crate::ids::{CatalogueHash, Pseudonym};
use crate::partition::of_trust;
use crate::record::{EpisodeKey, EventBody};
use crate::time::Day;

fn catalogue() -> Catalogue {
    let hash = CatalogueHash::new([1; 32]);
    Catalogue::load(&shipped(), hash, CatalogueLimits::default()).unwrap()
}

/// The total of an outcome form.
fn outcome(total: i32) -> Form {
    Form {
        instrument: "fit-ors".parse().unwrap(),
        version: 1,
        respondent: Respondent::Patient,
        age: None,
        items: Vec::new(),
        total: Some(FixedPoint::from_int(total)),
    }
}

fn session(catalogue: &Catalogue, forms: Vec<Form>) -> Event {
    let unit = catalogue.organisations.units.keys().next().unwrap();
    Event {
        sender: "tablet".to_owned(),
        catalogue: CatalogueHash::new([1; 32]),
        submission_id: [2; 16],
        ingested_at: 0,
        unit: unit.clone(),
        body: EventBody::Session {
            episode: EpisodeKey {
                person: Pseudonym::new([3; 16]),
                episode: Pseudonym::new([4; 16]),
            },
            day: Day(19_000),
            number: 1,
            revision: 0,
            forms,
        },
    }
}

/// The partition that the event belongs to, of twelve.
fn home(event: &Event, catalogue: &Catalogue) -> LogPartition {
    let trust = catalogue.organisations.trust_of(&event.unit).unwrap();
    LogPartition {
        number: of_trust(trust, 12),
        of: 12,
    }
}

#[test]
fn an_event_is_worth_its_trust_and_the_scores_of_its_forms_in_their_order() {
    let catalogue = catalogue();
    let event = session(&catalogue, vec![outcome(30), outcome(12)]);
    let admitted = admit(&event, &catalogue, home(&event, &catalogue)).unwrap();
    assert_eq!(
        Some(admitted.trust),
        catalogue.organisations.trust_of(&event.unit)
    );
    let totals: Vec<_> = admitted.forms.iter().map(|form| form.scores[0]).collect();
    assert_eq!(
        totals,
        [30, 12].map(|total| Some(FixedPoint::from_int(total)))
    );
    for (form, admitted) in event.body.forms().iter().zip(&admitted.forms) {
        let scored = admitted.instrument.score(form).unwrap();
        let values = scored.scores.iter().map(|score| score.value);
        assert!(values.eq(admitted.scores.iter().copied()));
    }
}

#[test]
fn every_reason_has_its_event_and_one_bad_form_refuses_the_whole() {
    let catalogue = catalogue();
    let good = session(&catalogue, vec![outcome(30)]);
    let home = home(&good, &catalogue);
    let check = |event: &Event, partition, expected| {
        let rejection = admit(event, &catalogue, partition).err();
        assert_eq!(rejection, Some(expected));
    };
    let elsewhere = LogPartition {
        number: (home.number + 1) % home.of,
        ..home
    };
    check(&good, elsewhere, RecordRejection::WrongPartition);

    let mut event = session(&catalogue, vec![outcome(99)]);
    check(&event, home, RecordRejection::InvalidForm);
    // What comes first in the judgement is the reason.
    check(&event, elsewhere, RecordRejection::WrongPartition);
    event.unit = "nowhere".parse().unwrap();
    check(&event, elsewhere, RecordRejection::UnknownUnit);

    let mut unknown = outcome(30);
    unknown.version = 9;
    let event = session(&catalogue, vec![outcome(30), unknown]);
    check(&event, home, RecordRejection::UnknownInstrument);
    let event = session(&catalogue, vec![outcome(30), outcome(99)]);
    check(&event, home, RecordRejection::InvalidForm);
}

#[test]
fn a_close_that_comes_too_early_closes_nothing() {
    let month: Month = "2024-01".parse().unwrap();
    assert!(!closes_in_time(month, month.closes_from() - 1));
    assert!(closes_in_time(month, month.closes_from()));
}
