//! Building one contribution. Comes in: who it is of and what is known of it. Goes out: its values,
//! its part and the month that it waits with; nothing where it does not wait. The invariant: what
//! has entered a group, is too old, or is of a month before its measure, never waits again.

use hashbrown::HashMap;

use crate::catalogue::{
    Catalogue, Condition, FormRef, Measure, MemberValue, Variable, VariableValue,
};
use crate::fixed::FixedPoint;
use crate::fold::partition_fold::Fold;
use crate::fold::state::{
    ContributionIdentity, EpisodeOpening, EpisodeState, InternedName, StoredForm, TrustState,
};
use crate::fold::waiting::Contribution;
use crate::ids::{PartId, Pseudonym, UnitId};
use crate::record::EpisodeKey;
use crate::time::{Day, Month};

use super::facts::{InstrumentLens, MemberFacts};

/// Builds the contributions to one measure in one trust.
pub(super) struct ContributionBuilder<'a> {
    pub(super) fold: &'a Fold,
    pub(super) catalogue: &'a Catalogue,
    pub(super) measure: &'a Measure,
    pub(super) month: Month,
    pub(super) trust: &'a TrustState,
}

/// What is known of a contribution before its variables are looked at.
pub(super) struct ContributionOrigin {
    pub(super) identity: ContributionIdentity,
    pub(super) unit: InternedName,
    pub(super) own: Month,
    pub(super) placed: (Day, u32),
    pub(super) therapist: Option<Pseudonym>,
    /// Who sent what it reads; one may be there twice.
    pub(super) senders: Vec<InternedName>,
}

impl ContributionBuilder<'_> {
    /// Who came back after a withdrawal counts with episodes from then on.
    pub(super) fn began_before_renewal(&self, key: &EpisodeKey, opened: &EpisodeOpening) -> bool {
        let began = opened.day.month();
        let from_register = self.measure.population.is_of_register()
            && self.fold.is_before_register_renewal(key.person, began);
        self.fold.is_before_renewal(key, began) || from_register
    }

    /// The episodes with the forms that the measure takes: those of the register or of sessions.
    pub(super) fn known(&self) -> &HashMap<EpisodeKey, EpisodeState> {
        if self.measure.population.is_of_register() {
            &self.trust.register
        } else {
            &self.trust.episodes
        }
    }

    /// A contribution of a form, or of all forms of an episode.
    pub(super) fn contribution(
        &self,
        measure: InternedName,
        origin: ContributionOrigin,
        form: &FormRef,
        facts: &MemberFacts<'_>,
    ) -> Option<Contribution> {
        let lens = self.lens(form)?;
        let number = |value: &MemberValue| facts.number(value, Some(lens));
        let values = self.values(number)?;
        let part = match &self.measure.parts {
            None => None,
            Some(parts) if hold(&parts.when, number)? => Some(parts.then.clone()),
            Some(parts) => Some(parts.otherwise.clone()),
        };
        self.finish(measure, origin, part, values)
    }

    /// Says with which month it waits; `None` if it does not wait at all.
    pub(super) fn finish(
        &self,
        measure: InternedName,
        origin: ContributionOrigin,
        part: Option<PartId>,
        values: Vec<FixedPoint>,
    ) -> Option<Contribution> {
        let since = *self.fold.since.get(&measure)?;
        let too_early = origin.own > self.month;
        let before_all = origin.own < since;
        let too_old = self.fold.is_forgotten(origin.own);
        let registry_only = before_all || too_old;
        let identity = (measure, origin.identity);
        if too_early || registry_only || self.trust.entered.contains(&identity) {
            return None;
        }
        let unit: UnitId = self
            .fold
            .names
            .text(origin.unit)
            .parse()
            .expect("interned from a UnitId");
        self.catalogue.organisations.units.get(&unit)?;
        let mut senders = origin.senders;
        senders.sort_unstable();
        senders.dedup();
        Some(Contribution {
            identity: origin.identity,
            unit,
            unit_name: origin.unit,
            part,
            waits: self.waits_with(&identity),
            placed: origin.placed,
            therapist: origin.therapist,
            senders,
            values,
        })
    }

    /// The present month, unless it has waited through a close already.
    fn waits_with(&self, identity: &(InternedName, ContributionIdentity)) -> Month {
        let since = self.trust.waits.get(identity).copied();
        since.unwrap_or(self.month)
    }

    pub(super) fn gives(&self, form: &FormRef, facts: &MemberFacts<'_>) -> bool {
        let lens = self.lens(form);
        self.values(|value| facts.number(value, lens)).is_some()
    }

    /// All variables, clamped and rounded; `None` unless every one is there.
    pub(super) fn values(
        &self,
        number: impl Fn(&MemberValue) -> Option<FixedPoint>,
    ) -> Option<Vec<FixedPoint>> {
        let value = |variable: &Variable| {
            let value = match &variable.value {
                VariableValue::Number(value) => number(value)?,
                VariableValue::Flag(conditions) if hold(conditions, &number)? => FixedPoint::ONE,
                VariableValue::Flag(_) => FixedPoint::ZERO,
            };
            Some(
                value
                    .clamp(variable.min, variable.max)
                    .round_to(variable.grain),
            )
        };
        self.measure.variables.iter().map(value).collect()
    }

    pub(super) fn kind(&self, form: &FormRef) -> Option<InternedName> {
        self.fold
            .names
            .find_form(form.instrument.as_str(), form.version, form.respondent)
    }

    fn lens(&self, form: &FormRef) -> Option<InstrumentLens<'_>> {
        let instrument = self
            .catalogue
            .instrument(form.instrument.as_str(), form.version)?;
        Some(InstrumentLens {
            instrument,
            respondent: form.respondent,
        })
    }
}

/// A form that counts, with the episode that it belongs to.
#[derive(Clone, Copy)]
pub(super) struct CountedForm<'a> {
    pub(super) form: &'a StoredForm,
    pub(super) key: EpisodeKey,
    pub(super) opened: &'a EpisodeOpening,
}

impl<'a> CountedForm<'a> {
    pub(super) fn facts(&self, forms: usize) -> MemberFacts<'a> {
        MemberFacts::Form {
            form: self.form,
            forms,
        }
    }
}

/// `None` where a number is not known.
fn hold(
    conditions: &[Condition],
    number: impl Fn(&MemberValue) -> Option<FixedPoint>,
) -> Option<bool> {
    let mut all = true;
    for condition in conditions {
        all &= condition.test.holds(number(&condition.value)?);
    }
    Some(all)
}
