//! The spread of a variable (design §4.7). Comes in: the rows of a figure, and the rows beside and
//! above them. Goes out: a variance, its degrees of freedom, and whose rows it comes from. The
//! invariant: rows without a sum of squares never take part.

use std::collections::BTreeSet;

use medvirk_domain::ids::VariableId;

use super::amount::{members, sum};
use super::table::ShownRow;

/// The variance of one variable.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct VariableSpread {
    /// In the squared unit of the variable.
    pub(super) variance: f64,
    /// One fewer than the members of the rows that it comes from.
    pub(super) freedom: u64,
}

/// Whose spread, and which.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct SpreadLender {
    pub(super) organisation: String,
    pub(super) years: BTreeSet<i32>,
    pub(super) part: String,
    pub(super) variable: VariableId,
}

/// The rows that say how the variable varies.
pub(super) fn known<'a>(rows: &[&'a ShownRow], id: &VariableId) -> Vec<&'a ShownRow> {
    let sums = ShownRow::each(rows.iter().copied(), id);
    let rows = rows.iter().copied().zip(sums);
    rows.filter(|(_, sum)| sum.is_some_and(|sum| sum.squares().is_some()))
        .map(|(row, _)| row)
        .collect()
}

/// The variance of all members of these rows together: (Σx² − (Σx)² / n) / (n − 1). `None` unless
/// every row has a sum of squares and there are two members.
pub(super) fn spread(rows: &[&ShownRow], id: &VariableId) -> Option<VariableSpread> {
    let mut squares = 0_i128;
    for sum in ShownRow::each(rows.iter().copied(), id) {
        squares = squares.checked_add(sum?.squares()?)?;
    }
    let (n, total) = (members(rows), sum(rows, id));
    if n < 2 {
        return None;
    }
    // Both in units of 10⁻¹²; exact unless there are very many members with very large values.
    let exact = squares
        .checked_mul(n)
        .zip(total.checked_mul(total))
        .and_then(|(squares, total)| squares.checked_sub(total));
    let above = exact.map_or_else(
        || squares as f64 * n as f64 - total as f64 * total as f64,
        |exact| exact as f64,
    );
    Some(VariableSpread {
        variance: (above / 1e12 / (n as f64 * (n - 1) as f64)).max(0.0),
        freedom: u64::try_from(n - 1).ok()?,
    })
}
