//! Lines of a text: which one an offset is on, and where it begins and ends.

use seaworthy_core::limits::repo::LINE_BYTES_MAX;

/// The line around a span, cut to a bound on both sides.
pub(crate) fn line_around(text: &[u8], start: usize, end: usize) -> (usize, usize) {
    let from = start.saturating_sub(LINE_BYTES_MAX / 2);
    let to = (end + LINE_BYTES_MAX / 2).min(text.len());
    let before = text.get(from..start).unwrap_or_default();
    let after = text.get(end..to).unwrap_or_default();
    let from = memchr::memrchr(b'\n', before).map_or(from, |at| from + at + 1);
    let to = memchr::memchr(b'\n', after).map_or(to, |at| end + at);
    (from, to)
}

/// Counts lines as offsets grow, so that each byte is looked at once.
pub(crate) struct Lines<'a> {
    text: &'a [u8],
    at: usize,
    line: u64,
}

impl<'a> Lines<'a> {
    pub(crate) fn new(text: &'a [u8]) -> Self {
        Self { text, at: 0, line: 1 }
    }

    pub(crate) fn at(&mut self, offset: usize) -> u64 {
        if offset < self.at {
            self.at = 0;
            self.line = 1;
        }
        self.line += newlines(self.text.get(self.at..offset).unwrap_or_default());
        self.at = offset;
        self.line
    }
}

/// A command that shows one line of a file. The path is quoted, for files may be named anything.
pub(crate) fn shown_by(path: &str, line: u64) -> String {
    format!("sed -n {line}p {}", quoted(path))
}

/// A text as one word of a shell command.
pub(crate) fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '_' | '-' | ':' | '@' | '+');
    if !text.is_empty() && text.chars().all(plain) && !text.starts_with('-') {
        return text.to_owned();
    }
    let text = text.replace('\'', "'\\''");
    if text.starts_with('-') { format!("'./{text}'") } else { format!("'{text}'") }
}

/// Line ends in a text.
pub(crate) fn newlines(text: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', text).count() as u64
}
