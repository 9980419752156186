//! Of a form its newest revision, and of equal ones the first. Comes in: received forms in the order
//! of their keys, of sessions only those of its newest revision. Goes out: those that count, in the same
//! order. The invariants: it is the rule of the views `registry_form` and `session_form`; no more than
//! the forms of one episode are kept.

use std::cmp::Reverse;

use super::form_row::{FormRow, FormSource};

/// Lets through what counts.
pub(super) struct NewestForms<F> {
    /// Of the episode in hand.
    forms: Vec<FormRow>,
    source: FormSource,
    give: F,
}

/// Within a key, and within one instrument: what there is one form of. The number is the session's,
/// or in the register the version's.
type FormIdentity<'a> = (&'a str, i32, u32, &'a str);

impl<F: FnMut(FormRow)> NewestForms<F> {
    /// What counts is given to `give`.
    pub(super) const fn of(source: FormSource, give: F) -> Self {
        Self {
            forms: Vec::new(),
            source,
            give,
        }
    }

    /// Takes the next form.
    pub(super) fn add(&mut self, form: FormRow) {
        if self
            .forms
            .last()
            .is_some_and(|last| key(last) != key(&form))
        {
            self.finish();
        }
        self.forms.push(form);
    }

    /// There are no more forms of the episode in hand.
    pub(super) fn finish(&mut self) {
        if self.forms.len() > 1 {
            let source = self.source;
            self.forms
                .sort_by(|one, other| rank(source, one).cmp(&rank(source, other)));
            self.forms
                .dedup_by(|other, one| about(source, one) == about(source, other));
            self.forms
                .sort_by_key(|form| (form.submission_id, form.place));
        }
        self.forms.drain(..).for_each(&mut self.give);
    }
}

/// Forms with the same key come one after the other.
const fn key(form: &FormRow) -> (&[u8; 16], &[u8; 16], u16) {
    (&form.person, &form.episode, form.partition)
}

fn about(source: FormSource, form: &FormRow) -> FormIdentity<'_> {
    let number = match source {
        FormSource::Register => form.version,
        FormSource::Sessions => form.number,
    };
    (&form.unit, form.day, number, &form.respondent)
}

/// The one that counts comes first.
fn rank(source: FormSource, form: &FormRow) -> (FormIdentity<'_>, Reverse<u32>, u64, u16) {
    let revision = Reverse(form.revision);
    (about(source, form), revision, form.log_offset, form.place)
}
