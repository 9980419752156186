//! Titles of files, which may be one text or a text for each language.

use crate::catalogue::organisation::Titles;
use crate::catalogue::source::RawTitles;

/// Titles by language. A single text is Norwegian bokmål only.
pub(super) fn titles(raw: RawTitles) -> Titles {
    match raw {
        RawTitles::Name(text) => [("nb".to_owned(), text)].into(),
        RawTitles::ByLanguage(texts) => texts,
    }
}

/// Titles of what has a name: a single text is the name in all languages.
pub(super) fn names(raw: RawTitles) -> Titles {
    match raw {
        RawTitles::Name(name) => ["nb", "nn", "en"]
            .into_iter()
            .map(|language| (language.to_owned(), name.clone()))
            .collect(),
        RawTitles::ByLanguage(texts) => texts,
    }
}
