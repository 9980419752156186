//! From files to a catalogue that obeys every rule, or to all that is wrong with them.

use super::contents::Catalogue;
use super::measure::CountedIdentity;
use super::problem::{CatalogueLimits, CatalogueProblem, CatalogueProblems, SourceFile};
use super::withheld::WithheldByMeasure;
use super::{build, check};
use crate::ids::CatalogueHash;

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
        CatalogueProblems::none_of(problems)?;
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

    /// Leaves out the indicators and the shares that are made of what is withheld.
    fn withhold(&mut self) {
        let withheld = WithheldByMeasure::of(&self.measures, &self.instruments);
        self.indicators.retain(|indicator| {
            let variables = indicator.figure.variables();
            !withheld.withholds(&indicator.measure, &variables)
        });
        self.shares.retain(|share| {
            let variables: Vec<_> = share.variable.iter().collect();
            !withheld.withholds(&share.measure, &variables)
        });
        self.withheld = withheld;
    }
}
