//! Out of the tables and the log.

use std::time::Duration;

use medvirk_domain::ids::Pseudonym;
use medvirk_domain::record::{ControlRecord, EpisodeKey, EventBody, WithdrawalScope};
use medvirk_eventlog::{NewRecord, Topic};
use medvirk_records::codec;
use medvirk_records::codec::DeadLetter;
use medvirk_registrar::GROUP;
use medvirk_registrar::erasure::{ErasureStep, PlacedWithdrawal, perform};
use medvirk_runtime::Clock as _;
use medvirk_store::registry::{PartitionErasure, RegistryTable};

use crate::world::{HERE, THERE, World, day, month, ors, session};

#[tokio::test(flavor = "multi_thread")]
async fn a_withdrawal_leaves_no_row_and_no_byte() {
    let world = World::start().await;
    let running = world.run();
    let (gone, stays) = (
        world.session(HERE, "gone", 10).await,
        world.session(HERE, "stays", 20).await,
    );
    running.caught_up(world.log.as_ref()).await;
    assert!(world.is_on_disk(&gone) && world.is_on_disk(&stays));
    let offset = world.withdraw(HERE, "gone", WithdrawalScope::All).await;
    running.passed(world.partition(HERE), offset).await;
    assert_eq!(world.totals("gone").await, [0; 0]);
    assert_eq!(world.totals("stays").await, [20]);
    assert!(!world.is_on_disk(&gone));
    assert!(world.is_on_disk(&stays));
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_after_any_step_is_made_good() {
    let world = World::start().await;
    let partition = world.partition(HERE);
    for steps in 0..=ErasureStep::ALL.len() {
        let patient = format!("patient {steps}");
        let running = world.run();
        let gone = world.session(HERE, &patient, 10).await;
        running.caught_up(world.log.as_ref()).await;
        running.stop().await.unwrap();
        let withdrawal = PlacedWithdrawal {
            partition,
            offset: world.withdraw(HERE, &patient, WithdrawalScope::All).await,
            subject: world.person(&patient),
            scope: WithdrawalScope::All,
        };
        for step in &ErasureStep::ALL[..steps] {
            let (log, writer) = (world.log.as_ref(), &world.writer);
            perform(*step, &withdrawal, log, writer).await.unwrap();
        }
        let running = world.run();
        running.passed(partition, withdrawal.offset).await;
        assert_eq!(world.totals(&patient).await, [0; 0], "{steps} steps");
        assert!(!world.is_on_disk(&gone), "{steps} steps");
        let keys = world.writer.log_keys(&withdrawal.erasure()).await.unwrap();
        assert!(keys.is_empty(), "{steps} steps");
        running.stop().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_waits_for_the_closes_before_it_and_holds_up_its_partition_alone() {
    let world = World::start().await;
    assert_ne!(world.partition(HERE), world.partition(THERE));
    let running = world.run();
    world.session(HERE, "gone", 10).await;
    let in_time = |text: &str| ControlRecord::PeriodClose {
        month: month(text),
        ingested_at: month(text).closes_from(),
    };
    let too_early = |text: &str| ControlRecord::PeriodClose {
        month: month(text),
        ingested_at: month(text).closes_from() - 1,
    };
    world.control(HERE, in_time("2024-01")).await;
    world.control(HERE, in_time("2024-02")).await;
    world.control(HERE, too_early("2024-03")).await;
    let offset = world.withdraw(HERE, "gone", WithdrawalScope::All).await;
    // The other partition goes on.
    world.session(THERE, "other", 30).await;
    let there = world
        .log
        .end(Topic::Events, world.partition(THERE))
        .await
        .unwrap();
    running.passed(world.partition(THERE), there - 1).await;
    world.close(HERE, month("2024-01")).await;
    running.passed(world.partition(HERE), offset - 1).await;
    for patient in ["another", "one more"] {
        world.session(THERE, patient, 30).await;
        let there = world.log.end(Topic::Events, world.partition(THERE)).await;
        running
            .passed(world.partition(THERE), there.unwrap() - 1)
            .await;
        assert_eq!(world.totals("gone").await, [10]);
    }
    world.close(HERE, month("2024-02")).await;
    running.passed(world.partition(HERE), offset).await;
    assert_eq!(world.totals("gone").await, [0; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_withdrawn_person_sends_later_is_erased_until_a_renewal() {
    let world = World::start().await;
    let running = world.run();
    world.withdraw(HERE, "gone", WithdrawalScope::All).await;
    let late = world.session(HERE, "gone", 10).await;
    running.caught_up(world.log.as_ref()).await;
    world.log.compact().await.unwrap();
    assert!(!world.is_on_disk(&late));
    assert_eq!(world.count(RegistryTable::SessionFormReceived).await, 0);
    // A restart remembers.
    running.stop().await.unwrap();
    let running = world.run();
    world.session(HERE, "gone", 11).await;
    running.caught_up(world.log.as_ref()).await;
    assert_eq!(world.count(RegistryTable::SessionFormReceived).await, 0);
    let person = world.person("gone");
    world.control(HERE, ControlRecord::Renewal { person }).await;
    world.session(HERE, "gone", 12).await;
    running.caught_up(world.log.as_ref()).await;
    assert_eq!(world.totals("gone").await, [12]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_withdrawal_that_is_read_again_does_not_touch_what_came_after_a_renewal() {
    let world = World::start().await;
    let partition = world.partition(HERE);
    let running = world.run();
    let offset = world.withdraw(HERE, "back", WithdrawalScope::All).await;
    world.session(HERE, "back", 10).await;
    let person = world.person("back");
    world.control(HERE, ControlRecord::Renewal { person }).await;
    world.session(HERE, "back", 12).await;
    running.caught_up(world.log.as_ref()).await;
    running.stop().await.unwrap();
    // As after a crash before the commit.
    let again = world.log.commit(GROUP, Topic::Events, partition, offset);
    again.await.unwrap();
    let running = world.run();
    running.caught_up(world.log.as_ref()).await;
    assert_eq!(world.totals("back").await, [12]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_withdrawal_from_the_register_erases_its_forms_alone() {
    let world = World::start().await;
    let running = world.run();
    // Each form in an episode of its own, so that it can be told from the session on the disk.
    let form = |mark: [u8; 16]| EventBody::RegistryForm {
        episode: EpisodeKey {
            person: world.person("4711"),
            episode: Pseudonym::new(mark),
        },
        day: day("2024-03-01"),
        revision: 0,
        form: ors(20),
    };
    let (gone, late): ([u8; 16], [u8; 16]) = (rand::random(), rand::random());
    let event = world.event(HERE, rand::random(), form(gone));
    world.send(&event).await;
    let stays = world.session(HERE, "4711", 20).await;
    world
        .withdraw(HERE, "4711", WithdrawalScope::Registry)
        .await;
    let event = world.event(HERE, rand::random(), form(late));
    world.send(&event).await;
    running.caught_up(world.log.as_ref()).await;
    world.log.compact().await.unwrap();
    assert_eq!(world.count(RegistryTable::RegistryForm).await, 0);
    assert_eq!(world.totals("4711").await, [20]);
    assert!(!world.is_on_disk(&gone) && !world.is_on_disk(&late));
    assert!(world.is_on_disk(&stays));
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_letters_of_the_person_are_erased() {
    let world = World::start().await;
    let running = world.run();
    let mut marks = Vec::new();
    for patient in ["gone", "stays"] {
        let body = session(
            world.episode(patient),
            1,
            0,
            vec![crate::world::impossible()],
        );
        world
            .set_aside(&world.event(HERE, rand::random(), body))
            .await;
        marks.push(*world.episode(patient).episode.as_bytes());
    }
    world.withdraw(HERE, "gone", WithdrawalScope::All).await;
    running.caught_up(world.log.as_ref()).await;
    assert!(!world.is_on_disk(&marks[0]));
    assert!(world.is_on_disk(&marks[1]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_event_and_a_damaged_dead_letter_hold_up_nobody() {
    let world = World::start().await;
    let running = world.run();
    let mut marks = Vec::new();
    for patient in ["stays", "gone"] {
        marks.push(world.session(HERE, patient, 10).await);
        let forms = vec![crate::world::impossible()];
        let body = session(world.episode(patient), 2, 0, forms);
        let event = world.event(HERE, rand::random(), body);
        world.set_aside(&event).await;
    }
    running.caught_up(world.log.as_ref()).await;
    // Both are about who stays.
    world.damage(&format!("events_{}", world.partition(HERE)));
    world.damage("dead_letter_0");
    let offset = world.withdraw(HERE, "gone", WithdrawalScope::All).await;
    running.passed(world.partition(HERE), offset).await;
    assert!(world.is_on_disk(&marks[0]), "nothing is thrown away");
    assert!(!world.is_on_disk(&marks[1]));
    assert_eq!(world.totals("gone").await, [0; 0]);
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_is_kept_for_90_days() {
    let world = World::start().await;
    let now = world.clock.now_ms();
    let mark = |days: i64| format!("a letter of {days} days").into_bytes();
    for days in [89, 91] {
        let letter = DeadLetter {
            topic: Topic::Events,
            partition: 0,
            offset: 0,
            reason: "protobuf".to_owned(),
            key: codec::event_key(rand::random()),
            value: mark(days),
            set_aside_at: now - days * 24 * 3_600_000,
        };
        let record = NewRecord::new(letter.key.clone(), codec::encode_dead_letter(&letter));
        let sent = world.log.append(Topic::DeadLetter, 0, record).await;
        sent.unwrap();
    }
    let running = world.run();
    let deadline = tokio::time::Instant::now() + Duration::from_secs(60);
    loop {
        world.log.compact().await.unwrap();
        if !world.is_on_disk(&mark(91)) {
            break;
        }
        assert!(tokio::time::Instant::now() < deadline);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(world.is_on_disk(&mark(89)));
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_comes_in_late_is_erased_by_the_repetition() {
    let world = World::start().await;
    let running = world.run();
    let offset = world.withdraw(HERE, "gone", WithdrawalScope::All).await;
    running.caught_up(world.log.as_ref()).await;
    running.stop().await.unwrap();
    // A replaced process inserts what it had read before the withdrawal.
    let late = late_row(&world, offset);
    world.writer.insert(&late).await.unwrap();
    assert!(world.is_on_disk(world.episode("gone").episode.as_bytes()));
    assert_eq!(world.count(RegistryTable::SessionForm).await, 0);
    let running = world.run();
    let all = PartitionErasure {
        partition: world.partition(HERE),
        subject: world.person("gone"),
        scope: WithdrawalScope::All,
        before: u64::MAX,
    };
    let deadline = tokio::time::Instant::now() + Duration::from_secs(60);
    while !world.writer.log_keys(&all).await.unwrap().is_empty() {
        assert!(tokio::time::Instant::now() < deadline);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let mark = *world.episode("gone").episode.as_bytes();
    assert!(!world.is_on_disk(&mark));
    running.stop().await.unwrap();
}

/// A row of the person `gone`, from before the withdrawal at `offset`.
fn late_row(world: &World, offset: u64) -> medvirk_store::RegistryBatch {
    use medvirk_store::registry::{FormWithScores, LogKey, RecordOrigin, SessionForm};
    let event = world.event(
        HERE,
        rand::random(),
        session(world.episode("gone"), 1, 0, vec![]),
    );
    let partition = world.partition(HERE);
    let log_offset = offset.saturating_sub(1);
    medvirk_store::RegistryBatch {
        session_forms: vec![SessionForm {
            origin: RecordOrigin {
                partition,
                log_offset,
                submission_id: event.submission_id,
                sender: event.sender,
                catalogue: event.catalogue,
                ingested_at: event.ingested_at,
            },
            episode: world.episode("gone"),
            unit: event.unit,
            day: day("2024-03-01"),
            number: 1,
            revision: 0,
            place: 0,
            form: FormWithScores {
                form: ors(10),
                scores: Vec::new(),
            },
        }],
        log_keys: vec![LogKey {
            subject: world.person("gone"),
            partition,
            log_offset,
            key: codec::event_key(event.submission_id),
            registry_form: false,
        }],
        ..medvirk_store::RegistryBatch::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn on_kafka_no_byte_is_left_in_any_segment_although_nobody_writes_any_more() {
    let mut world = World::start_on_kafka().await;
    world.config.erase_every = Duration::from_millis(200);
    world.config.roll_every = Duration::from_millis(200);
    let (gone, stays) = (
        world.session(HERE, "gone", 10).await,
        world.session(HERE, "stays", 20).await,
    );
    // Another event of that person, which lies in the dead letters too.
    let body = session(
        world.episode("gone"),
        2,
        0,
        vec![crate::world::impossible()],
    );
    let letter = world
        .set_aside(&world.event(HERE, rand::random(), body))
        .await;
    let running = world.run();
    running.caught_up(world.log.as_ref()).await;
    assert!(world.is_in_log(&gone) && world.is_in_log(&letter));

    let offset = world.withdraw(HERE, "gone", WithdrawalScope::All).await;
    running.passed(world.partition(HERE), offset).await;
    assert_eq!(world.totals("gone").await, [0; 0]);
    // From here on only the registrar's own upkeep writes.
    let deadline = tokio::time::Instant::now() + Duration::from_secs(120);
    while world.is_on_disk(&gone) || world.is_on_disk(&letter) {
        assert!(tokio::time::Instant::now() < deadline, "it is still there");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    assert!(world.is_in_log(&stays));
    assert_eq!(world.totals("stays").await, [20]);
    running.stop().await.unwrap();
}
