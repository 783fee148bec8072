//! Results of tests over all reports: which failed and never passed, which did both, how often they ran.

use std::collections::{BTreeMap, BTreeSet};

use super::FailedTest;
use super::junit::{Outcome, TestName, TestResult};
use crate::repo::documents::clipped;

/// Most test results that are compared over runs.
pub(super) const RESULTS_MAX: usize = 500_000;

/// The commit that results are about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Commit {
    /// The one that is checked out.
    Head,
    /// Another one, by its name.
    Other(String),
}

/// What became of one test at one commit.
#[derive(Debug, Default)]
struct Ends {
    passed: bool,
    /// A report in which it failed.
    failed_in: Option<String>,
    /// What tells its runs apart: when they began, else the report.
    runs: BTreeSet<String>,
}

/// Results by commit and test.
#[derive(Debug, Default)]
pub(super) struct Tally {
    commits: BTreeMap<Commit, BTreeMap<TestName, Ends>>,
    count: usize,
}

impl Tally {
    /// Whether results were left out.
    pub(super) fn is_full(&self) -> bool {
        self.count > RESULTS_MAX
    }

    /// Adds what one report says.
    pub(super) fn add(&mut self, commit: Commit, path: &str, results: BTreeMap<TestName, TestResult>) {
        let tests = self.commits.entry(commit).or_default();
        for (test, result) in results.into_iter().filter(|(_, result)| result.outcome != Outcome::Skipped) {
            self.count += 1;
            if self.count > RESULTS_MAX {
                return;
            }
            let ends = tests.entry(test).or_default();
            ends.passed |= matches!(result.outcome, Outcome::Passed | Outcome::Flaky);
            if matches!(result.outcome, Outcome::Failed | Outcome::Flaky) && ends.failed_in.is_none() {
                ends.failed_in = Some(path.to_owned());
            }
            ends.runs.insert(result.begun.unwrap_or_else(|| path.to_owned()));
        }
    }

    /// Tests that failed at the present commit and never passed there.
    pub(super) fn failed_at_head(&self) -> Vec<FailedTest> {
        let tests = self.commits.get(&Commit::Head).into_iter().flatten();
        tests
            .filter(|(_, ends)| !ends.passed)
            .filter_map(|(name, ends)| {
                Some(FailedTest { name: clipped(&name.to_string()), path: ends.failed_in.clone()? })
            })
            .collect()
    }

    /// How many tests both passed and failed at one commit, and how many there are over all commits.
    pub(super) fn flaky(&self) -> (usize, usize) {
        let all = || self.commits.values().flatten();
        let flaky: BTreeSet<&TestName> =
            all().filter(|(_, ends)| ends.passed && ends.failed_in.is_some()).map(|(name, _)| name).collect();
        let names: BTreeSet<&TestName> = all().map(|(name, _)| name).collect();
        (flaky.len(), names.len())
    }

    /// How often at least half of the tests ran at a commit, over all commits.
    pub(super) fn runs_count(&self) -> u64 {
        let of_one = |tests: &BTreeMap<TestName, Ends>| {
            let mut counts: Vec<usize> = tests.values().map(|ends| ends.runs.len()).collect();
            counts.sort_unstable();
            counts.get(counts.len().saturating_sub(1) / 2).copied().unwrap_or(0) as u64
        };
        self.commits.values().map(of_one).sum()
    }
}
