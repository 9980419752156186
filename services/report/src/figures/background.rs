//! What figures rest on besides rows. Comes in: catalogues and the shown months. Goes out: which
//! tree holds in which year, and what is closed. The invariant: nothing here can change between
//! two closes, so no answer does.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use medvirk_domain::catalogue::Catalogue;
use medvirk_domain::time::Month;

use super::span::MonthSpan;
use super::tree::{OrganisationLevel, OrganisationTree};

/// The catalogues that matter to an answer, and the shown months.
pub struct FigureBackground {
    catalogue: Arc<Catalogue>,
    tree: OrganisationTree,
    of_years: BTreeMap<i32, OrganisationTree>,
    shown: BTreeSet<Month>,
}

impl FigureBackground {
    /// `catalogue` is the one of the last shown month (the first of all, where none is shown): it
    /// says which indicators there are, and their targets. `of_years` has the catalogue of each
    /// year with a shown month: it says who belonged to whom then, since the tree only changes in
    /// January.
    pub fn new(
        catalogue: Arc<Catalogue>,
        of_years: &BTreeMap<i32, Arc<Catalogue>>,
        shown: BTreeSet<Month>,
    ) -> Self {
        let tree = |catalogue: &Catalogue| OrganisationTree::new(&catalogue.organisations);
        Self {
            tree: tree(&catalogue),
            of_years: of_years.iter().map(|(year, c)| (*year, tree(c))).collect(),
            catalogue,
            shown,
        }
    }

    /// The catalogue in force.
    pub fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// The last shown month.
    pub fn shown_until(&self) -> Option<Month> {
        self.shown.last().copied()
    }

    /// Every month that all partitions have closed.
    pub fn shown(&self) -> &BTreeSet<Month> {
        &self.shown
    }

    /// The first and the last shown month.
    pub(super) fn shown_span(&self) -> Option<MonthSpan> {
        let (first, last) = (*self.shown.first()?, *self.shown.last()?);
        Some(MonthSpan { first, last })
    }

    pub(super) fn is_shown(&self, month: Month) -> bool {
        self.shown.contains(&month)
    }

    /// The tree of a year; the present one for years without a shown month.
    pub(super) fn tree(&self, year: i32) -> &OrganisationTree {
        self.of_years.get(&year).unwrap_or(&self.tree)
    }

    /// Level of an organisation, now or in any shown year.
    pub(super) fn level(&self, id: &str) -> Option<OrganisationLevel> {
        let trees = std::iter::once(&self.tree).chain(self.of_years.values().rev());
        trees.into_iter().find_map(|tree| tree.level(id))
    }
}
