//! A nation to measure on. Comes in: how many units. Goes out: the shipped catalogue with four
//! regions, twenty trusts and forty institutions more or less, and so many units; and what their
//! leaders tell. Names are as long as real ones.

use std::fmt::Write;
use std::ops::RangeInclusive;

use medvirk_domain::catalogue::{
    Catalogue, InvolvementAnswer, InvolvementAnswers, InvolvementDegree, InvolvementQuestion,
    SourceFile, shipped,
};

const REGIONS: usize = 4;
const TRUSTS: usize = 20;
/// The number of institutions in each trust.
const INSTITUTIONS: usize = 2;

/// The shipped catalogue, with more organisations beside those that are in it.
pub fn files(units: usize) -> Vec<SourceFile> {
    let mut files = shipped();
    let tree = files
        .iter_mut()
        .find(|file| file.path == "organisations.toml");
    let text = &mut tree.expect("a catalogue has organisations").text;
    let known = text.matches("[[units]]").count();
    text.push_str(&more(units.saturating_sub(known)));
    files
}

fn more(units: usize) -> String {
    let mut text = String::new();
    let mut put = |kind: &str, id: &str, rest: &str| {
        writeln!(text, "\n[[{kind}]]\nid = \"{id}\"\n{rest}").expect("a text takes text");
    };
    for region in 0..REGIONS {
        let id = format!("r-{region}");
        put(
            "regions",
            &id,
            &format!("title = \"Helse region {region}\""),
        );
    }
    for trust in 0..TRUSTS {
        let id = format!("hf-{trust}");
        let rest = format!(
            "region = \"r-{}\"\ntitle = \"Helseforetak {trust} HF\"",
            trust % REGIONS
        );
        put("trusts", &id, &rest);
        for institution in 0..INSTITUTIONS {
            let title = format!("Avdeling for rus og psykisk helse {trust}.{institution}");
            let rest = format!("trust = \"{id}\"\ntitle = \"{title}\"");
            put("institutions", &format!("hf-{trust}-{institution}"), &rest);
        }
    }
    for unit in 0..units {
        let of = unit % (TRUSTS * INSTITUTIONS);
        let above = format!("hf-{}-{}", of / INSTITUTIONS, of % INSTITUTIONS);
        let title = format!("Poliklinikk og ambulant team {unit}");
        let number = 1_000 + unit;
        let rest = format!("institution = \"{above}\"\nnumber = {number}\ntitle = \"{title}\"");
        put("units", &format!("enhet-{unit}"), &rest);
    }
    text
}

/// The form of every unit and year.
pub fn involvement(catalogue: &Catalogue, years: RangeInclusive<i32>) -> Vec<InvolvementAnswers> {
    let Some(form) = &catalogue.involvement else {
        return Vec::new();
    };
    let answer = |asks: &InvolvementQuestion, place: usize| match asks {
        InvolvementQuestion::Degree => InvolvementAnswer::Degree(
            [
                InvolvementDegree::No,
                InvolvementDegree::Partly,
                InvolvementDegree::Yes,
            ][place % 3],
        ),
        InvolvementQuestion::Count(most) => InvolvementAnswer::Count(place as u32 % most),
        InvolvementQuestion::Choices(all) => {
            InvolvementAnswer::Choices(all.iter().map(|choice| choice.id.clone()).collect())
        }
    };
    let units = catalogue.organisations.units.keys().enumerate();
    let of_unit = |(place, unit): (usize, &medvirk_domain::ids::UnitId)| {
        let told = |year| InvolvementAnswers {
            unit: unit.clone(),
            year,
            answers: form
                .items
                .iter()
                .map(|item| (item.id.clone(), answer(&item.asks, place)))
                .collect(),
            sender: "leader".to_owned(),
            ingested_at: 0,
        };
        years.clone().map(told).collect::<Vec<_>>()
    };
    units.flat_map(of_unit).collect()
}
