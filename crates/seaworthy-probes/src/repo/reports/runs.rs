//! Exports of a pipeline's runs: `gh run list --json …`, and `/projects/ID/pipelines` of GitLab. Parses alone.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use seaworthy_core::facts::{Blind, Unseen};
use serde::Deserialize;
use serde_json::Value as Json;

use crate::repo::documents::{clipped, garbled};

/// Most runs of one export.
const RUNS_MAX: usize = 10_000;
/// How such an export is made.
pub(crate) const EXPORT: &str = "gh run list --workflow deliver.yml --limit 100 --json \
     databaseId,headSha,headBranch,event,status,conclusion,workflowName,createdAt,updatedAt > reports/runs.json";

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    Success,
    Failure,
    /// It did not end yet, or waits for somebody.
    Unfinished,
}

/// One run of a pipeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PipelineRun {
    pub(crate) id: u64,
    pub(crate) commit: String,
    pub(crate) branch: String,
    /// What began it, in the provider's words.
    pub(crate) event: String,
    /// The workflow that ran; none where the whole pipeline did.
    pub(crate) workflow: Option<String>,
    pub(crate) ending: Ending,
    /// When it ended, or what is newest of it. Running an old one again makes it new.
    pub(crate) at: DateTime<Utc>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GithubRun {
    database_id: u64,
    head_sha: String,
    head_branch: String,
    event: String,
    status: String,
    conclusion: Option<String>,
    workflow_name: String,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

#[derive(Deserialize)]
struct GitlabPipeline {
    id: u64,
    sha: String,
    #[serde(rename = "ref")]
    name: String,
    source: String,
    status: String,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// Reads an export. One that leaves anything open is none.
pub(super) fn read(path: &str, document: Json) -> Result<Vec<PipelineRun>, Unseen> {
    let odd = |what: &str| garbled(path, what).give(EXPORT);
    let Json::Array(all) = document else { return Err(odd("it is no list of runs")) };
    if all.len() > RUNS_MAX {
        return Err(Unseen::new(Blind::CutShort, format!("`{path}` holds more than {RUNS_MAX} runs")));
    }
    let github = match all.first() {
        Some(first) if first.get("headSha").is_some() => true,
        Some(first) if first.get("sha").is_some() && first.get("ref").is_some() => false,
        Some(_) => return Err(odd("its runs name no commit")),
        None => return Err(odd("it holds no run")),
    };
    let read = |run: Json| if github { of_github(run) } else { of_gitlab(run) };
    let mut runs = Vec::with_capacity(all.len());
    let mut ids = BTreeSet::new();
    for run in all {
        let run =
            read(run).ok_or_else(|| odd("one of its runs lacks something or says what is not known"))?;
        if !ids.insert(run.id) {
            return Err(odd("it holds a run twice"));
        }
        runs.push(run);
    }
    Ok(runs)
}

fn of_github(run: Json) -> Option<PipelineRun> {
    let run: GithubRun = serde_json::from_value(run).ok()?;
    let ending = match (run.status.as_str(), run.conclusion.as_deref().unwrap_or_default()) {
        ("completed", "success") => Ending::Success,
        (
            "completed",
            "failure" | "cancelled" | "skipped" | "timed_out" | "neutral" | "stale" | "startup_failure",
        ) => Ending::Failure,
        ("completed", "action_required")
        | ("queued" | "in_progress" | "waiting" | "requested" | "pending", _) => Ending::Unfinished,
        _ => return None,
    };
    sound(PipelineRun {
        id: run.database_id,
        commit: run.head_sha.to_ascii_lowercase(),
        branch: clipped(&run.head_branch),
        event: clipped(&run.event),
        workflow: Some(clipped(&run.workflow_name)),
        ending,
        at: run.updated_at,
    })
    .filter(|_| run.created_at <= run.updated_at)
}

fn of_gitlab(run: Json) -> Option<PipelineRun> {
    let run: GitlabPipeline = serde_json::from_value(run).ok()?;
    let ending = match run.status.as_str() {
        "success" => Ending::Success,
        "failed" | "canceled" | "canceling" | "skipped" => Ending::Failure,
        "created" | "waiting_for_resource" | "preparing" | "pending" | "running" | "manual" | "scheduled" => {
            Ending::Unfinished
        }
        _ => return None,
    };
    sound(PipelineRun {
        id: run.id,
        commit: run.sha.to_ascii_lowercase(),
        branch: clipped(&run.name),
        event: clipped(&run.source),
        workflow: None,
        ending,
        at: run.updated_at,
    })
    .filter(|_| run.created_at <= run.updated_at)
}

/// A run whose commit is a whole name, of 40 digits or 64.
fn sound(run: PipelineRun) -> Option<PipelineRun> {
    let whole =
        matches!(run.commit.len(), 40 | 64) && run.commit.bytes().all(|byte| byte.is_ascii_hexdigit());
    whole.then_some(run)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn github(id: u64, change: &dyn Fn(&mut Json)) -> Json {
        let mut run = json!({"databaseId": id, "headSha": "A".repeat(40), "headBranch": "main", "event": "push",
            "status": "completed", "conclusion": "success", "workflowName": "Deliver",
            "createdAt": "2026-11-20T10:00:00Z", "updatedAt": "2026-11-20T10:05:00Z"});
        change(&mut run);
        run
    }

    #[test]
    fn an_export_is_whole_or_none() {
        let sound = github(1, &|_| {});
        let runs = read("runs.json", json!([sound])).unwrap();
        assert_eq!((runs[0].commit.as_str(), runs[0].ending), ("a".repeat(40).as_str(), Ending::Success));
        let set = |key: &'static str, value: Json| github(2, &move |run: &mut Json| run[key] = value.clone());
        for odd in [
            json!([]),
            json!({}),
            json!([1]),
            json!([{"x": 1}]),
            json!([sound, sound]),
            json!([set("headSha", json!("a".repeat(12)))]),
            json!([set("headSha", json!("g".repeat(40)))]),
            json!([set("conclusion", json!("perfect"))]),
            json!([set("status", json!("done"))]),
            json!([set("updatedAt", json!("yesterday"))]),
            json!([set("updatedAt", json!("2026-11-19T10:05:00Z"))]),
            json!([sound, {"databaseId": 2}]),
        ] {
            assert!(read("runs.json", odd.clone()).is_err(), "{odd}");
        }
        let many = Json::Array((0..=RUNS_MAX as u64).map(|_| json!({})).collect());
        assert!(read("runs.json", many).unwrap_err().why.contains("more than"));
    }

    #[test]
    fn pipelines_of_gitlab_are_read_too() {
        let run = json!({"id": 7, "sha": "b".repeat(40), "ref": "main", "source": "push", "status": "manual",
            "created_at": "2026-11-20T10:00:00.000Z", "updated_at": "2026-11-20T10:05:00.000Z", "web_url": "x"});
        assert_eq!(read("runs.json", json!([run])).unwrap()[0].ending, Ending::Unfinished);
    }
}
