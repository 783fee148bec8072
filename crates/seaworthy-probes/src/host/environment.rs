//! Environment variables, as statements about names. No value leaves this file.

use std::collections::{BTreeMap, BTreeSet};

use super::facts::{ModeVariable, SecretVariable};
use crate::known_defaults::{is_known_default, is_placeholder};
use crate::modes::mode;

/// Least length of a secret, in characters.
const SECRET_CHARS_MIN: usize = 32;
/// Least entropy of a secret, in bits.
const SECRET_BITS_MIN: f64 = 128.0;
/// Names of variables end at this length; longer ones are no names.
const NAME_BYTES_MAX: usize = 256;
/// Words that a random value does not hold.
const WORDS: [&str; 14] = [
    "secret", "password", "passwd", "change", "default", "example", "token", "jwt", "your", "test", "admin",
    "qwerty", "1234", "abcd",
];

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
        self.such(|value| !value.trim().is_empty())
    }

    /// Names whose value says that it is to be replaced.
    pub(super) fn placeholders(&self) -> BTreeSet<String> {
        self.such(is_placeholder)
    }

    /// Names of secrets whose value stands under the same name in a template.
    pub(super) fn as_in(&self, template: &Self) -> BTreeSet<String> {
        let same = self.0.iter().filter(|(name, value)| {
            is_secret(name) && !value.is_empty() && template.0.get(*name) == Some(value)
        });
        same.map(|(name, _)| name.clone()).collect()
    }

    /// Names whose value everybody knows, where it is a secret's. `NODE_ENV=development` is none.
    pub(super) fn known_defaults(&self) -> BTreeSet<String> {
        let mut names = self.such(is_known_default);
        names.retain(|name| is_secret(name));
        names
    }

    /// What can be said of each secret among them. `template` holds what the repository's templates say.
    pub(super) fn secrets(&self, template: &Self) -> Vec<SecretVariable> {
        let as_in_template = self.as_in(template);
        let secrets: Vec<_> =
            self.0.iter().filter(|(name, value)| is_secret(name) && !value.is_empty()).collect();
        let statement = |(name, value): &(&String, &String)| SecretVariable {
            name: (*name).clone(),
            signing: is_signing(name),
            long_enough: value.chars().count() >= SECRET_CHARS_MIN,
            random_enough: bits(value) >= SECRET_BITS_MIN,
            known_default: is_known_default(value),
            placeholder: is_placeholder(value) || as_in_template.contains(*name),
            unique: secrets.iter().filter(|(_, other)| other == value).count() == 1,
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

    fn such(&self, holds: impl Fn(&str) -> bool) -> BTreeSet<String> {
        let found = self.0.iter().filter(|(_, value)| holds(value));
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

/// Whether a variable holds a secret, by its name.
pub(super) fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    let parts: Vec<&str> = name.split(['_', '-', '.']).collect();
    let beside = ["PUBLIC", "PUBLISHABLE", "FILE", "PATH", "ID", "URL", "TTL", "EXPIRY", "EXPIRES", "LENGTH"];
    if parts.last().is_some_and(|last| beside.contains(last)) || parts.contains(&"PUBLIC") {
        return false;
    }
    let telling = [
        "SECRET",
        "PASSWORD",
        "PASSWD",
        "PASS",
        "PASSPHRASE",
        "TOKEN",
        "APIKEY",
        "CREDENTIAL",
        "CREDENTIALS",
    ];
    parts.iter().any(|part| telling.contains(part))
        || name.ends_with("PASSWORD")
        || name.ends_with("SECRET")
        || ["API_KEY", "PRIVATE_KEY", "ACCESS_KEY", "SECRET_KEY", "SIGNING_KEY", "ENCRYPTION_KEY", "APP_KEY"]
            .iter()
            .any(|ending| name.contains(ending))
}

/// Whether a secret signs tokens or sessions, by its name.
fn is_signing(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    let signs =
        ["JWT", "SESSION", "COOKIE", "SIGNING", "NEXTAUTH", "AUTH_SECRET", "SECRET_KEY_BASE", "APP_KEY"];
    name == "SECRET_KEY" || signs.iter().any(|sign| name.contains(sign))
}

/// An upper bound for the entropy of a value, in bits: by its alphabet and by how often its characters recur.
fn bits(value: &str) -> f64 {
    let lower = value.to_ascii_lowercase();
    if WORDS.iter().any(|word| lower.contains(word)) {
        return 0.0;
    }
    let mut counts: BTreeMap<char, f64> = BTreeMap::new();
    let mut length = 0.0;
    for letter in value.chars() {
        *counts.entry(letter).or_default() += 1.0;
        length += 1.0;
    }
    let recurrence: f64 = counts.values().map(|count| -(count / length) * (count / length).log2()).sum();
    let all = |holds: fn(&char) -> bool| value.chars().all(|letter| holds(&letter));
    let alphabet = if all(char::is_ascii_digit) {
        10.0_f64
    } else if all(char::is_ascii_hexdigit) {
        16.0
    } else if all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit()) {
        36.0
    } else {
        64.0
    };
    // A short random text repeats characters by chance, which lowers its own count of bits by a little.
    (length * alphabet.log2()).min(length * recurrence * 1.2)
}

/// Whether a command line holds a secret by the look of it: `--password=…`, `--token …`, `scheme://user:password@`.
pub(super) fn secret_in_arguments(arguments: &[String]) -> bool {
    arguments.iter().enumerate().any(|(index, argument)| {
        let url = argument.split_once("://").is_some_and(|(_, rest)| {
            let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
            let user = authority.rsplit_once('@').map(|(user, _)| user);
            user.and_then(|user| user.split_once(':')).is_some_and(|(_, password)| !password.is_empty())
        });
        let (name, value) = argument.split_once('=').unwrap_or((argument, ""));
        let flag = name.starts_with('-') && is_secret(name.trim_start_matches('-'));
        let next = arguments.get(index + 1).is_some_and(|next| !next.starts_with('-'));
        let assigned = !value.is_empty() && (flag || is_secret(name));
        url || assigned || (flag && value.is_empty() && next)
    })
}
