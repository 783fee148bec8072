//! The ledger of a service as facts, and its waivers for the gate. Evidence is read again each time.

use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Component, Path, PathBuf};
use std::time::Instant;

use chrono::{DateTime, Utc};
use seaworthy_core::facts::{Blind, Listed, Provenance, Seen, Unseen};
use seaworthy_core::gate::Waiver;
use seaworthy_core::ledger::{self, Attested, Record};
use seaworthy_core::limits::people::{EVIDENCE_BYTES_MAX, EVIDENCE_MAX};
use seaworthy_core::manifest::{FILE_NAME, GateSpec, People, Person};
use seaworthy_core::statement::Evidence;
use seaworthy_probes::ledger::facts::{
    AttestationFact, EvidenceFact, FigureFact, LedgerFacts, PersonFact, WaiverFact,
};
use seaworthy_probes::step::to_json;
use seaworthy_store::SqliteStore;
use sha2::{Digest, Sha256};

use super::keeping;
use super::look::Looked;
use super::subject::{ManifestFile, read_manifest};

/// The section's name in the facts document.
const SECTION: &str = "ledger";
/// Most attestations and most waivers that become facts.
const FACTS_MAX: usize = 500;
/// `O_NONBLOCK | O_NOFOLLOW` on Linux: neither wait for a FIFO's writer nor follow a link.
const OPEN_FLAGS: i32 = 0o4000 | 0o400_000;
/// How much of a file is read at once, in bytes.
const PIECE_BYTES: usize = 64 * 1024;

/// A service whose people are known, and where what they said is kept.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    /// The folder with the manifest; evidence is named relative to it.
    pub(crate) folder: PathBuf,
    pub(crate) store: PathBuf,
    pub(crate) service: String,
    pub(crate) environment: Option<String>,
    pub(crate) people: People,
    pub(crate) gate: GateSpec,
}

/// What the store holds, read once.
pub(crate) struct Said {
    source: Source,
    /// `None` where there is no store.
    records: Option<Vec<Record>>,
}

impl Source {
    /// The service in a folder, in the only environment that its manifest names; none where nobody is named.
    pub(crate) fn in_folder(folder: &Path) -> Option<Self> {
        let ManifestFile { manifest, .. } = read_manifest(&folder.join(FILE_NAME)).ok()??;
        let mut environments = manifest.environments.into_keys();
        let environment = environments.next().filter(|_| environments.next().is_none());
        (!manifest.people.is_empty()).then(|| Self {
            folder: folder.to_owned(),
            store: keeping::place(None, Some(folder)),
            service: manifest.service.name,
            environment,
            people: manifest.people,
            gate: manifest.gate,
        })
    }

    /// Reads the ledger. One that was changed is an error: nothing can be decided by it.
    pub(crate) async fn read(self) -> anyhow::Result<Said> {
        let records = match SqliteStore::open_existing(&self.store).await? {
            Some(store) => Some(store.ledger().await?),
            None => None,
        };
        Ok(Said { source: self, records })
    }
}

impl Said {
    /// The waivers that stand.
    pub(crate) fn waivers(&self, now: DateTime<Utc>) -> Vec<Waiver> {
        let Source { service, environment, people, gate, .. } = &self.source;
        let records = self.records.as_deref().unwrap_or_default();
        let standing = ledger::waivers(records, service, environment.as_deref(), people, gate, now);
        standing.into_iter().map(|standing| standing.waiver).collect()
    }

    /// Puts what was said into the facts of a run.
    pub(crate) async fn fill(self, looked: &mut Looked, now: DateTime<Utc>) {
        let began = Instant::now();
        let target = self.source.store.display().to_string();
        let facts = tokio::task::spawn_blocking(move || self.facts(now)).await.unwrap_or_else(|_| {
            Seen::Unseen(Unseen::new(Blind::Crashed, "reading the evidence of attestations stopped"))
        });
        if let Some(map) = looked.facts.as_object_mut() {
            map.insert(SECTION.to_owned(), to_json(&facts));
        }
        let took_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        looked.provenance.push(Provenance { probe: SECTION.to_owned(), target, at: now, took_ms });
        looked.provenance.sort_by(|a, b| a.probe.cmp(&b.probe));
    }

    fn facts(&self, now: DateTime<Utc>) -> Seen<LedgerFacts> {
        let Source { service, environment, people, store, .. } = &self.source;
        let Some(records) = &self.records else {
            let why = format!("there is no evidence store at {}", store.display());
            return Seen::Unseen(Unseen::new(Blind::NotGiven, why).give("seaworthy attest ID"));
        };
        let attested = ledger::attestations(records, service, environment.as_deref(), people, now);
        let attestations = attested.iter().map(|attested| self.attestation(attested, now)).collect();
        let waivers = self.waivers(now).into_iter().map(|waiver| waiver_fact(waiver, now)).collect();
        Seen::new(LedgerFacts {
            attestations: Listed::bounded(attestations, FACTS_MAX, "attestations"),
            people: Listed::bounded(people.iter().map(person).collect(), FACTS_MAX, "people"),
            waivers: Listed::bounded(waivers, FACTS_MAX, "waivers"),
        })
    }

    fn attestation(&self, attested: &Attested, now: DateTime<Utc>) -> AttestationFact {
        let says = &attested.says;
        let by_hand = format!(
            "sqlite3 -readonly {} 'SELECT envelope FROM ledger WHERE sequence = {}'",
            quoted(&self.source.store.display().to_string()),
            attested.sequence
        );
        let evidence: Vec<EvidenceFact> =
            says.evidence.iter().take(EVIDENCE_MAX).map(|evidence| self.evidence(evidence)).collect();
        let evidence_unchanged = all_unchanged(&evidence);
        let told = told(attested, &evidence_unchanged);
        let stands =
            attested.signature_valid && attested.role_held && !attested.expired && !attested.dated_ahead;
        let figure = |(name, value): (String, u64)| FigureFact { name, value };
        AttestationFact {
            requirement: says.requirement.clone(),
            person: says.person.clone(),
            role: says.role.word().to_owned(),
            statement: says.statement.clone(),
            signature_valid: attested.signature_valid,
            role_held: attested.role_held,
            until: says.until.to_rfc3339(),
            expired: attested.expired,
            dated_ahead: attested.dated_ahead,
            stands,
            told,
            age_days: now.signed_duration_since(says.at).num_days(),
            commit: says.commit.clone(),
            unchanged_files: unchanged_files(&says.evidence, &evidence),
            evidence,
            evidence_unchanged,
            figures: says.figures.clone().into_iter().map(figure).collect(),
            by_hand,
        }
    }

    fn evidence(&self, evidence: &Evidence) -> EvidenceFact {
        let unchanged = match &evidence.sha256 {
            None => Seen::new(None),
            Some(sha256) => match digest(&self.source.folder, &evidence.name) {
                Ok(Some((now, _))) => {
                    Seen::shown_by(Some(now == *sha256), format!("sha256sum -- {}", quoted(&evidence.name)))
                }
                Ok(None) => Seen::new(Some(false)),
                Err(unseen) => Seen::Unseen(unseen),
            },
        };
        EvidenceFact { name: evidence.name.clone(), is_file: evidence.sha256.is_some(), unchanged }
    }
}

/// Digests of the files that are as they were signed.
fn unchanged_files(signed: &[Evidence], seen: &[EvidenceFact]) -> Seen<Vec<String>> {
    if let Some(unseen) = seen.iter().find_map(|evidence| evidence.unchanged.reason()) {
        return Seen::Unseen(unseen.clone());
    }
    let both = signed.iter().zip(seen);
    let same = both.filter(|(_, seen)| seen.unchanged.value() == Some(&Some(true)));
    Seen::new(same.filter_map(|(signed, _)| signed.sha256.clone()).collect())
}

/// Whether every file is as it was signed. One that changed decides; else one that could not be read does.
fn all_unchanged(evidence: &[EvidenceFact]) -> Seen<Option<bool>> {
    let files = || evidence.iter().filter(|evidence| evidence.is_file).map(|evidence| &evidence.unchanged);
    if files().any(|unchanged| unchanged.value() == Some(&Some(false))) {
        return Seen::new(Some(false));
    }
    if let Some(unseen) = files().find_map(Seen::reason) {
        return Seen::Unseen(unseen.clone());
    }
    Seen::new(files().next().map(|_| true))
}

/// Who said it, when, and what is wrong with it.
fn told(attested: &Attested, evidence_unchanged: &Seen<Option<bool>>) -> String {
    let says = &attested.says;
    let mut wrong = Vec::new();
    let faults = [
        (!attested.signature_valid, "no key that the manifest gives this person signed it"),
        (!attested.role_held, "the manifest does not give this person the role"),
        (attested.expired, "it holds no longer"),
        (attested.dated_ahead, "it is dated in the future"),
        (evidence_unchanged.value() == Some(&Some(false)), "a file that it rests on changed"),
        (evidence_unchanged.reason().is_some(), "a file that it rests on could not be read"),
    ];
    wrong.extend(faults.into_iter().filter(|(is, _)| *is).map(|(_, what)| what));
    let wrong = if wrong.is_empty() { String::new() } else { format!(": {}", wrong.join("; ")) };
    let (at, until) = (says.at.format("%Y-%m-%d"), says.until.format("%Y-%m-%d"));
    let figures: String = says.figures.iter().map(|(name, value)| format!(", {name} {value}")).collect();
    format!("{} as {} on {at}, until {until}{figures}{wrong}", says.person, says.role)
}

/// A word for a shell. Names of evidence are what someone wrote into the ledger, and people copy commands.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

fn waiver_fact(waiver: Waiver, now: DateTime<Utc>) -> WaiverFact {
    let says = waiver.says;
    let until = says.until.format("%Y-%m-%d %H:%M UTC");
    let state = match &waiver.fault {
        Some(fault) => fault.clone(),
        None if says.until <= now => format!("it ended on {until}"),
        None => format!("{} accepted it until {until}", says.approver),
    };
    WaiverFact {
        told: format!("{}: {state}", says.requirement),
        expired: says.until <= now,
        left_days: says.until.signed_duration_since(now).num_days(),
        requirement: says.requirement,
        reason: says.reason,
        owner: says.owner,
        approver: says.approver,
        fault: waiver.fault,
    }
}

/// The SHA-256 and the size of a file below a folder; `None` where there is none. Names come from the ledger, so they
/// are taken for paths only where they stay below it.
pub(crate) fn digest(folder: &Path, name: &str) -> Result<Option<(String, u64)>, Unseen> {
    let below =
        Path::new(name).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if !below || name.is_empty() || name.contains('\0') {
        return Err(Unseen::new(Blind::Denied, format!("{name:?} leads out of the repository")));
    }
    let garbled = |why: String| Unseen::new(Blind::Denied, format!("the evidence `{name}`: {why}"));
    let path = folder.join(name);
    let opened = std::fs::OpenOptions::new().read(true).custom_flags(OPEN_FLAGS).open(path);
    let mut file = match opened {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(garbled(error.to_string())),
    };
    let meta = file.metadata().map_err(|error| garbled(error.to_string()))?;
    if !meta.is_file() || meta.len() > EVIDENCE_BYTES_MAX {
        return Err(garbled(format!("it is no regular file of at most {EVIDENCE_BYTES_MAX} bytes")));
    }
    let (mut hasher, mut piece, mut size) = (Sha256::new(), vec![0; PIECE_BYTES], 0_u64);
    loop {
        let read = file.read(&mut piece).map_err(|error| garbled(error.to_string()))?;
        if read == 0 {
            break;
        }
        size += read as u64;
        if size > EVIDENCE_BYTES_MAX {
            return Err(garbled("it grew while it was read".to_owned()));
        }
        hasher.update(&piece[..read]);
    }
    let sha256 = hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(Some((sha256, size)))
}

fn person((address, person): (&str, &Person)) -> PersonFact {
    PersonFact { address: address.to_lowercase(), roles: person.roles.clone() }
}
