//! The cases about forms.

use medvirk_proto::feedback::v1::submission::Kind;
use medvirk_proto::feedback::v1::{
    Correction, DischargeSurvey, Form, ItemResponse, MissingReason, RegistryForm, Session,
};

use super::table::Table;
use crate::requests::{bdi, correction, kem, missing, ors, registry_form, session, survey, value};

pub fn add_to(table: &mut Table) {
    lists(table);
    heads(table);
    items(table);
    values(table);
    reasons(table);
    totals(table);
    other_kinds(table);
    everything(table);
}

/// A session with this form only.
fn with(form: Form) -> Kind {
    let forms = vec![form];
    Kind::Session(Session { forms, ..session() })
}

/// The outcome form with other items.
fn of(items: Vec<ItemResponse>) -> Form {
    Form { items, ..ors() }
}

fn lists(table: &mut Table) {
    let twin = Form {
        respondent: 0,
        ..ors()
    };
    let wrong = Form {
        version: 9,
        ..bdi()
    };
    let lists = [
        ("no forms", "session.forms", vec![]),
        ("17 forms", "session.forms", vec![ors(); 17]),
        ("a form twice", "session.forms[1]", vec![ors(), ors()]),
        (
            "a form twice, once unspecified",
            "session.forms[2]",
            vec![ors(), bdi(), twin],
        ),
        (
            "the second form is wrong",
            "session.forms[1].version",
            vec![ors(), wrong],
        ),
    ];
    for (what, field, forms) in lists {
        table.add(what, field, Kind::Session(Session { forms, ..session() }));
    }
}

fn heads(table: &mut Table) {
    let instruments = [
        ("no instrument", ""),
        ("an unknown instrument", "ors2"),
        ("an instrument in capitals", "ORS"),
    ];
    for (what, instrument) in instruments {
        let instrument = instrument.to_owned();
        let form = Form {
            instrument,
            ..ors()
        };
        table.add(what, "session.forms[0].instrument", with(form));
    }
    for (what, version) in [("version 0", 0), ("a version that is not there", 2)] {
        let form = Form { version, ..ors() };
        table.add(what, "session.forms[0].version", with(form));
    }
    let respondents = [
        ("an unknown respondent", 5),
        ("a negative respondent", -1),
        ("a respondent that the instrument lacks", 4),
    ];
    for (what, respondent) in respondents {
        let form = Form {
            respondent,
            ..ors()
        };
        table.add(what, "session.forms[0].respondent", with(form));
    }
}

fn items(table: &mut Table) {
    let good = || value("individual", 4.5);
    let helped = Form {
        items: vec![value("helped", 3.0)],
        ..kem()
    };
    let neither = ItemResponse {
        response: None,
        ..good()
    };
    let cases = [
        ("an empty form", "session.forms[0].items", of(vec![])),
        (
            "1001 items",
            "session.forms[0].items",
            of(vec![good(); 1_001]),
        ),
        (
            "a required item is left out",
            "session.forms[0].items",
            helped,
        ),
        (
            "an unknown item",
            "session.forms[0].items[1].item",
            of(vec![good(), value("overall", 1.0)]),
        ),
        (
            "an item without a name",
            "session.forms[0].items[1].item",
            of(vec![good(), value("", 1.0)]),
        ),
        (
            "an item twice",
            "session.forms[0].items[1].item",
            of(vec![good(), good()]),
        ),
        (
            "neither value nor reason",
            "session.forms[0].items[0]",
            of(vec![neither]),
        ),
    ];
    for (what, field, form) in cases {
        table.add(what, field, with(form));
    }
}

fn values(table: &mut Table) {
    let values = [
        ("not a number", f64::NAN),
        ("infinity", f64::INFINITY),
        ("minus infinity", f64::NEG_INFINITY),
        ("a value beyond all measure", 1e300),
        ("a value finer than a millionth", 4.500_000_4),
        ("a value below the range", -0.1),
        ("a value above the range", 10.1),
        ("a sentinel for missing", 99.0),
        ("another sentinel for missing", -1.0),
        ("a value between two steps", 4.55),
    ];
    for (what, number) in values {
        let form = of(vec![value("individual", 1.0), value("social", number)]);
        table.add(what, "session.forms[0].items[1].value", with(form.clone()));
        let again = Session {
            forms: vec![form],
            ..session()
        };
        let again = Correction {
            session: Some(again),
            ..correction()
        };
        table.add(
            what,
            "correction.session.forms[0].items[1].value",
            Kind::Correction(again),
        );
    }
}

fn reasons(table: &mut Table) {
    let reasons = [
        ("an unspecified reason", "individual", 0),
        ("an unknown reason", "individual", 5),
        ("a negative reason", "individual", -1),
        (
            "a reason that the item does not allow",
            "individual",
            MissingReason::PreferNot.into(),
        ),
        (
            "a reason where none is allowed",
            "social",
            MissingReason::NotAnswered.into(),
        ),
    ];
    for (what, item, reason) in reasons {
        let form = of(vec![missing(item, reason)]);
        table.add(what, "session.forms[0].items[0].missing", with(form));
    }
}

fn totals(table: &mut Table) {
    let totals = [
        ("a total above the range", Some(64.0)),
        ("a total below the range", Some(-1.0)),
        ("half a point", Some(17.5)),
        ("a total that is not a number", Some(f64::NAN)),
        ("an infinite total", Some(f64::INFINITY)),
        ("neither items nor total", None),
    ];
    for (what, total) in totals {
        let form = Form { total, ..bdi() };
        table.add(what, "session.forms[0].total", with(form.clone()));
        let form = RegistryForm {
            form: Some(form),
            ..registry_form()
        };
        table.add(what, "registry_form.form.total", Kind::RegistryForm(form));
    }
    let both = Form {
        total: Some(10.0),
        ..ors()
    };
    table.add_all(
        "items and a total",
        &["session.forms[0].total"; 2],
        with(both),
    );
    let alone = Form {
        total: Some(10.0),
        ..of(vec![])
    };
    table.add(
        "a total where items are needed",
        "session.forms[0].total",
        with(alone),
    );
    let items = vec![value("sadness", 1.0)];
    let both = Form { items, ..bdi() };
    let fields = ["session.forms[0].items[0].item", "session.forms[0].total"];
    table.add_all("a total and an item that is not there", &fields, with(both));
}

fn other_kinds(table: &mut Table) {
    let nothing = RegistryForm {
        form: None,
        ..registry_form()
    };
    table.add(
        "no register form",
        "registry_form.form",
        Kind::RegistryForm(nothing),
    );
    let change = |change: fn(&mut Form)| {
        let mut form = kem();
        change(&mut form);
        Some(form)
    };
    let surveys = [
        ("no survey", "discharge_survey.form", None),
        (
            "an unknown survey",
            "discharge_survey.form.instrument",
            change(|form| form.instrument.push('9')),
        ),
        (
            "an old survey",
            "discharge_survey.form.version",
            change(|form| form.version = 1),
        ),
        (
            "half an answer",
            "discharge_survey.form.items[1].value",
            change(|form| form.items[1] = value("helped", 4.5)),
        ),
    ];
    for (what, field, form) in surveys {
        table.add(
            what,
            field,
            Kind::DischargeSurvey(DischargeSurvey { form, ..survey() }),
        );
    }
    let form = change(|form| form.items[0] = value("heard", 0.0));
    let both = DischargeSurvey {
        form,
        code: "HELLO".to_owned(),
    };
    let fields = [
        "discharge_survey.code",
        "discharge_survey.form.items[0].value",
    ];
    table.add_all(
        "a wrong code and a wrong answer",
        &fields,
        Kind::DischargeSurvey(both),
    );
}

fn everything(table: &mut Table) {
    let items = vec![
        value("individual", f64::NAN),
        value("social", 11.0),
        value("wrong", f64::NAN),
    ];
    let unknown = Form {
        instrument: "wrong".to_owned(),
        ..of(vec![value("x", f64::NAN)])
    };
    let wrong = Session {
        patient: String::new(),
        date: "2027-01-01".to_owned(),
        number: 0,
        forms: vec![of(items), unknown],
        ..session()
    };
    let fields = [
        "session.patient",
        "session.date",
        "session.number",
        "session.forms[0].items[0].value",
        "session.forms[0].items[1].value",
        "session.forms[0].items[2].value",
        "session.forms[0].items[2].item",
        "session.forms[1].instrument",
        "session.forms[1].items[0].value",
    ];
    table.add_all("everything at once", &fields, Kind::Session(wrong));
}
