//! `seaworthy catalog …`: lists, lints, proves, covers.

use std::collections::{BTreeMap, BTreeSet};
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
    let mut answered: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut not_yet: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (line, id) in builtin::seeds() {
        let list = if catalog.get(id).is_some() { &mut answered } else { &mut not_yet };
        list.entry(line).or_default().push(id);
    }
    let missing = requirements.map(|file| missing_from(&catalog, file)).transpose()?;
    match format {
        ListFormat::Json => {
            print::json(&json!({"version": 1, "seeds": answered, "not_yet": not_yet, "missing": missing}))?;
        }
        ListFormat::Terminal => {
            let whole = answered.keys().filter(|line| !not_yet.contains_key(*line)).count();
            let lines = answered.len() + not_yet.keys().filter(|line| !answered.contains_key(*line)).count();
            let mut text = format!("{} requirements answer {whole} of {lines} seed lines\n", catalog.len());
            for (seed, (whole, lines)) in by_seed(&answered, &not_yet) {
                text += &format!("seed {seed:<5} {whole} of {lines}\n");
            }
            for (severity, (covered, all)) in missing.iter().flatten() {
                text += &format!("{severity:<10} {covered} of {all} covered\n");
            }
            print::text(&text)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

type Lines<'a> = BTreeMap<&'a str, Vec<&'a str>>;

/// For each seed its lines that are answered whole, and all of them.
fn by_seed<'a>(answered: &Lines<'a>, not_yet: &Lines<'a>) -> BTreeMap<&'a str, (usize, usize)> {
    let lines: BTreeSet<&str> = answered.keys().chain(not_yet.keys()).copied().collect();
    let mut tally: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for line in lines {
        let entry = tally.entry(line.split(':').next().unwrap_or(line)).or_default();
        entry.0 += usize::from(!not_yet.contains_key(line));
        entry.1 += 1;
    }
    tally
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
