//! Days, with or without a time behind them. Comes in: the text of a cell. Goes out: the day in
//! Norway, and the time as text that sorts. The invariant: what stands behind a day is understood
//! to the last character, or the cell is refused.

use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, Offset};
use medvirk_domain::time::Day;
use medvirk_runtime::clock::oslo;

/// The largest offset of a time zone, in minutes.
const MAX_OFFSET: i32 = 14 * 60;

/// How days are written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum DayOrder {
    /// The year comes first: YYYY-MM-DD.
    Iso,
    /// The day comes first: DD.MM.YYYY.
    Norwegian,
    /// Either: they cannot be mistaken for each other.
    Both,
}

/// A time of day, and how far ahead of UTC it is where that is told.
struct TimeOfDay {
    hour: u8,
    minute: u8,
    second: u8,
    /// The distance from UTC in minutes.
    offset: Option<i32>,
}

/// A day, with or without a time of day after it, and that time as text that sorts. A time with `Z`
/// or an offset is turned into Norwegian time, and its day with it.
pub(in super::super) fn moment(text: &str, days: DayOrder) -> Option<(Day, String)> {
    let Some((day, time)) = text.split_once([' ', 'T']) else {
        return Some((self::day(text, days)?, String::new()));
    };
    let (day, time) = (self::day(day, days)?, time_of_day(time)?);
    match time.offset {
        None => Some((day, time.to_string())),
        Some(offset) => in_norway(day, &time, offset),
    }
}

fn day(text: &str, days: DayOrder) -> Option<Day> {
    if days != DayOrder::Norwegian
        && let Ok(day) = text.parse()
    {
        return Some(day);
    }
    let mut parts = text.split('.');
    let (day, month, year) = (parts.next()?, parts.next()?, parts.next()?);
    let plain = |text: &str| text.bytes().all(|it| it.is_ascii_digit());
    let sized = day.len() <= 2 && month.len() <= 2 && year.len() == 4;
    if days == DayOrder::Iso || parts.next().is_some() || !sized || !plain(&text.replace('.', "")) {
        return None;
    }
    format!("{year}-{month:0>2}-{day:0>2}").parse().ok()
}

/// HH:MM or HH:MM:SS, with parts of a second and an offset where there are any.
fn time_of_day(text: &str) -> Option<TimeOfDay> {
    let (time, offset) = parted_offset(text)?;
    let mut parts = time.split(':');
    let (hour, minute) = (parts.next()?, parts.next()?);
    let second = match parts.next() {
        Some(second) => without_fraction(second)?,
        None => "00",
    };
    if parts.next().is_some() {
        return None;
    }
    Some(TimeOfDay {
        hour: two_digits(hour, 24)?,
        minute: two_digits(minute, 60)?,
        // A second may be a leap second.
        second: two_digits(second, 61)?,
        offset,
    })
}

/// The time alone, and the offset that stands behind it: `Z`, `UTC`, `+02`, `+0200` or `+02:00`.
fn parted_offset(text: &str) -> Option<(&str, Option<i32>)> {
    for universal in ["Z", "z", "UTC"] {
        if let Some(time) = text.strip_suffix(universal) {
            return Some((time.strip_suffix(' ').unwrap_or(time), Some(0)));
        }
    }
    let Some(sign) = text.find(['+', '-']) else {
        return Some((text, None));
    };
    let (time, offset) = text.split_at(sign);
    let (hours, minutes) = match offset.get(1..)?.split_once(':') {
        Some(parts) => parts,
        None if offset.len() == 3 => (&offset[1..], "00"),
        None => (offset.get(1..3)?, offset.get(3..)?),
    };
    let minutes = i32::from(two_digits(hours, 24)?) * 60 + i32::from(two_digits(minutes, 60)?);
    let ahead = if offset.starts_with('-') {
        -minutes
    } else {
        minutes
    };
    let time = time.strip_suffix(' ').unwrap_or(time);
    (minutes <= MAX_OFFSET).then_some((time, Some(ahead)))
}

/// Seconds without the parts of one that may follow a point or comma.
fn without_fraction(text: &str) -> Option<&str> {
    let Some((seconds, part)) = text.split_once(['.', ',']) else {
        return Some(text);
    };
    let plain = (1..=9).contains(&part.len()) && part.bytes().all(|it| it.is_ascii_digit());
    plain.then_some(seconds)
}

fn two_digits(text: &str, below: u8) -> Option<u8> {
    let plain = text.len() == 2 && text.bytes().all(|it| it.is_ascii_digit());
    text.parse().ok().filter(|it: &u8| plain && *it < below)
}

/// The day and time in Norway of a time elsewhere.
fn in_norway(day: Day, time: &TimeOfDay, offset: i32) -> Option<(Day, String)> {
    let (year, month, number) = day.civil();
    let [year, month, number] = [i64::from(year), month.into(), number.into()];
    let [hour, minute] = [time.hour, time.minute].map(|it| it.cast_signed());
    let elsewhere = DateTime::new(
        year.try_into().ok()?,
        month.try_into().ok()?,
        number.try_into().ok()?,
        hour,
        minute,
        time.second.min(59).cast_signed(),
        0,
    );
    let offset = Offset::from_seconds(offset * 60).ok()?;
    let norway = oslo();
    let utc = offset.to_timestamp(elsewhere.ok()?).ok()?;
    let here = norway.to_datetime(utc);
    let day = Day::from_civil(
        here.year().into(),
        here.month().unsigned_abs().into(),
        here.day().unsigned_abs().into(),
    );
    // In October an hour comes twice; its second time sorts behind its first.
    let sign = match norway.to_ambiguous_zoned(here).offset() {
        AmbiguousOffset::Fold { after, .. } if after == norway.to_offset(utc) => '~',
        _ => ':',
    };
    let text = format!(
        "{:02}{sign}{:02}:{:02}",
        here.hour(),
        here.minute(),
        here.second()
    );
    (Day::FIRST..=Day::LAST)
        .contains(&day)
        .then_some((day, text))
}

// === impl TimeOfDay ===

impl std::fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:02}:{:02}:{:02}", self.hour, self.minute, self.second)
    }
}

#[cfg(test)]
mod tests;
