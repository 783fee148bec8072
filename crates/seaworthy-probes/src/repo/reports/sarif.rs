//! SARIF 2.1.0: how many results of which level, and for which commit.

use seaworthy_core::facts::{Blind, Seen, Unseen};
use serde_json::Value as Json;

use crate::repo::documents::{garbled, text};

/// One run of a linter.
#[derive(Debug, Clone)]
pub(super) struct LintRun {
    pub(super) tool: String,
    pub(super) errors: u64,
    pub(super) warnings: u64,
    /// Unseen where no invocation is described.
    pub(super) ran_through: Seen<bool>,
    pub(super) commit: Option<String>,
}

/// Reads the runs of a report.
pub(super) fn read(path: &str, document: &Json) -> Result<Vec<LintRun>, Unseen> {
    let version = text(document, &["version"]);
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
    let count = |wanted: &str| {
        results.iter().filter(|result| counts(result) && level_of(run, result) == wanted).count() as u64
    };
    Ok(LintRun {
        tool: text(run, &["tool", "driver", "name"]).unwrap_or("unnamed").chars().take(100).collect(),
        errors: count("error"),
        warnings: count("warning"),
        ran_through: ran_through(path, list("invocations").map_or(&[], Vec::as_slice)),
        commit: list("versionControlProvenance")
            .and_then(|list| list.iter().find_map(|entry| text(entry, &["revisionId"])))
            .map(str::to_owned),
    })
}

/// Whether a result is a finding of now: it failed, it was there in this run, and nobody settled that it may stay.
fn counts(result: &Json) -> bool {
    let failed = text(result, &["kind"]).is_none_or(|kind| kind == "fail");
    let gone = text(result, &["baselineState"]) == Some("absent");
    // A suppression that was only asked for, or refused, suppresses nothing (SARIF 2.1.0, 3.27.23).
    let suppressed = result.get("suppressions").and_then(Json::as_array).is_some_and(|all| {
        !all.is_empty()
            && all.iter().all(|one| text(one, &["status"]).is_none_or(|status| status == "accepted"))
    });
    failed && !gone && !suppressed
}

/// Whether the linter ran to its end in all that it did: each call succeeded and told of no error of its own.
fn ran_through(path: &str, invocations: &[Json]) -> Seen<bool> {
    let told: Option<Vec<bool>> = invocations
        .iter()
        .map(|one| {
            one.get("executionSuccessful").and_then(Json::as_bool).map(|ended| ended && !complains(one))
        })
        .collect();
    match told {
        Some(told) if told.contains(&false) => Seen::new(false),
        Some(told) if !told.is_empty() => Seen::new(true),
        _ => Unseen::new(Blind::NotGiven, format!("`{path}` does not say whether the linter ran to its end"))
            .give("`invocations: [{\"executionSuccessful\": true}]` in each run, written after the linter ended well")
            .into(),
    }
}

/// Whether a call tells of an error of the tool itself, such as a file that it could not parse.
fn complains(invocation: &Json) -> bool {
    ["toolExecutionNotifications", "toolConfigurationNotifications"].iter().any(|key| {
        let all = invocation.get(key).and_then(Json::as_array);
        all.is_some_and(|all| all.iter().any(|one| text(one, &["level"]) == Some("error")))
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
