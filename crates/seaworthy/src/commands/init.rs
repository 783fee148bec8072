//! `seaworthy init`: writes a commented manifest from what the repository holds.

use std::fmt::Write as _;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use chrono::Utc;
use seaworthy_core::consent::Consent;
use seaworthy_core::facts::unwrapped;
use seaworthy_core::limits::Limits;
use seaworthy_core::manifest::{Environment, FILE_NAME, Manifest};
use seaworthy_probes::ask::Ask;
use seaworthy_probes::repo::{POSTGRES_VARIABLES, REDIS_VARIABLES};
use serde_json::Value as Json;

use super::print;
use crate::cli::Init;
use crate::exit::Wrong;
use crate::run::{look, next, secrets};

/// Carries out the command.
pub(super) async fn run(init: &Init) -> anyhow::Result<ExitCode> {
    let folder = init.path.as_deref().unwrap_or(Path::new("."));
    if !folder.is_dir() {
        // A URL may hold a password, so it is not repeated.
        let shown = folder.display().to_string();
        let what = if shown.contains("://") { "a URL".to_owned() } else { format!("`{shown}`") };
        return Err(Wrong::error(format!("{what} is not a folder"), "give a repository's folder"));
    }
    let file = folder.join(FILE_NAME);
    let ask = Ask {
        commanded: false,
        environment: Environment { repo: Some(".".to_owned()), ..Environment::default() },
        base: folder.to_owned(),
        consent: Consent::Observe,
        limits: Limits::default(),
        now: Utc::now(),
        secrets: secrets::of_this_process(folder),
    };
    let facts = look::look(&ask, Some(&["repo"]), &|_| ()).await.facts;
    let name =
        folder.canonicalize().ok().and_then(|path| Some(path.file_name()?.to_string_lossy().into_owned()));
    let text = manifest(&name.unwrap_or_else(|| "service".to_owned()), &facts, folder);
    Manifest::parse(FILE_NAME, &text).context("the manifest that was about to be written is not one")?;
    write(&file, &text, init.force)?;
    let mut told = format!("wrote {}\n", seaworthy_report::visible(&file.display().to_string()));
    for line in next::detected(&facts) {
        writeln!(told, "  found {}", seaworthy_report::visible(&line))?;
    }
    told += "next: fill in the URL, then `seaworthy check --env staging`\n";
    print::text(&told)?;
    Ok(ExitCode::SUCCESS)
}

fn write(file: &Path, text: &str, force: bool) -> anyhow::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    if !force {
        options.create_new(true);
    }
    let mut open = options.open(file).map_err(|error| {
        if error.kind() == std::io::ErrorKind::AlreadyExists {
            return Wrong::error(format!("`{}` is there already", file.display()), "`--force` replaces it");
        }
        let what = format!("could not write `{}`: {error}", file.display());
        Wrong::error(what, "give a folder that can be written")
    })?;
    open.write_all(text.as_bytes()).with_context(|| format!("{} was not written whole", file.display()))
}

/// The text of a manifest. Values from the repository are quoted as JSON strings, which YAML reads as they are.
fn manifest(name: &str, facts: &Json, folder: &Path) -> String {
    let quoted = |text: &str| Json::from(text).to_string();
    let used = |store: &str| {
        let uses = facts.pointer(&format!("/repo/stack/uses_{store}")).map(unwrapped);
        uses.and_then(|uses| uses.get("used")?.as_bool())
    };
    let first = |path: &str| {
        let found = facts.pointer(path).map(unwrapped).and_then(Json::as_array).and_then(|all| all.first());
        found.and_then(|first| first.get("path").unwrap_or(first).as_str()).map(str::to_owned)
    };
    let mut text = String::from(
        "# What Seaworthy should look at. Everything but the name is optional; secrets stand here only by reference.\n",
    );
    text +=
        &format!("service:\n  name: {}\n  # owner: team-name\n  # tier: 1\n\nenvironments:\n", quoted(name));
    text += "  staging:\n    # observe reads only; probe also sends a bounded number of harmless requests, which some requirements need.\n    consent: observe\n";
    text += "    # urls: [https://staging.example.com]\n";
    text += "    # deployed: 1.4.2                         # version or commit that should run; else the one checked out\n";
    match first("/repo/stack/openapi") {
        Some(openapi) => text += &format!("    openapi: {}\n", quoted(&openapi)),
        None => text += "    # openapi: ./openapi.yaml\n",
    }
    text += "    # endpoints: {health: /health, readiness: /health/ready, metrics: http://127.0.0.1:9100/metrics}\n";
    text += "    # logs: [/var/log/my-service/app.log]        # on this machine; must have the request id of an error\n";
    text += "    # cors_origins: [https://app.example.com]\n    # rate_limit: {requests: 100, per_seconds: 60, path: /api/links}\n";
    text += "    # public: [\"GET /\", \"/assets/*\"]          # open to everyone on purpose\n";
    text += &documents(folder);
    text += &store("postgres", variable(facts, &POSTGRES_VARIABLES), used("postgres") == Some(true));
    text += &store("redis", variable(facts, &REDIS_VARIABLES), used("redis") == Some(true));
    text += "    # where that URL is of a role that only looks: `application_role: NAME` under postgres, `application_user: NAME` under redis\n";
    text += "    # dns: {names: [staging.example.com], addresses: [203.0.113.10]}\n";
    let unit = first("/repo/stack/systemd_units").and_then(|path| Some(path.rsplit('/').next()?.to_owned()));
    let unit =
        unit.filter(|unit| unit.ends_with(".service")).unwrap_or_else(|| "my-service.service".to_owned());
    text += &format!("    # hosts: [{{service: {}}}]    # this machine\n\n", quoted(&unit));
    text += "# gate: {important_percent: 90, unknown: counts-as-fail}\n";
    text
}

/// The one of the names that a template of an environment file declares; else the usual one.
fn variable(facts: &Json, known: &[&'static str]) -> &'static str {
    let declared = facts.pointer("/repo/settings/declared").map(unwrapped).and_then(Json::as_array);
    let names: Vec<&str> =
        declared.into_iter().flatten().filter_map(|entry| entry.get("name")?.as_str()).collect();
    let found = known.iter().find(|name| names.contains(name));
    found.or(known.first()).copied().unwrap_or_default()
}

/// Documents by the names that they usually have, as far as they are there.
fn documents(folder: &Path) -> String {
    const USUAL: [(&str, &[&str]); 3] = [
        ("runbook", &["docs/runbook.md", "RUNBOOK.md", "runbook.md", "docs/RUNBOOK.md"]),
        (
            "incident-response-plan",
            &["docs/incidents.md", "docs/incident-response.md", "docs/incident-response-plan.md"],
        ),
        ("breach-notification", &["docs/breach.md", "docs/breach-notification.md"]),
    ];
    let there = |paths: &&[&'static str]| paths.iter().find(|path| folder.join(path).is_file()).copied();
    let found: Vec<String> =
        USUAL.iter().filter_map(|(kind, paths)| Some(format!("{kind}: {}", there(paths)?))).collect();
    if found.is_empty() {
        let all: Vec<String> = USUAL.iter().map(|(kind, paths)| format!("{kind}: {}", paths[0])).collect();
        return format!("    # documents: {{{}}}\n", all.join(", "));
    }
    format!("    documents: {{{}}}\n", found.join(", "))
}

fn store(name: &str, variable: &str, used: bool) -> String {
    let mark = if used { "" } else { "# " };
    format!("    {mark}{name}: {{url: {{env: {variable}}}}}\n")
}
