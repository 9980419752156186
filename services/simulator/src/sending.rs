//! One thing that is sent, and who sends it. The invariant: `Debug` shows no answer and no reference.

use std::fmt;

use medvirk_domain::time::{Day, Month};
use medvirk_proto::feedback::v1::Submission;
use medvirk_proto::feedback::v1::submission::Kind;

/// Who sends it, with which credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum SendingCredential {
    /// A tablet of the unit with this number; tablets count from 1.
    Tablet(u32, u32),
    /// The patient record of the unit with this number, which opens and closes episodes.
    Record(u32),
    /// A patient with a survey code; needs no token.
    Code,
}

/// Something that is sent.
#[derive(Clone, PartialEq)]
pub(super) struct SimulatedSending {
    /// The day on which it is sent.
    pub(super) day: Day,
    pub(super) sender: SendingCredential,
    pub(super) submission: Submission,
    /// For a survey: the submission id of the invitation whose code it needs. Only who has sent
    /// that knows the code.
    pub(super) invitation: Option<String>,
}

// === impl SimulatedSending ===

impl SimulatedSending {
    /// True for what asks for a survey code.
    pub(super) fn is_invitation(&self) -> bool {
        matches!(self.submission.kind, Some(Kind::Invitation(_)))
    }

    /// True for a form of the register.
    pub(super) fn is_registered(&self) -> bool {
        matches!(self.submission.kind, Some(Kind::RegistryForm(_)))
    }

    /// True for an invitation of a closed month, or one that an earlier run may have sent: a code
    /// that is issued again is another code. `resumed` is where this run took over: the first
    /// month that was open, and the day.
    pub(super) fn invites_again(
        &self,
        closed: Option<Month>,
        resumed: Option<(Month, Day)>,
    ) -> bool {
        let Some(Kind::Invitation(invitation)) = &self.submission.kind else {
            return false;
        };
        let Ok(asked) = invitation.month.parse::<Month>() else {
            return false;
        };
        closed.is_some_and(|closed| asked <= closed)
            || resumed.is_some_and(|(open, day)| asked <= open && self.day < day)
    }
}

/// Answers and references never appear.
impl fmt::Debug for SimulatedSending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "SimulatedSending({}, {:?}, redacted)",
            self.day, self.sender
        )
    }
}
