//! Feedback, and what is counted over recordings: the report of a campaign, and usage.

use super::handle::Engine;
use crate::config::Goal;
use crate::error::{Error, Result};
use crate::nearest::several;
use crate::store::{
    CampaignQuery, CampaignReport, Feedback, Filter, RecordingQuery, Store, UsageQuery, UsageRow,
};

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
    /// one of `[campaigns]`, the slug of a prompt with variants, or that of a campaign that is configured no more
    /// and has calls recorded. Without a metric in the query the campaign's own is compared.
    ///
    /// # Errors
    /// `not_found` where neither the configuration nor a recording knows the campaign; `store_error`.
    pub async fn campaign_report(&self, query: impl Into<CampaignQuery>) -> Result<CampaignReport> {
        let mut query = query.into();
        let campaign = self.0.config.campaigns.get(&query.campaign);
        let arms = match campaign {
            Some(campaign) => campaign.arms.iter().map(|arm| arm.name.clone()).collect(),
            None => self.variants(&mut query.campaign),
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
        let known = campaign.is_some() || !arms.is_empty() || !totals.is_empty();
        if !known && !has_calls(&*opened.store, &query).await? {
            return Err(self.no_campaign(&query.campaign));
        }
        Ok(CampaignReport::of(&query, goal, &arms, totals))
    }

    /// Calls, tokens and cost.
    ///
    /// # Errors
    /// `store_error`.
    pub async fn usage(&self, query: UsageQuery) -> Result<Vec<UsageRow>> {
        self.0.state.flushed().await?.store.usage(query).await
    }

    /// The arms of the campaign that a prompt with variants is. Its key is the slug alone, however it is
    /// addressed.
    fn variants(&self, key: &mut String) -> Vec<String> {
        let Ok(info) = self.prompts().get(key) else {
            return Vec::new();
        };
        *key = info.slug;
        let names = info.variants.into_iter().map(|variant| variant.name);
        names.collect()
    }

    fn no_campaign(&self, key: &str) -> Error {
        let campaigns = self.0.config.campaigns.keys().map(String::as_str);
        let near = several(key, campaigns, 3);
        let hint = near
            .first()
            .map(|near| format!(": did you mean `{near}`?"))
            .unwrap_or_default();
        let near = near.into_iter().map(str::to_owned).collect();
        let message = format!("no campaign `{key}`{hint}");
        Error::not_found("campaign", message, near).with_param("key")
    }
}

/// Whether a campaign has calls at any time.
async fn has_calls(store: &dyn Store, query: &CampaignQuery) -> Result<bool> {
    let any = RecordingQuery {
        filter: Filter {
            campaign: Some(query.campaign.clone()),
            ..Filter::default()
        },
        limit: Some(1),
        ..RecordingQuery::default()
    };
    Ok(!store.recordings(any).await?.recordings.is_empty())
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
