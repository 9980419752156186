//! People whose sums tell who they are. Comes in: a unit, a month and a number below ten. Goes
//! out: what is sent about that person, and the rows that a set of people must give. The
//! invariant: first totals within a unit and month are different powers of two, so a sum tells
//! exactly who is in a row; everybody has two sessions, so a count tells what was counted twice.

use std::collections::BTreeMap;
use std::path::Path;

use clickhouse::{Client, Row};
use medvirk_domain::time::Month;
use medvirk_proto::feedback::v1::submission::Kind;
use medvirk_proto::feedback::v1::{EpisodeOpening, Form, Submission};
use serde::Deserialize;

use crate::{Clinic, System, closing, form, opening, root, session, submission};

/// Units of two trusts, which lie in different partitions.
pub const UNITS: [&str; 4] = ["north-a", "north-b", "south-a", "south-b"];

/// How many credentials send.
pub const CREDENTIALS: u32 = 3;

/// How many people a unit may have in a month.
pub const PEOPLE: u32 = 10;

/// How many trusts a widened catalogue has.
const TRUSTS: usize = 12;

/// Somebody with one episode of two sessions in one month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Id of the unit.
    pub unit: &'static str,
    /// The month as YYYY-MM.
    pub month: String,
    /// 0 to 9; the first total is two to the power of this.
    pub number: u32,
}

/// A submission and the number of the credential that sends it.
pub type Sending = (u32, Submission);

/// A row of the measure `cohort.outcome` as its reader sees it. Months are YYYYMM.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Row, Deserialize)]
pub struct CohortRow {
    /// Month of the close.
    pub close: u32,
    /// "unit", "institution" or "trust".
    pub level: String,
    /// Id at that level.
    pub organisation: String,
    /// First month of the span.
    pub first_month: u32,
    /// Last month of the span.
    pub last_month: u32,
    /// The number of distinct persons.
    pub persons: u32,
    /// Sum of the first totals, which tells who they are.
    pub who: i64,
    /// How many sessions they have together.
    pub sessions: i64,
}

/// A catalogue with many more units, in twelve trusts, for a test that wants a crowd. Comes in: an
/// empty folder. Goes out: the units.
///
/// # Panics
/// When the folder cannot be written.
pub fn widen(dir: &Path, units: usize) -> Vec<&'static str> {
    let narrow = root().join("tests/data/cohort/catalogue");
    for folder in ["instruments", "measures"] {
        std::fs::create_dir(dir.join(folder)).expect("a fresh folder");
        for entry in std::fs::read_dir(narrow.join(folder)).expect("the catalogue") {
            let path = entry.expect("a file").path();
            let name = path.file_name().expect("a file has a name");
            std::fs::copy(&path, dir.join(folder).join(name)).expect("a fresh folder");
        }
    }
    let mut text = "[nation]\nid = \"nation\"\ntitle = \"Nation\"\n\
        [[regions]]\nid = \"region\"\ntitle = \"Region\"\n"
        .to_owned();
    let trusts: Vec<String> = (1..=TRUSTS).map(|trust| format!("trust-{trust}")).collect();
    for id in &trusts {
        let trust = format!("id = \"{id}\"\nregion = \"region\"\ntitle = \"{id}\"\n");
        let clinic = format!("id = \"{id}-clinic\"\ntrust = \"{id}\"\ntitle = \"{id}\"\n");
        text += &format!("[[trusts]]\n{trust}[[institutions]]\n{clinic}");
    }
    let mut all = Vec::new();
    for (number, trust) in (1..=units).zip(trusts.iter().cycle()) {
        let unit: &'static str = format!("{trust}-unit-{number:04}").leak();
        text += &format!(
            "[[units]]\nid = \"{unit}\"\ninstitution = \"{trust}-clinic\"\n\
             number = {number}\ntitle = \"{unit}\"\n"
        );
        all.push(unit);
    }
    std::fs::write(dir.join("organisations.toml"), text).expect("a fresh folder");
    all
}

/// Everybody that there can be in these units and this month.
pub fn everybody(units: &[&'static str], month: &str) -> Vec<Person> {
    let person = |unit, number| Person {
        unit,
        month: month.to_owned(),
        number,
    };
    units
        .iter()
        .flat_map(|unit| (0..PEOPLE).map(move |number| person(unit, number)))
        .collect()
}

/// What is sent about the people of a month, by the number of the credential.
pub fn work_of(people: &[Person], month: &str) -> BTreeMap<u32, Vec<Submission>> {
    let mut work: BTreeMap<u32, Vec<Submission>> = BTreeMap::new();
    let of_month = people.iter().filter(|person| person.month == month);
    for (credential, submission) in of_month.flat_map(Person::sendings) {
        work.entry(credential).or_default().push(submission);
    }
    work
}

/// The rows that these people give when each month is closed by itself.
pub fn rows_of(people: &[Person]) -> Vec<CohortRow> {
    let mut rows: BTreeMap<(u32, &str), CohortRow> = BTreeMap::new();
    for person in people {
        let month: u32 = person.month.replace('-', "").parse().expect("YYYY-MM");
        let row = rows
            .entry((month, person.unit))
            .or_insert_with(|| CohortRow {
                close: month,
                level: "unit".to_owned(),
                organisation: person.unit.to_owned(),
                first_month: month,
                last_month: month,
                persons: 0,
                who: 0,
                sessions: 0,
            });
        row.persons += 1;
        row.who += 1 << person.number;
        row.sessions += 2;
    }
    rows.into_values().collect()
}

/// Every row of the measure in these indicators; none if they do not answer just now.
pub async fn rows_in(indicators: &Client) -> Option<Vec<CohortRow>> {
    let sql = "SELECT close_month AS close, toString(level) AS level, organisation, \
        first_month, last_month, persons, \
        intDiv(sum[indexOf(variable, 'first')], 1000000) AS who, \
        intDiv(sum[indexOf(variable, 'sessions')], 1000000) AS sessions \
        FROM indicator WHERE measure = 'cohort.outcome' ORDER BY close, organisation";
    indicators.query(sql).fetch_all().await.ok()
}

/// `cohort-total` with this total.
pub fn total(total: f64) -> Form {
    Form {
        total: Some(total),
        ..form("cohort-total")
    }
}

/// The same row as the ledger has it.
pub fn row_of_ledger(close: Month, row: &medvirk_domain::row::Row) -> CohortRow {
    let number = |month: Month| month.to_string().replace('-', "").parse().expect("YYYY-MM");
    let sum = |id: &str| {
        let of_it = row
            .variables()
            .iter()
            .find(|sum| sum.variable.as_str() == id);
        of_it.expect("a variable of the measure").sum / 1_000_000
    };
    CohortRow {
        close: number(close),
        level: row.level().as_str().to_owned(),
        organisation: row.organisation().to_owned(),
        first_month: number(row.first()),
        last_month: number(row.last()),
        persons: row.persons(),
        who: sum("first"),
        sessions: sum("sessions"),
    }
}

impl CohortRow {
    /// The numbers of the persons in it, if everybody is in it at most once.
    pub fn members(&self) -> Vec<u32> {
        (0..PEOPLE)
            .filter(|number| self.who & 1 << number != 0)
            .collect()
    }
}

impl Person {
    /// Id of the unit's trust.
    ///
    /// # Panics
    /// When the unit is none of the cohort's.
    pub fn trust(&self) -> &'static str {
        let trust = self.unit.rsplit_once("-unit-");
        let (trust, _) = trust.or_else(|| self.unit.split_once('-')).expect("a unit");
        trust
    }

    /// The clinic's own reference to the patient.
    pub fn reference(&self) -> String {
        format!("patient-{}-{}-{}", self.unit, self.month, self.number)
    }

    /// Opening, two sessions and closing, with fresh ids. Whoever opens and closes an episode does
    /// not send its sessions, so that they count.
    pub fn sendings(&self) -> Vec<Sending> {
        let (patient, unit) = (&self.reference(), self.unit);
        let day = |day: &str| format!("{}-{day}", self.month);
        let opening = EpisodeOpening {
            therapist: format!("therapist-{}", self.number % 3),
            ..opening(patient, unit, &day("03"))
        };
        let session = |number, date: &str, value: f64| {
            Kind::Session(session(patient, unit, &day(date), number, total(value)))
        };
        let (opens, sends) = (self.number % CREDENTIALS, (self.number + 1) % CREDENTIALS);
        let first = f64::from(1 << self.number);
        [
            (opens, Kind::EpisodeOpened(opening)),
            (sends, session(1, "10", first)),
            (sends, session(2, "17", 1_000.0 - first)),
            (
                opens,
                Kind::EpisodeClosed(closing(patient, unit, &day("20"))),
            ),
        ]
        .map(|(credential, kind)| (credential, submission(kind)))
        .into()
    }
}

impl System {
    /// A clinic of the cohort, by the number of its credential.
    pub async fn cohort_clinic(&self, credential: u32) -> Clinic {
        self.clinic(&format!("credential-{credential}")).await
    }

    /// Sends everything about these people, and expects that it is taken.
    pub async fn send_people(&self, people: &[Person]) {
        self.send_all(people.iter().flat_map(Person::sendings))
            .await;
    }

    /// Sends each by its own credential, and expects that it is taken.
    pub async fn send_all(&self, sendings: impl Iterator<Item = Sending>) {
        let mut by_credential: BTreeMap<u32, Vec<Submission>> = BTreeMap::new();
        for (credential, submission) in sendings {
            by_credential
                .entry(credential)
                .or_default()
                .push(submission);
        }
        for (credential, submissions) in by_credential {
            self.cohort_clinic(credential).await.send(submissions).await;
        }
    }

    /// Every row of the measure; none if the engine does not answer just now.
    pub async fn try_cohort_rows(&self) -> Option<Vec<CohortRow>> {
        rows_in(&self.reader("indicators")).await
    }

    /// Every row of the measure.
    pub async fn cohort_rows(&self) -> Vec<CohortRow> {
        self.try_cohort_rows().await.expect("the indicators answer")
    }
}
