//! The catalogue: what is measured, how, and who belongs to whom. Comes in: TOML files. Goes out:
//! a [`Catalogue`] whose every rule of the design's §4.1 has been checked. The invariant: a
//! catalogue that breaks a rule does not exist; the error names file, line and rule.

// What there is.
mod contents;
mod instrument;
mod involvement;
mod measure;
mod organisation;
mod outside;

// From what is sent to scores, and to what is said about them.
mod adaptive;
mod alerts;
mod coding;
mod scoring;

// From files to a catalogue, and from one catalogue to the next.
mod apart;
mod build;
mod change;
mod check;
mod draft;
mod load;
mod problem;
mod shipped;
mod source;
mod withheld;

pub use adaptive::AdaptiveQuestions;
pub use alerts::{AlertContext, EarlierScore, FormAlerts};
pub use change::check_change;
pub use contents::Catalogue;
pub use instrument::{
    AdaptiveScale, AlertRule, AlertWhen, Basis, ClinicalCutoff, CodedValue, ExpectedScore,
    FormViolation, Instrument, Item, ReferenceNorm, Scale, ScaleNorm, Score, ScoredForm,
    ScoringMethod,
};
pub use involvement::{
    InvolvementAnswer, InvolvementAnswers, InvolvementChoice, InvolvementDegree, InvolvementForm,
    InvolvementItem, InvolvementQuestion,
};
pub use measure::{
    CombinedValues, Condition, ConditionTest, CountedIdentity, CountedPer, FinestSpan, FormRef,
    Indicator, IndicatorFigure, IndicatorKind, IndicatorTarget, Measure, MeasureParts, MemberValue,
    Population, QualityAspect, Variable, VariableValue,
};
pub use organisation::{Institution, Nation, Organisations, Region, Titles, Trust, Unit};
pub use outside::{Denominator, ExcludedCount, OutsideCount, OutsideShare};
pub use problem::{CatalogueLimits, CatalogueProblem, CatalogueProblems, SourceFile};
pub use shipped::shipped;

#[cfg(test)]
mod tests;
