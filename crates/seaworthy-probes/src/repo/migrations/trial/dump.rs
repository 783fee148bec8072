//! Dumps of a schema, and where two differ. Pure.

use std::collections::BTreeSet;

/// Longest line that is shown, in characters.
const LINE_CHARS_MAX: usize = 200;

/// A dump without what differs between any two dumps, and with the columns of a table in an order of their own: a column that was
/// taken away and comes back comes last, and no way back can change that.
pub(super) fn normalised(dump: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    let mut columns: Option<Vec<String>> = None;
    let mut quoted = Quoted::default();
    for line in dump.lines() {
        let outside = quoted.is_outside();
        quoted.read(line);
        // Comments and meta-commands of the dump itself name times, versions and random keys.
        let of_the_dump = outside && (line.starts_with("-- ") || line == "--" || line.starts_with('\\'));
        if of_the_dump || (outside && line.is_empty()) {
            continue;
        }
        match &mut columns {
            Some(listed) if outside && line.starts_with(')') => {
                listed.sort_unstable();
                lines.append(listed);
                lines.push(line.to_owned());
                columns = None;
            }
            Some(listed) => listed.push(line.trim_end_matches(',').to_owned()),
            None => {
                lines.push(line.to_owned());
                let opens = outside && line.ends_with('(');
                columns = (opens && line.contains("CREATE ") && line.contains("TABLE ")).then(Vec::new);
            }
        }
    }
    lines.extend(columns.unwrap_or_default());
    lines.join("\n")
}

/// Whether a line begins inside a text: of quotes, or of dollar quotes as functions have them.
#[derive(Default)]
struct Quoted {
    /// What ends it.
    by: Option<String>,
}

impl Quoted {
    fn is_outside(&self) -> bool {
        self.by.is_none()
    }

    fn read(&mut self, line: &str) {
        let mut rest = line;
        loop {
            match &self.by {
                Some(end) => match rest.find(end.as_str()) {
                    Some(at) => {
                        rest = rest.get(at + end.len()..).unwrap_or_default();
                        self.by = None;
                    }
                    None => return,
                },
                None => match opening(rest) {
                    Some((at, end)) => {
                        rest = rest.get(at..).unwrap_or_default();
                        self.by = Some(end);
                    }
                    None => return,
                },
            }
        }
    }
}

/// Where the next text begins behind its opening, and what ends it.
fn opening(line: &str) -> Option<(usize, String)> {
    for (at, character) in line.char_indices() {
        match character {
            '-' if line.get(at..).is_some_and(|rest| rest.starts_with("--")) => return None,
            '\'' | '"' => return Some((at + 1, character.to_string())),
            '$' => {
                let rest = line.get(at + 1..)?;
                let name = rest.find('$').and_then(|end| rest.get(..end));
                let sound = name.filter(|name| name.chars().all(|c| c.is_alphanumeric() || c == '_'));
                if let Some(name) = sound {
                    return Some((at + name.len() + 2, format!("${name}$")));
                }
            }
            _ => {}
        }
    }
    None
}

/// The first difference between two normalised dumps; none where they are the same.
pub(super) fn difference(before: &str, after: &str) -> Option<String> {
    if before == after {
        return None;
    }
    let set = |dump: &str| dump.lines().map(str::to_owned).collect::<BTreeSet<String>>();
    let (was, is) = (set(before), set(after));
    let lost = before.lines().find(|line| !is.contains(*line)).map(|line| format!("- {}", line.trim()));
    let left = || after.lines().find(|line| !was.contains(*line)).map(|line| format!("+ {}", line.trim()));
    let line = lost.or_else(left).unwrap_or_else(|| "the same lines in another order".to_owned());
    Some(without_texts(&line).chars().take(LINE_CHARS_MAX).collect())
}

/// A line without what stands in quotes: a default value or a comment may be a secret.
pub(super) fn without_texts(line: &str) -> String {
    let outside =
        |(index, piece): (usize, &str)| if index % 2 == 0 { piece.to_owned() } else { "…".to_owned() };
    line.split('\'').enumerate().map(outside).collect::<Vec<_>>().join("'")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_schema_is_compared() {
        let first = "--\n-- PostgreSQL database dump\n--\n\n\\restrict abc\n-- Dumped from 15\n\nCREATE TABLE public.a (\n    x integer,\n    y text\n);\n";
        let second = "\\restrict xyz\nCREATE TABLE public.a (\n    y text,\n    x integer\n);\n";
        assert_eq!(difference(&normalised(first), &normalised(second)), None);
        let third = "CREATE TABLE public.a (\n    y text\n);\nCREATE INDEX i ON public.a USING btree (y);\n";
        assert_eq!(difference(&normalised(first), &normalised(third)).as_deref(), Some("- x integer"));
        let more = format!("{second}CREATE INDEX i ON public.a USING btree (y);\n");
        let left = difference(&normalised(second), &normalised(&more));
        assert_eq!(left.as_deref(), Some("+ CREATE INDEX i ON public.a USING btree (y);"));
    }

    #[test]
    fn what_stands_in_a_function_is_the_schema() {
        let body =
            |line: &str| format!("CREATE FUNCTION f() AS $_$\nBEGIN\n{line}\n\nEND\n$_$;\n-- Dumped\n");
        assert!(difference(&normalised(&body("-- one")), &normalised(&body("-- two"))).is_some());
        assert_eq!(difference(&normalised(&body("-- one")), &normalised(&body("-- one"))), None);
        let quoted = "COMMENT ON TABLE a IS 'it''s\n-- a line\nof text';\n-- Dumped\nx\n";
        assert_eq!(normalised(quoted), "COMMENT ON TABLE a IS 'it''s\n-- a line\nof text';\nx");
        assert_eq!(normalised("-- don't\nx\n"), "x");
    }

    #[test]
    fn no_text_of_the_schema_is_told() {
        let before = "CREATE TABLE a (\n    token text DEFAULT 'hunter2'::text\n);\n";
        let line = difference(&normalised(before), &normalised("CREATE TABLE a (\n);\n"));
        assert_eq!(line.as_deref(), Some("- token text DEFAULT '…'::text"));
    }

    #[test]
    fn the_same_lines_in_another_order_differ() {
        assert!(difference("a\nb", "b\na").unwrap().contains("another order"));
    }
}
