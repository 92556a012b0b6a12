//! What cutting a stream into events costs: per event of 330 bytes, for chunks as sockets give them and for the
//! worst ones.
#![allow(clippy::unwrap_used, reason = "a benchmark may stop on a bug")]
#![allow(missing_docs, reason = "made by the macros of criterion")]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use slugline::transport::{FrameParser, SseParser};

const EVENTS: usize = 1000;

/// An event as OpenAI writes it.
fn event(line_end: &str) -> String {
    let head = r#"{"id":"chatcmpl-bench0123456789abcdefghijkl","object":"chat.completion.chunk","created":1763600000,"model":"gpt-5-mini-2025-08-07","service_tier":"default","system_fingerprint":"fp_0123456789""#;
    let choices = r#""choices":[{"index":0,"delta":{"content":" benchmark"},"logprobs":null,"finish_reason":null}],"usage":null,"obfuscation":"Xk29d"}"#;
    format!("data: {head},{choices}{line_end}{line_end}")
}

/// An event as Anthropic writes it, with its name.
fn named_event() -> String {
    let data = r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":" benchmark"}}"#;
    format!("event: content_block_delta\ndata: {data}\n\n")
}

fn parse(body: &[u8], chunk: usize) -> usize {
    let mut parser = SseParser::new();
    let mut bytes = 0;
    let mut sink = |frame: slugline::transport::Frame<'_>| {
        bytes += black_box(frame.data).len();
        Ok(())
    };
    for chunk in body.chunks(chunk) {
        parser.push(chunk, &mut sink).unwrap();
    }
    parser.finish(&mut sink).unwrap();
    bytes
}

fn sse(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("sse");
    group.throughput(Throughput::Elements(EVENTS as u64));
    let (lf, crlf, named) = (event("\n"), event("\r\n"), named_event());
    for (name, event, chunk) in [
        ("an_event_a_chunk", &lf, lf.len()),
        ("16_kib_chunks", &lf, 16 << 10),
        ("100_byte_chunks", &lf, 100),
        ("1_byte_chunks", &lf, 1),
        ("crlf", &crlf, crlf.len()),
        ("named", &named, named.len()),
    ] {
        let body = event.repeat(EVENTS);
        group.bench_function(name, |bencher| {
            bencher.iter(|| parse(black_box(body.as_bytes()), chunk));
        });
    }
    group.finish();
}

criterion_group!(benches, sse);
criterion_main!(benches);
