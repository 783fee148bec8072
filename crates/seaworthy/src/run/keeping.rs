//! Where runs are kept.

use std::path::{Path, PathBuf};

use seaworthy_core::run::Run;
use seaworthy_store::{Kept, SqliteStore, StoreError};

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

/// A run that was decided and is not in the store.
#[derive(Debug, thiserror::Error)]
#[error("this run was not kept in {}{}", place.display(), if source.is_full() { ", whose disk is full" } else { "" })]
pub(crate) struct NotKept {
    place: PathBuf,
    #[source]
    source: StoreError,
}

impl NotKept {
    /// The way out.
    pub(crate) fn help(&self) -> String {
        let first = if self.source.is_full() {
            format!("free some space on the disk that holds {}", self.place.display())
        } else {
            format!("see to it that {} can be written", self.place.display())
        };
        format!(
            "{first}, or keep runs elsewhere with `--store FILE`; what was decided stands, and is not in the history"
        )
    }
}

/// Keeps a run beside the repository, or where that cannot be written and nobody said where, in the user's own store. Gives where.
pub(crate) async fn keep_somewhere(
    run: &Run,
    given: Option<&Path>,
    repo: Option<&Path>,
) -> Result<PathBuf, NotKept> {
    let first = place(given, repo);
    match keep(run, &first).await {
        Ok(_) => Ok(first),
        // A history that was begun beside the repository is not gone on with elsewhere: who decides there would miss it.
        Err(error)
            if given.is_none() && repo.is_some() && !first.exists() && error.source.is_not_writable() =>
        {
            let own = place(None, None);
            keep(run, &own).await.map(|_| own)
        }
        Err(error) => Err(error),
    }
}

/// Keeps a run whole.
async fn keep(run: &Run, place: &Path) -> Result<Kept, NotKept> {
    let kept = async { SqliteStore::open(place).await?.append(run).await };
    kept.await.map_err(|source| NotKept { place: place.to_owned(), source })
}
