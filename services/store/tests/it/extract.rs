//! Forms of the register and of sessions, read slice by slice.

use medvirk_domain::fixed::FixedPoint;
use medvirk_domain::form::{AgeBand, Form, ItemResponse, MissingReason, Respondent};
use medvirk_domain::ids::{CatalogueHash, ItemId, Pseudonym};
use medvirk_domain::record::{EpisodeKey, WithdrawalScope};
use medvirk_domain::time::Day;
use medvirk_store::registry::{
    ControlAction, ControlMark, ExtractedForm, FormQuery, FormSource, FormWithScores,
    PseudonymSlice, RecordOrigin, RegistryForm, SessionForm,
};
use medvirk_store::sandbox::EngineSandbox;
use medvirk_store::{RegistryBatch, RegistryReader, RegistryWriter};

const DATABASE: &str = "registry";
const PERSONS: u64 = 200;

async fn filled() -> (EngineSandbox, RegistryWriter, RegistryReader) {
    let engine = crate::engine();
    let writer = RegistryWriter::new(&engine.writer(DATABASE)).unwrap();
    writer.migrate().await.unwrap();
    let reader = RegistryReader::new(&engine.reader(DATABASE)).unwrap();
    let registry_forms = (0..PERSONS).map(registered).collect();
    let batch = RegistryBatch {
        registry_forms,
        ..RegistryBatch::default()
    };
    // Twice, as after a crash between insert and commit.
    writer.insert(&batch).await.unwrap();
    writer.insert(&batch).await.unwrap();
    (engine, writer, reader)
}

/// Spread over the whole range, as keyed hashes are.
fn pseudonym(number: u64) -> Pseudonym {
    let spread = u128::from(number).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835);
    Pseudonym::new(spread.to_be_bytes())
}

/// Form `number`: partition 0 or 1, unit a or b, and every tenth without an answer to `x`.
fn registered(number: u64) -> RegistryForm {
    let value = FixedPoint::from_int(number as i32);
    let x = match number % 10 {
        0 => ItemResponse::Missing(MissingReason::NotAnswered),
        _ => ItemResponse::Value(value),
    };
    let sex = ItemResponse::Value(FixedPoint::from_int((number % 2) as i32));
    RegistryForm {
        origin: RecordOrigin {
            partition: (number % 2) as u32,
            log_offset: number,
            submission_id: u128::from(number).to_be_bytes(),
            sender: "epj".to_owned(),
            catalogue: CatalogueHash::new([9; 32]),
            ingested_at: 1_700_000_000_000,
        },
        episode: EpisodeKey {
            person: pseudonym(number),
            episode: Pseudonym::new([7; 16]),
        },
        unit: ["a", "b"][(number % 2) as usize].parse().unwrap(),
        day: Day(19_000 + number as i32),
        revision: 0,
        form: FormWithScores {
            form: Form {
                instrument: if number == 3 { "other" } else { "basis" }.parse().unwrap(),
                version: 1,
                respondent: Respondent::Other,
                items: vec![("sex".parse().unwrap(), sex), ("x".parse().unwrap(), x)],
                total: None,
                age: None,
            },
            scores: Vec::new(),
        },
    }
}

fn items(ids: &[&str]) -> Vec<ItemId> {
    ids.iter().map(|id| id.parse().unwrap()).collect()
}

fn everything() -> FormQuery {
    FormQuery {
        source: FormSource::Register,
        instrument: "basis".parse().unwrap(),
        items: items(&["x", "absent", "sex"]),
        reasons: items(&["absent", "x"]),
        units: None,
        days: Day::FIRST..=Day::LAST,
        bounds: vec![PERSONS, PERSONS],
    }
}

/// The numbers of the forms, in the order in which they come.
async fn numbers(reader: &RegistryReader, query: &FormQuery, of: u32) -> Vec<u64> {
    let mut numbers = Vec::new();
    let mut last = None;
    for number in 0..of {
        let take = |form: ExtractedForm| {
            assert!(
                last < Some(*form.person.as_bytes()),
                "in the order of the keys"
            );
            last = Some(*form.person.as_bytes());
            let number = u128::from_be_bytes(form.submission_id) as u64;
            let x = (!number.is_multiple_of(10)).then(|| FixedPoint::from_int(number as i32));
            let sex = FixedPoint::from_int((number % 2) as i32);
            assert!(form.values == [x, None, Some(sex)]);
            let reasons = match number % 10 {
                0 => vec![None, Some(MissingReason::NotAnswered)],
                _ => Vec::new(),
            };
            assert!(form.reasons == reasons && form.respondent == Some(Respondent::Other));
            assert_eq!(form.day, Day(19_000 + number as i32));
            numbers.push(number);
        };
        let slice = PseudonymSlice { number, of };
        reader.each_form(query, slice, take).await.unwrap();
    }
    let counted = reader.count_received(query).await.unwrap();
    let mut all = 0;
    reader.every_form(query, |_| all += 1).await.unwrap();
    assert_eq!([counted, all], [numbers.len() as u64; 2]);
    numbers
}

#[tokio::test]
async fn any_number_of_slices_gives_every_form_once_in_one_order() {
    let (_engine, _writer, reader) = filled().await;
    let bounds = reader.form_bounds(FormSource::Register).await.unwrap();
    assert_eq!(bounds, [199, 200]);
    let there = reader.instruments_received(FormSource::Register).await;
    assert!(there.unwrap().iter().eq(["basis", "other"]));
    let there = reader.instruments_received(FormSource::Sessions).await;
    assert!(there.unwrap().is_empty());
    let whole = numbers(&reader, &everything(), 1).await;
    let mut sorted = whole.clone();
    sorted.sort_unstable();
    assert!(
        sorted
            .into_iter()
            .eq((0..PERSONS).filter(|number| *number != 3))
    );
    for of in [2, 7, 64] {
        assert_eq!(numbers(&reader, &everything(), of).await, whole, "{of}");
    }
}

#[tokio::test]
async fn units_days_and_bounds_leave_out_what_they_say() {
    let (_engine, _writer, reader) = filled().await;
    let check = async |query: FormQuery, expect: &dyn Fn(u64) -> bool| {
        let mut found = numbers(&reader, &query, 3).await;
        found.sort_unstable();
        let expect = (0..PERSONS).filter(|number| *number != 3 && expect(*number));
        assert_eq!(found, expect.collect::<Vec<_>>());
    };
    let all = everything();
    let units = Some(vec!["b".parse().unwrap()]);
    check(
        FormQuery {
            units,
            ..all.clone()
        },
        &|number| number % 2 == 1,
    )
    .await;
    let units = Some(Vec::new());
    check(
        FormQuery {
            units,
            ..all.clone()
        },
        &|_| false,
    )
    .await;
    let days = Day(19_010)..=Day(19_020);
    check(
        FormQuery {
            days,
            ..all.clone()
        },
        &|number| (10..=20).contains(&number),
    )
    .await;
    let bounds = vec![50];
    check(
        FormQuery {
            bounds,
            ..all.clone()
        },
        &|number| number < 50 && number % 2 == 0,
    )
    .await;
    let bounds = Vec::new();
    check(FormQuery { bounds, ..all }, &|_| false).await;
}

#[tokio::test]
async fn who_has_withdrawn_is_in_no_slice() {
    let (_engine, writer, reader) = filled().await;
    let mark = ControlMark {
        partition: 0,
        log_offset: 1_000,
        subject: pseudonym(8),
        action: ControlAction::Withdrawn(WithdrawalScope::Registry),
    };
    writer.mark(&mark).await.unwrap();
    let left = numbers(&reader, &everything(), 4).await;
    assert!(!left.contains(&8) && left.len() as u64 == PERSONS - 2);
}

#[tokio::test]
async fn a_correction_takes_the_place_of_its_form_from_its_own_place_in_the_log_on() {
    let (_engine, writer, reader) = filled().await;
    let mut corrected = registered(5);
    corrected.revision = 1;
    corrected.origin.log_offset = 501;
    corrected.origin.submission_id = [5; 16];
    corrected.form.form.items[1].1 = ItemResponse::Value(FixedPoint::from_int(77));
    let batch = RegistryBatch {
        registry_forms: vec![corrected],
        ..RegistryBatch::default()
    };
    writer.insert(&batch).await.unwrap();
    let values = async |bound| {
        let query = FormQuery {
            bounds: vec![PERSONS, bound],
            days: Day(19_005)..=Day(19_005),
            ..everything()
        };
        let mut values = Vec::new();
        let slice = PseudonymSlice { number: 0, of: 1 };
        let take = |form: ExtractedForm| values.push(form.values[0].unwrap().micros() / 1_000_000);
        reader.each_form(&query, slice, take).await.unwrap();
        // Every revision is counted.
        let received = if bound > 501 { 2 } else { 1 };
        assert_eq!(reader.count_received(&query).await.unwrap(), received);
        values
    };
    assert_eq!(values(PERSONS).await, [5]);
    assert_eq!(values(502).await, [77]);
}

/// Many forms of few episodes, in every way in which one can take the place of another.
fn crowd() -> Vec<RegistryForm> {
    let mut forms = Vec::new();
    for number in 0..600_u64 {
        // Drawn by a linear congruence: which of the following are alike varies from form to form.
        let drawn = number.wrapping_mul(6_364_136_223_846_793_005) >> 33;
        let mut form = registered(1_000 + number);
        form.origin.partition = (drawn % 2) as u32;
        form.episode.person = pseudonym(drawn / 2 % 5);
        form.episode.episode = Pseudonym::new([(drawn / 10 % 2) as u8; 16]);
        form.day = Day(19_000 + (drawn / 20 % 3) as i32);
        form.unit = ["a", "b"][(drawn / 60 % 2) as usize].parse().unwrap();
        form.revision = (drawn / 120 % 3) as u32;
        form.form.form.version = 1 + (drawn / 360 % 2) as u32;
        form.form.form.respondent =
            [Respondent::Other, Respondent::Patient][(drawn / 720 % 2) as usize];
        forms.push(form);
    }
    forms
}

#[tokio::test]
async fn what_counts_is_what_the_view_shows() {
    let engine = crate::engine();
    let writer = RegistryWriter::new(&engine.writer(DATABASE)).unwrap();
    writer.migrate().await.unwrap();
    let reader = RegistryReader::new(&engine.reader(DATABASE)).unwrap();
    let batch = RegistryBatch {
        registry_forms: crowd(),
        ..RegistryBatch::default()
    };
    writer.insert(&batch).await.unwrap();
    let query = FormQuery {
        bounds: vec![u64::MAX; 2],
        ..everything()
    };
    let mut found = Vec::new();
    for number in 0..3 {
        let take = |form: ExtractedForm| found.push(u128::from_be_bytes(form.submission_id));
        let slice = PseudonymSlice { number, of: 3 };
        reader.each_form(&query, slice, take).await.unwrap();
    }
    let client = clickhouse::Client::default()
        .with_url(engine.writer(DATABASE).url)
        .with_user("writer")
        .with_password("writer-secret")
        .with_database(DATABASE)
        .with_compression(clickhouse::Compression::None);
    let sql = "SELECT reinterpretAsUInt128(reverse(submission_id)) FROM registry_form \
        ORDER BY person, episode, partition, submission_id";
    let shown: Vec<u128> = client.query(sql).fetch_all().await.unwrap();
    assert!(found == shown, "{} and {}", found.len(), shown.len());
    assert!((200..500).contains(&found.len()), "{}", found.len());
}

/// A session of a crowd: two forms, or after a correction one or two others.
fn sessions() -> Vec<SessionForm> {
    let mut forms = Vec::new();
    for number in 0..600_u64 {
        let drawn = number.wrapping_mul(6_364_136_223_846_793_005) >> 33;
        let registered = registered(2_000 + number);
        let instruments = match drawn / 60 % 3 {
            0 => vec!["ors"],
            1 => vec!["ors", "srs"],
            _ => vec!["srs"],
        };
        for (place, instrument) in (0..).zip(instruments) {
            let mut form = registered.form.clone();
            form.form.instrument = instrument.parse().unwrap();
            form.form.age = (drawn % 7 == 0).then_some(AgeBand::Adult);
            form.form.total = (drawn % 5 == 0).then(|| FixedPoint::from_int(30));
            let mut origin = registered.origin.clone();
            origin.partition = (drawn % 2) as u32;
            forms.push(SessionForm {
                origin,
                episode: EpisodeKey {
                    person: pseudonym(drawn / 2 % 5),
                    episode: Pseudonym::new([(drawn / 10 % 2) as u8; 16]),
                },
                unit: registered.unit.clone(),
                day: Day(19_000 + (drawn / 20 % 3) as i32),
                number: (drawn / 180 % 4) as u32,
                revision: (drawn / 720 % 3) as u32,
                place,
                form,
            });
        }
    }
    forms
}

#[tokio::test]
async fn what_counts_of_sessions_is_what_their_view_shows() {
    let engine = crate::engine();
    let writer = RegistryWriter::new(&engine.writer(DATABASE)).unwrap();
    writer.migrate().await.unwrap();
    let reader = RegistryReader::new(&engine.reader(DATABASE)).unwrap();
    let batch = RegistryBatch {
        session_forms: sessions(),
        ..RegistryBatch::default()
    };
    writer.insert(&batch).await.unwrap();
    let client = clickhouse::Client::default()
        .with_url(engine.writer(DATABASE).url)
        .with_user("writer")
        .with_password("writer-secret")
        .with_database(DATABASE)
        .with_compression(clickhouse::Compression::None);
    for instrument in ["ors", "srs"] {
        let query = FormQuery {
            source: FormSource::Sessions,
            instrument: instrument.parse().unwrap(),
            bounds: vec![u64::MAX; 2],
            ..everything()
        };
        let mut found = Vec::new();
        for number in 0..3 {
            let take = |form: ExtractedForm| {
                let age = form.age.map_or("", AgeBand::as_str).to_owned();
                let total = form.total.map(FixedPoint::micros);
                let id = u128::from_be_bytes(form.submission_id);
                found.push((id, form.number, age, total));
            };
            let slice = PseudonymSlice { number, of: 3 };
            reader.each_form(&query, slice, take).await.unwrap();
        }
        let sql = "SELECT reinterpretAsUInt128(reverse(submission_id)), number, toString(age), total \
            FROM session_form WHERE instrument = ? \
            ORDER BY person, episode, partition, submission_id, place";
        let shown = client.query(sql).bind(instrument).fetch_all();
        let shown: Vec<(u128, u32, String, Option<i64>)> = shown.await.unwrap();
        assert!(found == shown, "{} and {}", found.len(), shown.len());
        assert!((50..350).contains(&found.len()), "{}", found.len());
    }
}
