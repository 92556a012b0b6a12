//! Templates and streams: a warm and a cold render of a 2 KB prompt with 10 variables, and adding up the
//! deltas of a stream.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use serde_json::{Value, json};
use slugline::chat::Delta;
use slugline::provider::ReplyHead;
use slugline::stream::Accumulator;
use slugline::template::{CompileOptions, RenderInput, Template};
use std::hint::black_box;

fn prompt() -> (String, Value) {
    let mut source =
        String::from("{{role \"system\"}}You help {{v0}} of {{v1}}.\n{{role \"user\"}}");
    let mut data = serde_json::Map::new();
    for n in 0..10 {
        data.insert(format!("v{n}"), json!(format!("the value of variable {n}")));
        source.push_str(&"Plain words that stay as they are, line after line.\n".repeat(3));
        source.push_str(&format!(
            "{{{{#if v{n}}}}}Given: {{{{v{n}}}}}.{{{{/if}}}}\n"
        ));
    }
    (source, Value::Object(data))
}

fn render(criterion: &mut Criterion) {
    let (source, data) = prompt();
    let compile = || Template::compile(&source, &CompileOptions::default());
    let Ok(template) = compile() else { return };
    let mut group = criterion.benchmark_group("render");
    group.throughput(Throughput::Bytes(source.len() as u64));
    group.bench_function("warm", |bencher| {
        bencher.iter(|| black_box(template.render(&RenderInput::new(black_box(&data)))));
    });
    group.bench_function("cold", |bencher| {
        bencher.iter(|| {
            compile().and_then(|template| template.render(&RenderInput::new(black_box(&data))))
        });
    });
    group.finish();
}

fn accumulate(criterion: &mut Criterion) {
    let deltas: Vec<Delta> = (0..1000)
        .map(|_| Delta {
            text: Some("a word ".to_owned()),
            ..Delta::default()
        })
        .collect();
    let mut group = criterion.benchmark_group("accumulate");
    group.throughput(Throughput::Elements(deltas.len() as u64));
    group.bench_function("1000 deltas", |bencher| {
        bencher.iter(|| {
            let mut all = Accumulator::new(1 << 30);
            for delta in &deltas {
                let _ = all.push(black_box(delta));
            }
            all.take(ReplyHead::default())
        });
    });
    group.finish();
}

criterion_group!(benches, render, accumulate);
criterion_main!(benches);
