//! Variables on the command line: `key=text`, `key:=JSON`, `key=@file`, `key=-`, `@file.json`. Standard input is read
//! on a thread of its own, so that an interrupt is heard meanwhile.

use serde_json::Value;
use slugline::ErrorKind;
use slugline::chat::JsonMap;

use crate::json;
use crate::output::Failure;

/// Reads all variables, in order; a later one wins.
pub(crate) async fn variables(words: &[String]) -> Result<JsonMap, Failure> {
    let from_input = |word: &&String| {
        matches!(word.as_str(), "@-") || word.ends_with("=-") || word.ends_with("=@-")
    };
    if words.iter().filter(from_input).count() > 1 {
        return Err(Failure::usage("standard input can be read once only"));
    }
    let mut variables = JsonMap::new();
    for word in words {
        if let Some(path) = word.strip_prefix('@') {
            let text = read(path).await?;
            json::check(text.as_bytes())?;
            match serde_json::from_str(&text) {
                Ok(Value::Object(map)) => variables.extend(map),
                _ => {
                    return Err(Failure::usage(format!(
                        "{path} does not hold a JSON object of variables"
                    )));
                }
            }
            continue;
        }
        let Some((key, value)) = word.split_once('=') else {
            let forms = "key=text, key:=JSON, key=@file, key=- or @file.json";
            return Err(Failure::usage(format!(
                "`{word}` is no variable: write {forms}"
            )));
        };
        let (key, value) = match key.strip_suffix(':') {
            Some(key) => {
                json::check(value.as_bytes())?;
                let value = serde_json::from_str(value)
                    .map_err(|_| Failure::usage(format!("the value of `{key}:=` is not JSON")))?;
                (key, value)
            }
            None if value == "-" => (key, Value::String(read("-").await?)),
            None => match value.strip_prefix('@') {
                Some(path) => (key, Value::String(read(path).await?)),
                None => (key, Value::String(value.to_owned())),
            },
        };
        if key.is_empty() {
            return Err(Failure::usage(format!(
                "`{word}` names no variable before its `=`"
            )));
        }
        variables.insert(key.to_owned(), value);
    }
    Ok(variables)
}

/// A file's text, or standard input for `-`.
async fn read(path: &str) -> Result<String, Failure> {
    if path == "-" {
        return standard_input().await;
    }
    std::fs::read_to_string(path).map_err(|error| {
        Failure::of(
            ErrorKind::InvalidRequest,
            format!("cannot read {path}: {error}"),
        )
    })
}

/// All of standard input.
pub(crate) async fn standard_input() -> Result<String, Failure> {
    aside(|| std::io::read_to_string(std::io::stdin())).await
}

/// Reads on a thread of its own.
pub(crate) async fn aside<T: Send + 'static>(
    read: impl FnOnce() -> std::io::Result<T> + Send + 'static,
) -> Result<T, Failure> {
    let read = tokio::task::spawn_blocking(read).await;
    Ok(read.map_err(|error| Failure::of(ErrorKind::Internal, error.to_string()))??)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[tokio::test]
    async fn texts_and_json() {
        let words = ["name=Ada", "n:=3", "list:=[1,2]", "empty=", "eq=a=b"].map(str::to_owned);
        let variables = variables(&words).await.unwrap();
        assert_eq!(
            serde_json::json!(variables),
            serde_json::json!({"name": "Ada", "n": 3, "list": [1, 2], "empty": "", "eq": "a=b"})
        );
    }

    #[tokio::test]
    async fn wrong_words_are_refused() {
        for words in [
            &["name"][..],
            &["=Ada"],
            &["n:={"],
            // It would be rounded.
            &["n:=123456789012345678901234567890"],
            // The second would be empty.
            &["a=-", "b=@-"],
        ] {
            let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            assert!(variables(&words).await.is_err(), "{words:?}");
        }
    }
}
