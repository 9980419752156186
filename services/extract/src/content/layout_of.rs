//! What the columns of a file of forms depend on, beside the instrument. It stands alone because the
//! layout, its fixed columns and the groups of persons need it, and none of these needs the others.

use medvirk_store::registry::FormSource;

use crate::dataset::DatasetFormat;

/// What a layout is of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LayoutOf {
    pub(crate) source: FormSource,
    pub(crate) format: DatasetFormat,
    /// Months, bands and regions instead of days, ages and units.
    pub(crate) coarse: bool,
}
