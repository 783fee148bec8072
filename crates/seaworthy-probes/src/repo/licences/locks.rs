//! What lock files say is shipped, and the licences that some of them state.

use seaworthy_core::facts::Unseen;
use serde_json::Value as Json;

use crate::repo::documents::{clipped, garbled, json, text, toml, yaml};
use crate::repo::files::name;
use crate::repo::version::as_json;

/// A dependency as a lock file fixes it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Locked {
    pub(super) ecosystem: &'static str,
    pub(super) name: String,
    pub(super) version: String,
    /// The licence, where the lock file states it.
    pub(super) licence: Option<String>,
    /// Where a package manager puts it, below the lock file's directory.
    pub(super) installed: Option<String>,
}

/// The dependencies of a lock file that are shipped; development tools are left out where the file tells them apart.
pub(super) fn read(path: &str, bytes: &[u8]) -> Result<Vec<Locked>, Unseen> {
    match name(path) {
        "package-lock.json" | "npm-shrinkwrap.json" => npm(path, &json(path, bytes)?),
        "Cargo.lock" => tables(path, bytes, "cargo"),
        "poetry.lock" | "uv.lock" => tables(path, bytes, "pypi"),
        "Pipfile.lock" => Ok(pipfile(&json(path, bytes)?)),
        "composer.lock" => Ok(composer(&json(path, bytes)?)),
        "go.sum" => Ok(go(bytes)),
        "Gemfile.lock" => Ok(gems(bytes)),
        "yarn.lock" => Ok(yarn(bytes)),
        "pnpm-lock.yaml" => pnpm(path, bytes),
        _ => Err(garbled(path, "its form is not known")),
    }
}

fn locked(ecosystem: &'static str, name: &str, version: &str) -> Locked {
    Locked { ecosystem, name: clipped(name), version: clipped(version), licence: None, installed: None }
}

fn npm(path: &str, document: &Json) -> Result<Vec<Locked>, Unseen> {
    let packages = document.get("packages").and_then(Json::as_object).ok_or_else(|| {
        garbled(path, "it has no `packages`; `npm install --package-lock-only` writes the present form")
    })?;
    let mut found = Vec::new();
    for (place, package) in packages {
        let Some((_, name)) = place.rsplit_once("node_modules/") else { continue };
        let flag = |key: &str| package.get(key).and_then(Json::as_bool) == Some(true);
        if flag("dev") || flag("link") || flag("inBundle") && flag("dev") {
            continue;
        }
        let name = text(package, &["name"]).unwrap_or(name);
        let mut dependency = locked("npm", name, text(package, &["version"]).unwrap_or_default());
        dependency.licence = licence(package);
        dependency.installed = Some(format!("{place}/package.json"));
        found.push(dependency);
    }
    Ok(found)
}

/// A licence as `package.json` writes it, in its present form and the older ones.
pub(super) fn licence(package: &Json) -> Option<String> {
    let one = |value: &Json| value.as_str().or_else(|| text(value, &["type"])).map(str::to_owned);
    match package.get("license").or_else(|| package.get("licenses"))? {
        Json::Array(many) => {
            let all: Vec<String> = many.iter().filter_map(one).collect();
            (!all.is_empty()).then(|| all.join(" OR "))
        }
        value => one(value),
    }
}

fn tables(path: &str, bytes: &[u8], ecosystem: &'static str) -> Result<Vec<Locked>, Unseen> {
    let document =
        as_json(&toml(path, bytes)?).ok_or_else(|| garbled(path, "it holds a value that is none"))?;
    let packages = document.get("package").and_then(Json::as_array).cloned().unwrap_or_default();
    // A package of this repository has no source, or in `uv.lock` one that is a directory.
    let foreign = |package: &&Json| match package.get("source") {
        None => ecosystem == "pypi",
        Some(source) => !["editable", "virtual", "directory"].iter().any(|own| source.get(own).is_some()),
    };
    let shipped = |package: &&Json| text(package, &["category"]) != Some("dev");
    Ok(packages
        .iter()
        .filter(foreign)
        .filter(shipped)
        .map(|package| {
            locked(
                ecosystem,
                text(package, &["name"]).unwrap_or_default(),
                text(package, &["version"]).unwrap_or_default(),
            )
        })
        .collect())
}

fn pipfile(document: &Json) -> Vec<Locked> {
    let packages = document.get("default").and_then(Json::as_object);
    let version =
        |package: &Json| text(package, &["version"]).unwrap_or_default().trim_start_matches('=').to_owned();
    packages.into_iter().flatten().map(|(name, package)| locked("pypi", name, &version(package))).collect()
}

fn composer(document: &Json) -> Vec<Locked> {
    let packages = document.get("packages").and_then(Json::as_array);
    packages
        .into_iter()
        .flatten()
        .map(|package| {
            let version = text(package, &["version"]).unwrap_or_default();
            let mut dependency = locked("packagist", text(package, &["name"]).unwrap_or_default(), version);
            dependency.licence = licence(package);
            dependency
        })
        .collect()
}

fn go(bytes: &[u8]) -> Vec<Locked> {
    let text = String::from_utf8_lossy(bytes);
    let lines = text.lines().filter_map(|line| line.split_once(' '));
    // Each module has a second line for its own `go.mod`, which alone does not mean that it is built in.
    lines
        .filter_map(|(name, rest)| Some((name, rest.split(' ').next()?)))
        .filter(|(_, version)| !version.ends_with("/go.mod"))
        .map(|(name, version)| locked("go", name, version))
        .collect()
}

fn gems(bytes: &[u8]) -> Vec<Locked> {
    let text = String::from_utf8_lossy(bytes);
    let specs =
        text.lines().filter_map(|line| line.strip_prefix("    ")).filter(|line| !line.starts_with(' '));
    specs
        .filter_map(|line| line.split_once(" ("))
        .filter_map(|(name, version)| Some(locked("rubygems", name, version.strip_suffix(')')?)))
        .collect()
}

fn yarn(bytes: &[u8]) -> Vec<Locked> {
    let text = String::from_utf8_lossy(bytes);
    let mut found = Vec::new();
    let mut name: Option<String> = None;
    for line in text.lines() {
        if !line.starts_with([' ', '#']) && line.ends_with(':') {
            let first = line.trim_end_matches(':').trim_matches('"').split(", ").next().unwrap_or_default();
            name = first.rfind('@').filter(|at| *at > 0).and_then(|at| first.get(..at)).map(str::to_owned);
        } else if let Some(version) = line.trim().strip_prefix("version")
            && let Some(name) = name.take()
            && !line.contains("0.0.0-use.local")
        {
            let mut dependency = locked("npm", &name, version.trim_matches([' ', ':', '"']));
            dependency.installed = Some(format!("node_modules/{name}/package.json"));
            found.push(dependency);
        }
    }
    found
}

fn pnpm(path: &str, bytes: &[u8]) -> Result<Vec<Locked>, Unseen> {
    let document = yaml(path, bytes)?;
    let packages = document.get("packages").and_then(Json::as_object);
    let named = packages
        .into_iter()
        .flatten()
        .filter(|(_, package)| package.get("dev").and_then(Json::as_bool) != Some(true));
    Ok(named
        .filter_map(|(key, _)| {
            let key = key.trim_start_matches('/').split('(').next()?;
            let at = key.rfind('@').filter(|at| *at > 0)?;
            let (name, version) = (key.get(..at)?, key.get(at + 1..)?);
            let mut dependency = locked("npm", name, version);
            dependency.installed = Some(format!("node_modules/{name}/package.json"));
            Some(dependency)
        })
        .collect())
}
