//! Secrets by reference. The value is fetched where it is used and never passes through a manifest.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where a secret is to be found.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub enum SecretRef {
    /// In an environment variable of Seaworthy's own process.
    Env(String),
    /// In a file that only its owner may read; one line.
    File(String),
}

impl SecretRef {
    /// Whether it can be a reference at all; else what is wrong and the way out. What stands there is not shown: it
    /// may be the secret itself.
    pub(super) fn checked(&self) -> Result<(), (String, &'static str)> {
        match self {
            Self::Env(name) if !is_name(name) => Err((
                "what stands under `env` is not the name of an environment variable".to_owned(),
                "give the variable's name, `env: DATABASE_URL`, and keep the secret in the variable",
            )),
            Self::File(path) if path.is_empty() || path.contains("://") || path.contains('\0') => Err((
                "what stands under `file` is not a path".to_owned(),
                "give the path of a file that only its owner may read, and keep the secret in the file",
            )),
            Self::Env(_) | Self::File(_) => Ok(()),
        }
    }
}

/// A name as shells take it: letters, digits and underscores, no digit first.
fn is_name(text: &str) -> bool {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.chars().all(word) && text.chars().next().is_some_and(|first| !first.is_ascii_digit())
}

impl fmt::Debug for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretRef({self})")
    }
}

impl fmt::Display for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "environment variable `{name}`"),
            Self::File(path) => write!(f, "file `{path}`"),
        }
    }
}
