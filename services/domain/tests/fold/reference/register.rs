//! The register in the reference. Comes in: everything that happened. Goes out: what is known of an
//! episode by its forms of the register, and since when. It begins with the first such form, with
//! whatever opened or closed the episode and is not forgotten; what is known of the episode by its
//! sessions is another matter, since a withdrawal from the register takes those forms away.

use std::collections::{BTreeMap, BTreeSet};

use medvirk_domain::ids::{Pseudonym, TrustId};
use medvirk_domain::record::EpisodeKey;
use medvirk_domain::time::Month;

use super::heard::episode;
use super::{Episode, Happening, Reference, Said, What};

/// What is known by the forms of the register.
pub(super) struct Register {
    pub(super) episodes: Vec<Episode>,
    /// The closes after which each episode was known, by their places.
    pub(super) known: BTreeMap<(TrustId, EpisodeKey), BTreeSet<usize>>,
}

impl Register {
    /// True if something of the person was known at all closes from this one on.
    pub(super) fn knows(&self, trust: &TrustId, person: Pseudonym, closes: &[usize]) -> bool {
        let known = |place: &usize| {
            let mut of_person = self
                .known
                .iter()
                .filter(|((of, key), _)| of == trust && key.person == person);
            of_person.any(|(_, places)| places.contains(place))
        };
        closes.iter().all(known)
    }
}

impl Reference<'_> {
    pub(super) fn register(&self) -> Register {
        let mut register = Register {
            episodes: Vec::new(),
            known: BTreeMap::new(),
        };
        for ((trust, key), events) in self.by_episode() {
            let (now, known) = self.course(&events);
            register.known.insert((trust.clone(), key), known);
            register.episodes.extend(episode(trust, key, &now));
        }
        register
    }

    /// What is known now, and the closes after which something was.
    fn course<'a>(&self, events: &[(usize, &'a Said)]) -> (Vec<&'a Said>, BTreeSet<usize>) {
        let (mut by_sessions, mut by_register) = (Vec::new(), Vec::new());
        let (mut heard, mut registered): (Option<Month>, Option<Month>) = (None, None);
        let mut known = BTreeSet::new();
        for (place, happening) in self.history.iter().enumerate() {
            if let Some((_, said)) = events.iter().find(|(at, _)| *at == place) {
                let month = Some(said.present).max(said.own());
                if matches!(said.what, What::Registered { .. }) {
                    if registered.is_none() {
                        by_register.clone_from(&by_sessions);
                    }
                    registered = registered.max(month);
                    by_register.push(*said);
                } else {
                    heard = heard.max(month);
                    if matches!(said.what, What::Opened { .. } | What::Ended { .. }) {
                        by_sessions.push(*said);
                        if registered.is_some() {
                            registered = registered.max(month);
                            by_register.push(*said);
                        }
                    }
                }
            }
            if let Happening::Closed(month) = happening {
                if heard.is_some_and(|heard| heard < month.plus(-24)) {
                    heard = None;
                    by_sessions.clear();
                }
                if registered.is_some_and(|last| last < month.plus(-24)) {
                    registered = None;
                    by_register.clear();
                }
                if registered.is_some() {
                    known.insert(place);
                }
            }
        }
        (by_register, known)
    }
}
