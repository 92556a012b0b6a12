//! What Claude takes wherever it is served, for dialects that put it behind a format of their own.
//! The rules are this dialect's; only the places in the request differ.

use serde_json::{Value, json};

use crate::error::Result;
use crate::provider::Call;
use crate::provider::told::Told;

use super::models::{Model, Sampling, Thinking};
use super::{schema, thinking};

/// Options as Claude takes them.
#[derive(Debug)]
pub(crate) struct Asked {
    /// The value of `thinking`.
    pub(crate) thinking: Option<Value>,
    /// The value of `output_config.effort`.
    pub(crate) effort: Option<&'static str>,
    /// The model thinks first.
    pub(crate) thinks: bool,
    pub(crate) temperature: Option<f64>,
    pub(crate) top_p: Option<f64>,
    pub(crate) top_k: Option<u64>,
}

/// Fits a call's thinking and sampling to its model; `forced` says that a tool must be called.
pub(crate) fn ask(call: Call<'_>, forced: bool, told: &mut Told<'_>) -> Result<Asked> {
    let model = Model::of(&call.target.model);
    let plan = thinking::plan(call.options, call.target, &model, forced, told)?;
    let thinks = plan.thinks();
    let sampled = thinking::sampling(call.options, &model, thinks, told)?;
    let mut thinking = plan.thinking.map(|thinking| json!(thinking));
    // These models show their thinking unasked, and hosts with an older schema know no `display`.
    if let (Thinking::Either, Some(Value::Object(thinking))) = (model.thinking, &mut thinking) {
        thinking.remove("display");
    }
    Ok(Asked {
        thinking,
        effort: plan.effort,
        thinks,
        temperature: sampled.temperature,
        top_p: sampled.top_p,
        top_k: sampled.top_k,
    })
}

/// Whether the model of this name takes `temperature` and its kin.
pub(crate) fn is_sampled(name: &str) -> bool {
    Model::of(name).sampling != Sampling::None
}

/// Whether the model of this name can be made to call a tool.
pub(crate) fn can_be_forced(name: &str) -> bool {
    Model::of(name).forced_tool
}

/// A schema as it can be enforced, and the keywords that are only told to the model.
pub(crate) fn fit_schema(schema: &Value, param: &str) -> Result<(Value, Vec<String>)> {
    schema::fit(schema, param)
}
