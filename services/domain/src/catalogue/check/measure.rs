//! Rules of measures: who is counted, how often, by whom else, and in what groups.

use std::collections::BTreeMap;

use super::titles::check_titles;
use crate::catalogue::draft::CatalogueDraft;
use crate::catalogue::measure::{
    Condition, CountedPer, FinestSpan, Measure, MemberValue, Population,
};
use crate::catalogue::problem::{CatalogueLimits, ProblemReport};
use crate::ids::{MeasureId, ScaleId};

use super::variable::wrong_value;

/// The form of a population is in the catalogue.
pub(super) fn known_form(
    draft: &CatalogueDraft,
    _: &CatalogueLimits,
    report: &mut ProblemReport<'_>,
) {
    for (id, measure) in &draft.measures {
        let Some(form) = measure.population.form() else {
            continue;
        };
        let wrong = match draft.instrument_of(measure) {
            None if draft.instrument_unread => continue,
            None => format!(
                "there is no instrument {} version {}",
                form.instrument, form.version
            ),
            Some(instrument) if !instrument.respondents.contains(&form.respondent) => format!(
                "{} is not filled in by {}",
                form.instrument,
                form.respondent.as_str()
            ),
            Some(_) => continue,
        };
        let element = format!("measure/{id}/population");
        report.add(&element, "known-form", wrong);
    }
}

/// What one measure says of a person no other measure says again: not a score, not one of an item
/// that it shares, not a number of forms, not whether a code was answered. Otherwise two groupings
/// of the same numbers could be subtracted from each other.
pub(super) fn one_reader(
    draft: &CatalogueDraft,
    _: &CatalogueLimits,
    report: &mut ProblemReport<'_>,
) {
    let mut readers: BTreeMap<MeasureReading, &MeasureId> = BTreeMap::new();
    for (id, measure) in &draft.measures {
        for reading in readings(draft, measure) {
            let reader = *readers.entry(reading.clone()).or_insert(id);
            if reader == id {
                continue;
            }
            let element = format!("measure/{id}");
            let message = format!("{reader} reads {} already", reading.what());
            report.add(&element, "one-reader", message);
            break;
        }
    }
}

/// Discharge surveys and invitations count codes; everything else counts persons.
pub(super) fn identity(
    draft: &CatalogueDraft,
    _: &CatalogueLimits,
    report: &mut ProblemReport<'_>,
) {
    for (id, measure) in &draft.measures {
        let natural = measure.population.natural_identity();
        if measure.identity != natural {
            let element = format!("measure/{id}/identity");
            let message = format!("its population counts by {}", natural.as_str());
            report.add(&element, "identity", message);
        }
    }
}

/// Sessions count once a month, everything else once an episode (or code).
pub(super) fn per(draft: &CatalogueDraft, _: &CatalogueLimits, report: &mut ProblemReport<'_>) {
    for (id, measure) in &draft.measures {
        let (natural, word) = match measure.population {
            Population::Session(_) | Population::Registered(_) => (CountedPer::Month, "month"),
            _ => (CountedPer::Episode, "episode"),
        };
        if measure.per != natural {
            let message = format!("its population counts per {word}");
            report.add(&format!("measure/{id}/per"), "per", message);
        }
    }
}

/// No answer decides who is in a `month` measure; an `episode` measure is split by what was known
/// at its beginning.
pub(super) fn parts(draft: &CatalogueDraft, _: &CatalogueLimits, report: &mut ProblemReport<'_>) {
    for (id, measure) in &draft.measures {
        let Some(parts) = &measure.parts else {
            continue;
        };
        let element = format!("measure/{id}/parts");
        if measure.per == CountedPer::Month {
            report.add(
                &element,
                "no-parts-in-month",
                "a month measure has no parts",
            );
        }
        if parts.then == parts.otherwise {
            report.add(&element, "parts", "both parts have the same id");
        }
        if parts.when.is_empty() {
            report.add(&element, "parts", "there is no condition");
        }
        if let Some(wrong) = parts
            .when
            .iter()
            .find_map(|it| wrong_part(draft, measure, it))
        {
            report.add(&element, "parts", wrong);
        }
    }
}

fn wrong_part(draft: &CatalogueDraft, measure: &Measure, condition: &Condition) -> Option<String> {
    match (&measure.population, &condition.value) {
        (
            Population::EpisodeClosed(_) | Population::RegisteredEpisode(_),
            MemberValue::First(_) | MemberValue::FirstClinical(_),
        )
        | (Population::Survey(_) | Population::FirstRegistered(_), MemberValue::Score(_)) => {
            wrong_value(draft, measure, &condition.value)
        }
        _ => Some(
            "only the first score of an episode, or a score of a survey or of a patient's first \
             form, may split"
                .to_owned(),
        ),
    }
}

/// k and r are at least the lowest allowed.
pub(super) fn k_and_r(
    draft: &CatalogueDraft,
    limits: &CatalogueLimits,
    report: &mut ProblemReport<'_>,
) {
    for (id, measure) in &draft.measures {
        let lowest = if draft.sensitive.contains(id) {
            limits.sensitive_k
        } else {
            limits.k
        };
        if measure.k < lowest {
            let message = format!("must be at least {lowest}");
            report.add(&format!("measure/{id}/k"), "k", message);
        }
        if measure.r < limits.r {
            let message = format!("must be at least {}", limits.r);
            report.add(&format!("measure/{id}/r"), "r", message);
        }
    }
}

/// Sensitive measures have no rows shorter than a tertial.
pub(super) fn sensitive(
    draft: &CatalogueDraft,
    _: &CatalogueLimits,
    report: &mut ProblemReport<'_>,
) {
    for (id, measure) in &draft.measures {
        if draft.sensitive.contains(id) && measure.finest != FinestSpan::Tertial {
            let message = "the finest span of a sensitive measure is a tertial";
            report.add(&format!("measure/{id}/finest"), "sensitive", message);
        }
    }
}

/// A measure has a title.
pub(super) fn measure_title(
    draft: &CatalogueDraft,
    _: &CatalogueLimits,
    report: &mut ProblemReport<'_>,
) {
    for (id, measure) in &draft.measures {
        check_titles(&format!("measure/{id}/title"), &measure.title, report);
    }
}

/// Something that a measure says of a person.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum MeasureReading {
    /// A score without items.
    Total(String, ScaleId),
    /// An item, by way of a score.
    Item(String, usize),
    /// How many forms there are.
    Forms(String),
    /// The longest time without a form.
    Gap(String),
    /// How long an episode was, whatever was answered in it.
    Days,
    /// How an episode ended, whatever was answered in it.
    Ending,
    /// Whether a code was answered.
    Answered,
}

impl MeasureReading {
    fn what(&self) -> String {
        match self {
            Self::Total(form, scale) => format!("the score {scale} of {form}"),
            Self::Item(form, _) => format!("a score of {form} from the same items"),
            Self::Forms(form) => format!("the number of forms {form}"),
            Self::Gap(form) => format!("the time without a form {form}"),
            Self::Days => "how long an episode was".to_owned(),
            Self::Ending => "how an episode ended".to_owned(),
            Self::Answered => "whether a code was answered".to_owned(),
        }
    }
}

fn readings(draft: &CatalogueDraft, measure: &Measure) -> Vec<MeasureReading> {
    let mut readings = Vec::new();
    let name = measure.population.form().map_or_else(String::new, |form| {
        let respondent = form.respondent.as_str();
        let register = if measure.population.is_of_register() {
            " of the register"
        } else {
            ""
        };
        format!(
            "{} version {} by {respondent}{register}",
            form.instrument, form.version
        )
    });
    for value in measure.values() {
        match (value, value.scale()) {
            (_, Some(id)) => {
                let scale = draft.instrument_of(measure).and_then(|it| it.scale(id));
                let items = scale.map_or(&[][..], |scale| &scale.items);
                if items.is_empty() {
                    readings.push(MeasureReading::Total(name.clone(), id.clone()));
                }
                readings.extend(
                    items
                        .iter()
                        .map(|at| MeasureReading::Item(name.clone(), *at)),
                );
            }
            (MemberValue::Answered, None) => readings.push(MeasureReading::Answered),
            (MemberValue::Days, None) => readings.push(MeasureReading::Days),
            (MemberValue::Ended(_), None) => readings.push(MeasureReading::Ending),
            (MemberValue::Gap, None) => readings.push(MeasureReading::Gap(name.clone())),
            (_, None) => readings.push(MeasureReading::Forms(name.clone())),
        }
    }
    readings
}
