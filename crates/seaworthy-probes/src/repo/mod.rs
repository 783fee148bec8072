//! Looks at one repository: its files and its git objects. Reads, and runs nothing: no `git`, no package manager, no
//! program that a repository could name. Everything is opened below a directory handle, links are never followed,
//! and every count, size, depth and time has a bound in `limits::repo`.
//!
//! Needs the right to read the files. Secrets that are found never leave `secrets` and `settings`: facts name places.

mod changelog;
pub mod delivered;
mod detected;
mod documents;
pub mod facts;
mod files;
mod findings;
mod gaps;
mod git;
mod history;
mod kept;
mod leftovers;
mod licences;
pub(crate) mod lines;
mod looked;
mod migrations;
mod pipeline;
mod read;
pub(crate) mod recorded;
mod reports;
mod role;
mod secrets;
pub(crate) mod settings;
mod stack;
mod sum;
mod tree;
mod version;
mod walk;

use std::path::{Path, PathBuf};

use seaworthy_core::consent::Consent;
use seaworthy_core::facts::{Blind, Seen, Unseen};
use seaworthy_core::limits::Limits;

pub use self::detected::{Detected, POSTGRES_VARIABLES, REDIS_VARIABLES};
use self::facts::RepoFacts;
use self::migrations::trial;
pub use self::sum::head;
pub(crate) use self::sum::{Template, templates};
use crate::ask::Ask;
use crate::step::Step;
use tokio::time::Instant;

/// A repository to look at.
#[derive(Debug, Clone)]
pub struct RepoTarget {
    /// Its directory.
    pub root: PathBuf,
    /// Reports of other tools, relative to it.
    pub reports: Vec<String>,
    /// Directories in which Cargo keeps the sources of packages: there licences are stated.
    pub cargo: Vec<PathBuf>,
    /// `Ok` when the ways back of migrations may be tried on a scratch database.
    pub drilling: Result<(), Unseen>,
}

impl RepoTarget {
    /// A repository with the places where this machine's package managers keep what it depends on.
    pub fn new(root: PathBuf, reports: Vec<String>) -> Self {
        let drilling = Err(Unseen::new(Blind::Consent, "it takes the `drill` level, which was not granted"));
        Self { root, reports, cargo: cargo_sources(), drilling }
    }
}

/// Looks at a repository.
pub async fn look(target: &RepoTarget, limits: &Limits) -> Seen<RepoFacts> {
    let until = Instant::now() + limits.deadline;
    let (to_read, within) = (target.clone(), *limits);
    let looking = tokio::task::spawn_blocking(move || sum::look(&to_read, &within));
    let looked = looking.await;
    let mut facts =
        looked.unwrap_or_else(|_| Seen::unseen(Blind::Crashed, "looking at the repository broke off"));
    if let Seen::Seen { value, .. } = &mut facts {
        trial::look(&target.root, &mut value.migrations, &target.drilling, until).await;
    }
    facts
}

/// The step of a run: where the environment names a repository.
pub(crate) fn step(ask: &Ask) -> Option<Step> {
    let named = ask.environment.repo.as_deref()?;
    let mut target = RepoTarget::new(ask.path(named), ask.environment.reports.clone());
    target.drilling = ask.allows(Consent::Drill);
    let limits = ask.limits;
    Some(Step::new(named, async move { look(&target, &limits).await }))
}

/// Where Cargo keeps the sources of packages, one directory for each registry.
fn cargo_sources() -> Vec<PathBuf> {
    const REGISTRIES_MAX: usize = 8;
    let home = std::env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(std::env::home_dir()?.join(".cargo")));
    let sources = home.map(|home| home.join("registry/src"));
    let entries = sources.as_deref().map(Path::read_dir).and_then(Result::ok);
    entries
        .into_iter()
        .flatten()
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .take(REGISTRIES_MAX)
        .collect()
}

#[cfg(test)]
mod tests;
