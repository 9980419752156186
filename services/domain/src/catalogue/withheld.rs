//! What is withheld from readers of a catalogue that was in the log before the rule `apart` (design
//! §4.1). Comes in: its measures and their instruments. Goes out: the rows without what joins what
//! others can see with what only answers tell.

use std::collections::{BTreeMap, BTreeSet};

use super::apart::joined_knowledge;
use super::instrument::Instrument;
use super::measure::Measure;
use crate::ids::{InstrumentId, MeasureId, VariableId};
use crate::row::RowParts;

/// What readers never get of a measure.
#[derive(Debug, Clone, PartialEq, Eq)]
enum WithheldValues {
    /// All of it, since its parts join what must stay apart.
    Measure,
    /// The values of these variables are withheld.
    Variables(BTreeSet<VariableId>),
}

/// What is withheld, by measure; empty of a catalogue that obeys the rule.
#[derive(Debug, Clone, Default)]
pub(super) struct WithheldByMeasure(BTreeMap<MeasureId, WithheldValues>);

impl WithheldByMeasure {
    /// What is withheld of measures that may be older than the rule.
    pub(super) fn of(
        measures: &BTreeMap<MeasureId, Measure>,
        instruments: &BTreeMap<(InstrumentId, u32), Instrument>,
    ) -> Self {
        let mut withheld = BTreeMap::new();
        for (id, measure) in measures {
            let form = measure.population.form();
            let instrument =
                form.and_then(|form| instruments.get(&(form.instrument.clone(), form.version)));
            let found = joined_knowledge(measure, instrument);
            let variables: Option<BTreeSet<VariableId>> =
                found.into_iter().map(|finding| finding.variable).collect();
            match variables {
                Some(none) if none.is_empty() => {}
                Some(some) => _ = withheld.insert(id.clone(), WithheldValues::Variables(some)),
                None => _ = withheld.insert(id.clone(), WithheldValues::Measure),
            }
        }
        Self(withheld)
    }

    /// What readers may have of a row; `None` where that is nothing.
    pub(super) fn readable(&self, mut row: RowParts) -> Option<RowParts> {
        match self.0.get(&row.measure) {
            None => Some(row),
            Some(WithheldValues::Measure) => None,
            Some(WithheldValues::Variables(withheld)) => {
                row.variables
                    .retain(|sum| !withheld.contains(&sum.variable));
                Some(row)
            }
        }
    }

    /// All of it, as MEASURE or MEASURE/VARIABLE.
    pub(super) fn names(&self) -> Vec<String> {
        let names = |(id, withheld): (&MeasureId, &WithheldValues)| match withheld {
            WithheldValues::Measure => vec![id.to_string()],
            WithheldValues::Variables(variables) => variables
                .iter()
                .map(|variable| format!("{id}/{variable}"))
                .collect(),
        };
        self.0.iter().flat_map(names).collect()
    }

    /// True if one of these variables of the measure is withheld, or all of the measure.
    pub(super) fn withholds(&self, measure: &MeasureId, variables: &[&VariableId]) -> bool {
        match self.0.get(measure) {
            None => false,
            Some(WithheldValues::Measure) => true,
            Some(WithheldValues::Variables(withheld)) => {
                variables.iter().any(|id| withheld.contains(*id))
            }
        }
    }
}
