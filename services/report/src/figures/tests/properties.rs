//! What holds of every figure, over random rows.

use std::collections::BTreeSet;

use medvirk_domain::row::VariableSum;
use proptest::prelude::*;

use super::*;
use crate::figures::persons;
use crate::figures::table::ShownRow;

const UNITS: [&str; 4] = ["btheb", "isle", "pier", "tau"];
const PERIODS: [&str; 3] = ["row", "span", "year"];

/// A month row of a unit: persons, how many are new, a sum of flags, and values if there are
/// enough persons to tell their spread.
fn any_row() -> impl Strategy<Value = ClosedRow> {
    let values = prop::collection::vec(-63_i64..=63, 5..40);
    (
        0..UNITS.len(),
        0..15_i32,
        values,
        0.0..=1.0_f64,
        0.0..=1.0_f64,
    )
        .prop_map(|(unit, later, values, new, hits)| {
            let persons = u32::try_from(values.len()).unwrap();
            let first = month("2024-01").plus(later).to_string();
            let of = |share: f64| (share * f64::from(persons)) as u32;
            let mut made = row("bdi.outcome", UNITS[unit], &first, &first, persons)
                .new_in_year(of(new))
                .sum("improved", of(hits).into())
                .sum("sessions", 4 * i64::from(persons))
                .done();
            made.row
                .variables
                .extend(["first", "change"].map(|id| sum_of(id, &values)));
            made
        })
}

fn sum_of(id: &str, values: &[i64]) -> VariableSum {
    let squares: i64 = values.iter().map(|value| value * value).sum();
    VariableSum {
        variable: id.parse().unwrap(),
        sum: values.iter().sum::<i64>() * 1_000_000,
        sum_sq: (values.len() >= 12).then_some(i128::from(squares) * 1_000_000_000_000),
    }
}

/// At most one row of a unit and month, as a close gives them.
fn any_rows() -> impl Strategy<Value = Vec<ClosedRow>> {
    prop::collection::vec(any_row(), 0..30).prop_map(|mut rows| {
        let mut seen = BTreeSet::new();
        rows.retain(|closed| seen.insert((closed.row.organisation.clone(), closed.closed)));
        rows
    })
}

proptest! {
    #[test]
    fn a_value_lies_within_its_interval(rows in any_rows(), period in 0..3_usize) {
        for figure in ask(&format!("bdi.outcome - - {}", PERIODS[period]), &rows) {
            match &figure.shown {
                Err(_) => {}
                Ok(ShownFigure { value, interval: Ok((lower, upper)), .. }) => {
                    prop_assert!(lower <= value && value <= upper, "{}", line(&figure));
                }
                Ok(ShownFigure { value, interval: Err(_), .. }) => prop_assert!(value.is_finite()),
            }
        }
    }

    #[test]
    fn persons_are_never_more_than_the_rows_have(rows in any_rows()) {
        let all: Vec<ShownRow> = rows.iter().map(ShownRow::from).collect();
        let sum: u64 = rows.iter().map(|row| u64::from(row.row.persons)).sum();
        let largest = rows.iter().map(|row| u64::from(row.row.persons)).max().unwrap_or(0);
        let counted = persons::count(&all.iter().collect::<Vec<_>>());
        prop_assert!(largest <= counted.n && counted.n <= sum);
    }

    #[test]
    fn persons_of_a_unit_are_those_there_were(
        months in prop::collection::vec(prop::collection::btree_set(0..40_u32, 5..20), 1..12),
        from in 0..12_usize,
    ) {
        let mut known = BTreeSet::new();
        let mut rows = Vec::new();
        for (later, persons) in months.iter().enumerate() {
            let first = month("2024-01").plus(i32::try_from(later).unwrap()).to_string();
            let new = persons.difference(&known).count();
            known.extend(persons);
            let count = |n: usize| u32::try_from(n).unwrap();
            let made = row("fit.alliance", "tau", &first, &first, count(persons.len()));
            rows.push(made.new_in_year(count(new)).done());
        }
        let from = from.min(months.len() - 1);
        let asked: Vec<ShownRow> = rows[from..].iter().map(ShownRow::from).collect();
        let distinct: BTreeSet<u32> = months[from..].iter().flatten().copied().collect();
        let counted = persons::count(&asked.iter().collect::<Vec<_>>()).n;
        prop_assert!(counted <= distinct.len() as u64);
        // From the beginning of the year on, and for a row by itself, it is exact.
        if from == 0 || asked.len() == 1 {
            prop_assert_eq!(counted, distinct.len() as u64);
        }
    }

    #[test]
    fn neither_order_nor_what_is_not_shown_changes_an_answer(
        (rows, shuffled) in any_rows().prop_flat_map(|rows| (Just(rows.clone()), Just(rows).prop_shuffle())),
        later in any_row(),
        period in 0..3_usize,
    ) {
        let question = format!("bdi.outcome - - {}", PERIODS[period]);
        let before = ask(&question, &rows);
        let mut more = shuffled;
        let waiting = ClosedRow { closed: month("2025-04"), ..later };
        more.push(waiting);
        prop_assert_eq!(before, ask(&question, &more));
    }
}
