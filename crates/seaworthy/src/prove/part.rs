//! Proves on parts: each sound once, under each sabotage alone, then with the part away.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Context;
use seaworthy_core::catalog::{Catalog, CompiledRequirement};
use seaworthy_testbed::{Sabotage, Testbed};
use serde_json::Value as Json;

use super::states::{self, Came, State};
use super::verdicts::{self, States};
use super::{Proved, Row};
use crate::cli::Prove;

/// One part: what is proven on it and what was seen.
struct OnPart<'a> {
    chosen: Vec<&'a CompiledRequirement>,
    states: Vec<State>,
    seen: States,
}

/// Starts the parts in every state that is needed and gives what was seen.
pub(super) async fn prove(
    testbed: &Testbed,
    names: impl IntoIterator<Item = String>,
    catalog: &Catalog,
    prove: &Prove,
) -> anyhow::Result<Proved> {
    let mut parts = BTreeMap::new();
    for name in names {
        let part = plan(testbed, &name, catalog, prove)?;
        parts.insert(name, part);
    }
    let mut proved = Proved::default();
    let all: Vec<State> = parts.values().flat_map(|part| part.states.iter().cloned()).collect();
    let (done, count) = (AtomicUsize::new(0), all.len());
    let jobs = prove.jobs.map_or_else(default_jobs, |jobs| usize::from(jobs.get()));
    let came = states::look_at_all(&all, jobs, |state| {
        tell(&format!("{:>3}/{count} {}", done.fetch_add(1, Ordering::Relaxed) + 1, state.name()));
    })
    .await?;
    for (state, came) in all.iter().zip(came) {
        let part = parts.get_mut(&state.part.name).context("each state is of a part")?;
        take_in(state, came, part, catalog, prove, &mut proved)?;
    }
    for (name, part) in &mut parts {
        again(name, part, catalog, prove, &mut proved).await?;
    }
    for (name, part) in &parts {
        proved.rows.extend(rows(name, part, &proved.skipped));
    }
    Ok(proved)
}

/// Twice the processors: most of a look is waiting for an answer or for a window to pass.
fn default_jobs() -> usize {
    std::thread::available_parallelism().map_or(2, |processors| 2 * processors.get())
}

fn plan<'a>(
    testbed: &Testbed,
    name: &str,
    catalog: &'a Catalog,
    prove: &Prove,
) -> anyhow::Result<OnPart<'a>> {
    let chosen: Vec<&CompiledRequirement> = catalog
        .iter()
        .filter(|have| have.spec.proof.as_ref().is_some_and(|proof| proof.sound == name))
        .filter(|have| prove.ids.is_empty() || prove.ids.contains(&have.spec.id))
        .collect();
    let part = testbed.part(name)?;
    let mut states = vec![State { part: part.clone(), sabotage: None }];
    for sabotage in testbed.sabotages(name)? {
        if wanted(&sabotage, name, &chosen, prove) {
            states.push(State { part: part.clone(), sabotage: Some(sabotage) });
        }
    }
    Ok(OnPart { chosen, states, seen: States::new() })
}

/// All sabotages of the part when everything is proven, else those of the chosen requirements.
fn wanted(sabotage: &Sabotage, part: &str, chosen: &[&CompiledRequirement], prove: &Prove) -> bool {
    let full = format!("{part}/{}", sabotage.name);
    prove.ids.is_empty()
        || chosen
            .iter()
            .any(|have| have.spec.proof.as_ref().is_some_and(|proof| proof.sabotage.contains(&full)))
}

/// Judges and keeps what was seen in one state.
fn take_in(
    state: &State,
    came: Came,
    part: &mut OnPart<'_>,
    catalog: &Catalog,
    prove: &Prove,
    proved: &mut Proved,
) -> anyhow::Result<()> {
    let name = &state.part.name;
    match came {
        Came::Facts(all) => {
            for (seen, facts) in all {
                keep(prove, name, &seen, &facts)?;
                part.seen.insert(seen, verdicts::of(catalog, &facts)?);
            }
        }
        Came::Missing(why) if state.sabotage.is_none() => {
            proved.skipped.insert(name.clone(), why);
        }
        Came::Missing(_) => {}
        Came::NotStarted(why) => {
            proved.complaints.push(format!("{} did not start: {why}", state.name()));
        }
    }
    Ok(())
}

/// Looks once more, alone, where a state was not as it should be: what was measured in time beside others
/// may be the others' doing. What the second look says counts, and that there was one is told.
async fn again(
    name: &str,
    part: &mut OnPart<'_>,
    catalog: &Catalog,
    prove: &Prove,
    proved: &mut Proved,
) -> anyhow::Result<()> {
    for state in part.states.clone() {
        let first = wrong(name, &state, part);
        if first.is_empty() {
            continue;
        }
        tell(&format!("    again {}", state.name()));
        let came = states::look_at(&state).await?;
        take_in(&state, came, part, catalog, prove, proved)?;
        if wrong(name, &state, part).is_empty() {
            proved.again.extend(first);
        }
    }
    for state in &part.states {
        if let Some(sabotage) = &state.sabotage {
            proved.complaints.extend(verdicts::complaints(sabotage, name, &part.seen));
        }
    }
    Ok(())
}

fn wrong(name: &str, state: &State, part: &OnPart<'_>) -> Vec<String> {
    match &state.sabotage {
        None => verdicts::unsound(&part.chosen, name, &part.seen),
        Some(sabotage) => verdicts::complaints(sabotage, name, &part.seen),
    }
}

/// The rows of a part; none where it could not be started for want of a program.
fn rows(name: &str, part: &OnPart<'_>, skipped: &BTreeMap<String, String>) -> Vec<Row> {
    if skipped.contains_key(name) {
        return Vec::new();
    }
    part.chosen.iter().map(|requirement| verdicts::row(requirement, name, &part.seen)).collect()
}

fn tell(what: &str) {
    // Progress only; where standard error is gone nobody waits for it.
    let _ = writeln!(anstream::stderr(), "{what}");
}

/// Keeps the facts for the fast tests.
fn keep(prove: &Prove, part: &str, state: &str, facts: &Json) -> anyhow::Result<()> {
    if prove.check {
        return Ok(());
    }
    let folder = prove.tree.join("testbed/recordings").join(part);
    std::fs::create_dir_all(&folder).context("could not make the folder of recordings")?;
    let text = serde_json::to_string(facts)? + "\n";
    std::fs::write(folder.join(format!("{state}.json")), text).context("could not write a recording")
}
