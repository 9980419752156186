//! The attacker on the demo's data: the rows as a reader gets them from a running system, and the
//! calendar from that system's own log, which says who was seen when, where, by whom, and who sent
//! which form. The attacker works out again, from its own reading of the catalogue's texts, who is
//! in which row and what every sum must be.

use std::collections::{BTreeMap, BTreeSet};

use clickhouse::Row as TableRow;
use medvirk_attacker::attack::multisets::Figures;
use medvirk_attacker::attack::{apart, constants, contributions, presence, removal};
use medvirk_attacker::calendar::{Calendar, Truth, reckon, sight};
use medvirk_attacker::clinic::catalogues::{self, Limits as Asked};
use medvirk_attacker::clinic::{self, Body, Day, Story};
use medvirk_attacker::public::{Facts, Figure, Level, Public, Row, Unit};
use medvirk_attacker::rng::Rng;
use medvirk_attacker::table::{Line, Table};
use medvirk_domain::catalogue::{Catalogue, CatalogueLimits, shipped};
use medvirk_domain::ids::Pseudonym;
use medvirk_domain::partition::of_trust;
use medvirk_domain::record::{
    ControlRecord, EpisodeEnding, EpisodeKey, Event, EventBody, LogRecord,
};
use medvirk_domain::time::Month;
use medvirk_records::catalogue::hash_of;
use medvirk_records::codec::decode_event;
use medvirk_tests::System;
use serde::Deserialize;

mod scores;

use scores::score;

/// The demo's data, as the attacker has them.
const DATA: &str = "the demo";

/// What a reader of the tables gets.
#[derive(TableRow, Deserialize)]
pub(crate) struct Stored {
    measure: String,
    level: String,
    organisation: String,
    first_month: u32,
    last_month: u32,
    part: String,
    persons: u32,
    new_in_year: Option<u32>,
    single_therapist: bool,
    single_device: bool,
    close_month: u32,
    variable: Vec<String>,
    sum: Vec<i64>,
    sum_sq: Vec<Option<i128>>,
}

/// All rows, with the reader's password.
pub(crate) async fn rows(system: &System) -> Vec<Stored> {
    let sql = "SELECT measure, toString(level) AS level, organisation, first_month, last_month, \
        part, persons, new_in_year, single_therapist, single_device, close_month, variable, sum, \
        sum_sq FROM indicator ORDER BY close_month, measure, organisation, part, first_month";
    let engine = system.reader("indicators");
    engine.query(sql).fetch_all().await.unwrap()
}

/// Attacks the rows of a system that has stopped; prints the figures.
pub(crate) async fn attack(system: &System, stored: &[Stored]) {
    let told = Teller::new(system.log_events().await).story();
    let rows = stored
        .iter()
        .map(|row| public_row(row, &told.catalogues[0]));
    let public = Public {
        catalogues: told.catalogues.clone(),
        rows: rows.collect(),
    };
    let (calendar, truth) = reckon(&told, &public);
    assert_eq!(
        truth.contradiction(&public, &calendar),
        None,
        "every sum is that of the true answers"
    );
    let table = Table::default();
    rank(&table, &public, &calendar);
    make_up(&table, &public, &calendar);
    constant(&table, &public, &calendar);
    squares(&table, &public);
    let sight = sight::look(&told, &public, &calendar);
    let found = apart::attack(&public, &calendar, &sight);
    assert_eq!(found.claims, [], "what others see tells no answer");
    let attack = "endings, sex, age, numbers of sessions";
    let knows = "the calendar, and these";
    table.line(line(attack, knows, found.rows, "rows"));
    assert!(truth_is_there(&truth), "there is something to find");
    eprintln!("{table}");
}

fn truth_is_there(truth: &Truth) -> bool {
    truth.values.len() > 1_000
}

fn line(attack: &'static str, knows: &'static str, attacked: usize, of: &'static str) -> Line {
    Line {
        attack,
        knows,
        data: DATA.to_owned(),
        attacked,
        of,
        ..Line::default()
    }
}

fn rank(table: &Table, public: &Public, calendar: &Calendar) {
    let mut unknowns = 0;
    for (measure, place) in public.variables() {
        let fewest = public.measure(&measure).fewest();
        let found = contributions::attack(public, calendar, (&measure, place), fewest);
        assert!(found.disjoint, "{measure}: a contribution is in two rows");
        assert!(found.solved.is_empty() && found.in_pairs == 0);
        assert!(found.in_few.is_empty() && found.fewest >= fewest);
        unknowns += found.unknowns;
    }
    let attack = "rank, pairs, fewer than k";
    table.line(line(attack, "the calendar", unknowns, "values"));
}

fn make_up(table: &Table, public: &Public, calendar: &Calendar) {
    let left = removal::attack(public, calendar);
    assert!(left.broken.is_empty(), "{:#?}", left.broken);
    let attack = "removal of a source or organisation";
    let knows = "the calendar, and all of one source or organisation";
    table.line(line(attack, knows, public.rows.len(), "rows"));
    table.note(attack, format!("fewest left: {left:?}"));
    let found = presence::attack(public, calendar);
    assert!(
        found.missing.is_empty() && found.unexpected.is_empty(),
        "{found:#?}"
    );
    let attack = "presence of rows";
    table.line(line(attack, "the calendar", found.predicted, "rows"));
}

/// What would be solved if the answer to the alliance never changed: the rows that there are, with
/// a made-up constant of each person in place of the answers.
fn constant(table: &Table, public: &Public, calendar: &Calendar) {
    let of = ("fit.alliance", 0);
    let mut rng = Rng::new(1);
    let mut constants: BTreeMap<u32, i64> = BTreeMap::new();
    let mut public = public.clone();
    for (place, row) in public.rows.iter_mut().enumerate() {
        if row.measure == of.0 {
            let last = calendar.last_ones(place).into_iter();
            let value = last.map(|one| {
                let fresh = || rng.between(0, 40_000_000);
                *constants.entry(one.patient).or_insert_with(fresh)
            });
            row.figures[of.1].sum = value.sum();
        }
    }
    let found = constants::attack(&public, calendar, of, 0.0);
    let rightly = found
        .solved
        .iter()
        .filter(|(person, value)| constants[person] == **value);
    assert_eq!(
        rightly.count(),
        found.solved.len(),
        "what is solved is true"
    );
    let guesses: Vec<f64> = found.guesses.values().copied().collect();
    let values = found.guesses.keys().map(|person| constants[person] as f64);
    let r2 = medvirk_attacker::algebra::r_squared(&guesses, &values.collect::<Vec<f64>>());
    table.line(Line {
        isolated: found.solved.len(),
        r2: Some(r2),
        ..line(
            "a constant over 24 months",
            "the calendar, and that an answer never changes",
            found.persons.len(),
            "persons",
        )
    });
    assert!(50 * found.solved.len() <= found.persons.len());
}

fn squares(table: &Table, public: &Public) {
    let (mut rows, mut unique) = (0, 0);
    for row in &public.rows {
        let variables = public.measure_of(row).variables.iter();
        for (variable, figure) in variables.zip(&row.figures) {
            if let Some(sum_sq) = figure.sum_sq {
                let figures = Figures::of_row(row.persons, figure.sum, sum_sq, variable);
                rows += 1;
                unique += usize::from(figures.solutions(2) == Some(1));
            }
        }
    }
    assert_eq!(unique, 0, "only one multiset of answers fits");
    let attack = "multisets of n, sum, squares";
    table.line(line(attack, "nothing", rows, "sums of squares"));
}

// === what is public ===

fn month(yyyymm: u32) -> i32 {
    (yyyymm / 100 * 12 + yyyymm % 100 - 1) as i32
}

fn public_row(row: &Stored, facts: &Facts) -> Row {
    let variables = facts.find(&row.measure).unwrap().variables.iter();
    let figure = |id: &str| {
        let place = row.variable.iter().position(|one| one == id).unwrap();
        Figure {
            sum: row.sum[place],
            sum_sq: row.sum_sq[place],
        }
    };
    Row {
        measure: row.measure.clone(),
        level: match row.level.as_str() {
            "unit" => Level::Unit,
            "institution" => Level::Institution,
            _ => Level::Trust,
        },
        organisation: row.organisation.clone(),
        first: month(row.first_month),
        last: month(row.last_month),
        part: row.part.clone(),
        persons: row.persons,
        new_in_year: row.new_in_year,
        single_therapist: row.single_therapist,
        single_device: row.single_device,
        closed: month(row.close_month),
        figures: variables.map(|one| figure(&one.id)).collect(),
    }
}

// === the calendar: the system's own log ===

/// Tells the log of a system as a story in plain numbers.
struct Teller {
    records: Vec<LogRecord>,
    units: Vec<Unit>,
    episodes: Vec<EpisodeKey>,
    persons: Vec<Pseudonym>,
    codes: Vec<Pseudonym>,
    therapists: Vec<Pseudonym>,
    senders: Vec<String>,
}

impl Teller {
    fn new(values: Vec<Vec<u8>>) -> Self {
        let decoded = values.iter().map(|value| decode_event(value).unwrap());
        let records: Vec<LogRecord> = decoded.collect();
        let (mut episodes, mut codes) = (BTreeSet::new(), BTreeSet::new());
        let (mut therapists, mut senders) = (BTreeSet::new(), BTreeSet::new());
        for record in &records {
            let LogRecord::Event(event) = record else {
                continue;
            };
            senders.insert(event.sender.clone());
            match &event.body {
                EventBody::EpisodeOpened {
                    episode, therapist, ..
                } => {
                    episodes.insert(*episode);
                    therapists.extend(*therapist);
                }
                EventBody::Session { episode, .. } | EventBody::EpisodeClosed { episode, .. } => {
                    episodes.insert(*episode);
                }
                EventBody::InvitationIssued { code, .. }
                | EventBody::DischargeSurvey { code, .. } => {
                    codes.insert(*code);
                }
                EventBody::RegistryForm { episode, .. } => {
                    episodes.insert(*episode);
                }
            }
        }
        let persons: BTreeSet<Pseudonym> = episodes.iter().map(|key| key.person).collect();
        Self {
            records,
            units: units(),
            episodes: episodes.into_iter().collect(),
            persons: persons.into_iter().collect(),
            codes: codes.into_iter().collect(),
            therapists: therapists.into_iter().collect(),
            senders: senders.into_iter().collect(),
        }
    }

    /// The partitions' logs as one: what stands before the same close in any of them.
    fn story(self) -> Story {
        let mut months: BTreeMap<i32, Vec<clinic::Event>> = BTreeMap::new();
        let (mut first, mut closes) = (i32::MAX, BTreeSet::new());
        // One partition's records follow the other's, and so do their closes.
        let (mut waiting, mut partition, mut last) = ([Vec::new(), Vec::new()], 0, i32::MIN);
        for record in &self.records {
            match record {
                LogRecord::Event(event) => {
                    let place = self
                        .units
                        .iter()
                        .find(|unit| unit.id == event.unit.as_str());
                    let trust = place.unwrap().trust.parse().unwrap();
                    waiting[of_trust(&trust, 2) as usize].extend(self.event(event));
                }
                LogRecord::Control(ControlRecord::PeriodClose { month, .. }) => {
                    let month = number(*month);
                    partition += usize::from(month < last);
                    last = month;
                    (first, _) = (first.min(month), closes.insert(month));
                    let before = &mut waiting[partition];
                    months.entry(month).or_default().append(before);
                }
                LogRecord::Control(_) => panic!("nobody withdraws from the demo"),
            }
        }
        let mut events = Vec::new();
        for month in closes {
            events.extend(months.remove(&month).unwrap_or_default());
            events.push(clinic::Event {
                sender: 0,
                unit: 0,
                body: Body::Close { month },
            });
        }
        let place = |person: &Pseudonym| self.persons.binary_search(person).unwrap() as u32;
        let patients = self.episodes.iter().map(|key| place(&key.person)).collect();
        // The log does not say who holds a code: nobody holds two, as far as is known.
        let holders = (0..self.codes.len()).map(|code| (self.persons.len() + code) as u32);
        Story {
            catalogues: vec![catalogues::shipped(first, self.units, Asked::default())],
            first,
            patients,
            holders: holders.collect(),
            events,
        }
    }

    fn event(&self, event: &Event) -> Option<clinic::Event> {
        let mut units = self.units.iter();
        let unit = units.position(|unit| unit.id == event.unit.as_str());
        Some(clinic::Event {
            sender: self.senders.binary_search(&event.sender).unwrap() as u32,
            unit: unit.unwrap(),
            body: self.body(&event.body),
        })
    }

    fn body(&self, of: &EventBody) -> Body {
        let code = |code: &Pseudonym| self.codes.binary_search(code).unwrap();
        match of {
            EventBody::EpisodeOpened {
                episode,
                day,
                therapist,
            } => Body::Open {
                episode: self.episode(episode),
                day: plain(*day),
                therapist: therapist.map(|one| self.therapists.binary_search(&one).unwrap() as u32),
            },
            EventBody::Session {
                episode,
                day,
                number,
                revision,
                forms,
            } => self.sitting(episode, *day, *number, *revision, forms),
            EventBody::RegistryForm {
                episode,
                day,
                revision,
                form,
            } => {
                let form = std::slice::from_ref(form);
                self.sitting(episode, *day, clinic::REGISTER, *revision, form)
            }
            EventBody::EpisodeClosed {
                episode,
                day,
                ending,
            } => Body::End {
                episode: self.episode(episode),
                day: plain(*day),
                ending: match ending {
                    EpisodeEnding::Unplanned => clinic::Ending::Unplanned,
                    EpisodeEnding::Transfer => clinic::Ending::Transfer,
                    EpisodeEnding::Planned | EpisodeEnding::Unknown => clinic::Ending::Otherwise,
                },
            },
            EventBody::InvitationIssued { code: of, month } => Body::Issue {
                code: code(of),
                month: number(*month),
            },
            EventBody::DischargeSurvey {
                code: of,
                month,
                form,
            } => Body::Answer {
                code: code(of),
                month: number(*month),
                form: score(form),
            },
        }
    }

    fn episode(&self, key: &EpisodeKey) -> usize {
        self.episodes.binary_search(key).unwrap()
    }

    fn sitting(
        &self,
        episode: &EpisodeKey,
        day: medvirk_domain::time::Day,
        number: u32,
        revision: u32,
        forms: &[medvirk_domain::form::Form],
    ) -> Body {
        Body::Session(clinic::Session {
            episode: self.episode(episode),
            day: plain(day),
            number,
            revision,
            forms: forms.iter().map(score).collect(),
        })
    }
}

/// The units of the catalogue that the demo has, by id.
fn units() -> Vec<Unit> {
    let files = shipped();
    let catalogue = Catalogue::load(&files, hash_of(&files), CatalogueLimits::default()).unwrap();
    let tree = &catalogue.organisations;
    let mut units: Vec<Unit> = tree
        .units
        .iter()
        .map(|(id, unit)| Unit {
            id: id.to_string(),
            institution: unit.institution.to_string(),
            trust: tree.trust_of(id).unwrap().to_string(),
            single_therapist: unit.single_therapist,
            single_device: unit.single_device,
            there: true,
        })
        .collect();
    units.sort_by(|one, other| one.id.cmp(&other.id));
    units
}

fn number(month: Month) -> i32 {
    month.year() * 12 + month.number() as i32 - 1
}

fn plain(day: medvirk_domain::time::Day) -> Day {
    let (_, _, date) = day.civil();
    Day::new(number(day.month()), date as i32)
}
