//! The looks: each asks one kind of question and fills one part of the facts.

pub(super) mod access;
pub(super) mod active;
pub(super) mod migrations;
pub(super) mod schema;
pub(super) mod server;
pub(super) mod settings;
pub(super) mod statements;
