//! Proves on one part: sound once, each sabotage alone, then with the part away.

use std::collections::BTreeMap;
use std::io::Write;

use anyhow::Context;
use chrono::Utc;
use seaworthy_core::catalog::{Catalog, CompiledRequirement};
use seaworthy_core::finding::{Finding, Verdict};
use seaworthy_core::judge::{Document, judge};
use seaworthy_core::limits::Limits;
use seaworthy_core::manifest::Environment;
use seaworthy_probes::ask::Ask;
use seaworthy_testbed::{Part, Running, Sabotage, StartError, Testbed};
use serde_json::Value as Json;

use super::{Proved, Row};
use crate::cli::Prove;
use crate::run::{look, secrets};

type Verdicts = BTreeMap<String, Finding>;

/// Starts one part in every state that is needed and adds its rows.
pub(super) async fn prove(
    testbed: &Testbed,
    name: &str,
    catalog: &Catalog,
    prove: &Prove,
    proved: &mut Proved,
) -> anyhow::Result<()> {
    let part = testbed.part(name)?;
    let chosen: Vec<&CompiledRequirement> = catalog
        .iter()
        .filter(|have| have.spec.proof.as_ref().is_some_and(|proof| proof.sound == name))
        .filter(|have| prove.ids.is_empty() || prove.ids.contains(&have.spec.id))
        .collect();
    tell(&format!("{name}: sound"));
    let mut running = match start(&part, None).await {
        Ok(running) => running,
        Err(missing @ StartError::Missing { .. }) => {
            proved.skipped.push(format!("{name}: {missing}"));
            return Ok(());
        }
        Err(error) => return Err(error).with_context(|| format!("part `{name}` did not start")),
    };
    let facts = facts_of(&running).await?;
    keep(prove, name, "sound", &facts)?;
    let sound = verdicts(catalog, &facts)?;
    tell(&format!("{name}: away"));
    running.away();
    let facts = facts_of(&running).await?;
    keep(prove, name, "away", &facts)?;
    let away = verdicts(catalog, &facts)?;
    running.stop().context("the part's work directory could not be removed")?;
    let mut seen: BTreeMap<String, Verdicts> = BTreeMap::new();
    for sabotage in testbed.sabotages(name)? {
        if !wanted(&sabotage, name, &chosen, prove) {
            continue;
        }
        tell(&format!("{name}: {}", sabotage.name));
        let running = match start(&part, Some(&sabotage)).await {
            Ok(running) => running,
            Err(error) => {
                proved.complaints.push(format!("{name}/{} did not start: {error}", sabotage.name));
                continue;
            }
        };
        let facts = facts_of(&running).await?;
        running.stop().context("the part's work directory could not be removed")?;
        keep(prove, name, &sabotage.name, &facts)?;
        let verdicts = verdicts(catalog, &facts)?;
        complain(&sabotage, name, &sound, &verdicts, proved);
        seen.insert(format!("{name}/{}", sabotage.name), verdicts);
    }
    proved.rows.extend(chosen.into_iter().map(|requirement| row(requirement, name, &sound, &seen, &away)));
    Ok(())
}

fn tell(what: &str) {
    // Progress only; where standard error is gone nobody waits for it.
    let _ = writeln!(anstream::stderr(), "proving on {what}");
}

async fn start(part: &Part, sabotage: Option<&Sabotage>) -> Result<Running, StartError> {
    let (part, sabotage) = (part.clone(), sabotage.cloned());
    tokio::task::spawn_blocking(move || part.start(sabotage.as_ref())).await.unwrap_or_else(|_| {
        Err(StartError::Command { run: "start".into(), how: "stopped".into(), log: String::new() })
    })
}

/// Looks at a running part exactly as `check` would.
async fn facts_of(running: &Running) -> anyhow::Result<Json> {
    let environment: Environment = serde_saphyr::from_str(running.environment())
        .map_err(|error| anyhow::anyhow!("the part's environment cannot be read: {error}"))?;
    let ask = Ask {
        consent: environment.consent,
        environment,
        base: running.work_dir().to_owned(),
        limits: Limits::default(),
        now: Utc::now(),
        secrets: secrets::of_map(running.secrets().clone()),
    };
    Ok(look::look(&ask, None, &|_| ()).await.facts)
}

fn verdicts(catalog: &Catalog, facts: &Json) -> anyhow::Result<Verdicts> {
    let (document, now) = (Document::of(facts)?, Utc::now());
    let findings = catalog.iter().map(|requirement| judge(requirement, &document, now));
    Ok(findings.map(|finding| (finding.id.clone(), finding)).collect())
}

/// All sabotages of the part when everything is proven, else those of the chosen requirements.
fn wanted(sabotage: &Sabotage, part: &str, chosen: &[&CompiledRequirement], prove: &Prove) -> bool {
    let full = format!("{part}/{}", sabotage.name);
    prove.ids.is_empty()
        || chosen
            .iter()
            .any(|have| have.spec.proof.as_ref().is_some_and(|proof| proof.sabotage.contains(&full)))
}

/// A sabotage flips its own requirements and no other.
fn complain(sabotage: &Sabotage, part: &str, sound: &Verdicts, now: &Verdicts, proved: &mut Proved) {
    for (id, finding) in now {
        let before = sound.get(id).map(|finding| finding.verdict);
        let own = sabotage.flips.contains(id);
        if own && finding.verdict != Verdict::Fail {
            let what = format!("{part}/{}: {id} is {}, wanted fail", sabotage.name, finding.verdict.word());
            proved.complaints.push(what);
        }
        if !own && !sabotage.also_flips.contains(id) && before != Some(finding.verdict) {
            let was = before.map_or("not judged", Verdict::word);
            let what = format!(
                "{part}/{}: also turned {id} from {was} to {}: {}",
                sabotage.name,
                finding.verdict.word(),
                told(finding)
            );
            proved.complaints.push(what);
        }
    }
}

fn row(
    requirement: &CompiledRequirement,
    part: &str,
    sound: &Verdicts,
    seen: &BTreeMap<String, Verdicts>,
    away: &Verdicts,
) -> Row {
    let id = &requirement.spec.id;
    let mut notes = Vec::new();
    let mut verdict = |state: &str, verdicts: Option<&Verdicts>, wanted: Verdict| {
        let Some(finding) = verdicts.and_then(|verdicts| verdicts.get(id)) else {
            notes.push(format!("{state}: not seen"));
            return Verdict::Error;
        };
        if finding.verdict != wanted {
            notes.push(format!("{state}: {}: {}", finding.verdict.word(), told(finding)));
        }
        finding.verdict
    };
    let sound = verdict("sound", Some(sound), Verdict::Pass);
    let away = verdict("away", Some(away), Verdict::Unknown);
    let planned = requirement.spec.proof.iter().flat_map(|proof| &proof.sabotage);
    let sabotage: BTreeMap<String, Verdict> =
        planned.map(|name| (name.clone(), verdict(name, seen.get(name), Verdict::Fail))).collect();
    let proven = sound == Verdict::Pass
        && away == Verdict::Unknown
        && !sabotage.is_empty()
        && sabotage.values().all(|verdict| *verdict == Verdict::Fail);
    Row { id: id.clone(), part: part.to_owned(), sound, sabotage, away, proven, notes }
}

/// What a finding says, in one line.
fn told(finding: &Finding) -> String {
    let unseen = finding.unseen.iter().map(|unseen| format!("{}: {}", unseen.path, unseen.why));
    finding.seen.iter().cloned().chain(unseen).take(3).collect::<Vec<_>>().join("; ")
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
