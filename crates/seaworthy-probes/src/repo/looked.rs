//! What was looked at in a repository, before it is summed up.

use seaworthy_core::facts::{Seen, Unseen};

use super::RepoTarget;
use super::git::Git;
use super::git::refs::Refs;
use super::history::History;
use super::read::Harvest;
use super::secrets::Searcher;
use super::settings::env_file::EnvFile;
use super::tree::Tree;
use super::walk::{TrackedPaths, Walk};

/// What was looked at, before it is summed up.
pub(super) struct Looked<'a> {
    pub(super) target: &'a RepoTarget,
    pub(super) tree: &'a Tree,
    pub(super) git: Result<Option<Git>, Unseen>,
    pub(super) tracked: Result<Option<TrackedPaths>, Unseen>,
    pub(super) walk: Walk,
    pub(super) env_files: Vec<EnvFile>,
    pub(super) searcher: Searcher,
    pub(super) harvest: Harvest,
    pub(super) refs: Result<Option<Refs>, Unseen>,
    pub(super) past: Result<History, Unseen>,
}

/// A count, unless not everything was counted.
pub(super) fn counted(count: u64, whole: Result<(), Unseen>) -> Seen<u64> {
    match whole {
        Ok(()) => Seen::new(count),
        Err(unseen) => Seen::Unseen(unseen),
    }
}
