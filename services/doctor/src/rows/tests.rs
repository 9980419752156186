use medvirk_domain::catalogue::{CatalogueLimits, shipped};
use medvirk_domain::ids::CatalogueHash;
use medvirk_domain::row::RowParts;

use super::*;
use crate::check::DoctorVerdict;

fn catalogue() -> Catalogue {
    let hash = CatalogueHash::new([1; 32]);
    Catalogue::load(&shipped(), hash, CatalogueLimits::default()).unwrap()
}

/// A row of a measure with parts that its rule allows, at a unit of any partition.
fn allowed(catalogue: &Catalogue) -> RowParts {
    let measures = catalogue.measures.values();
    let by_part = |measure: &&Measure| {
        measure.parts.is_some()
            && measure.finest == FinestSpan::Month
            && measure.identity == CountedIdentity::Person
            && measure.per == CountedPer::Episode
    };
    let measure = measures.into_iter().find(by_part).unwrap();
    let (unit, registered) = catalogue.organisations.units.iter().next().unwrap();
    let persons = 20;
    let sum = |variable: &Variable| {
        let value = i128::from(
            variable
                .min
                .micros()
                .max(1_000_000)
                .min(variable.max.micros()),
        );
        let squared = variable.spread
            && variable.over == CombinedValues::Last
            && variable.steps() >= SPREAD_STEPS;
        VariableSum {
            variable: variable.id.clone(),
            sum: i64::try_from(value * i128::from(persons)).unwrap(),
            sum_sq: squared.then_some(value * value * i128::from(persons)),
        }
    };
    RowParts {
        measure: measure.id.clone(),
        level: RowLevel::Unit,
        organisation: unit.to_string(),
        first: "2024-03".parse().unwrap(),
        last: "2024-03".parse().unwrap(),
        part: measure.parts.as_ref().unwrap().then.to_string(),
        persons,
        new_in_year: None,
        single_therapist: registered.single_therapist,
        single_device: registered.single_device,
        variables: measure.variables.iter().map(sum).collect(),
    }
}

fn judge(month: &str, rows: Vec<RowParts>) -> (DoctorVerdict, Vec<String>) {
    let catalogue = catalogue();
    let close = Close {
        month: month.parse().unwrap(),
        offset: 9,
        catalogue: catalogue.hash,
        fold_version: 1,
        rows: rows.into_iter().map(Row::from_ledger).collect(),
    };
    let mut found = DoctorCheck::new("rows");
    check(
        LogPartition { number: 0, of: 1 },
        &close,
        &catalogue,
        &mut found,
    );
    let told = found.findings.into_iter().map(|one| one.found);
    (found.verdict, told.collect())
}

#[test]
fn a_row_that_the_rule_allows_is_not_touched() {
    let row = allowed(&catalogue());
    assert_eq!(judge("2024-03", vec![row]), (DoctorVerdict::Agrees, vec![]));
}

#[test]
fn every_breach_that_can_be_seen_in_a_row_is_named() {
    let breaks = |change: fn(&mut RowParts), expected: &str| {
        let mut row = allowed(&catalogue());
        change(&mut row);
        let (verdict, found) = judge("2024-03", vec![row]);
        assert_eq!(verdict, DoctorVerdict::Differs, "{expected}");
        let named = found.iter().any(|found| found.ends_with(expected));
        assert!(named, "{expected}: {found:?}");
    };
    breaks(|row| row.persons = 4, "it has fewer persons than k");
    breaks(
        |row| row.organisation = "nowhere".to_owned(),
        "its organisation is not of this partition",
    );
    breaks(
        |row| row.first = row.first.previous(),
        "its span is none of a close of this month",
    );
    breaks(
        |row| row.last = row.last.next(),
        "its span is none of a close of this month",
    );
    let not_of_this_month = "its part or level does not belong to this month";
    breaks(|row| row.part = String::new(), not_of_this_month);
    breaks(|row| row.part = "women".to_owned(), not_of_this_month);
    breaks(
        |row| row.new_in_year = Some(3),
        "its new persons are not as the measure counts them",
    );
    breaks(
        |row| row.single_device = !row.single_device,
        "its single-source flags are not its unit's",
    );
    breaks(
        |row| _ = row.variables.pop(),
        "its variables are not the measure's",
    );
    breaks(
        |row| row.variables[0].sum = i64::MAX,
        "a sum is none of so many values",
    );
    breaks(
        |row| {
            let squared = row.variables.iter_mut().find(|one| one.sum_sq.is_some());
            squared.unwrap().sum_sq = Some(1);
        },
        "a sum is none of so many values",
    );
    breaks(
        |row| row.persons = 11,
        "a sum of squares is there that may not be shown",
    );
    breaks(
        |row| row.measure = "no.such".parse().unwrap(),
        "its catalogue has no such measure",
    );
}

#[test]
fn pooled_rows_belong_to_the_end_of_the_year() {
    let catalogue = catalogue();
    let mut row = allowed(&catalogue);
    row.level = RowLevel::Trust;
    row.organisation = catalogue
        .organisations
        .trusts
        .keys()
        .next()
        .unwrap()
        .to_string();
    row.part = String::new();
    (row.single_therapist, row.single_device) = (false, false);
    assert_eq!(
        judge("2024-03", vec![row.clone()]).0,
        DoctorVerdict::Differs
    );
    row.first = "2024-01".parse().unwrap();
    row.last = "2024-12".parse().unwrap();
    assert_eq!(judge("2024-12", vec![row]), (DoctorVerdict::Agrees, vec![]));
}

#[test]
fn two_rows_of_one_key_are_found() {
    let row = allowed(&catalogue());
    let (verdict, found) = judge("2024-03", vec![row.clone(), row]);
    assert_eq!(verdict, DoctorVerdict::Differs);
    assert!(
        found[0].ends_with("there is another row with its key"),
        "{found:?}"
    );
}
