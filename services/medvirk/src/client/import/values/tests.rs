use proptest::prelude::*;

use super::*;

#[test]
fn what_is_not_plainly_a_number_is_none() {
    for text in [
        "", "-", "1e3", "1.000,5", "1,", ",5", "+1", " 1", "1 000", "NA", "nan", "inf", "0x1",
    ] {
        assert_eq!(number(text), None, "{text}");
    }
    for (text, value) in [
        ("0", 0.0),
        ("-98", -98.0),
        ("\u{2212}99", -99.0),
        ("007", 7.0),
    ] {
        assert_eq!(number(text), Some(value), "{text}");
    }
}

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
        let read = day(text, Days::Both).unwrap();
        assert!(read.starts_with("2024-03-01"), "{text}: {read}");
    }
    assert_eq!(
        day("2024-03-01T09:30:15.250Z", Days::Iso).unwrap(),
        "2024-03-01 09:30:15"
    );
    assert_eq!(day("2024-03-01", Days::Norwegian), None);
    assert_eq!(day("01.03.2024", Days::Iso), None);
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
        assert_eq!(day(text, Days::Both), None, "{text}");
    }
}

proptest! {
    /// With a comma or a point it is the same number, to the last digit.
    #[test]
    fn a_decimal_comma_is_a_decimal_point(millis in -1_000_000i32..1_000_000) {
        let value = f64::from(millis) / 1_000.0;
        let text = format!("{value:.3}");
        prop_assert_eq!(number(&text), Some(value));
        prop_assert_eq!(number(&text.replace('.', ",")), Some(value));
    }

    #[test]
    fn no_text_is_a_panic(text in ".{0,24}") {
        let _ = (number(&text), moment(&text, Days::Both), flag(&text));
    }

    #[test]
    fn both_ways_of_writing_a_day_are_the_same_day(day in 0i32..30_000) {
        let day = medvirk_domain::time::Day(day);
        let (year, month, number) = day.civil();
        let norwegian = format!("{number:02}.{month:02}.{year:04} 08:15");
        prop_assert_eq!(moment(&norwegian, Days::Norwegian), Some((day, "08:15:00".to_owned())));
        prop_assert_eq!(moment(&day.to_string(), Days::Iso), Some((day, String::new())));
    }
}
