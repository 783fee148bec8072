//! The changelog: its entries, and the one for the version at hand.

use std::sync::OnceLock;

use chrono::NaiveDate;
use regex::Regex;
use schemars::JsonSchema;
use seaworthy_core::facts::{Blind, Listed, Seen, Unseen};
use seaworthy_core::limits::repo::LISTED_MAX;
use serde::Serialize;

use super::files::{Files, name};
use super::lines::shown_by;
use super::version::Version;

/// The changelog of the repository.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Changelog {
    /// The file.
    pub path: String,
    /// Its entries, newest first as they stand there.
    pub entries: Listed<ChangelogEntry>,
    /// The entry for the repository's version; `null` when there is none.
    pub current: Seen<Option<ChangelogEntry>>,
}

/// One version's entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ChangelogEntry {
    /// The version, without a leading `v`.
    pub version: String,
    /// The day that it states, as `2026-03-01`; `null` when it states none.
    pub date: Option<String>,
    /// Its line, from 1.
    pub line: u64,
    /// Changes that it lists, or paragraphs.
    pub changes_count: u64,
}

const BEGINNINGS: &[&str] = &["CHANGELOG", "CHANGES", "HISTORY", "RELEASES", "NEWS"];

/// Reads the changelog at the root, or else in `docs/`. `null` when there is none and everything was read.
pub(crate) fn look(files: &Files, version: &Seen<Option<Version>>) -> Seen<Option<Changelog>> {
    let found = files
        .named(|name| BEGINNINGS.iter().any(|beginning| stem(name) == *beginning))
        .filter(|(path, _)| path.matches('/').count() <= 1)
        .min_by_key(|(path, _)| {
            (
                path.matches('/').count(),
                BEGINNINGS.iter().position(|beginning| stem(name(path)) == *beginning),
            )
        });
    let Some((path, file)) = found else {
        return match files.whole() {
            Ok(()) => Seen::new(None),
            Err(unseen) => Seen::Unseen(unseen),
        };
    };
    let entries = entries(&String::from_utf8_lossy(&file.bytes));
    let current = match version {
        Seen::Unseen(unseen) => Seen::Unseen(unseen.clone()),
        Seen::Seen { value: None, .. } => Seen::Unseen(
            Unseen::new(
                Blind::NotGiven,
                "no manifest at the root states a version and no tag names this commit",
            )
            .give("git tag vX.Y.Z   or a version in the package's manifest"),
        ),
        Seen::Seen { value: Some(version), .. } => {
            let entry = entries.iter().find(|entry| same(&entry.version, &version.value)).cloned();
            match &entry {
                Some(found) => Seen::shown_by(entry.clone(), shown_by(path, found.line)),
                None => Seen::new(None),
            }
        }
    };
    Seen::new(Some(Changelog {
        path: path.to_owned(),
        entries: Listed::bounded(entries, LISTED_MAX, "entries"),
        current,
    }))
}

fn stem(name: &str) -> String {
    name.split('.').next().unwrap_or(name).to_ascii_uppercase()
}

/// Versions are the same when they differ only in trailing zeros and build metadata.
fn same(a: &str, b: &str) -> bool {
    fn core(version: &str) -> &str {
        version.split('+').next().unwrap_or(version).trim_end_matches(".0")
    }
    core(a) == core(b)
}

fn entries(text: &str) -> Vec<ChangelogEntry> {
    let lines: Vec<&str> = text.lines().collect();
    let mut entries: Vec<ChangelogEntry> = Vec::new();
    let mut between = true;
    let mut open = false;
    for (index, line) in lines.iter().enumerate() {
        let underlined = lines
            .get(index + 1)
            .is_some_and(|next| next.len() >= 3 && next.chars().all(|c| matches!(c, '-' | '=' | '~')));
        let head = line.starts_with('#') || underlined || line.starts_with('[') || line.starts_with('v');
        if head && let Some((version, date)) = heading(line) {
            entries.push(ChangelogEntry { version, date, line: index as u64 + 1, changes_count: 0 });
            (between, open) = (true, true);
            continue;
        }
        let level_of_entries = line.starts_with("# ") || line.starts_with("## ");
        if level_of_entries {
            // `## Unreleased`: what follows belongs to no version.
            open = false;
        }
        let Some(entry) = entries.last_mut().filter(|_| open) else { continue };
        let trimmed = line.trim_start();
        let listed = ["- ", "* ", "+ ", "• "]
            .iter()
            .any(|mark| trimmed.strip_prefix(mark).is_some_and(|rest| !rest.trim().is_empty()));
        let paragraph = between
            && trimmed.chars().any(char::is_alphabetic)
            && !line.starts_with('#')
            && !trimmed.starts_with('[');
        if listed || paragraph {
            entry.changes_count += 1;
        }
        between = trimmed.is_empty();
    }
    entries
}

fn heading(line: &str) -> Option<(String, Option<String>)> {
    static PATTERN: OnceLock<Option<Regex>> = OnceLock::new();
    let pattern = PATTERN
        .get_or_init(|| {
            Regex::new(r"^(?:#{1,4}\s*)?(?:[A-Za-z][\w-]*\s+)?\[?v?(\d+\.\d+(?:\.\d+)*(?:[-+][0-9A-Za-z.+-]*[0-9A-Za-z])?)\]?(?:\([^)]*\))?(.*)$").ok()
        })
        .as_ref()?;
    let found = pattern.captures(line.trim_end())?;
    let version = found.get(1)?.as_str().to_owned();
    let rest = found.get(2).map_or("", |rest| rest.as_str());
    // A heading says a version and a date and little more; a sentence that begins with a number is none.
    (line.starts_with('#') || rest.len() < 40).then(|| (version, date(rest)))
}

/// The first day in a text: `2026-03-01`, `1 March 2026`, `March 1, 2026`.
fn date(text: &str) -> Option<String> {
    let words: Vec<&str> = text
        .split(|c: char| !(c.is_alphanumeric() || matches!(c, '-' | '/')))
        .filter(|word| !word.is_empty())
        .collect();
    for (index, word) in words.iter().enumerate() {
        let three = words.get(index..index + 3).map(|three| three.join(" "));
        let day = ["%Y-%m-%d", "%Y/%m/%d"]
            .iter()
            .find_map(|format| NaiveDate::parse_from_str(word, format).ok())
            .or_else(|| {
                ["%d %B %Y", "%B %d %Y"]
                    .iter()
                    .find_map(|format| NaiveDate::parse_from_str(three.as_deref()?, format).ok())
            });
        if let Some(day) = day {
            return Some(day.to_string());
        }
    }
    None
}
