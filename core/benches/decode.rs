//! Answers read, by dialect: a whole one, and the chunks of a stream with and without the cutting into events.
#![allow(clippy::unwrap_used)]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use http::HeaderMap;
use slugline::transport::{Frame, parser};

use support::answers::{Stream, streams, whole};

mod support;

/// How many chunks a stream has.
const CHUNKS: u64 = 1000;

/// The frames of a stream through the decoder; gives back the number of deltas.
fn decode(stream: &Stream) -> usize {
    let mut decoder = stream.target.provider.dialect.decoder(&stream.target);
    let mut deltas = Vec::new();
    let mut count = 0;
    let mut frame = |(event, data): &(&str, String)| {
        let frame = Frame {
            message: "event",
            event,
            data: black_box(data),
        };
        decoder.frame(frame, &mut deltas).unwrap();
        count += deltas.len();
        deltas.clear();
    };
    stream.begin.iter().for_each(&mut frame);
    for _ in 0..CHUNKS {
        frame(&stream.chunk);
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
    for whole in whole() {
        group.throughput(Throughput::Bytes(whole.body.len() as u64));
        group.bench_function(format!("{}/1.3 KB", whole.name), |bencher| {
            let dialect = &whole.target.provider.dialect;
            let headers = HeaderMap::new();
            bencher.iter(|| {
                dialect
                    .decode(&headers, black_box(whole.body.as_bytes()), &whole.target)
                    .unwrap()
            });
        });
    }
    group.finish();

    let mut group = criterion.benchmark_group("chunk");
    group.throughput(Throughput::Elements(CHUNKS));
    for stream in streams() {
        group.bench_function(stream.name, |bencher| bencher.iter(|| decode(&stream)));
        let body = stream.body(CHUNKS as usize);
        group.bench_function(format!("{}, with events", stream.name), |bencher| {
            bencher.iter(|| read(&stream, &body));
        });
    }
    group.finish();
}

criterion_group!(all, benches);
criterion_main!(all);
