//! The catalogue: what is measured, how, and who belongs to whom. Comes in: TOML files. Goes out:
//! a [`Catalogue`] whose every rule of the design's §4.1 has been checked. The invariant: a
//! catalogue that breaks a rule does not exist; the error names file, line and rule.

// What there is.
mod apart;
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
mod build;
mod change;
mod check;
mod problem;
mod shipped;
mod source;

pub use adaptive::AdaptiveQuestions;
pub use alerts::{AlertContext, EarlierScore, FormAlerts};
pub use change::check_change;
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

use std::collections::BTreeMap;

use crate::ids::{CatalogueHash, InstrumentId, MeasureId};
use problem::ElementSites;

/// Everything that is in force together. Only [`Catalogue::load`] makes one.
#[derive(Debug, Clone)]
pub struct Catalogue {
    /// SHA-256 of its content, made by whoever keeps the content.
    pub hash: CatalogueHash,
    /// By id and version.
    pub instruments: BTreeMap<(InstrumentId, u32), Instrument>,
    /// Every measure by its id.
    pub measures: BTreeMap<MeasureId, Measure>,
    /// By measure and then in the order of the file.
    pub indicators: Vec<Indicator>,
    /// Who belongs to whom.
    pub organisations: Organisations,
    /// What others count; it plays no part in rows.
    pub denominators: Vec<Denominator>,
    /// The shares of it that measures show.
    pub shares: Vec<OutsideShare>,
    /// What services are asked about themselves, where they are.
    pub involvement: Option<InvolvementForm>,
    /// What readers never get of rows; empty unless the catalogue is older than the rule `apart`.
    withheld: apart::WithheldByMeasure,
    /// Where everything stands in the files.
    sites: ElementSites,
}

impl Catalogue {
    /// Reads and checks a catalogue. The error has every problem that was found: all that is wrong
    /// with what could be read, everything that is wrong with the keys of each file, and the first of
    /// each file that is not TOML.
    pub fn load(
        files: &[SourceFile],
        hash: CatalogueHash,
        limits: CatalogueLimits,
    ) -> Result<Self, CatalogueProblems> {
        let (mut draft, mut problems) = build::read(files);
        problems.extend(check::check(&draft, &limits));
        verdict(problems)?;
        // A patient may hold two codes (§4.3).
        for measure in draft.measures.values_mut() {
            if measure.identity == CountedIdentity::Code {
                measure.k = measure.k.saturating_mul(2);
            }
        }
        draft
            .indicators
            .sort_by(|one, other| one.measure.cmp(&other.measure));
        Ok(draft.finish(hash))
    }

    /// Reads a catalogue that the log holds already. It obeyed the rules of its time, so the rule
    /// `apart`, which came later, does not refuse it: the catalogue makes the rows that it always
    /// made, and what the rule forbids is withheld from readers instead. Its indicators and shares
    /// are without it, and [`Catalogue::readable`] takes it out of rows.
    ///
    /// # Errors
    /// As [`Catalogue::load`], for every other rule.
    pub fn load_logged(
        files: &[SourceFile],
        hash: CatalogueHash,
        limits: CatalogueLimits,
    ) -> Result<Self, CatalogueProblems> {
        let apart = limits.apart;
        let lenient = CatalogueLimits {
            apart: false,
            ..limits
        };
        let mut catalogue = Self::load(files, hash, lenient)?;
        if apart {
            catalogue.withhold();
        }
        Ok(catalogue)
    }

    /// What obeys every rule and can hardly be meant, by file and line: a target of 0.6 for a share in
    /// per cent, a maximum of 4 for a scale to 5, a file with another name than what is in it.
    pub fn warnings(files: &[SourceFile]) -> Vec<CatalogueProblem> {
        let (draft, _) = build::read(files);
        let mut found = check::warn(&draft, &CatalogueLimits::default());
        found.sort();
        found.dedup();
        found
    }

    /// The instrument of that id and version.
    pub fn instrument(&self, id: &str, version: u32) -> Option<&Instrument> {
        self.instruments.get(&(id.parse().ok()?, version))
    }
}

/// All problems by file and line, if there is one.
fn verdict(mut problems: Vec<CatalogueProblem>) -> Result<(), CatalogueProblems> {
    problems.sort();
    problems.dedup();
    if problems.is_empty() {
        Ok(())
    } else {
        Err(CatalogueProblems(problems))
    }
}

#[cfg(test)]
mod tests;
