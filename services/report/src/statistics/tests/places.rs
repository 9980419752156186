//! The place of a count in a funnel, against values that `tests/python/limits.py` made of whole
//! numbers alone: for shares of all, every n up to 200 and every count.

use serde_json::Value;

use crate::statistics::funnel::{FunnelPlace, TailProbabilities, binomial, poisson};

/// For each share, by n from 1: the largest counts below the 99.8 % and the 95 % line, and the
/// smallest above the 95 % and the 99.8 % line.
fn places() -> Vec<(f64, Vec<[i64; 4]>)> {
    let all: Value = serde_json::from_str(include_str!("places.json")).unwrap();
    let all = all.as_object().unwrap().iter();
    let shares = all.filter_map(|(share, counts)| {
        let (over, under) = share.split_once('/')?;
        let share = over.parse::<f64>().ok()? / under.parse::<f64>().ok()?;
        let counts = serde_json::from_value(counts.clone());
        Some((share, counts.ok()?))
    });
    shares.collect()
}

fn place_of(count: i64, [below_998, below_95, above_95, above_998]: [i64; 4]) -> FunnelPlace {
    match count {
        _ if count >= above_998 => FunnelPlace::Above998,
        _ if count <= below_998 => FunnelPlace::Below998,
        _ if count >= above_95 => FunnelPlace::Above95,
        _ if count <= below_95 => FunnelPlace::Below95,
        _ => FunnelPlace::Within,
    }
}

#[test]
fn every_count_lies_where_its_exact_probability_puts_it() {
    let shares = places();
    assert_eq!(shares.len(), 10);
    for (share, by_size) in shares {
        assert_eq!(by_size.len(), 200);
        for (n, lines) in (1..).zip(by_size) {
            for count in 0..=n {
                let tails = TailProbabilities::binomial(share, n as u64, count as f64).unwrap();
                let place = place_of(count, lines);
                assert_eq!(tails.place(), place, "{count} of {n} at {share}");
            }
        }
    }
}

#[test]
fn the_place_of_a_share_is_that_of_its_count() {
    // What is computed back from a percentage is the whole number again.
    for (count, n) in [(7_u32, 25_u32), (38, 40), (57, 171)] {
        let again = f64::from(count) * 100.0 / f64::from(n) / 100.0 * f64::from(n);
        let of = |count: f64| TailProbabilities::binomial(0.9, n.into(), count).unwrap();
        assert_eq!(of(again), of(count.into()), "{count} of {n}");
    }
}

#[test]
fn everybody_is_not_above_where_nearly_everybody_is() {
    let all: Value = serde_json::from_str(include_str!("places.json")).unwrap();
    let chance = all["all of 40 at 96.5 %"].as_f64().unwrap();
    let tails = TailProbabilities::binomial(0.965, 40, 40.0).unwrap();
    assert!((tails.at_least - chance).abs() < 1e-12 && chance > 0.24);
    assert_eq!(tails.place(), FunnelPlace::Within);
    assert_eq!(binomial(0.965, 40).unwrap().upper_998, 1.0);
    // Nobody where all are; and all or nobody where that is so everywhere.
    for (share, count) in [(0.0, 0.0), (1.0, 40.0)] {
        let tails = TailProbabilities::binomial(share, 40, count).unwrap();
        assert_eq!(tails.place(), FunnelPlace::Within, "{share}");
    }
}

#[test]
fn lines_of_shares_mirror_each_other_and_agree_with_places() {
    for (share, by_size) in places() {
        for (n, lines) in (1..).zip(by_size) {
            let (limits, opposite) = (
                binomial(share, n).unwrap(),
                binomial(1.0 - share, n).unwrap(),
            );
            for (one, other) in [
                (limits.lower_95, opposite.upper_95),
                (limits.upper_95, opposite.lower_95),
                (limits.lower_998, opposite.upper_998),
                (limits.upper_998, opposite.lower_998),
            ] {
                assert!((one - (1.0 - other)).abs() < 1e-9, "{share} {n}");
            }
            for count in [lines[0], lines[1], lines[2], lines[3]] {
                if (0..=n as i64).contains(&count) {
                    let drawn = limits.place(count as f64 / n as f64);
                    assert_eq!(drawn, place_of(count, lines), "{count} of {n} at {share}");
                }
            }
        }
    }
}

#[test]
fn counts_of_events_lie_outside_lines_where_their_probability_says_so() {
    for (rate, exposure) in [(0.1, 40.0), (0.5, 7.0), (3.0, 12.0)] {
        let limits = poisson(rate, exposure).unwrap();
        let mut places = std::collections::BTreeSet::new();
        for count in 0..100_u32 {
            let tails = TailProbabilities::poisson(rate, exposure, count.into()).unwrap();
            let drawn = limits.place(f64::from(count) / exposure);
            assert_eq!(tails.place(), drawn, "{count} at {rate} times {exposure}");
            places.insert(drawn.as_str());
        }
        assert!(places.len() >= 3, "{places:?}");
    }
}

#[test]
fn of_two_places_on_one_side_the_nearer_counts() {
    use FunnelPlace::{Above95, Above998, Below95, Below998, Within};
    for (one, other, nearer) in [
        (Above998, Above95, Above95),
        (Above95, Above998, Above95),
        (Below998, Below998, Below998),
        (Below95, Within, Within),
        (Above95, Below95, Within),
    ] {
        assert_eq!(one.nearer(other), nearer);
    }
}
