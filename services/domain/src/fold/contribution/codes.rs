//! Contributions of survey codes. Comes in: the codes of a trust. Goes out: one contribution per
//! answered code, and one per code that has expired. The invariant: nothing but the code is known.

use super::builder::{ContributionBuilder, ContributionOrigin};
use super::facts::MemberFacts;
use crate::catalogue::FormRef;
use crate::fold::state::{ContributionIdentity, InternedName, SurveyCode};
use crate::fold::waiting::Contribution;
use crate::ids::Pseudonym;
use crate::limits::CODE_MONTHS;

impl ContributionBuilder<'_> {
    /// One per answered code.
    pub(super) fn surveys(&self, measure: InternedName, form: &FormRef) -> Vec<Contribution> {
        let Some(kind) = self.kind(form) else {
            return Vec::new();
        };
        let answered = |(code, known): (&Pseudonym, &SurveyCode)| {
            let answer = known.answer.as_ref().filter(|answer| answer.kind == kind)?;
            let facts = MemberFacts::Form {
                form: answer,
                forms: 1,
            };
            self.contribution(measure, known.origin(*code), form, &facts)
        };
        self.trust.codes.iter().filter_map(answered).collect()
    }

    /// One per code that expires with this close or has expired before.
    pub(super) fn invitations(&self, measure: InternedName) -> Vec<Contribution> {
        let expired = |(code, known): (&Pseudonym, &SurveyCode)| {
            let open = known.month.plus(CODE_MONTHS) > self.month;
            if !known.issued || open {
                return None;
            }
            let facts = MemberFacts::Code {
                answered: known.answer.is_some(),
            };
            let values = self.values(|value| facts.number(value, None))?;
            self.finish(measure, known.origin(*code), None, values)
        };
        self.trust.codes.iter().filter_map(expired).collect()
    }
}

impl SurveyCode {
    fn origin(&self, code: Pseudonym) -> ContributionOrigin {
        ContributionOrigin {
            identity: ContributionIdentity::Code(code),
            unit: self.unit,
            own: self.month,
            placed: (self.month.first_day(), 0),
            therapist: None,
            senders: Vec::new(),
        }
    }
}
