//! The run itself, version 1 of `schemas/run.v1.json`. Adds nothing and leaves nothing out.

use std::fmt::Write as _;

use seaworthy_core::run::Run;

use crate::outside;

pub(crate) fn run(run: &Run) -> String {
    let text = serde_json::to_string_pretty(run).expect("a run is plain data with strings as keys");
    inert(&text) + "\n"
}

/// The same JSON with what could act on a terminal or a CI log written as `\u` escapes.
///
/// None of it can stand outside a string, so whoever parses this reads the same values.
pub(crate) fn inert(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    let mut units = [0_u16; 2];
    for (at, character) in json.char_indices() {
        let layout = character == '\n';
        if !layout && (outside::is_hazard(character) || outside::is_log_command(&json[at..])) {
            for unit in character.encode_utf16(&mut units) {
                write!(out, "\\u{unit:04x}").expect("a String takes every write");
            }
        } else {
            out.push(character);
        }
    }
    out
}

#[cfg(test)]
mod tests;
