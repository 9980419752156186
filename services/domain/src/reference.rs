//! References: what a clinic calls a patient, an episode or a therapist. Comes in: a text as it was
//! sent, and the patterns of its trust. Goes out: whether it may stand for somebody. The invariant:
//! of all texts that look the same at most one is taken, so that one person is never two; this is
//! the only place that decides, for every door.

use icu_normalizer::{ComposingNormalizerBorrowed, DecomposingNormalizerBorrowed};
use icu_properties::props::{DefaultIgnorableCodePoint, GeneralCategory, GeneralCategoryGroup};
use icu_properties::{CodePointMapData, CodePointSetData};
use regex::{Regex, RegexBuilder};

/// The longest reference, in bytes.
pub const MAX_REFERENCE: usize = 128;

/// The most memory that a pattern may take, in bytes.
const MAX_PATTERN: usize = 1 << 20;

/// A blank that Unicode counts among the symbols, so that no property finds it.
const BRAILLE_BLANK: char = '\u{2800}';

/// Whom or what a reference names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReferenceKind {
    /// The reference names a patient.
    Patient,
    /// An episode of care.
    Episode,
    /// The reference names a therapist.
    Therapist,
}

/// Why a text is no reference. The message is a rule, and has nothing of the text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReferenceFault {
    /// It is empty or too long.
    #[error("must have 1 to {MAX_REFERENCE} bytes")]
    Length,
    /// There is nothing in it to see.
    #[error("must not be blank")]
    Blank,
    /// It begins or ends with white space.
    #[error("must not begin or end with white space")]
    OuterSpace,
    /// It has control characters.
    #[error("must have no control characters")]
    Control,
    /// It has characters that nobody sees, or that change the direction of writing.
    #[error(
        "must have no characters that cannot be seen, such as a byte order mark, a zero-width \
         space or a mark of the writing direction"
    )]
    Invisible,
    /// It has a white space that looks like another one.
    #[error("must have no white space but the plain space")]
    InnerSpace,
    /// It has the character that stands for what could not be decoded.
    #[error("must not have been decoded wrongly: it has the replacement character U+FFFD")]
    Undecoded,
    /// It has characters that Unicode gives no meaning.
    #[error("must have characters of Unicode only, none for private use")]
    Unassigned,
    /// Its letters with marks are not in one piece.
    #[error("must be in the Unicode form NFC: a letter and its mark as one character")]
    NotComposed,
    /// It is not what its trust calls anybody.
    #[error("must match the pattern of its trust: {0}")]
    Pattern(String),
}

/// What a trust's own references look like; each kind is free where no pattern is named.
#[derive(Debug, Clone, Default)]
pub struct ReferencePatterns {
    /// What references to patients look like.
    pub patient: Option<ReferencePattern>,
    /// What references to episodes look like.
    pub episode: Option<ReferencePattern>,
    /// What references to therapists look like.
    pub therapist: Option<ReferencePattern>,
}

/// A regular expression that matches whole references.
#[derive(Debug, Clone)]
pub struct ReferencePattern {
    written: String,
    whole: Regex,
}

/// Checks a reference by all rules, and by the pattern of its trust.
///
/// # Errors
/// With the first rule that it breaks.
pub fn check_reference(
    kind: ReferenceKind,
    text: &str,
    patterns: &ReferencePatterns,
) -> Result<(), ReferenceFault> {
    check_characters(text)?;
    let pattern = patterns.of(kind);
    match pattern.filter(|pattern| !pattern.matches(text)) {
        Some(pattern) => Err(ReferenceFault::Pattern(pattern.written.clone())),
        None => Ok(()),
    }
}

/// The reference as every door takes it, of a text that may have outer white space, or letters
/// apart from their marks. For importers, which say so where it changes something.
pub fn normalised_reference(text: &str) -> String {
    composed(text.trim())
}

/// Every way in which the same reference may have been written, the given one first: as it is, in
/// NFC and in NFD, each with and without outer white space.
pub fn spellings_of_reference(text: &str) -> Vec<String> {
    let mut spellings = Vec::new();
    for given in [text, text.trim()] {
        for spelling in [given.to_owned(), composed(given), decomposed(given)] {
            if !spelling.is_empty() && !spellings.contains(&spelling) {
                spellings.push(spelling);
            }
        }
    }
    spellings
}

fn composed(text: &str) -> String {
    let nfc = ComposingNormalizerBorrowed::new_nfc();
    nfc.normalize(text).into_owned()
}

fn decomposed(text: &str) -> String {
    let nfd = DecomposingNormalizerBorrowed::new_nfd();
    nfd.normalize(text).into_owned()
}

/// In the order in which a reader understands them: what cannot be seen comes before what can.
fn check_characters(text: &str) -> Result<(), ReferenceFault> {
    if text.is_empty() || text.len() > MAX_REFERENCE {
        return Err(ReferenceFault::Length);
    }
    // Line and paragraph separators count as white space, tabs as control characters.
    for character in text.chars() {
        check_character(character)?;
    }
    if text.trim().is_empty() {
        return Err(ReferenceFault::Blank);
    }
    if text.trim().len() != text.len() {
        return Err(ReferenceFault::OuterSpace);
    }
    if text.chars().any(|it| it.is_whitespace() && it != ' ') {
        return Err(ReferenceFault::InnerSpace);
    }
    if !ComposingNormalizerBorrowed::new_nfc().is_normalized(text) {
        return Err(ReferenceFault::NotComposed);
    }
    Ok(())
}

fn check_character(character: char) -> Result<(), ReferenceFault> {
    if character.is_ascii_graphic() || character == ' ' {
        return Ok(());
    }
    let category = CodePointMapData::<GeneralCategory>::new().get(character);
    let ignorable = CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(character);
    match category {
        GeneralCategory::Control => Err(ReferenceFault::Control),
        GeneralCategory::Format => Err(ReferenceFault::Invisible),
        _ if ignorable || character == BRAILLE_BLANK => Err(ReferenceFault::Invisible),
        _ if character == char::REPLACEMENT_CHARACTER => Err(ReferenceFault::Undecoded),
        GeneralCategory::PrivateUse => Err(ReferenceFault::Unassigned),
        _ if GeneralCategoryGroup::Unassigned.contains(category) => Err(ReferenceFault::Unassigned),
        _ => Ok(()),
    }
}

// === impl ReferencePatterns ===

impl ReferencePatterns {
    /// The pattern of a kind, if the trust has one.
    pub const fn of(&self, kind: ReferenceKind) -> Option<&ReferencePattern> {
        match kind {
            ReferenceKind::Patient => self.patient.as_ref(),
            ReferenceKind::Episode => self.episode.as_ref(),
            ReferenceKind::Therapist => self.therapist.as_ref(),
        }
    }
}

// === impl ReferencePattern ===

impl ReferencePattern {
    /// Reads a regular expression.
    ///
    /// # Errors
    /// With what is wrong with it, in one line.
    pub fn new(written: &str) -> Result<Self, String> {
        if written.trim().is_empty() {
            return Err("a pattern is a regular expression, such as [0-9]{8}".to_owned());
        }
        let build = |text: &str| RegexBuilder::new(text).size_limit(MAX_PATTERN).build();
        // By itself first: what is said of it is then about what was written.
        let whole = build(written).and_then(|_| build(&format!(r"\A(?:{written})\z")));
        let whole = whole.map_err(|error| {
            let text = error.to_string();
            let reason = text.lines().last().unwrap_or_default().trim();
            let reason = reason.strip_prefix("error: ").unwrap_or(reason);
            format!("no regular expression: {reason}")
        })?;
        Ok(Self {
            written: written.to_owned(),
            whole,
        })
    }

    /// As the catalogue has it.
    pub fn as_str(&self) -> &str {
        &self.written
    }

    /// True if it matches all of the text.
    pub fn matches(&self, text: &str) -> bool {
        self.whole.is_match(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(text: &str) -> Result<(), ReferenceFault> {
        check_reference(ReferenceKind::Patient, text, &ReferencePatterns::default())
    }

    #[test]
    fn what_clinics_call_somebody_is_taken() {
        let longest = "æ".repeat(MAX_REFERENCE / 2);
        for text in [
            "ra1", "4711", "0012", "Åse B.", "Š-7/2", "名前", "a b", "<x>", &longest,
        ] {
            assert_eq!(checked(text), Ok(()), "{text:?}");
        }
    }

    #[test]
    fn what_looks_like_another_reference_is_refused() {
        use ReferenceFault::{
            Blank, Control, InnerSpace, Invisible, Length, NotComposed, OuterSpace, Unassigned,
            Undecoded,
        };
        for (text, fault) in [
            ("", Length),
            (&*"x".repeat(MAX_REFERENCE + 1), Length),
            (" ", Blank),
            ("\u{a0}\u{2003}", Blank),
            ("ra1 ", OuterSpace),
            ("\u{a0}ra1", OuterSpace),
            ("ra1\u{3000}", OuterSpace),
            ("ra1\r", Control),
            ("r\ta1", Control),
            ("r\0a1", Control),
            ("r\u{85}a1", Control),
            ("\u{feff}ra1", Invisible),
            ("ra1\u{200b}", Invisible),
            ("r\u{ad}a1", Invisible),
            ("r\u{202e}a1", Invisible),
            ("r\u{2066}a1", Invisible),
            ("r\u{200d}a1", Invisible),
            ("r\u{fe0f}a1", Invisible),
            ("r\u{e0041}a1", Invisible),
            ("r\u{3164}a1", Invisible),
            ("r\u{2800}a1", Invisible),
            ("r\u{a0}a1", InnerSpace),
            ("r\u{2028}a1", InnerSpace),
            ("r\u{fffd}a1", Undecoded),
            ("r\u{e000}a1", Unassigned),
            ("r\u{ffff}a1", Unassigned),
            ("A\u{30a}se", NotComposed),
            ("\u{212b}se", NotComposed),
        ] {
            assert_eq!(checked(text), Err(fault), "{text:?}");
        }
    }

    #[test]
    fn a_normalised_reference_is_taken_and_a_good_one_stays() {
        assert_eq!(normalised_reference(" A\u{30a}se\u{a0}"), "Åse");
        assert_eq!(normalised_reference("Åse"), "Åse");
        assert_eq!(checked(&normalised_reference("\u{212b}se ")), Ok(()));
    }

    #[test]
    fn every_spelling_is_tried_once_and_the_given_one_first() {
        let (nfc, nfd) = ("Åse", "A\u{30a}se");
        assert_eq!(spellings_of_reference("ra1"), ["ra1"]);
        assert_eq!(spellings_of_reference(nfd), [nfd, nfc]);
        assert_eq!(spellings_of_reference("ra1 "), ["ra1 ", "ra1"]);
        let both = spellings_of_reference(" Åse");
        assert_eq!(both, [" Åse", " A\u{30a}se", nfc, nfd]);
        assert_eq!(spellings_of_reference(" "), [" "]);
    }

    #[test]
    fn a_trust_takes_only_what_matches_its_pattern() {
        let patterns = ReferencePatterns {
            patient: Some(ReferencePattern::new("[0-9]{4}|x").unwrap()),
            ..ReferencePatterns::default()
        };
        let check = |kind, text| check_reference(kind, text, &patterns).is_ok();
        assert!(check(ReferenceKind::Patient, "4711") && check(ReferenceKind::Patient, "x"));
        for text in ["47110", "471", "a4711", "4711x", "x4711", "4711\nx"] {
            assert!(!check(ReferenceKind::Patient, text), "{text:?}");
            assert!(text.contains('\n') || check(ReferenceKind::Episode, text));
        }
    }

    #[test]
    fn what_is_no_pattern_is_said_in_one_line() {
        for text in [
            "",
            " ",
            "[0-9",
            "(a",
            "a{5,2}",
            "(?P<x>",
            "a{1000}{1000}{1000}",
        ] {
            let reason = ReferencePattern::new(text).unwrap_err();
            assert!(!reason.is_empty() && !reason.contains('\n'), "{reason}");
        }
    }
}
