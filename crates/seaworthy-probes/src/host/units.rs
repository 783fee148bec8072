//! systemd units by their files, below a root and whether or not systemd runs there.

use std::collections::{BTreeMap, BTreeSet};

use nix::sys::stat::SFlag;
use seaworthy_core::facts::{Blind, Unseen};
use seaworthy_core::limits::host::{UNIT_BYTES_MAX, UNITS_MAX};

use super::facts::{UnitEnvFile, UnitFacts};
use super::tree::{Tree, kind};
use crate::arguments::{self, assigned};
use crate::repo::settings::names::{is_secret, secret_part};
use crate::repo::settings::strength::stands_for_one;

/// Where units lie; what comes first hides what comes later.
const FOLDERS: [&str; 5] = [
    "etc/systemd/system",
    "run/systemd/system",
    "usr/local/lib/systemd/system",
    "usr/lib/systemd/system",
    "lib/systemd/system",
];

/// Whether a unit is wanted by something, has a file, and is not masked.
pub(super) fn enabled_at_boot(tree: &Tree, unit: &str) -> Result<bool, Unseen> {
    if masked(tree, unit)? || path(tree, unit)?.is_none() {
        return Ok(false);
    }
    for folder in FOLDERS {
        for entry in tree.names(folder, UNITS_MAX)?.unwrap_or_default() {
            let Some(entry) = entry.to_str() else { continue };
            let wants = matches!(entry.rsplit_once('.'), Some((_, "wants" | "requires")));
            if wants && tree.has_link(&format!("{folder}/{entry}/{unit}"))? {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// Whether a unit was linked to `/dev/null`.
fn masked(tree: &Tree, unit: &str) -> Result<bool, Unseen> {
    for folder in FOLDERS.iter().take(2) {
        if tree.stat(&format!("{folder}/{unit}"))?.is_some_and(|stat| kind(&stat) == SFlag::S_IFCHR) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The file of a unit; that of its template for an instance.
fn path(tree: &Tree, unit: &str) -> Result<Option<String>, Unseen> {
    let template = unit.split_once('@').map(|(name, _)| format!("{name}@.service"));
    for name in std::iter::once(unit.to_owned()).chain(template) {
        for folder in FOLDERS {
            let path = format!("{folder}/{name}");
            if tree.has(&path)? {
                return Ok(Some(path));
            }
        }
    }
    Ok(None)
}

/// Settings by which systemd gives a secret to the service alone.
const CREDENTIALS: [&str; 4] =
    ["LoadCredential", "LoadCredentialEncrypted", "SetCredentialEncrypted", "ImportCredential"];

/// What the files of a service unit say; `None` when there is no such unit.
pub(super) fn read(tree: &Tree, unit: &str) -> Result<Option<UnitFacts>, Unseen> {
    let Some(path) = path(tree, unit)? else { return Ok(None) };
    let mut settings = Settings::default();
    let text = tree.text(&path, UNIT_BYTES_MAX)?.unwrap_or_default();
    settings.add(&text);
    for part in parts(tree, unit)? {
        settings.add(&tree.text(&part, UNIT_BYTES_MAX)?.unwrap_or_default());
    }
    let last = |key: &str| settings.of(key).last().filter(|value| !value.is_empty()).cloned();
    let yes =
        |key: &str| last(key).is_some_and(|value| matches!(value.as_str(), "yes" | "true" | "on" | "1"));
    let dynamic = yes("DynamicUser").then(|| "dynamic".to_owned());
    let assignments = settings.of("Environment").iter().flat_map(|line| words(line));
    let literal =
        |(name, value): &(String, String)| is_secret(name, value) && !stands_for_one(secret_part(value));
    let in_unit = assignments.filter_map(|word| {
        let (name, value) = word.split_once('=')?;
        Some((name.to_owned(), value.to_owned()))
    });
    let commands = settings.of("ExecStart").iter().flat_map(|line| assigned(&arguments::words(line)));
    let secrets_in_unit: BTreeSet<String> =
        in_unit.chain(commands).filter(literal).map(|(name, _)| name).collect();
    Ok(Some(UnitFacts {
        name: unit.to_owned(),
        user: last("User").or(dynamic),
        enabled_at_boot: enabled_at_boot(tree, unit)?,
        restart: last("Restart").unwrap_or_else(|| "no".to_owned()),
        no_new_privileges: yes("NoNewPrivileges"),
        environment_files: settings.of("EnvironmentFile").iter().map(|line| env_file(line)).collect(),
        secrets_in_unit: secrets_in_unit.into_iter().collect(),
        credentials_count: CREDENTIALS.iter().map(|key| settings.of(key).len()).sum(),
        memory_max_bytes: last("MemoryMax").as_deref().and_then(bytes),
    }))
}

/// A leading `-` says that the file need not be there.
fn env_file(line: &str) -> UnitEnvFile {
    let (path, optional) = line.strip_prefix('-').map_or((line, false), |path| (path, true));
    UnitEnvFile { path: path.to_owned(), optional }
}

/// The drop-ins of a unit in the order in which they are read.
fn parts(tree: &Tree, unit: &str) -> Result<Vec<String>, Unseen> {
    let mut parts = BTreeMap::new();
    for folder in FOLDERS.iter().rev() {
        let folder = format!("{folder}/{unit}.d");
        for name in tree.names(&folder, UNITS_MAX)?.unwrap_or_default() {
            let Some(name) = name.to_str() else {
                let why = format!("{} holds a name that is not UTF-8", tree.shown(&folder));
                return Err(Unseen::new(Blind::Garbled, why));
            };
            if matches!(name.rsplit_once('.'), Some((_, "conf"))) {
                parts.insert(name.to_owned(), format!("{folder}/{name}"));
            }
        }
    }
    Ok(parts.into_values().collect())
}

/// The settings of the section `[Service]`, in order.
#[derive(Default)]
struct Settings(BTreeMap<String, Vec<String>>);

impl Settings {
    fn add(&mut self, text: &str) {
        let joined = text.replace("\\\n", " ");
        let mut service = false;
        for line in joined.lines().map(str::trim) {
            if line.starts_with('[') {
                service = line == "[Service]";
            } else if let (true, false, Some((key, value))) =
                (service, line.starts_with(['#', ';']), line.split_once('='))
            {
                let values = self.0.entry(key.trim().to_owned()).or_default();
                // An empty value takes back what was said before.
                if value.trim().is_empty() {
                    values.clear();
                } else {
                    values.push(value.trim().to_owned());
                }
            }
        }
    }

    fn of(&self, key: &str) -> &[String] {
        self.0.get(key).map(Vec::as_slice).unwrap_or_default()
    }
}

/// The words of a line; quotes hold white space together.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut quote = None;
    for letter in line.chars() {
        match (quote, letter) {
            (None, '"' | '\'') => quote = Some(letter),
            (Some(open), letter) if open == letter => quote = None,
            (None, letter) if letter.is_whitespace() => words.push(std::mem::take(&mut word)),
            (_, letter) => word.push(letter),
        }
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    words
}

/// A size such as `512M`.
fn bytes(text: &str) -> Option<u64> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let factor = match &text[digits.len()..] {
        "" => 1,
        "K" => 1 << 10,
        "M" => 1 << 20,
        "G" => 1 << 30,
        "T" => 1 << 40,
        _ => return None,
    };
    digits.parse::<u64>().ok()?.checked_mul(factor)
}
