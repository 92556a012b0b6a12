//! Which recordings are meant, and a page of them.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Recording;
use crate::chat::JsonMap;
use crate::error::{Error, Result};

/// Most labels of a filter: more than a call may have.
const MOST_LABELS: usize = 100;

/// Which recordings: all that fit every field set. A field that is `None` or empty asks nothing.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Filter {
    /// These recordings.
    pub ids: Vec<String>,
    /// Runs of the prompt with this slug.
    pub prompt: Option<String>,
    /// Calls of this session.
    pub session_id: Option<String>,
    /// Calls that took part in this campaign.
    pub campaign: Option<String>,
    /// Calls of this project.
    pub project: Option<String>,
    /// Calls with all of these labels; values are compared as strings.
    pub labels: JsonMap,
    /// Calls that began at this time or later: Unix time in milliseconds.
    pub since_ms: Option<i64>,
    /// Calls that began before this time: Unix time in milliseconds.
    pub until_ms: Option<i64>,
}

impl Filter {
    /// Whether nothing is asked: every recording fits.
    pub fn is_empty(&self) -> bool {
        *self == Filter::default()
    }

    /// Says of many recordings whether they fit; quick also where many ids are named.
    pub(super) fn matcher(&self) -> impl Fn(&Recording) -> bool {
        let ids: HashSet<&str> = self.ids.iter().map(String::as_str).collect();
        move |recording| {
            (ids.is_empty() || ids.contains(&*recording.id))
                && self.matches_apart_from_id(recording)
        }
    }

    /// Whether a recording fits.
    pub fn matches(&self, recording: &Recording) -> bool {
        (self.ids.is_empty() || self.ids.contains(&recording.id))
            && self.matches_apart_from_id(recording)
    }

    fn matches_apart_from_id(&self, recording: &Recording) -> bool {
        fn is(asked: Option<&String>, value: Option<&String>) -> bool {
            asked.is_none_or(|asked| Some(asked) == value)
        }
        let at = recording.created_ms;
        let prompt = recording.prompt.as_ref().map(|prompt| &prompt.slug);
        let campaign = recording.campaign.as_ref().map(|campaign| &campaign.key);
        is(self.prompt.as_ref(), prompt)
            && is(self.session_id.as_ref(), Some(&recording.session_id))
            && is(self.campaign.as_ref(), campaign)
            && is(self.project.as_ref(), recording.project.as_ref())
            && self.since_ms.is_none_or(|since| at >= since)
            && self.until_ms.is_none_or(|until| at < until)
            && self.labels.iter().all(|(key, value)| {
                let kept = recording.labels.get(key);
                kept.is_some_and(|kept| label_text(kept) == label_text(value))
            })
    }

    /// What every store refuses.
    pub(super) fn check(&self) -> Result<()> {
        if self.labels.len() > MOST_LABELS {
            let message = format!("a filter names at most {MOST_LABELS} labels");
            return Err(Error::invalid("labels", message));
        }
        Ok(())
    }

    /// Refuses to delete everything by an empty filter.
    pub(crate) fn check_delete(&self) -> Result<()> {
        self.check()?;
        if self.is_empty() {
            let how = "name ids, a prompt, a session, a campaign, labels or a time";
            let message = format!("an empty filter would delete every recording: {how}");
            return Err(Error::invalid("filter", message));
        }
        Ok(())
    }
}

/// A label's value as the string it is kept as.
pub(crate) fn label_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A page of recordings to be read, newest first.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RecordingQuery {
    /// Which recordings.
    #[serde(flatten)]
    pub filter: Filter,
    /// Most recordings of the page, 1 to 1,000; 50 where `None`.
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
    /// Whether the rows carry their payload.
    pub payload: bool,
}

impl RecordingQuery {
    /// The most rows of one page.
    pub const MOST: u32 = 1_000;

    /// The number of rows asked for, once the filter is found good.
    pub(crate) fn rows(&self) -> Result<usize> {
        self.filter.check()?;
        match self.limit.unwrap_or(50) {
            limit @ 1..=Self::MOST => Ok(limit as usize),
            _ => {
                let most = Self::MOST;
                Err(Error::invalid("limit", format!("`limit` is 1 to {most}")))
            }
        }
    }
}

/// A page of recordings, newest first.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Page {
    /// The rows.
    pub recordings: Vec<Recording>,
    /// Reads the next page; `None` at the end.
    pub next_cursor: Option<String>,
}
