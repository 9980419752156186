//! What the fold remembers (design §4.2, §4.3). Comes in: scored events. Goes out: episodes and
//! codes as the log tells them so far. The invariant: what is kept of an episode depends on the
//! order of the log and on nothing else, also when forms come before their episode.

use hashbrown::{HashMap, HashSet};
use serde::{Deserialize, Serialize};

use crate::admission::FormScores;
use crate::form::{AgeBand, Respondent};
use crate::ids::Pseudonym;
use crate::record::{EpisodeEnding, EpisodeKey};
use crate::time::{Day, Month};

/// A text that the state refers to often.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(super) struct InternedName(u32);

/// All texts that the state refers to.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct InternedNames {
    texts: Vec<Box<str>>,
    places: HashMap<Box<str>, InternedName>,
}

impl InternedNames {
    pub(super) fn intern(&mut self, text: &str) -> InternedName {
        if let Some(name) = self.places.get(text) {
            return *name;
        }
        let name =
            InternedName(u32::try_from(self.texts.len()).expect("names are units and credentials"));
        self.texts.push(text.into());
        self.places.insert(text.into(), name);
        name
    }

    pub(super) fn find(&self, text: &str) -> Option<InternedName> {
        self.places.get(text).copied()
    }

    pub(super) fn text(&self, name: InternedName) -> &str {
        &self.texts[name.0 as usize]
    }

    /// One name for an instrument in one version, answered by one respondent.
    pub(super) fn intern_form(
        &mut self,
        instrument: &str,
        version: u32,
        by: Respondent,
    ) -> InternedName {
        self.intern(&form_kind(instrument, version, by))
    }

    pub(super) fn find_form(
        &self,
        instrument: &str,
        version: u32,
        by: Respondent,
    ) -> Option<InternedName> {
        self.find(&form_kind(instrument, version, by))
    }
}

fn form_kind(instrument: &str, version: u32, by: Respondent) -> String {
    format!("{instrument}/{version}/{}", by.as_str())
}

/// What is known of the episodes and codes of one trust.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct TrustState {
    /// With the forms of sessions.
    pub(super) episodes: HashMap<EpisodeKey, EpisodeState>,
    /// With the forms of the register, from the first one on. Apart, because a withdrawal from the
    /// register takes these forms out of the log: how long an episode is known by its sessions must
    /// not depend on them.
    pub(super) register: HashMap<EpisodeKey, EpisodeState>,
    pub(super) codes: HashMap<Pseudonym, SurveyCode>,
    /// What has entered a group, or the rest of a year, by measure.
    pub(super) entered: HashSet<(InternedName, ContributionIdentity)>,
    /// The month with which a contribution waits, once it has waited through a close.
    pub(super) waits: HashMap<(InternedName, ContributionIdentity), Month>,
    /// Who is in a row of the present year, by measure and unit.
    pub(super) in_rows: HashSet<(InternedName, InternedName, Pseudonym)>,
}

/// What makes two contributions to a measure the same one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(super) enum ContributionIdentity {
    /// Of a `month` measure: the person, the unit and the contribution's own month.
    Month {
        unit: InternedName,
        month: Month,
        person: Pseudonym,
    },
    /// Of an `episode` measure.
    Episode(EpisodeKey),
    /// The same of the register.
    RegisteredEpisode(EpisodeKey),
    /// Of a measure of each patient's first form of the register.
    Person(Pseudonym),
    /// Of a measure that counts codes.
    Code(Pseudonym),
}

impl ContributionIdentity {
    /// Whom it counts as: the person, or the code.
    pub(super) fn whom(&self) -> Pseudonym {
        match self {
            Self::Month { person, .. } | Self::Person(person) => *person,
            Self::Episode(key) | Self::RegisteredEpisode(key) => key.person,
            Self::Code(code) => *code,
        }
    }
}

/// An episode of care, opened or not yet.
#[derive(Serialize, Deserialize)]
pub(super) struct EpisodeState {
    /// By the first `EpisodeOpened`.
    pub(super) opened: Option<EpisodeOpening>,
    /// By the first `EpisodeClosed`.
    pub(super) closed: Option<EpisodeClosing>,
    /// The forms that count, in log order. Before the episode is opened: all that may count.
    pub(super) forms: Vec<StoredForm>,
    /// The month of its last event, or the present one when that came, whichever is later: as long
    /// as one of its months can still count, what has entered is remembered.
    touched: Month,
}

/// What the first `EpisodeOpened` fixes.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(super) struct EpisodeOpening {
    /// The credential; a form that it sent never counts.
    pub(super) opener: InternedName,
    pub(super) therapist: Option<Pseudonym>,
    pub(super) day: Day,
}

/// What the first `EpisodeClosed` fixes.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(super) struct EpisodeClosing {
    pub(super) unit: InternedName,
    pub(super) day: Day,
    pub(super) ending: EpisodeEnding,
}

/// The number of every form of the register: it is of no session, whose numbers begin with 1.
pub(super) const REGISTER: u32 = 0;

/// A form of a session, or of the register. Unit, day and number are what makes two sessions of an
/// episode the same one, so that a correction cannot change them.
#[derive(Serialize, Deserialize)]
pub(super) struct StoredForm {
    pub(super) day: Day,
    pub(super) number: u32,
    pub(super) unit: InternedName,
    pub(super) sender: InternedName,
    /// Instrument, version and respondent.
    pub(super) kind: InternedName,
    /// As admitted, at most 1,000; a greater one in a log is the greatest that there is.
    pub(super) revision: u16,
    /// The age band that it is judged by.
    pub(super) age: Option<AgeBand>,
    pub(super) scores: FormScores,
}

impl StoredForm {
    /// Of the register every kind of form stands for itself.
    fn same_session(&self, other: &Self) -> bool {
        (self.day == other.day)
            && (self.number == other.number)
            && (self.unit == other.unit)
            && (self.number != REGISTER || self.kind == other.kind)
    }
}

/// What is known of a survey code.
#[derive(Serialize, Deserialize)]
pub(super) struct SurveyCode {
    pub(super) unit: InternedName,
    /// The month of the discharge.
    pub(super) month: Month,
    pub(super) issued: bool,
    /// The first response, which counts.
    pub(super) answer: Option<StoredForm>,
}

impl TrustState {
    /// An episode in which something happened in that month, or heard of in it, whichever is
    /// later. What happened in the first days of a month comes while the one before is present.
    pub(super) fn episode(&mut self, key: EpisodeKey, month: Month) -> &mut EpisodeState {
        let fresh = || EpisodeState::new(month);
        self.episodes.entry(key).or_insert_with(fresh).touch(month)
    }

    /// The same of the register: by its first form it becomes what is known of the episode.
    pub(super) fn registered(&mut self, key: EpisodeKey, month: Month) -> &mut EpisodeState {
        let known = self.episodes.get(&key);
        let fresh = || EpisodeState {
            opened: known.and_then(|episode| episode.opened),
            closed: known.and_then(|episode| episode.closed),
            ..EpisodeState::new(month)
        };
        self.register.entry(key).or_insert_with(fresh).touch(month)
    }

    /// Both, for what opens or closes an episode.
    pub(super) fn both(
        &mut self,
        key: EpisodeKey,
        month: Month,
    ) -> impl Iterator<Item = &mut EpisodeState> {
        let fresh = || EpisodeState::new(month);
        let episode = self.episodes.entry(key).or_insert_with(fresh);
        let both = std::iter::once(episode).chain(self.register.get_mut(&key));
        both.map(move |episode| episode.touch(month))
    }

    /// A code as it is known; the first record fixes its unit and month, which are signed in it.
    pub(super) fn code(
        &mut self,
        code: Pseudonym,
        unit: InternedName,
        month: Month,
    ) -> &mut SurveyCode {
        let fresh = || SurveyCode {
            unit,
            month,
            issued: false,
            answer: None,
        };
        self.codes.entry(code).or_insert_with(fresh)
    }

    /// Drops everything about a person or a code.
    pub(super) fn forget(&mut self, whom: Pseudonym) {
        self.episodes.retain(|key, _| key.person != whom);
        self.register.retain(|key, _| key.person != whom);
        self.codes.remove(&whom);
        self.entered.retain(|(_, identity)| identity.whom() != whom);
        self.waits
            .retain(|(_, identity), _| identity.whom() != whom);
        self.in_rows.retain(|(_, _, person)| *person != whom);
    }

    /// Drops a person's forms of the register, and that they have entered anything: `measures`
    /// are those that read such forms.
    pub(super) fn forget_register(&mut self, whom: Pseudonym, measures: &HashSet<InternedName>) {
        self.register.retain(|key, _| key.person != whom);
        let stays = |measure: &InternedName, person| person != whom || !measures.contains(measure);
        self.entered
            .retain(|(measure, identity)| stays(measure, identity.whom()));
        self.waits
            .retain(|(measure, identity), _| stays(measure, identity.whom()));
        self.in_rows
            .retain(|(measure, _, person)| stays(measure, *person));
    }

    /// Drops what happened before `oldest`, whole.
    pub(super) fn forget_before(&mut self, oldest: Month) {
        for episodes in [&mut self.episodes, &mut self.register] {
            episodes.retain(|_, episode| episode.touched >= oldest);
        }
        self.codes.retain(|_, code| code.month >= oldest);
        let (episodes, register, codes) = (&self.episodes, &self.register, &self.codes);
        let persons: HashSet<Pseudonym> = register.keys().map(|key| key.person).collect();
        self.entered.retain(|(_, identity)| match identity {
            ContributionIdentity::Month { month, .. } => *month >= oldest,
            ContributionIdentity::Episode(key) => episodes.contains_key(key),
            ContributionIdentity::RegisteredEpisode(key) => register.contains_key(key),
            ContributionIdentity::Person(person) => persons.contains(person),
            ContributionIdentity::Code(code) => codes.contains_key(code),
        });
    }
}

impl SurveyCode {
    /// The first response counts.
    pub(super) fn respond(&mut self, forms: Vec<StoredForm>) {
        self.answer = self.answer.take().or(forms.into_iter().next());
    }
}

impl EpisodeState {
    fn new(month: Month) -> Self {
        Self {
            opened: None,
            closed: None,
            forms: Vec::new(),
            touched: month,
        }
    }

    fn touch(&mut self, month: Month) -> &mut Self {
        self.touched = self.touched.max(month);
        self
    }

    /// The first opening counts; the forms that came before it are looked at again.
    pub(super) fn open(&mut self, opened: EpisodeOpening) {
        if self.opened.is_none() {
            self.opened = Some(opened);
            let waiting = std::mem::take(&mut self.forms);
            waiting.into_iter().for_each(|form| self.add(form));
        }
    }

    /// The first closing counts.
    pub(super) fn close(&mut self, closed: EpisodeClosing) {
        self.closed.get_or_insert(closed);
    }

    /// Takes a form of a session or of the register, in log order (§4.2): the highest revision of a session counts,
    /// then the first per instrument and respondent; a form from the opener never counts (§4.3).
    pub(super) fn add(&mut self, form: StoredForm) {
        let Some(opened) = &self.opened else {
            return self.keep_until_opened(form);
        };
        if form.sender == opened.opener {
            return;
        }
        let session = self.forms.iter().filter(|known| known.same_session(&form));
        let highest = session.map(|known| known.revision).max().unwrap_or(0);
        let same = |known: &StoredForm| known.same_session(&form) && known.kind == form.kind;
        if form.revision > highest {
            self.forms.retain(|known| !known.same_session(&form));
        }
        if form.revision >= highest && !self.forms.iter().any(same) {
            self.forms.push(form);
        }
    }

    /// While the opener is not known, every sender's first one may turn out to count.
    fn keep_until_opened(&mut self, form: StoredForm) {
        let known = |known: &StoredForm| {
            known.same_session(&form)
                && (known.kind, known.revision) == (form.kind, form.revision)
                && (known.sender == form.sender)
        };
        if !self.forms.iter().any(known) {
            self.forms.push(form);
        }
    }
}
