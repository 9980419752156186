//! What is refused, and with which reason.

use medvirk_proto::log::v1 as wire;
use medvirk_proto::log::v1::envelope::Body;
use medvirk_records::codec::*;
use prost::Message as _;

use crate::samples;

fn envelope(value: &[u8]) -> wire::Envelope {
    wire::Envelope::decode(value).unwrap()
}

fn session() -> wire::Envelope {
    envelope(&encode_event(&samples::event(samples::session(0))))
}

/// A session that `spoil` spoils.
fn check(spoil: impl FnOnce(&mut wire::Envelope, &mut wire::SessionFeedback), reason: Reason) {
    let mut envelope = session();
    let Some(Body::SessionFeedback(mut body)) = envelope.body.take() else {
        panic!("the sample is a session");
    };
    spoil(&mut envelope, &mut body);
    envelope.body = Some(Body::SessionFeedback(body));
    let decoded = decode_event(&envelope.encode_to_vec());
    assert_eq!(decoded, Err(DecodeError::Malformed(reason)));
}

#[test]
fn every_fault_of_an_envelope_has_its_reason() {
    check(
        |envelope, _| envelope.schema_version = 0,
        Reason::SchemaVersion,
    );
    check(|envelope, _| envelope.sender.clear(), Reason::Sender);
    check(
        |envelope, _| envelope.catalogue.truncate(31),
        Reason::CatalogueHash,
    );
    check(
        |envelope, _| envelope.submission_id.push(0),
        Reason::SubmissionId,
    );
    check(
        |envelope, _| envelope.ingested_at = i64::MAX,
        Reason::IngestedAt,
    );
    check(|_, body| body.person.clear(), Reason::PseudonymCount);
    check(
        |_, body| body.episode.push(body.person[0].clone()),
        Reason::PseudonymCount,
    );
    check(
        |_, body| body.person[0].value.truncate(15),
        Reason::Pseudonym,
    );
    check(|_, body| body.person[0].key_id = 0, Reason::Pseudonym);
    check(|_, body| body.unit = "No Unit".to_owned(), Reason::Unit);
    check(|_, body| body.unit.clear(), Reason::Unit);
    check(|_, body| body.day = -25_568, Reason::Day);
    check(|_, body| body.day = 84_006, Reason::Day);
    check(|_, body| body.number = 0, Reason::SessionNumber);
}

#[test]
fn every_fault_of_a_form_has_its_reason() {
    check(|_, body| body.forms.clear(), Reason::FormCount);
    check(
        |_, body| body.forms.resize(17, body.forms[0].clone()),
        Reason::FormCount,
    );
    check(
        |_, body| body.forms.push(body.forms[0].clone()),
        Reason::FormTwice,
    );
    check(
        |_, body| body.forms[0].instrument.clear(),
        Reason::Instrument,
    );
    check(|_, body| body.forms[0].respondent = 0, Reason::Respondent);
    check(|_, body| body.forms[0].respondent = 99, Reason::Respondent);
    check(
        |_, body| body.forms[0].total = Some(i64::MIN),
        Reason::Value,
    );
    let item = |body: &mut wire::SessionFeedback| std::mem::take(&mut body.forms[0].items[0]);
    check(
        |_, body| {
            body.forms[0].items[0] = wire::ItemResponse {
                item: String::new(),
                ..item(body)
            }
        },
        Reason::Item,
    );
    check(
        |_, body| {
            body.forms[0].items[0] = wire::ItemResponse {
                response: None,
                ..item(body)
            }
        },
        Reason::Response,
    );
    use wire::item_response::Response::{Missing, Value};
    let unknown = |missing: i32| {
        move |_: &mut wire::Envelope, body: &mut wire::SessionFeedback| {
            body.forms[0].items[0].response = Some(Missing(missing));
        }
    };
    check(unknown(0), Reason::Missing);
    check(unknown(5), Reason::Missing);
    check(
        |_, body| body.forms[0].items[0].response = Some(Value(1_000_000_000_001)),
        Reason::Value,
    );
}

#[test]
fn faults_of_other_bodies_have_their_reasons() {
    let check = |body: Body, reason| {
        let envelope = wire::Envelope {
            body: Some(body),
            ..session()
        };
        let decoded = decode_event(&envelope.encode_to_vec());
        assert_eq!(decoded, Err(DecodeError::Malformed(reason)));
    };
    let Some(Body::SessionFeedback(session)) = session().body else {
        panic!("the sample is a session");
    };
    let correction = |session, revision| Body::Correction(wire::Correction { session, revision });
    check(correction(None, 1), Reason::Session);
    check(correction(Some(session.clone()), 0), Reason::Revision);
    let code = session.person.clone();
    let survey = wire::DischargeSurvey {
        code: code.clone(),
        unit: session.unit.clone(),
        month: 202_413,
        form: session.forms.first().cloned(),
    };
    check(Body::DischargeSurvey(survey.clone()), Reason::Month);
    let survey = wire::DischargeSurvey {
        month: 202_412,
        form: None,
        ..survey
    };
    check(Body::DischargeSurvey(survey), Reason::Form);
    let closed = wire::EpisodeClosed {
        person: code.clone(),
        episode: code.clone(),
        unit: session.unit.clone(),
        day: 20_000,
        ending: 4,
    };
    check(Body::EpisodeClosed(closed), Reason::Ending);
    let opened = wire::EpisodeOpened {
        person: code.clone(),
        episode: code.clone(),
        unit: session.unit,
        day: 20_000,
        therapist: vec![code[0].clone(), code[0].clone()],
    };
    check(Body::EpisodeOpened(opened), Reason::PseudonymCount);
}

#[test]
fn what_is_no_envelope_is_malformed() {
    let check = |value: &[u8], reason| {
        assert_eq!(decode_event(value), Err(DecodeError::Malformed(reason)));
    };
    check(b"", Reason::SchemaVersion);
    check(b"{\"json\": true}", Reason::Protobuf);
    check(&[0xff; 40], Reason::Protobuf);
    let whole = session().encode_to_vec();
    check(&whole[..whole.len() - 1], Reason::Protobuf);
    let empty = wire::Envelope {
        body: None,
        ..session()
    };
    check(&empty.encode_to_vec(), Reason::Body);
    // Two bodies: protobuf would silently take the last one.
    let twice = [whole.clone(), whole.clone()].concat();
    check(&twice, Reason::Body);
}

#[test]
fn a_newer_schema_stops_even_if_it_is_not_understood_at_all() {
    let stops = |value: &[u8]| {
        let expected = Err(DecodeError::TooNew { schema_version: 2 });
        assert_eq!(decode_event(value), expected);
    };
    let newer = wire::Envelope {
        schema_version: 2,
        ..session()
    };
    stops(&newer.encode_to_vec());
    // Field 3 is a number in version 1 and a text here; bodies are unknown, or several.
    stops(&[0x08, 0x02, 0x1a, 0x01, b'x']);
    stops(&[newer.encode_to_vec(), newer.encode_to_vec()].concat());
    let ledger = wire::LedgerRecord {
        schema_version: 2,
        body: None,
    }
    .encode_to_vec();
    let expected = DecodeError::TooNew { schema_version: 2 };
    assert_eq!(decode_ledger(&ledger), Err(expected));
    assert_eq!(decode_catalogue(&ledger), Err(expected));
}

#[test]
fn an_unreadable_control_record_stops() {
    let check = |value: &[u8], reason| {
        let expected = Err(DecodeError::UnreadableControl(reason));
        assert_eq!(decode_event(value), expected);
    };
    let (_, close) = samples::controls()[0];
    let whole = encode_control(&close, 0);
    // Cut, with a wrong month, without a subject, of an unknown kind, beside an event.
    check(&[&whole[..], &[0x0a]].concat(), Reason::Protobuf);
    let control = |body| {
        wire::Envelope {
            body: Some(body),
            ..envelope(&whole)
        }
        .encode_to_vec()
    };
    check(
        &control(Body::PeriodClose(wire::PeriodClose { month: 0 })),
        Reason::Month,
    );
    let nobody = wire::Withdrawal {
        subject: None,
        scope: 2,
    };
    check(&control(Body::Withdrawal(nobody)), Reason::Subject);
    let person = wire::Pseudonym {
        key_id: 1,
        value: vec![1; 16],
    };
    let subject = Some(wire::withdrawal::Subject::Person(person));
    check(
        &control(Body::Withdrawal(wire::Withdrawal { subject, scope: 0 })),
        Reason::Scope,
    );
    check(
        &control(Body::Renewal(wire::Renewal { person: Vec::new() })),
        Reason::PseudonymCount,
    );
    let unknown_kind = [0x08, 0x01, 0xba, 0x01, 0x00];
    check(&unknown_kind, Reason::Body);
    check(&[session().encode_to_vec(), whole].concat(), Reason::Body);
}

#[test]
fn ledger_and_catalogue_refuse_what_they_cannot_keep() {
    let body = |close: wire::Close| {
        let body = Some(wire::ledger_record::Body::Close(close));
        wire::LedgerRecord {
            schema_version: 1,
            body,
        }
        .encode_to_vec()
    };
    let bytes = encode_close(&samples::close());
    let Some(wire::ledger_record::Body::Close(close)) =
        wire::LedgerRecord::decode(&bytes[..]).unwrap().body
    else {
        panic!("the sample is a close");
    };
    let check = |spoil: &dyn Fn(&mut wire::Close), reason| {
        let mut close = close.clone();
        spoil(&mut close);
        let expected = Err(DecodeError::Malformed(reason));
        assert_eq!(decode_ledger(&body(close)), expected);
    };
    check(&|close| close.month = 202_400, Reason::Month);
    check(&|close| close.catalogue.clear(), Reason::CatalogueHash);
    check(&|close| close.rows[0].measure.clear(), Reason::Measure);
    check(
        &|close| close.rows[0].level = "nation".to_owned(),
        Reason::Level,
    );
    check(&|close| close.rows[0].last_month = 202_312, Reason::Month);
    check(
        &|close| close.rows[0].variables[0].sum_sq.truncate(15),
        Reason::SumOfSquares,
    );
    check(
        &|close| close.rows[0].variables[0].variable.clear(),
        Reason::Variable,
    );
    let none = wire::LedgerRecord {
        schema_version: 1,
        body: None,
    }
    .encode_to_vec();
    assert_eq!(
        decode_ledger(&none),
        Err(DecodeError::Malformed(Reason::Body))
    );
    assert_eq!(
        decode_catalogue(&none),
        Err(DecodeError::Malformed(Reason::Body))
    );
}

#[test]
fn reasons_are_distinct_words_and_debug_shows_no_answers() {
    let words: std::collections::BTreeSet<_> = Reason::ALL.iter().map(|r| r.as_str()).collect();
    assert_eq!(words.len(), Reason::ALL.len());
    let letter = format!("{:?}", samples::dead_letter());
    assert_eq!(
        letter,
        "DeadLetter(feedback.events/7/123456789012, session-number)"
    );
}
