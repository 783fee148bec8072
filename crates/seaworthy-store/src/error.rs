//! What can keep the store from being used.

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
