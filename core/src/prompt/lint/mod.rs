//! What is wrong, or likely to go wrong, with prompts: findings with places.
//!
//! Errors are what a call would meet; warnings are what its author should know. Works on a
//! store, so that what is checked is what would be loaded.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

mod rules;

use super::Address;
use super::file_store::FileStore;
use super::layout::Layout;
use super::manifest::{self, Manifest};
use super::slug::Slug;
use crate::{Error, Location, Result};

/// How grave a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Calls fail.
    Error,
    /// Calls work; the author should know.
    Warning,
}

/// Something found in a prompt file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How grave it is.
    pub level: Level,
    /// A stable word: `undeclared_variable`, `unused_variable`, `variable_in_instruction`,
    /// `root_name_in_inner_scope`, `missing_partial`, `partial_cycle`, `not_portable`,
    /// `unknown_key`, `default_does_not_fit`, `no_weight`, or the code of the error a call would get.
    pub code: &'static str,
    /// One sentence.
    pub message: String,
    /// The file, the line and column it starts at, and the message of a messages file.
    pub location: Location,
    /// Characters it is long, where that is known; never over the end of a line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub length: Option<u32>,
}

/// Looks at the prompt with this slug, or at all: the files of every environment with all
/// variants. Published versions are only checked for what stops a call. `not_found` for an
/// unknown slug.
pub fn lint(store: &FileStore, slug: Option<&str>) -> Result<Vec<Finding>> {
    let files = &*store.files;
    let layout = manifest::layout(files)?;
    let resolver = store.resolver(files);
    let slugs = match slug {
        Some(slug) => vec![layout.home(&Slug::parse(slug)?, &store.options)?.slug],
        None => resolver.slugs(layout)?,
    };
    let mut report = Report::default();
    for slug in &slugs {
        let home = match layout.home(&Slug::parse(slug)?, &store.options) {
            Ok(home) => home,
            Err(error) => {
                report.error(&error);
                continue;
            }
        };
        let manifest = match layout {
            Layout::Flat => Ok(Manifest::default()),
            Layout::Workspaces => Manifest::read(files, &home.manifest()),
        };
        let manifest = manifest.unwrap_or_else(|error| {
            report.error(&error);
            Manifest::default()
        });
        let environments = resolver.environments(&home, &manifest);
        let versions = resolver.versions(&home);
        if environments.is_empty() && versions.is_empty() {
            // Says why there is no such prompt.
            store.read(files, &Address::new(slug)?)?;
        }
        for (environment, _) in environments {
            let address = Address::new(slug)?.environment(&environment)?;
            match store.read(files, &address) {
                Ok(prompt) => rules::look(&prompt, &mut report),
                Err(error)
                    if error.kind() == crate::ErrorKind::NotFound && layout == Layout::Flat =>
                {
                    return Err(error);
                }
                Err(error) => report.error(&error),
            }
        }
        for version in versions {
            if let Err(error) = store.read(files, &Address::new(slug)?.version(version)) {
                report.error(&error);
            }
        }
    }
    Ok(report.finish())
}

/// Findings so far, each once.
#[derive(Default)]
struct Report {
    findings: BTreeMap<(String, u32, u32, &'static str, String), Finding>,
}

impl Report {
    fn add(&mut self, finding: Finding) {
        let location = &finding.location;
        let key = (
            location.file.clone().unwrap_or_default(),
            location.line.unwrap_or_default(),
            location.column.unwrap_or_default(),
            finding.code,
            finding.message.clone(),
        );
        self.findings.entry(key).or_insert(finding);
    }

    fn error(&mut self, error: &Error) {
        let data = error.data();
        let Some(Value::Array(partials)) = data.details.get("partials") else {
            self.add(Finding {
                level: Level::Error,
                code: error.code(),
                message: data.message.clone(),
                location: data.location.clone().unwrap_or_default(),
                length: None,
            });
            return;
        };
        for partial in partials {
            let text = |key: &str| partial.get(key).and_then(Value::as_str).map(str::to_owned);
            let number = |key: &str| {
                partial
                    .get(key)
                    .and_then(Value::as_u64)
                    .and_then(|n| u32::try_from(n).ok())
            };
            self.add(Finding {
                level: Level::Error,
                code: "missing_partial",
                message: text("message").unwrap_or_default(),
                location: Location {
                    file: text("file"),
                    line: number("line"),
                    column: number("column"),
                    message: None,
                },
                length: None,
            });
        }
    }

    fn finish(self) -> Vec<Finding> {
        self.findings.into_values().collect()
    }
}
