//! Where files that describe a deployment take secrets from, or write them out.

use memchr::memmem;
use seaworthy_core::facts::{Blind, Seen, Unseen};
use serde_json::Value as Json;

use super::env_file::entries;
use super::facts::{LiteralSecret, SecretSource};
use super::loaded::Loaded;
use super::names::{is_secret, secret_part};
use super::strength::{is_default, stands_for_one};
use super::workflows;
use crate::arguments::{assigned, words};
use crate::repo::documents::{clipped, line_of, text, texts, yamls};
use crate::repo::files::{Files, KeptFile, is_yaml, name};
use crate::repo::role::Role;
use crate::repo::stack::containers::{compose_files, docker, instructions, services};

/// What files say of where secrets come from.
pub(super) struct Read {
    pub(super) literals: Vec<LiteralSecret>,
    pub(super) sources: Vec<SecretSource>,
    /// Environment files that a deployment loads.
    pub(super) loaded: Loaded,
    /// Why not every file was understood, if so.
    pub(super) cut: Option<Unseen>,
}

pub(super) struct Reading {
    literals: Vec<LiteralSecret>,
    sources: Vec<SecretSource>,
    loaded: Loaded,
    pub(super) cut: Option<Unseen>,
}

/// Reads compose files, Dockerfiles, units, workflows and documents of clusters.
pub(super) fn read(files: &Files) -> Read {
    let mut reading =
        Reading { literals: Vec::new(), sources: Vec::new(), loaded: Loaded::default(), cut: None };
    for (path, document, bytes) in compose_files(files) {
        match document {
            Ok(document) => reading.compose(&path, bytes, &document),
            Err(unseen) => reading.cut = Some(unseen),
        }
    }
    for (path, file) in docker(files) {
        reading.dockerfile(path, &file.bytes);
    }
    for (path, file) in
        files.own().filter(|(_, file)| !matches!(file.found.role, Role::Test | Role::Document))
    {
        reading.other(path, file);
    }
    let Reading { literals, sources, loaded, cut } = reading;
    Read { literals, sources, loaded, cut }
}

impl Reading {
    fn literal(&mut self, kind: &str, path: &str, line: u64, name: &str, value: &str) {
        let purpose = named_for(path);
        // Developers start such files with values that all of them know; machines are started with them by mistake.
        let for_development = if purpose.is_none() && kind == "compose" && is_published(value) {
            Seen::Unseen(for_whom(path, "holds published defaults"))
        } else {
            Seen::new(purpose == Some(Purpose::Development))
        };
        self.literal_for(for_development, kind, path, line, name, value);
    }

    /// A literal of which it is known for whom it is.
    pub(super) fn literal_for(
        &mut self,
        for_development: Seen<bool>,
        kind: &str,
        path: &str,
        line: u64,
        name: &str,
        value: &str,
    ) {
        let taken = match fallback(value) {
            // What everybody falls back on is for developers; a secret that is fallen back on is written out.
            Some(text) => is_published(text) || text.is_empty(),
            None => stands_for_one(secret_part(value)) || is_taken(value),
        };
        if value.is_empty() || !is_secret(name, value) || taken {
            return;
        }
        self.literals.push(LiteralSecret {
            name: clipped(name),
            path: path.to_owned(),
            line,
            kind: kind.to_owned(),
            for_development,
        });
    }

    /// Secrets among the words of a command, which everybody on the machine can read while it runs.
    fn command(&mut self, kind: &str, path: &str, line: u64, parts: &[String]) {
        let words: Vec<String> = parts.iter().flat_map(|part| words(part)).collect();
        for (name, value) in assigned(&words) {
            self.literal(kind, path, line, &name, &value);
        }
    }

    pub(super) fn source(&mut self, kind: &str, path: &str, line: u64) {
        let source = SecretSource { kind: kind.to_owned(), path: path.to_owned(), line };
        if !self.sources.contains(&source) {
            self.sources.push(source);
        }
    }

    fn compose(&mut self, path: &str, bytes: &[u8], document: &Json) {
        for (service, definition) in services(document) {
            let below = line_of(bytes, 1, &[&format!("{service}:")]);
            for (name, value) in environment(definition.get("environment")) {
                self.literal("compose", path, line_of(bytes, below, &[&name]), &name, &value);
            }
            for key in ["command", "entrypoint"] {
                let line = line_of(bytes, below, &[key]);
                self.command("compose", path, line, &texts_or_one(definition.get(key)));
            }
            let test = definition.get("healthcheck").and_then(|check| check.get("test"));
            self.command("compose", path, line_of(bytes, below, &["healthcheck"]), &texts_or_one(test));
            if let Some(named) = definition.get("env_file") {
                self.source("environment-file", path, line_of(bytes, below, &["env_file"]));
                self.loaded.add(path, named);
            }
            if definition.get("secrets").is_some() {
                self.source("compose-secret", path, line_of(bytes, below, &["secrets"]));
            }
        }
    }

    fn dockerfile(&mut self, path: &str, bytes: &[u8]) {
        for instruction in instructions(bytes) {
            if !matches!(instruction.word.as_str(), "ENV" | "ARG") {
                continue;
            }
            let pairs: Vec<(String, String)> = if instruction.rest.contains('=') {
                instruction
                    .rest
                    .split_whitespace()
                    .filter_map(|pair| pair.split_once('='))
                    .map(|(name, value)| (name.to_owned(), value.trim_matches(['"', '\'']).to_owned()))
                    .collect()
            } else {
                instruction
                    .rest
                    .split_once(' ')
                    .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
                    .into_iter()
                    .collect()
            };
            for (name, value) in pairs {
                self.literal("dockerfile", path, instruction.line, &name, &value);
            }
        }
    }

    fn other(&mut self, path: &str, file: &KeptFile) {
        let file_name = name(path);
        let bytes = file.bytes.as_slice();
        let yaml_file = is_yaml(path);
        if file_name.ends_with(".service") || file_name.ends_with(".container") {
            self.unit(path, bytes);
        } else if file_name == ".sops.yaml" || yaml_file && memmem::find(bytes, b"\nsops:").is_some() {
            self.source("encrypted-file", path, 1);
        } else if path.starts_with(".github/workflows/") {
            workflows::read(self, path, bytes);
        } else if yaml_file && memmem::find(bytes, b"apiVersion:").is_some() {
            self.cluster(path, bytes);
        }
    }

    fn unit(&mut self, path: &str, bytes: &[u8]) {
        for (line, text) in (1..).zip(String::from_utf8_lossy(bytes).lines()) {
            let Some((key, value)) = text.split_once('=') else { continue };
            match key.trim() {
                "Environment" => {
                    // In quotes a pair may hold white space, outside of them it ends a pair.
                    for (index, part) in value.split('"').enumerate() {
                        let pairs =
                            if index % 2 == 0 { part.split_whitespace().collect() } else { vec![part] };
                        for entry in pairs.into_iter().flat_map(entries) {
                            self.literal("unit", path, line, &entry.name, &entry.value);
                        }
                    }
                }
                "ExecStart" | "ExecStartPre" | "ExecReload" => {
                    self.command("unit", path, line, &[value.to_owned()]);
                }
                "EnvironmentFile" => self.source("environment-file", path, line),
                "LoadCredential"
                | "LoadCredentialEncrypted"
                | "SetCredentialEncrypted"
                | "ImportCredential"
                | "Secret" => self.source("credential", path, line),
                _ => {}
            }
        }
    }

    fn cluster(&mut self, path: &str, bytes: &[u8]) {
        // Templates of Helm are no YAML before they are rendered.
        if memmem::find(bytes, b"{{").is_some() {
            return;
        }
        let documents = match yamls(path, bytes) {
            Ok(documents) => documents,
            Err(unseen) => return self.cut = Some(unseen),
        };
        for document in &documents {
            match text(document, &["kind"]) {
                Some("SealedSecret") => self.source("sealed-secret", path, 1),
                Some(
                    "ExternalSecret"
                    | "SecretStore"
                    | "ClusterSecretStore"
                    | "SecretProviderClass"
                    | "VaultStaticSecret",
                ) => self.source("external-secret", path, 1),
                Some("Secret") => {
                    for key in ["data", "stringData"] {
                        for (name, value) in environment(document.get(key)) {
                            if !stands_for_one(&value) && document.get("sops").is_none() {
                                let line = line_of(bytes, 1, &[&format!("{name}:")]);
                                self.literals.push(LiteralSecret {
                                    name,
                                    path: path.to_owned(),
                                    line,
                                    kind: "cluster".into(),
                                    for_development: Seen::new(false),
                                });
                            }
                        }
                    }
                }
                _ => self.containers(path, bytes, document, 0),
            }
        }
    }

    /// Containers stand at different depths in different kinds of documents.
    fn containers(&mut self, path: &str, bytes: &[u8], at: &Json, depth: usize) {
        const DEPTH_MAX: usize = 12;
        if depth > DEPTH_MAX {
            return;
        }
        match at {
            Json::Object(map) => {
                for (key, value) in map {
                    if key == "env" {
                        for entry in value.as_array().into_iter().flatten() {
                            let name = text(entry, &["name"]).unwrap_or_default();
                            if let Some(value) = text(entry, &["value"]) {
                                self.literal(
                                    "cluster",
                                    path,
                                    line_of(bytes, 1, &["name:", name]),
                                    name,
                                    value,
                                );
                            }
                            if entry.get("valueFrom").and_then(|from| from.get("secretKeyRef")).is_some() {
                                self.source("cluster-secret", path, line_of(bytes, 1, &["secretKeyRef"]));
                            }
                        }
                    } else if matches!(key.as_str(), "args" | "command") && value.is_array() {
                        self.command(
                            "cluster",
                            path,
                            line_of(bytes, 1, &[&format!("{key}:")]),
                            &texts(Some(value)),
                        );
                    } else if key == "secretRef" {
                        self.source("cluster-secret", path, line_of(bytes, 1, &["secretRef"]));
                    } else if key.starts_with("vault.hashicorp.com/agent-inject") {
                        self.source("vault", path, line_of(bytes, 1, &[key]));
                    } else {
                        self.containers(path, bytes, value, depth + 1);
                    }
                }
            }
            Json::Array(items) => items.iter().for_each(|item| self.containers(path, bytes, item, depth + 1)),
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
        }
    }
}

/// For whom a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Development,
    Production,
}

/// For whom a file is, as its name says, or else a folder that it lies in.
pub(super) fn named_for(path: &str) -> Option<Purpose> {
    path.rsplit('/').find_map(|part| {
        let part = part.to_ascii_lowercase();
        part.split(['.', '-', '_']).find_map(|word| match word {
            "dev" | "development" | "local" | "test" | "tests" | "testing" | "ci" | "e2e" | "override"
            | "devcontainer" => Some(Purpose::Development),
            "prod" | "production" | "live" | "deploy" | "staging" => Some(Purpose::Production),
            _ => None,
        })
    })
}

/// Whether everybody knows a value: a shipped default, or a password that repeats the name of its user.
pub(super) fn is_published(value: &str) -> bool {
    let user = value.split_once("://").and_then(|(_, rest)| rest.split_once(':')).map(|(user, _)| user);
    let secret = secret_part(value);
    is_default(secret) || user.is_some_and(|user| user == secret)
}

pub(super) fn for_whom(path: &str, does: &str) -> Unseen {
    let why = format!("`{path}` {does}, and does not say whether it is for development only");
    Unseen::new(Blind::NotGiven, why).give(
        "name the file for its purpose (`compose.dev.yaml`), or take the values out of it (`env_file`, `secrets`)",
    )
}

/// The text that `${NAME:-text}` falls back on.
pub(super) fn fallback(value: &str) -> Option<&str> {
    value.strip_prefix("${")?.strip_suffix('}')?.split_once('-').map(|(_, text)| text)
}

/// Whether a value is taken from somewhere else when it is used.
fn is_taken(value: &str) -> bool {
    value.contains("${") || value.starts_with("/run/secrets") || value.contains("{{") || value.contains("$(")
}

/// A command, written as a list of words or as one line.
fn texts_or_one(value: Option<&Json>) -> Vec<String> {
    match value {
        Some(Json::String(line)) => vec![line.clone()],
        other => texts(other),
    }
}

/// Names and values of an `environment`, written as a map or as a list of `NAME=value`.
pub(super) fn environment(value: Option<&Json>) -> Vec<(String, String)> {
    match value {
        Some(Json::Object(map)) => map
            .iter()
            .filter_map(|(name, value)| match value {
                Json::String(text) => Some((name.clone(), text.clone())),
                Json::Number(number) => Some((name.clone(), number.to_string())),
                Json::Null | Json::Bool(_) | Json::Array(_) | Json::Object(_) => None,
            })
            .collect(),
        list @ Some(Json::Array(_)) => texts(list)
            .iter()
            .filter_map(|pair| pair.split_once('='))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
        Some(Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_)) | None => Vec::new(),
    }
}
