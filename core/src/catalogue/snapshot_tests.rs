#![allow(clippy::unwrap_used)]

use super::*;

fn own(host: &str, name: &str) -> Option<&'static str> {
    alternative(host, name)
}

#[test]
fn the_whole_file_reads() {
    assert!(date().len() == 10 && date() >= "2026-11-01");
    let packages: Vec<&str> = sources().iter().map(|source| source.package).collect();
    assert_eq!(packages, ["genai-prices", "litellm"]);
    assert!(include_bytes!("snapshot.json.gz").len() <= 60 << 10);
    assert!(SNAPSHOT.hosts.len() >= 20);
    for host in &SNAPSHOT.hosts {
        let entries: Vec<Entry> = serde_json::from_str(host.text).unwrap();
        assert!(!entries.is_empty(), "{}", host.name);
        assert_eq!(entries.len(), host.listing().entries.len());
        assert!(
            entries.is_sorted_by(|a, b| a.model < b.model),
            "{}",
            host.name
        );
        for entry in &entries {
            assert_eq!(host.find(&entry.model).unwrap().model, entry.model);
            for name in &entry.names {
                assert_eq!(name, &name.to_ascii_lowercase());
                assert_eq!(host.find(name).unwrap().model, entry.model, "{name}");
            }
            assert!(entry.context.is_none_or(|tokens| tokens > 0));
        }
    }
}

#[test]
fn every_host_is_a_built_in_row() {
    let rows = include_str!("../config/presets.json");
    for host in &SNAPSHOT.hosts {
        assert!(
            rows.contains(&format!("{{\"name\": \"{}\"", host.name)),
            "{}",
            host.name
        );
    }
}

#[test]
fn other_names_mean_the_hosts_own_ids() {
    assert_eq!(
        own("anthropic", "claude-3.5-haiku"),
        Some("claude-3-5-haiku-20241022")
    );
    assert_eq!(
        own("anthropic", "claude-3-sonnet"),
        Some("claude-3-sonnet-20240229")
    );
    assert_eq!(
        own("anthropic", "claude-sonnet-4.5"),
        Some("claude-sonnet-4-5")
    );
    assert_eq!(
        own("anthropic", "claude-sonnet-4-5"),
        Some("claude-sonnet-4-5")
    );
    assert_eq!(
        own("openrouter", "claude-3.5-haiku"),
        Some("anthropic/claude-3.5-haiku")
    );
    assert_eq!(
        own("bedrock", "claude-3.5-haiku"),
        Some("anthropic.claude-3-5-haiku-20241022-v1:0")
    );
    assert_eq!(own("groq", "gpt-oss-120b"), Some("openai/gpt-oss-120b"));
    assert_eq!(
        own("mistral", "mistral-large"),
        Some("mistral-large-latest")
    );
    assert_eq!(
        own("together", "LLAMA-3.3-70B-Instruct-Turbo"),
        Some("meta-llama/Llama-3.3-70B-Instruct-Turbo")
    );
    assert_eq!(own("anthropic", "claude-99"), None);
    assert_eq!(own("nowhere", "gpt-4o"), None);
}

#[test]
fn a_dated_id_is_never_turned_into_another() {
    for host in &SNAPSHOT.hosts {
        for entry in &host.listing().entries {
            let date = |name: &str| -> String {
                let digits: Vec<&str> = name
                    .split(|c: char| !c.is_ascii_digit())
                    .filter(|part| part.len() == 8 && part.starts_with("20"))
                    .collect();
                digits.concat()
            };
            for name in &entry.names {
                assert!(
                    date(name).is_empty() || date(name) == date(&entry.model),
                    "{name}"
                );
            }
        }
    }
}

#[test]
fn what_a_user_calls_a_deployment_stays() {
    assert_eq!(own("azure", "gpt-4o"), Some("gpt-4o"));
    for host in SNAPSHOT.hosts.iter().filter(|host| host.name == "azure") {
        assert!(
            host.listing()
                .entries
                .iter()
                .all(|entry| entry.names.is_empty())
        );
    }
}

#[test]
fn bare_ids_go_to_their_makers() {
    let one = |name: &str| match bare(name) {
        Some(Owner::One { host, model }) => (host, model),
        other => unreachable!("{name}: {other:?}"),
    };
    assert_eq!(one("gpt-4o"), ("openai", "gpt-4o"));
    assert_eq!(
        one("claude-3-sonnet"),
        ("anthropic", "claude-3-sonnet-20240229")
    );
    assert_eq!(one("gemini-2.5-pro"), ("gemini", "gemini-2.5-pro"));
    assert_eq!(one("deepseek-chat"), ("deepseek", "deepseek-chat"));
    assert_eq!(one("qwen-max"), ("dashscope", "qwen-max"));
    assert_eq!(one("sonar").0, "perplexity");
    assert_eq!(one("command-a-03-2025").0, "cohere");
    assert_eq!(one("nova-pro"), ("bedrock", "amazon.nova-pro-v1:0"));
    match bare("gpt-oss-120b") {
        Some(Owner::Several(hosts)) => assert!(hosts.contains(&"groq") && hosts.len() > 2),
        other => unreachable!("{other:?}"),
    }
    assert_eq!(bare("gpt-4oo"), None);
    assert_eq!(bare(""), None);
    assert!(bare_names().any(|name| name == "gpt-4o"));
}

#[test]
fn abilities_are_three_valued() {
    let mini = find("openai", "gpt-5-mini").unwrap();
    assert_eq!(mini.has(Ability::Reasoning), Some(true));
    assert_eq!(mini.has(Ability::EffortNone), Some(false));
    assert_eq!(mini.has(Ability::AdaptiveThinking), None);
    assert_eq!(
        (mini.context, mini.max_output),
        (Some(400_000), Some(128_000))
    );
    let sonnet = find("anthropic", "claude-sonnet-4-5").unwrap();
    assert_eq!(sonnet.max_output, Some(64_000));
}
