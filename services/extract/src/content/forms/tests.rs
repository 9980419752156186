use medvirk_domain::catalogue::{Catalogue, CatalogueLimits, shipped};
use medvirk_domain::form::Respondent;
use medvirk_domain::ids::{CatalogueHash, Pseudonym};
use medvirk_domain::time::Day;

use medvirk_store::registry::FormSource;

use super::*;
use crate::content::versions;
use crate::dataset::DatasetFormat;
use crate::write::{ChunkWriter, TextPunctuation};

fn catalogue() -> Catalogue {
    Catalogue::load(
        &shipped(),
        CatalogueHash::new([0; 32]),
        CatalogueLimits::default(),
    )
    .unwrap()
}

const fn of(source: FormSource, format: DatasetFormat) -> LayoutOf {
    LayoutOf {
        source,
        format,
        coarse: false,
    }
}

fn layout(instrument: &str, of: LayoutOf) -> FormLayout {
    let catalogue = catalogue();
    let versions = versions(&catalogue, instrument);
    FormLayout::new(&versions, of, &catalogue.organisations)
}

fn names(layout: &FormLayout) -> Vec<String> {
    let columns = layout.columns().iter();
    columns.map(|column| column.name.clone()).collect()
}

fn form(layout: &FormLayout, given: &[(&str, Result<i32, MissingReason>)]) -> ExtractedForm {
    let find = |item: &ItemId| given.iter().find(|(id, _)| *id == item.as_str());
    let value = |item: &ItemId| find(item)?.1.ok().map(FixedPoint::from_int);
    let reason = |item: &ItemId| find(item)?.1.err();
    ExtractedForm {
        person: Pseudonym::new([0xab; 16]),
        episode: Pseudonym::new([1; 16]),
        unit: "fjord-dogn".to_owned(),
        day: "2024-03-31".parse::<Day>().unwrap(),
        number: 3,
        submission_id: [2; 16],
        ingested_at: 0,
        version: 1,
        respondent: Some(Respondent::Patient),
        age: None,
        values: layout.items().iter().map(value).collect(),
        reasons: layout.reasons().iter().map(reason).collect(),
        total: None,
    }
}

fn cell(layout: &FormLayout, form: &ExtractedForm, region_only: bool, name: &str) -> TableCell {
    let mut cells = vec![TableCell::Missing];
    layout.fill(form, region_only, &mut cells);
    assert_eq!(cells.len(), layout.columns().len());
    let mut columns = layout.columns().iter();
    let place = columns.position(|column| column.name == name);
    cells[place.unwrap_or_else(|| panic!("there is no column {name}"))].clone()
}

#[test]
fn each_platform_has_its_columns() {
    let openqreg = names(&layout(
        "kvarus-basis",
        of(FormSource::Register, DatasetFormat::Openqreg),
    ));
    assert_eq!(
        openqreg[..4],
        ["mceid", "patient_id", "form_id", "centreid"]
    );
    assert!(openqreg.ends_with(&["tscreated".to_owned(), "createdby".to_owned()]));
    let mrs = names(&layout(
        "kvarus-basis",
        of(FormSource::Register, DatasetFormat::Mrs),
    ));
    assert_eq!(mrs[..3], ["ForlopGUID", "PasientGUID", "SkjemaGUID"]);
    assert!(
        !mrs.iter()
            .any(|name| name.ends_with("by") || name.is_empty())
    );
    for names in [openqreg, mrs] {
        assert!(names.contains(&"earlier_treatment".to_owned()));
        assert!(names.contains(&"earlier_treatment_reason".to_owned()));
        assert!(!names.contains(&"session_number".to_owned()));
    }
}

#[test]
fn an_item_that_left_the_form_keeps_its_column_behind_the_others() {
    let catalogue = catalogue();
    let old = versions(&catalogue, "kvarus-basis")[0].clone();
    let mut new = old.clone();
    new.version = 2;
    new.items.retain(|item| item.id.as_str() != "housing");
    let of = of(FormSource::Register, DatasetFormat::Parquet);
    let layout = FormLayout::new(&[&new, &old], of, &catalogue.organisations);
    let last = layout.items().last().unwrap();
    assert_eq!(
        (last.as_str(), layout.items().len()),
        ("housing", old.items.len())
    );
}

#[test]
fn items_may_be_called_like_columns() {
    let catalogue = catalogue();
    let mut odd = versions(&catalogue, "kvarus-basis")[0].clone();
    let ids = [
        "unit",
        "respondent",
        "total",
        "form-date",
        "a-b",
        "a.b",
        "a_b",
    ];
    for (item, id) in odd.items.iter_mut().zip(ids) {
        item.id = id.parse().unwrap();
    }
    for source in [FormSource::Register, FormSource::Sessions] {
        for format in [
            DatasetFormat::Openqreg,
            DatasetFormat::Mrs,
            DatasetFormat::Parquet,
        ] {
            let layout = FormLayout::new(&[&odd], of(source, format), &catalogue.organisations);
            let mut names: Vec<_> = names(&layout)
                .iter()
                .map(|name| name.to_lowercase())
                .collect();
            let all = names.len();
            for wanted in [
                "item_unit",
                "item_respondent",
                "a_b",
                "item_a_b",
                "item_a_b_2",
            ] {
                assert!(names.contains(&wanted.to_owned()), "{wanted}");
            }
            names.sort();
            names.dedup();
            assert_eq!(names.len(), all);
        }
    }
}

#[test]
fn a_file_has_whatever_an_instrument_calls_its_items() {
    let catalogue = catalogue();
    let mut odd = versions(&catalogue, "kvarus-basis")[0].clone();
    let ids = [
        "group", "optional", "int64", "1.2", "---", "message", "0", "_", "repeated",
    ];
    for (item, id) in odd.items.iter_mut().zip(ids) {
        item.id = id.parse().unwrap();
    }
    for format in [
        DatasetFormat::Openqreg,
        DatasetFormat::Mrs,
        DatasetFormat::Parquet,
    ] {
        for coarse in [false, true] {
            let of = LayoutOf {
                coarse,
                ..of(FormSource::Sessions, format)
            };
            let layout = FormLayout::new(&[&odd], of, &catalogue.organisations);
            let columns = layout.columns();
            let mut chunk =
                ChunkWriter::new(format, TextPunctuation::Norwegian, columns, true).unwrap();
            let mut cells = Vec::new();
            layout.fill(&form(&layout, &[("1.2", Ok(1))]), false, &mut cells);
            chunk.row(&cells).unwrap();
            assert_eq!(chunk.finish().unwrap().1, 1);
        }
    }
}

#[test]
fn a_form_fills_its_columns() {
    let layout = layout(
        "kvarus-basis",
        of(FormSource::Register, DatasetFormat::Openqreg),
    );
    let given = [
        ("sex", Ok(2)),
        ("earlier-treatment", Ok(1)),
        ("housing", Err(MissingReason::NotAnswered)),
    ];
    let form = form(&layout, &given);
    let named = |name: &str| cell(&layout, &form, false, name);
    assert!(named("patient_id") == TableCell::Guid([0xab; 16]));
    assert!(named("unit_title") == TableCell::text("Fjord rus døgn"));
    assert!(named("sex") == TableCell::Number(FixedPoint::from_int(2)));
    assert!(named("earlier_treatment") == TableCell::Boolean(true));
    assert!(named("age") == TableCell::Missing && named("createdby") == TableCell::Missing);
    assert!(named("housing") == TableCell::Missing && named("age_reason") == TableCell::Missing);
    assert!(named("housing_reason") == TableCell::text("not-answered"));
    assert!(named("respondent") == TableCell::text("self"));
    // This unit has no number in the register of health units.
    assert!(named("centreid") == TableCell::Missing);
}

#[test]
fn a_form_of_a_session_has_its_scores_and_what_they_rest_on() {
    let of = of(FormSource::Sessions, DatasetFormat::Openqreg);
    let norse = layout("norse-2", of);
    let catalogue = catalogue();
    let instrument = versions(&catalogue, "norse-2")[0];
    let adaptive = instrument.scales.iter().find(|it| it.adaptive.is_some());
    let scale = adaptive.unwrap();
    let trigger = instrument.items[scale.adaptive.unwrap().trigger]
        .id
        .as_str();
    let given = [(trigger, Ok(1))];
    let form = form(&norse, &given);
    let expect = instrument.items.iter().all(|item| !item.required);
    assert!(expect, "a form of one item is whole");
    let id = name(scale.id.as_str());
    let basis = cell(&norse, &form, false, &format!("basis_{id}"));
    let score = cell(&norse, &form, false, &format!("score_{id}"));
    // Items that an adaptive form did not show are left out by design.
    assert!(basis != TableCell::Missing && matches!(score, TableCell::Number(_)));
    assert!(cell(&norse, &form, false, "session_number") == TableCell::whole(3));
}

#[test]
fn a_total_that_is_sent_alone_is_there() {
    let of = of(FormSource::Sessions, DatasetFormat::Parquet);
    let layout = layout("bdi-total", of);
    let form = ExtractedForm {
        total: Some(FixedPoint::from_int(12)),
        ..form(&layout, &[])
    };
    let named = |name: &str| cell(&layout, &form, false, name);
    assert!(named("total") == TableCell::Number(FixedPoint::from_int(12)));
    let scores = names(&layout);
    let score = scores
        .iter()
        .find(|name| name.starts_with("score_"))
        .unwrap();
    assert!(named(score) == TableCell::Number(FixedPoint::from_int(12)));
    let basis = scores
        .iter()
        .find(|name| name.starts_with("basis_"))
        .unwrap();
    assert!(named(basis) == TableCell::text("total"));
}

#[test]
fn a_coarse_form_has_month_band_and_region() {
    let fine = of(FormSource::Register, DatasetFormat::Openqreg);
    let layout = layout(
        "kvarus-basis",
        LayoutOf {
            coarse: true,
            ..fine
        },
    );
    let form = form(&layout, &[("age", Ok(37)), ("sex", Ok(1))]);
    let named = |region_only: bool, name: &str| cell(&layout, &form, region_only, name);
    assert!(named(false, "form_month") == TableCell::text("2024-03"));
    assert!(named(false, "age") == TableCell::text("30–39"));
    assert!(named(false, "unit") == TableCell::text("fjord-dogn"));
    assert!(
        named(true, "unit") == TableCell::Missing
            && named(true, "unit_title") == TableCell::Missing
    );
    assert!(named(true, "region") == named(false, "region"));
    assert!(named(true, "region") != TableCell::Missing);
    let names = names(&layout);
    for gone in ["form_id", "form_date", "tsupdated", "tscreated"] {
        assert!(!names.contains(&gone.to_owned()), "{gone}");
    }
}
