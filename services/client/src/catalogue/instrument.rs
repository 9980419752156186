//! `medvirk catalogue show` of an instrument: everything that decides a score, an alert or a
//! question, in words, with its sources and with what is not verified.

use std::fmt::{Result, Write as _};

use medvirk_domain::catalogue::{
    AlertRule, AlertWhen, ClinicalCutoff, Instrument, Item, Scale, ScoringMethod,
};
use medvirk_domain::fixed::FixedPoint;

use super::titles::title;

pub(super) fn show(text: &mut String, instrument: &Instrument) -> Result {
    let Instrument { id, version, .. } = instrument;
    let name = title(&instrument.title);
    writeln!(text, "Instrument {id} version {version}: {name}")?;
    let respondents: Vec<_> = instrument
        .respondents
        .iter()
        .map(|by| by.as_str())
        .collect();
    writeln!(text, "  respondents: {}", respondents.join(", "))?;
    if let Some(assumed) = instrument.default_age {
        let ages: Vec<_> = instrument.ages.iter().map(|age| age.as_str()).collect();
        let (ages, assumed) = (ages.join(", "), assumed.as_str());
        writeln!(text, "  age bands: {ages}; where none is named, {assumed}")?;
    }
    if instrument.coding_declared {
        writeln!(
            text,
            "  coding: must be declared in what is sent, agreement or higher-is-worse"
        )?;
    }
    for (value, reason) in &instrument.sentinels {
        writeln!(text, "  {value} stands for {}", reason.as_str())?;
    }
    for item in &instrument.items {
        show_item(text, item)?;
    }
    for scale in &instrument.scales {
        show_scale(text, instrument, scale)?;
    }
    for alert in &instrument.alerts {
        show_alert(text, alert)?;
    }
    if let Some(norm) = &instrument.norm {
        let (name, source) = (title(&norm.title), &norm.source);
        writeln!(text, "  norm {}: {name} ({source})", norm.id)?;
    }
    for source in &instrument.sources {
        writeln!(text, "  source: {source}")?;
    }
    for value in &instrument.unverified {
        writeln!(text, "  not verified: {value}")?;
    }
    Ok(())
}

fn show_item(text: &mut String, item: &Item) -> Result {
    let Item {
        id, min, max, step, ..
    } = item;
    write!(text, "  item {id}: {min} to {max} in steps of {step}")?;
    let label = title(&item.label);
    if label != id.as_str() {
        write!(text, " ({label})")?;
    }
    if item.reversed {
        write!(text, ", reversed")?;
    }
    if item.not_at_first {
        write!(text, ", not asked at first")?;
    }
    if item.seen {
        write!(text, ", others can see it")?;
    }
    let presence = if item.required {
        "required"
    } else {
        "may be left out"
    };
    write!(text, ", {presence}")?;
    if !item.missing.is_empty() {
        let reasons: Vec<_> = item.missing.iter().map(|reason| reason.as_str()).collect();
        write!(text, " or {}", reasons.join(", "))?;
    }
    writeln!(text)
}

fn show_scale(text: &mut String, instrument: &Instrument, scale: &Scale) -> Result {
    let better = if scale.higher_is_better {
        "higher"
    } else {
        "lower"
    };
    let Scale { id, min, max, .. } = scale;
    let name = title(&scale.title);
    writeln!(
        text,
        "  scale {id} ({name}): {min} to {max}, {better} is better"
    )?;
    writeln!(text, "    {}", method(instrument, scale))?;
    for (reason, value) in &scale.missing_as {
        let reason = reason.as_str();
        writeln!(text, "    {reason} counts as {value}, and is not reversed")?;
    }
    for cutoff in &scale.cutoffs {
        writeln!(text, "    {}", cutoff_text(scale, cutoff))?;
    }
    if let Some(change) = scale.reliable_change {
        writeln!(text, "    reliable change {change}")?;
    }
    if let Some(adaptive) = scale.adaptive {
        let trigger = &instrument.items[adaptive.trigger].id;
        let (above, below) = (adaptive.opens_above, adaptive.closes_below);
        writeln!(
            text,
            "    asked in full where {trigger} is above {above}, until the mean of its last three scores is below {below}"
        )?;
    }
    if let Some(norm) = scale.norm {
        let (mean, sd, n) = (norm.mean, norm.sd, norm.n);
        writeln!(
            text,
            "    norm: mean {mean}, standard deviation {sd}, n {n}"
        )?;
    }
    Ok(())
}

fn method(instrument: &Instrument, scale: &Scale) -> String {
    if scale.items.is_empty() {
        return "a total that is sent alone".to_owned();
    }
    let items = scale.items.iter().map(|place| &instrument.items[*place].id);
    let items: Vec<_> = items.map(ToString::to_string).collect();
    let of = items.join(", ");
    let alone = if instrument.total_only.as_ref() == Some(&scale.id) {
        "; or a total that is sent alone"
    } else {
        ""
    };
    match scale.method {
        ScoringMethod::Sum => format!("sum of {of}, all of them{alone}"),
        ScoringMethod::Index { min_answered } => {
            format!("mean of 0 to 100 each of {of}, from {min_answered} answered on{alone}")
        }
        ScoringMethod::Mean { min_answered } => {
            format!("mean of {of}, from {min_answered} answered on{alone}")
        }
    }
}

fn cutoff_text(scale: &Scale, cutoff: &ClinicalCutoff) -> String {
    let side = if scale.higher_is_better {
        "below"
    } else {
        "above"
    };
    let whose = [
        cutoff.respondent.map(|by| by.as_str()),
        cutoff.age.map(|age| age.as_str()),
    ];
    let whose: Vec<_> = whose.into_iter().flatten().collect();
    let whose = if whose.is_empty() {
        String::new()
    } else {
        format!(" for {}", whose.join(", "))
    };
    let value = cutoff.value;
    format!("cut-off {value}{whose}: the clinical range is strictly {side}")
}

fn show_alert(text: &mut String, alert: &AlertRule) -> Result {
    let when = match &alert.when {
        AlertWhen::Below(bound) => format!("the score is below {bound}"),
        AlertWhen::Above(bound) => format!("the score is above {bound}"),
        AlertWhen::Clinical => "the score is in the clinical range".to_owned(),
        AlertWhen::Opens => "the scale opens".to_owned(),
        AlertWhen::StartsOutsideClinical => {
            "the first score is not in the clinical range".to_owned()
        }
        AlertWhen::WorseThanLast(by) => worse(*by, "the score before"),
        AlertWhen::WorseThanFirst(by) => worse(*by, "the first score"),
        AlertWhen::NoChange { scores } => format!(
            "from score number {scores} on, it differs from the first by less than a reliable change"
        ),
        AlertWhen::Recovered => {
            "the first score was in the clinical range, this one is not, and it is better by a reliable change".to_owned()
        }
        AlertWhen::WorseThanExpected(expected) => format!(
            "the score is worse than {} of {} in the same session, where that was sent",
            expected.scale, expected.instrument
        ),
    };
    writeln!(text, "  alert {} on {}: {when}", alert.id, alert.scale)
}

fn worse(by: FixedPoint, than: &str) -> String {
    format!("the score is worse than {than} by {by} or more")
}
