//! Time. Comes in: the system's clock, or a test's hand. Goes out: milliseconds since 1970 (UTC),
//! and the civil day and month in Norway. The invariant: [`SystemClock`] is the only place of the
//! project that reads the time.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use medvirk_domain::time::{Day, Month};

/// Gives the time to everything that asks for it.
pub trait Clock: Send + Sync + 'static {
    /// Milliseconds since 1970, UTC.
    fn now_ms(&self) -> i64;
}

/// The clock of the machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

/// A clock that moves by hand; its clones share the hand.
#[derive(Debug, Clone, Default)]
pub struct ManualClock(Arc<AtomicI64>);

/// The day in Europe/Oslo.
pub fn today(clock: &dyn Clock) -> Day {
    let date = Timestamp::from_millisecond(clock.now_ms())
        .unwrap_or(Timestamp::UNIX_EPOCH)
        .to_zoned(oslo())
        .date();
    Day::from_civil(
        date.year().into(),
        date.month().unsigned_abs().into(),
        date.day().unsigned_abs().into(),
    )
}

/// The month in Europe/Oslo.
pub fn this_month(clock: &dyn Clock) -> Month {
    today(clock).month()
}

/// Norway's time zone, from the database in the binary, whatever the machine has; it is cached
/// behind this call.
///
/// # Panics
/// Never: the database in the binary has it.
pub fn oslo() -> TimeZone {
    TimeZoneDatabase::bundled()
        .get("Europe/Oslo")
        .expect("the bundled time zone database has Europe/Oslo")
}

/// A moment in RFC 3339, as people read it in answers and files; empty for what no calendar has.
pub fn rfc3339(ms: i64) -> String {
    let moment = Timestamp::from_millisecond(ms);
    moment.map(|it| it.to_string()).unwrap_or_default()
}

// === impl SystemClock ===

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the time"
    )]
    fn now_ms(&self) -> i64 {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    }
}

// === impl ManualClock ===

impl ManualClock {
    /// A clock that stands at `now_ms`, in milliseconds since 1970, UTC.
    pub fn at(now_ms: i64) -> Self {
        Self(Arc::new(AtomicI64::new(now_ms)))
    }

    /// A clock that stands at noon (UTC) of a day.
    pub fn at_noon(day: Day) -> Self {
        Self::at(noon(day))
    }

    /// Moves the hand to `now_ms`.
    pub fn set(&self, now_ms: i64) {
        self.0.store(now_ms, Ordering::SeqCst);
    }

    /// Moves the hand to noon (UTC) of a day.
    pub fn set_noon(&self, day: Day) {
        self.set(noon(day));
    }

    /// Moves the hand on.
    pub fn advance(&self, by: Duration) {
        let by = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        self.0.fetch_add(by, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now_ms(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }
}

/// Noon (UTC) of a day, in milliseconds since 1970: the moment that stands for a day of which no
/// time is known.
pub const fn noon(day: Day) -> i64 {
    day.0 as i64 * 86_400_000 + 43_200_000
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(moment: &str, day: &str) {
        let moment: Timestamp = moment.parse().unwrap();
        let clock = ManualClock::at(moment.as_millisecond());
        assert_eq!(today(&clock).to_string(), day);
        assert_eq!(this_month(&clock).to_string(), day[..7]);
    }

    /// Moments beside every edge there is: days, months and years in winter and in summer, the
    /// nights in which the clocks go forward and back, and a leap day.
    const EDGES: [(&str, &str); 23] = [
        ("2024-01-31T22:59:59.999Z", "2024-01-31"),
        ("2024-01-31T23:00:00Z", "2024-02-01"),
        ("2024-06-30T21:59:59.999Z", "2024-06-30"),
        ("2024-06-30T22:00:00Z", "2024-07-01"),
        ("2024-12-31T22:59:59.999Z", "2024-12-31"),
        ("2024-12-31T23:00:00Z", "2025-01-01"),
        ("2024-02-28T23:00:00Z", "2024-02-29"),
        ("2024-02-29T23:00:00Z", "2024-03-01"),
        // Forward at 01:00 UTC on 31 March: the day begins in winter and ends in summer time.
        ("2024-03-30T22:59:59.999Z", "2024-03-30"),
        ("2024-03-30T23:00:00Z", "2024-03-31"),
        ("2024-03-31T00:59:59.999Z", "2024-03-31"),
        ("2024-03-31T01:00:00Z", "2024-03-31"),
        ("2024-03-31T21:59:59.999Z", "2024-03-31"),
        ("2024-03-31T22:00:00Z", "2024-04-01"),
        // Back at 01:00 UTC on 27 October: it begins in summer and ends in winter time.
        ("2024-10-26T21:59:59.999Z", "2024-10-26"),
        ("2024-10-26T22:00:00Z", "2024-10-27"),
        ("2024-10-27T00:59:59.999Z", "2024-10-27"),
        ("2024-10-27T01:00:00Z", "2024-10-27"),
        ("2024-10-27T22:59:59.999Z", "2024-10-27"),
        ("2024-10-27T23:00:00Z", "2024-10-28"),
        ("2024-10-31T22:59:59.999Z", "2024-10-31"),
        ("2024-10-31T23:00:00Z", "2024-11-01"),
        ("1969-12-31T12:00:00Z", "1969-12-31"),
    ];

    #[test]
    fn a_moment_is_of_the_day_and_month_that_it_is_in_norway() {
        for (moment, day) in EDGES {
            check(moment, day);
        }
    }

    /// Runs the test above in processes whose own zones are as far away as there are.
    #[test]
    fn the_zone_of_the_server_changes_nothing() {
        let this = std::env::current_exe().unwrap();
        for zone in [
            "Pacific/Kiritimati",
            "Pacific/Pago_Pago",
            "America/St_Johns",
            "UTC",
        ] {
            let mut again = std::process::Command::new(&this);
            again.arg("a_moment_is_of_the_day_and_month_that_it_is_in_norway");
            let ran = again.env("TZ", zone).output().unwrap();
            let told = String::from_utf8_lossy(&ran.stdout).into_owned();
            assert!(
                ran.status.success() && told.contains("1 passed"),
                "{zone}: {told}"
            );
        }
    }

    #[test]
    fn the_day_turns_where_domain_says_that_a_month_may_be_closed() {
        for month in ["2023-12", "2024-02", "2024-03", "2024-09", "2024-10"] {
            let month: Month = month.parse().unwrap();
            let clock = ManualClock::at(month.closes_from());
            let sixth = Day(month.next().first_day().0 + 5);
            assert_eq!(today(&clock), sixth);
            clock.set(month.closes_from() - 1);
            assert_eq!(today(&clock), Day(sixth.0 - 1));
        }
    }

    #[test]
    fn clones_of_a_manual_clock_share_one_hand() {
        let (one, other) = (ManualClock::at(5), ManualClock::at(5));
        let clone = one.clone();
        clone.advance(Duration::from_secs(2));
        assert_eq!((one.now_ms(), other.now_ms()), (2_005, 5));
    }
}
