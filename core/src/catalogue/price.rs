//! List prices, and what an answer costs by them.

use serde::Deserialize;

use crate::chat::{Cost, Usage};

/// A price with the time and the tier of service it is for. Amounts are US dollars per million tokens.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
pub struct Price {
    /// Days since 1970-01-01 (UTC) on which it began; absent: it always held.
    #[serde(rename = "s")]
    pub first_day: Option<i64>,
    /// Minutes of the UTC day, from and to, between which it holds each day.
    #[serde(rename = "h")]
    pub minutes: Option<(u16, u16)>,
    /// The tier of service it is for: `flex` or `priority`; its rates stand over the ordinary ones.
    #[serde(rename = "t")]
    pub tier: Option<String>,
    /// What is counted.
    #[serde(flatten)]
    pub rates: Rates,
    /// Other rates, for all tokens of a call whose request is longer than so many tokens.
    #[serde(rename = "x", default)]
    pub over: Vec<(u64, Rates)>,
}

/// Rates by kind of token; absent ones are unknown.
#[derive(Debug, Clone, Copy, PartialEq, Default, Deserialize)]
pub struct Rates {
    /// Of the request.
    #[serde(rename = "i")]
    pub input: Option<f64>,
    /// Of the answer.
    #[serde(rename = "o")]
    pub output: Option<f64>,
    /// Read from the host's cache; absent: as the rest of the request.
    #[serde(rename = "r")]
    pub cache_read: Option<f64>,
    /// Written to the host's cache; absent: as the rest of the request.
    #[serde(rename = "w")]
    pub cache_write: Option<f64>,
    /// Written to the host's cache for an hour.
    #[serde(rename = "l")]
    pub cache_write_hour: Option<f64>,
    /// Audio of the request.
    #[serde(rename = "ia")]
    pub input_audio: Option<f64>,
    /// Audio of the answer.
    #[serde(rename = "oa")]
    pub output_audio: Option<f64>,
    /// Audio read from the host's cache.
    #[serde(rename = "ra")]
    pub cached_audio: Option<f64>,
    /// Per thousand requests.
    #[serde(rename = "q")]
    pub requests: Option<f64>,
}

impl Rates {
    /// These rates, and those of `under` where they say nothing.
    fn over(self, under: Rates) -> Rates {
        Rates {
            input: self.input.or(under.input),
            output: self.output.or(under.output),
            cache_read: self.cache_read.or(under.cache_read),
            cache_write: self.cache_write.or(under.cache_write),
            cache_write_hour: self.cache_write_hour.or(under.cache_write_hour),
            input_audio: self.input_audio.or(under.input_audio),
            output_audio: self.output_audio.or(under.output_audio),
            cached_audio: self.cached_audio.or(under.cached_audio),
            requests: self.requests.or(under.requests),
        }
    }
}

impl Price {
    fn holds(&self, day: i64, minute: i64) -> bool {
        let began = self.first_day.is_none_or(|first| day >= first);
        let in_hours = self.minutes.is_none_or(|(from, to)| {
            let (from, to) = (i64::from(from), i64::from(to));
            if from <= to {
                (from..to).contains(&minute)
            } else {
                minute >= from || minute < to
            }
        });
        began && in_hours
    }

    fn rates_for(&self, prompt_tokens: u64) -> Rates {
        let over = self.over.iter().rev();
        let longer = over.filter(|(start, _)| prompt_tokens > *start);
        longer
            .fold(Rates::default(), |rates, (_, more)| rates.over(*more))
            .over(self.rates)
    }
}

/// What an answer costs by list prices; `None` where that is not known, never 0 for unknown.
///
/// `tier` is the tier of service that the answer names, `at` the time of the call in Unix seconds.
pub fn cost(prices: &[Price], usage: &Usage, tier: Option<&str>, at: i64) -> Option<Cost> {
    let (day, minute) = (at.div_euclid(86_400), at.rem_euclid(86_400) / 60);
    let last = |tier: Option<&str>| {
        prices
            .iter()
            .rev()
            .find(|price| price.tier.as_deref() == tier && price.holds(day, minute))
    };
    // Before the first date on record, the first price is the nearest that is known.
    let standard = last(None).or_else(|| prices.iter().find(|price| price.tier.is_none()))?;
    let rates = standard.rates_for(usage.prompt_tokens);
    let rates = match tier {
        None | Some("" | "auto" | "default" | "standard" | "standard_only" | "on_demand") => rates,
        tier => last(tier)?.rates_for(usage.prompt_tokens).over(rates),
    };
    let amount = amount(&rates, usage)?;
    Some(Cost {
        // Sums of decimal fractions: beyond a millionth of a millionth there is only rounding.
        amount: (amount * 1e12).round() / 1e12,
        currency: "USD".to_owned(),
        source: "catalogue".to_owned(),
    })
}

fn amount(rates: &Rates, usage: &Usage) -> Option<f64> {
    let prompt = usage.prompt_tokens_details.unwrap_or_default();
    let completion = usage.completion_tokens_details.unwrap_or_default();
    let read = usage
        .cache_read_input_tokens
        .or(prompt.cached_tokens)
        .unwrap_or(0);
    let write = usage.cache_creation_input_tokens.unwrap_or(0);
    let write_hour = hour_tokens(usage).min(write);
    let (heard, spoken) = (
        prompt.audio_tokens.unwrap_or(0),
        completion.audio_tokens.unwrap_or(0),
    );
    if heard > 0 && read > 0 {
        // Which of the cached tokens were audio is not said, and their rates differ.
        return None;
    }
    let said = usage
        .prompt_tokens
        .saturating_sub(read.saturating_add(write).saturating_add(heard));
    let sum = [
        (said, rates.input),
        (read, rates.cache_read.or(rates.input)),
        (write - write_hour, rates.cache_write.or(rates.input)),
        (write_hour, rates.cache_write_hour),
        (heard, rates.input_audio),
        (usage.completion_tokens.saturating_sub(spoken), rates.output),
        (spoken, rates.output_audio),
    ];
    let mut amount = rates.requests.unwrap_or(0.0) / 1e3;
    for (tokens, rate) in sum {
        if tokens > 0 {
            amount += tokens as f64 * rate? / 1e6;
        }
    }
    Some(amount)
}

/// The tokens written to Anthropic's cache for an hour, where the answer tells them apart.
fn hour_tokens(usage: &Usage) -> u64 {
    usage
        .extra
        .get("cache_creation")
        .and_then(|parts| parts.get("ephemeral_1h_input_tokens"))
        .and_then(serde_json::Value::as_u64)
        .unwrap_or(0)
}

#[cfg(test)]
#[path = "price_tests.rs"]
mod tests;
