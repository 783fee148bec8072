//! Database migrations as files: whether each can be taken back, or says that it cannot and what to do instead.
//!
//! That a way back is written says nothing of whether it leads back: only running it does ([`trial`]).

mod rails;
mod scripts;
pub(in crate::repo) mod trial;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use regex::Regex;
use schemars::JsonSchema;
use seaworthy_core::facts::{Listed, Seen};
use seaworthy_core::limits::repo::LISTED_MAX;
use serde::Serialize;

use self::scripts::{body, inside, script, top_level_commas};
use self::trial::Trial;
use super::files::{Files, KeptFile, directory, name};
use super::lines::newlines;
use super::recorded::{flyway_order, recorded_as, sums};
use super::role::Role;

/// The migrations of the repository.
#[derive(Debug, Serialize, JsonSchema)]
pub struct MigrationFacts {
    /// There are migrations.
    pub present: Seen<bool>,
    /// Each of them, in the order of their files.
    pub entries: Seen<Listed<Migration>>,
    /// Names of the parts of the application that have some, for tools that keep several apart. Sorted.
    pub apps: Seen<Listed<String>>,
}

/// One migration.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Migration {
    /// What reads it, as its form shows: `up-down-sql`, `diesel`, `goose`, `dbmate`, `flyway`, `prisma`, `rails`, `alembic`, `django`,
    /// `laravel`, `script`, `sql`.
    pub tool: String,
    /// Its name: the file or directory.
    pub name: String,
    /// The file that goes forward.
    pub path: String,
    /// Where the way back is written, `file:line`; `null` when there is none, it does nothing, or the tool refuses to derive it.
    pub way_back: Seen<Option<String>>,
    /// What came of going forward and back on a scratch database; `null` where no way back is written.
    pub trial: Seen<Option<Trial>>,
    /// Why it cannot be taken back, as it says itself.
    pub irreversible: Option<String>,
    /// What to do instead of taking it back, as it says itself.
    pub forward_fix: Option<String>,
    /// Names or versions under which a tool records it once it is applied.
    pub recorded_as: Vec<String>,
    /// Sums of the file by which a tool sees that it was changed since: SHA-256, SHA-384.
    pub sums: Vec<String>,
    /// What a tool has in its table once this was applied and not changed since: each name, and each name with a sum behind it.
    pub records: Vec<String>,
    /// Its version in a form whose texts are in the order of versions, for tools that order by them.
    pub version_order: Option<String>,
}

/// Reads the migrations.
pub(crate) fn look(files: &Files) -> MigrationFacts {
    let own: BTreeMap<&str, &KeptFile> =
        files.own().filter(|(_, file)| file.found.role == Role::Production).collect();
    let migrations: Vec<Migration> =
        own.iter().filter_map(|(path, file)| migration(path, file, &own)).collect();
    let whole = files.whole();
    let present = match &whole {
        _ if !migrations.is_empty() => Seen::new(true),
        Ok(()) => Seen::new(false),
        Err(unseen) => Seen::Unseen(unseen.clone()),
    };
    let of_apps = migrations.iter().filter(|migration| migration.tool == "django");
    let apps: BTreeSet<String> = of_apps
        .flat_map(|migration| &migration.recorded_as)
        .filter_map(|name| name.split_once('.').filter(|(_, own)| *own != "py"))
        .map(|(app, _)| app.to_owned())
        .collect();
    let mut apps = Listed::bounded(apps.into_iter().collect(), LISTED_MAX, "applications");
    apps.cut = apps.cut.or_else(|| whole.clone().err());
    let mut entries = Listed::bounded(migrations, LISTED_MAX, "migrations");
    entries.cut = entries.cut.or(whole.err());
    MigrationFacts { present, entries: Seen::new(entries), apps: Seen::new(apps) }
}

/// The migration whose way forward is in this file, if it is one.
fn migration(path: &str, file: &KeptFile, own: &BTreeMap<&str, &KeptFile>) -> Option<Migration> {
    let in_migrations = directory(path)
        .split('/')
        .any(|part| matches!(part, "migrations" | "migration" | "migrate" | "versions" | "alembic"));
    if !in_migrations {
        return None;
    }
    let text = String::from_utf8_lossy(&file.bytes);
    let (tool, way_back, name) = match name(path).rsplit_once('.')?.1 {
        "sql" => seen(sql(path, &text, own)?),
        "rb" => (script(&text, "rails", "change", "up", "down")?, rails::way_back(path, &text), stem(path)),
        "py" => seen(python(path, &text)?),
        "php" => (
            script(&text, "laravel", "\u{0}", "function up", "function down")?,
            Seen::new(body(path, &text, &["function down"])),
            stem(path),
        ),
        "js" | "ts" | "go" => (
            script(&text, "script", "\u{0}", "up", "down")?,
            Seen::new(body(path, &text, &["down"])),
            stem(path),
        ),
        _ => return None,
    };
    let (irreversible, forward_fix) = marks(&text);
    let (names, sums) = (recorded_as(path, &text), sums(&file.bytes));
    let with_sums = names.iter().flat_map(|name| sums.iter().map(move |sum| format!("{name} {sum}")));
    Some(Migration {
        tool: tool.to_owned(),
        name,
        path: path.to_owned(),
        trial: trial::waiting(&way_back),
        way_back,
        irreversible,
        forward_fix,
        records: names.iter().cloned().chain(with_sums).collect(),
        version_order: (tool == "flyway").then(|| flyway_order(path)).flatten(),
        recorded_as: names,
        sums,
    })
}

type Read = (&'static str, Option<String>, String);

fn seen((tool, way_back, name): Read) -> (&'static str, Seen<Option<String>>, String) {
    (tool, Seen::new(way_back), name)
}

fn sql(path: &str, text: &str, own: &BTreeMap<&str, &KeptFile>) -> Option<Read> {
    let file = name(path);
    let beside = |other: String| {
        own.get(other.as_str())
            .filter(|kept| does_something(&String::from_utf8_lossy(&kept.bytes)))
            .map(|_| format!("{other}:1"))
    };
    if file.ends_with(".down.sql") || file == "down.sql" || file.starts_with('U') && file.contains("__") {
        return None;
    }
    if let Some(stem) = file.strip_suffix(".up.sql") {
        return Some(("up-down-sql", beside(format!("{}{stem}.down.sql", directory(path))), stem.to_owned()));
    }
    let parent = || name(directory(path).trim_end_matches('/')).to_owned();
    if file == "up.sql" || file == "migration.sql" {
        let tool = if file == "up.sql" { "diesel" } else { "prisma" };
        return Some((tool, beside(format!("{}down.sql", directory(path))), parent()));
    }
    for (tool, up, down) in
        [("goose", "-- +goose Up", "-- +goose Down"), ("dbmate", "-- migrate:up", "-- migrate:down")]
    {
        if text.contains(up) {
            let back =
                text.find(down).filter(|at| does_something(text.get(at + down.len()..).unwrap_or_default()));
            return Some((tool, back.map(|at| place(path, text, at)), stem(path)));
        }
    }
    let changesets = changesets(text);
    if !changesets.is_empty() {
        let back = liquibase(text, &changesets).map(|at| place(path, text, at));
        return Some(("liquibase", back, stem(path)));
    }
    if let Some(rest) = file.strip_prefix('V').filter(|rest| rest.contains("__")) {
        return Some(("flyway", beside(format!("{}U{rest}", directory(path))), stem(path)));
    }
    // A number first: other SQL files in such a directory are no migrations.
    file.starts_with(|c: char| c.is_ascii_digit()).then(|| ("sql", None, stem(path)))
}

/// Where the changesets of a formatted changelog of Liquibase begin.
fn changesets(text: &str) -> Vec<usize> {
    static PATTERN: OnceLock<Option<Regex>> = OnceLock::new();
    let pattern = PATTERN.get_or_init(|| Regex::new(r"(?im)^\s*--\s*changeset\s+\S").ok());
    pattern.iter().flat_map(|pattern| pattern.find_iter(text)).map(|found| found.start()).collect()
}

/// Where the first way back of such a changelog is, if each of its changesets has one.
fn liquibase(text: &str, changesets: &[usize]) -> Option<usize> {
    static PATTERN: OnceLock<Option<Regex>> = OnceLock::new();
    let pattern = PATTERN.get_or_init(|| {
        let line = r"(?im)^\s*--\s*rollback\b[ \t]*([^\n]*)";
        Regex::new(&format!(r"{line}|/\*\s*liquibase\s+rollback\b([^*]*)\*/")).ok()
    });
    let rollback = pattern.as_ref()?;
    let mut first = None;
    for (index, from) in changesets.iter().enumerate() {
        let to = changesets.get(index + 1).copied().unwrap_or(text.len());
        let section = text.get(*from..to).unwrap_or_default();
        let mut back = rollback.captures_iter(section).filter(|found| {
            let said = found.get(1).or(found.get(2)).map_or("", |said| said.as_str()).trim();
            // Liquibase takes `empty` and `not required` for nothing to be done.
            !matches!(said.trim_end_matches(';').to_ascii_lowercase().as_str(), "empty" | "not required")
                && does_something(said)
        });
        let found = back.next()?.get(0)?;
        first = first.or(Some(from + found.start()));
    }
    first
}

fn python(path: &str, text: &str) -> Option<Read> {
    if text.contains("def upgrade(") {
        let at = text.find("def downgrade(");
        let back = at.filter(|at| {
            text.get(*at..).unwrap_or_default().lines().skip(1).map(str::trim).any(|line| {
                let nothing = line.is_empty()
                    || line.starts_with(['#', '"', '\''])
                    || line == "pass"
                    || line.starts_with("raise")
                    || line == "...";
                !nothing
            })
        });
        return Some(("alembic", back.map(|at| place(path, text, at)), stem(path)));
    }
    if text.contains("migrations.Migration") {
        // Django derives the way back, except for code and SQL of one's own.
        let one_way = |call: &str, reverse: &str| {
            text.match_indices(call).any(|(at, _)| {
                let call = text.get(at + call.len() - 1..).unwrap_or_default();
                let arguments = inside(call, b'(', b')').unwrap_or(call);
                !arguments.contains(reverse) && top_level_commas(arguments) == 0
            })
        };
        let back = !one_way("RunPython(", "reverse_code") && !one_way("RunSQL(", "reverse_sql");
        return Some(("django", back.then(|| format!("{path}:1")), stem(path)));
    }
    None
}

/// Whether SQL holds a statement that changes something.
fn does_something(sql: &str) -> bool {
    let plain = without_comments(sql);
    plain.split(';').map(str::trim).any(|statement| {
        let lower = statement.to_ascii_lowercase();
        !(lower.is_empty()
            || matches!(lower.as_str(), "begin" | "commit" | "select 1" | "end" | "start transaction"))
    })
}

fn without_comments(text: &str) -> String {
    static PATTERN: OnceLock<Option<Regex>> = OnceLock::new();
    let pattern = PATTERN.get_or_init(|| Regex::new(r"(?s)/\*.*?\*/|(?m)(?:--|//)[^\n]*").ok());
    pattern.as_ref().map_or_else(|| text.to_owned(), |pattern| pattern.replace_all(text, "").into_owned())
}

/// What a migration says of itself: `-- irreversible: why`, `-- forward-fix: what`.
fn marks(text: &str) -> (Option<String>, Option<String>) {
    static PATTERNS: OnceLock<Option<(Regex, Regex)>> = OnceLock::new();
    let patterns = PATTERNS.get_or_init(|| {
        let comment = r"(?im)(?:--|#|//|\*)\s*";
        let irreversible = Regex::new(&format!(r"{comment}irreversible\b[:\s-]*([^\n]*)")).ok()?;
        Some((irreversible, Regex::new(&format!(r"{comment}forward[- ]fix\b[:\s-]*([^\n]*)")).ok()?))
    });
    let Some((irreversible, forward_fix)) = patterns else { return (None, None) };
    let said = |pattern: &Regex| {
        let words = pattern.captures(text)?.get(1)?.as_str().trim().to_owned();
        (words.chars().filter(|c| c.is_alphabetic()).count() >= 4).then(|| words.chars().take(200).collect())
    };
    (said(irreversible), said(forward_fix))
}

fn place(path: &str, text: &str, at: usize) -> String {
    format!("{path}:{}", 1 + newlines(text.as_bytes().get(..at).unwrap_or_default()))
}

fn stem(path: &str) -> String {
    let file = name(path);
    file.rsplit_once('.').map_or(file, |(stem, _)| stem).to_owned()
}
