//! The shape of the code, checked: which module may use which (the table of `ARCHITECTURE.md`), which
//! file alone names an outside crate, and how long a file may be.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Crates behind one door: a change of library is a change of that file or folder.
const DOORS: &[(&str, &[&str])] = &[
    ("aws_sigv4", &["provider/bedrock/sign.rs"]),
    ("flate2", &["catalogue/snapshot.rs"]),
    ("handlebars", &["template/compile.rs"]),
    ("jsonschema", &["prompt/schema.rs"]),
    ("reqwest", &["transport/client.rs"]),
    ("rusqlite", &["store/sqlite.rs", "store/sqlite/"]),
    ("secrecy", &["provider/auth.rs"]),
    ("serde_saphyr", &["prompt/yaml.rs"]),
    ("statrs", &["store/statistics.rs"]),
    ("strsim", &["nearest.rs"]),
    ("toml", &["config/file.rs"]),
];

/// The longest hand-written file. Past 400 lines a file is asked to be cut; here it fails.
const MOST_LINES: usize = 600;

/// What the root module re-exports, and from where.
const ROOT: &[(&str, &str)] = &[
    ("Engine", "engine"),
    ("EngineBuilder", "engine"),
    ("Error", "error"),
    ("ErrorData", "error"),
    ("ErrorKind", "error"),
    ("Location", "error"),
    ("Result", "error"),
];

fn core() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn files_under(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    for entry in entries {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            if !matches!(name.as_str(), "target" | "node_modules" | "dist")
                && !name.starts_with('.')
            {
                files_under(&path, found);
            }
        } else {
            found.push(path);
        }
    }
}

/// A source file of the library: its path under `src`, and its text without comments and tests.
struct Source {
    path: String,
    text: String,
}

impl Source {
    fn module(&self) -> &str {
        let first = self.path.split('/').next().unwrap();
        first.strip_suffix(".rs").unwrap_or(first)
    }
}

fn sources() -> Vec<Source> {
    let root = core().join("src");
    let mut paths = Vec::new();
    files_under(&root, &mut paths);
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "rs"));
    let mut tests = BTreeSet::new();
    let mut sources = Vec::new();
    for path in &paths {
        let text = std::fs::read_to_string(path).unwrap();
        let code = without_tests(&text, path, &mut tests);
        let name = path.strip_prefix(&root).unwrap().to_string_lossy();
        sources.push(Source {
            path: name.replace('\\', "/"),
            text: code,
        });
    }
    sources.retain(|source| {
        let path = root.join(&source.path);
        !tests
            .iter()
            .any(|test| path.starts_with(test) || path == *test)
    });
    assert!(sources.len() > 50, "{} sources", sources.len());
    sources
}

/// The code that is part of the library. Files of tests that it names go to `tests`.
fn without_tests(text: &str, path: &Path, tests: &mut BTreeSet<PathBuf>) -> String {
    let mut code = String::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let trimmed = line.trim();
        if trimmed.starts_with("//") {
            continue;
        }
        if trimmed != "#[cfg(test)]" {
            code.push_str(line);
            code.push('\n');
            continue;
        }
        let mut file = None;
        for line in lines.by_ref() {
            let line = line.trim();
            if let Some(named) = line.strip_prefix("#[path = \"") {
                file = named.strip_suffix("\"]").map(str::to_owned);
            } else if line.ends_with([';', '{']) {
                let folder = path.parent().unwrap();
                let own = match path.file_stem().unwrap().to_str().unwrap() {
                    "mod" | "lib" => folder.to_path_buf(),
                    stem => folder.join(stem),
                };
                let line = line
                    .trim_start_matches("pub(super) ")
                    .trim_start_matches("pub(crate) ");
                if let Some(name) = line
                    .strip_prefix("mod ")
                    .and_then(|rest| rest.strip_suffix(';'))
                {
                    tests.insert(match file {
                        Some(file) => folder.join(file),
                        None => own.join(format!("{name}.rs")),
                    });
                    tests.insert(own.join(name));
                } else if line.starts_with("mod ") {
                    // Inline tests end the file.
                    return code;
                }
                break;
            }
        }
    }
    code
}

/// The names that follow `crate::`, one by one where they are grouped.
fn used_names(text: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for part in text.split("crate::").skip(1) {
        match part.strip_prefix('{') {
            None => drop(names.insert(leading_name(part))),
            Some(group) => {
                let mut depth = 0;
                let mut start = true;
                for (at, character) in group.char_indices() {
                    match character {
                        '{' => depth += 1,
                        '}' if depth == 0 => break,
                        '}' => depth -= 1,
                        ',' if depth == 0 => start = true,
                        _ if start && !character.is_whitespace() => {
                            names.insert(leading_name(&group[at..]));
                            start = false;
                        }
                        _ => {}
                    }
                }
            }
        }
    }
    names.remove("");
    names
}

fn leading_name(text: &str) -> String {
    text.chars()
        .take_while(|character| character.is_alphanumeric() || *character == '_')
        .collect()
}

/// Module -> modules it may use, from the table in `ARCHITECTURE.md`.
fn table() -> BTreeMap<String, BTreeSet<String>> {
    let text = std::fs::read_to_string(core().join("ARCHITECTURE.md")).unwrap();
    let names = |cell: &str| -> Vec<String> {
        cell.split('`')
            .skip(1)
            .step_by(2)
            .map(str::to_owned)
            .collect()
    };
    let mut table: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in text.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = line.trim_matches('|').split('|').collect();
        let [modules, _, uses] = cells.as_slice() else {
            panic!("not three cells: {line}");
        };
        let uses: BTreeSet<String> = match uses.trim() {
            "everything above" => table.keys().cloned().collect(),
            _ => names(uses).into_iter().collect(),
        };
        for module in names(modules) {
            table.insert(module, uses.clone());
        }
    }
    assert!(table.len() > 10, "no table was found");
    table
}

/// Used by every module, and using none but each other in this order.
const BASE: &[&str] = &["nearest", "clock", "chat", "error"];

#[test]
fn modules_use_what_the_table_allows() {
    let table = table();
    let mut wrong = Vec::new();
    for source in sources() {
        let module = source.module();
        if module == "lib" {
            continue;
        }
        let Some(allowed) = table.get(module) else {
            wrong.push(format!("{}: `{module}` is not in the table", source.path));
            continue;
        };
        for name in used_names(&source.text) {
            let root = ROOT.iter().find(|(item, _)| *item == name);
            let used = root.map_or(name.as_str(), |(_, module)| module);
            let is_base = BASE.contains(&used) && !BASE.contains(&module);
            // A macro of the crate's root is no module.
            let is_module = table.contains_key(used);
            if used != module && is_module && !is_base && !allowed.contains(used) {
                wrong.push(format!("{}: `{module}` may not use `{used}`", source.path));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn the_table_has_no_circle() {
    let mut left = table();
    while !left.is_empty() {
        let free: Vec<String> = left
            .iter()
            .filter(|(_, uses)| uses.iter().all(|used| !left.contains_key(used)))
            .map(|(module, _)| module.clone())
            .collect();
        assert!(!free.is_empty(), "in a circle: {:?}", left.keys());
        for module in free {
            left.remove(&module);
        }
    }
}

#[test]
fn outside_crates_are_behind_their_doors() {
    let mut wrong = Vec::new();
    for source in sources() {
        for (name, doors) in DOORS {
            let is_door = doors.iter().any(|door| {
                source.path == *door || door.ends_with('/') && source.path.starts_with(door)
            });
            let path = format!("{name}::");
            let is_named = source.text.match_indices(&path).any(|(at, _)| {
                let before = source.text[..at].chars().next_back();
                !before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | ':' | '.' | '"'))
            });
            if is_named && !is_door {
                wrong.push(format!(
                    "{}: names `{name}`, which is for {doors:?}",
                    source.path
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn no_file_is_too_long() {
    let root = core();
    let root = root.parent().unwrap();
    let mut paths = Vec::new();
    files_under(root, &mut paths);
    // Type declarations are one file a package, as long as what they declare; nobody reads what is generated.
    let written = ["rs", "py", "js", "ts", "swift", "sh", "md"];
    let mut long = Vec::new();
    for path in paths {
        let extension = path.extension().and_then(|extension| extension.to_str());
        let is_declaration = path.to_string_lossy().ends_with(".d.ts");
        if is_declaration || !extension.is_some_and(|extension| written.contains(&extension)) {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let lines = text.lines().count();
        if lines > MOST_LINES && !text.starts_with("// Generated by ") {
            let path = path.strip_prefix(root).unwrap().display().to_string();
            long.push(format!("{path}: {lines} lines"));
        }
    }
    assert!(
        long.is_empty(),
        "longer than {MOST_LINES} lines:\n{}",
        long.join("\n")
    );
}

#[test]
fn names_of_groups_are_found() {
    let names = used_names(
        "use crate::{Error, chat::{self, Message}, prompt::Slug};\nuse crate::config::X;",
    );
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    assert_eq!(names, ["Error", "chat", "config", "prompt"]);
}
