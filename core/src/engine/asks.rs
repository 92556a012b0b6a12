//! What is asked of the state, as plain data: the arguments of its methods under the names they have in
//! every language, to be read from a host's objects. Times are Unix times in milliseconds.

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer};

use super::recordings::Rerun;
use crate::chat::{JsonMap, OneOrMany};
use crate::error::Result;
use crate::store::{
    CampaignQuery, Feedback, FeedbackValue, Filter, RecordingQuery, UsageGroup, UsageQuery,
};

macro_rules! asks {
    ($(
        $(#[$doc:meta])*
        $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* }
    )+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Default, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct $name {
            $($(#[$field_doc])* pub $field: $type,)*
            /// These recordings.
            #[serde(deserialize_with = "some")]
            pub ids: Option<Vec<String>>,
            /// Runs of the prompt with this slug.
            pub prompt: Option<String>,
            /// Calls of this session.
            pub session_id: Option<String>,
            /// Calls that took part in this campaign.
            pub campaign: Option<String>,
            /// Calls of this project.
            pub project: Option<String>,
            /// Calls with all of these labels.
            pub labels: Option<JsonMap>,
            /// Calls that began at this time or later.
            pub since: Option<i64>,
            /// Calls that began before this time.
            pub until: Option<i64>,
        }

        impl $name {
            fn filter(&mut self) -> Filter {
                Filter {
                    ids: self.ids.take().unwrap_or_default(),
                    prompt: self.prompt.take(),
                    session_id: self.session_id.take(),
                    campaign: self.campaign.take(),
                    project: self.project.take(),
                    labels: self.labels.take().unwrap_or_default(),
                    since_ms: self.since,
                    until_ms: self.until,
                }
            }
        }
    )+};
}

/// A computed list that came out empty must not widen what is asked for.
fn some<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<String>>, D::Error> {
    let ids = Option::<Vec<String>>::deserialize(deserializer)?;
    if ids.as_ref().is_some_and(Vec::is_empty) {
        let message = "an empty list names no recording; leave `ids` out to ask for all";
        return Err(de::Error::custom(message));
    }
    Ok(ids)
}

asks! {
    /// The arguments of `recordings.list`.
    ListRecordings {
        /// Most recordings of the page, 1 to 1,000; 50 when absent.
        limit: Option<u32>,
        /// `next_cursor` of the page before.
        cursor: Option<String>,
        /// Whether the rows carry their payload.
        payload: Option<bool>,
    }
    /// The arguments of `recordings.delete`.
    DeleteRecordings {}
    /// The arguments of `recordings.export`.
    ExportRecordings {
        /// The file that is written.
        path: String,
    }
    /// The arguments of `usage`.
    AskUsage {
        /// `model`, `provider`, `prompt`, `campaign`, `arm`, `project`, `day` or `label:KEY`, one or several.
        group_by: Words,
    }
}

impl From<ListRecordings> for RecordingQuery {
    fn from(mut asked: ListRecordings) -> Self {
        RecordingQuery {
            filter: asked.filter(),
            limit: asked.limit,
            cursor: asked.cursor,
            payload: asked.payload.unwrap_or(false),
        }
    }
}

impl From<DeleteRecordings> for Filter {
    fn from(mut asked: DeleteRecordings) -> Self {
        asked.filter()
    }
}

impl ExportRecordings {
    /// The file, and what goes into it.
    pub fn into_parts(mut self) -> (String, Filter) {
        let filter = self.filter();
        (self.path, filter)
    }
}

impl AskUsage {
    /// The query.
    ///
    /// # Errors
    /// `invalid_request` about `group_by`.
    pub fn into_query(mut self) -> Result<UsageQuery> {
        let words = std::mem::take(&mut self.group_by).0;
        Ok(UsageQuery {
            group_by: words
                .iter()
                .map(|word| UsageGroup::parse(word))
                .collect::<Result<_>>()?,
            filter: self.filter(),
        })
    }
}

/// The arguments of `recordings.rerun`.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RerunRecording {
    /// The recording.
    pub id: String,
    /// Models to ask instead, one or several in order.
    pub model: Words,
}

impl RerunRecording {
    /// The recording's id, and how it is run again.
    pub fn into_parts(self) -> (String, Rerun) {
        (
            self.id,
            Rerun {
                model: self.model.0,
            },
        )
    }
}

/// The arguments of `campaign_report`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AskReport {
    /// The campaign.
    pub key: String,
    /// The metric that is compared, instead of the campaign's own.
    pub metric: Option<String>,
    /// Calls that began at this time or later.
    pub since: Option<i64>,
    /// Calls that began before this time.
    pub until: Option<i64>,
}

impl From<AskReport> for CampaignQuery {
    fn from(asked: AskReport) -> Self {
        CampaignQuery {
            campaign: asked.key,
            metric: asked.metric,
            since_ms: asked.since,
            until_ms: asked.until,
        }
    }
}

/// The arguments of `feedback`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GiveFeedback {
    /// The completion it is about.
    pub completion_id: String,
    /// What is judged.
    pub metric: String,
    /// True, false or a number.
    pub value: Judgement,
    /// Why, in words.
    #[serde(default)]
    pub comment: Option<String>,
    /// Who gave it.
    #[serde(default)]
    pub user_id: Option<String>,
}

impl From<GiveFeedback> for Feedback {
    fn from(given: GiveFeedback) -> Self {
        Feedback {
            comment: given.comment,
            user_id: given.user_id,
            ..Feedback::new(given.completion_id, given.metric, given.value.0)
        }
    }
}

/// A text or several.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Words(pub Vec<String>);

impl<'de> Deserialize<'de> for Words {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        OneOrMany::deserialize(deserializer).map(|words| Words(words.0))
    }
}

/// The value of feedback: true, false or a number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Judgement(pub FeedbackValue);

impl<'de> Deserialize<'de> for Judgement {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct JudgementVisitor;
        impl Visitor<'_> for JudgementVisitor {
            type Value = Judgement;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("true, false or a number")
            }
            fn visit_bool<E: de::Error>(self, value: bool) -> Result<Judgement, E> {
                Ok(Judgement(value.into()))
            }
            fn visit_i64<E: de::Error>(self, value: i64) -> Result<Judgement, E> {
                Ok(Judgement((value as f64).into()))
            }
            fn visit_u64<E: de::Error>(self, value: u64) -> Result<Judgement, E> {
                Ok(Judgement((value as f64).into()))
            }
            fn visit_f64<E: de::Error>(self, value: f64) -> Result<Judgement, E> {
                Ok(Judgement(value.into()))
            }
        }
        deserializer.deserialize_any(JudgementVisitor)
    }
}
