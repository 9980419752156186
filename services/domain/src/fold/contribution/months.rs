//! Contributions by the month: of sessions, and of forms of the register. Comes in: the episodes of a
//! trust. Goes out: one contribution per person, unit and month.

use hashbrown::HashMap;

use super::builder::{ContributionBuilder, ContributionOrigin, CountedForm};
use crate::catalogue::FormRef;
use crate::fold::state::{ContributionIdentity, InternedName};
use crate::fold::waiting::Contribution;
use crate::ids::Pseudonym;
use crate::time::Month;

impl ContributionBuilder<'_> {
    /// One per person, unit and month: the last session by date, then number; of the register the
    /// last form.
    pub(super) fn months(&self, measure: InternedName, form: &FormRef) -> Vec<Contribution> {
        let Some(kind) = self.kind(form) else {
            return Vec::new();
        };
        let mut months: HashMap<PersonMonth, Vec<CountedForm<'_>>> = HashMap::new();
        for (key, episode) in self.known() {
            let Some(opened) = &episode.opened else {
                continue;
            };
            for form in episode.forms.iter().filter(|form| form.kind == kind) {
                let month = PersonMonth {
                    unit: form.unit,
                    month: form.day.month(),
                    person: key.person,
                };
                months.entry(month).or_default().push(CountedForm {
                    form,
                    key: *key,
                    opened,
                });
            }
        }
        let months = months.into_iter();
        months
            .filter_map(|(month, forms)| self.last_of_month(measure, form, month, forms))
            .collect()
    }

    fn last_of_month(
        &self,
        measure: InternedName,
        form: &FormRef,
        of: PersonMonth,
        mut forms: Vec<CountedForm<'_>>,
    ) -> Option<Contribution> {
        let PersonMonth {
            unit,
            month,
            person,
        } = of;
        forms.sort_by_key(|one| (one.form.day, one.form.number, one.key));
        // A session that does not give every variable gives nothing.
        let last = forms
            .iter()
            .rfind(|one| self.gives(form, &one.facts(forms.len())))?;
        let origin = ContributionOrigin {
            // A late contribution keeps its own month.
            identity: ContributionIdentity::Month {
                unit,
                month,
                person,
            },
            unit,
            own: month,
            placed: (last.form.day, last.form.number),
            therapist: last.opened.therapist,
            senders: forms.iter().map(|one| one.form.sender).collect(),
        };
        self.contribution(measure, origin, form, &last.facts(forms.len()))
    }
}

/// A person's month at a unit.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct PersonMonth {
    unit: InternedName,
    month: Month,
    person: Pseudonym,
}
