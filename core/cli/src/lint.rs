//! `slugline lint [SLUG]`: what is wrong with prompts, with the place of each.

use std::collections::HashMap;

use clap::Args;
use serde_json::json;
use slugline::prompt::{Finding, Level};

use crate::open::OpenArgs;
use crate::output::{Failure, note, print, print_json};

/// Arguments of `lint`.
#[derive(Debug, Args)]
pub(crate) struct LintArgs {
    /// Slug of a prompt [default: all]
    slug: Option<String>,
    /// Fail on warnings too
    #[arg(long)]
    strict: bool,
    /// Print the findings as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn lint(open: &OpenArgs, args: &LintArgs) -> Result<(), Failure> {
    let store = open.store()?;
    let findings = slugline::prompt::lint(&store, args.slug.as_deref())?;
    let count = |level| {
        findings
            .iter()
            .filter(|finding| finding.level == level)
            .count()
    };
    let (errors, warnings) = (count(Level::Error), count(Level::Warning));
    if args.json {
        print_json(&json!({"errors": errors, "warnings": warnings, "findings": findings}))?;
    } else {
        let mut files = HashMap::new();
        for finding in &findings {
            let file = finding.location.file.as_deref().unwrap_or_default();
            let text = files
                .entry(file)
                .or_insert_with(|| store.text(file).unwrap_or_default());
            print(&shown(finding, text))?;
        }
    }
    let summary = format!(
        "{}, {}",
        counted(errors, "error"),
        counted(warnings, "warning")
    );
    if errors > 0 || (args.strict && warnings > 0) {
        return Err(Failure::printed(summary));
    }
    note(&summary);
    Ok(())
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// A finding as compilers show them: words, place, line, marks below.
fn shown(finding: &Finding, source: &str) -> String {
    let level = match finding.level {
        Level::Error => "error",
        Level::Warning => "warning",
    };
    let mut out = format!("{level}[{}]: {}\n", finding.code, finding.message);
    let location = &finding.location;
    let Some(file) = &location.file else {
        return out + "\n";
    };
    let (Some(line), Some(column)) = (location.line, location.column) else {
        return out + &format!("  --> {file}\n\n");
    };
    out.push_str(&format!("  --> {file}:{line}:{column}\n"));
    if let Some(text) = source.lines().nth(line as usize - 1) {
        let number = line.to_string();
        let gutter = " ".repeat(number.len());
        // Tabs stay tabs, so that the marks stand below what they mean.
        let before: String = text
            .chars()
            .take(column as usize - 1)
            .map(|c| if c == '\t' { '\t' } else { ' ' })
            .collect();
        let left = text.chars().count().saturating_sub(before.chars().count());
        let marks = "^".repeat((finding.length.unwrap_or(1) as usize).clamp(1, left.max(1)));
        out.push_str(&format!(
            "{gutter} |\n{number} | {text}\n{gutter} | {before}{marks}\n"
        ));
    }
    out.push('\n');
    out
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use slugline::Location;

    #[test]
    fn marks_stand_below_the_words() {
        let finding = Finding {
            level: Level::Error,
            code: "undeclared_variable",
            message: "the variable `nmae` is not declared".to_owned(),
            location: Location {
                file: Some("greet.prompt".to_owned()),
                line: Some(2),
                column: Some(6),
                message: None,
            },
            length: Some(4),
        };
        assert_eq!(
            shown(&finding, "x\n\tHi {{nmae}}\n"),
            "error[undeclared_variable]: the variable `nmae` is not declared\n  --> greet.prompt:2:6\n  |\n2 | \tHi {{nmae}}\n  | \t    ^^^^\n\n"
        );
        assert!(shown(&finding, "").ends_with("greet.prompt:2:6\n\n"));
    }
}
