//! Environment variables, as statements about names. No value leaves this file.

use std::collections::{BTreeMap, BTreeSet};

use super::facts::{ModeVariable, SecretVariable};
use crate::arguments::assigned;
use crate::known_defaults::{is_placeholder, is_placeholder_of_a_setting};
use crate::modes::mode;
use crate::repo::settings::names::{is_secret, is_signing, secret_part};
use crate::repo::settings::strength::{is_reference, strength};

/// Least length of a secret, in characters.
const SECRET_CHARS_MIN: usize = 32;
/// Least entropy of a secret, in bits.
const SECRET_BITS_MIN: u64 = 128;
/// Names of variables end at this length; longer ones are no names.
const NAME_BYTES_MAX: usize = 256;
/// Variables with their values. Not printable on purpose.
#[derive(Default)]
pub(super) struct Variables(BTreeMap<String, String>);

impl Variables {
    /// From `NAME=value` entries as a process holds them.
    pub(super) fn of_process(entries: &[String]) -> Self {
        let pairs = entries.iter().filter_map(|entry| entry.split_once('='));
        let named = pairs.filter(|(name, _)| is_name(name));
        Self(named.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }

    /// From the text of a file that a shell, systemd or a dotenv library reads.
    pub(super) fn of_file(text: &str) -> Self {
        let assignment = |line: &str| {
            let line = line.trim();
            let line = line.strip_prefix("export ").unwrap_or(line);
            let (name, value) = line.split_once('=')?;
            is_name(name.trim()).then(|| (name.trim().to_owned(), unquoted(value.trim())))
        };
        Self(text.lines().filter_map(assignment).collect())
    }

    /// Names whose value is not empty.
    pub(super) fn names(&self) -> BTreeSet<String> {
        self.such(|_, value| !value.trim().is_empty())
    }

    /// Names whose value says that it is to be replaced.
    pub(super) fn placeholders(&self) -> BTreeSet<String> {
        self.such(|name, value| {
            if is_secret(name, value) {
                is_placeholder(secret_part(value))
            } else {
                is_placeholder_of_a_setting(value)
            }
        })
    }

    /// Names of secrets whose value stands under the same name in a template.
    pub(super) fn as_in(&self, template: &Self) -> BTreeSet<String> {
        self.such(|name, value| {
            let stands_there = template.0.get(name).is_some_and(|there| there == value);
            is_secret(name, value) && !value.is_empty() && stands_there
        })
    }

    /// Names whose value everybody knows, where it is a secret's. `NODE_ENV=development` is none.
    pub(super) fn known_defaults(&self) -> BTreeSet<String> {
        self.such(|name, value| is_secret(name, value) && strength(secret_part(value)).listed)
    }

    /// What can be said of each secret among them. `template` holds what the repository's templates say.
    pub(super) fn secrets(&self, template: &Self) -> Vec<SecretVariable> {
        let as_in_template = self.as_in(template);
        let secret = |(name, value): &(&String, &String)| is_secret(name, value) && !is_reference(value);
        let secrets: Vec<(&String, &str)> = self
            .0
            .iter()
            .filter(|(_, value)| !value.is_empty())
            .filter(secret)
            .map(|(name, value)| (name, secret_part(value)))
            .collect();
        let statement = |(name, value): &(&String, &str)| {
            let measured = strength(value);
            SecretVariable {
                name: (*name).clone(),
                signing: is_signing(name),
                long_enough: measured.length_chars >= SECRET_CHARS_MIN,
                random_enough: measured.entropy_bits >= SECRET_BITS_MIN,
                known_default: measured.listed,
                placeholder: is_placeholder(value) || as_in_template.contains(*name),
                unique: secrets.iter().filter(|(_, other)| other == value).count() == 1,
            }
        };
        secrets.iter().map(statement).collect()
    }

    /// What they say of the mode that the application runs in.
    pub(super) fn modes(&self) -> Vec<ModeVariable> {
        let told = self.0.iter().filter_map(|(name, value)| Some((name, mode(name, value)?)));
        told.map(|(name, mode)| ModeVariable { name: name.clone(), mode }).collect()
    }

    /// Adds those of another place; what is known already stays.
    pub(super) fn add(&mut self, other: &Self) {
        for (name, value) in &other.0 {
            self.0.entry(name.clone()).or_insert_with(|| value.clone());
        }
    }

    /// Names of variables of which this holds by their name and value.
    fn such(&self, holds: impl Fn(&str, &str) -> bool) -> BTreeSet<String> {
        let found = self.0.iter().filter(|(name, value)| holds(name, value));
        found.map(|(name, _)| name.clone()).collect()
    }
}

fn is_name(name: &str) -> bool {
    let mut letters = name.chars();
    name.len() <= NAME_BYTES_MAX
        && letters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && letters.all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '.' | '-'))
}

fn unquoted(value: &str) -> String {
    for quote in ['"', '\''] {
        if let Some(rest) = value.strip_prefix(quote) {
            return rest.split(quote).next().unwrap_or_default().to_owned();
        }
    }
    // A comment behind an unquoted value is parted from it by white space.
    value.split(" #").next().unwrap_or_default().trim_end().to_owned()
}

/// Whether a command line holds a secret by the look of it: `--password=…`, `--token …`, `scheme://user:password@`.
pub(super) fn secret_in_arguments(arguments: &[String]) -> bool {
    assigned(arguments).iter().any(|(name, value)| is_secret(name, value))
}
