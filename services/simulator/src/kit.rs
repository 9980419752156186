//! The instruments that simulated clinics use. Comes in: a catalogue. Goes out: forms that obey
//! it. The invariant: nothing is used that the catalogue does not have, and every value lies on
//! its item's steps.

use medvirk_domain::catalogue::{
    Catalogue, EarlierScore, FormRef, Instrument, InvolvementForm, Item, Population, Scale,
};
use medvirk_domain::fixed::FixedPoint;
use medvirk_domain::form::{self as domain, MissingReason, Respondent};
use medvirk_proto::feedback::v1::item_response::Response;
use medvirk_proto::feedback::v1::{Coding, Form, ItemResponse};
use medvirk_proto::feedback::v1::{MissingReason as WireReason, Respondent as WireRespondent};

use super::draw::SeededDraw;

/// The instruments; what the catalogue lacks is left out.
pub(super) struct FormKit {
    pub(super) outcome: Option<Instrument>,
    pub(super) alliance: Option<Instrument>,
    pub(super) child_outcome: Option<Instrument>,
    pub(super) child_alliance: Option<Instrument>,
    pub(super) group_alliance: Option<Instrument>,
    /// The adaptive form, in two versions.
    pub(super) monitoring_2: Option<Instrument>,
    pub(super) monitoring_3: Option<Instrument>,
    pub(super) depression: Option<Instrument>,
    /// That of the first measure that reads discharge surveys.
    pub(super) survey: Option<Instrument>,
    /// The short form of the survey.
    pub(super) short_survey: Option<Instrument>,
    /// The register's form at the beginning of a course.
    pub(super) basis: Option<Instrument>,
    /// The register's measurement points.
    pub(super) point: Option<Instrument>,
    /// The yearly status form.
    pub(super) status: Option<Instrument>,
    /// What leaders of units are asked.
    pub(super) involvement: Option<InvolvementForm>,
}

impl FormKit {
    /// What the catalogue has of them.
    pub(super) fn of(catalogue: &Catalogue) -> Self {
        let survey = catalogue
            .measures
            .values()
            .find_map(|measure| match &measure.population {
                Population::Survey(form) => read_by(catalogue, form),
                _ => None,
            });
        Self {
            outcome: find(catalogue, "fit-ors"),
            alliance: find(catalogue, "fit-srs"),
            child_outcome: find(catalogue, "fit-cors"),
            child_alliance: find(catalogue, "fit-csrs"),
            group_alliance: find(catalogue, "fit-gsrs"),
            monitoring_2: find(catalogue, "norse-2"),
            monitoring_3: find(catalogue, "norse-3"),
            depression: find(catalogue, "bdi-total"),
            survey: survey.cloned(),
            short_survey: find(catalogue, "kem-short"),
            basis: find(catalogue, "kvarus-basis"),
            point: find(catalogue, "kvarus-point"),
            status: find(catalogue, "lar-status"),
            involvement: catalogue.involvement.clone(),
        }
    }
}

/// In the version that a measure reads, else in the newest.
fn find(catalogue: &Catalogue, id: &str) -> Option<Instrument> {
    let read = catalogue
        .measures
        .values()
        .filter_map(|measure| measure.population.form())
        .find(|form| form.instrument.as_str() == id)
        .and_then(|form| read_by(catalogue, form));
    let newest = || {
        catalogue
            .instruments
            .values()
            .rfind(|instrument| instrument.id.as_str() == id)
    };
    read.or_else(newest).cloned()
}

fn read_by<'a>(catalogue: &'a Catalogue, form: &FormRef) -> Option<&'a Instrument> {
    catalogue.instrument(form.instrument.as_str(), form.version)
}

/// A form whose score lies near this share (0 to 1) of the scale's range. Where an instrument
/// has no items its total is given.
pub(super) fn fill(instrument: &Instrument, share: f64, draw: &mut SeededDraw) -> Form {
    let mut answer = |item: &Item| Response::Value(value(item, draw.normal(share, 0.04)));
    form(instrument, share, &mut answer)
}

/// A form of an adaptive instrument, asked as the instrument asks after what was scored before;
/// what it scores is added. `trouble` is a share of the range, from 0 (none) to 1.
pub(super) fn ask(
    instrument: &Instrument,
    trouble: f64,
    earlier: &mut Vec<EarlierScore>,
    draw: &mut SeededDraw,
) -> Form {
    let moods: Vec<f64> = instrument
        .scales
        .iter()
        .map(|scale| mood(scale, trouble, draw))
        .collect();
    let mut asked = domain::Form {
        instrument: instrument.id.clone(),
        version: instrument.version,
        respondent: Respondent::Patient,
        age: None,
        items: Vec::new(),
        total: None,
    };
    // First the triggers, then what they open.
    loop {
        let next = instrument.ask(&asked, earlier).items;
        if next.is_empty() {
            break;
        }
        for id in next {
            let items = instrument.items.iter().enumerate();
            let found = items.into_iter().find(|(_, item)| item.id == id);
            let (place, item) = found.expect("an instrument asks its own items");
            let response = mark(instrument, place, item, &moods, draw);
            asked.items.push((id, response));
        }
    }
    let response = |item: &Item| {
        let answered = asked.items.iter().find(|(id, _)| *id == item.id);
        let by_design = domain::ItemResponse::Missing(MissingReason::ByDesign);
        answered.map_or(by_design, |(_, response)| *response)
    };
    let items = instrument.items.iter();
    asked.items = items
        .map(|item| (item.id.clone(), response(item)))
        .collect();
    if let Ok(scored) = instrument.score(&asked) {
        earlier.extend(instrument.as_earlier(&asked, &scored));
    }
    Form {
        coding: Coding::Agreement.into(),
        ..as_sent(&asked)
    }
}

/// How much trouble a scale is about, as a share of its range.
fn mood(scale: &Scale, trouble: f64, draw: &mut SeededDraw) -> f64 {
    let usual = match scale.id.as_str() {
        "suicide" | "self-harm" => 0.4 * trouble,
        "substance-use" => 0.7 * trouble,
        _ if scale.higher_is_better => 0.9 - 0.4 * trouble,
        _ => trouble,
    };
    draw.normal(usual, 0.13)
}

/// What is marked on an item; now and then it does not apply, or is declined.
fn mark(
    instrument: &Instrument,
    place: usize,
    item: &Item,
    moods: &[f64],
    draw: &mut SeededDraw,
) -> domain::ItemResponse {
    match draw.below(100) {
        0..2 => return domain::ItemResponse::Missing(MissingReason::NotApplicable),
        2 => return domain::ItemResponse::Missing(MissingReason::PreferNot),
        _ => {}
    }
    let mut scales = instrument.scales.iter().zip(moods);
    let scale = scales.find(|(scale, _)| scale.items.contains(&place));
    let share = scale.map_or(0.5, |(_, mood)| *mood);
    let share = draw.normal(share, 0.07);
    let share = if item.reversed { 1.0 - share } else { share };
    domain::ItemResponse::Value(on_steps(item.min, item.max, item.step, share))
}

fn as_sent(form: &domain::Form) -> Form {
    let response = |response: &domain::ItemResponse| match response {
        domain::ItemResponse::Value(value) => Response::Value(value.to_f64()),
        domain::ItemResponse::Missing(reason) => {
            Response::Missing(WireReason::from(*reason).into())
        }
    };
    let items = form.items.iter().map(|(item, given)| ItemResponse {
        item: item.to_string(),
        response: Some(response(given)),
    });
    Form {
        instrument: form.instrument.to_string(),
        version: form.version,
        respondent: WireRespondent::Self_.into(),
        items: items.collect(),
        ..Form::default()
    }
}

/// A discharge survey: the items scatter more, and some do not apply.
pub(super) fn fill_survey(instrument: &Instrument, share: f64, draw: &mut SeededDraw) -> Form {
    // What people think of one theme they think of the whole theme.
    let mut themes: Vec<(usize, f64)> = Vec::new();
    for scale in &instrument.scales {
        let mood = draw.normal(0.0, 0.06);
        themes.extend(scale.items.iter().map(|item| (*item, mood)));
    }
    let mut place = 0;
    let mut answer = |item: &Item| {
        let mood = themes
            .iter()
            .find(|(item, _)| *item == place)
            .map_or(0.0, |(_, mood)| *mood);
        place += 1;
        match draw.below(100) {
            0..7 if item.missing.contains(&MissingReason::NotApplicable) => {
                Response::Missing(WireReason::NotApplicable.into())
            }
            7..10 if item.missing.contains(&MissingReason::NotAnswered) => {
                Response::Missing(WireReason::NotAnswered.into())
            }
            _ => Response::Value(value(item, draw.normal(share + mood, 0.17))),
        }
    };
    form(instrument, share, &mut answer)
}

/// A form with these answers; an item that is not among them is left blank.
pub(super) fn answered(instrument: &Instrument, answers: &[(&str, f64)]) -> Form {
    let mut answer = |item: &Item| {
        let given = answers.iter().find(|(id, _)| *id == item.id.as_str());
        match given {
            Some((_, value)) => Response::Value(*value),
            None => Response::Missing(WireReason::NotAnswered.into()),
        }
    };
    form(instrument, 0.0, &mut answer)
}

fn form(instrument: &Instrument, share: f64, answer: &mut dyn FnMut(&Item) -> Response) -> Form {
    let mut response = |item: &Item| ItemResponse {
        item: item.id.to_string(),
        response: Some(answer(item)),
    };
    Form {
        instrument: instrument.id.to_string(),
        version: instrument.version,
        respondent: respondent(instrument).into(),
        items: instrument.items.iter().map(&mut response).collect(),
        total: if instrument.items.is_empty() {
            total(instrument, share)
        } else {
            None
        },
        ..Form::default()
    }
}

fn total(instrument: &Instrument, share: f64) -> Option<f64> {
    let id = instrument.total_only.as_ref()?;
    let scale = instrument.scales.iter().find(|scale| scale.id == *id)?;
    Some(on_steps(scale.min, scale.max, scale.total_step?, share).to_f64())
}

fn value(item: &Item, share: f64) -> f64 {
    on_steps(item.min, item.max, item.step, share).to_f64()
}

fn on_steps(min: FixedPoint, max: FixedPoint, step: FixedPoint, share: f64) -> FixedPoint {
    let steps = (max.micros() - min.micros()) / step.micros();
    let chosen = (share.clamp(0.0, 1.0) * steps as f64).round() as i64;
    FixedPoint::from_micros(min.micros() + chosen * step.micros())
}

/// The patient where the instrument allows it.
fn respondent(instrument: &Instrument) -> WireRespondent {
    let mut allowed = instrument.respondents.iter().copied();
    let patient = allowed.find(|it| *it == Respondent::Patient);
    let first = instrument.respondents.first().copied();
    patient.or(first).into()
}
