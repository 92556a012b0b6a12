//! From a loaded prompt and variables to messages.
//!
//! Order: defaults, coercion, check against the schema, render, then what was missing and what
//! was not used. Nothing is sent where any of it fails.

use std::collections::HashSet;
use std::time::SystemTime;

use serde_json::{Value, json};

use super::body::{self, Body, Render};
use super::partials::{NamedSchema, PartialSet, Shelf, Source};
use super::prompt::Prompt;
use super::schema;
use super::settings::Unused;
use crate::chat::{JsonMap, Message, Warning};
use crate::template::{
    HistoryPolicy, MissingPolicy, MissingVariable, RenderInput, Scope, TemplateMessage,
};
use crate::{Error, ErrorKind, Location, Result};

/// What a render needs beside the prompt.
#[derive(Clone, Copy)]
pub struct RenderPrompt<'a> {
    /// The call's variables. They win over `defaults`, those over the file's, those over the schema's.
    pub variables: &'a JsonMap,
    /// Default variables given with the call.
    pub defaults: Option<&'a JsonMap>,
    /// Earlier turns.
    pub history: &'a [Message],
    /// Which roles `history` may bring.
    pub history_policy: HistoryPolicy,
    /// Values reached by `@name`.
    pub context: Option<&'a JsonMap>,
    /// Messages that replace the stored ones and are rendered; an empty list is no template.
    pub template: Option<&'a [Message]>,
    /// What a missing variable does where the file does not say.
    pub missing: MissingPolicy,
    /// The time `date` and `$date` print.
    pub now: SystemTime,
}

impl<'a> RenderPrompt<'a> {
    /// These variables, no history, no context, missing variables reported, and the clock at
    /// the start of 1970: pass the time where templates may print it.
    pub fn new(variables: &'a JsonMap) -> Self {
        RenderPrompt {
            variables,
            defaults: None,
            history: &[],
            history_policy: HistoryPolicy::default(),
            context: None,
            template: None,
            missing: MissingPolicy::default(),
            now: SystemTime::UNIX_EPOCH,
        }
    }
}

/// A rendered prompt.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RenderedMessages {
    /// The messages, texts to the byte.
    pub messages: Vec<Message>,
    /// Whether white space at the end of each text is to be dropped when a request is built
    /// (`template::trim_text`).
    pub trim: bool,
    /// What the caller should know.
    pub warnings: Vec<Warning>,
}

impl Prompt {
    /// Renders the messages of a call.
    ///
    /// Fails with `invalid_variables` (every violation of the schema), `missing_variable` (all of
    /// them) or `template_error`.
    pub fn render(&self, input: &RenderPrompt<'_>) -> Result<RenderedMessages> {
        let (messages, warnings) = self.rendered(input, |body, render| {
            body.render(render, input.history, input.history_policy)
        })?;
        Ok(RenderedMessages {
            messages,
            trim: !self.settings.exact,
            warnings,
        })
    }

    /// The same in Dotprompt's terms: roles as written, sections kept.
    pub fn render_template_messages(
        &self,
        input: &RenderPrompt<'_>,
    ) -> Result<Vec<TemplateMessage>> {
        let (messages, _) = self.rendered(input, |body, render| {
            body.render_template_messages(render, input.history, input.history_policy)
        })?;
        Ok(messages)
    }

    fn rendered<T>(
        &self,
        input: &RenderPrompt<'_>,
        run: impl FnOnce(&Body, &mut Render<'_>) -> Result<T>,
    ) -> Result<(T, Vec<Warning>)> {
        let compiled = &*self.compiled;
        let replaced = match input.template {
            Some(messages) => Some(self.replacement(messages)?),
            None => None,
        };
        let (body, partials, names) = match &replaced {
            Some((body, partials)) => (body, partials, Some(Names::of(body, partials))),
            None => (&compiled.body, &compiled.partials, None),
        };
        let data = self.effective_variables(input)?;
        let mut warnings = self.warnings.clone();
        self.unused(input.variables, names.as_ref(), &mut warnings)?;
        let empty_context = JsonMap::new();
        let none_optional = HashSet::new();
        let mut render = Render {
            input: RenderInput {
                context: input.context.unwrap_or(&empty_context),
                partials,
                helpers: &compiled.rules.helpers,
                missing: self.settings.missing.unwrap_or(input.missing),
                optional: self
                    .schema
                    .as_ref()
                    .map_or(&none_optional, |schema| schema.optional()),
                limits: &compiled.rules.limits,
                now: input.now,
                ..RenderInput::new(&data)
            },
            missing: Vec::new(),
        };
        let messages = run(body, &mut render)?;
        if render.missing.is_empty() {
            Ok((messages, warnings))
        } else {
            Err(missing_variables(
                &format!("the prompt `{}`", self.reference.slug),
                render.missing,
            ))
        }
    }

    /// Call over call defaults over file defaults over schema defaults; then coerced and checked.
    fn effective_variables(&self, input: &RenderPrompt<'_>) -> Result<Value> {
        let mut variables = self.defaults.clone();
        if let Some(defaults) = input.defaults {
            variables.extend(
                defaults
                    .iter()
                    .map(|(key, value)| (key.clone(), value.clone())),
            );
        }
        variables.extend(
            input
                .variables
                .iter()
                .map(|(key, value)| (key.clone(), value.clone())),
        );
        let Some(schema) = &self.schema else {
            return Ok(Value::Object(variables));
        };
        schema.fill_defaults(&mut variables);
        let mut data = Value::Object(variables);
        if self.settings.coerce {
            schema.coerce(&mut data);
        }
        schema.check(&data)?;
        Ok(data)
    }

    /// The body that a call gives in place of the stored one, with the partials it reaches from here.
    fn replacement(&self, messages: &[Message]) -> Result<(Body, PartialSet)> {
        let compiled = &*self.compiled;
        let body = body::from_call(&compiled.rules, messages)?;
        let shelf = Beside {
            shelf: &*compiled.shelf,
            file: &self.file,
        };
        let partials = PartialSet::collect(
            &shelf,
            &compiled.rules,
            &[],
            body::CALL_TEMPLATE,
            &body.templates(),
        )?;
        Ok((body, partials))
    }

    /// Says which of the call's variables nothing uses.
    fn unused(
        &self,
        variables: &JsonMap,
        replaced: Option<&Names>,
        warnings: &mut Vec<Warning>,
    ) -> Result<()> {
        if self.settings.unused == Unused::Ignore || variables.is_empty() {
            return Ok(());
        }
        let used = match replaced {
            Some(names) => names,
            None => &self.compiled.names,
        };
        let declared = |name: &str| {
            let schema = self.schema.as_ref();
            schema.is_some_and(|schema| schema.declares(name))
        };
        let left: Vec<&str> = variables
            .keys()
            .map(String::as_str)
            .filter(|name| !used.contains(name) && !declared(name))
            .collect();
        if left.is_empty() {
            return Ok(());
        }
        if self.settings.unused == Unused::Error {
            let problems: Vec<_> = left
                .iter()
                .map(|name| {
                    (
                        super::place::child("", name),
                        "is not used by the prompt".to_owned(),
                    )
                })
                .collect();
            return Err(schema::invalid(&problems));
        }
        warnings.extend(left.into_iter().map(|name| {
            let param = format!("variables.{name}");
            let message = format!(
                "the variable `{name}` is not used by the prompt `{}`",
                self.reference.slug
            );
            Warning::param("unused_variable", &param, message)
        }));
        Ok(())
    }
}

/// One error for everything that was missing.
pub(crate) fn missing_variables(owner: &str, missing: Vec<MissingVariable>) -> Error {
    let mut names: Vec<&str> = Vec::new();
    let mut places: Vec<String> = Vec::new();
    for one in &missing {
        if !names.contains(&one.path.as_str()) {
            names.push(&one.path);
            places.push(format!("`{}` ({})", one.path, place(&one.location)));
        }
    }
    let what = if names.len() == 1 {
        "a variable that was"
    } else {
        "variables that were"
    };
    let message = format!("{owner} needs {what} not given: {}", places.join(", "));
    let details: Vec<Value> = missing
        .iter()
        .map(|one| json!({"path": one.path, "location": one.location}))
        .collect();
    let mut error = Error::new(ErrorKind::MissingVariable, message)
        .with_param("variables")
        .with_detail("variables", names)
        .with_detail("places", details);
    if let Some(first) = missing.into_iter().next() {
        error = error.with_location(first.location);
    }
    error
}

fn place(location: &Location) -> String {
    let mut words = Vec::new();
    if let Some(message) = location.message {
        words.push(format!("message {message}"));
    }
    if let Some(line) = location.line {
        words.push(format!("line {line}"));
    }
    words.join(", ")
}

/// Names of root variables that templates use.
#[derive(Debug, Clone, Default)]
pub(crate) struct Names {
    list: Vec<String>,
    /// True where a template takes all variables at once, so that none is unused.
    whole: bool,
}

impl Names {
    /// Those of a body and the partials it reaches.
    pub(crate) fn of(body: &Body, partials: &PartialSet) -> Names {
        let mut names = Names::default();
        for template in body.templates() {
            for variable in template.survey(partials).variables {
                if variable.scope == Scope::Root && !names.list.contains(&variable.name) {
                    names.list.push(variable.name);
                }
            }
        }
        names.whole = ["this", "@root"]
            .iter()
            .any(|whole| names.list.iter().any(|name| name == whole));
        names
    }

    /// The names, in order of first use.
    pub(crate) fn list(&self) -> impl Iterator<Item = &String> {
        self.list
            .iter()
            .filter(|name| !matches!(name.as_str(), "this" | "@root"))
    }

    fn contains(&self, name: &str) -> bool {
        self.whole || self.list.iter().any(|one| one == name)
    }
}

/// A shelf for templates that come with a call: they stand beside the prompt they replace.
struct Beside<'a> {
    shelf: &'a dyn Shelf,
    file: &'a str,
}

impl Beside<'_> {
    fn from<'b>(&'b self, from: &'b str) -> &'b str {
        if from == body::CALL_TEMPLATE {
            self.file
        } else {
            from
        }
    }
}

impl Shelf for Beside<'_> {
    fn partial(&self, name: &str, from: &str) -> Result<Option<Source>> {
        self.shelf.partial(name, self.from(from))
    }

    fn schema(&self, name: &str) -> Result<Option<NamedSchema>> {
        self.shelf.schema(name)
    }

    fn searched(&self, name: &str, from: &str) -> String {
        self.shelf.searched(name, self.from(from))
    }
}
