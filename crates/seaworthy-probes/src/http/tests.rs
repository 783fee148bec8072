//! The probe on a real nginx, sound and with one change each, and against servers that lie.

mod doubts;
mod liars;
mod observe;
mod operations;
mod probe;
mod shop;

use serde_json::Value;

/// The elements of a list in the facts, without their commands.
fn list<'a>(facts: &'a Value, path: &str) -> Vec<&'a Value> {
    let value = facts.pointer(path).unwrap_or_else(|| panic!("no {path}"));
    value.as_array().unwrap_or_else(|| panic!("{path} is {value}")).iter().collect()
}

/// One field of each element.
fn field<'a>(facts: &'a Value, path: &str, name: &str) -> Vec<&'a Value> {
    list(facts, path).into_iter().map(|element| &element[name]).collect()
}

/// Why a fact was not seen.
fn unseen<'a>(facts: &'a Value, path: &str) -> &'a str {
    let value = facts.pointer(path).unwrap_or_else(|| panic!("no {path}"));
    value["$unseen"]["kind"].as_str().unwrap_or_else(|| panic!("{path} was seen: {value}"))
}
