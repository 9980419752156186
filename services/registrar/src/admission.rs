//! What of an event goes into the tables. Comes in: an event, its place and its catalogue. Goes
//! out: rows, or why there are none. The invariant: it refuses what the fold refuses, for the same
//! reasons, so that a record is either in the tables or among the dead letters.

use medvirk_domain::catalogue::{Catalogue, Scored};
use medvirk_domain::fold::Refusal;
use medvirk_domain::form::Form;
use medvirk_domain::ids::UnitId;
use medvirk_domain::partition;
use medvirk_domain::record::{EpisodeKey, Event, EventBody};
use medvirk_domain::time::Day;
use medvirk_store::RegistryBatch;
use medvirk_store::registry::{
    EpisodeEvent, EpisodeKind, Invitation, Origin, RegistryForm, ScoredForm, SessionForm,
    SurveyForm,
};

/// Where a record stands in the log.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    pub partition: u32,
    pub partitions: u32,
    pub offset: u64,
}

/// True for a form of the quality register, which a withdrawal from the register erases.
pub fn is_registry_form(event: &Event) -> bool {
    matches!(event.body, EventBody::RegistryForm { .. })
}

/// Adds the rows of an event to a batch; adds none where it is refused.
pub fn admit(
    place: Place,
    event: Event,
    catalogue: &Catalogue,
    batch: &mut RegistryBatch,
) -> Result<(), Refusal> {
    let trust = catalogue.organisations.trust_of(&event.unit);
    let trust = trust.ok_or(Refusal::UnknownUnit)?;
    if partition::of_trust(trust, place.partitions) != place.partition {
        return Err(Refusal::WrongPartition);
    }
    let source = Source {
        origin: Origin {
            partition: place.partition,
            log_offset: place.offset,
            submission_id: event.submission_id,
            sender: event.sender,
            catalogue: event.catalogue,
            ingested_at: event.ingested_at,
        },
        unit: event.unit,
        catalogue,
    };
    source.add(event.body, batch)
}

/// What the rows of an event have in common.
struct Source<'a> {
    origin: Origin,
    unit: UnitId,
    catalogue: &'a Catalogue,
}

impl Source<'_> {
    fn add(self, body: EventBody, batch: &mut RegistryBatch) -> Result<(), Refusal> {
        match body {
            EventBody::EpisodeOpened {
                episode,
                day,
                therapist,
            } => {
                let kind = EpisodeKind::Opened { therapist };
                batch.episodes.push(self.episode(episode, day, kind));
            }
            EventBody::EpisodeClosed {
                episode,
                day,
                ending,
            } => {
                let kind = EpisodeKind::Closed { ending };
                batch.episodes.push(self.episode(episode, day, kind));
            }
            EventBody::Session {
                episode,
                day,
                number,
                revision,
                forms,
            } => {
                let forms = self.session_forms(episode, (day, number, revision), forms)?;
                batch.session_forms.extend(forms);
            }
            EventBody::RegistryForm {
                episode,
                day,
                revision,
                form,
            } => {
                let form = self.registry_form(episode, (day, revision), form)?;
                batch.registry_forms.push(form);
            }
            EventBody::InvitationIssued { code, month } => batch.invitations.push(Invitation {
                origin: self.origin,
                code,
                unit: self.unit,
                month,
            }),
            EventBody::DischargeSurvey { code, month, form } => {
                batch.survey_forms.push(SurveyForm {
                    form: self.score(form)?,
                    origin: self.origin,
                    code,
                    unit: self.unit,
                    month,
                });
            }
        }
        Ok(())
    }

    fn episode(self, episode: EpisodeKey, day: Day, kind: EpisodeKind) -> EpisodeEvent {
        EpisodeEvent {
            origin: self.origin,
            episode,
            unit: self.unit,
            day,
            kind,
        }
    }

    /// All or none: a record is refused whole.
    fn session_forms(
        self,
        episode: EpisodeKey,
        (day, number, revision): (Day, u32, u32),
        forms: Vec<Form>,
    ) -> Result<Vec<SessionForm>, Refusal> {
        let row = |(place, form)| {
            Ok(SessionForm {
                origin: self.origin.clone(),
                episode,
                unit: self.unit.clone(),
                day,
                number,
                revision,
                place,
                form: self.score(form)?,
            })
        };
        (0..).zip(forms).map(row).collect()
    }

    fn registry_form(
        self,
        episode: EpisodeKey,
        (day, revision): (Day, u32),
        form: Form,
    ) -> Result<RegistryForm, Refusal> {
        Ok(RegistryForm {
            form: self.score(form)?,
            origin: self.origin,
            episode,
            unit: self.unit,
            day,
            revision,
        })
    }

    fn score(&self, form: Form) -> Result<ScoredForm, Refusal> {
        let instrument = self
            .catalogue
            .instrument(&form.instrument, form.version)
            .ok_or(Refusal::UnknownInstrument)?;
        let Scored { scores, .. } = instrument.score(&form).map_err(|_| Refusal::InvalidForm)?;
        let scores = scores
            .into_iter()
            .map(|score| (score.scale.to_string(), score.value))
            .collect();
        Ok(ScoredForm { form, scores })
    }
}
