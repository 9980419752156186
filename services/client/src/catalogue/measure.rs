//! Measures and indicators as `medvirk catalogue show` prints them: who counts, what is known of
//! each, what is shown of it, where the rules come from and what nobody has verified.

use std::fmt::{Result, Write as _};

use medvirk_domain::catalogue::{
    Catalogue, Condition, ConditionTest, CountedPer, FinestSpan, FormRef, Indicator,
    IndicatorFigure, Measure, MemberValue, Population, Variable, VariableValue,
};
use medvirk_domain::record::EpisodeEnding;

use super::titles::{notes, title, titles};

/// A measure, with the names of its indicators.
pub(super) fn show(text: &mut String, measure: &Measure, catalogue: &Catalogue) -> Result {
    writeln!(text, "Measure {}: {}", measure.id, title(&measure.title))?;
    titles(text, &measure.title)?;
    writeln!(text, "  who counts: {}", population(&measure.population))?;
    let per = match measure.per {
        CountedPer::Episode => "once",
        CountedPer::Month => "once a month, with the last",
    };
    let finest = match measure.finest {
        FinestSpan::Month => "month",
        FinestSpan::Tertial => "tertial",
    };
    writeln!(text, "  counted {per}; the shortest span is a {finest}")?;
    writeln!(
        text,
        "  a row has at least {} {}s, and {} without any one source{}",
        measure.k,
        measure.identity.as_str(),
        measure.r,
        if measure.sensitive { "; sensitive" } else { "" }
    )?;
    if let Some(parts) = &measure.parts {
        writeln!(
            text,
            "  part {} where {}; else {}",
            parts.then,
            conditions(&parts.when),
            parts.otherwise
        )?;
    }
    for variable in &measure.variables {
        show_variable(text, variable)?;
    }
    let shown = catalogue.indicators.iter();
    for indicator in shown.filter(|one| one.measure == measure.id) {
        let name = title(&indicator.title);
        writeln!(text, "  indicator {}/{}: {name}", measure.id, indicator.id)?;
    }
    super::outside::shares(text, measure, catalogue)?;
    notes(text, &measure.sources, &measure.unverified)
}

fn show_variable(text: &mut String, variable: &Variable) -> Result {
    let what = match &variable.value {
        VariableValue::Number(value) => self::value(value),
        VariableValue::Flag(all) => format!("1 where {}", conditions(all)),
    };
    let spread = if variable.spread {
        "; with its spread"
    } else {
        ""
    };
    writeln!(
        text,
        "  variable {}: {what}; {} to {} in steps of {}{spread}",
        variable.id, variable.min, variable.max, variable.grain
    )
}

/// An indicator, with what its measure says of sources where it is silent.
pub(super) fn show_indicator(
    text: &mut String,
    indicator: &Indicator,
    catalogue: &Catalogue,
) -> Result {
    let measure = &catalogue.measures[&indicator.measure];
    let name = title(&indicator.title);
    writeln!(
        text,
        "Indicator {}/{}: {name}",
        indicator.measure, indicator.id
    )?;
    titles(text, &indicator.title)?;
    let made = match &indicator.figure {
        IndicatorFigure::Variable(one) => one.to_string(),
        IndicatorFigure::SumOf(one, other) => format!("{one} plus {other}"),
        IndicatorFigure::Ratio(one, other) => format!("{one} over {other}"),
        IndicatorFigure::Standardised(one, by) => {
            format!("{one} over the standard deviation of {by}")
        }
    };
    writeln!(text, "  type: {} of {made}", indicator.kind.as_str())?;
    let aspect = indicator
        .aspect
        .map_or("not said", |aspect| aspect.as_str());
    writeln!(text, "  about: {aspect}")?;
    if let Some(part) = &indicator.part {
        writeln!(text, "  shown of the part {part} only")?;
    }
    let direction = match indicator.higher_is_better {
        Some(true) => "higher is better",
        Some(false) => "lower is better",
        None => "neither higher nor lower is better",
    };
    writeln!(text, "  direction: {direction}")?;
    match indicator.target {
        Some(target) => writeln!(
            text,
            "  levels: high from {}, moderate from {}",
            target.green, target.yellow
        )?,
        None => writeln!(text, "  levels: none")?,
    }
    writeln!(text, "  not shown below n = {}", indicator.min_denominator)?;
    let sensitive = if measure.sensitive { "yes" } else { "no" };
    writeln!(text, "  sensitive: {sensitive}")?;
    let or_of_measure = |own: &[String], of_measure: &[String]| match own {
        [] => of_measure.to_vec(),
        own => own.to_vec(),
    };
    notes(
        text,
        &or_of_measure(&indicator.sources, &measure.sources),
        &or_of_measure(&indicator.unverified, &measure.unverified),
    )
}

fn population(population: &Population) -> String {
    let form = |form: &FormRef| {
        let by = form.respondent.as_str();
        format!("{} version {} by {by}", form.instrument, form.version)
    };
    match population {
        Population::Session(of) => format!("sessions with {}", form(of)),
        Population::EpisodeClosed(of) => format!("closed episodes with {}", form(of)),
        Population::Registered(of) => format!("forms of the register, {}", form(of)),
        Population::FirstRegistered(of) => {
            format!(
                "the first form of each patient in the register, {}",
                form(of)
            )
        }
        Population::RegisteredEpisode(of) => {
            format!("closed episodes with {} in the register", form(of))
        }
        Population::Survey(of) => format!("survey codes answered with {}", form(of)),
        Population::Invitation => "survey codes that have expired".to_owned(),
    }
}

fn conditions(all: &[Condition]) -> String {
    let one = |condition: &Condition| {
        let (word, bound) = match condition.test {
            ConditionTest::AtMost(bound) => ("at most", bound),
            ConditionTest::AtLeast(bound) => ("at least", bound),
            ConditionTest::Below(bound) => ("below", bound),
            ConditionTest::Above(bound) => ("above", bound),
        };
        format!("{} is {word} {bound}", value(&condition.value))
    };
    all.iter().map(one).collect::<Vec<_>>().join(" and ")
}

fn value(value: &MemberValue) -> String {
    match value {
        MemberValue::Score(scale) => format!("the score {scale}"),
        MemberValue::First(scale) => format!("the first {scale}"),
        MemberValue::Last(scale) => format!("the last {scale}"),
        MemberValue::Change(scale) => format!("the change of {scale}"),
        MemberValue::FirstClinical(scale) => {
            format!("the first {scale} in the clinical range (1 or 0)")
        }
        MemberValue::LastClinical(scale) => {
            format!("the last {scale} in the clinical range (1 or 0)")
        }
        MemberValue::Improved(scale) => format!("{scale} reliably better (1 or 0)"),
        MemberValue::Deteriorated(scale) => format!("{scale} reliably worse (1 or 0)"),
        MemberValue::Forms => "the number of forms".to_owned(),
        MemberValue::Days => "the length in days".to_owned(),
        MemberValue::Gap => "the longest time without a form in days".to_owned(),
        MemberValue::Ended(EpisodeEnding::Planned) => "ended as agreed (1 or 0)".to_owned(),
        MemberValue::Ended(EpisodeEnding::Unplanned) => {
            "ended by the patient alone (1 or 0)".to_owned()
        }
        MemberValue::Ended(EpisodeEnding::Transfer) => "transferred (1 or 0)".to_owned(),
        MemberValue::Ended(EpisodeEnding::Unknown) => "ended, not known how (1 or 0)".to_owned(),
        MemberValue::Answered => "the code was answered (1 or 0)".to_owned(),
    }
}
