//! What lock files say is shipped, and the licences that some of them state.

use std::collections::BTreeSet;

use seaworthy_core::facts::Unseen;
use serde_json::Value as Json;

use super::shipped::{self, Node};
use crate::repo::documents::{clipped, garbled, json, text, texts, toml, yaml};
use crate::repo::files::{Files, name};
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
    /// It is shipped for certain; else it may be a development tool.
    pub(super) shipped: bool,
}

/// The dependencies of a lock file that are shipped; development tools are left out where the file or the manifest tells them apart.
pub(super) fn read(files: &Files, path: &str, bytes: &[u8]) -> Result<Vec<Locked>, Unseen> {
    match name(path) {
        "package-lock.json" | "npm-shrinkwrap.json" => npm(path, &json(path, bytes)?),
        "Cargo.lock" => cargo(files, path, bytes),
        "poetry.lock" | "uv.lock" => python(files, path, bytes),
        "Pipfile.lock" => Ok(pipfile(&json(path, bytes)?)),
        "composer.lock" => Ok(composer(&json(path, bytes)?)),
        "go.sum" => Ok(go(bytes)),
        "Gemfile.lock" => Ok(gems(files, path, bytes)),
        "yarn.lock" => Ok(yarn(files, path, bytes)),
        "pnpm-lock.yaml" => pnpm(path, bytes),
        _ => Err(garbled(path, "its form is not known")),
    }
}

fn locked(ecosystem: &'static str, name: &str, version: &str) -> Locked {
    Locked {
        ecosystem,
        name: clipped(name),
        version: clipped(version),
        licence: None,
        installed: None,
        shipped: true,
    }
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

fn packages(path: &str, bytes: &[u8]) -> Result<Vec<Json>, Unseen> {
    let document =
        as_json(&toml(path, bytes)?).ok_or_else(|| garbled(path, "it holds a value that is none"))?;
    Ok(document.get("package").and_then(Json::as_array).cloned().unwrap_or_default())
}

fn of_table(ecosystem: &'static str, package: &Json) -> Locked {
    let part = |key: &str| text(package, &[key]).unwrap_or_default();
    locked(ecosystem, part("name"), part("version"))
}

fn cargo(files: &Files, path: &str, bytes: &[u8]) -> Result<Vec<Locked>, Unseen> {
    let mut own = BTreeSet::new();
    let nodes = packages(path, bytes)?
        .iter()
        .map(|package| {
            let fixed = of_table("cargo", package);
            let foreign = package.get("source").is_some();
            if !foreign {
                own.insert(fixed.name.clone());
            }
            // A need names the version where there are several, and the source where that is not enough.
            let listed = if foreign { texts(package.get("dependencies")) } else { Vec::new() };
            let needs = listed.iter().map(|need| need.split(" (").next().unwrap_or(need).to_owned());
            let names = vec![fixed.name.clone(), format!("{} {}", fixed.name, fixed.version)];
            Node { needs: needs.collect(), names, locked: foreign.then_some(fixed) }
        })
        .collect();
    Ok(shipped::walk(nodes, &shipped::cargo_roots(files, path, &own)))
}

fn python(files: &Files, path: &str, bytes: &[u8]) -> Result<Vec<Locked>, Unseen> {
    let packages = packages(path, bytes)?;
    let said = |key: &str| packages.iter().any(|package| package.get(key).is_some());
    if said("groups") || said("category") {
        let main = |package: &&Json| match package.get("groups") {
            Some(groups) => texts(Some(groups)).iter().any(|group| group == "main"),
            None => text(package, &["category"]) != Some("dev"),
        };
        return Ok(packages.iter().filter(main).map(|package| of_table("pypi", package)).collect());
    }
    let mut own = shipped::Roots { needs: Vec::new(), whole: name(path) == "uv.lock" };
    let nodes = packages
        .iter()
        .map(|package| {
            let fixed = of_table("pypi", package);
            let needs = python_needs(package);
            // A package of this repository has a source that is a directory.
            let inner = |source: &Json| {
                ["editable", "virtual", "directory"].iter().any(|own| source.get(own).is_some())
            };
            let foreign = !package.get("source").is_some_and(inner);
            if !foreign {
                own.needs.extend(needs.iter().cloned());
            }
            Node { names: vec![shipped::python_name(&fixed.name)], needs, locked: foreign.then_some(fixed) }
        })
        .collect();
    let roots = if own.whole { own } else { shipped::poetry_roots(files, path) };
    Ok(shipped::walk(nodes, &roots))
}

/// What a package needs: a list of tables in `uv.lock`, a table in `poetry.lock`.
fn python_needs(package: &Json) -> Vec<String> {
    let mut names = Vec::new();
    let mut add = |needs: &Json| match needs {
        Json::Array(list) => {
            names.extend(list.iter().filter_map(|need| text(need, &["name"])).map(shipped::python_name));
        }
        Json::Object(table) => names.extend(table.keys().map(|name| shipped::python_name(name))),
        _ => {}
    };
    package.get("dependencies").into_iter().for_each(&mut add);
    let extras = package.get("optional-dependencies").and_then(Json::as_object);
    extras.into_iter().flatten().for_each(|(_, needs)| add(needs));
    names
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

fn gems(files: &Files, path: &str, bytes: &[u8]) -> Vec<Locked> {
    let text = String::from_utf8_lossy(bytes);
    let mut nodes: Vec<Node> = Vec::new();
    for line in text.lines().filter_map(|line| line.strip_prefix("    ")) {
        let name = line.trim().split([' ', '!']).next().unwrap_or_default().to_owned();
        if let Some(node) = nodes.last_mut().filter(|_| line.starts_with(' ')) {
            node.needs.push(name);
        } else if let Some(version) = line.split_once(" (").and_then(|(_, version)| version.strip_suffix(')'))
        {
            let fixed = locked("rubygems", &name, version);
            nodes.push(Node { names: vec![name], needs: Vec::new(), locked: Some(fixed) });
        }
    }
    shipped::walk(nodes, &shipped::gem_roots(files, path))
}

fn yarn(files: &Files, path: &str, bytes: &[u8]) -> Vec<Locked> {
    let (tools, asked) = shipped::yarn_roots(files, path);
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
            dependency.shipped = !tools || asked.contains(&name);
            found.push(dependency);
        }
    }
    found
}

fn pnpm(path: &str, bytes: &[u8]) -> Result<Vec<Locked>, Unseen> {
    let document = yaml(path, bytes)?;
    let table = |key: &str| document.get(key).and_then(Json::as_object);
    let Some(snapshots) = table("snapshots") else {
        // Before the form 9 each package says whether it is a tool.
        let packages = table("packages").into_iter().flatten();
        let kept = packages.filter(|(_, package)| package.get("dev").and_then(Json::as_bool) != Some(true));
        return Ok(kept.filter_map(|(key, _)| of_key(key)).collect());
    };
    let nodes = snapshots.iter().map(|(key, package)| {
        let kinds = ["dependencies", "optionalDependencies"];
        let needs = kinds.into_iter().flat_map(|kind| shipped::pnpm_needs(package.get(kind))).collect();
        Node { names: vec![key.clone()], needs, locked: of_key(key) }
    });
    Ok(shipped::walk(nodes.collect(), &shipped::pnpm_roots(&document)))
}

fn of_key(key: &str) -> Option<Locked> {
    let key = key.trim_start_matches('/').split('(').next()?;
    let at = key.rfind('@').filter(|at| *at > 0)?;
    let (name, version) = (key.get(..at)?, key.get(at + 1..)?);
    let mut dependency = locked("npm", name, version);
    dependency.installed = Some(format!("node_modules/{name}/package.json"));
    Some(dependency)
}
