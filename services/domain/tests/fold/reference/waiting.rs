//! §4.2 and §4.4 of the reference: what waits at a close. Comes in: what the log says. Goes out:
//! contributions that have not entered a group, each with the month that it waits with.

use std::collections::{BTreeMap, BTreeSet};

use medvirk_domain::catalogue::{FormRef, Measure, Population};
use medvirk_domain::ids::{MeasureId, Pseudonym, UnitId};
use medvirk_domain::time::Month;

use super::register::Register;
use super::values::{Facts, part_and_values};
use super::{Code, Contribution, Counted, Episode, Identity, Key, PastClose, Reference, Said};

impl Reference<'_> {
    /// Every contribution that waits at the close of `month`, with the month that it waits with.
    pub(super) fn waiting(&self, month: Month) -> Vec<Contribution> {
        let catalogue = self.world.plan(month);
        let (episodes, register, codes) = (self.episodes(), self.register(), self.codes());
        let entered = self.entered(&register);
        let closed = self.closed();
        let before = self.closes.last();
        let mut waiting = Vec::new();
        for measure in catalogue.measures.values() {
            let since = self.since(measure, month);
            let episodes = if measure.population.is_of_register() {
                &register.episodes
            } else {
                &episodes
            };
            for mut one in self.contributions(measure, month, episodes, &codes) {
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

    /// Patients of whom a first form is known and does not wait: it has entered, or it never
    /// counts, and then no other one is their first.
    pub(super) fn spent(&self, month: Month, waiting: &[Contribution]) -> Vec<Key> {
        let register = self.register();
        let mut spent = BTreeSet::new();
        for measure in self.world.plan(month).measures.values() {
            let Population::FirstRegistered(kind) = &measure.population else {
                continue;
            };
            for episode in &register.episodes {
                let is_first = |one: &Counted| one.form.is_a(kind) && one.day.month() <= month;
                if self.counts_still(measure, episode) && episode.forms.iter().any(is_first) {
                    let person = Identity::Person(episode.key.person);
                    spent.insert((measure.id.clone(), episode.trust.clone(), person));
                }
            }
        }
        let waits: BTreeSet<Key> = waiting.iter().map(Contribution::key).collect();
        spent.difference(&waits).cloned().collect()
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
    fn entered(&self, register: &Register) -> BTreeSet<Key> {
        let taken = self.taken();
        let remembered = |close: &PastClose, (measure, trust, identity): &Key| match identity {
            Identity::Month { person, .. } => !self.withdrew_after(measure, *person, close),
            Identity::Code(_) => true,
            Identity::Person(person) => {
                !self.withdrew_after(measure, *person, close)
                    && register.knows(trust, *person, &self.closes_from(close))
            }
            Identity::RegisteredEpisode(key) => {
                let known = register.known.get(&(trust.clone(), *key));
                let closes = self.closes_from(close);
                !self.withdrew_after(measure, key.person, close)
                    && known.is_some_and(|known| closes.iter().all(|one| known.contains(one)))
            }
            Identity::Episode(key) => {
                let is_of = |said: &Said| {
                    said.trust == *trust && said.episode() == Some(*key) && !said.is_of_register()
                };
                let events: Vec<_> = taken.iter().filter(|(_, s)| is_of(s)).copied().collect();
                !self.withdrew_after(measure, key.person, close)
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
    pub(super) fn in_rows(&self, year: i32) -> BTreeSet<(MeasureId, UnitId, Pseudonym)> {
        let mut in_rows = BTreeSet::new();
        for close in self.closes.iter().filter(|one| one.month.year() == year) {
            let all = close.in_rows.iter();
            let kept =
                all.filter(|(measure, _, person)| !self.withdrew_after(measure, *person, close));
            in_rows.extend(kept.cloned());
        }
        in_rows
    }

    /// From what the measure reads.
    fn withdrew_after(&self, measure: &MeasureId, person: Pseudonym, close: &PastClose) -> bool {
        let measure = &self.world.plan(close.month).measures[measure];
        let withdrawal = self.last_withdrawal(person, measure.population.is_of_register());
        withdrawal.is_some_and(|at| at >= close.place)
    }

    /// The places of this close and of all later ones.
    fn closes_from(&self, close: &PastClose) -> Vec<usize> {
        let places = self.closes.iter().map(|one| one.place);
        places.filter(|place| *place >= close.place).collect()
    }

    fn contributions(
        &self,
        measure: &Measure,
        month: Month,
        episodes: &[Episode],
        codes: &[Code],
    ) -> Vec<Contribution> {
        match &measure.population {
            Population::Session(kind) | Population::Registered(kind) => {
                months(measure, kind, episodes)
            }
            Population::EpisodeClosed(kind) | Population::RegisteredEpisode(kind) => {
                let all = episodes
                    .iter()
                    .filter(|one| self.counts_still(measure, one));
                all.filter_map(|one| closing(measure, kind, one)).collect()
            }
            Population::FirstRegistered(kind) => {
                let all = episodes
                    .iter()
                    .filter(|one| self.counts_still(measure, one));
                firsts(measure, kind, all)
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

impl Reference<'_> {
    /// Who came back after a withdrawal counts from then on.
    fn counts_still(&self, measure: &Measure, episode: &Episode) -> bool {
        self.renewal(episode.key.person, measure.population.is_of_register())
            .is_none_or(|(_, floor)| episode.opened.0.month() >= floor)
    }
}

/// One per person: the first form, whatever it gives.
fn firsts<'a>(
    measure: &Measure,
    kind: &FormRef,
    episodes: impl Iterator<Item = &'a Episode>,
) -> Vec<Contribution> {
    let mut groups: BTreeMap<_, Vec<(&Episode, &Counted)>> = BTreeMap::new();
    for episode in episodes {
        for form in episode.forms.iter().filter(|one| one.form.is_a(kind)) {
            let key = (&episode.trust, episode.key.person);
            groups.entry(key).or_default().push((episode, form));
        }
    }
    let mut found = Vec::new();
    for ((trust, person), mut forms) in groups {
        forms.sort_by_key(|(episode, form)| (form.day, &form.unit, episode.key));
        let (episode, form) = forms[0];
        let facts = Facts::Survey(form.form.clone());
        if let Some((part, values)) = part_and_values(measure, &facts) {
            found.push(Contribution {
                measure: measure.id.clone(),
                trust: trust.clone(),
                unit: form.unit.clone(),
                part,
                own: form.day.month(),
                waits: form.day.month(),
                person,
                identity: Identity::Person(person),
                placed: (form.day, form.number),
                therapist: episode.opened.1,
                senders: [form.sender.clone()].into(),
                values,
            });
        }
    }
    found
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
    let (unit, day, how) = episode.ended.as_ref()?;
    let mut forms: Vec<&Counted> = episode.forms.iter().collect();
    forms.retain(|one| one.form.is_a(kind));
    forms.sort_by_key(|one| (one.day, one.number, &one.unit));
    let filled = forms.iter().map(|one| (one.day, one.form.clone()));
    let facts = Facts::Episode(filled.collect(), (episode.opened.0, *day), *how);
    let (part, values) = part_and_values(measure, &facts)?;
    Some(Contribution {
        measure: measure.id.clone(),
        trust: episode.trust.clone(),
        unit: unit.clone(),
        part,
        own: day.month(),
        waits: day.month(),
        person: episode.key.person,
        identity: if measure.population.is_of_register() {
            Identity::RegisteredEpisode(episode.key)
        } else {
            Identity::Episode(episode.key)
        },
        placed: (*day, 0),
        therapist: episode.opened.1,
        senders: forms.iter().map(|one| one.sender.clone()).collect(),
        values,
    })
}

/// The contribution of one survey code.
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
