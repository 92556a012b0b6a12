//! A recorded case as its file has it, and the target that it would have come from.

use std::path::Path;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use slugline::config;
use slugline::provider::{Carrier, KeySource, Network, Provider, Quirks, Target, dialect};

pub(crate) struct Case {
    /// `folder/name`, without the ending.
    pub(crate) file: String,
    pub(crate) provider: String,
    pub(crate) api: String,
    pub(crate) stream: bool,
    pub(crate) model: String,
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
    pub(crate) expected: Value,
}

/// All cases, in the order of their names; `None`, and a line that says so, where the data is not there.
pub(crate) fn all() -> Option<Vec<Case>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/wire-cases");
    let Ok(folders) = std::fs::read_dir(&root) else {
        eprintln!("no recorded cases at {}: not run", root.display());
        return None;
    };
    let mut cases = Vec::new();
    for folder in folders {
        let folder = folder.unwrap().path();
        if !folder.is_dir() {
            continue;
        }
        for file in std::fs::read_dir(&folder).unwrap() {
            let path = file.unwrap().path();
            let vectors = path.file_name().is_some_and(|name| name == "vectors.json");
            if path.extension().is_some_and(|ending| ending == "json") && !vectors {
                cases.push(read(&path));
            }
        }
    }
    cases.sort_by(|a, b| a.file.cmp(&b.file));
    assert_eq!(cases.len(), 258, "the data holds another number of cases");
    Some(cases)
}

fn read(path: &Path) -> Case {
    let text = std::fs::read(path).unwrap();
    let case: Value = serde_json::from_slice(&text).unwrap();
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let response = &case["response"];
    let mut headers = HeaderMap::new();
    for (name, value) in response["headers"].as_object().unwrap() {
        headers.insert(
            HeaderName::from_bytes(name.as_bytes()).unwrap(),
            HeaderValue::from_str(value.as_str().unwrap()).unwrap(),
        );
    }
    let body = match (&response["body"], &response["body_b64"]) {
        (Value::String(text), _) => text.clone().into_bytes(),
        (_, Value::String(base64)) => STANDARD.decode(base64).unwrap(),
        _ => panic!("{}: no body", path.display()),
    };
    let folder = path.parent().and_then(Path::file_name).unwrap();
    Case {
        file: format!("{}/{}", folder.to_str().unwrap(), word(&case["name"])),
        provider: word(&case["provider"]),
        api: word(&case["api"]),
        stream: case["stream"].as_bool().unwrap(),
        model: word(&case["request"]["json"]["model"]),
        status: u16::try_from(response["status"].as_u64().unwrap()).unwrap(),
        headers,
        body,
        expected: case["expected"].clone(),
    }
}

impl Case {
    /// The host as its preset describes it, or a plain one; `None` where the dialect is not built in.
    pub(crate) fn target(&self, dialect_name: &str) -> Option<Target> {
        // Hugging Face's router has another name in the cases.
        let preset = config::preset(match self.provider.as_str() {
            "hf-router" => "huggingface",
            name => name,
        });
        let quirks = match preset {
            Some(preset) => serde_json::from_value(Value::Object(preset.quirks.clone())).unwrap(),
            None => Quirks::default(),
        };
        let provider = Provider {
            name: self.provider.clone(),
            preset: preset.map(|preset| preset.name.clone()).unwrap_or_default(),
            dialect: dialect(dialect_name)?,
            base_url: "https://host.example/v1".to_owned(),
            key: KeySource::None,
            key_required: false,
            headers: Vec::new(),
            quirks,
            region: Some("us-east-1".to_owned()),
            project: Some("project".to_owned()),
            location: Some("global".to_owned()),
            api_version: None,
            organization: None,
            max_concurrency: None,
            rpm: None,
            tpm: None,
            share: 1,
            timeout_ms: None,
            network: Network::default(),
            carrier: Carrier::Network,
        };
        Some(Target {
            provider: Arc::new(provider),
            model: self.model.clone(),
            params: None,
        })
    }

    /// The same random cuts on every run.
    pub(crate) fn seed(&self) -> u64 {
        self.file.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        })
    }
}
