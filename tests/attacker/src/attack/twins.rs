//! Twins. Knowledge: everything but one answer. Two logs differ in that answer alone, which
//! decides no part: if anything but sums differed, the moment or the make-up of a row would tell.

use crate::public::{Public, Row};

/// How two publications differ.
#[derive(Debug, PartialEq, Eq)]
pub struct Difference {
    /// Rows that only one of them has, sums left aside.
    pub rows: usize,
    /// Rows whose sums differ.
    pub sums: usize,
}

/// Compares what is public of two stories.
pub fn attack(one: &Public, other: &Public) -> Difference {
    let bare = |public: &Public| {
        public
            .rows
            .iter()
            .map(|row| row.without_sums())
            .collect::<Vec<_>>()
    };
    let (bare_one, bare_other) = (bare(one), bare(other));
    let alone =
        |these: &[Row], those: &[Row]| these.iter().filter(|row| !those.contains(row)).count();
    let mut rows = alone(&bare_one, &bare_other) + alone(&bare_other, &bare_one);
    // The same rows in another order say something too.
    rows += usize::from(rows == 0 && bare_one != bare_other);
    let pairs = one.rows.iter().zip(&other.rows);
    Difference {
        rows,
        sums: pairs
            .filter(|(one, other)| one.figures != other.figures)
            .count(),
    }
}
