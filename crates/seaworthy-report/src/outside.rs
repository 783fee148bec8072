//! Text from outside: what a target, a file or a person said. It may be made to move the cursor, to hide or
//! turn text round, or to give orders to the CI system that keeps the log. Here all of that becomes visible.
//!
//! Every printer sends every text through here, its own words too, so that none can be forgotten.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Longest text that is printed, in characters; facts are shortened long before.
pub(crate) const TEXT_CHARS_MAX: usize = 2_000;
/// Most combining marks on one character; more of them would climb over the lines above.
const MARKS_MAX: usize = 3;
/// What GitHub, Azure and TeamCity look for anywhere in a line.
const LOG_COMMANDS: [&str; 3] = ["##[", "##vso[", "##teamcity["];

/// The text with everything that acts, hides or turns round written out, on one line and of bounded length.
pub fn visible(text: &str) -> Cow<'_, str> {
    let cut = text.char_indices().nth(TEXT_CHARS_MAX).map(|(end, _)| end);
    let kept = &text[..cut.unwrap_or(text.len())];
    let encoded = encoded(kept);
    match cut {
        None => encoded,
        Some(end) => Cow::Owned(format!("{encoded}… ({} more characters)", text[end..].chars().count())),
    }
}

fn encoded(text: &str) -> Cow<'_, str> {
    let plain = |c: char| c == ' ' || c.is_ascii_graphic();
    if text.chars().all(plain) && !text.contains("##") {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    let mut marks = 0;
    for (at, character) in text.char_indices() {
        marks = if is_mark(character) { marks + 1 } else { 0 };
        let acts = is_hazard(character) || marks > MARKS_MAX || is_log_command(&text[at..]);
        match character {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            _ if acts => write_code(&mut out, character),
            _ => out.push(character),
        }
    }
    Cow::Owned(out)
}

/// Writes a character as its number.
pub(crate) fn write_code(out: &mut String, character: char) {
    write!(out, "\\u{{{:x}}}", u32::from(character)).expect("a String takes every write");
}

/// Whether a text begins with an order to a CI system.
pub(crate) fn is_log_command(rest: &str) -> bool {
    rest.starts_with("##") && LOG_COMMANDS.iter().any(|command| rest.starts_with(command))
}

/// Whether a line would be taken for an order by GitHub: `::name …::message`, after blanks.
pub(crate) fn is_log_line(line: &str) -> bool {
    let named =
        line.trim_start().strip_prefix("::").filter(|rest| rest.starts_with(|c: char| c.is_alphabetic()));
    named.is_some_and(|rest| rest.contains("::"))
}

/// Whether a character acts, is invisible, or changes the direction of what follows.
pub(crate) fn is_hazard(character: char) -> bool {
    character.is_control()
        || matches!(u32::from(character),
            0x00ad | 0x034f | 0x061c | 0x115f..=0x1160 | 0x17b4..=0x17b5 | 0x180b..=0x180f
            | 0x200b..=0x200f | 0x2028..=0x202e | 0x2060..=0x206f | 0x2800 | 0x3164
            | 0xfe00..=0xfe0f | 0xfeff | 0xffa0 | 0xfff0..=0xfffb | 0xfffe..=0xffff
            | 0x1_d173..=0x1_d17a | 0xe_0000..=0xe_0fff)
        || is_odd_space(character)
}

/// Blanks that are not the blank of the keyboard: they look alike and break or join words differently.
fn is_odd_space(character: char) -> bool {
    character.is_whitespace() && !matches!(character, ' ' | '\n' | '\u{a0}')
}

/// Characters without a width of their own, which stand on the one before.
fn is_mark(character: char) -> bool {
    unicode_width::UnicodeWidthChar::width(character) == Some(0)
}

#[cfg(test)]
mod tests;
