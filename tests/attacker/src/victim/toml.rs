//! A catalogue as the files that the loader reads. Comes in: plain numbers. Goes out: TOML.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::public::{
    Condition, Facts, Instrument, Kind, Measure, On, Reading, Test, Unit, Value, Variable,
};

/// Path and text of each file of made-up instruments and measures.
pub(super) fn files(facts: &Facts) -> Vec<(String, String)> {
    let instruments = facts.instruments.iter().map(|one| {
        let path = format!("instruments/{}.toml", one.id);
        (path, instrument(one))
    });
    let measures = facts.measures.iter().map(|one| {
        let path = format!("measures/{}.toml", one.id);
        (path, measure(one, facts))
    });
    instruments.chain(measures).collect()
}

/// The file of organisations.
pub(super) fn organisations(units: &[Unit]) -> String {
    let mut text =
        "[nation]\nid = \"n\"\ntitle = \"N\"\n[[regions]]\nid = \"r\"\ntitle = \"R\"\n".to_owned();
    let there = || units.iter().enumerate().filter(|(_, unit)| unit.there);
    let institutions = there().map(|(_, unit)| (&unit.institution, &unit.trust));
    let institutions: BTreeMap<&String, &String> = institutions.collect();
    let mut trusts: Vec<&&String> = institutions.values().collect();
    trusts.sort();
    trusts.dedup();
    for trust in trusts {
        text += &format!("[[trusts]]\nid = \"{trust}\"\nregion = \"r\"\ntitle = \"T\"\n");
    }
    for (institution, trust) in institutions {
        text += &format!(
            "[[institutions]]\nid = \"{institution}\"\ntrust = \"{trust}\"\ntitle = \"I\"\n"
        );
    }
    for (number, unit) in there() {
        text += &format!(
            "[[units]]\nid = \"{}\"\ninstitution = \"{}\"\nnumber = {}\ntitle = \"U\"\nsingle_therapist = {}\nsingle_device = {}\n",
            unit.id,
            unit.institution,
            number + 1,
            unit.single_therapist,
            unit.single_device,
        );
    }
    text
}

const TITLE: &str = "{ nb = \"T\", nn = \"T\", en = \"T\" }";

fn instrument(one: &Instrument) -> String {
    let mut text = format!(
        "id = \"{}\"\nversion = 1\ntitle = {TITLE}\nrespondents = [\"self\"]\n",
        one.id
    );
    if one.kind == Kind::Total {
        text += &format!("total_only = \"{}\"\n", one.scales[0].id);
    }
    for scale in one.scales.iter().filter(|_| one.kind == Kind::Items) {
        text += &format!(
            "[[items]]\nid = \"{}-item\"\nlabel = {TITLE}\nmin = {}\nmax = {}\nstep = {}\nseen = {}\n",
            scale.id,
            decimal(scale.min),
            decimal(scale.max),
            decimal(scale.step),
            scale.seen
        );
        text += if scale.required {
            "required = true\n"
        } else {
            "missing = [\"not-answered\"]\n"
        };
    }
    for scale in &one.scales {
        text += &format!(
            "[[scales]]\nid = \"{}\"\ntitle = {TITLE}\nmethod = \"sum\"\nhigher_is_better = true\n",
            scale.id
        );
        text += &match one.kind {
            Kind::Items => format!("items = [\"{}-item\"]\n", scale.id),
            _ => format!(
                "min = {}\nmax = {}\nstep = {}\n",
                decimal(scale.min),
                decimal(scale.max),
                decimal(scale.step)
            ),
        };
    }
    text
}

fn measure(one: &Measure, facts: &Facts) -> String {
    let (on, instrument) = match one.on {
        On::Session(place) => ("session", Some(place)),
        On::Closed(place) => ("episode-closed", Some(place)),
        On::First(place) => ("first-registered", Some(place)),
        On::Survey(place) => ("survey", Some(place)),
        On::Invitation => ("invitation", None),
    };
    // The loader doubles k for codes.
    let k = one.k / (1 + u32::from(one.counts_codes()));
    let per = if one.is_monthly() { "month" } else { "episode" };
    let finest = if one.tertial { "tertial" } else { "month" };
    let mut text = format!(
        "id = \"{}\"\ntitle = {TITLE}\nper = \"{per}\"\nfinest = \"{finest}\"\nk = {k}\nr = {}\n[population]\non = \"{on}\"\n",
        one.id, one.r
    );
    let scales = instrument.map_or(&[][..], |place| &facts.instruments[place].scales);
    let scales: Vec<&str> = scales.iter().map(|scale| scale.id.as_str()).collect();
    if let Some(place) = instrument {
        let id = &facts.instruments[place].id;
        text += &format!("instrument = \"{id}\"\nversion = 1\nrespondent = \"self\"\n");
    }
    if let Some(part) = &one.part {
        text += &format!(
            "[parts]\nwhen = {}\nthen = \"{}\"\notherwise = \"{}\"\n",
            conditions(&part.when, &scales),
            part.then,
            part.otherwise
        );
    }
    for variable in &one.variables {
        text += &self::variable(variable, &scales);
    }
    let shown = &one.variables[0];
    let kind = match (&shown.reading, shown.adds) {
        (_, true) => "count",
        (Reading::Flag(_), _) => "proportion",
        _ => "mean",
    };
    text + &format!(
        "[[indicators]]\nid = \"shown\"\nkind = \"{kind}\"\nvariable = \"{}\"\nmin_denominator = 5\ntitle = {TITLE}\n",
        shown.id
    )
}

fn variable(one: &Variable, scales: &[&str]) -> String {
    let mut text = format!("[[variables]]\nid = \"{}\"\n", one.id);
    match &one.reading {
        Reading::Flag(all) => text += &format!("flag = {}\n", conditions(all, scales)),
        Reading::Number(read) => {
            let _ = write!(
                text,
                "{}\nmin = {}\nmax = {}\ngrain = {}\n",
                value(*read, scales, "\n"),
                decimal(one.min),
                decimal(one.max),
                decimal(one.grain)
            );
        }
    }
    if one.adds {
        text += "over = \"sum\"\n";
    }
    if one.spread {
        text += "spread = true\n";
    }
    text
}

fn conditions(all: &[Condition], scales: &[&str]) -> String {
    let one = |one: &Condition| {
        let test = match one.test {
            Test::AtMost => "at_most",
            Test::AtLeast => "at_least",
            Test::Below => "below",
            Test::Above => "above",
        };
        let value = value(one.value, scales, ", ");
        format!("{{ {value}, {test} = {} }}", decimal(one.bound))
    };
    format!("[{}]", all.iter().map(one).collect::<Vec<_>>().join(", "))
}

fn value(one: Value, scales: &[&str], between: &str) -> String {
    let (word, scale) = match one {
        Value::Score(scale) => ("score", Some(scale)),
        Value::First(scale) => ("first", Some(scale)),
        Value::Last(scale) => ("last", Some(scale)),
        Value::Change(scale) => ("change", Some(scale)),
        Value::Forms => ("forms", None),
        Value::Days => ("days", None),
        Value::Gap => ("gap", None),
        Value::Unplanned => ("unplanned", None),
        Value::Transfer => ("transfer", None),
        Value::Answered => ("answered", None),
    };
    match scale {
        Some(scale) => format!("value = \"{word}\"{between}scale = \"{}\"", scales[scale]),
        None => format!("value = \"{word}\""),
    }
}

/// Millionths as TOML writes them.
fn decimal(millionths: i64) -> String {
    format!("{:.6}", millionths as f64 / 1e6)
}
