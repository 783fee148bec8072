//! The whole catalog against servers that lie. What passes stands in `testbed/liars.snap` with a reason a line.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::time::{Duration, Instant};

use seaworthy_testbed::liars::{self, Liar};
use serde_json::Value as Json;

use crate::support::{ended, seaworthy, tree};

/// Longest that one look at a liar may take: its deadline, and what a busy machine adds.
const BOUND: Duration = Duration::from_mins(1);
const GOOD: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 5\r\n\r\nhello";

fn liars() -> Vec<(&'static str, Liar)> {
    let liars = [
        ("yes-sayer", liars::yes_sayer(r#"{"status":"healthy","ready":true,"version":"1","checks":[]}"#)),
        ("mute", liars::mute()),
        ("drip", liars::drip(GOOD)),
        ("garbage", liars::garbage()),
        ("redirect-loop", liars::redirect_loop()),
        ("closes", liars::closes_at(GOOD, 30)),
        ("huge-headers", liars::huge_headers()),
        ("endless-body", liars::endless_body()),
        ("gzip-bomb", liars::gzip_bomb()),
    ];
    liars.into_iter().map(|(name, liar)| (name, liar.expect("the liar starts"))).collect()
}

/// What may pass, as `LIAR REQUIREMENT reason`.
fn allowed() -> BTreeMap<(String, String), String> {
    let text = fs::read_to_string(tree().join("testbed/liars.snap")).expect("the list");
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| {
            let mut words = line.splitn(3, ' ');
            let mut word = || words.next().unwrap_or_default().to_owned();
            let key = (word(), word());
            let reason = word();
            assert!(reason.len() > 10, "no reason in {line:?}");
            (key, reason)
        })
        .collect()
}

/// Ids that pass on one liar, asked as a web service, PostgreSQL and Redis at once.
fn passed(name: &str, liar: &Liar) -> BTreeSet<(String, String)> {
    let here = tempfile::tempdir().expect("a folder");
    let port = liar.port();
    let manifest = format!(
        "service: {{name: liar}}\nenvironments:\n  staging:\n    consent: probe\n    repo: empty\n    \
         urls: [\"http://127.0.0.1:{port}\", \"https://127.0.0.1:{port}\"]\n    \
         rate_limit: {{requests: 5, per_seconds: 1, path: /}}\n    \
         postgres: {{url: {{env: LIAR_POSTGRES}}}}\n    redis: {{url: {{env: LIAR_REDIS}}}}\n"
    );
    fs::write(here.path().join("seaworthy.yaml"), manifest).expect("writes");
    let began = Instant::now();
    let output = seaworthy(here.path())
        .args(["check", "--env", "staging", "--deadline", "10", "--format", "json", "--no-keep"])
        .env("LIAR_POSTGRES", format!("postgres://user:canary-7f3a@127.0.0.1:{port}/db"))
        .env("LIAR_REDIS", format!("redis://user:canary-7f3a@127.0.0.1:{port}"))
        .output()
        .expect("starts");
    let ended = ended(&output);
    assert!(began.elapsed() < BOUND, "{name} held us for {:?}", began.elapsed());
    assert!(matches!(ended.code, Some(1 | 4)), "{name}: {:?} {}", ended.code, ended.err);
    assert!(
        !ended.out.contains("canary-7f3a") && !ended.err.contains("canary-7f3a"),
        "{name}: a secret is shown"
    );
    let run: Json = serde_json::from_str(&ended.out).expect("JSON");
    let findings = run["findings"].as_array().expect("findings");
    let with = |verdict: &str| findings.iter().filter(|finding| finding["verdict"] == verdict).count();
    assert_eq!(with("error"), 0, "{name}: an error of ours");
    findings
        .iter()
        .filter(|finding| finding["verdict"] == "pass")
        .map(|finding| (name.to_owned(), finding["id"].as_str().expect("an id").to_owned()))
        .collect()
}

#[test]
fn no_liar_is_believed() {
    let liars = liars();
    let found: BTreeSet<(String, String)> = std::thread::scope(|scope| {
        let looks: Vec<_> = liars.iter().map(|(name, liar)| scope.spawn(|| passed(name, liar))).collect();
        looks.into_iter().flat_map(|look| look.join().expect("looks")).collect()
    });
    let allowed: BTreeSet<(String, String)> = allowed().into_keys().collect();
    let more: Vec<_> = found.difference(&allowed).collect();
    assert!(more.is_empty(), "passed on a liar without a reason in testbed/liars.snap: {more:?}");
    let less: Vec<_> = allowed.difference(&found).collect();
    assert!(less.is_empty(), "testbed/liars.snap names what does not pass: {less:?}");
}
