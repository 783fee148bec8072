//! Looks at repositories, endpoints, data stores and hosts. Changes nothing; knows no requirement.
//!
//! A kind of target is a folder with `pub fn step(&Ask) -> Option<Step>` and one line in [`registry`].
#![warn(missing_docs)]

pub mod address;
mod arguments;
pub mod ask;
mod beside;
pub mod declared;
mod dial;
pub mod dns;
pub mod documents;
mod hexadecimal;
pub mod host;
pub mod http;
pub mod known_defaults;
pub mod ledger;
mod meminfo;
pub mod modes;
pub mod postgres;
pub mod redis;
pub mod registry;
pub mod repo;
pub mod step;
pub mod tls;
mod verifier;
