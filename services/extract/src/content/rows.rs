//! The rows of period closes as they are: a variable a line. The invariant: nothing is added up, so
//! whoever adds them up knows what persons may count twice.

use medvirk_domain::catalogue::Organisations;
use medvirk_store::IndicatorRow;

use crate::table::{CellKind, DatasetColumn, TableCell};

/// The columns of the dataset of rows.
pub(crate) fn columns() -> Vec<DatasetColumn> {
    let column =
        |(name, kind, label): (&str, CellKind, &str)| DatasetColumn::new(name, kind, label);
    [
        ("measure", CellKind::Text, "Id of the measure"),
        (
            "variable",
            CellKind::Text,
            "Id of the variable within the measure",
        ),
        ("level", CellKind::Text, "unit, institution or trust"),
        ("organisation", CellKind::Text, "Id of the organisation"),
        ("orgnr", CellKind::Text, "Number of its legal entity"),
        (
            "part",
            CellKind::Text,
            "Part of the measure; none where joined",
        ),
        (
            "first_month",
            CellKind::Text,
            "First month of the span, YYYY-MM",
        ),
        (
            "last_month",
            CellKind::Text,
            "Last month of the span, YYYY-MM",
        ),
        (
            "close_month",
            CellKind::Text,
            "Month whose close released it, YYYY-MM",
        ),
        (
            "persons",
            CellKind::Integer,
            "Distinct persons, or survey codes",
        ),
        (
            "new_in_year",
            CellKind::Integer,
            "Those in no earlier row of the year",
        ),
        ("sum", CellKind::Decimal, "Sum of the variable over persons"),
        (
            "sum_sq",
            CellKind::Decimal,
            "Sum of its squares, where that may be shown",
        ),
        (
            "single_therapist",
            CellKind::Boolean,
            "The unit was registered as having one therapist: r was not asked of therapists",
        ),
        (
            "single_device",
            CellKind::Boolean,
            "The unit was registered as having one tablet: r was not asked of credentials",
        ),
        (
            "catalogue",
            CellKind::Text,
            "SHA-256 of the catalogue in force",
        ),
    ]
    .map(column)
    .to_vec()
}

/// The lines of a row.
pub(crate) fn lines(closed: &IndicatorRow, organisations: &Organisations) -> Vec<Vec<TableCell>> {
    let row = &closed.row;
    let optional = |text: &str| match text {
        "" => TableCell::Missing,
        text => TableCell::text(text),
    };
    let orgnr = organisations
        .orgnr_of(&row.organisation)
        .unwrap_or_default();
    let line = |sum: &medvirk_domain::row::VariableSum| {
        vec![
            TableCell::text(row.measure.as_str()),
            TableCell::text(sum.variable.as_str()),
            TableCell::text(row.level.as_str()),
            TableCell::text(row.organisation.as_str()),
            optional(orgnr),
            optional(&row.part),
            TableCell::text(row.first.to_string()),
            TableCell::text(row.last.to_string()),
            TableCell::text(closed.close_month.to_string()),
            TableCell::whole(row.persons.into()),
            row.new_in_year
                .map_or(TableCell::Missing, |new| TableCell::whole(new.into())),
            TableCell::Number(medvirk_domain::fixed::Fixed::from_micros(sum.sum)),
            sum.sum_sq.map_or(TableCell::Missing, TableCell::Squares),
            TableCell::Boolean(row.single_therapist),
            TableCell::Boolean(row.single_device),
            TableCell::text(closed.catalogue.to_string()),
        ]
    };
    row.variables.iter().map(line).collect()
}
