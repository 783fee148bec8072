//! Which secrets the workflows of GitHub take from its store, and which they write out.

use memchr::memmem;
use regex::Regex;
use seaworthy_core::facts::Seen;
use serde_json::Value as Json;
use std::sync::OnceLock;

use super::deployments::{Purpose, Reading, environment, is_published, named_for};
use super::names::secret_part;
use crate::repo::documents::{line_of, text, yaml};
use crate::repo::pipeline::job_deploys;

/// Deepest that texts of a job are looked for.
const DEPTH_MAX: usize = 12;

/// Reads one workflow.
pub(super) fn read(reading: &mut Reading, path: &str, bytes: &[u8]) {
    let document = match yaml(path, bytes) {
        Ok(document) => document,
        Err(unseen) => return reading.cut = Some(unseen),
    };
    let jobs: Vec<(&str, &Json)> = document
        .get("jobs")
        .and_then(Json::as_object)
        .into_iter()
        .flatten()
        .map(|(name, job)| (name.as_str(), job))
        .collect();
    let deploying: Vec<&Json> =
        jobs.iter().filter(|(name, job)| job_deploys(name, job)).map(|(_, job)| *job).collect();
    // What tests or checks take from the store says nothing of what is deployed.
    if !deploying.is_empty() {
        for place in deploying.iter().copied().chain(document.get("env")) {
            for name in taken(place, 0) {
                reading.source("workflow-secret", path, line(bytes, &name));
            }
        }
    }
    let whole = Job { deploys: !deploying.is_empty(), services: false };
    literals(reading, path, bytes, &whole, &document);
    for (name, job) in jobs {
        let of_job = Job { deploys: job_deploys(name, job), services: job.get("services").is_some() };
        let steps = job.get("steps").and_then(Json::as_array).into_iter().flatten();
        for place in std::iter::once(job).chain(steps) {
            literals(reading, path, bytes, &of_job, place);
        }
    }
}

/// What of a job says for whom its settings are.
struct Job {
    deploys: bool,
    /// It starts stores of its own, which end with it.
    services: bool,
}

fn literals(reading: &mut Reading, path: &str, bytes: &[u8], job: &Job, place: &Json) {
    for (name, value) in environment(place.get("env")) {
        let passing = !job.deploys && (job.services || is_published(&value) || is_word_for_loopback(&value));
        let for_development = passing || named_for(path) == Some(Purpose::Development);
        let line = line_of(bytes, 1, &[&name]);
        reading.literal_for(Seen::new(for_development), "workflow", path, line, &name, &value);
    }
}

/// A store of the machine that runs the job, with a password that is a word.
fn is_word_for_loopback(value: &str) -> bool {
    let Some((_, host)) = value.rsplit_once('@') else { return false };
    let host = host.split(['/', '?', ':']).next().unwrap_or(host);
    let secret = secret_part(value);
    secret != value
        && matches!(host, "localhost" | "127.0.0.1" | "[")
        && secret.chars().all(|c| c.is_ascii_lowercase() || matches!(c, '_' | '-'))
}

/// Names of secrets that the texts of a job take from the store. The token that every job is given is none of them.
fn taken(at: &Json, depth: usize) -> Vec<String> {
    if depth > DEPTH_MAX {
        return Vec::new();
    }
    match at {
        Json::String(text) => names(text),
        Json::Array(items) => items.iter().flat_map(|item| taken(item, depth + 1)).collect(),
        Json::Object(map) => {
            let inherited = depth == 0 && text(at, &["secrets"]) == Some("inherit");
            let inherited = inherited.then(|| "inherit".to_owned());
            inherited.into_iter().chain(map.values().flat_map(|value| taken(value, depth + 1))).collect()
        }
        Json::Null | Json::Bool(_) | Json::Number(_) => Vec::new(),
    }
}

fn names(text: &str) -> Vec<String> {
    static PATTERN: OnceLock<Option<Regex>> = OnceLock::new();
    let pattern = PATTERN
        .get_or_init(|| Regex::new(r#"\bsecrets(?:\.|\[\s*['"])([A-Za-z_][A-Za-z0-9_]*)"#).ok())
        .as_ref();
    // A script is one text, with comments of its own.
    let lines = text.lines().filter(|line| !line.trim_start().starts_with('#'));
    lines
        .flat_map(|line| line.split("${{").skip(1).filter_map(|rest| rest.split_once("}}")))
        .flat_map(|(inside, _)| pattern.into_iter().flat_map(|pattern| pattern.captures_iter(inside)))
        .filter_map(|found| found.get(1).map(|name| name.as_str().to_owned()))
        .filter(|name| !name.eq_ignore_ascii_case("github_token"))
        .collect()
}

/// The line of a secret, past comments that name it as well.
fn line(bytes: &[u8], name: &str) -> u64 {
    let named = |line: &&[u8]| {
        !line.trim_ascii_start().starts_with(b"#")
            && memmem::find(line, b"secrets").is_some()
            && memmem::find(line, name.as_bytes()).is_some()
    };
    (1..)
        .zip(bytes.split(|byte| *byte == b'\n'))
        .find(|(_, line)| named(line))
        .map_or(1, |(number, _)| number)
}
