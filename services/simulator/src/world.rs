//! All simulated clinics of a catalogue. What they send is in `stream.rs`, with the rest of
//! `impl World`.

use medvirk_domain::catalogue::Catalogue;

use super::clinic::SimulatedClinic;
use super::draw::{DrawPurpose, SeededDraw};
use super::kit::FormKit;
use super::sending::SendingCredential;

/// All clinics of a catalogue.
pub(super) struct SimulatedWorld {
    pub(super) seed: u64,
    pub(super) kit: FormKit,
    pub(super) clinics: Vec<SimulatedClinic>,
}

// === impl SimulatedWorld ===

impl SimulatedWorld {
    /// The first `clinics` units of the catalogue, or all. How a unit works does not depend on how
    /// many take part.
    pub(super) fn new(catalogue: &Catalogue, seed: u64, clinics: Option<usize>) -> Self {
        let units = &catalogue.organisations.units;
        let ranks = ranks(seed, units.len());
        let ranked = units.iter().zip(ranks);
        Self {
            seed,
            kit: FormKit::of(catalogue),
            clinics: ranked
                .map(|((id, unit), rank)| SimulatedClinic::new(seed, id, unit, rank, units.len()))
                .take(clinics.unwrap_or(usize::MAX))
                .collect(),
        }
    }

    /// Who sends for a clinic, with a token.
    pub(super) fn senders(clinic: &SimulatedClinic) -> Vec<SendingCredential> {
        let tablets =
            (1..=clinic.tablets).map(|tablet| SendingCredential::Tablet(clinic.number, tablet));
        tablets
            .chain([SendingCredential::Record(clinic.number)])
            .collect()
    }

    /// The name of a sender's credential.
    pub(super) fn subject(clinic: &SimulatedClinic, sender: SendingCredential) -> String {
        match sender {
            SendingCredential::Tablet(_, tablet) => format!("{}-tablet-{tablet}", clinic.unit),
            SendingCredential::Record(_) => format!("{}-epj", clinic.unit),
            SendingCredential::Code => String::new(),
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
    let mut draw = SeededDraw::new(seed, DrawPurpose::Sizes);
    let mut ranks: Vec<u32> = (0..units as u32).collect();
    for last in (1..ranks.len()).rev() {
        ranks.swap(last, draw.below(last as u32 + 1) as usize);
    }
    ranks
}
