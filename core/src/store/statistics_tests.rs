//! The formulae against figures of SciPy 1.17 (`ttest_ind`, `t.interval`, `binomtest`,
//! `chi2_contingency`); Newcombe's interval is put together there from its Wilson intervals.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::store::FeedbackValue;

fn numbers(values: &[f64]) -> MetricTotals {
    let mut totals = MetricTotals::default();
    values
        .iter()
        .for_each(|value| totals.add(FeedbackValue::Number(*value)));
    totals
}

fn share(yes: u64, of: u64) -> MetricTotals {
    let mut totals = MetricTotals::default();
    (0..of).for_each(|n| totals.add(FeedbackValue::Bool(n < yes)));
    totals
}

/// Equal to ten significant figures, or to 1e-12 near 0.
fn near(found: f64, expected: f64) {
    let room = 1e-10 * expected.abs() + 1e-12;
    assert!(
        (found - expected).abs() <= room,
        "{found} is not {expected}"
    );
}

fn near_interval(found: Option<Interval>, low: f64, high: f64) {
    let found = found.unwrap();
    near(found.low, low);
    near(found.high, high);
}

#[test]
fn moments_are_those_of_the_values() {
    let totals = numbers(&[2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0]);
    assert_eq!((totals.count, totals.bools), (8, 0));
    near(totals.mean, 5.0);
    near(totals.squares, 32.0);
    // Far from 0 nothing is lost.
    let far = numbers(&[1e9 + 4.0, 1e9 + 7.0, 1e9 + 13.0, 1e9 + 16.0]);
    near(far.squares, 90.0);
}

#[test]
fn a_mean_has_students_interval() {
    let a = numbers(&[3.1, 2.9, 4.0, 3.5, 2.2, 3.8]);
    near_interval(
        interval(&a),
        2.557_849_658_243_605_4,
        3.942_150_341_756_394_6,
    );
    let two = numbers(&[1.0, 2.0]);
    near_interval(
        interval(&two),
        -4.853_102_368_087_347,
        7.853_102_368_087_347,
    );
    assert_eq!(interval(&numbers(&[1.0])), None);
    assert_eq!(interval(&numbers(&[])), None);
}

#[test]
fn a_share_has_wilsons_interval() {
    for (yes, of, low, high) in [
        (45, 100, 0.356_145_379_795_119_84, 0.547_553_970_025_578_7),
        (60, 100, 0.502_002_586_791_061_8, 0.690_598_713_567_541_1),
        (0, 10, 0.0, 0.277_532_799_862_889_26),
        (10, 10, 0.722_467_200_137_110_9, 1.0),
        (1, 3, 0.061_491_944_720_396_26, 0.792_340_399_197_952_3),
        (
            5_230,
            10_000,
            0.513_203_597_576_189_3,
            0.532_778_738_498_759_7,
        ),
    ] {
        near_interval(interval(&share(yes, of)), low, high);
    }
}

#[test]
fn means_are_told_apart_by_welch() {
    let a = numbers(&[3.1, 2.9, 4.0, 3.5, 2.2, 3.8]);
    let b = numbers(&[4.1, 4.9, 3.9, 5.2, 4.4]);
    let tested = compare(&a, &b).unwrap();
    assert_eq!(tested.test, "welch");
    near(tested.difference, 1.25);
    near(tested.p_value.unwrap(), 0.007_309_505_446_324_721);
    near_interval(
        tested.interval,
        0.429_666_521_022_484_26,
        2.070_333_478_977_515_6,
    );
    // Few values, of very different spread.
    let tested = compare(&numbers(&[1.0, 2.0]), &numbers(&[1e3, 1.5e3, 7.0])).unwrap();
    near(tested.p_value.unwrap(), 0.197_636_401_755_543_67);
    near_interval(
        tested.interval,
        -1_053.637_779_867_444_8,
        2_721.971_113_200_778_3,
    );
}

#[test]
fn many_values_come_near_the_normal_distribution() {
    // Where the expansions take over they agree with the integrals.
    near(
        student_upper(9_999.999).unwrap(),
        student_upper(1e4).unwrap(),
    );
    for t in [0.1, 1.0, 3.0] {
        let (below, above) = (student_tail(t, 999_999.9), student_tail(t, 1e6));
        let ratio = above.unwrap() / below.unwrap();
        assert!((ratio - 1.0).abs() < 2e-9, "{t}: {ratio}");
    }
    // By one term more, to 30 digits.
    near(student_upper(1e5).unwrap(), 1.959_987_707_534_609_6);
    near(student_upper(1e7).unwrap(), 1.959_964_221_767_205_5);
    near(student_upper(1e18).unwrap(), 1.959_963_984_540_054_2);
    near(student_tail(1.959_963_984_540_054_2, 1e18).unwrap(), 0.025);
}

#[test]
fn shares_are_told_apart_by_two_proportions() {
    for (one, other, p_value, low, high) in [
        (
            (45, 100),
            (60, 100),
            0.033_672_068_856_345_9,
            0.011_723_935_319_973_455,
            0.280_448_521_010_763_7,
        ),
        (
            (1, 3),
            (10, 10),
            0.005_001_799_380_710_166,
            0.130_278_801_858_577_43,
            0.938_508_055_279_603_8,
        ),
        (
            (5_230, 10_000),
            (5_480, 10_000),
            0.000_393_389_762_461_277_9,
            0.011_176_151_454_458_598,
            0.038_810_340_989_833_936,
        ),
    ] {
        let tested = compare(&share(one.0, one.1), &share(other.0, other.1)).unwrap();
        assert_eq!(tested.test, "two_proportions");
        near(tested.p_value.unwrap(), p_value);
        near_interval(tested.interval, low, high);
    }
    // The far tail is small, not 0.
    let far = compare(&share(10, 1_000), &share(200, 1_000)).unwrap();
    let p_value = far.p_value.unwrap();
    assert!(
        (p_value / 1.121_998_465_874e-43 - 1.0).abs() < 1e-6,
        "{p_value}"
    );
}

#[test]
fn what_cannot_be_told_is_not() {
    let none = MetricTotals::default();
    assert_eq!(compare(&none, &share(1, 2)), None);
    // All the same in both: no difference at all.
    assert_eq!(
        compare(&share(4, 4), &share(9, 9)).unwrap().p_value,
        Some(1.0)
    );
    let single = compare(&numbers(&[1.0]), &numbers(&[2.0, 3.0])).unwrap();
    assert_eq!((single.p_value, single.interval), (None, None));
    let still = compare(&numbers(&[1.0, 1.0]), &numbers(&[2.0, 2.0])).unwrap();
    assert_eq!((still.difference, still.p_value), (1.0, None));
    // Yes and no beside numbers count as 1 and 0.
    let mixed = compare(&share(1, 2), &numbers(&[0.0, 1.0])).unwrap();
    assert_eq!((mixed.test, mixed.difference), ("welch", 0.0));
}

#[test]
fn every_figure_is_finite_or_absent() {
    let of = |count, mean, squares| MetricTotals {
        count,
        mean,
        squares,
        bools: 0,
    };
    let edges = [
        MetricTotals::default(),
        share(0, 1),
        share(0, 7),
        share(7, 7),
        share(1, 2),
        numbers(&[0.0]),
        numbers(&[0.0, 0.0]),
        numbers(&[-3.0, -5.0, -4.0]),
        numbers(&[1e-200, 2e-200]),
        numbers(&[5e-324, 0.0]),
        numbers(&[1e200, -1e200, 0.0]),
        numbers(&[f64::MAX, f64::MIN]),
        numbers(&[f64::MAX, f64::MAX, f64::MIN, 1.0]),
        of(u64::MAX, 0.5, u64::MAX as f64 / 4.0),
        of(1_000_000_000, 10.0, 1e9),
        MetricTotals {
            bools: u64::MAX,
            ..of(u64::MAX, 1e-9, 0.0)
        },
    ];
    let is_finite = |interval: Interval| interval.low.is_finite() && interval.high.is_finite();
    for one in &edges {
        if let Some(found) = interval(one) {
            assert!(is_finite(found) && found.low <= found.high, "{one:?}");
        }
        for other in &edges {
            let Some(tested) = compare(one, other) else {
                continue;
            };
            assert!(tested.difference.is_finite(), "{one:?} {other:?}");
            assert!(tested.interval.is_none_or(is_finite), "{one:?} {other:?}");
            let p_value = tested.p_value.unwrap_or(1.0);
            assert!((0.0..=1.0).contains(&p_value), "{one:?} {other:?}");
        }
    }
    // None said yes: that end is 0 itself.
    assert_eq!(interval(&share(0, 7)).unwrap().low, 0.0);
    assert_eq!(interval(&share(7, 7)).unwrap().high, 1.0);
    // Values whose squares vanish are told apart all the same: only their unit is small.
    let tested = |unit: f64| {
        let one = numbers(&[unit, 2.0 * unit, 3.0 * unit]);
        let other = numbers(&[4.0 * unit, 6.0 * unit, 8.0 * unit]);
        compare(&one, &other).unwrap().p_value.unwrap()
    };
    near(tested(1e-90), tested(1.0));
}

#[test]
fn p_values_are_corrected_for_their_number() {
    let p = [Some(0.01), Some(0.04), None, Some(0.03), Some(0.005)];
    let adjusted = holm(&p);
    // R: p.adjust(c(0.01, 0.04, 0.03, 0.005), "holm")
    let expected = [Some(0.03), Some(0.06), None, Some(0.06), Some(0.02)];
    for (found, expected) in adjusted.iter().zip(expected) {
        match (found, expected) {
            (Some(found), Some(expected)) => near(*found, expected),
            (found, expected) => assert_eq!(*found, expected),
        }
    }
    assert_eq!(holm(&[Some(0.2)]), [Some(0.2)]);
    assert_eq!(holm(&[Some(0.7), Some(0.8)]), [Some(1.0), Some(1.0)]);
}
