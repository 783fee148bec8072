//! What can keep the store from being used.

use std::io::ErrorKind;
use std::path::PathBuf;

/// The store could not be used. Nothing is ever deleted because of it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file cannot be opened or made.
    #[error("could not open the evidence store {path}")]
    Open {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The file is no store of ours, or not as we made it.
    #[error("{path} is no evidence store as Seaworthy makes it: {what}")]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// The linked SQLite is too old to be trusted with evidence.
    #[error("SQLite {found} is linked, older than {wanted}")]
    OldSqlite {
        /// The version found.
        found: String,
        /// The least version.
        wanted: &'static str,
    },
    /// A statement failed.
    #[error("could not {doing} in the evidence store")]
    Statement {
        /// What was being done.
        doing: &'static str,
        /// Why it failed.
        #[source]
        source: sqlx::Error,
    },
    /// An earlier write of this process failed, and what the disk holds since is not known.
    #[error("an earlier write to the evidence store failed, so this process keeps nothing more")]
    Broken,
    /// A kept run cannot be read.
    #[error("run {id} in the evidence store cannot be read: {why}")]
    Damaged {
        /// The run.
        id: String,
        /// What is wrong with it.
        why: String,
    },
    /// No kept run begins so.
    #[error("the evidence store holds no run that begins with `{0}`")]
    NoSuchRun(String),
    /// More than one kept run begins so.
    #[error("more than one kept run begins with `{0}`")]
    Ambiguous(String),
}

impl StoreError {
    /// The disk or the quota is full.
    pub fn is_full(&self) -> bool {
        self.causes().any(|cause| {
            let io = cause.downcast_ref::<std::io::Error>().map(std::io::Error::kind);
            matches!(sqlite_code(cause), Some(SQLITE_FULL | SQLITE_IOERR_SHMSIZE))
                || matches!(io, Some(ErrorKind::StorageFull | ErrorKind::QuotaExceeded))
        })
    }

    /// Whoever asks may not write there, or nobody may.
    pub fn is_not_writable(&self) -> bool {
        matches!(self, Self::Open { .. })
            && self.causes().any(|cause| {
                let io = cause.downcast_ref::<std::io::Error>().map(std::io::Error::kind);
                matches!(io, Some(ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem))
                    || sqlite_code(cause).is_some_and(|code| code & 0xff == SQLITE_READONLY)
            })
    }

    /// Reading, writing or syncing failed below the database.
    pub(crate) fn is_of_the_disk(&self) -> bool {
        self.is_full()
            || self.causes().any(|cause| sqlite_code(cause).is_some_and(|code| code & 0xff == SQLITE_IOERR))
    }

    fn causes(&self) -> impl Iterator<Item = &(dyn std::error::Error + 'static)> {
        std::iter::successors(Some(self as &(dyn std::error::Error + 'static)), |error| error.source())
    }
}

/// <https://sqlite.org/rescode.html>: the last byte of an extended code is the primary one.
const SQLITE_READONLY: u32 = 8;
const SQLITE_IOERR: u32 = 10;
const SQLITE_FULL: u32 = 13;
/// The file that processes share could not grow, which a full disk shows by as well.
const SQLITE_IOERR_SHMSIZE: u32 = SQLITE_IOERR | 19 << 8;

fn sqlite_code(cause: &(dyn std::error::Error + 'static)) -> Option<u32> {
    cause.downcast_ref::<sqlx::Error>()?.as_database_error()?.code()?.parse().ok()
}
