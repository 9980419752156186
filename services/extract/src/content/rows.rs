//! The rows of period closes as they are: a variable a line. The invariant: nothing is added up, so
//! whoever adds them up knows what persons may count twice.

use medvirk_domain::catalogue::Organisations;
use medvirk_store::IndicatorRow;

use crate::table::{CellKind, DatasetColumn, TableCell};

/// The columns of the dataset of rows.
pub(crate) fn columns() -> Vec<DatasetColumn> {
    use CellKind::{Boolean, Decimal, Integer, Text};

    let column =
        |(name, kind, label): (&str, CellKind, &str)| DatasetColumn::new(name, kind, label);
    [
        ("measure", Text, "Id of the measure"),
        ("variable", Text, "Id of the variable within the measure"),
        ("level", Text, "unit, institution or trust"),
        ("organisation", Text, "Id of the organisation"),
        ("orgnr", Text, "Number of its legal entity"),
        ("part", Text, "Part of the measure; none where joined"),
        ("first_month", Text, "First month of the span, YYYY-MM"),
        ("last_month", Text, "Last month of the span, YYYY-MM"),
        (
            "close_month",
            Text,
            "Month whose close released it, YYYY-MM",
        ),
        ("persons", Integer, "Distinct persons, or survey codes"),
        (
            "new_in_year",
            Integer,
            "Those in no earlier row of the year",
        ),
        ("sum", Decimal, "Sum of the variable over persons"),
        (
            "sum_sq",
            Decimal,
            "Sum of its squares, where that may be shown",
        ),
        (
            "single_therapist",
            Boolean,
            "The unit was registered as having one therapist: r was not asked of therapists",
        ),
        (
            "single_device",
            Boolean,
            "The unit was registered as having one tablet: r was not asked of credentials",
        ),
        ("catalogue", Text, "SHA-256 of the catalogue in force"),
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
            TableCell::Number(medvirk_domain::fixed::FixedPoint::from_micros(sum.sum)),
            sum.sum_sq.map_or(TableCell::Missing, TableCell::Squares),
            TableCell::Boolean(row.single_therapist),
            TableCell::Boolean(row.single_device),
            TableCell::text(closed.catalogue.to_string()),
        ]
    };
    row.variables.iter().map(line).collect()
}
