//! What is told of secrets in the repository.

use schemars::JsonSchema;
use seaworthy_core::facts::{Listed, Seen};
use serde::Serialize;

/// Secrets in the working tree and in the history.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SecretsFacts {
    /// Secrets in what is tracked or about to be, and in every commit that a reference reaches. Ends unseen where
    /// something could not be read.
    pub found: Seen<Listed<SecretFinding>>,
    /// Those that are excused: marked with a reason, or of a kind that tests and examples make up. Counted, not hidden.
    pub excused_count: Seen<u64>,
    /// Matches that only stand for a secret: `changeme`, `${TOKEN}`.
    pub placeholders_count: Seen<u64>,
    /// Rules that were tried.
    pub rules_count: usize,
    /// Files that were searched.
    pub files_count: Seen<u64>,
    /// Commits whose content was searched.
    pub commits_count: Seen<u64>,
}

/// One secret at one place. The secret itself is in no fact.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct SecretFinding {
    /// The rule.
    pub rule: String,
    /// What it is.
    pub what: String,
    /// The file, from the repository's root.
    pub path: String,
    /// The line, from 1.
    pub line: u64,
    /// The oldest commit that has it; `null` in the working tree.
    pub commit: Option<String>,
    /// The day of that commit.
    pub committed_on: Option<String>,
    /// The same number for the same secret.
    pub secret: u32,
    /// Why it does not count, if so.
    pub excuse: Option<String>,
    /// How to make it worthless.
    pub revoke: String,
    /// A command that shows the place.
    pub by_hand: String,
}
