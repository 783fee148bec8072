//! Accepted risks, and waivers that fail the gate, as lines of the page.

use seaworthy_core::run::Run;

use super::tone;
use crate::risks;

/// A waiver in a line or three.
pub(super) struct Risk<'a> {
    pub tone: &'static str,
    pub word: &'static str,
    pub id: &'a str,
    /// Why the risk is accepted, or what is wrong with the waiver.
    pub why: &'a str,
    /// Who accepted it, until when.
    pub terms: String,
    /// What to do.
    pub fix: Option<String>,
}

/// Waivers that fail the gate.
pub(super) fn faults(run: &Run) -> Vec<Risk<'_>> {
    let faults = run.decision.waiver_faults.iter();
    faults
        .map(|fault| Risk {
            tone: "bad",
            word: risks::word(fault.kind),
            id: &fault.waiver.requirement,
            why: &fault.why,
            terms: risks::terms(&fault.waiver),
            fix: Some(risks::way_out(fault)),
        })
        .collect()
}

/// Risks that were accepted.
pub(super) fn waived(run: &Run) -> Vec<Risk<'_>> {
    let waived = run.decision.waived.iter();
    waived
        .map(|waived| {
            let finding = risks::finding(run, waived);
            Risk {
                tone: finding.map_or("doubt", |finding| tone(finding.verdict)),
                word: finding.map_or("waived", |finding| finding.verdict.word()),
                id: &waived.requirement,
                why: &waived.reason,
                terms: risks::terms(waived),
                fix: None,
            }
        })
        .collect()
}
