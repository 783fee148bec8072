//! PostgreSQL's programs on this machine, all of one version. Taken from nowhere that a repository could have filled.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use seaworthy_core::facts::{Blind, Unseen};
use tokio::process::Command;
use tokio::time::timeout;

/// Where Debian keeps a directory for each version.
const VERSIONS: &str = "/usr/lib/postgresql";
/// Where programs are without one.
const FOLDERS: [&str; 3] = ["/usr/local/bin", "/usr/bin", "/usr/local/pgsql/bin"];
/// What it takes.
const NEEDED: [&str; 3] = ["initdb", "postgres", "pg_dump"];
/// Longest that it may take a program to say its version.
const VERSION_WITHIN: Duration = Duration::from_secs(5);

/// The programs of one version.
#[derive(Debug, Clone)]
pub(super) struct Programs {
    folder: PathBuf,
    /// As `postgres --version` says it.
    pub(super) version: String,
}

impl Programs {
    /// The newest that are there whole.
    pub(super) async fn find() -> Result<Self, Unseen> {
        for folder in folders() {
            if let Some(version) = version(&folder.join("postgres")).await {
                return Ok(Self { folder, version });
            }
        }
        Err(Unseen::new(Blind::Unsupported, "there is no PostgreSQL on this machine to try migrations on")
            .give("PostgreSQL's server of the service's version, such as `apt-get install postgresql`"))
    }

    pub(super) fn path(&self, program: &str) -> PathBuf {
        self.folder.join(program)
    }
}

fn folders() -> Vec<PathBuf> {
    let mut versions: Vec<(u32, PathBuf)> = std::fs::read_dir(VERSIONS)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .collect();
    versions.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
    let others = FOLDERS.iter().map(PathBuf::from);
    let whole = |folder: &PathBuf| NEEDED.iter().all(|program| folder.join(program).is_file());
    versions.into_iter().map(|(_, folder)| folder).chain(others).filter(whole).collect()
}

/// `postgres (PostgreSQL) 15.18 (Debian …)`.
async fn version(postgres: &Path) -> Option<String> {
    let mut command = Command::new(postgres);
    command.arg("--version").env_clear().current_dir("/").stdin(Stdio::null()).kill_on_drop(true);
    let said = timeout(VERSION_WITHIN, command.output()).await.ok()?.ok()?;
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    let version = said.split_whitespace().find(|word| word.starts_with(|c: char| c.is_ascii_digit()))?;
    Some(version.chars().take(20).collect())
}
