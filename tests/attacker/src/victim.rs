//! The victim: the production fold on a story. Comes in: a story. Goes out: what is public. The
//! invariant: this is the only file that knows the code under attack; who is in which row is not
//! asked of it, but worked out in [`crate::calendar`].

pub mod broken;

use medvirk_domain::catalogue::{
    Catalogue, Finest, Identity, Limits, Over, Per, SourceFile, shipped,
};
use medvirk_domain::fixed::Fixed;
use medvirk_domain::fold::Fold;
use medvirk_domain::form::{Form, Respondent, Response};
use medvirk_domain::ids::{CatalogueHash, Pseudonym};
use medvirk_domain::record::{
    Control, Ending, EpisodeKey, Event as Sent, EventBody, Scope, Subject,
};
use medvirk_domain::row;
use medvirk_domain::time::{Day, Month};

use crate::clinic::{self, Body, Event, Place, Story};
use crate::public::{Facts, Figure, Level, Measure, Public, Row, Unit, Variable};

/// What the ledger holds: the rows of each close.
#[derive(Clone, Default)]
pub struct Ledger(Vec<(Month, Vec<row::Row>)>);

/// The production release rule with a catalogue in force.
pub struct Victim {
    catalogue: Catalogue,
    facts: Facts,
}

impl Victim {
    /// With the organisations and limits of a story.
    pub fn of(story: &Story) -> Self {
        let catalogue = catalogue(story);
        let facts = facts(story, &catalogue);
        Self { catalogue, facts }
    }

    /// What the catalogue makes public before anything happens.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// Runs a story from its beginning and gives what it makes public.
    pub fn publish(&self, story: &Story) -> Public {
        self.public(&self.publish_after(story, &Ledger::default()))
    }

    /// The ledger of a story, where some closes are in the ledger already: those are obeyed,
    /// whatever this log says.
    pub fn publish_after(&self, story: &Story, before: &Ledger) -> Ledger {
        let catalogue = &self.catalogue;
        let mut fold = Fold::new(0, 1, month(story.first), catalogue);
        let mut ledger = Ledger::default();
        for event in &story.events {
            let Some(control) = control(event) else {
                fold.apply_event(&record(story, event), catalogue)
                    .expect("the story's events are sound");
                continue;
            };
            for closed in fold.apply_control(&control) {
                let waiting = fold.begin_close(closed, catalogue);
                let found = before.0.iter().find(|(month, _)| *month == closed);
                let rows = match found {
                    Some((_, rows)) => rows.clone(),
                    None => fold.release(&waiting, catalogue),
                };
                fold.obey(waiting, &rows, catalogue, catalogue);
                ledger.0.push((closed, rows));
            }
        }
        ledger
    }

    /// What is public of a ledger.
    pub fn public(&self, ledger: &Ledger) -> Public {
        let of = |(month, rows): &(Month, Vec<row::Row>)| {
            let month = *month;
            let rows = rows.iter().map(move |row| shown(month, row));
            rows.collect::<Vec<Row>>()
        };
        Public {
            facts: self.facts.clone(),
            rows: ledger.0.iter().flat_map(of).collect(),
        }
    }
}

impl Ledger {
    /// The first so many closes.
    #[must_use]
    pub fn up_to(&self, closes: usize) -> Self {
        Self(self.0[..closes.min(self.0.len())].to_vec())
    }
}

// === what is in force ===

/// The catalogue that the program brings, with the story's organisations and limits.
fn catalogue(story: &Story) -> Catalogue {
    let mut files = shipped();
    files.retain(|file| file.path != "organisations.toml");
    files.push(SourceFile {
        path: "organisations.toml".to_owned(),
        text: organisations(&story.tree),
    });
    let hash = CatalogueHash::new([0; 32]);
    let mut catalogue = Catalogue::load(&files, hash, Limits::default())
        .unwrap_or_else(|problems| panic!("{problems}"));
    for measure in catalogue.measures.values_mut() {
        let times = if measure.identity == Identity::Code {
            2
        } else {
            1
        };
        (measure.k, measure.r) = (times * story.limits.k, story.limits.r);
        if story.limits.tertial && measure.id.as_str() == "bdi.outcome" {
            measure.finest = Finest::Tertial;
        }
    }
    catalogue
}

fn unit_id(unit: usize) -> String {
    format!("u{unit:03}")
}

fn organisations(tree: &[Place]) -> String {
    let mut text =
        "[nation]\nid = \"n\"\ntitle = \"N\"\n[[regions]]\nid = \"r\"\ntitle = \"R\"\n".to_owned();
    let trusts = 1 + tree.iter().map(|place| place.trust).max().unwrap_or(0);
    for trust in 0..trusts {
        text += &format!("[[trusts]]\nid = \"t{trust}\"\nregion = \"r\"\ntitle = \"T\"\n");
    }
    let institutions = 1 + tree
        .iter()
        .map(|place| place.institution)
        .max()
        .unwrap_or(0);
    for institution in 0..institutions {
        let of = tree.iter().find(|place| place.institution == institution);
        let trust = of.map_or(0, |place| place.trust);
        text += &format!(
            "[[institutions]]\nid = \"i{institution}\"\ntrust = \"t{trust}\"\ntitle = \"I\"\n"
        );
    }
    for (number, place) in tree.iter().enumerate() {
        text += &format!(
            "[[units]]\nid = \"{}\"\ninstitution = \"i{}\"\nnumber = {}\ntitle = \"U\"\nsingle_therapist = {}\nsingle_device = {}\n",
            unit_id(number),
            place.institution,
            number + 1,
            place.single_therapist,
            place.single_device,
        );
    }
    text
}

// === into the log ===

fn month(number: i32) -> Month {
    Month::new(number.div_euclid(12), number.rem_euclid(12) as u32 + 1).expect("a month")
}

fn day(day: clinic::Day) -> Day {
    let month = month(day.month());
    Day::from_civil(month.year(), month.number(), day.0.rem_euclid(32) as u32)
}

/// Pseudonyms in the order of their numbers; which is last, where all else is equal, is no secret.
fn pseudonym(kind: u8, number: usize) -> Pseudonym {
    let mut bytes = [kind; 16];
    bytes[8..].copy_from_slice(&(number as u64).to_be_bytes());
    Pseudonym::new(bytes)
}

fn control(event: &Event) -> Option<Control> {
    match event.body {
        Body::Withdraw { person } => Some(Control::Withdrawal {
            subject: Subject::Person(pseudonym(1, person as usize)),
            scope: Scope::All,
        }),
        Body::Close { month: number } => {
            let month = month(number);
            Some(Control::PeriodClose {
                month,
                ingested_at: month.closes_from(),
            })
        }
        _ => None,
    }
}

fn record(story: &Story, event: &Event) -> Sent {
    Sent {
        sender: format!("credential-{}", event.sender),
        catalogue: CatalogueHash::new([0; 32]),
        submission_id: [0; 16],
        ingested_at: 0,
        unit: unit_id(event.unit).parse().expect("an id"),
        body: body(story, &event.body),
    }
}

fn body(story: &Story, body: &Body) -> EventBody {
    let key = |episode: usize| EpisodeKey {
        person: pseudonym(1, story.patients[episode] as usize),
        episode: pseudonym(2, episode),
    };
    match body {
        Body::Open {
            episode,
            day: from,
            therapist,
        } => EventBody::EpisodeOpened {
            episode: key(*episode),
            day: day(*from),
            therapist: therapist.map(|number| pseudonym(3, number as usize)),
        },
        Body::Session(session) => EventBody::Session {
            episode: key(session.episode),
            day: day(session.day),
            number: session.number,
            revision: session.revision,
            forms: forms(session.forms),
        },
        Body::End { episode, day: to } => EventBody::EpisodeClosed {
            episode: key(*episode),
            day: day(*to),
            ending: Ending::Planned,
        },
        Body::Issue { code, month: of } => EventBody::InvitationIssued {
            code: pseudonym(4, *code),
            month: month(*of),
        },
        Body::Answer {
            code,
            month: of,
            marks,
        } => EventBody::DischargeSurvey {
            code: pseudonym(4, *code),
            month: month(*of),
            form: survey(marks),
        },
        Body::Withdraw { .. } | Body::Close { .. } => unreachable!("control records"),
    }
}

fn forms(forms: clinic::Forms) -> Vec<Form> {
    let total = |instrument: &str, micros: Option<i64>| {
        micros.map(|micros| Form {
            instrument: instrument.to_owned(),
            version: 1,
            respondent: Respondent::Patient,
            items: Vec::new(),
            total: Some(Fixed::from_micros(micros)),
            age: None,
        })
    };
    let all = [
        total("fit-srs", forms.srs.map(|tenths| tenths * 100_000)),
        total("fit-ors", forms.ors.map(|tenths| tenths * 100_000)),
        total("bdi-total", forms.bdi.map(|points| points * 1_000_000)),
    ];
    all.into_iter().flatten().collect()
}

fn survey(marks: &[i64; 3]) -> Form {
    const ITEMS: [(&str, &[&str]); 3] = [
        (
            "treatment",
            &["information", "involvement", "trust", "respect", "help"],
        ),
        (
            "milieu",
            &["safety", "activities", "surroundings", "community"],
        ),
        ("outcome", &["coping", "change", "future"]),
    ];
    let mut items = Vec::new();
    for ((scale, names), mark) in ITEMS.iter().zip(marks) {
        let mark = Response::Value(Fixed::from_int(*mark as i32));
        items.extend(names.iter().map(|name| (format!("{scale}-{name}"), mark)));
    }
    Form {
        instrument: "kem".to_owned(),
        version: 1,
        respondent: Respondent::Patient,
        items,
        total: None,
        age: None,
    }
}

// === what is public ===

fn number(month: Month) -> i32 {
    month.year() * 12 + month.number() as i32 - 1
}

fn shown(closed: Month, row: &row::Row) -> Row {
    let figures = row.variables().iter();
    Row {
        measure: row.measure().to_string(),
        level: match row.level() {
            row::Level::Unit => Level::Unit,
            row::Level::Institution => Level::Institution,
            row::Level::Trust => Level::Trust,
        },
        organisation: row.organisation().to_owned(),
        first: number(row.first()),
        last: number(row.last()),
        part: row.part().to_owned(),
        persons: row.persons(),
        new_in_year: row.new_in_year(),
        single_therapist: row.single_therapist(),
        single_device: row.single_device(),
        closed: number(closed),
        figures: figures
            .map(|one| Figure {
                sum: one.sum,
                sum_sq: one.sum_sq,
            })
            .collect(),
    }
}

/// The facts of the story's catalogue, which are public as well.
fn facts(story: &Story, catalogue: &Catalogue) -> Facts {
    let measures = catalogue.measures.values().map(|measure| Measure {
        id: measure.id.to_string(),
        k: measure.k,
        r: measure.r,
        monthly: measure.per == Per::Month,
        codes: measure.identity == Identity::Code,
        variables: measure
            .variables
            .iter()
            .map(|variable| Variable {
                id: variable.id.to_string(),
                min: variable.min.micros(),
                max: variable.max.micros(),
                grain: variable.grain.micros(),
                adds: variable.over == Over::Sum,
            })
            .collect(),
    });
    let units = story.tree.iter().enumerate().map(|(unit, place)| Unit {
        id: unit_id(unit),
        institution: format!("i{}", place.institution),
        trust: format!("t{}", place.trust),
    });
    Facts {
        measures: measures.collect(),
        units: units.collect(),
    }
}
