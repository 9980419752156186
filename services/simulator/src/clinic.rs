//! A simulated clinic: a unit of the catalogue, and how it works.

use medvirk_domain::catalogue::{Instrument, Unit};
use medvirk_domain::ids::UnitId;

use super::draw::{DrawPurpose, SeededDraw};
use super::kit::FormKit;

/// Where the young are treated at least so many begin in a month.
const FEWEST_YOUNG: f64 = 9.0;
/// Tablets of a unit that has more than one.
const TABLETS: u32 = 3;

/// A unit, and how it works.
pub(super) struct SimulatedClinic {
    pub(super) unit: UnitId,
    /// The unit's number in the catalogue.
    pub(super) number: u32,
    /// How many there are, 1 or more.
    pub(super) tablets: u32,
    /// How many there are, 1 or more.
    pub(super) therapists: u32,
    pub(super) habits: ClinicHabits,
}

/// In what a unit differs from others.
pub(super) struct ClinicHabits {
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

// === impl SimulatedClinic ===

impl SimulatedClinic {
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
    pub(super) fn monitoring<'a>(&self, kit: &'a FormKit) -> Option<&'a Instrument> {
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

    /// The clinic of a unit, whose size is that rank of so many units.
    pub(super) fn new(seed: u64, id: &UnitId, unit: &Unit, rank: u32, of: usize) -> Self {
        let mut draw = SeededDraw::new(seed, DrawPurpose::Habits(unit.number));
        let size = (f64::from(rank) + draw.share()) / of as f64;
        let starts = if unit.single_therapist {
            5.0 + 3.0 * size
        } else {
            3.0 + 13.5 * size
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
            habits: ClinicHabits {
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
