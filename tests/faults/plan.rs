//! What happens in a run. Comes in: a seed. Goes out: faults in their order, months, and people.
//! The invariant: the same seed gives the same plan; only the moments are the machine's.

use std::fmt;

use medvirk_tests::cohort::{Person, UNITS, everybody};
use rand::Rng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;

/// The first month of a run.
pub(crate) const FIRST_MONTH: &str = "2012-01";

/// So many faults strike while the people of one month are sent.
const FAULTS_PER_MONTH: usize = 2;

/// Something that happens to a running system. New kinds of processes bring new kinds of faults.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    /// `kill -9` of `up`; half of the time the next one starts while the engines are still ending.
    Up,
    /// `kill -9` of `up`, and again of the one that has hardly begun.
    Starting,
    /// `kill -9` of an engine.
    Engine(Engine),
    /// An engine stands still for some seconds.
    Hung(Engine),
    /// An engine stands still for good.
    Stuck(Engine),
    /// Not a byte goes onto the disk any more, for some seconds.
    Full(Meanwhile),
}

/// One of the engines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Engine {
    /// The engine of the indicators.
    Indicators,
    /// The engine of the registry.
    Registry,
}

/// What happens while the disk is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Meanwhile {
    /// Nothing else happens meanwhile.
    Nothing,
    /// `up` is killed and started again.
    UpIsKilled,
    /// An engine is killed.
    EngineIsKilled(Engine),
    /// An engine has more to write than before: it stood still until the disk was full.
    EngineIsBehind(Engine),
}

/// The plan of a run.
pub(crate) struct Plan {
    /// The faults in their order.
    pub(crate) faults: Vec<Fault>,
    /// The months as YYYY-MM, without gaps.
    pub(crate) months: Vec<String>,
}

impl Plan {
    /// So many faults in all; at so many of them the disk is full.
    pub(crate) fn draw(rng: &mut StdRng, faults: usize, full: usize) -> Self {
        assert!(full <= faults, "a full disk is a fault");
        let meanwhile = [
            Meanwhile::UpIsKilled,
            Meanwhile::EngineIsBehind(Engine::Registry),
            Meanwhile::EngineIsBehind(Engine::Indicators),
            Meanwhile::Nothing,
            Meanwhile::EngineIsKilled(Engine::Indicators),
            Meanwhile::EngineIsKilled(Engine::Registry),
        ];
        let mut all: Vec<Fault> = meanwhile
            .into_iter()
            .cycle()
            .take(full)
            .map(Fault::Full)
            .collect();
        all.extend((full..faults).map(|_| match rng.random_range(0..20) {
            0..=6 => Fault::Up,
            7..=8 => Fault::Starting,
            9..=12 => Fault::Engine(Engine::Indicators),
            13..=16 => Fault::Engine(Engine::Registry),
            17 if rng.random() => Fault::Hung(Engine::Indicators),
            17 => Fault::Hung(Engine::Registry),
            _ if rng.random() => Fault::Stuck(Engine::Indicators),
            _ => Fault::Stuck(Engine::Registry),
        }));
        all.shuffle(rng);
        let months = all.len().div_ceil(FAULTS_PER_MONTH).max(3);
        Self {
            faults: all,
            months: months_from(FIRST_MONTH, months),
        }
    }

    /// How many faults must have struck before the month of this place is closed.
    pub(crate) fn faults_until(&self, place: usize) -> usize {
        self.faults.len() * (place + 1) / self.months.len()
    }

    /// Seven to ten people in each unit and month: enough without any therapist or credential.
    pub(crate) fn people(&self, rng: &mut StdRng) -> Vec<Person> {
        let mut people = Vec::new();
        for month in &self.months {
            for unit in UNITS {
                let mut some = everybody(&[unit], month);
                some.shuffle(rng);
                some.truncate(rng.random_range(7..=10));
                people.extend(some);
            }
        }
        people
    }

    /// Size of the disk in MB: enough for everything that is sent.
    pub(crate) fn disk(&self) -> u32 {
        64 + u32::try_from(self.faults.len()).unwrap_or(u32::MAX / 2)
    }
}

fn months_from(first: &str, many: usize) -> Vec<String> {
    let first: medvirk_domain::time::Month = first.parse().unwrap();
    let months = std::iter::successors(Some(first), |month| Some(month.next()));
    months.take(many).map(|month| month.to_string()).collect()
}

impl Engine {
    /// As in the data folder.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Indicators => "indicators",
            Self::Registry => "registry",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Up => f.write_str("up killed"),
            Self::Starting => f.write_str("up killed while it starts"),
            Self::Engine(engine) => write!(f, "engine of the {} killed", engine.name()),
            Self::Hung(engine) => write!(f, "engine of the {} hung", engine.name()),
            Self::Stuck(engine) => write!(f, "engine of the {} hung for good", engine.name()),
            Self::Full(Meanwhile::Nothing) => f.write_str("disk full"),
            Self::Full(Meanwhile::UpIsKilled) => f.write_str("disk full, up killed"),
            Self::Full(Meanwhile::EngineIsKilled(engine)) => {
                write!(f, "disk full, engine of the {} killed", engine.name())
            }
            Self::Full(Meanwhile::EngineIsBehind(engine)) => {
                write!(f, "disk full, engine of the {} behind", engine.name())
            }
        }
    }
}
