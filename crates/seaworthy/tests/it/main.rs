//! The binary in a clean environment, and the rules over the whole catalog.

mod arms;
mod arms_of_data;
mod catalog_rules;
mod command_line;
mod full_disk;
mod hostile_manifest;
mod hostile_packs;
mod judging;
mod liars;
mod people;
mod secrets;
mod support;
