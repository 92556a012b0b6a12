//! `slugline prompts publish SLUG`: freezes a working file as the next version.

use clap::Args;
use slugline::prompt::PromptWriter;

use crate::open::OpenArgs;
use crate::output::{Failure, print, print_json};

/// Arguments of `prompts publish`.
#[derive(Debug, Args)]
pub(crate) struct PublishArgs {
    /// Slug of the prompt
    slug: String,
    /// Environment whose file is published [default: the only one that has a file]
    #[arg(long, value_name = "ENVIRONMENT")]
    from: Option<String>,
    /// Print slug, version and hash as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn publish(open: &OpenArgs, args: &PublishArgs) -> Result<(), Failure> {
    let published = open.store()?.publish(&args.slug, args.from.as_deref())?;
    if args.json {
        return print_json(&published);
    }
    let hash = published.hash.get(..12).unwrap_or(&published.hash);
    let text = match published.created {
        true => format!(
            "published version {} of {} ({hash})\n",
            published.version, published.slug
        ),
        false => format!(
            "version {} of {} has this content already ({hash})\n",
            published.version, published.slug
        ),
    };
    print(&text).map_err(Failure::from)
}
