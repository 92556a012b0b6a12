//! Hostile templates and data: each must end in its typed error, on little stack, in a process
//! of its own, for an overflow would take the test with it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)]

use std::collections::HashMap;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use slugline::template::{CompileOptions, Limits, MissingPolicy, RenderInput, Template};
use slugline::{ErrorKind, Result};

const STACK: usize = 512 * 1024;
const CASE: &str = "SLUGLINE_LIMIT_CASE";

/// A case: what is compiled and rendered, and what the error must say (`""`: no error).
struct Case {
    name: &'static str,
    says: &'static str,
    template: fn() -> String,
    partials: fn() -> Vec<(&'static str, String)>,
    data: fn() -> Value,
    limits: fn() -> Limits,
}

const fn case(name: &'static str, says: &'static str, template: fn() -> String) -> Case {
    Case {
        name,
        says,
        template,
        partials: Vec::new,
        data: || json!({}),
        limits: Limits::default,
    }
}

impl Case {
    const fn partials(mut self, partials: fn() -> Vec<(&'static str, String)>) -> Self {
        self.partials = partials;
        self
    }

    const fn data(mut self, data: fn() -> Value) -> Self {
        self.data = data;
        self
    }

    const fn limits(mut self, limits: fn() -> Limits) -> Self {
        self.limits = limits;
        self
    }
}

fn around(open: &str, close: &str, depth: usize) -> String {
    format!("{}x{}", open.repeat(depth), close.repeat(depth))
}

/// Every limit as high as it can be set.
fn unlimited() -> Limits {
    Limits {
        block_depth: usize::MAX,
        partial_depth: usize::MAX,
        render_depth: usize::MAX,
        loop_iterations: usize::MAX,
        partial_expansions: usize::MAX,
        output_bytes: usize::MAX,
        template_bytes: usize::MAX,
        tags: usize::MAX,
        parameter_depth: usize::MAX,
        data_depth: usize::MAX,
    }
}

/// Each template includes the next one ten times.
fn bomb() -> Vec<(&'static str, String)> {
    const NAMES: [&str; 10] = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];
    let mut partials: Vec<(&str, String)> = NAMES
        .windows(2)
        .map(|pair| (pair[0], format!("{{{{> {}}}}}", pair[1]).repeat(10)))
        .collect();
    partials.push(("j", String::new()));
    partials
}

fn deep(depth: usize) -> Value {
    let mut value = json!(1);
    for _ in 0..depth {
        value = Value::Array(vec![value]);
    }
    json!({ "x": value })
}

/// One level of a partial that calls itself through everything that nests.
const LEVEL: &str = "{{#with n}}{{#each l}}{{#if true}}{{#if (not (not 1))}}{{#> q k=(default n 1)}}{{> r @root z=1}}{{/q}}{{/if}}{{/if}}{{/each}}{{/with}}";

fn cases() -> Vec<Case> {
    vec![
        case("nested_blocks", "nested deeper than 32", || around("{{#if a}}", "{{/if}}", 10_000)),
        case("nested_sections", "nested deeper than 32", || around("{{#a}}", "{{/a}}", 10_000)),
        case("nested_inverse", "nested deeper than 32", || around("{{^a}}", "{{/a}}", 10_000)),
        case("nested_inlines", "nested deeper than 32", || around("{{#*inline \"p\"}}", "{{/inline}}", 10_000)),
        case("nested_partial_blocks", "nested deeper than 32", || around("{{#> p}}", "{{/p}}", 10_000)),
        case("nested_raw_blocks", "", || around("{{{{a}}}}", "{{{{/a}}}}", 10_000)),
        case("unclosed_blocks", "nested deeper than 32", || "{{#if a}}".repeat(10_000)),
        case("nested_calls", "nested deeper than 16", || format!("{{{{json {}}}}}", around("(not ", ")", 10_000))),
        case("unclosed_calls", "nested deeper than 16", || format!("{{{{json {}", "(not ".repeat(10_000))),
        case("many_calls", "", || "{{json (not a)}}".repeat(5_000)),
        case("else_chain", "", || format!("{{{{#if a}}}}{}{{{{/if}}}}", "{{else if a}}x".repeat(4_990))),
        case("many_tags", "more than 5000 tags", || "{{a}}".repeat(20_000)),
        case("many_comments", "more than 5000 tags", || "{{!a}}".repeat(20_000)),
        case("large_template", "the limit is 1048576", || "x".repeat(64 << 20)),
        case("long_path", "", || format!("{{{{#if a{}}}}}{{{{/if}}}}", ".a".repeat(400_000))),
        case("long_way_up", "", || format!("{{{{#if {}a}}}}{{{{/if}}}}", "../".repeat(300_000))),
        case("long_string", "", || format!("{{{{json \"{}\"}}}}", "\\\"".repeat(400_000))),
        case("many_arguments", "more than 256 words", || format!("{{{{and {}}}}}", "a ".repeat(300_000))),
        case("many_keys", "more than 256 words", || format!("{{{{> p {}}}}}", "k=1 ".repeat(100_000))),
        case("many_braces", "is never closed", || "{{{".repeat(300_000)),
        case("many_backslashes", "is never closed", || format!("{}{{{{#a}}}}", "\\".repeat(1_000_000))),
        case("full_template", "", || format!("{}{}", "{{a}}".repeat(4_999), "x\n".repeat(500_000))),
        case("self_partial", "nested deeper than 16", || "{{> p}}".into()).partials(|| vec![("p", "{{> p}}".into())]),
        case("mutual_partials", "nested deeper than 16", || "{{> p}}".into())
            .partials(|| vec![("p", "{{#if true}}{{> q}}{{/if}}".into()), ("q", "{{#with @root}}{{> p k=1}}{{/with}}".into())]),
        case("self_inline", "nested deeper than 16", || "{{#*inline \"p\"}}{{> p}}{{/inline}}{{> p}}".into()),
        case("self_block", "nested deeper than 16", || "{{#> p}}x{{/p}}".into()).partials(|| vec![("p", "{{#> p}}{{> @partial-block}}{{/p}}".into())]),
        case("partial_bomb", "expands more than 100000 partials", || "{{> a}}".into()).partials(bomb),
        case("empty_loops", "go round more than 1000000 times", || "{{#each l}}{{#each ../l}}{{#each ../../l}}{{/each}}{{/each}}{{/each}}".into())
            .data(|| json!({ "l": vec![0; 400] })),
        case("silent_loops", "go round more than 1000000 times", || "{{#each l}}{{#each @root.l}}{{#each @root.l}}{{#if false}}x{{/if}}{{/each}}{{/each}}{{/each}}".into())
            .data(|| json!({ "l": vec![0; 400] })),
        case("large_output", "grows past 8388608 bytes", || "{{#each l}}{{@root.x}}{{/each}}".into())
            .data(|| json!({ "l": vec![0; 10_000], "x": "x".repeat(64 * 1024) })),
        case("large_indent", "grows past 8388608 bytes", || format!("{}{{{{> p}}}}\n", " ".repeat(500_000)))
            .partials(|| vec![("p", "x\n".repeat(100_000))]),
        case("large_json", "grows past 8388608 bytes", || "{{#each l}}{{json @root.x indent=10}}{{/each}}".into())
            .data(|| json!({ "l": vec![0; 10_000], "x": vec![json!({"a": [1, 2, 3]}); 1_000] })),
        case("large_structure", "grows past 8388608 bytes", || "{{#each l}}{{media url=@root.x}}{{/each}}".into())
            .data(|| json!({ "l": vec![0; 10_000], "x": "x".repeat(64 * 1024) })),
        case("many_roles", "grows past 8388608 bytes", || "{{#each l}}{{#each @root.l}}{{role \"user\"}}{{/each}}{{/each}}".into())
            .data(|| json!({ "l": vec![0; 900] })),
        case("large_scratch", "grows past 8388608 bytes", || "{{#each l}}{{#if (upper @root.x)}}{{/if}}{{/each}}".into())
            .data(|| json!({ "l": vec![0; 100_000], "x": "x".repeat(64 * 1024) })),
        case("deep_data", "nested deeper than 64", || "{{x}}".into()).data(|| deep(70)),
        case("deepest_blocks", "", || around("{{#if a}}{{/if}}{{#with @root}}", "{{/with}}", 100))
            .limits(unlimited)
            .data(|| json!({ "a": [1] })),
        case("deepest_calls", "", || format!("{{{{json {}}}}}", around("(default ", " 1)", 32))).limits(unlimited),
        case("deepest_data", "", || "{{x}}{{json x indent=1}}{{#if (eq x x)}}{{/if}}".into()).limits(unlimited).data(|| deep(127)),
        case("deepest_render", "nested deeper than 150", || format!("{{{{#*inline \"q\"}}}}{{{{> @partial-block}}}}{{{{/inline}}}}{LEVEL}"))
            .limits(unlimited)
            .partials(|| vec![("r", LEVEL.into())])
            .data(|| json!({ "n": { "l": [1] }, "l": [1] })),
        case("deepest_inlines", "nested deeper than 150", || "{{#*inline \"p\"}}{{#each l}}{{#with @root}}{{> p k=(not (not 1))}}{{/with}}{{/each}}{{/inline}}{{> p}}".into())
            .limits(unlimited)
            .data(|| json!({ "l": [1] })),
    ]
}

fn run(case: &Case) -> Result<usize> {
    let limits = (case.limits)();
    let options = CompileOptions {
        limits: &limits,
        ..CompileOptions::default()
    };
    let mut partials = HashMap::new();
    for (name, source) in (case.partials)() {
        partials.insert(
            name.to_owned(),
            Arc::new(Template::compile(&source, &options)?),
        );
    }
    let template = Template::compile(&(case.template)(), &options)?;
    template.survey(&partials);
    let data = (case.data)();
    let input = RenderInput {
        partials: &partials,
        limits: &limits,
        missing: MissingPolicy::Empty,
        ..RenderInput::new(&data)
    };
    Ok(template.render(&input)?.pieces.len())
}

/// Runs one case of the parent test, which names it in the environment.
#[test]
fn child() {
    let Ok(name) = std::env::var(CASE) else {
        return;
    };
    let case = cases().into_iter().find(|case| case.name == name).unwrap();
    let thread = std::thread::Builder::new().stack_size(STACK);
    let (outcome, took) = thread
        .spawn(move || {
            let start = Instant::now();
            let outcome = run(&case);
            let took = start.elapsed();
            (
                outcome.map_err(|error| (error.kind(), error.to_string())),
                took,
            )
        })
        .unwrap()
        .join()
        .unwrap();
    let (kind, message) = match outcome {
        Ok(_) => (String::new(), String::new()),
        Err((kind, message)) => (kind.code().to_owned(), message),
    };
    println!(
        "\nRESULT {}",
        json!({ "kind": kind, "message": message, "ms": took.as_millis() })
    );
}

#[test]
fn limits() {
    let binary = std::env::current_exe().unwrap();
    let mut slowest = (0, "");
    for case in cases() {
        let output = Command::new(&binary)
            .args(["--exact", "child", "--nocapture", "--test-threads=1"])
            .env(CASE, case.name)
            .output()
            .unwrap();
        let printed = String::from_utf8_lossy(&output.stdout);
        let result = printed
            .lines()
            .find_map(|line| line.strip_prefix("RESULT "));
        let Some(result) = result else {
            let errors = String::from_utf8_lossy(&output.stderr);
            panic!(
                "{}: the process died: {:?}\n{errors}",
                case.name, output.status
            );
        };
        let result: Value = serde_json::from_str(result).unwrap();
        let message = result["message"].as_str().unwrap();
        if case.says.is_empty() {
            assert_eq!(result["kind"], "", "{}: {message}", case.name);
        } else {
            let kind = match case.name {
                "deep_data" => ErrorKind::InvalidRequest,
                _ => ErrorKind::TemplateError,
            };
            assert_eq!(result["kind"], kind.code(), "{}: {message}", case.name);
            assert!(message.contains(case.says), "{}: {message}", case.name);
            assert!(message.len() < 500, "{}: {message}", case.name);
        }
        let ms = result["ms"].as_u64().unwrap();
        println!("{:>6} ms  {}", ms, case.name);
        assert!(
            u128::from(ms) < Duration::from_secs(30).as_millis(),
            "{}: {ms} ms",
            case.name
        );
        if ms > slowest.0 {
            slowest = (ms, case.name);
        }
    }
    println!("slowest: {} ms, {}", slowest.0, slowest.1);
}
