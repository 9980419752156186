//! A table, before it is text or columns of a file. The invariant: a column says what its cells are;
//! a cell that has no value is missing in every format, and never nought.

use std::borrow::Cow;
use std::sync::Arc;

use medvirk_domain::fixed::FixedPoint;
use medvirk_domain::time::Day;

/// One column of a dataset, as the codebook describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DatasetColumn {
    pub(crate) name: String,
    pub(crate) kind: CellKind,
    /// The label of the column for human readers.
    pub(crate) label: String,
    /// What its values stand for, where they are codes.
    pub(crate) codes: Vec<CodedLabel>,
    /// What a codebook says besides.
    pub(crate) details: ColumnDetails,
}

/// What a codebook says of a column, beside its name, label and codes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ColumnDetails {
    /// Every value is a code.
    pub(crate) coded: bool,
    /// Its cells are computed from others.
    pub(crate) computed: bool,
    /// It is never missing.
    pub(crate) required: bool,
    /// No two rows have the same.
    pub(crate) unique: bool,
    pub(crate) decimals: Option<u32>,
    pub(crate) range: Option<(FixedPoint, FixedPoint)>,
    /// How it is computed.
    pub(crate) formula: String,
    /// When it has a value.
    pub(crate) logic: String,
    /// How its values are to be read.
    pub(crate) explanation: String,
}

/// A value that is a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CodedLabel {
    pub(crate) value: FixedPoint,
    pub(crate) label: String,
    /// It stands for no answer.
    pub(crate) missing: bool,
}

/// What the cells of a column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CellKind {
    Text,
    Integer,
    Decimal,
    Boolean,
    Day,
    Time,
}

/// A cell. No `Debug`: most of these are answers.
#[derive(Clone, PartialEq)]
pub(crate) enum TableCell {
    Missing,
    Text(Arc<str>),
    /// Text too: 16 bytes as the platforms write them.
    Guid([u8; 16]),
    /// Of an integer or a decimal column.
    Number(FixedPoint),
    /// A sum of squares, in units of 10⁻¹².
    Squares(i128),
    Boolean(bool),
    Day(Day),
    /// Milliseconds since 1970, UTC.
    Time(i64),
}

impl DatasetColumn {
    pub(crate) fn new(name: impl Into<String>, kind: CellKind, label: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            kind,
            label: label.into(),
            codes: Vec::new(),
            details: ColumnDetails {
                decimals: (kind == CellKind::Integer).then_some(0),
                ..ColumnDetails::default()
            },
        }
    }

    /// The same column, with what else a codebook says of it.
    pub(crate) fn explained(mut self, explanation: impl Into<String>) -> Self {
        self.details.explanation = explanation.into();
        self
    }
}

impl CellKind {
    /// Its name in metadata.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Integer => "integer",
            Self::Decimal => "decimal",
            Self::Boolean => "boolean",
            Self::Day => "date",
            Self::Time => "datetime",
        }
    }
}

impl TableCell {
    pub(crate) fn text(text: impl Into<Arc<str>>) -> Self {
        Self::Text(text.into())
    }

    /// A whole number, below 10¹².
    pub(crate) fn whole(number: u64) -> Self {
        let micros = i64::try_from(number)
            .ok()
            .and_then(|it| it.checked_mul(1_000_000));
        micros.map_or(Self::Missing, |micros| {
            Self::Number(FixedPoint::from_micros(micros))
        })
    }
}

/// A text as a spreadsheet may have it: what a spreadsheet would take for a formula, or what would move
/// into another cell, begins with an apostrophe. Numbers stay numbers.
pub(crate) fn inert(text: &str) -> Cow<'_, str> {
    const DANGEROUS: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];
    let controls = text.starts_with(['\t', '\r', '\n']);
    let begins = text.trim_start().starts_with(DANGEROUS);
    if (controls || begins) && !is_number(text) {
        return Cow::Owned(format!("'{text}"));
    }
    Cow::Borrowed(text)
}

/// Digits with a sign before them and one point or comma among them.
fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (whole, rest) = digits.split_once(['.', ',']).unwrap_or((digits, "0"));
    let all = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    all(whole) && all(rest)
}

/// The platforms' way of writing 16 bytes: five groups of hexadecimal digits, with hyphens between.
pub(crate) fn guid(bytes: [u8; 16]) -> [u8; 36] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let (mut text, mut at) = ([b'-'; 36], 0);
    for (place, byte) in bytes.into_iter().enumerate() {
        if matches!(place, 4 | 6 | 8 | 10) {
            at += 1;
        }
        text[at] = DIGITS[usize::from(byte >> 4)];
        text[at + 1] = DIGITS[usize::from(byte & 15)];
        at += 2;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_is_a_formula_and_numbers_stay_numbers() {
        for text in [
            "=1+1", "+cmd", "-2+3", "@SUM(A1)", "\t=1", "\rx", "\nx", " =1", "＝1", "---", "-",
            "-1.2.3", "+", "-1,",
        ] {
            assert_eq!(inert(text), format!("'{text}"));
        }
        for text in [
            "",
            "a=b",
            "-98",
            "-2,5",
            "+4",
            "1",
            "Ikke valgt",
            "'=1",
            "3-4",
        ] {
            assert_eq!(inert(text), text);
        }
    }

    #[test]
    fn a_guid_has_five_groups() {
        let bytes = std::array::from_fn(|place| 0x10 * place as u8 + 15 - place as u8);
        assert_eq!(&guid(bytes), b"0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0");
    }
}
