//! One evaluation of a service in an environment, kept whole. Reports know only this.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::consent::Consent;
use crate::facts::Provenance;
use crate::finding::Finding;
use crate::gate::Decision;
use crate::manifest::GateSpec;

/// The version of the run document's form.
pub const RUN_VERSION: u32 = 1;

/// One evaluation, whole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// The version of this form: 1.
    pub version: u32,
    /// The run's id, a UUID of version 7.
    pub id: String,
    /// The version of Seaworthy that made it.
    pub seaworthy: String,
    /// The service, as its manifest names it or as it was found.
    pub service: String,
    /// The environment; none where no manifest names one.
    pub environment: Option<String>,
    /// What was to be checked, as the user would write it.
    pub target: String,
    /// The level at which was looked.
    pub consent: Consent,
    /// The commit of the repository, where it was seen; none where tracked files were not as it has them.
    pub commit: Option<String>,
    /// When it began, UTC.
    pub started_at: DateTime<Utc>,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
    /// Digest of the catalog's logic: by which policy it was judged.
    pub policy: String,
    /// SHA-256 of the manifest that was read; none where there is none.
    #[serde(default)]
    pub manifest: Option<String>,
    /// By which rule the findings became the decision.
    pub gate: GateSpec,
    /// Ids or areas to which the run was limited; empty when it was not.
    pub only: Vec<String>,
    /// What it came to.
    pub decision: Decision,
    /// The verdicts, in the order in which to read them.
    pub findings: Vec<Finding>,
    /// Who was asked.
    pub provenance: Vec<Provenance>,
    /// What would let it see more, as commands.
    pub next: Vec<NextStep>,
    /// What was detected in the repository, for people.
    pub detected: Vec<String>,
    /// The facts document.
    pub facts: Json,
}

/// Something to give or to do, and what comes of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NextStep {
    /// The command, or what to give.
    pub command: String,
    /// What it would let Seaworthy see.
    pub sees: String,
}
