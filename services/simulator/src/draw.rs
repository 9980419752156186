//! Chance. Comes in: a seed, and what is drawn for. Goes out: numbers. The invariant: the same
//! seed and purpose give the same numbers, whatever else is drawn, in every run of this program.

use medvirk_domain::time::{Day, Month};
use rand::rngs::StdRng;
use rand::{Rng as _, RngCore as _, SeedableRng as _};
use uuid::Builder;

/// What is drawn for. Each has numbers of its own.
#[derive(Clone, Copy)]
pub(super) enum DrawPurpose {
    /// Which unit is how large.
    Sizes,
    /// The habits of the unit with this number.
    Habits(u32),
    /// Who begins in a unit in a month.
    Cohort(u32, Month),
    /// One person of those who begin.
    Person(u32, Month, u32),
    /// A consultation that leads to no treatment, on a day, in a minute of it.
    Consultation(Day, u32),
    /// What an episode's clinic tells the register of it or of its patient; the number stands for
    /// the reference of either.
    Register(u64),
    /// What the leader of the unit with this number says.
    Leader(u32),
}

/// Draws numbers for one purpose.
pub(super) struct SeededDraw(StdRng);

impl DrawPurpose {
    fn words(self) -> [u32; 4] {
        match self {
            Self::Sizes => [1, 0, 0, 0],
            Self::Habits(unit) => [2, unit, 0, 0],
            Self::Cohort(unit, month) => [3, unit, month.yyyymm(), 0],
            Self::Person(unit, month, person) => [4, unit, month.yyyymm(), person],
            Self::Consultation(day, minute) => [5, day.0.cast_unsigned(), minute, 0],
            Self::Leader(unit) => [7, unit, 0, 0],
            Self::Register(episode) => [6, (episode >> 32) as u32, episode as u32, 0],
        }
    }
}

impl SeededDraw {
    /// The seed and the purpose are the key of the generator, so that no two purposes share
    /// numbers.
    pub(super) fn new(seed: u64, purpose: DrawPurpose) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        for (bytes, word) in key[8..].chunks_exact_mut(4).zip(purpose.words()) {
            bytes.copy_from_slice(&word.to_le_bytes());
        }
        Self(StdRng::from_seed(key))
    }

    /// 0 to 1, without 1.
    pub(super) fn share(&mut self) -> f64 {
        self.0.random()
    }

    /// True in this share of cases.
    pub(super) fn chance(&mut self, share: f64) -> bool {
        self.share() < share
    }

    /// 0 to `n` without `n`, which is 1 or more.
    pub(super) fn below(&mut self, n: u32) -> u32 {
        self.0.random_range(0..n)
    }

    /// Both ends may come.
    pub(super) fn between(&mut self, low: i32, high: i32) -> i32 {
        self.0.random_range(low..=high)
    }

    /// Normal but for its tails, which end at six standard deviations: a sum of twelve uniform
    /// numbers needs no function that differs from one machine to another.
    pub(super) fn normal(&mut self, mean: f64, deviation: f64) -> f64 {
        // Sixteen bits of each are enough.
        let words = [self.0.next_u64(), self.0.next_u64(), self.0.next_u64()];
        let sixteen = |word: u64| (0..4).map(move |part| (word >> (16 * part)) & 0xffff);
        let sum: u64 = words.into_iter().flat_map(sixteen).sum();
        mean + deviation * (sum as f64 / 65_536.0 - 6.0)
    }

    /// A whole number with this mean, one of the two next to it.
    pub(super) fn whole(&mut self, mean: f64) -> u32 {
        (mean + self.share()).floor().max(0.0) as u32
    }

    /// An id as clients make them.
    pub(super) fn uuid(&mut self) -> String {
        Builder::from_random_bytes(self.0.random())
            .into_uuid()
            .to_string()
    }
}
