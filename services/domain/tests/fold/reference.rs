//! Sections 4 and 5 of the design once more, as plainly as they can be written, to be compared
//! with the fold. Comes in: the records of the log and the rows that the ledger holds. Goes out:
//! the rows of each close, with the contributions that are in each. Nothing is kept but the list of
//! what happened; every close looks through all of it again. It shares no code with the fold.

use std::collections::{BTreeMap, BTreeSet};

use medvirk_domain::catalogue::{Catalogue, FormRef, Measure, Population};
use medvirk_domain::form::{Form, Respondent};
use medvirk_domain::ids::{MeasureId, Pseudonym, ScaleId, TrustId, UnitId};
use medvirk_domain::record::{Control, EpisodeKey, Event, EventBody, Scope, Subject};
use medvirk_domain::row::{Level, Row};
use medvirk_domain::time::{Day, Month};

use crate::reference_release::{Released, release};
use crate::reference_values::{Facts, part_and_values};
use crate::world::World;

/// The log so far, and the closes that were obeyed.
pub(crate) struct Reference<'w> {
    world: &'w World,
    history: Vec<Happening>,
    closes: Vec<PastClose>,
}

/// Something that the log says, or a close that was obeyed at this place of it.
enum Happening {
    Said(Said),
    PersonWithdrew(Pseudonym),
    CodeWithdrawn(Pseudonym),
    Renewed { person: Pseudonym, present: Month },
    Closed(Month),
}

/// An event that could be scored.
struct Said {
    /// The first month that was not closed when it arrived.
    present: Month,
    sender: String,
    trust: TrustId,
    unit: UnitId,
    what: What,
}

enum What {
    Opened {
        episode: EpisodeKey,
        day: Day,
        therapist: Option<Pseudonym>,
    },
    Session {
        episode: EpisodeKey,
        day: Day,
        number: u32,
        revision: u32,
        forms: Vec<Filled>,
    },
    Ended {
        episode: EpisodeKey,
        day: Day,
    },
    Issued {
        code: Pseudonym,
        month: Month,
    },
    Answered {
        code: Pseudonym,
        month: Month,
        form: Filled,
    },
}

/// A scored form.
#[derive(Clone)]
pub(crate) struct Filled {
    pub(crate) instrument: String,
    pub(crate) version: u32,
    pub(crate) respondent: Respondent,
    /// Millionths; `None` where there is no score.
    pub(crate) scores: BTreeMap<ScaleId, Option<i64>>,
}

impl Filled {
    fn is_a(&self, kind: &FormRef) -> bool {
        self.instrument == kind.instrument.as_str()
            && self.version == kind.version
            && self.respondent == kind.respondent
    }
}

/// A close that was obeyed.
struct PastClose {
    /// Its place in the history.
    place: usize,
    month: Month,
    /// What entered a group.
    entered: BTreeSet<Key>,
    /// Who is in its rows, and with which unit.
    in_rows: Vec<(MeasureId, UnitId, Pseudonym)>,
    /// What went on waiting, and with which month.
    waiting: BTreeMap<Key, Month>,
}

/// What is remembered of a contribution.
pub(crate) type Key = (MeasureId, TrustId, Identity);

/// §4.2: a person has one contribution per measure, unit and month, or per episode; a code has one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Identity {
    Month {
        month: Month,
        unit: UnitId,
        person: Pseudonym,
    },
    Episode(EpisodeKey),
    Code(Pseudonym),
}

/// §4.2: a contribution.
#[derive(Debug, Clone)]
pub(crate) struct Contribution {
    pub(crate) measure: MeasureId,
    pub(crate) trust: TrustId,
    pub(crate) unit: UnitId,
    pub(crate) part: String,
    pub(crate) own: Month,
    pub(crate) waits: Month,
    /// The person, or the code.
    pub(crate) person: Pseudonym,
    pub(crate) identity: Identity,
    pub(crate) placed: (Day, u32),
    pub(crate) therapist: Option<Pseudonym>,
    pub(crate) senders: BTreeSet<String>,
    /// Millionths, in the measure's order.
    pub(crate) values: Vec<i64>,
}

impl Contribution {
    pub(crate) fn key(&self) -> Key {
        let Self {
            measure,
            trust,
            identity,
            ..
        } = self;
        (measure.clone(), trust.clone(), identity.clone())
    }
}

/// What waits at a close and what comes out of it.
pub(crate) struct Closing {
    pub(crate) month: Month,
    pub(crate) waiting: Vec<Contribution>,
    pub(crate) released: Vec<Released>,
}

impl Closing {
    pub(crate) fn rows(&self) -> Vec<Row> {
        self.released.iter().map(|one| one.row.clone()).collect()
    }

    /// What waits and is in none of its rows.
    pub(crate) fn rest(&self) -> Vec<&Contribution> {
        let shown: BTreeSet<Key> = self
            .released
            .iter()
            .flat_map(|one| one.members.iter().map(Contribution::key))
            .collect();
        let left = |one: &&Contribution| !shown.contains(&one.key());
        self.waiting.iter().filter(left).collect()
    }
}

/// Everything that the log says of an episode at one place.
struct Episode {
    trust: TrustId,
    key: EpisodeKey,
    opened: (Day, Option<Pseudonym>),
    ended: Option<(UnitId, Day)>,
    forms: Vec<Counted>,
}

/// A form that counts.
struct Counted {
    unit: UnitId,
    day: Day,
    number: u32,
    sender: String,
    form: Filled,
}

/// Everything that the log says of a survey code at one place.
struct Code {
    trust: TrustId,
    unit: UnitId,
    code: Pseudonym,
    month: Month,
    issued: bool,
    answers: Vec<Filled>,
}

// === what happens ===

impl<'w> Reference<'w> {
    pub(crate) fn new(world: &'w World) -> Self {
        Self {
            world,
            history: Vec::new(),
            closes: Vec::new(),
        }
    }

    fn closed(&self) -> Option<Month> {
        self.closes.last().map(|close| close.month)
    }

    fn present(&self) -> Month {
        self.closed().map_or(self.world.first, Month::next)
    }

    /// False if the event is refused.
    pub(crate) fn event(&mut self, event: &Event) -> bool {
        let said = self.said(event);
        let taken = said.is_some();
        self.history.extend(said.flatten().map(Happening::Said));
        taken
    }

    /// `None` if it is refused, `Some(None)` if it is for the registry only.
    fn said(&self, event: &Event) -> Option<Option<Said>> {
        let catalogue = self.world.named(&event.catalogue);
        let trust = catalogue.organisations.trust_of(&event.unit)?.clone();
        let what = match &event.body {
            &EventBody::EpisodeOpened {
                episode,
                day,
                therapist,
            } => What::Opened {
                episode,
                day,
                therapist,
            },
            EventBody::Session {
                episode,
                day,
                number,
                revision,
                forms,
            } => What::Session {
                episode: *episode,
                day: *day,
                number: *number,
                revision: *revision,
                forms: forms
                    .iter()
                    .map(|form| fill(form, catalogue))
                    .collect::<Option<_>>()?,
            },
            &EventBody::EpisodeClosed { episode, day, .. } => What::Ended { episode, day },
            &EventBody::InvitationIssued { code, month } => What::Issued { code, month },
            EventBody::DischargeSurvey { code, month, form } => What::Answered {
                code: *code,
                month: *month,
                form: fill(form, catalogue)?,
            },
            EventBody::RegistryForm { form, .. } => {
                fill(form, catalogue)?;
                return Some(None);
            }
        };
        Some(Some(Said {
            present: self.present(),
            sender: event.sender.clone(),
            trust,
            unit: event.unit.clone(),
            what,
        }))
    }

    /// The months to close, in order (§4.4).
    pub(crate) fn control(&mut self, control: &Control) -> Vec<Month> {
        match *control {
            Control::PeriodClose { month, ingested_at } => {
                let mut months = Vec::new();
                let mut next = self.present();
                while ingested_at >= month.closes_from() && next <= month {
                    months.push(next);
                    next = next.next();
                }
                return months;
            }
            Control::Withdrawal { scope, .. } if scope == Scope::Registry => {}
            Control::Withdrawal { subject, .. } => self.history.push(match subject {
                Subject::Person(person) => Happening::PersonWithdrew(person),
                Subject::Code(code) => Happening::CodeWithdrawn(code),
            }),
            Control::Renewal { person } => self.history.push(Happening::Renewed {
                person,
                present: self.present(),
            }),
        }
        Vec::new()
    }

    /// What waits and what may be released. Nothing changes.
    pub(crate) fn close(&self, month: Month) -> Closing {
        let waiting = self.waiting(month);
        let catalogue = self.world.plan(month);
        let released = release(month, catalogue, &waiting, &self.in_rows(month.year()));
        Closing {
            month,
            waiting,
            released,
        }
    }

    /// §5: the rows empty what waits, as it stands here.
    pub(crate) fn obey(&mut self, closing: Closing, rows: &[Row]) {
        let month = closing.month;
        let organisations = &self.world.plan(month).organisations;
        let mut left = closing.waiting;
        let mut close = PastClose {
            place: self.history.len(),
            month,
            entered: BTreeSet::new(),
            in_rows: Vec::new(),
            waiting: BTreeMap::new(),
        };
        for row in rows {
            let (emptied, stays) = left.into_iter().partition(|one| {
                let organisation = match row.level() {
                    Level::Unit => one.unit.as_str(),
                    Level::Institution => organisations.units[&one.unit].institution.as_str(),
                    Level::Trust => one.trust.as_str(),
                };
                *row.measure() == one.measure
                    && row.organisation() == organisation
                    && (row.part().is_empty() || row.part() == one.part)
                    && (row.first()..=row.last()).contains(&one.waits)
            });
            left = stays;
            let emptied: Vec<Contribution> = emptied;
            for one in emptied {
                close.entered.insert(one.key());
                close.in_rows.push((one.measure, one.unit, one.person));
            }
        }
        for one in left {
            if month.ends_year() {
                close.entered.insert(one.key());
            } else {
                close.waiting.insert(one.key(), one.waits);
            }
        }
        self.closes.push(close);
        self.history.push(Happening::Closed(month));
    }
}

/// A form with its scores, or `None` if it is refused.
fn fill(form: &Form, catalogue: &Catalogue) -> Option<Filled> {
    let instrument = catalogue.instrument(&form.instrument, form.version)?;
    let scored = instrument.score(form).ok()?;
    Some(Filled {
        instrument: form.instrument.clone(),
        version: form.version,
        respondent: form.respondent,
        scores: scored
            .scores
            .into_iter()
            .map(|score| (score.scale, score.value.map(|value| value.micros())))
            .collect(),
    })
}

// === what the log says at this place ===

impl Said {
    fn episode(&self) -> Option<EpisodeKey> {
        match self.what {
            What::Opened { episode, .. }
            | What::Session { episode, .. }
            | What::Ended { episode, .. } => Some(episode),
            What::Issued { .. } | What::Answered { .. } => None,
        }
    }

    fn code(&self) -> Option<Pseudonym> {
        match self.what {
            What::Issued { code, .. } | What::Answered { code, .. } => Some(code),
            _ => None,
        }
    }

    /// The last month that a code outlives.
    fn expires(&self) -> Option<Month> {
        match self.what {
            What::Issued { month, .. } | What::Answered { month, .. } => Some(month.plus(2)),
            _ => None,
        }
    }

    /// The month of a session or of a closing.
    fn own(&self) -> Option<Month> {
        match self.what {
            What::Session { day, .. } | What::Ended { day, .. } => Some(day.month()),
            _ => None,
        }
    }
}

impl Reference<'_> {
    /// The events that were taken in and were not erased since, with their places.
    fn taken(&self) -> Vec<(usize, &Said)> {
        let mut taken = Vec::new();
        for (place, happening) in self.history.iter().enumerate() {
            let Happening::Said(said) = happening else {
                continue;
            };
            // §4.2: what is older than 24 months, measured against the last closed one, is for
            // the registry only.
            let closed = (said.present > self.world.first).then(|| said.present.previous());
            let too_old = |own: Month| closed.is_some_and(|closed| own < closed.plus(-24));
            // §3: a code expires at the close of the second month after its own; nothing that
            // comes later is of it.
            let expired = said.expires().is_some_and(|last| said.present > last);
            if !said.own().is_some_and(too_old) && !expired && !self.withdrawn(place, said) {
                taken.push((place, said));
            }
        }
        taken
    }

    /// §5: a withdrawal erases what came before it; what comes after it is ignored until a
    /// renewal, and then what is of a month before it.
    fn withdrawn(&self, place: usize, said: &Said) -> bool {
        if let Some(code) = said.code() {
            let is_this =
                |one: &Happening| matches!(one, Happening::CodeWithdrawn(c) if *c == code);
            return self.history.iter().any(is_this);
        }
        let person = said.episode().expect("it is about a person").person;
        let Some(withdrawal) = self.last_withdrawal(person) else {
            return false;
        };
        match self.renewal(person) {
            Some((renewal, floor)) if withdrawal < place && renewal < place => {
                said.own().is_some_and(|own| own < floor)
            }
            _ => true,
        }
    }

    fn last_withdrawal(&self, person: Pseudonym) -> Option<usize> {
        self.history
            .iter()
            .rposition(|one| matches!(one, Happening::PersonWithdrew(p) if *p == person))
    }

    /// Place and month of the first renewal after the last withdrawal.
    fn renewal(&self, person: Pseudonym) -> Option<(usize, Month)> {
        let withdrawal = self.last_withdrawal(person)?;
        let happenings = self.history.iter().enumerate().skip(withdrawal);
        happenings
            .filter_map(|(place, one)| match one {
                Happening::Renewed { person: p, present } if *p == person => {
                    Some((place, *present))
                }
                _ => None,
            })
            .next()
    }

    /// The place after which something is remembered of an episode: §4.2, it is forgotten whole 24
    /// months after its last event.
    fn forgotten_up_to(&self, events: &[(usize, &Said)]) -> usize {
        let mut forgotten = 0;
        let mut last: Option<Month> = None;
        for (place, happening) in self.history.iter().enumerate() {
            if let Some((_, said)) = events.iter().find(|(at, _)| *at == place) {
                last = last.max(Some(said.present)).max(said.own());
            }
            if let Happening::Closed(month) = happening
                && last.is_some_and(|last| last < month.plus(-24))
            {
                forgotten = place;
                last = None;
            }
        }
        forgotten
    }

    /// The episodes that were opened.
    fn episodes(&self) -> Vec<Episode> {
        let mut by_key: BTreeMap<(&TrustId, EpisodeKey), Vec<(usize, &Said)>> = BTreeMap::new();
        for (place, said) in self.taken() {
            if let Some(episode) = said.episode() {
                let key = (&said.trust, episode);
                by_key.entry(key).or_default().push((place, said));
            }
        }
        let mut episodes = Vec::new();
        for ((trust, key), events) in by_key {
            let from = self.forgotten_up_to(&events);
            let events: Vec<&Said> = events
                .into_iter()
                .filter_map(|(place, said)| (place >= from).then_some(said))
                .collect();
            episodes.extend(episode(trust, key, &events));
        }
        episodes
    }

    /// The codes of which something is known.
    fn codes(&self) -> Vec<Code> {
        let mut codes: BTreeMap<(&TrustId, Pseudonym), Code> = BTreeMap::new();
        for (_, said) in self.taken() {
            let (&What::Issued { code, month } | &What::Answered { code, month, .. }) = &said.what
            else {
                continue;
            };
            // The first record fixes unit and month.
            let entry = codes.entry((&said.trust, code)).or_insert(Code {
                trust: said.trust.clone(),
                unit: said.unit.clone(),
                code,
                month,
                issued: false,
                answers: Vec::new(),
            });
            match &said.what {
                What::Answered { form, .. } => entry.answers.push(form.clone()),
                _ => entry.issued = true,
            }
        }
        codes.into_values().collect()
    }
}

/// §4.2, §4.3: what the events of an episode, in log order, come to; `None` if it is not open.
fn episode(trust: &TrustId, key: EpisodeKey, events: &[&Said]) -> Option<Episode> {
    let (opener, opened) = events.iter().find_map(|said| match said.what {
        What::Opened { day, therapist, .. } => Some((&said.sender, (day, therapist))),
        _ => None,
    })?;
    let ended = events.iter().find_map(|said| match said.what {
        What::Ended { day, .. } => Some((said.unit.clone(), day)),
        _ => None,
    });
    let mut forms: Vec<Counted> = Vec::new();
    // A form sent by the credential that opened its episode never counts.
    let counting: Vec<&&Said> = events.iter().filter(|s| s.sender != *opener).collect();
    for said in &counting {
        let What::Session {
            day,
            number,
            revision,
            forms: sent,
            ..
        } = &said.what
        else {
            continue;
        };
        // The whole session with its highest revision.
        let superseded = counting.iter().any(|other| {
            other.unit == said.unit
                && matches!(other.what, What::Session { day: d, number: n, revision: r, .. }
                    if d == *day && n == *number && r > *revision)
        });
        for form in sent {
            // The first submission in log order.
            let again = forms.iter().any(|one| {
                (&one.unit, one.day, one.number) == (&said.unit, *day, *number)
                    && one.form.instrument == form.instrument
                    && one.form.version == form.version
                    && one.form.respondent == form.respondent
            });
            if !superseded && !again {
                forms.push(Counted {
                    unit: said.unit.clone(),
                    day: *day,
                    number: *number,
                    sender: said.sender.clone(),
                    form: form.clone(),
                });
            }
        }
    }
    Some(Episode {
        trust: trust.clone(),
        key,
        opened,
        ended,
        forms,
    })
}

// === §4.2 and §4.4: what waits at a close ===

impl Reference<'_> {
    /// Every contribution that waits at the close of `month`, with the month that it waits with.
    fn waiting(&self, month: Month) -> Vec<Contribution> {
        let catalogue = self.world.plan(month);
        let (episodes, codes) = (self.episodes(), self.codes());
        let entered = self.entered();
        let closed = self.closed();
        let before = self.closes.last();
        let mut waiting = Vec::new();
        for measure in catalogue.measures.values() {
            let since = self.since(measure, month);
            for mut one in self.contributions(measure, month, &episodes, &codes) {
                let trust = catalogue.organisations.trust_of(&one.unit);
                let exists = one.own <= month
                    && one.own >= since
                    && closed.is_none_or(|closed| one.own >= closed.plus(-24))
                    && trust == Some(&one.trust)
                    && !entered.contains(&one.key());
                if exists {
                    let waited = before.and_then(|close| close.waiting.get(&one.key()));
                    one.waits = waited.copied().unwrap_or(month);
                    waiting.push(one);
                }
            }
        }
        waiting
    }

    /// The first month from which the measure has been in force without a gap.
    fn since(&self, measure: &Measure, month: Month) -> Month {
        let in_force = |month: Month| self.world.plan(month).measures.contains_key(&measure.id);
        let mut since = month;
        while since > self.world.first && in_force(since.previous()) {
            since = since.previous();
        }
        since
    }

    /// What has entered a group and is remembered.
    fn entered(&self) -> BTreeSet<Key> {
        let taken = self.taken();
        let remembered = |close: &PastClose, (_, trust, identity): &Key| match identity {
            Identity::Month { person, .. } => !self.withdrew_after(*person, close.place),
            Identity::Code(_) => true,
            Identity::Episode(key) => {
                let is_of = |said: &Said| said.trust == *trust && said.episode() == Some(*key);
                let events: Vec<_> = taken.iter().filter(|(_, s)| is_of(s)).copied().collect();
                !self.withdrew_after(key.person, close.place)
                    && close.place > self.forgotten_up_to(&events)
            }
        };
        let mut entered = BTreeSet::new();
        for close in &self.closes {
            let keys = close.entered.iter().filter(|key| remembered(close, key));
            entered.extend(keys.cloned());
        }
        entered
    }

    /// Who is in rows of that year, and with which unit.
    fn in_rows(&self, year: i32) -> BTreeSet<(MeasureId, UnitId, Pseudonym)> {
        let mut in_rows = BTreeSet::new();
        for close in self.closes.iter().filter(|one| one.month.year() == year) {
            let all = close.in_rows.iter();
            let kept = all.filter(|(_, _, person)| !self.withdrew_after(*person, close.place));
            in_rows.extend(kept.cloned());
        }
        in_rows
    }

    fn withdrew_after(&self, person: Pseudonym, place: usize) -> bool {
        self.last_withdrawal(person).is_some_and(|at| at >= place)
    }

    fn contributions(
        &self,
        measure: &Measure,
        month: Month,
        episodes: &[Episode],
        codes: &[Code],
    ) -> Vec<Contribution> {
        match &measure.population {
            Population::Session(kind) => months(measure, kind, episodes),
            Population::EpisodeClosed(kind) => {
                // Who came back after a withdrawal counts from then on.
                let still = |episode: &&Episode| {
                    self.renewal(episode.key.person)
                        .is_none_or(|(_, floor)| episode.opened.0.month() >= floor)
                };
                let all = episodes.iter().filter(still);
                all.filter_map(|one| closing(measure, kind, one)).collect()
            }
            Population::Survey(kind) => {
                // The first response per code.
                let answer = |code: &Code| code.answers.first().filter(|a| a.is_a(kind)).cloned();
                let facts = |code| answer(code).map(Facts::Survey);
                let one = |code| of_code(measure, code, facts(code)?);
                codes.iter().filter_map(one).collect()
            }
            Population::Invitation => {
                let final_ = |code: &&Code| code.issued && code.month.plus(2) <= month;
                let facts = |code: &Code| Facts::Invitation(!code.answers.is_empty());
                let one = |code| of_code(measure, code, facts(code));
                codes.iter().filter(final_).filter_map(one).collect()
            }
        }
    }
}

/// One per person, unit and month: the last session that gives everything.
fn months(measure: &Measure, kind: &FormRef, episodes: &[Episode]) -> Vec<Contribution> {
    let mut groups: BTreeMap<_, Vec<(&Episode, &Counted)>> = BTreeMap::new();
    for episode in episodes {
        for form in episode.forms.iter().filter(|one| one.form.is_a(kind)) {
            let key = (
                &episode.trust,
                &form.unit,
                form.day.month(),
                episode.key.person,
            );
            groups.entry(key).or_default().push((episode, form));
        }
    }
    let mut found = Vec::new();
    for ((trust, unit, month, person), mut forms) in groups {
        forms.sort_by_key(|(episode, form)| (form.day, form.number, episode.key));
        let count = forms.len();
        let last = forms.iter().rev().find_map(|(episode, form)| {
            let facts = Facts::Session(form.form.clone(), count);
            part_and_values(measure, &facts).map(|known| (*episode, *form, known))
        });
        if let Some((episode, form, (part, values))) = last {
            found.push(Contribution {
                measure: measure.id.clone(),
                trust: trust.clone(),
                unit: unit.clone(),
                part,
                own: month,
                waits: month,
                person,
                identity: Identity::Month {
                    month,
                    unit: unit.clone(),
                    person,
                },
                placed: (form.day, form.number),
                therapist: episode.opened.1,
                senders: forms.iter().map(|(_, one)| one.sender.clone()).collect(),
                values,
            });
        }
    }
    found
}

/// One per episode, once it is closed.
fn closing(measure: &Measure, kind: &FormRef, episode: &Episode) -> Option<Contribution> {
    let (unit, day) = episode.ended.as_ref()?;
    let mut forms: Vec<&Counted> = episode.forms.iter().collect();
    forms.retain(|one| one.form.is_a(kind));
    forms.sort_by_key(|one| (one.day, one.number, &one.unit));
    let facts = Facts::Episode(forms.iter().map(|one| one.form.clone()).collect());
    let (part, values) = part_and_values(measure, &facts)?;
    Some(Contribution {
        measure: measure.id.clone(),
        trust: episode.trust.clone(),
        unit: unit.clone(),
        part,
        own: day.month(),
        waits: day.month(),
        person: episode.key.person,
        identity: Identity::Episode(episode.key),
        placed: (*day, 0),
        therapist: episode.opened.1,
        senders: forms.iter().map(|one| one.sender.clone()).collect(),
        values,
    })
}

/// One per code.
fn of_code(measure: &Measure, code: &Code, facts: Facts) -> Option<Contribution> {
    let (part, values) = part_and_values(measure, &facts)?;
    Some(Contribution {
        measure: measure.id.clone(),
        trust: code.trust.clone(),
        unit: code.unit.clone(),
        part,
        own: code.month,
        waits: code.month,
        person: code.code,
        identity: Identity::Code(code.code),
        placed: (code.month.first_day(), 0),
        therapist: None,
        senders: BTreeSet::new(),
        values,
    })
}
