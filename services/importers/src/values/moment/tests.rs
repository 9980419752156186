use proptest::prelude::*;

use super::*;

#[test]
fn days_are_read_as_they_are_written() {
    let day = |text, days| moment(text, days).map(|(day, time)| format!("{day} {time}"));
    for text in [
        "2024-03-01",
        "2024-03-01T09:30",
        "2024-03-01 09:30:00",
        "01.03.2024",
        "1.3.2024 09:30",
    ] {
        let read = day(text, DayOrder::Both).unwrap();
        assert!(read.starts_with("2024-03-01"), "{text}: {read}");
    }
    assert_eq!(
        day("2024-03-01T09:30:15.250Z", DayOrder::Iso).unwrap(),
        "2024-03-01 10:30:15"
    );
    assert_eq!(day("2024-03-01", DayOrder::Norwegian), None);
    assert_eq!(day("01.03.2024", DayOrder::Iso), None);
    for text in [
        "",
        "03/01/2024",
        "1.3.24",
        "30.02.2024",
        "2024-13-01",
        "1.3.2024.5",
        "2024-03-01 25:00",
        "x.y.2024",
        "-1.3.2024",
    ] {
        assert_eq!(day(text, DayOrder::Both), None, "{text}");
    }
}

#[test]
fn a_time_elsewhere_is_turned_into_norwegian_time() {
    for (text, day, time) in [
        // Midnight in Norway, in summer and in winter, as a web browser writes it.
        ("2026-09-30T22:00:00.000Z", "2026-10-01", "00:00:00"),
        ("2026-09-30T21:59:59Z", "2026-09-30", "23:59:59"),
        ("2026-11-30T23:00:00z", "2026-12-01", "00:00:00"),
        ("2026-11-30T22:59:00Z", "2026-11-30", "23:59:00"),
        ("2026-09-30 22:00:00 UTC", "2026-10-01", "00:00:00"),
        ("2025-12-31T23:30Z", "2026-01-01", "00:30:00"),
        ("2026-10-20T10:00:00+02:00", "2026-10-20", "10:00:00"),
        ("2026-10-20T10:00:00+0200", "2026-10-20", "10:00:00"),
        ("2026-10-20T10:00:00+02", "2026-10-20", "10:00:00"),
        ("2026-10-20 10:00 +02:00", "2026-10-20", "10:00:00"),
        ("2026-10-20T23:30:00-04:00", "2026-10-21", "05:30:00"),
        ("2026-10-20T03:30:00,5+05:30", "2026-10-20", "00:00:00"),
        ("2026-10-20T00:30:00+05:30", "2026-10-19", "21:00:00"),
        ("01.10.2026 00:00:00Z", "2026-10-01", "02:00:00"),
        // The hour that is left out in March.
        ("2026-03-29T00:59:59Z", "2026-03-29", "01:59:59"),
        ("2026-03-29T01:00:00Z", "2026-03-29", "03:00:00"),
        // The hour that comes twice in October.
        ("2026-10-25T00:30:00Z", "2026-10-25", "02:30:00"),
        ("2026-10-25T01:10:00Z", "2026-10-25", "02~10:00"),
        ("2026-10-25T02:00:00Z", "2026-10-25", "03:00:00"),
    ] {
        let read = moment(text, DayOrder::Both).map(|(day, time)| (day.to_string(), time));
        assert_eq!(read, Some((day.to_owned(), time.to_owned())), "{text}");
    }
}

#[test]
fn whatever_is_not_understood_behind_a_day_is_refused() {
    for behind in [
        "01:15:00 PM",
        "01:15 PM",
        "1:15",
        "24:00",
        "24:00:00",
        "10:60",
        "10:00:61",
        "10:00:00.",
        "10",
        "10:00:00x",
        "10:00 CET",
        "10:00[Europe/Oslo]",
        "10:00:00+2",
        "10:00+15:00",
        "10:00+02:60",
        "10:00+02:00Z",
        "10:00ZZ",
        "10:00:00:00",
        "10.00",
        "+02:00",
        "Z",
        "",
        " 10:00",
        "10:00  Z",
        "10:00+",
        "10:00-é",
        "10:00 +02:00 ",
        "10:00:00.1234567890",
        "kl. 10",
    ] {
        for parted in [' ', 'T'] {
            let text = format!("2026-10-21{parted}{behind}");
            assert_eq!(moment(&text, DayOrder::Both), None, "{text}");
        }
    }
    for text in [
        "2026-10-21Z",
        "2026-10-21+02:00",
        "20261021",
        "46000",
        "2026-10-21t10:00",
    ] {
        assert_eq!(moment(text, DayOrder::Both), None, "{text}");
    }
}

proptest! {
    #[test]
    fn no_text_behind_a_day_is_a_panic(text in ".{0,24}") {
        let _ = moment(&format!("2026-10-21 {text}"), DayOrder::Both);
        let _ = moment(&format!("2026-10-21 10:00{text}"), DayOrder::Both);
    }

    /// Whatever the offset, it is the same moment: times sort as they come, through both changes of
    /// the clock.
    #[test]
    fn times_sort_as_they_come(minute in 0i64..525_600, later in 1i64..2_000, offset in -14i32..=14) {
        let base = jiff::civil::date(2026, 1, 1).at(0, 0, 0, 0);
        let read = |minute: i64, offset: i32| {
            let minutes = minute + i64::from(offset) * 60;
            let local = base.saturating_add(jiff::SignedDuration::from_mins(minutes));
            let sign = if offset < 0 { '-' } else { '+' };
            let text = format!("{}{sign}{:02}:00", local.strftime("%Y-%m-%dT%H:%M"), offset.abs());
            moment(&text, DayOrder::Iso).unwrap()
        };
        prop_assert_eq!(read(minute, offset), read(minute, 0));
        prop_assert!(read(minute, offset) < read(minute + later, 0));
    }

    #[test]
    fn both_ways_of_writing_a_day_are_the_same_day(day in 0i32..30_000) {
        let day = medvirk_domain::time::Day(day);
        let (year, month, number) = day.civil();
        let norwegian = format!("{number:02}.{month:02}.{year:04} 08:15");
        prop_assert_eq!(moment(&norwegian, DayOrder::Norwegian), Some((day, "08:15:00".to_owned())));
        prop_assert_eq!(moment(&day.to_string(), DayOrder::Iso), Some((day, String::new())));
    }
}
