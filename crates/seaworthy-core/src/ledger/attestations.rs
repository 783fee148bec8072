//! What people attested, and whether it can be trusted.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::{Record, RecordKind, said_first};
use crate::limits::people::CLOCK_AHEAD_SECONDS_MAX;
use crate::manifest::{People, Role};
use crate::statement::{Attestation, Envelope, Statement, open};

/// An attestation in the ledger. Each field says one thing, so that a requirement can ask for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attested {
    /// Its place in the ledger.
    pub sequence: i64,
    /// What was said; not to be believed where the signature is not valid.
    pub says: Attestation,
    /// Whether the person it names signed it, for this service in this environment, with a key of the manifest.
    pub signature_valid: bool,
    /// Whether that person has the role by the manifest as it stands.
    pub role_held: bool,
    /// Whether it holds no longer.
    pub expired: bool,
    /// Whether it is dated ahead of the clock.
    pub dated_ahead: bool,
}

/// What was attested of a service in an environment: the newest of each role for each requirement.
///
/// What cannot be read as an attestation at all says nothing about any requirement, and is left out.
pub fn attestations(
    records: &[Record],
    service: &str,
    environment: Option<&str>,
    people: &People,
    now: DateTime<Utc>,
) -> Vec<Attested> {
    let here = |record: &Record| {
        record.entry.kind == RecordKind::Attestation
            && record.entry.service == service
            && record.entry.environment.as_deref() == environment
    };
    let mut newest: BTreeMap<(String, Role), Attested> = BTreeMap::new();
    for record in said_first(records, here) {
        if let Some(attested) = read(record, people, now) {
            newest.insert((attested.says.requirement.clone(), attested.says.role), attested);
        }
    }
    newest.into_values().collect()
}

fn read(record: &Record, people: &People, now: DateTime<Utc>) -> Option<Attested> {
    let envelope = Envelope::parse(record.entry.envelope.as_bytes()).ok()?;
    let (says, signers) = match open::<Attestation>(&envelope, &people.keys()) {
        Ok(opened) => (opened.statement.predicate, opened.signers),
        Err(_) => (Statement::read(&envelope.payload_bytes().ok()?).ok()?.predicate, Vec::new()),
    };
    let says: Attestation = says;
    let by_person = signers.iter().any(|key| people.owner_of(key).is_some_and(|(id, _)| id == says.person));
    let of_here = says.service == record.entry.service && says.environment == record.entry.environment;
    Some(Attested {
        sequence: record.sequence,
        signature_valid: by_person && of_here,
        role_held: people.get(&says.person).is_some_and(|person| person.roles.contains(&says.role)),
        expired: says.until <= now,
        dated_ahead: says.at.signed_duration_since(now).num_seconds() > CLOCK_AHEAD_SECONDS_MAX,
        says,
    })
}

#[cfg(test)]
mod tests;
