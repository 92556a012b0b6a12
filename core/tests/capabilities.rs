//! The table of `docs/capabilities.md`, made from `Capability`: it cannot go stale, because this test fails
//! where it differs. `SLUGLINE_UPDATE=1 cargo test --test capabilities` writes it anew.
#![allow(clippy::unwrap_used, clippy::panic, clippy::disallowed_methods)]

use std::fmt::Write as _;
use std::sync::Arc;

use serde_json::json;
use slugline::chat::Options;
use slugline::config::{Config, Models};
use slugline::provider::{Capability, Support, Target};

/// Hosts that differ from each other, and a model of each whose family has no rules of its own.
const HOSTS: &[(&str, &str)] = &[
    ("openai", "gpt-4.1"),
    ("anthropic", "claude-sonnet-4-5"),
    ("gemini", "gemini-2.5-flash"),
    ("bedrock", "amazon.nova-pro-v1:0"),
    ("cohere", "command-a-03-2025"),
    ("groq", "llama-3.3-70b-versatile"),
    ("mistral", "mistral-large-latest"),
    ("deepseek", "deepseek-chat"),
    ("xai", "grok-3"),
    ("openrouter", "meta-llama/llama-3.3-70b-instruct"),
    ("perplexity", "sonar"),
    ("ollama", "llama3.3"),
];

/// Options that steer this library and are not sent.
const OURS: &[&str] = &[
    "model",
    "project",
    "use_tools",
    "cache",
    "stream_options",
    "session_id",
    "ab_campaign",
    "assignment_key",
    "labels",
    "metadata",
    "tags",
    "system_prompt_args",
    "store",
    "do_not_record",
    "max_ttft_ms",
    "hedge_after_ms",
    "timeout_ms",
    "idle_timeout_ms",
    "max_retries",
    "unsupported",
    "fallback_on",
    "extra_body",
    "extra_headers",
];

#[test]
fn the_table_is_current() {
    let table = table();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/capabilities.md");
    if std::env::var_os("SLUGLINE_UPDATE").is_some() {
        std::fs::write(path, &table).unwrap();
    }
    let written = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        written == table,
        "docs/capabilities.md is stale: run this test with SLUGLINE_UPDATE=1"
    );
}

fn table() -> String {
    let config = Config::from_value(json!({})).unwrap();
    let (models, _) = Models::open(Arc::new(config)).unwrap();
    let capabilities: Vec<Option<Capability>> = HOSTS
        .iter()
        .map(|(host, model)| {
            // A dialect that is not built in leaves its column out; the features of CI build all.
            let provider = models.provider(host).unwrap().ok()?;
            let target = Target {
                provider,
                model: (*model).to_owned(),
                params: None,
            };
            Some(target.provider.dialect.capability(&target))
        })
        .collect();
    let mut notes: Vec<&str> = Vec::new();
    let mut out = String::from(
        "# What each host takes\n\n\
         Made from the code by `tests/capabilities.rs`; every host of the same dialect without a column of its own\n\
         takes what its dialect's home takes, as far as its row in `presets.json` does not say otherwise.\n\n\
         **+** carried · **a..b** carried, clamped to this range with a warning · **number** adapted, see below ·\n\
         **-** left out with a warning (`unsupported = \"error\"`: refused) · **x** refused, because leaving it out would\n\
         change the meaning\n\n",
    );
    let _ = write!(out, "| field |");
    HOSTS.iter().for_each(|(host, _)| {
        let _ = write!(out, " {host} |");
    });
    let _ = write!(out, "\n|---|{}\n", "---|".repeat(HOSTS.len()));
    let sent = Options::NAMES.iter().filter(|name| !OURS.contains(name));
    for field in sent.chain(Capability::FINER) {
        let _ = write!(out, "| `{field}` |");
        for capability in &capabilities {
            let cell = match capability.as_ref().map(|capability| capability.of(field)) {
                None => "?".to_owned(),
                Some(Support::Carried) => "+".to_owned(),
                Some(Support::Within(low, high)) => format!("{low}..{high}"),
                Some(Support::Dropped) => "-".to_owned(),
                Some(Support::Refused) => "x".to_owned(),
                Some(Support::Adapted(note)) => {
                    let place = notes
                        .iter()
                        .position(|known| *known == note)
                        .unwrap_or_else(|| {
                            notes.push(note);
                            notes.len() - 1
                        });
                    (place + 1).to_string()
                }
            };
            let _ = write!(out, " {cell} |");
        }
        out.push('\n');
    }
    out.push('\n');
    for (place, note) in notes.iter().enumerate() {
        let _ = writeln!(out, "{}. {note}", place + 1);
    }
    let models: Vec<String> = HOSTS
        .iter()
        .map(|(host, model)| format!("{host} `{model}`"))
        .collect();
    let _ = write!(
        out,
        "\nModels the columns are for: {}. Reasoning models take less.\n",
        models.join(", ")
    );
    out
}
