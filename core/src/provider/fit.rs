//! The generic step before encoding: options made to fit what a target can take.
//!
//! What it cannot take is left out with a warning or, where the caller wants it so, refused; values outside its
//! range are clamped; what would change the meaning of the call is always refused. Encoding then writes what is
//! left. Options are copied only where something changes.

use std::borrow::Cow;

use super::{Capability, Support};
use crate::chat::{
    Content, Message, Options, Part, ResponseFormat, Tool, ToolChoice, UnsupportedPolicy, Warning,
};
use crate::error::{Error, ErrorKind, Result};

/// The options as this target gets them, and what the caller should know about it: warnings with the codes
/// `unsupported_parameter` and `clamped_parameter`.
///
/// # Errors
/// `unsupported` with the `param` that the target lacks: where leaving it out would change the meaning of the
/// call, and under [`UnsupportedPolicy::Error`] for everything that would be left out or clamped.
pub fn fit<'a>(
    options: &'a Options,
    messages: &[Message],
    capability: &Capability,
    policy: UnsupportedPolicy,
) -> Result<(Cow<'a, Options>, Vec<Warning>)> {
    fit_messages(messages, capability)?;
    let mut fitting = Fitting {
        options: Cow::Borrowed(options),
        reasoning: match options.reasoning_effort.as_deref() {
            Some(effort) => effort != "none",
            None => options.thinking_budget.is_some_and(|budget| budget != 0),
        },
        capability,
        policy,
        warnings: Vec::new(),
    };
    if policy != options.unsupported.unwrap_or_default() {
        // Dialects find more while they encode, and ask here what to do about it.
        fitting.options.to_mut().unsupported = Some(policy);
    }
    fitting.plain()?;
    fitting.tools()?;
    fitting.response_format()?;
    fitting.unknown();
    Ok((fitting.options, fitting.warnings))
}

struct Fitting<'a, 'c> {
    options: Cow<'a, Options>,
    reasoning: bool,
    capability: &'c Capability,
    policy: UnsupportedPolicy,
    warnings: Vec<Warning>,
}

/// A value that may be outside a range.
trait Measure: Copy {
    fn measure(self) -> f64;
    fn from_measure(measure: f64) -> Self;
}

macro_rules! measures {
    ($($type:ty)+) => {$(
        impl Measure for $type {
            fn measure(self) -> f64 {
                self as f64
            }
            fn from_measure(measure: f64) -> Self {
                measure as $type
            }
        }
    )+};
}
measures!(f64 u64 i64 u32);

/// Handles fields that stand for themselves: of numbers, and of anything else.
macro_rules! fields {
    ($this:ident, numbers: $($number:ident)+, others: $($other:ident)+) => {
        $(
            if let Some(value) = $this.options.$number {
                match $this.capability.in_call(stringify!($number), $this.reasoning) {
                    Support::Carried | Support::Adapted(_) => {}
                    Support::Within(low, high) => {
                        // Not `clamp`, which panics where a configured range is upside down.
                        let fits = value.measure().max(low).min(high);
                        if fits != value.measure() {
                            $this.clamp(stringify!($number), value.measure(), low, high, fits)?;
                            $this.options.to_mut().$number = Some(Measure::from_measure(fits));
                        }
                    }
                    lack => {
                        $this.lack(stringify!($number), lack)?;
                        $this.options.to_mut().$number = None;
                    }
                }
            }
        )+
        $(
            if $this.options.$other.is_some()
                && let lack @ (Support::Dropped | Support::Refused) =
                    $this.capability.in_call(stringify!($other), $this.reasoning)
            {
                $this.lack(stringify!($other), lack)?;
                $this.options.to_mut().$other = None;
            }
        )+
    };
}

impl Fitting<'_, '_> {
    fn plain(&mut self) -> Result<()> {
        fields!(self,
            numbers: temperature top_p top_k frequency_penalty presence_penalty seed top_logprobs thinking_budget n
                max_tokens max_completion_tokens,
            others: logprobs logit_bias reasoning_effort parallel_tool_calls verbosity service_tier prediction
                modalities audio prompt_cache_key safety_identifier web_search_options user);
        if !self.options.stop.is_empty()
            && let lack @ (Support::Dropped | Support::Refused) =
                self.capability.in_call("stop", self.reasoning)
        {
            self.lack("stop", lack)?;
            self.options.to_mut().stop = Vec::new();
        }
        Ok(())
    }

    fn tools(&mut self) -> Result<()> {
        let tools = self.options.tools.as_deref().unwrap_or_default();
        if !tools.is_empty() {
            if let Support::Dropped | Support::Refused = self.capability.of("tools") {
                return Err(refused("tools", "tools"));
            }
            let other = tools.iter().position(|tool| matches!(tool, Tool::Other(_)));
            if let Some(place) = other
                && let Support::Dropped | Support::Refused = self.capability.of("tools.other")
            {
                let param = format!("tools[{place}].type");
                return Err(refused(&param, "tools other than functions"));
            }
        }
        let field = match &self.options.tool_choice {
            None | Some(ToolChoice::Auto) => return Ok(()),
            Some(ToolChoice::None) => "tool_choice.none",
            Some(ToolChoice::Required) => "tool_choice.required",
            Some(ToolChoice::Function(_)) => "tool_choice.function",
            Some(ToolChoice::Other(_)) => "tool_choice.other",
        };
        match self.capability.of(field) {
            Support::Dropped => {
                self.lack("tool_choice", Support::Dropped)?;
                self.options.to_mut().tool_choice = None;
            }
            Support::Refused => return Err(refused("tool_choice", "this `tool_choice`")),
            _ => {}
        }
        Ok(())
    }

    fn response_format(&mut self) -> Result<()> {
        let (field, what) = match &self.options.response_format {
            None | Some(ResponseFormat::Text) => return Ok(()),
            Some(ResponseFormat::JsonObject) => ("response_format.json_object", "`json_object`"),
            Some(ResponseFormat::JsonSchema { .. }) => {
                ("response_format.json_schema", "answers by a JSON schema")
            }
        };
        match self.capability.of(field) {
            Support::Dropped => {
                self.lack("response_format", Support::Dropped)?;
                self.options.to_mut().response_format = None;
            }
            Support::Refused => return Err(refused("response_format", what)),
            _ => {}
        }
        Ok(())
    }

    /// Keys that no option has: for who speaks OpenAI's format they are part of the body, for others not, and
    /// never a reason to fail.
    fn unknown(&mut self) {
        if self.options.unknown.is_empty() {
            return;
        }
        let options = self.options.to_mut();
        let unknown = std::mem::take(&mut options.unknown);
        if let Support::Dropped | Support::Refused = self.capability.of("unknown") {
            self.warnings.extend(unknown.keys().map(|key| {
                let message = format!("no option is called `{key}`; it was left out");
                Warning::param("unknown_parameter", key, message)
            }));
            return;
        }
        for (key, value) in unknown {
            options.extra_body.entry(key).or_insert(value);
        }
    }

    /// A field that the target lacks is about to be left out.
    fn lack(&mut self, field: &str, lack: Support) -> Result<()> {
        if self.says_what_holds_anyway(field) {
            return Ok(());
        }
        if lack == Support::Refused {
            return Err(refused(field, &format!("`{field}`")));
        }
        if self.policy == UnsupportedPolicy::Error {
            let message = format!(
                "the target does not take `{field}`; leave it out, or set `unsupported` to \"warn\""
            );
            return Err(Error::new(ErrorKind::Unsupported, message).with_param(field));
        }
        let message = format!("the target does not take `{field}`; it was left out");
        self.warnings
            .push(Warning::param("unsupported_parameter", field, message));
        Ok(())
    }

    /// Without these values the call means the same.
    fn says_what_holds_anyway(&self, field: &str) -> bool {
        match field {
            "n" => self.options.n == Some(1),
            "logprobs" => self.options.logprobs == Some(false),
            "modalities" => {
                let modalities = self.options.modalities.as_deref().unwrap_or_default();
                modalities.iter().all(|modality| modality == "text")
            }
            _ => false,
        }
    }

    fn clamp(&mut self, field: &str, value: f64, low: f64, high: f64, fits: f64) -> Result<()> {
        let range = format!("`{field}` is {value}, and the target takes {low} to {high}");
        if self.policy == UnsupportedPolicy::Error {
            return Err(Error::new(ErrorKind::Unsupported, range).with_param(field));
        }
        let message = format!("{range}; {fits} was sent");
        self.warnings
            .push(Warning::param("clamped_parameter", field, message));
        Ok(())
    }
}

fn fit_messages(messages: &[Message], capability: &Capability) -> Result<()> {
    for (place, message) in messages.iter().enumerate() {
        let Some(Content::Parts(parts)) = &message.content else {
            continue;
        };
        for (part_place, part) in parts.iter().enumerate() {
            for (field, what) in needs(part).into_iter().flatten() {
                if let Support::Dropped | Support::Refused = capability.of(field) {
                    let param = format!("messages[{place}].content[{part_place}]");
                    return Err(refused(&param, what));
                }
            }
        }
    }
    Ok(())
}

/// What a target must take for a part, in the names of the capability and in words.
fn needs(part: &Part) -> [Option<(&'static str, &'static str)>; 2] {
    match part {
        Part::Text { .. } | Part::Refusal { .. } => [None, None],
        Part::ImageUrl { url, .. } => [
            Some(("content.image_url", "images")),
            (!is_data(url)).then_some(("content.image_url.remote", "images by a remote URL")),
        ],
        Part::InputAudio { .. } => [Some(("content.input_audio", "audio")), None],
        Part::File { file_url, .. } => [
            Some(("content.file", "files")),
            file_url
                .as_deref()
                .filter(|url| !is_data(url))
                .map(|_| ("content.file.remote", "files by a remote URL")),
        ],
        Part::Other(_) => [Some(("content.other", "parts of this type")), None],
    }
}

fn is_data(url: &str) -> bool {
    url.get(..5)
        .is_some_and(|scheme| scheme.eq_ignore_ascii_case("data:"))
}

fn refused(param: &str, what: &str) -> Error {
    let message = format!(
        "the target does not take {what}, and without it the call would mean something else"
    );
    Error::new(ErrorKind::Unsupported, message).with_param(param)
}

#[cfg(test)]
#[path = "fit_tests.rs"]
mod tests;
