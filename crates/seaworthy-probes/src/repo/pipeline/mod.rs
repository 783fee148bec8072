//! The delivery pipeline as its files state it: what is tested, built and deployed, and in which order.

mod branches;
mod classify;
mod github;
mod gitlab;

use schemars::JsonSchema;
use seaworthy_core::facts::{Blind, Listed, Seen, Unseen};
use seaworthy_core::limits::repo::LISTED_MAX;
use serde::Serialize;

pub(super) use self::github::job_deploys;
use super::files::Files;

/// What the pipeline's files state.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Pipeline {
    /// Files that state it.
    pub files: Listed<PipelineFile>,
    /// Steps that test, build or deploy.
    pub steps: Listed<PipelineStep>,
    /// Each deployment and what must have succeeded before it.
    pub deploys: Listed<Deploy>,
}

/// A file of the pipeline.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct PipelineFile {
    /// The file.
    pub path: String,
    /// Whose: `github-actions`, `gitlab-ci`.
    pub provider: String,
}

/// What a step does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// It runs tests.
    Test,
    /// It builds what is deployed.
    Build,
    /// It deploys.
    Deploy,
}

/// One step of the pipeline.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct PipelineStep {
    /// What it does.
    pub stage: Stage,
    /// The job that it belongs to.
    pub job: String,
    /// The file.
    pub path: String,
    /// The line of the job or the command.
    pub line: u64,
    /// It goes on when it fails: `continue-on-error`, `allow_failure`, `|| true`.
    pub failure_ignored: bool,
}

/// One deployment.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Deploy {
    /// The job.
    pub job: String,
    /// The file.
    pub path: String,
    /// The line.
    pub line: u64,
    /// A test step must have succeeded before it.
    pub tested_before: bool,
    /// A build step must have succeeded before it.
    pub built_before: bool,
    /// The workflow that it belongs to, as its runs name it: its name, else its file. `null` where the whole pipeline is one.
    pub workflow: Option<String>,
    /// The branches for which it runs; `null` where it runs for all.
    pub branches: Seen<Option<Vec<String>>>,
    /// Those are branches of pushes; what begins otherwise deploys from whatever branch it ran for.
    pub of_pushes: bool,
    /// It begins by itself: on a push, a tag, a release or after another workflow; not by hand only.
    pub automatic: bool,
}

/// Files, at the root, of services whose form is not understood.
pub(crate) const OTHER_FILES: &[&str] = &[
    "Jenkinsfile",
    ".travis.yml",
    "azure-pipelines.yml",
    "bitbucket-pipelines.yml",
    ".drone.yml",
    ".woodpecker.yml",
    ".woodpecker.yaml",
    "cloudbuild.yaml",
    "buildspec.yml",
    ".semaphore.yml",
    "appveyor.yml",
];
/// Where others of them keep theirs: a file, or a folder.
pub(crate) const OTHER_PLACES: &[&str] = &[
    ".circleci/config.yml",
    ".forgejo/workflows",
    ".gitea/workflows",
    ".woodpecker",
    ".buildkite",
    ".semaphore",
];

/// Reads the pipeline. `null` when no file of one is there and everything was read.
pub(crate) fn look(files: &Files) -> Seen<Option<Pipeline>> {
    let mut parts = Parts::default();
    let mut cut = github::read(files, &mut parts).err();
    cut = gitlab::read(files, &mut parts).err().or(cut);
    if parts.files.is_empty() {
        let of_another = |path: &str| {
            let in_place = |place: &str| {
                path.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            };
            OTHER_FILES.contains(&path) || OTHER_PLACES.iter().any(|place| in_place(place))
        };
        if let Some((path, _)) = files.own().find(|(path, _)| of_another(path)) {
            let why = format!("`{path}` is of a service whose pipelines Seaworthy does not read");
            let unseen = Unseen::new(Blind::Unsupported, why);
            return unseen
                .give("a pipeline that Seaworthy reads: .github/workflows or .gitlab-ci.yml")
                .into();
        }
        return match cut.map_or(files.whole(), Err) {
            Ok(()) => Seen::new(None),
            Err(unseen) => Seen::Unseen(unseen),
        };
    }
    let cut = cut.or_else(|| files.whole().err());
    Seen::new(Some(Pipeline {
        files: listed(parts.files, cut.as_ref()),
        steps: listed(parts.steps, cut.as_ref()),
        deploys: listed(parts.deploys, cut.as_ref()),
    }))
}

fn listed<T>(items: Vec<T>, cut: Option<&Unseen>) -> Listed<T> {
    let mut listed = Listed::bounded(items, LISTED_MAX, "steps");
    listed.cut = listed.cut.or_else(|| cut.cloned());
    listed
}

#[derive(Debug, Default)]
struct Parts {
    files: Vec<PipelineFile>,
    steps: Vec<PipelineStep>,
    deploys: Vec<Deploy>,
}
