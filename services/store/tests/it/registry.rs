//! The tests of the registry database.

use std::path::Path;

use medvirk_domain::fixed::FixedPoint;
use medvirk_domain::form::{AgeBand, Form, ItemResponse, MissingReason, Respondent};
use medvirk_domain::ids::{CatalogueHash, Pseudonym};
use medvirk_domain::record::{EpisodeEnding, EpisodeKey, WithdrawalScope};
use medvirk_domain::time::Day;
use medvirk_store::registry::{
    ControlAction, ControlMark, EpisodeEvent, EpisodeKind, FormWithScores, IssuedInvitation,
    LogKey, PartitionErasure, PeriodClosed, RecordOrigin, RegistryForm, RegistryTable, SessionForm,
    SurveyForm,
};
use medvirk_store::sandbox::EngineSandbox;
use medvirk_store::{DatabaseConnection, RegistryBatch, RegistryReader, RegistryWriter};

const DATABASE: &str = "registry";

async fn start() -> (EngineSandbox, RegistryWriter, RegistryReader) {
    let engine = crate::engine();
    let writer = RegistryWriter::new(&engine.writer(DATABASE)).unwrap();
    writer.migrate().await.unwrap();
    let reader = RegistryReader::new(&engine.reader(DATABASE)).unwrap();
    (engine, writer, reader)
}

fn origin(log_offset: u64, submission: u8) -> RecordOrigin {
    RecordOrigin {
        partition: 1,
        log_offset,
        submission_id: [submission; 16],
        sender: "tablet-1".to_owned(),
        catalogue: CatalogueHash::new([9; 32]),
        ingested_at: 1_700_000_000_000,
    }
}

pub(crate) fn episode(person: u8) -> EpisodeKey {
    EpisodeKey {
        person: Pseudonym::new([person; 16]),
        episode: Pseudonym::new([person + 100; 16]),
    }
}

fn form(instrument: &str, score: i32) -> FormWithScores {
    let missing = ItemResponse::Missing(MissingReason::NotApplicable);
    FormWithScores {
        form: Form {
            instrument: instrument.parse().unwrap(),
            version: 1,
            respondent: Respondent::Patient,
            items: vec![
                (
                    "a".parse().unwrap(),
                    ItemResponse::Value(FixedPoint::from_int(score)),
                ),
                ("b".parse().unwrap(), missing),
            ],
            total: None,
            age: None,
        },
        scores: vec![
            ("total".to_owned(), Some(FixedPoint::from_int(score))),
            ("other".to_owned(), None),
        ],
    }
}

fn session(log_offset: u64, submission: u8, score: i32) -> SessionForm {
    SessionForm {
        origin: origin(log_offset, submission),
        episode: episode(1),
        unit: "tau".parse().unwrap(),
        day: "2024-03-01".parse().unwrap(),
        number: 1,
        revision: 0,
        place: 0,
        form: form("fit-ors", score),
    }
}

fn sessions(forms: &[SessionForm]) -> RegistryBatch {
    let key = |form: &SessionForm| LogKey {
        subject: form.episode.person,
        partition: form.origin.partition,
        log_offset: form.origin.log_offset,
        key: form.origin.submission_id.repeat(2),
        registry_form: false,
    };
    RegistryBatch {
        session_forms: forms.to_vec(),
        log_keys: forms.iter().map(key).collect(),
        ..RegistryBatch::default()
    }
}

/// First answers of the curve of a person.
async fn curve(reader: &RegistryReader, person: u8) -> Vec<i64> {
    let forms = reader.curve(&episode(person)).await.unwrap();
    let first = |row: &medvirk_store::registry::CurveForm| match row.form.items[0].1 {
        ItemResponse::Value(value) => value.micros() / 1_000_000,
        ItemResponse::Missing(_) => panic!("the first item has a value"),
    };
    forms.iter().map(first).collect()
}

/// [`everything`], with a value that can be found.
pub(crate) fn canaries(value: FixedPoint) -> RegistryBatch {
    let mut batch = everything();
    batch.session_forms[0].form.form.total = Some(value);
    batch
}

/// One of everything, of person 1 and code 200, at offsets 10 to 15.
fn everything() -> RegistryBatch {
    let code = Pseudonym::new([200; 16]);
    let unit = || "tau".parse().unwrap();
    let (day, month): (Day, _) = ("2024-03-01".parse().unwrap(), "2024-03".parse().unwrap());
    let mut batch = sessions(&[session(10, 10, 7)]);
    batch.registry_forms.push(RegistryForm {
        origin: origin(11, 11),
        episode: episode(1),
        unit: unit(),
        day,
        revision: 0,
        form: form("kvarus", 1),
    });
    let kinds = [
        EpisodeKind::Opened {
            therapist: Some(Pseudonym::new([77; 16])),
        },
        EpisodeKind::Closed {
            ending: EpisodeEnding::Planned,
        },
    ];
    for (offset, kind) in (12..).zip(kinds) {
        batch.episodes.push(EpisodeEvent {
            origin: origin(offset, offset as u8),
            episode: episode(1),
            unit: unit(),
            day,
            kind,
        });
    }
    batch.invitations.push(IssuedInvitation {
        origin: origin(14, 14),
        code,
        unit: unit(),
        month,
    });
    batch.survey_forms.push(SurveyForm {
        origin: origin(15, 15),
        code,
        unit: unit(),
        month,
        form: form("kem", 80),
    });
    for offset in 11..=15 {
        batch.log_keys.push(LogKey {
            subject: if offset < 14 { episode(1).person } else { code },
            partition: 1,
            log_offset: offset,
            key: vec![offset as u8; 32],
            registry_form: offset == 11,
        });
    }
    batch
}

async fn counts(reader: &RegistryReader) -> [u64; 5] {
    let mut counts = [0; 5];
    let tables = [
        RegistryTable::SessionForm,
        RegistryTable::RegistryForm,
        RegistryTable::SurveyForm,
        RegistryTable::Episode,
        RegistryTable::Invitation,
    ];
    for (count, table) in counts.iter_mut().zip(tables) {
        *count = reader.count(table).await.unwrap();
    }
    counts
}

fn erasure(subject: Pseudonym, scope: WithdrawalScope, before: u64) -> PartitionErasure {
    PartitionErasure {
        partition: 1,
        subject,
        scope,
        before,
    }
}

fn mark(log_offset: u64, action: ControlAction) -> ControlMark {
    ControlMark {
        partition: 1,
        log_offset,
        subject: episode(1).person,
        action,
    }
}

#[tokio::test]
async fn every_kind_of_row_comes_in_and_the_curve_comes_back() {
    let (_engine, writer, reader) = start().await;
    writer.insert(&everything()).await.unwrap();
    assert_eq!(counts(&reader).await, [1, 1, 1, 2, 1]);
    let curve = reader.curve(&episode(1)).await.unwrap();
    let [row] = &curve[..] else {
        panic!("one form was sent")
    };
    assert_eq!(row.day, "2024-03-01".parse().unwrap());
    assert_eq!(
        (row.number, row.partition, row.unit.as_str()),
        (1, 1, "tau")
    );
    assert!(row.form == form("fit-ors", 7).form, "all that was sent");
    assert_eq!(row.catalogue, CatalogueHash::new([9; 32]));
}

#[tokio::test]
async fn a_form_comes_back_as_it_was_sent() {
    let (_engine, writer, reader) = start().await;
    let mut sent = Vec::new();
    for (number, age) in (1..).zip([Some(AgeBand::Adolescent), Some(AgeBand::Adult), None]) {
        let mut session = session(number.into(), number, 1);
        session.number = number.into();
        session.form.form.age = age;
        sent.push(session);
    }
    let reasons = [
        MissingReason::NotAnswered,
        MissingReason::NotApplicable,
        MissingReason::PreferNot,
        MissingReason::ByDesign,
    ];
    let missing = |reason| ("a".parse().unwrap(), ItemResponse::Missing(reason));
    sent[0].form.form.items = reasons.map(missing).to_vec();
    sent[1].form.form.respondent = Respondent::Caretaker;
    sent[2].form.form.items.clear();
    sent[2].form.form.total = Some(FixedPoint::from_micros(-1));
    writer.insert(&sessions(&sent)).await.unwrap();
    let curve = reader.curve(&episode(1)).await.unwrap();
    let back: Vec<_> = curve.into_iter().map(|row| row.form).collect();
    let sent: Vec<_> = sent.into_iter().map(|session| session.form.form).collect();
    assert!(back == sent);
}

#[tokio::test]
async fn the_first_of_equal_submissions_stays_whatever_comes_in_first() {
    let (_engine, writer, reader) = start().await;
    for forms in [
        [session(7, 1, 7), session(9, 1, 9)],
        [session(5, 1, 5), session(7, 1, 7)],
    ] {
        writer.insert(&sessions(&forms)).await.unwrap();
    }
    assert_eq!(curve(&reader, 1).await, [5]);
    assert_eq!(
        reader
            .count(RegistryTable::SessionFormReceived)
            .await
            .unwrap(),
        1
    );
}

#[tokio::test]
async fn of_a_session_its_highest_revision_is_read_whole() {
    let (_engine, writer, reader) = start().await;
    let revised = |offset, revision, score| SessionForm {
        revision,
        ..session(offset, offset as u8, score)
    };
    let other_form = |offset, score| SessionForm {
        place: 1,
        form: form("fit-srs", score),
        ..session(offset, offset as u8, score)
    };
    // Out of order; the form that the correction leaves out is gone; of one revision the first.
    let forms = [
        revised(6, 2, 26),
        session(1, 1, 1),
        other_form(1, 11),
        revised(5, 2, 25),
        revised(4, 1, 4),
    ];
    writer.insert(&sessions(&forms)).await.unwrap();
    assert_eq!(curve(&reader, 1).await, [25]);
    assert_eq!(
        reader
            .count(RegistryTable::SessionFormReceived)
            .await
            .unwrap(),
        5
    );
}

#[tokio::test]
async fn another_session_or_person_is_another_row() {
    let (_engine, writer, reader) = start().await;
    let second = SessionForm {
        number: 2,
        ..session(2, 2, 2)
    };
    let other = SessionForm {
        episode: episode(2),
        ..session(3, 3, 3)
    };
    let batch = sessions(&[session(1, 1, 1), second, other]);
    writer.insert(&batch).await.unwrap();
    assert_eq!(curve(&reader, 1).await, [1, 2]);
    assert_eq!(curve(&reader, 2).await, [3]);
    assert_eq!(curve(&reader, 3).await, [0; 0]);
}

#[tokio::test]
async fn a_withdrawal_hides_at_once_and_a_renewal_shows_again() {
    let (_engine, writer, reader) = start().await;
    writer.insert(&everything()).await.unwrap();
    let marks = [
        mark(20, ControlAction::Withdrawn(WithdrawalScope::Registry)),
        mark(21, ControlAction::Withdrawn(WithdrawalScope::All)),
        mark(22, ControlAction::Renewed),
    ];
    let shown = [[1, 0, 1, 2, 1], [0, 0, 1, 0, 1], [1, 1, 1, 2, 1]];
    for (mark, shown) in marks.iter().zip(shown) {
        writer.mark(mark).await.unwrap();
        // A repeat of an older one does not undo a newer one.
        writer.mark(&marks[0]).await.unwrap();
        assert_eq!(counts(&reader).await, shown);
    }
    assert_eq!(writer.marks(1).await.unwrap(), marks);
    assert_eq!(writer.marks(0).await.unwrap(), []);
}

#[tokio::test]
async fn an_erasure_takes_what_it_names_and_nothing_else() {
    let (_engine, writer, reader) = start().await;
    writer.insert(&everything()).await.unwrap();
    let other = SessionForm {
        episode: episode(2),
        ..session(16, 16, 3)
    };
    let later = SessionForm {
        number: 2,
        ..session(30, 30, 3)
    };
    writer.insert(&sessions(&[other, later])).await.unwrap();
    let register = erasure(episode(1).person, WithdrawalScope::Registry, 20);
    let keys = writer.log_keys(&register).await.unwrap();
    assert_eq!(
        keys.iter().map(|key| key.log_offset).collect::<Vec<_>>(),
        [11]
    );
    writer.delete_rows(&[register]).await.unwrap();
    assert_eq!(counts(&reader).await, [3, 0, 1, 2, 1]);

    let all = erasure(episode(1).person, WithdrawalScope::All, 20);
    let keys = writer.log_keys(&all).await.unwrap();
    let offsets: Vec<u64> = keys.iter().map(|key| key.log_offset).collect();
    assert_eq!(offsets, [10, 11, 12, 13]);
    assert_eq!(keys[1].key, [11; 32]);
    for _ in 0..2 {
        writer.delete_rows(&[all]).await.unwrap();
        writer.delete_keys(&[all]).await.unwrap();
        assert_eq!(writer.log_keys(&all).await.unwrap(), []);
    }
    assert_eq!(counts(&reader).await, [2, 0, 1, 0, 1]);

    let code = erasure(Pseudonym::new([200; 16]), WithdrawalScope::All, 20);
    writer.delete_rows(&[code]).await.unwrap();
    assert_eq!(counts(&reader).await, [2, 0, 0, 0, 0]);
    let later = erasure(episode(1).person, WithdrawalScope::All, 31);
    assert_eq!(writer.log_keys(&later).await.unwrap().len(), 1);
}

#[tokio::test]
async fn what_is_erased_leaves_the_disk() {
    let (engine, writer, _reader) = start().await;
    // Random bytes do not compress, so they are on the disk as they are.
    let (gone, stays): ([u8; 16], [u8; 16]) = (rand::random(), rand::random());
    for (offset, submission_id) in [(1, gone), (2, stays)] {
        let mut form = session(offset, 1, 7);
        form.origin.submission_id = submission_id;
        form.episode = episode(offset as u8);
        writer.insert(&sessions(&[form])).await.unwrap();
    }
    assert!(is_on_disk(&engine.data(), &gone) && is_on_disk(&engine.data(), &stays));
    let all = erasure(episode(1).person, WithdrawalScope::All, 3);
    writer.delete_rows(&[all]).await.unwrap();
    writer.delete_keys(&[all]).await.unwrap();
    assert!(!is_on_disk(&engine.data(), &gone));
    assert!(is_on_disk(&engine.data(), &stays));
}

#[tokio::test]
async fn an_erasure_that_was_cut_short_by_kill_9_is_finished() {
    let (mut engine, writer, _reader) = start().await;
    let gone: [u8; 16] = rand::random();
    for submission_id in [gone, rand::random()] {
        let mut form = session(1, 1, 7);
        form.origin.submission_id = submission_id;
        form.episode = episode(1 + u8::from(submission_id != gone));
        writer.insert(&sessions(&[form])).await.unwrap();
    }
    // The rows are in no part in use, but the parts that had them are still there.
    let DatabaseConnection { url, .. } = engine.writer(DATABASE);
    let client = clickhouse::Client::default().with_url(url);
    let client = client.with_user("writer").with_password("writer-secret");
    for (table, column) in [("session_forms", "person"), ("log_keys", "subject")] {
        let hex = "01".repeat(16);
        let sql = format!("ALTER TABLE registry.{table} DELETE WHERE {column} = unhex('{hex}')");
        let delete = client.query(&sql).with_setting("mutations_sync", "1");
        delete.execute().await.unwrap();
    }
    assert!(is_on_disk(&engine.data(), &gone));
    engine.kill_and_reopen();
    let writer = RegistryWriter::new(&engine.writer(DATABASE)).unwrap();
    let all = erasure(episode(1).person, WithdrawalScope::All, 3);
    writer.delete_rows(&[all]).await.unwrap();
    writer.delete_keys(&[all]).await.unwrap();
    assert!(!is_on_disk(&engine.data(), &gone));
}

#[tokio::test]
async fn a_partition_without_a_record_is_known() {
    let (_engine, writer, _reader) = start().await;
    writer.insert(&everything()).await.unwrap();
    assert!(!writer.is_empty(1).await.unwrap());
    assert!(writer.is_empty(0).await.unwrap());
}

#[tokio::test]
async fn the_newest_period_close_before_an_offset_is_known() {
    let (_engine, writer, _reader) = start().await;
    let closed = |month: &str, log_offset| PeriodClosed {
        partition: 1,
        month: month.parse().unwrap(),
        log_offset,
    };
    let batch = RegistryBatch {
        period_closes: vec![closed("2024-01", 5), closed("2024-03", 9)],
        ..RegistryBatch::default()
    };
    let newest = async |before| writer.newest_period_close(1, before).await.unwrap();
    assert_eq!(newest(100).await, None);
    writer.insert(&batch).await.unwrap();
    assert_eq!(newest(5).await, None);
    assert_eq!(newest(9).await, Some("2024-01".parse().unwrap()));
    assert_eq!(newest(10).await, Some("2024-03".parse().unwrap()));
}

#[tokio::test]
async fn tidying_keeps_every_row() {
    let (_engine, writer, reader) = start().await;
    writer.insert(&everything()).await.unwrap();
    writer.tidy().await.unwrap();
    assert_eq!(counts(&reader).await, [1, 1, 1, 2, 1]);
}

fn is_on_disk(directory: &Path, bytes: &[u8]) -> bool {
    std::fs::read_dir(directory).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() {
            return is_on_disk(&path, bytes);
        }
        // A merge may remove it meanwhile.
        let content = std::fs::read(path).unwrap_or_default();
        content.windows(bytes.len()).any(|window| window == bytes)
    })
}
