//! Which campaign a call takes part in, and which arm it gets. Pure: no store, no coordination.

use std::collections::BTreeMap;

use crate::assign;
use crate::chat::{CampaignRef, Options};
use crate::config::{ArmConfig, CampaignConfig};
use crate::error::{Error, Result};
use crate::nearest::several;

/// A call, as far as campaigns look at it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Unit<'a> {
    /// The prompt's slug, where a prompt is run.
    pub(super) slug: Option<&'a str>,
    /// The call's project.
    pub(super) project: Option<&'a str>,
    /// Whether the caller named a variant.
    pub(super) names_variant: bool,
    /// What the caller set itself.
    pub(super) own: &'a Options,
    /// The unit of assignment.
    pub(super) key: &'a str,
}

/// The arm of a configured campaign that this call gets.
#[derive(Debug, Clone, Copy)]
pub(super) struct Drawn<'a> {
    pub(super) key: &'a str,
    pub(super) arm: &'a ArmConfig,
}

impl Drawn<'_> {
    pub(super) fn reference(&self) -> CampaignRef {
        CampaignRef {
            key: self.key.to_owned(),
            arm: self.arm.name.clone(),
        }
    }
}

/// Draws for the campaigns of the configuration: the one the call names, else the first one in order
/// of keys that it is eligible for and whose share of traffic it is in.
///
/// # Errors
/// `not_found` for a campaign the call names that does not exist. A prompt with variants is a campaign
/// too: `is_prompt` says whether the named one is it.
pub(super) fn draw<'a>(
    campaigns: &'a BTreeMap<String, CampaignConfig>,
    unit: Unit<'_>,
    is_prompt: impl Fn(&str) -> bool,
) -> Result<Option<Drawn<'a>>> {
    if let Some(named) = &unit.own.ab_campaign {
        if let Some((key, campaign)) = campaigns.get_key_value(named.as_str()) {
            let drawn = arm_of(key, campaign, unit.key);
            return Ok(drawn.filter(|_| campaign.enabled));
        }
        if is_prompt(named) {
            return Ok(None);
        }
        let near = several(named, campaigns.keys().map(String::as_str), 3);
        let hint = near
            .first()
            .map(|near| format!(": did you mean `{near}`?"))
            .unwrap_or_default();
        let near = near.into_iter().map(str::to_owned).collect();
        return Err(
            Error::not_found("campaign", format!("no campaign `{named}`{hint}"), near)
                .with_param("ab_campaign"),
        );
    }
    for (key, campaign) in campaigns {
        if campaign.enabled
            && applies(campaign, unit)
            && !names_itself(campaign, unit)
            && assign::takes_part(key, &campaign.salt, unit.key, campaign.traffic_split)
            && let Some(drawn) = arm_of(key, campaign, unit.key)
        {
            return Ok(Some(drawn));
        }
    }
    Ok(None)
}

fn arm_of<'a>(key: &'a str, campaign: &'a CampaignConfig, unit: &str) -> Option<Drawn<'a>> {
    let arms: Vec<(&str, f64)> = campaign
        .arms
        .iter()
        .map(|arm| (arm.name.as_str(), arm.weight))
        .collect();
    let name = assign::arm(key, &campaign.salt, unit, &arms)?;
    campaign
        .arms
        .iter()
        .find(|arm| arm.name == name)
        .map(|arm| Drawn { key, arm })
}

fn applies(campaign: &CampaignConfig, unit: Unit<'_>) -> bool {
    let by_slug = unit.slug.is_some_and(|slug| {
        campaign
            .applies_to
            .prompts
            .iter()
            .any(|prompt| prompt == slug)
    });
    let by_project = campaign.applies_to.project.is_some()
        && campaign.applies_to.project.as_deref() == unit.project;
    by_slug || by_project
}

/// A call that names the model, the variant or a field that an arm sets keeps what it names.
fn names_itself(campaign: &CampaignConfig, unit: Unit<'_>) -> bool {
    unit.names_variant
        || !unit.own.model.is_empty()
        || campaign
            .arms
            .iter()
            .any(|arm| arm.params.shares_field_with(unit.own))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::config::AppliesTo;

    fn campaigns(split: f64) -> BTreeMap<String, CampaignConfig> {
        let arm = |name: &str, temperature| ArmConfig {
            name: name.to_owned(),
            weight: 1.0,
            params: Options {
                temperature,
                ..Options::default()
            },
            ..ArmConfig::default()
        };
        let campaign = CampaignConfig {
            applies_to: AppliesTo {
                prompts: vec!["greet".to_owned()],
                project: None,
            },
            traffic_split: split,
            enabled: true,
            arms: vec![arm("plain", None), arm("warm", Some(0.9))],
            ..CampaignConfig::default()
        };
        [("tone".to_owned(), campaign)].into()
    }

    fn unit<'a>(own: &'a Options, key: &'a str) -> Unit<'a> {
        Unit {
            slug: Some("greet"),
            project: None,
            names_variant: false,
            own,
            key,
        }
    }

    #[test]
    fn eligible_calls_take_part_by_their_share() {
        let own = Options::default();
        assert!(
            draw(&campaigns(1.0), unit(&own, "u"), |_| false)
                .unwrap()
                .is_some()
        );
        assert!(
            draw(&campaigns(0.0), unit(&own, "u"), |_| false)
                .unwrap()
                .is_none()
        );
        let other = Unit {
            slug: Some("other"),
            ..unit(&own, "u")
        };
        assert!(draw(&campaigns(1.0), other, |_| false).unwrap().is_none());
    }

    #[test]
    fn a_call_that_names_what_an_arm_sets_stays_out_unless_it_asks() {
        let own = Options {
            temperature: Some(0.1),
            ..Options::default()
        };
        assert!(
            draw(&campaigns(1.0), unit(&own, "u"), |_| false)
                .unwrap()
                .is_none()
        );
        let asks = Options {
            ab_campaign: Some("tone".to_owned()),
            ..own
        };
        assert!(
            draw(&campaigns(0.0), unit(&asks, "u"), |_| false)
                .unwrap()
                .is_some()
        );
        let wrong = Options {
            ab_campaign: Some("tnoe".to_owned()),
            ..Options::default()
        };
        assert_eq!(
            draw(&campaigns(0.0), unit(&wrong, "u"), |_| false)
                .unwrap_err()
                .code(),
            "not_found"
        );
    }

    #[test]
    fn raising_the_split_moves_nobody_between_arms() {
        let own = Options::default();
        let (few, all) = (campaigns(0.3), campaigns(1.0));
        for n in 0..200 {
            let key = n.to_string();
            if let Some(drawn) = draw(&few, unit(&own, &key), |_| false).unwrap() {
                let again = draw(&all, unit(&own, &key), |_| false).unwrap().unwrap();
                assert_eq!(drawn.arm.name, again.arm.name);
            }
        }
    }
}
