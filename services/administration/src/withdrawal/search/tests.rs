//! A log with several people in it, and what is found of each.

use std::sync::Arc;

use medvirk_domain::fixed::FixedPoint;
use medvirk_domain::form::{Form, Respondent};
use medvirk_domain::ids::CatalogueHash;
use medvirk_domain::record::{EpisodeEnding, EpisodeKey};
use medvirk_domain::time::Day;
use medvirk_eventlog::NewRecord;
use medvirk_records::codec::{control_key, encode_control, encode_event, event_key};

use super::*;

const DAY: Day = Day(20_000);

fn person(number: u8) -> Pseudonym {
    Pseudonym::new([number; 16])
}

fn event(number: u8, id: u8, body: EventBody) -> NewRecord {
    let submission_id = [id; 16];
    let event = Event {
        sender: format!("tablet-{number}"),
        catalogue: CatalogueHash::new([9; 32]),
        submission_id,
        ingested_at: 1_767_225_600_000,
        unit: "unit".parse().unwrap(),
        body,
    };
    NewRecord::new(event_key(submission_id), encode_event(&event))
}

fn episode(number: u8) -> EpisodeKey {
    EpisodeKey {
        person: person(number),
        episode: Pseudonym::new([100 + number; 16]),
    }
}

fn session(number: u8, id: u8, revision: u32) -> NewRecord {
    let body = EventBody::Session {
        episode: episode(number),
        day: DAY,
        number: 1,
        revision,
        forms: vec![Form {
            instrument: "mood".parse().unwrap(),
            version: 1,
            respondent: Respondent::Patient,
            age: None,
            items: Vec::new(),
            total: Some(FixedPoint::from_int(5)),
        }],
    };
    event(number, id, body)
}

fn closing(number: u8, id: u8, therapist_of: u8) -> [NewRecord; 2] {
    let opened = EventBody::EpisodeOpened {
        episode: episode(number),
        day: DAY,
        // Somebody else's bytes in a record are not their record.
        therapist: Some(person(therapist_of)),
    };
    let closed = EventBody::EpisodeClosed {
        episode: episode(number),
        day: DAY,
        ending: EpisodeEnding::Planned,
    };
    [event(number, id, opened), event(number, id + 1, closed)]
}

fn control(control: ControlRecord) -> NewRecord {
    NewRecord::new(control_key(), encode_control(&control, 1_767_225_600_000))
}

struct Sandbox {
    log: Arc<dyn Log>,
    _folder: tempfile::TempDir,
}

impl Sandbox {
    async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("file:{}", folder.path().display());
        let log = medvirk_eventlog::open(&url, 1).await.unwrap();
        Self {
            log,
            _folder: folder,
        }
    }

    async fn append(&self, record: NewRecord) {
        self.log.append(Topic::Events, 0, record).await.unwrap();
    }

    async fn search(&self, people: &[u8]) -> SubjectSearch<'_> {
        let subjects = people.iter().map(|number| person(*number));
        let mut search = SubjectSearch::new(self.log.as_ref(), 0, subjects);
        search.run().await.unwrap();
        search
    }
}

fn counted(search: &SubjectSearch<'_>, number: u8, scope: WithdrawalScope) -> WithdrawnRecords {
    let mut counts = WithdrawnRecords::default();
    search.count(person(number), scope, &mut counts);
    counts
}

#[tokio::test]
async fn records_are_counted_by_kind_and_a_copy_is_no_second_one() {
    let sandbox = Sandbox::open().await;
    for record in [
        session(1, 1, 0),
        session(1, 1, 0),
        session(1, 2, 0),
        session(1, 3, 1),
    ] {
        sandbox.append(record).await;
    }
    for record in closing(1, 4, 3) {
        sandbox.append(record).await;
    }
    sandbox.append(session(2, 7, 0)).await;
    let search = sandbox.search(&[1, 2, 3]).await;
    let counts = counted(&search, 1, WithdrawalScope::All);
    let expected = WithdrawnRecords {
        episodes_opened: 1,
        sessions: 2,
        corrections: 1,
        episodes_closed: 1,
        ..WithdrawnRecords::default()
    };
    assert!(counts == expected);
    assert!(counted(&search, 1, WithdrawalScope::Registry) == WithdrawnRecords::default());
    assert_eq!(counted(&search, 2, WithdrawalScope::All).sessions, 1);
    // Named as a therapist is not known as a patient.
    assert!(search.knows(person(1)) && search.knows(person(2)) && !search.knows(person(3)));
}

#[tokio::test]
async fn what_has_its_tombstone_is_not_there_and_a_search_goes_on_where_it_ended() {
    let sandbox = Sandbox::open().await;
    let gone = session(1, 1, 0);
    let tombstone = NewRecord::tombstone(gone.key.clone());
    sandbox.append(gone).await;
    sandbox.append(session(1, 2, 0)).await;
    let mut search = sandbox.search(&[1]).await;
    assert_eq!(counted(&search, 1, WithdrawalScope::All).sessions, 2);
    sandbox.append(tombstone).await;
    sandbox.append(session(1, 3, 0)).await;
    let end = sandbox.log.end(Topic::Events, 0).await.unwrap();
    // Without the last one.
    search.run_until(end - 1).await.unwrap();
    assert_eq!(counted(&search, 1, WithdrawalScope::All).sessions, 1);
    search.run_until(end).await.unwrap();
    assert_eq!(counted(&search, 1, WithdrawalScope::All).sessions, 2);
}

#[tokio::test]
async fn who_has_withdrawn_is_known_until_and_after_a_renewal() {
    let sandbox = Sandbox::open().await;
    let subject = WithdrawalSubject::Person(person(1));
    let withdrawal = ControlRecord::Withdrawal {
        subject,
        scope: WithdrawalScope::All,
    };
    assert!(!sandbox.search(&[1]).await.knows(person(1)));
    sandbox.append(control(withdrawal)).await;
    let search = sandbox.search(&[1, 2]).await;
    assert!(search.knows(person(1)) && search.has_withdrawn(person(1)));
    assert!(!search.knows(person(2)) && !search.has_withdrawn(person(2)));
    sandbox
        .append(control(ControlRecord::Renewal { person: person(1) }))
        .await;
    let search = sandbox.search(&[1]).await;
    assert!(search.knows(person(1)) && !search.has_withdrawn(person(1)));
}
