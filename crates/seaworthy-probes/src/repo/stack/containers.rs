//! Dockerfiles and compose files.

use schemars::JsonSchema;
use seaworthy_core::facts::{Listed, Seen, Unseen};
use seaworthy_core::limits::repo::LISTED_MAX;
use serde::Serialize;
use serde_json::Value as Json;

use crate::repo::documents::{clipped, line_of, text, texts, yaml};
use crate::repo::files::{Files, is_yaml, name};
use crate::repo::role::Role;

/// A Dockerfile, as its last stage leaves the image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Dockerfile {
    /// The file.
    pub path: String,
    /// The images that its stages begin with, without those that are stages themselves.
    pub base_images: Vec<String>,
    /// The user that the last stage sets; `null` when it sets none.
    pub user: Option<String>,
    /// The line that sets the user, or the last `FROM`.
    pub line: u64,
    /// The last stage states a health check.
    pub healthcheck_stated: bool,
    /// Ports that it exposes.
    pub ports: Vec<String>,
}

/// A service of a compose file.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ComposeService {
    /// The file.
    pub path: String,
    /// The line.
    pub line: u64,
    /// Its name.
    pub name: String,
    /// The image that it runs; `null` when it is built here.
    pub image: Option<String>,
    /// It is built from the repository.
    pub built_here: bool,
    /// It states a health check.
    pub healthcheck_stated: bool,
    /// Ports that it publishes, as written.
    pub ports: Vec<String>,
}

/// An instruction of a Dockerfile.
pub(crate) struct Instruction {
    pub(crate) word: String,
    pub(crate) rest: String,
    pub(crate) line: u64,
}

/// The Dockerfiles.
pub(crate) fn dockerfiles(files: &Files) -> Seen<Listed<Dockerfile>> {
    let items = docker(files).map(|(path, file)| dockerfile(path, &file.bytes)).collect();
    let mut listed = Listed::bounded(items, LISTED_MAX, "Dockerfiles");
    listed.cut = listed.cut.or_else(|| files.whole().err());
    Seen::new(listed)
}

/// The held Dockerfiles.
pub(crate) fn docker(files: &Files) -> impl Iterator<Item = (&str, &crate::repo::files::KeptFile)> {
    files
        .named(|name| {
            name.starts_with("Dockerfile") || name.ends_with(".Dockerfile") || name == "Containerfile"
        })
        .filter(|(_, file)| !matches!(file.found.role, Role::Test | Role::Document))
}

fn dockerfile(path: &str, bytes: &[u8]) -> Dockerfile {
    let mut found = Dockerfile {
        path: path.to_owned(),
        base_images: Vec::new(),
        user: None,
        line: 1,
        healthcheck_stated: false,
        ports: Vec::new(),
    };
    let mut stages: Vec<String> = Vec::new();
    for Instruction { word, rest, line } in instructions(bytes) {
        match word.as_str() {
            "FROM" => {
                let words: Vec<&str> =
                    rest.split_whitespace().filter(|word| !word.starts_with("--")).collect();
                let image = words.first().copied().unwrap_or_default();
                if !stages.iter().any(|stage| stage.eq_ignore_ascii_case(image)) {
                    found.base_images.push(clipped(image));
                }
                if words.get(1).is_some_and(|word| word.eq_ignore_ascii_case("as")) {
                    stages.extend(words.get(2).map(|stage| (*stage).to_owned()));
                }
                // Each stage begins anew.
                (found.user, found.healthcheck_stated, found.line) = (None, false, line);
                found.ports.clear();
            }
            "USER" => (found.user, found.line) = (Some(clipped(rest.trim())), line),
            "HEALTHCHECK" => found.healthcheck_stated = !rest.trim().eq_ignore_ascii_case("none"),
            "EXPOSE" => found.ports.extend(rest.split_whitespace().map(clipped).take(100)),
            _ => {}
        }
    }
    found
}

/// The instructions of a Dockerfile: continued lines joined, comments and here-documents left out.
pub(crate) fn instructions(bytes: &[u8]) -> Vec<Instruction> {
    let text = String::from_utf8_lossy(bytes);
    let mut lines = (1_u64..).zip(text.lines());
    let mut found = Vec::new();
    while let Some((line, first)) = lines.next() {
        let mut joined = first.trim().to_owned();
        if joined.is_empty() || joined.starts_with('#') {
            continue;
        }
        while joined.ends_with('\\') {
            joined.pop();
            let Some((_, next)) = lines.next() else { break };
            if next.trim_start().starts_with('#') {
                joined.push('\\');
            } else {
                joined.push(' ');
                joined.push_str(next.trim());
            }
        }
        let (word, rest) = joined.split_once(char::is_whitespace).unwrap_or((&joined, ""));
        for end in here_documents(rest) {
            for (_, line) in lines.by_ref() {
                if line.trim() == end {
                    break;
                }
            }
        }
        found.push(Instruction { word: word.to_ascii_uppercase(), rest: rest.to_owned(), line });
    }
    found
}

/// The words that end the here-documents which an instruction begins.
fn here_documents(rest: &str) -> Vec<String> {
    rest.match_indices("<<")
        .filter_map(|(at, _)| {
            let word = rest.get(at + 2..)?.trim_start_matches('-').trim_start_matches(['"', '\'']);
            let end: String = word.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
            (!end.is_empty()).then_some(end)
        })
        .collect()
}

/// The compose files, parsed.
pub(crate) fn compose_files(files: &Files) -> Vec<(String, Result<Json, Unseen>, &[u8])> {
    files
        .own()
        .filter(|(path, file)| {
            is_compose(name(path)) && !matches!(file.found.role, Role::Test | Role::Document)
        })
        .map(|(path, file)| (path.to_owned(), yaml(path, &file.bytes), file.bytes.as_slice()))
        .collect()
}

fn is_compose(name: &str) -> bool {
    is_yaml(name)
        && (name.starts_with("docker-compose") || name.starts_with("compose") || name.contains("-compose."))
}

/// The services of all compose files.
pub(crate) fn compose(
    files: &Files,
    parsed: &[(String, Result<Json, Unseen>, &[u8])],
) -> Seen<Listed<ComposeService>> {
    let mut items = Vec::new();
    let mut cut = files.whole().err();
    for (path, document, bytes) in parsed {
        match document {
            Ok(document) => {
                items.extend(services(document).map(|(name, service)| one(path, bytes, name, service)));
            }
            Err(unseen) => cut = Some(unseen.clone()),
        }
    }
    let mut listed = Listed::bounded(items, LISTED_MAX, "services");
    listed.cut = listed.cut.or(cut);
    Seen::new(listed)
}

/// The services of one compose file.
pub(crate) fn services(document: &Json) -> impl Iterator<Item = (&str, &Json)> {
    document
        .get("services")
        .and_then(Json::as_object)
        .into_iter()
        .flatten()
        .map(|(name, service)| (name.as_str(), service))
}

fn one(path: &str, bytes: &[u8], name: &str, service: &Json) -> ComposeService {
    let below = line_of(bytes, 1, &["services:"]);
    let ports = service.get("ports").and_then(Json::as_array).into_iter().flatten();
    ComposeService {
        path: path.to_owned(),
        line: line_of(bytes, below, &[&format!("{name}:")]),
        name: clipped(name),
        image: text(service, &["image"]).map(clipped),
        built_here: service.get("build").is_some(),
        healthcheck_stated: service
            .get("healthcheck")
            .is_some_and(|check| check.get("disable").and_then(Json::as_bool) != Some(true)),
        ports: ports
            .map(|port| match port {
                Json::Object(_) => texts(port.get("published")).join(""),
                Json::String(text) => text.clone(),
                other => other.to_string(),
            })
            .collect(),
    }
}
