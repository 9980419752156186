//! What has been sent up to some place in the log, and what each measure makes of it at a close.
//! Comes in: events. Goes out: contributions with their values, as the catalogue's texts say.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{Contribution, Identity};
use crate::clinic::{Body, Day, Event, Forms, Session, Story};

/// One, in millionths.
const ONE: i64 = 1_000_000;
/// How long what happened before the last close still counts, in months.
const MEMORY: i32 = 24;

/// What was sent of an episode's sessions, and by whom, by unit, day and number.
type Sent = BTreeMap<(usize, Day, u32), Vec<(u32, Session)>>;

pub(super) struct Heard<'a> {
    story: &'a Story,
    /// The first month not closed.
    pub(super) present: i32,
    last_closed: Option<i32>,
    /// Opener and therapist.
    opened: HashMap<usize, (u32, Option<u32>)>,
    ended: HashMap<usize, (usize, Day)>,
    /// By episode.
    sessions: BTreeMap<usize, Sent>,
    /// The sessions of each episode that count, as of the last close,
    counting: BTreeMap<usize, Vec<Counting>>,
    /// but for these, of which something was heard since.
    stale: BTreeSet<usize>,
    codes: BTreeMap<usize, Code>,
    withdrawn: BTreeSet<u32>,
}

struct Code {
    unit: usize,
    month: i32,
    issued: bool,
    marks: Option<[i64; 3]>,
}

/// A session that counts.
struct Counting {
    unit: usize,
    day: Day,
    number: u32,
    sender: [Option<u32>; 3],
    forms: Forms,
}

impl<'a> Heard<'a> {
    pub(super) fn new(story: &'a Story) -> Self {
        Self {
            story,
            present: story.first,
            last_closed: None,
            opened: HashMap::new(),
            ended: HashMap::new(),
            sessions: BTreeMap::new(),
            counting: BTreeMap::new(),
            stale: BTreeSet::new(),
            codes: BTreeMap::new(),
            withdrawn: BTreeSet::new(),
        }
    }

    pub(super) fn closed(&mut self, month: i32) {
        self.present = month + 1;
        self.last_closed = Some(month);
    }

    pub(super) fn hear(&mut self, event: &Event) {
        if self
            .story
            .person(event)
            .is_some_and(|person| self.withdrawn.contains(&person))
        {
            return;
        }
        match &event.body {
            Body::Open {
                episode, therapist, ..
            } => {
                self.stale.insert(*episode);
                self.opened
                    .entry(*episode)
                    .or_insert((event.sender, *therapist));
            }
            Body::Session(session) => {
                self.stale.insert(session.episode);
                let key = (event.unit, session.day, session.number);
                let of_episode = self.sessions.entry(session.episode).or_default();
                of_episode
                    .entry(key)
                    .or_default()
                    .push((event.sender, session.clone()));
            }
            Body::End { episode, day } => {
                self.ended.entry(*episode).or_insert((event.unit, *day));
            }
            Body::Issue { code, month } => {
                if let Some(code) = self.code(*code, event.unit, *month) {
                    code.issued = true;
                }
            }
            Body::Answer { code, month, marks } => {
                if let Some(code) = self.code(*code, event.unit, *month) {
                    code.marks = code.marks.or(Some(*marks));
                }
            }
            Body::Withdraw { person } => {
                self.withdrawn.insert(*person);
                let patients = &self.story.patients;
                let stays = |episode: &usize| patients[*episode] != *person;
                self.sessions.retain(|episode, _| stays(episode));
                self.counting.retain(|episode, _| stays(episode));
                self.ended.retain(|episode, _| stays(episode));
            }
            Body::Close { .. } => {}
        }
    }

    fn code(&mut self, code: usize, unit: usize, month: i32) -> Option<&mut Code> {
        let fresh = || Code {
            unit,
            month,
            issued: false,
            marks: None,
        };
        (self.present <= month + 2).then(|| self.codes.entry(code).or_insert_with(fresh))
    }

    /// The sessions of an episode that count, by day, number and unit.
    fn count(&self, episode: usize) -> Vec<Counting> {
        let Some((opener, _)) = self.opened.get(&episode) else {
            return Vec::new();
        };
        let mut counting = Vec::new();
        for ((unit, day, number), sent) in self.sessions.get(&episode).into_iter().flatten() {
            let honest = || sent.iter().filter(|(sender, _)| sender != opener);
            let Some(highest) = honest().map(|(_, session)| session.revision).max() else {
                continue;
            };
            let (mut forms, mut sender) = (Forms::default(), [None; 3]);
            for (by, session) in honest().filter(|(_, session)| session.revision == highest) {
                let fields = [&mut forms.srs, &mut forms.ors, &mut forms.bdi];
                let sent = [session.forms.srs, session.forms.ors, session.forms.bdi];
                for (place, (field, sent)) in fields.into_iter().zip(sent).enumerate() {
                    if field.is_none() && sent.is_some() {
                        (*field, sender[place]) = (sent, Some(*by));
                    }
                }
            }
            counting.push(Counting {
                unit: *unit,
                day: *day,
                number: *number,
                sender,
                forms,
            });
        }
        counting.sort_by_key(|one| (one.day, one.number, one.unit));
        counting
    }

    /// All contributions that there are at the close of `month`, entered or not.
    pub(super) fn contributions(&mut self, month: i32) -> Vec<(Contribution, Vec<i64>)> {
        for episode in std::mem::take(&mut self.stale) {
            self.counting.insert(episode, self.count(episode));
        }
        let mut all = Vec::new();
        self.alliance(&mut all);
        for (episode, (unit, day)) in &self.ended {
            all.extend(self.outcome(*episode, *unit, *day));
            all.extend(self.depression(*episode, *unit, *day));
        }
        for (code, known) in &self.codes {
            all.extend(self.survey(*code, known, month));
        }
        let oldest = self.last_closed.map_or(i32::MIN, |closed| closed - MEMORY);
        all.retain(|(one, _)| {
            let own = own_month(one);
            own <= month && own >= self.story.first && own >= oldest
        });
        all.sort_by_key(|(one, _)| (one.measure, one.identity));
        all
    }

    /// `fit.alliance`: the last session of each person, unit and month.
    fn alliance(&self, all: &mut Vec<(Contribution, Vec<i64>)>) {
        type Of = Vec<(Day, u32, usize, i64, u32)>;
        let mut months: BTreeMap<(usize, i32, u32), Of> = BTreeMap::new();
        for (episode, counting) in &self.counting {
            let person = self.story.patients[*episode];
            for one in counting {
                if let (Some(srs), Some(sender)) = (one.forms.srs, one.sender[0]) {
                    let of = months
                        .entry((one.unit, one.day.month(), person))
                        .or_default();
                    of.push((one.day, one.number, *episode, srs, sender));
                }
            }
        }
        for ((unit, month, person), mut of) in months {
            of.sort_unstable();
            let (day, number, episode, srs, _) = of[of.len() - 1];
            let values = vec![srs * ONE / 10, flag(srs < 360), of.len() as i64 * ONE];
            let contribution = Contribution {
                measure: "fit.alliance",
                identity: Identity::Month {
                    unit,
                    month,
                    person,
                },
                counted: person,
                patient: person,
                unit,
                part: "",
                waits: month,
                placed: (day, number),
                therapist: self.opened[&episode].1,
                senders: of.iter().map(|one| one.4).collect(),
            };
            all.push((contribution, values));
        }
    }

    /// `fit.outcome`: first score and change of an ended episode.
    fn outcome(&self, episode: usize, unit: usize, day: Day) -> Option<(Contribution, Vec<i64>)> {
        let counting = self.counting.get(&episode)?;
        let scores = counting.iter().filter_map(|one| one.forms.ors);
        let scores: Vec<i64> = scores.collect();
        let (first, last) = (*scores.first()?, *scores.get(1..)?.last()?);
        let improved = last - first >= 50;
        let values = vec![
            first * ONE / 10,
            (last - first) * ONE / 10,
            flag(improved),
            flag(improved && last >= 250),
            scores.len() as i64 * ONE,
        ];
        let part = if first < 250 {
            "clinical"
        } else {
            "not-clinical"
        };
        let senders = counting.iter().filter_map(|one| one.sender[1]).collect();
        Some((
            self.of_episode("fit.outcome", (episode, unit, day), part, senders),
            values,
        ))
    }

    /// `bdi.outcome`: the same of the depression total.
    fn depression(
        &self,
        episode: usize,
        unit: usize,
        day: Day,
    ) -> Option<(Contribution, Vec<i64>)> {
        let counting = self.counting.get(&episode)?;
        let scores: Vec<i64> = counting.iter().filter_map(|one| one.forms.bdi).collect();
        let (first, last) = (*scores.first()?, *scores.get(1..)?.last()?);
        let values = vec![
            first * ONE,
            (last - first) * ONE,
            flag(last - first <= -9),
            scores.len() as i64 * ONE,
        ];
        let senders = counting.iter().filter_map(|one| one.sender[2]).collect();
        Some((
            self.of_episode("bdi.outcome", (episode, unit, day), "", senders),
            values,
        ))
    }

    fn of_episode(
        &self,
        measure: &'static str,
        (episode, unit, day): (usize, usize, Day),
        part: &'static str,
        senders: BTreeSet<u32>,
    ) -> Contribution {
        let person = self.story.patients[episode];
        Contribution {
            measure,
            identity: Identity::Episode(person, episode),
            counted: person,
            patient: person,
            unit,
            part,
            waits: day.month(),
            placed: (day, 0),
            therapist: self.opened[&episode].1,
            senders,
        }
    }

    /// `kem.experience` of an answered code, and `kem.response` of an expired one.
    fn survey(&self, code: usize, known: &Code, month: i32) -> Vec<(Contribution, Vec<i64>)> {
        let contribution = |measure| Contribution {
            measure,
            identity: Identity::Code(code),
            counted: code as u32,
            patient: self.story.holders[code],
            unit: known.unit,
            part: "",
            waits: known.month,
            placed: (Day::new(known.month, 1), 0),
            therapist: None,
            senders: BTreeSet::new(),
        };
        let mut given = Vec::new();
        if let Some(marks) = known.marks {
            let index = marks.map(|mark| (mark - 1) * 25 * ONE);
            given.push((contribution("kem.experience"), index.to_vec()));
        }
        if known.issued && known.month + 2 <= month {
            let answered = vec![flag(known.marks.is_some())];
            given.push((contribution("kem.response"), answered));
        }
        given
    }
}

fn flag(holds: bool) -> i64 {
    if holds { ONE } else { 0 }
}

/// The month that a contribution is of; `waits` still has it here.
fn own_month(one: &Contribution) -> i32 {
    one.waits
}
