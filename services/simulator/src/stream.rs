//! The simulated clinics: pure, with no I/O and no clock. Comes in: a catalogue and a seed. Goes
//! out: what is sent, day by day, and by whom. The invariant: it is a function of both, so that
//! the same seed sends the same bytes again, whichever days are asked for; nothing is sent before
//! the day that it is about.

use std::collections::{BTreeMap, BTreeSet};

use medvirk_domain::time::{Day, Month};

use super::draw::{DrawPurpose, SeededDraw};
use super::person;
use super::sending::SimulatedSending;
use super::world::SimulatedWorld;

/// Nobody sends anything this many months after the month in which they began for the first time.
pub(super) const MONTHS: i32 = 28;
/// What all clinics send, in order.
pub(super) struct SendingStream<'a> {
    world: &'a SimulatedWorld,
    /// Who begins in this month or later is not drawn yet.
    undrawn: Month,
    waiting: BTreeMap<Day, Vec<SimulatedSending>>,
}

// === impl SimulatedWorld ===

impl SimulatedWorld {
    /// What is sent from that day on. With `backlog`, clinics begin on that day with patients in
    /// treatment, and send what has happened in their episodes so far.
    pub(super) fn stream(&self, from: Day, backlog: bool) -> SendingStream<'_> {
        SendingStream::new(self, from, backlog)
    }

    /// A consultation on that day that leads to no treatment: an open episode with one outcome form
    /// and nothing else. No measure reads it, so any number of them changes no figure.
    pub(super) fn consultation(&self, day: Day, minute: u32) -> Vec<SimulatedSending> {
        let mut draw = SeededDraw::new(self.seed, DrawPurpose::Consultation(day, minute));
        if self.clinics.is_empty() {
            return Vec::new();
        }
        let clinic = &self.clinics[draw.below(self.clinics.len() as u32) as usize];
        person::consultation(self, clinic, draw, day, minute)
    }
}

// === impl SendingStream ===

impl<'a> SendingStream<'a> {
    fn new(world: &'a SimulatedWorld, from: Day, backlog: bool) -> Self {
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
    fn add_backlog(&mut self, from: Day, earlier: BTreeMap<Day, Vec<SimulatedSending>>) {
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
        let is_open = |sending: &SimulatedSending| {
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
    pub(super) fn until(&mut self, day: Day) -> Vec<SimulatedSending> {
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
