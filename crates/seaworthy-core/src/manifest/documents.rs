//! Documents that people work by.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a document is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DocumentKind {
    /// How the service is run: overview, access, common issues, maintenance.
    Runbook,
    /// What is done when something goes wrong: roles, severity levels, contacts, containment, communication, evidence, review.
    IncidentResponsePlan,
    /// Whom to tell of a breach of personal data, by when, and in which words.
    BreachNotification,
}
