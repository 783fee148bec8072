//! JUnit XML as test runners write it, with the elements for reruns.

use std::collections::BTreeMap;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use seaworthy_core::facts::Unseen;

use crate::repo::documents::garbled;

/// How a test ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Passed,
    Failed,
    /// It failed and passed when it was run again.
    Flaky,
    Skipped,
}

/// How one test ended, and when its suite began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TestResult {
    pub(super) outcome: Outcome,
    pub(super) begun: Option<String>,
}

/// What one report says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) results: BTreeMap<String, TestResult>,
    pub(super) commit: Option<String>,
    /// When the suite began that is read now.
    begun: Option<String>,
    /// The name of a suite that counts failures; its tests should say which.
    failed_suite: Option<String>,
}

/// Names of properties that hold the commit.
const COMMIT: &[&str] = &[
    "commit",
    "git.commit",
    "git.commit.id",
    "git_commit",
    "sha",
    "git.sha",
    "revision",
    "vcs.revision",
    "ci.commit",
];
/// Deepest nesting of elements.
const DEPTH_MAX: usize = 32;

/// Reads one report.
pub(super) fn read(path: &str, bytes: &[u8]) -> Result<Run, Unseen> {
    let mut reader = Reader::from_reader(bytes);
    reader.config_mut().trim_text(true);
    let mut run = Run::default();
    let mut open: Vec<String> = Vec::new();
    let mut case: Option<(String, Outcome)> = None;
    let mut suites = 0_u64;
    loop {
        let event = reader.read_event().map_err(|_| garbled(path, "it is no sound XML"))?;
        match event {
            Event::Start(element) => {
                let name = element.name().as_ref().to_owned();
                if open.is_empty() && !matches!(name.as_str(), "testsuites" | "testsuite") {
                    return Err(garbled(path, "it is no JUnit report"));
                }
                suites += u64::from(name == "testsuite");
                begin(&element, &mut run, &mut case);
                open.push(name);
                if open.len() > DEPTH_MAX {
                    return Err(garbled(path, "its elements are nested too deeply"));
                }
            }
            Event::Empty(element) => {
                suites += u64::from(element.name().as_ref() == "testsuite");
                begin(&element, &mut run, &mut case);
                if element.name().as_ref() == "testcase" {
                    end(&mut run, &mut case);
                }
            }
            Event::End(element) => {
                if element.name().as_ref() == "testcase" {
                    end(&mut run, &mut case);
                }
                open.pop();
            }
            Event::DocType(_) => {
                return Err(garbled(path, "it declares entities, which no test runner does"));
            }
            Event::Eof => break,
            _ => {}
        }
    }
    if !open.is_empty() || suites == 0 {
        return Err(garbled(path, "it ends too early"));
    }
    // A suite that broke off before its tests counts an error that none of them has.
    let told = run.results.values().any(|result| matches!(result.outcome, Outcome::Failed | Outcome::Flaky));
    if let Some(suite) = run.failed_suite.take().filter(|_| !told) {
        let result = TestResult { outcome: Outcome::Failed, begun: run.begun.clone() };
        run.results.insert(format!("(the suite {suite})"), result);
    }
    Ok(run)
}

fn begin(element: &BytesStart<'_>, run: &mut Run, case: &mut Option<(String, Outcome)>) {
    let attribute = |name: &str| {
        let found = element.try_get_attribute(name).ok().flatten()?;
        Some(found.value.into_owned())
    };
    match (element.name().as_ref(), case.as_mut()) {
        ("testsuite" | "testsuites", _) => {
            run.begun = attribute("timestamp").or(run.begun.take());
            let counts = |name: &str| {
                attribute(name).is_some_and(|count| count.parse::<u64>().is_ok_and(|count| count > 0))
            };
            if counts("failures") || counts("errors") {
                run.failed_suite = Some(attribute("name").unwrap_or_default());
            }
        }
        ("testcase", _) => {
            let name = [attribute("classname"), attribute("name")]
                .into_iter()
                .flatten()
                .collect::<Vec<_>>()
                .join("::");
            *case = Some((name, Outcome::Passed));
        }
        ("failure" | "error", Some((_, outcome))) => *outcome = Outcome::Failed,
        ("skipped", Some((_, outcome))) => *outcome = Outcome::Skipped,
        // Written when a rerun passed; `rerunFailure` stands beside a `failure` when none did.
        ("flakyFailure" | "flakyError", Some((_, outcome))) if *outcome == Outcome::Passed => {
            *outcome = Outcome::Flaky;
        }
        ("property", None)
            if attribute("name").is_some_and(|name| COMMIT.contains(&name.to_ascii_lowercase().as_str())) =>
        {
            run.commit = attribute("value")
                .filter(|value| value.bytes().all(|byte| byte.is_ascii_hexdigit()))
                .or(run.commit.take());
        }
        _ => {}
    }
}

fn end(run: &mut Run, case: &mut Option<(String, Outcome)>) {
    let Some((name, outcome)) = case.take() else { return };
    // The same test twice in one report was run again.
    let begun = run.begun.clone();
    let known = &mut run.results.entry(name).or_insert(TestResult { outcome, begun }).outcome;
    if *known == Outcome::Skipped {
        *known = outcome;
    } else if *known != outcome && outcome != Outcome::Skipped {
        *known = Outcome::Flaky;
    }
}
