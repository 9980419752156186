//! Values. Comes in: the text of a cell. Goes out: a number, a day, a yes or no. The invariant:
//! what can be read in two ways is not read.

use medvirk_domain::time::Day;

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

/// How days are written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Days {
    /// YYYY-MM-DD
    Iso,
    /// DD.MM.YYYY
    Norwegian,
    /// Either: they cannot be mistaken for each other.
    Both,
}

/// A day, with or without a time of day after it, and that time as text that sorts.
pub(super) fn moment(text: &str, days: Days) -> Option<(Day, String)> {
    let (day, time) = match text.split_once([' ', 'T']) {
        Some((day, time)) => (day, clock(time)?),
        None => (text, String::new()),
    };
    Some((self::day(day, days)?, time))
}

fn day(text: &str, days: Days) -> Option<Day> {
    if days != Days::Norwegian
        && let Ok(day) = text.parse()
    {
        return Some(day);
    }
    let mut parts = text.split('.');
    let (day, month, year) = (parts.next()?, parts.next()?, parts.next()?);
    let plain = |text: &str| text.bytes().all(|it| it.is_ascii_digit());
    let sized = day.len() <= 2 && month.len() <= 2 && year.len() == 4;
    if days == Days::Iso || parts.next().is_some() || !sized || !plain(&text.replace('.', "")) {
        return None;
    }
    format!("{year}-{month:0>2}-{day:0>2}").parse().ok()
}

/// HH:MM or HH:MM:SS, with what may follow the seconds.
fn clock(text: &str) -> Option<String> {
    let mut parts = text.trim_end_matches('Z').splitn(3, ':');
    let two = |part: Option<&str>, below: u8| {
        let part = part?.get(..2)?;
        part.parse().ok().filter(|it: &u8| *it < below)
    };
    let hour = two(parts.next().filter(|it| it.len() == 2), 24)?;
    let minute = two(parts.next().filter(|it| it.len() == 2), 60)?;
    let second = match parts.next() {
        Some(part) => two(Some(part), 61)?,
        None => 0,
    };
    Some(format!("{hour:02}:{minute:02}:{second:02}"))
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
