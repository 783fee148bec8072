//! One person's vote at the poll.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Predicate, Statement, Subject};
use crate::manifest::Role;

/// What a person says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Choice {
    /// Launch.
    Go,
    /// Do not launch.
    NoGo,
}

/// One person's vote on one decision, for one role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vote {
    /// The person.
    pub person: String,
    /// For which role.
    pub role: Role,
    /// What was said.
    pub choice: Choice,
    /// Why; always given with a NO-GO.
    pub reason: Option<String>,
    /// The run.
    pub run: String,
    /// The commit that it looked at: a NO-GO stands against every run of it.
    pub commit: Option<String>,
    /// When.
    pub at: DateTime<Utc>,
    /// With a GO, the same person's signature over the decision, base64: what the certificate is made of.
    pub decision_signature: Option<String>,
}

impl Predicate for Vote {
    const TYPE: &'static str = "urn:seaworthy:vote:v1";
}

impl Vote {
    /// The statement: a vote about the decision whose bytes have this digest.
    pub fn about(self, decision: &str) -> Statement<Self> {
        Statement::new(vec![Subject::new("decision", "sha256", decision)], self)
    }
}
