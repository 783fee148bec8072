//! Migrations as scripts: whether the function for the way back is there and does anything.

use regex::Regex;

use super::{place, without_comments};

/// The tool, when the text defines a way forward.
pub(super) fn script(
    text: &str,
    tool: &'static str,
    either: &str,
    up: &str,
    down: &str,
) -> Option<&'static str> {
    let defines = |word: &str| text.contains(&format!("def {word}")) || defines(text, word);
    (defines(up) || defines(either) || defines(down)).then_some(tool)
}

fn defines(text: &str, word: &str) -> bool {
    position(text, word).is_some()
}

/// Where a function of this name is defined in a script.
fn position(text: &str, word: &str) -> Option<usize> {
    let pattern = format!(
        r"(?m)(?:^|[\s.,{{]){}\s*(?:\(|=\s*(?:async\b|function\b|\()|:\s*(?:async\b|function\b))",
        regex::escape(word)
    );
    Regex::new(&pattern).ok()?.find(text).map(|found| found.start())
}

/// Where the function for the way back begins, if it does anything.
pub(super) fn body(path: &str, text: &str, words: &[&str]) -> Option<String> {
    let at = words.iter().find_map(|word| position(text, word))?;
    let rest = after_parameters(text.get(at..)?)?;
    let arrow = rest.trim_start().strip_prefix("=>").map(str::trim_start);
    let code = match arrow.filter(|body| !body.starts_with('{')) {
        Some(expression) => {
            let expression = expression.split([';', '\n']).next().unwrap_or_default();
            without_comments(inside(expression, b'(', b')').unwrap_or(expression))
        }
        None => {
            let block = rest.get(rest.find('{')?..)?;
            without_comments(inside(block, b'{', b'}').or(block.get(1..))?)
        }
    };
    (!does_nothing(&code)).then(|| place(path, text, at))
}

/// What follows the parameters of the function that begins here: they may hold braces of their own.
fn after_parameters(text: &str) -> Option<&str> {
    let open = text.find('(');
    let arrow = text.find("=>");
    match (open, arrow) {
        // A single parameter needs no parentheses.
        (Some(open), Some(arrow)) if arrow < open => text.get(arrow..),
        (None, Some(arrow)) => text.get(arrow..),
        (Some(open), _) => {
            let parameters = text.get(open..)?;
            let inner = inside(parameters, b'(', b')')?;
            parameters.get(inner.len() + 2..)
        }
        (None, None) => None,
    }
}

fn does_nothing(code: &str) -> bool {
    let code = code.trim().trim_end_matches(',').trim_end_matches(';').trim();
    let value = code.strip_prefix("return").map_or(code, str::trim).trim_start_matches("await ").trim();
    matches!(
        value,
        "" | "Promise.resolve()"
            | "Promise.resolve(null)"
            | "nil"
            | "null"
            | "undefined"
            | "void 0"
            | "true"
            | "{}"
            | "()"
    ) || ["throw", "panic(", "Promise.reject", "errors.New", "fmt.Errorf"]
        .iter()
        .any(|word| value.starts_with(word))
}

/// What stands between an opening sign at the beginning and the one that closes it; nothing when none does.
pub(super) fn inside(text: &str, opens: u8, closes: u8) -> Option<&str> {
    let mut depth = 0_usize;
    for (at, byte) in text.bytes().enumerate() {
        if byte == opens {
            depth += 1;
        } else if byte == closes {
            depth = depth.saturating_sub(1);
        }
        if depth == 0 {
            return text.get(1..at);
        }
    }
    None
}

pub(super) fn top_level_commas(arguments: &str) -> usize {
    let mut depth = 0_i32;
    let trimmed = arguments.trim().trim_end_matches(',');
    trimmed
        .bytes()
        .filter(|byte| {
            match byte {
                b'(' | b'[' | b'{' => depth += 1,
                b')' | b']' | b'}' => depth -= 1,
                _ => {}
            }
            *byte == b',' && depth == 0
        })
        .count()
}
