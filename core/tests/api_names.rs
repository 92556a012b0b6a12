//! The public names of the languages against each other: a type that several languages have has the same
//! members in each, up to the spelling of its language; what one language has alone is listed here with its reason.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};

type Names = BTreeSet<String>;
type Types = BTreeMap<String, Names>;

/// Types that not every language has: where they are, and why.
const PARTIAL: &[(&[&str], &str, &[&str])] = &[
    (
        &["python"],
        "asyncio has its own classes",
        &[
            "AsyncChatStream",
            "AsyncEngine",
            "AsyncRecordings",
            "AsyncSession",
        ],
    ),
    (
        &["python"],
        "forms of arguments, for type checkers; the others write them inline",
        &[
            "FunctionCallParam",
            "FunctionParam",
            "FunctionToolParam",
            "Label",
            "NamedToolChoice",
            "StreamOptions",
            "ToolCallParam",
        ],
    ),
    (
        &["node"],
        "forms of arguments, for TypeScript; Python has keyword arguments, Swift labels",
        &[
            "ApiKey",
            "CacheControl",
            "CallOptions",
            "ChatOptions",
            "Data",
            "DeleteOptions",
            "EngineConfig",
            "ErrorCode",
            "FunctionTool",
            "Helper",
            "Json",
            "ListOptions",
            "Overrides",
            "PromptOptions",
            "ProviderConfig",
            "RequestOptions",
            "UsageOptions",
        ],
    ),
    (
        &["swift"],
        "values that the others have in their own language",
        &[
            "APIKey",
            "ChatStream.Iterator",
            "Content",
            "ContentPart",
            "FeedbackValue",
            "JSONObject",
            "JSONValue",
            "Options",
            "Options.CacheMode",
            "Options.StreamOptions",
            "Options.UnsupportedPolicy",
            "SluglineError.Code",
            "SluglineError.Location",
            "TextStream",
            "TextStream.Iterator",
        ],
    ),
    (
        &["node", "python"],
        "forms of arguments and parts; Swift has them as cases of enumerations, and `Location` inside its error",
        &[
            "AudioPart",
            "FilePart",
            "ImagePart",
            "Location",
            "MessageParam",
            "Messages",
            "Part",
            "ReasoningEffort",
            "RefusalPart",
            "TextPart",
            "ToolSwitch",
            "file",
            "image",
        ],
    ),
    (
        &["node", "swift"],
        "Python takes and gives strings, keyword arguments and `engine.prompts`",
        &["FinishReason", "Prompts", "RecordingFilter", "Role"],
    ),
    (
        &["python", "swift"],
        "TypeScript writes it inline",
        &["FunctionDelta"],
    ),
];

/// Members that one language has alone, of this type or of all (`*`).
const OWN: &[(&str, &str, &[&str])] = &[
    // As pydantic's models have them.
    ("python", "*", &["model_dump", "to_dict", "to_json"]),
    // What `JSON.stringify` calls.
    ("node", "*", &["to_json"]),
    // The protocol of iterators, and the stream of the web.
    (
        "node",
        "ChatStream",
        &["next", "return", "to_readable_stream"],
    ),
    // Its class for asyncio.
    ("python", "Engine", &["as_async"]),
    // `str(error)`, `Error.message` and `Error.cause` are the languages' own, and listed where declared.
    ("python", "SluglineError", &["message"]),
    ("swift", "SluglineError", &["cause", "message"]),
    // Ways to make one.
    (
        "swift",
        "Message",
        &["assistant", "extra", "system", "text", "tool", "user"],
    ),
    ("swift", "FunctionCall", &["decode_arguments"]),
    ("swift", "ToolCall", &["extra"]),
    ("swift", "RecordingFilter", &["ids"]),
    // In TypeScript an index signature.
    ("python", "Message", &["extra", "text"]),
    ("python", "ToolCall", &["extra"]),
    // Enumerations have their cases, unions none.
    ("swift", "Config", &["data", "defaults", "file"]),
    (
        "node",
        "Config",
        &[
            "campaigns",
            "engine",
            "helpers",
            "models",
            "projects",
            "providers",
            "server",
            "tools",
        ],
    ),
    (
        "swift",
        "FinishReason",
        &["content_filter", "length", "stop", "tool_calls"],
    ),
    ("swift", "Model", &["names"]),
    (
        "swift",
        "ResponseFormat",
        &["json_object", "json_schema", "text"],
    ),
    (
        "swift",
        "Role",
        &[
            "assistant",
            "developer",
            "function",
            "system",
            "tool",
            "user",
        ],
    ),
    ("swift", "Tool", &["function", "other", "registered"]),
    (
        "swift",
        "ToolChoice",
        &["auto", "function", "none", "other", "required"],
    ),
];

/// `campaignReport` as Python and the wire write it.
fn snake(name: &str) -> String {
    let mut written = String::new();
    let mut after_small = false;
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && after_small {
            written.push('_');
        }
        after_small = letter.is_ascii_lowercase() || letter.is_ascii_digit();
        written.push(letter.to_ascii_lowercase());
    }
    written
}

fn languages() -> BTreeMap<String, Types> {
    let text = include_str!("../conformance/api.json");
    let read: BTreeMap<String, BTreeMap<String, Types>> = serde_json::from_str(text).unwrap();
    // Swift's are listed with their labels; what makes a value is no member.
    let bare = |name: &String| name.split('(').next().unwrap_or_default().to_owned();
    let snaked = |names: Names| -> Names {
        let bare = names.iter().map(bare).filter(|name| name != "init");
        bare.map(|name| snake(&name)).collect()
    };
    read.into_iter()
        .map(|(language, modules)| {
            let types = modules.into_values().flatten();
            (
                language,
                types
                    .map(|(name, members)| (name, snaked(members)))
                    .collect(),
            )
        })
        .collect()
}

fn is_error(name: &str) -> bool {
    name.ends_with("Error") && name != "SluglineError"
}

#[test]
fn what_not_every_language_has_is_known() {
    let languages = languages();
    let all: Names = languages
        .values()
        .flat_map(|types| types.keys().cloned())
        .collect();
    let mut wrong = Vec::new();
    for name in &all {
        let having = languages
            .iter()
            .filter(|(_, types)| types.contains_key(name));
        let having: Vec<&str> = having.map(|(language, _)| language.as_str()).collect();
        let known = PARTIAL
            .iter()
            .find(|(_, _, names)| names.contains(&name.as_str()));
        let expected: &[&str] = match known {
            Some((having, ..)) => having,
            // Swift has one error with a code.
            None if is_error(name) => &["node", "python"],
            None => &["node", "python", "swift"],
        };
        if having != expected {
            wrong.push(format!("{name}: in {having:?}, expected in {expected:?}"));
        }
    }
    for name in PARTIAL.iter().flat_map(|(_, _, names)| *names) {
        if !all.contains(*name) {
            wrong.push(format!("{name}: listed here, and no language has it"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_type_has_the_same_members_in_every_language() {
    let languages = languages();
    let own = |language: &str, name: &str| -> Names {
        let fits = |(of, who, _): &&(&str, &str, &[&str])| {
            *of == language && (*who == name || *who == "*")
        };
        OWN.iter()
            .filter(fits)
            .flat_map(|(_, _, names)| *names)
            .map(|name| (*name).to_owned())
            .collect()
    };
    let mut wrong = Vec::new();
    let all: Names = languages
        .values()
        .flat_map(|types| types.keys().cloned())
        .collect();
    for name in all.iter().filter(|name| !is_error(name)) {
        let shared: Vec<(&str, Names)> = languages
            .iter()
            .filter_map(|(language, types)| {
                let members = types.get(name)?;
                Some((language.as_str(), members - &own(language, name)))
            })
            .collect();
        for pair in shared.windows(2) {
            let [(one, ones), (other, others)] = pair else {
                continue;
            };
            for member in ones.symmetric_difference(others) {
                let has = if ones.contains(member) { one } else { other };
                wrong.push(format!(
                    "{name}.{member}: in {has}, not in the other of {one} and {other}"
                ));
            }
        }
    }
    // A class of errors adds nothing to the one they come from.
    for (language, types) in &languages {
        let base = &types["SluglineError"];
        for (name, members) in types.iter().filter(|(name, _)| is_error(name)) {
            if !members.is_subset(base) {
                wrong.push(format!("{language} {name}: {:?}", members - base));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
