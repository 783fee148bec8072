//! Environment files that a deployment loads, as compose files name them.

use std::collections::BTreeMap;

use seaworthy_core::facts::{Blind, Seen, Unseen};
use serde_json::Value as Json;

use super::deployments::{Purpose, fallback, for_whom, named_for};
use crate::beside::beside;
use crate::repo::documents::text;

/// Which files are loaded, and whether that is for others than developers.
#[derive(Default)]
pub(super) struct Loaded {
    files: BTreeMap<String, Seen<bool>>,
    /// Why any other file may be loaded too, if so.
    any: Option<Unseen>,
}

impl Loaded {
    /// What the key `env_file` of a service of the compose file at `path` names.
    pub(super) fn add(&mut self, path: &str, named: &Json) {
        let entries = match named {
            Json::Array(entries) => entries.iter().collect(),
            one => vec![one],
        };
        for entry in entries {
            let Some(name) = entry.as_str().or_else(|| text(entry, &["path"])) else { continue };
            let name = fallback(name).unwrap_or(name);
            if name.contains('$') {
                let why = format!("`{path}` loads `{name}`, and only who deploys knows which file that is");
                self.any = Some(Unseen::new(Blind::NotGiven, why).give("the name of the file in `env_file`"));
            } else if let Some(file) = beside(path, name) {
                self.insert(file, path);
            }
        }
    }

    fn insert(&mut self, file: String, by: &str) {
        let deployed = match named_for(by) {
            Some(purpose) => Seen::new(purpose == Purpose::Production),
            None => Seen::Unseen(for_whom(by, "loads an environment file")),
        };
        // What a file for production loads is for production, whoever else loads it too.
        match self.files.get(&file).map(Seen::value) {
            Some(Some(true)) => {}
            Some(None) if deployed.value() == Some(&false) => {}
            _ => {
                self.files.insert(file, deployed);
            }
        }
    }

    /// Whether a deployment for others than developers loads the file.
    pub(super) fn by_deployment(&self, file: &str) -> Seen<bool> {
        match (self.files.get(file), &self.any) {
            (Some(known), _) if known.value() == Some(&true) => known.clone(),
            (_, Some(any)) => Seen::Unseen(any.clone()),
            (Some(known), None) => known.clone(),
            (None, None) => Seen::new(false),
        }
    }
}
