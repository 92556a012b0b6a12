//! A loaded prompt: everything a call needs, immutable and shared.
//!
//! A store makes it from files; the engine takes model, parameters and variants from it and
//! asks it for messages.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::body::{Body, Rules};
use super::partials::{PartialSet, Shelf};
use super::render::Names;
use super::schema::InputSchema;
use super::settings::Settings;
use super::variants::{self, VariantSpec};
use crate::Result;
use crate::chat::{JsonMap, Message, Options, PromptRef, Warning};

/// A prompt as a store gives it.
#[derive(Clone)]
pub struct Prompt {
    /// Slug, version, environment, variant (where one is chosen) and content hash.
    pub reference: PromptRef,
    /// The file it was read from, relative to the root; in memory the slug.
    pub file: String,
    /// The file's text.
    pub source: Arc<str>,
    /// `name` of the front matter.
    pub name: Option<String>,
    /// `description`, of the front matter or of `prompt.yaml`.
    pub description: Option<String>,
    /// Model, parameters, tools, the answer's format and policies that the file sets. Empty
    /// fields are for the project and the engine to fill.
    pub options: Options,
    /// How variables and texts are treated.
    pub settings: Settings,
    /// The project segment of the slug: its last but one.
    pub project: Option<String>,
    /// The default model of the project's folder (`project.yaml`).
    pub project_model: Option<String>,
    /// The arms of the A/B test this prompt is; empty where it is none. Those of weight 0 are
    /// reached by name only.
    pub variants: Vec<VariantSpec>,
    /// Salt of the assignment.
    pub salt: String,
    /// Schema of the variables, as JSON Schema.
    pub input_schema: Option<Value>,
    /// Default variables of the file.
    pub defaults: JsonMap,
    /// Schema of the answer, as JSON Schema.
    pub output_schema: Option<Value>,
    /// `metadata` of the front matter.
    pub metadata: JsonMap,
    /// Values of dotted keys, by what stands before the last dot.
    pub ext: JsonMap,
    /// The whole front matter.
    pub raw: JsonMap,
    /// What a caller should know about the file, given with every render.
    pub warnings: Vec<Warning>,
    pub(crate) compiled: Arc<Compiled>,
    pub(crate) schema: Option<Arc<InputSchema>>,
    /// The prompts behind `variants`, by the same names.
    pub(crate) variant_prompts: Vec<(String, Arc<Prompt>)>,
}

/// What renders.
pub(crate) struct Compiled {
    pub(crate) body: Body,
    pub(crate) partials: PartialSet,
    /// The files of named schemas it uses, by path.
    pub(crate) schema_files: BTreeMap<String, Arc<str>>,
    /// What templates use, for warnings.
    pub(crate) names: Names,
    pub(crate) rules: Arc<Rules>,
    pub(crate) shelf: Arc<dyn Shelf>,
}

impl Prompt {
    /// The prompt under one of its variants; `not_found` lists those that exist.
    pub fn variant(&self, name: &str) -> Result<Arc<Prompt>> {
        self.variant_prompts
            .iter()
            .find(|(variant, _)| variant == name)
            .map(|(_, prompt)| prompt.clone())
            .ok_or_else(|| {
                let names = self.variants.iter().map(|variant| variant.name.as_str());
                variants::not_found(&self.reference.slug, name, names)
            })
    }

    /// The stored messages, unrendered. A `.prompt` body is cut at the role tags that stand outside of blocks;
    /// the place of the history in a messages file is left out.
    pub fn template(&self) -> Vec<Message> {
        self.compiled.body.written()
    }

    /// The variant that a unit gets, by [`assign::arm`](crate::assign::arm) with the slug as the
    /// campaign's key. `None` where no variant has weight.
    pub fn assign(&self, assignment_key: &str) -> Option<&str> {
        let arms: Vec<(&str, f64)> = self
            .variants
            .iter()
            .map(|variant| (variant.name.as_str(), variant.weight))
            .collect();
        crate::assign::arm(&self.reference.slug, &self.salt, assignment_key, &arms)
    }
}

impl std::fmt::Debug for Prompt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Not the texts: a prompt is not for logs.
        f.debug_struct("Prompt")
            .field("reference", &self.reference)
            .field("file", &self.file)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use crate::prompt::{Address, FileStore, PromptStore, StoreOptions};

    fn template(name: &str, text: &str) -> serde_json::Value {
        let texts = [(name.to_owned(), text.to_owned())];
        let store = FileStore::in_memory(texts, StoreOptions::default()).unwrap();
        json!(store.load(&Address::new("p").unwrap()).unwrap().template())
    }

    #[test]
    fn the_stored_messages_are_given_unrendered() {
        let body = "---\nmodel: a/b\n---\n{{role \"system\"}}\nBe {{tone}}.\n{{~role \"user\"~}}\nHi {{#if x}}{{role \"model\"}}é{{/if}}";
        assert_eq!(
            template("p.prompt", body),
            json!([
                {"role": "system", "content": "\nBe {{tone}}.\n"},
                {"role": "user", "content": "\nHi {{#if x}}{{role \"model\"}}é{{/if}}"},
            ])
        );
        assert_eq!(
            template("p.prompt", "Just {{this}}"),
            json!([{"role": "user", "content": "Just {{this}}"}])
        );
        let list = json!({"messages": [
            {"role": "system", "content": "Be {{tone}}."},
            {"placeholder": "history"},
            {"role": "user", "content": [{"type": "text", "text": "{{question}}"}], "name": "ada"},
        ]});
        assert_eq!(
            template("p.prompt.json", &list.to_string()),
            json!([list["messages"][0], list["messages"][2]])
        );
    }
}
