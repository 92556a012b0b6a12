//! `slugline init`: a configuration and a first prompt, so that `slugline run greet name=Ada` works.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::output::{Failure, print};

const CONFIG: &str = r#"# Everything here is optional: https keys come from their usual environment variables.
[engine]
default_model = "auto"
prompts = "prompts"

[models]
# The first whose key is set answers; without any the built-in test provider echoes.
auto = ["openai/gpt-5-mini", "anthropic/claude-haiku-4-5", "gemini/gemini-2.5-flash", "test/echo"]
"#;

const PROMPT: &str = "---
description: Greets somebody by name
input:
  schema:
    name: string, whom to greet
---
{{role \"system\"}}You greet people warmly, in one sentence.
{{role \"user\"}}Say hello to {{name}}.
";

/// Arguments of `init`.
#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    /// Folder to write into
    #[arg(default_value = ".")]
    folder: PathBuf,
}

pub(crate) fn init(args: &InitArgs) -> Result<(), Failure> {
    let prompts = args.folder.join("prompts");
    fs::create_dir_all(&prompts).map_err(|error| cannot_write(&prompts, &error))?;
    for (path, text) in [
        (args.folder.join("slugline.toml"), CONFIG),
        (prompts.join("greet.prompt"), PROMPT),
    ] {
        // Never over a file that is there: it may be somebody's work.
        let file = fs::File::create_new(&path).and_then(|mut file| file.write_all(text.as_bytes()));
        file.map_err(|error| cannot_write(&path, &error))?;
        print(&format!("wrote {}\n", path.display()))?;
    }
    print("next: slugline run greet name=Ada\n")?;
    Ok(())
}

fn cannot_write(path: &Path, error: &std::io::Error) -> Failure {
    Failure::other(format!("cannot write {}: {error}", path.display()))
}
