//! JUnit XML, which every CI system can show: an area is a suite, a requirement is a case.
//!
//! A failed requirement is a failure. One that is unknown is an error where it blocks and skipped where it does
//! not, for CI systems count errors as broken. What has no subject is skipped, and so is what is waived.

use std::collections::BTreeSet;
use std::time::Duration;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};
use seaworthy_core::finding::{Finding, Verdict};
use seaworthy_core::gate::{Waived, WaiverFault};
use seaworthy_core::run::Run;

use crate::outside::visible;
use crate::{plain, risks};

pub(crate) fn run(run: &Run) -> String {
    let blockers: BTreeSet<&str> = run.decision.blockers.iter().map(String::as_str).collect();
    let mut report = Report::new(format!("seaworthy {}", visible(&run.service)));
    report.set_timestamp(run.started_at).set_time(Duration::from_millis(run.took_ms));
    for area in areas(run) {
        let mut suite = TestSuite::new(&*visible(area));
        suite.set_timestamp(run.started_at);
        let findings = run.findings.iter().filter(|finding| finding.area == area);
        suite.add_test_cases(
            findings.map(|finding| case(run, finding, blockers.contains(finding.id.as_str()))),
        );
        report.add_test_suite(suite);
    }
    if !run.decision.waiver_faults.is_empty() {
        let mut suite = TestSuite::new("waivers");
        suite.set_timestamp(run.started_at);
        suite.add_test_cases(run.decision.waiver_faults.iter().map(|fault| fault_case(run, fault)));
        report.add_test_suite(suite);
    }
    report.to_string().expect("writing to memory cannot fail, and every text is free of control characters")
}

fn case(run: &Run, finding: &Finding, blocks: bool) -> TestCase {
    let waived = risks::of(run, finding);
    let status = match waived {
        Some(waived) => accepted(finding, waived),
        None => status(finding, blocks),
    };
    let mut case = TestCase::new(&*visible(&finding.id), status);
    case.set_classname(format!("{}.{}", visible(&run.service), visible(&finding.area)));
    case.add_property(("severity", finding.severity.word()));
    case.add_property(("verdict", finding.verdict.word()));
    if let Some(assurance) = finding.assurance {
        case.add_property(("assurance", assurance.word()));
    }
    if let Some(waived) = waived {
        case.add_property(("waiver", &*visible(&risks::terms(waived))));
    }
    case
}

/// What is waived neither passes nor breaks the build: it is skipped, with the reason.
fn accepted(finding: &Finding, waived: &Waived) -> TestCaseStatus {
    let mut status = TestCaseStatus::skipped();
    status.set_type("waived");
    status.set_message(format!("{}; {}", visible(&waived.reason), visible(&risks::terms(waived))));
    status.set_description(plain::lines(finding).join("\n"));
    status
}

fn status(finding: &Finding, blocks: bool) -> TestCaseStatus {
    let mut status = match finding.verdict {
        Verdict::Pass => return TestCaseStatus::success(),
        Verdict::Fail => TestCaseStatus::non_success(NonSuccessKind::Failure),
        Verdict::Unknown | Verdict::Error if blocks => TestCaseStatus::non_success(NonSuccessKind::Error),
        Verdict::Unknown | Verdict::Error | Verdict::NotApplicable => TestCaseStatus::skipped(),
    };
    status.set_type(finding.verdict.word());
    status.set_message(plain::summary(finding));
    status.set_description(plain::lines(finding).join("\n"));
    status
}

/// A waiver that fails the gate is a failure of its own.
fn fault_case(run: &Run, fault: &WaiverFault) -> TestCase {
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
    status.set_type(risks::word(fault.kind));
    status.set_message(&*visible(&fault.why));
    status.set_description(&*visible(&risks::terms(&fault.waiver)));
    let mut case = TestCase::new(&*visible(&fault.waiver.requirement), status);
    case.set_classname(format!("{}.waivers", visible(&run.service)));
    case
}

/// The areas in the order in which the findings name them.
fn areas(run: &Run) -> Vec<&str> {
    let mut areas: Vec<&str> = Vec::new();
    for finding in &run.findings {
        if !areas.contains(&finding.area.as_str()) {
            areas.push(&finding.area);
        }
    }
    areas
}

#[cfg(test)]
mod tests;
