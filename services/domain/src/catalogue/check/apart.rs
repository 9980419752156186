//! The rule `apart`: what others can see of a person never stands in one number with what only the
//! person's answers tell.

use crate::catalogue::apart::joined_knowledge;
use crate::catalogue::draft::CatalogueDraft;
use crate::catalogue::problem::{CatalogueLimits, ProblemReport};

use super::instrument::scales;

const RULE: &str = "apart";

/// The items of a scale are all seen, or none is.
pub(super) fn seen_items(
    draft: &CatalogueDraft,
    limits: &CatalogueLimits,
    report: &mut ProblemReport<'_>,
) {
    if !asks(limits) {
        return;
    }
    for (element, instrument, scale) in scales(draft) {
        let items = || scale.items.iter().map(|place| &instrument.items[*place]);
        let (seen, told): (Vec<_>, Vec<_>) = items().partition(|item| item.seen);
        if let (Some(seen), Some(told)) = (seen.first(), told.first()) {
            let message = format!(
                "others can see its item {}, and only answers tell {}: the items of a scale are \
                 all `seen`, or none is",
                seen.id, told.id
            );
            report.add(&element, RULE, message);
        }
    }
}

/// No number of a measure joins what others can see with what only answers tell.
pub(super) fn measures(
    draft: &CatalogueDraft,
    limits: &CatalogueLimits,
    report: &mut ProblemReport<'_>,
) {
    if !asks(limits) {
        return;
    }
    for (id, measure) in &draft.measures {
        let instrument = draft.instrument_of(measure);
        // A form that is not there is a problem of its own.
        if measure.population.form().is_some() && instrument.is_none() {
            continue;
        }
        for finding in joined_knowledge(measure, instrument) {
            let element = match finding.variable {
                Some(variable) => format!("measure/{id}/variable/{variable}"),
                None => format!("measure/{id}/parts"),
            };
            report.add(&element, RULE, finding.message);
        }
    }
}

fn asks(limits: &CatalogueLimits) -> bool {
    limits.apart
}
