//! The rules of names: what a model string names ([`Named`]), where it stands ([`Scope`]), and the
//! errors for one that names nothing. First match wins and nothing is guessed.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use super::host;
use super::model::AliasConfig;
use super::read::At;
use super::resolve::{Group, Models};
use crate::catalogue::{self, Owner};
use crate::error::{Error, ErrorKind};
use crate::nearest::several;

#[derive(Debug)]
pub(super) struct AliasEntry {
    pub(super) name: String,
    pub(super) config: AliasConfig,
    pub(super) groups: OnceLock<Vec<Arc<Group>>>,
}

#[derive(Debug)]
pub(super) struct ProjectEntry {
    pub(super) name: String,
    pub(super) aliases: HashMap<String, AliasEntry>,
}

/// What a model string names.
pub(super) enum Named<'m, 'n> {
    /// An alias, of `[models]` or of a project.
    Alias(&'m AliasEntry),
    /// A project: its default model, or a model string in it.
    Project(&'m ProjectEntry, Option<&'n str>),
    /// A host and a model, as far as the slash tells.
    Host(&'n str, &'n str),
    /// A bare model id that the catalogue knows.
    Bare(Owner),
    /// Nothing.
    Unknown,
}

/// Where a model string stands.
#[derive(Clone, Copy, Default)]
pub(super) struct Scope<'m> {
    /// Its model names come first.
    pub(super) project: Option<&'m ProjectEntry>,
    /// The string is a model of that project: it names no other one.
    pub(super) inside: bool,
    /// The alias or project whose definition it is part of: there its name means the built-in host.
    pub(super) own: Option<&'m str>,
}

impl Scope<'_> {
    /// Whether a built-in host is meant by its name here, although that is an alias or a project as well.
    fn sees(&self, host: &str) -> bool {
        let of_project = self.project.filter(|_| self.inside);
        self.own == Some(host) || of_project.is_some_and(|project| project.name == host)
    }
}

impl ProjectEntry {
    /// Where the model part of `project/model` stands.
    pub(super) fn inside(&self) -> Scope<'_> {
        Scope {
            project: Some(self),
            inside: true,
            own: None,
        }
    }

    /// Where its default model stands.
    pub(super) fn default_scope(&self) -> Scope<'_> {
        Scope {
            project: Some(self),
            inside: false,
            own: Some(&self.name),
        }
    }
}

impl Models {
    /// What a model string names, by the rules in their order.
    pub(super) fn classify<'m, 'n>(&'m self, name: &'n str, scope: Scope<'m>) -> Named<'m, 'n> {
        let local = scope.project.and_then(|project| project.aliases.get(name));
        if let Some(alias) = local.or_else(|| self.aliases.get(name)) {
            return Named::Alias(alias);
        }
        let parts = name.split_once('/');
        if !scope.inside {
            let head = parts.map_or(name, |(head, _)| head);
            if let Some(project) = self.projects.get(head).filter(|_| scope.own != Some(head)) {
                return Named::Project(project, parts.map(|(_, rest)| rest));
            }
        }
        if let Some((host, model)) = parts
            && !model.is_empty()
            && self.hosts.contains_key(host)
            && (scope.sees(host) || !self.is_hidden(host))
        {
            return Named::Host(host, model);
        }
        match catalogue::bare(name) {
            // Its host's name may mean another host here.
            Some(Owner::One { host, .. }) if !self.is_built_in(host) => Named::Unknown,
            Some(owner) => Named::Bare(owner),
            None => Named::Unknown,
        }
    }

    /// A built-in host whose name the user gave to an alias or a project. (A configured provider of that
    /// name has taken its place already.)
    fn is_hidden(&self, host: &str) -> bool {
        self.aliases.contains_key(host) || self.projects.contains_key(host)
    }

    /// The scope of an alias's targets: a project's own names count in it only where it is the project's.
    pub(super) fn scope_of<'m>(&self, alias: &'m AliasEntry, scope: Scope<'m>) -> Scope<'m> {
        let is_local = scope
            .project
            .and_then(|project| project.aliases.get(&alias.name))
            .is_some_and(|local| std::ptr::eq(local, alias));
        Scope {
            project: scope.project.filter(|_| is_local),
            inside: is_local,
            own: Some(&alias.name),
        }
    }

    /// Whether the name means the built-in host still, and not one of the user's.
    fn is_built_in(&self, host: &str) -> bool {
        self.hosts
            .get(host)
            .and_then(|entry| entry.row)
            .is_some_and(|row| row.name == host)
    }

    /// A configured project.
    pub(super) fn project_entry(&self, name: &str) -> Option<&ProjectEntry> {
        self.projects.get(name)
    }

    pub(super) fn unknown(&self, name: &str, scope: Scope<'_>) -> Error {
        let mut near = Vec::new();
        let mut hint = None;
        if let Some((head, model)) = name.split_once('/') {
            if self.hosts.contains_key(head) && self.is_hidden(head) {
                hint = Some(format!(
                    ": the name `{head}` of your configuration hides the built-in host"
                ));
            }
            let heads = self.hosts.keys().chain(self.projects.keys());
            near.extend(
                near_names(head, heads.map(String::as_str))
                    .into_iter()
                    .filter(|near| near != head)
                    .map(|near| format!("{near}/{model}")),
            );
        }
        let mut known: Vec<&str> = catalogue::bare_names().collect();
        let local = scope.project.into_iter().flat_map(|p| p.aliases.keys());
        let named = local.chain(self.aliases.keys()).chain(self.projects.keys());
        known.extend(named.map(String::as_str));
        near.extend(near_names(name, known));
        near.truncate(NEAR);
        let hint = hint.unwrap_or_else(|| did_you_mean(&near));
        Error::new(
            ErrorKind::UnknownModel,
            format!("no model `{}` is known{hint}", shortened(name)),
        )
        .with_detail("near", near)
    }

    pub(super) fn no_model(&self) -> Error {
        let mut found: Vec<&str> = self
            .hosts
            .iter()
            .filter(|(name, _)| !self.is_hidden(name))
            .filter(|(name, entry)| match (entry.built.get(), entry.row) {
                (Some(provider), _) => provider.key.is_configured(),
                (None, Some(row)) => host::has_key(row, self.outside),
                (None, None) => self.config.key_providers.0.contains_key(*name),
            })
            .map(|(name, _)| name.as_str())
            .collect();
        found.sort_unstable();
        let keys = match found.as_slice() {
            [] => "no key of any provider was found".to_owned(),
            found => format!("keys were found for: {}", found.join(", ")),
        };
        let message =
            format!("no model is named: give `model`, or set `default_model` in [engine] ({keys})");
        Error::new(ErrorKind::UnknownModel, message)
            .with_param("model")
            .with_detail("providers", found)
    }
}

pub(super) fn no_default(project: &str) -> Error {
    let at = At::Root.key("projects");
    let at = at.key(project);
    let message = format!("`{at}` has no `default_model`, and neither has `engine`");
    Error::new(ErrorKind::UnknownModel, message)
}

pub(super) fn several_hosts(model: &str, hosts: &[&str]) -> Error {
    let full: Vec<String> = hosts.iter().map(|host| format!("{host}/{model}")).collect();
    let message = format!(
        "several hosts serve `{}`: name one, for example {}",
        shortened(model),
        full.join(", ")
    );
    Error::new(ErrorKind::UnknownModel, message).with_detail("near", full)
}

/// How many near names an error lists.
const NEAR: usize = 5;

pub(super) fn near_names<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    several(name, known, NEAR)
        .into_iter()
        .map(str::to_owned)
        .collect()
}

pub(super) fn did_you_mean(near: &[String]) -> String {
    match near {
        [] => String::new(),
        near => format!("; did you mean {}?", near.join(" or ")),
    }
}

/// A caller's string can be any length; a message cannot.
fn shortened(name: &str) -> &str {
    match name.char_indices().nth(200) {
        Some((end, _)) => name.get(..end).unwrap_or(name),
        None => name,
    }
}
