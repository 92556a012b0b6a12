//! What a campaign report is made of.

use slugline::chat::{CampaignRef, Cost, Usage};
use slugline::store::{ArmTotals, CampaignQuery, CampaignReport, Feedback, Recording, Store};

use crate::on_each_store;
use crate::sample::{START, recording};

fn call(n: u64, campaign: &str, arm: &str, error: Option<&str>) -> Recording {
    Recording {
        completion_ids: vec![format!("c{n}"), format!("d{n}")],
        campaign: Some(CampaignRef {
            key: campaign.to_owned(),
            arm: arm.to_owned(),
        }),
        usage: error.is_none().then(|| Usage {
            prompt_tokens: 3,
            completion_tokens: 4,
            total_tokens: 7,
            ..Usage::default()
        }),
        cost: n.is_multiple_of(2).then(|| Cost {
            amount: 0.5,
            currency: "USD".to_owned(),
            source: "catalogue".to_owned(),
        }),
        error_code: error.map(str::to_owned),
        ..recording(n)
    }
}

async fn totals(store: &dyn Store, metric: Option<&str>, since: Option<i64>) -> Vec<ArmTotals> {
    let query = CampaignQuery {
        campaign: "tone".to_owned(),
        metric: metric.map(str::to_owned),
        since_ms: since,
        until_ms: None,
    };
    store.campaign_totals(query).await.unwrap()
}

async fn filled(store: &dyn Store) {
    let calls = vec![
        call(0, "tone", "warm", None),
        call(1, "tone", "warm", Some("timeout")),
        call(2, "tone", "plain", None),
        call(3, "tone", "plain", Some("cancelled")),
        call(4, "other", "warm", None),
        call(5, "tone", "warm", None),
        recording(6),
    ];
    store.record(calls).await.unwrap();
}

#[tokio::test]
async fn arms_are_counted_apart() {
    on_each_store(async |store| {
        assert!(totals(&*store, Some("thumbs"), None).await.is_empty());
        filled(&*store).await;
        let arms = totals(&*store, None, None).await;
        let short: Vec<_> = arms
            .iter()
            .map(|arm| {
                let cost: f64 = arm.cost.iter().map(|cost| cost.amount).sum();
                let counts = (arm.calls, arm.errors, arm.answered, arm.latency_ms);
                (arm.arm.as_str(), counts, arm.total_tokens, cost)
            })
            .collect();
        assert_eq!(
            short,
            [
                ("plain", (2, 0, 1, 2), 7, 0.5),
                ("warm", (3, 1, 2, 5), 14, 0.5),
            ]
        );
        let later = totals(&*store, None, Some(START + 2)).await;
        assert_eq!((later[0].calls, later[1].calls), (2, 1));
    })
    .await;
}

#[tokio::test]
async fn the_last_judgement_of_a_completion_counts() {
    on_each_store(async |store| {
        filled(&*store).await;
        for (completion, metric, value) in [
            ("c0", "thumbs", false),
            ("c0", "thumbs", true),
            ("d0", "thumbs", true),
            ("c5", "thumbs", false),
            ("c5", "other", true),
            ("c4", "thumbs", true),
        ] {
            let feedback = Feedback::new(completion, metric, value);
            store.add_feedback(feedback).await.unwrap();
        }
        for (completion, value) in [("c2", 2.0), ("c2", 8.0), ("d2", 10.0), ("c3", 3.0)] {
            let feedback = Feedback::new(completion, "score", value);
            store.add_feedback(feedback).await.unwrap();
        }
        let thumbs = totals(&*store, Some("thumbs"), None).await;
        assert_eq!(thumbs[0].metric.count, 0);
        let warm = thumbs[1].metric;
        assert_eq!((warm.count, warm.bools), (3, 3));
        assert!((warm.mean - 2.0 / 3.0).abs() < 1e-12);
        let plain = totals(&*store, Some("score"), None).await[0].metric;
        assert_eq!((plain.count, plain.bools), (3, 0));
        assert!((plain.mean - 7.0).abs() < 1e-12);
        assert!((plain.squares - 26.0).abs() < 1e-12);
    })
    .await;
}

#[tokio::test]
async fn a_report_says_what_the_metric_found() {
    on_each_store(async |store| {
        let (mut calls, mut judged) = (Vec::new(), Vec::new());
        // 45 of 100 like the plain arm, 60 of 100 the warm one.
        for n in 0..200u64 {
            let (arm, liked) = match n % 2 {
                0 => ("plain", n / 2 < 45),
                _ => ("warm", n / 2 < 60),
            };
            calls.push(call(n, "tone", arm, None));
            judged.push(Feedback::new(format!("c{n}"), "thumbs", liked));
        }
        store.record(calls).await.unwrap();
        for feedback in judged {
            store.add_feedback(feedback).await.unwrap();
        }
        let query = CampaignQuery {
            campaign: "tone".to_owned(),
            metric: Some("thumbs".to_owned()),
            ..CampaignQuery::default()
        };
        let totals = store.campaign_totals(query.clone()).await.unwrap();
        let configured = ["warm", "unused", "plain"].map(str::to_owned);
        let report = CampaignReport::of(&query, Some("up"), &configured, totals);
        let arms: Vec<_> = report
            .arms
            .iter()
            .map(|arm| {
                (
                    arm.arm.as_str(),
                    arm.calls,
                    arm.metric_mean.map(|mean| (mean * 100.0).round()),
                )
            })
            .collect();
        assert_eq!(
            arms,
            [
                ("plain", 100, Some(45.0)),
                ("unused", 0, None),
                ("warm", 100, Some(60.0))
            ]
        );
        assert_eq!(report.arms[0].mean_latency_ms, Some(99.0));
        assert_eq!(report.arms[1].mean_latency_ms, None);
        let pairs: Vec<_> = report
            .comparisons
            .iter()
            .map(|pair| (pair.arm.as_str(), pair.other.as_str(), pair.test.as_deref()))
            .collect();
        assert_eq!(
            pairs,
            [
                ("plain", "unused", None),
                ("plain", "warm", Some("two_proportions")),
                ("unused", "warm", None),
            ]
        );
        let pair = &report.comparisons[1];
        let near = |found: Option<f64>, expected: f64| (found.unwrap() - expected).abs() < 1e-9;
        assert!(near(pair.difference, 0.15));
        assert!(near(pair.low, 0.011_723_935_319_973_455));
        assert!(near(pair.high, 0.280_448_521_010_763_7));
        assert!(near(pair.p_value, 0.033_672_068_856_345_9));
        assert_eq!(
            pair.p_value_adjusted, pair.p_value,
            "the only pair there is"
        );
    })
    .await;
}
