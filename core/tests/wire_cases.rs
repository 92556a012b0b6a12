//! The recorded answers of real hosts, each read by its dialect as the host's official SDK reads it: whole, one
//! byte at a time and cut at random places. `../shared/data/wire-cases/README.md` says what the files hold.
//! Where the folder is absent a line says so and nothing is run.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr
)]

use std::collections::BTreeMap;

use slugline::chat::{Delta, Usage};
use slugline::provider::Reply;
use slugline::stream::Accumulator;
use slugline::transport::parser;
use slugline::{Error, ErrorKind};

use case::Case;

#[path = "wire_cases/blocks.rs"]
mod blocks;
#[path = "wire_cases/case.rs"]
mod case;
#[path = "wire_cases/compare.rs"]
mod compare;
#[path = "wire_cases/replay.rs"]
mod replay;
#[path = "wire_cases/restream.rs"]
mod restream;

/// Cases that are read otherwise than their file expects, and why.
const EXCEPTIONS: &[(&str, &str)] = &[(
    "cerebras/cererebras_structured_output_tools_1.stream",
    "the body is two answers one after the other, whose calls have two ids under one index: two calls here; \
     `accumulate_delta` of openai-python, lib/streaming/_deltas.py, joins their arguments to `{}{}`",
)];

/// Dialects by the word of the cases' `api`; a dialect that is not there yet is counted as not run.
fn dialect_of(api: &str) -> &str {
    match api {
        "openai-chat" => "openai",
        other => other,
    }
}

#[derive(Default)]
struct Row {
    passed: usize,
    total: usize,
    excepted: usize,
}

#[test]
fn recorded_answers_are_read_as_their_sdks_read_them() {
    let Some(cases) = case::all() else {
        return;
    };
    let mut table: BTreeMap<(String, String), Row> = BTreeMap::new();
    let mut not_run: BTreeMap<String, usize> = BTreeMap::new();
    let mut failures = Vec::new();
    for case in &cases {
        let Some(target) = case.target(dialect_of(&case.api)) else {
            *not_run.entry(case.api.clone()).or_default() += 1;
            continue;
        };
        let row = table
            .entry((case.api.clone(), case.provider.clone()))
            .or_default();
        row.total += 1;
        let problems = run(case, &target);
        let excepted = EXCEPTIONS.iter().any(|(name, _)| *name == case.file);
        match (problems.is_empty(), excepted) {
            (true, false) => row.passed += 1,
            (false, true) => row.excepted += 1,
            (true, true) => failures.push(format!("{}: passes, remove its exception", case.file)),
            (false, false) => failures.push(format!("{}: {}", case.file, problems.join("\n    "))),
        }
    }
    eprintln!("{:<14} {:<12} {:>9}", "api", "provider", "passed");
    let (mut passed, mut total) = (0, 0);
    for ((api, provider), row) in &table {
        let excepted = match row.excepted {
            0 => String::new(),
            count => format!("  {count} excepted"),
        };
        eprintln!(
            "{api:<14} {provider:<12} {:>4}/{:<4}{excepted}",
            row.passed, row.total
        );
        passed += row.passed;
        total += row.total;
    }
    eprintln!("{:<14} {:<12} {passed:>4}/{total:<4}", "all", "");
    for (file, reason) in EXCEPTIONS {
        eprintln!("excepted: {file}: {reason}");
    }
    for (api, count) in &not_run {
        eprintln!("{api:<14} not run: {count} cases of a dialect that is not built in");
    }
    assert!(
        failures.is_empty(),
        "{} of {total} cases fail:\n{}",
        failures.len(),
        failures.join("\n")
    );
}

/// What came of an answer: whole, or what had arrived and the error.
struct Outcome {
    reply: Reply,
    error: Option<Error>,
}

fn run(case: &Case, target: &slugline::provider::Target) -> Vec<String> {
    let dialect = &target.provider.dialect;
    if case.status >= 300 {
        let error = dialect.decode_error(case.status, &case.headers, &case.body, target);
        return compare::error(case, &error);
    }
    if !case.stream {
        return match dialect.decode(&case.headers, &case.body, target) {
            Err(error) => compare::error(case, &error),
            Ok(reply) => {
                let mut problems = compare::reply(case, &reply);
                problems.extend(restream::check(case, target, &reply));
                problems.extend(replay::check(case, target, &reply));
                problems
            }
        };
    }
    let whole = stream(target, &[&case.body]);
    let bytes: Vec<&[u8]> = case.body.chunks(1).collect();
    let mut problems = match &whole.error {
        None => compare::reply(case, &whole.reply),
        Some(error) => {
            let mut problems = compare::error(case, error);
            problems.extend(compare::partial(case, &whole.reply));
            problems
        }
    };
    let mut random = fastrand::Rng::with_seed(case.seed());
    let mut cuts = vec![("one byte at a time", bytes)];
    for _ in 0..3 {
        cuts.push(("cut at random", random_cuts(&case.body, &mut random)));
    }
    for (how, pieces) in cuts {
        let other = stream(target, &pieces);
        if compare::without_made_up(&other.reply) != compare::without_made_up(&whole.reply) {
            problems.push(format!("{how}: another answer than whole"));
        }
        let kind = |outcome: &Outcome| outcome.error.as_ref().map(Error::kind);
        if kind(&other) != kind(&whole) {
            problems.push(format!(
                "{how}: {:?} instead of {:?}",
                other.error, whole.error
            ));
        }
    }
    problems
}

/// What is cut, doubled or altered anywhere is an answer or an error of some kind, and nothing worse.
#[test]
fn broken_answers_are_errors_and_no_panics() {
    let Some(cases) = case::all() else {
        return;
    };
    for case in &cases {
        let Some(target) = case.target(dialect_of(&case.api)) else {
            continue;
        };
        let mut random = fastrand::Rng::with_seed(case.seed());
        for _ in 0..20 {
            let body = broken(&case.body, &mut random);
            let dialect = &target.provider.dialect;
            if case.stream {
                stream(&target, &random_cuts(&body, &mut random));
            } else if let Ok(reply) = dialect.decode(&case.headers, &body, &target) {
                assert!(!reply.choices.is_empty(), "{}", case.file);
            }
            let error = dialect.decode_error(400, &case.headers, &body, &target);
            assert!(!error.to_string().is_empty(), "{}", case.file);
        }
    }
}

fn broken(body: &[u8], random: &mut fastrand::Rng) -> Vec<u8> {
    const ODD: &[&[u8]] = &[
        b"null",
        b"[]",
        b"{}",
        b"\"\"",
        b"-1",
        b"1e400",
        b"\xff",
        b"\n\n",
        b"\"type\":",
        b"[[[[[[[[",
    ];
    let mut body = body.to_vec();
    for _ in 0..random.usize(1..4) {
        if body.is_empty() {
            break;
        }
        let from = random.usize(..body.len());
        let to = random.usize(from..=body.len().min(from + 40));
        match random.u8(..5) {
            0 => body.truncate(from),
            1 => drop(body.drain(from..to)),
            2 => {
                let piece = body[from..to].to_vec();
                body.splice(to..to, piece).for_each(drop);
            }
            3 => body[from] = random.u8(..),
            _ => {
                let odd = ODD[random.usize(..ODD.len())];
                body.splice(from..to, odd.iter().copied()).for_each(drop);
            }
        }
    }
    body
}

fn random_cuts<'a>(body: &'a [u8], random: &mut fastrand::Rng) -> Vec<&'a [u8]> {
    let mut pieces = Vec::new();
    let mut rest = body;
    while !rest.is_empty() {
        let (piece, after) = rest.split_at(random.usize(1..=rest.len().min(200)));
        pieces.push(piece);
        rest = after;
    }
    pieces
}

/// Reads a streamed body that arrives in these pieces.
fn stream(target: &slugline::provider::Target, pieces: &[&[u8]]) -> Outcome {
    let dialect = &target.provider.dialect;
    let mut parser = parser(dialect.framing()).unwrap();
    let mut decoder = dialect.decoder(target);
    let mut all = Accumulator::new(u64::MAX);
    let mut read = || -> slugline::Result<()> {
        let mut deltas: Vec<Delta> = Vec::new();
        for piece in pieces {
            let fed = parser.push(piece, &mut |frame| decoder.frame(frame, &mut deltas));
            add(&mut all, &mut deltas)?;
            fed?;
        }
        let fed = parser.finish(&mut |frame| decoder.frame(frame, &mut deltas));
        add(&mut all, &mut deltas)?;
        fed?;
        let ended = decoder.finish(&mut deltas);
        add(&mut all, &mut deltas)?;
        ended
    };
    let error = read().err();
    Outcome {
        reply: all.take(decoder.head().clone()),
        error,
    }
}

fn add(all: &mut Accumulator, deltas: &mut Vec<Delta>) -> slugline::Result<()> {
    for delta in deltas.drain(..) {
        all.push(&delta)?;
    }
    Ok(())
}

/// The kinds of the cases, in the words of the contract.
fn kind_of(word: &str) -> ErrorKind {
    match word {
        "invalid_request" => ErrorKind::InvalidRequest,
        "context_length" => ErrorKind::ContextLengthExceeded,
        "content_filter" => ErrorKind::ContentFiltered,
        "too_large" => ErrorKind::RequestTooLarge,
        "auth" => ErrorKind::Authentication,
        "permission" => ErrorKind::PermissionDenied,
        "quota" => ErrorKind::QuotaExceeded,
        "not_found" => ErrorKind::UnknownModel,
        "timeout" => ErrorKind::Timeout,
        "conflict" => ErrorKind::Conflict,
        "rate_limit" => ErrorKind::RateLimited,
        "overloaded" => ErrorKind::Overloaded,
        "server" => ErrorKind::ServerError,
        "unsupported" => ErrorKind::Unsupported,
        "stream_truncated" | "stream_error" => ErrorKind::StreamInterrupted,
        "decode" => ErrorKind::InvalidResponse,
        other => panic!("the kind `{other}` has no counterpart"),
    }
}

fn count(usage: &Usage, what: &str) -> u64 {
    let prompt = usage.prompt_tokens_details.unwrap_or_default();
    let completion = usage.completion_tokens_details.unwrap_or_default();
    match what {
        "prompt_tokens" => usage.prompt_tokens,
        "completion_tokens" => usage.completion_tokens,
        "total_tokens" => usage.total_tokens,
        "cached_tokens" => prompt.cached_tokens.unwrap_or(0),
        "cache_write_tokens" => usage.cache_creation_input_tokens.unwrap_or(0),
        "reasoning_tokens" => completion.reasoning_tokens.unwrap_or(0),
        other => panic!("no count `{other}`"),
    }
}
