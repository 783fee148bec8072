//! JUnit XML as test runners write it, with the elements for reruns.

use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter};

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

/// A test's name: that of its suite, of its class, and its own.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct TestName {
    /// The suites around it, from the outermost, and which of its name in the report it is.
    suite: String,
    /// Class and test.
    test: String,
}

impl Display for TestName {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        // Many runners name the suite after the class.
        let told = self.test.starts_with(&format!("{}::", self.suite));
        if self.suite.is_empty() || told {
            return out.write_str(&self.test);
        }
        write!(out, "{} > {}", self.suite, self.test)
    }
}

/// What one report says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) results: BTreeMap<TestName, TestResult>,
    pub(super) commit: Option<String>,
    /// A suite that says it ran more tests than the report holds.
    pub(super) short: Option<String>,
}

/// A suite that is read now.
#[derive(Debug, Default)]
struct Suite {
    path: String,
    begun: Option<String>,
    /// What its attributes say, and what was found in it.
    declared: Counts,
    found: Counts,
}

#[derive(Debug, Default)]
struct Counts {
    tests: u64,
    failed: u64,
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
    let mut reading = Reading::default();
    let mut depth = 0_usize;
    loop {
        let event = reader.read_event().map_err(|_| garbled(path, "it is no sound XML"))?;
        match event {
            Event::Start(element) => {
                if depth == 0 && !is_suite(element.name().as_ref()) {
                    return Err(garbled(path, "it is no JUnit report"));
                }
                depth += 1;
                if depth > DEPTH_MAX {
                    return Err(garbled(path, "its elements are nested too deeply"));
                }
                reading.begin(&element);
            }
            Event::Empty(element) => {
                reading.begin(&element);
                reading.end(element.name().as_ref());
            }
            Event::End(element) => {
                reading.end(element.name().as_ref());
                depth = depth.saturating_sub(1);
            }
            Event::DocType(_) => {
                return Err(garbled(path, "it declares entities, which no test runner does"));
            }
            Event::Eof => break,
            _ => {}
        }
    }
    if depth > 0 || reading.suites.is_empty() {
        return Err(garbled(path, "it ends too early"));
    }
    Ok(reading.run)
}

fn is_suite(element: &str) -> bool {
    matches!(element, "testsuites" | "testsuite")
}

#[derive(Default)]
struct Reading {
    run: Run,
    open: Vec<Suite>,
    case: Option<(String, Outcome)>,
    /// How often each suite's name was met.
    suites: BTreeMap<String, u32>,
}

impl Reading {
    fn begin(&mut self, element: &BytesStart<'_>) {
        let attribute = |name: &str| {
            let found = element.try_get_attribute(name).ok().flatten()?;
            Some(found.value.into_owned())
        };
        match (element.name().as_ref(), self.case.as_mut()) {
            (name, _) if is_suite(name) => {
                let suite = self.suite(name, &attribute);
                self.open.push(suite);
            }
            ("testcase", _) => {
                let name = [attribute("classname"), attribute("name")]
                    .into_iter()
                    .flatten()
                    .collect::<Vec<_>>()
                    .join("::");
                self.case = Some((name, Outcome::Passed));
            }
            ("failure" | "error", Some((_, outcome))) => *outcome = Outcome::Failed,
            ("skipped", Some((_, outcome))) => *outcome = Outcome::Skipped,
            // Written when a rerun passed; `rerunFailure` stands beside a `failure` when none did.
            ("flakyFailure" | "flakyError", Some((_, outcome))) if *outcome == Outcome::Passed => {
                *outcome = Outcome::Flaky;
            }
            ("property", None)
                if attribute("name")
                    .is_some_and(|name| COMMIT.contains(&name.to_ascii_lowercase().as_str())) =>
            {
                self.run.commit = attribute("value")
                    .filter(|value| value.bytes().all(|byte| byte.is_ascii_hexdigit()))
                    .or(self.run.commit.take());
            }
            _ => {}
        }
    }

    fn suite(&mut self, element: &str, attribute: &dyn Fn(&str) -> Option<String>) -> Suite {
        let around = self.open.last();
        let count = |name: &str| attribute(name).and_then(|count| count.parse::<u64>().ok()).unwrap_or(0);
        let mut path = around.map(|around| around.path.clone()).unwrap_or_default();
        // The name of the outermost element is that of the run, not of a suite.
        if element == "testsuite" {
            let name = attribute("name").unwrap_or_default();
            path = if path.is_empty() { name } else { format!("{path} > {name}") };
            // Two suites of one name in one report are two, such as one for each browser.
            let met = self.suites.entry(path.clone()).or_default();
            *met += 1;
            if *met > 1 {
                path = format!("{path} ({met})");
            }
        }
        Suite {
            path,
            begun: attribute("timestamp").or_else(|| around?.begun.clone()),
            declared: Counts {
                tests: count("tests"),
                failed: count("failures").saturating_add(count("errors")),
            },
            found: Counts::default(),
        }
    }

    fn end(&mut self, element: &str) {
        if element == "testcase" {
            self.end_case();
        } else if is_suite(element) {
            self.end_suite();
        }
    }

    fn end_case(&mut self) {
        let (Some((test, outcome)), Some(suite)) = (self.case.take(), self.open.last_mut()) else { return };
        suite.found.tests += 1;
        suite.found.failed += u64::from(matches!(outcome, Outcome::Failed | Outcome::Flaky));
        let name = TestName { suite: suite.path.clone(), test };
        let result = TestResult { outcome, begun: suite.begun.clone() };
        let Some(known) = self.run.results.get_mut(&name) else {
            self.run.results.insert(name, result);
            return;
        };
        // The same test again was run again, and that happens after it failed: one that fails after it passed is another one.
        known.outcome = match (known.outcome, outcome) {
            (Outcome::Skipped, now) => now,
            (before, Outcome::Skipped) => before,
            (Outcome::Failed, Outcome::Passed) => Outcome::Flaky,
            (Outcome::Passed, now) => now,
            (before, Outcome::Failed) if before != Outcome::Failed => Outcome::Failed,
            (before, _) => before,
        };
    }

    fn end_suite(&mut self) {
        let Some(suite) = self.open.pop() else { return };
        let mut found = suite.found;
        // A suite that broke off before its tests counts an error that none of them has.
        if suite.declared.failed > 0 && found.failed == 0 {
            let name = TestName { suite: String::new(), test: format!("(the suite {})", suite.path) };
            let result = TestResult { outcome: Outcome::Failed, begun: suite.begun };
            self.run.results.insert(name, result);
            found.failed += 1;
        } else if suite.declared.tests > found.tests && self.run.short.is_none() {
            self.run.short = Some(suite.path);
        }
        if let Some(around) = self.open.last_mut() {
            around.found.tests += found.tests;
            around.found.failed += found.failed;
        }
    }
}
