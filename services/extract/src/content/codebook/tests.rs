use medvirk_domain::catalogue::{CatalogueLimits, shipped};
use medvirk_domain::ids::CatalogueHash;

use super::*;
use crate::dataset::ReceivedInstruments;

const FINE: BookOf = BookOf {
    format: DatasetFormat::Csv,
    coarse: false,
};

fn catalogue() -> Catalogue {
    Catalogue::load(
        &shipped(),
        CatalogueHash::new([0; 32]),
        CatalogueLimits::default(),
    )
    .unwrap()
}

fn books(of: BookOf) -> Vec<FormBook> {
    let catalogue = catalogue();
    let datasets = Dataset::all(&catalogue, &ReceivedInstruments::default());
    forms(&catalogue, &datasets, of)
}

fn named<'a>(books: &'a [FormBook], id: &str) -> &'a FormBook {
    let found = books.iter().find(|book| book.id == id);
    found.unwrap_or_else(|| panic!("there is no form {id}"))
}

fn column<'a>(book: &'a FormBook, name: &str) -> &'a DatasetColumn {
    let found = book.columns.iter().find(|column| column.name == name);
    found.unwrap_or_else(|| panic!("{} has no {name}", book.id))
}

#[test]
fn every_dataset_has_its_columns_in_every_dialect() {
    let catalogue = catalogue();
    let received = ReceivedInstruments::default();
    let datasets = Dataset::all(&catalogue, &received);
    let dialects = [
        (DatasetFormat::Csv, DatasetFormat::Openqreg),
        (DatasetFormat::Csv, DatasetFormat::Parquet),
        (DatasetFormat::Xlsx, DatasetFormat::Mrs),
    ];
    for ((book, file), coarse) in dialects
        .into_iter()
        .flat_map(|it| [(it, false), (it, true)])
    {
        let books = forms(
            &catalogue,
            &datasets,
            BookOf {
                format: book,
                coarse,
            },
        );
        let of_forms = datasets.iter().filter_map(Dataset::forms);
        for (book, (source, id)) in books.iter().zip(of_forms) {
            let versions = versions(&catalogue, id.as_str());
            let of = LayoutOf {
                source,
                format: file,
                coarse,
            };
            let layout = FormLayout::new(&versions, of, &catalogue.organisations);
            assert_eq!(book.columns, layout.columns(), "{id} {file:?}");
        }
        assert_eq!(
            named(&books, "indicators").columns,
            super::super::rows::columns()
        );
        assert_eq!(named(&books, "skde").columns, super::super::skde::columns());
    }
}

#[test]
fn every_instrument_and_item_is_there() {
    let catalogue = catalogue();
    let books = books(FINE);
    for instrument in catalogue.instruments.values() {
        let id = name(instrument.id.as_str());
        let of = |book: &&FormBook| book.id == id || book.id == format!("feedback_{id}");
        let books: Vec<_> = books.iter().filter(of).collect();
        assert!(!books.is_empty(), "{id}");
        for (book, item) in books
            .iter()
            .flat_map(|book| instrument.items.iter().map(move |item| (book, item)))
        {
            column(book, &name(item.id.as_str()));
        }
    }
}

#[test]
fn every_column_says_what_it_is() {
    for format in [DatasetFormat::Csv, DatasetFormat::Xlsx] {
        let books = books(BookOf {
            format,
            coarse: false,
        });
        for (book, column) in books
            .iter()
            .flat_map(|book| book.columns.iter().map(move |column| (book, column)))
        {
            assert!(!column.label.is_empty(), "{} {}", book.id, column.name);
        }
    }
}

#[test]
fn what_decides_a_score_is_said() {
    let books = books(FINE);
    let norse = named(&books, "feedback_norse_2");
    let reversed = &column(norse, "q140").details.explanation;
    assert!(reversed.contains("8 minus verdien"), "{reversed}");
    assert!(reversed.contains("-98") && reversed.contains("not-applicable"));
    let plain = &column(norse, "q145").details.explanation;
    assert!(!plain.contains("minus verdien"), "{plain}");
    assert!(plain.contains("-99") && plain.contains("prefer-not"));
    assert!(
        plain.contains("not-applicable teller som 1 i score_"),
        "{plain}"
    );
    let reason = column(norse, "q140_reason");
    assert!(
        reason
            .details
            .explanation
            .contains("prefer-not: vil ikke svare")
    );
    let score = norse
        .columns
        .iter()
        .find(|it| it.name.starts_with("score_"));
    let score = score.unwrap();
    assert_eq!(score.variable_kind(), VariableKind::Computed);
    assert!(score.details.formula.starts_with("mean("));
    let terms: Vec<_> = norse
        .columns
        .iter()
        .filter(|it| it.details.formula.contains("8 - q"))
        .collect();
    assert!(
        !terms.is_empty(),
        "a reversed item is reversed in the formula"
    );
}

#[test]
fn a_line_has_a_cell_for_every_column_and_a_code_a_line() {
    let lines = lines(&books(FINE));
    assert!(lines.iter().all(|line| line.len() == COLUMNS.len()));
    let sex = |line: &&Vec<TableCell>| {
        line[0] == TableCell::text("kvarus_basis") && line[4] == TableCell::text("sex")
    };
    let sex: Vec<_> = lines.iter().filter(sex).collect();
    assert_eq!(sex.len(), 3);
    assert!(sex[0][13] == TableCell::text("ja") && sex[1][13] == TableCell::text("nei"));
    assert!(sex[2][12] == TableCell::text("Kvinne") && sex[2][7] == TableCell::text("kategorisk"));
}

#[test]
fn what_has_decimals_says_how_many() {
    let books = books(FINE);
    let basis = named(&books, "kvarus_basis");
    let details = |name: &str| &column(basis, name).details;
    assert_eq!(details("alcohol_units").decimals, Some(1));
    assert_eq!(details("age").decimals, Some(0));
    assert_eq!(
        column(basis, "earlier_treatment").variable_kind(),
        VariableKind::Boolean
    );
    assert_eq!(
        column(basis, "tsupdated").variable_kind(),
        VariableKind::Time
    );
}

#[test]
fn what_may_be_empty_is_not_required() {
    let books = books(FINE);
    let catalogue = catalogue();
    for instrument in catalogue.instruments.values() {
        let id = format!("feedback_{}", name(instrument.id.as_str()));
        let Some(book) = books.iter().find(|book| book.id == id) else {
            continue;
        };
        for item in &instrument.items {
            let column = column(book, &name(item.id.as_str()));
            let may_be_empty =
                !item.required || !item.missing.is_empty() || instrument.total_only.is_some();
            assert!(
                !(column.details.required && may_be_empty),
                "{id} {}",
                item.id
            );
        }
    }
}

#[test]
fn the_book_of_mrs_has_the_names_of_mrs() {
    let books = books(BookOf {
        format: DatasetFormat::Xlsx,
        coarse: false,
    });
    for book in [
        "kvarus_basis",
        "kvarus_point",
        "feedback_fit_ors",
        "lar_status",
    ] {
        let book = named(&books, book);
        assert_eq!(book.columns[0].name, "ForlopGUID");
        column(book, "SkjemaDato");
        assert!(book.columns.iter().all(|column| column.name != "mceid"));
    }
}
