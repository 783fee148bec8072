//! The whole catalog against servers that lie. What passes stands in `testbed/liars.snap` with a reason a line.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant};

use seaworthy_testbed::liars::{self, Empty, Liar};
use serde_json::Value as Json;

use crate::support::{ended, identity, seaworthy, tree};

/// Longest that one look at a liar may take: its deadline, and what a busy machine adds.
const BOUND: Duration = Duration::from_mins(1);
const GOOD: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 5\r\n\r\nhello";

/// How a liar is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    /// At its `http://` URL, as PostgreSQL and as Redis.
    Plain,
    /// At its `https://` URL, with a certificate that is trusted.
    Tls,
}

fn liars() -> Vec<(&'static str, Liar)> {
    let json = r#"{"status":"healthy","ready":true,"version":"1","checks":[]}"#;
    let liars = [
        ("yes-sayer", liars::yes_sayer(json)),
        ("always-fails", liars::always_fails()),
        ("mute", liars::mute()),
        ("drip", liars::drip(GOOD)),
        ("garbage", liars::garbage()),
        ("redirect-loop", liars::redirect_loop()),
        ("redirect-to-https", liars::redirect_to_https()),
        ("closes", liars::closes_at(GOOD, 30)),
        ("huge-headers", liars::huge_headers()),
        ("endless-body", liars::endless_body()),
        ("gzip-bomb", liars::gzip_bomb()),
        ("ok-to-everything", liars::says("+OK\r\n")),
        ("postgres-mute", liars::lets_everyone_in(Empty::Mute)),
        ("postgres-no-rows", liars::lets_everyone_in(Empty::NoRows)),
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

/// The manifest and the words of a look at one liar.
fn manifest(asked: Asked, port: u16) -> String {
    let (url, more) = match asked {
        Asked::Plain => (
            format!("http://127.0.0.1:{port}"),
            "postgres: {url: {env: LIAR_POSTGRES}}\n    redis: {url: {env: LIAR_REDIS}}\n",
        ),
        Asked::Tls => (format!("https://127.0.0.1:{port}"), "ca: ca.pem\n"),
    };
    format!(
        "service: {{name: liar}}\nenvironments:\n  staging:\n    consent: probe\n    repo: empty\n    \
         urls: [\"{url}\"]\n    rate_limit: {{requests: 5, per_seconds: 1, path: /}}\n    {more}"
    )
}

/// Ids that pass on one liar.
fn passed(name: &str, liar: &Liar, asked: Asked, ca: &[u8]) -> BTreeSet<(String, String)> {
    let here = tempfile::tempdir().expect("a folder");
    let port = liar.port();
    fs::write(here.path().join("seaworthy.yaml"), manifest(asked, port)).expect("writes");
    fs::write(here.path().join("ca.pem"), ca).expect("writes");
    let name = match asked {
        Asked::Plain => name.to_owned(),
        Asked::Tls => format!("{name}-tls"),
    };
    let began = Instant::now();
    let output = seaworthy(here.path())
        .args(["check", "--env", "staging", "--deadline", "10", "--format", "json", "--no-keep"])
        .env("SEAWORTHY_CA", here.path().join("ca.pem"))
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
        .map(|finding| (name.clone(), finding["id"].as_str().expect("an id").to_owned()))
        .collect()
}

#[test]
fn no_liar_is_believed() {
    let folder = tempfile::tempdir().expect("a folder");
    let (chain, key) = identity(folder.path());
    // One liar at a time under one way of asking; each is asked in clear by some and over TLS by others.
    let found: BTreeSet<(String, String)> = std::thread::scope(|scope| {
        let looks: Vec<_> = liars()
            .into_iter()
            .flat_map(|(name, liar)| {
                let liar = Arc::new(liar.with_tls(&chain, &key).expect("an identity"));
                [Asked::Plain, Asked::Tls].map(|asked| (name, Arc::clone(&liar), asked))
            })
            .map(|(name, liar, asked)| {
                let chain = &chain;
                scope.spawn(move || passed(name, &liar, asked, chain))
            })
            .collect();
        looks.into_iter().flat_map(|look| look.join().expect("looks")).collect()
    });
    let allowed = allowed();
    let all_over_tls = |name: &str| name.ends_with("-tls").then(|| "*-tls".to_owned());
    let may = |(name, id): &(String, String)| {
        let names = [Some(name.clone()), all_over_tls(name)];
        names.into_iter().flatten().map(|name| (name, id.clone())).find(|key| allowed.contains_key(key))
    };
    let more: Vec<_> = found.iter().filter(|passed| may(passed).is_none()).collect();
    assert!(more.is_empty(), "passed on a liar without a reason in testbed/liars.snap: {more:?}");
    let used: BTreeSet<_> = found.iter().filter_map(may).collect();
    let less: Vec<_> = allowed.keys().filter(|key| !used.contains(*key)).collect();
    assert!(less.is_empty(), "testbed/liars.snap names what does not pass: {less:?}");
}
