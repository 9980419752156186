//! Organisations beside each other, and one against the rest. Comes in: an asked question and
//! rows. Goes out: figures over one span, with funnel limits about the value of the whole. The
//! invariant: the rest is a sum of whole rows that are about nobody of the compared one, never a
//! difference of two figures, so it is never negative; where no such row is, it is not told.

use medvirk_domain::catalogue::{Figure as Made, IndicatorKind};

use super::figure::{Figure, Shown};
use super::possible::possible;
use super::query::Asked;
use super::reason::{FigureNote, NoFunnelReason, WithheldReason};
use super::series::Difference;
use super::sheet::{About, Sheet, span_of};
use super::table::{Kept, Tables};
use super::tree::OrganisationLevel;
use crate::statistics::funnel::{self, Dispersion, FunnelLimits, Place, Tails};

/// Organisations beside each other.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// The organisation above, over the same span.
    pub whole: Figure,
    /// By id; also those that are not shown.
    pub compared: Vec<Compared>,
    /// How much more they differ than chance explains.
    pub dispersion: Option<Dispersion>,
    /// Why there is no funnel.
    pub no_funnel: Option<NoFunnelReason>,
}

/// One of the compared.
#[derive(Debug, Clone, PartialEq)]
pub struct Compared {
    /// Its figure, or why there is none.
    pub figure: Figure,
    /// Exact limits, in the unit of the figure.
    pub limits: Option<FunnelLimits>,
    /// Limits that are widened by the root of φ, where that applies; nowhere nearer than the
    /// exact ones.
    pub widened: Option<FunnelLimits>,
    /// Where it lies by its exact probability; and where limits are widened, by these too.
    pub place: Option<Place>,
}

/// An organisation against the rest of one above it.
#[derive(Debug, Clone, PartialEq)]
pub struct Rest {
    /// The rest; its organisation is the one above.
    pub figure: Figure,
    /// The compared one less the rest.
    pub difference: Option<Difference>,
}

/// What a funnel is made of: all in natural units (a share from 0 to 1).
struct Funnel {
    kind: Kind,
    centre: f64,
    /// From natural units to those of the figure.
    scale: f64,
    /// What the figure can be.
    possible: (f64, f64),
}

enum Kind {
    Share,
    /// Events per unit of exposure.
    Rate,
    Mean {
        variance: f64,
        freedom: u64,
    },
}

impl Asked<'_> {
    /// The organisations of `level` that lie below the asked one in the last year of the span. The
    /// question names one indicator and an organisation; `None` while nothing is shown or asked.
    pub fn compare(
        &self,
        part: &str,
        level: OrganisationLevel,
        rows: &Tables,
    ) -> Option<Comparison> {
        let (above, span, [indicator]) = (self.organisation?, self.span?, &self.indicators[..])
        else {
            return None;
        };
        let sheet = Sheet::new(self, &indicator.measure, rows);
        let tree = self.background.tree(span.last.year());
        let below = tree.all().filter(|(id, of)| {
            *of == level && *id != above && tree.upwards(id).any(|each| each == above)
        });
        let figures: Vec<Figure> = below
            .map(|(id, _)| sheet.one(indicator, id, part, span))
            .collect();
        let whole = sheet.one(indicator, above, part, span);
        let about = sheet.whole(indicator, above, span);
        let funnel = Funnel::of(&sheet, about, &whole);
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
            None => Compared::alone(figure),
        });
        Some(Comparison {
            whole,
            compared: compared.collect(),
            dispersion,
            no_funnel,
        })
    }

    /// The asked organisation, and the rest of each one above it, from the nearest.
    pub fn against_the_rest(&self, part: &str, rows: &Tables) -> Option<(Figure, Vec<Rest>)> {
        let (own, span, [indicator]) = (self.organisation?, self.span?, &self.indicators[..])
        else {
            return None;
        };
        let sheet = Sheet::new(self, &indicator.measure, rows);
        let figure = sheet.one(indicator, own, part, span);
        let tree = self.background.tree(span.last.year());
        let rests = tree.upwards(own).skip(1).map(|above| {
            let rest = sheet.rest(own, sheet.whole(indicator, above, span), part);
            Rest {
                difference: Difference::of(&figure, &rest),
                figure: rest,
            }
        });
        let rests = rests.collect();
        Some((figure, rests))
    }
}

impl Compared {
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

impl<'a> Sheet<'a> {
    /// The figure of a whole without the organisation `own`, which lies below it.
    fn rest(&self, own: &'a str, whole: About<'a>, part: &str) -> Figure {
        let span = whole.span;
        let about = About {
            without: Some(own),
            ..whole
        };
        let mut figure = self.one_of(about, part);
        let pools = |row: &Kept| {
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

impl Funnel {
    /// The funnel of an indicator, or why there is none.
    fn of<'a>(sheet: &Sheet<'a>, about: About<'a>, whole: &Figure) -> Result<Self, NoFunnelReason> {
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
        let rows: Vec<&Kept> = sheet
            .rows_of(about)
            .filter(|row| about.span.holds(span_of(row)))
            .filter(|row| whole.part.is_empty() || *row.part == *whole.part)
            .collect();
        let rows = Kept::with(&rows, &[variable]);
        let (kind, scale) = match indicator.kind {
            IndicatorKind::Proportion => (Kind::Share, 100.0),
            IndicatorKind::Count => (Kind::Rate, 1.0),
            IndicatorKind::EffectSize => return Err(NoFunnelReason::SpreadUnknown),
            IndicatorKind::Mean | IndicatorKind::Index => {
                let about = About {
                    part: &whole.part,
                    ..about
                };
                let spread = sheet.spread(about, &rows, variable, &mut Vec::new());
                let spread = spread.ok_or(NoFunnelReason::NoSpread)?;
                let (variance, freedom) = (spread.variance, spread.freedom);
                (Kind::Mean { variance, freedom }, 1.0)
            }
        };
        let centre = match kind {
            // Per person, since totals of large and small organisations cannot be compared.
            Kind::Rate => shown.value / shown.persons as f64,
            Kind::Share | Kind::Mean { .. } => shown.value / scale,
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
            Kind::Share => self.centre * (1.0 - self.centre),
            Kind::Rate => self.centre,
            Kind::Mean { variance, .. } => variance,
        }
    }

    fn score(&self, shown: &Shown) -> Option<f64> {
        let error = (self.variance() / shown.persons as f64).sqrt();
        (error > 0.0).then(|| (shown.value / self.per(shown) - self.centre) / error)
    }

    /// What turns natural units into those of the figure of that size.
    fn per(&self, shown: &Shown) -> f64 {
        match self.kind {
            Kind::Rate => shown.persons as f64,
            Kind::Share | Kind::Mean { .. } => self.scale,
        }
    }

    /// A figure with its limits, and where it lies.
    fn compared(&self, figure: Figure, spread: Option<Dispersion>) -> Compared {
        let Ok(shown) = &figure.shown else {
            return Compared::alone(figure);
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
        Compared {
            limits: exact.map(|limits| limits.within(least, most)),
            widened: widened.map(|limits| limits.within(least, most)),
            place,
            figure,
        }
    }

    /// Where it lies by chance alone.
    fn place(&self, shown: &Shown, limits: Option<FunnelLimits>) -> Option<Place> {
        let n = shown.persons;
        let tails = match self.kind {
            Kind::Share => Tails::binomial(self.centre, n, shown.value / self.scale * n as f64)?,
            Kind::Rate => Tails::poisson(self.centre, n as f64, shown.value)?,
            Kind::Mean { .. } => return Some(limits?.place(shown.value)),
        };
        Some(tails.place())
    }

    fn limits(&self, shown: &Shown) -> Option<FunnelLimits> {
        let n = shown.persons;
        let natural = match self.kind {
            Kind::Share => funnel::binomial(self.centre, n),
            Kind::Rate => funnel::poisson(self.centre, n as f64),
            Kind::Mean { variance, freedom } => funnel::mean(self.centre, variance, n, freedom),
        };
        Some(scaled(natural?, self.per(shown)))
    }

    fn widened(&self, shown: &Shown, phi: f64) -> FunnelLimits {
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
