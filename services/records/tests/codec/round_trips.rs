//! Whatever is encoded is decoded to the same, and no bytes make the decoder panic.

use medvirk_domain::fixed::FixedPoint;
use medvirk_domain::form::{AgeBand, Form, ItemResponse, MissingReason, Respondent};
use medvirk_domain::ids::{CatalogueHash, ItemId, Pseudonym, UnitId};
use medvirk_domain::record::{
    ControlRecord, EpisodeEnding, EpisodeKey, Event, EventBody, LogRecord, WithdrawalScope,
    WithdrawalSubject,
};
use medvirk_domain::row::{Close, Row, RowLevel, RowParts, VariableSum};
use medvirk_domain::time::{Day, Month};
use medvirk_records::codec::*;
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use crate::samples;

fn id() -> impl Strategy<Value = String> {
    "[a-z0-9._-]{1,64}"
}

fn day() -> impl Strategy<Value = Day> {
    (Day::FIRST.0..=Day::LAST.0).prop_map(Day)
}

fn month() -> impl Strategy<Value = Month> {
    (1900..=2199, 1..=12_u32).prop_map(|(year, month)| Month::new(year, month).unwrap())
}

fn pseudonym() -> impl Strategy<Value = Pseudonym> {
    any::<[u8; 16]>().prop_map(Pseudonym::new)
}

fn hash() -> impl Strategy<Value = CatalogueHash> {
    any::<[u8; 32]>().prop_map(CatalogueHash::new)
}

fn episode() -> impl Strategy<Value = EpisodeKey> {
    (pseudonym(), pseudonym()).prop_map(|(person, episode)| EpisodeKey { person, episode })
}

fn value() -> impl Strategy<Value = FixedPoint> {
    let limit = FixedPoint::LIMIT.micros();
    (-limit..=limit).prop_map(FixedPoint::from_micros)
}

fn response() -> impl Strategy<Value = ItemResponse> {
    let reasons = vec![
        MissingReason::NotAnswered,
        MissingReason::NotApplicable,
        MissingReason::PreferNot,
        MissingReason::ByDesign,
    ];
    prop_oneof![
        value().prop_map(ItemResponse::Value),
        select(reasons).prop_map(ItemResponse::Missing)
    ]
}

fn respondent() -> impl Strategy<Value = Respondent> {
    select(vec![
        Respondent::Patient,
        Respondent::Caretaker,
        Respondent::Other,
        Respondent::GroupMember,
    ])
}

type FormBody = (
    u32,
    Vec<(ItemId, ItemResponse)>,
    Option<FixedPoint>,
    Option<AgeBand>,
);

fn form_body() -> impl Strategy<Value = FormBody> {
    (
        any::<u32>(),
        vec((id().prop_map(|id| id.parse().unwrap()), response()), 0..8),
        option::of(value()),
        option::of(age()),
    )
}

fn age() -> impl Strategy<Value = AgeBand> {
    select(vec![AgeBand::Child, AgeBand::Adolescent, AgeBand::Adult])
}

fn form_of(name: (String, Respondent), body: FormBody) -> Form {
    let ((instrument, respondent), (version, items, total, age)) = (name, body);
    Form {
        instrument: instrument.parse().unwrap(),
        version,
        respondent,
        items,
        total,
        age,
    }
}

fn form() -> impl Strategy<Value = Form> {
    ((id(), respondent()), form_body()).prop_map(|(name, body)| form_of(name, body))
}

/// One per instrument and respondent.
fn forms() -> impl Strategy<Value = Vec<Form>> {
    let distinct = btree_map((id(), respondent()), form_body(), 1..=16);
    distinct.prop_map(|forms| {
        forms
            .into_iter()
            .map(|(name, body)| form_of(name, body))
            .collect()
    })
}

fn body() -> impl Strategy<Value = EventBody> {
    let endings = vec![
        EpisodeEnding::Unknown,
        EpisodeEnding::Planned,
        EpisodeEnding::Unplanned,
        EpisodeEnding::Transfer,
    ];
    prop_oneof![
        (episode(), day(), option::of(pseudonym())).prop_map(|(episode, day, therapist)| {
            EventBody::EpisodeOpened {
                episode,
                day,
                therapist,
            }
        }),
        (episode(), day(), 1..=u32::MAX, any::<u32>(), forms()).prop_map(
            |(episode, day, number, revision, forms)| EventBody::Session {
                episode,
                day,
                number,
                revision,
                forms,
            }
        ),
        (episode(), day(), select(endings)).prop_map(|(episode, day, ending)| {
            EventBody::EpisodeClosed {
                episode,
                day,
                ending,
            }
        }),
        (pseudonym(), month())
            .prop_map(|(code, month)| EventBody::InvitationIssued { code, month }),
        (pseudonym(), month(), form())
            .prop_map(|(code, month, form)| { EventBody::DischargeSurvey { code, month, form } }),
        (episode(), day(), 0..3u32, form()).prop_map(|(episode, day, revision, form)| {
            EventBody::RegistryForm {
                revision,
                episode,
                day,
                form,
            }
        }),
    ]
}

/// From 1900 to 2199.
fn time() -> impl Strategy<Value = i64> {
    -2_208_988_800_000..=7_258_118_399_999_i64
}

fn event() -> impl Strategy<Value = Event> {
    let who = ("\\PC{1,40}", hash(), any::<[u8; 16]>());
    (who, time(), id(), body()).prop_map(|(who, ingested_at, unit, body)| Event {
        sender: who.0,
        catalogue: who.1,
        submission_id: who.2,
        ingested_at,
        unit: unit.parse::<UnitId>().unwrap(),
        body,
    })
}

fn control() -> impl Strategy<Value = ControlRecord> {
    let subject = prop_oneof![
        pseudonym().prop_map(WithdrawalSubject::Person),
        pseudonym().prop_map(WithdrawalSubject::Code)
    ];
    let scope = select(vec![WithdrawalScope::Registry, WithdrawalScope::All]);
    prop_oneof![
        (month(), time())
            .prop_map(|(month, ingested_at)| ControlRecord::PeriodClose { month, ingested_at }),
        (subject, scope).prop_map(|(subject, scope)| ControlRecord::Withdrawal { subject, scope }),
        pseudonym().prop_map(|person| ControlRecord::Renewal { person }),
    ]
}

fn row() -> impl Strategy<Value = Row> {
    let variable = (id(), any::<i64>(), option::of(any::<i128>()));
    let span = (month(), 0..12_i32).prop_filter("a span of the calendar", |(first, months)| {
        first.year() < 2199 || *months == 0
    });
    let place = (
        select(vec![RowLevel::Unit, RowLevel::Institution, RowLevel::Trust]),
        id(),
        span,
    );
    let flags = any::<(bool, bool)>();
    let counts = (any::<u32>(), option::of(any::<u32>()));
    (
        id(),
        place,
        "[a-z]{0,9}",
        counts,
        flags,
        vec(variable, 0..5),
    )
        .prop_map(
            |(measure, (level, organisation, (first, months)), part, counts, flags, variables)| {
                let variables = variables
                    .into_iter()
                    .map(|(variable, sum, sum_sq)| VariableSum {
                        variable: variable.parse().unwrap(),
                        sum,
                        sum_sq,
                    });
                Row::from_ledger(RowParts {
                    measure: measure.parse().unwrap(),
                    level,
                    organisation,
                    first,
                    last: first.plus(months),
                    part,
                    persons: counts.0,
                    new_in_year: counts.1,
                    single_therapist: flags.0,
                    single_device: flags.1,
                    variables: variables.collect(),
                })
            },
        )
}

fn close() -> impl Strategy<Value = Close> {
    (
        month(),
        any::<u64>(),
        hash(),
        any::<u32>(),
        vec(row(), 0..6),
    )
        .prop_map(|(month, offset, catalogue, fold_version, rows)| Close {
            month,
            offset,
            catalogue,
            fold_version,
            rows,
        })
}

proptest! {
    #[test]
    fn events_decode_to_what_was_encoded(event in event()) {
        let decoded = decode_event(&encode_event(&event));
        prop_assert!(decoded == Ok(LogRecord::Event(event)));
    }

    #[test]
    fn control_records_decode_to_what_was_encoded(control in control(), at_ms in time()) {
        let decoded = decode_event(&encode_control(&control, at_ms));
        prop_assert_eq!(decoded, Ok(LogRecord::Control(control)));
    }

    #[test]
    fn closes_decode_to_what_was_encoded(close in close()) {
        let bytes = encode_close(&close);
        prop_assert_eq!(&bytes, &encode_close(&close), "the same close gives the same bytes");
        let outline = LedgerOutline::Close { month: close.month };
        prop_assert_eq!(outline_ledger(&bytes), Ok(outline), "no row is needed for it");
        prop_assert_eq!(decode_ledger(&bytes), Ok(LedgerRecord::Close(close)));
    }

    #[test]
    fn random_bytes_are_refused_without_panic(bytes in vec(any::<u8>(), 0..300)) {
        _ = decode_event(&bytes);
        _ = decode_ledger(&bytes);
        _ = decode_catalogue(&bytes);
        _ = decode_dead_letter(&bytes);
    }

    #[test]
    fn damaged_records_are_refused_without_panic(
        event in event(),
        close in close(),
        place in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        for mut bytes in [encode_event(&event), encode_close(&close)] {
            let place = place.index(bytes.len());
            _ = decode_event(&bytes[..place]);
            _ = decode_ledger(&bytes[..place]);
            bytes[place] = byte;
            _ = decode_event(&bytes);
            _ = decode_ledger(&bytes);
        }
    }
}

#[test]
fn genesis_and_plan_and_dead_letter_decode_to_what_was_encoded() {
    let genesis = samples::genesis();
    let decoded = decode_ledger(&encode_genesis(&genesis));
    assert_eq!(decoded, Ok(LedgerRecord::Genesis(genesis)));
    let plan = samples::plan();
    let decoded = decode_catalogue(&encode_plan(&plan));
    assert_eq!(decoded, Ok(CatalogueRecord::Plan(plan)));
    let letter = samples::dead_letter();
    assert_eq!(decode_dead_letter(&encode_dead_letter(&letter)), Ok(letter));
}

#[test]
fn keys_are_fresh_and_begin_with_the_submission() {
    let (first, second) = (event_key([7; 16]), event_key([7; 16]));
    assert!(first.len() == KEY_BYTES && first.starts_with(&[7; 16]));
    assert_ne!(first, second);
    assert_ne!(control_key(), control_key());
}
