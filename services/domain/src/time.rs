//! Days and months. Comes in: days since 1970 and milliseconds since 1970. Goes out: calendar
//! months and the moment from which a month may be closed. The invariant: no clock and no time
//! zone database; the one civil fact used is that the sixth of a month in Europe/Oslo is in summer
//! time from April to October.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A day, counted from 1970-01-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Day(pub i32);

impl Day {
    /// The first day that an event may bear: 1900-01-01.
    pub const FIRST: Self = Self(-25_567);
    /// The last day that an event may bear: 2199-12-31.
    pub const LAST: Self = Self(84_005);

    /// A day of the proleptic Gregorian calendar; months and days count from 1.
    pub fn from_civil(year: i32, month: u32, day: u32) -> Self {
        // Howard Hinnant, "chrono-compatible low-level date algorithms", days_from_civil.
        let year = if month <= 2 { year - 1 } else { year };
        let era = year.div_euclid(400);
        let year_of_era = year.rem_euclid(400);
        let month_from_march = (month as i32 + 9) % 12;
        let day_of_year = (153 * month_from_march + 2) / 5 + day as i32 - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        Self(era * 146_097 + day_of_era - 719_468)
    }

    /// Year, month and day of month.
    pub fn civil(self) -> (i32, u32, u32) {
        // The same source, civil_from_days.
        let shifted = self.0 + 719_468;
        let era = shifted.div_euclid(146_097);
        let day_of_era = shifted.rem_euclid(146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let day = (day_of_year - (153 * month_from_march + 2) / 5 + 1) as u32;
        let month = if month_from_march < 10 {
            month_from_march + 3
        } else {
            month_from_march - 9
        } as u32;
        let year = year_of_era + era * 400 + i32::from(month <= 2);
        (year, month, day)
    }

    /// The month it lies in.
    pub fn month(self) -> Month {
        let (year, month, _) = self.civil();
        Month::new(year, month).expect("a civil month is between 1 and 12")
    }
}

/// Writes the day as YYYY-MM-DD.
impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.civil();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

impl FromStr for Day {
    type Err = InvalidDate;

    fn from_str(text: &str) -> Result<Self, InvalidDate> {
        let (month, day) = text.rsplit_once('-').ok_or(InvalidDate)?;
        let first: Month = month.parse()?;
        let day: u32 = two_digits(day)?;
        let candidate = Self::from_civil(first.year(), first.number(), day);
        // A day that the month does not have lands in another month.
        if candidate.to_string() == text {
            Ok(candidate)
        } else {
            Err(InvalidDate)
        }
    }
}

/// One month of the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Month(i32);

impl Month {
    /// `number` is 1 to 12; `None` otherwise, and for years outside 1900–2199.
    pub fn new(year: i32, number: u32) -> Option<Self> {
        let fits = (1..=12).contains(&number) && (1900..=2199).contains(&year);
        fits.then_some(Self(year * 12 + number as i32 - 1))
    }

    /// From YYYYMM, as the log has it.
    pub fn from_yyyymm(value: u32) -> Option<Self> {
        Self::new((value / 100) as i32, value % 100)
    }

    /// The month as the number YYYYMM.
    pub fn yyyymm(self) -> u32 {
        self.year() as u32 * 100 + self.number()
    }

    /// The calendar year of the month.
    pub const fn year(self) -> i32 {
        self.0.div_euclid(12)
    }

    /// The number of the month in its year, 1 to 12.
    pub const fn number(self) -> u32 {
        self.0.rem_euclid(12) as u32 + 1
    }

    /// This many months later; earlier where negative.
    #[must_use]
    pub const fn plus(self, months: i32) -> Self {
        Self(self.0 + months)
    }

    /// The month after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        self.plus(1)
    }

    /// The month before this one.
    #[must_use]
    pub const fn previous(self) -> Self {
        self.plus(-1)
    }

    /// The first month of its tertial: January, May or September.
    pub const fn tertial_start(self) -> Self {
        Self(self.0 - (self.number() as i32 - 1) % 4)
    }

    /// January of its year.
    pub const fn year_start(self) -> Self {
        Self(self.year() * 12)
    }

    /// True for April, August and December.
    pub const fn ends_tertial(self) -> bool {
        self.number().is_multiple_of(4)
    }

    /// Whether the month is the last of its year.
    pub const fn ends_year(self) -> bool {
        self.number() == 12
    }

    /// The first day of the month.
    pub fn first_day(self) -> Day {
        Day::from_civil(self.year(), self.number(), 1)
    }

    /// The moment from which it may be closed, in milliseconds since 1970 (UTC): five whole days
    /// after its end in Europe/Oslo, which is the sixth of the next month at midnight.
    pub fn closes_from(self) -> i64 {
        let next = self.next();
        let sixth = i64::from(Day::from_civil(next.year(), next.number(), 6).0);
        // Summer time runs from the last Sunday of March to the last Sunday of October.
        let hours_ahead = if (4..=10).contains(&next.number()) {
            2
        } else {
            1
        };
        (sixth * 24 - hours_ahead) * 3_600_000
    }
}

/// Writes the month as YYYY-MM.
impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year(), self.number())
    }
}

impl FromStr for Month {
    type Err = InvalidDate;

    fn from_str(text: &str) -> Result<Self, InvalidDate> {
        let (year, number) = text.split_once('-').ok_or(InvalidDate)?;
        if year.len() != 4 || !year.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(InvalidDate);
        }
        let year = year.parse().map_err(|_| InvalidDate)?;
        Self::new(year, two_digits(number)?).ok_or(InvalidDate)
    }
}

fn two_digits(text: &str) -> Result<u32, InvalidDate> {
    if text.len() != 2 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(InvalidDate);
    }
    text.parse().map_err(|_| InvalidDate)
}

/// A text that is no date of the calendar.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a day is YYYY-MM-DD and a month is YYYY-MM, in the years 1900 to 2199")]
pub struct InvalidDate;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_months_agree_with_the_calendar() {
        let check = |text: &str, days: i32| {
            let day: Day = text.parse().unwrap();
            assert_eq!(day.0, days);
            assert_eq!(day.to_string(), text);
        };
        check("1970-01-01", 0);
        check("2000-02-29", 11_016);
        check("2024-12-31", 20_088);
        check("1900-01-01", Day::FIRST.0);
        check("2199-12-31", Day::LAST.0);
        for wrong in [
            "2023-02-29",
            "2024-13-01",
            "2024-1-01",
            "24-01-01",
            "2024-01-001",
            "",
            "x",
        ] {
            assert!(wrong.parse::<Day>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_month_may_be_closed_five_days_after_its_end_in_oslo() {
        let check = |month: &str, moment: i64| {
            assert_eq!(month.parse::<Month>().unwrap().closes_from(), moment);
        };
        check("2024-01", 1_707_174_000_000); // 2024-02-06T00:00+01:00
        check("2024-03", 1_712_354_400_000); // 2024-04-06T00:00+02:00
        check("2024-09", 1_728_165_600_000); // 2024-10-06T00:00+02:00
        check("2024-10", 1_730_847_600_000); // 2024-11-06T00:00+01:00
    }

    #[test]
    fn tertials_end_in_april_august_and_december() {
        let month: Month = "2024-07".parse().unwrap();
        assert_eq!(month.tertial_start().to_string(), "2024-05");
        assert!(!month.ends_tertial() && month.next().ends_tertial());
        assert_eq!(month.plus(-7).to_string(), "2023-12");
    }
}
