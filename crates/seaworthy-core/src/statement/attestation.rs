//! What only a person can say, with what it rests on.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Predicate, Statement, Subject};
use crate::manifest::Role;

/// A person's statement that a requirement holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attestation {
    /// The requirement.
    pub requirement: String,
    /// The service.
    pub service: String,
    /// The environment.
    pub environment: Option<String>,
    /// The commit of the repository at which it was said.
    pub commit: Option<String>,
    /// The person; the signer.
    pub person: String,
    /// In which role.
    pub role: Role,
    /// What is said.
    pub statement: String,
    /// Figures that are said with it, by their names.
    pub figures: BTreeMap<String, u64>,
    /// What it rests on.
    pub evidence: Vec<Evidence>,
    /// When it was said.
    pub at: DateTime<Utc>,
    /// Until when it holds.
    pub until: DateTime<Utc>,
}

/// One thing that a statement rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// A path relative to the repository, or a link.
    pub name: String,
    /// SHA-256 of the file; none of a link.
    pub sha256: Option<String>,
    /// Its size, in bytes.
    pub size_bytes: Option<u64>,
}

impl Predicate for Attestation {
    const TYPE: &'static str = "urn:seaworthy:attestation:v1";
}

impl Attestation {
    /// The statement, about its files and its commit.
    pub fn statement(self) -> Statement<Self> {
        let files =
            self.evidence.iter().filter_map(|evidence| Some((&evidence.name, evidence.sha256.as_ref()?)));
        let mut subject: Vec<Subject> =
            files.map(|(name, sha256)| Subject::new(name.clone(), "sha256", sha256.clone())).collect();
        subject.extend(self.commit.as_deref().map(Subject::commit));
        if subject.is_empty() {
            let place = super::sha256_hex(self.statement.as_bytes());
            subject.push(Subject::new("statement", "sha256", place));
        }
        Statement::new(subject, self)
    }
}
