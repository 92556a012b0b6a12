//! The partials a prompt reaches, found and compiled when the prompt is loaded.
//!
//! Where a name leads is the store's business ([`Shelf`]); here the graph is walked, every
//! file once, so that a render looks nothing up and the content hash covers all of it.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde_json::{Value, json};

use super::body::{Compiler, Rules};
use super::frontmatter::{self, MAX_BODY};
use super::place::{Spot, TextPlace, error_at};
use super::slug;
use crate::template::{PartialUse, Partials, Template};
use crate::{Error, Result};

/// A text with its name.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    /// The name in errors: the path from the root, or what the prompt is called in memory.
    pub(crate) file: String,
    /// What it is called whatever folder it was frozen into: part of the content hash.
    pub(crate) key: String,
    /// The text as stored, byte order mark included.
    pub(crate) text: Arc<str>,
}

/// A named schema.
#[derive(Debug, Clone)]
pub(crate) struct NamedSchema {
    /// As written, Picoschema or JSON Schema.
    pub(crate) value: Value,
    /// Its path from the root and its text, where it is a file.
    pub(crate) file: Option<(String, Arc<str>)>,
}

/// Where the files are found that a prompt names.
pub(crate) trait Shelf: Send + Sync {
    /// The partial with this checked name, for an include in `from`.
    fn partial(&self, name: &str, from: &str) -> Result<Option<Source>>;
    /// The named schema.
    fn schema(&self, name: &str) -> Result<Option<NamedSchema>>;
    /// Where a partial was looked for, in words, for the error.
    fn searched(&self, name: &str, from: &str) -> String;
}

/// The partials of one prompt, compiled.
#[derive(Debug, Clone, Default)]
pub(crate) struct PartialSet {
    /// By including file, then by name as written.
    uses: HashMap<String, BTreeMap<String, Partial>>,
    /// Every file reached: key to text.
    reached: BTreeMap<String, Arc<str>>,
}

/// A compiled partial.
#[derive(Debug, Clone)]
pub(crate) struct Partial {
    /// The file it was read from.
    pub(crate) file: String,
    pub(crate) template: Arc<Template>,
}

impl Partials for PartialSet {
    fn partial(&self, name: &str, from: Option<&str>) -> Option<Arc<Template>> {
        let partial = self.uses.get(from?)?.get(name)?;
        Some(partial.template.clone())
    }
}

impl PartialSet {
    /// Every file reached, by key in byte order.
    pub(crate) fn reached(&self) -> &BTreeMap<String, Arc<str>> {
        &self.reached
    }

    /// Every partial, each file once, in the order of their files.
    pub(crate) fn all(&self) -> Vec<&Partial> {
        let mut all: Vec<&Partial> = self.uses.values().flat_map(BTreeMap::values).collect();
        all.sort_by(|a, b| a.file.cmp(&b.file));
        all.dedup_by(|a, b| a.file == b.file);
        all
    }

    /// The partials that a file includes, by name as written.
    pub(crate) fn included(&self, file: &str) -> impl Iterator<Item = (&String, &Partial)> {
        self.uses.get(file).into_iter().flatten()
    }

    /// Finds and compiles everything these templates of `file` include.
    pub(crate) fn collect(
        shelf: &dyn Shelf,
        rules: &Rules,
        dynamic: &[String],
        file: &str,
        templates: &[&Template],
    ) -> Result<PartialSet> {
        let mut walk = Walk {
            shelf,
            rules,
            dynamic,
            compiled: HashMap::new(),
            set: PartialSet::default(),
        };
        let mut queue = Vec::new();
        for template in templates {
            walk.includes(file, template, &mut queue)?;
        }
        // Breadth by file; each is compiled once, so a cycle ends here (a render counts depth).
        while let Some((file, template)) = queue.pop() {
            walk.includes(&file, &template, &mut queue)?;
        }
        // Only now, for a partial may be given by the template that includes this one.
        let mut missing: Vec<PartialUse> = Vec::new();
        for template in templates {
            for one in template.survey(&walk.set).partials {
                let is_missing = !one.found && !one.fallback && !dynamic.contains(&one.name);
                if is_missing && !missing.contains(&one) {
                    missing.push(one);
                }
            }
        }
        if let Some(first) = missing.first() {
            return Err(walk.unknown(file, first, &missing));
        }
        Ok(walk.set)
    }
}

struct Walk<'a> {
    shelf: &'a dyn Shelf,
    rules: &'a Rules,
    dynamic: &'a [String],
    compiled: HashMap<String, Arc<Template>>,
    set: PartialSet,
}

impl Walk<'_> {
    fn includes(
        &mut self,
        file: &str,
        template: &Template,
        queue: &mut Vec<(String, Arc<Template>)>,
    ) -> Result<()> {
        for one in template.partials() {
            self.include(file, &one.name, queue)?;
        }
        for name in self.dynamic {
            self.include(file, name, queue)?;
        }
        Ok(())
    }

    /// Takes in one partial; `false` where there is none of this name.
    fn include(
        &mut self,
        file: &str,
        name: &str,
        queue: &mut Vec<(String, Arc<Template>)>,
    ) -> Result<bool> {
        if self
            .set
            .uses
            .get(file)
            .is_some_and(|uses| uses.contains_key(name))
        {
            return Ok(true);
        }
        if slug::check(name, "partial").is_err() {
            return Ok(false);
        }
        let Some(source) = self.shelf.partial(name, file)? else {
            return Ok(false);
        };
        let template = match self.compiled.get(&source.file) {
            Some(template) => template.clone(),
            None => {
                let template = Arc::new(compile(self.rules, self.dynamic, &source)?);
                self.compiled.insert(source.file.clone(), template.clone());
                self.set
                    .reached
                    .insert(source.key.clone(), source.text.clone());
                queue.push((source.file.clone(), template.clone()));
                template
            }
        };
        self.set.uses.entry(file.to_owned()).or_default().insert(
            name.to_owned(),
            Partial {
                file: source.file,
                template,
            },
        );
        Ok(true)
    }

    /// The error for partials that are not there; all of them are in `details.partials`.
    fn unknown(&self, own: &str, first: &PartialUse, missing: &[PartialUse]) -> Error {
        let file = |one: &PartialUse| one.file.clone().unwrap_or_else(|| own.to_owned());
        let spot = Spot {
            line: first.line,
            column: first.column,
        };
        let all: Vec<Value> = missing
            .iter()
            .map(|one| {
                let (name, file) = (&one.name, file(one));
                let message = self.why_missing(name, &file);
                json!({"name": name, "message": message, "file": file, "line": one.line, "column": one.column})
            })
            .collect();
        let from = file(first);
        error_at(&from, spot, self.why_missing(&first.name, &from)).with_detail("partials", all)
    }

    fn why_missing(&self, name: &str, from: &str) -> String {
        let shown = slug::shown(name);
        if slug::check(name, "partial").is_ok() {
            let searched = self.shelf.searched(name, from);
            format!("there is no partial {shown}: {searched}")
        } else {
            format!("the partial name {shown} is not a path of slug segments")
        }
    }
}

/// Compiles a partial's file: text as it is, without front matter.
pub(crate) fn compile(rules: &Rules, dynamic: &[String], source: &Source) -> Result<Template> {
    let text = source.text.strip_prefix('\u{feff}').unwrap_or(&source.text);
    let start = Spot { line: 1, column: 1 };
    if text.len() > MAX_BODY {
        return Err(error_at(
            &source.file,
            start,
            "the partial is larger than 1 MB",
        ));
    }
    if frontmatter::has_header(text) {
        return Err(error_at(
            &source.file,
            start,
            "a partial has no front matter: move it into the prompts that include this file",
        ));
    }
    let compiler = Compiler {
        file: &source.file,
        rules,
        dynamic_partials: dynamic,
    };
    compiler.body(text, TextPlace::NONE)
}
