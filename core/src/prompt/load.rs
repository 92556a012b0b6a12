//! From a source to a loaded prompt: read, find partials, hash.
//!
//! Both stores end here; what they add is where texts come from and what a prompt is called.

use std::sync::Arc;

use super::body::Rules;
use super::document::{Document, Format};
use super::hash::content_hash;
use super::partials::{PartialSet, Shelf, Source};
use super::prompt::{Compiled, Prompt};
use super::render::Names;
use super::variants::VariantSpec;
use crate::Result;
use crate::chat::PromptRef;

/// What a store knows about a prompt before it reads it.
pub(crate) struct Identity {
    /// Slug, version and environment; hash and variant are filled in here.
    pub(crate) reference: PromptRef,
    pub(crate) format: Format,
    pub(crate) project: Option<String>,
}

/// Reads and compiles one file, without its variants. `shelf` serves this reading, `keep` the
/// templates that calls give later.
pub(crate) fn file(
    source: &Source,
    identity: Identity,
    rules: &Arc<Rules>,
    shelf: &dyn Shelf,
    keep: Arc<dyn Shelf>,
) -> Result<Prompt> {
    let Identity {
        mut reference,
        format,
        project,
    } = identity;
    let name = reference
        .slug
        .rsplit('/')
        .next()
        .unwrap_or_default()
        .to_owned();
    let document = Document::read(source, format, &name, rules, shelf)?;
    let dynamic = &document.settings.dynamic_partials;
    let partials = PartialSet::collect(
        shelf,
        rules,
        dynamic,
        &document.file,
        &document.body.templates(),
    )?;
    reference.hash = content_hash(&document.source, partials.reached());
    let names = Names::of(&document.body, &partials);
    let front = document.front;
    Ok(Prompt {
        reference,
        file: document.file,
        source: document.source,
        name: front.name,
        description: front.description,
        options: document.options,
        settings: document.settings,
        project,
        project_model: None,
        variants: document.variants,
        salt: document.salt,
        input_schema: document
            .input_schema
            .as_ref()
            .map(|schema| schema.schema().clone()),
        defaults: front.input_default,
        output_schema: document.output_schema,
        metadata: front.metadata,
        ext: front.ext,
        raw: front.raw,
        warnings: document.warnings,
        compiled: Arc::new(Compiled {
            body: document.body,
            partials,
            schema_files: document.schema_files,
            names,
            rules: rules.clone(),
            shelf: keep,
        }),
        schema: document.input_schema.map(Arc::new),
        variant_prompts: Vec::new(),
    })
}

/// A declared variant of a prompt. Without a file of its own it is the prompt with other
/// options; with one, the file states what differs: fields it leaves out are the prompt's.
pub(crate) fn declared_variant(base: &Prompt, spec: &VariantSpec, own: Option<Prompt>) -> Prompt {
    let mut variant = match own {
        None => base.clone(),
        Some(own) => {
            let mut options = base.options.clone();
            options.overlay(own.options.clone());
            let inherits_input = own.input_schema.is_none();
            let mut merged = Prompt { options, ..own };
            if inherits_input {
                merged.input_schema.clone_from(&base.input_schema);
                merged.schema.clone_from(&base.schema);
            }
            let mut defaults = base.defaults.clone();
            defaults.extend(merged.defaults);
            merged.defaults = defaults;
            merged
        }
    };
    variant.options.overlay(spec.options.clone());
    named(variant, base, &spec.name)
}

/// A prompt as the variant of another.
pub(crate) fn named(mut variant: Prompt, base: &Prompt, name: &str) -> Prompt {
    variant.reference.variant = Some(name.to_owned());
    variant.reference.slug.clone_from(&base.reference.slug);
    variant
        .reference
        .environment
        .clone_from(&base.reference.environment);
    variant.reference.version = base.reference.version;
    variant.project_model.clone_from(&base.project_model);
    variant.variants.clear();
    variant.variant_prompts.clear();
    variant
}
