//! One record of each kind.

use medvirk_domain::catalogue::{InvolvementAnswer, InvolvementAnswers, InvolvementDegree};
use medvirk_domain::fixed::FixedPoint;
use medvirk_domain::form::{Form, ItemResponse, MissingReason, Respondent};
use medvirk_domain::ids::{CatalogueHash, DeploymentId, Pseudonym};
use medvirk_domain::record::{
    ControlRecord, EpisodeEnding, EpisodeKey, Event, EventBody, WithdrawalScope, WithdrawalSubject,
};
use medvirk_domain::row::{Close, Row, RowLevel, RowParts, VariableSum};
use medvirk_domain::time::{Day, Month};
use medvirk_eventlog::Topic;
use medvirk_records::catalogue::Plan;
use medvirk_records::codec::DeadLetter;
use medvirk_records::genesis::Genesis;

pub(crate) fn month(text: &str) -> Month {
    text.parse().unwrap()
}

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

fn episode() -> EpisodeKey {
    EpisodeKey {
        person: Pseudonym::new([0x11; 16]),
        episode: Pseudonym::new([0x22; 16]),
    }
}

pub(crate) fn form(instrument: &str, respondent: Respondent) -> Form {
    let value = |micros| ItemResponse::Value(FixedPoint::from_micros(micros));
    let missing = ItemResponse::Missing;
    let items = [
        ("individual", value(7_500_000)),
        ("below-zero", value(-1_000_001)),
        ("nought", value(0)),
        ("not-answered", missing(MissingReason::NotAnswered)),
        ("not-applicable", missing(MissingReason::NotApplicable)),
        ("prefer-not", missing(MissingReason::PreferNot)),
        ("by-design", missing(MissingReason::ByDesign)),
    ];
    Form {
        instrument: instrument.parse().unwrap(),
        version: 2,
        respondent,
        items: items
            .map(|(item, response)| (item.parse().unwrap(), response))
            .into(),
        total: None,
        age: None,
    }
}

pub(crate) fn event(body: EventBody) -> Event {
    Event {
        sender: "tablet-3".to_owned(),
        catalogue: CatalogueHash::new([0x33; 32]),
        submission_id: [0x44; 16],
        ingested_at: 1_735_689_600_123,
        unit: "btheb".parse().unwrap(),
        body,
    }
}

pub(crate) fn session(revision: u32) -> EventBody {
    let total = Form {
        items: Vec::new(),
        total: Some(FixedPoint::from_int(63)),
        age: None,
        ..form("bdi-total", Respondent::Patient)
    };
    let ors = [
        Respondent::Patient,
        Respondent::Caretaker,
        Respondent::Other,
        Respondent::GroupMember,
    ];
    let ors = ors.map(|respondent| form("fit-ors", respondent));
    EventBody::Session {
        episode: episode(),
        day: day("2024-12-31"),
        number: 5,
        revision,
        forms: ors.into_iter().chain([total]).collect(),
    }
}

/// Every kind of event, by name of its fixture.
pub(crate) fn events() -> Vec<(&'static str, Event)> {
    let opened = |therapist| EventBody::EpisodeOpened {
        episode: episode(),
        day: day("2024-02-29"),
        therapist,
    };
    let closed = |ending| EventBody::EpisodeClosed {
        episode: episode(),
        day: day("2025-01-01"),
        ending,
    };
    let bodies = vec![
        ("episode-opened", opened(Some(Pseudonym::new([0x55; 16])))),
        ("episode-opened-without-therapist", opened(None)),
        ("session", session(0)),
        ("correction", session(3)),
        ("episode-closed", closed(EpisodeEnding::Planned)),
        ("episode-closed-unplanned", closed(EpisodeEnding::Unplanned)),
        ("episode-closed-transfer", closed(EpisodeEnding::Transfer)),
        ("episode-closed-unknown", closed(EpisodeEnding::Unknown)),
        (
            "invitation-issued",
            EventBody::InvitationIssued {
                code: Pseudonym::new([0x66; 16]),
                month: month("2024-11"),
            },
        ),
        (
            "discharge-survey",
            EventBody::DischargeSurvey {
                code: Pseudonym::new([0x66; 16]),
                month: month("2024-11"),
                form: form("kem", Respondent::Patient),
            },
        ),
        (
            "registry-form",
            EventBody::RegistryForm {
                episode: episode(),
                day: day("1969-12-31"),
                revision: 0,
                form: form("kvarus", Respondent::Other),
            },
        ),
        (
            "registry-form-again",
            EventBody::RegistryForm {
                episode: episode(),
                day: day("1969-12-31"),
                revision: 2,
                form: form("kvarus", Respondent::Other),
            },
        ),
    ];
    let named = bodies.into_iter().map(|(name, body)| (name, event(body)));
    named.collect()
}

/// Every kind of control record, by name of its fixture.
pub(crate) fn controls() -> Vec<(&'static str, ControlRecord)> {
    let person = Pseudonym::new([0x77; 16]);
    let withdrawal = |subject, scope| ControlRecord::Withdrawal { subject, scope };
    vec![
        (
            "period-close",
            ControlRecord::PeriodClose {
                month: month("2024-12"),
                ingested_at: 1_736_118_000_000,
            },
        ),
        (
            "withdrawal-person-all",
            withdrawal(WithdrawalSubject::Person(person), WithdrawalScope::All),
        ),
        (
            "withdrawal-person-registry",
            withdrawal(WithdrawalSubject::Person(person), WithdrawalScope::Registry),
        ),
        (
            "withdrawal-code-all",
            withdrawal(WithdrawalSubject::Code(person), WithdrawalScope::All),
        ),
        ("renewal", ControlRecord::Renewal { person }),
    ]
}

pub(crate) fn genesis() -> Genesis {
    Genesis {
        deployment: DeploymentId::new([0x88; 16]),
        partitions: 12,
        partitioner: "murmur2".to_owned(),
        first_month: month("2024-01"),
    }
}

pub(crate) fn close() -> Close {
    let row = RowParts {
        measure: "bdi.outcome".parse().unwrap(),
        level: RowLevel::Unit,
        organisation: "btheb".to_owned(),
        first: month("2024-01"),
        last: month("2024-04"),
        part: "clinical".to_owned(),
        persons: 12,
        new_in_year: Some(0),
        single_therapist: true,
        single_device: false,
        variables: vec![
            VariableSum {
                variable: "change".parse().unwrap(),
                sum: -42_000_000,
                sum_sq: Some(-170_141_183_460_469_231_731_687_303_715_884_105_728),
            },
            VariableSum {
                variable: "improved".parse().unwrap(),
                sum: 3_000_000,
                sum_sq: None,
            },
        ],
    };
    let pooled = |level| RowParts {
        level,
        organisation: "hf".to_owned(),
        part: String::new(),
        new_in_year: None,
        single_therapist: false,
        single_device: true,
        ..row.clone()
    };
    let rows = vec![
        row.clone(),
        pooled(RowLevel::Institution),
        pooled(RowLevel::Trust),
    ];
    Close {
        month: month("2024-04"),
        offset: 1 << 40,
        catalogue: CatalogueHash::new([0x99; 32]),
        fold_version: 1,
        rows: rows.into_iter().map(Row::from_ledger).collect(),
    }
}

pub(crate) fn plan() -> Plan {
    Plan {
        month: month("2024-01"),
        catalogue: CatalogueHash::new([0xaa; 32]),
        fold_version: 1,
    }
}

pub(crate) fn involvement() -> InvolvementAnswers {
    let answer = |item: &str, answer| (item.parse().unwrap(), answer);
    let choices = ["fit", "norse"].map(|id| id.parse().unwrap());
    InvolvementAnswers {
        unit: "fjord-dogn".parse().unwrap(),
        year: 2024,
        answers: vec![
            answer(
                "user-council",
                InvolvementAnswer::Degree(InvolvementDegree::Partly),
            ),
            answer("peer-workers", InvolvementAnswer::Count(2)),
            answer("feedback-tools", InvolvementAnswer::Choices(choices.into())),
        ],
        sender: "leader".to_owned(),
        ingested_at: 1_736_118_000_000,
    }
}

pub(crate) fn dead_letter() -> DeadLetter {
    DeadLetter {
        topic: Topic::Events,
        partition: 7,
        offset: 123_456_789_012,
        reason: "session-number".to_owned(),
        key: vec![0xbb; 32],
        value: vec![0, 0xff, 0xcc],
        set_aside_at: 1_736_118_000_000,
    }
}
