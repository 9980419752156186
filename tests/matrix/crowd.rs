//! Who sends. Comes in: how large the deployment is to be. Goes out: units, and the people of each
//! month. The invariant: enough people in each unit and month for a row, without any therapist or
//! credential.

use std::path::{Path, PathBuf};

use medvirk_tests::cohort::{Person, UNITS, everybody, widen};
use medvirk_tests::root;
use rand::Rng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use tempfile::TempDir;

/// The units of a run, and their catalogue.
pub(crate) struct Crowd {
    pub(crate) units: Vec<&'static str>,
    folder: Option<TempDir>,
    /// How many submissions are sent at a time, at most.
    pub(crate) batch: usize,
    /// How often each is sent and acknowledged, at least.
    pub(crate) copies: usize,
}

impl Crowd {
    /// Four units, and everything is sent twice.
    pub(crate) fn few() -> Self {
        Self {
            units: UNITS.into(),
            folder: None,
            batch: 12,
            copies: 2,
        }
    }

    /// So many units in twelve trusts.
    pub(crate) fn many(units: usize) -> Self {
        let folder = TempDir::with_prefix("medvirk-catalogue-").unwrap();
        Self {
            units: widen(folder.path(), units),
            folder: Some(folder),
            batch: 100,
            copies: 1,
        }
    }

    /// The folder of the catalogue.
    pub(crate) fn catalogue(&self) -> PathBuf {
        let narrow = || root().join("tests/data/cohort/catalogue");
        let folder = self.folder.as_ref().map(TempDir::path);
        folder.map_or_else(narrow, Path::to_owned)
    }

    /// Seven to ten people in each unit and month.
    pub(crate) fn people(&self, months: &[String], rng: &mut StdRng) -> Vec<Person> {
        let mut people = Vec::new();
        for month in months {
            for unit in &self.units {
                let mut some = everybody(&[unit], month);
                some.shuffle(rng);
                some.truncate(rng.random_range(7..=10));
                people.extend(some);
            }
        }
        people
    }
}
