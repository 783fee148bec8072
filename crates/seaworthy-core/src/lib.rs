//! Everything that decides and nothing that looks: manifest, catalog, facts, judge, gate.
//!
//! No I/O, no clock, no environment, no random numbers: they are arguments.
#![warn(missing_docs)]

pub mod catalog;
pub mod certificate;
pub mod consent;
pub mod facts;
pub mod finding;
pub mod gate;
pub mod judge;
pub mod ledger;
pub mod limits;
pub mod manifest;
pub mod poll;
pub mod run;
#[cfg(test)]
mod sample;
pub mod statement;
pub mod term;
