//! Why something is not shown, and what to know when reading what is. Comes in: nothing. Goes out:
//! codes with arguments, which clients turn into sentences in their own languages. The invariants:
//! every list is closed, and none of them has a number about persons in it, except the catalogue's
//! own minimum.

use std::collections::BTreeSet;

use medvirk_domain::catalogue::CountedIdentity;
use medvirk_domain::time::Month;

use super::span::MonthSpan;

/// Why a figure or a percentage is not shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WithheldReason {
    /// Too few persons, or too much from one source or organisation.
    TooFew,
    /// If there are answers, they wait for later ones, until the tertial or the year closes.
    Waits,
    /// This month is not closed.
    NotClosed(Month),
    /// This month was the first that was closed.
    BeforeFirstClose(Month),
    /// What could be released covers all of this span together.
    ReleasedTogether(MonthSpan),
    /// There are fewer than the catalogue's own minimum for the indicator.
    BelowMinimum {
        /// The least number that is shown.
        minimum: u32,
        /// What the measure counts.
        identity: CountedIdentity,
    },
    /// What it is made of was not in the catalogue then.
    NotInCatalogue,
    /// There is nothing to divide by.
    NothingToDivideBy,
    /// No row of the year, here or above, has enough persons to give a spread.
    NoSpreadToDivideBy,
    /// The organisation has no row of its own, but those below it have.
    NoOwnRow,
    /// The rest cannot be told from rows that pool it with the compared organisation.
    RestIsPooled,
    /// Only a part of the period was asked for.
    PeriodCutOff,
    /// Some of what was released reaches beyond these twelve months.
    RowsReachBeyond,
}

/// Why a figure has no interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoIntervalReason {
    /// The figure is a total.
    Total,
    /// The figure is made of two means.
    TwoMeans,
    /// The figure is made of two totals.
    TwoTotals,
    /// The figure is a mean over a standard deviation.
    EffectSize,
    /// The spread of the variable is not kept.
    SpreadNotKept,
    /// No row of the year, here or above, has enough persons to give a spread.
    NoSpread,
}

/// What to know when reading a figure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FigureNote {
    /// It counts survey codes and not persons.
    CountsCodes,
    /// A person may count once in each organisation.
    OnceInEachOrganisation,
    /// A person may count once in each year.
    OnceInEachYear,
    /// A person may count twice.
    PersonMayCountTwice,
    /// There may be more persons: some rows of the year came before these.
    AtLeastSoMany,
    /// It is of all parts of the measure together.
    AllParts,
    /// Its row is joined over the parts of the measure.
    JoinedOverParts,
    /// Rows that are joined over parts are not in it.
    JoinedRowsLeftOut,
    /// Rows that reach beyond its months are not in it.
    LongerRowsLeftOut,
    /// Some of its months have no row.
    MonthsWithoutRow,
    /// Rows from before the indicator was in the catalogue are not in it.
    OlderRowsLeftOut,
    /// Rows that pool the compared organisation with others are not in the rest.
    PooledRowsLeftOut,
    /// The unit is registered as having one therapist.
    OneTherapist,
    /// The unit is registered as having one device.
    OneDevice,
    /// This is the last closed month of its span.
    ClosedUntil(Month),
    /// Its interval rests on the spread of the organisation's larger rows of these years.
    SpreadOfOwnRows(BTreeSet<i32>),
    /// Its interval rests on the spread of the rows of an organisation above.
    SpreadOfOrganisation {
        /// The organisation whose rows lend the spread.
        organisation: String,
        /// The years of its rows.
        years: BTreeSet<i32>,
    },
}

/// Why a series has no control chart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoChartReason {
    /// Rolling periods overlap, so one answer would count as several signals.
    RollingPeriodsOverlap,
    /// Fewer than eight periods are shown.
    TooFewPeriods,
    /// A p-chart needs a proportion.
    NotAProportion,
    /// Too few of the shown periods follow each other.
    TooFewInARow,
}

/// What to know when reading a control chart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChartNote {
    /// Its limits rest on fewer than thirteen periods.
    PreliminaryLimits,
    /// Periods without a figure are left out, and nothing is joined across them.
    PeriodsLeftOut,
}

/// Why a comparison has no funnel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoFunnelReason {
    /// There is no figure of the whole to compare with.
    NoWhole,
    /// The spread of such a figure is not known.
    SpreadUnknown,
    /// No row of the whole has enough persons to give a spread.
    NoSpread,
}
