//! From the log to the tables.

use std::sync::Arc;

use medvirk_domain::record::{ControlRecord, EpisodeEnding, EventBody, WithdrawalScope};
use medvirk_eventlog::{NewRecord, Topic};
use medvirk_records::{codec, genesis};
use medvirk_registrar::{RegistrarError, adopt};
use medvirk_store::Error as StoreError;
use medvirk_store::registry::RegistryTable;

use crate::room::NoRoom;
use crate::world::{HERE, THERE, World, day, impossible, month, ors, session};

/// Tables from before they named a deployment are taken by the log that they were filled from, and by
/// no other one; once they name one, by the name.
#[tokio::test(flavor = "multi_thread")]
async fn tables_are_taken_into_use_by_the_log_they_were_filled_from() {
    let (ours, theirs) = (World::start().await, World::start().await);
    for (world, patient) in [(&ours, "4711"), (&theirs, "4712")] {
        world.session(HERE, patient, 30).await;
        let running = world.run();
        running.caught_up(world.log.as_ref()).await;
        running.stop().await.unwrap();
    }
    let id = async |world: &World| {
        let genesis = genesis::read(world.log.as_ref()).await.unwrap();
        genesis.unwrap().deployment
    };
    let (our_id, their_id) = (id(&ours).await, id(&theirs).await);
    let foreign = adopt(ours.log.as_ref(), &theirs.writer, our_id).await;
    let foreign = foreign.unwrap_err();
    assert!(
        matches!(foreign, RegistrarError::ForeignTables { .. }),
        "{foreign}"
    );
    adopt(ours.log.as_ref(), &ours.writer, our_id)
        .await
        .unwrap();
    adopt(ours.log.as_ref(), &ours.writer, our_id)
        .await
        .unwrap();
    let named = adopt(theirs.log.as_ref(), &ours.writer, their_id).await;
    let named = named.unwrap_err();
    assert!(
        matches!(
            named,
            RegistrarError::Store(StoreError::OtherDeployment { .. })
        ),
        "{named}"
    );
    assert_eq!(ours.count(RegistryTable::SessionForm).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_event_becomes_a_row() {
    let world = World::start().await;
    let episode = world.episode("4711");
    let code = world.pseudonyms.nonce(b"nonce");
    let (day, month) = (day("2024-03-01"), month("2024-03"));
    let bodies = [
        EventBody::EpisodeOpened {
            episode,
            day,
            therapist: Some(world.pseudonyms.therapist(&world.trust(HERE), "t1")),
        },
        session(episode, 1, 0, vec![ors(20)]),
        EventBody::RegistryForm {
            episode,
            day,
            revision: 0,
            form: ors(20),
        },
        EventBody::EpisodeClosed {
            episode,
            day,
            ending: EpisodeEnding::Planned,
        },
        EventBody::InvitationIssued { code, month },
        EventBody::DischargeSurvey {
            code,
            month,
            form: ors(20),
        },
    ];
    for body in bodies {
        let event = world.event(HERE, rand::random(), body);
        world.send(&event).await;
    }
    world.session(THERE, "4712", 30).await;
    let running = world.run();
    running.caught_up(world.log.as_ref()).await;
    for (table, rows) in [
        (RegistryTable::SessionForm, 2),
        (RegistryTable::RegistryForm, 1),
        (RegistryTable::SurveyForm, 1),
        (RegistryTable::Episode, 2),
        (RegistryTable::Invitation, 1),
    ] {
        assert_eq!(world.count(table).await, rows, "{table:?}");
    }
    assert_eq!(world.totals("4711").await, [20]);
    assert_eq!(world.totals("4712").await, [30]);
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_can_be_queried_as_soon_as_the_registrar_has_passed_it() {
    let world = World::start().await;
    let running = world.run();
    world.session(HERE, "first", 10).await;
    running.caught_up(world.log.as_ref()).await;
    for patient in ["a", "b", "c"] {
        world.session(HERE, patient, 20).await;
        running.caught_up(world.log.as_ref()).await;
        assert_eq!(world.totals(patient).await, [20]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_submission_sent_three_times_is_one_row() {
    let world = World::start().await;
    let running = world.run();
    let body = session(world.episode("4711"), 1, 0, vec![ors(20)]);
    let event = world.event(HERE, rand::random(), body);
    for _ in 0..3 {
        world.send(&event).await;
        running.caught_up(world.log.as_ref()).await;
    }
    assert_eq!(world.count(RegistryTable::SessionFormReceived).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_corrected_session_the_highest_revision_is_shown() {
    let world = World::start().await;
    let running = world.run();
    for (revision, score) in [(2, 22), (0, 10), (1, 21)] {
        let body = session(world.episode("4711"), 1, revision, vec![ors(score)]);
        let event = world.event(HERE, rand::random(), body);
        world.send(&event).await;
        running.caught_up(world.log.as_ref()).await;
    }
    assert_eq!(world.totals("4711").await, [22]);
    assert_eq!(world.count(RegistryTable::SessionFormReceived).await, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_corrected_form_of_the_register_the_highest_revision_is_shown() {
    let world = World::start().await;
    let running = world.run();
    for (revision, score) in [(2, 22), (0, 10), (1, 21)] {
        let body = EventBody::RegistryForm {
            episode: world.episode("4711"),
            day: day("2024-03-01"),
            revision,
            form: ors(score),
        };
        let event = world.event(HERE, rand::random(), body);
        world.send(&event).await;
        running.caught_up(world.log.as_ref()).await;
    }
    assert_eq!(world.count(RegistryTable::RegistryForm).await, 1);
    assert_eq!(world.count(RegistryTable::RegistryFormReceived).await, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_fold_refuses_has_no_row() {
    let world = World::start().await;
    let episode = world.episode("4711");
    // One bad form of two, a unknown instrument, an unknown unit, a wrong partition, no protobuf.
    let unknown = medvirk_domain::form::Form {
        instrument: "other".parse().unwrap(),
        ..ors(1)
    };
    for forms in [vec![ors(1), impossible()], vec![unknown]] {
        let event = world.event(HERE, rand::random(), session(episode, 1, 0, forms));
        world.send(&event).await;
    }
    let append = async |value: Vec<u8>| {
        let record = NewRecord::new(codec::event_key([1; 16]), value);
        let partition = world.partition(HERE);
        world
            .log
            .append(Topic::Events, partition, record)
            .await
            .unwrap();
    };
    for unit in ["nowhere", THERE] {
        let event = world.event(unit, [1; 16], session(episode, 1, 0, vec![ors(1)]));
        append(codec::encode_event(&event)).await;
    }
    append(b"not protobuf".to_vec()).await;
    world.session(HERE, "4712", 30).await;
    let running = world.run();
    running.caught_up(world.log.as_ref()).await;
    assert_eq!(world.count(RegistryTable::SessionFormReceived).await, 1);
    assert_eq!(world.totals("4712").await, [30]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_goes_on_where_it_was_and_loses_nothing() {
    let mut world = World::start().await;
    let running = world.run();
    world.session(HERE, "a", 10).await;
    running.caught_up(world.log.as_ref()).await;
    running.stop().await.unwrap();
    world.session(HERE, "b", 20).await;
    world.engine.kill_and_reopen();
    world.reconnect();
    let running = world.run();
    running.caught_up(world.log.as_ref()).await;
    assert_eq!(world.totals("a").await, [10]);
    assert_eq!(world.totals("b").await, [20]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_that_does_not_answer_is_waited_for() {
    let mut world = World::start().await;
    let running = world.run();
    world.session(HERE, "a", 10).await;
    running.caught_up(world.log.as_ref()).await;
    let before = running.handle.next_offsets();
    world.engine.kill();
    world.session(HERE, "b", 20).await;
    assert_eq!(running.handle.next_offsets(), before);
    running.stop().await.unwrap();
    world.engine.kill_and_reopen();
    world.reconnect();
    let running = world.run();
    running.caught_up(world.log.as_ref()).await;
    assert_eq!(world.totals("b").await, [20]);
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_without_room_are_tidied_and_filled() {
    let world = World::start().await;
    let running = world.run_into(Arc::new(NoRoom::until_tidied(world.writer.clone())));
    world.session(HERE, "a", 10).await;
    running.caught_up(world.log.as_ref()).await;
    assert_eq!(world.totals("a").await, [10]);
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_that_are_lost_are_filled_again_from_the_log() {
    let mut world = World::start().await;
    let running = world.run();
    world.session(HERE, "a", 10).await;
    world.session(HERE, "gone", 20).await;
    world.withdraw(HERE, "gone", WithdrawalScope::All).await;
    running.caught_up(world.log.as_ref()).await;
    running.stop().await.unwrap();
    world.replace_engine().await;
    let running = world.run();
    running.caught_up(world.log.as_ref()).await;
    assert_eq!(world.totals("a").await, [10]);
    assert_eq!(world.count(RegistryTable::SessionFormReceived).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_control_record_that_cannot_be_read_stops_it() {
    let world = World::start().await;
    let month = month("2024-01");
    let close = ControlRecord::PeriodClose {
        month,
        ingested_at: month.closes_from(),
    };
    let mut value = codec::encode_control(&close, month.closes_from());
    // The month is the last thing in it.
    *value.last_mut().unwrap() = 0x7f;
    let record = NewRecord::new(codec::control_key(), value);
    let offset = world.log.append(Topic::Events, 0, record).await.unwrap();
    let outcome = world.run().outcome().await;
    let Err(RegistrarError::Record {
        partition: 0,
        offset: found,
        ..
    }) = outcome
    else {
        panic!("{outcome:?}")
    };
    assert_eq!(found, offset);
}
