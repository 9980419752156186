//! Contributions (design §4.2–4.4). Comes in: the state of the fold at a close. Goes out: every
//! contribution that waits, with its values and with the month that it waits with. The invariant:
//! one per person, unit and month, or per episode, or per code; none that has entered a group.

mod codes;

mod first;

use hashbrown::HashMap;

use super::Fold;
use super::facts::{Facts, Lens};
use super::state::{Closed, Episode, Identity, Name, Opened, StoredForm, TrustState};
use crate::catalogue::{
    Catalogue, Condition, FormRef, Measure, Population, Value, Variable, VariableValue,
};
use crate::fixed::Fixed;
use crate::ids::{PartId, Pseudonym, TrustId, UnitId};
use crate::record::EpisodeKey;
use crate::time::{Day, Month};

/// Everything that waits at one close.
pub struct Waiting {
    pub(super) month: Month,
    /// By measure and trust.
    pub(super) pools: Vec<Pool>,
}

/// What waits of one measure in one trust: all that may ever be pooled together.
pub(super) struct Pool {
    pub(super) measure: Measure,
    pub(super) measure_name: Name,
    pub(super) trust: TrustId,
    pub(super) trust_name: Name,
    pub(super) contributions: Vec<Contribution>,
    /// Patients whose first form gives nothing and never will.
    pub(super) spent: Vec<Identity>,
}

/// What one person (or code) gives to a measure.
pub(super) struct Contribution {
    pub(super) identity: Identity,
    pub(super) unit: UnitId,
    pub(super) unit_name: Name,
    pub(super) part: Option<PartId>,
    /// The month that it waits with.
    pub(super) waits: Month,
    /// Day and number that decide which of a person's contributions is the last.
    pub(super) placed: (Day, u32),
    pub(super) therapist: Option<Pseudonym>,
    /// The credentials that sent what it reads.
    pub(super) senders: Vec<Name>,
    /// One per variable, clamped and rounded.
    pub(super) values: Vec<Fixed>,
}

impl Fold {
    /// Lists what waits at the close of `month`. `catalogue` is the one in force in that month.
    pub fn begin_close(&self, month: Month, catalogue: &Catalogue) -> Waiting {
        let mut pools = Vec::new();
        let mut trusts: Vec<_> = self.trusts.iter().collect();
        trusts.sort_by_key(|(name, _)| self.names.text(**name));
        for measure in catalogue.measures.values() {
            for &(&trust_name, trust) in &trusts {
                let gather = Gather {
                    fold: self,
                    catalogue,
                    measure,
                    month,
                    trust,
                };
                pools.extend(gather.pool(trust_name));
            }
        }
        Waiting { month, pools }
    }
}

/// Gathers the contributions to one measure in one trust.
struct Gather<'a> {
    fold: &'a Fold,
    catalogue: &'a Catalogue,
    measure: &'a Measure,
    month: Month,
    trust: &'a TrustState,
}

/// What is known of a contribution before its variables are looked at.
struct Known {
    identity: Identity,
    unit: Name,
    own: Month,
    placed: (Day, u32),
    therapist: Option<Pseudonym>,
}

impl Gather<'_> {
    fn pool(&self, trust_name: Name) -> Option<Pool> {
        let trust = self
            .fold
            .names
            .text(trust_name)
            .parse()
            .expect("interned from a TrustId");
        // A trust that the catalogue in force no longer has is for the registry only.
        self.catalogue.organisations.trusts.get::<TrustId>(&trust)?;
        let measure_name = self.fold.names.find(self.measure.id.as_str())?;
        let mut spent = Vec::new();
        let contributions = match &self.measure.population {
            Population::Session(form) | Population::Registered(form) => {
                self.months(measure_name, form)
            }
            Population::EpisodeClosed(form) | Population::RegisteredEpisode(form) => {
                self.episodes(measure_name, form)
            }
            Population::FirstRegistered(form) => {
                self.first_registered(measure_name, form, &mut spent)
            }
            Population::Survey(form) => self.surveys(measure_name, form),
            Population::Invitation => self.invitations(measure_name),
        };
        let measure = self.measure.clone();
        Some(Pool {
            measure,
            measure_name,
            trust,
            trust_name,
            contributions,
            spent,
        })
    }

    /// One per person, unit and month: the last session by date, then number; of the register the
    /// last form.
    fn months(&self, measure: Name, form: &FormRef) -> Vec<Contribution> {
        let Some(kind) = self.kind(form) else {
            return Vec::new();
        };
        let mut months: HashMap<(Name, Month, Pseudonym), Vec<Held<'_>>> = HashMap::new();
        for (key, episode) in self.known() {
            let Some(opened) = &episode.opened else {
                continue;
            };
            for form in episode.forms.iter().filter(|form| form.kind == kind) {
                let month = (form.unit, form.day.month(), key.person);
                months.entry(month).or_default().push(Held {
                    form,
                    key: *key,
                    opened,
                });
            }
        }
        let last_of =
            |((unit, month, person), mut held): ((Name, Month, Pseudonym), Vec<Held<'_>>)| {
                held.sort_by_key(|held| (held.form.day, held.form.number, held.key));
                // A session that does not give every variable gives nothing.
                let last = held
                    .iter()
                    .rfind(|one| self.gives(form, &one.facts(held.len())))?;
                let known = Known {
                    // A late contribution keeps its own month.
                    identity: Identity::Month {
                        unit,
                        month,
                        person,
                    },
                    unit,
                    own: month,
                    placed: (last.form.day, last.form.number),
                    therapist: last.opened.therapist,
                };
                let senders = held.iter().map(|held| held.form.sender).collect();
                self.contribution(measure, known, senders, (form, &last.facts(held.len())))
            };
        months.into_iter().filter_map(last_of).collect()
    }

    /// One per closed episode, from what the log says of it up to here.
    fn episodes(&self, measure: Name, form: &FormRef) -> Vec<Contribution> {
        let Some(kind) = self.kind(form) else {
            return Vec::new();
        };
        let closed = |(key, episode): (&EpisodeKey, &Episode)| {
            let (Some(opened), Some(closed)) = (&episode.opened, &episode.closed) else {
                return None;
            };
            self.episode(
                measure,
                form,
                &Course {
                    kind,
                    key,
                    episode,
                    opened,
                    closed,
                },
            )
        };
        self.known().iter().filter_map(closed).collect()
    }

    fn episode(&self, measure: Name, form: &FormRef, course: &Course<'_>) -> Option<Contribution> {
        if self.began_before_renewal(course.key, course.opened) {
            return None;
        }
        let mut forms: Vec<&StoredForm> = course
            .episode
            .forms
            .iter()
            .filter(|form| form.kind == course.kind)
            .collect();
        // An episode without such a form is none of the population, even if only forms are counted.
        if forms.is_empty() {
            return None;
        }
        // By the unit's id, not by its name: names are counted as the log brings them, so their
        // order is not the same in another partition, or after an erasure.
        forms.sort_by_key(|form| (form.day, form.number, self.fold.names.text(form.unit)));
        let key = *course.key;
        let known = Known {
            identity: match self.measure.population.is_of_register() {
                true => Identity::RegisteredEpisode(key),
                false => Identity::Episode(key),
            },
            unit: course.closed.unit,
            own: course.closed.day.month(),
            placed: (course.closed.day, 0),
            therapist: course.opened.therapist,
        };
        let senders = forms.iter().map(|form| form.sender).collect();
        self.contribution(
            measure,
            known,
            senders,
            (
                form,
                &Facts::Episode {
                    forms: &forms,
                    days: (course.opened.day, course.closed.day),
                    ending: course.closed.ending,
                },
            ),
        )
    }

    /// Who came back after a withdrawal counts with episodes from then on.
    fn began_before_renewal(&self, key: &EpisodeKey, opened: &Opened) -> bool {
        let began = opened.day.month();
        let from_register = self.measure.population.is_of_register()
            && self.fold.is_before_register_renewal(key.person, began);
        self.fold.is_before_renewal(key, began) || from_register
    }

    /// The episodes with the forms that the measure takes: those of the register or of sessions.
    fn known(&self) -> &HashMap<EpisodeKey, Episode> {
        match self.measure.population.is_of_register() {
            true => &self.trust.register,
            false => &self.trust.episodes,
        }
    }

    fn contribution(
        &self,
        measure: Name,
        known: Known,
        senders: Vec<Name>,
        (form, facts): (&FormRef, &Facts<'_>),
    ) -> Option<Contribution> {
        let lens = self.lens(form)?;
        let number = |value: &Value| facts.number(value, Some(lens));
        let values = self.values(number)?;
        let part = match &self.measure.parts {
            None => None,
            Some(parts) if hold(&parts.when, number)? => Some(parts.then.clone()),
            Some(parts) => Some(parts.otherwise.clone()),
        };
        self.finish(measure, known, senders, (part, values))
    }

    /// Says with which month it waits; `None` if it does not wait at all.
    fn finish(
        &self,
        measure: Name,
        known: Known,
        mut senders: Vec<Name>,
        (part, values): (Option<PartId>, Vec<Fixed>),
    ) -> Option<Contribution> {
        let since = *self.fold.since.get(&measure)?;
        let too_early = known.own > self.month;
        let before_all = known.own < since;
        let too_old = self.fold.is_forgotten(known.own);
        let registry_only = before_all || too_old;
        let identity = (measure, known.identity);
        if too_early || registry_only || self.trust.entered.contains(&identity) {
            return None;
        }
        let unit: UnitId = self
            .fold
            .names
            .text(known.unit)
            .parse()
            .expect("interned from a UnitId");
        self.catalogue.organisations.units.get(&unit)?;
        senders.sort_unstable();
        senders.dedup();
        Some(Contribution {
            identity: known.identity,
            unit,
            unit_name: known.unit,
            part,
            waits: self.waits_with(&identity),
            placed: known.placed,
            therapist: known.therapist,
            senders,
            values,
        })
    }

    /// The present month, unless it has waited through a close already.
    fn waits_with(&self, identity: &(Name, Identity)) -> Month {
        let since = self.trust.waits.get(identity).copied();
        since.unwrap_or(self.month)
    }

    fn gives(&self, form: &FormRef, facts: &Facts<'_>) -> bool {
        let lens = self.lens(form);
        self.values(|value| facts.number(value, lens)).is_some()
    }

    /// All variables, clamped and rounded; `None` unless every one is there.
    fn values(&self, number: impl Fn(&Value) -> Option<Fixed>) -> Option<Vec<Fixed>> {
        let value = |variable: &Variable| {
            let value = match &variable.value {
                VariableValue::Number(value) => number(value)?,
                VariableValue::Flag(conditions) if hold(conditions, &number)? => Fixed::ONE,
                VariableValue::Flag(_) => Fixed::ZERO,
            };
            Some(
                value
                    .clamp(variable.min, variable.max)
                    .round_to(variable.grain),
            )
        };
        self.measure.variables.iter().map(value).collect()
    }

    fn kind(&self, form: &FormRef) -> Option<Name> {
        self.fold
            .names
            .find_form(form.instrument.as_str(), form.version, form.respondent)
    }

    fn lens(&self, form: &FormRef) -> Option<Lens<'_>> {
        let instrument = self
            .catalogue
            .instrument(form.instrument.as_str(), form.version)?;
        Some(Lens {
            instrument,
            respondent: form.respondent,
        })
    }
}

/// A form that counts, with the episode that it belongs to.
#[derive(Clone, Copy)]
struct Held<'a> {
    form: &'a StoredForm,
    key: EpisodeKey,
    opened: &'a Opened,
}

impl<'a> Held<'a> {
    fn facts(&self, forms: usize) -> Facts<'a> {
        Facts::Form {
            form: self.form,
            forms,
        }
    }
}

/// An episode that was opened and closed.
struct Course<'a> {
    kind: Name,
    key: &'a EpisodeKey,
    episode: &'a Episode,
    opened: &'a Opened,
    closed: &'a Closed,
}

/// `None` where a number is not known.
fn hold(conditions: &[Condition], number: impl Fn(&Value) -> Option<Fixed>) -> Option<bool> {
    let mut all = true;
    for condition in conditions {
        all &= condition.test.holds(number(&condition.value)?);
    }
    Some(all)
}
