//! What has been sent up to some place in the log, and what each measure makes of it at a close.
//! Comes in: events. Goes out: contributions with their values, as the catalogue's texts say.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::contribution::{Contribution, Identity};
use super::values::{Known, part, values};
use crate::clinic::{Body, Day, Ending, Event, Form, Session, Story};
use crate::public::{Facts, Measure, On};

/// How long what happened before the last close still counts, in months.
const MEMORY: i32 = 24;
/// A code expires at the close of this many months after its own.
const CODE: i32 = 2;

/// What was sent of an episode's sessions, and by whom, by unit, day and number.
type Sent = BTreeMap<(usize, Day, u32), Vec<(u32, Session)>>;

/// A contribution and its values.
type Given = (Contribution, Vec<i64>);

pub(super) struct Heard<'a> {
    story: &'a Story,
    /// The first month not closed.
    present: i32,
    last_closed: Option<i32>,
    /// From when on each measure counts.
    since: BTreeMap<String, i32>,
    opened: HashMap<usize, Opened>,
    ended: BTreeMap<usize, (usize, Day, Ending)>,
    /// The sessions of each episode.
    sessions: BTreeMap<usize, Sent>,
    /// The sessions of each episode that count, as of the last close,
    counting: BTreeMap<usize, Vec<Counting>>,
    /// but for these, of which something was heard since.
    stale: BTreeSet<usize>,
    codes: BTreeMap<usize, Code>,
    withdrawn: BTreeSet<u32>,
    withdrawn_codes: BTreeSet<usize>,
    /// From when on a person who came back counts.
    renewed: HashMap<u32, i32>,
}

#[derive(Clone, Copy)]
struct Opened {
    by: u32,
    therapist: Option<u32>,
    day: Day,
}

struct Code {
    unit: usize,
    month: i32,
    issued: bool,
    answer: Option<Form>,
}

/// A session that counts: each form with who sent it.
struct Counting {
    unit: usize,
    day: Day,
    number: u32,
    forms: Vec<(u32, Form)>,
}

impl Counting {
    fn form(&self, instrument: usize) -> Option<(u32, &Form)> {
        let mut forms = self.forms.iter();
        let found = forms.find(|(_, form)| form.instrument == instrument)?;
        Some((found.0, &found.1))
    }
}

impl<'a> Heard<'a> {
    pub(super) fn new(story: &'a Story) -> Self {
        let mut heard = Self {
            story,
            present: story.first,
            last_closed: None,
            since: BTreeMap::new(),
            opened: HashMap::new(),
            ended: BTreeMap::new(),
            sessions: BTreeMap::new(),
            counting: BTreeMap::new(),
            stale: BTreeSet::new(),
            codes: BTreeMap::new(),
            withdrawn: BTreeSet::new(),
            withdrawn_codes: BTreeSet::new(),
            renewed: HashMap::new(),
        };
        heard.go_over();
        heard
    }

    pub(super) fn closed(&mut self, month: i32) {
        self.present = month + 1;
        self.last_closed = Some(month);
        self.go_over();
    }

    /// Measures that are new count from the present month on.
    fn go_over(&mut self) {
        let facts = Facts::in_force(&self.story.catalogues, self.present);
        let since = facts.measures.iter().map(|measure| {
            let known = self.since.get(&measure.id).copied();
            (measure.id.clone(), known.unwrap_or(self.present))
        });
        self.since = since.collect();
    }

    pub(super) fn hear(&mut self, event: &Event) {
        if let Body::Renew { person } = event.body {
            if self.withdrawn.remove(&person) {
                self.renewed.insert(person, self.present);
            }
            return;
        }
        let about = self.story.person(event);
        if about.is_some_and(|person| self.withdrawn.contains(&person)) {
            return;
        }
        match &event.body {
            Body::Open {
                episode,
                day,
                therapist,
            } => {
                self.stale.insert(*episode);
                let (by, therapist, day) = (event.sender, *therapist, *day);
                let opened = Opened { by, therapist, day };
                self.opened.entry(*episode).or_insert(opened);
            }
            Body::Session(session) if self.counts(session.episode, session.day) => {
                self.stale.insert(session.episode);
                let key = (event.unit, session.day, session.number);
                let of_episode = self.sessions.entry(session.episode).or_default();
                let sent = (event.sender, session.clone());
                of_episode.entry(key).or_default().push(sent);
            }
            Body::End {
                episode,
                day,
                ending,
            } if self.counts(*episode, *day) => {
                let end = (event.unit, *day, *ending);
                self.ended.entry(*episode).or_insert(end);
            }
            Body::Issue { code, month } => {
                if let Some(code) = self.code(*code, event.unit, *month) {
                    code.issued = true;
                }
            }
            Body::Answer { code, month, form } => {
                if let Some(code) = self.code(*code, event.unit, *month) {
                    code.answer = code.answer.take().or(Some(form.clone()));
                }
            }
            Body::Withdraw { person } => self.forget(*person),
            Body::WithdrawCode { code } => {
                self.withdrawn_codes.insert(*code);
                self.codes.remove(code);
            }
            _ => {}
        }
    }

    /// False for what somebody who came back did before.
    fn counts(&self, episode: usize, day: Day) -> bool {
        let renewed = self.renewed.get(&self.story.patients[episode]);
        renewed.is_none_or(|renewed| day.month() >= *renewed)
    }

    fn forget(&mut self, person: u32) {
        self.withdrawn.insert(person);
        self.renewed.remove(&person);
        let patients = &self.story.patients;
        let stays = |episode: &usize| patients[*episode] != person;
        self.opened.retain(|episode, _| stays(episode));
        self.sessions.retain(|episode, _| stays(episode));
        self.counting.retain(|episode, _| stays(episode));
        self.ended.retain(|episode, _| stays(episode));
    }

    fn code(&mut self, code: usize, unit: usize, month: i32) -> Option<&mut Code> {
        let fresh = || Code {
            unit,
            month,
            issued: false,
            answer: None,
        };
        let takes = self.present <= month + CODE && !self.withdrawn_codes.contains(&code);
        takes.then(|| self.codes.entry(code).or_insert_with(fresh))
    }

    /// The sessions of an episode that count, by day, number and unit.
    fn count(&self, episode: usize) -> Vec<Counting> {
        let Some(opened) = self.opened.get(&episode) else {
            return Vec::new();
        };
        let mut counting = Vec::new();
        for ((unit, day, number), sent) in self.sessions.get(&episode).into_iter().flatten() {
            let honest = || sent.iter().filter(|(sender, _)| *sender != opened.by);
            // A session without a form is none, whatever its revision.
            let said = || honest().filter(|(_, session)| !session.forms.is_empty());
            let Some(highest) = said().map(|(_, session)| session.revision).max() else {
                continue;
            };
            let mut forms: Vec<(u32, Form)> = Vec::new();
            for (by, session) in said().filter(|(_, session)| session.revision == highest) {
                for form in &session.forms {
                    let known = |(_, known): &(u32, Form)| known.instrument == form.instrument;
                    if !forms.iter().any(known) {
                        forms.push((*by, form.clone()));
                    }
                }
            }
            let (unit, day, number) = (*unit, *day, *number);
            counting.push(Counting {
                unit,
                day,
                number,
                forms,
            });
        }
        let units = &self.story.catalogues[0].units;
        counting.sort_by_key(|one| (one.day, one.number, &units[one.unit].id));
        counting
    }

    /// All contributions that there are at the close of `month`, entered or not.
    pub(super) fn contributions(&mut self, month: i32) -> Vec<Given> {
        for episode in std::mem::take(&mut self.stale) {
            self.counting.insert(episode, self.count(episode));
        }
        let facts = Facts::in_force(&self.story.catalogues, month);
        let oldest = self.last_closed.map_or(i32::MIN, |closed| closed - MEMORY);
        let mut all = Vec::new();
        for measure in &facts.measures {
            let oldest = oldest.max(self.since[&measure.id]);
            let given = match measure.on {
                On::Session(instrument) => self.months(measure, instrument),
                On::Closed(instrument) => self.episodes(measure, instrument),
                On::First(instrument) => self.firsts(measure, instrument),
                On::Survey(_) | On::Invitation => self.surveys(measure, month),
            };
            // `waits` still has the month that it is of.
            let waiting = given.into_iter().filter(|(one, _)| {
                (oldest..=month).contains(&one.waits) && facts.units[one.unit].there
            });
            all.extend(waiting);
        }
        all.sort_by(|(one, _), (other, _)| {
            (&one.measure, one.identity).cmp(&(&other.measure, other.identity))
        });
        all
    }

    /// The last session of each person, unit and month that gives all variables.
    fn months(&self, measure: &Measure, instrument: usize) -> Vec<Given> {
        type Of<'a> = Vec<(Day, u32, usize, u32, &'a Form)>;
        let mut months: BTreeMap<(usize, i32, u32), Of<'_>> = BTreeMap::new();
        for (episode, counting) in &self.counting {
            let person = self.story.patients[*episode];
            for one in counting {
                if let Some((sender, form)) = one.form(instrument) {
                    let key = (one.unit, one.day.month(), person);
                    let session = (one.day, one.number, *episode, sender, form);
                    months.entry(key).or_default().push(session);
                }
            }
        }
        let name: Arc<str> = measure.id.as_str().into();
        let last_of = |((unit, month, person), mut of): ((usize, i32, u32), Of<'_>)| {
            of.sort_by_key(|(day, number, episode, ..)| (*day, *number, *episode));
            let known = |form| Known::Session {
                form,
                forms: of.len(),
            };
            let (values, (day, number, episode, ..)) = of
                .iter()
                .rev()
                .find_map(|one| Some((values(measure, &known(one.4))?, one)))?;
            let identity = Identity::Month {
                unit,
                month,
                person,
            };
            let contribution = Contribution {
                measure: name.clone(),
                identity,
                counted: person,
                patient: person,
                unit,
                part: "".into(),
                waits: month,
                placed: (*day, *number),
                therapist: self.opened[episode].therapist,
                senders: of.iter().map(|one| one.3).collect(),
            };
            Some((contribution, values))
        };
        months.into_iter().filter_map(last_of).collect()
    }

    /// The first form of each person, by day, unit and episode.
    fn firsts(&self, measure: &Measure, instrument: usize) -> Vec<Given> {
        let units = &self.story.catalogues[0].units;
        let mut firsts: BTreeMap<u32, (usize, &Counting)> = BTreeMap::new();
        let place =
            |(episode, one): &(usize, &Counting)| (one.day, units[one.unit].id.clone(), *episode);
        for (episode, counting) in &self.counting {
            let opened = self.opened.get(episode).map(|opened| opened.day);
            if !opened.is_some_and(|day| self.counts(*episode, day)) {
                continue;
            }
            for one in counting.iter().filter(|one| one.form(instrument).is_some()) {
                let person = self.story.patients[*episode];
                let first = firsts.entry(person).or_insert((*episode, one));
                if place(&(*episode, one)) < place(first) {
                    *first = (*episode, one);
                }
            }
        }
        let name: Arc<str> = measure.id.as_str().into();
        let of = |(person, (episode, one)): (u32, (usize, &Counting))| {
            let (sender, form) = one.form(instrument)?;
            let known = Known::Session { form, forms: 1 };
            let contribution = Contribution {
                measure: name.clone(),
                identity: Identity::Person(person),
                counted: person,
                patient: person,
                unit: one.unit,
                part: part(measure, &known)?.into(),
                waits: one.day.month(),
                placed: (one.day, 1),
                therapist: self.opened[&episode].therapist,
                senders: [sender].into(),
            };
            Some((contribution, values(measure, &known)?))
        };
        firsts.into_iter().filter_map(of).collect()
    }

    /// Every closed episode with such a form.
    fn episodes(&self, measure: &Measure, instrument: usize) -> Vec<Given> {
        let name: Arc<str> = measure.id.as_str().into();
        let of = |(episode, (unit, day, ending)): (&usize, &(usize, Day, Ending))| {
            let (opened, counting) = (self.opened.get(episode)?, self.counting.get(episode)?);
            if !self.counts(*episode, opened.day) {
                return None;
            }
            let forms = counting.iter().filter_map(|one| {
                let (sender, form) = one.form(instrument)?;
                Some((sender, (one.day, form)))
            });
            let (senders, forms): (Vec<u32>, Vec<(Day, &Form)>) = forms.unzip();
            if forms.is_empty() {
                return None;
            }
            let known = Known::Episode {
                forms: &forms,
                days: (opened.day, *day),
                ending: *ending,
            };
            let person = self.story.patients[*episode];
            let contribution = Contribution {
                measure: name.clone(),
                identity: Identity::Episode(person, *episode),
                counted: person,
                patient: person,
                unit: *unit,
                part: part(measure, &known)?.into(),
                waits: day.month(),
                placed: (*day, 0),
                therapist: opened.therapist,
                senders: senders.into_iter().collect(),
            };
            Some((contribution, values(measure, &known)?))
        };
        self.ended.iter().filter_map(of).collect()
    }

    /// Every answered code, or every code that has expired.
    fn surveys(&self, measure: &Measure, month: i32) -> Vec<Given> {
        let name: Arc<str> = measure.id.as_str().into();
        let of = |(code, asked): (&usize, &Code)| {
            let known = match (measure.on, &asked.answer) {
                (On::Survey(instrument), Some(form)) if form.instrument == instrument => {
                    Known::Session { form, forms: 1 }
                }
                (On::Invitation, answer) if asked.issued && asked.month + CODE <= month => {
                    let answered = answer.is_some();
                    Known::Code { answered }
                }
                _ => return None,
            };
            let contribution = Contribution {
                measure: name.clone(),
                identity: Identity::Code(*code),
                counted: *code as u32,
                patient: self.story.holders[*code],
                unit: asked.unit,
                part: part(measure, &known)?.into(),
                waits: asked.month,
                placed: (Day::new(asked.month, 1), 0),
                therapist: None,
                senders: BTreeSet::new(),
            };
            Some((contribution, values(measure, &known)?))
        };
        self.codes.iter().filter_map(of).collect()
    }
}
