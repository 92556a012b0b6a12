//! `slugline prompts show SLUG`: everything about one prompt, its source last.

use std::fmt::Write as _;

use clap::Args;
use slugline::prompt::{Address, PromptInfo, PromptStore};

use crate::open::OpenArgs;
use crate::output::{Failure, print, print_json};

/// Arguments of `prompts show`.
#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    /// Slug of the prompt; `SLUG@ENVIRONMENT` and `SLUG@VERSION` name one
    slug: String,
    /// A variant of it
    #[arg(long, value_name = "NAME")]
    variant: Option<String>,
    /// Print it as JSON
    #[arg(long)]
    json: bool,
    /// Print the source alone
    #[arg(long, conflicts_with = "json")]
    source: bool,
}

pub(crate) fn show(open: &OpenArgs, args: &ShowArgs) -> Result<(), Failure> {
    let info = get(open, args)?;
    if args.json {
        return print_json(&info);
    }
    let source = info.source.clone().unwrap_or_default();
    let mut text = String::new();
    if !args.source {
        text = facts(&info);
        text.push('\n');
    }
    text.push_str(&source);
    if !text.ends_with('\n') {
        text.push('\n');
    }
    print(&text).map_err(Failure::from)
}

fn get(open: &OpenArgs, args: &ShowArgs) -> Result<PromptInfo, Failure> {
    let store = open.store()?;
    let mut address = Address::parse(&args.slug)?;
    address.variant.clone_from(&args.variant);
    Ok(store.get(&address)?)
}

fn facts(info: &PromptInfo) -> String {
    let mut out = String::new();
    let mut line = |name: &str, value: String| {
        if !value.is_empty() {
            let _ = writeln!(out, "{name:13}{value}");
        }
    };
    line("slug", info.slug.clone());
    line("description", info.description.clone().unwrap_or_default());
    line("file", info.file.clone());
    line(
        "version",
        info.version
            .map(|version| version.to_string())
            .unwrap_or_default(),
    );
    line("hash", info.hash.clone());
    let environments = info
        .environments
        .iter()
        .map(|environment| match environment.version {
            Some(version) => format!("{} (version {version})", environment.name),
            None => environment.name.clone(),
        });
    line("environments", environments.collect::<Vec<_>>().join(", "));
    let versions = info.versions.iter().map(u64::to_string);
    line("versions", versions.collect::<Vec<_>>().join(", "));
    let variants = info
        .variants
        .iter()
        .map(|variant| format!("{} (weight {})", variant.name, variant.weight));
    line("variants", variants.collect::<Vec<_>>().join(", "));
    line("variables", info.variables.join(", "));
    line("problem", info.problem.clone().unwrap_or_default());
    out
}
