//! The simulated clinics: pure, with no I/O and no clock. Comes in: a catalogue and a seed. Goes
//! out: what is sent, day by day, and by whom. The invariant: it is a function of both, so that
//! the same seed sends the same bytes again, whichever days are asked for; nothing is sent before
//! the day that it is about.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use medvirk_domain::catalogue::{Catalogue, Instrument, Unit};
use medvirk_domain::ids::UnitId;
use medvirk_domain::time::{Day, Month};
use medvirk_proto::feedback::v1::Submission;
use medvirk_proto::feedback::v1::submission::Kind;

use super::draw::{Draw, Purpose};
use super::kit::Kit;
use super::person;

/// Nobody sends anything this many months after the month in which they began for the first time.
pub(super) const MONTHS: i32 = 28;
/// Where the young are treated at least so many begin in a month.
const FEWEST_YOUNG: f64 = 9.0;
/// Tablets of a unit that has more than one.
const TABLETS: u32 = 3;

/// All clinics of a catalogue.
pub(super) struct World {
    pub(super) seed: u64,
    pub(super) kit: Kit,
    pub(super) clinics: Vec<Clinic>,
}

/// A unit, and how it works.
pub(super) struct Clinic {
    pub(super) unit: UnitId,
    /// The unit's number in the catalogue.
    pub(super) number: u32,
    /// 1 or more.
    pub(super) tablets: u32,
    /// 1 or more.
    pub(super) therapists: u32,
    pub(super) habits: Habits,
}

/// In what a unit differs from others.
pub(super) struct Habits {
    /// How many begin in a month, on average.
    pub(super) starts: f64,
    /// Factor of what treatment gains.
    pub(super) effect: f64,
    /// Points of the alliance scale above the ordinary.
    pub(super) alliance: f64,
    /// How good a stay is, as a share of the survey's range.
    pub(super) experience: f64,
    /// The share that answers the discharge survey.
    pub(super) answers: f64,
    /// True where the depression total is used.
    pub(super) depression: bool,
}

/// Who sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Sender {
    /// A tablet of the unit with this number; tablets count from 1.
    Tablet(u32, u32),
    /// The patient record of the unit with this number, which opens and closes episodes.
    Record(u32),
    /// A patient with a survey code; needs no token.
    Code,
}

/// Something that is sent.
#[derive(Clone, PartialEq)]
pub(super) struct Sending {
    /// The day on which it is sent.
    pub(super) day: Day,
    pub(super) sender: Sender,
    pub(super) submission: Submission,
    /// For a survey: the submission id of the invitation whose code it needs. Only who has sent
    /// that knows the code.
    pub(super) invitation: Option<String>,
}

/// What all clinics send, in order.
pub(super) struct Stream<'a> {
    world: &'a World,
    /// Who begins in this month or later is not drawn yet.
    undrawn: Month,
    waiting: BTreeMap<Day, Vec<Sending>>,
}

// === impl World ===

impl World {
    /// The first `clinics` units of the catalogue, or all. How a unit works does not depend on how
    /// many take part.
    pub(super) fn new(catalogue: &Catalogue, seed: u64, clinics: Option<usize>) -> Self {
        let units = &catalogue.organisations.units;
        let ranks = ranks(seed, units.len());
        let rank_of = |rank: usize| (ranks[rank], units.len());
        let clinic = |(place, (id, unit)): (usize, (&UnitId, &_))| {
            Clinic::new(seed, id, unit, rank_of(place))
        };
        Self {
            seed,
            kit: Kit::of(catalogue),
            clinics: units
                .iter()
                .enumerate()
                .map(clinic)
                .take(clinics.unwrap_or(usize::MAX))
                .collect(),
        }
    }

    /// Who sends for a clinic, with a token.
    pub(super) fn senders(clinic: &Clinic) -> Vec<Sender> {
        let tablets = (1..=clinic.tablets).map(|tablet| Sender::Tablet(clinic.number, tablet));
        tablets.chain([Sender::Record(clinic.number)]).collect()
    }

    /// The name of a sender's credential.
    pub(super) fn subject(clinic: &Clinic, sender: Sender) -> String {
        match sender {
            Sender::Tablet(_, tablet) => format!("{}-tablet-{tablet}", clinic.unit),
            Sender::Record(_) => format!("{}-epj", clinic.unit),
            Sender::Code => String::new(),
        }
    }

    /// What is sent from that day on. With `backlog`, clinics begin on that day with patients in
    /// treatment, and send what has happened in their episodes so far.
    pub(super) fn stream(&self, from: Day, backlog: bool) -> Stream<'_> {
        Stream::new(self, from, backlog)
    }

    /// A consultation on that day that leads to no treatment: an open episode with one outcome form
    /// and nothing else. No measure reads it, so any number of them changes no figure.
    pub(super) fn consultation(&self, day: Day, minute: u32) -> Vec<Sending> {
        let mut draw = Draw::new(self.seed, Purpose::Consultation(day, minute));
        if self.clinics.is_empty() {
            return Vec::new();
        }
        let clinic = &self.clinics[draw.below(self.clinics.len() as u32) as usize];
        person::consultation(self, clinic, draw, (day, minute))
    }

    /// Roughly how many submissions a month has.
    pub(super) fn volume(&self) -> f64 {
        self.clinics
            .iter()
            .map(|clinic| clinic.habits.starts * 16.0)
            .sum()
    }
}

/// A rank for each unit, by chance: small and large ones are there with every seed.
fn ranks(seed: u64, units: usize) -> Vec<u32> {
    let mut draw = Draw::new(seed, Purpose::Sizes);
    let mut ranks: Vec<u32> = (0..units as u32).collect();
    for last in (1..ranks.len()).rev() {
        ranks.swap(last, draw.below(last as u32 + 1) as usize);
    }
    ranks
}

// === impl Clinic ===

impl Clinic {
    /// True where the short form of the discharge survey is used: in every third unit.
    pub(super) const fn is_brief(&self) -> bool {
        self.number.is_multiple_of(3)
    }

    /// True where children and adolescents are treated: in the fifth unit of a hundred.
    pub(super) const fn is_young(&self) -> bool {
        self.place() == 5
    }

    /// True where there are groups: in the second one.
    pub(super) const fn has_groups(&self) -> bool {
        self.place() == 2
    }

    /// What patients are monitored with: in the third and the fourth one.
    pub(super) fn monitoring<'a>(&self, kit: &'a Kit) -> Option<&'a Instrument> {
        match self.place() {
            3 => kit.monitoring_2.as_ref(),
            4 => kit.monitoring_3.as_ref(),
            _ => None,
        }
    }

    /// Numbers of units are given by the hundred.
    const fn place(&self) -> u32 {
        self.number % 100
    }

    fn new(seed: u64, id: &UnitId, unit: &Unit, (rank, of): (u32, usize)) -> Self {
        let mut draw = Draw::new(seed, Purpose::Habits(unit.number));
        let size = (f64::from(rank) + draw.share()) / of as f64;
        let starts = match unit.single_therapist {
            true => 5.0 + 3.0 * size,
            false => 3.0 + 13.5 * size,
        };
        let clinic = Self {
            unit: id.clone(),
            number: unit.number,
            tablets: if unit.single_device { 1 } else { TABLETS },
            therapists: if unit.single_therapist {
                1
            } else {
                2 + (size * 4.99) as u32
            },
            habits: Habits {
                starts,
                effect: draw.normal(1.0, 0.1).clamp(0.7, 1.3),
                alliance: draw.normal(0.0, 0.7),
                experience: draw.normal(0.66, 0.06).clamp(0.5, 0.8),
                answers: draw.normal(0.45, 0.06).clamp(0.3, 0.6),
                // The second and the third largest.
                depression: of > 2 && (of as u32 - 3..of as u32 - 1).contains(&rank),
            },
        };
        clinic.of_the_young()
    }

    /// Two kinds of patients need some of each.
    fn of_the_young(mut self) -> Self {
        if self.is_young() {
            self.habits.starts = self.habits.starts.max(FEWEST_YOUNG);
        }
        self
    }
}

// === impl Sending ===

impl Sending {
    /// True for what asks for a survey code.
    pub(super) fn is_invitation(&self) -> bool {
        matches!(self.submission.kind, Some(Kind::Invitation(_)))
    }

    /// True for a form of the register.
    fn is_registered(&self) -> bool {
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
impl fmt::Debug for Sending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sending({}, {:?}, redacted)", self.day, self.sender)
    }
}

// === impl Stream ===

impl<'a> Stream<'a> {
    fn new(world: &'a World, from: Day, backlog: bool) -> Self {
        let undrawn = from.month().plus(-MONTHS);
        let mut stream = Self {
            world,
            undrawn,
            waiting: BTreeMap::new(),
        };
        stream.draw_until(from.month());
        let later = stream.waiting.split_off(&from);
        let earlier = std::mem::replace(&mut stream.waiting, later);
        if backlog {
            stream.add_backlog(from, earlier);
        }
        stream
    }

    /// All that came before in episodes of which something is still to come, to be sent first on
    /// that day.
    fn add_backlog(&mut self, from: Day, earlier: BTreeMap<Day, Vec<Sending>>) {
        let later = self.waiting.values().flatten();
        let open: BTreeSet<String> = later
            .filter(|sending| !sending.is_registered())
            .filter_map(person::episode_of)
            .map(str::to_owned)
            .collect();
        // Who was discharged before is not followed up: the register has nothing else of them.
        for sendings in self.waiting.values_mut() {
            sendings.retain(|sending| {
                !sending.is_registered()
                    || person::episode_of(sending).is_some_and(|episode| open.contains(episode))
            });
        }
        let is_open = |sending: &Sending| {
            person::episode_of(sending).is_some_and(|episode| open.contains(episode))
        };
        let mut first: Vec<_> = earlier.into_values().flatten().filter(is_open).collect();
        for sending in &mut first {
            sending.day = from;
        }
        first.append(self.waiting.entry(from).or_default());
        self.waiting.insert(from, first);
    }

    /// Everything that is sent up to that day, this one included, and was not given before.
    pub(super) fn until(&mut self, day: Day) -> Vec<Sending> {
        self.draw_until(day.month());
        let later = self.waiting.split_off(&Day(day.0 + 1));
        std::mem::replace(&mut self.waiting, later)
            .into_values()
            .flatten()
            .collect()
    }

    fn draw_until(&mut self, month: Month) {
        while self.undrawn <= month {
            for clinic in &self.world.clinics {
                for sending in person::cohort(self.world, clinic, self.undrawn) {
                    self.waiting.entry(sending.day).or_default().push(sending);
                }
            }
            self.undrawn = self.undrawn.next();
        }
    }
}
