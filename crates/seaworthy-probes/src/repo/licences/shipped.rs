//! Which packages of a lock file are shipped: those that the runtime dependencies need, and what these need.
//!
//! Where a form does not tell development tools apart, a package is kept and marked: nothing is held against it.

use std::collections::{BTreeSet, HashMap};

use serde_json::{Map, Value as Json};

use super::locks::Locked;
use crate::repo::documents::{json, text, toml};
use crate::repo::files::{Files, directory};
use crate::repo::role::Role;
use crate::repo::version::as_json;

/// A package of a lock file.
#[derive(Debug, Default)]
pub(super) struct Node {
    /// The dependency; `None` for a package of the repository itself.
    pub(super) locked: Option<Locked>,
    /// Names under which others need it.
    pub(super) names: Vec<String>,
    /// What it needs.
    pub(super) needs: Vec<String>,
}

/// Where a walk begins.
#[derive(Debug, Default)]
pub(super) struct Roots {
    pub(super) needs: Vec<String>,
    /// Everything that asks for runtime dependencies was read.
    pub(super) whole: bool,
}

/// The packages that the roots reach. Others are left out where the roots are whole and found, else kept as not sure.
pub(super) fn walk(nodes: Vec<Node>, roots: &Roots) -> Vec<Locked> {
    let mut places: HashMap<&str, Vec<usize>> = HashMap::new();
    for (index, node) in nodes.iter().enumerate() {
        for name in &node.names {
            places.entry(name).or_default().push(index);
        }
    }
    let found = roots.needs.iter().all(|need| places.contains_key(need.as_str()));
    let mut reached = vec![false; nodes.len()];
    let mut waiting: Vec<&str> = roots.needs.iter().map(String::as_str).collect();
    while let Some(need) = waiting.pop() {
        for index in places.get(need).into_iter().flatten() {
            let (Some(seen), Some(node)) = (reached.get_mut(*index), nodes.get(*index)) else { continue };
            if !std::mem::replace(seen, true) {
                waiting.extend(node.needs.iter().map(String::as_str));
            }
        }
    }
    let sure = roots.whole && found;
    let marked = nodes.into_iter().zip(reached).filter(|(_, reached)| *reached || !sure);
    marked.filter_map(|(node, reached)| Some(Locked { shipped: reached, ..node.locked? })).collect()
}

/// Runtime dependencies that the importers of a lock file of pnpm name.
pub(super) fn pnpm_roots(document: &Json) -> Roots {
    let importers = document.get("importers").and_then(Json::as_object);
    let needs = importers.into_iter().flatten().flat_map(|(_, importer)| {
        ["dependencies", "optionalDependencies"].into_iter().flat_map(|kind| pnpm_needs(importer.get(kind)))
    });
    Roots { needs: needs.collect(), whole: importers.is_some() }
}

/// What a table of names and versions needs; links lead to other importers.
pub(super) fn pnpm_needs(table: Option<&Json>) -> Vec<String> {
    let entries = table.and_then(Json::as_object).into_iter().flatten();
    entries
        .filter_map(|(name, version)| {
            let version = version.as_str().or_else(|| text(version, &["version"]))?;
            if version.starts_with("link:") {
                return None;
            }
            // Under another name the version is the whole key.
            let alias = version.split('(').next().unwrap_or(version).rfind('@').is_some_and(|at| at > 0);
            Some(if alias { version.to_owned() } else { format!("{name}@{version}") })
        })
        .collect()
}

/// Runtime and build dependencies of the packages of the repository itself, by the manifests below the lock file.
pub(super) fn cargo_roots(files: &Files, path: &str, own: &BTreeSet<String>) -> Roots {
    let manifests: Vec<Json> = files
        .named(|name| name == "Cargo.toml")
        .filter(|(manifest, file)| manifest.starts_with(directory(path)) && file.found.role != Role::Test)
        .filter_map(|(manifest, file)| as_json(&toml(manifest, &file.bytes).ok()?))
        .collect();
    let shared: Vec<&Map<String, Json>> = manifests
        .iter()
        .filter_map(|manifest| manifest.get("workspace")?.get("dependencies")?.as_object())
        .collect();
    let mut named = BTreeSet::new();
    let mut needs = Vec::new();
    for manifest in &manifests {
        let Some(name) = text(manifest, &["package", "name"]) else { continue };
        // Others have a lock file of their own.
        if !own.contains(name) {
            continue;
        }
        named.insert(name.to_owned());
        let targets = manifest.get("target").and_then(Json::as_object).into_iter().flatten();
        for part in std::iter::once(manifest).chain(targets.map(|(_, target)| target)) {
            for kind in ["dependencies", "build-dependencies"] {
                let table = part.get(kind).and_then(Json::as_object).into_iter().flatten();
                needs.extend(table.map(|(key, value)| {
                    let inherited = || shared.iter().find_map(|table| text(table.get(key)?, &["package"]));
                    text(value, &["package"]).or_else(inherited).unwrap_or(key).to_owned()
                }));
            }
        }
    }
    // A package in a directory of tests is none that is shipped.
    let tests = files.named(|name| name == "Cargo.toml").filter(|(_, file)| file.found.role == Role::Test);
    named.extend(tests.filter_map(|(manifest, file)| {
        Some(text(&as_json(&toml(manifest, &file.bytes).ok()?)?, &["package", "name"])?.to_owned())
    }));
    Roots { needs, whole: own.is_subset(&named) }
}

/// Runtime dependencies that the `pyproject.toml` beside a lock file of Poetry names.
pub(super) fn poetry_roots(files: &Files, path: &str) -> Roots {
    let manifest = format!("{}pyproject.toml", directory(path));
    let document =
        files.get(&manifest).and_then(|bytes| toml(&manifest, bytes).ok()).and_then(|table| as_json(&table));
    let Some(document) = document else { return Roots::default() };
    let table = document.get("tool").and_then(|tool| tool.get("poetry")?.get("dependencies")?.as_object());
    let mut needs: Vec<String> = table
        .into_iter()
        .flatten()
        .filter(|(name, value)| {
            *name != "python" && value.get("optional").and_then(Json::as_bool) != Some(true)
        })
        .map(|(name, _)| python_name(name))
        .collect();
    let project = document.get("project");
    let listed = project.and_then(|project| project.get("dependencies")?.as_array()).into_iter().flatten();
    needs.extend(listed.filter_map(Json::as_str).map(|asked| {
        let end = asked.find(|c: char| !(c.is_alphanumeric() || matches!(c, '-' | '_' | '.')));
        python_name(asked.get(..end.unwrap_or(asked.len())).unwrap_or_default())
    }));
    // Extras are installed where someone asks for them.
    let extras = project.is_some_and(|project| project.get("optional-dependencies").is_some())
        || document
            .get("tool")
            .is_some_and(|tool| tool.get("poetry").is_some_and(|poetry| poetry.get("extras").is_some()));
    Roots { needs, whole: !extras }
}

/// A name as Python's index compares it.
pub(super) fn python_name(name: &str) -> String {
    name.to_ascii_lowercase().replace(['_', '.'], "-")
}

/// Gems that the `Gemfile` beside a lock file asks for outside of the groups of development and test.
pub(super) fn gem_roots(files: &Files, path: &str) -> Roots {
    let Some(bytes) = files.get(&format!("{}Gemfile", directory(path))) else { return Roots::default() };
    let text = String::from_utf8_lossy(bytes);
    let for_tools = |line: &str| {
        let groups = line.split([':', '"', '\'', '[', ']', ',', ' ', '(', ')', '=', '>']);
        let mut groups = groups
            .filter(|word| matches!(*word, "development" | "test" | "production" | "default" | "assets"));
        let all: Vec<&str> = groups.by_ref().collect();
        !all.is_empty() && all.iter().all(|group| matches!(*group, "development" | "test"))
    };
    let mut roots = Roots { needs: Vec::new(), whole: true };
    let mut blocks: Vec<bool> = Vec::new();
    for line in text.lines().map(str::trim) {
        let opens = line.ends_with(" do") || line.starts_with("if ") || line.starts_with("unless ");
        if opens {
            blocks.push(line.starts_with("group") && for_tools(line));
        } else if line == "end" {
            blocks.pop();
        } else if let Some(asked) = line.strip_prefix("gem ").or_else(|| line.strip_prefix("gem(")) {
            let grouped = asked.split_once("group").is_some_and(|(_, groups)| for_tools(groups));
            let name = asked.trim().trim_start_matches(['"', '\'']).split(['"', '\'']).next();
            if !grouped && !blocks.contains(&true) {
                roots.needs.extend(name.map(str::to_owned));
            }
        } else if line.starts_with("gemspec") || line.starts_with("eval_gemfile") {
            roots.whole = false;
        }
    }
    roots
}

/// Whether a lock file of Yarn may hold development tools, and the runtime dependencies that manifests below it name.
pub(super) fn yarn_roots(files: &Files, path: &str) -> (bool, BTreeSet<String>) {
    let (mut tools, mut asked) = (false, BTreeSet::new());
    let manifests = files.named(|name| name == "package.json");
    for (manifest, file) in manifests.filter(|(manifest, _)| manifest.starts_with(directory(path))) {
        let Ok(document) = json(manifest, &file.bytes) else {
            tools = true;
            continue;
        };
        let names = |kind: &str| document.get(kind).and_then(Json::as_object).into_iter().flatten();
        tools |= names("devDependencies").next().is_some();
        asked
            .extend(names("dependencies").chain(names("optionalDependencies")).map(|(name, _)| name.clone()));
    }
    (tools || asked.is_empty(), asked)
}
