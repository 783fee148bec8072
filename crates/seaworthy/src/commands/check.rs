//! `seaworthy check`: looks, judges, decides, keeps, prints.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use chrono::Utc;
use seaworthy_core::catalog::{Catalog, Matrix, Requirement, compile, lint};
use seaworthy_core::run::Run;
use seaworthy_probes::registry::facts_schema;
use seaworthy_report::visible;
use serde_json::Value as Json;

use super::{again, print};
use crate::builtin;
use crate::cli::Check;
use crate::exit::Wrong;
use crate::folder;
use crate::run::ledger::{Said, Source};
use crate::run::look::look;
use crate::run::subject::Subject;
use crate::run::whole::{self, Frame, Wanted};
use crate::run::{keeping, next, progress, subject};

/// Carries out a check.
pub(super) async fn run(check: &Check) -> anyhow::Result<ExitCode> {
    let catalog = catalog_with(&check.pack)?;
    let wanted = wanted(&catalog, &check.only)?;
    if let Some(file) = &check.from {
        return again::run(&catalog, &wanted, file, &check.print);
    }
    let (run, repo) = live(check, &catalog, &wanted).await?;
    // Kept before it is shown: what was printed can be found again.
    let kept = if check.no_keep {
        None
    } else {
        Some(keeping::keep_somewhere(&run, check.keep.store.as_deref(), repo.as_deref()).await)
    };
    let kept = kept.map(|kept| kept.map(|place| place.display().to_string()));
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
