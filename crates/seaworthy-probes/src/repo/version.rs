//! Which version the repository says that it is, and what packages it holds.

use regex::Regex;
use schemars::JsonSchema;
use seaworthy_core::facts::{Seen, Unseen};
use serde::Serialize;
use serde_json::Value as Json;

use super::documents::{clipped, json, line_of, text, toml};
use super::files::{Files, directory, name};

/// A manifest of a package manager.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Package {
    /// The file.
    pub path: String,
    /// The package manager's world: `npm`, `cargo`, `pypi`, `go`, `rubygems`, `packagist`, `maven`, `hex`, `nuget`.
    pub ecosystem: String,
    /// The package's name, where it has one.
    pub name: Option<String>,
    /// The version that it states.
    pub version: Option<String>,
    /// The line that states it.
    pub line: u64,
    /// The lock file that fixes what it depends on.
    pub lock: Option<String>,
}

/// The version of what is in the repository.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Version {
    /// The version, without a leading `v`.
    pub value: String,
    /// What says so: a file and line, or a tag.
    pub source: String,
}

/// The manifests, those at the root first.
pub(crate) fn packages(files: &Files) -> Vec<Package> {
    let mut packages: Vec<Package> = files
        .named(|name| ecosystem(name).is_some())
        .filter(|(_, file)| !matches!(file.found.role, super::role::Role::Test))
        .filter_map(|(path, file)| {
            let (name, version) = read(path, &file.bytes, files)?;
            let quoted = version.as_deref().unwrap_or("version");
            let line = line_of(&file.bytes, 1, &["ersion", quoted]);
            let ecosystem = ecosystem(super::files::name(path))?.to_owned();
            let (name, version) = (name.as_deref().map(clipped), version.as_deref().map(clipped));
            Some(Package {
                path: path.to_owned(),
                lock: lock(files, path, &ecosystem),
                ecosystem,
                name,
                version,
                line,
            })
        })
        .collect();
    packages.sort_by_key(|package| (package.path.matches('/').count(), package.path.clone()));
    packages
}

fn ecosystem(name: &str) -> Option<&'static str> {
    Some(match name {
        "package.json" | "deno.json" => "npm",
        "Cargo.toml" => "cargo",
        "pyproject.toml" | "setup.cfg" | "Pipfile" => "pypi",
        "go.mod" => "go",
        "Gemfile" => "rubygems",
        "composer.json" => "packagist",
        "pom.xml" | "build.gradle" | "build.gradle.kts" => "maven",
        "mix.exs" => "hex",
        name if name.starts_with("requirements") => "pypi",
        name if name.ends_with(".csproj") => "nuget",
        _ => return None,
    })
}

/// The lock files of an ecosystem.
pub(crate) fn locks(ecosystem: &str) -> &'static [&'static str] {
    match ecosystem {
        "npm" => &[
            "package-lock.json",
            "npm-shrinkwrap.json",
            "pnpm-lock.yaml",
            "yarn.lock",
            "bun.lock",
            "deno.lock",
        ],
        "cargo" => &["Cargo.lock"],
        "pypi" => &["poetry.lock", "uv.lock", "Pipfile.lock"],
        "go" => &["go.sum"],
        "rubygems" => &["Gemfile.lock"],
        "packagist" => &["composer.lock"],
        "hex" => &["mix.lock"],
        "nuget" => &["packages.lock.json"],
        _ => &[],
    }
}

/// The lock file beside a manifest or above it: workspaces keep one for all.
fn lock(files: &Files, path: &str, ecosystem: &str) -> Option<String> {
    let mut at = directory(path);
    loop {
        let found =
            locks(ecosystem).iter().map(|lock| format!("{at}{lock}")).find(|lock| files.get(lock).is_some());
        if found.is_some() || at.is_empty() {
            return found;
        }
        at = directory(at.trim_end_matches('/'));
    }
}

type NameAndVersion = (Option<String>, Option<String>);

fn read(path: &str, bytes: &[u8], files: &Files) -> Option<NameAndVersion> {
    let owned = |value: Option<&str>| value.map(str::to_owned);
    match name(path) {
        "package.json" | "composer.json" | "deno.json" => {
            let document = json(path, bytes).ok()?;
            Some((owned(text(&document, &["name"])), owned(text(&document, &["version"]))))
        }
        "Cargo.toml" => cargo(path, bytes, files),
        "pyproject.toml" => {
            let document = as_json(&toml(path, bytes).ok()?)?;
            let poetry = ["tool", "poetry"];
            let name =
                text(&document, &["project", "name"]).or(text(&document, &[poetry[0], poetry[1], "name"]));
            let version = text(&document, &["project", "version"])
                .or(text(&document, &[poetry[0], poetry[1], "version"]));
            Some((owned(name), owned(version)))
        }
        other => {
            let pattern = match other {
                "mix.exs" => r#"\bversion:\s*"([^"]+)""#,
                "build.gradle" | "build.gradle.kts" => r#"(?m)^\s*version\s*=?\s*["']([^"']+)["']"#,
                "setup.cfg" => r"(?m)^version\s*=\s*([\w.+-]+)",
                "pom.xml" => {
                    r"(?s)</modelVersion>(?:.*?</parent>)?[^<]*(?:<(?:groupId|artifactId|packaging|name)>[^<]*</[^>]*>\s*)*<version>([^<$]+)</version>"
                }
                name if name.ends_with(".csproj") => r"<Version>([^<$]+)</Version>",
                _ => return Some((None, None)),
            };
            let content = String::from_utf8_lossy(bytes);
            let version =
                Regex::new(pattern).ok()?.captures(&content)?.get(1).map(|found| found.as_str().to_owned());
            Some((None, version))
        }
    }
}

fn cargo(path: &str, bytes: &[u8], files: &Files) -> Option<NameAndVersion> {
    let document = as_json(&toml(path, bytes).ok()?)?;
    let name = text(&document, &["package", "name"]).map(str::to_owned);
    let own =
        text(&document, &["package", "version"]).or(text(&document, &["workspace", "package", "version"]));
    let inherited = || {
        let mut at = directory(path);
        while !at.is_empty() {
            at = directory(at.trim_end_matches('/'));
            let path = format!("{at}Cargo.toml");
            let above = files.get(&path).and_then(|bytes| as_json(&toml(&path, bytes).ok()?));
            let version = above
                .as_ref()
                .and_then(|above| text(above, &["workspace", "package", "version"]).map(str::to_owned));
            if version.is_some() {
                return version;
            }
        }
        None
    };
    Some((name, own.map(str::to_owned).or_else(inherited)))
}

pub(crate) fn as_json(table: &toml::Table) -> Option<Json> {
    serde_json::to_value(table).ok()
}

/// The version: of a tag at the commit that is checked out, else of the manifests at the root or of the only one.
pub(crate) fn version(
    files: &Files,
    packages: &[Package],
    tags: &[String],
    whole: Result<(), Unseen>,
) -> Seen<Option<Version>> {
    let tagged =
        tags.iter().filter_map(|tag| Some((tag, plain(tag)?))).max_by_key(|(_, value)| numbers(value));
    if let Some((tag, value)) = tagged {
        return Seen::shown_by(
            Some(Version { value, source: format!("tag {tag}") }),
            "git tag --points-at HEAD",
        );
    }
    let stated: Vec<&Package> = packages.iter().filter(|package| package.version.is_some()).collect();
    let chosen = stated.iter().find(|package| !package.path.contains('/')).or(match stated.as_slice() {
        [only] => Some(only),
        _ => None,
    });
    if let Some(package) = chosen {
        let value = package.version.clone().unwrap_or_default().trim_start_matches('v').to_owned();
        return Seen::new(Some(Version { value, source: format!("{}:{}", package.path, package.line) }));
    }
    for path in ["VERSION", "version.txt"] {
        if let Some(value) = files.get(path).and_then(|bytes| plain(String::from_utf8_lossy(bytes).trim())) {
            return Seen::new(Some(Version { value, source: format!("{path}:1") }));
        }
    }
    match whole {
        Ok(()) => Seen::new(None),
        Err(unseen) => Seen::Unseen(unseen),
    }
}

/// The version in a tag's name: of `v1.2.3`, `release-1.2.3`, `shop@1.2.3`.
fn plain(tag: &str) -> Option<String> {
    let pattern =
        Regex::new(r"^(?:[A-Za-z][\w./-]*[-@/])?v?(\d+\.\d+(?:\.\d+)?(?:[-+][0-9A-Za-z.+-]+)?)$").ok()?;
    Some(pattern.captures(tag)?.get(1)?.as_str().to_owned())
}

fn numbers(version: &str) -> Vec<u64> {
    version.split(|c: char| !c.is_ascii_digit()).filter_map(|part| part.parse().ok()).collect()
}
