//! Runs the cases of `conformance/template` once more as every language does: as prompts in memory,
//! through an engine's `render_prompt`. The recipe is in `conformance/README.md`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)]

use std::path::Path;

use serde_json::{Value, json};
use slugline::chat::{JsonMap, PromptRequest};
use slugline::config::ConfigSource;
use slugline::{Engine, Result};

fn read(path: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn open(config: Value) -> Result<Engine> {
    Engine::builder().source(ConfigSource::Data(config)).open()
}

/// What a partial of this name is called as a text.
fn partial(name: &str) -> String {
    match name.rsplit_once('/') {
        Some((folder, name)) => format!("{folder}/_{name}"),
        None => format!("_{name}"),
    }
}

/// The messages of a case as a prompt, or its error.
fn run(case: &Value) -> Result<Value> {
    let mut prompts = JsonMap::from_iter([("p".to_owned(), case["template"].clone())]);
    for (name, text) in case["partials"].as_object().into_iter().flatten() {
        prompts.insert(partial(name), text.clone());
    }
    let engine = json!({"prompts": prompts, "missing": case["missing"]});
    let engine = open(json!({ "engine": engine }))?;
    let mut request = PromptRequest::new("p");
    request.variables = case["data"].as_object().cloned().unwrap_or_default();
    Ok(json!(engine.render_prompt(request)?.messages))
}

/// What a case expects of a prompt, in the form of `found`.
fn expected(case: &Value) -> Value {
    let expect = &case["expect"];
    match expect.get("text").map(|text| text.as_str().unwrap()) {
        Some(text) if text.trim().is_empty() => json!({"messages": []}),
        Some(text) => json!({"messages": [{"role": "user", "content": text}]}),
        None => expect.clone(),
    }
}

fn found(case: &Value, expected: &Value) -> Value {
    let error = match run(case) {
        Ok(messages) => return json!({ "messages": messages }),
        Err(error) => error,
    };
    let data = error.data();
    let location = data.location.clone().unwrap_or_default();
    let mut found = json!({
        "code": error.code(),
        "line": location.line,
        "column": location.column,
    });
    if let Some(says) = expected["error"]["says"].as_str() {
        let fits = data.message.contains(says);
        found["says"] = json!(if fits { says } else { &data.message });
    }
    if let Some(variables) = data.details.get("variables") {
        found["variables"] = variables.clone();
    }
    json!({ "error": found })
}

#[test]
fn cases() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("conformance/template");
    let (mut run, mut skipped, mut failures) = (0, 0, Vec::new());
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|kind| kind != "json") || path.ends_with("variants.json") {
            continue;
        }
        for case in read(&path)["cases"].as_array().unwrap() {
            if let Some(reason) = case.get("no_prompt") {
                assert!(reason.is_string());
                skipped += 1;
                continue;
            }
            run += 1;
            let expected = expected(case);
            let found = found(case, &expected);
            if found != expected {
                let title = path.file_stem().unwrap().display();
                let name = &case["name"];
                failures.push(format!(
                    "{title}: {name}\n  expected {expected}\n  found    {found}"
                ));
            }
        }
    }
    println!("{run} cases as prompts, {skipped} not");
    assert!(
        failures.is_empty(),
        "{} of {run} fail\n{}",
        failures.len(),
        failures.join("\n")
    );
}

/// The seed that a call of a prompt gets from the campaign it takes part in.
fn seed(vector: &Value, campaign: Value) -> Result<Value> {
    let text = |key: &str| vector[key].as_str().unwrap();
    let mut campaign = campaign;
    campaign["applies_to"] = json!({"prompts": ["p"]});
    campaign["salt"] = json!(text("salt"));
    let engine = open(json!({
        "engine": {"prompts": {"p": "Hi"}},
        "campaigns": { text("id"): campaign },
    }));
    let mut request = PromptRequest::new("p");
    request.options.assignment_key = Some(text("key").to_owned());
    let rendered = engine?.render_prompt(request)?;
    Ok(rendered.params.get("seed").cloned().unwrap_or_default())
}

/// Arms with these weights, in the order of their names, each with its place as seed.
fn arms(weights: &[(&str, f64)]) -> Value {
    let arms = weights.iter().enumerate();
    arms.map(|(at, (name, weight))| json!({"name": name, "weight": weight, "params": {"seed": at}}))
        .collect()
}

#[test]
fn vectors() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("conformance/template");
    let vectors = read(&folder.join("variants.json"));
    let list = |key: &str| vectors[key].as_array().unwrap();
    let one = || arms(&[("one", 1.0)]);
    for vector in list("draws") {
        for (shift, below) in [(-1e-9, false), (1e-9, true)] {
            let edge = vector["draw"].as_f64().unwrap() + shift;
            let campaign = match vector["kind"].as_str() {
                Some("traffic") => json!({"traffic_split": edge, "arms": one()}),
                _ => json!({"arms": arms(&[("a", edge), ("b", 1.0 - edge)])}),
            };
            assert_eq!(seed(vector, campaign).unwrap() == 0, below, "{vector}");
        }
    }
    for vector in list("traffic") {
        let campaign = json!({"traffic_split": vector["share"], "arms": one()});
        assert_eq!(
            seed(vector, campaign).unwrap() == 0,
            vector["takes_part"],
            "{vector}"
        );
    }
    for vector in list("arms") {
        let named = vector["arms"].as_object().unwrap().iter();
        let named: Vec<(&str, f64)> = named
            .map(|(name, weight)| (name.as_str(), weight.as_f64().unwrap()))
            .collect();
        let seed = seed(vector, json!({ "arms": arms(&named) }));
        match vector["arm"].as_str() {
            Some(arm) => {
                let at = usize::try_from(seed.unwrap().as_u64().unwrap()).unwrap();
                assert_eq!(named[at].0, arm, "{vector}");
            }
            // Nobody can get any: an engine refuses such a campaign.
            None => assert_eq!(seed.unwrap_err().code(), "config_error", "{vector}"),
        }
    }
    for vector in list("hashes") {
        let engine = open(json!({"engine": {"prompts": vector["files"]}})).unwrap();
        let info = engine.prompts().get(vector["slug"].as_str().unwrap());
        assert_eq!(info.unwrap().hash, vector["hash"], "{}", vector["name"]);
    }
}
