//! GitLab CI: stages, jobs, and what their scripts do.

use seaworthy_core::facts::{Seen, Unseen};
use serde_json::Value as Json;

use super::branches::{self, Branches};
use super::classify::{named_deploy, script};
use super::{Deploy, Parts, PipelineFile, PipelineStep, Stage};
use crate::repo::documents::{clipped, line_of, text, texts, yaml};
use crate::repo::files::Files;

/// Keys of the file that are no jobs.
const NO_JOBS: &[&str] = &[
    "stages",
    "variables",
    "default",
    "include",
    "workflow",
    "image",
    "services",
    "before_script",
    "after_script",
    "cache",
    "pages",
];

struct Job<'a> {
    name: &'a str,
    stage: usize,
    needs: Option<Vec<String>>,
    stages: Vec<(Stage, bool)>,
    line: u64,
    by_hand: bool,
    /// Conditions of its rules under which it runs; none where it always does.
    conditions: Vec<String>,
    branches: Branches,
}

/// Reads `.gitlab-ci.yml` at the root.
pub(super) fn read(files: &Files, parts: &mut Parts) -> Result<(), Unseen> {
    let Some((path, file)) =
        files.named(|name| name.starts_with(".gitlab-ci.y")).find(|(path, _)| !path.contains('/'))
    else {
        return Ok(());
    };
    parts.files.push(PipelineFile { path: path.to_owned(), provider: "gitlab-ci".into() });
    let document = yaml(path, &file.bytes)?;
    let Some(map) = document.as_object() else { return Ok(()) };
    let order = match document.get("stages") {
        Some(stages) => texts(Some(stages)),
        None => ["build", "test", "deploy"].map(str::to_owned).to_vec(),
    };
    let jobs: Vec<Job<'_>> = map
        .iter()
        .filter(|(name, job)| !NO_JOBS.contains(&name.as_str()) && !name.starts_with('.') && job.is_object())
        .take(500)
        .map(|(name, job)| self::job(name, job, map, &order, &file.bytes))
        .collect();
    for job in &jobs {
        parts.steps.extend(job.stages.iter().map(|(stage, ignored)| PipelineStep {
            stage: *stage,
            job: clipped(job.name),
            path: path.to_owned(),
            line: job.line,
            failure_ignored: *ignored,
        }));
    }
    for job in jobs.iter().filter(|job| job.stages.iter().any(|(stage, _)| *stage == Stage::Deploy)) {
        let earlier = |wanted: Stage| {
            let own = job
                .stages
                .iter()
                .take_while(|(stage, _)| *stage != Stage::Deploy)
                .any(|(stage, ignored)| *stage == wanted && !ignored);
            own || jobs
                .iter()
                .filter(|other| before(other, job, &jobs))
                .any(|other| other.stages.contains(&(wanted, false)))
        };
        parts.deploys.push(Deploy {
            job: clipped(job.name),
            path: path.to_owned(),
            line: job.line,
            tested_before: earlier(Stage::Test),
            built_before: earlier(Stage::Build),
            workflow: None,
            of_pushes: false,
            branches: job.branches.clone().map_or_else(Seen::Unseen, |scope| Seen::new(scope.branches)),
            automatic: !job.by_hand,
        });
    }
    if document.get("include").is_some() {
        let unseen = Unseen::new(
            seaworthy_core::facts::Blind::Unsupported,
            format!("`{path}` includes files that are not read"),
        );
        return Err(unseen.give("the whole pipeline in one file, or its report"));
    }
    Ok(())
}

fn job<'a>(
    name: &'a str,
    job: &Json,
    all: &serde_json::Map<String, Json>,
    order: &[String],
    bytes: &[u8],
) -> Job<'a> {
    let extended = texts(job.get("extends"));
    // What a job does not say itself it takes from the last that it extends.
    let inherited =
        |key: &str| job.get(key).or_else(|| extended.iter().rev().find_map(|from| all.get(from)?.get(key)));
    let stage_name = inherited("stage").and_then(Json::as_str).unwrap_or("test");
    let stage = order.iter().position(|stage| stage == stage_name).unwrap_or(0);
    let manual = inherited("when").and_then(Json::as_str) == Some("manual");
    // A job that waits for a person holds nothing up unless it says so.
    let ignored = match inherited("allow_failure").and_then(Json::as_bool) {
        Some(allowed) => allowed,
        None => manual,
    };
    let lines = texts(inherited("script")).join("\n");
    let mut stages: Vec<_> =
        script(&lines).into_iter().map(|(stage, shrugged)| (stage, shrugged || ignored)).collect();
    if stages.is_empty() && (named_deploy(name) || named_deploy(stage_name)) && !lines.is_empty() {
        stages.push((Stage::Deploy, ignored));
    }
    let conditions = inherited("rules").and_then(Json::as_array).into_iter().flatten();
    let conditions = conditions
        .filter(|rule| text(rule, &["when"]) != Some("never"))
        .map(|rule| text(rule, &["if"]).unwrap_or_default().to_owned())
        .chain(texts(inherited("only")))
        .collect();
    let by_hand = manual
        || inherited("rules").and_then(Json::as_array).is_some_and(|rules| {
            !rules.is_empty()
                && rules.iter().all(|rule| matches!(text(rule, &["when"]), Some("manual" | "never")))
        });
    let needs = inherited("needs").map(|needs| {
        let named = needs.as_array().into_iter().flatten();
        named.filter_map(|need| need.as_str().or_else(|| text(need, &["job"])).map(str::to_owned)).collect()
    });
    let branches = if stages.contains(&(Stage::Deploy, true)) {
        Err(branches::unclear("a deployment that may fail while its run succeeds"))
    } else {
        branches::gitlab(inherited("rules"), inherited("only"), inherited("except"))
    };
    Job {
        name,
        stage,
        needs,
        stages,
        line: line_of(bytes, 1, &[&format!("{name}:")]),
        by_hand,
        conditions,
        branches,
    }
}

/// Whether one job must have succeeded before the other begins: by `needs`, or else by its stage.
fn before(earlier: &Job<'_>, later: &Job<'_>, jobs: &[Job<'_>]) -> bool {
    // What runs for merge requests alone does not run before what a branch deploys.
    let for_requests = |condition: &String| condition.contains("merge_request");
    let of_requests = !earlier.conditions.is_empty() && earlier.conditions.iter().all(for_requests);
    if of_requests && !later.conditions.iter().any(for_requests) {
        return false;
    }
    let Some(needs) = &later.needs else { return earlier.stage < later.stage };
    let mut waiting: Vec<&str> = needs.iter().map(String::as_str).collect();
    let mut seen = std::collections::BTreeSet::new();
    while let Some(name) = waiting.pop() {
        if name == earlier.name {
            return true;
        }
        if !seen.insert(name) {
            continue;
        }
        match jobs.iter().find(|job| job.name == name) {
            Some(Job { needs: Some(needs), .. }) => waiting.extend(needs.iter().map(String::as_str)),
            Some(needed) if earlier.stage < needed.stage => return true,
            Some(_) | None => {}
        }
    }
    false
}
