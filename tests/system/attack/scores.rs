//! Scores by the published texts. Comes in: a form of the log. Goes out: the same in plain numbers.

use medvirk_attacker::clinic;
use medvirk_attacker::clinic::catalogues::{self, monitoring};
use medvirk_domain::form::{AgeBand, Form, ItemResponse, MissingReason, Respondent};

/// The number one in millionths.
const ONE: i64 = 1_000_000;

/// A total is a sum; an index is the mean of what was answered, on 0 to 100, where at least half
/// was; an adaptive scale is the mean of what was answered.
pub(super) fn score(form: &Form) -> clinic::Form {
    let (instrument, scores) = match form.instrument.as_str() {
        "fit-ors" | "fit-cors" => return outcome(form),
        "fit-srs" => (catalogues::ALLIANCE, vec![Some(sum(form))]),
        "fit-csrs" => (catalogues::CHILD_ALLIANCE, vec![Some(sum(form))]),
        "fit-gsrs" => (catalogues::GROUP_ALLIANCE, vec![Some(sum(form))]),
        "norse-2" => monitored(catalogues::MONITORING_2, form),
        "norse-3" => monitored(catalogues::MONITORING_3, form),
        "bdi-total" => (catalogues::DEPRESSION, vec![Some(sum(form))]),
        "kvarus-point" => {
            let items = ["status", "plan", "crisis-plan", "benefit"];
            let mark = |item: &str| answers(form, item).first().copied().unwrap_or(0);
            let scores = items.map(|item| Some(mark(item)));
            (catalogues::POINT, scores.into())
        }
        "lar-status" => {
            let groups = ["opioids", "sedatives", "cannabis", "stimulants"];
            let answer = |item: &str| answers(form, item)[0];
            let many = groups.map(answer).iter().sum();
            let pleased = answer("treatment-satisfaction") + answer("life-satisfaction");
            (catalogues::STATUS, vec![Some(many), Some(pleased / 2)])
        }
        "kem-short" => (
            catalogues::SHORT_SURVEY,
            [("treatment", 2), ("milieu", 1), ("outcome", 1)]
                .map(|(scale, least)| index(form, scale, least))
                .into(),
        ),
        _ => (
            catalogues::SURVEY,
            [("treatment", 3), ("milieu", 2), ("outcome", 2)]
                .map(|(scale, least)| index(form, scale, least))
                .into(),
        ),
    };
    clinic::Form { instrument, scores }
}

/// By the cut-off of whoever answered, about somebody of that age.
fn outcome(form: &Form) -> clinic::Form {
    let caretaker = form.respondent == Respondent::Caretaker;
    match (form.instrument.as_str(), caretaker, form.age) {
        ("fit-cors", false, _) => catalogues::outcome(catalogues::CHILD_OUTCOME, sum(form)),
        ("fit-cors", true, _) => catalogues::outcome(catalogues::CHILD_CARETAKER, sum(form)),
        (_, true, _) => catalogues::outcome(catalogues::CARETAKER, sum(form)),
        (_, false, Some(AgeBand::Adolescent)) => {
            catalogues::outcome_below(catalogues::OUTCOME, sum(form), 28)
        }
        _ => catalogues::outcome(catalogues::OUTCOME, sum(form)),
    }
}

/// What was answered to items whose ids begin so.
fn answers(form: &Form, prefix: &str) -> Vec<i64> {
    let items = form.items.iter();
    let values = items
        .filter(|(item, _)| item.as_str().starts_with(prefix))
        .filter_map(|(_, response)| match response {
            ItemResponse::Value(value) => Some(value.micros()),
            ItemResponse::Missing(_) => None,
        });
    values.collect()
}

fn sum(form: &Form) -> i64 {
    let sent = form.total.map(|total| total.micros());
    sent.unwrap_or_else(|| answers(form, "").iter().sum())
}

fn index(form: &Form, scale: &str, least: usize) -> Option<i64> {
    let marks = answers(form, scale);
    let (above, of) = (
        marks.iter().map(|mark| mark - ONE).sum::<i64>() * 100,
        4 * marks.len() as i64,
    );
    (marks.len() >= least).then(|| (above + of / 2) / of)
}

/// The mean of each scale's answered items, in its direction; not relevant counts as no problem.
fn monitored(instrument: usize, form: &Form) -> (usize, Vec<Option<i64>>) {
    let mean = |(scale, items): &monitoring::Items| {
        let (min, max) = monitoring::marks(scale);
        let value = |item: &&str| {
            let id = item.trim_end_matches('-');
            let (_, response) = form.items.iter().find(|(sent, _)| sent.as_str() == id)?;
            match response {
                ItemResponse::Value(value) if item.ends_with('-') => {
                    Some(min + max - value.micros())
                }
                ItemResponse::Value(value) => Some(value.micros()),
                ItemResponse::Missing(MissingReason::NotApplicable) => {
                    monitoring::not_relevant(scale)
                }
                ItemResponse::Missing(_) => None,
            }
        };
        let values: Vec<i64> = items.iter().filter_map(value).collect();
        let (sum, of) = (values.iter().sum::<i64>(), values.len() as i64);
        (of > 0).then(|| (2 * sum + of) / (2 * of))
    };
    let scales = monitoring::scales(instrument).iter();
    (instrument, scales.map(mean).collect())
}
