//! All simulated clinics of a catalogue. What they send is in `stream.rs`, with the rest of
//! `impl World`.

use medvirk_domain::catalogue::Catalogue;

use super::clinic::Clinic;
use super::draw::{Draw, Purpose};
use super::kit::Kit;
use super::sending::Sender;

/// All clinics of a catalogue.
pub(super) struct World {
    pub(super) seed: u64,
    pub(super) kit: Kit,
    pub(super) clinics: Vec<Clinic>,
}

// === impl World ===

impl World {
    /// The first `clinics` units of the catalogue, or all. How a unit works does not depend on how
    /// many take part.
    pub(super) fn new(catalogue: &Catalogue, seed: u64, clinics: Option<usize>) -> Self {
        let units = &catalogue.organisations.units;
        let ranks = ranks(seed, units.len());
        let ranked = units.iter().zip(ranks);
        Self {
            seed,
            kit: Kit::of(catalogue),
            clinics: ranked
                .map(|((id, unit), rank)| Clinic::new(seed, id, unit, rank, units.len()))
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
