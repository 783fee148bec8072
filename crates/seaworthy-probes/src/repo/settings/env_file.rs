//! Environment files: names and, inside this crate only, values.
//!
//! Values are dropped when the look ends and never become facts; only what is counted of them does.

use std::path::Path;

use super::names;
use crate::modes::names_environment;

/// One environment file.
#[derive(Debug)]
pub(crate) struct EnvFile {
    pub(crate) path: String,
    pub(crate) tracked: Option<bool>,
    pub(crate) mode: u32,
    pub(crate) kind: EnvKind,
    pub(crate) entries: Vec<Entry>,
}

/// For whom an environment file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum EnvKind {
    /// A template: names, and values that are not meant to be used.
    Example,
    /// For a developer's machine or for tests.
    Local,
    /// For a deployed environment, by its name.
    Deployed(String),
    /// Neither its name nor its content says.
    Unsaid,
}

/// One line of an environment file.
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) line: u64,
    pub(crate) value: String,
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}=***", self.name)
    }
}

/// Longest name of a setting, in bytes.
const NAME_BYTES_MAX: usize = 200;
/// Most entries of one file.
const ENTRIES_MAX: usize = 2_000;
const EXAMPLES: &[&str] = &["example", "sample", "template", "dist", "defaults", "schema", "tpl"];
const LOCALS: &[&str] = &["local", "development", "dev", "test", "testing", "ci", "e2e", "docker"];
/// Whether a file's name is that of an environment file.
pub(crate) fn is_env_file(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    let code = [".js", ".ts", ".py", ".rb", ".go", ".rs", ".php", ".md", ".json", ".yaml", ".yml", ".toml"];
    let dotted = name == ".env" || name.starts_with(".env.") || name == ".envrc" || name.starts_with(".env-");
    (dotted || (name.ends_with(".env") && name.len() > 4) || name == "env.example")
        && !code.iter().any(|ending| name.ends_with(ending))
}

/// Whether an environment file is a template, by its name.
pub(crate) fn is_template(path: &Path) -> bool {
    is_env_file(path) && kind(&path.to_string_lossy(), &[]) == EnvKind::Example
}

impl EnvFile {
    pub(crate) fn parse(path: String, tracked: Option<bool>, mode: u32, text: &str) -> Self {
        let entries = entries(text);
        let kind = kind(&path, &entries);
        Self { path, tracked, mode, kind, entries }
    }

    /// The environment's name, for a file of a deployed one.
    pub(crate) fn environment(&self) -> Option<&str> {
        match &self.kind {
            EnvKind::Deployed(name) => Some(name),
            EnvKind::Example | EnvKind::Local | EnvKind::Unsaid => None,
        }
    }
}

/// The entries of an environment file: `NAME=value`, `export NAME="value"`, comments after white space.
pub(crate) fn entries(text: &str) -> Vec<Entry> {
    let mut entries = Vec::new();
    for (line, text) in (1..).zip(text.lines()) {
        let text = text.trim();
        let text = text.strip_prefix("export ").unwrap_or(text);
        let Some((name, value)) = text.split_once('=') else { continue };
        let name = name.trim();
        let sound = !name.is_empty()
            && name.len() <= NAME_BYTES_MAX
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '.');
        if sound && entries.len() < ENTRIES_MAX {
            entries.push(Entry { name: name.to_owned(), line, value: value_of(value.trim()).to_owned() });
        }
    }
    entries
}

fn value_of(written: &str) -> &str {
    for quote in ['"', '\''] {
        if let Some(inside) = written.strip_prefix(quote) {
            return inside.split(quote).next().unwrap_or_default();
        }
    }
    written.split(" #").next().unwrap_or_default().trim_end()
}

fn kind(path: &str, entries: &[Entry]) -> EnvKind {
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    let words: Vec<&str> =
        name.split(['.', '-', '_']).filter(|word| !word.is_empty() && *word != "env").collect();
    let has = |list: &[&str]| words.iter().any(|word| list.contains(word));
    if has(EXAMPLES) {
        return EnvKind::Example;
    }
    if has(LOCALS) {
        return EnvKind::Local;
    }
    let said = words.first().map(|word| (*word).to_owned()).or_else(|| {
        let entry = entries.iter().find(|entry| names_environment(&entry.name))?;
        Some(entry.value.to_ascii_lowercase())
    });
    match said.as_deref() {
        Some("prod" | "production" | "live") => EnvKind::Deployed("production".into()),
        Some("stage" | "staging") => EnvKind::Deployed("staging".into()),
        Some(word) if LOCALS.contains(&word) => EnvKind::Local,
        Some(word @ ("preview" | "qa" | "uat" | "canary" | "demo")) => EnvKind::Deployed(word.into()),
        Some(_) | None => EnvKind::Unsaid,
    }
}

/// Entries whose name says that the value is a secret and whose value is not empty.
pub(crate) fn secrets(file: &EnvFile) -> impl Iterator<Item = &Entry> {
    file.entries.iter().filter(|entry| !entry.value.is_empty() && names::is_secret(&entry.name, &entry.value))
}
