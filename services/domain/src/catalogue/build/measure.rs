//! `measures/*.toml` → measures and their indicators.

use toml::Spanned;

use super::builder::{CatalogueBuilder, SourceLines};
use super::outside::counted;
use super::titles::titles;
use crate::catalogue::measure::{
    CombinedValues, Condition, ConditionTest, CountedIdentity, CountedPer, FinestSpan, FormRef,
    Indicator, IndicatorFigure, IndicatorKind, IndicatorTarget, Measure, MeasureParts, MemberValue,
    Population, QualityAspect, Variable, VariableValue,
};
use crate::catalogue::outside::OutsideShare;
use crate::catalogue::source::{
    RawAspect, RawCondition, RawEvent, RawFinest, RawIdentity, RawIndicator, RawIndicatorKind,
    RawMeasure, RawOutside, RawOver, RawParts, RawPer, RawPopulation, RawTarget, RawValue,
    RawVariable, SourceNumber,
};
use crate::fixed::FixedPoint;
use crate::ids::{MeasureId, ScaleId};
use crate::record::EpisodeEnding;

/// The lowest k of a measure that names none; a sensitive one; and r.
const DEFAULTS: (u32, u32, u32) = (5, 10, 3);

impl CatalogueBuilder {
    /// Reads a file of its kind into the draft.
    pub(super) fn read_measure(&mut self, source: &SourceLines<'_>) {
        if let Some(raw) = self.parse::<RawMeasure>(source) {
            self.add_measure(source, raw);
        }
    }

    fn add_measure(&mut self, source: &SourceLines<'_>, raw: RawMeasure) {
        let id = raw.id.get_ref().clone();
        let element = format!("measure/{id}");
        if !self.declare(source, source.line(&raw.id), &element) {
            return;
        }
        self.note_measure(source, &element, &raw);
        let Some(population) = self.population(source, raw.population) else {
            return;
        };
        if raw.sensitive {
            self.draft.sensitive.insert(id.clone());
        }
        let (k, sensitive_k, r) = DEFAULTS;
        let (k, finest) = if raw.sensitive {
            (sensitive_k, FinestSpan::Tertial)
        } else {
            (k, FinestSpan::Month)
        };
        let parts = raw.parts.and_then(|raw| self.parts(source, raw));
        let variables = self.variables(source, &element, raw.variables);
        let measure = Measure {
            id: id.clone(),
            title: titles(raw.title.into_inner()),
            per: per(raw.per.into_inner()),
            finest: raw
                .finest
                .map_or(finest, |raw| self::finest(raw.into_inner())),
            identity: raw.identity.map_or_else(
                || population.natural_identity(),
                |raw| identity(raw.into_inner()),
            ),
            k: raw.k.map_or(k, Spanned::into_inner),
            r: raw.r.map_or(r, Spanned::into_inner),
            population,
            parts,
            variables,
            sensitive: raw.sensitive,
            sources: raw.sources,
            unverified: raw.unverified,
        };
        self.indicators(source, &measure, raw.indicators);
        self.shares(source, &id, raw.outside);
        self.draft.measures.insert(id, measure);
    }

    fn shares(&mut self, source: &SourceLines<'_>, measure: &MeasureId, raw: Vec<RawOutside>) {
        for share in raw {
            let element = format!("outside/{measure}/{}", share.id.get_ref());
            if self.declare(source, source.line(&share.id), &element) {
                self.draft.shares.push(OutsideShare {
                    measure: measure.clone(),
                    id: share.id.into_inner(),
                    over: counted(share.over),
                    variable: share.variable,
                    title: titles(share.title),
                });
            }
        }
    }

    fn note_measure(&mut self, source: &SourceLines<'_>, element: &str, raw: &RawMeasure) {
        self.note_field(source, element, "title", Some(&raw.title));
        self.note_field(source, element, "per", Some(&raw.per));
        self.note_field(source, element, "finest", raw.finest.as_ref());
        self.note_field(source, element, "identity", raw.identity.as_ref());
        self.note_field(source, element, "k", raw.k.as_ref());
        self.note_field(source, element, "r", raw.r.as_ref());
        self.note_field(source, element, "population", Some(&raw.population));
        self.note_field(source, element, "parts", raw.parts.as_ref());
    }

    fn population(
        &mut self,
        source: &SourceLines<'_>,
        raw: Spanned<RawPopulation>,
    ) -> Option<Population> {
        let line = source.line(&raw);
        let raw = raw.into_inner();
        let form = match (raw.instrument, raw.version, raw.respondent) {
            (Some(instrument), Some(version), Some(respondent)) => Some(FormRef {
                instrument,
                version,
                respondent,
            }),
            (None, None, None) => None,
            _ => {
                let message = "instrument, version and respondent go together".to_owned();
                self.refuse(source, line, "population", message);
                return None;
            }
        };
        match (raw.on, form) {
            (RawEvent::Session, Some(form)) => Some(Population::Session(form)),
            (RawEvent::EpisodeClosed, Some(form)) => Some(Population::EpisodeClosed(form)),
            (RawEvent::Registered, Some(form)) => Some(Population::Registered(form)),
            (RawEvent::FirstRegistered, Some(form)) => Some(Population::FirstRegistered(form)),
            (RawEvent::RegisteredEpisode, Some(form)) => Some(Population::RegisteredEpisode(form)),
            (RawEvent::Survey, Some(form)) => Some(Population::Survey(form)),
            (RawEvent::Invitation, None) => Some(Population::Invitation),
            (RawEvent::Invitation, Some(_)) => {
                let message = "an invitation has no form: no instrument, version or respondent";
                self.refuse(source, line, "population", message.to_owned());
                None
            }
            (_, None) => {
                let message = "names no instrument, version and respondent".to_owned();
                self.refuse(source, line, "population", message);
                None
            }
        }
    }

    fn parts(&mut self, source: &SourceLines<'_>, raw: Spanned<RawParts>) -> Option<MeasureParts> {
        let raw = raw.into_inner();
        let when = self.conditions(source, raw.when)?;
        Some(MeasureParts {
            when,
            then: raw.then,
            otherwise: raw.otherwise,
        })
    }

    fn variables(
        &mut self,
        source: &SourceLines<'_>,
        measure: &str,
        raw: Vec<Spanned<RawVariable>>,
    ) -> Vec<Variable> {
        let mut variables = Vec::new();
        for variable in raw.into_iter().map(Spanned::into_inner) {
            let element = format!("{measure}/variable/{}", variable.id.get_ref());
            if self.declare(source, source.line(&variable.id), &element) {
                self.note_field(source, &element, "min", variable.min.as_ref());
                self.note_field(source, &element, "max", variable.max.as_ref());
                self.note_field(source, &element, "grain", variable.grain.as_ref());
                self.note_field(source, &element, "over", variable.over.as_ref());
                self.note_field(source, &element, "spread", variable.spread.as_ref());
                variables.extend(self.variable(source, variable));
            }
        }
        variables
    }

    fn variable(&mut self, source: &SourceLines<'_>, raw: RawVariable) -> Option<Variable> {
        let line = source.line(&raw.id);
        let value = match (raw.value, raw.flag) {
            (Some(value), None) => {
                VariableValue::Number(self.value(source, line, value, raw.scale)?)
            }
            (None, Some(conditions)) if raw.scale.is_none() => {
                VariableValue::Flag(self.conditions(source, conditions)?)
            }
            _ => {
                let message = "a variable is either a value (of a scale) or a flag".to_owned();
                self.refuse(source, line, "variable-value", message);
                return None;
            }
        };
        let two_valued = value.is_two_valued();
        let number = |raw: Option<Spanned<SourceNumber>>, default: FixedPoint| {
            raw.map(|raw| raw.get_ref().0)
                .or(two_valued.then_some(default))
        };
        let (min, max) = (
            number(raw.min, FixedPoint::ZERO),
            number(raw.max, FixedPoint::ONE),
        );
        let Some(((min, max), grain)) = min.zip(max).zip(number(raw.grain, FixedPoint::ONE)) else {
            let message = "a number needs min, max and grain".to_owned();
            self.refuse(source, line, "variable-range", message);
            return None;
        };
        Some(Variable {
            id: raw.id.into_inner(),
            value,
            min,
            max,
            grain,
            over: raw
                .over
                .map_or(CombinedValues::Last, |raw| over(raw.into_inner())),
            spread: raw.spread.is_some_and(Spanned::into_inner),
        })
    }

    fn value(
        &mut self,
        source: &SourceLines<'_>,
        line: usize,
        raw: RawValue,
        scale: Option<ScaleId>,
    ) -> Option<MemberValue> {
        match (raw, scale) {
            (RawValue::Score, Some(scale)) => Some(MemberValue::Score(scale)),
            (RawValue::First, Some(scale)) => Some(MemberValue::First(scale)),
            (RawValue::Last, Some(scale)) => Some(MemberValue::Last(scale)),
            (RawValue::Change, Some(scale)) => Some(MemberValue::Change(scale)),
            (RawValue::FirstClinical, Some(scale)) => Some(MemberValue::FirstClinical(scale)),
            (RawValue::LastClinical, Some(scale)) => Some(MemberValue::LastClinical(scale)),
            (RawValue::Improved, Some(scale)) => Some(MemberValue::Improved(scale)),
            (RawValue::Deteriorated, Some(scale)) => Some(MemberValue::Deteriorated(scale)),
            (RawValue::Forms, None) => Some(MemberValue::Forms),
            (RawValue::Days, None) => Some(MemberValue::Days),
            (RawValue::Gap, None) => Some(MemberValue::Gap),
            (RawValue::Planned, None) => Some(MemberValue::Ended(EpisodeEnding::Planned)),
            (RawValue::Unplanned, None) => Some(MemberValue::Ended(EpisodeEnding::Unplanned)),
            (RawValue::Transfer, None) => Some(MemberValue::Ended(EpisodeEnding::Transfer)),
            (RawValue::Answered, None) => Some(MemberValue::Answered),
            _ => {
                let message = "what is of a score needs a scale; forms, days, gap, answered and \
                               how an episode ended have none";
                self.refuse(source, line, "variable-value", message.to_owned());
                None
            }
        }
    }

    fn conditions(
        &mut self,
        source: &SourceLines<'_>,
        raw: Vec<Spanned<RawCondition>>,
    ) -> Option<Vec<Condition>> {
        let mut conditions = Vec::new();
        let wanted = raw.len();
        for condition in raw {
            let line = source.line(&condition);
            let raw = condition.into_inner();
            let tests: Vec<ConditionTest> = [
                raw.at_most.map(|bound| ConditionTest::AtMost(bound.0)),
                raw.at_least.map(|bound| ConditionTest::AtLeast(bound.0)),
                raw.below.map(|bound| ConditionTest::Below(bound.0)),
                raw.above.map(|bound| ConditionTest::Above(bound.0)),
            ]
            .into_iter()
            .flatten()
            .collect();
            let value = self.value(source, line, raw.value, raw.scale);
            match (tests.as_slice(), value) {
                ([test], Some(value)) => conditions.push(Condition { value, test: *test }),
                ([_], None) => {}
                _ => {
                    let message = "needs exactly one of at_most, at_least, below and above";
                    self.refuse(source, line, "condition", message.to_owned());
                }
            }
        }
        (conditions.len() == wanted).then_some(conditions)
    }

    fn indicators(
        &mut self,
        source: &SourceLines<'_>,
        measure: &Measure,
        raw: Vec<Spanned<RawIndicator>>,
    ) {
        for raw in raw.into_iter().map(Spanned::into_inner) {
            let line = source.line(&raw.id);
            let element = format!("indicator/{}/{}", measure.id, raw.id.get_ref());
            if !self.declare(source, line, &element) {
                continue;
            }
            self.note_field(source, &element, "kind", Some(&raw.kind));
            self.note_field(source, &element, "title", Some(&raw.title));
            self.note_field(source, &element, "target", raw.target.as_ref());
            let min = Some(&raw.min_denominator);
            self.note_field(source, &element, "min_denominator", min);
            let one = raw.variable.map(IndicatorFigure::Variable);
            let sum = raw
                .sum_of
                .map(|[one, other]| IndicatorFigure::SumOf(one, other));
            let ratio = raw
                .ratio
                .map(|[upper, lower]| IndicatorFigure::Ratio(upper, lower));
            let effect = raw.standardised;
            let effect = effect.map(|[of, by]| IndicatorFigure::Standardised(of, by));
            let mut figures = [one, sum, ratio, effect].into_iter().flatten();
            let (Some(figure), None) = (figures.next(), figures.next()) else {
                let message = "needs exactly one of variable, sum_of, ratio and standardised";
                self.refuse(source, line, "figure", message.to_owned());
                continue;
            };
            self.draft.indicators.push(Indicator {
                measure: measure.id.clone(),
                id: raw.id.into_inner(),
                kind: kind(raw.kind.into_inner()),
                aspect: raw.aspect.map(aspect),
                part: raw.part,
                figure,
                higher_is_better: raw.higher_is_better,
                target: raw.target.map(|raw| target(&raw.into_inner())),
                min_denominator: raw.min_denominator.into_inner(),
                title: titles(raw.title.into_inner()),
                sources: raw.sources,
                unverified: raw.unverified,
            });
        }
    }
}

fn aspect(raw: RawAspect) -> QualityAspect {
    match raw {
        RawAspect::Structure => QualityAspect::Structure,
        RawAspect::Process => QualityAspect::Process,
        RawAspect::Outcome => QualityAspect::Outcome,
    }
}

fn per(raw: RawPer) -> CountedPer {
    match raw {
        RawPer::Episode => CountedPer::Episode,
        RawPer::Month => CountedPer::Month,
    }
}

fn finest(raw: RawFinest) -> FinestSpan {
    match raw {
        RawFinest::Month => FinestSpan::Month,
        RawFinest::Tertial => FinestSpan::Tertial,
    }
}

fn identity(raw: RawIdentity) -> CountedIdentity {
    match raw {
        RawIdentity::Person => CountedIdentity::Person,
        RawIdentity::Code => CountedIdentity::Code,
    }
}

fn over(raw: RawOver) -> CombinedValues {
    match raw {
        RawOver::Last => CombinedValues::Last,
        RawOver::Sum => CombinedValues::Sum,
    }
}

fn kind(raw: RawIndicatorKind) -> IndicatorKind {
    match raw {
        RawIndicatorKind::Proportion => IndicatorKind::Proportion,
        RawIndicatorKind::Mean => IndicatorKind::Mean,
        RawIndicatorKind::Index => IndicatorKind::Index,
        RawIndicatorKind::Count => IndicatorKind::Count,
        RawIndicatorKind::EffectSize => IndicatorKind::EffectSize,
    }
}

fn target(raw: &RawTarget) -> IndicatorTarget {
    IndicatorTarget {
        green: raw.green.0,
        yellow: raw.yellow.0,
    }
}
