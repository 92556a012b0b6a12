//! A SQLite file with a million recordings: a page under each filter, counts over everything, and what
//! a write costs. `SLUGLINE_BENCH_ROWS` makes it smaller.

use std::hint::black_box;
use std::time::Instant;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use serde_json::json;
use slugline::chat::{Attempt, CampaignRef, Cost, JsonMap, PromptRef, Timing, Usage};
use slugline::store::{
    CampaignQuery, Feedback, Filter, Recording, RecordingQuery, Retention, SqliteStore, Store,
    UsageGroup, UsageQuery,
};
use tokio::runtime::Runtime;

/// 2026-11-01T00:00:00Z.
const START: i64 = 1_793_491_200_000;

fn labels(value: serde_json::Value) -> JsonMap {
    value.as_object().cloned().unwrap_or_default()
}

/// A recording's id as the engine gives them: the time first, then chance.
fn id(unix_ms: i64) -> String {
    let (seconds, ms) = (unix_ms / 1_000, unix_ms % 1_000);
    let (seconds, ms) = (u64::try_from(seconds), u32::try_from(ms));
    let (seconds, ms) = (seconds.unwrap_or_default(), ms.unwrap_or_default());
    let at = uuid::Timestamp::from_unix(uuid::NoContext, seconds, ms * 1_000_000);
    uuid::Uuid::new_v7(at).to_string()
}

/// The id of a completion, random to look at and always the same for one number.
fn completion(n: u64) -> String {
    let mut chance = fastrand::Rng::with_seed(n);
    uuid::Builder::from_random_bytes(chance.u128(..).to_be_bytes())
        .into_uuid()
        .to_string()
}

/// A call as a busy application makes them: a hundred prompts, of which one is called seldom; three teams,
/// and a label that few calls have.
fn recording(n: u64) -> Recording {
    let prompt = match n % 10_000 {
        0 => "rare".to_owned(),
        other => format!("prompt-{}", other % 100),
    };
    let mut labels = labels(json!({"team": format!("team-{}", n % 3)}));
    if n.is_multiple_of(10_000) {
        labels.insert("incident".to_owned(), (n / 10_000).to_string().into());
    }
    let created_ms = START + i64::try_from(n).unwrap_or_default() * 40;
    Recording {
        id: id(created_ms),
        created_ms,
        session_id: uuid::Uuid::new_v4().to_string(),
        completion_ids: vec![completion(n)],
        project: n.is_multiple_of(4).then(|| "support".to_owned()),
        prompt: Some(PromptRef {
            slug: prompt,
            version: Some(3),
            environment: Some("production".to_owned()),
            variant: None,
            hash: "6f1ed002ab5595859014ebf0951522d9".to_owned(),
        }),
        campaign: n.is_multiple_of(10).then(|| CampaignRef {
            key: "tone".to_owned(),
            arm: if n.is_multiple_of(20) {
                "plain"
            } else {
                "warm"
            }
            .to_owned(),
        }),
        model: Some("openai/gpt-5-mini".to_owned()),
        provider: Some("openai".to_owned()),
        provider_model: Some("gpt-5-mini-2025-08-07".to_owned()),
        finish_reason: Some("stop".to_owned()),
        error_code: n.is_multiple_of(50).then(|| "overloaded".to_owned()),
        attempts: vec![Attempt {
            provider: "openai".to_owned(),
            model: "gpt-5-mini".to_owned(),
            outcome: "ok".to_owned(),
            status: Some(200),
            duration_ms: 800,
            request_id: Some("req_0123456789abcdef".to_owned()),
            ..Attempt::default()
        }],
        timing: Timing {
            queue_ms: 0,
            ttft_ms: Some(300),
            total_ms: 800 + n % 100,
        },
        usage: Some(Usage {
            prompt_tokens: 400,
            completion_tokens: 120,
            total_tokens: 520,
            ..Usage::default()
        }),
        cost: Some(Cost {
            amount: 0.000_34,
            currency: "USD".to_owned(),
            source: "catalogue".to_owned(),
        }),
        labels,
        ..Recording::default()
    }
}

/// The filters of the table in `BENCHMARKS.md`.
fn filters(rows: u64) -> Vec<(&'static str, Filter)> {
    let some = |text: &str| Some(text.to_owned());
    let late = START + i64::try_from(rows).unwrap_or_default() * 20;
    let by = |filter: Filter| filter;
    vec![
        ("none", Filter::default()),
        (
            "prompt",
            by(Filter {
                prompt: some("prompt-7"),
                ..Filter::default()
            }),
        ),
        (
            "rare_prompt",
            by(Filter {
                prompt: some("rare"),
                ..Filter::default()
            }),
        ),
        (
            "session",
            by(Filter {
                session_id: some("absent"),
                ..Filter::default()
            }),
        ),
        (
            "campaign",
            by(Filter {
                campaign: some("tone"),
                ..Filter::default()
            }),
        ),
        (
            "project",
            by(Filter {
                project: some("support"),
                ..Filter::default()
            }),
        ),
        (
            "time",
            by(Filter {
                until_ms: Some(late),
                since_ms: Some(late - 60_000),
                ..Filter::default()
            }),
        ),
        (
            "label",
            by(Filter {
                labels: labels(json!({"team": "team-1"})),
                ..Filter::default()
            }),
        ),
        (
            "rare_label",
            by(Filter {
                labels: labels(json!({"incident": "7"})),
                ..Filter::default()
            }),
        ),
        (
            "absent_label",
            by(Filter {
                labels: labels(json!({"incident": "none"})),
                ..Filter::default()
            }),
        ),
        (
            "rare_prompt_and_label",
            by(Filter {
                prompt: some("rare"),
                labels: labels(json!({"team": "team-1"})),
                ..Filter::default()
            }),
        ),
        (
            "prompt_and_rare_label",
            by(Filter {
                prompt: some("prompt-7"),
                labels: labels(json!({"incident": "7"})),
                ..Filter::default()
            }),
        ),
        (
            "campaign_and_rare_prompt",
            by(Filter {
                campaign: some("tone"),
                prompt: some("rare"),
                ..Filter::default()
            }),
        ),
    ]
}

fn store(criterion: &mut Criterion) {
    let rows: u64 = std::env::var("SLUGLINE_BENCH_ROWS")
        .ok()
        .and_then(|rows| rows.parse().ok())
        .unwrap_or(1_000_000);
    let Ok(folder) = tempfile::tempdir() else {
        return;
    };
    let path = folder.path().join("slugline.db");
    let (Ok(runtime), Ok(store)) = (
        Runtime::new(),
        SqliteStore::open(&path, Retention::default()),
    ) else {
        return;
    };
    let began = Instant::now();
    for start in (0..rows).step_by(512) {
        let batch = (start..(start + 512).min(rows)).map(recording).collect();
        if let Err(error) = runtime.block_on(store.record(batch)) {
            return say(&format!("not recorded: {error}"));
        }
    }
    let each = began.elapsed() / u32::try_from(rows).unwrap_or(1);
    let megabytes = std::fs::metadata(&path).map_or(0, |file| file.len() >> 20);
    say(&format!(
        "{rows} recordings, {each:?} each, {megabytes} MiB"
    ));
    for n in (0..rows).step_by(100) {
        let feedback = Feedback::new(completion(n), "thumbs", n.is_multiple_of(3));
        if let Err(error) = runtime.block_on(store.add_feedback(feedback)) {
            return say(&format!("no feedback: {error}"));
        }
    }

    let mut group = criterion.benchmark_group("page_of_50");
    group.sample_size(20);
    for (name, filter) in filters(rows) {
        let query = RecordingQuery {
            filter,
            ..RecordingQuery::default()
        };
        group.bench_function(name, |bencher| {
            bencher.iter(|| black_box(runtime.block_on(store.recordings(query.clone()))));
        });
    }
    let deep = RecordingQuery {
        cursor: Some(format!("{}.{}", START + 1_000_000, 25_000)),
        ..RecordingQuery::default()
    };
    group.bench_function("deep_cursor", |bencher| {
        bencher.iter(|| black_box(runtime.block_on(store.recordings(deep.clone()))));
    });
    group.finish();

    let mut group = criterion.benchmark_group("counts");
    group.sample_size(10);
    let usage = UsageQuery {
        group_by: vec![UsageGroup::Model, UsageGroup::Day],
        filter: Filter::default(),
    };
    group.bench_function("usage_by_model_and_day", |bencher| {
        bencher.iter(|| black_box(runtime.block_on(store.usage(usage.clone()))));
    });
    let query = CampaignQuery {
        campaign: "tone".to_owned(),
        metric: Some("thumbs".to_owned()),
        ..CampaignQuery::default()
    };
    group.bench_function("campaign", |bencher| {
        bencher.iter(|| black_box(runtime.block_on(store.campaign_totals(query.clone()))));
    });
    group.finish();

    let mut group = criterion.benchmark_group("writes");
    group.sample_size(20);
    group.throughput(Throughput::Elements(100));
    let mut next = rows;
    group.bench_function("batch_of_100", |bencher| {
        bencher.iter_batched(
            || {
                next += 100;
                (next..next + 100).map(recording).collect::<Vec<_>>()
            },
            |batch| black_box(runtime.block_on(store.record(batch))),
            criterion::BatchSize::PerIteration,
        );
    });
    group.finish();
}

/// A line beside criterion's own.
fn say(line: &str) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stderr(), "{line}");
}

criterion_group!(benches, store);
criterion_main!(benches);
