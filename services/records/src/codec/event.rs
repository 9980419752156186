//! Envelopes: the records of the topic `feedback.events`.

mod form;

use medvirk_domain::ids::{CatalogueHash, Pseudonym, UnitId};
use medvirk_domain::record::{
    ControlRecord, EpisodeEnding, EpisodeKey, Event, EventBody, LogRecord, WithdrawalScope,
    WithdrawalSubject,
};
use medvirk_domain::time::{Day, Month};
use medvirk_proto::feedback::v1 as feedback;
use medvirk_proto::log::v1 as wire;
use medvirk_proto::log::v1::envelope::Body;
use medvirk_proto::log::v1::withdrawal;
use prost::Message as _;

use super::key::KEY_ID;
use super::outline::RecordOutline;
use super::undecodable::{DecodeError, Reason, SCHEMA_VERSION};

const DAY_MS: i64 = 86_400_000;

// === Encoding ===

/// The value of an event. `occurred_at` is the day that it names, at midnight UTC; for what names
/// no day it is the time at which ingest took it.
pub fn encode_event(event: &Event) -> Vec<u8> {
    let envelope = wire::Envelope {
        schema_version: SCHEMA_VERSION,
        occurred_at: occurred_at(event),
        ingested_at: event.ingested_at,
        sender: event.sender.clone(),
        catalogue: event.catalogue.as_bytes().to_vec(),
        submission_id: event.submission_id.to_vec(),
        body: Some(body_of(event)),
    };
    envelope.encode_to_vec()
}

/// The value of a control record that is broadcast at `at_ms`, in milliseconds since 1970, UTC. A
/// `PeriodClose` carries the time itself, and `at_ms` does not count for it.
pub fn encode_control(control: &ControlRecord, at_ms: i64) -> Vec<u8> {
    let (at_ms, body) = match *control {
        ControlRecord::PeriodClose { month, ingested_at } => {
            let month = month.yyyymm();
            (ingested_at, Body::PeriodClose(wire::PeriodClose { month }))
        }
        ControlRecord::Withdrawal { subject, scope } => {
            (at_ms, Body::Withdrawal(withdrawal_of(subject, scope)))
        }
        ControlRecord::Renewal { person } => {
            let person = vec![pseudonym_of(person)];
            (at_ms, Body::Renewal(wire::Renewal { person }))
        }
    };
    let envelope = wire::Envelope {
        schema_version: SCHEMA_VERSION,
        occurred_at: at_ms,
        ingested_at: at_ms,
        body: Some(body),
        ..wire::Envelope::default()
    };
    envelope.encode_to_vec()
}

fn occurred_at(event: &Event) -> i64 {
    match &event.body {
        EventBody::EpisodeOpened { day, .. }
        | EventBody::Session { day, .. }
        | EventBody::EpisodeClosed { day, .. }
        | EventBody::RegistryForm { day, .. } => i64::from(day.0) * DAY_MS,
        EventBody::InvitationIssued { .. } | EventBody::DischargeSurvey { .. } => event.ingested_at,
    }
}

fn body_of(event: &Event) -> Body {
    let unit = event.unit.to_string();
    match &event.body {
        EventBody::EpisodeOpened {
            episode,
            day,
            therapist,
        } => Body::EpisodeOpened(wire::EpisodeOpened {
            person: vec![pseudonym_of(episode.person)],
            episode: vec![pseudonym_of(episode.episode)],
            unit,
            day: day.0,
            therapist: therapist.iter().copied().map(pseudonym_of).collect(),
        }),
        EventBody::Session { .. } => session_of(unit, &event.body),
        EventBody::EpisodeClosed {
            episode,
            day,
            ending,
        } => Body::EpisodeClosed(wire::EpisodeClosed {
            person: vec![pseudonym_of(episode.person)],
            episode: vec![pseudonym_of(episode.episode)],
            unit,
            day: day.0,
            ending: ending_of(*ending).into(),
        }),
        EventBody::InvitationIssued { code, month } => {
            Body::InvitationIssued(wire::InvitationIssued {
                code: vec![pseudonym_of(*code)],
                unit,
                month: month.yyyymm(),
            })
        }
        EventBody::DischargeSurvey { code, month, form } => {
            Body::DischargeSurvey(wire::DischargeSurvey {
                code: vec![pseudonym_of(*code)],
                unit,
                month: month.yyyymm(),
                form: Some(form::encode(form)),
            })
        }
        EventBody::RegistryForm {
            episode,
            day,
            revision,
            form,
        } => Body::RegistryForm(wire::RegistryForm {
            person: vec![pseudonym_of(episode.person)],
            episode: vec![pseudonym_of(episode.episode)],
            unit,
            day: day.0,
            form: Some(form::encode(form)),
            revision: *revision,
        }),
    }
}

/// A session, or a correction where it has a revision.
fn session_of(unit: String, body: &EventBody) -> Body {
    let EventBody::Session {
        episode,
        day,
        number,
        revision,
        forms,
    } = body
    else {
        unreachable!("called for sessions only");
    };
    let session = wire::SessionFeedback {
        person: vec![pseudonym_of(episode.person)],
        episode: vec![pseudonym_of(episode.episode)],
        unit,
        day: day.0,
        number: *number,
        forms: forms.iter().map(form::encode).collect(),
    };
    match revision {
        0 => Body::SessionFeedback(session),
        revision => Body::Correction(wire::Correction {
            session: Some(session),
            revision: *revision,
        }),
    }
}

fn withdrawal_of(subject: WithdrawalSubject, scope: WithdrawalScope) -> wire::Withdrawal {
    let subject = match subject {
        WithdrawalSubject::Person(person) => withdrawal::Subject::Person(pseudonym_of(person)),
        WithdrawalSubject::Code(code) => withdrawal::Subject::Code(pseudonym_of(code)),
    };
    let scope = match scope {
        WithdrawalScope::Registry => withdrawal::Scope::Registry,
        WithdrawalScope::All => withdrawal::Scope::All,
    };
    wire::Withdrawal {
        subject: Some(subject),
        scope: scope.into(),
    }
}

fn pseudonym_of(pseudonym: Pseudonym) -> wire::Pseudonym {
    wire::Pseudonym {
        key_id: KEY_ID,
        value: pseudonym.as_bytes().to_vec(),
    }
}

fn ending_of(ending: EpisodeEnding) -> feedback::Ending {
    match ending {
        EpisodeEnding::Unknown => feedback::Ending::Unspecified,
        EpisodeEnding::Planned => feedback::Ending::Planned,
        EpisodeEnding::Unplanned => feedback::Ending::Unplanned,
        EpisodeEnding::Transfer => feedback::Ending::Transfer,
    }
}

// === Decoding ===

/// Decodes a value of the topic `feedback.events`, and checks all that can be checked without a
/// catalogue. Everybody who reads the topic decodes with this function.
pub fn decode_event(value: &[u8]) -> Result<LogRecord, DecodeError> {
    let outline = RecordOutline::of(value);
    outline.check_newer()?;
    let wrong: fn(Reason) -> DecodeError = if outline.controls > 0 {
        DecodeError::UnreadableControl
    } else {
        DecodeError::Malformed
    };
    outline.check_version().map_err(wrong)?;
    if outline.events + outline.controls != 1 {
        return Err(wrong(Reason::Body));
    }
    let envelope = wire::Envelope::decode(value).map_err(|_| wrong(Reason::Protobuf))?;
    record(envelope).map_err(wrong)
}

fn record(mut envelope: wire::Envelope) -> Result<LogRecord, Reason> {
    let body = envelope.body.take().ok_or(Reason::Body)?;
    let range = i64::from(Day::FIRST.0) * DAY_MS..(i64::from(Day::LAST.0) + 1) * DAY_MS;
    if !range.contains(&envelope.ingested_at) {
        return Err(Reason::IngestedAt);
    }
    let (unit, body) = match body {
        Body::PeriodClose(close) => {
            return Ok(LogRecord::Control(ControlRecord::PeriodClose {
                month: month(close.month)?,
                ingested_at: envelope.ingested_at,
            }));
        }
        Body::Withdrawal(withdrawal) => return withdrawn(withdrawal).map(LogRecord::Control),
        Body::Renewal(renewal) => {
            let person = one(&renewal.person)?;
            return Ok(LogRecord::Control(ControlRecord::Renewal { person }));
        }
        Body::EpisodeOpened(opened) => episode_opened(&opened)?,
        Body::SessionFeedback(session) => session_body(session, 0)?,
        Body::Correction(correction) => corrected(correction)?,
        Body::EpisodeClosed(closed) => episode_closed(&closed)?,
        Body::InvitationIssued(invitation) => invitation_issued(&invitation)?,
        Body::DischargeSurvey(survey) => discharge_survey(survey)?,
        Body::RegistryForm(form) => registry_form(form)?,
    };
    event(envelope, unit, body).map(LogRecord::Event)
}

fn event(envelope: wire::Envelope, unit: String, body: EventBody) -> Result<Event, Reason> {
    if envelope.sender.is_empty() {
        return Err(Reason::Sender);
    }
    Ok(Event {
        sender: envelope.sender,
        catalogue: hash(&envelope.catalogue)?,
        submission_id: <[u8; 16]>::try_from(envelope.submission_id.as_slice())
            .map_err(|_| Reason::SubmissionId)?,
        ingested_at: envelope.ingested_at,
        unit: unit.parse::<UnitId>().map_err(|_| Reason::Unit)?,
        body,
    })
}

/// The unit that it names, and what happened.
type UnitAndBody = (String, EventBody);

fn episode_opened(opened: &wire::EpisodeOpened) -> Result<UnitAndBody, Reason> {
    let therapist = match opened.therapist.as_slice() {
        [] => None,
        named => Some(one(named)?),
    };
    let body = EventBody::EpisodeOpened {
        episode: episode(&opened.person, &opened.episode)?,
        day: day(opened.day)?,
        therapist,
    };
    Ok((opened.unit.clone(), body))
}

fn session_body(session: wire::SessionFeedback, revision: u32) -> Result<UnitAndBody, Reason> {
    if session.number == 0 {
        return Err(Reason::SessionNumber);
    }
    let body = EventBody::Session {
        episode: episode(&session.person, &session.episode)?,
        day: day(session.day)?,
        number: session.number,
        revision,
        forms: form::decode_all(session.forms)?,
    };
    Ok((session.unit, body))
}

fn corrected(correction: wire::Correction) -> Result<UnitAndBody, Reason> {
    let session = correction.session.ok_or(Reason::Session)?;
    match correction.revision {
        0 => Err(Reason::Revision),
        revision => session_body(session, revision),
    }
}

fn episode_closed(closed: &wire::EpisodeClosed) -> Result<UnitAndBody, Reason> {
    let ending = match feedback::Ending::try_from(closed.ending) {
        Ok(feedback::Ending::Unspecified) => EpisodeEnding::Unknown,
        Ok(feedback::Ending::Planned) => EpisodeEnding::Planned,
        Ok(feedback::Ending::Unplanned) => EpisodeEnding::Unplanned,
        Ok(feedback::Ending::Transfer) => EpisodeEnding::Transfer,
        Err(_) => return Err(Reason::Ending),
    };
    let body = EventBody::EpisodeClosed {
        episode: episode(&closed.person, &closed.episode)?,
        day: day(closed.day)?,
        ending,
    };
    Ok((closed.unit.clone(), body))
}

fn invitation_issued(invitation: &wire::InvitationIssued) -> Result<UnitAndBody, Reason> {
    let body = EventBody::InvitationIssued {
        code: one(&invitation.code)?,
        month: month(invitation.month)?,
    };
    Ok((invitation.unit.clone(), body))
}

fn discharge_survey(survey: wire::DischargeSurvey) -> Result<UnitAndBody, Reason> {
    let body = EventBody::DischargeSurvey {
        code: one(&survey.code)?,
        month: month(survey.month)?,
        form: form::decode(survey.form.ok_or(Reason::Form)?)?,
    };
    Ok((survey.unit, body))
}

fn registry_form(registered: wire::RegistryForm) -> Result<UnitAndBody, Reason> {
    let body = EventBody::RegistryForm {
        episode: episode(&registered.person, &registered.episode)?,
        day: day(registered.day)?,
        revision: registered.revision,
        form: form::decode(registered.form.ok_or(Reason::Form)?)?,
    };
    Ok((registered.unit, body))
}

fn withdrawn(withdrawal: wire::Withdrawal) -> Result<ControlRecord, Reason> {
    let subject = match withdrawal.subject {
        Some(withdrawal::Subject::Person(person)) => WithdrawalSubject::Person(one(&[person])?),
        Some(withdrawal::Subject::Code(code)) => WithdrawalSubject::Code(one(&[code])?),
        None => return Err(Reason::Subject),
    };
    let scope = match withdrawal::Scope::try_from(withdrawal.scope) {
        Ok(withdrawal::Scope::Registry) => WithdrawalScope::Registry,
        Ok(withdrawal::Scope::All) => WithdrawalScope::All,
        Ok(withdrawal::Scope::Unspecified) | Err(_) => return Err(Reason::Scope),
    };
    Ok(ControlRecord::Withdrawal { subject, scope })
}

fn episode(person: &[wire::Pseudonym], episode: &[wire::Pseudonym]) -> Result<EpisodeKey, Reason> {
    Ok(EpisodeKey {
        person: one(person)?,
        episode: one(episode)?,
    })
}

fn one(pseudonyms: &[wire::Pseudonym]) -> Result<Pseudonym, Reason> {
    let [pseudonym] = pseudonyms else {
        return Err(Reason::PseudonymCount);
    };
    match <[u8; 16]>::try_from(pseudonym.value.as_slice()) {
        Ok(bytes) if pseudonym.key_id == KEY_ID => Ok(Pseudonym::new(bytes)),
        _ => Err(Reason::Pseudonym),
    }
}

fn day(days: i32) -> Result<Day, Reason> {
    let day = Day(days);
    if (Day::FIRST..=Day::LAST).contains(&day) {
        Ok(day)
    } else {
        Err(Reason::Day)
    }
}

pub(super) fn month(yyyymm: u32) -> Result<Month, Reason> {
    Month::from_yyyymm(yyyymm).ok_or(Reason::Month)
}

pub(super) fn hash(bytes: &[u8]) -> Result<CatalogueHash, Reason> {
    <[u8; 32]>::try_from(bytes)
        .map(CatalogueHash::new)
        .map_err(|_| Reason::CatalogueHash)
}
