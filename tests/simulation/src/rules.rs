//! What is in force in the simulation. Comes in: the texts in `catalogue/`. Goes out: versions of a
//! catalogue, loaded once; the second and the third have one measure more than the first, not the
//! same one. The invariant: every person has a power of two in `e-tag`, and every answer to a survey
//! in `s-exit`, so that who is in a row can be read from its sums.

use std::sync::{Arc, LazyLock};

use medvirk_domain::catalogue::{Catalogue, CatalogueLimits, SourceFile};
use medvirk_domain::ids::CatalogueHash;
use medvirk_records::catalogue::hash_of;

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
    /// The texts of its files.
    pub(crate) files: Vec<SourceFile>,
    /// The hash of them.
    pub(crate) hash: CatalogueHash,
    /// The same catalogue, loaded and checked.
    pub(crate) loaded: Arc<Catalogue>,
    /// The instrument that the first version has not.
    pub(crate) more: Option<&'static str>,
}

/// What is in force at first.
pub(crate) static FIRST: LazyLock<Version> = LazyLock::new(|| {
    let files = files![
        "organisations.toml",
        "instruments/ally.toml",
        "instruments/exit.toml",
        "instruments/reg.toml",
        "instruments/tag.toml",
        "measures/e-tag.toml",
        "measures/m-ally.toml",
        "measures/s-exit.toml",
        "measures/s-sent.toml",
    ];
    Version::load(files, None)
});

/// The same with a new instrument and its measure.
pub(crate) static SECOND: LazyLock<Version> = LazyLock::new(|| {
    let mut files = FIRST.files.clone();
    files.extend(files!["instruments/extra.toml", "measures/m-extra.toml"]);
    Version::load(files, Some("extra"))
});

/// The first one with another instrument and its measure; it may follow the second in a January.
pub(crate) static THIRD: LazyLock<Version> = LazyLock::new(|| {
    let mut files = FIRST.files.clone();
    files.extend(files!["instruments/other.toml", "measures/m-other.toml"]);
    Version::load(files, Some("other"))
});

/// Rows of two persons, so that small logs have many.
pub(crate) const LIMITS: CatalogueLimits = CatalogueLimits::for_tests();

impl Version {
    fn load(files: Vec<SourceFile>, more: Option<&'static str>) -> Self {
        let hash = hash_of(&files);
        let loaded =
            Catalogue::load(&files, hash, LIMITS).unwrap_or_else(|problems| panic!("{problems}"));
        Self {
            files,
            hash,
            loaded: Arc::new(loaded),
            more,
        }
    }

    /// The version of that hash.
    pub(crate) fn of(hash: &CatalogueHash) -> &'static Self {
        [&*FIRST, &*SECOND, &*THIRD]
            .into_iter()
            .find(|version| version.hash == *hash)
            .expect("the log names catalogues that there are")
    }
}
