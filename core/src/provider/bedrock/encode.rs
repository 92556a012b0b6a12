//! A call as a Converse request: where it goes, sampling, reasoning. Messages are [`turns`](super::turns)' work,
//! tools and formats [`tools`](super::tools)'.

use http::HeaderValue;
use http::header::ACCEPT;
use serde_json::json;

use super::models::{Family, Thinking, TopK, family};
use super::tools::{Asked, Tools, tools};
use super::turns::conversation;
use super::types::{Inference, Metadata, Request, Tier};
use crate::chat::{JsonMap, Options, ToolChoice, Warning};
use crate::error::{Error, ErrorKind, Result};
use crate::provider::anthropic::claude;
use crate::provider::told::Told;
use crate::provider::{Call, Provider, body, request, url};
use crate::transport::HttpRequest;

/// The request, without credentials.
pub(super) fn encode(call: Call<'_>, warnings: &mut Vec<Warning>) -> Result<HttpRequest> {
    let options = call.options;
    let mut told = Told::new(call, warnings);
    let (family, name) = family(call.target);
    let conversation = conversation(call, family, &mut told)?;
    let plan = plan(call, family, name, &mut told)?;
    let Tools { config, output } = tools(
        &Asked {
            options,
            family,
            name,
            called: conversation.called,
            thinks: plan.thinks,
        },
        &mut told,
    )?;
    if options.parallel_tool_calls == Some(false) {
        told.dropped(
            "parallel_tool_calls",
            "Converse cannot hold a model to one call",
        )?;
    }
    let wire = Request {
        system: conversation.system,
        messages: conversation.turns,
        inference_config: plan.inference,
        tool_config: config,
        additional_model_request_fields: plan.fields,
        output_config: output,
        request_metadata: metadata(options, &mut told)?,
        service_tier: options
            .service_tier
            .as_deref()
            .filter(|tier| *tier != "auto")
            .map(|kind| Tier { kind }),
    };
    let bytes = serde_json::to_vec(&wire).map_err(|error| {
        Error::new(ErrorKind::Internal, "the request cannot be written as JSON").with_source(error)
    })?;
    let bytes = body::merge(bytes, &options.extra_body)?;
    let mut request = request::request(place(call)?, call, bytes)?;
    if call.stream {
        const FRAMES: HeaderValue = HeaderValue::from_static("application/vnd.amazon.eventstream");
        request.headers.insert(ACCEPT, FRAMES);
    }
    Ok(request)
}

/// Where the call goes.
fn place(call: Call<'_>) -> Result<String> {
    let provider = &call.target.provider;
    let model = url::segment(&call.target.model, "model")?;
    let verb = match call.stream {
        true => "converse-stream",
        false => "converse",
    };
    let path = format!("model/{model}/{verb}");
    if !provider.base_url.is_empty() {
        return Ok(url::join(&provider.base_url, &path, ""));
    }
    let region = region(provider)?;
    Ok(format!(
        "https://bedrock-runtime.{region}.amazonaws.com/{path}"
    ))
}

/// The region of a provider: configured, or told by the host's name.
pub(super) fn region(provider: &Provider) -> Result<&str> {
    let host = provider.base_url.split_once("://").map(|(_, host)| host);
    let of_host = host.and_then(|host| {
        let (_, rest) = host.split_once("bedrock-runtime")?;
        rest.split_once(".amazonaws.com")?.0.rsplit('.').next()
    });
    let given = provider
        .region
        .as_deref()
        .filter(|region| !region.is_empty());
    let Some(region) = given.or(of_host).filter(|region| !region.is_empty()) else {
        let message = format!(
            "provider `{}` has no `region`: set it, or the environment variable AWS_REGION",
            provider.name
        );
        return Err(Error::new(ErrorKind::ConfigError, message)
            .with_param("region")
            .with_detail("env", "AWS_REGION"));
    };
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if !region.bytes().all(fits) {
        let message = format!(
            "`region` of provider `{}` is no AWS region; one looks like `us-east-1`",
            provider.name
        );
        return Err(Error::new(ErrorKind::ConfigError, message).with_param("region"));
    }
    Ok(region)
}

/// How the model shall sample and reason.
struct Plan<'a> {
    inference: Inference<'a>,
    /// What goes past Converse to the model.
    fields: JsonMap,
    thinks: bool,
}

fn plan<'a>(call: Call<'a>, family: &Family, name: &str, told: &mut Told<'_>) -> Result<Plan<'a>> {
    let options = call.options;
    let mut plan = Plan {
        inference: Inference {
            max_tokens: options.token_limit(),
            temperature: options.temperature,
            top_p: options.top_p,
            stop_sequences: &options.stop,
        },
        fields: JsonMap::new(),
        thinks: false,
    };
    let mut top_k = options.top_k;
    match family.thinking(name) {
        Thinking::Claude => top_k = claude_plan(&mut plan, call, told)?,
        form => plain_plan(&mut plan, options, form, told)?,
    }
    if let Some(top_k) = top_k {
        match family.top_k {
            // The generic step has told the caller.
            TopK::None => {}
            TopK::Plain => {
                plan.fields.insert("top_k".into(), top_k.into());
            }
            TopK::Inference => {
                let nested = json!({ "topK": top_k });
                plan.fields.insert("inferenceConfig".into(), nested);
            }
        }
    }
    Ok(plan)
}

/// Claude thinks and samples here as at its maker's, past Converse.
fn claude_plan(plan: &mut Plan<'_>, call: Call<'_>, told: &mut Told<'_>) -> Result<Option<u64>> {
    let forced = matches!(
        call.options.tool_choice,
        Some(ToolChoice::Required | ToolChoice::Function(_))
    );
    let asked = claude::ask(call, forced, told)?;
    if let Some(thinking) = asked.thinking {
        plan.fields.insert("thinking".into(), thinking);
    }
    if let Some(effort) = asked.effort {
        let config = json!({ "effort": effort });
        plan.fields.insert("output_config".into(), config);
    }
    plan.thinks = asked.thinks;
    plan.inference.temperature = asked.temperature;
    plan.inference.top_p = asked.top_p;
    Ok(asked.top_k)
}

/// Efforts of the other makers, which know three words or two.
fn plain_plan(
    plan: &mut Plan<'_>,
    options: &Options,
    form: Thinking,
    told: &mut Told<'_>,
) -> Result<()> {
    const PARAM: &str = "reasoning_effort";
    let Some(effort) = options.reasoning_effort.as_deref() else {
        return Ok(());
    };
    if matches!(form, Thinking::None | Thinking::Claude) {
        return Ok(());
    }
    if effort == "none" && form != Thinking::Nova {
        return told.dropped(PARAM, "this model always reasons");
    }
    let word = match (effort, form) {
        ("none", _) => "none",
        ("minimal" | "low", _) => "low",
        ("medium", Thinking::Config) => "high",
        ("medium", _) => "medium",
        ("high" | "xhigh" | "max", _) => "high",
        _ => {
            let why = "it is none of none, minimal, low, medium, high, xhigh and max";
            return Err(told.refused(PARAM, why));
        }
    };
    if word != effort {
        told.adapted(
            PARAM,
            &format!("sent as `{word}`, which this model has next"),
        );
    }
    let (key, value) = match form {
        Thinking::Effort => ("reasoning_effort", json!(word)),
        Thinking::Config => ("reasoning_config", json!(word)),
        _ if word == "none" => ("reasoningConfig", json!({ "type": "disabled" })),
        _ => (
            "reasoningConfig",
            json!({ "type": "enabled", "maxReasoningEffort": word }),
        ),
    };
    plan.thinks = word != "none";
    plan.fields.insert(key.into(), value);
    Ok(())
}

/// The end user, where Bedrock's logs can hold the name.
fn metadata<'a>(options: &'a Options, told: &mut Told<'_>) -> Result<Option<Metadata<'a>>> {
    let Some(user) = options.user.as_deref() else {
        return Ok(None);
    };
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b" :_@$#=/+,-.".contains(&byte);
    if user.len() > 256 || !user.bytes().all(fits) {
        let why = "`requestMetadata` holds at most 256 letters, digits, blanks and :_@$#=/+,-.";
        told.dropped("user", why)?;
        return Ok(None);
    }
    Ok(Some(Metadata { user }))
}
