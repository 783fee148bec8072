//! Licences of what is shipped: from lock files, from what package managers put on disk, from bills of materials.
//!
//! A licence that is stated nowhere on disk is unseen. Nothing is asked of a registry.

mod bills;
mod expression;
mod locks;
mod shipped;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use seaworthy_core::facts::{Blind, Listed, Seen, Unseen};
use seaworthy_core::limits::repo::LISTED_MAX;
use serde::Serialize;
use serde_json::Value as Json;
use sha2::Digest as _;

use self::locks::Locked;
use super::documents::{clipped, text, texts, toml};
use super::files::{Files, directory, name};
use super::gaps::Subject;
use super::role;
use super::tree::Tree;
use super::version::{Package, as_json};

/// Licences of what is shipped.
#[derive(Debug, Serialize, JsonSchema)]
pub struct LicenceFacts {
    /// What lock files say is shipped.
    pub dependencies: Seen<Listed<Dependency>>,
    /// The file with the notices that licences ask for; `null` when there is none.
    pub notices: Seen<Option<Notices>>,
}

/// One dependency.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Dependency {
    /// The package manager's world.
    pub ecosystem: String,
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its licence, as an SPDX expression where it is one.
    pub licence: Seen<String>,
    /// What states the licence: a file.
    pub source: Option<String>,
    /// The list allows the licence, or an exception for this package does.
    pub allowed: Seen<bool>,
    /// Where the list of allowed licences is: a file, or `built-in`.
    pub policy: String,
    /// SHA-256 of that file where only its exception for this package allows the licence, in hexadecimal digits.
    pub excepted_by: Option<String>,
    /// The lock file.
    pub path: String,
}

/// The file with notices.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Notices {
    /// The file.
    pub path: String,
    /// It names every dependency that is shipped.
    pub complete: Seen<bool>,
    /// Dependencies that it does not name; the first hundred.
    pub missing: Vec<String>,
}

/// Where licences can be read.
pub(crate) struct Sources<'a> {
    pub(crate) files: &'a Files,
    pub(crate) tree: &'a Tree,
    /// Directories in which Cargo keeps the sources of packages, one directory a package.
    pub(crate) cargo: &'a [PathBuf],
}

/// Largest manifest of a dependency, in bytes.
const MANIFEST_BYTES_MAX: u64 = 512 * 1024;

/// Reads the licences.
pub(crate) fn look(sources: &Sources<'_>, packages: &[Package]) -> LicenceFacts {
    let locked = all_locked(sources.files, packages);
    let notices = notices(sources.files, &locked);
    let bills = bills::read(sources.files);
    let dependencies = match locked {
        Err(unseen) => Seen::Unseen(unseen),
        Ok((locked, cut)) => {
            let (policies, built_in) = (policies(sources.files), Policy::built_in());
            let cargo: Vec<Tree> =
                sources.cargo.iter().filter_map(|directory| Tree::open(directory).ok()).collect();
            let items = locked.into_iter().map(|(path, locked)| {
                let stated = stated(sources, &cargo, &path, &locked)
                    .or_else(|| bills.get(&(locked.name.clone(), locked.version.clone())).cloned());
                let policy = policies.iter().find(|policy| path.starts_with(directory(&policy.path)));
                dependency(path, locked, stated, policy.unwrap_or(&built_in))
            });
            let mut listed =
                Listed::bounded(items.take(LISTED_MAX + 1).collect(), LISTED_MAX, "dependencies");
            listed.cut = listed.cut.or(cut);
            Seen::new(listed)
        }
    };
    LicenceFacts { dependencies, notices }
}

type AllLocked = (BTreeSet<(String, Locked)>, Option<Unseen>);

/// Everything that lock files fix. Manifests that ask for packages and have no lock file are told.
fn all_locked(files: &Files, packages: &[Package]) -> Result<AllLocked, Unseen> {
    let mut all = BTreeSet::new();
    let locks = files.whole_for(Subject::Locks).err();
    let mut cut = files.whole().err().or_else(|| locks.clone());
    for (path, file) in files.named(role::is_lock).filter(|(path, file)| {
        file.found.role != role::Role::Test
            && !directory(path)
                .split('/')
                .any(|part| matches!(part, "test" | "tests" | "fixtures" | "examples"))
    }) {
        match locks::read(files, path, &file.bytes) {
            Ok(locked) => all.extend(locked.into_iter().map(|locked| (path.to_owned(), locked))),
            Err(unseen) => cut = Some(unseen),
        }
    }
    let unlocked = packages.iter().find(|package| package.lock.is_none() && asks(files, package));
    if let Some(package) = unlocked.filter(|_| locks.is_none()) {
        let why = format!("`{}` has no lock file, so what it ships is not fixed", package.path);
        let unseen = Unseen::new(Blind::NotGiven, why).give("the package manager's lock file, checked in");
        if all.is_empty() {
            return Err(unseen);
        }
        cut = cut.or(Some(unseen));
    }
    Ok((all, cut))
}

/// Whether a manifest asks for any package.
fn asks(files: &Files, package: &Package) -> bool {
    let bytes = files.get(&package.path).unwrap_or_default();
    match name(&package.path) {
        "package.json" => super::documents::json(&package.path, bytes).is_ok_and(|document| {
            document.get("dependencies").and_then(Json::as_object).is_some_and(|map| !map.is_empty())
        }),
        "go.mod" => String::from_utf8_lossy(bytes).contains("require"),
        _ => true,
    }
}

fn dependency(path: String, locked: Locked, stated: Option<(String, String)>, policy: &Policy) -> Dependency {
    let nowhere = || {
        Unseen::new(
            Blind::NotGiven,
            format!("nothing on disk states the licence of {} {}", locked.name, locked.version),
        )
        .give("install the dependencies, or check in a bill of materials (`bom.cdx.json`)")
    };
    let mut excepted_by = None;
    let (licence, source, allowed) = match stated {
        None => (Seen::Unseen(nowhere()), None, Seen::Unseen(nowhere())),
        Some((licence, source)) => {
            let allowed = match expression::permits(&policy.for_package(&locked.name), &licence) {
                // Where nobody knows whether it is shipped, nothing is held against it.
                Some(false) if !locked.shipped => Seen::Unseen(unclear(&path, &locked)),
                Some(allowed) => {
                    let by_list = expression::permits(&policy.allowed, &licence) == Some(true);
                    excepted_by = policy.sha256.clone().filter(|_| allowed && !by_list && locked.shipped);
                    Seen::new(allowed)
                }
                None => Unseen::new(
                    Blind::Garbled,
                    format!("the licence of {} is no SPDX expression", locked.name),
                )
                .give("an exception for it in deny.toml, with the licence's name")
                .into(),
            };
            (Seen::new(clipped(&licence)), Some(source), allowed)
        }
    };
    let Locked { ecosystem, name, version, .. } = locked;
    Dependency {
        ecosystem: ecosystem.to_owned(),
        name,
        version,
        licence,
        source,
        allowed,
        policy: policy.path.clone(),
        excepted_by,
        path,
    }
}

/// Why nothing is said of a dependency that may be a development tool.
fn unclear(path: &str, locked: &Locked) -> Unseen {
    let why = format!("`{path}` does not tell whether {} is shipped or a development tool", locked.name);
    Unseen::new(Blind::Unsupported, why).give(format!(
        "where {} is a development tool, an exception for it in deny.toml, and its name in the notices",
        locked.name
    ))
}

/// The licence that the lock file states or that the installed package states, and which file does.
fn stated(sources: &Sources<'_>, cargo: &[Tree], lock: &str, locked: &Locked) -> Option<(String, String)> {
    if let Some(licence) = &locked.licence {
        return Some((licence.clone(), lock.to_owned()));
    }
    if let Some(installed) = &locked.installed {
        let path = format!("{}{installed}", directory(lock));
        let bytes = sources.tree.read(Path::new(&path), MANIFEST_BYTES_MAX).ok()?;
        let manifest: Json = serde_json::from_slice(&bytes).ok()?;
        let same = text(&manifest, &["version"]) == Some(locked.version.as_str());
        return locks::licence(&manifest).filter(|_| same).map(|licence| (licence, path));
    }
    let plain = |text: &str| {
        !text.is_empty()
            && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '+'))
    };
    if locked.ecosystem != "cargo" || !plain(&locked.name) || !plain(&locked.version) {
        return None;
    }
    let versioned = format!("{}-{}", locked.name, locked.version);
    let vendored = [format!("vendor/{}/Cargo.toml", locked.name), format!("vendor/{versioned}/Cargo.toml")];
    let in_tree = vendored.into_iter().map(|path| (sources.tree, format!("{}{path}", directory(lock))));
    let outside = cargo.iter().map(|tree| (tree, format!("{versioned}/Cargo.toml")));
    for (tree, path) in in_tree.chain(outside) {
        let Ok(bytes) = tree.read(Path::new(&path), MANIFEST_BYTES_MAX) else { continue };
        let Some(manifest) = toml(&path, &bytes).ok().and_then(|table| as_json(&table)) else { continue };
        if text(&manifest, &["package", "version"]) == Some(locked.version.as_str())
            && let Some(licence) = text(&manifest, &["package", "license"])
        {
            return Some((licence.to_owned(), path));
        }
    }
    None
}

/// The list of allowed licences and the exceptions for packages.
struct Policy {
    path: String,
    /// Of the file, in hexadecimal digits; none for the list that is built in.
    sha256: Option<String>,
    allowed: Vec<String>,
    exceptions: Vec<(String, Vec<String>)>,
}

impl Policy {
    fn built_in() -> Self {
        let allowed = expression::DEFAULT.iter().map(|licence| (*licence).to_owned()).collect();
        Self { path: "built-in".into(), sha256: None, allowed, exceptions: Vec::new() }
    }

    fn for_package(&self, name: &str) -> Vec<String> {
        let exceptions =
            self.exceptions.iter().filter(|(package, _)| package == name).flat_map(|(_, licences)| licences);
        self.allowed.iter().chain(exceptions).cloned().collect()
    }
}

/// The lists that `deny.toml` files state, the deepest first: each counts for the directory that it stands in.
fn policies(files: &Files) -> Vec<Policy> {
    let mut policies: Vec<Policy> = files
        .named(|name| name == "deny.toml")
        .filter_map(|(path, file)| {
            let document = as_json(&toml(path, &file.bytes).ok()?)?;
            let licences = document.get("licenses")?;
            let exceptions = licences.get("exceptions").and_then(Json::as_array).into_iter().flatten();
            let exceptions = exceptions
                .filter_map(|exception| {
                    let named = text(exception, &["crate"]).or(text(exception, &["name"]))?;
                    Some((named.split('@').next()?.to_owned(), texts(exception.get("allow"))))
                })
                .collect();
            let sha256 = Some(format!("{:x}", sha2::Sha256::digest(&file.bytes)));
            Some(Policy { path: path.to_owned(), sha256, allowed: texts(licences.get("allow")), exceptions })
        })
        .collect();
    policies.sort_by_key(|policy| std::cmp::Reverse(policy.path.matches('/').count()));
    policies
}

fn notices(files: &Files, locked: &Result<AllLocked, Unseen>) -> Seen<Option<Notices>> {
    let named = |name: &str| {
        let upper = name.to_ascii_uppercase();
        ["NOTICE", "THIRD-PARTY", "THIRD_PARTY", "THIRDPARTY", "LICENSE-3RDPARTY"]
            .iter()
            .any(|beginning| upper.starts_with(beginning))
    };
    let Some((path, file)) = files.named(named).find(|(path, _)| path.matches('/').count() <= 1) else {
        return match files.whole() {
            Ok(()) => Seen::new(None),
            Err(unseen) => Seen::Unseen(unseen),
        };
    };
    let locked = match locked {
        Ok((locked, None)) => locked,
        Ok((_, Some(unseen))) | Err(unseen) => return Seen::Unseen(unseen.clone()),
    };
    let content = String::from_utf8_lossy(&file.bytes);
    let words: BTreeSet<&str> = content
        .split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | '@')))
        .flat_map(|word| [word, word.trim_matches(['.', '/', '-'])])
        .collect();
    let names =
        |name: &str| words.contains(name) || words.iter().any(|word| word.starts_with(&format!("{name}@")));
    let unnamed = || locked.iter().filter(|(_, locked)| !names(&locked.name));
    let missing: BTreeSet<&str> =
        unnamed().filter(|(_, locked)| locked.shipped).map(|(_, locked)| locked.name.as_str()).collect();
    let complete = match unnamed().next() {
        Some((path, locked)) if missing.is_empty() => Seen::Unseen(unclear(path, locked)),
        _ => Seen::new(missing.is_empty()),
    };
    Seen::new(Some(Notices {
        path: path.to_owned(),
        complete,
        missing: missing.into_iter().take(100).map(str::to_owned).collect(),
    }))
}
