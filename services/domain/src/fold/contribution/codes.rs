//! Contributions of survey codes. Comes in: the codes of a trust. Goes out: one contribution per
//! answered code, and one per code that has expired. The invariant: nothing but the code is known.

use super::{Contribution, Gather, Known};
use crate::catalogue::FormRef;
use crate::fold::CODE_MONTHS;
use crate::fold::facts::Facts;
use crate::fold::state::{Code, Identity, Name};
use crate::ids::Pseudonym;

impl Gather<'_> {
    /// One per answered code.
    pub(super) fn surveys(&self, measure: Name, form: &FormRef) -> Vec<Contribution> {
        let Some(kind) = self.kind(form) else {
            return Vec::new();
        };
        let answered = |(code, known): (&Pseudonym, &Code)| {
            let answer = known.answer.as_ref().filter(|answer| answer.kind == kind)?;
            let facts = Facts::Form {
                form: answer,
                forms: 1,
            };
            self.contribution(measure, known.known(*code), Vec::new(), (form, &facts))
        };
        self.trust.codes.iter().filter_map(answered).collect()
    }

    /// One per code that expires with this close or has expired before.
    pub(super) fn invitations(&self, measure: Name) -> Vec<Contribution> {
        let expired = |(code, known): (&Pseudonym, &Code)| {
            let open = known.month.plus(CODE_MONTHS) > self.month;
            if !known.issued || open {
                return None;
            }
            let facts = Facts::Code {
                answered: known.answer.is_some(),
            };
            let values = self.values(|value| facts.number(value, None))?;
            self.finish(measure, known.known(*code), Vec::new(), (None, values))
        };
        self.trust.codes.iter().filter_map(expired).collect()
    }
}

impl Code {
    fn known(&self, code: Pseudonym) -> Known {
        Known {
            identity: Identity::Code(code),
            unit: self.unit,
            own: self.month,
            placed: (self.month.first_day(), 0),
            therapist: None,
        }
    }
}
