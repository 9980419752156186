//! What is in force in the simulation. Comes in: the texts in `catalogue/`. Goes out: two versions
//! of a catalogue, loaded once; the second has one measure more. The invariant: every person has a
//! power of two in `e-tag`, so that who is in a row can be read from its sums.

use std::sync::{Arc, LazyLock};

use medvirk_domain::catalogue::{Catalogue, Limits, SourceFile};
use medvirk_domain::ids::CatalogueHash;
use medvirk_eventlog::catalogue::hash_of;

macro_rules! files {
    ($($path:literal),* $(,)?) => {
        vec![$(SourceFile {
            path: $path.to_owned(),
            text: include_str!(concat!("../catalogue/", $path)).to_owned(),
        }),*]
    };
}

/// A version of the catalogue.
pub(crate) struct Version {
    /// Its texts.
    pub(crate) files: Vec<SourceFile>,
    /// The hash of them.
    pub(crate) hash: CatalogueHash,
    /// The same, loaded.
    pub(crate) loaded: Arc<Catalogue>,
}

/// What is in force at first.
pub(crate) static FIRST: LazyLock<Version> = LazyLock::new(|| {
    Version::load(files![
        "organisations.toml",
        "instruments/ally.toml",
        "instruments/tag.toml",
        "measures/e-tag.toml",
        "measures/m-ally.toml",
        "measures/s-sent.toml",
    ])
});

/// The same with a new instrument and its measure.
pub(crate) static SECOND: LazyLock<Version> = LazyLock::new(|| {
    let mut files = FIRST.files.clone();
    files.extend(files!["instruments/extra.toml", "measures/m-extra.toml"]);
    Version::load(files)
});

/// Rows of two persons, so that small logs have many.
pub(crate) const LIMITS: Limits = Limits::for_tests();

impl Version {
    fn load(files: Vec<SourceFile>) -> Self {
        let hash = hash_of(&files);
        let loaded =
            Catalogue::load(&files, hash, LIMITS).unwrap_or_else(|problems| panic!("{problems}"));
        Self {
            files,
            hash,
            loaded: Arc::new(loaded),
        }
    }

    /// The version of that hash.
    pub(crate) fn of(hash: &CatalogueHash) -> &'static Self {
        [&*FIRST, &*SECOND]
            .into_iter()
            .find(|version| version.hash == *hash)
            .expect("the log names catalogues that there are")
    }
}
