//! The rules: each looks at one file and reports what it finds.

use std::collections::HashSet;

use serde_json::Value;

use super::{Finding, Level, Report};
use crate::Location;
use crate::prompt::body::Body;
use crate::prompt::document::{Document, Format};
use crate::prompt::messages::Item;
use crate::prompt::partials::PartialSet;
use crate::prompt::place::{Spot, Tree, child};
use crate::prompt::{Prompt, frontmatter, picoschema};
use crate::template::{Scope, Survey, Template, TemplateRole, Variable};

/// One file under the glass: a prompt, or a variant with a file of its own.
struct Sheet<'a> {
    prompt: &'a Prompt,
    /// The header or messages file again, for places.
    tree: Tree,
    survey: Survey,
}

/// Looks at a prompt and its variants.
pub(super) fn look(prompt: &Prompt, report: &mut Report) {
    let variants = prompt.variant_prompts.iter().map(|(_, variant)| &**variant);
    let own_files = variants.filter(|variant| variant.file != prompt.file);
    let sheets: Vec<Sheet> = std::iter::once(prompt)
        .chain(own_files)
        .map(Sheet::new)
        .collect();
    // A variable may be there for one variant alone.
    let used: HashSet<&str> = sheets.iter().flat_map(Sheet::root_names).collect();
    for sheet in &sheets {
        sheet.undeclared(report);
        sheet.instructions(report);
        sheet.inner_names(report);
        sheet.unknown_keys(report);
        sheet.not_portable(report);
        sheet.defaults(report);
        sheet.cycles(report);
        for warning in &sheet.prompt.warnings {
            let code = if warning.code == "unknown_output_format" {
                "not_portable"
            } else {
                "schema_not_of_an_object"
            };
            let pointer = format!(
                "/{}",
                warning
                    .param
                    .as_deref()
                    .unwrap_or_default()
                    .replace('.', "/")
            );
            report.add(sheet.finding(
                Level::Warning,
                code,
                sheet.tree.spot(&pointer),
                None,
                warning.message.clone(),
            ));
        }
    }
    if let Some(sheet) = sheets.first() {
        sheet.unused(&used, report);
        if !prompt.variants.is_empty()
            && prompt.raw.contains_key("variants")
            && prompt.variants.iter().all(|v| v.weight == 0.0)
        {
            let spot = sheet.tree.key_spot("/variants");
            let message = "no variant has a weight, so none is ever assigned".to_owned();
            report.add(sheet.finding(Level::Warning, "no_weight", spot, None, message));
        }
    }
}

impl<'a> Sheet<'a> {
    fn new(prompt: &'a Prompt) -> Self {
        let partials = &prompt.compiled.partials;
        Sheet {
            prompt,
            tree: tree_of(prompt),
            survey: survey(&prompt.compiled.body, partials),
        }
    }

    fn finding(
        &self,
        level: Level,
        code: &'static str,
        spot: Spot,
        length: Option<usize>,
        message: String,
    ) -> Finding {
        Finding {
            level,
            code,
            message,
            location: Location {
                file: Some(self.prompt.file.clone()),
                line: Some(spot.line.max(1)),
                column: Some(spot.column.max(1)),
                message: None,
            },
            length: length.and_then(|length| u32::try_from(length).ok()),
        }
    }

    fn at(
        &self,
        variable: &Variable,
        level: Level,
        code: &'static str,
        message: String,
    ) -> Finding {
        let spot = Spot {
            line: variable.line,
            column: variable.column,
        };
        let mut finding = self.finding(
            level,
            code,
            spot,
            Some(variable.path.chars().count()),
            message,
        );
        if let Some(file) = &variable.file {
            finding.location.file = Some(file.clone());
        }
        finding
    }

    fn root_names(&self) -> impl Iterator<Item = &str> {
        let variables = self.survey.variables.iter();
        variables
            .filter(|variable| variable.scope == Scope::Root)
            .map(|variable| variable.name.as_str())
    }

    /// Variables of the template that the schema does not have.
    fn undeclared(&self, report: &mut Report) {
        let Some(schema) = &self.prompt.schema else {
            return;
        };
        for variable in &self.survey.variables {
            let is_name = variable.scope == Scope::Root && !is_whole(&variable.name);
            if !is_name || !schema.is_applicable() || schema.declares(&variable.name) {
                continue;
            }
            let name = &variable.name;
            let (level, why) = match (schema.is_closed(), variable.printed) {
                (true, true) => (Level::Error, "so no call can give it"),
                (true, false) => (Level::Warning, "so no call can give it"),
                (false, _) => (Level::Warning, "which does not say what it is"),
            };
            let message = format!("the variable `{name}` is not declared in `input.schema`, {why}");
            report.add(self.at(variable, level, "undeclared_variable", message));
        }
    }

    /// Declared variables that no template uses.
    fn unused(&self, used: &HashSet<&str>, report: &mut Report) {
        if used.iter().any(|name| is_whole(name)) {
            return;
        }
        let schema = self.prompt.schema.as_ref();
        let declared: Vec<&String> = schema
            .map(|schema| schema.names().collect())
            .unwrap_or_default();
        for name in &declared {
            if !used.contains(name.as_str()) {
                let spot = self.tree.key_spot(&self.pointer_of(name));
                let message = format!("the variable `{name}` is declared and never used");
                report.add(self.finding(
                    Level::Warning,
                    "unused_variable",
                    spot,
                    Some(name.chars().count()),
                    message,
                ));
            }
        }
        for name in self.prompt.defaults.keys() {
            if !used.contains(name.as_str()) && !declared.contains(&name) {
                let spot = self.tree.key_spot(&child("/input/default", name));
                let message = format!("the default `{name}` is for a variable that is never used");
                report.add(self.finding(
                    Level::Warning,
                    "unused_variable",
                    spot,
                    Some(name.chars().count()),
                    message,
                ));
            }
        }
    }

    /// Where a declared variable stands in the schema as written.
    fn pointer_of(&self, name: &str) -> String {
        let at = "/input/schema";
        match self.tree.value.pointer(at) {
            Some(Value::Object(written))
                if !picoschema::is_json_schema(&Value::Object(written.clone())) =>
            {
                let key = written
                    .keys()
                    .find(|key| picoschema::field_name(key) == Some(name));
                key.map_or_else(|| at.to_owned(), |key| child(at, key))
            }
            _ => child(&format!("{at}/properties"), name),
        }
    }

    /// Texts from outside that end up in a system or developer message.
    fn instructions(&self, report: &mut Report) {
        let trusted = |name: &str| {
            let schema = self.prompt.schema.as_ref();
            self.prompt.settings.trusted.iter().any(|one| one == name)
                || schema.is_some_and(|schema| schema.is_trusted(name) || schema.is_harmless(name))
        };
        let inside: Vec<&Variable> = self
            .survey
            .variables
            .iter()
            .filter(|variable| variable.in_instruction())
            .collect();
        // What a loop prints comes from the lists it goes over.
        let sources_are_trusted = inside
            .iter()
            .filter(|variable| variable.scope == Scope::Root && !variable.shown)
            .all(|variable| trusted(&variable.name));
        for variable in inside {
            let is_safe = match variable.scope {
                Scope::Root => trusted(&variable.name),
                Scope::Inner => sources_are_trusted,
            };
            if variable.shown && !is_safe {
                let message = format!(
                    "`{}` is printed inside a system or developer message, so whoever fills it can give instructions (`x-trusted: true` in its schema, or `slugline.trusted`, says it is meant)",
                    variable.path
                );
                report.add(self.at(variable, Level::Warning, "variable_in_instruction", message));
            }
        }
    }

    /// Names of root variables inside a loop, where they are not seen.
    fn inner_names(&self, report: &mut Report) {
        let Some(schema) = &self.prompt.schema else {
            return;
        };
        let nested = schema.nested_names();
        for variable in &self.survey.variables {
            let name = &variable.name;
            let only_at_root = schema.declares(name) && !nested.contains(name.as_str());
            if variable.scope == Scope::Inner && only_at_root && !variable.path.starts_with("../") {
                let message = format!(
                    "`{}` is looked up in the element here, where only root has a `{name}`: write `@root.{name}` for that one",
                    variable.path
                );
                report.add(self.at(
                    variable,
                    Level::Warning,
                    "root_name_in_inner_scope",
                    message,
                ));
            }
        }
    }

    /// Keys that are kept and do nothing, and look like one that would.
    fn unknown_keys(&self, report: &mut Report) {
        let Some(header) = self.tree.value.as_object() else {
            return;
        };
        for key in header.keys().filter(|key| !key.contains('.')) {
            if let Some(near) = frontmatter::nearest_key(key) {
                let spot = self.tree.key_spot(&child("", key));
                let message = format!("the key `{key}` does nothing: did you mean `{near}`?");
                let length = Some(key.chars().count());
                report.add(self.finding(Level::Warning, "unknown_key", spot, length, message));
            }
        }
    }

    /// What other Dotprompt tools would not understand.
    fn not_portable(&self, report: &mut Report) {
        // A messages file is no Dotprompt file to begin with.
        if Format::of(&self.prompt.file).is_none_or(|(_, format)| format != Format::Prompt) {
            return;
        }
        for helper in &self.survey.helpers {
            if DOTPROMPT_HELPERS.contains(&helper.name.as_str()) {
                continue;
            }
            let spot = Spot {
                line: helper.line,
                column: helper.column,
            };
            let message = format!(
                "the helper `{}` is not known to other Dotprompt tools",
                helper.name
            );
            let mut finding = self.finding(
                Level::Warning,
                "not_portable",
                spot,
                Some(helper.name.chars().count()),
                message,
            );
            if let Some(file) = &helper.file {
                finding.location.file = Some(file.clone());
            }
            report.add(finding);
        }
        if self.tree.value.get("model").is_some_and(Value::is_array) {
            let message = "`model` is a list: other Dotprompt tools take one name".to_owned();
            report.add(self.finding(
                Level::Warning,
                "not_portable",
                self.tree.key_spot("/model"),
                None,
                message,
            ));
        }
    }

    /// Defaults that the schema refuses.
    fn defaults(&self, report: &mut Report) {
        let Some(schema) = &self.prompt.schema else {
            return;
        };
        let mut defaults = self.prompt.defaults.clone();
        schema.fill_defaults(&mut defaults);
        for (pointer, why) in schema.misfits(&Value::Object(defaults)) {
            let spot = self.tree.spot(&format!("/input/default{pointer}"));
            let name = pointer.trim_start_matches('/').replace('/', ".");
            let message = format!("the default of `{name}` {why}");
            report.add(self.finding(Level::Error, "default_does_not_fit", spot, None, message));
        }
    }

    /// Partials that lead back to themselves.
    fn cycles(&self, report: &mut Report) {
        let partials = &self.prompt.compiled.partials;
        for partial in partials.all() {
            let Some(path) = cycle(partials, &partial.file) else {
                continue;
            };
            // Said once, at the file of the ring that comes first.
            if path.iter().min() != Some(&partial.file) {
                continue;
            }
            let uses = partial.template.partials();
            let next = path.get(1).unwrap_or(&partial.file);
            let named = partials
                .included(&partial.file)
                .find(|(_, to)| to.file == *next)
                .map(|(name, _)| name);
            let place = uses.iter().find(|one| Some(&one.name) == named);
            let spot = place.map_or(Spot { line: 1, column: 1 }, |one| Spot {
                line: one.line,
                column: one.column,
            });
            let message = format!(
                "the partial leads back to itself ({} -> {}): unless a condition ends it, rendering stops at the depth limit",
                path.join(" -> "),
                partial.file
            );
            let mut finding = self.finding(Level::Warning, "partial_cycle", spot, None, message);
            finding.location.file = Some(partial.file.clone());
            report.add(finding);
        }
    }
}

/// Helpers that Dotprompt's own implementations have.
const DOTPROMPT_HELPERS: &[&str] = &[
    "role",
    "history",
    "section",
    "media",
    "json",
    "ifEquals",
    "unlessEquals",
    "if",
    "unless",
    "each",
    "with",
    "lookup",
    "log",
];

fn is_whole(name: &str) -> bool {
    matches!(name, "this" | "@root" | "." | "")
}

fn tree_of(prompt: &Prompt) -> Tree {
    Document::tree(&prompt.file, &prompt.source).unwrap_or_default()
}

/// One survey over all templates of a body. A message's texts are said by its role.
fn survey(body: &Body, partials: &PartialSet) -> Survey {
    let mut all = Survey::default();
    let mut take = |template: &Template, role: Option<TemplateRole>| {
        let mut one = template.survey(partials);
        if let Some(role) = role {
            one.variables
                .iter_mut()
                .for_each(|variable| variable.roles = vec![role]);
        }
        all.variables.append(&mut one.variables);
        all.helpers.append(&mut one.helpers);
    };
    match body {
        Body::Text(template) => take(template, None),
        Body::Messages(items) => {
            for item in items {
                if let Item::Message(message) = item {
                    let mut templates = Vec::new();
                    message.templates(&mut templates);
                    templates
                        .into_iter()
                        .for_each(|template| take(template, Some(message.role.into())));
                }
            }
        }
    }
    all
}

/// The shortest way from a file back to itself, the file first.
fn cycle(partials: &PartialSet, start: &str) -> Option<Vec<String>> {
    let mut paths = std::collections::VecDeque::from([vec![start.to_owned()]]);
    let mut seen = HashSet::new();
    while let Some(path) = paths.pop_front() {
        let last = path.last()?;
        if partials.included(last).any(|(_, next)| next.file == start) {
            return Some(path);
        }
        for (_, next) in partials.included(last) {
            if seen.insert(next.file.clone()) {
                let mut longer = path.clone();
                longer.push(next.file.clone());
                paths.push_back(longer);
            }
        }
    }
    None
}
