//! Relative paths of the configuration, made absolute once, where what they are relative to is known.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::setting::no_sqlite_path;
use crate::error::{Error, ErrorKind, Result};

/// The values that name files and folders: path of the key (`*`: any), and what stands before the path.
const PATHS: &[(&[&str], &str)] = &[
    (&["engine", "prompts"], ""),
    (&["engine", "storage"], "sqlite:"),
    (&["engine", "ca_bundle"], ""),
    (&["engine", "client_cert", "*"], ""),
    (&["providers", "*", "base_url"], "replay:"),
    (&["providers", "*", "api_key"], "file:"),
    (&["providers", "*", "ca_bundle"], ""),
    (&["providers", "*", "client_cert", "*"], ""),
    (&["projects", "*", "system_prompt_file"], ""),
    (&["server", "keys"], "file:"),
    (&["server", "keys", "*"], "file:"),
];

/// Makes relative paths absolute; `base` is asked for only where there is one.
pub(super) fn resolve_paths(value: &mut Value, base: impl Fn() -> Result<PathBuf>) -> Result<()> {
    for (path, prefix) in PATHS {
        let mut found = Vec::new();
        select(value, path, &mut found);
        for text in found {
            let Some(relative) = text.strip_prefix(prefix) else {
                continue;
            };
            // What is wrong stays as it is written, to be told when it is read.
            let is_wrong = *prefix == "sqlite:" && no_sqlite_path(relative).is_some();
            if relative.is_empty() || is_wrong || Path::new(relative).is_absolute() {
                continue;
            }
            let joined = base()?.join(relative);
            let joined = joined.to_str().ok_or_else(|| {
                let message = "a relative path stands in a folder whose name is not UTF-8";
                Error::new(ErrorKind::ConfigError, message)
            })?;
            *text = format!("{prefix}{joined}");
        }
    }
    Ok(())
}

/// The strings at a path.
fn select<'v>(value: &'v mut Value, path: &[&str], found: &mut Vec<&'v mut String>) {
    match (path, value) {
        ([], Value::String(text)) => found.push(text),
        (["*", rest @ ..], Value::Object(table)) => {
            table
                .values_mut()
                .for_each(|value| select(value, rest, found));
        }
        (["*", rest @ ..], Value::Array(items)) => {
            items
                .iter_mut()
                .for_each(|value| select(value, rest, found));
        }
        ([key, rest @ ..], Value::Object(table)) => {
            if let Some(value) = table.get_mut(*key) {
                select(value, rest, found);
            }
        }
        _ => {}
    }
}
