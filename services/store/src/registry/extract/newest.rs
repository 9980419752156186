//! Of a form its newest revision, and of equal ones the first. Comes in: received forms in the order
//! of their keys. Goes out: those that count, in the same order. The invariants: it is the rule of the
//! view `registry_form`; no more than the forms of one episode are kept.

use std::cmp::Reverse;

use super::FormRow;

/// Lets through what counts.
pub(super) struct Newest<F> {
    /// Of the episode in hand.
    forms: Vec<FormRow>,
    give: F,
}

impl<F: FnMut(FormRow)> Newest<F> {
    /// What counts is given to `give`.
    pub(super) const fn new(give: F) -> Self {
        Self {
            forms: Vec::new(),
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
            self.forms.sort_by(|one, other| rank(one).cmp(&rank(other)));
            self.forms.dedup_by(|other, one| about(one) == about(other));
            self.forms.sort_by_key(|form| form.submission_id);
        }
        self.forms.drain(..).for_each(&mut self.give);
    }
}

/// Forms with the same key come one after the other.
const fn key(form: &FormRow) -> (&[u8; 16], &[u8; 16], u16) {
    (&form.person, &form.episode, form.partition)
}

/// Within a key, and within one instrument: what there is one form of.
fn about(form: &FormRow) -> (&str, i32, u32, &str) {
    (&form.unit, form.day, form.version, &form.respondent)
}

/// The one that counts comes first.
fn rank(form: &FormRow) -> ((&str, i32, u32, &str), Reverse<u32>, u64) {
    (about(form), Reverse(form.revision), form.log_offset)
}
