//! What there is in a tree of files: slugs, environments, versions; and what to say of those that
//! are not there.

use super::document::Format;
use super::files::join;
use super::layout::{Home, Layout};
use super::manifest::Manifest;
use super::resolve::{Found, Resolver};
use super::{DEFAULT_ENVIRONMENT, slug};
use crate::nearest::several;
use crate::{Error, Result};

impl Resolver<'_> {
    /// Why there is no file: no such prompt, environment or version.
    pub(crate) fn nothing_at(&self, found: &Found) -> Error {
        let home = &found.home;
        let slug = &home.slug;
        let versions = self.versions(home);
        let environments = self.environments(home, &found.manifest);
        if home.layout == Layout::Workspaces && !(versions.is_empty() && environments.is_empty()) {
            return match (found.version, &found.environment) {
                (Some(version), Some(environment)) => Error::not_found(
                    "version",
                    format!(
                        "the environment `{environment}` of `{slug}` points at version {version}, which does not exist: {}",
                        listed("versions", versions.iter().map(u64::to_string))
                    ),
                    Vec::new(),
                )
                .with_detail("versions", versions)
                .with_param("environment"),
                (Some(version), None) => Error::not_found(
                    "version",
                    format!(
                        "the prompt `{slug}` has no version {version}: {}",
                        listed("versions", versions.iter().map(u64::to_string))
                    ),
                    Vec::new(),
                )
                .with_detail("versions", versions)
                .with_param("version"),
                (None, environment) => {
                    let names: Vec<String> = environments.into_iter().map(|(name, _)| name).collect();
                    unknown_environment(slug, environment.as_deref().unwrap_or_default(), &names)
                }
            };
        }
        let known = self.slugs(home.layout).unwrap_or_default();
        let near: Vec<String> = several(slug, known.iter().map(String::as_str), 3)
            .into_iter()
            .map(str::to_owned)
            .collect();
        let message = match near.as_slice() {
            [] => format!("there is no prompt `{slug}`"),
            near => format!(
                "there is no prompt `{slug}`: did you mean {}?",
                quoted(near)
            ),
        };
        Error::not_found("prompt", message, near).with_param("slug")
    }

    /// Environments of a prompt by name, with the version each points at or `None` for a file.
    pub(crate) fn environments(
        &self,
        home: &Home,
        manifest: &Manifest,
    ) -> Vec<(String, Option<u64>)> {
        if home.layout == Layout::Flat {
            return vec![(DEFAULT_ENVIRONMENT.to_owned(), None)];
        }
        let mut out: Vec<(String, Option<u64>)> = self
            .files
            .entries(&home.folder)
            .unwrap_or_default()
            .iter()
            .filter(|entry| !entry.is_folder)
            .filter_map(|entry| Format::of(&entry.name))
            .filter(|(stem, _)| slug::is_label(stem))
            .map(|(stem, _)| (stem.to_owned(), None))
            .collect();
        for (name, version) in &manifest.environments {
            if !out.iter().any(|(known, _)| known == name) {
                out.push((name.clone(), Some(*version)));
            }
        }
        out.sort();
        out.dedup_by(|a, b| a.0 == b.0);
        out
    }

    /// Version numbers of a prompt, ascending.
    pub(crate) fn versions(&self, home: &Home) -> Vec<u64> {
        if home.layout == Layout::Flat {
            return Vec::new();
        }
        let mut out: Vec<u64> = self
            .files
            .entries(&home.versions())
            .unwrap_or_default()
            .iter()
            .filter(|entry| !entry.is_folder)
            .filter_map(|entry| Format::of(&entry.name)?.0.parse().ok())
            .collect();
        out.sort_unstable();
        out.dedup();
        out
    }

    /// Every slug of the tree.
    pub(crate) fn slugs(&self, layout: Layout) -> Result<Vec<String>> {
        let mut out = Vec::new();
        match layout {
            Layout::Flat => self.walk("", 0, &mut out)?,
            Layout::Workspaces => {
                for workspace in self.folders("")? {
                    for project in self.folders(&workspace)? {
                        for prompt in self.folders(&project)? {
                            let is_prompt = self.files.entries(&prompt)?.iter().any(|entry| {
                                Format::of(&entry.name)
                                    .is_some_and(|(stem, _)| !stem.starts_with('_'))
                                    || entry.name == super::layout::MANIFEST
                            });
                            if is_prompt {
                                out.push(prompt);
                            }
                        }
                    }
                }
            }
        }
        out.sort();
        out.dedup();
        Ok(out)
    }

    fn folders(&self, folder: &str) -> Result<Vec<String>> {
        let entries = self.files.entries(folder)?;
        let names = entries
            .iter()
            .filter(|entry| entry.is_folder && slug::is_segment(&entry.name));
        Ok(names.map(|entry| join(folder, &entry.name)).collect())
    }

    fn walk(&self, folder: &str, depth: usize, out: &mut Vec<String>) -> Result<()> {
        for entry in self.files.entries(folder)? {
            if entry.is_folder {
                if depth < 16 && slug::is_segment(&entry.name) {
                    self.walk(&join(folder, &entry.name), depth + 1, out)?;
                }
            } else if let Some((stem, _)) = Format::of(&entry.name) {
                // The text after the last dot is a variant's name.
                let name = stem.rsplit_once('.').map_or(stem, |(name, _)| name);
                if slug::is_segment(name) && !name.contains('.') {
                    out.push(join(folder, name));
                }
            }
        }
        Ok(())
    }
}

/// The error for an environment that a prompt does not have.
pub(crate) fn unknown_environment(slug: &str, environment: &str, known: &[String]) -> Error {
    let near = several(environment, known.iter().map(String::as_str), 3)
        .into_iter()
        .map(str::to_owned)
        .collect();
    let message = format!(
        "the prompt `{slug}` has no environment {}: {}",
        slug::shown(environment),
        listed("environments", known.iter().cloned())
    );
    Error::not_found("environment", message, near)
        .with_param("environment")
        .with_detail("environments", known)
}

fn listed(what: &str, names: impl Iterator<Item = String>) -> String {
    let names: Vec<String> = names.collect();
    if names.is_empty() {
        format!("it has no {what}")
    } else {
        format!("its {what} are {}", names.join(", "))
    }
}

fn quoted(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(" or ")
}
