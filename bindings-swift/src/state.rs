//! What is kept of calls, as `Recordings.swift`, `Reports.swift` and `Session.swift` ask for it: arguments as JSON
//! text under the names they have in every language, answers as records.

use std::sync::Arc;

use slugline::chat::{
    Attempt, CampaignRef, ChatCompletion, Choice, Cost, JsonMap, Message, PromptRef, Timing, Usage,
    Warning,
};
use slugline::engine::asks::{
    AskReport, AskUsage, DeleteRecordings, ExportRecordings, GiveFeedback, ListRecordings,
    RerunRecording,
};
use slugline::store::{
    ArmReport, CampaignReport, Comparison, CostTotal, Feedback, FeedbackValue, Page, Recording,
    UsageRow,
};

use crate::cancel::Cancel;
use crate::engine::Core;
use crate::error::Failure;
use crate::value;

#[uniffi::remote(Record)]
pub struct Recording {
    pub id: String,
    pub created_ms: i64,
    pub session_id: String,
    pub completion_ids: Vec<String>,
    pub project: Option<String>,
    pub prompt: Option<PromptRef>,
    pub campaign: Option<CampaignRef>,
    pub requested_models: Vec<String>,
    pub model: Option<String>,
    pub provider: Option<String>,
    pub provider_model: Option<String>,
    pub stream: bool,
    pub finish_reason: Option<String>,
    pub error_code: Option<String>,
    pub attempts: Vec<Attempt>,
    pub timing: Timing,
    pub usage: Option<Usage>,
    pub cost: Option<Cost>,
    pub labels: JsonMap,
    pub tags: Vec<String>,
    pub warnings: Vec<Warning>,
    pub request: Option<JsonMap>,
    pub variables: Option<JsonMap>,
    pub answer: Option<Vec<Choice>>,
    pub feedback: Vec<Feedback>,
}

#[uniffi::remote(Record)]
pub struct Page {
    pub recordings: Vec<Recording>,
    pub next_cursor: Option<String>,
}

#[uniffi::remote(Record)]
pub struct Feedback {
    pub id: String,
    pub created_ms: i64,
    pub completion_id: String,
    pub metric: String,
    pub value: FeedbackValue,
    pub comment: Option<String>,
    pub user_id: Option<String>,
}

#[uniffi::remote(Enum)]
pub enum FeedbackValue {
    Bool(bool),
    Number(f64),
}

#[uniffi::remote(Record)]
pub struct UsageRow {
    pub group: JsonMap,
    pub calls: u64,
    pub errors: u64,
    pub metered_calls: u64,
    pub prompt_tokens: u64,
    pub completion_tokens: u64,
    pub total_tokens: u64,
    pub cost: Vec<CostTotal>,
}

#[uniffi::remote(Record)]
pub struct CostTotal {
    pub currency: String,
    pub amount: f64,
    pub calls: u64,
}

#[uniffi::remote(Record)]
pub struct CampaignReport {
    pub campaign: String,
    pub metric: Option<String>,
    pub goal: Option<String>,
    pub arms: Vec<ArmReport>,
    pub comparisons: Vec<Comparison>,
}

#[uniffi::remote(Record)]
pub struct ArmReport {
    pub arm: String,
    pub calls: u64,
    pub errors: u64,
    pub mean_latency_ms: Option<f64>,
    pub metered_calls: u64,
    pub prompt_tokens: u64,
    pub completion_tokens: u64,
    pub total_tokens: u64,
    pub cost: Vec<CostTotal>,
    pub metric_count: u64,
    pub metric_mean: Option<f64>,
    pub metric_low: Option<f64>,
    pub metric_high: Option<f64>,
}

#[uniffi::remote(Record)]
pub struct Comparison {
    pub arm: String,
    pub other: String,
    pub difference: Option<f64>,
    pub low: Option<f64>,
    pub high: Option<f64>,
    pub p_value: Option<f64>,
    pub p_value_adjusted: Option<f64>,
    pub test: Option<String>,
}

#[uniffi::export]
impl Core {
    /// A page of recordings.
    pub async fn recordings_list(
        &self,
        asked: String,
        cancel: Arc<Cancel>,
    ) -> Result<Page, Failure> {
        let (engine, asked) = self.call(value::request::<ListRecordings>(&asked))?;
        cancel
            .run(async move { engine.recordings().list(asked.into()).await })
            .await
    }

    /// One recording.
    pub async fn recordings_get(
        &self,
        id: String,
        cancel: Arc<Cancel>,
    ) -> Result<Recording, Failure> {
        let engine = self.engine()?;
        cancel
            .run(async move { engine.recordings().get(&id).await })
            .await
    }

    /// Writes recordings to a file.
    pub async fn recordings_export(
        &self,
        asked: String,
        cancel: Arc<Cancel>,
    ) -> Result<u64, Failure> {
        let (engine, asked) = self.call(value::request::<ExportRecordings>(&asked))?;
        let (path, filter) = asked.into_parts();
        cancel
            .run(async move { engine.recordings().export(path, filter).await })
            .await
    }

    /// Runs a statement that only reads.
    pub async fn recordings_query(
        &self,
        sql: String,
        cancel: Arc<Cancel>,
    ) -> Result<Vec<JsonMap>, Failure> {
        let engine = self.engine()?;
        cancel
            .run(async move { engine.recordings().query(&sql).await })
            .await
    }

    /// Deletes recordings.
    pub async fn recordings_delete(
        &self,
        asked: String,
        cancel: Arc<Cancel>,
    ) -> Result<u64, Failure> {
        let (engine, asked) = self.call(value::request::<DeleteRecordings>(&asked))?;
        cancel
            .run(async move { engine.recordings().delete(asked.into()).await })
            .await
    }

    /// Makes a recorded call again.
    pub async fn recordings_rerun(
        &self,
        asked: String,
        cancel: Arc<Cancel>,
    ) -> Result<ChatCompletion, Failure> {
        let (engine, asked) = self.call(value::request::<RerunRecording>(&asked))?;
        let (id, rerun) = asked.into_parts();
        cancel
            .run(async move { engine.recordings().rerun(&id, rerun).await })
            .await
    }

    /// How many calls should have been recorded and were not.
    pub fn recordings_lost(&self) -> u64 {
        self.engine()
            .map(|engine| engine.recordings().lost())
            .unwrap_or_default()
    }

    /// Keeps a judgement.
    pub async fn feedback(&self, asked: String, cancel: Arc<Cancel>) -> Result<String, Failure> {
        let (engine, asked) = self.call(value::request::<GiveFeedback>(&asked))?;
        cancel
            .run(async move { engine.feedback(asked.into()).await })
            .await
    }

    /// What a campaign found.
    pub async fn campaign_report(
        &self,
        asked: String,
        cancel: Arc<Cancel>,
    ) -> Result<CampaignReport, Failure> {
        let (engine, asked) = self.call(value::request::<AskReport>(&asked))?;
        cancel
            .run(async move { engine.campaign_report(asked).await })
            .await
    }

    /// Calls, tokens and cost.
    pub async fn usage(
        &self,
        asked: String,
        cancel: Arc<Cancel>,
    ) -> Result<Vec<UsageRow>, Failure> {
        let asked = value::request::<AskUsage>(&asked).and_then(AskUsage::into_query);
        let (engine, asked) = self.call(asked)?;
        cancel.run(async move { engine.usage(asked).await }).await
    }

    /// What a session holds.
    pub async fn history(
        &self,
        session: String,
        cancel: Arc<Cancel>,
    ) -> Result<Vec<Message>, Failure> {
        let session = self.engine()?.session(session);
        cancel.run(async move { session.history().await }).await
    }

    /// Forgets what a session holds.
    pub async fn clear(&self, session: String, cancel: Arc<Cancel>) -> Result<(), Failure> {
        let session = self.engine()?.session(session);
        cancel.run(async move { session.clear().await }).await
    }
}
