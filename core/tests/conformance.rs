//! The Rust runner of `core/conformance/engine`: the cases that drive every language.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)]

use std::path::{Path, PathBuf};

use futures_util::StreamExt as _;
use serde_json::{Value, json};
use slugline::chat::{ChatRequest, PromptRequest};
use slugline::config::Config;
use slugline::engine::asks::{
    AskReport, AskUsage, DeleteRecordings, GiveFeedback, ListRecordings, RerunRecording,
};
use slugline::{Engine, Error, ErrorKind, input};

mod pattern;

use pattern::mismatch;

#[tokio::test]
async fn every_engine_case() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("conformance");
    let schema: Value =
        serde_json::from_str(&std::fs::read_to_string(root.join("schema.json")).unwrap()).unwrap();
    let schema = jsonschema::validator_for(&schema).unwrap();
    let mut folders: Vec<PathBuf> = std::fs::read_dir(root.join("engine"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    folders.sort();
    let (mut run, mut skipped, mut failures) = (0, 0, Vec::new());
    for folder in &folders {
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(folder.join("case.json"))
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        let temp = tempfile::tempdir().unwrap();
        let text = text
            .replace("${case}", folder.to_str().unwrap())
            .replace("${temp}", temp.path().to_str().unwrap());
        let case: Value =
            serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        if let Err(error) = schema.validate(&case) {
            failures.push(format!(
                "{name}: not a case: {error} at {}",
                error.instance_path()
            ));
            continue;
        }
        if case["skip"]["rust"].is_string() {
            skipped += 1;
            continue;
        }
        run += 1;
        if let Err(failure) = run_case(&case).await {
            failures.push(format!("{name}: {failure}"));
        }
    }
    println!(
        "engine cases: {run} run, {skipped} skipped, {} failed",
        failures.len()
    );
    assert_eq!(
        run + skipped,
        folders.len(),
        "a case was neither run nor skipped"
    );
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

#[test]
fn every_error_has_its_case() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("conformance");
    let read = |path: PathBuf| -> Value {
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
    };
    let listed = read(root.join("errors.json"));
    let codes: Vec<&str> = ErrorKind::ALL.iter().map(|kind| kind.code()).collect();
    let keys: Vec<&str> = listed
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(
        keys, codes,
        "errors.json lists every code, in the order of the enum"
    );
    for code in codes {
        let Some(name) = listed[code].as_str() else {
            assert!(
                listed[code]["none"].is_string(),
                "{code} has neither a case nor a reason"
            );
            continue;
        };
        let case = read(root.join("engine").join(name).join("case.json"));
        let calls = case["calls"]
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default();
        let mut expected = calls
            .iter()
            .map(|call| &call["expect"]["error"]["code"])
            .chain([&case["open"]["error"]["code"]]);
        assert!(
            expected.any(|found| found == code),
            "the case {name} does not end in {code}"
        );
    }
}

async fn run_case(case: &Value) -> Result<(), String> {
    let config = case.get("config").cloned().unwrap_or_else(|| json!({}));
    let engine = Config::from_value(config).and_then(Engine::new);
    let engine = match (engine, case.pointer("/open/error")) {
        (Err(error), Some(expected)) => return check("open.error", expected, &json!(error)),
        (Ok(_), Some(_)) => return Err("the configuration was accepted".into()),
        (Err(error), None) => return Err(format!("the configuration was refused: {error}")),
        (Ok(engine), None) => engine,
    };
    let mut kept: Vec<(String, String)> = Vec::new();
    for (call, place) in case["calls"].as_array().unwrap().iter().zip(0..) {
        let mut text = call.to_string();
        for (name, value) in &kept {
            text = text.replace(&format!("\"${{{name}}}\""), value);
        }
        run_call(&engine, &serde_json::from_str(&text).unwrap(), &mut kept)
            .await
            .map_err(|failure| format!("calls[{place}]: {failure}"))?;
    }
    Ok(())
}

/// What a call gave, under the names of `expect`.
async fn run_call(
    engine: &Engine,
    call: &Value,
    kept: &mut Vec<(String, String)>,
) -> Result<(), String> {
    let mut got = json!({});
    let verb = call["verb"].as_str().unwrap();
    let outcome = match call["session"].as_str() {
        Some(id) => session_verb(engine.session(id), verb, call, &mut got).await,
        None => engine_verb(engine, verb, call, &mut got).await,
    };
    let Some(outcome) = outcome else {
        return Err(format!("unknown verb {verb}"));
    };
    let expect = call["expect"].as_object().unwrap();
    match (outcome, expect.get("error")) {
        (Err(error), None) => return Err(format!("failed with {}: {error}", error.code())),
        (Ok(()), Some(_)) => return Err(format!("did not fail, but gave {got}")),
        (Err(error), Some(_)) => got["error"] = json!(error),
        (Ok(()), None) => {}
    }
    for (name, path) in call["keep"].as_object().into_iter().flatten() {
        let pointer = format!("/{}", path.as_str().unwrap().replace('.', "/"));
        let value = got
            .pointer(&pointer)
            .ok_or_else(|| format!("nothing to keep at {path}"))?;
        kept.push((name.clone(), value.to_string()));
    }
    expect
        .iter()
        .try_for_each(|(key, pattern)| check(key, pattern, &got[key]))
}

/// Makes a call on the engine itself; `None` where there is no such verb.
async fn engine_verb(
    engine: &Engine,
    verb: &str,
    call: &Value,
    got: &mut Value,
) -> Option<Result<(), Error>> {
    Some(match verb {
        "chat" => whole(got, async { engine.chat(read(call)?).await }).await,
        "run_prompt" => whole(got, async { engine.run_prompt(read(call)?).await }).await,
        "chat_stream" => match read::<ChatRequest>(call) {
            Ok(request) => stream(got, engine.chat_stream(request)).await,
            Err(error) => Err(error),
        },
        "run_prompt_stream" => match read::<PromptRequest>(call) {
            Ok(request) => stream(got, engine.run_prompt_stream(request)).await,
            Err(error) => Err(error),
        },
        "render_prompt" => read(call)
            .and_then(|request| engine.render_prompt(request))
            .map(|rendered| got["rendered"] = json!(rendered)),
        "build_request" if call["args"].get("slug").is_some() => read::<PromptRequest>(call)
            .and_then(|r| engine.build_request(r))
            .map(|request| got["request"] = json!(request)),
        "build_request" => read::<ChatRequest>(call)
            .and_then(|r| engine.build_request(r))
            .map(|request| got["request"] = json!(request)),
        "recordings.rerun" => {
            whole(got, async {
                let (id, rerun) = read::<RerunRecording>(call)?.into_parts();
                engine.recordings().rerun(&id, rerun).await
            })
            .await
        }
        verb => state_verb(engine, verb, call)
            .await?
            .map(|value| got["value"] = value),
    })
}

/// A verb of the state, with what it gives.
async fn state_verb(engine: &Engine, verb: &str, call: &Value) -> Option<Result<Value, Error>> {
    let recordings = engine.recordings();
    let text = |name: &str| call["args"][name].as_str().unwrap_or_default().to_owned();
    let value = async {
        Ok(Some(match verb {
            "recordings.list" => {
                json!(
                    recordings
                        .list(read::<ListRecordings>(call)?.into())
                        .await?
                )
            }
            "recordings.get" => json!(recordings.get(&text("id")).await?),
            "recordings.query" => json!(recordings.query(&text("sql")).await?),
            "recordings.delete" => {
                json!(
                    recordings
                        .delete(read::<DeleteRecordings>(call)?.into())
                        .await?
                )
            }
            "feedback" => json!(engine.feedback(read::<GiveFeedback>(call)?.into()).await?),
            "campaign_report" => json!(engine.campaign_report(read::<AskReport>(call)?).await?),
            "usage" => json!(engine.usage(read::<AskUsage>(call)?.into_query()?).await?),
            _ => return Ok(None),
        }))
    };
    value.await.transpose()
}

/// Makes a call in a session; `None` where there is no such verb.
async fn session_verb(
    session: slugline::engine::Session,
    verb: &str,
    call: &Value,
    got: &mut Value,
) -> Option<Result<(), Error>> {
    Some(match verb {
        "chat" => whole(got, async { session.chat(read(call)?).await }).await,
        "run_prompt" => whole(got, async { session.run_prompt(read(call)?).await }).await,
        "chat_stream" => match read::<ChatRequest>(call) {
            Ok(request) => stream(got, session.chat_stream(request)).await,
            Err(error) => Err(error),
        },
        "run_prompt_stream" => match read::<PromptRequest>(call) {
            Ok(request) => stream(got, session.run_prompt_stream(request)).await,
            Err(error) => Err(error),
        },
        "history" => session
            .history()
            .await
            .map(|messages| got["value"] = json!(messages)),
        "clear" => session.clear().await.map(|()| got["value"] = Value::Null),
        _ => return None,
    })
}

fn read<T: serde::de::DeserializeOwned>(call: &Value) -> Result<T, Error> {
    input::from_value(&call["args"])
}

async fn whole(
    got: &mut Value,
    call: impl Future<Output = Result<slugline::chat::ChatCompletion, Error>>,
) -> Result<(), Error> {
    let completion = call.await?;
    got["text"] = json!(completion.text());
    got["completion"] = json!(completion);
    Ok(())
}

async fn stream(got: &mut Value, mut stream: slugline::stream::ChatStream) -> Result<(), Error> {
    let (mut chunks, mut text) = (Vec::new(), String::new());
    let mut failed = None;
    while let Some(chunk) = stream.next().await {
        match chunk {
            Ok(chunk) => {
                text.push_str(chunk.text());
                chunks.push(json!(chunk));
            }
            Err(error) => {
                failed = Some(error);
                break;
            }
        }
    }
    got["chunks"] = json!(chunks);
    got["text"] = json!(text);
    if let Some(error) = failed {
        let again = stream
            .completion()
            .await
            .expect_err("a failed stream has no completion");
        assert_eq!(
            again.code(),
            error.code(),
            "the completion of a failed stream raises the same error"
        );
        return Err(error);
    }
    let completion = stream.completion().await?;
    assert_eq!(completion.text(), text, "chunks and completion differ");
    got["completion"] = json!(completion);
    Ok(())
}

fn check(place: &str, pattern: &Value, got: &Value) -> Result<(), String> {
    match mismatch(place, pattern, got) {
        Some(difference) => Err(difference),
        None => Ok(()),
    }
}
