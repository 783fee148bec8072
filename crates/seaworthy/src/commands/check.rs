//! `seaworthy check`: looks, judges, decides, keeps, prints.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use chrono::Utc;
use seaworthy_core::catalog::{Catalog, Matrix, Requirement, compile, lint};
use seaworthy_core::consent::Consent;
use seaworthy_core::gate::{Decision, Waiver, WaiverFaultKind};
use seaworthy_core::judge::DocumentError;
use seaworthy_core::limits::FACTS_BYTES_MAX;
use seaworthy_core::manifest::GateSpec;
use seaworthy_core::run::{RUN_VERSION, Run};
use seaworthy_probes::registry::facts_schema;
use seaworthy_report::visible;
use serde_json::Value as Json;

use super::print;
use crate::builtin;
use crate::cli::Check;
use crate::exit::Wrong;
use crate::folder;
use crate::run::ledger::{Said, Source};
use crate::run::look::{Looked, look};
use crate::run::subject::Subject;
use crate::run::whole::{self, Frame, Wanted};
use crate::run::{keeping, next, progress, subject};

/// Carries out a check.
pub(super) async fn run(check: &Check) -> anyhow::Result<ExitCode> {
    let catalog = catalog_with(&check.pack)?;
    let wanted = wanted(&catalog, &check.only)?;
    let (run, kept_in) = match &check.from {
        Some(file) => (again(&catalog, &wanted, file)?, None),
        None => {
            let (run, repo) = live(check, &catalog, &wanted).await?;
            let place = keeping::place(check.keep.store.as_deref(), repo.as_deref());
            (run, (!check.no_keep).then_some(place))
        }
    };
    // Kept before it is shown: what was printed can be found again.
    let kept = match &kept_in {
        Some(place) => Some(keeping::keep(&run, place).await.map(|_| place.display().to_string())),
        None => None,
    };
    let (shown, failed) = match kept.transpose() {
        Ok(shown) => (shown, None),
        Err(error) => (None, Some(error)),
    };
    print::run(&run, &check.print, run.started_at, shown)?;
    if let Some(error) = failed {
        return Err(error.into());
    }
    Ok(ExitCode::from(run.decision.headline.exit_code()))
}

async fn live(check: &Check, catalog: &Catalog, wanted: &Wanted) -> anyhow::Result<(Run, Option<PathBuf>)> {
    let at = Utc::now();
    let began = Instant::now();
    let subject = subject::of(check, at)?;
    let said = said(check, &subject).await?;
    let waivers = said.as_ref().map(|said| said.waivers(at)).unwrap_or_default();
    let progress = progress::Progress::start();
    let mut looked = look(&subject.ask, None, &|event| progress.tell(event)).await;
    if let Some(said) = said {
        said.fill(&mut looked, at).await;
    }
    progress.end();
    let frame = Frame {
        next: next::steps(&subject, &looked.facts),
        service: subject.service,
        environment: subject.environment,
        target: subject.target,
        consent: subject.ask.consent,
        gate: subject.gate,
        manifest: subject.manifest,
        waivers,
        at,
        took_ms: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
    };
    Ok((whole::run(frame, looked, catalog, wanted)?, subject.repo))
}

/// What people said of what is checked. Where the manifest names nobody, nobody can.
async fn said(check: &Check, subject: &Subject) -> anyhow::Result<Option<Said>> {
    if subject.manifest.is_none() || subject.people.is_empty() {
        return Ok(None);
    }
    let folder = subject.repo.clone().unwrap_or_else(|| PathBuf::from("."));
    let source = Source {
        store: keeping::place(check.keep.store.as_deref(), Some(&folder)),
        folder,
        service: subject.service.clone(),
        environment: subject.environment.clone(),
        people: subject.people.clone(),
        gate: subject.gate.clone(),
    };
    source.read().await.map(Some)
}

/// The waivers that a recorded run was decided with.
fn waivers_in(decision: &Decision) -> Vec<Waiver> {
    let good = decision.waived.iter().map(|says| Waiver { says: says.clone(), fault: None });
    let faulty = decision.waiver_faults.iter().map(|fault| Waiver {
        says: fault.waiver.clone(),
        fault: (fault.kind == WaiverFaultKind::Invalid).then(|| fault.why.clone()),
    });
    good.chain(faulty).collect()
}

/// Judges saved facts again. The time of judging is when they were seen, so the verdicts are those of then.
fn again(catalog: &Catalog, wanted: &Wanted, file: &Path) -> anyhow::Result<Run> {
    let saved = read_json(file)?;
    let no_facts =
        |error: DocumentError| Wrong::error(error.to_string(), "give a facts document or a run in JSON");
    if saved.get("facts").is_none() || saved.get("version").is_none() {
        let frame = Frame {
            service: "saved facts".to_owned(),
            environment: None,
            target: file.display().to_string(),
            consent: Consent::Observe,
            gate: GateSpec::default(),
            manifest: None,
            waivers: Vec::new(),
            next: Vec::new(),
            at: Utc::now(),
            took_ms: 0,
        };
        let looked = Looked { facts: saved, provenance: Vec::new() };
        return whole::run(frame, looked, catalog, wanted).map_err(no_facts);
    }
    let old: Run = serde_json::from_value(saved).map_err(|error| {
        Wrong::error(
            format!("{} is not a run of version {RUN_VERSION}: {error}", file.display()),
            "`seaworthy check --format json` writes one",
        )
    })?;
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
    let looked = Looked { facts: old.facts, provenance: old.provenance };
    whole::run(frame, looked, catalog, wanted).map_err(no_facts)
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

fn wanted(catalog: &Catalog, only: &[String]) -> anyhow::Result<Wanted> {
    for name in only {
        let known = catalog.iter().any(|have| have.spec.id == *name || have.spec.area == *name);
        if !known {
            return Err(Wrong::error(
                format!("the catalog has no requirement and no area `{name}`"),
                "`seaworthy catalog list` lists them",
            ));
        }
    }
    Ok(Wanted(only.to_vec()))
}

/// One requirement, built in or of a pack.
pub(super) fn requirement(id: &str, packs: &[PathBuf]) -> anyhow::Result<Requirement> {
    let found = match builtin::requirement(id)? {
        None if !packs.is_empty() => catalog_with(packs)?.get(id).map(|found| found.spec.clone()),
        found => found,
    };
    found.ok_or_else(|| {
        Wrong::error(
            format!("the catalog has no requirement `{}`", visible(id)),
            "`seaworthy catalog list` lists them; `--pack DIR` adds those of a pack",
        )
    })
}

/// The built-in catalog and what the packs add. A pack that the lint would complain about is refused: it could pass
/// without looking at anything.
fn catalog_with(packs: &[PathBuf]) -> anyhow::Result<Catalog> {
    let mut catalog = builtin::catalog()?;
    let schema = if packs.is_empty() { Json::Null } else { facts_schema() };
    for pack in packs {
        for (file, text) in folder::files_in(pack)? {
            let refused = |why: String| Wrong::error(why, "`seaworthy catalog lint --dir` tells all of it");
            let requirement = compile(&file, &text, &Matrix::default())
                .map_err(|error| refused(format!("{:#}", anyhow::Error::from(error))))?;
            if let Some(complaint) = lint(&requirement, &file, &schema).first() {
                return Err(refused(format!("{}: {}", complaint.file, complaint.what)));
            }
            catalog.add(requirement, &file).map_err(|error| {
                Wrong::error(error.to_string(), "a pack adds requirements and never replaces one")
            })?;
        }
    }
    Ok(catalog)
}
