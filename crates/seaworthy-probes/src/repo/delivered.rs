//! Which commit the pipeline deployed last, from an export of its runs. Pure.

use std::collections::BTreeSet;

use chrono::{DateTime, SecondsFormat, Utc};
use schemars::JsonSchema;
use seaworthy_core::facts::{Blind, Seen, Unseen};
use serde::Serialize;

use super::pipeline::{Deploy, Pipeline};
use super::reports::{EXPORT, Ending, PipelineRun};

/// What the runs of the pipeline say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PipelineRuns {
    /// Runs that may have deployed, of those in the export.
    pub runs_count: u64,
    /// The last of them that succeeded.
    pub last_success: DeployedRun,
    /// It ran for the commit that is checked out.
    pub last_success_is_head: bool,
    /// One of them ran for the commit that is checked out, so the export is not older than it.
    pub head_has_run: bool,
    /// One of them has not ended, so what is deployed may be changing.
    pub unfinished: bool,
}

/// A run that succeeded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct DeployedRun {
    /// The whole name of its commit.
    pub commit: String,
    /// When it ended, RFC 3339 in UTC.
    pub at: String,
    /// The branch.
    pub branch: String,
    /// The workflow, where the provider has several.
    pub workflow: Option<String>,
}

/// Events whose runs are about a proposal, not about what is released.
const PROPOSALS: &[&str] =
    &["pull_request", "pull_request_target", "merge_request_event", "external_pull_request_event"];

/// Events whose runs may deploy another commit than the one that they name.
const BEGUN_ELSEWHERE: &[&str] = &["workflow_run", "repository_dispatch", "deployment"];

/// Chooses the runs that may have deployed, and the last that did.
pub(crate) fn look(
    pipeline: &Seen<Option<Pipeline>>,
    runs: Result<Vec<PipelineRun>, Unseen>,
    head: Option<&str>,
) -> Seen<PipelineRuns> {
    chosen(pipeline, runs, head).map_or_else(Seen::Unseen, Seen::new)
}

fn chosen(
    pipeline: &Seen<Option<Pipeline>>,
    runs: Result<Vec<PipelineRun>, Unseen>,
    head: Option<&str>,
) -> Result<PipelineRuns, Unseen> {
    let runs = runs?;
    let head =
        head.ok_or_else(|| Unseen::new(Blind::NotGiven, "there is no commit to compare the runs with"))?;
    let pipeline = match pipeline {
        Seen::Seen { value: Some(pipeline), .. } => pipeline,
        Seen::Seen { value: None, .. } => {
            return Err(Unseen::new(Blind::NotGiven, "no file of a pipeline says which of its runs deploy"));
        }
        Seen::Unseen(why) => return Err(why.clone()),
    };
    if let Some(why) = &pipeline.deploys.cut {
        return Err(why.clone());
    }
    let deploys: Vec<&Deploy> = pipeline.deploys.items.iter().filter(|deploy| deploy.automatic).collect();
    let runs: Vec<PipelineRun> = runs
        .into_iter()
        .filter(|run| deploys.iter().any(|deploy| deploy.workflow == run.workflow))
        .filter(|run| !PROPOSALS.contains(&run.event.as_str()))
        .collect();
    let deploys = of_one_workflow(deploys, &runs)?;
    let (branches, of_pushes) = branches(&deploys)?;
    let deploys_from = |run: &PipelineRun| {
        let counts = !of_pushes || run.event == "push";
        branches.as_ref().filter(|_| counts).is_none_or(|branches| branches.contains(&run.branch))
    };
    let runs: Vec<PipelineRun> = runs.into_iter().filter(deploys_from).collect();
    if runs.iter().any(|run| BEGUN_ELSEWHERE.contains(&run.event.as_str())) {
        let why =
            "runs that begin elsewhere name the commit of the default branch, not the one that they deploy";
        return Err(
            Unseen::new(Blind::Unsupported, why).give("the deployment in the workflow that is pushed to")
        );
    }
    Ok(PipelineRuns {
        runs_count: runs.len() as u64,
        last_success: last_success(&runs)?,
        last_success_is_head: last_success(&runs)?.commit == head,
        head_has_run: runs.iter().any(|run| run.commit == head),
        unfinished: runs.iter().any(|run| run.ending == Ending::Unfinished),
    })
}

/// The deployments of the workflow that ran. Where several did, which of them deploys here is not known.
fn of_one_workflow<'a>(deploys: Vec<&'a Deploy>, runs: &[PipelineRun]) -> Result<Vec<&'a Deploy>, Unseen> {
    let ran: BTreeSet<&Option<String>> = runs.iter().map(|run| &run.workflow).collect();
    let mut ran = ran.into_iter();
    match (ran.next(), ran.next()) {
        (None, _) => Err(Unseen::new(Blind::NotGiven, "the export holds no run of a workflow that deploys by itself")
            .give(EXPORT)),
        (Some(_), Some(_)) => Err(Unseen::new(
            Blind::Unsupported,
            "the export holds runs of several workflows that deploy, and which of them deploys here is not known",
        )
        .give(EXPORT)),
        (Some(one), None) => Ok(deploys.into_iter().filter(|deploy| deploy.workflow == *one).collect()),
    }
}

/// The branches for which they run, none where for all, and whether that is of pushes alone. Where one runs for other branches than
/// another, a run that succeeds says nothing of which of them deployed.
fn branches(deploys: &[&Deploy]) -> Result<(Option<Vec<String>>, bool), Unseen> {
    let mut all = deploys.iter();
    let first = all.next().ok_or_else(|| Unseen::new(Blind::NotGiven, "no deployment begins by itself"))?;
    let of = |deploy: &Deploy| match &deploy.branches {
        Seen::Unseen(why) => Err(why.clone()),
        Seen::Seen { value, .. } => Ok((value.clone(), deploy.of_pushes)),
    };
    let known = of(first)?;
    for other in all {
        if of(other)? != known {
            let why = "the deployments of the workflow run for different branches";
            return Err(
                Unseen::new(Blind::Unsupported, why).give("a workflow of its own for each environment")
            );
        }
    }
    Ok(known)
}

fn last_success(runs: &[PipelineRun]) -> Result<DeployedRun, Unseen> {
    let succeeded = || runs.iter().filter(|run| run.ending == Ending::Success);
    let last = succeeded().max_by_key(|run| run.at).ok_or_else(|| {
        Unseen::new(
            Blind::NotGiven,
            "the export holds no successful run of what deploys, and may have been cut",
        )
        .give(EXPORT)
    })?;
    if succeeded().any(|run| run.at == last.at && run.commit != last.commit) {
        return Err(Unseen::new(
            Blind::Garbled,
            "two runs for different commits succeeded in the same second",
        ));
    }
    Ok(DeployedRun {
        commit: last.commit.clone(),
        at: told(last.at),
        branch: last.branch.clone(),
        workflow: last.workflow.clone(),
    })
}

fn told(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

#[cfg(test)]
mod tests;
