//! Contributions of closed episodes. Comes in: the episodes of a trust. Goes out: one contribution per
//! episode that has a form of the measure's kind.

use super::builder::{ContributionBuilder, ContributionOrigin};
use super::facts::MemberFacts;
use crate::catalogue::FormRef;
use crate::fold::state::{
    ContributionIdentity, EpisodeClosing, EpisodeOpening, EpisodeState, InternedName, StoredForm,
};
use crate::fold::waiting::Contribution;
use crate::record::EpisodeKey;

impl ContributionBuilder<'_> {
    /// One per closed episode, from what the log says of it up to here.
    pub(super) fn episodes(&self, measure: InternedName, form: &FormRef) -> Vec<Contribution> {
        let Some(kind) = self.kind(form) else {
            return Vec::new();
        };
        let closed = |(key, episode): (&EpisodeKey, &EpisodeState)| {
            let (Some(opened), Some(closed)) = (&episode.opened, &episode.closed) else {
                return None;
            };
            let course = ClosedEpisode {
                kind,
                key,
                episode,
                opened,
                closed,
            };
            self.episode(measure, form, &course)
        };
        self.known().iter().filter_map(closed).collect()
    }

    fn episode(
        &self,
        measure: InternedName,
        form: &FormRef,
        course: &ClosedEpisode<'_>,
    ) -> Option<Contribution> {
        if self.began_before_renewal(course.key, course.opened) {
            return None;
        }
        let mut forms: Vec<&StoredForm> = course
            .episode
            .forms
            .iter()
            .filter(|form| form.kind == course.kind)
            .collect();
        // An episode without such a form is none of the population, even if only forms are counted.
        if forms.is_empty() {
            return None;
        }
        // By the unit's id, not by its name: names are counted as the log brings them, so their
        // order is not the same in another partition, or after an erasure.
        forms.sort_by_key(|form| (form.day, form.number, self.fold.names.text(form.unit)));
        let key = *course.key;
        let origin = ContributionOrigin {
            identity: if self.measure.population.is_of_register() {
                ContributionIdentity::RegisteredEpisode(key)
            } else {
                ContributionIdentity::Episode(key)
            },
            unit: course.closed.unit,
            own: course.closed.day.month(),
            placed: (course.closed.day, 0),
            therapist: course.opened.therapist,
            senders: forms.iter().map(|form| form.sender).collect(),
        };
        let facts = MemberFacts::Episode {
            forms: &forms,
            days: (course.opened.day, course.closed.day),
            ending: course.closed.ending,
        };
        self.contribution(measure, origin, form, &facts)
    }
}

/// An episode that was opened and closed.
struct ClosedEpisode<'a> {
    kind: InternedName,
    key: &'a EpisodeKey,
    episode: &'a EpisodeState,
    opened: &'a EpisodeOpening,
    closed: &'a EpisodeClosing,
}
