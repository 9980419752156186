//! The rules that indicators must keep.

use super::titles::check_titles;
use crate::catalogue::draft::CatalogueDraft;
use crate::catalogue::measure::{
    CombinedValues, CountedPer, Indicator, IndicatorFigure, IndicatorKind, IndicatorTarget,
    Measure, MemberValue, Variable, VariableValue,
};
use crate::catalogue::problem::{CatalogueLimits, ProblemReport};
use crate::fixed::FixedPoint;
use crate::ids::VariableId;

const HUNDRED: FixedPoint = FixedPoint::from_int(100);

/// An indicator shows variables of its measure, in a way that they can be shown.
pub(super) fn figure(draft: &CatalogueDraft, _: &CatalogueLimits, report: &mut ProblemReport<'_>) {
    for (element, measure, indicator) in indicators(draft) {
        let wrong = match variables_of(measure, indicator) {
            Err(unknown) => Some(format!("there is no variable {unknown}")),
            Ok(variables) => wrong_kind(measure, indicator, &variables).map(str::to_owned),
        };
        if let Some(message) = wrong {
            report.add(&format!("{element}/kind"), "figure", message);
        }
    }
}

/// An indicator of a part is of one that its measure has.
pub(super) fn part(draft: &CatalogueDraft, _: &CatalogueLimits, report: &mut ProblemReport<'_>) {
    for (element, measure, indicator) in indicators(draft) {
        let Some(part) = &indicator.part else {
            continue;
        };
        let mut parts = measure.parts.iter();
        if !parts.any(|parts| [&parts.then, &parts.otherwise].contains(&part)) {
            report.add(&element, "part", format!("its measure has no part {part}"));
        }
    }
}

fn wrong_kind(
    measure: &Measure,
    indicator: &Indicator,
    variables: &[&Variable],
) -> Option<&'static str> {
    let two_valued = |it: &Variable| {
        (it.min, it.max, it.grain) == (FixedPoint::ZERO, FixedPoint::ONE, FixedPoint::ONE)
    };
    let index = |it: &Variable| (it.min, it.max) == (FixedPoint::ZERO, HUNDRED);
    let count = |it: &Variable| {
        it.value.is_two_valued() || matches!(it.value, VariableValue::Number(MemberValue::Forms))
    };
    let summed = |it: &&Variable| it.over == CombinedValues::Sum;
    let any_summed = variables.iter().any(summed);
    match (&indicator.figure, indicator.kind) {
        (IndicatorFigure::Ratio(..), IndicatorKind::Mean) => {
            let sums = variables.iter().all(summed) && measure.per == CountedPer::Month;
            (!sums).then_some("a ratio is of two variables of a month measure with over = \"sum\"")
        }
        (IndicatorFigure::Variable(_), IndicatorKind::Count) => {
            let counts = variables.iter().all(|it| count(it));
            (!counts).then_some("a count shows a number of forms, a flag or answered codes")
        }
        (IndicatorFigure::Standardised(..), IndicatorKind::EffectSize) => {
            let known = variables.iter().all(|it| it.spread);
            (!known).then_some("an effect size needs two variables with a spread")
        }
        (_, IndicatorKind::EffectSize) => Some("an effect size is of a standardised variable"),
        _ if any_summed => Some("what is added up over months is a count, or half of a ratio"),
        (IndicatorFigure::Variable(_), IndicatorKind::Proportion) => {
            let shares = variables.iter().all(|it| two_valued(it));
            (!shares).then_some("a proportion shows a variable that is 0 or 1")
        }
        (IndicatorFigure::Variable(_), IndicatorKind::Index) => {
            let indices = variables.iter().all(|it| index(it));
            (!indices).then_some("an index shows a variable from 0 to 100")
        }
        (IndicatorFigure::Variable(_) | IndicatorFigure::SumOf(..), IndicatorKind::Mean) => None,
        (IndicatorFigure::SumOf(..) | IndicatorFigure::Ratio(..), _) => {
            Some("a sum or a ratio of two variables is shown as a mean")
        }
        (IndicatorFigure::Standardised(..), _) => {
            Some("a standardised variable is shown as an effect size")
        }
    }
}

/// Levels of attainment lie where the figure can be, the better one on the better side.
pub(super) fn target(draft: &CatalogueDraft, _: &CatalogueLimits, report: &mut ProblemReport<'_>) {
    for (element, measure, indicator) in indicators(draft) {
        let (Some(target), Ok(variables)) = (indicator.target, variables_of(measure, indicator))
        else {
            continue;
        };
        if let Some(message) = wrong_target(indicator, target, &variables) {
            report.add(&format!("{element}/target"), "target", message);
        }
    }
}

fn wrong_target(
    indicator: &Indicator,
    target: IndicatorTarget,
    variables: &[&Variable],
) -> Option<String> {
    let sum = |end: fn(&Variable) -> FixedPoint| {
        variables
            .iter()
            .fold(FixedPoint::ZERO, |sum, variable| sum + end(variable))
    };
    let (low, high) = match (indicator.kind, &indicator.figure) {
        (IndicatorKind::Proportion | IndicatorKind::Index, _) => (FixedPoint::ZERO, HUNDRED),
        (IndicatorKind::Count, _) | (_, IndicatorFigure::Ratio(..)) => {
            (FixedPoint::ZERO, FixedPoint::LIMIT)
        }
        (IndicatorKind::EffectSize, _) => return Some("an effect size has no levels".to_owned()),
        (IndicatorKind::Mean, _) => (sum(|it| it.min), sum(|it| it.max)),
    };
    let (green, yellow) = (target.green, target.yellow);
    if [green, yellow].iter().any(|it| *it < low || *it > high) {
        return Some(format!("must be from {low} to {high}"));
    }
    match indicator.higher_is_better {
        None => Some("has a target but does not say whether higher is better".to_owned()),
        Some(true) if green < yellow => Some("green must not be below yellow".to_owned()),
        Some(false) if green > yellow => Some("green must not be above yellow".to_owned()),
        Some(_) => None,
    }
}

/// A figure over nobody is not shown.
pub(super) fn min_denominator(
    draft: &CatalogueDraft,
    _: &CatalogueLimits,
    report: &mut ProblemReport<'_>,
) {
    for (element, _, indicator) in indicators(draft) {
        if indicator.min_denominator == 0 {
            let element = format!("{element}/min_denominator");
            report.add(&element, "min-denominator", "must be at least 1");
        }
    }
}

/// An indicator has a title.
pub(super) fn indicator_title(
    draft: &CatalogueDraft,
    _: &CatalogueLimits,
    report: &mut ProblemReport<'_>,
) {
    for (element, _, indicator) in indicators(draft) {
        check_titles(&format!("{element}/title"), &indicator.title, report);
    }
}

fn variables_of<'a>(
    measure: &'a Measure,
    indicator: &'a Indicator,
) -> Result<Vec<&'a Variable>, &'a VariableId> {
    let find = |id: &'a VariableId| {
        let found = measure.variables.iter().find(|it| it.id == *id);
        found.ok_or(id)
    };
    indicator.figure.variables().into_iter().map(find).collect()
}

fn indicators(draft: &CatalogueDraft) -> impl Iterator<Item = (String, &Measure, &Indicator)> {
    draft.indicators.iter().filter_map(|indicator| {
        let measure = draft.measures.get(&indicator.measure)?;
        let element = format!("indicator/{}/{}", indicator.measure, indicator.id);
        Some((element, measure, indicator))
    })
}
