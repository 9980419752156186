//! Titles and notes of whatever a catalogue has.

use std::fmt::{Result, Write as _};

use medvirk_domain::catalogue::Titles;

/// The title in English, or in Norwegian where there is no English one.
pub(super) fn title(titles: &Titles) -> &str {
    ["en", "nb", "nn"]
        .iter()
        .find_map(|language| titles.get(*language))
        .map_or("", String::as_str)
}

/// Lists the titles in every language.
pub(super) fn titles(text: &mut String, titles: &Titles) -> Result {
    for (language, title) in titles {
        writeln!(text, "  {language}: {title}")?;
    }
    Ok(())
}

/// Lists the sources, and what nobody has verified.
pub(super) fn notes(text: &mut String, sources: &[String], unverified: &[String]) -> Result {
    for source in sources {
        writeln!(text, "  source: {source}")?;
    }
    for what in unverified {
        writeln!(text, "  not verified: {what}")?;
    }
    Ok(())
}
