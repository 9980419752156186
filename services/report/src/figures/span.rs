//! Some months in a row. The invariant: the last is not before the first.

use medvirk_domain::time::Month;

/// Some months in a row, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct MonthSpan {
    /// The first month of the span.
    pub first: Month,
    /// Last month; not before the first.
    pub last: Month,
}

impl MonthSpan {
    /// True if `other` lies within.
    pub(super) fn holds(self, other: Self) -> bool {
        self.first <= other.first && other.last <= self.last
    }

    /// True if they have a month in common.
    pub(super) fn meets(self, other: Self) -> bool {
        self.first <= other.last && other.first <= self.last
    }

    pub(super) fn months(self) -> impl Iterator<Item = Month> {
        std::iter::successors(Some(self.first), |month| Some(month.next()))
            .take_while(move |month| *month <= self.last)
    }

    /// What lies of it in each calendar year.
    pub(super) fn years(self) -> impl Iterator<Item = Self> {
        (self.first.year()..=self.last.year()).map(move |year| {
            let january = self
                .first
                .plus(12 * (year - self.first.year()))
                .year_start();
            Self {
                first: self.first.max(january),
                last: self.last.min(january.plus(11)),
            }
        })
    }

    /// Cuts it into pieces, each from its first month to `end` of it, or to the end of all.
    pub(super) fn cut(self, end: impl Fn(Month) -> Month) -> Vec<Self> {
        let mut pieces = Vec::new();
        let mut first = self.first;
        while first <= self.last {
            let last = end(first).min(self.last);
            pieces.push(Self { first, last });
            first = last.next();
        }
        pieces
    }
}
