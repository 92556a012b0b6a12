//! The built-in hosts: one row of `presets.json` each. A row is data; code asks what it says, never its name.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::chat::JsonMap;

/// A host that is built in.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preset {
    /// Its name, in `provider/model`, in `preset = ".."` and in the model catalogue.
    pub name: String,
    /// Its wire format.
    pub dialect: String,
    /// Everything before the dialect's own path; empty where the dialect builds it from region, project
    /// or location, or where each account has its own.
    pub base_url: String,
    /// A call without a key fails before any network.
    pub key_required: bool,
    /// The environment variables that its settings are read from.
    pub env: PresetEnv,
    /// What it does otherwise than its dialect's home.
    pub quirks: JsonMap,
    /// What this row rests on.
    pub evidence: Evidence,
    /// Where there is no bearer key, requests are signed with AWS credentials.
    #[serde(default)]
    pub aws: bool,
    /// Every account has a URL of its own, which must be given.
    #[serde(default)]
    pub own_url: bool,
}

/// Environment variables by setting: the first that is set counts.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PresetEnv {
    /// Of `api_key`.
    pub api_key: Vec<String>,
    /// Of `base_url`, honoured unless `env_base_urls = false`.
    pub base_url: Vec<String>,
    /// Of `region`.
    pub region: Vec<String>,
    /// Of `project`.
    pub project: Vec<String>,
    /// Of `location`.
    pub location: Vec<String>,
    /// Of `organization`.
    pub organization: Vec<String>,
    /// Of `api_version`.
    pub api_version: Vec<String>,
}

/// What is known of a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Evidence {
    /// Recorded answers of it are decoded in the tests.
    Recorded,
    /// It is built from its documentation alone.
    Documented,
}

/// All rows, in the order of the file.
pub fn presets() -> &'static [Preset] {
    static ROWS: LazyLock<Vec<Preset>> =
        LazyLock::new(|| serde_json::from_str(include_str!("presets.json")).unwrap_or_default());
    &ROWS
}

/// The row with this name.
pub fn preset(name: &str) -> Option<&'static Preset> {
    presets().iter().find(|row| row.name == name)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_host_of_the_documentation_is_there() {
        let rows: Vec<Preset> = serde_json::from_str(include_str!("presets.json")).unwrap();
        let names: Vec<&str> = rows.iter().map(|row| row.name.as_str()).collect();
        for name in "openai azure anthropic gemini vertex vertex-anthropic bedrock cohere mistral groq deepseek xai together \
                     fireworks openrouter perplexity cerebras nvidia sambanova huggingface deepinfra hyperbolic \
                     nebius moonshot zai dashscope minimax ollama vllm llamacpp lmstudio litellm test"
            .split_whitespace()
        {
            assert!(names.contains(&name), "{name}");
        }
        assert_eq!(names.len(), 33);
    }

    #[test]
    fn rows_make_sense() {
        for row in presets() {
            assert!(
                matches!(
                    row.dialect.as_str(),
                    "openai" | "anthropic" | "gemini" | "bedrock" | "cohere" | "test"
                ),
                "{}",
                row.name
            );
            assert!(
                !row.key_required || !row.env.api_key.is_empty(),
                "{}",
                row.name
            );
            let url = row.base_url.as_str();
            let loopback = url.starts_with("http://127.0.0.1:");
            assert!(
                matches!(url, "" | "script:") || url.starts_with("https://") || loopback,
                "{url}"
            );
            assert!(!url.ends_with('/'), "{url}");
            // A host on this machine works without a key.
            assert!(!(loopback && row.key_required), "{}", row.name);
        }
    }
}
