//! Values. Comes in: the text of a cell. Goes out: a number, a day, a yes or no. The invariant:
//! what can be read in two ways is not read.

mod moment;

pub(super) use moment::{DayOrder, moment};

/// A plain number with a decimal point or a decimal comma; no thousands, no exponent.
pub(super) fn number(text: &str) -> Option<f64> {
    let digits = text.strip_prefix(['-', '\u{2212}']).unwrap_or(text);
    let (whole, part) = digits.split_once([',', '.']).unwrap_or((digits, "0"));
    let are_digits = |text: &str| !text.is_empty() && text.bytes().all(|it| it.is_ascii_digit());
    if !are_digits(whole) || !are_digits(part) || digits.len() > 20 {
        return None;
    }
    let value: f64 = format!("{whole}.{part}").parse().ok()?;
    Some(if digits.len() < text.len() {
        -value
    } else {
        value
    })
}

/// Yes or no, in the words of exports.
pub(super) fn flag(text: &str) -> Option<bool> {
    match text.to_lowercase().as_str() {
        "1" | "true" | "yes" | "ja" => Some(true),
        "0" | "false" | "no" | "nei" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
