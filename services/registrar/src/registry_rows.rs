//! What of an event goes into the tables. Comes in: an event, its place and its catalogue. Goes
//! out: rows, or why there are none. The invariant: what an event is worth is `domain::admission`'s
//! to say, so that a record is either in the tables or among the dead letters.

use medvirk_domain::admission::{self, AdmittedForm, RecordRejection};
use medvirk_domain::catalogue::Catalogue;
use medvirk_domain::form::Form;
use medvirk_domain::ids::{Pseudonym, UnitId};
use medvirk_domain::partition::LogPartition;
use medvirk_domain::record::{EpisodeKey, Event, EventBody};
use medvirk_domain::time::{Day, Month};
use medvirk_store::RegistryBatch;
use medvirk_store::registry::{
    EpisodeEvent, EpisodeKind, FormWithScores, IssuedInvitation, RecordOrigin, RegistryForm,
    SessionForm, SurveyForm,
};

/// Where a record stands in the log.
#[derive(Debug, Clone, Copy)]
pub struct RecordPlace {
    /// The partition that it is in.
    pub partition: LogPartition,
    /// Its offset in that partition.
    pub offset: u64,
}

/// Adds the rows of an event to a batch; adds none where it is set aside.
///
/// # Errors
/// The reason for which it is set aside.
pub fn append_rows(
    place: RecordPlace,
    event: Event,
    catalogue: &Catalogue,
    batch: &mut RegistryBatch,
) -> Result<(), RecordRejection> {
    let forms = admission::admit(&event, catalogue, place.partition)?.forms;
    let source = RowSource {
        origin: RecordOrigin {
            partition: place.partition.number,
            log_offset: place.offset,
            submission_id: event.submission_id,
            sender: event.sender,
            catalogue: event.catalogue,
            ingested_at: event.ingested_at,
        },
        unit: event.unit,
    };
    source.append(event.body, forms.into_iter(), batch);
    Ok(())
}

/// What the rows of an event have in common.
struct RowSource {
    origin: RecordOrigin,
    unit: UnitId,
}

impl RowSource {
    /// Appends the rows; `admitted` has one item for each form of the body.
    fn append<'c>(
        self,
        body: EventBody,
        mut admitted: impl Iterator<Item = AdmittedForm<'c>>,
        batch: &mut RegistryBatch,
    ) {
        let mut scored = |form| scored_form(form, admitted.next());
        match body {
            EventBody::EpisodeOpened {
                episode,
                day,
                therapist,
            } => self.append_episode(episode, day, EpisodeKind::Opened { therapist }, batch),
            EventBody::EpisodeClosed {
                episode,
                day,
                ending,
            } => self.append_episode(episode, day, EpisodeKind::Closed { ending }, batch),
            EventBody::Session {
                episode,
                day,
                number,
                revision,
                forms,
            } => {
                let row = |(place, form)| SessionForm {
                    origin: self.origin.clone(),
                    episode,
                    unit: self.unit.clone(),
                    day,
                    number,
                    revision,
                    place,
                    form: scored(form),
                };
                batch.session_forms.extend((0..).zip(forms).map(row));
            }
            EventBody::RegistryForm {
                episode,
                day,
                revision,
                form,
            } => batch.registry_forms.push(RegistryForm {
                form: scored(form),
                origin: self.origin,
                episode,
                unit: self.unit,
                day,
                revision,
            }),
            EventBody::InvitationIssued { code, month } => {
                batch.invitations.push(IssuedInvitation {
                    origin: self.origin,
                    code,
                    unit: self.unit,
                    month,
                })
            }
            EventBody::DischargeSurvey { code, month, form } => {
                let form = scored(form);
                batch.survey_forms.push(self.survey_form(code, month, form));
            }
        }
    }

    fn survey_form(self, code: Pseudonym, month: Month, form: FormWithScores) -> SurveyForm {
        SurveyForm {
            form,
            origin: self.origin,
            code,
            unit: self.unit,
            month,
        }
    }

    fn append_episode(
        self,
        episode: EpisodeKey,
        day: Day,
        kind: EpisodeKind,
        batch: &mut RegistryBatch,
    ) {
        batch.episodes.push(EpisodeEvent {
            origin: self.origin,
            episode,
            unit: self.unit,
            day,
            kind,
        });
    }
}

/// A form with the scores that it was admitted with.
fn scored_form(form: Form, admitted: Option<AdmittedForm<'_>>) -> FormWithScores {
    let AdmittedForm { instrument, scores } = admitted.expect("each form was admitted");
    let scales = instrument.scales.iter();
    let scores = scales
        .zip(scores)
        .map(|(scale, value)| (scale.id.to_string(), value));
    FormWithScores {
        scores: scores.collect(),
        form,
    }
}
