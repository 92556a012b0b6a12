//! Answers read, by dialect: a whole one, and the chunks of a stream with and without the cutting into events.
#![allow(clippy::unwrap_used)]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use http::HeaderMap;
use serde_json::json;
use slugline::provider::Target;
use slugline::transport::{Frame, parser};

mod support;

/// How many chunks a stream has.
const CHUNKS: u64 = 1000;

/// A stream of one dialect: what a chunk is, and what ends it.
struct Stream {
    name: &'static str,
    target: Target,
    chunk: String,
    end: &'static str,
}

fn streams() -> Vec<Stream> {
    let chunk = |content: serde_json::Value, more: serde_json::Value| {
        let mut chunk = json!({
            "id": "chatcmpl-CYPS1lijGoK8gd9lYzY3r9Sx50nbt", "object": "chat.completion.chunk", "created": 1762317021,
            "model": "gpt-4.1-2025-04-14", "service_tier": "default", "system_fingerprint": "fp_c82faf3ca0",
            "choices": [{"index": 0, "delta": content, "logprobs": null, "finish_reason": null}],
            "usage": null, "obfuscation": "yLiYWkQBgUx",
        });
        chunk
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        chunk.to_string()
    };
    let call = json!({"tool_calls": [{"index": 0, "function": {"arguments": "\"Paris\""}}]});
    let end = r#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#;
    vec![
        Stream {
            name: "openai/text",
            target: support::target("openai", "gpt-4.1"),
            chunk: chunk(json!({"content": " warehouse"}), json!({})),
            end,
        },
        Stream {
            name: "openai/call",
            target: support::target("openai", "gpt-4.1"),
            chunk: chunk(call, json!({})),
            end,
        },
        Stream {
            name: "openai/openrouter",
            target: support::target("openrouter", "x/y"),
            chunk: chunk(
                json!({"role": "assistant", "content": " warehouse", "reasoning": null}),
                json!({"provider": "P"}),
            ),
            end,
        },
    ]
}

/// The frames of a stream through the decoder; gives back the number of deltas.
fn decode(stream: &Stream) -> usize {
    let mut decoder = stream.target.provider.dialect.decoder(&stream.target);
    let mut deltas = Vec::new();
    let mut count = 0;
    for _ in 0..CHUNKS {
        let frame = Frame {
            message: "event",
            event: "",
            data: black_box(&stream.chunk),
        };
        decoder.frame(frame, &mut deltas).unwrap();
        count += deltas.len();
        deltas.clear();
    }
    count
}

/// The bytes of a stream, as they come from the network, through both.
fn read(stream: &Stream, body: &[u8]) -> usize {
    let dialect = &stream.target.provider.dialect;
    let mut parser = parser(dialect.framing()).unwrap();
    let mut decoder = dialect.decoder(&stream.target);
    let mut deltas = Vec::new();
    let mut count = 0;
    for piece in black_box(body).chunks(1400) {
        parser
            .push(piece, &mut |frame| decoder.frame(frame, &mut deltas))
            .unwrap();
        count += deltas.len();
        deltas.clear();
    }
    decoder.finish(&mut deltas).unwrap();
    count
}

fn benches(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("decode");
    let body = json!({
        "id": "chatcmpl-CYPS1lijGoK8gd9lYzY3r9Sx50nbt", "object": "chat.completion", "created": 1762317021,
        "model": "gpt-4.1-2025-04-14", "service_tier": "default", "system_fingerprint": "fp_c82faf3ca0",
        "choices": [{"index": 0, "finish_reason": "stop", "logprobs": null, "message": {"role": "assistant",
            "content": "The order left on Tuesday.\n".repeat(32), "refusal": null, "annotations": []}}],
        "usage": {"prompt_tokens": 320, "completion_tokens": 210, "total_tokens": 530,
            "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0, "accepted_prediction_tokens": 0,
                "rejected_prediction_tokens": 0}},
    })
    .to_string();
    let target = support::target("openai", "gpt-4.1");
    group.throughput(Throughput::Bytes(body.len() as u64));
    group.bench_function("openai/1.3 KB", |bencher| {
        let dialect = &target.provider.dialect;
        let headers = HeaderMap::new();
        bencher.iter(|| {
            dialect
                .decode(&headers, black_box(body.as_bytes()), &target)
                .unwrap()
        });
    });
    group.finish();

    let mut group = criterion.benchmark_group("chunk");
    group.throughput(Throughput::Elements(CHUNKS));
    for stream in streams() {
        group.bench_function(stream.name, |bencher| bencher.iter(|| decode(&stream)));
        let mut body = format!("data: {}\n\n", stream.chunk).repeat(CHUNKS as usize);
        body.push_str(&format!("data: {}\n\ndata: [DONE]\n\n", stream.end));
        group.bench_function(format!("{}, with events", stream.name), |bencher| {
            bencher.iter(|| read(&stream, body.as_bytes()));
        });
    }
    group.finish();
}

criterion_group!(all, benches);
criterion_main!(all);
