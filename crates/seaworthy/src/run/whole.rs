//! Facts become a run: judged, decided, whole.

use chrono::{DateTime, Utc};
use seaworthy_core::catalog::{Catalog, CompiledRequirement};
use seaworthy_core::consent::Consent;
use seaworthy_core::facts::{not_as_committed, unwrapped};
use seaworthy_core::gate::{Waiver, decide};
use seaworthy_core::judge::{Document, DocumentError, judge};
use seaworthy_core::manifest::GateSpec;
use seaworthy_core::run::{NextStep, RUN_VERSION, Run};
use serde_json::Value as Json;

use super::look::Looked;
use super::next;

/// What is known of a run beside its facts.
#[derive(Debug, Clone)]
pub(crate) struct Frame {
    pub(crate) service: String,
    pub(crate) environment: Option<String>,
    /// As the user would write it.
    pub(crate) target: String,
    pub(crate) consent: Consent,
    pub(crate) gate: GateSpec,
    /// SHA-256 of the manifest, where there is one.
    pub(crate) manifest: Option<String>,
    /// The waivers that stand for this service in this environment.
    pub(crate) waivers: Vec<Waiver>,
    pub(crate) next: Vec<NextStep>,
    /// When looking began.
    pub(crate) at: DateTime<Utc>,
    pub(crate) took_ms: u64,
}

/// The requirements that were asked for: all, or those with these ids and in these areas.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wanted(pub(crate) Vec<String>);

impl Wanted {
    fn takes(&self, requirement: &CompiledRequirement) -> bool {
        let spec = &requirement.spec;
        self.0.is_empty() || self.0.iter().any(|name| *name == spec.id || *name == spec.area)
    }
}

/// Judges what was seen and puts the run together.
pub(crate) fn run(
    frame: Frame,
    looked: Looked,
    catalog: &Catalog,
    wanted: &Wanted,
) -> Result<Run, DocumentError> {
    let document = Document::of(&looked.facts)?;
    let chosen = catalog.iter().filter(|requirement| wanted.takes(requirement));
    let findings: Vec<_> = chosen.map(|requirement| judge(requirement, &document, frame.at)).collect();
    // A run that was limited says nothing of the waivers of what it left out.
    let asked = |waiver: &&Waiver| {
        wanted.0.is_empty() || findings.iter().any(|finding| finding.id == waiver.says.requirement)
    };
    let waivers: Vec<Waiver> = frame.waivers.iter().filter(asked).cloned().collect();
    Ok(Run {
        version: RUN_VERSION,
        id: uuid::Uuid::now_v7().to_string(),
        seaworthy: env!("CARGO_PKG_VERSION").to_owned(),
        service: frame.service,
        environment: frame.environment,
        target: frame.target,
        consent: frame.consent,
        commit: commit_in(&looked.facts),
        started_at: frame.at,
        took_ms: frame.took_ms,
        policy: catalog.digest(),
        manifest: frame.manifest,
        decision: decide(&frame.gate, &findings, &waivers, frame.at),
        gate: frame.gate,
        only: wanted.0.clone(),
        findings,
        provenance: looked.provenance,
        next: frame.next,
        detected: next::detected(&looked.facts),
        facts: looked.facts,
    })
}

/// The commit of the repository, where it was seen and what was looked at is as it stands there.
fn commit_in(facts: &Json) -> Option<String> {
    if !not_as_committed(facts)?.is_empty() {
        return None;
    }
    unwrapped(unwrapped(facts.pointer("/repo/git")?).get("head")?).as_str().map(str::to_owned)
}
