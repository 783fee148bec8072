//! What the states of a part say of its requirements: rows of the matrix, and complaints about sabotages.

use std::collections::BTreeMap;

use chrono::Utc;
use seaworthy_core::catalog::{Catalog, CompiledRequirement};
use seaworthy_core::finding::{Finding, Verdict};
use seaworthy_core::judge::{Document, judge};
use seaworthy_testbed::Sabotage;
use serde_json::Value as Json;

use super::Row;
use super::states::{AWAY, SOUND};

/// The findings of one state by requirement.
pub(super) type Verdicts = BTreeMap<String, Finding>;

/// The findings of one part by state.
pub(super) type States = BTreeMap<String, Verdicts>;

/// Judges the whole catalog by the facts of one state.
pub(super) fn of(catalog: &Catalog, facts: &Json) -> anyhow::Result<Verdicts> {
    let (document, now) = (Document::of(facts)?, Utc::now());
    let findings = catalog.iter().map(|requirement| judge(requirement, &document, now));
    Ok(findings.map(|finding| (finding.id.clone(), finding)).collect())
}

/// What is not as it should be with the sound part and with the part away.
pub(super) fn unsound(chosen: &[&CompiledRequirement], part: &str, states: &States) -> Vec<String> {
    let wanted = [(SOUND, Verdict::Pass), (AWAY, Verdict::Unknown)];
    let pairs = wanted.into_iter().flat_map(|state| chosen.iter().map(move |have| (state, &have.spec.id)));
    pairs
        .filter_map(|((state, wanted), id)| {
            let finding = states.get(state)?.get(id)?;
            (finding.verdict != wanted)
                .then(|| format!("{part}/{state}: {id} is {}: {}", finding.verdict.word(), told(finding)))
        })
        .collect()
}

/// A sabotage flips its own requirements and no other.
pub(super) fn complaints(sabotage: &Sabotage, part: &str, states: &States) -> Vec<String> {
    let (Some(sound), Some(now)) = (states.get(SOUND), states.get(&sabotage.name)) else {
        return Vec::new();
    };
    let name = format!("{part}/{}", sabotage.name);
    let mut complaints = Vec::new();
    for (id, finding) in now {
        let before = sound.get(id).map(|finding| finding.verdict);
        let (own, word) = (sabotage.flips.contains(id), finding.verdict.word());
        if own && finding.verdict != Verdict::Fail {
            complaints.push(format!("{name}: {id} is {word}, wanted fail: {}", told(finding)));
        }
        if !own && !sabotage.also_flips.contains(id) && before != Some(finding.verdict) {
            let was = before.map_or("not judged", Verdict::word);
            complaints.push(format!("{name}: also turned {id} from {was} to {word}: {}", told(finding)));
        }
    }
    complaints
}

/// The line of one requirement.
pub(super) fn row(requirement: &CompiledRequirement, part: &str, states: &States) -> Row {
    let id = &requirement.spec.id;
    let mut notes = Vec::new();
    let mut verdict = |state: &str, wanted: Verdict| {
        let name = state.strip_prefix(part).and_then(|rest| rest.strip_prefix('/')).unwrap_or(state);
        let Some(finding) = states.get(name).and_then(|verdicts| verdicts.get(id)) else {
            notes.push(format!("{state}: not seen"));
            return Verdict::Error;
        };
        if finding.verdict != wanted {
            notes.push(format!("{state}: {}: {}", finding.verdict.word(), told(finding)));
        }
        finding.verdict
    };
    let sound = verdict(SOUND, Verdict::Pass);
    let away = verdict(AWAY, Verdict::Unknown);
    let planned = requirement.spec.proof.iter().flat_map(|proof| &proof.sabotage);
    let sabotage: BTreeMap<String, Verdict> =
        planned.map(|name| (name.clone(), verdict(name, Verdict::Fail))).collect();
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
