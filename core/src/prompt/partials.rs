//! The partials a prompt reaches, found and compiled when the prompt is loaded.
//!
//! Where a name leads is the store's business ([`Shelf`]); here the graph is walked, every
//! file once, so that a render looks nothing up and the content hash covers all of it.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::body::{Compiler, Rules};
use super::frontmatter::{self, MAX_BODY};
use super::slug;
use super::yaml::{Spot, TextPlace, error_at};
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

/// Where the files are found that a prompt names.
pub(crate) trait Shelf: Send + Sync {
    /// The partial with this checked name, for an include in `from`.
    fn partial(&self, name: &str, from: &str) -> Result<Option<Source>>;
    /// The named schema as written.
    fn schema(&self, name: &str) -> Result<Option<serde_json::Value>>;
    /// Where a partial was looked for, in words, for the error.
    fn searched(&self, name: &str, from: &str) -> String;
}

/// The partials of one prompt, compiled.
#[derive(Debug, Clone, Default)]
pub(crate) struct PartialSet {
    /// By including file, then by name as written.
    uses: HashMap<String, HashMap<String, Arc<Template>>>,
    /// Every file reached: key to text.
    reached: BTreeMap<String, Arc<str>>,
}

impl Partials for PartialSet {
    fn partial(&self, name: &str, from: Option<&str>) -> Option<Arc<Template>> {
        self.uses.get(from?)?.get(name).cloned()
    }
}

impl PartialSet {
    /// Every file reached, by key in byte order.
    pub(crate) fn reached(&self) -> &BTreeMap<String, Arc<str>> {
        &self.reached
    }

    /// Every compiled partial with the file it came from, each once.
    pub(crate) fn templates(&self) -> Vec<&Arc<Template>> {
        let mut seen: Vec<&Arc<Template>> = Vec::new();
        for template in self.uses.values().flat_map(HashMap::values) {
            if !seen.iter().any(|one| Arc::ptr_eq(one, template)) {
                seen.push(template);
            }
        }
        seen
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
        for template in templates {
            for one in template.survey(&walk.set).partials {
                if !one.found && !one.fallback && !dynamic.contains(&one.name) {
                    return Err(walk.unknown(one.file.as_deref().unwrap_or(file), &one));
                }
            }
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
        self.set
            .uses
            .entry(file.to_owned())
            .or_default()
            .insert(name.to_owned(), template);
        Ok(true)
    }

    fn unknown(&self, file: &str, one: &PartialUse) -> Error {
        let spot = Spot {
            line: one.line,
            column: one.column,
        };
        let message = if slug::check(&one.name, "partial").is_ok() {
            format!(
                "no partial has the name {}: {}",
                slug::shown(&one.name),
                self.shelf.searched(&one.name, file)
            )
        } else {
            format!(
                "the partial name {} is not a path of slug segments",
                slug::shown(&one.name)
            )
        };
        error_at(file, spot, message).with_detail("partial", one.name.as_str())
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
