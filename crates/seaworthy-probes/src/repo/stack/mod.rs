//! What a repository is made of, as its files say.

pub(crate) mod containers;
pub(crate) mod uses;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use seaworthy_core::facts::{Listed, Seen, Unseen};
use seaworthy_core::limits::repo::LISTED_MAX;
use serde::Serialize;

use self::containers::{ComposeService, Dockerfile};
use self::uses::{Store, Told, Use};
use super::documents::{clipped, json, line_of, text, yaml};
use super::files::{Files, extension, name};
use super::gaps::Subject;
use super::role::{Role, language};
use super::version::Package;
use super::walk::Found;

/// What a repository is made of.
#[derive(Debug, Serialize, JsonSchema)]
pub struct StackFacts {
    /// Programming languages of its production code, the most used first.
    pub languages: Seen<Listed<Language>>,
    /// Manifests of package managers.
    pub packages: Seen<Listed<Package>>,
    /// Dockerfiles.
    pub dockerfiles: Seen<Listed<Dockerfile>>,
    /// Services of compose files.
    pub compose_services: Seen<Listed<ComposeService>>,
    /// OpenAPI documents.
    pub openapi: Seen<Listed<OpenApiDocument>>,
    /// systemd units.
    pub systemd_units: Seen<Listed<String>>,
    /// Configuration files of proxies.
    pub proxies: Seen<Listed<ProxyFile>>,
    /// Whether the service uses PostgreSQL.
    pub uses_postgres: Seen<Use>,
    /// Whether the service uses Redis.
    pub uses_redis: Seen<Use>,
    /// Whether the service reads environment files by itself, such as with `dotenv`.
    pub uses_environment_files: Seen<Use>,
    /// Whether the service uses an object storage.
    pub uses_object_storage: Seen<Use>,
}

/// A programming language.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Language {
    /// Its name.
    pub name: String,
    /// Files of production code in it.
    pub files_count: u64,
}

/// An OpenAPI document.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct OpenApiDocument {
    /// The file.
    pub path: String,
    /// The version of OpenAPI: `3.1.0`, or `2.0` for Swagger.
    pub version: String,
    /// Paths that it describes.
    pub paths_count: u64,
}

/// A proxy's configuration file.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ProxyFile {
    /// The file.
    pub path: String,
    /// Whose: `nginx`, `caddy`, `haproxy`, `traefik`, `envoy`, `apache`.
    pub kind: String,
}

/// Looks at the stack.
pub(crate) fn look(
    files: &Files,
    listed_files: &[Found],
    packages: &[Package],
    told: &[(String, Told)],
) -> StackFacts {
    let parsed = containers::compose_files(files);
    let uses = |store| uses::decide(store, told, files.whole_for(Subject::Stores));
    StackFacts {
        languages: listed(languages(listed_files), files),
        packages: listed(packages.to_vec(), files),
        dockerfiles: containers::dockerfiles(files),
        compose_services: containers::compose(files, &parsed),
        openapi: openapi(files),
        systemd_units: listed(units(files), files),
        proxies: listed(proxies(files), files),
        uses_postgres: uses(Store::Postgres),
        uses_redis: uses(Store::Redis),
        uses_environment_files: uses(Store::EnvironmentFiles),
        uses_object_storage: uses(Store::ObjectStorage),
    }
}

fn listed<T>(items: Vec<T>, files: &Files) -> Seen<Listed<T>> {
    let mut listed = Listed::bounded(items, LISTED_MAX, "files");
    listed.cut = listed.cut.or_else(|| files.whole().err());
    Seen::new(listed)
}

fn languages(files: &[Found]) -> Vec<Language> {
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for found in files.iter().filter(|found| found.in_code && found.role == Role::Production) {
        if let Some(language) = language(&found.path) {
            *counts.entry(language).or_default() += 1;
        }
    }
    let mut languages: Vec<Language> = counts
        .into_iter()
        .map(|(name, files_count)| Language { name: name.to_owned(), files_count })
        .collect();
    languages.sort_by(|a, b| b.files_count.cmp(&a.files_count).then_with(|| a.name.cmp(&b.name)));
    languages
}

fn openapi(files: &Files) -> Seen<Listed<OpenApiDocument>> {
    let mut items = Vec::new();
    let mut cut: Option<Unseen> = files.whole().err();
    for (path, file) in
        files.own().filter(|(_, file)| !matches!(file.found.role, Role::Test | Role::Generated))
    {
        let beginning = file.bytes.get(..file.bytes.len().min(2_048)).unwrap_or_default();
        let beginning = String::from_utf8_lossy(beginning);
        let stated = beginning
            .lines()
            .map(|line| line.trim().trim_start_matches(['{', '"', ' ']))
            .any(|line| line.starts_with("openapi") || line.starts_with("swagger"));
        let parsed = match path.rsplit_once('.').map(|(_, extension)| extension) {
            Some("json") if beginning.contains("\"openapi\"") || beginning.contains("\"swagger\"") => {
                json(path, &file.bytes)
            }
            Some("yaml" | "yml") if stated => yaml(path, &file.bytes),
            _ => continue,
        };
        match parsed {
            Ok(document) => {
                let version = text(&document, &["openapi"]).or(text(&document, &["swagger"])).map(clipped);
                let paths = document.get("paths").and_then(serde_json::Value::as_object);
                if let (Some(version), Some(paths)) = (version, paths) {
                    items.push(OpenApiDocument {
                        path: path.to_owned(),
                        version,
                        paths_count: paths.len() as u64,
                    });
                }
            }
            Err(unseen) => cut = Some(unseen),
        }
    }
    let mut listed = Listed::bounded(items, LISTED_MAX, "documents");
    listed.cut = listed.cut.or(cut);
    Seen::new(listed)
}

fn units(files: &Files) -> Vec<String> {
    let unit = |name: &str| {
        [".service", ".container", ".timer", ".socket"].iter().any(|ending| name.ends_with(ending))
    };
    files.named(unit).map(|(path, _)| path.to_owned()).collect()
}

fn proxies(files: &Files) -> Vec<ProxyFile> {
    let kind = |path: &str, bytes: &[u8]| {
        let line = |wanted: &str| {
            line_of(bytes, 1, &[wanted]) > 1 || String::from_utf8_lossy(bytes).starts_with(wanted)
        };
        Some(match name(path) {
            "Caddyfile" => "caddy",
            "haproxy.cfg" => "haproxy",
            "envoy.yaml" => "envoy",
            name if name.starts_with("traefik.") => "traefik",
            _ if extension(path) == "conf" && path.contains("apache") => "apache",
            _ if extension(path) == "conf"
                && (line("server {") || line("proxy_pass") || line("server_name")) =>
            {
                "nginx"
            }
            _ => return None,
        })
    };
    files
        .own()
        .filter_map(|(path, file)| {
            Some(ProxyFile { path: path.to_owned(), kind: kind(path, &file.bytes)?.to_owned() })
        })
        .collect()
}
