//! Reports of other tools that the manifest names: lint results as SARIF, test runs as JUnit XML, runs of the pipeline.
//!
//! A report counts for the commit that it names itself; one that names none counts for nothing.

mod junit;
mod runs;
mod sarif;
mod tally;

use std::collections::BTreeMap;
use std::path::Path;

use schemars::JsonSchema;
use seaworthy_core::facts::{Blind, Listed, Seen, Unseen};
use seaworthy_core::limits::repo::LISTED_MAX;
use serde::Serialize;

use self::junit::Outcome;
pub(crate) use self::runs::{EXPORT, Ending, PipelineRun};
use self::tally::{Commit, Tally};
use super::documents::{clipped, json};
use super::looked::counted;
use super::tree::{Kind, Tree, unseen};

/// What the reports say.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ReportFacts {
    /// Results of linters.
    pub lint: Seen<Listed<LintReport>>,
    /// Reports of tests; a run of tests may have written several.
    pub tests: Seen<Listed<TestReport>>,
    /// Tests that failed for the commit that is checked out and passed in no report for it.
    pub failed_at_head: Seen<Listed<FailedTest>>,
    /// Share of tests that both passed and failed at one commit, over all runs given, in per cent.
    pub flaky_percent: Seen<f64>,
    /// How often at least half of the tests ran at a commit, over all commits that reports name. Reports of different tests are
    /// parts of one run, and so are reports of the same tests that began at the same time.
    pub test_runs_count: Seen<u64>,
}

/// A test that failed and never passed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct FailedTest {
    /// Its name, with those of its suite and class.
    pub name: String,
    /// A report in which it failed.
    pub path: String,
}

/// One linter's result.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct LintReport {
    /// The file.
    pub path: String,
    /// The linter.
    pub tool: String,
    /// Results of level `error` that were there in this run and that nobody settled may stay.
    pub errors_count: u64,
    /// Results of level `warning` that were there in this run and that nobody settled may stay.
    pub warnings_count: u64,
    /// The linter says that it ran to its end and met no error of its own; unseen where the report tells of no call.
    pub ran_through: Seen<bool>,
    /// It is about the commit that is checked out.
    pub for_head: Seen<bool>,
}

/// One report of tests.
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
const FILES_MAX: usize = 2_000;
/// Longest report file, in bytes.
const REPORT_BYTES_MAX: u64 = 32 * 1024 * 1024;
/// Longest export of a pipeline's runs, in bytes.
const RUNS_BYTES_MAX: u64 = 8 * 1024 * 1024;

/// What the reports say, and the runs of the pipeline that they tell of.
pub(crate) struct Read {
    pub(crate) facts: ReportFacts,
    pub(crate) runs: Result<Vec<PipelineRun>, Unseen>,
}

/// Reads the reports at these paths below the root; a directory stands for the files in it.
pub(crate) fn look(tree: &Tree, paths: &[String], head: Option<&str>) -> Read {
    if paths.is_empty() {
        let none = Unseen::new(Blind::NotGiven, "the manifest names no reports").give(
            "`reports: [reports/]` in the environment, with SARIF of the linter and JUnit XML of the tests",
        );
        let facts = ReportFacts {
            lint: none.clone().into(),
            tests: none.clone().into(),
            failed_at_head: none.clone().into(),
            flaky_percent: none.clone().into(),
            test_runs_count: none.into(),
        };
        return Read { facts, runs: Err(no_runs()) };
    }
    let mut reading = Reading {
        head,
        lint: Vec::new(),
        tests: Vec::new(),
        tally: Tally::default(),
        unplaced: None,
        cut: None,
        runs: Err(no_runs()),
    };
    for path in paths {
        if let Err(unseen) = reading.path(tree, path) {
            reading.cut = reading.cut.or(Some(unseen));
        }
    }
    // What could not be read may have been a newer export.
    let runs = match (std::mem::replace(&mut reading.runs, Ok(Vec::new())), &reading.cut) {
        (Ok(_), Some(cut)) => Err(cut.clone()),
        (runs, _) => runs,
    };
    Read { facts: reading.facts(), runs }
}

fn no_runs() -> Unseen {
    Unseen::new(Blind::NotGiven, "no export of the pipeline's runs is among the reports").give(EXPORT)
}

struct Reading<'a> {
    head: Option<&'a str>,
    lint: Vec<LintReport>,
    tests: Vec<TestReport>,
    tally: Tally,
    /// Why tests may have failed at the present commit of which nothing is known.
    unplaced: Option<Unseen>,
    cut: Option<Unseen>,
    runs: Result<Vec<PipelineRun>, Unseen>,
}

impl Reading<'_> {
    fn path(&mut self, tree: &Tree, path: &str) -> Result<(), Unseen> {
        let at = Path::new(path);
        match tree.kind(at).map_err(|error| unseen(path, &error))? {
            Some(Kind::Directory) => {
                let (entries, more) = tree.entries(at, FILES_MAX).map_err(|error| unseen(path, &error))?;
                for (name, kind) in entries {
                    let name = String::from_utf8_lossy(&name).into_owned();
                    let report = [".sarif", ".sarif.json", ".xml", "runs.json", "pipelines.json"]
                        .iter()
                        .any(|ending| name.ends_with(ending));
                    if kind == Kind::File
                        && report
                        && let Err(unseen) = self.file(tree, &at.join(name))
                    {
                        self.cut = self.cut.take().or(Some(unseen));
                    }
                }
                if more {
                    return Err(Unseen::new(
                        Blind::CutShort,
                        format!("`{path}` holds more than {FILES_MAX} files"),
                    )
                    .give("take reports of older runs out of it"));
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
        let is_list = bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[');
        if is_list && bytes.len() as u64 > RUNS_BYTES_MAX {
            let why = format!("`{shown}` is longer than {RUNS_BYTES_MAX} bytes");
            self.took_runs(Err(Unseen::new(Blind::CutShort, why).give(EXPORT)));
            return Ok(());
        }
        let document = json(&shown, &bytes)?;
        if document.is_array() {
            // What is wrong with it says nothing of tests and linters.
            self.took_runs(runs::read(&shown, document));
            return Ok(());
        }
        for result in sarif::read(&shown, &document)? {
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

    /// Takes the runs of an export. Where two tell of one run, the newer word counts; where one cannot be read, none does.
    fn took_runs(&mut self, more: Result<Vec<PipelineRun>, Unseen>) {
        let known = match std::mem::replace(&mut self.runs, Ok(Vec::new())) {
            Ok(known) => known,
            Err(why) if why.kind == Blind::NotGiven => Vec::new(),
            Err(why) => {
                self.runs = Err(why);
                return;
            }
        };
        self.runs = more.map(|more| {
            let mut by_id: BTreeMap<u64, PipelineRun> = known.into_iter().map(|run| (run.id, run)).collect();
            for run in more {
                let newer = by_id.get(&run.id).is_none_or(|known| known.at <= run.at);
                if newer {
                    by_id.insert(run.id, run);
                }
            }
            by_id.into_values().collect()
        });
    }

    fn run(&mut self, shown: &str, run: junit::Run) {
        let for_head =
            self.for_head(shown, run.commit.as_deref(), "a property `commit` in the report's test suite");
        let failures = run.results.values().filter(|result| result.outcome == Outcome::Failed).count() as u64;
        let skipped = run.results.values().filter(|result| result.outcome == Outcome::Skipped).count() as u64;
        self.tests.push(TestReport {
            path: shown.to_owned(),
            tests_count: run.results.len() as u64 - skipped,
            failures_count: failures,
            skipped_count: skipped,
            for_head,
        });
        match (&run.commit, self.tests.last().map(|report| &report.for_head)) {
            (Some(_), Some(Seen::Seen { value: true, .. })) => {
                if let Some(suite) = &run.short {
                    let unseen = short(shown, suite);
                    self.unplaced = self.unplaced.take().or(Some(unseen));
                }
                self.tally.add(Commit::Head, shown, run.results);
            }
            (Some(commit), Some(Seen::Seen { .. } | Seen::Unseen(_))) => {
                self.tally.add(Commit::Other(commit.to_ascii_lowercase()), shown, run.results);
            }
            // It counts for nothing, but what failed in it may have failed for the present commit.
            (None, Some(Seen::Unseen(unseen))) if failures > 0 => {
                self.unplaced = self.unplaced.take().or_else(|| Some(unseen.clone()));
            }
            _ => {}
        }
        if self.tally.is_full() {
            let why = format!("the reports hold more than {} results", tally::RESULTS_MAX);
            let unseen =
                Unseen::new(Blind::CutShort, why).give("name the reports of fewer runs under `reports`");
            self.cut = self.cut.take().or(Some(unseen));
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
        lint.cut = lint.cut.or_else(|| self.cut.clone());
        tests.cut = tests.cut.or_else(|| self.cut.clone());
        let mut failed = Listed::bounded(self.tally.failed_at_head(), LISTED_MAX, "failed tests");
        failed.cut = failed.cut.or_else(|| self.cut.clone()).or(self.unplaced);
        let (flaky, all) = self.tally.flaky();
        let flaky_percent = match (&self.cut, all) {
            (Some(cut), _) => Seen::Unseen(cut.clone()),
            (None, 0) => Unseen::new(Blind::NotGiven, "no run of tests for a commit is among the reports")
                .give("JUnit XML of the tests in a folder named under `reports`, with a property `commit`")
                .into(),
            (None, all) => Seen::new(percent(flaky, all)),
        };
        ReportFacts {
            lint: Seen::new(lint),
            tests: Seen::new(tests),
            failed_at_head: Seen::new(failed),
            flaky_percent,
            test_runs_count: counted(self.tally.runs_count(), self.cut.map_or(Ok(()), Err)),
        }
    }
}

/// A report that holds fewer tests than it says may hold no word of those that failed.
fn short(shown: &str, suite: &str) -> Unseen {
    let suite = clipped(suite);
    let why = format!("`{shown}` holds fewer tests than its suite `{suite}` says that it ran");
    Unseen::new(Blind::CutShort, why)
        .give("one `testcase` for each test; take the report out when a whole run for this commit is there")
}

fn percent(part: usize, all: usize) -> f64 {
    let number = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    number(part) * 100.0 / number(all)
}
