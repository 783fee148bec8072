//! What is wrong with a manifest or a catalog file, where, and the way out.

/// Line and column in a file, both from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Line.
    pub line: u64,
    /// Column.
    pub column: u64,
}

/// A file that cannot be used as written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct ManifestError {
    /// The file's name as the user would write it.
    pub file: String,
    /// What is wrong, in the present tense.
    pub what: String,
    /// Where, when it is at one place.
    pub place: Option<Place>,
    /// The way out.
    pub help: Option<String>,
}

impl ManifestError {
    pub(crate) fn too_long(file: &str, length: usize) -> Self {
        Self {
            file: file.into(),
            what: format!("the file has {length} bytes, more than {}", crate::limits::YAML_BYTES_MAX),
            place: None,
            help: Some("keep only what describes the service".into()),
        }
    }

    pub(crate) fn meaning(file: &str, what: String, help: &str) -> Self {
        Self { file: file.into(), what, place: None, help: Some(help.into()) }
    }

    /// From a parser's error: what is wrong without the text that stands there, which may be a secret.
    pub(crate) fn syntax(file: &str, error: &serde_saphyr::Error) -> Self {
        let plain = error.without_snippet();
        let place = error.location().map(|at| Place { line: at.line(), column: at.column() });
        let (what, help) = match plain {
            serde_saphyr::Error::SerdeUnknownField { field, expected, .. } => {
                (format!("unknown key `{field}`"), near_name(field, expected).or_else(|| known(expected)))
            }
            serde_saphyr::Error::SerdeUnknownVariant { variant, expected, .. } => {
                (format!("unknown value, expected {}", one_of(expected)), near_name(variant, expected))
            }
            other => {
                let said = without_quotes(&other.to_string());
                let said = without_place(&said);
                match FORMS.iter().find(|(parser, ..)| said.contains(parser)) {
                    Some((_, what, help)) => ((*what).to_owned(), Some((*help).to_owned())),
                    None => (said.to_owned(), None),
                }
            }
        };
        Self { file: file.into(), what, place, help }
    }
}

/// What the parser says where a value has another form, and what it means.
const FORMS: [(&str, &str, &str); 4] = [
    ("duplicate mapping key", "this key stands twice in the same map", "keep one of the two"),
    (
        "expected mapping start",
        "a map is expected here",
        "write `key: value` lines below it, or braces: `service: {name: shop}`",
    ),
    (
        "expected sequence start",
        "a list is expected here",
        "write `- item` lines below it, or brackets: `[item, item]`",
    ),
    (
        "expected scalar",
        "one value is expected here",
        "write a text, a number, true or false behind the colon",
    ),
];

/// Which keys there are, where none is near to what was written.
fn known(expected: &[&str]) -> Option<String> {
    (!expected.is_empty()).then(|| format!("there are {}", ticked(expected).join(", ")))
}

fn one_of(names: &[&str]) -> String {
    ticked(names).join(" or ")
}

fn ticked(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| format!("`{name}`")).collect()
}

/// The expected name nearest to the one that was written.
fn near_name(wrong: &str, expected: &[&str]) -> Option<String> {
    expected
        .iter()
        .map(|name| (strsim::jaro_winkler(wrong, name), name))
        .filter(|(score, _)| *score > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| format!("did you mean `{name}`?"))
}

/// A message without the place at its end, which is told beside it.
fn without_place(message: &str) -> &str {
    match message.rsplit_once(" at line ") {
        Some((what, place)) if place.chars().all(|c| c.is_ascii_digit() || ", column".contains(c)) => what,
        _ => message,
    }
}

/// The first line of a parser's message with everything in double quotes left out: serde quotes values there.
fn without_quotes(message: &str) -> String {
    let line = message.lines().next().unwrap_or_default().trim_end_matches('.');
    let mut kept = String::new();
    for (index, part) in line.split('"').enumerate() {
        kept.push_str(if index % 2 == 0 { part } else { "…" });
    }
    kept
}
