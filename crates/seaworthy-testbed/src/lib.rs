//! Starts real parts from data, applies sabotages to them, and serves liars.
//!
//! A part is a folder of `testbed/parts`: a `part.yaml` and the sound configuration beside it. A
//! sabotage is one change away from sound. Imports none of our crates: it must not share code with
//! what it proves. All of it blocks; call it from a thread that may.
//!
//! Nothing outlives its `Running`: processes stand in groups of their own, are stopped by number,
//! reaped, and asked by the kernel to end should this process die first.
#![warn(missing_docs)]

mod commands;
mod error;
pub mod liars;
mod part;
mod ports;
mod prepared;
mod process;
mod running;
mod sabotage;
mod template;
mod testbed;
#[cfg(test)]
mod tests;

pub use error::{DescriptionError, StartError};
pub use part::{Description, Process, Ready};
pub use running::Running;
pub use sabotage::{Edit, Sabotage};
pub use testbed::{Part, Testbed};
