//! Who might be found in the file of a pull: counted before anything leaves, so that it can be said
//! before. The invariant: whoever goes on with a pull counts the same, since its forms are the same.

use medvirk_store::RegistryReader;
use medvirk_store::registry::{ExtractedForm, FormQuery};

use crate::content::groups::{FormGrouping, GroupCensus, GroupSizes, SmallGroups};
use crate::error::Error;

/// The groups of a file of forms.
pub(crate) struct FormGroups {
    grouping: FormGrouping,
    small: SmallGroups,
    pub(crate) sizes: GroupSizes,
}

/// The small groups of a file, for forms that are read with all of their items.
pub(super) struct SmallPlaces<'a> {
    groups: &'a FormGroups,
    places: Vec<usize>,
}

impl FormGroups {
    /// Looks at every form that the query finds, with what others may know of persons only. In a coarse
    /// file twice: those of small groups are counted by their region.
    pub(super) async fn count(
        grouping: FormGrouping,
        query: &FormQuery,
        coarse: bool,
        registry: &RegistryReader,
    ) -> Result<Self, Error> {
        let none = SmallGroups::default();
        let mut census = GroupCensus::default();
        let count = |form: ExtractedForm| census.add(&grouping, &form, &none);
        registry.every_form(query, count).await?;
        let (mut sizes, mut small) = census.finish();
        if coarse {
            let mut census = GroupCensus::default();
            let count = |form: ExtractedForm| census.add(&grouping, &form, &small);
            registry.every_form(query, count).await?;
            sizes = census.finish().0;
        } else {
            small = none;
        }
        Ok(Self {
            sizes,
            grouping,
            small,
        })
    }

    /// What persons of a group share, in words.
    pub(crate) fn words(&self) -> Vec<String> {
        self.grouping.words()
    }

    /// The small groups, for forms that are read with the items of this query.
    pub(super) fn places(&self, query: &FormQuery) -> SmallPlaces<'_> {
        let place = |id| query.items.iter().position(|item| item == id);
        let places = self.grouping.items();
        SmallPlaces {
            groups: self,
            places: places.iter().filter_map(place).collect(),
        }
    }
}

impl SmallPlaces<'_> {
    /// True if the form is in a group that is too small to name its unit.
    pub(super) fn has(&self, form: &ExtractedForm) -> bool {
        let FormGroups {
            small, grouping, ..
        } = self.groups;
        small.has(grouping, form, &self.places)
    }
}
