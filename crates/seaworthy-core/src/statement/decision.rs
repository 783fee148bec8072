//! The decision that people sign: all who say GO sign the same bytes.

use chrono::{DateTime, Duration, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use serde_json::Value as Json;

use super::{Predicate, Statement, Subject};
use crate::catalog::Assurance;
use crate::facts::unwrapped;
use crate::finding::Verdict;
use crate::gate::{Counts, Headline, Waived};
use crate::manifest::GateSpec;
use crate::run::Run;

/// What was decided about which run, and until when it holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DecisionStatement {
    /// The service.
    pub service: String,
    /// The environment; none where no manifest names one.
    pub environment: Option<String>,
    /// The run's id.
    pub run: String,
    /// When the run began.
    pub run_started_at: DateTime<Utc>,
    /// Digest of the catalog's logic by which it was judged.
    pub policy: String,
    /// SHA-256 of the manifest as the run read it.
    pub manifest: String,
    /// The gate.
    pub gate: GateSpec,
    /// The headline.
    pub headline: Headline,
    /// Findings by verdict.
    pub counts: Counts,
    /// The risks that were accepted.
    pub waived: Vec<Waived>,
    /// Until when the decision holds.
    pub expires_at: DateTime<Utc>,
}

impl Predicate for DecisionStatement {
    const TYPE: &'static str = "urn:seaworthy:decision:v1";
}

impl DecisionStatement {
    /// The statement about a run, whose JSON has this digest. The same run always gives the same statement, so that
    /// everyone who signs it signs the same. `None` where the run was made without a manifest: nobody has a role in it.
    pub fn of(run: &Run, digest: &str) -> Option<Statement<Self>> {
        let manifest = run.manifest.clone()?;
        let mut subject = vec![Subject::new("run", "sha256", digest)];
        subject.extend(run.commit.as_deref().map(Subject::commit));
        let holds = Duration::days(run.gate.decision_days.into());
        let limit = run.started_at.checked_add_signed(holds).unwrap_or(run.started_at);
        let ends = run.decision.waived.iter().map(|waived| waived.until).chain(attested_until(run));
        let predicate = Self {
            service: run.service.clone(),
            environment: run.environment.clone(),
            run: run.id.clone(),
            run_started_at: run.started_at,
            policy: run.policy.clone(),
            manifest,
            gate: run.gate.clone(),
            headline: run.decision.headline,
            counts: run.decision.counts,
            waived: run.decision.waived.clone(),
            expires_at: ends.fold(limit, DateTime::min),
        };
        Some(Statement::new(subject, predicate))
    }
}

/// When what people attested ends, of what passed by it.
pub fn attested_until(run: &Run) -> impl Iterator<Item = DateTime<Utc>> {
    let passed = |id: &str| {
        run.findings.iter().any(|finding| {
            finding.id == id
                && finding.verdict == Verdict::Pass
                && finding.assurance == Some(Assurance::Attestation)
        })
    };
    let ledger = run.facts.get("ledger").map(unwrapped);
    let said = ledger.and_then(|ledger| unwrapped(ledger.get("attestations")?).as_array());
    said.into_iter().flatten().map(unwrapped).filter_map(move |said| {
        let stands = said.get("stands").and_then(Json::as_bool) == Some(true);
        let id = said.get("requirement")?.as_str()?;
        let until = said.get("until")?.as_str()?.parse().ok()?;
        (stands && passed(id)).then_some(until)
    })
}

/// The SHA-256 of bytes, in hex.
pub fn sha256_hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
