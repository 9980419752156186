//! Control charts and funnels against published packages: `reference.json` beside this file says
//! which package gave what of which data; `tests/python/limits.py` wrote it.

use serde_json::Value;

use crate::statistics::difference::{IntervalEstimate, difference};
use crate::statistics::rules::{TopicRule, nhs, runs};
use crate::statistics::spc::{XmrMethod, p_chart, xmr};
use crate::statistics::{funnel, t_quantile_at};

fn reference() -> Value {
    serde_json::from_str(include_str!("reference.json")).unwrap()
}

/// Every data set of a kind, with its name; at least three.
fn sets(kind: &str) -> Vec<(String, Value)> {
    let reference = reference();
    let sets = reference[kind].as_object().unwrap();
    assert!(sets.len() >= 3, "{kind}");
    sets.iter().map(|(k, v)| (k.clone(), v.clone())).collect()
}

fn numbers(of: &Value, name: &str) -> Vec<f64> {
    let numbers = of[name].as_array().unwrap();
    numbers
        .iter()
        .map(|number| number.as_f64().unwrap())
        .collect()
}

/// A series without a gap.
fn shown(values: &[f64]) -> Vec<Option<f64>> {
    values.iter().copied().map(Some).collect()
}

/// As packages other than that of NHS have it.
const PLAIN: XmrMethod = XmrMethod {
    screened: false,
    rounded: false,
};

fn close(ours: f64, theirs: f64, what: &str) {
    let within = 1e-6 * theirs.abs().max(1e-3);
    assert!(
        (ours - theirs).abs() <= within,
        "{what}: {ours} is not {theirs}"
    );
}

#[test]
fn xmr_limits_agree_with_two_packages() {
    for (name, of) in sets("xmr") {
        let values = shown(&numbers(&of, "values"));
        let chart = xmr(&values, PLAIN).unwrap();
        close(chart.centre, of["centre"].as_f64().unwrap(), &name);
        for (lower, upper) in chart.limits.into_iter().flatten() {
            close(lower, of["lower"].as_f64().unwrap(), &name);
            close(upper, of["upper"].as_f64().unwrap(), &name);
        }
    }
}

#[test]
fn p_limits_agree_with_a_package() {
    for (name, of) in sets("p") {
        let points: Vec<Option<(f64, u64)>> = numbers(&of, "shares")
            .into_iter()
            .zip(of["n"].as_array().unwrap())
            .map(|(share, n)| Some((share, n.as_u64().unwrap())))
            .collect();
        let chart = p_chart(&points).unwrap();
        close(chart.centre, of["centre"].as_f64().unwrap(), &name);
        let (lower, upper) = (numbers(&of, "lower"), numbers(&of, "upper"));
        for (place, limits) in chart.limits.iter().flatten().enumerate() {
            // The package's limits are kept within what a share can be.
            close(limits.0.max(0.0), lower[place], &name);
            close(limits.1.min(1.0), upper[place], &name);
        }
    }
}

#[test]
fn nhs_signals_are_those_of_a_package() {
    for (name, of) in sets("xmr") {
        let values = shown(&numbers(&of, "values"));
        let signals = nhs(&values, &xmr(&values, PLAIN).unwrap());
        for rule in [
            TopicRule::Outside,
            TopicRule::Shift,
            TopicRule::Trend,
            TopicRule::NearLimit,
        ] {
            let of_rule = signals.iter().filter(|signal| signal.rule == rule);
            let mut ours: Vec<usize> = of_rule.flat_map(|s| s.points.clone()).collect();
            ours.sort_unstable();
            ours.dedup();
            let theirs: Vec<usize> = numbers(&of, rule.as_str())
                .iter()
                .map(|place| *place as usize)
                .collect();
            assert_eq!(ours, theirs, "{name} {}", rule.as_str());
        }
    }
}

#[test]
fn runs_are_those_of_an_independent_script() {
    for (name, of) in sets("xmr") {
        let values = shown(&numbers(&of, "values"));
        let ours = runs(&values, of["centre"].as_f64().unwrap()).unwrap();
        let theirs = |field: &str| of["runs"][field].as_u64().unwrap() as usize;
        assert_eq!(ours.useful, theirs("useful"), "{name}");
        assert_eq!(ours.longest, theirs("longest"), "{name}");
        assert_eq!(ours.longest_allowed, theirs("longest_allowed"), "{name}");
        assert_eq!(ours.crossings, theirs("crossings"), "{name}");
        assert_eq!(ours.crossings_needed, theirs("crossings_needed"), "{name}");
    }
}

#[test]
fn exact_funnel_limits_and_dispersion_agree_with_a_package() {
    for family in ["binomial", "poisson"] {
        for (name, of) in sets(family) {
            let centre = of["centre"].as_f64().unwrap();
            let sizes = numbers(&of, "n");
            let mut scores = Vec::new();
            for (place, n) in sizes.iter().enumerate() {
                let (limits, variance) = match family {
                    "binomial" => (funnel::binomial(centre, *n as u64), centre * (1.0 - centre)),
                    _ => (funnel::poisson(centre, *n), centre),
                };
                let (limits, what) = (limits.unwrap(), format!("{family} {name} {place}"));
                close(limits.lower_95, numbers(&of, "lower_95")[place], &what);
                close(limits.upper_95, numbers(&of, "upper_95")[place], &what);
                close(limits.lower_998, numbers(&of, "lower_998")[place], &what);
                close(limits.upper_998, numbers(&of, "upper_998")[place], &what);
                scores.push((numbers(&of, "values")[place] - centre) / (variance / n).sqrt());
            }
            let told = funnel::dispersion(&scores).unwrap();
            close(told.phi, of["phi"].as_f64().unwrap(), &name);
            assert_eq!(
                told.applies,
                of["overdispersed"].as_bool().unwrap(),
                "{name}"
            );
        }
    }
}

#[test]
fn quantiles_of_the_tails_agree_with_scipy() {
    for of in reference()["quantiles"].as_array().unwrap() {
        let (p, freedom) = (of["p"].as_f64().unwrap(), of["freedom"].as_u64().unwrap());
        let theirs = of["quantile"].as_f64().unwrap();
        close(t_quantile_at(p, freedom), theirs, &format!("{p} {freedom}"));
    }
}

/// Newcombe 1998, table II, (a) 56/70 − 48/80, method 10: 0.0524 to 0.3339.
#[test]
fn a_difference_of_shares_is_that_of_newcombe() {
    let share = |hits: f64, n: u64| {
        let value = hits / n as f64;
        let ends = crate::statistics::wilson(value, n).unwrap();
        IntervalEstimate {
            value,
            lower: ends.lower,
            upper: ends.upper,
        }
    };
    let told = difference(share(56.0, 70), share(48.0, 80));
    assert!((told.value - 0.2).abs() < 1e-12);
    assert!((told.lower - 0.0524).abs() < 5e-5, "{told:?}");
    assert!((told.upper - 0.3339).abs() < 5e-5, "{told:?}");
}

#[test]
fn too_little_has_no_chart_and_no_dispersion() {
    assert_eq!(xmr(&[Some(1.0)], PLAIN), None);
    assert_eq!(p_chart(&[Some((0.5, 10)), Some((0.5, 0))]), None);
    assert_eq!(runs(&shown(&[1.0, 2.0, 1.0, 2.0]), 1.5), None);
    assert_eq!(funnel::dispersion(&[1.0, 2.0, 3.0, 4.0]), None);
    assert_eq!(funnel::binomial(0.5, 0), None);
    assert_eq!(funnel::mean(1.0, 1.0, 5, 0), None);
}

#[test]
fn screened_limits_are_those_that_nhs_publishes() {
    let method = XmrMethod {
        screened: true,
        rounded: true,
    };
    let of_nhs = reference()["xmr_nhs"].clone();
    for name in ["normal", "outlier"] {
        let of = &of_nhs[name];
        let chart = xmr(&shown(&numbers(of, "values")), method).unwrap();
        let (lower, upper) = chart.limits[0].unwrap();
        for (ours, theirs) in [(chart.centre, "centre"), (lower, "lower"), (upper, "upper")] {
            close(
                ours,
                of[theirs].as_f64().unwrap(),
                &format!("{name} {theirs}"),
            );
        }
    }
    // Without an outlier screening changes nothing; with one it does.
    for (name, is_same) in [("normal", true), ("outlier", false)] {
        let values = shown(&numbers(&of_nhs[name], "values"));
        let all = XmrMethod {
            screened: false,
            ..method
        };
        assert_eq!(xmr(&values, all) == xmr(&values, method), is_same, "{name}");
    }
}
