//! Promise 5, in the log: a bad record is set aside whole and blocks nothing; a record of a newer
//! program stops the system.

use medvirk_domain::fixed::FixedPoint;
use medvirk_domain::form::{Form, Respondent};
use medvirk_domain::ids::{CatalogueHash, Pseudonym};
use medvirk_domain::record::{EpisodeEnding, EpisodeKey, Event, EventBody};
use medvirk_domain::time::Day;
use medvirk_eventlog::{NewRecord, Topic};
use medvirk_proto::admin::v1::GetStatusRequest;
use medvirk_proto::admin::v1::admin_service_client::AdminServiceClient;
use medvirk_proto::log::v1::{Envelope, PeriodClose, envelope};
use medvirk_records::codec::{SCHEMA_VERSION, encode_event, event_key};
use medvirk_tests::cohort::{PEOPLE, UNITS, everybody, rows_of};
use medvirk_tests::{System, eventually};
use prost::Message;

/// The partition of the trust `north`.
const NORTH: u32 = 0;

/// An answer that is not on a step of the instrument, and must be shown nowhere.
const ANSWER: FixedPoint = FixedPoint::from_micros(777_123_456);

#[tokio::test(flavor = "multi_thread")]
async fn bad_records_are_set_aside_whole_and_block_nothing() {
    let (system, catalogue) = started().await;
    let (mut people, mut last) = (everybody(&UNITS, "2024-01"), Vec::new());
    people.retain(|person| {
        let is_last = person.unit == "south-a" && person.number == PEOPLE - 1;
        is_last.then(|| last.push(person.clone()));
        !is_last
    });
    assert_eq!(system.terminate().await, Some(0));

    let misplaced = last_of_south_a(catalogue);
    plant(&system, b"\xff\xffgarbage that is no protobuf".to_vec()).await;
    plant(
        &system,
        encode_event(&session("nowhere", catalogue, 1, ANSWER)),
    )
    .await;
    plant(
        &system,
        encode_event(&session("north-a", catalogue, 1, ANSWER)),
    )
    .await;
    for event in &misplaced {
        plant(&system, encode_event(event)).await;
    }
    system.start().await;
    let letters = until_there_are(&system, 7).await;
    let ids = |reason: &str| ids_of(&letters, reason);
    assert_eq!(ids("protobuf").len(), 1);
    assert_eq!(ids("unknown-unit").len(), 1);
    assert_eq!(ids("invalid-form").len(), 1);
    assert_eq!(ids("wrong-partition").len(), 4);

    // The fold and the registrar go on behind them.
    system.send_people(&people).await;
    let registry = || async { (system.registry_counts().await?.len() == 39 * 4).then_some(()) };
    eventually("the registry has what is good, and only that", registry).await;

    // Shown without content.
    for id in (1..=7).map(|place| letters[place - 1].split_once(':').unwrap().0) {
        let shown = system.run(&["admin", "dead-letter", "show", id]);
        assert!(shown.contains("feedback.events, partition 0"), "{shown}");
        // Three sevens alone may be a time of day.
        let content = ["777.1", "777123456", "garbage"];
        assert!(!content.iter().any(|text| shown.contains(text)), "{shown}");
    }
    assert!(!system.told().contains("777.1") && !system.told().contains("777123456"));

    // What only lay in the wrong place counts when it is sent in again.
    let replay = [
        &["admin", "dead-letter", "replay"][..],
        &ids("wrong-partition"),
    ]
    .concat();
    let told = system.run(&replay);
    assert!(told.contains("4 sent in again, 0 still refused"), "{told}");
    until_there_are(&system, 3).await;
    system.close("2024-01").await;
    let all = [people, last].concat();
    assert_eq!(system.cohort_rows().await, rows_of(&all));

    // What stays bad stays there, however often it is sent in again.
    let told = system.run(&["admin", "dead-letter", "replay"]);
    assert!(told.contains("2 still refused"), "{told}");
    let letters = until_there_are(&system, 3).await;
    assert_eq!(ids_of(&letters, "invalid-form").len(), 1);
    assert_eq!(system.cohort_rows().await, rows_of(&all));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_must_not_be_skipped_stops_the_system_and_it_says_so() {
    let newer = Envelope {
        schema_version: SCHEMA_VERSION + 1,
        ..Envelope::default()
    };
    let control = Envelope {
        schema_version: SCHEMA_VERSION,
        body: Some(envelope::Body::PeriodClose(PeriodClose { month: 0 })),
        ..Envelope::default()
    };
    let unknown = CatalogueHash::new([9; 32]);
    for (value, says) in [
        (
            newer.encode_to_vec(),
            "schema version 2; this program reads 1",
        ),
        (control.encode_to_vec(), "the control record cannot be read"),
        (
            encode_event(&session("north-a", unknown, 1, FixedPoint::ONE)),
            "names catalogue 0909",
        ),
    ] {
        let (system, _) = started().await;
        assert_eq!(system.terminate().await, Some(0));
        plant(&system, value).await;
        // It does not get better by trying again.
        for _ in 0..2 {
            system.spawn();
            assert_eq!(system.ended().await, Some(70), "{says}");
            let told = system.told();
            let last = told.lines().last().unwrap_or_default();
            assert!(
                last.starts_with("medvirk: ") && last.contains(says),
                "{last}"
            );
            assert!(last.contains("partition 0"), "{last}");
        }
    }
}

/// A system and the catalogue in force.
async fn started() -> (System, CatalogueHash) {
    let system = System::builder().cohort().start().await;
    let hash = catalogue_of(&system).await;
    (system, hash)
}

/// The catalogue in force.
pub(crate) async fn catalogue_of(system: &System) -> CatalogueHash {
    let mut admin = AdminServiceClient::new(system.channel().await);
    let status = admin.get_status(system.as_admin(GetStatusRequest {})).await;
    let text = status.unwrap().into_inner().catalogue;
    let byte = |place| u8::from_str_radix(&text[2 * place..2 * place + 2], 16).unwrap();
    CatalogueHash::new(std::array::from_fn(byte))
}

/// Appends a value to the partition of the trust `north`, as no ingest would.
async fn plant(system: &System, value: Vec<u8>) {
    let log = system.log(2).await;
    let record = NewRecord::new(event_key(rand::random()), value);
    log.append(Topic::Events, NORTH, record).await.unwrap();
}

/// The list once it has so many lines; one line each.
pub(crate) async fn until_there_are(system: &System, wanted: usize) -> Vec<String> {
    let list = || async {
        let told = system.run(&["admin", "dead-letter", "list"]);
        let mut lines: Vec<String> = told.lines().map(str::to_owned).collect();
        assert_eq!(lines.pop(), Some(format!("{} dead letters", lines.len())));
        (lines.len() == wanted).then_some(lines)
    };
    eventually(&format!("there are {wanted} dead letters"), list).await
}

pub(crate) fn ids_of<'a>(letters: &'a [String], reason: &str) -> Vec<&'a str> {
    let parts = letters.iter().filter_map(|line| line.split_once(": "));
    let those = parts.filter(|(_, rest)| rest.starts_with(reason));
    those.map(|(id, _)| id).collect()
}

/// The whole episode of somebody who looks like the last of the people of `south-a`.
pub(crate) fn last_of_south_a(catalogue: CatalogueHash) -> [Event; 4] {
    let event = |sender: &str, body| Event {
        sender: sender.to_owned(),
        body,
        ..session(
            "south-a",
            catalogue,
            1,
            FixedPoint::from_int(1 << (PEOPLE - 1)),
        )
    };
    let opened = EventBody::EpisodeOpened {
        episode: episode(),
        day: Day::from_civil(2024, 1, 3),
        therapist: None,
    };
    let closed = EventBody::EpisodeClosed {
        episode: episode(),
        day: Day::from_civil(2024, 1, 20),
        ending: EpisodeEnding::Planned,
    };
    [
        event("credential-0", opened),
        session(
            "south-a",
            catalogue,
            1,
            FixedPoint::from_int(1 << (PEOPLE - 1)),
        ),
        session("south-a", catalogue, 2, FixedPoint::ONE),
        event("credential-0", closed),
    ]
}

fn episode() -> EpisodeKey {
    EpisodeKey {
        person: Pseudonym::new([7; 16]),
        episode: Pseudonym::new([8; 16]),
    }
}

/// A session with this total.
pub(crate) fn session(
    unit: &str,
    catalogue: CatalogueHash,
    number: u32,
    total: FixedPoint,
) -> Event {
    let form = Form {
        instrument: "cohort-total".parse().unwrap(),
        version: 1,
        respondent: Respondent::Patient,
        items: Vec::new(),
        total: Some(total),
        age: None,
    };
    Event {
        sender: "credential-1".to_owned(),
        catalogue,
        submission_id: rand::random(),
        ingested_at: 1_706_745_600_000,
        unit: unit.parse().unwrap(),
        body: EventBody::Session {
            episode: episode(),
            day: Day::from_civil(2024, 1, 10),
            number,
            revision: 0,
            forms: vec![form],
        },
    }
}
