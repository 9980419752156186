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
        let _ = (number(&text), moment(&text, DayOrder::Both), flag(&text));
    }
}
