//! Accepted risks at a terminal, and the waivers that fail the gate.

use super::page::Ink;
use super::{INDENT, NONE, Printer};
use crate::risks;

impl Printer<'_> {
    /// Waivers that fail the gate, among what blocks.
    pub(super) fn waiver_faults(&mut self) {
        if self.run.decision.waiver_faults.is_empty() {
            return;
        }
        self.title("Waivers that do not hold");
        for fault in &self.run.decision.waiver_faults {
            let waiver = &fault.waiver;
            let word = risks::word(fault.kind).to_uppercase();
            let spans =
                [(Ink::Strong, waiver.requirement.as_str()), (Ink::Plain, ": "), (Ink::Plain, &fault.why)];
            self.page.prose((Ink::Bad, &word), INDENT, &spans);
            self.page.prose(NONE, INDENT, &[(Ink::Faint, &risks::terms(waiver))]);
            self.page.copied(INDENT, &[(Ink::Strong, "fix: "), (Ink::Code, &risks::way_out(fault))]);
        }
        self.page.blank();
    }

    /// What does not hold and was let by, with who let it.
    pub(super) fn waived(&mut self) {
        if self.run.decision.waived.is_empty() {
            return;
        }
        self.title("Accepted risks: these were not seen to hold");
        for waived in &self.run.decision.waived {
            let verdict = risks::finding(self.run, waived).map_or("", |finding| finding.verdict.word());
            let spans = [
                (Ink::Strong, waived.requirement.as_str()),
                (Ink::Plain, ": "),
                (Ink::Plain, &waived.reason),
            ];
            self.page.prose((Ink::Doubt, "WAIVED"), INDENT, &spans);
            let terms = format!("{verdict}; {}", risks::terms(waived));
            self.page.prose(NONE, INDENT, &[(Ink::Faint, &terms)]);
            if let Some(finding) = risks::finding(self.run, waived).filter(|_| self.style.verbose) {
                self.finding(finding);
            }
        }
        self.page.blank();
    }
}
