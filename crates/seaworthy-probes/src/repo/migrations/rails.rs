//! Migrations of Rails: whether `change` holds only calls that Rails turns around, and whether `down` does anything.

use std::sync::OnceLock;

use regex::Regex;
use seaworthy_core::facts::{Blind, Seen, Unseen};

use super::place;
use super::scripts::inside;

/// Where the way back is written; `None` when a call cannot be turned around or `down` does nothing.
pub(super) fn way_back(path: &str, text: &str) -> Seen<Option<String>> {
    if text.contains("IrreversibleMigration") {
        return Seen::new(None);
    }
    if let Some((at, body)) = method(text, "down") {
        return Seen::new((!statements(body).is_empty()).then(|| place(path, text, at)));
    }
    let Some((at, body)) = method(text, "change") else { return Seen::new(None) };
    let statements = statements(&folded(body));
    if statements.is_empty() || statements.iter().any(|statement| is_one_way(statement)) {
        return Seen::new(None);
    }
    match statements.iter().find(|statement| is_doubtful(statement)) {
        None => Seen::new(Some(place(path, text, at))),
        Some(statement) => {
            let shown: String = statement.split_whitespace().take(2).collect::<Vec<_>>().join(" ");
            let why = format!(
                "`{path}` has `{}`, which Rails does not turn around",
                crate::repo::documents::clipped(&shown)
            );
            Unseen::new(Blind::Unsupported, why)
                .give("`reversible` with `up` and `down`, or the comments `irreversible: …` and `forward-fix: …`")
                .into()
        }
    }
}

/// A method's place and what stands between its first line and the `end` below it.
fn method<'a>(text: &'a str, name: &str) -> Option<(usize, &'a str)> {
    let begin = Regex::new(&format!(r"(?m)^([ \t]*)def (?:self\.)?{name}\b(?:\(\))?")).ok()?;
    let found = begin.captures(text)?;
    let (whole, indent) = (found.get(0)?, found.get(1)?.as_str());
    let rest = text.get(whole.end()..)?;
    let first = rest.lines().next().unwrap_or_default();
    if first.trim_end().ends_with("end") && first.contains([';', ' ']) {
        return Some((whole.start() + indent.len(), first.trim_end().strip_suffix("end")?));
    }
    let end =
        Regex::new(&format!(r"(?m)^{indent}end\b")).ok()?.find(rest).map_or(rest.len(), |end| end.start());
    Some((whole.start() + indent.len(), rest.get(..end)?))
}

/// The body with each block that says itself what it does on the way back as one line: `reversible … .down`, or without.
fn folded(body: &str) -> String {
    let mut out = String::new();
    let mut lines = body.lines();
    while let Some(line) = lines.next() {
        let trimmed = line.trim_start();
        let begins = ["reversible do", "up_only do"].iter().any(|word| trimmed.starts_with(word));
        if !begins {
            out.push_str(line);
            out.push('\n');
            continue;
        }
        let indent = line.len() - trimmed.len();
        let inner: Vec<&str> = lines
            .by_ref()
            .take_while(|line| line.trim() != "end" || line.len() - line.trim_start().len() > indent)
            .collect();
        out.push_str(trimmed.split_whitespace().next().unwrap_or_default());
        if inner.iter().any(|line| !line.trim_start().starts_with('#') && line.contains(".down")) {
            out.push_str(" .down");
        }
        out.push('\n');
    }
    out
}

/// Statements, each on one line: those that go on over several are joined, comments are left out.
fn statements(body: &str) -> Vec<String> {
    let mut statements: Vec<String> = Vec::new();
    let mut open = false;
    for line in body.split(['\n', ';']).map(|line| line.trim().trim_start_matches("= ").trim()) {
        let line = line.split_once(" # ").map_or(line, |(code, _)| code.trim_end());
        if line.is_empty() || line.starts_with('#') || matches!(line, "end" | "}" | ")" | "nil") {
            continue;
        }
        match statements.last_mut().filter(|_| open) {
            Some(last) => {
                last.push(' ');
                last.push_str(line);
            }
            None => statements.push(line.to_owned()),
        }
        open = line.ends_with([',', '\\', '(', '.']);
    }
    statements
}

/// Whether Rails refuses to turn a call around, or does it only with more arguments.
fn is_one_way(statement: &str) -> bool {
    let (call, arguments) = statement.split_at(
        statement
            .find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '.' | '?')))
            .unwrap_or(statement.len()),
    );
    let trimmed = arguments.trim();
    let list = inside(trimmed, b'(', b')').unwrap_or(trimmed).trim();
    let positional = top_level_parts(list).into_iter().filter(|part| !is_option(part)).count();
    let with = |option: &str| list.contains(option);
    match call.rsplit('.').next().unwrap_or(call) {
        "execute" | "exec_query" | "exec_update" | "exec_delete" | "change_column" => true,
        "change" => call.contains('.'),
        "change_column_default" | "change_column_comment" | "change_table_comment" | "change_default" => {
            !(with("from:") && with("to:"))
        }
        "remove_column" => positional < 3,
        "remove_columns" => !with("type:"),
        "remove" => call.starts_with("t.") && !with("type:"),
        "drop_table" => !(trimmed.ends_with('|') || trimmed.contains(" do") || trimmed.contains('{')),
        "remove_index" => !call.starts_with("t.") && positional < 2 && !with("column:"),
        "remove_foreign_key" => positional < 2 && !with("to_table:"),
        "remove_check_constraint" => positional < 2,
        _ => false,
    }
}

fn top_level_parts(list: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut from = 0;
    let mut depth = 0_i32;
    for (at, byte) in list.bytes().enumerate() {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth -= 1,
            b',' if depth == 0 => {
                parts.extend(list.get(from..at));
                from = at + 1;
            }
            _ => {}
        }
    }
    parts.extend(list.get(from..));
    parts.into_iter().map(str::trim).filter(|part| !part.is_empty()).collect()
}

fn is_option(argument: &str) -> bool {
    let name = argument.split([':', ' ']).next().unwrap_or_default();
    let word = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_');
    word && argument.get(name.len()..).is_some_and(|rest| rest.starts_with(": ")) || argument.contains("=>")
}

/// Whether a statement may change rows, which a change of the schema that is turned around does not bring back.
fn is_doubtful(statement: &str) -> bool {
    static ROWS: OnceLock<Option<Regex>> = OnceLock::new();
    let rows = ROWS.get_or_init(|| {
        Regex::new(
            r"\b(?:[A-Z]\w*(?:::[A-Z]\w*)*)\.\w|\.(?:update|delete|destroy|insert|upsert|create|save)(?:_all|_columns)?\b!?|\bconnection\b",
        )
        .ok()
    });
    statement.starts_with("up_only")
        || statement.starts_with("reversible") && !statement.contains(".down")
        || rows.as_ref().is_some_and(|rows| rows.is_match(statement))
}
