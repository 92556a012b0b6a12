//! How a folder of prompts is laid out, and which paths an address means in it.
//!
//! Pure names; the marker file at the root decides, never the number of slashes.

use super::files::{join, parent};
use super::slug::{self, Slug};
use super::store::StoreOptions;
use crate::{Error, Result};

/// The marker file.
pub(crate) const MARKER: &str = "promptroot.yaml";
/// What a prompt's folder says about it (workspaces).
pub(crate) const MANIFEST: &str = "prompt.yaml";
/// What a project's folder says about it (workspaces).
pub(crate) const PROJECT: &str = "project.yaml";
/// The folder of named schemas, in any folder of prompts.
pub(crate) const SCHEMAS: &str = "schemas";
/// First segments that the server's fixed routes need.
const RESERVED: &[&str] = &[
    "prompt",
    "api",
    "v1",
    "chat",
    "project-prompt",
    "list-deployments",
    "healthz",
    "metrics",
    "openapi.json",
];

/// Whether a path is that of a file that stands beside prompts and is none.
pub(crate) fn is_support_file(path: &str) -> bool {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let is_schema = name.ends_with(".yaml") || name.ends_with(".json");
    path == MARKER
        || matches!(name, MANIFEST | PROJECT)
        || (is_schema && folder.rsplit('/').next() == Some(SCHEMAS))
}

/// How a root is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Layout {
    /// `dir/name.prompt`: one environment, no numbered versions.
    #[default]
    Flat,
    /// `workspace/project/prompt/environment.prompt`, with `versions/` and `prompt.yaml`.
    Workspaces,
}

/// Where a prompt lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Home {
    pub(crate) layout: Layout,
    /// The complete slug.
    pub(crate) slug: String,
    /// The folder its files are in.
    pub(crate) folder: String,
}

impl Layout {
    /// The home of a slug, its missing leading parts completed.
    pub(crate) fn home(self, written: &Slug, options: &StoreOptions) -> Result<Home> {
        let slug = match self {
            Layout::Flat => written.to_string(),
            Layout::Workspaces => complete(written, options)?,
        };
        let folder = match self {
            Layout::Flat => parent(&slug).to_owned(),
            Layout::Workspaces => slug.clone(),
        };
        Ok(Home {
            layout: self,
            slug,
            folder,
        })
    }
}

fn complete(written: &Slug, options: &StoreOptions) -> Result<String> {
    let count = written.segments().count();
    let missing = |what: &str, key: &str| {
        Error::not_found(
            "prompt",
            format!(
                "the slug `{written}` names no {what}: write `workspace/project/prompt`, or set `{key}` in the configuration"
            ),
            Vec::new(),
        )
        .with_param("slug")
    };
    let project = || {
        let default = options.default_project.as_deref();
        default.ok_or_else(|| missing("project", "engine.default_project"))
    };
    let workspace = || {
        let default = options.default_workspace.as_deref();
        default.ok_or_else(|| missing("workspace", "engine.default_workspace"))
    };
    let slug = match count {
        1 => format!("{}/{}/{written}", workspace()?, project()?),
        2 => format!("{}/{written}", workspace()?),
        3 => written.to_string(),
        _ => {
            return Err(Error::not_found(
                "prompt",
                format!(
                    "the slug `{written}` has more than the three parts `workspace/project/prompt`"
                ),
                Vec::new(),
            )
            .with_param("slug"));
        }
    };
    slug::check(&slug, "slug")?;
    let workspace = slug.split('/').next().unwrap_or_default();
    if RESERVED.contains(&workspace) {
        return Err(Error::invalid(
            "slug",
            format!("`{workspace}` cannot be a workspace's name: the server needs it"),
        ));
    }
    Ok(slug)
}

impl Home {
    /// The project segment: the last but one.
    pub(crate) fn project(&self) -> Option<&str> {
        parent(&self.slug)
            .rsplit('/')
            .next()
            .filter(|name| !name.is_empty())
    }

    /// The file of an environment, without its extension.
    pub(crate) fn environment_stem(&self, environment: &str) -> String {
        match self.layout {
            Layout::Flat => self.slug.clone(),
            Layout::Workspaces => join(&self.folder, environment),
        }
    }

    /// The file of a version, without its extension.
    pub(crate) fn version_stem(&self, version: u64) -> String {
        join(&self.versions(), &version.to_string())
    }

    /// The folder of versions.
    pub(crate) fn versions(&self) -> String {
        join(&self.folder, "versions")
    }

    /// The folder a version's partials were frozen into, by their paths from the root.
    pub(crate) fn frozen(&self, version: u64) -> String {
        self.version_stem(version)
    }

    /// `prompt.yaml`.
    pub(crate) fn manifest(&self) -> String {
        join(&self.folder, MANIFEST)
    }

    /// `project.yaml`.
    pub(crate) fn project_file(&self) -> String {
        join(parent(&self.folder), PROJECT)
    }

    /// Folders that partials and schemas are looked for in, nearest first.
    pub(crate) fn shelves(&self) -> Vec<String> {
        let mut folders = vec![self.folder.clone()];
        if self.layout == Layout::Workspaces {
            let project = parent(&self.folder);
            folders.push(project.to_owned());
            folders.push(parent(project).to_owned());
        }
        folders.push(String::new());
        folders.dedup();
        folders
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    fn options(workspace: Option<&str>, project: Option<&str>) -> StoreOptions {
        StoreOptions {
            default_workspace: workspace.map(str::to_owned),
            default_project: project.map(str::to_owned),
            ..StoreOptions::default()
        }
    }

    fn home(slug: &str, options: &StoreOptions) -> Result<Home> {
        Layout::Workspaces.home(&Slug::parse(slug).unwrap(), options)
    }

    #[test]
    fn leading_parts_are_completed() {
        let both = options(Some("acme"), Some("support"));
        assert_eq!(home("greet", &both).unwrap().slug, "acme/support/greet");
        assert_eq!(home("sales/greet", &both).unwrap().slug, "acme/sales/greet");
        assert_eq!(home("x/y/greet", &both).unwrap().slug, "x/y/greet");
        for (slug, options) in [
            ("greet", options(Some("acme"), None)),
            ("greet", options(None, Some("support"))),
            ("support/greet", options(None, None)),
            ("a/b/c/d", both),
        ] {
            let error = home(slug, &options).unwrap_err();
            assert_eq!(error.code(), "not_found", "{slug}");
        }
        assert_eq!(
            home("api/b/c", &options(None, None)).unwrap_err().code(),
            "invalid_request"
        );
    }

    #[test]
    fn shelves_go_outwards() {
        let home = home("a/b/c", &StoreOptions::default()).unwrap();
        assert_eq!(home.shelves(), ["a/b/c", "a/b", "a", ""]);
        assert_eq!(home.project(), Some("b"));
        let flat = Layout::Flat
            .home(&Slug::parse("greet").unwrap(), &StoreOptions::default())
            .unwrap();
        assert_eq!(flat.shelves(), [""]);
        assert_eq!(flat.project(), None);
        let flat = Layout::Flat
            .home(&Slug::parse("d/e/greet").unwrap(), &StoreOptions::default())
            .unwrap();
        assert_eq!(
            (flat.shelves(), flat.project()),
            (vec!["d/e".to_owned(), String::new()], Some("e"))
        );
    }
}
