//! From forms to series. Comes in: the forms of an episode in the order of their sessions, each
//! with the catalogue that admitted it. Goes out: one series per instrument, respondent and scale.
//! The invariant: a form is scored and judged as it was when it came in, by the catalogue of that
//! time and the forms before it; range, cut-off and band of a series are those of its newest form.

use std::collections::BTreeMap;
use std::sync::Arc;

use medvirk_domain::catalogue::{
    AlertContext, Catalogue, EarlierScore, FormAlerts, Instrument, Scale, Score, ScoredForm,
};
use medvirk_domain::fixed::FixedPoint;
use medvirk_domain::form::Form;
use medvirk_proto::curve::v1::{Point, Series};
use medvirk_proto::feedback::v1 as wire;
use medvirk_store::registry::CurveForm;

/// Of one instrument, version and respondent, oldest first.
type EarlierForms<'a> = BTreeMap<(&'a str, u32, &'static str), Vec<EarlierScore>>;

/// A form with what its instrument says of it.
struct JudgedForm<'a> {
    row: &'a CurveForm,
    instrument: &'a Instrument,
    scored: ScoredForm,
}

pub(super) fn of(forms: &[(CurveForm, Arc<Catalogue>)]) -> Vec<Series> {
    let judged: Vec<JudgedForm<'_>> = forms.iter().filter_map(judged).collect();
    let mut all: Vec<Series> = Vec::new();
    let mut earlier = EarlierForms::new();
    for session in judged.chunk_by(|one, two| place(one) == place(two)) {
        let beside: Vec<_> = session
            .iter()
            .map(|it| (&it.row.form, &it.scored))
            .collect();
        for one in session {
            let JudgedForm {
                instrument, scored, ..
            } = one;
            let form = &one.row.form;
            let key = (
                form.instrument.as_str(),
                form.version,
                form.respondent.as_str(),
            );
            let before = earlier.entry(key).or_default();
            let context = AlertContext {
                earlier: Some(&before[..]),
                session: &beside,
            };
            let alerts = instrument.alerts(form, scored, context);
            let now = instrument.as_earlier(form, scored);
            for ((scale, score), now) in instrument.scales.iter().zip(&scored.scores).zip(&now) {
                let mut of_scale = before.iter().filter(|it| it.scale == scale.id);
                let first = of_scale.find_map(|it| it.value).or(score.value);
                let series = series(&mut all, form, scale);
                frame(series, one, scale, first);
                series
                    .points
                    .push(point(one, scale, score, now.open, &alerts));
            }
            before.extend(now);
        }
    }
    let nothing = |point: &Point| point.basis() == wire::Basis::Missing;
    all.retain(|series| !series.points.iter().all(nothing));
    all
}

fn judged<'a>((row, catalogue): &'a (CurveForm, Arc<Catalogue>)) -> Option<JudgedForm<'a>> {
    let instrument = catalogue.instrument(row.form.instrument.as_str(), row.form.version)?;
    // The catalogue admitted it, so this is only what nobody can judge any more.
    let scored = instrument.score(&row.form).ok()?;
    Some(JudgedForm {
        row,
        instrument,
        scored,
    })
}

/// The session of a form.
fn place<'a>(of: &JudgedForm<'a>) -> (i32, u32, &'a str) {
    (of.row.day.0, of.row.number, of.row.unit.as_str())
}

/// The series of a scale, begun where there is none yet.
fn series<'s>(all: &'s mut Vec<Series>, form: &Form, scale: &Scale) -> &'s mut Series {
    let respondent = wire::Respondent::from(form.respondent);
    let same = |series: &Series| {
        series.instrument == form.instrument.as_str()
            && series.respondent() == respondent
            && series.scale == scale.id.as_str()
    };
    let place = all.iter().position(same).unwrap_or_else(|| {
        all.push(Series {
            instrument: form.instrument.to_string(),
            respondent: respondent.into(),
            scale: scale.id.to_string(),
            ..Series::default()
        });
        all.len() - 1
    });
    &mut all[place]
}

/// What a series is drawn in.
fn frame(series: &mut Series, of: &JudgedForm<'_>, scale: &Scale, first: Option<FixedPoint>) {
    let form = &of.row.form;
    let cutoff = scale.cutoff(form.respondent, of.instrument.age_of(form));
    series.min = scale.min.to_f64();
    series.max = scale.max.to_f64();
    series.higher_is_better = scale.higher_is_better;
    series.cutoff = cutoff.map(FixedPoint::to_f64);
    let band = first.zip(scale.reliable_change);
    series.reliable_low = band.map(|(first, change)| (first - change).to_f64());
    series.reliable_high = band.map(|(first, change)| (first + change).to_f64());
    let norm = of.instrument.norm.as_ref().filter(|_| scale.norm.is_some());
    series.norm = norm.map(|norm| norm.id.to_string()).unwrap_or_default();
}

fn point(
    of: &JudgedForm<'_>,
    scale: &Scale,
    score: &Score,
    open: bool,
    alerts: &FormAlerts,
) -> Point {
    let form = &of.row.form;
    let age = of.instrument.age_of(form);
    let cutoff = scale.cutoff(form.respondent, age);
    let rules = of.instrument.alerts.iter();
    let fired = rules.filter(|it| it.scale == scale.id && alerts.fired.contains(&it.id));
    Point {
        date: of.row.day.to_string(),
        number: of.row.number,
        value: score.value.map(FixedPoint::to_f64),
        alerts: fired.map(|rule| rule.id.to_string()).collect(),
        cutoff: cutoff.map(FixedPoint::to_f64),
        age: wire::AgeBand::from(age).into(),
        basis: wire::Basis::from(score.basis).into(),
        z: score
            .value
            .and_then(|value| scale.z(value))
            .map(FixedPoint::to_f64),
        open,
        version: form.version,
    }
}
