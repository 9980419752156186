//! Encodes and decodes the forms within envelopes.

use std::collections::BTreeSet;

use medvirk_domain::fixed::FixedPoint;
use medvirk_domain::form::{AgeBand, Form, ItemResponse, MissingReason};
use medvirk_domain::ids::{InstrumentId, ItemId};
use medvirk_domain::limits::MAX_SESSION_FORMS;
use medvirk_proto::feedback::v1 as feedback;
use medvirk_proto::log::v1 as wire;
use medvirk_proto::log::v1::item_response;

use crate::codec::undecodable::Reason;

pub(super) fn encode(form: &Form) -> wire::Form {
    wire::Form {
        instrument: form.instrument.to_string(),
        version: form.version,
        respondent: feedback::Respondent::from(form.respondent).into(),
        items: form
            .items
            .iter()
            .map(|(item, response)| wire::ItemResponse {
                item: item.to_string(),
                response: Some(encode_response(*response)),
            })
            .collect(),
        total: form.total.map(FixedPoint::micros),
        age: feedback::AgeBand::from(form.age).into(),
    }
}

/// A form from before there were age bands has none.
fn age(sent: i32) -> Result<Option<AgeBand>, Reason> {
    let age = feedback::AgeBand::try_from(sent);
    age.map(Into::into).map_err(|_| Reason::Age)
}

fn encode_response(response: ItemResponse) -> item_response::Response {
    match response {
        ItemResponse::Value(value) => item_response::Response::Value(value.micros()),
        ItemResponse::Missing(reason) => {
            item_response::Response::Missing(feedback::MissingReason::from(reason).into())
        }
    }
}

/// The forms of a session: 1 to 16, one per instrument and respondent.
pub(super) fn decode_all(forms: Vec<wire::Form>) -> Result<Vec<Form>, Reason> {
    if !(1..=MAX_SESSION_FORMS).contains(&forms.len()) {
        return Err(Reason::FormCount);
    }
    let forms: Vec<Form> = forms.into_iter().map(decode).collect::<Result<_, _>>()?;
    let distinct: BTreeSet<_> = forms
        .iter()
        .map(|form| (form.instrument.as_str(), form.respondent))
        .collect();
    if distinct.len() == forms.len() {
        Ok(forms)
    } else {
        Err(Reason::FormTwice)
    }
}

pub(super) fn decode(form: wire::Form) -> Result<Form, Reason> {
    let respondent = feedback::Respondent::try_from(form.respondent).ok();
    Ok(Form {
        instrument: InstrumentId::try_from(form.instrument).map_err(|_| Reason::Instrument)?,
        version: form.version,
        respondent: respondent.and_then(Into::into).ok_or(Reason::Respondent)?,
        items: form.items.into_iter().map(item).collect::<Result<_, _>>()?,
        total: form.total.map(value).transpose()?,
        age: age(form.age)?,
    })
}

fn item(item: wire::ItemResponse) -> Result<(ItemId, ItemResponse), Reason> {
    let id = ItemId::try_from(item.item).map_err(|_| Reason::Item)?;
    let response = match item.response.ok_or(Reason::Response)? {
        item_response::Response::Value(micros) => ItemResponse::Value(value(micros)?),
        item_response::Response::Missing(reason) => ItemResponse::Missing(missing(reason)?),
    };
    Ok((id, response))
}

/// Bounded, so that no sum of responses overflows.
fn value(micros: i64) -> Result<FixedPoint, Reason> {
    if micros.unsigned_abs() <= FixedPoint::LIMIT.micros().unsigned_abs() {
        Ok(FixedPoint::from_micros(micros))
    } else {
        Err(Reason::Value)
    }
}

fn missing(reason: i32) -> Result<MissingReason, Reason> {
    let reason = feedback::MissingReason::try_from(reason).ok();
    reason.and_then(Into::into).ok_or(Reason::Missing)
}
