//! The result classes: frozen, over the core's nouns, with the wire's names as attributes.
//!
//! `show.rs` gives them their common body; a field of a noun becomes an attribute by being named here.

use std::slice::from_ref;

use pyo3::prelude::*;
use pyo3::types::PyTuple;
use serde_json::{Value, json};
use slugline::{chat, compose, engine, prompt, store};

use crate::show::noun;

noun! {
    /// A whole answer: an OpenAI `chat.completion`, with the facts about the call in `meta`.
    ChatCompletion of chat::ChatCompletion, pickled {
        id, created, model, system_fingerprint, service_tier, session_id, extra,
    }
    first {
        usage: Usage = |completion| completion.usage.as_slice(),
        meta: Meta = |completion| from_ref(&completion.meta),
    }
    lists { choices: Choice }
    also {
        /// Always `chat.completion`.
        #[getter]
        fn object(&self) -> &'static str {
            "chat.completion"
        }

        /// The first choice's text, `""` where there is none.
        #[getter]
        fn text(&self) -> String {
            self.part.get().text()
        }

        /// The first choice's tool calls.
        #[getter]
        fn tool_calls(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
            match self.choices(py)?.bind(py).get_item(0) {
                Ok(choice) => Ok(choice.getattr("message")?.getattr("tool_calls")?.unbind()),
                Err(_) => Ok(PyTuple::empty(py).into_any().unbind()),
            }
        }

        fn _repr_markdown_(&self) -> String {
            self.part.get().text()
        }
    }
}

noun! {
    /// One choice of an answer.
    Choice of chat::Choice, pickled {
        index, finish_reason, native_finish_reason, completion_id, model, extra,
    }
    first {
        message: Message = |choice| from_ref(&choice.message),
        logprobs: Logprobs = |choice| choice.logprobs.as_slice(),
    }
}

noun! {
    /// What a model said, or a message of a rendered prompt. It may go into the `messages` of a call as it is.
    Message of chat::Message, pickled {
        role, content, id, name, tool_call_id, refusal, reasoning_content, annotations, audio,
        metadata, completion_id, provider_state, extra,
    }
    first { function_call: FunctionCall = |message| message.function_call.as_slice() }
    lists { tool_calls: ToolCall }
    also {
        /// The text of the content, parts joined; `""` where there is none.
        #[getter]
        fn text(&self) -> String {
            self.part.get().text()
        }
    }
}

noun! {
    /// A call the model makes.
    ToolCall of chat::ToolCall, pickled { id, extra }
    first { function: FunctionCall = |call| from_ref(&call.function) }
    also {
        /// Always `function`.
        #[getter]
        fn r#type(&self) -> &'static str {
            "function"
        }
    }
}

noun! {
    /// Name and arguments of a call; the arguments as JSON text, exactly as the model wrote them.
    FunctionCall of chat::FunctionCall, pickled { name, arguments }
}

noun! {
    /// Token counts. Prompt tokens include cached ones, completion tokens include reasoning.
    Usage of chat::Usage, pickled {
        prompt_tokens, completion_tokens, total_tokens, cache_creation_input_tokens,
        cache_read_input_tokens, extra,
    }
    first {
        prompt_tokens_details: PromptTokensDetails = |usage| usage.prompt_tokens_details.as_slice(),
        completion_tokens_details: CompletionTokensDetails =
            |usage| usage.completion_tokens_details.as_slice(),
    }
}

noun! {
    /// Parts of the prompt tokens.
    PromptTokensDetails of chat::PromptTokensDetails, pickled { cached_tokens, audio_tokens }
}

noun! {
    /// Parts of the completion tokens.
    CompletionTokensDetails of chat::CompletionTokensDetails, pickled {
        reasoning_tokens, audio_tokens, accepted_prediction_tokens, rejected_prediction_tokens,
    }
}

noun! {
    /// Log probabilities of a choice.
    Logprobs of chat::Logprobs, pickled {}
    maybe_lists { content: TokenLogprob, refusal: TokenLogprob }
}

noun! {
    /// Log probability of one token.
    TokenLogprob of chat::TokenLogprob, pickled { token, logprob, bytes }
    lists { top_logprobs: TopLogprob }
}

noun! {
    /// A likely token.
    TopLogprob of chat::TopLogprob, pickled { token, logprob, bytes }
}

noun! {
    /// How an answer came about.
    Meta of chat::Meta, pickled { provider, model, provider_model, recording_id }
    first {
        prompt: PromptRef = |meta| meta.prompt.as_slice(),
        campaign: CampaignRef = |meta| meta.campaign.as_slice(),
        timing: Timing = |meta| from_ref(&meta.timing),
        cost: Cost = |meta| meta.cost.as_slice(),
    }
    lists { attempts: Attempt, warnings: Warning }
}

noun! {
    /// One attempt against one target.
    Attempt of chat::Attempt, pickled {
        provider, model, outcome, status, code, wait_ms, duration_ms, request_id,
    }
}

noun! {
    /// Which stored prompt was run.
    PromptRef of chat::PromptRef, pickled { slug, version, environment, variant, hash }
}

noun! {
    /// Which arm of which campaign served.
    CampaignRef of chat::CampaignRef, pickled { key, arm }
}

noun! {
    /// Durations in milliseconds.
    Timing of chat::Timing, pickled { queue_ms, ttft_ms, total_ms }
}

noun! {
    /// What a call cost.
    Cost of chat::Cost, pickled { amount, currency, source }
}

noun! {
    /// Something to know about a call that went through.
    Warning of chat::Warning, pickled { code, param, message }
}

noun! {
    /// A choice of a chunk.
    ChunkChoice of chat::ChunkChoice {
        index, finish_reason, native_finish_reason, completion_id,
    }
    first {
        delta: ChunkDelta = |choice| from_ref(&choice.delta),
        logprobs: Logprobs = |choice| choice.logprobs.as_slice(),
    }
}

noun! {
    /// What is new in a choice.
    ChunkDelta of chat::ChunkDelta {
        role, content, refusal, reasoning_content, annotations, audio, provider_state,
    }
    lists { tool_calls: ToolCallDelta }
}

noun! {
    /// A piece of a tool call: `id` and the function's name come with the first one.
    ToolCallDelta of chat::ToolCallDelta; json = call_piece { index, id }
    first { function: FunctionDelta = from_ref }
    also {
        /// `function` on the first piece.
        #[getter]
        fn r#type(&self) -> Option<&'static str> {
            self.part.get().id.as_ref().map(|_| "function")
        }
    }
}

noun! {
    /// The next piece of a call's arguments, `""` where there is none.
    FunctionDelta of chat::ToolCallDelta; json = function_piece { name, arguments }
}

noun! {
    /// A stored prompt with its variables filled in: what would be sent, without sending it.
    RenderedPrompt of compose::RenderedPrompt { params }
    first { prompt: PromptRef = |rendered| rendered.prompt.as_slice() }
    lists { messages: Message, warnings: Warning }
}

noun! {
    /// A request as it would go to a provider, secrets replaced by `[redacted]`.
    ProviderRequest of engine::ProviderRequest { method, url, headers, body, model }
    lists { warnings: Warning }
}

noun! {
    /// What is known of a stored prompt.
    PromptInfo of prompt::PromptInfo {
        slug, description, file, versions, version, hash, schema, variables, source, problem,
    }
    lists { environments: EnvironmentInfo, variants: VariantInfo }
}

noun! {
    /// An environment of a prompt, and the version it points at.
    EnvironmentInfo of prompt::EnvironmentInfo { name, version }
}

noun! {
    /// A variant of a prompt, and its weight in the draw.
    VariantInfo of prompt::VariantInfo { name, weight, description }
}

noun! {
    /// What was kept of one call.
    Recording of store::Recording, pickled {
        id, created_ms, session_id, completion_ids, project, requested_models, model, provider,
        provider_model, stream, finish_reason, error_code, labels, tags, request, variables,
    }
    first {
        prompt: PromptRef = |recording| recording.prompt.as_slice(),
        campaign: CampaignRef = |recording| recording.campaign.as_slice(),
        timing: Timing = |recording| from_ref(&recording.timing),
        usage: Usage = |recording| recording.usage.as_slice(),
        cost: Cost = |recording| recording.cost.as_slice(),
    }
    lists { attempts: Attempt, warnings: Warning, feedback: Feedback }
    maybe_lists { answer: Choice }
}

noun! {
    /// A page of recordings, newest first.
    RecordingPage of store::Page, pickled { next_cursor }
    lists { recordings: Recording }
}

noun! {
    /// What was said of an answer.
    Feedback of store::Feedback, pickled {
        id, created_ms, completion_id, metric, value, comment, user_id,
    }
}

noun! {
    /// Calls, tokens and cost of one group.
    UsageRow of store::UsageRow, pickled {
        group, calls, errors, metered_calls, prompt_tokens, completion_tokens, total_tokens,
    }
    lists { cost: CostTotal }
}

noun! {
    /// The known cost of some calls in one currency.
    CostTotal of store::CostTotal, pickled { currency, amount, calls }
}

noun! {
    /// What a campaign found so far.
    CampaignReport of store::CampaignReport, pickled { campaign, metric, goal }
    lists { arms: ArmReport, comparisons: Comparison }
}

noun! {
    /// The figures of one arm.
    ArmReport of store::ArmReport, pickled {
        arm, calls, errors, mean_latency_ms, metered_calls, prompt_tokens, completion_tokens,
        total_tokens, metric_count, metric_mean, metric_low, metric_high,
    }
    lists { cost: CostTotal }
}

noun! {
    /// How the metric differs between two arms.
    Comparison of store::Comparison, pickled {
        arm, other, difference, low, high, p_value, p_value_adjusted, test,
    }
}

fn function_piece(piece: &chat::ToolCallDelta) -> PyResult<Value> {
    Ok(match &piece.name {
        Some(name) => json!({"name": name, "arguments": piece.arguments}),
        None => json!({"arguments": piece.arguments}),
    })
}

/// As it stands in the JSON of a chunk.
fn call_piece(piece: &chat::ToolCallDelta) -> PyResult<Value> {
    let function = function_piece(piece)?;
    Ok(match &piece.id {
        Some(id) => {
            json!({"index": piece.index, "id": id, "type": "function", "function": function})
        }
        None => json!({"index": piece.index, "function": function}),
    })
}
