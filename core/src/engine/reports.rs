//! Feedback, and what is counted over recordings.

use super::handle::Engine;
use crate::error::Result;
use crate::store::{Feedback, UsageQuery, UsageRow};

impl Engine {
    /// Keeps a judgement of one answer, and gives the feedback's id.
    ///
    /// # Errors
    /// `not_found` where no recorded call has this completion; `invalid_request` about `metric` or `value`;
    /// `store_error`.
    pub async fn feedback(&self, feedback: Feedback) -> Result<String> {
        let id = feedback.id.clone();
        let opened = self.0.state.flushed().await?;
        opened.store.add_feedback(feedback).await?;
        Ok(id)
    }

    /// Calls, tokens and cost.
    ///
    /// # Errors
    /// `store_error`.
    pub async fn usage(&self, query: UsageQuery) -> Result<Vec<UsageRow>> {
        self.0.state.flushed().await?.store.usage(query).await
    }
}
