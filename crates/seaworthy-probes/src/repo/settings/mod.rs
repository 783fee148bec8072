//! Settings: where secrets come from, and how good they are.

pub(crate) mod deployments;
pub(crate) mod env_file;
pub(super) mod facts;
mod loaded;
pub(crate) mod look;
pub(crate) mod names;
pub(crate) mod strength;
mod workflows;

pub(crate) use env_file::is_env_file;
pub(crate) use look::look;
