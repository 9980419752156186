use medvirk_domain::catalogue::{Catalogue, CatalogueLimits, shipped};
use medvirk_domain::form::Respondent;
use medvirk_domain::ids::CatalogueHash;
use medvirk_domain::time::Day;

use super::*;
use crate::content::versions;
use crate::dataset::DatasetFormat;

/// Two units of one region, and one of another.
const UNITS: [&str; 2] = ["fjord-dogn", "fjord-poliklinikk"];

fn catalogue() -> Catalogue {
    Catalogue::load(
        &shipped(),
        CatalogueHash::new([0; 32]),
        CatalogueLimits::default(),
    )
    .unwrap()
}

fn grouping(catalogue: &Catalogue, coarse: bool) -> FormGrouping {
    let of = LayoutOf {
        source: FormSource::Register,
        format: DatasetFormat::Openqreg,
        coarse,
    };
    let versions = versions(catalogue, "kvarus-basis");
    FormGrouping::new(&versions, of, &catalogue.organisations)
}

/// A form of `person`; the grouping's items have the values that are given, sex and age first.
fn form(grouping: &FormGrouping, person: u8, unit: &str, day: &str, age: i32) -> ExtractedForm {
    let value = |id: ItemId| match id.as_str() {
        "sex" => Some(FixedPoint::from_int(1)),
        "age" => Some(FixedPoint::from_int(age)),
        _ => None,
    };
    ExtractedForm {
        person: Pseudonym::new([person; 16]),
        episode: Pseudonym::new([1; 16]),
        unit: unit.to_owned(),
        day: day.parse::<Day>().unwrap(),
        number: 0,
        submission_id: [person; 16],
        ingested_at: 0,
        version: 1,
        respondent: Some(Respondent::Other),
        age: None,
        values: grouping.items().into_iter().map(value).collect(),
        reasons: Vec::new(),
        total: None,
    }
}

fn census(grouping: &FormGrouping, small: &SmallGroups, forms: &[ExtractedForm]) -> GroupCensus {
    let mut census = GroupCensus::default();
    for form in forms {
        census.add(grouping, form, small);
    }
    census
}

#[test]
fn what_others_may_know_is_named() {
    let words = grouping(&catalogue(), false).words();
    assert_eq!(words[..3], ["unit", "day", "respondent"]);
    for wanted in ["sex", "age", "housing", "education", "employment"] {
        assert!(words.contains(&wanted.to_owned()), "{wanted}");
    }
    assert_eq!(
        grouping(&catalogue(), true).words()[..2],
        ["unit or region", "month"]
    );
}

#[test]
fn groups_are_of_persons_and_not_of_forms() {
    let catalogue = catalogue();
    let grouping = grouping(&catalogue, false);
    let of = |person, day, age| form(&grouping, person, UNITS[0], day, age);
    let mut forms = vec![
        of(1, "2024-03-01", 30),
        of(1, "2024-03-01", 30),
        of(2, "2024-03-01", 30),
        of(3, "2024-03-02", 30),
    ];
    forms.extend((4..9).map(|person| of(person, "2024-03-01", 31)));
    let sizes = census(&grouping, &SmallGroups::default(), &forms)
        .finish()
        .0;
    let expect = GroupSizes {
        forms: 9,
        one: 1,
        few: 1,
        enough: 1,
        smallest: Some(1),
    };
    assert_eq!(sizes, expect);
    let none = census(&grouping, &SmallGroups::default(), &[]).finish().0;
    assert_eq!((none.smallest, none.one), (None, 0));
}

#[test]
fn small_groups_are_counted_by_their_region() {
    let catalogue = catalogue();
    let grouping = grouping(&catalogue, true);
    // Five are alike in one unit. In the other there are two, who are older but of one decade.
    let mut forms: Vec<_> = (1..6)
        .map(|person| {
            form(
                &grouping,
                person,
                UNITS[0],
                "2024-03-09",
                30 + i32::from(person),
            )
        })
        .collect();
    forms.push(form(&grouping, 6, UNITS[1], "2024-03-01", 42));
    forms.push(form(&grouping, 7, UNITS[1], "2024-03-31", 49));
    forms.push(form(&grouping, 8, UNITS[0], "2024-03-31", 44));
    let (first, small) = census(&grouping, &SmallGroups::default(), &forms).finish();
    assert_eq!((first.one, first.few), (1, 1));
    let places: Vec<usize> = (0..grouping.items().len()).collect();
    let region_only: Vec<bool> = forms
        .iter()
        .map(|form| small.has(&grouping, form, &places))
        .collect();
    assert_eq!(
        region_only,
        [false, false, false, false, false, true, true, true]
    );
    let sizes = census(&grouping, &small, &forms).finish().0;
    assert_eq!((sizes.one, sizes.few, sizes.enough), (0, 1, 1));
    assert_eq!(sizes.smallest, Some(3));
}

#[test]
fn bands_begin_where_they_say() {
    let age = |years| ValueBanding::Age.label(FixedPoint::from_int(years));
    assert_eq!(
        [0, 17, 18, 19, 20, 29, 30, 100].map(age),
        [
            "0–17",
            "0–17",
            "18–19",
            "18–19",
            "20–29",
            "20–29",
            "30–39",
            "100–109"
        ]
    );
    assert_eq!(ValueBanding::Tens.label(FixedPoint::from_int(17)), "10–19");
}
