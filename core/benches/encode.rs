//! From a checked call to the bytes of its request, by dialect: checks, fitting, encoding.
#![allow(clippy::unwrap_used)]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use slugline::chat::{ChatRequest, UnsupportedPolicy};
use slugline::provider::{Call, Target, check, fit};

mod support;

/// One model of each dialect.
const TARGETS: &[(&str, &str)] = &[
    ("openai", "gpt-4.1"),
    ("anthropic", "claude-sonnet-4-5"),
    ("gemini", "gemini-2.5-flash"),
    ("cohere", "command-a-03-2025"),
    #[cfg(feature = "bedrock")]
    ("bedrock", "us.anthropic.claude-sonnet-4-5-20250929-v1:0"),
];

fn encode(request: &ChatRequest, target: &Target) -> usize {
    let (options, messages) = (&request.options, &request.messages);
    let dialect = &target.provider.dialect;
    let capability = dialect.capability(target);
    let (options, mut warnings) =
        fit(options, messages, &capability, UnsupportedPolicy::Warn).unwrap();
    let call = Call {
        messages,
        options: &options,
        target,
        stream: true,
    };
    dialect.encode(call, &mut warnings).unwrap().body.len()
}

fn benches(criterion: &mut Criterion) {
    let calls = [("1.3 KB", support::small()), ("100 KB", support::large())];
    let mut group = criterion.benchmark_group("encode");
    for (provider, model) in TARGETS {
        let target = support::target(provider, model);
        for (size, request) in &calls {
            group.throughput(Throughput::Bytes(encode(request, &target) as u64));
            group.bench_function(format!("{provider}/{size}"), |bencher| {
                bencher.iter(|| encode(black_box(request), &target));
            });
        }
    }
    group.finish();
    let mut group = criterion.benchmark_group("prepare");
    let target = support::target("openai", "gpt-4.1");
    for (size, request) in &calls {
        group.bench_function(format!("check/{size}"), |bencher| {
            bencher.iter(|| check(black_box(&request.options), &request.messages).unwrap());
        });
        group.bench_function(format!("fit/{size}"), |bencher| {
            bencher.iter(|| {
                let capability = target.provider.dialect.capability(&target);
                let policy = UnsupportedPolicy::Warn;
                fit(
                    black_box(&request.options),
                    &request.messages,
                    &capability,
                    policy,
                )
                .unwrap()
                .1
            });
        });
    }
    group.finish();
}

criterion_group!(all, benches);
criterion_main!(all);
