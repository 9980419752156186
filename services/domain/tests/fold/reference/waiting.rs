//! §4.2 and §4.4 of the reference: what waits at a close. Comes in: what the log says. Goes out:
//! contributions that have not entered a group, each with the month that it waits with.

use std::collections::{BTreeMap, BTreeSet};

use medvirk_domain::catalogue::{FormRef, Measure, Population};
use medvirk_domain::ids::{MeasureId, Pseudonym, UnitId};
use medvirk_domain::time::Month;

use super::values::{Facts, part_and_values};
use super::{Code, Contribution, Counted, Episode, Identity, Key, PastClose, Reference, Said};

impl Reference<'_> {
    /// Every contribution that waits at the close of `month`, with the month that it waits with.
    pub(super) fn waiting(&self, month: Month) -> Vec<Contribution> {
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
    pub(super) fn in_rows(&self, year: i32) -> BTreeSet<(MeasureId, UnitId, Pseudonym)> {
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
