//! Events. Comes in: what was admitted, with references as the clinic wrote them. Goes out: what
//! the log holds, with pseudonyms. The invariant: no reference goes any further than this.

use medvirk_domain::ids::{CatalogueHash, TrustId};
use medvirk_domain::record::{EpisodeKey, Event, EventBody};
use medvirk_runtime::pseudonym::PseudonymKey;

use crate::admission::{AdmittedBody, AdmittedSubmission, WrittenReferences};
use crate::code::CodeClaim;

/// Who sent it, when it was taken, and what admitted it.
pub(crate) struct EventStamp {
    /// Subject of the sender's token.
    pub(crate) sender: String,
    /// Milliseconds since 1970, UTC.
    pub(crate) ingested_at: i64,
    /// The catalogue in force.
    pub(crate) catalogue: CatalogueHash,
}

/// Replaces every reference by its pseudonym. `issued` is the new code of an invitation.
pub(crate) fn pseudonymise(
    admitted: AdmittedSubmission<'_>,
    issued: Option<CodeClaim>,
    stamp: EventStamp,
    keys: &PseudonymKey,
) -> Event {
    let trust = admitted.trust;
    let mut forms = admitted.filled.into_iter().map(|filled| filled.form);
    let mut form = || {
        forms
            .next()
            .expect("admission lets none through without its form")
    };
    let body = match admitted.body {
        AdmittedBody::EpisodeOpened {
            who,
            day,
            therapist,
        } => EventBody::EpisodeOpened {
            episode: key(trust, who, keys),
            day,
            therapist: therapist.map(|therapist| keys.therapist(trust, therapist)),
        },
        AdmittedBody::Session {
            who,
            day,
            number,
            revision,
        } => EventBody::Session {
            episode: key(trust, who, keys),
            day,
            number,
            revision,
            forms: forms.collect(),
        },
        AdmittedBody::EpisodeClosed { who, day, ending } => EventBody::EpisodeClosed {
            episode: key(trust, who, keys),
            day,
            ending,
        },
        AdmittedBody::Invitation { month, .. } => EventBody::InvitationIssued {
            code: issued
                .expect("a code is issued for every invitation")
                .pseudonym(keys),
            month,
        },
        AdmittedBody::Survey(claim) => EventBody::DischargeSurvey {
            code: claim.pseudonym(keys),
            month: claim.month(),
            form: form(),
        },
        AdmittedBody::RegistryForm { who, day, revision } => EventBody::RegistryForm {
            episode: key(trust, who, keys),
            day,
            revision,
            form: form(),
        },
    };
    Event {
        sender: stamp.sender,
        catalogue: stamp.catalogue,
        submission_id: admitted.submission_id,
        ingested_at: stamp.ingested_at,
        unit: admitted.unit.clone(),
        body,
    }
}

fn key(trust: &TrustId, who: WrittenReferences<'_>, keys: &PseudonymKey) -> EpisodeKey {
    EpisodeKey {
        person: keys.patient(trust, who.patient),
        episode: keys.episode(trust, who.patient, who.episode),
    }
}
