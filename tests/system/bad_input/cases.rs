//! What is wrong: one line each, on top of something good.
use medvirk_domain::time::Day;
use medvirk_proto::feedback::v1::item_response::Response;
use medvirk_proto::feedback::v1::submission::Kind;
use medvirk_proto::feedback::v1::{
    AgeBand, Coding, Correction, DischargeSurvey, EpisodeClosing, EpisodeOpening, Form, Invitation,
    ItemResponse, MissingReason, RegistryForm, Session, Submission,
};
use medvirk_runtime::{SystemClock, today};
use medvirk_tests::{bdi, closing, fit_ors, form, opening, session, submission};
use tonic::Code;

/// The one unit that the sender may send for.
pub(super) const UNIT: &str = "fjord-poliklinikk";

/// Something malformed, the code that it gets, and every field that must be named.
pub(super) struct Case {
    what: &'static str,
    pub(super) sent: Submission,
    pub(super) code: Code,
    pub(super) fields: Vec<&'static str>,
}

impl Case {
    /// The first field and what is wrong with it.
    pub(super) fn name(&self) -> String {
        format!("{}: {}", self.fields[0], self.what)
    }

    /// Every value of it that is long enough to be told from other text.
    pub(super) fn planted(&self) -> Vec<String> {
        let mut planted = vec![self.sent.submission_id.clone()];
        match &self.sent.kind {
            Some(Kind::Session(one)) => of_session(one, &mut planted),
            Some(Kind::Correction(Correction {
                session: Some(one), ..
            })) => of_session(one, &mut planted),
            Some(Kind::EpisodeOpened(one)) => {
                planted.extend(
                    [&one.patient, &one.episode, &one.date, &one.therapist].map(Clone::clone),
                );
            }
            Some(Kind::EpisodeClosed(one)) => {
                planted.extend([&one.patient, &one.episode, &one.date].map(Clone::clone));
            }
            Some(Kind::Invitation(one)) => planted.push(one.month.clone()),
            Some(Kind::DischargeSurvey(one)) => planted.push(one.code.clone()),
            Some(Kind::RegistryForm(one)) => {
                planted.extend([&one.patient, &one.episode, &one.date].map(Clone::clone));
            }
            _ => {}
        }
        planted.retain(|value| value.chars().count() >= 4);
        planted
    }
}

fn of_session(session: &Session, planted: &mut Vec<String>) {
    planted.extend([&session.patient, &session.episode, &session.date].map(Clone::clone));
    for form in &session.forms {
        planted.extend(form.total.map(|total| total.to_string()));
        for item in &form.items {
            if let Some(Response::Value(value)) = item.response {
                planted.push(value.to_string());
            }
        }
    }
}

/// A list of cases, and how one is added.
#[derive(Default)]
struct Cases(Vec<Case>);

impl Cases {
    fn add(&mut self, fields: &[&'static str], what: &'static str, kind: Kind) {
        self.0.push(Case {
            what,
            sent: submission(kind),
            code: Code::InvalidArgument,
            fields: fields.to_vec(),
        });
    }
}

/// All of them; `code` is a good survey code.
pub(super) fn all(code: &str) -> Vec<Case> {
    let mut cases = Cases::default();
    ids(&mut cases);
    references(&mut cases);
    dates(&mut cases);
    numbers(&mut cases);
    units(&mut cases);
    instruments(&mut cases);
    values(&mut cases);
    missing(&mut cases);
    totals(&mut cases);
    surveys(&mut cases, code);
    cases.0
}

pub(super) fn this_month() -> String {
    today(&SystemClock).month().to_string()
}

fn day(offset: i32) -> String {
    Day(today(&SystemClock).0 + offset).to_string()
}

// === What is good ===

pub(super) fn good_session() -> Session {
    session("patient-4711", UNIT, &day(-2), 3, good_form())
}

fn good_form() -> Form {
    fit_ors([3.1, 4.2, 5.3, 6.4])
}

fn with_session(change: impl FnOnce(&mut Session)) -> Kind {
    let mut session = good_session();
    change(&mut session);
    Kind::Session(session)
}

fn with_form(change: impl FnOnce(&mut Form)) -> Kind {
    with_session(|session| change(&mut session.forms[0]))
}

fn with_total(total: Option<f64>) -> Kind {
    with_session(|session| session.forms = vec![Form { total, ..bdi(0.0) }])
}

fn with_item(place: usize, response: Option<Response>) -> Kind {
    with_form(|form| form.items[place].response = response)
}

fn with_opening(change: impl FnOnce(&mut EpisodeOpening)) -> Kind {
    let mut opening = opening("patient-4711", UNIT, &day(-30));
    change(&mut opening);
    Kind::EpisodeOpened(opening)
}

fn with_closing(change: impl FnOnce(&mut EpisodeClosing)) -> Kind {
    let mut closing = closing("patient-4711", UNIT, &day(-1));
    change(&mut closing);
    Kind::EpisodeClosed(closing)
}

fn with_correction(change: impl FnOnce(&mut Correction)) -> Kind {
    let mut correction = Correction {
        session: Some(good_session()),
        revision: 1,
    };
    change(&mut correction);
    Kind::Correction(correction)
}

fn with_registry(change: impl FnOnce(&mut RegistryForm)) -> Kind {
    let mut registry = RegistryForm {
        patient: "patient-4711".to_owned(),
        episode: "patient-4711-1".to_owned(),
        unit: UNIT.to_owned(),
        date: day(-2),
        form: Some(bdi(17.0)),
        revision: 0,
    };
    change(&mut registry);
    Kind::RegistryForm(registry)
}

fn with_survey(code: &str, change: impl FnOnce(&mut Form)) -> Kind {
    let items = ["treatment-trust", "treatment-help", "treatment-respect"];
    let mut form = Form {
        items: items.map(|item| value(item, 4.0)).to_vec(),
        ..form("kem")
    };
    change(&mut form);
    Kind::DischargeSurvey(DischargeSurvey {
        code: code.to_owned(),
        form: Some(form),
    })
}

fn invited(unit: &str, month: &str) -> Kind {
    Kind::Invitation(Invitation {
        unit: unit.to_owned(),
        month: month.to_owned(),
    })
}

fn value(item: &str, value: f64) -> ItemResponse {
    ItemResponse {
        item: item.to_owned(),
        response: Some(Response::Value(value)),
    }
}

// === What is wrong ===

fn ids(cases: &mut Cases) {
    let long = "9".repeat(100_000);
    let ids = [
        ("none", ""),
        ("no UUID", "no-uuid-at-all"),
        ("without hyphens", "0190a0a0111172228333444455556666"),
        ("in braces", "{0190a0a0-1111-7222-8333-444455556666}"),
        ("all zeros", "00000000-0000-0000-0000-000000000000"),
        ("very long", &long),
    ];
    for (what, id) in ids {
        cases.add(&["submission_id"], what, with_session(|_| {}));
        cases.0.last_mut().unwrap().sent.submission_id = id.to_owned();
    }
    let nothing = with_correction(|correction| correction.session = None);
    cases.add(&["correction.session"], "missing", nothing);
}

fn references(cases: &mut Cases) {
    let long = "x".repeat(129);
    let wide = "ø".repeat(65);
    let wrong = [
        ("missing", ""),
        ("129 bytes", &long),
        ("65 letters of two bytes", &wide),
        ("a newline", "Ola Normann\n"),
        ("a nought byte", "Ola\0Normann"),
        ("white space behind it", "Ola Normann "),
    ];
    for (what, text) in wrong {
        let text = || text.to_owned();
        let kind = with_session(|session| session.patient = text());
        cases.add(&["session.patient"], what, kind);
        let kind = with_session(|session| session.episode = text());
        cases.add(&["session.episode"], what, kind);
        let kind = with_opening(|opening| opening.patient = text());
        cases.add(&["episode_opened.patient"], what, kind);
        let kind = with_closing(|closing| closing.episode = text());
        cases.add(&["episode_closed.episode"], what, kind);
        let kind = with_registry(|registry| registry.patient = text());
        cases.add(&["registry_form.patient"], what, kind);
        if !text().is_empty() {
            let kind = with_opening(|opening| opening.therapist = text());
            cases.add(&["episode_opened.therapist"], what, kind);
        }
    }
}

fn dates(cases: &mut Cases) {
    let future = day(2);
    let wrong = [
        ("missing", ""),
        ("in the future", &future),
        ("the 30th of February", "2026-02-30"),
        ("no leap year", "2025-02-29"),
        ("month 13", "2026-13-01"),
        ("with a time", "2026-01-20T10:00:00Z"),
        ("the other way round", "20.01.2026"),
        ("without noughts", "2026-1-2"),
        ("the year 9999", "9999-12-31"),
        ("before 1900", "1899-12-31"),
    ];
    for (what, text) in wrong {
        let text = || text.to_owned();
        let kind = with_session(|session| session.date = text());
        cases.add(&["session.date"], what, kind);
        let kind = with_opening(|opening| opening.date = text());
        cases.add(&["episode_opened.date"], what, kind);
        let kind = with_closing(|closing| closing.date = text());
        cases.add(&["episode_closed.date"], what, kind);
        let kind = with_registry(|registry| registry.date = text());
        cases.add(&["registry_form.date"], what, kind);
    }
    let next = today(&SystemClock).month().plus(2).to_string();
    let months = [
        ("missing", ""),
        ("a day", "2026-01-01"),
        ("month 0", "2026-00"),
        ("in the future", &next),
        ("long over", "2020-01"),
    ];
    for (what, month) in months {
        cases.add(&["invitation.month"], what, invited(UNIT, month));
    }
}

fn numbers(cases: &mut Cases) {
    for (what, number) in [("0", 0), ("10001", 10_001), ("beyond", u32::MAX)] {
        let kind = with_session(|session| session.number = number);
        cases.add(&["session.number"], what, kind);
        let kind = with_correction(|correction| correction.revision = number);
        cases.add(&["correction.revision"], what, kind);
    }
    let kind = with_registry(|registry| registry.revision = 1_001);
    cases.add(&["registry_form.revision"], "revision 1001", kind);
    for (what, ending) in [("unknown", 4), ("negative", -1)] {
        let kind = with_closing(|closing| closing.ending = ending);
        cases.add(&["episode_closed.ending"], what, kind);
    }
}

fn units(cases: &mut Cases) {
    let wrong = [
        ("missing", "", Code::InvalidArgument),
        ("unknown", "nowhere-clinic", Code::InvalidArgument),
        ("an institution", "fjord-rus", Code::InvalidArgument),
        ("in capitals", "FJORD-POLIKLINIKK", Code::InvalidArgument),
        (
            "outside the token's scope",
            "fjord-dogn",
            Code::PermissionDenied,
        ),
    ];
    for (what, unit, code) in wrong {
        let text = || unit.to_owned();
        let kinds = [
            (
                "session.unit",
                with_session(|session| session.unit = text()),
            ),
            (
                "correction.session.unit",
                with_correction(|again| again.session.as_mut().unwrap().unit = text()),
            ),
            (
                "episode_opened.unit",
                with_opening(|opening| opening.unit = text()),
            ),
            (
                "episode_closed.unit",
                with_closing(|closing| closing.unit = text()),
            ),
            (
                "registry_form.unit",
                with_registry(|registry| registry.unit = text()),
            ),
            ("invitation.unit", invited(unit, &this_month())),
        ];
        for (field, kind) in kinds {
            cases.add(&[field], what, kind);
            cases.0.last_mut().unwrap().code = code;
        }
    }
}

fn instruments(cases: &mut Cases) {
    for (what, id) in [
        ("missing", ""),
        ("unknown", "fit-orz"),
        ("in capitals", "FIT-ORS"),
    ] {
        let kind = with_form(|form| form.instrument = id.to_owned());
        cases.add(&["session.forms[0].instrument"], what, kind);
    }
    for (what, version) in [("0", 0), ("a version that is not there", 2)] {
        let kind = with_form(|form| form.version = version);
        cases.add(&["session.forms[0].version"], what, kind);
    }
    for (what, respondent) in [("unknown", 9), ("negative", -1), ("not of this one", 4)] {
        let kind = with_form(|form| form.respondent = respondent);
        cases.add(&["session.forms[0].respondent"], what, kind);
    }
    let lists: [(&str, Vec<Form>); 2] = [("none", vec![]), ("17 forms", vec![good_form(); 17])];
    for (what, forms) in lists {
        let kind = with_session(|session| session.forms = forms);
        cases.add(&["session.forms"], what, kind);
    }
    let twice = with_session(|session| session.forms = vec![good_form(), good_form()]);
    cases.add(&["session.forms[1]"], "the same form twice", twice);
    let nothing = with_registry(|registry| registry.form = None);
    cases.add(&["registry_form.form"], "missing", nothing);
}

fn values(cases: &mut Cases) {
    let numbers = [
        ("not a number", f64::NAN),
        ("infinity", f64::INFINITY),
        ("minus infinity", f64::NEG_INFINITY),
        ("beyond all measure", 1e300),
        ("below the range", -0.1),
        ("above the range", 10.1),
        ("a sentinel for missing", 9_999.0),
        ("a negative sentinel", -1.0),
        ("between two steps", 4.55),
        ("finer than a millionth", 4.500_000_4),
    ];
    for (what, number) in numbers {
        let kind = with_item(2, Some(Response::Value(number)));
        cases.add(&["session.forms[0].items[2].value"], what, kind);
        let again = with_correction(|again| {
            let session = again.session.as_mut().unwrap();
            session.forms[0].items[0].response = Some(Response::Value(number));
        });
        cases.add(&["correction.session.forms[0].items[0].value"], what, again);
    }
    cases.add(
        &["session.forms[0].items[1]"],
        "neither value nor reason",
        with_item(1, None),
    );
    let unknown = with_form(|form| form.items.push(value("wellbeing", 1.0)));
    cases.add(&["session.forms[0].items[4].item"], "unknown", unknown);
    let nameless = with_form(|form| form.items.push(value("", 1.0)));
    cases.add(&["session.forms[0].items[4].item"], "no name", nameless);
    let twice = with_form(|form| form.items.push(value("social", 1.0)));
    cases.add(&["session.forms[0].items[4].item"], "twice", twice);
    let child = with_form(|form| form.age = AgeBand::Child as i32);
    cases.add(&["session.forms[0].age"], "not of this one", child);
    let coded = with_form(|form| form.coding = Coding::Agreement as i32);
    cases.add(&["session.forms[0].coding"], "not of this one", coded);
    let more = with_form(|form| form.items = vec![value("social", 1.0); 1_001]);
    cases.add(&["session.forms[0].items"], "1001 items", more);
}

fn missing(cases: &mut Cases) {
    let reasons = [
        ("unspecified", 0),
        ("unknown", 77),
        ("negative", -1),
        ("not applicable", MissingReason::NotApplicable as i32),
        ("by design", MissingReason::ByDesign as i32),
    ];
    for (what, reason) in reasons {
        let kind = with_item(1, Some(Response::Missing(reason)));
        cases.add(&["session.forms[0].items[1].missing"], what, kind);
    }
}

fn totals(cases: &mut Cases) {
    let totals = [
        ("missing", None),
        ("above the range", Some(64.0)),
        ("below the range", Some(-1.0)),
        ("half a point", Some(17.5)),
        ("not a number", Some(f64::NAN)),
        ("a sentinel", Some(999.0)),
    ];
    for (what, total) in totals {
        cases.add(&["session.forms[0].total"], what, with_total(total));
        let form = with_registry(|registry| registry.form = Some(Form { total, ..bdi(0.0) }));
        cases.add(&["registry_form.form.total"], what, form);
    }
    let both = with_form(|form| form.total = Some(20.0));
    cases.add(&["session.forms[0].total"], "total and items", both);
    let wrong = with_form(|form| {
        form.items[0] = value("individual", 77.25);
        form.version = 1;
    });
    let Kind::Session(mut session) = wrong else {
        unreachable!("a session is a session");
    };
    session.number = 0;
    session.patient.clear();
    cases.add(
        &[
            "session.patient",
            "session.number",
            "session.forms[0].items[0].value",
        ],
        "several fields at once",
        Kind::Session(session),
    );
}

fn surveys(cases: &mut Cases, code: &str) {
    let last = if code.ends_with('Z') { 'Y' } else { 'Z' };
    let codes = [
        ("missing", String::new()),
        ("no code", "HELLO".to_owned()),
        (
            "a wrong letter",
            format!("{}{last}", &code[..code.len() - 1]),
        ),
        ("cut short", code[..code.len() - 4].to_owned()),
        ("and more", format!("{code}0")),
        ("a megabyte", "0".repeat(1 << 20)),
    ];
    for (what, wrong) in codes {
        let kind = with_survey(&wrong, |_| {});
        cases.add(&["discharge_survey.code"], what, kind);
    }
    let unknown = with_survey(code, |form| form.instrument.push('9'));
    cases.add(&["discharge_survey.form.instrument"], "unknown", unknown);
    let old = with_survey(code, |form| form.version = 9);
    cases.add(&["discharge_survey.form.version"], "unknown", old);
    for (what, number) in [("half a point", 4.5), ("0", 0.0), ("6", 6.0)] {
        let wrong = with_survey(code, |form| form.items[1] = value("treatment-help", number));
        cases.add(&["discharge_survey.form.items[1].value"], what, wrong);
    }
    let reason = Some(Response::Missing(MissingReason::ByDesign.into()));
    let design = with_survey(code, |form| form.items[1].response = reason);
    cases.add(
        &["discharge_survey.form.items[1].missing"],
        "a reason that the item does not allow",
        design,
    );
    let both = with_survey(code, |form| form.total = Some(12.0));
    // Twice: not beside items, and not for this instrument at all.
    let fields = &["discharge_survey.form.total"; 2];
    cases.add(fields, "total and items", both);
}
