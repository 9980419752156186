//! §4.2, §4.3 and §5 of the reference: what the log says of episodes and codes at one place. Comes
//! in: everything that happened. Goes out: the forms that count, by episode, and the codes.

use std::collections::BTreeMap;

use medvirk_domain::ids::{Pseudonym, TrustId};
use medvirk_domain::record::EpisodeKey;
use medvirk_domain::time::{Day, Month};

use super::{Code, Counted, Episode, Filled, Happening, Reference, Said, What};

impl Said {
    pub(super) fn episode(&self) -> Option<EpisodeKey> {
        match self.what {
            What::Opened { episode, .. }
            | What::Session { episode, .. }
            | What::Registered { episode, .. }
            | What::Ended { episode, .. } => Some(episode),
            What::Issued { .. } | What::Answered { .. } => None,
        }
    }

    fn code(&self) -> Option<Pseudonym> {
        match self.what {
            What::Issued { code, .. } | What::Answered { code, .. } => Some(code),
            _ => None,
        }
    }

    /// The last month that a code outlives.
    fn expires(&self) -> Option<Month> {
        match self.what {
            What::Issued { month, .. } | What::Answered { month, .. } => Some(month.plus(2)),
            _ => None,
        }
    }

    /// The month of a session or of a closing.
    pub(super) fn own(&self) -> Option<Month> {
        match self.what {
            What::Session { day, .. } | What::Registered { day, .. } | What::Ended { day, .. } => {
                Some(day.month())
            }
            _ => None,
        }
    }

    /// True for a form of the register.
    pub(super) fn is_of_register(&self) -> bool {
        matches!(self.what, What::Registered { .. })
    }

    /// Day, number, revision and forms of a session; a form of the register is one like it.
    fn sitting(&self) -> Option<(Day, u32, u32, &[Filled])> {
        match &self.what {
            What::Session {
                day,
                number,
                revision,
                forms,
                ..
            } => Some((*day, *number, *revision, forms)),
            What::Registered {
                day,
                revision,
                form,
                ..
            } => Some((*day, 0, *revision, form)),
            _ => None,
        }
    }
}

impl Reference<'_> {
    /// The events that were taken in and were not erased since, with their places.
    pub(super) fn taken(&self) -> Vec<(usize, &Said)> {
        let mut taken = Vec::new();
        for (place, happening) in self.history.iter().enumerate() {
            let Happening::Said(said) = happening else {
                continue;
            };
            // §4.2: what is older than 24 months, measured against the last closed one, is for
            // the registry only.
            let closed = (said.present > self.world.first).then(|| said.present.previous());
            let too_old = |own: Month| closed.is_some_and(|closed| own < closed.plus(-24));
            // §3: a code expires at the close of the second month after its own; nothing that
            // comes later is of it.
            let expired = said.expires().is_some_and(|last| said.present > last);
            if !said.own().is_some_and(too_old) && !expired && !self.withdrawn(place, said) {
                taken.push((place, said));
            }
        }
        taken
    }

    /// §5: a withdrawal erases what came before it; what comes after it is ignored until a
    /// renewal, and then what is of a month before it.
    fn withdrawn(&self, place: usize, said: &Said) -> bool {
        if let Some(code) = said.code() {
            let is_this =
                |one: &Happening| matches!(one, Happening::CodeWithdrawn(c) if *c == code);
            return self.history.iter().any(is_this);
        }
        let person = said.episode().expect("it is about a person").person;
        let register = said.is_of_register();
        let Some(withdrawal) = self.last_withdrawal(person, register) else {
            return false;
        };
        match self.renewal(person, register) {
            Some((renewal, floor)) if withdrawal < place && renewal < place => {
                said.own().is_some_and(|own| own < floor)
            }
            _ => true,
        }
    }

    /// From everything, or from the register, from which one withdraws with everything too.
    pub(super) fn last_withdrawal(&self, person: Pseudonym, register: bool) -> Option<usize> {
        self.history.iter().rposition(|one| match one {
            Happening::PersonWithdrew(p) => *p == person,
            Happening::LeftRegister(p) => *p == person && register,
            _ => false,
        })
    }

    /// Place and month of the first renewal after the last withdrawal.
    pub(super) fn renewal(&self, person: Pseudonym, register: bool) -> Option<(usize, Month)> {
        let withdrawal = self.last_withdrawal(person, register)?;
        let happenings = self.history.iter().enumerate().skip(withdrawal);
        happenings
            .filter_map(|(place, one)| match one {
                Happening::Renewed { person: p, present } if *p == person => {
                    Some((place, *present))
                }
                _ => None,
            })
            .next()
    }

    /// The place after which something is remembered of an episode: §4.2, it is forgotten whole 24
    /// months after its last event.
    pub(super) fn forgotten_up_to(&self, events: &[(usize, &Said)]) -> usize {
        let mut forgotten = 0;
        let mut last: Option<Month> = None;
        for (place, happening) in self.history.iter().enumerate() {
            if let Some((_, said)) = events.iter().find(|(at, _)| *at == place) {
                last = last.max(Some(said.present)).max(said.own());
            }
            if let Happening::Closed(month) = happening
                && last.is_some_and(|last| last < month.plus(-24))
            {
                forgotten = place;
                last = None;
            }
        }
        forgotten
    }

    /// What was said of each episode, with its places.
    pub(super) fn by_episode(&self) -> BTreeMap<(&TrustId, EpisodeKey), Vec<(usize, &Said)>> {
        let mut by_key: BTreeMap<(&TrustId, EpisodeKey), Vec<(usize, &Said)>> = BTreeMap::new();
        for (place, said) in self.taken() {
            if let Some(episode) = said.episode() {
                let key = (&said.trust, episode);
                by_key.entry(key).or_default().push((place, said));
            }
        }
        by_key
    }

    /// The episodes that were opened, with their sessions.
    pub(super) fn episodes(&self) -> Vec<Episode> {
        let mut episodes = Vec::new();
        for ((trust, key), mut events) in self.by_episode() {
            events.retain(|(_, said)| !said.is_of_register());
            let from = self.forgotten_up_to(&events);
            let events: Vec<&Said> = events
                .into_iter()
                .filter_map(|(place, said)| (place >= from).then_some(said))
                .collect();
            episodes.extend(episode(trust, key, &events));
        }
        episodes
    }

    /// The codes of which something is known.
    pub(super) fn codes(&self) -> Vec<Code> {
        let mut codes: BTreeMap<(&TrustId, Pseudonym), Code> = BTreeMap::new();
        for (_, said) in self.taken() {
            let (&What::Issued { code, month } | &What::Answered { code, month, .. }) = &said.what
            else {
                continue;
            };
            // The first record fixes unit and month.
            let entry = codes.entry((&said.trust, code)).or_insert(Code {
                trust: said.trust.clone(),
                unit: said.unit.clone(),
                code,
                month,
                issued: false,
                answers: Vec::new(),
            });
            match &said.what {
                What::Answered { form, .. } => entry.answers.push(form.clone()),
                _ => entry.issued = true,
            }
        }
        codes.into_values().collect()
    }
}

/// §4.2, §4.3: what the events of an episode, in log order, come to; `None` if it is not open.
pub(super) fn episode(trust: &TrustId, key: EpisodeKey, events: &[&Said]) -> Option<Episode> {
    let (opener, opened) = events.iter().find_map(|said| match said.what {
        What::Opened { day, therapist, .. } => Some((&said.sender, (day, therapist))),
        _ => None,
    })?;
    let ended = events.iter().find_map(|said| match said.what {
        What::Ended { day, how, .. } => Some((said.unit.clone(), day, how)),
        _ => None,
    });
    let mut forms: Vec<Counted> = Vec::new();
    // A form sent by the credential that opened its episode never counts.
    let counting: Vec<&&Said> = events.iter().filter(|s| s.sender != *opener).collect();
    for said in &counting {
        let Some((day, number, revision, sent)) = said.sitting() else {
            continue;
        };
        // The whole session with its highest revision.
        let superseded = counting.iter().any(|other| {
            let later = other.sitting().is_some_and(|(d, n, r, forms)| {
                let is_it = !said.is_of_register() || forms[0].is_like(&sent[0]);
                d == day && n == number && r > revision && is_it
            });
            other.is_of_register() == said.is_of_register() && other.unit == said.unit && later
        });
        for form in sent {
            // The first submission in log order.
            let again = forms.iter().any(|one| {
                (&one.unit, one.day, one.number) == (&said.unit, day, number)
                    && one.form.is_like(form)
            });
            if !superseded && !again {
                forms.push(Counted {
                    unit: said.unit.clone(),
                    day,
                    number,
                    sender: said.sender.clone(),
                    form: form.clone(),
                });
            }
        }
    }
    Some(Episode {
        trust: trust.clone(),
        key,
        opened,
        ended,
        forms,
    })
}
