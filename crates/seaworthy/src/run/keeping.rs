//! Where runs are kept.

use std::path::{Path, PathBuf};

use anyhow::Context;
use seaworthy_core::run::Run;
use seaworthy_store::{Kept, SqliteStore};

/// The folder beside a repository, and the file in it.
const BESIDE: &str = ".seaworthy/runs.db";

/// The store of a repository, or the user's own where there is no repository.
pub(crate) fn place(given: Option<&Path>, repo: Option<&Path>) -> PathBuf {
    if let Some(given) = given {
        return given.to_owned();
    }
    match repo {
        // As `place_here` writes it, so that a report names the same file.
        Some(repo) if repo == Path::new(".") => PathBuf::from(BESIDE),
        Some(repo) => repo.join(BESIDE),
        None => state_folder().join("seaworthy/runs.db"),
    }
}

/// The store that a command without a target means: the one of the working directory, else the user's own.
pub(crate) fn place_here(given: Option<&Path>) -> PathBuf {
    let here = Path::new(BESIDE);
    place(given, here.exists().then_some(Path::new("")))
}

fn state_folder() -> PathBuf {
    let absolute = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    absolute("XDG_STATE_HOME")
        .or_else(|| absolute("HOME").map(|home| home.join(".local/state")))
        .unwrap_or_else(|| PathBuf::from(".seaworthy"))
}

/// Keeps a run whole.
pub(crate) async fn keep(run: &Run, place: &Path) -> anyhow::Result<Kept> {
    let store = SqliteStore::open(place).await?;
    store.append(run).await.with_context(|| format!("this run was not kept in {}", place.display()))
}
