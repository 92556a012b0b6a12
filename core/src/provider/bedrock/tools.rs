//! Tools, which of them must be called, and the format of the answer, which some models give only as the call
//! of a tool.

use std::borrow::Cow;

use serde_json::{Value, json};

use super::ANSWER_TOOL;
use super::models::{Caching, Family};
use super::turns::cache_point;
use super::types::{Choice, Schema, Tool as WireTool, ToolConfig, ToolSpec};
use crate::chat::{CacheMode, FunctionDefinition, Options, ResponseFormat, Tool, ToolChoice};
use crate::error::{Error, Result};
use crate::provider::anthropic::claude;
use crate::provider::told::Told;

/// `toolConfig` and `outputConfig` of a request.
#[derive(Debug, Default)]
pub(super) struct Tools<'a> {
    pub(super) config: Option<ToolConfig<'a>>,
    pub(super) output: Option<Value>,
}

/// What the options are asked about.
pub(super) struct Asked<'a, 'n> {
    pub(super) options: &'a Options,
    pub(super) family: &'static Family,
    /// The model's name in its family.
    pub(super) name: &'n str,
    /// Functions that the conversation has called.
    pub(super) called: Vec<&'a str>,
    /// The model reasons first, and then cannot be forced.
    pub(super) thinks: bool,
}

/// Builds both. Errors are `invalid_request` about a definition, or `unsupported` where the model lacks what
/// the call would mean.
pub(super) fn tools<'a>(asked: &Asked<'a, '_>, told: &mut Told<'_>) -> Result<Tools<'a>> {
    let mut tools = Tools::default();
    let mut specs = definitions(asked, told)?;
    let has_tools = !specs.is_empty();
    let mut choice = choice(asked).filter(|_| has_tools);
    if matches!(asked.options.tool_choice, Some(ToolChoice::None)) {
        if asked.called.is_empty() {
            specs.clear();
        } else if has_tools {
            told.adapted(
                "tool_choice",
                "the conversation has calls, so the tools must be declared; the model is not held back",
            );
        }
        choice = None;
    }
    if specs.is_empty() {
        // Calls in the conversation are refused without the tools they are of.
        specs = undeclared(&asked.called, told);
    }
    if let Some(schema) = answer_schema(asked, &mut tools, told)? {
        choice = Some(
            match has_tools && asked.options.tool_choice != Some(ToolChoice::None) {
                true => Choice::Any {},
                false => Choice::Tool { name: ANSWER_TOOL },
            },
        );
        specs.push(WireTool::ToolSpec(ToolSpec {
            name: ANSWER_TOOL,
            description: Some("Give the final answer, in this form."),
            input_schema: Schema { json: schema },
            strict: None,
        }));
    }
    if !specs.is_empty() {
        tools.config = Some(ToolConfig {
            tools: specs,
            tool_choice: choice,
        });
    }
    Ok(tools)
}

fn definitions<'a>(asked: &Asked<'a, '_>, told: &mut Told<'_>) -> Result<Vec<WireTool<'a>>> {
    let given = asked.options.tools.as_deref().unwrap_or_default();
    let marks =
        asked.options.cache != Some(CacheMode::Off) && asked.family.caching == Caching::Tools;
    let mut specs = Vec::with_capacity(given.len() + 1);
    for (place, tool) in given.iter().enumerate() {
        let (function, mark) = match tool {
            Tool::Function {
                function,
                cache_control,
            } => (function, cache_control),
            // Resolved before encoding: what is still a switch is off.
            Tool::Switch { .. } => continue,
            Tool::Other(raw) => {
                let kind = raw.get("type").and_then(Value::as_str).unwrap_or_default();
                let why = format!("Converse has no tools of type `{kind}`");
                return Err(told.refused(&format!("tools[{place}]"), &why));
            }
        };
        specs.push(definition(asked, function, place, told)?);
        if let Some(mark) = mark.as_ref().filter(|_| marks) {
            specs.push(WireTool::CachePoint(cache_point(mark, asked.family)));
        }
    }
    Ok(specs)
}

fn definition<'a>(
    asked: &Asked<'a, '_>,
    function: &'a FunctionDefinition,
    place: usize,
    told: &mut Told<'_>,
) -> Result<WireTool<'a>> {
    let path = format!("tools[{place}].function");
    if function.name == ANSWER_TOOL {
        let param = format!("{path}.name");
        let message = format!(
            "`{param}` is the name under which this provider gives answers in a schema; take another"
        );
        return Err(Error::invalid(param, message));
    }
    let mut strict = function.strict.filter(|strict| *strict);
    if strict.is_some() && !asked.family.has_schemas(asked.name) {
        told.dropped("tools.function.strict", "this model has no strict tools")?;
        strict = None;
    }
    let param = format!("{path}.parameters");
    let mut json = parameters(function, &param)?;
    if strict.is_some() {
        let (fitted, unenforced) = claude::fit_schema(&json, &param)?;
        tell_unenforced("tools.function.parameters", &unenforced, told);
        json = Cow::Owned(fitted);
    }
    let words = function.description.as_deref();
    Ok(WireTool::ToolSpec(ToolSpec {
        name: &function.name,
        description: words.filter(|words| !words.trim().is_empty()),
        input_schema: Schema { json },
        strict,
    }))
}

fn no_parameters<'a>() -> Cow<'a, Value> {
    Cow::Owned(json!({"type": "object", "properties": {}}))
}

fn parameters<'a>(function: &'a FunctionDefinition, param: &str) -> Result<Cow<'a, Value>> {
    let Some(schema) = function
        .parameters
        .as_ref()
        .filter(|value| !value.is_null())
    else {
        return Ok(no_parameters());
    };
    match schema.as_object().map(|map| (map.get("type"), map)) {
        Some((Some(Value::String(kind)), _)) if kind == "object" => Ok(Cow::Borrowed(schema)),
        Some((None, map)) if map.is_empty() => Ok(no_parameters()),
        Some((None, map)) => {
            let mut typed = map.clone();
            typed.shift_insert(0, "type".into(), "object".into());
            Ok(Cow::Owned(Value::Object(typed)))
        }
        _ => {
            let message = format!("`{param}` must be a JSON Schema with `\"type\": \"object\"`");
            Err(Error::invalid(param, message))
        }
    }
}

/// The choice, where the model knows one at all; a forced one that it does not know is refused before.
fn choice<'a>(asked: &Asked<'a, '_>) -> Option<Choice<'a>> {
    match &asked.options.tool_choice {
        Some(ToolChoice::Auto) if asked.family.tool_choice => Some(Choice::Auto {}),
        Some(ToolChoice::Required) => Some(Choice::Any {}),
        Some(ToolChoice::Function(name)) => Some(Choice::Tool { name }),
        _ => None,
    }
}

/// Open declarations of what the conversation has called.
fn undeclared<'a>(called: &[&'a str], told: &mut Told<'_>) -> Vec<WireTool<'a>> {
    let mut names: Vec<&str> = Vec::new();
    for name in called {
        if !names.contains(name) {
            names.push(name);
        }
    }
    if !names.is_empty() {
        told.adapted(
            "tools",
            "the conversation has calls, so the functions it called are declared with any parameters",
        );
    }
    names
        .into_iter()
        .map(|name| {
            WireTool::ToolSpec(ToolSpec {
                name,
                description: None,
                input_schema: Schema {
                    json: Cow::Owned(json!({"type": "object"})),
                },
                strict: None,
            })
        })
        .collect()
}

/// The schema to answer in as the parameters of a tool, where the model has no structured outputs; else it is
/// in `outputConfig`.
fn answer_schema<'a>(
    asked: &Asked<'a, '_>,
    tools: &mut Tools<'a>,
    told: &mut Told<'_>,
) -> Result<Option<Cow<'a, Value>>> {
    const PARAM: &str = "response_format.json_schema.schema";
    let (name, description, schema) = match &asked.options.response_format {
        None | Some(ResponseFormat::Text) => return Ok(None),
        Some(ResponseFormat::JsonObject) => {
            told.adapted(
                "response_format",
                "Converse has no free JSON format; only the prompt asks for it",
            );
            return Ok(None);
        }
        Some(ResponseFormat::JsonSchema {
            name,
            description,
            schema,
            ..
        }) => (name, description, schema),
    };
    if asked.family.has_schemas(asked.name) {
        let (schema, unenforced) = claude::fit_schema(schema, PARAM)?;
        tell_unenforced("response_format", &unenforced, told);
        // The schema goes as text, in the order of its keys.
        let mut json_schema = json!({ "schema": schema.to_string(), "name": name });
        if let (Some(words), Some(map)) = (description, json_schema.as_object_mut()) {
            map.insert("description".into(), words.as_str().into());
        }
        let structure = json!({ "jsonSchema": json_schema });
        tools.output =
            Some(json!({ "textFormat": { "type": "json_schema", "structure": structure } }));
        return Ok(None);
    }
    if let Some(ToolChoice::Required | ToolChoice::Function(_)) = asked.options.tool_choice {
        told.adapted(
            "response_format",
            "a tool must be called, so there is no answer to give a form to",
        );
        return Ok(None);
    }
    let why = match (asked.family.tool_choice, asked.thinks) {
        (false, _) => "this model has no structured outputs, and no tool can be forced",
        (_, true) => "this model has no structured outputs, and none while it reasons",
        _ => {
            told.adapted(
                "response_format",
                "this model has no structured outputs; the answer is the call of a tool with the schema",
            );
            return Ok(Some(Cow::Borrowed(schema)));
        }
    };
    Err(told.refused("response_format", why))
}

fn tell_unenforced(param: &str, keywords: &[String], told: &mut Told<'_>) {
    if !keywords.is_empty() {
        let how = format!(
            "{} cannot be enforced and are told to the model in the descriptions instead",
            keywords.join(", ")
        );
        told.adapted(param, &how);
    }
}
