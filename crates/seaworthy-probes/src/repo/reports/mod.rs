//! Reports of other tools that the manifest names: lint results as SARIF, test runs as JUnit XML.
//!
//! A report counts for the commit that it names itself; one that names none counts for nothing.

mod junit;
mod sarif;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use schemars::JsonSchema;
use seaworthy_core::facts::{Blind, Listed, Seen, Unseen};
use serde::Serialize;

use super::tree::{Kind, Tree, unseen};

/// What the reports say.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ReportFacts {
    /// Results of linters.
    pub lint: Seen<Listed<LintReport>>,
    /// Runs of tests.
    pub tests: Seen<Listed<TestReport>>,
    /// Share of tests that both passed and failed at one commit, over all runs given, in per cent.
    pub flaky_percent: Seen<f64>,
    /// Runs of tests given, each for a commit that it names.
    pub test_runs_count: Seen<u64>,
}

/// One linter's result.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct LintReport {
    /// The file.
    pub path: String,
    /// The linter.
    pub tool: String,
    /// Results of level `error` that are not suppressed.
    pub errors_count: u64,
    /// Results of level `warning` that are not suppressed.
    pub warnings_count: u64,
    /// The linter says that it ran to its end.
    pub ran_through: bool,
    /// It is about the commit that is checked out.
    pub for_head: Seen<bool>,
}

/// One run of tests.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct TestReport {
    /// The file.
    pub path: String,
    /// Tests that ran.
    pub tests_count: u64,
    /// Tests that failed or broke off.
    pub failures_count: u64,
    /// Tests that were left out.
    pub skipped_count: u64,
    /// It is about the commit that is checked out.
    pub for_head: Seen<bool>,
}

/// Most report files.
const FILES_MAX: usize = 200;
/// Longest report file, in bytes.
const REPORT_BYTES_MAX: u64 = 32 * 1024 * 1024;
/// Most test results that are compared over runs.
const RESULTS_MAX: usize = 500_000;

/// Reads the reports at these paths below the root; a directory stands for the files in it.
pub(crate) fn look(tree: &Tree, paths: &[String], head: Option<&str>) -> ReportFacts {
    if paths.is_empty() {
        let none = Unseen::new(Blind::NotGiven, "the manifest names no reports").give(
            "`reports: [reports/]` in the environment, with SARIF of the linter and JUnit XML of the tests",
        );
        return ReportFacts {
            lint: none.clone().into(),
            tests: none.clone().into(),
            flaky_percent: none.clone().into(),
            test_runs_count: none.into(),
        };
    }
    let mut reading = Reading {
        head,
        lint: Vec::new(),
        tests: Vec::new(),
        results: BTreeMap::new(),
        results_count: 0,
        cut: None,
    };
    for path in paths {
        if let Err(unseen) = reading.path(tree, path) {
            reading.cut = reading.cut.or(Some(unseen));
        }
    }
    reading.facts()
}

/// A test of a run at a commit, with the outcomes that it had.
type Results = BTreeMap<(String, String), BTreeSet<bool>>;

struct Reading<'a> {
    head: Option<&'a str>,
    lint: Vec<LintReport>,
    tests: Vec<TestReport>,
    results: Results,
    results_count: usize,
    cut: Option<Unseen>,
}

impl Reading<'_> {
    fn path(&mut self, tree: &Tree, path: &str) -> Result<(), Unseen> {
        let at = Path::new(path);
        match tree.kind(at).map_err(|error| unseen(path, &error))? {
            Some(Kind::Directory) => {
                let (entries, more) = tree.entries(at, FILES_MAX).map_err(|error| unseen(path, &error))?;
                for (name, kind) in entries {
                    let name = String::from_utf8_lossy(&name).into_owned();
                    let report =
                        [".sarif", ".sarif.json", ".xml"].iter().any(|ending| name.ends_with(ending));
                    if kind == Kind::File && report {
                        self.file(tree, &at.join(name))?;
                    }
                }
                if more {
                    return Err(Unseen::new(
                        Blind::CutShort,
                        format!("`{path}` holds more than {FILES_MAX} files"),
                    ));
                }
                Ok(())
            }
            _ => self.file(tree, at),
        }
    }

    fn file(&mut self, tree: &Tree, path: &Path) -> Result<(), Unseen> {
        let bytes = tree.read(path, REPORT_BYTES_MAX)?;
        let shown = path.to_string_lossy();
        if path.extension().is_some_and(|extension| extension == "xml") {
            let run = junit::read(&shown, &bytes)?;
            self.run(&shown, run);
            return Ok(());
        }
        for result in sarif::read(&shown, &bytes)? {
            let for_head = self.for_head(
                &shown,
                result.commit.as_deref(),
                "`versionControlProvenance[].revisionId` in each run",
            );
            self.lint.push(LintReport {
                path: shown.to_string(),
                tool: result.tool,
                errors_count: result.errors,
                warnings_count: result.warnings,
                ran_through: result.ran_through,
                for_head,
            });
        }
        Ok(())
    }

    fn run(&mut self, shown: &str, run: junit::Run) {
        let for_head =
            self.for_head(shown, run.commit.as_deref(), "a property `commit` in the report's test suite");
        let failures =
            run.results.values().filter(|passed| **passed == junit::Outcome::Failed).count() as u64;
        let skipped =
            run.results.values().filter(|passed| **passed == junit::Outcome::Skipped).count() as u64;
        self.tests.push(TestReport {
            path: shown.to_owned(),
            tests_count: run.results.len() as u64 - skipped,
            failures_count: failures,
            skipped_count: skipped,
            for_head,
        });
        let commit = run.commit.unwrap_or_default();
        for (test, outcome) in run.results {
            self.results_count += 1;
            if self.results_count > RESULTS_MAX {
                self.cut = Some(Unseen::new(
                    Blind::CutShort,
                    format!("the reports hold more than {RESULTS_MAX} results"),
                ));
                return;
            }
            let outcomes = self.results.entry((commit.clone(), test)).or_default();
            match outcome {
                junit::Outcome::Passed => outcomes.extend([true]),
                junit::Outcome::Failed => outcomes.extend([false]),
                junit::Outcome::Flaky => outcomes.extend([true, false]),
                junit::Outcome::Skipped => {}
            }
        }
    }

    fn for_head(&self, shown: &str, commit: Option<&str>, how: &str) -> Seen<bool> {
        match (commit, self.head) {
            (None, _) => {
                Unseen::new(Blind::NotGiven, format!("`{shown}` does not say which commit it is about"))
                    .give(how)
                    .into()
            }
            (Some(_), None) => Seen::unseen(Blind::NotGiven, "there is no commit to compare the report with"),
            (Some(commit), Some(head)) => {
                Seen::new(commit.len() >= 7 && head.starts_with(&commit.to_ascii_lowercase()))
            }
        }
    }

    fn facts(self) -> ReportFacts {
        let mut lint = Listed::bounded(self.lint, FILES_MAX, "reports");
        let mut tests = Listed::bounded(self.tests, FILES_MAX, "reports");
        let runs =
            tests.items.iter().filter(|report| matches!(report.for_head, Seen::Seen { .. })).count() as u64;
        lint.cut = lint.cut.or_else(|| self.cut.clone());
        tests.cut = tests.cut.or_else(|| self.cut.clone());
        // Over all commits a test is one test.
        let names: BTreeSet<&str> = self.results.keys().map(|(_, test)| test.as_str()).collect();
        let flaky: BTreeSet<&str> = self
            .results
            .iter()
            .filter(|(_, outcomes)| outcomes.len() > 1)
            .map(|((_, test), _)| test.as_str())
            .collect();
        let flaky_percent = match (&self.cut, names.len()) {
            (Some(cut), _) => Seen::Unseen(cut.clone()),
            (None, 0) => Seen::unseen(Blind::NotGiven, "no run of tests is among the reports"),
            (None, all) => Seen::new(percent(flaky.len(), all)),
        };
        ReportFacts {
            lint: Seen::new(lint),
            tests: Seen::new(tests),
            flaky_percent,
            test_runs_count: Seen::new(runs),
        }
    }
}

fn percent(part: usize, all: usize) -> f64 {
    let number = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    number(part) * 100.0 / number(all)
}
