//! Any bytes as a prompt file, a messages file or a schema.
#![no_main]

#[path = "../inputs.rs"]
mod inputs;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| inputs::parse(bytes));
