//! The rows of period closes as they are: a variable a line. The invariant: nothing is added up, so
//! whoever adds them up knows what persons may count twice.

use medvirk_domain::catalogue::Organisations;
use medvirk_store::IndicatorRow;

use crate::table::{Cell, Column, Kind};

/// The columns of the dataset of rows.
pub(crate) fn columns() -> Vec<Column> {
    let column = |(name, kind, label): (&str, Kind, &str)| Column::new(name, kind, label);
    [
        ("measure", Kind::Text, "Id of the measure"),
        (
            "variable",
            Kind::Text,
            "Id of the variable within the measure",
        ),
        ("level", Kind::Text, "unit, institution or trust"),
        ("organisation", Kind::Text, "Id of the organisation"),
        ("orgnr", Kind::Text, "Number of its legal entity"),
        ("part", Kind::Text, "Part of the measure; none where joined"),
        (
            "first_month",
            Kind::Text,
            "First month of the span, YYYY-MM",
        ),
        ("last_month", Kind::Text, "Last month of the span, YYYY-MM"),
        (
            "close_month",
            Kind::Text,
            "Month whose close released it, YYYY-MM",
        ),
        (
            "persons",
            Kind::Integer,
            "Distinct persons, or survey codes",
        ),
        (
            "new_in_year",
            Kind::Integer,
            "Those in no earlier row of the year",
        ),
        ("sum", Kind::Decimal, "Sum of the variable over persons"),
        (
            "sum_sq",
            Kind::Decimal,
            "Sum of its squares, where that may be shown",
        ),
        (
            "single_therapist",
            Kind::Boolean,
            "The unit was registered as having one therapist: r was not asked of therapists",
        ),
        (
            "single_device",
            Kind::Boolean,
            "The unit was registered as having one tablet: r was not asked of credentials",
        ),
        ("catalogue", Kind::Text, "SHA-256 of the catalogue in force"),
    ]
    .map(column)
    .to_vec()
}

/// The lines of a row.
pub(crate) fn lines(closed: &IndicatorRow, organisations: &Organisations) -> Vec<Vec<Cell>> {
    let row = &closed.row;
    let optional = |text: &str| match text {
        "" => Cell::Missing,
        text => Cell::text(text),
    };
    let orgnr = organisations
        .orgnr_of(&row.organisation)
        .unwrap_or_default();
    let line = |sum: &medvirk_domain::row::VariableSum| {
        vec![
            Cell::text(row.measure.as_str()),
            Cell::text(sum.variable.as_str()),
            Cell::text(row.level.as_str()),
            Cell::text(row.organisation.as_str()),
            optional(orgnr),
            optional(&row.part),
            Cell::text(row.first.to_string()),
            Cell::text(row.last.to_string()),
            Cell::text(closed.close_month.to_string()),
            Cell::whole(row.persons.into()),
            row.new_in_year
                .map_or(Cell::Missing, |new| Cell::whole(new.into())),
            Cell::Number(medvirk_domain::fixed::Fixed::from_micros(sum.sum)),
            sum.sum_sq.map_or(Cell::Missing, Cell::Squares),
            Cell::Boolean(row.single_therapist),
            Cell::Boolean(row.single_device),
            Cell::text(closed.catalogue.to_string()),
        ]
    };
    row.variables.iter().map(line).collect()
}
