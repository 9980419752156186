//! Signals that rounding, cut limits and gaps must not make, and those that must stay.

use crate::statistics::rules::{CentreRuns, TopicRule, anhoj, nhs, runs};
use crate::statistics::spc::{XmrMethod, p_chart, xmr};

const NHS: XmrMethod = XmrMethod {
    screened: true,
    rounded: true,
};

/// `"4 5 - 6"` as values, with a gap.
fn values(text: &str) -> Vec<Option<f64>> {
    text.split(' ').map(|word| word.parse().ok()).collect()
}

/// Rule and points of each signal of an XmR chart.
fn signals(values: &[Option<f64>]) -> Vec<(TopicRule, Vec<usize>)> {
    let signals = nhs(values, &xmr(values, NHS).unwrap());
    signals.into_iter().map(|it| (it.rule, it.points)).collect()
}

#[test]
fn a_series_that_does_not_vary_has_no_signal() {
    for value in [3.1, 0.1, -0.7, 0.0, 1e9 + 0.1, 1.0 / 3.0] {
        for months in 8..40 {
            let series = vec![Some(value); months];
            assert_eq!(signals(&series), [], "{months} months of {value}");
            assert_eq!(anhoj(&series, xmr(&series, NHS).unwrap().centre), []);
        }
    }
    for (count, n) in [(7, 25), (1, 3), (29, 30), (0, 9), (9, 9)] {
        for months in 8..40 {
            let share = f64::from(count) / f64::from(n);
            let points = vec![Some((share, n as u64)); months];
            let series = vec![Some(share); months];
            let chart = p_chart(&points).unwrap();
            assert_eq!(
                nhs(&series, &chart),
                [],
                "{months} months of {count} of {n}"
            );
            assert_eq!(runs(&series, chart.centre), None, "none is useful");
        }
    }
}

#[test]
fn a_value_on_the_centre_is_on_neither_side_in_every_rule() {
    // The mean of 0.1, 0.2 and 0.3 is not 0.2 in floating point.
    let series = values("0.1 0.2 0.3 0.2 0.2 0.1 0.3 0.2 0.2 0.2 0.2 0.2 0.2 0.2 0.2");
    let chart = xmr(&series, NHS).unwrap();
    assert!(chart.centre != 0.2, "the case is one of rounding");
    let found = nhs(&series, &chart);
    assert!(
        found.iter().all(|signal| signal.rule != TopicRule::Shift),
        "{found:?}"
    );
    assert_eq!(runs(&series, chart.centre), None, "four are useful");
}

#[test]
fn near_the_limit_is_near_three_sigma_and_not_near_a_cut() {
    // 95 % on average of 20: three sigma are 14.6 points, so the upper limit would be cut at 100.
    let shares = [1.0, 1.0, 1.0, 0.95, 0.9, 0.95, 0.9, 0.95, 0.9, 0.95];
    let points: Vec<_> = shares.map(|share| Some((share, 20))).to_vec();
    let chart = p_chart(&points).unwrap();
    assert!(chart.limits[0].unwrap().1 > 1.0, "limits are not cut here");
    let series = shares.map(Some);
    assert_eq!(nhs(&series, &chart), []);
    // What is near an uncut limit stays a signal.
    let series = values("0 0 4 4 1 0 -1 1 0 -1 1 -1 1 0 -1 1 -2");
    let rules: Vec<TopicRule> = signals(&series).into_iter().map(|it| it.0).collect();
    assert!(rules.contains(&TopicRule::NearLimit), "{rules:?}");
}

#[test]
fn no_rule_goes_across_a_gap() {
    let whole = "9 1 9 1 9 1 6 6 6 6 6 6 6 1 9 1 9 1";
    let shift = (TopicRule::Shift, (6..13).collect::<Vec<_>>());
    assert!(signals(&values(whole)).contains(&shift));
    let parted = whole.replace("6 6 6 6 6 6 6", "6 6 6 6 - 6 6 6 6");
    assert_eq!(signals(&values(&parted)), []);
    // Two stretches with a gap between them are two runs.
    let series = values("1 2 3 4 5 6 7");
    let rising = [series.clone(), values("4 4 4 4")].concat();
    assert!(signals(&rising).contains(&(TopicRule::Trend, (0..7).collect())));
    let parted = [series[..4].to_vec(), vec![None], series[4..].to_vec()];
    let parted = [parted.concat(), values("4 4 4 4")].concat();
    assert!(signals(&parted).iter().all(|it| it.0 != TopicRule::Trend));
    // Two of three near the limit, with a gap in the three.
    let near = "0 0 4 4 1 0 -1 1 0 -1 1 -1 1 0 -1 1 -2";
    assert!(
        signals(&values(near))
            .iter()
            .any(|it| it.0 == TopicRule::NearLimit)
    );
    let parted = near.replace("0 0 4 4 1", "0 0 4 - 4 1");
    assert!(
        signals(&values(&parted))
            .iter()
            .all(|it| it.0 != TopicRule::NearLimit)
    );
}

#[test]
fn a_moving_range_is_of_two_periods_in_a_row() {
    // Ten lies beside nothing, so no range is of it.
    let series = values("1 2 1 2 1 - 10 - 1 2 1 2 1");
    let chart = xmr(&series, NHS).unwrap();
    let (lower, upper) = chart.limits[0].unwrap();
    assert!(
        (upper - lower - 2.0 * 2.66).abs() < 1e-12,
        "ranges are all 1"
    );
    assert_eq!(chart.limits[5], None);
    assert_eq!(xmr(&values("1 - 2 - 1 - 2 - 1 - 2 - 1 - 2"), NHS), None);
}

#[test]
fn runs_end_at_a_gap_and_a_gap_is_no_crossing() {
    let series = values("2 2 2 - 2 2 0 0 - 2 2 2");
    let expect = CentreRuns {
        useful: 10,
        longest: 3,
        longest_allowed: 6,
        crossings: 1,
        // Seven pairs: the quantile of the binomial at 0.05.
        crossings_needed: 1,
    };
    assert_eq!(runs(&series, 1.0), Some(expect));
    let all_alone = values("2 - 0 - 2 - 0 - 2 - 0 - 2 - 0 - 2 - 0");
    let told = runs(&all_alone, 1.0).unwrap();
    assert_eq!((told.crossings, told.crossings_needed), (0, 0));
    assert_eq!(anhoj(&all_alone, 1.0), []);
}
