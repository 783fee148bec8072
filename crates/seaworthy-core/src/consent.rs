//! How much a target's owner allows.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The consent levels, each allowing what the ones before it allow.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Consent {
    /// Read only: GET, HEAD, OPTIONS; statements from our own library; repository files.
    #[default]
    Observe,
    /// Harmless active requests under a budget.
    Probe,
    /// Exercises that change state or load the target, with an undo.
    Drill,
}
