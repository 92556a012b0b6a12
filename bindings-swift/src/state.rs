//! What is kept of calls, as `Recordings.swift` and `Session.swift` ask for it: the name of a method and its
//! arguments as JSON text, answered with JSON text.

use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;
use slugline::chat::Message;
use slugline::engine::asks::{
    AskReport, AskUsage, DeleteRecordings, ExportRecordings, GiveFeedback, ListRecordings,
    RerunRecording,
};
use slugline::{Engine, Error, ErrorKind, Result, input, runtime};

use crate::call::Call;
use crate::engine::Core;
use crate::error::Failure;
use crate::value;

#[uniffi::export]
impl Core {
    /// Does what `method` names.
    pub async fn state(&self, method: String, asked: String) -> Result<String, Failure> {
        let (engine, asked) = self.call(value::request::<Value>(&asked))?;
        Ok(runtime::run(async move { answer(&engine, &method, &asked).await }).await?)
    }

    /// Makes a recorded call again.
    pub fn rerun(&self, asked: &str) -> Arc<Call> {
        let called = self.call(value::request::<RerunRecording>(asked));
        Call::begin(called.map(|(engine, asked)| async move {
            let (id, rerun) = asked.into_parts();
            engine.recordings().rerun(&id, rerun).await
        }))
    }

    /// What a session holds.
    pub async fn history(&self, session: String) -> Result<Vec<Message>, Failure> {
        let session = self.engine()?.session(session);
        Ok(runtime::run(async move { session.history().await }).await?)
    }

    /// Forgets what a session holds.
    pub async fn clear(&self, session: String) -> Result<(), Failure> {
        let session = self.engine()?.session(session);
        Ok(runtime::run(async move { session.clear().await }).await?)
    }

    /// How many calls should have been recorded and were not.
    pub fn lost(&self) -> u64 {
        self.engine()
            .map(|engine| engine.recordings().lost())
            .unwrap_or_default()
    }
}

async fn answer(engine: &Engine, method: &str, asked: &Value) -> Result<String> {
    let recordings = engine.recordings();
    let word = |name: &str| match &asked[name] {
        Value::String(word) => Ok(word.clone()),
        _ => Err(Error::invalid(name, format!("`{name}`: expected a string"))),
    };
    match method {
        "recordings.list" => {
            let asked: ListRecordings = input::from_value(asked)?;
            json(&recordings.list(asked.into()).await?)
        }
        "recordings.get" => json(&recordings.get(&word("id")?).await?),
        "recordings.export" => {
            let asked: ExportRecordings = input::from_value(asked)?;
            let (path, filter) = asked.into_parts();
            json(&recordings.export(path, filter).await?)
        }
        "recordings.query" => json(&recordings.query(&word("sql")?).await?),
        "recordings.delete" => {
            let asked: DeleteRecordings = input::from_value(asked)?;
            json(&recordings.delete(asked.into()).await?)
        }
        "feedback" => {
            let asked: GiveFeedback = input::from_value(asked)?;
            json(&engine.feedback(asked.into()).await?)
        }
        "campaign_report" => {
            let asked: AskReport = input::from_value(asked)?;
            json(&engine.campaign_report(asked).await?)
        }
        "usage" => {
            let asked: AskUsage = input::from_value(asked)?;
            json(&engine.usage(asked.into_query()?).await?)
        }
        other => Err(Error::invalid("", format!("no method `{other}`"))),
    }
}

fn json<T: Serialize>(answer: &T) -> Result<String> {
    serde_json::to_string(answer).map_err(|error| {
        let message = "an answer cannot be written as JSON";
        Error::new(ErrorKind::Internal, message).with_source(error)
    })
}
