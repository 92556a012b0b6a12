//! Replays the corpus of the fuzz targets (`fuzz/`), with whatever once broke among it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;

#[path = "../fuzz/inputs.rs"]
mod inputs;

fn replay(target: &str, run: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/corpus")
        .join(target);
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        run(&std::fs::read(entry.unwrap().path()).unwrap());
        count += 1;
    }
    assert!(count > 20, "{target}: {count}");
}

#[test]
fn parse() {
    replay("parse", inputs::parse);
}

#[test]
fn render() {
    replay("render", inputs::render);
}
