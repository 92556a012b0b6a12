//! What people, or programs, said of an answer.

use serde::{Deserialize, Serialize};

use crate::clock;
use crate::error::{Error, Result};

/// Longest name of a metric, in characters.
const METRIC_CHARS: usize = 128;
/// Longest `user_id`, in characters.
const USER_CHARS: usize = 256;
/// Longest comment, in characters.
const COMMENT_CHARS: usize = 16_384;

/// A judgement of one completion under one metric. Where a completion has several under one metric,
/// the last one counts in reports.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Feedback {
    /// UUID v4.
    pub id: String,
    /// When it was given: Unix time in milliseconds.
    pub created_ms: i64,
    /// The completion it is about.
    pub completion_id: String,
    /// What is judged, for example `thumbs`: 1 to 128 characters.
    pub metric: String,
    /// The judgement.
    pub value: FeedbackValue,
    /// Why, in words: at most 16,384 characters.
    pub comment: Option<String>,
    /// Who gave it: at most 256 characters.
    pub user_id: Option<String>,
}

impl Feedback {
    /// A judgement given now.
    pub fn new(
        completion_id: impl Into<String>,
        metric: impl Into<String>,
        value: impl Into<FeedbackValue>,
    ) -> Self {
        Feedback {
            id: uuid::Uuid::new_v4().to_string(),
            created_ms: clock::unix_millis(),
            completion_id: completion_id.into(),
            metric: metric.into(),
            value: value.into(),
            comment: None,
            user_id: None,
        }
    }

    /// Says why.
    #[must_use]
    pub fn comment(mut self, comment: impl Into<String>) -> Self {
        self.comment = Some(comment.into());
        self
    }

    /// Says who.
    #[must_use]
    pub fn user_id(mut self, user_id: impl Into<String>) -> Self {
        self.user_id = Some(user_id.into());
        self
    }

    /// What every store refuses.
    pub(crate) fn check(&self) -> Result<()> {
        if self.metric.is_empty() {
            return Err(Error::invalid("metric", "the metric's name is empty"));
        }
        for (field, text, most) in [
            ("metric", Some(&self.metric), METRIC_CHARS),
            ("user_id", self.user_id.as_ref(), USER_CHARS),
            ("comment", self.comment.as_ref(), COMMENT_CHARS),
        ] {
            if text.is_some_and(|text| text.len() > most && text.chars().count() > most) {
                let message = format!("`{field}` of feedback has at most {most} characters");
                return Err(Error::invalid(field, message));
            }
        }
        match self.value {
            FeedbackValue::Number(value) if !value.is_finite() => {
                let message = "the value of feedback is neither a bool nor a finite number";
                Err(Error::invalid("value", message))
            }
            _ => Ok(()),
        }
    }
}

/// A yes or no, or a number.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum FeedbackValue {
    /// Yes or no.
    Bool(bool),
    /// Any finite number.
    Number(f64),
}

impl FeedbackValue {
    /// The value as a number: `true` is 1.
    pub fn as_f64(self) -> f64 {
        match self {
            FeedbackValue::Bool(value) => f64::from(u8::from(value)),
            FeedbackValue::Number(value) => value,
        }
    }
}

impl Default for FeedbackValue {
    fn default() -> Self {
        FeedbackValue::Bool(false)
    }
}

impl From<bool> for FeedbackValue {
    fn from(value: bool) -> Self {
        FeedbackValue::Bool(value)
    }
}

impl From<f64> for FeedbackValue {
    fn from(value: f64) -> Self {
        FeedbackValue::Number(value)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn texts_have_a_length() {
        let given = || Feedback::new("id", "m".repeat(128), true);
        assert!(given().comment("é".repeat(16_384)).check().is_ok());
        let param = |given: Feedback| given.check().unwrap_err().data().param.clone().unwrap();
        assert_eq!(param(given().comment("c".repeat(16_385))), "comment");
        assert_eq!(param(given().user_id("u".repeat(257))), "user_id");
        assert_eq!(param(Feedback::new("id", "m".repeat(129), true)), "metric");
    }
}
