//! Feedback, and what is counted over recordings: the report of a campaign, and usage.

use super::handle::Engine;
use crate::config::Goal;
use crate::error::{Error, Result};
use crate::nearest::several;
use crate::store::{CampaignQuery, CampaignReport, Feedback, UsageQuery, UsageRow};

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

    /// What a campaign found so far: the figures of each arm and how its metric differs between them. The key is
    /// one of `[campaigns]`, or the slug of a prompt with variants. Without a metric in the query the campaign's
    /// own is compared.
    ///
    /// # Errors
    /// `not_found`; `store_error`.
    pub async fn campaign_report(&self, query: impl Into<CampaignQuery>) -> Result<CampaignReport> {
        let mut query = query.into();
        let campaign = self.0.config.campaigns.get(&query.campaign);
        let arms = match campaign {
            Some(campaign) => campaign.arms.iter().map(|arm| arm.name.clone()).collect(),
            None => self.variants(&query.campaign)?,
        };
        let metric = campaign.and_then(|campaign| campaign.metric.as_ref());
        if query.metric.is_none() {
            query.metric = metric.map(|metric| metric.key.clone());
        }
        let goal = metric
            .filter(|metric| Some(&metric.key) == query.metric.as_ref())
            .map(|metric| match metric.goal {
                Goal::Up => "up",
                Goal::Down => "down",
            });
        let opened = self.0.state.flushed().await?;
        let totals = opened.store.campaign_totals(query.clone()).await?;
        Ok(CampaignReport::of(&query, goal, &arms, totals))
    }

    /// Calls, tokens and cost.
    ///
    /// # Errors
    /// `store_error`.
    pub async fn usage(&self, query: UsageQuery) -> Result<Vec<UsageRow>> {
        self.0.state.flushed().await?.store.usage(query).await
    }

    /// The arms of the campaign that a prompt with variants is.
    fn variants(&self, key: &str) -> Result<Vec<String>> {
        if let Ok(info) = self.prompts().get(key)
            && !info.variants.is_empty()
        {
            let names = info.variants.into_iter().map(|variant| variant.name);
            return Ok(names.collect());
        }
        let campaigns = self.0.config.campaigns.keys().map(String::as_str);
        let near = several(key, campaigns, 3);
        let hint = near
            .first()
            .map(|near| format!(": did you mean `{near}`?"))
            .unwrap_or_default();
        let near = near.into_iter().map(str::to_owned).collect();
        let message = format!("no campaign `{key}`{hint}");
        Err(Error::not_found("campaign", message, near).with_param("key"))
    }
}

/// The report of a campaign over all its calls.
impl From<&str> for CampaignQuery {
    fn from(campaign: &str) -> Self {
        CampaignQuery {
            campaign: campaign.to_owned(),
            ..CampaignQuery::default()
        }
    }
}
