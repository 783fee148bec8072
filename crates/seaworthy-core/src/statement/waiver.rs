//! An accepted risk, as its approver signs it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Predicate, Statement, Subject, sha256_hex};

/// Who accepts which risk, why, and until when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WaiverStatement {
    /// The requirement that need not hold.
    pub requirement: String,
    /// The service.
    pub service: String,
    /// The environment.
    pub environment: Option<String>,
    /// Why the risk is accepted.
    pub reason: String,
    /// Who has to end it.
    pub owner: String,
    /// Who accepted it; the signer.
    pub approver: String,
    /// When it was accepted.
    pub at: DateTime<Utc>,
    /// Until when it holds.
    pub until: DateTime<Utc>,
}

impl Predicate for WaiverStatement {
    const TYPE: &'static str = "urn:seaworthy:waiver:v1";
}

impl WaiverStatement {
    /// The statement, about the requirement of this service in this environment.
    pub fn statement(self) -> Statement<Self> {
        let place = format!(
            "{}\n{}\n{}",
            self.service,
            self.environment.as_deref().unwrap_or_default(),
            self.requirement
        );
        Statement::new(
            vec![Subject::new(self.requirement.clone(), "sha256", sha256_hex(place.as_bytes()))],
            self,
        )
    }
}
