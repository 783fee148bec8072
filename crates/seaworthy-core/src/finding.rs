//! The verdict on one requirement, with the facts it rests on.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::catalog::{Assurance, Remedy, Severity};
use crate::facts::Blind;

/// What was decided about one requirement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It holds.
    Pass,
    /// It does not hold.
    Fail,
    /// It could not be seen.
    Unknown,
    /// A fact shows that there is no subject.
    NotApplicable,
    /// Seaworthy itself failed; gates as unknown.
    Error,
}

impl Verdict {
    /// The word in every output.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Unknown => "unknown",
            Self::NotApplicable => "not-applicable",
            Self::Error => "error",
        }
    }
}

/// The verdict on one requirement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// The requirement's id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Its area.
    pub area: String,
    /// Its severity.
    pub severity: Severity,
    /// The verdict.
    pub verdict: Verdict,
    /// How sure the verdict is; none where nothing decided.
    pub assurance: Option<Assurance>,
    /// What was seen, one sentence a place, most telling first.
    pub seen: Vec<String>,
    /// Places beyond those in `seen`.
    pub more: usize,
    /// What is allowed and should be better, where it passes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// What was wanted.
    pub wanted: String,
    /// Commands that show the same again.
    pub by_hand: Vec<String>,
    /// The plain facts that the verdict rests on.
    pub facts: Vec<CitedFact>,
    /// What could not be seen, where that matters to the verdict.
    pub unseen: Vec<CitedUnseen>,
    /// What weaker evidence hints at.
    pub hint: Option<String>,
    /// What would make it pass.
    pub remedy: Remedy,
    /// Whether its checks have been seen both ways on a real component. Unproven ones cannot block.
    pub proven: bool,
    /// Until when the verdict is fresh.
    pub fresh_until: DateTime<Utc>,
}

/// A fact that a verdict rests on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CitedFact {
    /// Where in the facts document.
    pub path: String,
    /// The value, shortened.
    pub value: String,
}

/// A fact that was asked for and could not be seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CitedUnseen {
    /// Where in the facts document it would stand.
    pub path: String,
    /// The kind of reason.
    pub kind: Blind,
    /// The reason.
    pub why: String,
    /// What would help.
    pub give: Option<String>,
}
