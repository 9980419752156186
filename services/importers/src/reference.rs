//! References to patients, episodes and therapists. Comes in: a cell as it stands in the file. Goes
//! out: the reference in the one form that the system takes. The invariants: the same reference in
//! another Unicode form or with white space around it is the same person; what a spreadsheet has
//! made of a reference is refused, since two persons may have become one. Everything else is the
//! system's to judge.

use std::collections::{BTreeMap, BTreeSet};

use medvirk_domain::reference::normalised_reference;

/// What a spreadsheet shows where a formula went wrong, in English and Norwegian.
const ERRORS: [&str; 12] = [
    "#N/A", "#I/T", "#REF!", "#VALUE!", "#VERDI!", "#NAME?", "#NAVN?", "#DIV/0!", "#NUM!",
    "#NULL!", "#SPILL!", "#CALC!",
];

/// As many rows are named in a note.
const NAMED_ROWS: usize = 10;

/// What was changed in a cell that is a reference, if anything was.
pub(super) fn change(raw: &str) -> Option<&'static str> {
    let trimmed = raw.trim();
    let composed = normalised_reference(trimmed) != trimmed;
    match (raw != trimmed, composed) {
        (false, false) => None,
        (true, false) => Some("white space around it was taken away"),
        (false, true) => Some("was brought into the Unicode form NFC"),
        (true, true) => Some(
            "white space around it was taken away, and it was brought into the Unicode form NFC",
        ),
    }
}

/// What a spreadsheet has done to a reference, if it has; told as a rule.
pub(super) fn damage(reference: &str) -> Option<&'static str> {
    if is_exponent(reference) {
        return Some(
            "is a number with an exponent, as spreadsheets write long numbers, and digits of it are \
             lost: export it again, with this column as text",
        );
    }
    if is_decimal(reference) {
        return Some(
            "is a number with empty decimals, as programs write numbers that are none: export it \
             again, with this column as text",
        );
    }
    if reference.starts_with('=') {
        return Some(
            "begins with =, as spreadsheets write text that looks like a number: export it again \
             without formulas",
        );
    }
    if reference.starts_with(['\'', '\u{2019}']) {
        return Some(
            "begins with an apostrophe, as spreadsheets mark text that looks like a number: export \
             it again without it",
        );
    }
    let is_hidden = !reference.is_empty() && reference.chars().all(|it| it == '#');
    if is_hidden || ERRORS.contains(&reference.to_uppercase().as_str()) {
        return Some("is what a spreadsheet shows where it has no value: export it again");
    }
    None
}

/// A note if references are the same but for noughts at their beginning, which spreadsheets take
/// away. Comes in: rows and their references.
pub(super) fn lost_noughts<'a>(
    references: impl Iterator<Item = (usize, &'a str)>,
) -> Option<String> {
    let mut by_number: BTreeMap<&str, BTreeMap<&str, usize>> = BTreeMap::new();
    for (row, reference) in references {
        if is_digits(reference) {
            let known = by_number
                .entry(reference.trim_start_matches('0'))
                .or_default();
            known.entry(reference).or_insert(row);
        }
    }
    let several = by_number.into_values().filter(|known| known.len() > 1);
    let rows: BTreeSet<usize> = several.flat_map(BTreeMap::into_values).collect();
    let named: Vec<String> = rows.iter().take(NAMED_ROWS).map(usize::to_string).collect();
    (!rows.is_empty()).then(|| {
        format!(
            "references of patients are the same but for noughts at their beginning, which \
             spreadsheets take away; they are taken for different persons: look at rows {}{}",
            named.join(", "),
            if rows.len() > NAMED_ROWS {
                " and more"
            } else {
                ""
            }
        )
    })
}

/// `1,01E+10`, `1.01E10` or `1E+10`. Without a decimal or a sign it may be a reference.
fn is_exponent(text: &str) -> bool {
    let text = text.strip_prefix(['-', '+', '\u{2212}']).unwrap_or(text);
    let Some((number, exponent)) = text.split_once(['e', 'E']) else {
        return false;
    };
    let unsigned = exponent.strip_prefix(['-', '+', '\u{2212}']);
    let is_number = match number.split_once(['.', ',']) {
        Some((whole, part)) => is_digits(whole) && is_digits(part),
        None => is_digits(number) && unsigned.is_some(),
    };
    is_number && is_digits(unsigned.unwrap_or(exponent))
}

/// A number with blank decimals, such as `12.0` or `12,00`.
fn is_decimal(text: &str) -> bool {
    let text = text.strip_prefix(['-', '+', '\u{2212}']).unwrap_or(text);
    text.split_once(['.', ',']).is_some_and(|(whole, part)| {
        is_digits(whole) && !part.is_empty() && part.bytes().all(|it| it == b'0')
    })
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|it| it.is_ascii_digit())
}

#[cfg(test)]
mod tests;
