//! What is kept of calls, as `lib/recordings.js` and `lib/engine.js` ask for it: the name of a method and its
//! arguments as JSON text, answered with JSON text.

use napi_derive::napi;
use serde_json::Value;
use slugline::engine::asks::{
    AskReport, AskUsage, DeleteRecordings, ExportRecordings, GiveFeedback, ListRecordings,
    RerunRecording,
};
use slugline::{Engine, Error, Result, input, runtime};

use crate::call::Call;
use crate::engine::Core;
use crate::error::json;
use crate::hub::Hub;
use crate::value;

#[napi]
impl Core {
    /// Does what `method` names.
    #[napi]
    pub fn state(&self, hub: &Hub, id: u32, method: String, asked: String) -> Call {
        let called = self.call(value::request::<Value>(&asked));
        let call =
            called.map(|(engine, asked)| async move { answer(&engine, &method, &asked).await });
        Call::begin(hub.pull(id), call)
    }

    /// What a session holds.
    #[napi]
    pub fn history(&self, hub: &Hub, id: u32, session: String) -> Call {
        let call = self.engine().map(|engine| async move {
            let session = engine.session(session);
            json(&session.history().await?)
        });
        Call::begin(hub.pull(id), call)
    }

    /// Forgets what a session holds.
    #[napi]
    pub fn clear(&self, hub: &Hub, id: u32, session: String) -> Call {
        let call = self.engine().map(|engine| async move {
            let session = engine.session(session);
            json(&session.clear().await?)
        });
        Call::begin(hub.pull(id), call)
    }

    /// How many calls should have been recorded and were not.
    #[napi]
    pub fn lost(&self) -> napi::Result<f64> {
        let engine = self.engine().map_err(crate::error::thrown)?;
        // A count of calls is far from where a double is not exact.
        Ok(engine.recordings().lost() as f64)
    }

    /// Writes what was recorded, then closes. Waits for a disk, so not on JavaScript's thread.
    #[napi]
    pub fn close_aside(&mut self, hub: &Hub, id: u32) -> Call {
        let engine = self.take();
        let call = async move {
            if let Some(engine) = engine {
                let written = engine.shutdown().await;
                let _ = runtime::handle()?
                    .spawn_blocking(move || drop(engine))
                    .await;
                written?;
            }
            json(&())
        };
        Call::begin(hub.pull(id), Ok(call))
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
        "recordings.rerun" => {
            let asked: RerunRecording = input::from_value(asked)?;
            let (id, rerun) = asked.into_parts();
            json(&recordings.rerun(&id, rerun).await?)
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
