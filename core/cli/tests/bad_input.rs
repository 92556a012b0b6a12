//! `slugline render` over the shared cases of bad prompts and addresses: each fails with its typed error.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// The first key of the pattern that the error does not have as expected.
fn mismatch(pattern: &Value, found: &Value) -> Option<String> {
    let same = match (pattern, found) {
        (Value::Object(keys), _) => {
            return keys.iter().find_map(|(key, pattern)| {
                mismatch(pattern, &found[key]).map(|rest| format!("{key} {rest}"))
            });
        }
        (Value::String(word), _) if word == "<number>" => found.is_number(),
        (Value::String(word), _) if word == "<absent>" => found.is_null(),
        (Value::String(word), Value::String(text)) => match word.strip_prefix("<contains:") {
            Some(part) => text.contains(part.trim_end_matches('>')),
            None => word == text,
        },
        _ => pattern == found,
    };
    (!same).then(|| format!("should be {pattern}, not {found}"))
}

fn check(case: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../conformance/engine");
    let text = std::fs::read_to_string(folder.join(case).join("case.json")).unwrap();
    let case: Value = serde_json::from_str(&text).unwrap();
    let home = tempfile::tempdir().unwrap();
    let config = home.path().join("config.json");
    std::fs::write(&config, case["config"].to_string()).unwrap();
    let mut refused = 0;
    for call in case["calls"].as_array().unwrap() {
        let args = &call["args"];
        let Some(expected) = call["expect"].get("error") else {
            continue;
        };
        // The command line has no other way to say these.
        let mut slug = args["slug"].as_str().unwrap().to_owned();
        for part in ["environment", "version"] {
            match &args[part] {
                Value::Null => {}
                Value::String(word) => slug = format!("{slug}@{word}"),
                number => slug = format!("{slug}@{number}"),
            }
        }
        if args.get("variant").is_some() {
            continue;
        }
        let mut command = Command::new(env!("CARGO_BIN_EXE_slugline"));
        command
            .current_dir(home.path())
            .arg("--config")
            .arg(&config);
        command.args(["render", "--json", "--"]).arg(&slug);
        for (name, value) in args["variables"].as_object().into_iter().flatten() {
            command.arg(format!("{name}={}", value.as_str().unwrap()));
        }
        let output = command.output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{slug}: {told}");
        let found: Value = serde_json::from_slice(&output.stdout).expect(&told);
        assert_eq!(mismatch(expected, &found["error"]), None, "{slug}: {found}");
        assert!(!told.contains("SECRET"), "{told}");
        refused += 1;
    }
    assert!(refused > 8, "{refused}");
}

#[test]
fn bad_prompts() {
    check("bad_prompts");
}

#[test]
fn bad_addresses() {
    check("bad_addresses");
}
