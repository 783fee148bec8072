//! Realistic runs for the tests: a service with faults, a first look without configuration, a sound service,
//! and one in which every text is hostile.

pub(crate) mod hostile;

use chrono::{DateTime, Duration, TimeZone, Utc};
use seaworthy_core::catalog::{Assurance, Remedy, Severity};
use seaworthy_core::consent::Consent;
use seaworthy_core::facts::{Blind, Provenance};
use seaworthy_core::finding::{CitedFact, CitedUnseen, Finding, Verdict};
use seaworthy_core::gate::{Waived, Waiver, decide};
use seaworthy_core::manifest::GateSpec;
use seaworthy_core::run::{NextStep, RUN_VERSION, Run};
use serde_json::{Value as Json, json};

/// Id, title, area, severity, and the section of the facts that decides.
const REQUIREMENTS: &str = include_str!("requirements.tsv");

/// When the sample runs began.
pub(crate) fn start() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, 20, 14, 2, 11).single().expect("a moment")
}

/// When they are printed.
pub(crate) fn now() -> DateTime<Utc> {
    start() + Duration::seconds(190)
}

/// A service with faults, its Redis denied, without SSH to its host.
pub(crate) fn faulty() -> Run {
    let mut findings = all(|section| match section {
        "redis" => Err(unseen(
            "redis.config.appendonly",
            Blind::Denied,
            "NOPERM for user `app`",
            Some("ACL SETUSER app +config|get +info"),
        )),
        "host" => Err(unseen("host.cpus", Blind::NotGiven, NO_HOST.0, Some(NO_HOST.1))),
        _ => Ok(()),
    });
    for finding in &mut findings {
        spoil(finding);
    }
    let mut run = run("shop-api", Some("staging"), "https://staging.shop.example", findings);
    run.commit = Some("4f1c2d9e8b7a6c5d4e3f2a1b0c9d8e7f6a5b4c3d".into());
    run.detected = [
        "Node.js 20 (package.json)",
        "Express 4.19",
        "PostgreSQL 15 (compose.yaml)",
        "Redis 7 (compose.yaml)",
    ]
    .map(Into::into)
    .into();
    run.next = vec![
        NextStep {
            command: "seaworthy check --environment staging --consent probe".into(),
            sees: "how it answers bursts, large bodies and calls without credentials: 9 requirements".into(),
        },
        NextStep {
            command: "seaworthy init".into(),
            sees: "writes seaworthy.yaml, in which hosts and objectives can be named".into(),
        },
    ];
    run
}

/// A first look at a URL, without a manifest: most of it is unknown.
pub(crate) fn first_look() -> Run {
    let mut findings = all(|section| match section {
        "http" | "tls" | "dns" => Ok(()),
        "postgres" => Err(unseen(
            "postgres",
            Blind::NotGiven,
            "no PostgreSQL server was given",
            Some("--postgres env:DATABASE_URL"),
        )),
        "redis" => {
            Err(unseen("redis", Blind::NotGiven, "no Redis server was given", Some("--redis env:REDIS_URL")))
        }
        "host" => Err(unseen(
            "host",
            Blind::NotGiven,
            "no host was given",
            Some("run Seaworthy on the host with --host local"),
        )),
        _ => Err(unseen(
            "repo",
            Blind::NotGiven,
            "no repository was given",
            Some("run Seaworthy inside the repository"),
        )),
    });
    for finding in findings.iter_mut().filter(|finding| finding.id == "header-hsts") {
        spoil(finding);
    }
    let mut run = run("shop.example", None, "https://shop.example", findings);
    run.next = vec![NextStep {
        command: "seaworthy init".into(),
        sees: "a manifest in which all of this can be named".into(),
    }];
    run
}

/// A service in which everything holds.
pub(crate) fn sound() -> Run {
    run("shop-api", Some("production"), "https://shop.example", all(|_| Ok(())))
}

/// The faulty service after someone accepted two risks, with a waiver that ended and one that nothing needs.
pub(crate) fn waived() -> Run {
    let mut run = faulty();
    let waiver = |requirement: &str, days| Waiver {
        says: Waived {
            requirement: requirement.into(),
            reason: "the vendor mends it in the next release".into(),
            owner: "dev@example.com".into(),
            approver: "tech-lead@example.com".into(),
            at: start() - Duration::days(30),
            until: start() + Duration::days(days),
        },
        fault: None,
    };
    let waivers = [
        waiver("https-enforced", 20),
        waiver("redis-not-public", 20),
        waiver("header-hsts", -2),
        waiver("postgres-tuned", 20),
    ];
    run.decision = decide(&GateSpec::default(), &run.findings, &waivers, start());
    run
}

/// The waived run with `text` put around every text in it, ids included.
pub(crate) fn poisoned(text: &str) -> Run {
    let mut json = serde_json::to_value(waived()).expect("a run is JSON");
    poison(&mut json, text);
    serde_json::from_value(json).expect("only texts were changed")
}

/// Keys whose values are words of ours or moments, not texts.
const TYPED: [&str; 11] = [
    "until",
    "severity",
    "verdict",
    "assurance",
    "consent",
    "kind",
    "headline",
    "started_at",
    "at",
    "fresh_until",
    "gate",
];

fn poison(value: &mut Json, text: &str) {
    match value {
        Json::String(own) => *own = format!("{text}{own}{text}"),
        Json::Array(items) => items.iter_mut().for_each(|item| poison(item, text)),
        Json::Object(map) => {
            let texts = map.iter_mut().filter(|(key, _)| !TYPED.contains(&key.as_str()));
            texts.for_each(|(_, item)| poison(item, text));
        }
        Json::Null | Json::Bool(_) | Json::Number(_) => {}
    }
}

fn run(service: &str, environment: Option<&str>, target: &str, findings: Vec<Finding>) -> Run {
    let look = |probe: &str, target: &str, after| Provenance {
        probe: probe.into(),
        target: target.into(),
        at: start() + Duration::milliseconds(after),
        took_ms: 640,
    };
    Run {
        version: RUN_VERSION,
        id: "019aa1c2-7f00-7abc-8def-0123456789ab".into(),
        seaworthy: "0.1.0".into(),
        service: service.into(),
        environment: environment.map(Into::into),
        target: target.into(),
        consent: Consent::Observe,
        commit: None,
        started_at: start(),
        took_ms: 3_240,
        policy: "9c56cc51b374c3ba189210d5b6d4bf57790d351c96c47c02190ecf1e430635ab".into(),
        manifest: None,
        gate: GateSpec::default(),
        only: Vec::new(),
        decision: decide(&GateSpec::default(), &findings, &[], start()),
        findings,
        provenance: vec![
            look("http", target, 1_000),
            look("tls", "shop.example:443", 1_020),
            look("postgres", "postgres://db.shop.example/shop", 1_100),
        ],
        next: Vec::new(),
        detected: Vec::new(),
        facts: json!({"http": {"status": 200}}),
    }
}

/// Every requirement, passed where its section was seen.
fn all(seen: impl Fn(&str) -> Result<(), CitedUnseen>) -> Vec<Finding> {
    let rows = REQUIREMENTS.lines().map(|line| line.split('\t').collect::<Vec<_>>());
    rows.map(|row| finding(&row, seen(row[4]).err())).collect()
}

/// A requirement that holds and should be better, and what is told of it.
const WARNED: (&str, &str) =
    ("hosting-provisioned", "local is enough to begin with; 4 processors and 8 GB are recommended");

fn finding(row: &[&str], unseen: Option<CitedUnseen>) -> Finding {
    let blind = unseen.is_some();
    Finding {
        id: row[0].into(),
        title: row[1].into(),
        area: row[2].into(),
        severity: match row[3] {
            "critical" => Severity::Critical,
            "important" => Severity::Important,
            _ => Severity::Nice,
        },
        verdict: if blind { Verdict::Unknown } else { Verdict::Pass },
        assurance: (!blind).then_some(Assurance::Behaviour),
        seen: if blind { Vec::new() } else { vec![format!("{}, as seen on 4 pages", row[1])] },
        more: 0,
        wanted: row[1].into(),
        by_hand: if blind {
            Vec::new()
        } else {
            vec![format!("curl -sI https://shop.example/ # {}", row[0])]
        },
        facts: if blind {
            Vec::new()
        } else {
            vec![CitedFact { path: format!("facts.{}.status", row[4]), value: "200".into() }]
        },
        unseen: unseen.into_iter().collect(),
        warnings: if row[0] == WARNED.0 && !blind { vec![WARNED.1.into()] } else { Vec::new() },
        hint: None,
        remedy: Remedy {
            text: format!("See to it that this holds: {}.", row[1].to_lowercase()),
            snippet: None,
        },
        proven: row[3] != "nice",
        fresh_until: start() + Duration::days(7),
    }
}

fn unseen(path: &str, kind: Blind, why: &str, give: Option<&str>) -> CitedUnseen {
    CitedUnseen { path: format!("facts.{path}"), kind, why: why.into(), give: give.map(Into::into) }
}

/// A finding that failed: id, what was seen, what was wanted, by hand, what to do, text to copy.
type Failed =
    (&'static str, &'static [&'static str], &'static str, &'static str, &'static str, Option<&'static str>);

const FAILED: [Failed; 6] = [
    (
        "https-enforced",
        &[
            "http://staging.shop.example/login answered 200 without a redirect",
            "http://staging.shop.example/ answered 200 without a redirect",
        ],
        "every plain request is answered by 301 or 308 to the same path over https",
        "curl -sI http://staging.shop.example/login",
        "Answer every plain request with a permanent redirect, in the server block that listens on port 80.",
        Some(
            "server {\n    listen 80;\n    listen [::]:80;\n    server_name staging.shop.example;\n    return 308 https://$host$request_uri;\n}\n",
        ),
    ),
    (
        "header-hsts",
        &["https://shop.example/ sent `Strict-Transport-Security: max-age=300`"],
        "max-age of at least 31536000 with includeSubDomains",
        "curl -sI https://shop.example/",
        "Send the header on every answer over https.",
        Some("add_header Strict-Transport-Security \"max-age=31536000; includeSubDomains\" always;"),
    ),
    (
        "db-superuser-restricted",
        &["role `shop` can log in and is a superuser", "role `etl` can log in and is a superuser"],
        "only `postgres` over the local socket is a superuser that can log in",
        "psql \"$DATABASE_URL\" -c 'SELECT rolname FROM pg_catalog.pg_roles WHERE rolsuper AND rolcanlogin'",
        "Take the right away from every role the application uses.",
        Some("ALTER ROLE shop NOSUPERUSER;\nALTER ROLE etl NOSUPERUSER;"),
    ),
    (
        "header-csp",
        &["https://staging.shop.example/ sent no Content-Security-Policy"],
        "default-src 'self' or stricter",
        "curl -sI https://staging.shop.example/",
        "Send a policy.",
        None,
    ),
    (
        "header-permissions-policy",
        &["no Permissions-Policy on 4 pages"],
        "geolocation=() and microphone=()",
        "curl -sI https://staging.shop.example/",
        "Send the header.",
        None,
    ),
    (
        "response-compression",
        &["/assets/app.js (418 kB) was sent without Content-Encoding"],
        "gzip or br on every text above 1 kB",
        "curl -sI -H 'Accept-Encoding: br, gzip' https://staging.shop.example/assets/app.js",
        "Compress texts.",
        None,
    ),
];

/// Makes some findings what they are when things are not in order.
fn spoil(finding: &mut Finding) {
    if let Some((_, seen, wanted, by_hand, text, snippet)) = FAILED.iter().find(|row| row.0 == finding.id) {
        finding.verdict = Verdict::Fail;
        finding.seen = seen.iter().map(ToString::to_string).collect();
        finding.more = if finding.id == "db-superuser-restricted" { 3 } else { 0 };
        finding.wanted = (*wanted).into();
        finding.by_hand = vec![(*by_hand).into()];
        finding.remedy = Remedy { text: (*text).into(), snippet: snippet.map(Into::into) };
    }
    match finding.id.as_str() {
        "rate-limiting-enforced" => {
            undecided(finding, Verdict::Unknown);
            finding.hint = Some("`express-rate-limit` is a dependency; give a URL to see it work".into());
            let why = "a burst of requests needs consent `probe`";
            finding.unseen = vec![unseen("http.burst", Blind::Consent, why, Some("--consent probe"))];
        }
        "tls-configuration-strong" => {
            undecided(finding, Verdict::Error);
            finding.seen = vec!["`facts.tls.suites.all(s, s.strong)`: no such overload".into()];
        }
        "license-compliance" | "time-synchronised" => {
            undecided(finding, Verdict::NotApplicable);
            finding.unseen.clear();
            finding.seen = vec!["facts.repo.dependencies is empty".into()];
        }
        "production-mode-set" => {
            undecided(finding, Verdict::Unknown);
            let host = unseen("host.processes", Blind::NotGiven, NO_HOST.0, Some(NO_HOST.1));
            let why = "no answer from staging.shop.example:443 within 5 s";
            finding.unseen = vec![unseen("http.errors", Blind::Timeout, why, None), host];
        }
        _ => {}
    }
}

/// Why the host of the faulty service is not seen, and what to give.
const NO_HOST: (&str, &str) =
    ("no host was given", "add `hosts: [local]` to the environment, or run Seaworthy on the host");

fn undecided(finding: &mut Finding, verdict: Verdict) {
    finding.verdict = verdict;
    finding.seen.clear();
    finding.assurance = None;
}
