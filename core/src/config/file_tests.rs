#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::json;

use super::*;
use crate::config::PromptSource;
use crate::config::{Goal, Proxy, Recording, Storage, Strategy};
use crate::provider::KeySource;
use crate::template::MissingPolicy;

/// The example of the documentation, whole.
const EXAMPLE: &str = r#"
[engine]
default_model = "fast"
prompts   = "prompts"             # folder
storage   = "sqlite:slugline.db"
recording = "metadata"
missing   = "error"
unsupported = "warn"
[providers.openai]
api_key = "env:OPENAI_API_KEY"
[providers.eu]
preset = "azure"
[providers.local]
dialect = "openai"
base_url = "http://127.0.0.1:8000/v1"
[models]
fast  = "openai/gpt-5-mini"
smart = ["anthropic/claude-sonnet-4-5", "openai/gpt-5"]
mixed = { strategy = "weighted", targets = [{ model = "a/x", weight = 9 }, { model = "b/y", weight = 1, params = { temperature = 0 } }], max_ttft_ms = 2000, fallback_on = ["content_filtered"] }
[projects.support]
default_model = "fast"
models = { small = "openai/gpt-5-nano" }
system_prompt = "You help {{customer}}."
tools = ["lookup_order"]
[tools.lookup_order]
description = "Find an order"
parameters = { type = "object", properties = { id = { type = "string" } }, required = ["id"] }
[campaigns.tone]
applies_to = { prompts = ["greet"] }
traffic_split = 0.5
salt = ""
enabled = true
metric = { key = "thumbs", goal = "up" }
arms = [ { name = "plain", weight = 1 }, { name = "warm", weight = 1, variant = "warm", model = "smart", params = { temperature = 0.9 } } ]
[server]
listen = "127.0.0.1:8787"
keys = ["env:SLUGLINE_KEY"]
"#;

fn folder_with(name: &str, text: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    (folder, path)
}

fn fails(text: &str) -> Error {
    let (_folder, path) = folder_with("slugline.toml", text);
    let error = Config::from_file(path).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConfigError);
    error
}

fn place(error: &Error) -> (u32, u32) {
    let location = error.data().location.as_ref().expect("a location");
    (location.line.unwrap(), location.column.unwrap())
}

#[test]
fn reads_the_example_whole() {
    let (folder, path) = folder_with("slugline.toml", EXAMPLE);
    let config = Config::from_file(path).unwrap();
    assert_eq!(config.engine.default_model, ["fast"]);
    assert_eq!(
        config.engine.prompts,
        Some(PromptSource::Folder(folder.path().join("prompts")))
    );
    assert_eq!(
        config.engine.storage,
        Storage::Sqlite(folder.path().join("slugline.db"))
    );
    assert!(matches!(&config.providers["openai"].api_key,
        Some(KeySource::Env(names)) if names == &["OPENAI_API_KEY"]));
    assert_eq!(config.providers["eu"].preset.as_deref(), Some("azure"));
    assert_eq!(config.models["smart"].targets[1].model, "openai/gpt-5");
    let mixed = &config.models["mixed"];
    assert_eq!(mixed.strategy, Strategy::Weighted);
    assert_eq!(mixed.targets[0].weight, 9.0);
    assert_eq!(mixed.targets[1].params.temperature, Some(0.0));
    assert_eq!((mixed.max_ttft_ms, mixed.fallback_on.len()), (2000, 1));
    let support = &config.projects["support"];
    assert_eq!(
        support.models["small"].targets[0].model,
        "openai/gpt-5-nano"
    );
    assert_eq!(support.tools, ["lookup_order"]);
    assert_eq!(
        config.tools["lookup_order"].parameters,
        Some(json!({
            "type": "object",
            "properties": { "id": { "type": "string" } },
            "required": ["id"],
        }))
    );
    let tone = &config.campaigns["tone"];
    assert_eq!((tone.traffic_split, tone.enabled), (0.5, true));
    assert_eq!(tone.metric.as_ref().unwrap().goal, Goal::Up);
    assert_eq!(tone.arms[1].model, ["smart"]);
    assert_eq!(tone.arms[1].params.temperature, Some(0.9));
    assert_eq!(config.server.keys.len(), 1);
}

#[test]
fn defaults_are_those_of_the_documentation() {
    let engine = Config::from_value(json!({})).unwrap().engine;
    assert_eq!(engine.storage, Storage::Memory);
    assert_eq!(engine.recording, Recording::Metadata);
    assert_eq!(engine.missing, MissingPolicy::Error);
    assert_eq!(engine.proxy, Proxy::System);
    assert!(engine.watch && engine.env_base_urls);
    assert!(!engine.block_network && !engine.allow_http);
    assert_eq!(
        (
            engine.timeout_ms,
            engine.connect_timeout_ms,
            engine.idle_timeout_ms,
            engine.cooldown_ms
        ),
        (600_000, 5_000, 120_000, 5_000)
    );
    assert_eq!((engine.max_retries, engine.recording_limit), (2, 10_000));
    let budget = engine.retry_budget;
    assert_eq!(
        (budget.capacity, budget.retry, budget.success),
        (100, 10, 1)
    );
    assert_eq!(engine.max_answer_bytes, 67_108_864);
}

#[test]
fn unknown_keys_name_the_nearest_and_the_place() {
    let error = fails("[engine]\nwatch = true\n  promts = \"x\"\n");
    assert_eq!(place(&error), (3, 3));
    assert_eq!(error.data().param.as_deref(), Some("engine.promts"));
    let message = error.to_string();
    assert!(
        message.ends_with(
            "slugline.toml:3:3: unknown key `promts` in `engine`: did you mean `prompts`?"
        ),
        "{message}"
    );

    let error = fails("[provider.openai]\n");
    assert!(error.to_string().contains("did you mean `providers`?"));
    assert_eq!(place(&error), (1, 2));

    let error =
        fails("[campaigns.tone]\narms = [{ name = \"a\" }, { name = \"b\", wieght = 2 }]\n");
    assert_eq!(
        error.data().param.as_deref(),
        Some("campaigns.tone.arms[1].wieght")
    );
    assert_eq!(place(&error), (2, 39));
}

#[test]
fn wrong_types_name_the_key_and_show_no_value() {
    for (text, path, says) in [
        (
            "[engine]\ntimeout_ms = \"hunter2\"",
            "engine.timeout_ms",
            "a whole number, not a string",
        ),
        (
            "[engine]\ntimeout_ms = -1",
            "engine.timeout_ms",
            "a whole number from 0",
        ),
        (
            "[engine]\nwatch = \"hunter2\"",
            "engine.watch",
            "true or false, not a string",
        ),
        (
            "[engine]\nmissing = \"hunter2\"",
            "engine.missing",
            "\"error\", \"empty\", \"keep\"",
        ),
        (
            "[engine]\nstorage = \"hunter2\"",
            "engine.storage",
            "\"memory:\" or \"sqlite:PATH\"",
        ),
        (
            "[engine]\nstorage = \"sqlite::memory:\"",
            "engine.storage",
            "\"memory:\" for storage in memory",
        ),
        (
            "[engine]\nstorage = \"sqlite:file:hunter2.db?mode=memory\"",
            "engine.storage",
            "leave `file:` out",
        ),
        (
            "[engine]\nstorage = \"sqlite://hunter2/state.db\"",
            "engine.storage",
            "leave `//` and the host out",
        ),
        (
            "[engine]\nproxy = \"hunter2\"",
            "engine.proxy",
            "an http(s) URL",
        ),
        (
            "[providers.x]\napi_key = 5",
            "providers.x.api_key",
            "a string, not a number",
        ),
        (
            "[providers.x]\napi_key = \"hunter2 \\nx\"",
            "providers.x.api_key",
            "a line break",
        ),
        (
            "[providers.x]\nheaders = { a = \"hunter2\\n\" }",
            "providers.x.headers.a",
            "cannot stand in a header",
        ),
        (
            "[providers.x]\nheaders = { Host = \"hunter2\" }",
            "providers.x.headers.Host",
            "only the transport sets",
        ),
        (
            "[models]\na = { model = \"hunter2\" }",
            "models.a.model",
            "unknown key",
        ),
        (
            "[models]\na = [{ model = \"b/c\", params = { temperature = \"hunter2\" } }]",
            "models.a[0].params.temperature",
            "must be a number",
        ),
        (
            "[models]\na = [{ model = \"b/c\", params = { extra_headers = \"hunter2\" } }]",
            "models.a[0].params.extra_headers",
            "must be a map",
        ),
        (
            "[models]\na = [{ model = \"b/c\", params = { session_id = \"x\" } }]",
            "models.a[0].params.session_id",
            "belongs to a call",
        ),
        ("[models]\na = []", "models.a", "names no target"),
        (
            "[engine]\ntemplate_limits = { tag = 5 }",
            "engine.template_limits.tag",
            "did you mean `tags`?",
        ),
        (
            "[engine]\ntemplate_limits = { tags = \"hunter2\" }",
            "engine.template_limits.tags",
            "a whole number",
        ),
        ("engine = 5", "engine", "must be a table, not a number"),
    ] {
        let error = fails(text);
        assert_eq!(error.data().param.as_deref(), Some(path), "{error}");
        assert!(error.to_string().contains(says), "{error}");
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
        assert!(error.data().location.as_ref().unwrap().line.is_some());
    }
}

#[test]
fn toml_syntax_errors_carry_the_place() {
    let error = fails("[engine]\nwatch = \n");
    assert_eq!(place(&error).0, 2);
    assert!(error.to_string().contains("not valid TOML"));
    let error = fails("[engine]\nx = 1\nx = 2\n");
    assert_eq!(place(&error).0, 3);
    let error = fails("[engine]\ntimeout_ms = 99999999999999999999\n");
    assert!(
        error
            .to_string()
            .contains("`engine.timeout_ms` is too large")
    );
    let error = fails("[models]\n\"α\" = 1\n\"β\" = nan\n");
    assert_eq!(place(&error).0, 3);
}

#[test]
fn json_files_read_the_same() {
    let (folder, path) = folder_with(
        "c.json",
        "\u{feff}{\"engine\": {\"prompts\": \"p\", \"proxy\": null}}",
    );
    let config = Config::from_file(path).unwrap();
    let folder = PromptSource::Folder(folder.path().join("p"));
    assert_eq!(config.engine.prompts, Some(folder));
    let (_folder, path) = folder_with("c.json", "{\n \"engine\": }");
    let error = Config::from_file(path).unwrap_err();
    assert_eq!(place(&error).0, 2);
    let (_folder, path) = folder_with("c.json", "{\"engin\": {}}");
    let error = Config::from_file(path).unwrap_err();
    assert!(
        error.to_string().contains("c.json: unknown key `engin`"),
        "{error}"
    );
}

#[test]
fn a_missing_file_is_named() {
    let error = Config::from_file("/nowhere/slugline.toml").unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("/nowhere/slugline.toml: cannot read")
    );
}

#[test]
fn relative_paths_start_where_they_stand() {
    let (folder, path) = folder_with(
        "slugline.toml",
        r#"
        [engine]
        prompts = "p"
        ca_bundle = "/abs/ca.pem"
        client_cert = { cert = "c.pem", key = "k.pem" }
        [providers.a]
        dialect = "openai"
        base_url = "replay:tape"
        api_key = "file:key.txt"
        [providers.b]
        dialect = "openai"
        base_url = "http://127.0.0.1:1/v1"
        api_key = "literal"
        [projects.x]
        system_prompt_file = "s.txt"
        [server]
        keys = "file:server.key"
        "#,
    );
    let overrides =
        json!({ "storage": "sqlite:state.db", "providers": { "b": { "ca_bundle": "b.pem" } } });
    let Value::Object(overrides) = overrides else {
        panic!()
    };
    let config = Config::open(ConfigSource::File(path), overrides).unwrap();
    let here = std::env::current_dir().unwrap();
    let there = folder.path();
    let folder = PromptSource::Folder(there.join("p"));
    assert_eq!(config.engine.prompts, Some(folder));
    assert_eq!(config.engine.ca_bundle, Some(PathBuf::from("/abs/ca.pem")));
    assert_eq!(
        config.engine.client_cert.as_ref().unwrap().key,
        there.join("k.pem")
    );
    assert_eq!(
        config.providers["a"].base_url.as_deref().unwrap(),
        format!("replay:{}", there.join("tape").display())
    );
    assert!(
        matches!(&config.providers["a"].api_key, Some(KeySource::File(path)) if *path == there.join("key.txt"))
    );
    assert!(matches!(
        &config.providers["b"].api_key,
        Some(KeySource::Literal(_))
    ));
    assert_eq!(
        config.projects["x"].system_prompt_file,
        Some(there.join("s.txt"))
    );
    assert!(
        matches!(&config.server.keys[0], KeySource::File(path) if *path == there.join("server.key"))
    );
    // What comes as plain data starts at the working directory.
    assert_eq!(
        config.engine.storage,
        Storage::Sqlite(here.join("state.db"))
    );
    assert_eq!(config.providers["b"].ca_bundle, Some(here.join("b.pem")));
    assert_eq!(
        config.providers["b"].base_url.as_deref(),
        Some("http://127.0.0.1:1/v1")
    );
}

#[test]
fn overrides_merge_per_key() {
    let base = json!({
        "engine": { "max_retries": 5, "cooldown_ms": 1, "retry_budget": { "capacity": 7 } },
        "providers": { "openai": { "api_key": "one", "headers": { "a": "1" } } },
        "models": { "m": { "targets": ["a/b"], "max_ttft_ms": 9 } },
        "tools": { "t": { "description": "d", "parameters": { "type": "object", "properties": {} } } },
    });
    let Value::Object(over) = json!({
        "max_retries": 1,
        "timeout_ms": null,
        "engine": { "retry_budget": { "retry": 3 } },
        "providers": { "openai": { "rpm": 3, "headers": { "b": "2" } }, "groq": { "rpm": 4 } },
        "models": { "m": { "targets": ["c/d"] } },
        "tools": { "t": { "parameters": { "type": "object" } } },
    }) else {
        panic!()
    };
    let config = Config::open(ConfigSource::Data(base), over).unwrap();
    assert_eq!(
        (config.engine.max_retries, config.engine.cooldown_ms),
        (1, 1)
    );
    let budget = &config.engine.retry_budget;
    assert_eq!((budget.capacity, budget.retry, budget.success), (7, 3, 1));
    let openai = &config.providers["openai"];
    assert!(openai.api_key.is_some() && openai.rpm == Some(3));
    assert_eq!(openai.headers.0.len(), 2);
    assert_eq!(config.providers["groq"].rpm, Some(4));
    // An alias and a schema are replaced whole.
    assert_eq!(config.models["m"].max_ttft_ms, 0);
    assert_eq!(
        config.tools["t"].parameters,
        Some(json!({ "type": "object" }))
    );
    assert_eq!(config.tools["t"].description.as_deref(), Some("d"));
}

#[test]
fn overrides_are_as_strict_as_files() {
    let (_folder, path) = folder_with(
        "slugline.toml",
        "[engine]\ntimeout_ms = 5\nmax_retries = 1\n",
    );
    let open = |over: Value| {
        let Value::Object(over) = over else { panic!() };
        Config::open(ConfigSource::File(path.clone()), over).unwrap_err()
    };
    let error = open(json!({ "promts": "x" }));
    assert!(
        error.to_string().contains("did you mean `prompts`?"),
        "{error}"
    );
    // The key stands in the file too, but the value at fault came from code.
    let error = open(json!({ "timeout_ms": "x" }));
    assert_eq!(error.data().param.as_deref(), Some("engine.timeout_ms"));
    assert_ne!(error.data().location.as_ref().unwrap().line, Some(2));
    let error = open(json!({ "engine": 5 }));
    assert!(error.to_string().contains("must be a table"), "{error}");
}

#[test]
fn plain_data_must_be_a_table() {
    assert!(Config::from_value(json!(null)).is_ok());
    let error = Config::from_value(json!(["x"])).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the configuration must be a table, not a list"
    );
}

#[test]
fn debug_shows_no_secret() {
    let config = Config::from_value(json!({
        "engine": { "proxy": "http://user:hunter2@proxy:1" },
        "providers": { "x": { "dialect": "openai", "api_key": "hunter2", "headers": { "authorization": "hunter2" } } },
        "server": { "keys": ["hunter2"] },
    }))
    .unwrap();
    assert!(!format!("{config:?}").contains("hunter2"));
}
