//! Variables on the command line: `key=text`, `key:=JSON`, `key=@file`, `key=-`, `@file.json`.

use std::io::Read as _;

use serde_json::Value;
use slugline::ErrorKind;
use slugline::chat::JsonMap;

use crate::json;
use crate::output::Failure;

/// Reads all variables, in order; a later one wins.
pub(crate) fn variables(words: &[String]) -> Result<JsonMap, Failure> {
    let mut variables = JsonMap::new();
    for word in words {
        if let Some(path) = word.strip_prefix('@') {
            let text = read(path)?;
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
            None if value == "-" => (key, Value::String(read("-")?)),
            None => match value.strip_prefix('@') {
                Some(path) => (key, Value::String(read(path)?)),
                None => (key, Value::String(value.to_owned())),
            },
        };
        variables.insert(key.to_owned(), value);
    }
    Ok(variables)
}

/// A file's text, or standard input for `-`.
fn read(path: &str) -> Result<String, Failure> {
    if path == "-" {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text)?;
        return Ok(text);
    }
    std::fs::read_to_string(path).map_err(|error| {
        Failure::of(
            ErrorKind::InvalidRequest,
            format!("cannot read {path}: {error}"),
        )
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn texts_and_json() {
        let words = ["name=Ada", "n:=3", "list:=[1,2]", "empty=", "eq=a=b"].map(str::to_owned);
        let variables = variables(&words).unwrap();
        assert_eq!(
            serde_json::json!(variables),
            serde_json::json!({"name": "Ada", "n": 3, "list": [1, 2], "empty": "", "eq": "a=b"})
        );
    }

    #[test]
    fn wrong_words_say_the_forms() {
        assert!(variables(&["name".to_owned()]).is_err());
        assert!(variables(&["n:={".to_owned()]).is_err());
        // It would be rounded.
        assert!(variables(&["n:=123456789012345678901234567890".to_owned()]).is_err());
    }
}
