//! Calls, tokens and cost, counted in groups.

use serde::{Deserialize, Serialize};

use super::Recording;
use super::filter::{Filter, label_text};
use crate::chat::JsonMap;
use crate::error::{Error, Result};
use crate::nearest::nearest;

/// What calls are grouped by.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum UsageGroup {
    /// The target that served, as `provider/model`.
    Model,
    /// Its provider.
    Provider,
    /// The prompt's slug.
    Prompt,
    /// The campaign's key.
    Campaign,
    /// The campaign's arm.
    Arm,
    /// The project.
    Project,
    /// The value of this label.
    Label(String),
    /// The day the call began, UTC, as `YYYY-MM-DD`.
    Day,
}

impl UsageGroup {
    /// Reads `model`, `provider`, `prompt`, `campaign`, `arm`, `project`, `day` or `label:KEY`.
    ///
    /// # Errors
    /// `invalid_request` about `group_by`.
    pub fn parse(word: &str) -> Result<UsageGroup> {
        if let Some(key) = word.strip_prefix("label:").filter(|key| !key.is_empty()) {
            return Ok(UsageGroup::Label(key.to_owned()));
        }
        Ok(match word {
            "model" => UsageGroup::Model,
            "provider" => UsageGroup::Provider,
            "prompt" => UsageGroup::Prompt,
            "campaign" => UsageGroup::Campaign,
            "arm" => UsageGroup::Arm,
            "project" => UsageGroup::Project,
            "day" => UsageGroup::Day,
            _ => {
                let known = [
                    "model", "provider", "prompt", "campaign", "arm", "project", "day",
                ];
                let hint = match nearest(word, known.iter().copied()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("it is one of {} or label:KEY", known.join(", ")),
                };
                let message = format!("usage cannot be grouped by `{word}`: {hint}");
                return Err(Error::invalid("group_by", message));
            }
        })
    }

    /// The word, which is also the key of its value in a row.
    pub fn word(&self) -> String {
        match self {
            UsageGroup::Model => "model".to_owned(),
            UsageGroup::Provider => "provider".to_owned(),
            UsageGroup::Prompt => "prompt".to_owned(),
            UsageGroup::Campaign => "campaign".to_owned(),
            UsageGroup::Arm => "arm".to_owned(),
            UsageGroup::Project => "project".to_owned(),
            UsageGroup::Label(key) => format!("label:{key}"),
            UsageGroup::Day => "day".to_owned(),
        }
    }

    /// A recording's group; `None` where it has none.
    pub(crate) fn of(&self, recording: &Recording) -> Option<String> {
        let campaign = recording.campaign.as_ref();
        match self {
            UsageGroup::Model => recording.model.clone(),
            UsageGroup::Provider => recording.provider.clone(),
            UsageGroup::Prompt => recording.prompt.as_ref().map(|prompt| prompt.slug.clone()),
            UsageGroup::Campaign => campaign.map(|campaign| campaign.key.clone()),
            UsageGroup::Arm => campaign.map(|campaign| campaign.arm.clone()),
            UsageGroup::Project => recording.project.clone(),
            UsageGroup::Label(key) => recording.labels.get(key).map(label_text),
            UsageGroup::Day => Some(day(recording.created_ms)),
        }
    }
}

/// The UTC day of a Unix time in milliseconds, as `YYYY-MM-DD`.
pub(crate) fn day(unix_ms: i64) -> String {
    // Civil date of a day count, by eras of 400 years that start on 1 March.
    let days = unix_ms.div_euclid(86_400_000) + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

/// Which calls are counted, and in which groups.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct UsageQuery {
    /// The groups, at most 16; none gives one row over everything.
    pub group_by: Vec<UsageGroup>,
    /// Which recordings.
    pub filter: Filter,
}

/// Most groups of one query.
const MOST_GROUPS: usize = 16;

impl UsageQuery {
    /// What every store refuses.
    pub(super) fn check(&self) -> Result<()> {
        if self.group_by.len() > MOST_GROUPS {
            let message = format!("usage is grouped by at most {MOST_GROUPS} words");
            return Err(Error::invalid("group_by", message));
        }
        self.filter.check()
    }
}

/// The calls of one group.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct UsageRow {
    /// The words of `group_by` to the group's values; null where the calls have none.
    pub group: JsonMap,
    /// Calls, whether they succeeded or not.
    pub calls: u64,
    /// Calls that failed. Calls broken off by their caller are not among them.
    pub errors: u64,
    /// Calls whose provider gave token counts. The sums below are over these.
    pub metered_calls: u64,
    /// Tokens of the requests.
    pub prompt_tokens: u64,
    /// Tokens of the answers.
    pub completion_tokens: u64,
    /// Both together.
    pub total_tokens: u64,
    /// Known cost, a sum a currency. Empty where no cost is known.
    pub cost: Vec<CostTotal>,
}

/// The known cost of some calls in one currency.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct CostTotal {
    /// ISO 4217.
    pub currency: String,
    /// The sum.
    pub amount: f64,
    /// How many calls it covers. The cost of the others is unknown, not 0.
    pub calls: u64,
}
