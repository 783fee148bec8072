//! What is told of leftovers.

use schemars::JsonSchema;
use seaworthy_core::facts::{Listed, Seen};
use serde::Serialize;

use crate::repo::role::Role;

/// Statements left over from debugging.
#[derive(Debug, Serialize, JsonSchema)]
pub struct LeftoverFacts {
    /// Leftovers in production code, and tests that shut out the others. Ends unseen where source could not be read.
    pub found: Seen<Listed<LeftoverFinding>>,
    /// Production source files that were looked at, in languages that there are rules for.
    pub files_count: Seen<u64>,
    /// Source files that were not looked at because of what they are for, by that.
    pub set_aside: Seen<Listed<SetAside>>,
}

/// One leftover.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct LeftoverFinding {
    /// The rule.
    pub rule: String,
    /// The file.
    pub path: String,
    /// The line, from 1.
    pub line: u64,
    /// Why it is meant, if so.
    pub excuse: Option<String>,
    /// A command that shows the place.
    pub by_hand: String,
}

/// Source files that are not production code.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct SetAside {
    /// What they are for: `test`, `tool`, `generated`, `vendored`, `document`.
    pub role: Role,
    /// How many.
    pub files_count: u64,
}
