//! The runner of `core/conformance/wire`: exactly what a dialect sends for a call, and what it reads
//! in an answer. The form of a case is in `core/conformance/README.md`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize as _;
use serde_json::{Map, Value, json};
use slugline::chat::{ChatRequest, Delta};
use slugline::config::preset;
use slugline::provider::{
    Call, Carrier, Credentials, KeySource, Network, Provider, Reply, Secret, Target, check,
    dialect, fit,
};
use slugline::stream::Accumulator;
use slugline::transport::parser;
use slugline::{Error, Result};

mod pattern;

use pattern::mismatch;

/// The form of a case; a key that is not here is a mistake in the case.
const KEYS: &[&str] = &[
    "about", "provider", "model", "stream", "call", "request", "warnings", "error", "reply",
    "status", "headers", "deltas", "answer",
];

#[test]
fn every_wire_case() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("conformance/wire");
    let mut cases: Vec<PathBuf> = folders(&root)
        .iter()
        .flat_map(|dialect| folders(dialect))
        .collect();
    cases.sort();
    assert!(!cases.is_empty(), "no case at {}", root.display());
    let mut failures = Vec::new();
    let mut not_built_in = 0;
    for folder in &cases {
        let name = folder.strip_prefix(&root).unwrap().display();
        let text = std::fs::read_to_string(folder.join("case.json"))
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        let case: Value =
            serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        let word = folder
            .parent()
            .unwrap()
            .file_name()
            .unwrap()
            .to_str()
            .unwrap();
        if word == "bedrock" && cfg!(not(feature = "bedrock")) {
            not_built_in += 1;
            continue;
        }
        if let Err(failure) = run(&case, word, folder) {
            failures.push(format!("{name}: {failure}"));
        }
    }
    println!(
        "wire cases: {} run, {not_built_in} of a dialect that is not built in, {} failed",
        cases.len() - not_built_in,
        failures.len()
    );
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

fn folders(root: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(root)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    entries.filter(|path| path.is_dir()).collect()
}

fn run(case: &Value, dialect_name: &str, folder: &Path) -> Result<(), String> {
    let keys = case.as_object().ok_or("not an object")?.keys();
    if let Some(odd) = keys.into_iter().find(|key| !KEYS.contains(&key.as_str())) {
        return Err(format!("unknown key `{odd}`"));
    }
    let target = target(case, dialect_name);
    if case.get("call").is_some() {
        request(case, &target)?;
    }
    if let Some(reply) = case["reply"].as_str() {
        let bytes =
            std::fs::read(folder.join(reply)).map_err(|error| format!("{reply}: {error}"))?;
        answer(case, &target, reply, &bytes)?;
    }
    Ok(())
}

/// The provider of a case: a preset with changes.
fn target(case: &Value, dialect_name: &str) -> Target {
    let given = &case["provider"];
    let text = |key: &str| given[key].as_str().map(str::to_owned);
    let name = text("preset").unwrap_or_else(|| dialect_name.to_owned());
    let preset = preset(&name).unwrap_or_else(|| panic!("no preset `{name}`"));
    let mut quirks = preset.quirks.clone();
    quirks.extend(given["quirks"].as_object().cloned().unwrap_or_default());
    let provider = Provider {
        dialect: dialect(dialect_name).unwrap_or_else(|| panic!("no dialect `{dialect_name}`")),
        base_url: text("base_url").unwrap_or_else(|| preset.base_url.clone()),
        preset: name.clone(),
        name,
        key: KeySource::None,
        key_required: false,
        headers: Vec::new(),
        quirks: serde_json::from_value(Value::Object(quirks)).unwrap(),
        region: text("region"),
        project: text("project"),
        location: text("location"),
        api_version: text("api_version"),
        organization: text("organization"),
        max_concurrency: None,
        rpm: None,
        tpm: None,
        share: 1,
        timeout_ms: None,
        network: Network::default(),
        carrier: Carrier::Network,
    };
    Target {
        provider: Arc::new(provider),
        model: case["model"].as_str().unwrap_or("m").to_owned(),
        params: None,
    }
}

/// What is sent for the call, or the error before anything is.
fn request(case: &Value, target: &Target) -> Result<(), String> {
    match (encode(case, target), case.get("error")) {
        (Err(error), Some(expected)) => told("error", expected, &json!(error)),
        (Ok(_), Some(_)) => Err("the call was encoded, an error was expected".into()),
        (Err(error), None) => Err(format!("the call was refused: {error}")),
        (Ok((sent, warnings)), None) => {
            let expected = &case["request"];
            // The order of keys counts: prompt caches look at bytes.
            let (body, wanted) = (sent["body"].to_string(), expected["body"].to_string());
            if body != wanted {
                return Err(format!(
                    "request.body\n  sent     {body}\n  expected {wanted}"
                ));
            }
            told("request", expected, &sent)?;
            let none = json!([]);
            told("warnings", case.get("warnings").unwrap_or(&none), &warnings)
        }
    }
}

fn encode(case: &Value, target: &Target) -> Result<(Value, Value), Error> {
    let call = ChatRequest::deserialize(&case["call"])
        .map_err(|error| Error::invalid("call", error.to_string()))?;
    check(&call.options, &call.messages)?;
    let dialect = &target.provider.dialect;
    let policy = call.options.unsupported.unwrap_or_default();
    let capability = dialect.capability(target);
    let (options, mut warnings) = fit(&call.options, &call.messages, &capability, policy)?;
    let call = Call {
        messages: &call.messages,
        options: &options,
        target,
        stream: case["stream"].as_bool().unwrap_or_default(),
    };
    let mut request = dialect.encode(call, &mut warnings)?;
    let key = case["provider"]["api_key"].as_str().unwrap_or("test-key");
    let credentials = Credentials::Key(Secret::new(key, "the key of the case")?);
    dialect.authorize(&mut request, &credentials, target)?;
    let headers: Map<String, Value> = request
        .headers
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().into()))
        .collect();
    let body: Value = serde_json::from_slice(&request.body).unwrap();
    Ok((
        json!({"url": request.url, "headers": headers, "body": body}),
        json!(warnings),
    ))
}

/// What is read in the answer, streamed where the file is named so: whole and one byte at a time.
fn answer(case: &Value, target: &Target, file: &str, bytes: &[u8]) -> Result<(), String> {
    let expected = &case["answer"];
    let dialect = &target.provider.dialect;
    let headers = headers(case);
    let status = case["status"].as_u64().unwrap_or(200) as u16;
    if status >= 300 {
        let error = dialect.decode_error(status, &headers, bytes, target);
        return told("answer", expected, &shown(Err(error)));
    }
    if !file.ends_with(".sse") && !file.ends_with(".eventstream") {
        let reply = dialect.decode(&headers, bytes, target);
        return told("answer", expected, &shown(reply));
    }
    let mut deltas = Vec::new();
    let whole = read(target, &[bytes], &mut deltas);
    told("answer", expected, &shown(whole))?;
    if let Some(expected) = case.get("deltas") {
        told("deltas", expected, &json!(deltas))?;
    }
    let pieces: Vec<&[u8]> = bytes.chunks(1).collect();
    told(
        "answer, one byte at a time",
        expected,
        &shown(read(target, &pieces, &mut Vec::new())),
    )
}

fn headers(case: &Value) -> HeaderMap {
    let given = case["headers"].as_object().into_iter().flatten();
    given
        .map(|(name, value)| {
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            (
                name,
                HeaderValue::from_str(value.as_str().unwrap()).unwrap(),
            )
        })
        .collect()
}

fn read(target: &Target, pieces: &[&[u8]], deltas: &mut Vec<Delta>) -> Result<Reply> {
    let dialect = &target.provider.dialect;
    let mut parser = parser(dialect.framing())?;
    let mut decoder = dialect.decoder(target);
    for piece in pieces {
        parser.push(piece, &mut |frame| decoder.frame(frame, deltas))?;
    }
    parser.finish(&mut |frame| decoder.frame(frame, deltas))?;
    decoder.finish(deltas)?;
    let mut all = Accumulator::new(u64::MAX);
    deltas.iter().try_for_each(|delta| all.push(delta))?;
    Ok(all.take(decoder.head().clone()))
}

fn shown(reply: Result<Reply>) -> Value {
    match reply {
        Err(error) => json!({ "error": error }),
        Ok(reply) => json!({
            "id": reply.head.id,
            "model": reply.head.model,
            "created": reply.head.created,
            "service_tier": reply.head.service_tier,
            "extra": reply.head.extra,
            "choices": reply.choices,
            "usage": reply.usage,
        }),
    }
}

fn told(place: &str, expected: &Value, got: &Value) -> Result<(), String> {
    match mismatch(place, expected, got) {
        Some(difference) => Err(difference),
        None => Ok(()),
    }
}
