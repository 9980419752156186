//! Contributions (design §4.2–4.4). Comes in: the state of the fold at a close. Goes out: every
//! contribution that waits, with its values and with the month that it waits with. The invariant:
//! one per person, unit and month, or per episode, or per code; none that has entered a group.

// In reading order.
mod facts;

mod builder;

mod months;

mod episodes;

mod first;

mod codes;

use builder::ContributionBuilder;

use super::partition_fold::Fold;
use super::state::InternedName;
use super::waiting::{ContributionPool, WaitingContributions};
use crate::catalogue::{Catalogue, Population};
use crate::ids::TrustId;
use crate::time::Month;

impl Fold {
    /// Lists what waits at the close of `month`. `catalogue` is the one in force in that month.
    pub fn begin_close(&self, month: Month, catalogue: &Catalogue) -> WaitingContributions {
        let mut pools = Vec::new();
        let mut trusts: Vec<_> = self.trusts.iter().collect();
        trusts.sort_by_key(|(name, _)| self.names.text(**name));
        for measure in catalogue.measures.values() {
            for &(&trust_name, trust) in &trusts {
                let builder = ContributionBuilder {
                    fold: self,
                    catalogue,
                    measure,
                    month,
                    trust,
                };
                pools.extend(builder.pool(trust_name));
            }
        }
        WaitingContributions { month, pools }
    }
}

impl ContributionBuilder<'_> {
    fn pool(&self, trust_name: InternedName) -> Option<ContributionPool> {
        let trust = self
            .fold
            .names
            .text(trust_name)
            .parse()
            .expect("interned from a TrustId");
        // A trust that the catalogue in force no longer has is for the registry only.
        self.catalogue.organisations.trusts.get::<TrustId>(&trust)?;
        let measure_name = self.fold.names.find(self.measure.id.as_str())?;
        let mut spent = Vec::new();
        let contributions = match &self.measure.population {
            Population::Session(form) | Population::Registered(form) => {
                self.months(measure_name, form)
            }
            Population::EpisodeClosed(form) | Population::RegisteredEpisode(form) => {
                self.episodes(measure_name, form)
            }
            Population::FirstRegistered(form) => {
                self.first_registered(measure_name, form, &mut spent)
            }
            Population::Survey(form) => self.surveys(measure_name, form),
            Population::Invitation => self.invitations(measure_name),
        };
        let measure = self.measure.clone();
        Some(ContributionPool {
            measure,
            measure_name,
            trust,
            trust_name,
            contributions,
            spent,
        })
    }
}
