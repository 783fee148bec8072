//! SARIF 2.1.0: how many results of which level, and for which commit.

use seaworthy_core::facts::Unseen;
use serde_json::Value as Json;

use crate::repo::documents::{garbled, json, text};

/// One run of a linter.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct LintRun {
    pub(super) tool: String,
    pub(super) errors: u64,
    pub(super) warnings: u64,
    pub(super) ran_through: bool,
    pub(super) commit: Option<String>,
}

/// Reads the runs of a report.
pub(super) fn read(path: &str, bytes: &[u8]) -> Result<Vec<LintRun>, Unseen> {
    let document = json(path, bytes)?;
    let version = text(&document, &["version"]);
    let runs = document.get("runs").and_then(Json::as_array);
    match (version, runs) {
        (Some("2.1.0"), Some(runs)) if !runs.is_empty() => runs.iter().map(|one| run(path, one)).collect(),
        (Some("2.1.0"), Some(_)) => Err(garbled(path, "it holds no run")),
        _ => Err(garbled(path, "it is no SARIF 2.1.0")),
    }
}

fn run(path: &str, run: &Json) -> Result<LintRun, Unseen> {
    let list = |key: &str| run.get(key).and_then(Json::as_array);
    // Without results a run has only stated its rules: that is not a run without findings.
    let results = list("results").ok_or_else(|| garbled(path, "a run has no `results`"))?;
    let level = |result: &&Json, wanted: &str| {
        let suppressed =
            result.get("suppressions").and_then(Json::as_array).is_some_and(|list| !list.is_empty());
        let kind = text(result, &["kind"]).unwrap_or("fail");
        !suppressed && kind == "fail" && level_of(run, result) == wanted
    };
    let invocations = list("invocations");
    Ok(LintRun {
        tool: text(run, &["tool", "driver", "name"]).unwrap_or("unnamed").chars().take(100).collect(),
        errors: results.iter().filter(|result| level(result, "error")).count() as u64,
        warnings: results.iter().filter(|result| level(result, "warning")).count() as u64,
        ran_through: invocations.is_none_or(|all| {
            all.iter().all(|one| one.get("executionSuccessful").and_then(Json::as_bool) != Some(false))
        }),
        commit: list("versionControlProvenance")
            .and_then(|list| list.iter().find_map(|entry| text(entry, &["revisionId"])))
            .map(str::to_owned),
    })
}

/// A result's level: its own, else that of its rule, else `warning`.
fn level_of<'a>(run: &'a Json, result: &'a Json) -> &'a str {
    if let Some(level) = text(result, &["level"]) {
        return level;
    }
    let rules = run.get("tool").and_then(|tool| tool.get("driver")).and_then(|driver| driver.get("rules"));
    let index = result.get("ruleIndex").and_then(Json::as_u64).and_then(|index| usize::try_from(index).ok());
    let rule = rules.and_then(Json::as_array).and_then(|rules| match (index, text(result, &["ruleId"])) {
        (Some(index), _) => rules.get(index),
        (None, Some(id)) => rules.iter().find(|rule| text(rule, &["id"]) == Some(id)),
        (None, None) => None,
    });
    rule.and_then(|rule| text(rule, &["defaultConfiguration", "level"])).unwrap_or("warning")
}
