//! Reference values: SciPy 1.17.1 (`scipy.stats.t.ppf`, `norm.ppf`, `t.interval` and
//! `binomtest(x, n).proportion_ci(0.95, "wilson")`), printed with all digits.

mod clinics;
mod places;
mod published;
mod signals;

use proptest::prelude::*;

use super::*;

fn close(value: f64, expect: f64, within: f64) {
    let scale = expect.abs().max(1.0);
    assert!(
        (value - expect).abs() <= within * scale,
        "{value} is not {expect}"
    );
}

#[test]
fn quantiles_agree_with_scipy() {
    close(normal_quantile(), 1.959_963_984_540_054, 1e-15);
    let check = |freedom: u64, expect: f64| close(t_quantile(freedom), expect, 1e-9);
    check(1, 12.706_204_736_174_694);
    check(2, 4.302_652_729_749_462);
    check(3, 3.182_446_305_283_707_8);
    check(4, 2.776_445_105_197_793_4);
    check(7, 2.364_624_251_592_784);
    check(11, 2.200_985_160_091_639);
    check(30, 2.042_272_456_301_237_8);
    check(96, 1.984_984_311_522_457);
    check(239, 1.969_939_405_916_958_4);
    check(999, 1.962_341_461_133_449_3);
    check(5_000, 1.960_438_551_706_507_3);
    check(10_000, 1.960_201_239_890_626);
    check(10_001, 1.960_201_216_164_641);
    check(30_000, 1.960_043_063_384_734_7);
    check(100_000, 1.959_987_707_534_609_5);
    check(1_000_000, 1.959_966_356_814_107);
}

#[test]
fn the_series_takes_over_without_a_step() {
    let (below, above) = (t_quantile(SERIES_FROM), t_quantile(SERIES_FROM + 1));
    assert!(below > above && below - above < 1e-7, "{below} {above}");
}

#[test]
fn wilson_agrees_with_scipy() {
    let check = |hits: u64, n: u64, lower: f64, upper: f64| {
        let interval = wilson(hits as f64 / n as f64, n).unwrap();
        close(interval.lower, lower, 1e-13);
        close(interval.upper, upper, 1e-13);
    };
    check(0, 5, 0.0, 0.434_482_464_783_174_76);
    check(5, 5, 0.565_517_535_216_825_1, 1.0);
    check(3, 5, 0.230_724_281_276_012_97, 0.882_379_225_767_352_1);
    check(1, 8, 0.022_417_491_450_056_67, 0.470_888_182_212_853_5);
    check(81, 263, 0.255_288_519_878_274_2, 0.366_209_576_982_800_04);
    check(15, 148, 0.062_386_399_530_736_29, 0.160_487_241_723_308_03);
    check(1, 29, 0.006_113_214_292_762_667, 0.171_755_218_793_202_82);
    check(0, 20, 0.0, 0.161_125_158_052_819_35);
    check(29, 29, 0.883_030_201_500_259_2, 1.0);
    check(
        4_321,
        10_000,
        0.422_418_865_725_658_23,
        0.441_833_281_253_079_63,
    );
    check(
        999_999,
        1_000_000,
        0.999_994_335_088_195_7,
        0.999_999_823_475_423_3,
    );
}

#[test]
fn t_intervals_agree_with_scipy() {
    let check = |mean: f64, variance: f64, n: u64, ends: (f64, f64)| {
        let interval = t_interval(mean, variance, n, n - 1).unwrap();
        close(interval.lower, ends.0, 1e-9);
        close(interval.upper, ends.1, 1e-9);
    };
    // 10, 12, 9, 14, 11
    check(11.2, 3.7, 5, (8.811_611_611_900_02, 13.588_388_388_099_979));
    // -9, -3, 0, 4, -22, -15, 7, -1, -8, -12, -10, 2
    check(
        -67.0 / 12.0,
        72.992_424_242_424_25,
        12,
        (-11.011_652_630_916_725, -0.155_014_035_749_940_33),
    );
}

#[test]
fn without_persons_or_freedom_there_is_no_interval() {
    assert_eq!(wilson(0.5, 0), None);
    assert_eq!(wilson(f64::NAN, 5), None);
    assert_eq!(t_interval(1.0, 1.0, 0, 5), None);
    assert_eq!(t_interval(1.0, 1.0, 5, 0), None);
}

proptest! {
    #[test]
    fn a_share_lies_within_its_interval(n in 1_u64..2_000_000, part in 0.0_f64..=1.0) {
        let share = (part * n as f64).floor() / n as f64;
        let interval = wilson(share, n).unwrap();
        prop_assert!(0.0 <= interval.lower && interval.lower <= share);
        prop_assert!(share <= interval.upper && interval.upper <= 1.0);
    }

    #[test]
    fn more_persons_never_widen_an_interval(n in 2_u64..1_000_000, share in 0.0_f64..=1.0) {
        let width = |i: ConfidenceInterval| i.upper - i.lower;
        let few = width(wilson(share, n).unwrap());
        prop_assert!(width(wilson(share, n * 2).unwrap()) <= few + 1e-12);
        let few = width(t_interval(0.0, 1.0, n, n - 1).unwrap());
        prop_assert!(width(t_interval(0.0, 1.0, n * 2, n * 2 - 1).unwrap()) <= few + 1e-12);
    }
}
