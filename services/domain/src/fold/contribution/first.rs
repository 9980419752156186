//! Contributions of patients by the first form of the register. Comes in: all episodes of a trust.
//! Goes out: one contribution per patient. The invariant: no later form is ever somebody's first.

use hashbrown::HashMap;

use super::{Contribution, Gather, Held, Known};
use crate::catalogue::FormRef;
use crate::fold::state::{Identity, Name};
use crate::ids::Pseudonym;

impl Gather<'_> {
    /// One per patient: the first form by date, over all episodes; what it does not give a later
    /// one does not give either, not even when the first one's episode is forgotten.
    pub(super) fn first_registered(
        &self,
        measure: Name,
        form: &FormRef,
        spent: &mut Vec<Identity>,
    ) -> Vec<Contribution> {
        let Some(kind) = self.kind(form) else {
            return Vec::new();
        };
        let mut firsts: HashMap<Pseudonym, Held<'_>> = HashMap::new();
        for (key, episode) in self.known() {
            let Some(opened) = &episode.opened else {
                continue;
            };
            if self.began_before_renewal(key, opened) {
                continue;
            }
            for form in episode.forms.iter().filter(|form| form.kind == kind) {
                let held = Held {
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
        let first_of = |(person, first): (Pseudonym, Held<'_>)| {
            let known = Known {
                identity: Identity::Person(person),
                unit: first.form.unit,
                own: first.form.day.month(),
                placed: (first.form.day, first.form.number),
                therapist: first.opened.therapist,
            };
            let (identity, own) = (known.identity, known.own);
            let senders = vec![first.form.sender];
            let given = self.contribution(measure, known, senders, (form, &first.facts(1)));
            if given.is_none() && own <= self.month {
                spent.push(identity);
            }
            given
        };
        firsts.into_iter().filter_map(first_of).collect()
    }

    /// By date; what the calendar does not decide, the unit's id and the episode do.
    fn comes_first(&self, one: &Held<'_>, other: &Held<'_>) -> bool {
        let place = |held: &Held<'_>| {
            (
                held.form.day,
                self.fold.names.text(held.form.unit),
                held.key,
            )
        };
        place(one) < place(other)
    }
}
