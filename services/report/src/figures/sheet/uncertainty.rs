//! How sure a figure is. Comes in: what it is about and its rows. Goes out: an interval, or why
//! there is none. The invariant: a spread that is borrowed from other rows is noted.

use std::collections::BTreeSet;

use medvirk_domain::catalogue::{IndicatorFigure as Made, IndicatorKind};
use medvirk_domain::ids::VariableId;

use super::{FigureSubject, MeasureSheet};
use crate::figures::reason::{FigureNote, NoIntervalReason};
use crate::figures::spread::{self, SpreadLender, VariableSpread};
use crate::figures::table::ShownRow;
use crate::figures::{amount, persons};
use crate::statistics::{t_interval, wilson};

impl MeasureSheet<'_> {
    /// What the value is divided by: 1, or the standard deviation of an effect size's second
    /// variable; `None` where that is not known or nought.
    pub(super) fn divisor(
        &self,
        about: FigureSubject<'_>,
        rows: &[&ShownRow],
        notes: &mut Vec<FigureNote>,
    ) -> Option<f64> {
        let Made::Standardised(_, by) = &about.indicator.figure else {
            return Some(1.0);
        };
        let deviation = self.spread(about, rows, by, notes)?.variance.sqrt();
        (deviation > 0.0).then_some(deviation)
    }

    /// The interval, or why there is none; a borrowed spread is noted.
    pub(super) fn interval(
        &self,
        about: FigureSubject<'_>,
        rows: &[&ShownRow],
        n: u64,
        notes: &mut Vec<FigureNote>,
    ) -> Result<(f64, f64), NoIntervalReason> {
        let variable = match &about.indicator.figure {
            Made::SumOf(..) => return Err(NoIntervalReason::TwoMeans),
            Made::Ratio(..) => return Err(NoIntervalReason::TwoTotals),
            Made::Standardised(..) => return Err(NoIntervalReason::EffectSize),
            Made::Variable(variable) => variable,
        };
        let mean = amount::mean(rows, variable);
        let (interval, scale) = match about.indicator.kind {
            IndicatorKind::Count => return Err(NoIntervalReason::Total),
            IndicatorKind::EffectSize => return Err(NoIntervalReason::EffectSize),
            IndicatorKind::Proportion => (wilson(mean, n), 100.0),
            IndicatorKind::Mean | IndicatorKind::Index => {
                let spread = self.spread(about, rows, variable, notes);
                let spread = spread.ok_or_else(|| self.why_no_spread(variable))?;
                (t_interval(mean, spread.variance, n, spread.freedom), 1.0)
            }
        };
        let interval = interval.ok_or(NoIntervalReason::NoSpread)?;
        Ok((interval.lower * scale, interval.upper * scale))
    }

    /// The spread of the rows themselves; else of the rows of their years that have one, of the
    /// same organisation, or of the next one above that has such rows.
    pub(in crate::figures) fn spread(
        &self,
        about: FigureSubject<'_>,
        rows: &[&ShownRow],
        variable: &VariableId,
        notes: &mut Vec<FigureNote>,
    ) -> Option<VariableSpread> {
        if let Some(own) = spread::spread(rows, variable) {
            return Some(own);
        }
        let years = persons::years(rows);
        let tree = self.asked.background.tree(about.span.last.year());
        for organisation in tree.upwards(about.organisation) {
            if let Some(borrowed) = self.lent(organisation, &years, about.part, variable) {
                notes.push(if organisation == about.organisation {
                    FigureNote::SpreadOfOwnRows(years)
                } else {
                    let organisation = organisation.to_owned();
                    FigureNote::SpreadOfOrganisation {
                        organisation,
                        years,
                    }
                });
                return Some(borrowed);
            }
        }
        None
    }

    /// The spread of the rows of an organisation that have one. Many ask for that of the same one
    /// above them, so it is remembered.
    fn lent(
        &self,
        organisation: &str,
        years: &BTreeSet<i32>,
        part: &str,
        variable: &VariableId,
    ) -> Option<VariableSpread> {
        let lender = SpreadLender {
            organisation: organisation.to_owned(),
            years: years.clone(),
            part: part.to_owned(),
            variable: variable.clone(),
        };
        if let Some(known) = self.lent.borrow().get(&lender) {
            return *known;
        }
        let of_years = years
            .iter()
            .flat_map(|year| self.years.of(organisation, *year..=*year, None));
        let rows: Vec<&ShownRow> = of_years
            .filter(|row| part.is_empty() || *row.part == *part)
            .collect();
        let lent = spread::spread(&spread::known(&rows, variable), variable);
        self.lent.borrow_mut().insert(lender, lent);
        lent
    }

    fn why_no_spread(&self, variable: &VariableId) -> NoIntervalReason {
        let declared = self.measure.variables.iter().find(|v| v.id == *variable);
        if declared.is_some_and(|variable| variable.spread) {
            NoIntervalReason::NoSpread
        } else {
            NoIntervalReason::SpreadNotKept
        }
    }
}
