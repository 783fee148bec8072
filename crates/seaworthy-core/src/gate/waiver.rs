//! Accepted risks at the gate: which are good, which the gate cannot let by.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::finding::{Finding, Verdict};

/// A waiver as the ledger gives it: what it says, and whether it can be trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiver {
    /// What it says.
    pub says: Waived,
    /// Why it cannot be trusted, where that is so: a bad signature, an approver who is not in the manifest.
    pub fault: Option<String>,
}

/// A risk that someone accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Waived {
    /// The requirement that need not hold.
    pub requirement: String,
    /// Why the risk is accepted.
    pub reason: String,
    /// Who has to end it.
    pub owner: String,
    /// Who accepted it.
    pub approver: String,
    /// When it was accepted.
    pub at: DateTime<Utc>,
    /// Until when it holds.
    pub until: DateTime<Utc>,
}

/// A waiver that the gate does not let by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WaiverFault {
    /// The waiver.
    pub waiver: Waived,
    /// What is wrong with it.
    pub kind: WaiverFaultKind,
    /// The same in words.
    pub why: String,
}

/// What can be wrong with a waiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum WaiverFaultKind {
    /// It cannot be trusted.
    Invalid,
    /// It holds no longer.
    Expired,
    /// Nothing needs it.
    Unused,
}

/// The waivers that hold and are needed, and those that are at fault, both in the order given.
pub(super) fn sorted(
    waivers: &[Waiver],
    findings: &[Finding],
    now: DateTime<Utc>,
) -> (Vec<Waived>, Vec<WaiverFault>) {
    let (mut good, mut faults): (Vec<Waived>, Vec<WaiverFault>) = (Vec::new(), Vec::new());
    for waiver in waivers {
        let found = findings.iter().find(|finding| finding.id == waiver.says.requirement);
        match fault_of(waiver, found, now) {
            Some((kind, why)) => faults.push(WaiverFault { waiver: waiver.says.clone(), kind, why }),
            None if good.iter().any(|other| other.requirement == waiver.says.requirement) => {}
            None => good.push(waiver.says.clone()),
        }
    }
    (good, faults)
}

fn fault_of(
    waiver: &Waiver,
    found: Option<&Finding>,
    now: DateTime<Utc>,
) -> Option<(WaiverFaultKind, String)> {
    if let Some(why) = &waiver.fault {
        return Some((WaiverFaultKind::Invalid, why.clone()));
    }
    if waiver.says.until <= now {
        let day = waiver.says.until.format("%Y-%m-%d %H:%M UTC");
        return Some((WaiverFaultKind::Expired, format!("it ended on {day}")));
    }
    let unused = |why: &str| Some((WaiverFaultKind::Unused, why.to_owned()));
    match found.map(|finding| finding.verdict) {
        Some(Verdict::Fail | Verdict::Unknown | Verdict::Error) => None,
        Some(Verdict::Pass) => unused("the requirement holds, so nothing needs it"),
        Some(Verdict::NotApplicable) => unused("the requirement has no subject here, so nothing needs it"),
        None => unused("the catalog has no such requirement, so nothing needs it"),
    }
}
