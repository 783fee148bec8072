use quick_junit::{NonSuccessKind, Report, TestCaseStatus};
use seaworthy_core::run::Run;

use crate::sample::{self, hostile};
use crate::{Format, Style, render};

fn printed(run: &Run) -> String {
    render(run, Format::Junit, &Style::plain(sample::now()))
}

fn read(xml: &str) -> Report {
    Report::deserialize_from_str(xml).expect("it is JUnit XML")
}

/// The counts in the document and the status of one case.
fn status_of(xml: &str, id: &str) -> TestCaseStatus {
    let report = read(xml);
    let case =
        report.test_suites.iter().flat_map(|suite| &suite.test_cases).find(|case| case.name.as_str() == id);
    case.expect("there is such a case").status.clone()
}

fn kind_of(xml: &str, id: &str) -> Option<NonSuccessKind> {
    match status_of(xml, id) {
        TestCaseStatus::NonSuccess { kind, .. } => Some(kind),
        TestCaseStatus::Success { .. } | TestCaseStatus::Skipped { .. } => None,
    }
}

#[test]
fn verdicts_have_their_status() {
    let xml = printed(&sample::faulty());
    assert_eq!(kind_of(&xml, "https-enforced"), Some(NonSuccessKind::Failure));
    assert_eq!(kind_of(&xml, "redis-not-public"), Some(NonSuccessKind::Error), "a blocker that is unknown");
    for id in ["os-patched", "tls-configuration-strong", "license-compliance"] {
        assert!(matches!(status_of(&xml, id), TestCaseStatus::Skipped { .. }), "{id}");
    }
    assert!(matches!(status_of(&xml, "postgres-tuned"), TestCaseStatus::Success { .. }));
}

#[test]
fn every_area_is_a_suite_and_every_requirement_a_case() {
    let run = sample::faulty();
    let report = read(&printed(&run));
    assert_eq!(report.tests, run.findings.len());
    assert_eq!((report.failures, report.errors), (6, 12));
    assert_eq!(report.test_suites.len(), 12);
}

#[test]
fn a_case_tells_what_was_seen_and_what_to_do() {
    let xml = printed(&sample::faulty());
    let (_, from) = xml.split_once("<testcase name=\"https-enforced\"").unwrap();
    insta::assert_snapshot!(from.split_once("</testcase>").unwrap().0, @r#"
     classname="shop-api.network-tls">
                <properties>
                    <property name="severity" value="critical"/>
                    <property name="verdict" value="fail"/>
                    <property name="assurance" value="behaviour"/>
                </properties>
                <failure message="http://staging.shop.example/login answered 200 without a redirect" type="fail">seen: http://staging.shop.example/login answered 200 without a redirect
    seen: http://staging.shop.example/ answered 200 without a redirect
    wanted: every plain request is answered by 301 or 308 to the same path over https
    by hand: curl -sI http://staging.shop.example/login
    fix: Answer every plain request with a permanent redirect, in the server block that listens on port 80.
        | server {
        |     listen 80;
        |     listen [::]:80;
        |     server_name staging.shop.example;
        |     return 308 https://$host$request_uri;
        | }</failure>
    "#);
}

#[test]
fn hostile_text_stays_text() {
    for (text, does) in hostile::STRINGS {
        let run = sample::poisoned(text);
        let report = read(&printed(&run));
        assert_eq!(report.tests, run.findings.len() + run.decision.waiver_faults.len(), "{does}");
        assert_eq!((report.failures, report.errors), (7, 11), "{does}");
    }
}
