use super::*;

fn audit(rising: usize, falling: usize) -> CodingAudit {
    CodingAudit {
        rising,
        falling,
        weak: 3,
    }
}

#[test]
fn a_verdict_follows_from_what_speaks_for_and_against() {
    use AuditVerdict::{Consistent, Mixed, NotApplicable, NotConsistent};
    for (rising, falling, higher, agreement) in [
        (2, 0, Consistent, NotConsistent),
        (0, 2, NotConsistent, Consistent),
        (1, 1, Mixed, Mixed),
        (0, 0, NotApplicable, NotApplicable),
    ] {
        let audit = audit(rising, falling);
        assert_eq!(audit.judge(CodingArgument::HigherIsWorse).0, higher);
        assert_eq!(audit.judge(CodingArgument::Agreement).0, agreement);
    }
    assert!(NotConsistent.is_against() && Mixed.is_against());
    assert!(!Consistent.is_against() && !NotApplicable.is_against());
}

#[test]
fn a_correlation_needs_thirty_pairs_and_two_sides_that_vary() {
    let line = |n: u8| {
        (0..n)
            .map(|it| (f64::from(it), 2.0 * f64::from(it) + 1.0))
            .collect::<Vec<_>>()
    };
    assert_eq!(correlation(&line(29)), None);
    assert!((correlation(&line(30)).unwrap() - 1.0).abs() < 1e-12);
    let flat: Vec<_> = line(30).iter().map(|(x, _)| (*x, 4.0)).collect();
    assert_eq!(correlation(&flat), None);
    let falling: Vec<_> = line(40).iter().map(|(x, y)| (*x, -y)).collect();
    assert!((correlation(&falling).unwrap() + 1.0).abs() < 1e-12);
    // By hand: x = 0..29, y = x mod 2 gives covariance 7.5 of sqrt(2247.5 * 7.5).
    let weak: Vec<_> = (0..30)
        .map(|it| (f64::from(it), f64::from(it % 2)))
        .collect();
    let expected = 7.5 / (2_247.5f64 * 7.5).sqrt();
    assert!((correlation(&weak).unwrap() - expected).abs() < 1e-12);
    assert!(expected < MIN_CORRELATION, "and that says nothing");
}
