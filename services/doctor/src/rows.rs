//! What of the release rule can be seen in a row (design §4.5–4.7). Comes in: a close and the
//! catalogue it was made with. Goes out: which rows cannot have been released. The numbers of the
//! rule are written down here once more, on purpose: the one that makes rows must not judge them.

use std::collections::BTreeSet;

use medvirk_domain::catalogue::{
    Catalogue, CombinedValues, CountedIdentity, CountedPer, FinestSpan, Measure, Variable,
};
use medvirk_domain::ids::TrustId;
use medvirk_domain::partition::LogPartition;
use medvirk_domain::row::{Close, Row, RowLevel, VariableSum};

use crate::check::DoctorCheck;

/// A sum of squares needs as many persons, or twice as many codes.
const SPREAD_PERSONS: u32 = 12;
/// A sum of squares needs a variable of as many steps.
const SPREAD_STEPS: i64 = 20;

const ADVICE: &str = "stop publishing: take the report off the network, keep a copy of the data \
    folder, and report it: a row that should not be is in the ledger";

/// Looks at every row of a close.
pub(crate) fn check(
    partition: LogPartition,
    close: &Close,
    catalogue: &Catalogue,
    check: &mut DoctorCheck,
) {
    let mut keys = BTreeSet::new();
    for row in &close.rows {
        let key = (
            row.measure(),
            row.level(),
            row.organisation(),
            row.first(),
            row.last(),
            row.part(),
        );
        let mut wrong = faults(partition, close, row, catalogue);
        if !keys.insert(key) {
            wrong.push("there is another row with its key");
        }
        for fault in wrong {
            let found = format!(
                "the row of {} for {} {} in {} ({}): {fault}",
                row.measure(),
                row.level().as_str(),
                row.organisation(),
                close.month,
                if row.part().is_empty() {
                    "no part"
                } else {
                    row.part()
                },
            );
            check.differs(found, ADVICE);
        }
    }
}

fn faults(
    partition: LogPartition,
    close: &Close,
    row: &Row,
    catalogue: &Catalogue,
) -> Vec<&'static str> {
    let Some(measure) = catalogue.measures.get(row.measure()) else {
        return vec!["its catalogue has no such measure"];
    };
    let mut faults = Vec::new();
    let mut expect = |holds: bool, fault| {
        if !holds {
            faults.push(fault);
        }
    };
    expect(row.persons() >= measure.k, "it has fewer persons than k");
    expect(
        is_placed(partition, row, catalogue),
        "its organisation is not of this partition",
    );
    expect(
        spans(close, row, measure),
        "its span is none of a close of this month",
    );
    expect(
        divided(close, row, measure),
        "its part or level does not belong to this month",
    );
    expect(
        counts_new(row, measure),
        "its new persons are not as the measure counts them",
    );
    expect(
        flags(row, catalogue),
        "its single-source flags are not its unit's",
    );
    let variables = row.variables();
    let named = variables.iter().map(|one| &one.variable);
    expect(
        named.eq(measure.variables.iter().map(|one| &one.id)),
        "its variables are not the measure's",
    );
    for (sum, variable) in variables.iter().zip(&measure.variables) {
        expect(
            squares_allowed(row, sum, variable, measure),
            "a sum of squares is there that may not be shown",
        );
        expect(
            is_possible(row.persons(), sum, variable),
            "a sum is none of so many values",
        );
    }
    faults
}

fn is_placed(partition: LogPartition, row: &Row, catalogue: &Catalogue) -> bool {
    let organisations = &catalogue.organisations;
    let institution = |id: &str| organisations.institutions.get(id).map(|one| &one.trust);
    let trust: Option<&TrustId> = match row.level() {
        RowLevel::Unit => {
            let unit = organisations.units.get(row.organisation());
            unit.and_then(|unit| institution(unit.institution.as_str()))
        }
        RowLevel::Institution => institution(row.organisation()),
        RowLevel::Trust => {
            let trust = organisations.trusts.get_key_value(row.organisation());
            trust.map(|(id, _)| id)
        }
    };
    trust.is_some_and(|trust| partition.holds(trust))
}

/// The month, or the tertial at its end, or the year at its end.
fn spans(close: &Close, row: &Row, measure: &Measure) -> bool {
    let month = close.month;
    let of_month = row.first() == month && measure.finest == FinestSpan::Month;
    let of_tertial = row.first() == month.tertial_start() && month.ends_tertial();
    let of_year = row.first() == month.year_start() && month.ends_year();
    row.last() == month && (of_month || of_tertial || of_year)
}

/// Parts are joined and organisations pooled only at the end of a year.
fn divided(close: &Close, row: &Row, measure: &Measure) -> bool {
    let joined = row.part().is_empty();
    let part_known = match &measure.parts {
        Some(parts) if !joined => [&parts.then, &parts.otherwise]
            .map(|part| part.as_str())
            .contains(&row.part()),
        Some(_) => close.month.ends_year(),
        None => joined,
    };
    let pooled = row.level() != RowLevel::Unit;
    part_known && (!pooled || (joined && close.month.ends_year()))
}

fn counts_new(row: &Row, measure: &Measure) -> bool {
    let counted = measure.per == CountedPer::Month || measure.parts.is_none();
    row.new_in_year().is_some() == counted
        && row.new_in_year().is_none_or(|new| new <= row.persons())
}

fn flags(row: &Row, catalogue: &Catalogue) -> bool {
    let unit = match row.level() {
        RowLevel::Unit => catalogue.organisations.units.get(row.organisation()),
        RowLevel::Institution | RowLevel::Trust => None,
    };
    let registered = unit.map_or((false, false), |unit| {
        (unit.single_therapist, unit.single_device)
    });
    (row.single_therapist(), row.single_device()) == registered
}

fn squares_allowed(row: &Row, sum: &VariableSum, variable: &Variable, measure: &Measure) -> bool {
    let enough = match measure.identity {
        CountedIdentity::Person => SPREAD_PERSONS,
        CountedIdentity::Code => 2 * SPREAD_PERSONS,
    };
    let allowed = variable.spread
        && variable.over == CombinedValues::Last
        && variable.steps() >= SPREAD_STEPS
        && row.persons() >= enough;
    sum.sum_sq.is_some() == allowed
}

/// So many values between the variable's bounds have such a sum, and such squares.
fn is_possible(persons: u32, sum: &VariableSum, variable: &Variable) -> bool {
    if variable.over == CombinedValues::Sum {
        return true;
    }
    let persons = i128::from(persons);
    let (least, most) = (variable.min.micros(), variable.max.micros());
    let total = i128::from(sum.sum);
    let within = (persons * i128::from(least)..=persons * i128::from(most)).contains(&total);
    // The squares of any values are at least those of their mean.
    let squares = sum.sum_sq.is_none_or(|squares| {
        let (left, right) = (squares.checked_mul(persons), total.checked_mul(total));
        matches!((left, right), (Some(left), Some(right)) if left >= right)
            || left.is_none()
            || right.is_none()
    });
    within && squares
}

#[cfg(test)]
mod tests;
