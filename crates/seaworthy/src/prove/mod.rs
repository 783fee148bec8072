//! Proves requirements on real components: sound → pass, sabotaged → fail, away → unknown.

mod part;
mod show;
mod states;
mod verdicts;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use chrono::Utc;
use seaworthy_core::catalog::{Catalog, Matrix, ProofSeen};
use seaworthy_core::finding::Verdict;
use serde::Serialize;

use crate::cli::{ListFormat, Prove};
use crate::commands::print;
use crate::exit::Wrong;
use crate::folder;
use crate::testbed;

/// What was seen of one requirement.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    pub(crate) id: String,
    pub(crate) part: String,
    pub(crate) sound: Verdict,
    pub(crate) sabotage: BTreeMap<String, Verdict>,
    pub(crate) away: Verdict,
    pub(crate) proven: bool,
    /// What was seen where it was not as it should be, to mend it by.
    pub(crate) notes: Vec<String>,
}

/// What came of proving.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Proved {
    pub(crate) rows: Vec<Row>,
    /// Sabotages that flipped what they should not have, or did not take hold.
    pub(crate) complaints: Vec<String>,
    /// What a first look beside others said, and a second one alone did not.
    pub(crate) again: Vec<String>,
    /// Parts that this machine cannot start, and why.
    pub(crate) skipped: BTreeMap<String, String>,
}

/// Carries out `seaworthy catalog prove`.
pub(crate) async fn run(prove: &Prove) -> anyhow::Result<ExitCode> {
    let tree = &prove.tree;
    let matrix_file = tree.join("testbed/matrix.snap");
    let mut matrix = read_matrix(&matrix_file)?;
    let files = folder::files_in(&tree.join("catalog"))?;
    let borrowed = files.iter().map(|(path, text)| (path.as_str(), text.as_str()));
    let requirements = Catalog::read(borrowed, &matrix).map_err(|error| {
        Wrong::error(format!("{:#}", anyhow::Error::from(error)), "`seaworthy catalog lint`")
    })?;
    let testbed = testbed::open(tree)?;
    for id in &prove.ids {
        if requirements.get(id).is_none() {
            return Err(Wrong::error(
                format!("the catalog has no requirement `{id}`"),
                "`seaworthy catalog list`",
            ));
        }
    }
    let proved = part::prove(&testbed, parts(&requirements, prove), &requirements, prove).await?;
    let changed = record(&mut matrix, &requirements, &proved);
    if !prove.check {
        std::fs::write(&matrix_file, matrix.write()).context("could not write the matrix")?;
    }
    match prove.format {
        ListFormat::Terminal => print::text(&show::terminal(&proved, &changed))?,
        ListFormat::Json => print::json(&proved)?,
    }
    let whole = proved.complaints.is_empty() && proved.rows.iter().all(|row| row.proven);
    Ok(ExitCode::from(u8::from(!whole)))
}

fn read_matrix(file: &Path) -> anyhow::Result<Matrix> {
    let text = std::fs::read_to_string(file).map_err(|error| {
        Wrong::error(
            format!("could not read {}: {error}", file.display()),
            "give the source tree with `--tree`",
        )
    })?;
    Ok(Matrix::read(&text)?)
}

/// The parts on which something that was asked for is proven.
fn parts(catalog: &Catalog, prove: &Prove) -> BTreeSet<String> {
    let chosen = catalog.iter().filter(|have| prove.ids.is_empty() || prove.ids.contains(&have.spec.id));
    let names = chosen.filter_map(|have| have.spec.proof.as_ref()).map(|proof| proof.sound.clone());
    names.filter(|name| prove.part.as_ref().is_none_or(|part| part == name)).collect()
}

/// Puts what was seen in the matrix; gives the ids whose line changed.
fn record(matrix: &mut Matrix, catalog: &Catalog, proved: &Proved) -> Vec<String> {
    let mut changed = Vec::new();
    for row in &proved.rows {
        let Some(requirement) = catalog.get(&row.id) else { continue };
        let before = matrix.iter().find(|seen| seen.id == row.id).cloned();
        let seen = row.proven.then(|| ProofSeen {
            id: row.id.clone(),
            sound: row.part.clone(),
            sabotage: row.sabotage.keys().cloned().collect(),
            away: true,
            logic: requirement.logic().to_owned(),
            seen: Utc::now().date_naive(),
        });
        let same = |a: &ProofSeen, b: &ProofSeen| {
            (&a.sound, &a.sabotage, &a.logic) == (&b.sound, &b.sabotage, &b.logic)
        };
        let differs = match (&before, &seen) {
            (Some(before), Some(seen)) => !same(before, seen),
            (None, None) => false,
            _ => true,
        };
        if differs {
            changed.push(row.id.clone());
        }
        matrix.put(&row.id, seen);
    }
    changed
}
