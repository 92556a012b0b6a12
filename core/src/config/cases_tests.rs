//! Runs `conformance/config/`: what configurations mean, what names resolve to, what is refused.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use super::host::Outside;
use super::{Ask, Config, Models, Plan};
use crate::chat::Warning;
use crate::error::{Error, Result};
use crate::provider::{self, Dialect, Provider};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    about: String,
    #[serde(default)]
    config: Value,
    /// The whole environment, as far as the resolver sees one.
    #[serde(default)]
    env: BTreeMap<String, String>,
    /// The keys that opening warns about.
    #[serde(default)]
    warnings: Vec<String>,
    #[serde(default)]
    calls: Vec<Call>,
    /// Facts of hosts.
    #[serde(default)]
    providers: BTreeMap<String, BTreeMap<String, Value>>,
    #[serde(default)]
    refused: Vec<Refused>,
    #[serde(default)]
    accepted: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Call {
    #[serde(default)]
    about: String,
    ask: Asked,
    /// `provider/model` of all targets in order.
    targets: Option<Vec<String>>,
    groups: Option<Vec<Value>>,
    project: Option<String>,
    error: Option<Value>,
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
struct Asked {
    model: Vec<String>,
    prompt: Vec<String>,
    project: Option<String>,
    slug_project: Option<String>,
    folder: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Refused {
    about: String,
    config: Value,
    error: Value,
}

thread_local! {
    static ENV: RefCell<BTreeMap<String, String>> = RefCell::default();
}

/// A dialect for each name, whatever is built in.
fn any_dialect(name: &str) -> Option<Arc<dyn Dialect>> {
    let known = ["openai", "anthropic", "gemini", "bedrock", "cohere", "test"];
    known.contains(&name).then(|| provider::dialect("openai"))?
}

const OUTSIDE: Outside = Outside {
    env: |name| ENV.with_borrow(|env| env.get(name).cloned()),
    dialect: any_dialect,
};

fn open(config: &Value) -> Result<(Models, Vec<Warning>)> {
    let config = Config::from_value(config.clone())?;
    Models::open_with(Arc::new(config), OUTSIDE)
}

/// Fails where the error is not as the pattern says, or shows what no error may.
fn check_error(error: &Error, pattern: &Value, about: &str) {
    let actual = serde_json::to_value(error).unwrap();
    assert!(
        !format!("{error} {error:?}").contains("hunter2"),
        "{about}: {error:?}"
    );
    for (key, expected) in pattern.as_object().unwrap() {
        let found = &actual[key];
        match expected
            .as_str()
            .and_then(|text| text.strip_prefix("<contains:"))
        {
            Some(part) => {
                let part = part.strip_suffix('>').unwrap();
                assert!(found.as_str().unwrap().contains(part), "{about}: {error}");
            }
            None if expected.is_object() => {
                for (key, expected) in expected.as_object().unwrap() {
                    assert_eq!(&found[key], expected, "{about}");
                }
            }
            None => assert_eq!(found, expected, "{about}: {error}"),
        }
    }
}

/// The groups of a plan, without what is at its default.
fn groups(plan: &Plan) -> Vec<Value> {
    let target = |planned: &super::PlannedTarget| {
        let params = planned.target.params.clone().unwrap_or_default();
        let mut shown = json!({ "name": planned.target.name() });
        if planned.weight != 1.0 || plan.groups[0].strategy.word() == "weighted" {
            shown["weight"] = json!(planned.weight);
        }
        if let Some(limit) = planned.max_ttft_ms {
            shown["max_ttft_ms"] = json!(limit);
        }
        if !planned.fallback_on.is_empty() {
            shown["fallback_on"] = json!(planned.fallback_on);
        }
        if let Some(temperature) = params.temperature {
            shown["temperature"] = json!(temperature);
        }
        if let Some(top_p) = params.top_p {
            shown["top_p"] = json!(top_p);
        }
        shown
    };
    let groups = plan.groups.iter().map(|group| {
        let targets: Vec<Value> = group.targets.iter().map(target).collect();
        json!({ "strategy": group.strategy.word(), "targets": targets })
    });
    groups.collect()
}

fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len()
                && a.iter()
                    .all(|(key, value)| b.get(key).is_some_and(|other| same(value, other)))
        }
        (a, b) => a == b,
    }
}

fn run_call(models: &Models, call: &Call, about: &str) {
    let about = format!("{about} {}: {:?}", call.about, call.ask.model);
    let plan = models.resolve(&Ask {
        model: &call.ask.model,
        prompt: &call.ask.prompt,
        project: call.ask.project.as_deref(),
        slug_project: call.ask.slug_project.as_deref(),
        folder: &call.ask.folder,
    });
    let plan = match (plan, &call.error) {
        (Err(error), Some(pattern)) => return check_error(&error, pattern, &about),
        (Err(error), None) => panic!("{about}: {error}"),
        (Ok(plan), Some(_)) => panic!("{about}: {:?}", groups(&plan)),
        (Ok(plan), None) => plan,
    };
    assert_eq!(plan.project, call.project, "{about}");
    assert!(plan.groups.iter().all(|group| !group.targets.is_empty()));
    let targets = plan.groups.iter().flat_map(|group| &group.targets);
    let names: Vec<String> = targets.map(|planned| planned.target.name()).collect();
    if let Some(expected) = &call.targets {
        assert_eq!(&names, expected, "{about}");
    }
    if let Some(expected) = &call.groups {
        let found = groups(&plan);
        assert!(same(&json!(found), &json!(expected)), "{about}: {found:?}");
    }
    assert!(call.targets.is_some() || call.groups.is_some(), "{about}");
}

fn check_provider(provider: &Provider, facts: &BTreeMap<String, Value>) {
    for (fact, expected) in facts {
        let found = match fact.as_str() {
            "base_url" => json!(provider.base_url),
            "preset" => json!(provider.preset),
            "key" => json!(format!("{:?}", provider.key)),
            "key_required" => json!(provider.key_required),
            "carrier" => json!(format!("{:?}", provider.carrier)),
            "organization" => json!(provider.organization),
            "project" => json!(provider.project),
            "region" => json!(provider.region),
            "rpm" => json!(provider.rpm),
            other => panic!("no fact `{other}`"),
        };
        assert_eq!(&found, expected, "{} {fact}", provider.name);
    }
}

fn run(case: &Case) -> usize {
    ENV.set(case.env.clone());
    let about = &case.about;
    let mut checks = 0;
    for refused in &case.refused {
        match open(&refused.config) {
            Err(error) => check_error(&error, &refused.error, &refused.about),
            Ok(_) => panic!("{}: was accepted", refused.about),
        }
        checks += 1;
    }
    checks += case
        .accepted
        .iter()
        .map(|case| run(case).max(1))
        .sum::<usize>();
    if case.config.is_null() {
        return checks;
    }
    let (models, warnings) = open(&case.config).unwrap_or_else(|error| panic!("{about}: {error}"));
    let warned: Vec<&str> = warnings.iter().filter_map(|w| w.param.as_deref()).collect();
    assert_eq!(warned, case.warnings, "{about}");
    for call in &case.calls {
        run_call(&models, call, about);
        checks += 1;
    }
    for (name, facts) in &case.providers {
        let provider = models.provider(name).expect(name).unwrap();
        check_provider(&provider, facts);
        checks += 1;
    }
    checks
}

#[test]
fn every_case_of_the_configuration() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("conformance/config");
    let mut files = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let case: Case = serde_json::from_str(&text)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert!(run(&case) > 0, "{} checks nothing", path.display());
        files += 1;
    }
    assert!(files >= 9);
}

#[test]
fn what_is_found_at_opening_has_its_place_in_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("slugline.toml");
    let text = "[models]\nfast = \"openai/gpt-5\"\nsmart = [\"fats\"]\n";
    std::fs::write(&path, text).unwrap();
    let config = Config::from_file(&path).unwrap();
    let error = Models::open_with(Arc::new(config), OUTSIDE).unwrap_err();
    let location = error.data().location.as_ref().unwrap();
    assert_eq!((location.line, location.column), (Some(3), Some(1)));
    assert!(error.to_string().contains("did you mean fast"), "{error}");
}

#[test]
fn a_dialect_that_is_not_built_in_is_named_with_its_feature() {
    let bare = Outside {
        env: |_| None,
        dialect: |_| None,
    };
    let open = |config: Value| {
        let config = Config::from_value(config).unwrap();
        Models::open_with(Arc::new(config), bare)
    };
    // Built-in hosts that are not used fail nothing.
    let (models, _) = open(json!({})).unwrap();
    let error = models.provider("bedrock").unwrap().unwrap_err();
    assert_eq!(error.data().details["feature"], "bedrock");
    assert!(error.to_string().contains("feature `bedrock`"), "{error}");
    for config in [
        json!({ "models": { "a": "bedrock/amazon.nova-pro-v1:0" } }),
        json!({ "providers": { "bedrock": { "region": "eu-west-1" } } }),
    ] {
        let error = open(config).unwrap_err();
        assert_eq!(error.code(), "config_error");
        assert_eq!(error.data().details["feature"], "bedrock");
    }
}

#[test]
fn a_key_from_code_wins() {
    struct Code;
    impl crate::provider::KeyProvider for Code {
        fn key(&self) -> crate::transport::BoxFuture<'static, Result<String>> {
            Box::pin(async { Ok("from-code".to_owned()) })
        }
    }
    let open = |name: &str| {
        let mut config = Config::from_value(json!({
            "providers": { "openai": { "api_key": "literal" } },
        }))
        .unwrap();
        config
            .key_providers
            .0
            .insert(name.to_owned(), Arc::new(Code));
        Models::open_with(Arc::new(config), OUTSIDE)
    };
    let (models, _) = open("openai").unwrap();
    let provider = models.provider("openai").unwrap().unwrap();
    assert_eq!(format!("{:?}", provider.key), "Callable");
    let (models, _) = open("groq").unwrap();
    let provider = models.provider("groq").unwrap().unwrap();
    assert_eq!(format!("{:?}", provider.key), "Callable");
    let error = open("opnai").unwrap_err();
    assert!(
        error.to_string().contains("did you mean `openai`"),
        "{error}"
    );
}

#[test]
fn debug_of_a_host_shows_no_secret() {
    let (models, _) = open(&json!({
        "engine": { "proxy": "http://user:hunter2@proxy:1" },
        "providers": { "x": {
            "dialect": "openai", "base_url": "https://x.example", "api_key": "hunter2",
            "headers": { "Authorization": "hunter2" },
        } },
    }))
    .unwrap();
    let provider = models.provider("x").unwrap().unwrap();
    assert!(!format!("{provider:?} {models:?}").contains("hunter2"));
    assert!(format!("{provider:?}").contains("Authorization"));
}
