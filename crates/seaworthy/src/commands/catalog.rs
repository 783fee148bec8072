//! `seaworthy catalog …`: lists, lints, proves, covers.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

use seaworthy_core::catalog::{Catalog, CompiledRequirement, Complaint, compile, lint};
use seaworthy_probes::registry::facts_schema;
use serde_json::{Value as Json, json};

use super::print;
use crate::builtin;
use crate::cli::{CatalogCommand, ListFormat};
use crate::exit::Wrong;
use crate::folder;

/// Carries out a command on the catalog.
pub(super) async fn run(command: CatalogCommand) -> anyhow::Result<ExitCode> {
    match command {
        CatalogCommand::List { format } => list(format),
        CatalogCommand::Lint { dir, format } => lint_all(dir.as_deref(), format),
        CatalogCommand::Prove(prove) => crate::prove::run(&prove).await,
        CatalogCommand::Coverage { requirements, format } => coverage(requirements.as_deref(), format),
    }
}

/// One requirement as `catalog list --format json` gives it.
pub(crate) fn listed(requirement: &CompiledRequirement) -> Json {
    let spec = &requirement.spec;
    let checks: Vec<Json> = spec
        .checks
        .iter()
        .map(|check| json!({"assurance": check.assurance, "consent": check.consent, "wants": check.wants}))
        .collect();
    let proof = requirement.proof().map(|proof| {
        json!({"sound": proof.sound, "sabotage": proof.sabotage, "seen": proof.seen, "away": "unknown"})
    });
    json!({
        "id": spec.id, "title": spec.title, "area": spec.area, "severity": spec.severity, "seeds": spec.seeds,
        "least": spec.least, "checks": checks, "fresh_for": spec.fresh_for, "proof": proof,
    })
}

fn list(format: ListFormat) -> anyhow::Result<ExitCode> {
    let catalog = builtin::catalog()?;
    match format {
        ListFormat::Json => {
            let all: Vec<Json> = catalog.iter().map(listed).collect();
            print::json(&json!({"version": 1, "requirements": all}))?;
        }
        ListFormat::Terminal => {
            print::text(&seaworthy_report::terminal::catalog(&catalog, &print::style()))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn lint_all(dir: Option<&Path>, format: ListFormat) -> anyhow::Result<ExitCode> {
    let files: Vec<(String, String)> = match dir {
        Some(dir) => folder::files_in(dir)?,
        None => builtin::files().into_iter().map(|(path, text)| (path, text.to_owned())).collect(),
    };
    let schema = facts_schema();
    let matrix = builtin::matrix()?;
    let mut complaints = Vec::new();
    for (file, text) in &files {
        match compile(file, text, &matrix) {
            Ok(requirement) => complaints.extend(lint(&requirement, file, &schema)),
            Err(error) => {
                let what = format!("{:#}", anyhow::Error::from(error));
                complaints.push(Complaint { file: file.clone(), what });
            }
        }
    }
    match format {
        ListFormat::Json => {
            let all: Vec<Json> = complaints.iter().map(|c| json!({"file": c.file, "what": c.what})).collect();
            print::json(&json!({"version": 1, "files": files.len(), "complaints": all}))?;
        }
        ListFormat::Terminal => {
            let lines: String = complaints.iter().map(|c| format!("{}: {}\n", c.file, c.what)).collect();
            print::text(&format!("{lines}{} files read, {} complaints\n", files.len(), complaints.len()))?;
        }
    }
    Ok(ExitCode::from(u8::from(!complaints.is_empty())))
}

fn coverage(requirements: Option<&Path>, format: ListFormat) -> anyhow::Result<ExitCode> {
    let catalog = builtin::catalog()?;
    let mut seeds: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for requirement in catalog.iter() {
        for seed in &requirement.spec.seeds {
            seeds.entry(seed.clone()).or_default().push(requirement.spec.id.clone());
        }
    }
    let missing = requirements.map(|file| missing_from(&catalog, file)).transpose()?;
    match format {
        ListFormat::Json => print::json(&json!({"version": 1, "seeds": seeds, "missing": missing}))?,
        ListFormat::Terminal => {
            let mut text = format!("{} requirements answer {} seed lines\n", catalog.len(), seeds.len());
            for (severity, (covered, all)) in missing.iter().flatten() {
                text += &format!("{severity:<10} {covered} of {all} covered\n");
            }
            print::text(&text)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Covered and all, by severity, of a list of wanted requirements.
fn missing_from(catalog: &Catalog, file: &Path) -> anyhow::Result<BTreeMap<String, (usize, usize)>> {
    let wrong = |what: String| Wrong::error(what, "give a CSV with the columns `canonical` and `severity`");
    let mut reader = csv::Reader::from_path(file)
        .map_err(|error| wrong(format!("could not read {}: {error}", file.display())))?;
    let headers = reader.headers().map_err(|error| wrong(error.to_string()))?.clone();
    let column = |name: &str| {
        headers
            .iter()
            .position(|have| have == name)
            .ok_or_else(|| wrong(format!("there is no column `{name}`")))
    };
    let (id, severity) = (column("canonical")?, column("severity")?);
    let mut tally: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for row in reader.records() {
        let row = row.map_err(|error| wrong(error.to_string()))?;
        let entry = tally.entry(row.get(severity).unwrap_or_default().to_owned()).or_default();
        entry.0 += usize::from(
            row.get(id).is_some_and(|id| catalog.get(id).is_some_and(CompiledRequirement::proven)),
        );
        entry.1 += 1;
    }
    Ok(tally)
}
