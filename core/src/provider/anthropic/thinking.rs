//! How much a model may write and how it shall think: a limit, a budget or an effort, and what of
//! sampling is left then. One plan for all hosts of Claude; [`encode`](super::encode) writes it down.

use super::FAMILY;
use super::models::{Model, Off, Sampling, Thinking as Way};
use super::types::Thinking;
use crate::catalogue;
use crate::chat::Options;
use crate::error::{Error, Result};
use crate::provider::Target;
use crate::provider::told::Told;

/// `max_tokens` where neither the call nor the catalogue names one.
const MOST_TOKENS: i64 = 4096;
/// The least budget the API takes.
const LEAST_BUDGET: i64 = 1024;
/// Budgets for the words of `reasoning_effort`; the quirk `thinking_budgets` overrides them.
const BUDGETS: &[(&str, i64)] = &[
    ("minimal", 1024),
    ("low", 1024),
    ("medium", 2048),
    ("high", 4096),
    ("xhigh", 8192),
    ("max", 16_384),
];

/// The API requires a limit: the model's own where it is known, at this host or at home.
fn most_tokens(target: &Target) -> i64 {
    let model = target.model.split('@').next().unwrap_or_default();
    catalogue::find(&target.provider.preset, &target.model)
        .or_else(|| catalogue::find(FAMILY, model))
        .and_then(|entry| i64::try_from(entry.max_output?).ok())
        .unwrap_or(MOST_TOKENS)
}

/// How the model shall think, and how many tokens it may write.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) thinking: Option<Thinking>,
    pub(super) effort: Option<&'static str>,
    pub(super) max_tokens: i64,
}

impl Plan {
    pub(super) fn thinks(&self) -> bool {
        matches!(
            self.thinking,
            Some(Thinking::Enabled { .. } | Thinking::Adaptive { .. })
        )
    }
}

/// What the call's options come to on this model; `forced` says that a tool must be called.
pub(super) fn plan(
    options: &Options,
    target: &Target,
    model: &Model,
    forced: bool,
    told: &mut Told<'_>,
) -> Result<Plan> {
    let limit = options.token_limit();
    let mut plan = Plan {
        thinking: None,
        effort: None,
        max_tokens: limit.unwrap_or_else(|| most_tokens(target)),
    };
    let effort = options.reasoning_effort.as_deref();
    let budget = options.thinking_budget;
    let param = match (budget, effort) {
        (None, None) => return Ok(plan),
        (Some(_), _) => "thinking_budget",
        (None, Some(_)) => "reasoning_effort",
    };
    if budget == Some(0) || (budget.is_none() && effort == Some("none")) {
        plan.turn_off(model, param, told);
        return Ok(plan);
    }
    let way = match target.provider.quirks.adaptive_thinking {
        Some(true) => Way::Adaptive,
        Some(false) => Way::Budget,
        None => model.thinking,
    };
    let tokens = match (way, budget) {
        (Way::None, _) => {
            told.dropped(param, "this model does not think")?;
            return Ok(plan);
        }
        (Way::Either | Way::Budget, Some(tokens)) if tokens > 0 => {
            if effort.is_some() {
                told.adapted("reasoning_effort", "`thinking_budget` decides");
            }
            tokens
        }
        (Way::Budget, _) => {
            let word = effort.filter(|word| *word != "none").unwrap_or("medium");
            budget_of(word, target, told)?
        }
        (Way::Either | Way::Adaptive, tokens) => {
            if tokens.is_some_and(|tokens| tokens > 0) {
                told.adapted(param, "this model decides itself how long to think");
            }
            // Without `display` the words of the thinking come back empty.
            plan.thinking = Some(Thinking::Adaptive {
                display: "summarized",
            });
            if let Some(word) = effort {
                plan.effort = effort_word(word, model, told)?;
            }
            return Ok(plan);
        }
    };
    if forced {
        told.dropped(param, "a tool is forced, and then this model cannot think")?;
    } else {
        plan.think_within(tokens, limit, param, told)?;
    }
    Ok(plan)
}

impl Plan {
    /// No thinking, or the least there is.
    fn turn_off(&mut self, model: &Model, param: &str, told: &mut Told<'_>) {
        match model.off {
            Off::Omit => {}
            Off::Disabled => self.thinking = Some(Thinking::Disabled),
            Off::BetweenTools => self.thinking = Some(Thinking::BetweenTools),
            Off::Never => {
                told.adapted(param, "this model always thinks; sent as effort `low`");
                self.effort = Some("low");
            }
        }
    }

    /// A budget, which counts inside `max_tokens` and must leave room for an answer.
    fn think_within(
        &mut self,
        mut tokens: i64,
        limit: Option<i64>,
        param: &str,
        told: &mut Told<'_>,
    ) -> Result<()> {
        if tokens < LEAST_BUDGET {
            told.adapted(param, "raised to 1024 tokens, the least the API takes");
            tokens = LEAST_BUDGET;
        }
        match limit {
            None if self.max_tokens <= tokens => {
                self.max_tokens = tokens.saturating_add(MOST_TOKENS);
            }
            Some(limit) if limit <= LEAST_BUDGET => {
                return told.dropped(
                    param,
                    "`max_tokens` leaves no room to think (more than 1024 are needed)",
                );
            }
            Some(limit) if limit <= tokens => {
                told.adapted(
                    param,
                    "lowered to half of `max_tokens`, inside which it counts",
                );
                tokens = (limit / 2).max(LEAST_BUDGET);
            }
            _ => {}
        }
        self.thinking = Some(Thinking::Enabled {
            budget_tokens: tokens,
        });
        Ok(())
    }
}

fn budget_of(word: &str, target: &Target, told: &mut Told<'_>) -> Result<i64> {
    let own = target.provider.quirks.thinking_budgets.get(word);
    if let Some(tokens) = own.and_then(|tokens| i64::try_from(*tokens).ok()) {
        return Ok(tokens);
    }
    match BUDGETS.iter().find(|(known, _)| *known == word) {
        Some((_, tokens)) => Ok(*tokens),
        None => Err(unknown_effort(told)),
    }
}

fn effort_word(word: &str, model: &Model, told: &mut Told<'_>) -> Result<Option<&'static str>> {
    Ok(Some(match word {
        "low" => "low",
        "medium" => "medium",
        "high" => "high",
        "max" => "max",
        "xhigh" if model.xhigh => "xhigh",
        "xhigh" => {
            told.adapted(
                "reasoning_effort",
                "sent as `high`, which this model has next",
            );
            "high"
        }
        "minimal" => {
            told.adapted("reasoning_effort", "sent as `low`, the least the API has");
            "low"
        }
        // With a budget that says to think all the same.
        "none" => return Ok(None),
        _ => return Err(unknown_effort(told)),
    }))
}

fn unknown_effort(told: &Told<'_>) -> Error {
    told.refused(
        "reasoning_effort",
        "it is none of none, minimal, low, medium, high, xhigh and max",
    )
}

pub(super) struct Sampled {
    pub(super) temperature: Option<f64>,
    pub(super) top_p: Option<f64>,
    pub(super) top_k: Option<u64>,
}

pub(super) fn sampling(
    options: &Options,
    model: &Model,
    thinks: bool,
    told: &mut Told<'_>,
) -> Result<Sampled> {
    let mut sampled = Sampled {
        temperature: options.temperature,
        top_p: options.top_p,
        top_k: options.top_k,
    };
    if thinks {
        const WHY: &str = "this model cannot be sampled while it thinks";
        // 1 is what the API itself takes then.
        if sampled.temperature.take_if(|t| *t != 1.0).is_some() {
            told.dropped("temperature", WHY)?;
        }
        if sampled.top_p.take_if(|p| *p < 0.95).is_some() {
            told.dropped("top_p", "while it thinks, this model takes 0.95 to 1 only")?;
        }
        if sampled.top_k.take().is_some() {
            told.dropped("top_k", WHY)?;
        }
    }
    if model.sampling == Sampling::One && sampled.temperature.is_some() && sampled.top_p.is_some() {
        told.dropped(
            "top_p",
            "this model takes `temperature` or `top_p`, not both",
        )?;
        sampled.top_p = None;
    }
    Ok(sampled)
}
