//! Campaigns that are simulated, thousands of times over: users are assigned as calls are, their
//! judgements drawn from known truths, and the report asked what it found.

use slugline::assign;
use slugline::store::{ArmTotals, CampaignQuery, CampaignReport, FeedbackValue};

const ARMS: [(&str, f64); 2] = [("plain", 1.0), ("warm", 1.0)];

/// The p-value of a campaign of so many users. `judge` draws a judgement for an arm.
fn p_value(
    seed: u64,
    users: u32,
    mut judge: impl FnMut(&mut fastrand::Rng, &str) -> FeedbackValue,
) -> f64 {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut totals = ARMS.map(|(arm, _)| ArmTotals {
        arm: arm.to_owned(),
        ..ArmTotals::default()
    });
    let salt = seed.to_string();
    for user in 0..users {
        let arm = assign::arm("tone", &salt, &user.to_string(), &ARMS).unwrap();
        let value = judge(&mut random, arm);
        let own = totals.iter_mut().find(|totals| totals.arm == arm).unwrap();
        own.calls += 1;
        own.metric.add(value);
    }
    let query = CampaignQuery {
        campaign: "tone".to_owned(),
        metric: Some("thumbs".to_owned()),
        ..CampaignQuery::default()
    };
    let report = CampaignReport::of(&query, Some("up"), &[], totals.into());
    assert_eq!(report.comparisons.len(), 1);
    report.comparisons[0].p_value.unwrap()
}

/// How many of so many campaigns found a difference at the 5 % level.
fn found(runs: u64, mut campaign: impl FnMut(u64) -> f64) -> f64 {
    let hits = (0..runs).filter(|run| campaign(*run) < 0.05).count();
    hits as f64 / runs as f64
}

/// The nominal rate and four standard deviations of its count.
fn most(runs: u64) -> f64 {
    0.05 + 4.0 * (0.05 * 0.95 / runs as f64).sqrt()
}

fn thumbs(share: f64) -> impl Fn(&mut fastrand::Rng) -> FeedbackValue {
    move |random| FeedbackValue::Bool(random.f64() < share)
}

/// A skewed number, as times and scores are: exponential.
fn score(mean: f64) -> impl Fn(&mut fastrand::Rng) -> FeedbackValue {
    move |random| FeedbackValue::Number(-mean * (1.0 - random.f64()).ln())
}

#[test]
fn shares_without_a_difference_are_seldom_told_apart() {
    const RUNS: u64 = 4_000;
    let judge = thumbs(0.3);
    let rate = found(RUNS, |run| p_value(run, 300, |random, _| judge(random)));
    println!("found nothing's difference in {:.2} %", 100.0 * rate);
    assert!(rate < most(RUNS), "{rate}");
    assert!(rate > 0.03, "{rate}: the test is not the one it says");
}

#[test]
fn numbers_without_a_difference_are_seldom_told_apart() {
    const RUNS: u64 = 4_000;
    let judge = score(2.0);
    let rate = found(RUNS, |run| p_value(run, 300, |random, _| judge(random)));
    println!("found nothing's difference in {:.2} %", 100.0 * rate);
    assert!(rate < most(RUNS), "{rate}");
    assert!(rate > 0.03, "{rate}: the test is not the one it says");
}

#[test]
fn a_known_difference_of_shares_is_found() {
    // 30 % and 45 % of 200 each: a power of 87 % by the usual formula.
    let (plain, warm) = (thumbs(0.30), thumbs(0.45));
    let rate = found(2_000, |run| {
        p_value(run, 400, |random, arm| match arm {
            "warm" => warm(random),
            _ => plain(random),
        })
    });
    println!("found in {:.1} %", 100.0 * rate);
    assert!((0.84..0.91).contains(&rate), "{rate}");
}

#[test]
fn a_known_difference_of_numbers_is_found() {
    // Means 2 and 2.8 of 200 each, spread as wide: a power of 90 %.
    let (plain, warm) = (score(2.0), score(2.8));
    let rate = found(2_000, |run| {
        p_value(run, 400, |random, arm| match arm {
            "warm" => warm(random),
            _ => plain(random),
        })
    });
    println!("found in {:.1} %", 100.0 * rate);
    assert!((0.84..0.95).contains(&rate), "{rate}");
}
