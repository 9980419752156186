//! Forms. Comes in: forms as they were sent. Goes out: forms that obey their instruments, scored.
//! The invariant: what the wire can say and the domain cannot (not a number, an unknown enum) is
//! noted here; everything else is the instrument's to judge.

use std::collections::HashMap;
use std::fmt;

use medvirk_domain::catalogue::{
    AdaptiveQuestions, Catalogue, FormAlerts, FormViolation, Instrument, ScoredForm,
};
use medvirk_domain::fixed::FixedPoint;
use medvirk_domain::form::{AgeBand, Coding, Form, ItemResponse, MissingReason, Respondent};
use medvirk_domain::ids::{ItemId, ScaleId};
use medvirk_domain::limits::MAX_SESSION_FORMS;
use medvirk_proto::feedback::v1 as wire;
use medvirk_proto::feedback::v1::item_response::Response as WireResponse;

use super::check::FieldChecks;
use super::violation::ViolationKind;

/// The most items of one form; no instrument has more.
const MAX_ITEMS: usize = 1_000;

/// A form that obeys its instrument.
pub struct CheckedForm<'a> {
    /// The form as it was filled in.
    pub form: Form,
    /// The scores of the form.
    pub scored: ScoredForm,
    /// What its alert rules say.
    pub alerts: FormAlerts,
    /// What to ask at the next session, where the instrument is adaptive.
    pub next: Option<AdaptiveQuestions>,
    /// The instrument of the catalogue in force.
    pub instrument: &'a Instrument,
}

/// Path of a form in the request.
#[derive(Clone, Copy)]
pub(super) struct FormPath<'p> {
    pub(super) root: &'p str,
    pub(super) list: &'static str,
    pub(super) index: Option<usize>,
}

impl fmt::Display for FormPath<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.root, self.list)?;
        match self.index {
            Some(index) => write!(f, "[{index}]"),
            None => Ok(()),
        }
    }
}

impl<'a> FieldChecks<'a, '_> {
    /// The forms of a session.
    pub(super) fn forms(
        &mut self,
        root: &str,
        sent: &[wire::Form],
    ) -> Option<Vec<CheckedForm<'a>>> {
        if sent.is_empty() || sent.len() > MAX_SESSION_FORMS {
            let rule = format!("must have 1 to {MAX_SESSION_FORMS} forms");
            self.note(format_args!("{root}.forms"), rule);
            return None;
        }
        let mut filled: Vec<Option<CheckedForm<'a>>> = Vec::with_capacity(sent.len());
        for (index, form) in sent.iter().enumerate() {
            let at = FormPath {
                root,
                list: "forms",
                index: Some(index),
            };
            let twin = |before: &wire::Form| {
                before.instrument == form.instrument && who(before) == who(form)
            };
            if sent[..index].iter().any(twin) {
                let rule = "must be the only one of its instrument and respondent";
                self.note(at, rule);
            }
            filled.push(self.form(at, form));
        }
        filled.into_iter().collect()
    }

    /// One form; its alerts are not judged yet.
    pub(super) fn form(&mut self, at: FormPath<'_>, sent: &wire::Form) -> Option<CheckedForm<'a>> {
        let read = self.read(at, sent)?;
        let (form, instrument) = (read.form, read.instrument);
        match instrument.score(&form) {
            Ok(scored) => read.readable.then(|| CheckedForm {
                alerts: FormAlerts::default(),
                next: None,
                form,
                scored,
                instrument,
            }),
            Err(violations) => self.refuse_form(at, violations),
        }
    }

    /// A form that is being filled in.
    pub(super) fn unfinished(
        &mut self,
        at: FormPath<'_>,
        sent: &wire::Form,
    ) -> Option<(Form, &'a Instrument)> {
        let read = self.read(at, sent)?;
        match read.instrument.check_unfinished(&read.form) {
            Ok(()) => read.readable.then_some((read.form, read.instrument)),
            Err(violations) => self.refuse_form(at, violations),
        }
    }

    fn refuse_form<T>(&mut self, at: FormPath<'_>, violations: Vec<FormViolation>) -> Option<T> {
        for violation in violations {
            self.note(format_args!("{at}.{}", violation.field), violation.rule);
        }
        None
    }

    /// A form as the log will hold it, not yet judged by its instrument.
    fn read(&mut self, at: FormPath<'_>, sent: &wire::Form) -> Option<ReadForm<'a>> {
        let instrument = self.instrument(at, sent);
        if sent.items.len() > MAX_ITEMS {
            let rule = format!("must have at most {MAX_ITEMS} items");
            self.note(format_args!("{at}.items"), rule);
            return None;
        }
        // Everything is looked at, also where something before it is wrong: an answer tells
        // everything at once. So nothing returns early here.
        let respondent = self.respondent(format_args!("{at}.respondent"), sent.respondent);
        let age = self.age(at, sent.age);
        let coding = self.coding(at, sent.coding);
        let items: Vec<_> = sent
            .items
            .iter()
            .enumerate()
            .map(|(index, item)| self.response(at, index, item))
            .collect();
        let total = sent
            .total
            .map(|total| self.number(total, format_args!("{at}.total")));
        let instrument = instrument?;
        let readable = respondent.is_some()
            && age.is_some()
            && coding.is_some()
            && items.iter().all(Option::is_some)
            && total.is_none_or(|total| total.is_some());
        let names = item_ids(&sent.items);
        let mut form = Form {
            instrument: instrument.id.clone(),
            version: sent.version,
            respondent: respondent.unwrap_or_else(|| stand_in_respondent(instrument)),
            items: names
                .into_iter()
                .zip(items)
                .map(|(item, response)| {
                    let response = response.unwrap_or_else(|| stand_in(instrument, &item));
                    (item, response)
                })
                .collect(),
            total: total.map(|total| total.unwrap_or_else(|| stand_in_total(instrument))),
            age: age.flatten(),
        };
        // The log holds what the respondent marked, in whatever coding it was sent.
        let marked = instrument.as_marked(&mut form, coding.flatten());
        let declared = marked.is_ok() || coding.is_none();
        if let Some(violation) = marked.err().filter(|_| coding.is_some()) {
            self.note(format_args!("{at}.{}", violation.field), violation.rule);
        }
        Some(ReadForm {
            form,
            instrument,
            readable: readable && declared,
        })
    }

    fn instrument(&mut self, at: FormPath<'_>, sent: &wire::Form) -> Option<&'a Instrument> {
        let catalogue: &'a Catalogue = self.rules.catalogue;
        let found = catalogue.instrument(&sent.instrument, sent.version);
        if found.is_none() {
            let mut ids = catalogue.instruments.keys().map(|(id, _)| id.as_str());
            if ids.any(|id| id == sent.instrument) {
                let rule = "must be a version of the instrument that is in the catalogue";
                self.note_kind(
                    ViolationKind::OtherCatalogue,
                    format_args!("{at}.version"),
                    rule,
                );
            } else {
                let rule = "must be the id of an instrument in the catalogue";
                self.note_kind(
                    ViolationKind::OtherCatalogue,
                    format_args!("{at}.instrument"),
                    rule,
                );
            }
        }
        found
    }

    pub(super) fn respondent(
        &mut self,
        field: fmt::Arguments<'_>,
        sent: i32,
    ) -> Option<Respondent> {
        let respondent = respondent(sent);
        if respondent.is_none() {
            self.note(field, "must be a known respondent");
        }
        respondent
    }

    /// The age band, if one is named; nothing if what is named is none.
    fn age(&mut self, at: FormPath<'_>, sent: i32) -> Option<Option<AgeBand>> {
        let age = wire::AgeBand::try_from(sent).ok().map(Into::into);
        if age.is_none() {
            self.note(format_args!("{at}.age"), "must be a known age band");
        }
        age
    }

    /// The coding, if one is declared; nothing if what is declared is none.
    fn coding(&mut self, at: FormPath<'_>, sent: i32) -> Option<Option<Coding>> {
        let coding = wire::Coding::try_from(sent).ok().map(Into::into);
        if coding.is_none() {
            self.note(format_args!("{at}.coding"), "must be a known coding");
        }
        coding
    }

    fn response(
        &mut self,
        at: FormPath<'_>,
        index: usize,
        sent: &wire::ItemResponse,
    ) -> Option<ItemResponse> {
        match sent.response {
            Some(WireResponse::Value(value)) => self
                .number(value, format_args!("{at}.items[{index}].value"))
                .map(ItemResponse::Value),
            Some(WireResponse::Missing(reason)) => {
                let reason = missing_reason(reason);
                if reason.is_none() {
                    let rule = "must be a known reason";
                    self.note(format_args!("{at}.items[{index}].missing"), rule);
                }
                reason.map(ItemResponse::Missing)
            }
            None => {
                let rule = "must have a value or a reason why there is none";
                self.note(format_args!("{at}.items[{index}]"), rule);
                None
            }
        }
    }

    pub(super) fn number(&mut self, sent: f64, field: fmt::Arguments<'_>) -> Option<FixedPoint> {
        let number = FixedPoint::from_f64(sent);
        if number.is_none() {
            let rule = "must be a number of at most six decimals, from -1000000 to 1000000";
            self.note(field, rule);
        }
        number
    }
}

/// A form with its instrument.
struct ReadForm<'a> {
    form: Form,
    instrument: &'a Instrument,
    /// False if something of it could not be read, which has been noted.
    readable: bool,
}

/// The ids of the items as they were sent. A text that is no id stands for no item of any instrument,
/// and the instrument refuses it at its place.
fn item_ids(sent: &[wire::ItemResponse]) -> Vec<ItemId> {
    // Where a text stands first: equal texts stay equal, so that the instrument sees what comes twice.
    let mut first_places = HashMap::new();
    let id = |(place, item): (usize, &wire::ItemResponse)| {
        item.item.parse().unwrap_or_else(|_| {
            let first = *first_places.entry(item.item.clone()).or_insert(place);
            let stand_in = format!("..no-id.{first}");
            stand_in.parse().expect("it has the letters of an id")
        })
    };
    sent.iter().enumerate().map(id).collect()
}

/// What stands for an unreadable response while the instrument judges the rest: something that
/// is right, so that it is not found wrong twice.
fn stand_in(instrument: &Instrument, id: &ItemId) -> ItemResponse {
    let item = instrument.items.iter().find(|item| item.id == *id);
    ItemResponse::Value(item.map_or(FixedPoint::ZERO, |item| item.min))
}

fn stand_in_respondent(instrument: &Instrument) -> Respondent {
    let first = instrument.respondents.first().copied();
    first.unwrap_or(Respondent::Patient)
}

fn stand_in_total(instrument: &Instrument) -> FixedPoint {
    let of_total = |id: &ScaleId| instrument.scales.iter().find(|scale| scale.id == *id);
    let scale = instrument.total_only.as_ref().and_then(of_total);
    scale.map_or(FixedPoint::ZERO, |scale| scale.min)
}

/// Unspecified is the patient; an unknown number is only equal to itself.
fn who(form: &wire::Form) -> i32 {
    match form.respondent {
        0 => wire::Respondent::Self_.into(),
        known => known,
    }
}

fn respondent(sent: i32) -> Option<Respondent> {
    let word: Option<Respondent> = wire::Respondent::try_from(sent).ok()?.into();
    Some(word.unwrap_or(Respondent::Patient))
}

fn missing_reason(sent: i32) -> Option<MissingReason> {
    wire::MissingReason::try_from(sent).ok()?.into()
}
