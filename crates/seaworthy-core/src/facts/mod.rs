//! Facts: what probes saw, typed, with provenance. Facts are values; nothing in them is evaluated.

mod seen;

pub use seen::{BY_HAND_KEY, Blind, Listed, SEEN_KEY, Seen, UNSEEN_KEY, Unseen, not_as_committed, unwrapped};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Who was asked, by which probe, when, and for how long.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Provenance {
    /// The probe: `tls`, `postgres`, …
    pub probe: String,
    /// The target as the user would write it, without secrets.
    pub target: String,
    /// When looking began, UTC.
    pub at: chrono::DateTime<chrono::Utc>,
    /// How long looking took, in milliseconds.
    pub took_ms: u64,
}
