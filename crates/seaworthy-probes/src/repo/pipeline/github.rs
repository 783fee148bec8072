//! GitHub Actions: jobs, what they need, and what their steps do.

use std::collections::{BTreeMap, BTreeSet};

use seaworthy_core::facts::{Seen, Unseen};
use serde_json::Value as Json;

use super::classify::{action, named_deploy, script};
use super::{Deploy, Parts, PipelineFile, PipelineStep, Stage, branches};
use crate::repo::documents::{clipped, line_of, text, texts, yaml};
use crate::repo::files::{Files, is_yaml};

struct Workflow<'a> {
    path: &'a str,
    bytes: &'a [u8],
    document: Json,
}

struct Step {
    stage: Stage,
    line: u64,
    ignored: bool,
    /// It may be left out of a run that succeeds.
    conditional: bool,
    /// It runs even when a step before it failed.
    regardless: bool,
}

struct Job {
    name: String,
    needs: Vec<String>,
    steps: Vec<Step>,
    /// It runs even when what it needs failed.
    always: bool,
    /// On what condition it goes on.
    condition: String,
    /// It goes on only when the workflow that called for it succeeded.
    after_success: bool,
}

/// Reads the workflows. An error is the reason why one could not be understood; the others stand.
pub(super) fn read(files: &Files, parts: &mut Parts) -> Result<(), Unseen> {
    let mut result = Ok(());
    let mut workflows = Vec::new();
    for (path, file) in files.own() {
        if !(path.starts_with(".github/workflows/") && is_yaml(path)) {
            continue;
        }
        parts.files.push(PipelineFile { path: path.to_owned(), provider: "github-actions".into() });
        match yaml(path, &file.bytes) {
            Ok(document) => workflows.push(Workflow { path, bytes: &file.bytes, document }),
            Err(unseen) => result = Err(unseen),
        }
    }
    let jobs: Vec<Vec<Job>> = workflows.iter().map(|workflow| self::jobs(workflow, &workflows)).collect();
    for (workflow, own) in workflows.iter().zip(&jobs) {
        for job in own {
            parts.steps.extend(job.steps.iter().map(|step| PipelineStep {
                stage: step.stage,
                job: clipped(&job.name),
                path: workflow.path.to_owned(),
                line: step.line,
                failure_ignored: step.ignored,
            }));
        }
        // What other workflows call is judged where it is called.
        let only_called = triggers(&workflow.document).iter().all(|trigger| trigger == "workflow_call");
        if !only_called {
            deploys(workflow, own, &workflows, &jobs, parts);
        }
    }
    result
}

fn triggers(document: &Json) -> Vec<String> {
    texts(on(document))
}

/// What begins a workflow. YAML 1.1 reads a bare `on` as true.
fn on(document: &Json) -> Option<&Json> {
    document.get("on").or_else(|| document.get("true"))
}

fn jobs(workflow: &Workflow<'_>, all: &[Workflow<'_>]) -> Vec<Job> {
    let Some(jobs) = workflow.document.get("jobs").and_then(Json::as_object) else { return Vec::new() };
    jobs.iter()
        .take(200)
        .map(|(name, job)| {
            let line =
                line_of(workflow.bytes, line_of(workflow.bytes, 1, &["jobs:"]), &[&format!("{name}:")]);
            let condition = match job.get("if") {
                Some(Json::String(condition)) => condition.clone(),
                other => other.map(Json::to_string).unwrap_or_default(),
            };
            let ignored = job.get("continue-on-error").is_some_and(is_on);
            let steps = match text(job, &["uses"]) {
                Some(uses) => called(uses, line, all),
                None => steps(name, job, workflow.bytes, line),
            };
            let steps =
                steps.into_iter().map(|step| Step { ignored: step.ignored || ignored, ..step }).collect();
            Job {
                name: name.clone(),
                needs: texts(job.get("needs")),
                steps,
                always: runs_regardless(&condition),
                after_success: condition.contains("workflow_run.conclusion") && condition.contains("success"),
                condition,
            }
        })
        .collect()
}

fn is_on(value: &Json) -> bool {
    value.as_bool() == Some(true) || value.as_str().is_some_and(|text| text.contains("true"))
}

/// Whether a condition lets a job or step run although something before it failed.
fn runs_regardless(condition: &str) -> bool {
    condition.contains("always()") || condition.contains("!cancelled()") || condition.contains("failure()")
}

/// Whether a condition leaves no step out where a push was built and what came before went well.
fn holds_for_pushes(condition: &Json) -> bool {
    let condition = condition.as_str().map_or_else(|| condition.to_string(), str::to_owned);
    let bare = condition.trim().trim_start_matches("${{").trim_end_matches("}}").trim();
    let plain: String = bare.chars().filter(|c| !c.is_whitespace()).collect::<String>().replace('"', "'");
    matches!(
        plain.as_str(),
        "true"
            | "always()"
            | "success()"
            | "!cancelled()"
            | "github.event_name=='push'"
            | "github.event_name!='pull_request'"
    )
}

/// The steps of a workflow of this repository that a job calls.
fn called(uses: &str, line: u64, all: &[Workflow<'_>]) -> Vec<Step> {
    let path = uses.trim_start_matches("./");
    let Some(workflow) = all.iter().find(|workflow| workflow.path == path) else {
        return action(uses)
            .map(|stage| Step { stage, line, ignored: false, conditional: false, regardless: false })
            .into_iter()
            .collect();
    };
    let Some(jobs) = workflow.document.get("jobs").and_then(Json::as_object) else { return Vec::new() };
    jobs.iter()
        .take(200)
        .flat_map(|(name, job)| {
            let conditional = job.get("if").is_some();
            let steps = steps(name, job, workflow.bytes, 1).into_iter();
            steps.map(move |step| Step { line, conditional: step.conditional || conditional, ..step })
        })
        .collect()
}

fn steps(job_name: &str, job: &Json, bytes: &[u8], job_line: u64) -> Vec<Step> {
    let mut found = Vec::new();
    let mut line = job_line;
    for step in job.get("steps").and_then(Json::as_array).into_iter().flatten().take(500) {
        let run = text(step, &["run"]);
        let uses = text(step, &["uses"]);
        let first = run.and_then(|run| run.lines().map(str::trim).find(|line| !line.is_empty())).or(uses);
        if let Some(first) = first {
            line = line_of(bytes, line, &[first]);
        }
        let ignored = step.get("continue-on-error").is_some_and(is_on);
        let mut stages = run.map(script).unwrap_or_default();
        stages.extend(uses.and_then(action).map(|stage| (stage, false)));
        let name = text(step, &["name"]).unwrap_or_default();
        // A script of the repository says nothing by its name; the step's own name then does.
        if stages.is_empty()
            && (named_deploy(name) || named_deploy(job_name) && run.is_some_and(|run| run.contains("./")))
        {
            stages.push((Stage::Deploy, false));
        }
        found.extend(stages.into_iter().map(|(stage, shrugged)| Step {
            stage,
            line,
            ignored: ignored || shrugged,
            conditional: step.get("if").is_some_and(|condition| !holds_for_pushes(condition)),
            regardless: step.get("if").and_then(Json::as_str).is_some_and(runs_regardless),
        }));
    }
    found
}

/// Whether a job deploys, or is bound to an environment that is deployed to.
pub(in crate::repo) fn job_deploys(name: &str, job: &Json) -> bool {
    let environment = job.get("environment");
    let environment = environment.and_then(|named| named.as_str().or_else(|| text(named, &["name"])));
    let bound = environment.is_some_and(|name| {
        let name = name.to_ascii_lowercase();
        name.split(['-', '_', '/', ' '])
            .any(|word| matches!(word, "prod" | "production" | "live" | "staging"))
    });
    let called =
        text(job, &["uses"]).is_some_and(|uses| action(uses) == Some(Stage::Deploy) || named_deploy(name));
    bound || called || steps(name, job, b"", 1).iter().any(|step| step.stage == Stage::Deploy)
}

fn deploys(workflow: &Workflow<'_>, own: &[Job], all: &[Workflow<'_>], jobs: &[Vec<Job>], parts: &mut Parts) {
    let by_name: BTreeMap<&str, &Job> = own.iter().map(|job| (job.name.as_str(), job)).collect();
    let triggers = triggers(&workflow.document);
    let automatic = triggers.iter().any(|trigger| {
        matches!(
            trigger.as_str(),
            "push"
                | "release"
                | "workflow_run"
                | "schedule"
                | "merge_group"
                | "repository_dispatch"
                | "deployment"
        )
    });
    let callers = callers(workflow, all, jobs);
    let called = |workflow: &Workflow<'_>| text(&workflow.document, &["name"]).map(str::to_owned);
    let names =
        all.iter().filter(|other| called(other).is_some() && called(other) == called(workflow)).count();
    for job in own {
        let Some(at) = job.steps.iter().position(|step| step.stage == Stage::Deploy) else { continue };
        let Some(deploy) = job.steps.get(at) else { continue };
        let earlier = job.steps.iter().take(if deploy.regardless { 0 } else { at });
        let needed = if job.always { Vec::new() } else { needed(job, &by_name) };
        let before: BTreeSet<Stage> = earlier
            .chain(needed.iter().flat_map(|job| &job.steps))
            .chain(callers.iter().filter(|_| job.after_success).flat_map(|job| &job.steps))
            .filter(|step| !step.ignored && !step.conditional)
            .map(|step| step.stage)
            .collect();
        let scope = if names > 1 {
            Err(branches::unclear("two workflows have this name"))
        } else if deploy.ignored || deploy.conditional {
            Err(branches::unclear("a deployment that may fail or be left out while its run succeeds"))
        } else if needed.iter().any(|job| !job.condition.is_empty()) {
            Err(branches::unclear("a job before the deployment that may be left out"))
        } else {
            branches::github(on(&workflow.document), &job.condition)
        };
        parts.deploys.push(Deploy {
            job: clipped(&job.name),
            path: workflow.path.to_owned(),
            line: deploy.line,
            tested_before: before.contains(&Stage::Test),
            // One command may build and deploy; then nothing older is deployed either.
            built_before: before.contains(&Stage::Build)
                || job.steps.iter().any(|step| step.stage == Stage::Build && step.line == deploy.line),
            workflow: Some(clipped(text(&workflow.document, &["name"]).unwrap_or(workflow.path))),
            of_pushes: scope.as_ref().is_ok_and(|scope| scope.of_pushes),
            branches: scope.map_or_else(Seen::Unseen, |scope| Seen::new(scope.branches)),
            automatic,
        });
    }
}

/// Everything that a job needs, and what that needs.
fn needed<'a>(job: &Job, by_name: &BTreeMap<&str, &'a Job>) -> Vec<&'a Job> {
    let mut waiting: Vec<&str> = job.needs.iter().map(String::as_str).collect();
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    while let Some(name) = waiting.pop() {
        if !seen.insert(name.to_owned()) {
            continue;
        }
        if let Some(job) = by_name.get(name) {
            waiting.extend(job.needs.iter().map(String::as_str));
            found.push(*job);
        }
    }
    found
}

/// The jobs of the workflows after which this one runs.
fn callers<'a>(workflow: &Workflow<'_>, all: &[Workflow<'_>], jobs: &'a [Vec<Job>]) -> Vec<&'a Job> {
    let names = texts(
        on(&workflow.document).and_then(|on| on.get("workflow_run")).and_then(|run| run.get("workflows")),
    );
    all.iter()
        .zip(jobs)
        .filter(|(other, _)| {
            text(&other.document, &["name"]).is_some_and(|name| names.iter().any(|wanted| wanted == name))
        })
        .flat_map(|(_, jobs)| jobs)
        .collect()
}
