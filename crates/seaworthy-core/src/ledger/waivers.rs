//! Which waivers stand in the ledger, and which of them can be trusted.

use std::collections::BTreeMap;

use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};

use super::{Record, RecordKind, said_first};
use crate::gate::{Waived, Waiver};
use crate::limits::people::CLOCK_AHEAD_SECONDS_MAX;
use crate::manifest::{GateSpec, People};
use crate::statement::{Envelope, Opened, Predicate, Statement, Subject, WaiverStatement, open};

/// A waiver ends earlier than its approver said, or is taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WaiverEnd {
    /// The record of the waiver.
    pub waiver: String,
    /// When it ends.
    pub until: DateTime<Utc>,
}

impl Predicate for WaiverEnd {
    const TYPE: &'static str = "urn:seaworthy:waiver-end:v1";
}

/// The envelope that ends a waiver early. Nobody signs it: it only takes away.
pub fn shortened(end: WaiverEnd, waiver_digest: &str) -> Envelope {
    let subject = vec![Subject::new("waiver", "sha256", waiver_digest)];
    Envelope::new(&Statement::new(subject, end).bytes(), &[])
}

/// A waiver in the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Its record's id.
    pub record: String,
    /// Its record's digest.
    pub digest: String,
    /// What the gate is told of it.
    pub waiver: Waiver,
}

/// The waivers that stand for a service in an environment, the newest for each requirement, by requirement.
///
/// One that cannot be trusted stands too, with its fault: the gate must not pass over it in silence.
pub fn waivers(
    records: &[Record],
    service: &str,
    environment: Option<&str>,
    people: &People,
    gate: &GateSpec,
    now: DateTime<Utc>,
) -> Vec<Standing> {
    let here = |record: &Record| {
        record.entry.service == service && record.entry.environment.as_deref() == environment
    };
    let mut standing: BTreeMap<String, Standing> = BTreeMap::new();
    for record in said_first(records, here) {
        match record.entry.kind {
            RecordKind::Waiver => {
                let found = read(record, people, gate, now);
                standing.insert(found.waiver.says.requirement.clone(), found);
            }
            RecordKind::WaiverShortened | RecordKind::WaiverWithdrawn => end(&mut standing, record),
            RecordKind::Attestation | RecordKind::SignOff => {}
        }
    }
    standing.into_values().collect()
}

/// Applies what ends a waiver early. What cannot be read ends nothing: the waiver is then as its approver signed it.
fn end(standing: &mut BTreeMap<String, Standing>, record: &Record) {
    let Some(end) = unsigned::<WaiverEnd>(&record.entry.envelope) else { return };
    let Some((requirement, found)) = standing.iter_mut().find(|(_, found)| found.record == end.waiver) else {
        return;
    };
    if record.entry.kind == RecordKind::WaiverWithdrawn {
        let requirement = requirement.clone();
        standing.remove(&requirement);
        return;
    }
    found.waiver.says.until = found.waiver.says.until.min(end.until);
}

fn unsigned<P: Predicate>(envelope: &str) -> Option<P> {
    let envelope = Envelope::parse(envelope.as_bytes()).ok()?;
    Some(Statement::read(&envelope.payload_bytes().ok()?).ok()?.predicate)
}

fn read(record: &Record, people: &People, gate: &GateSpec, now: DateTime<Utc>) -> Standing {
    let verified = Envelope::parse(record.entry.envelope.as_bytes())
        .and_then(|envelope| open::<WaiverStatement>(&envelope, &people.keys()))
        .map_err(|error| error.to_string());
    let (says, fault) = match verified {
        Ok(opened) => {
            let fault = fault_of(record, &opened, people, gate, now);
            (waived(opened.statement.predicate), fault)
        }
        // What it claims is shown, so that someone can find out where it comes from.
        Err(why) => match unsigned::<WaiverStatement>(&record.entry.envelope) {
            Some(claimed) => (waived(claimed), Some(why)),
            None => (unreadable(record), Some(why)),
        },
    };
    Standing {
        record: record.entry.id.clone(),
        digest: record.digest.clone(),
        waiver: Waiver { says, fault },
    }
}

fn fault_of(
    record: &Record,
    opened: &Opened<WaiverStatement>,
    people: &People,
    gate: &GateSpec,
    now: DateTime<Utc>,
) -> Option<String> {
    let says = &opened.statement.predicate;
    let approved =
        opened.signers.iter().any(|key| people.owner_of(key).is_some_and(|(id, _)| id == says.approver));
    let elsewhere = says.service != record.entry.service || says.environment != record.entry.environment;
    let days = says.until.signed_duration_since(says.at);
    let max = Duration::days(gate.waiver_days_max.into());
    if !approved {
        return Some(format!("`{}` did not sign it", says.approver));
    }
    if !people.has_role(&says.approver) {
        return Some(format!("`{}` has no role, so nobody asked for the approval", says.approver));
    }
    if elsewhere {
        return Some("it was signed for another service or environment".to_owned());
    }
    if says.owner.eq_ignore_ascii_case(&says.approver) {
        return Some("its owner approved it; the two are different people".to_owned());
    }
    if says.at.signed_duration_since(now).num_seconds() > CLOCK_AHEAD_SECONDS_MAX {
        return Some("it is dated in the future".to_owned());
    }
    (days > max).then(|| format!("it holds for {} days, more than {}", days.num_days(), max.num_days()))
}

fn waived(says: WaiverStatement) -> Waived {
    Waived {
        requirement: says.requirement,
        reason: says.reason,
        owner: says.owner,
        approver: says.approver,
        at: says.at,
        until: says.until,
    }
}

/// What stands for a record of which nothing can be read.
fn unreadable(record: &Record) -> Waived {
    Waived {
        requirement: format!("record {}", record.sequence),
        reason: String::new(),
        owner: String::new(),
        approver: String::new(),
        at: record.entry.at,
        until: record.entry.at,
    }
}

#[cfg(test)]
mod tests;
