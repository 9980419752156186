//! Contributions of patients by the first form of the register. Comes in: all episodes of a trust.
//! Goes out: one contribution per patient. The invariant: no later form is ever somebody's first.

use hashbrown::HashMap;

use super::builder::{ContributionBuilder, ContributionOrigin, CountedForm};
use crate::catalogue::FormRef;
use crate::fold::state::{ContributionIdentity, InternedName};
use crate::fold::waiting::Contribution;
use crate::ids::Pseudonym;

impl ContributionBuilder<'_> {
    /// One per patient: the first form by date, over all episodes; what it does not give a later
    /// one does not give either, not even when the first one's episode is forgotten.
    pub(super) fn first_registered(
        &self,
        measure: InternedName,
        form: &FormRef,
        spent: &mut Vec<ContributionIdentity>,
    ) -> Vec<Contribution> {
        let Some(kind) = self.kind(form) else {
            return Vec::new();
        };
        let mut firsts: HashMap<Pseudonym, CountedForm<'_>> = HashMap::new();
        for (key, episode) in self.known() {
            let Some(opened) = &episode.opened else {
                continue;
            };
            if self.began_before_renewal(key, opened) {
                continue;
            }
            for form in episode.forms.iter().filter(|form| form.kind == kind) {
                let held = CountedForm {
                    form,
                    key: *key,
                    opened,
                };
                firsts
                    .entry(key.person)
                    .and_modify(|first| {
                        if self.comes_first(&held, first) {
                            *first = held;
                        }
                    })
                    .or_insert(held);
            }
        }
        let first_of = |(person, first): (Pseudonym, CountedForm<'_>)| {
            let origin = ContributionOrigin {
                identity: ContributionIdentity::Person(person),
                unit: first.form.unit,
                own: first.form.day.month(),
                placed: (first.form.day, first.form.number),
                therapist: first.opened.therapist,
                senders: vec![first.form.sender],
            };
            let (identity, own) = (origin.identity, origin.own);
            let given = self.contribution(measure, origin, form, &first.facts(1));
            if given.is_none() && own <= self.month {
                spent.push(identity);
            }
            given
        };
        firsts.into_iter().filter_map(first_of).collect()
    }

    /// By date; what the calendar does not decide, the unit's id and the episode do.
    fn comes_first(&self, one: &CountedForm<'_>, other: &CountedForm<'_>) -> bool {
        let place = |held: &CountedForm<'_>| {
            (
                held.form.day,
                self.fold.names.text(held.form.unit),
                held.key,
            )
        };
        place(one) < place(other)
    }
}
