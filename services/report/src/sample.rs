//! A small catalogue and rows for the tests of this crate.

use std::collections::{BTreeMap, BTreeSet};

use medvirk_domain::catalogue::{
    Catalogue, CatalogueLimits, CombinedValues, CountedIdentity, CountedPer, FinestSpan, FormRef,
    Indicator, IndicatorFigure, IndicatorKind, IndicatorTarget, Measure, MeasureParts, MemberValue,
    Population, QualityAspect, SourceFile, Variable, VariableValue,
};
use medvirk_domain::fixed::FixedPoint;
use medvirk_domain::form::Respondent;
use medvirk_domain::ids::CatalogueHash;
use medvirk_domain::row::{RowLevel, RowParts, VariableSum};
use medvirk_domain::time::Month;

use crate::figures::ClosedRow;

/// Millionths in a whole.
const MICRO: i64 = 1_000_000;

pub(crate) fn month(text: &str) -> Month {
    text.parse().unwrap()
}

pub(crate) fn months(first: &str, last: &str) -> BTreeSet<Month> {
    let (first, last) = (month(first), month(last));
    std::iter::successors(Some(first), |month| Some(month.next()))
        .take_while(|month| *month <= last)
        .collect()
}

/// The nation `no` has the regions `west` (trust `hf`: institution `clinic` with units `btheb` and
/// `tau`, institution `home` with unit `pier`) and `east` (trust `hs`, institution `ward`, unit
/// `isle`).
pub(crate) fn catalogue() -> Catalogue {
    let outcome = measure(
        "bdi.outcome",
        CountedPer::Episode,
        &[
            ("first", true),
            ("change", true),
            ("improved", false),
            ("sessions", false),
        ],
    );
    let mut alliance = measure(
        "fit.alliance",
        CountedPer::Month,
        &[("score", true), ("forms", false), ("low", false)],
    );
    alliance.variables[1].over = CombinedValues::Sum;
    alliance.variables[2].over = CombinedValues::Sum;
    let mut parts = measure(
        "fit.outcome",
        CountedPer::Episode,
        &[("improved", false), ("change", true)],
    );
    parts.parts = Some(MeasureParts {
        when: Vec::new(),
        then: "clinical".parse().unwrap(),
        otherwise: "other".parse().unwrap(),
    });
    let mut codes = measure("kem.response", CountedPer::Episode, &[("answered", false)]);
    codes.identity = CountedIdentity::Code;
    let measures = [outcome, alliance, parts, codes];
    let mut catalogue = tree();
    catalogue.measures = measures.into_iter().map(|m| (m.id.clone(), m)).collect();
    catalogue.indicators = indicators();
    catalogue
}

fn measure(id: &str, per: CountedPer, variables: &[(&str, bool)]) -> Measure {
    Measure {
        id: id.parse().unwrap(),
        title: BTreeMap::new(),
        population: Population::EpisodeClosed(FormRef {
            instrument: "bdi-total".parse().unwrap(),
            version: 1,
            respondent: Respondent::Patient,
        }),
        per,
        finest: FinestSpan::Month,
        identity: CountedIdentity::Person,
        k: 5,
        r: 3,
        parts: None,
        variables: variables
            .iter()
            .map(|(id, spread)| variable(id, *spread))
            .collect(),
        sensitive: false,
        sources: Vec::new(),
        unverified: Vec::new(),
    }
}

fn variable(id: &str, spread: bool) -> Variable {
    Variable {
        id: id.parse().unwrap(),
        value: VariableValue::Number(MemberValue::Forms),
        min: FixedPoint::from_int(-63),
        max: FixedPoint::from_int(63),
        grain: FixedPoint::ONE,
        over: CombinedValues::Last,
        spread,
    }
}

fn shown(measure: &str, id: &str, kind: IndicatorKind, figure: IndicatorFigure) -> Indicator {
    Indicator {
        measure: measure.parse().unwrap(),
        id: id.parse().unwrap(),
        kind,
        aspect: Some(QualityAspect::Outcome),
        part: None,
        figure,
        higher_is_better: None,
        target: None,
        min_denominator: 1,
        title: BTreeMap::from([("en".to_owned(), format!("{measure} {id}"))]),
        sources: Vec::new(),
        unverified: Vec::new(),
    }
}

fn indicators() -> Vec<Indicator> {
    use IndicatorKind::{Count, Mean, Proportion};
    let one = |id: &str| IndicatorFigure::Variable(id.parse().unwrap());
    let two = |a: &str, b: &str| (a.parse().unwrap(), b.parse().unwrap());
    let (first, change) = two("first", "change");
    let (low, forms) = two("low", "forms");
    let aimed = |mut it: Indicator, higher: bool, green: i32, yellow: i32| {
        it.higher_is_better = Some(higher);
        it.target = Some(IndicatorTarget {
            green: FixedPoint::from_int(green),
            yellow: FixedPoint::from_int(yellow),
        });
        it
    };
    let mut at_least_six = shown("fit.outcome", "mean-change", Mean, one("change"));
    at_least_six.min_denominator = 6;
    vec![
        shown("bdi.outcome", "mean-first", Mean, one("first")),
        aimed(
            shown("bdi.outcome", "mean-change", Mean, one("change")),
            false,
            -10,
            -5,
        ),
        shown(
            "bdi.outcome",
            "mean-last",
            Mean,
            IndicatorFigure::SumOf(first, change),
        ),
        aimed(
            shown("bdi.outcome", "share-improved", Proportion, one("improved")),
            true,
            60,
            40,
        ),
        shown("bdi.outcome", "sessions", Mean, one("sessions")),
        shown("fit.alliance", "alliance", Mean, one("score")),
        shown("fit.alliance", "forms", Count, one("forms")),
        shown(
            "fit.alliance",
            "low-per-form",
            Mean,
            IndicatorFigure::Ratio(low, forms),
        ),
        shown("fit.outcome", "share-improved", Proportion, one("improved")),
        at_least_six,
        shown("kem.response", "response", Proportion, one("answered")),
    ]
}

/// The tree alone, as a catalogue: only loading makes one.
fn tree() -> Catalogue {
    let organisation = |kind: &str, id: &str, above: &str| {
        format!("[[{kind}]]\nid = \"{id}\"\ntitle = \"{id}\"\n{above}\n")
    };
    let mut text = "[nation]\nid = \"no\"\ntitle = \"no\"\n".to_owned();
    for region in ["west", "east"] {
        text += &organisation("regions", region, "");
    }
    for (id, region) in [("hf", "west"), ("hs", "east")] {
        text += &organisation("trusts", id, &format!("region = \"{region}\""));
    }
    for (id, trust) in [("clinic", "hf"), ("home", "hf"), ("ward", "hs")] {
        text += &organisation("institutions", id, &format!("trust = \"{trust}\""));
    }
    let units = [
        ("btheb", "clinic"),
        ("tau", "clinic"),
        ("pier", "home"),
        ("isle", "ward"),
    ];
    for (number, (id, institution)) in units.iter().enumerate() {
        let above = format!("institution = \"{institution}\"\nnumber = {}", number + 1);
        text += &organisation("units", id, &above);
    }
    let files = [SourceFile {
        path: "organisations.toml".to_owned(),
        text,
    }];
    let loaded = Catalogue::load(
        &files,
        CatalogueHash::new([7; 32]),
        CatalogueLimits::default(),
    );
    loaded.unwrap_or_else(|problems| panic!("{problems}"))
}

/// Two years shown, and rows of two units of `clinic`, so that an answer has a bit of everything.
pub(crate) fn rows() -> Vec<ClosedRow> {
    let outcome = |unit, first, last, persons| {
        row("bdi.outcome", unit, first, last, persons)
            .sum("first", 25 * i64::from(persons))
            .sum("change", -8 * i64::from(persons))
            .sum("improved", i64::from(persons) / 2)
            .sum("sessions", 4 * i64::from(persons))
    };
    vec![
        outcome("tau", "2024-01", "2024-04", 13)
            .squares("first", 8_600)
            .squares("change", 1_500)
            .done(),
        outcome("tau", "2024-05", "2024-05", 5).done(),
        outcome("btheb", "2024-01", "2024-12", 7).done(),
    ]
}

/// A row of a unit, closed with its last month, of persons who are all new.
pub(crate) fn row(measure: &str, unit: &str, first: &str, last: &str, persons: u32) -> SampleRow {
    SampleRow(ClosedRow {
        closed: month(last),
        row: RowParts {
            measure: measure.parse().unwrap(),
            level: RowLevel::Unit,
            organisation: unit.to_owned(),
            first: month(first),
            last: month(last),
            part: String::new(),
            persons,
            new_in_year: Some(persons),
            single_therapist: false,
            single_device: false,
            variables: Vec::new(),
        },
    })
}

/// A row in the making.
pub(crate) struct SampleRow(ClosedRow);

impl SampleRow {
    pub(crate) fn done(self) -> ClosedRow {
        self.0
    }

    pub(crate) fn closed(mut self, text: &str) -> Self {
        self.0.closed = month(text);
        self
    }

    pub(crate) fn pooled(mut self, level: RowLevel) -> Self {
        self.0.row.level = level;
        self
    }

    pub(crate) fn part(mut self, part: &str) -> Self {
        self.0.row.part = part.to_owned();
        self.0.row.new_in_year = None;
        self
    }

    pub(crate) fn new_in_year(mut self, persons: u32) -> Self {
        self.0.row.new_in_year = Some(persons);
        self
    }

    /// A sum of whole numbers.
    pub(crate) fn sum(mut self, variable: &str, sum: i64) -> Self {
        self.0.row.variables.push(VariableSum {
            variable: variable.parse().unwrap(),
            sum: sum * MICRO,
            sum_sq: None,
        });
        self
    }

    /// The sum of squares of a variable that was given before.
    pub(crate) fn squares(mut self, variable: &str, squares: i64) -> Self {
        let variables = &mut self.0.row.variables;
        let found = variables
            .iter_mut()
            .find(|v| v.variable.as_str() == variable);
        let scale = i128::from(MICRO) * i128::from(MICRO);
        found.unwrap().sum_sq = Some(i128::from(squares) * scale);
        self
    }
}
