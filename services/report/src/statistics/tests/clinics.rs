//! False signals: charts of simulated clinics that change nothing over time, beside charts of the
//! same shape by chance. `tests/python/signals.py` wrote `clinics.json`: one monthly chart of each
//! measure and unit, so that no two have persons in common.

use serde::Deserialize;
use statrs::distribution::{Binomial, DiscreteCDF, Poisson};

use crate::statistics::normal_quantile_at;
use crate::statistics::rules::nhs;
use crate::statistics::spc::{ControlChart, XmrMethod, p_chart, xmr};

/// So many times all charts are drawn.
const DRAWS: usize = 300;

/// What leaves 0.1 % of the normal distribution, on both sides together.
const QUANTILE: f64 = 3.290_526_731;

#[derive(Deserialize)]
struct MonthlyChart {
    kind: String,
    values: Vec<Option<f64>>,
    persons: Vec<Option<u64>>,
}

/// SplitMix64 with a fixed seed: the same numbers on every machine.
struct Generator(u64);

impl Generator {
    /// Between 0 and 1, and neither.
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((bits ^ (bits >> 31)) >> 11) as f64 / (1_u64 << 53) as f64 + f64::EPSILON / 8.0
    }
}

impl MonthlyChart {
    fn is_share(&self) -> bool {
        self.kind == "proportion"
    }

    /// The control chart as series have it.
    fn chart(&self, values: &[Option<f64>]) -> ControlChart {
        let method = XmrMethod {
            screened: true,
            rounded: true,
        };
        if self.is_share() {
            let points = values.iter().zip(&self.persons);
            let points = points.map(|(value, n)| Some((value.as_ref()? / 100.0, (*n)?)));
            let chart = p_chart(&points.collect::<Vec<_>>()).unwrap();
            let percent = |(lower, upper)| (lower * 100.0, upper * 100.0);
            return ControlChart {
                centre: chart.centre * 100.0,
                limits: chart.limits.into_iter().map(|it| it.map(percent)).collect(),
            };
        }
        xmr(values, method).unwrap()
    }

    fn signals(&self, values: &[Option<f64>]) -> bool {
        !nhs(values, &self.chart(values)).is_empty()
    }

    /// The same periods, gaps and persons by chance: shares from the binomial distribution, totals
    /// from the Poisson one, means from the normal one with the standard error of so many.
    fn signals_by_chance(&self, generator: &mut Generator) -> bool {
        let centre = self.chart(&self.values).centre;
        let drawn = self.persons.iter().map(|n| {
            let (n, chance) = ((*n)?, generator.next());
            Some(match self.kind.as_str() {
                "proportion" => {
                    let hits = Binomial::new(centre / 100.0, n)
                        .unwrap()
                        .inverse_cdf(chance);
                    100.0 * hits as f64 / n as f64
                }
                "count" => Poisson::new(centre).unwrap().inverse_cdf(chance) as f64,
                _ => normal_quantile_at(chance) / (n as f64).sqrt(),
            })
        });
        let drawn: Vec<Option<f64>> = drawn.collect();
        self.signals(&drawn)
    }
}

#[test]
fn clinics_that_change_nothing_signal_as_often_as_chance() {
    let charts: Vec<MonthlyChart> = serde_json::from_str(include_str!("clinics.json")).unwrap();
    assert_eq!(charts.len(), 79);
    let share = |count: usize| count as f64 / charts.len() as f64;
    let found = charts.iter().filter(|it| it.signals(&it.values));
    let found = share(found.count());
    let mut generator = Generator(20_261_130);
    let drawn: Vec<f64> = (0..DRAWS)
        .map(|_| {
            let drawn = charts
                .iter()
                .filter(|it| it.signals_by_chance(&mut generator));
            share(drawn.count())
        })
        .collect();
    let mean = drawn.iter().sum::<f64>() / DRAWS as f64;
    let squares = drawn.iter().map(|one| (one - mean).powi(2));
    let reach = QUANTILE * (squares.sum::<f64>() / (DRAWS - 1) as f64).sqrt();
    assert!(
        (found - mean).abs() <= reach,
        "{found:.3} signal, by chance {mean:.3} within {reach:.3}"
    );
    // The interval is narrow enough to be a test.
    assert!(mean > 0.15 && mean < 0.25 && reach < 0.2, "{mean} {reach}");
}
