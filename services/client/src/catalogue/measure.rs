//! Measures and indicators as `medvirk catalogue show` prints them: who counts, what is known of
//! each, what is shown of it, where the rules come from and what nobody has verified.

use std::fmt::{Result, Write as _};

use medvirk_domain::catalogue::{
    Catalogue, Condition, Figure, Finest, FormRef, Indicator, Measure, Per, Population, Test,
    Value, Variable, VariableValue,
};
use medvirk_domain::record::Ending;

use super::titles::{notes, title, titles};

/// A measure, with the names of its indicators.
pub(super) fn show(text: &mut String, measure: &Measure, catalogue: &Catalogue) -> Result {
    writeln!(text, "Measure {}: {}", measure.id, title(&measure.title))?;
    titles(text, &measure.title)?;
    writeln!(text, "  who counts: {}", population(&measure.population))?;
    let per = match measure.per {
        Per::Episode => "once",
        Per::Month => "once a month, with the last",
    };
    let finest = match measure.finest {
        Finest::Month => "month",
        Finest::Tertial => "tertial",
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
        Figure::Variable(one) => one.to_string(),
        Figure::SumOf(one, other) => format!("{one} plus {other}"),
        Figure::Ratio(one, other) => format!("{one} over {other}"),
        Figure::Standardised(one, by) => format!("{one} over the standard deviation of {by}"),
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
            Test::AtMost(bound) => ("at most", bound),
            Test::AtLeast(bound) => ("at least", bound),
            Test::Below(bound) => ("below", bound),
            Test::Above(bound) => ("above", bound),
        };
        format!("{} is {word} {bound}", value(&condition.value))
    };
    all.iter().map(one).collect::<Vec<_>>().join(" and ")
}

fn value(value: &Value) -> String {
    match value {
        Value::Score(scale) => format!("the score {scale}"),
        Value::First(scale) => format!("the first {scale}"),
        Value::Last(scale) => format!("the last {scale}"),
        Value::Change(scale) => format!("the change of {scale}"),
        Value::FirstClinical(scale) => format!("the first {scale} in the clinical range (1 or 0)"),
        Value::LastClinical(scale) => format!("the last {scale} in the clinical range (1 or 0)"),
        Value::Improved(scale) => format!("{scale} reliably better (1 or 0)"),
        Value::Deteriorated(scale) => format!("{scale} reliably worse (1 or 0)"),
        Value::Forms => "the number of forms".to_owned(),
        Value::Days => "the length in days".to_owned(),
        Value::Gap => "the longest time without a form in days".to_owned(),
        Value::Ended(Ending::Planned) => "ended as agreed (1 or 0)".to_owned(),
        Value::Ended(Ending::Unplanned) => "ended by the patient alone (1 or 0)".to_owned(),
        Value::Ended(Ending::Transfer) => "transferred (1 or 0)".to_owned(),
        Value::Ended(Ending::Unknown) => "ended, not known how (1 or 0)".to_owned(),
        Value::Answered => "the code was answered (1 or 0)".to_owned(),
    }
}
