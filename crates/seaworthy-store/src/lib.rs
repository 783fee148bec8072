//! Keeps runs whole, in order and unchanged. Looks at no target.
#![warn(missing_docs)]

mod chain;
mod error;
mod sqlite;

pub use chain::{FIRST, Fault, Verified};
pub use error::StoreError;
pub use sqlite::{Kept, KeptDocument, SqliteStore};
