//! `seaworthy check --from FILE`: judges saved facts again, offline. Nothing is looked at and nothing is kept.

use std::io::Read;
use std::path::Path;
use std::process::ExitCode;

use chrono::{DateTime, TimeDelta, Utc};
use seaworthy_core::catalog::Catalog;
use seaworthy_core::consent::Consent;
use seaworthy_core::finding::Verdict;
use seaworthy_core::gate::{Decision, Headline, Waiver};
use seaworthy_core::limits::FACTS_BYTES_MAX;
use seaworthy_core::manifest::GateSpec;
use seaworthy_core::run::{RUN_VERSION, Run};
use seaworthy_core::statement::attested_until;
use seaworthy_probes::registry::KINDS;
use serde_json::Value as Json;

use super::print;
use crate::cli::Print;
use crate::exit::Wrong;
use crate::run::look::Looked;
use crate::run::whole::{self, Frame, Wanted};

/// How far ahead of this machine the clock of the one that looked may be, in minutes.
const AHEAD_MINUTES_MAX: i64 = 5;
/// What a recorded waiver is worth: its signature stands in the ledger of its store, not in the run.
const NOT_CHECKED: &str = "it stands in a file, where its signature cannot be checked";

/// Carries out the command. The time of judging is when the facts were seen, so the verdicts are those of then; a GO that
/// rests on what is too old by now, or on facts of no known time, ends with the exit code of UNDECIDED.
pub(super) fn run(
    catalog: &Catalog,
    wanted: &Wanted,
    file: &Path,
    options: &Print,
) -> anyhow::Result<ExitCode> {
    let now = Utc::now();
    let saved = read_json(file)?;
    let whole = saved.get("facts").is_some() && saved.get("version").is_some();
    let (frame, looked) = if whole { of_run(file, saved, now)? } else { of_facts(file, saved, now)? };
    let run = whole::run(frame, looked, catalog, wanted)
        .map_err(|error| Wrong::error(error.to_string(), "give a facts document or a run in JSON"))?;
    print::run(&run, options, now, None)?;
    let goes = matches!(run.decision.headline, Headline::Go | Headline::ConditionalGo);
    match too_old(&run, whole, now).filter(|_| goes) {
        Some(why) => {
            print::note(&format!("note: judged from a file; {why}, so this lets nothing through today"));
            Ok(ExitCode::from(Headline::Undecided.exit_code()))
        }
        None => Ok(ExitCode::from(run.decision.headline.exit_code())),
    }
}

/// Why what passed then need not be so now.
fn too_old(run: &Run, whole: bool, now: DateTime<Utc>) -> Option<String> {
    if !whole {
        return Some(
            "when these facts were seen is not said (`seaworthy check --format json` says it)".to_owned(),
        );
    }
    let decided = |verdict: Verdict| matches!(verdict, Verdict::Pass | Verdict::NotApplicable);
    let old = run.findings.iter().filter(|finding| decided(finding.verdict) && finding.fresh_until < now);
    let count = old.count() + attested_until(run).filter(|until| *until < now).count();
    let when = run.started_at.format("%Y-%m-%d %H:%M");
    (count > 0).then(|| {
        format!("it was seen on {when} UTC, and {count} of what was decided must be seen again by now")
    })
}

fn of_facts(file: &Path, saved: Json, now: DateTime<Utc>) -> anyhow::Result<(Frame, Looked)> {
    let known = |name: &String| KINDS.iter().any(|kind| kind.name == name);
    let sections = saved.as_object();
    if !sections.is_some_and(|sections| !sections.is_empty() && sections.keys().all(known)) {
        return Err(Wrong::error(
            format!("{} holds neither a run nor facts", file.display()),
            "give a run or its `facts`, as `seaworthy check --format json` writes them",
        ));
    }
    let frame = Frame {
        service: "saved facts".to_owned(),
        environment: None,
        target: file.display().to_string(),
        consent: Consent::Observe,
        gate: GateSpec::default(),
        manifest: None,
        waivers: Vec::new(),
        next: Vec::new(),
        at: now,
        took_ms: 0,
    };
    Ok((frame, Looked { facts: saved, provenance: Vec::new() }))
}

fn of_run(file: &Path, saved: Json, now: DateTime<Utc>) -> anyhow::Result<(Frame, Looked)> {
    let old: Run = serde_json::from_value(saved).map_err(|error| {
        Wrong::error(
            format!("{} is not a run of version {RUN_VERSION}: {error}", file.display()),
            "`seaworthy check --format json` writes one",
        )
    })?;
    if old.started_at > now + TimeDelta::minutes(AHEAD_MINUTES_MAX) {
        return Err(Wrong::error(
            format!(
                "{} says that it was seen on {}, which is yet to come",
                file.display(),
                old.started_at.format("%Y-%m-%d")
            ),
            "set the clock of the machine that looked, or of this one, and look again",
        ));
    }
    let frame = Frame {
        service: old.service,
        environment: old.environment,
        target: old.target,
        consent: old.consent,
        gate: old.gate,
        manifest: old.manifest,
        waivers: waivers_in(&old.decision),
        next: old.next,
        at: old.started_at,
        took_ms: old.took_ms,
    };
    Ok((frame, Looked { facts: old.facts, provenance: old.provenance }))
}

/// The waivers that a recorded run was decided with. A file can be written by anybody, so none of them stands.
fn waivers_in(decision: &Decision) -> Vec<Waiver> {
    let good = decision.waived.iter().map(|says| (says, NOT_CHECKED.to_owned()));
    let faulty = decision.waiver_faults.iter().map(|fault| (&fault.waiver, fault.why.clone()));
    good.chain(faulty).map(|(says, why)| Waiver { says: says.clone(), fault: Some(why) }).collect()
}

fn read_json(file: &Path) -> anyhow::Result<Json> {
    let shown = file.display();
    let wrong =
        |why: String| Wrong::error(format!("could not read facts from {shown}: {why}"), "give a JSON file");
    let source: Box<dyn Read> = if file == Path::new("-") {
        Box::new(std::io::stdin())
    } else {
        Box::new(std::fs::File::open(file).map_err(|error| wrong(error.to_string()))?)
    };
    let mut bytes = Vec::new();
    source
        .take(FACTS_BYTES_MAX as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| wrong(error.to_string()))?;
    if bytes.len() > FACTS_BYTES_MAX {
        return Err(wrong(format!("it has more than {FACTS_BYTES_MAX} bytes")));
    }
    serde_json::from_slice(&bytes).map_err(|error| wrong(error.to_string()))
}
