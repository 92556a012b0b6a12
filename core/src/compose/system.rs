//! The system prompt of a project: a template, compiled once, rendered with `system_prompt_args`.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, OnceLock};

use serde_json::Value;

use crate::chat::JsonMap;
use crate::config::ProjectConfig;
use crate::error::{Error, ErrorKind, Location, Result};
use crate::prompt::{self, Rules};
use crate::template::{CompileOptions, RenderInput, Template};

/// The system prompts of all projects that have one.
#[derive(Debug, Default)]
pub(crate) struct SystemPrompts(HashMap<String, SystemPrompt>);

#[derive(Debug)]
struct SystemPrompt {
    config: ProjectConfig,
    /// Compiled at its first use: a broken one stops its own project only.
    compiled: OnceLock<Arc<Template>>,
}

impl SystemPrompts {
    pub(crate) fn of(projects: &BTreeMap<String, ProjectConfig>) -> Self {
        let have = projects
            .iter()
            .filter(|(_, project)| {
                project.system_prompt.is_some() || project.system_prompt_file.is_some()
            })
            .map(|(name, project)| {
                (
                    name.clone(),
                    SystemPrompt {
                        config: project.clone(),
                        compiled: OnceLock::new(),
                    },
                )
            });
        SystemPrompts(have.collect())
    }

    /// The text for a call of this project; `None` where it has no system prompt.
    ///
    /// # Errors
    /// `template_error`, `missing_variable`, or `config_error` for a file that cannot be read.
    pub(super) fn render(
        &self,
        project: &str,
        args: JsonMap,
        rules: &Rules,
    ) -> Result<Option<String>> {
        let Some(prompt) = self.0.get(project) else {
            return Ok(None);
        };
        let template = match prompt.compiled.get() {
            Some(template) => template,
            None => {
                let template = Arc::new(prompt.compile(project, rules)?);
                prompt.compiled.get_or_init(|| template)
            }
        };
        let data = Value::Object(args);
        let rendered = template.render_text(&RenderInput {
            helpers: &rules.helpers,
            limits: &rules.limits,
            now: std::time::SystemTime::now(),
            ..RenderInput::new(&data)
        })?;
        if !rendered.missing.is_empty() {
            let error = prompt::missing_variables(
                &format!("the system prompt of project `{project}`"),
                rendered.missing,
            );
            return Err(error.with_param("system_prompt_args"));
        }
        Ok(Some(rendered.text))
    }
}

impl SystemPrompt {
    fn compile(&self, project: &str, rules: &Rules) -> Result<Template> {
        let key = format!("projects.{project}.system_prompt");
        let (text, file) = match (&self.config.system_prompt, &self.config.system_prompt_file) {
            (Some(text), _) => (text.clone(), key),
            (None, Some(path)) => {
                let shown = path.display().to_string();
                let text = std::fs::read_to_string(path).map_err(|error| {
                    let message = format!("cannot read `{key}_file`: {error}");
                    Error::new(ErrorKind::ConfigError, message).with_location(Location {
                        file: Some(shown.clone()),
                        ..Location::default()
                    })
                })?;
                (text, shown)
            }
            (None, None) => (String::new(), key),
        };
        let options = CompileOptions {
            file: Some(&file),
            text_only: true,
            limits: &rules.limits,
            helpers: &rules.helpers,
            ..CompileOptions::default()
        };
        Template::compile(text.trim_end_matches('\n'), &options)
    }
}
