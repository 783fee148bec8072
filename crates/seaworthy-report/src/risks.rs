//! Accepted risks and waivers at fault, in words for every form.

use chrono::{DateTime, Utc};
use seaworthy_core::finding::Finding;
use seaworthy_core::gate::{Waived, WaiverFault, WaiverFaultKind};
use seaworthy_core::run::Run;

/// The waiver that lets a finding by, if one does.
pub(crate) fn of<'a>(run: &'a Run, finding: &Finding) -> Option<&'a Waived> {
    run.decision.waived.iter().find(|waived| waived.requirement == finding.id)
}

/// The finding that a waiver lets by.
pub(crate) fn finding<'a>(run: &'a Run, waived: &Waived) -> Option<&'a Finding> {
    run.findings.iter().find(|finding| finding.id == waived.requirement)
}

/// Who accepted it, who has to end it, and until when.
pub(crate) fn terms(waived: &Waived) -> String {
    let Waived { owner, approver, until, .. } = waived;
    format!("accepted by {approver} until {}; {owner} ends it", day(*until))
}

/// What to do about a waiver at fault, as a command.
pub(crate) fn way_out(fault: &WaiverFault) -> String {
    let id = &fault.waiver.requirement;
    match fault.kind {
        WaiverFaultKind::Unused | WaiverFaultKind::Invalid => format!("seaworthy waive {id} --withdraw"),
        WaiverFaultKind::Expired => {
            format!("make it hold and `seaworthy waive {id} --withdraw`, or have a new one signed")
        }
    }
}

/// What is wrong, in a word.
pub(crate) fn word(kind: WaiverFaultKind) -> &'static str {
    match kind {
        WaiverFaultKind::Invalid => "invalid",
        WaiverFaultKind::Expired => "expired",
        WaiverFaultKind::Unused => "unused",
    }
}

fn day(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M UTC").to_string()
}
