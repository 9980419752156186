//! Stories that are told, not drawn: what chance alone meets too rarely. Comes in: nothing. Goes
//! out: actions. The invariant: the faults around them are still drawn.

use medvirk_domain::record::{
    ControlRecord, EpisodeKey, Event, EventBody, WithdrawalScope, WithdrawalSubject,
};
use medvirk_domain::time::{Day, Month};

use crate::rules::FIRST;
use crate::story::{self, Action, Story};

/// Three persons are in January's row; then two of them are erased. A task that starts anew sees
/// one person in January, too few for a row, and must empty the group all the same: otherwise the
/// third one is counted again in April, together with a fourth who has waited since February.
pub(crate) fn erased_after_close() -> Story {
    let first = Month::new(2024, 1).expect("a month");
    let mut actions: Vec<Action> = (0..3).flat_map(|number| course(first, number)).collect();
    actions.push(close(first));
    for number in 0..2 {
        let subject = WithdrawalSubject::Person(story::person(number));
        let scope = WithdrawalScope::All;
        actions.push(Action::Steer(ControlRecord::Withdrawal { subject, scope }));
    }
    let mut epilogue = course(first.next(), 3);
    epilogue.extend((1..4).map(|after| close(first.plus(after))));
    Story {
        first,
        actions,
        epilogue,
        last: first.plus(3),
    }
}

fn close(month: Month) -> Action {
    let partly = false;
    Action::Close { month, partly }
}

/// An episode with one session.
fn course(month: Month, number: u8) -> Vec<Action> {
    let episode = EpisodeKey {
        person: story::person(number),
        episode: story::named(b'e', number),
    };
    let day = Day(month.first_day().0 + 3);
    let opened = EventBody::EpisodeOpened {
        episode,
        day,
        therapist: Some(story::named(b't', number)),
    };
    let session = EventBody::Session {
        episode,
        day,
        number: 1,
        revision: 0,
        forms: vec![story::ally(20 + i64::from(number))],
    };
    let submit = |sender: String, body| {
        Action::Submit(Box::new(Event {
            sender,
            catalogue: FIRST.hash,
            submission_id: [number; 16],
            ingested_at: 0,
            unit: "ta1a".parse().expect("an id"),
            body,
        }))
    };
    vec![
        submit("desk".to_owned(), opened),
        submit(format!("tablet-{number}"), session),
    ]
}
