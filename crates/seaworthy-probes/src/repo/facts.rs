//! What is told of a repository.

use schemars::JsonSchema;
use seaworthy_core::facts::{Listed, Seen, Unseen};
use serde::Serialize;

use super::changelog::Changelog;
use super::delivered::PipelineRuns;
use super::leftovers::facts::LeftoverFacts;
use super::licences::LicenceFacts;
use super::migrations::MigrationFacts;
use super::pipeline::Pipeline;
use super::reports::ReportFacts;
use super::secrets::facts::SecretsFacts;
use super::settings::facts::SettingsFacts;
use super::stack::StackFacts;
use super::version::Version;

/// What a repository's files and history say.
#[derive(Debug, Serialize, JsonSchema)]
pub struct RepoFacts {
    /// What was detected, a line each, for people.
    pub detected: Vec<String>,
    /// What was read.
    pub files: FilesFacts,
    /// The git directory; `null` when there is none.
    pub git: Seen<Option<GitFacts>>,
    /// What it is made of.
    pub stack: StackFacts,
    /// Secrets in it.
    pub secrets: SecretsFacts,
    /// Settings.
    pub settings: SettingsFacts,
    /// Leftovers from debugging.
    pub leftovers: LeftoverFacts,
    /// The version that it is; `null` when nothing states one.
    pub version: Seen<Option<Version>>,
    /// The changelog; `null` when there is none.
    pub changelog: Seen<Option<Changelog>>,
    /// The delivery pipeline; `null` when no file states one.
    pub pipeline: Seen<Option<Pipeline>>,
    /// Which commit the pipeline deployed last, by an export of its runs among the reports.
    pub pipeline_runs: Seen<PipelineRuns>,
    /// Licences of what is shipped.
    pub licences: LicenceFacts,
    /// Database migrations.
    pub migrations: MigrationFacts,
    /// Reports of other tools.
    pub reports: ReportFacts,
}

/// What was read of the files.
#[derive(Debug, Serialize, JsonSchema)]
pub struct FilesFacts {
    /// Files that were read.
    pub read_count: u64,
    /// Bytes that were read.
    pub read_bytes: u64,
    /// Everything that belongs to the repository was read.
    pub whole: bool,
    /// What was not read, and why.
    pub unread: Listed<UnreadFile>,
    /// Directories that are not the repository's own code, and why: of package managers, of other repositories, named in `.gitignore`.
    pub set_aside: Listed<SetAsideDirectory>,
    /// Links, which are not followed.
    pub links_count: u64,
}

/// A file or directory that was not read.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct UnreadFile {
    /// Its path.
    pub path: String,
    /// The reason.
    pub reason: Unseen,
}

/// A directory that was set aside.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct SetAsideDirectory {
    /// Its path.
    pub path: String,
    /// Why.
    pub why: String,
}

/// What the git directory says.
#[derive(Debug, Serialize, JsonSchema)]
pub struct GitFacts {
    /// The commit that is checked out; `null` before the first one.
    pub head: Seen<Option<String>>,
    /// The branch that is checked out; `null` when it is a commit itself.
    pub branch: Seen<Option<String>>,
    /// Tags at the commit that is checked out.
    pub tags_at_head: Seen<Vec<String>>,
    /// Files that are not as that commit has them: changed, taken away, only added to the index, or neither tracked nor ignored.
    pub changed: Seen<Listed<String>>,
    /// Files that it tracks.
    pub tracked_count: Seen<u64>,
    /// Repositories in it.
    pub submodules: Seen<Vec<String>>,
}
