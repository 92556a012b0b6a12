//! Which tools a call sends: definitions of its own, and registered ones switched on or off.

use std::collections::BTreeMap;

use crate::chat::{FunctionDefinition, JsonMap, Tool};
use crate::config::ToolConfig;
use crate::error::{Error, Result};
use crate::nearest::several;

/// The tools to send, `None` for none.
///
/// `given` is the list of the call or prompt, `enabled` the project's own, `use_registered` the
/// call's `use_tools`. Switches alone start from the project's tools; with any definition the list
/// is the whole list, plus the registered tools it switches on.
///
/// # Errors
/// `not_found` for an id that is not registered.
pub(super) fn resolve(
    given: Option<&[Tool]>,
    enabled: &[String],
    registered: &BTreeMap<String, ToolConfig>,
    use_registered: bool,
) -> Result<Option<Vec<Tool>>> {
    let Some(given) = given else {
        let tools = if use_registered {
            definitions(enabled, registered)?
        } else {
            Vec::new()
        };
        return Ok((!tools.is_empty()).then_some(tools));
    };
    let switches_only = given.iter().all(|tool| matches!(tool, Tool::Switch { .. }));
    let mut on: Vec<String> = Vec::new();
    if switches_only && !given.is_empty() && use_registered {
        on.extend(enabled.iter().cloned());
    }
    let mut tools = Vec::new();
    for tool in given {
        match tool {
            Tool::Switch { id, enabled } => {
                if !registered.contains_key(id) {
                    let near = several(id, registered.keys().map(String::as_str), 3);
                    let hint = match near.first() {
                        Some(near) => format!("did you mean `{near}`?"),
                        None => "registered tools stand in [tools] of the configuration".to_owned(),
                    };
                    let near = near.into_iter().map(str::to_owned).collect();
                    let message = format!("no tool `{id}` is registered: {hint}");
                    return Err(Error::not_found("tool", message, near).with_param("tools"));
                }
                on.retain(|name| name != id);
                if *enabled && use_registered {
                    on.push(id.clone());
                }
            }
            definition => tools.push(definition.clone()),
        }
    }
    let mut switched = definitions(&on, registered)?;
    tools.append(&mut switched);
    Ok((!tools.is_empty()).then_some(tools))
}

fn definitions(names: &[String], registered: &BTreeMap<String, ToolConfig>) -> Result<Vec<Tool>> {
    let define = |name: &String| {
        let tool = registered.get(name).ok_or_else(|| {
            Error::not_found(
                "tool",
                format!("no tool `{name}` is registered"),
                Vec::new(),
            )
            .with_param("tools")
        })?;
        Ok(Tool::Function {
            function: FunctionDefinition {
                name: name.clone(),
                description: tool.description.clone(),
                parameters: tool.parameters.clone(),
                strict: tool.strict,
                extra: JsonMap::new(),
            },
            cache_control: None,
        })
    };
    names.iter().map(define).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn names(given: Option<Vec<Tool>>, use_registered: bool) -> Vec<String> {
        let registered = ["a", "b"]
            .map(|name| (name.to_owned(), ToolConfig::default()))
            .into();
        let tools = resolve(
            given.as_deref(),
            &["a".to_owned()],
            &registered,
            use_registered,
        )
        .unwrap();
        tools
            .unwrap_or_default()
            .into_iter()
            .map(|tool| match tool {
                Tool::Function { function, .. } => function.name,
                other => format!("{other:?}"),
            })
            .collect()
    }

    fn switch(id: &str, enabled: bool) -> Tool {
        Tool::Switch {
            id: id.to_owned(),
            enabled,
        }
    }

    fn own() -> Tool {
        Tool::function("own", "", serde_json::json!({}))
    }

    #[test]
    fn switches_start_from_the_project_and_definitions_replace_it() {
        assert_eq!(names(None, true), ["a"]);
        assert_eq!(names(None, false), [""; 0]);
        assert_eq!(names(Some(vec![]), true), [""; 0]);
        assert_eq!(names(Some(vec![switch("b", true)]), true), ["a", "b"]);
        assert_eq!(names(Some(vec![switch("a", false)]), true), [""; 0]);
        assert_eq!(names(Some(vec![own()]), true), ["own"]);
        assert_eq!(
            names(Some(vec![own(), switch("b", true)]), true),
            ["own", "b"]
        );
        assert_eq!(names(Some(vec![own(), switch("b", true)]), false), ["own"]);
    }

    #[test]
    fn an_unknown_id_is_not_found_with_near_names() {
        let registered = [("lookup_order".to_owned(), ToolConfig::default())].into();
        let error =
            resolve(Some(&[switch("lookup_ordr", true)]), &[], &registered, true).unwrap_err();
        assert_eq!(error.code(), "not_found");
        assert!(error.to_string().contains("lookup_order"), "{error}");
    }
}
