//! From forms to series. Comes in: the scored forms of an episode in the order of their sessions,
//! each with the catalogue that admitted it. Goes out: one series per instrument, respondent and
//! scale. The invariant: cut-off and range are those of the newest form; alerts are judged by the
//! catalogue of their own form.

use std::sync::Arc;

use medvirk_domain::catalogue::{Catalogue, Instrument, Now, Scale};
use medvirk_domain::fixed::Fixed;
use medvirk_domain::form::Respondent;
use medvirk_proto::curve::v1::{Point, Series};
use medvirk_proto::feedback::v1 as wire;
use medvirk_store::registry::CurveForm;

type Known = (CurveForm, Arc<Catalogue>);

pub(super) fn of(forms: &[Known]) -> Vec<Series> {
    let mut all: Vec<Series> = Vec::new();
    for (form, catalogue) in forms {
        let Some(instrument) = catalogue.instrument(&form.instrument, form.version) else {
            continue;
        };
        for (id, score) in &form.scores {
            let mut scales = instrument.scales.iter();
            let Some(scale) = scales.find(|scale| scale.id.as_str() == id) else {
                continue;
            };
            let respondent = respondent(form.respondent);
            let same = |series: &&mut Series| {
                series.instrument == form.instrument
                    && series.respondent == respondent
                    && series.scale == *id
            };
            let place = match all.iter_mut().find(same) {
                Some(series) => series,
                None => {
                    all.push(Series {
                        instrument: form.instrument.clone(),
                        respondent,
                        scale: id.clone(),
                        ..Series::default()
                    });
                    all.last_mut().expect("it was just pushed")
                }
            };
            add(place, form, *score, instrument, scale);
        }
    }
    all
}

fn add(
    series: &mut Series,
    form: &CurveForm,
    score: Option<Fixed>,
    instrument: &Instrument,
    scale: &Scale,
) {
    // The tables do not say the age band, so it is the one that the catalogue assumes.
    let cutoff = scale.cutoff(form.respondent, instrument.default_age);
    let now = Now {
        score,
        cutoff,
        opens: false,
    };
    let alerts = alerts(instrument, scale, now, &known(series));
    series.min = scale.min.to_f64();
    series.max = scale.max.to_f64();
    series.higher_is_better = scale.higher_is_better;
    series.cutoff = cutoff.map(Fixed::to_f64);
    series.points.push(Point {
        date: form.day.to_string(),
        number: form.number,
        value: score.map(Fixed::to_f64),
        alerts,
    });
    let first = known(series).first().copied();
    let band = first.zip(scale.reliable_change);
    series.reliable_low = band.map(|(first, change)| (first - change).to_f64());
    series.reliable_high = band.map(|(first, change)| (first + change).to_f64());
}

/// The scores of the series so far.
fn known(series: &Series) -> Vec<Fixed> {
    let values = series.points.iter().filter_map(|point| point.value);
    values.filter_map(Fixed::from_f64).collect()
}

/// The rules that fire; the curve is all that there is before a score.
fn alerts(instrument: &Instrument, scale: &Scale, now: Now, earlier: &[Fixed]) -> Vec<String> {
    let rules = instrument.alerts.iter();
    let fired = rules
        .filter(|rule| rule.scale == scale.id)
        .filter(|rule| rule.judge(scale, now, Some(earlier)) == Some(true));
    fired.map(|rule| rule.id.to_string()).collect()
}

fn respondent(respondent: Respondent) -> i32 {
    let respondent = match respondent {
        Respondent::Patient => wire::Respondent::Self_,
        Respondent::Caretaker => wire::Respondent::Caretaker,
        Respondent::Other => wire::Respondent::Other,
        Respondent::GroupMember => wire::Respondent::GroupMember,
    };
    respondent.into()
}
