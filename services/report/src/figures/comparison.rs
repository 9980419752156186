//! Organisations beside each other, and one against the rest. Comes in: an asked question and
//! rows. Goes out: figures over one span, with funnel limits about the value of the whole. The
//! invariant: the rest is a sum of whole rows that are about nobody of the compared one, never a
//! difference of two figures, so it is never negative; where no such row is, it is not told.

use medvirk_domain::catalogue::{IndicatorFigure as Made, IndicatorKind};

use super::figure::{Figure, ShownFigure};
use super::possible::possible;
use super::query::CheckedQuery;
use super::reason::{FigureNote, NoFunnelReason, WithheldReason};
use super::series::PointDifference;
use super::sheet::{FigureSubject, MeasureSheet, span_of};
use super::table::{RowTables, ShownRow};
use super::tree::OrganisationLevel;
use crate::statistics::funnel::{
    self, FunnelDispersion, FunnelLimits, FunnelPlace, TailProbabilities,
};

/// Organisations beside each other.
#[derive(Debug, Clone, PartialEq)]
pub struct OrganisationComparison {
    /// The organisation above, over the same span.
    pub whole: Figure,
    /// By id; also those that are not shown.
    pub compared: Vec<ComparedOrganisation>,
    /// How much more they differ than chance explains.
    pub dispersion: Option<FunnelDispersion>,
    /// Why there is no funnel.
    pub no_funnel: Option<NoFunnelReason>,
}

/// One of the compared.
#[derive(Debug, Clone, PartialEq)]
pub struct ComparedOrganisation {
    /// Its figure, or why there is none.
    pub figure: Figure,
    /// Exact limits, in the unit of the figure.
    pub limits: Option<FunnelLimits>,
    /// Limits that are widened by the root of φ, where that applies; nowhere nearer than the
    /// exact ones.
    pub widened: Option<FunnelLimits>,
    /// Where it lies by its exact probability; and where limits are widened, by these too.
    pub place: Option<FunnelPlace>,
}

/// An organisation against the rest of one above it.
#[derive(Debug, Clone, PartialEq)]
pub struct RestComparison {
    /// The rest; its organisation is the one above.
    pub figure: Figure,
    /// The compared one less the rest.
    pub difference: Option<PointDifference>,
}

/// What a funnel is made of: all in natural units (a share from 0 to 1).
struct FunnelInput {
    kind: FunnelKind,
    centre: f64,
    /// From natural units to those of the figure.
    scale: f64,
    /// What the figure can be.
    possible: (f64, f64),
}

enum FunnelKind {
    Share,
    /// Events per unit of exposure.
    Rate,
    Mean {
        variance: f64,
        freedom: u64,
    },
}

impl CheckedQuery<'_> {
    /// The organisations of `level` that lie below the asked one in the last year of the span. The
    /// question names one indicator and an organisation; `None` while nothing is shown or asked.
    pub fn compare(
        &self,
        part: &str,
        level: OrganisationLevel,
        rows: &RowTables,
    ) -> Option<OrganisationComparison> {
        let (above, span, [indicator]) = (self.organisation?, self.span?, &self.indicators[..])
        else {
            return None;
        };
        let sheet = MeasureSheet::new(self, &indicator.measure, rows);
        let tree = self.background.tree(span.last.year());
        let below = tree.all().filter(|(id, of)| {
            *of == level && *id != above && tree.upwards(id).any(|each| each == above)
        });
        let figures: Vec<Figure> = below
            .map(|(id, _)| sheet.one(indicator, id, part, span))
            .collect();
        let whole = sheet.one(indicator, above, part, span);
        let about = sheet.whole(indicator, above, span);
        let funnel = FunnelInput::of(&sheet, about, &whole);
        let (funnel, no_funnel) = match funnel {
            Ok(funnel) => (Some(funnel), None),
            Err(reason) => (None, Some(reason)),
        };
        let scores = funnel.iter().flat_map(|funnel| {
            let shown = figures
                .iter()
                .filter_map(|figure| figure.shown.as_ref().ok());
            shown.filter_map(|shown| funnel.score(shown))
        });
        let dispersion = funnel::dispersion(&scores.collect::<Vec<f64>>());
        let spread = dispersion.filter(|dispersion| dispersion.applies);
        let compared = figures.into_iter().map(|figure| match &funnel {
            Some(funnel) => funnel.compared(figure, spread),
            None => ComparedOrganisation::alone(figure),
        });
        Some(OrganisationComparison {
            whole,
            compared: compared.collect(),
            dispersion,
            no_funnel,
        })
    }

    /// The asked organisation, and the rest of each one above it, from the nearest.
    pub fn against_the_rest(
        &self,
        part: &str,
        rows: &RowTables,
    ) -> Option<(Figure, Vec<RestComparison>)> {
        let (own, span, [indicator]) = (self.organisation?, self.span?, &self.indicators[..])
        else {
            return None;
        };
        let sheet = MeasureSheet::new(self, &indicator.measure, rows);
        let figure = sheet.one(indicator, own, part, span);
        let tree = self.background.tree(span.last.year());
        let rests = tree.upwards(own).skip(1).map(|above| {
            let rest = sheet.rest(own, sheet.whole(indicator, above, span), part);
            RestComparison {
                difference: PointDifference::of(&figure, &rest),
                figure: rest,
            }
        });
        let rests = rests.collect();
        Some((figure, rests))
    }
}

impl ComparedOrganisation {
    /// One without a funnel.
    fn alone(figure: Figure) -> Self {
        Self {
            figure,
            limits: None,
            widened: None,
            place: None,
        }
    }
}

impl<'a> MeasureSheet<'a> {
    /// The figure of a whole without the organisation `own`, which lies below it.
    fn rest(&self, own: &'a str, whole: FigureSubject<'a>, part: &str) -> Figure {
        let span = whole.span;
        let about = FigureSubject {
            without: Some(own),
            ..whole
        };
        let mut figure = self.one_of(about, part);
        let pools = |row: &ShownRow| {
            let tree = self.asked.background.tree(row.first.year());
            &*row.organisation != own && tree.upwards(own).any(|each| each == &*row.organisation)
        };
        let mut in_span = self.rows_of(whole).filter(|row| span.holds(span_of(row)));
        if in_span.any(pools) {
            match &figure.shown {
                Ok(_) => figure.notes.push(FigureNote::PooledRowsLeftOut),
                Err(WithheldReason::TooFew | WithheldReason::Waits) => {
                    figure.shown = Err(WithheldReason::RestIsPooled);
                }
                Err(_) => {}
            }
        }
        figure
    }
}

impl FunnelInput {
    /// The funnel of an indicator, or why there is none.
    fn of<'a>(
        sheet: &MeasureSheet<'a>,
        about: FigureSubject<'a>,
        whole: &Figure,
    ) -> Result<Self, NoFunnelReason> {
        let Ok(shown) = &whole.shown else {
            return Err(NoFunnelReason::NoWhole);
        };
        let indicator = about.indicator;
        let variable = match &indicator.figure {
            Made::Variable(variable) => variable,
            Made::Ratio(..) | Made::SumOf(..) | Made::Standardised(..) => {
                return Err(NoFunnelReason::SpreadUnknown);
            }
        };
        let rows: Vec<&ShownRow> = sheet
            .rows_of(about)
            .filter(|row| about.span.holds(span_of(row)))
            .filter(|row| whole.part.is_empty() || *row.part == *whole.part)
            .collect();
        let rows = ShownRow::with(&rows, &[variable]);
        let (kind, scale) = match indicator.kind {
            IndicatorKind::Proportion => (FunnelKind::Share, 100.0),
            IndicatorKind::Count => (FunnelKind::Rate, 1.0),
            IndicatorKind::EffectSize => return Err(NoFunnelReason::SpreadUnknown),
            IndicatorKind::Mean | IndicatorKind::Index => {
                let about = FigureSubject {
                    part: &whole.part,
                    ..about
                };
                let spread = sheet.spread(about, &rows, variable, &mut Vec::new());
                let spread = spread.ok_or(NoFunnelReason::NoSpread)?;
                let (variance, freedom) = (spread.variance, spread.freedom);
                (FunnelKind::Mean { variance, freedom }, 1.0)
            }
        };
        let centre = match kind {
            // Per person, since totals of large and small organisations cannot be compared.
            FunnelKind::Rate => shown.value / shown.persons as f64,
            FunnelKind::Share | FunnelKind::Mean { .. } => shown.value / scale,
        };
        Ok(Self {
            kind,
            centre,
            scale,
            possible: possible(indicator, sheet.measure),
        })
    }

    /// The variance of one person's value about the centre.
    fn variance(&self) -> f64 {
        match self.kind {
            FunnelKind::Share => self.centre * (1.0 - self.centre),
            FunnelKind::Rate => self.centre,
            FunnelKind::Mean { variance, .. } => variance,
        }
    }

    fn score(&self, shown: &ShownFigure) -> Option<f64> {
        let error = (self.variance() / shown.persons as f64).sqrt();
        (error > 0.0).then(|| (shown.value / self.per(shown) - self.centre) / error)
    }

    /// What turns natural units into those of the figure of that size.
    fn per(&self, shown: &ShownFigure) -> f64 {
        match self.kind {
            FunnelKind::Rate => shown.persons as f64,
            FunnelKind::Share | FunnelKind::Mean { .. } => self.scale,
        }
    }

    /// A figure with its limits, and where it lies.
    fn compared(&self, figure: Figure, spread: Option<FunnelDispersion>) -> ComparedOrganisation {
        let Ok(shown) = &figure.shown else {
            return ComparedOrganisation::alone(figure);
        };
        let exact = self.limits(shown);
        let widened = spread.zip(exact);
        let widened = widened
            .map(|(spread, exact)| self.widened(shown, spread.phi).at_least_as_wide_as(exact));
        let by_chance = self.place(shown, exact);
        let place = match widened {
            Some(limits) => by_chance.map(|place| place.nearer(limits.place(shown.value))),
            None => by_chance,
        };
        let (least, most) = self.possible;
        ComparedOrganisation {
            limits: exact.map(|limits| limits.within(least, most)),
            widened: widened.map(|limits| limits.within(least, most)),
            place,
            figure,
        }
    }

    /// Where it lies by chance alone.
    fn place(&self, shown: &ShownFigure, limits: Option<FunnelLimits>) -> Option<FunnelPlace> {
        let n = shown.persons;
        let tails = match self.kind {
            FunnelKind::Share => {
                TailProbabilities::binomial(self.centre, n, shown.value / self.scale * n as f64)?
            }
            FunnelKind::Rate => TailProbabilities::poisson(self.centre, n as f64, shown.value)?,
            FunnelKind::Mean { .. } => return Some(limits?.place(shown.value)),
        };
        Some(tails.place())
    }

    fn limits(&self, shown: &ShownFigure) -> Option<FunnelLimits> {
        let n = shown.persons;
        let natural = match self.kind {
            FunnelKind::Share => funnel::binomial(self.centre, n),
            FunnelKind::Rate => funnel::poisson(self.centre, n as f64),
            FunnelKind::Mean { variance, freedom } => {
                funnel::mean(self.centre, variance, n, freedom)
            }
        };
        Some(scaled(natural?, self.per(shown)))
    }

    fn widened(&self, shown: &ShownFigure, phi: f64) -> FunnelLimits {
        let error = (phi * self.variance() / shown.persons as f64).sqrt();
        scaled(funnel::widened(self.centre, error), self.per(shown))
    }
}

fn scaled(limits: FunnelLimits, by: f64) -> FunnelLimits {
    FunnelLimits {
        lower_95: limits.lower_95 * by,
        upper_95: limits.upper_95 * by,
        lower_998: limits.lower_998 * by,
        upper_998: limits.upper_998 * by,
    }
}
