//! Where files that describe a deployment take secrets from, or write them out.

use memchr::memmem;
use seaworthy_core::facts::Unseen;
use serde_json::Value as Json;

use super::env_file::entries;
use super::facts::{LiteralSecret, SecretSource};
use super::names::{is_secret, secret_part};
use super::strength::is_placeholder;
use crate::repo::documents::{clipped, line_of, text, texts, yaml, yamls};
use crate::repo::files::{Files, KeptFile, is_yaml, name};
use crate::repo::role::Role;
use crate::repo::stack::containers::{compose_files, docker, instructions, services};

/// Literals, sources, and why not every file was understood, if so.
pub(super) type Read = (Vec<LiteralSecret>, Vec<SecretSource>, Option<Unseen>);

struct Reading {
    literals: Vec<LiteralSecret>,
    sources: Vec<SecretSource>,
    cut: Option<Unseen>,
}

/// Reads compose files, Dockerfiles, units, workflows and documents of clusters.
pub(super) fn read(files: &Files) -> Read {
    let mut reading = Reading { literals: Vec::new(), sources: Vec::new(), cut: None };
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
    (reading.literals, reading.sources, reading.cut)
}

impl Reading {
    fn literal(&mut self, kind: &str, path: &str, line: u64, name: &str, value: &str) {
        if value.is_empty()
            || !is_secret(name, value)
            || is_placeholder(secret_part(value))
            || is_reference(value)
        {
            return;
        }
        let words: Vec<String> =
            crate::repo::files::name(path).split(['.', '-', '_']).map(str::to_ascii_lowercase).collect();
        let for_development = words.iter().any(|word| {
            matches!(word.as_str(), "dev" | "development" | "local" | "test" | "ci" | "e2e" | "override")
        });
        self.literals.push(LiteralSecret {
            name: clipped(name),
            path: path.to_owned(),
            line,
            kind: kind.to_owned(),
            for_development,
        });
    }

    fn source(&mut self, kind: &str, path: &str, line: u64) {
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
            if definition.get("env_file").is_some() {
                self.source("environment-file", path, line_of(bytes, below, &["env_file"]));
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
            self.workflow(path, bytes);
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

    fn workflow(&mut self, path: &str, bytes: &[u8]) {
        let document = match yaml(path, bytes) {
            Ok(document) => document,
            Err(unseen) => return self.cut = Some(unseen),
        };
        if memmem::find(bytes, b"secrets.").is_some() {
            self.source("workflow-secret", path, line_of(bytes, 1, &["secrets."]));
        }
        let jobs = document.get("jobs").and_then(Json::as_object).into_iter().flatten().map(|(_, job)| job);
        let steps =
            jobs.clone().flat_map(|job| job.get("steps").and_then(Json::as_array).into_iter().flatten());
        for place in std::iter::once(&document).chain(jobs).chain(steps) {
            for (name, value) in environment(place.get("env")) {
                self.literal("workflow", path, line_of(bytes, 1, &[&name]), &name, &value);
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
                            if !is_placeholder(&value) && document.get("sops").is_none() {
                                let line = line_of(bytes, 1, &[&format!("{name}:")]);
                                self.literals.push(LiteralSecret {
                                    name,
                                    path: path.to_owned(),
                                    line,
                                    kind: "cluster".into(),
                                    for_development: false,
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

/// Whether a value is taken from somewhere else when it is used.
fn is_reference(value: &str) -> bool {
    value.contains("${") || value.starts_with("/run/secrets") || value.contains("{{") || value.contains("$(")
}

/// Names and values of an `environment`, written as a map or as a list of `NAME=value`.
fn environment(value: Option<&Json>) -> Vec<(String, String)> {
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
