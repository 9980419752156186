//! The victim: the production fold on a story. Comes in: a story. Goes out: what is public. The
//! invariant: this is the only file that knows the code under attack; who is in which row is not
//! asked of it, but worked out in [`crate::calendar`].

pub mod broken;
mod toml;

use medvirk_domain::catalogue::{
    Catalogue, CatalogueLimits, Condition, ConditionTest, FinestSpan, Measure, MeasureParts,
    MemberValue, SourceFile, check_change, shipped,
};
use medvirk_domain::fixed::FixedPoint;
use medvirk_domain::fold::Fold;
use medvirk_domain::form::{AgeBand, Form, ItemResponse, MissingReason, Respondent};
use medvirk_domain::ids::{CatalogueHash, ItemId, Pseudonym};
use medvirk_domain::record::{
    ControlRecord, EpisodeEnding, EpisodeKey, Event as Sent, EventBody, WithdrawalScope,
    WithdrawalSubject,
};
use medvirk_domain::row;
use medvirk_domain::time::{Day, Month};

use crate::clinic::catalogues::{
    CARETAKER, CHILD_CARETAKER, GROUP_ALLIANCE, POINT, STATUS, monitoring,
};
use crate::clinic::{self, Body, Event, REGISTER, Story};
use crate::public::{self, Facts, Figure, Kind, Level, Public, Row};

/// What the ledger holds: the rows of each close.
#[derive(Clone, Default)]
pub struct Ledger(Vec<(Month, Vec<row::Row>)>);

/// The production release rule with its catalogues.
pub struct Victim {
    /// By the month from which they are in force.
    catalogues: Vec<(i32, Catalogue)>,
}

impl Victim {
    /// With the catalogues of a story.
    pub fn of(story: &Story) -> Self {
        Self::load(&story.catalogues).unwrap_or_else(|refused| panic!("{refused:?}"))
    }

    /// With catalogues, by the month from which they are in force.
    ///
    /// # Errors
    /// The rules that a catalogue, or its change to the next, breaks.
    pub fn load(all: &[Facts]) -> Result<Self, Vec<&'static str>> {
        let mut catalogues: Vec<(i32, Catalogue)> = Vec::new();
        for facts in all {
            let next = catalogue(facts)?;
            if let Some((_, before)) = catalogues.last() {
                let changed = check_change(before, &next, month(facts.from));
                changed.map_err(|problems| {
                    problems.0.iter().map(|one| one.rule).collect::<Vec<_>>()
                })?;
            }
            catalogues.push((facts.from, next));
        }
        Ok(Self { catalogues })
    }

    /// Runs a story from its beginning and gives what it makes public.
    pub fn publish(&self, story: &Story) -> Public {
        public(story, &self.publish_after(story, &Ledger::default()))
    }

    fn in_force(&self, month: Month) -> &Catalogue {
        let month = number(month);
        let begun = self.catalogues.iter().rfind(|(from, _)| *from <= month);
        &begun.unwrap_or(&self.catalogues[0]).1
    }

    /// The ledger of a story, where some closes are in the ledger already: those are obeyed,
    /// whatever this log says.
    pub fn publish_after(&self, story: &Story, before: &Ledger) -> Ledger {
        let mut fold = Fold::new(0, 1, month(story.first), self.in_force(month(story.first)));
        let mut ledger = Ledger::default();
        for event in story.taken() {
            let Some(control) = control(event) else {
                let catalogue = self.in_force(fold.present());
                fold.apply_event(&record(story, event), catalogue)
                    .expect("the story's events are sound");
                continue;
            };
            for closed in fold.apply_control(&control) {
                let (catalogue, next) = (self.in_force(closed), self.in_force(closed.next()));
                let waiting = fold.begin_close(closed, catalogue);
                let found = before.0.iter().find(|(month, _)| *month == closed);
                let rows = match found {
                    Some((_, rows)) => rows.clone(),
                    None => fold.release(&waiting, catalogue),
                };
                fold.obey(waiting, &rows, catalogue, next);
                ledger.0.push((closed, rows));
            }
        }
        ledger
    }
}

/// What is public of a ledger.
pub fn public(story: &Story, ledger: &Ledger) -> Public {
    let of = |(month, rows): &(Month, Vec<row::Row>)| {
        let month = *month;
        let rows = rows.iter().map(move |row| shown(month, row));
        rows.collect::<Vec<Row>>()
    };
    Public {
        catalogues: story.catalogues.clone(),
        rows: ledger.0.iter().flat_map(of).collect(),
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

/// A catalogue as the loader accepts it. Of the one that the program brings limits, parts and
/// finest spans are set afterwards, so that limits may be lower than the loader allows.
fn catalogue(facts: &Facts) -> Result<Catalogue, Vec<&'static str>> {
    let mut files = match (facts.shipped, facts.joined) {
        (true, false) => shipped(),
        (true, true) => before_apart(),
        (false, _) => made_up(facts),
    };
    // Other organisations, of which nobody has counted anything.
    let of_organisations =
        |path: &str| path == "organisations.toml" || path.starts_with("denominators/");
    files.retain(|file| !of_organisations(&file.path));
    files.push(SourceFile {
        path: "organisations.toml".to_owned(),
        text: toml::organisations(&facts.units),
    });
    let hash = CatalogueHash::new([(facts.from % 251) as u8; 32]);
    let limits = CatalogueLimits {
        apart: !facts.joined,
        ..CatalogueLimits::default()
    };
    let loaded = Catalogue::load(&files, hash, limits);
    let mut catalogue =
        loaded.map_err(|problems| problems.0.iter().map(|one| one.rule).collect::<Vec<_>>())?;
    for measure in catalogue.measures.values_mut() {
        if let Some(known) = facts.find(measure.id.as_str()).filter(|_| facts.shipped) {
            set(measure, known, facts);
        }
    }
    Ok(catalogue)
}

/// The catalogue that was shipped before the rule `apart`.
fn before_apart() -> Vec<SourceFile> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../data/before-apart/");
    let mut files = shipped();
    files.retain(|file| {
        !file.path.ends_with("-sessions.toml") && !file.path.ends_with(".forms.toml")
    });
    for file in &mut files {
        if let Ok(text) = std::fs::read_to_string(folder.to_owned() + &file.path) {
            file.text = text;
        }
    }
    files
}

fn made_up(facts: &Facts) -> Vec<SourceFile> {
    let files = toml::files(facts).into_iter();
    files
        .map(|(path, text)| SourceFile { path, text })
        .collect()
}

fn set(measure: &mut Measure, known: &public::Measure, facts: &Facts) {
    (measure.k, measure.r) = (known.k, known.r);
    measure.finest = if known.tertial {
        FinestSpan::Tertial
    } else {
        FinestSpan::Month
    };
    measure.parts = known.part.as_ref().map(|part| MeasureParts {
        when: part
            .when
            .iter()
            .map(|one| condition(one, known, facts))
            .collect(),
        then: part.then.parse().expect("an id"),
        otherwise: part.otherwise.parse().expect("an id"),
    });
}

/// The kinds of conditions that split a measure of episodes.
fn condition(one: &public::Condition, known: &public::Measure, facts: &Facts) -> Condition {
    let id = |instrument: usize, scale: usize| {
        let scale = &facts.instruments[instrument].scales[scale].id;
        scale.parse().expect("an id")
    };
    let total = || "total".parse().expect("an id");
    let value = match (one.value, known.on) {
        // Of the first score, by the cut-off of respondent and age.
        (public::Value::First(1), public::On::Closed(_)) => MemberValue::FirstClinical(total()),
        (public::Value::First(scale), public::On::Closed(of)) => MemberValue::First(id(of, scale)),
        (public::Value::Score(scale), public::On::First(of)) => MemberValue::Score(id(of, scale)),
        _ => panic!("only a first score splits the measures that the program brings"),
    };
    let bound = FixedPoint::from_micros(one.bound);
    Condition {
        value,
        test: match one.test {
            public::Test::AtMost => ConditionTest::AtMost(bound),
            public::Test::AtLeast => ConditionTest::AtLeast(bound),
            public::Test::Below => ConditionTest::Below(bound),
            public::Test::Above => ConditionTest::Above(bound),
        },
    }
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

fn control(event: &Event) -> Option<ControlRecord> {
    match event.body {
        Body::Withdraw { person } => Some(ControlRecord::Withdrawal {
            subject: WithdrawalSubject::Person(pseudonym(1, person as usize)),
            scope: WithdrawalScope::All,
        }),
        Body::WithdrawCode { code } => Some(ControlRecord::Withdrawal {
            subject: WithdrawalSubject::Code(pseudonym(4, code)),
            scope: WithdrawalScope::All,
        }),
        Body::Renew { person } => Some(ControlRecord::Renewal {
            person: pseudonym(1, person as usize),
        }),
        Body::Close { month: number } => {
            let month = month(number);
            Some(ControlRecord::PeriodClose {
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
        unit: story.catalogues[0].units[event.unit]
            .id
            .parse()
            .expect("an id"),
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
        Body::Session(session) if session.number == REGISTER => EventBody::RegistryForm {
            episode: key(session.episode),
            day: day(session.day),
            revision: session.revision,
            form: form(story, &session.forms[0]),
        },
        Body::Session(session) => EventBody::Session {
            episode: key(session.episode),
            day: day(session.day),
            number: session.number,
            revision: session.revision,
            forms: session.forms.iter().map(|one| form(story, one)).collect(),
        },
        Body::End {
            episode,
            day: to,
            ending,
        } => EventBody::EpisodeClosed {
            episode: key(*episode),
            day: day(*to),
            ending: match ending {
                clinic::Ending::Otherwise => EpisodeEnding::Planned,
                clinic::Ending::Unplanned => EpisodeEnding::Unplanned,
                clinic::Ending::Transfer => EpisodeEnding::Transfer,
            },
        },
        Body::Issue { code, month: of } => EventBody::InvitationIssued {
            code: pseudonym(4, *code),
            month: month(*of),
        },
        Body::Answer {
            code,
            month: of,
            form: answered,
        } => EventBody::DischargeSurvey {
            code: pseudonym(4, *code),
            month: month(*of),
            form: form(story, answered),
        },
        Body::Withdraw { .. }
        | Body::WithdrawCode { .. }
        | Body::Renew { .. }
        | Body::Close { .. } => unreachable!("control records"),
    }
}

fn typed(item: String, response: ItemResponse) -> (ItemId, ItemResponse) {
    (item.parse().expect("an item's id"), response)
}

/// A form as it is sent; what decides a score is the instrument.
fn form(story: &Story, form: &clinic::Form) -> Form {
    let instrument = &story.catalogues[0].instruments[form.instrument];
    let answered = |score: Option<i64>| match score {
        Some(micros) => ItemResponse::Value(FixedPoint::from_micros(micros)),
        None => ItemResponse::Missing(MissingReason::NotAnswered),
    };
    let scales = instrument.scales.iter().zip(&form.scores);
    let items: Vec<(String, ItemResponse)> = match instrument.kind {
        Kind::Total => Vec::new(),
        Kind::Items => scales
            .map(|(scale, score)| (format!("{}-item", scale.id), answered(*score)))
            .collect(),
        Kind::Indices | Kind::ShortIndices => scales
            .flat_map(|(scale, score)| {
                let mark = score.map(|index| index / 25 + 1_000_000);
                items_of(&scale.id, instrument.kind)
                    .iter()
                    .map(move |item| (format!("{}-{item}", scale.id), answered(mark)))
            })
            .collect(),
        Kind::Point => scales
            .map(|(scale, score)| (scale.id.clone(), answered(*score)))
            .collect(),
        Kind::Status => status(&form.scores),
        Kind::Monitoring => triggers(form),
    };
    let (respondent, age) = match (story.catalogues[0].shipped, form.instrument) {
        (true, POINT | STATUS) => (Respondent::Other, None),
        (true, CHILD_CARETAKER) => (Respondent::Caretaker, None),
        (true, CARETAKER) => (Respondent::Caretaker, Some(AgeBand::Adolescent)),
        (true, GROUP_ALLIANCE) => (Respondent::GroupMember, None),
        _ => (Respondent::Patient, None),
    };
    Form {
        instrument: instrument.id.parse().expect("an instrument's id"),
        version: 1,
        respondent,
        items: items
            .into_iter()
            .map(|(item, response)| typed(item, response))
            .collect(),
        age,
        total: match instrument.kind {
            Kind::Total => form.scores[0].map(FixedPoint::from_micros),
            _ => None,
        },
    }
}

/// The items of a scale of the discharge survey that the program brings, or of its short form.
fn items_of(scale: &str, kind: Kind) -> &'static [&'static str] {
    match (scale, kind) {
        ("treatment", Kind::ShortIndices) => &["involvement", "trust", "help"],
        ("milieu", Kind::ShortIndices) => &["safety", "community"],
        (_, Kind::ShortIndices) => &["coping", "change"],
        ("treatment", _) => &["information", "involvement", "trust", "respect", "help"],
        ("milieu", _) => &["safety", "activities", "surroundings", "community"],
        _ => &["coping", "change", "future"],
    }
}

/// Each scale's trigger alone, as it was marked.
fn triggers(form: &clinic::Form) -> Vec<(String, ItemResponse)> {
    let scales = monitoring::scales(form.instrument).iter();
    let marked = scales
        .zip(&form.scores)
        .filter_map(|((scale, items), score)| {
            let (min, max) = monitoring::marks(scale);
            let (item, score) = (items[0], (*score)?);
            let mark = match item.strip_suffix('-') {
                Some(_) => min + max - score,
                None => score,
            };
            let mark = ItemResponse::Value(FixedPoint::from_micros(mark));
            Some((item.trim_end_matches('-').to_owned(), mark))
        });
    marked.collect()
}

/// The items of the yearly status form that make so many groups of substances and that mean.
fn status(scores: &[Option<i64>]) -> Vec<(String, ItemResponse)> {
    let value = |micros: i64| ItemResponse::Value(FixedPoint::from_micros(micros));
    let substances = ["opioids", "sedatives", "cannabis", "stimulants"].into_iter();
    let many = scores[0].unwrap_or(0);
    let mut items: Vec<(String, ItemResponse)> = substances
        .enumerate()
        .map(|(place, item)| {
            let used = (place as i64) * 1_000_000 < many;
            (item.to_owned(), value(i64::from(used) * 1_000_000))
        })
        .collect();
    let twice = 2 * scores[1].unwrap_or(1_000_000);
    let first = (twice - 5_000_000).max(1_000_000);
    items.push(("treatment-satisfaction".to_owned(), value(first)));
    items.push(("life-satisfaction".to_owned(), value(twice - first)));
    items
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
            row::RowLevel::Unit => Level::Unit,
            row::RowLevel::Institution => Level::Institution,
            row::RowLevel::Trust => Level::Trust,
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
