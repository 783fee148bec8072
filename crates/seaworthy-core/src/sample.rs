//! People with keys and a run to decide on, for the tests of the poll and of the certificate.

use chrono::{DateTime, TimeDelta, Utc};
use ed25519_dalek::{Signer, SigningKey};

use crate::catalog::{Remedy, Severity};
use crate::consent::Consent;
use crate::finding::{Finding, Verdict};
use crate::gate::{Counts, Decision, Headline, Waived};
use crate::manifest::{GateSpec, Manifest, People, Role};
use crate::run::{RUN_VERSION, Run};
use crate::statement::{Envelope, PAYLOAD_TYPE, PublicKey, pae};

/// The four roles of a poll, each held by the person with the key of the same number from 1.
pub(crate) const ROLES: [(Role, &str); 4] = [
    (Role::TechnicalLead, "lead@example.com"),
    (Role::ProductOwner, "product@example.com"),
    (Role::Security, "security@example.com"),
    (Role::Operations, "ops@example.com"),
];

pub(crate) fn now() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000)
}

pub(crate) fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

pub(crate) fn public(seed: u8) -> PublicKey {
    PublicKey::from_bytes(key(seed).verifying_key().to_bytes()).expect("sound")
}

pub(crate) fn sign(seed: u8, payload: &[u8]) -> [u8; 64] {
    key(seed).sign(&pae(PAYLOAD_TYPE, payload)).to_bytes()
}

pub(crate) fn signed(payload: &[u8], seeds: &[u8]) -> Envelope {
    Envelope::new(payload, &seeds.iter().map(|seed| sign(*seed, payload)).collect::<Vec<_>>())
}

/// The lines of people under `people:`; each with an address, roles and the seed of a key.
pub(crate) fn people_lines(people: &[(&str, &[Role], u8)]) -> String {
    let line = |(id, roles, seed): &(&str, &[Role], u8)| {
        let roles: Vec<&str> = roles.iter().map(|role| role.word()).collect();
        format!("  {id}: {{roles: [{}], keys: [{}]}}\n", roles.join(", "), public(*seed))
    };
    people.iter().map(line).collect()
}

pub(crate) fn people_of(people: &[(&str, &[Role], u8)]) -> People {
    let text = format!("service: {{name: shop}}\npeople:\n{}", people_lines(people));
    Manifest::parse("seaworthy.yaml", &text).expect("sound").people
}

/// Four people, one role and one key each.
pub(crate) fn people() -> People {
    let lines: Vec<(&str, &[Role], u8)> =
        ROLES.iter().zip(1..).map(|((role, id), seed)| (*id, std::slice::from_ref(role), seed)).collect();
    people_of(&lines)
}

/// A run that may be voted on, begun an hour ago.
pub(crate) fn run() -> Run {
    Run {
        version: RUN_VERSION,
        id: "0191e8a0".into(),
        seaworthy: "0.1.0".into(),
        service: "shop".into(),
        environment: Some("production".into()),
        target: ".".into(),
        consent: Consent::Observe,
        commit: Some("4f1c2d9e8b7a6c5d4e3f2a1b0c9d8e7f6a5b4c3d".into()),
        started_at: now() - TimeDelta::hours(1),
        took_ms: 1,
        policy: "c".repeat(64),
        manifest: Some("d".repeat(64)),
        gate: GateSpec { sign_offs: ROLES.map(|(role, _)| role).into(), ..GateSpec::default() },
        only: Vec::new(),
        decision: Decision {
            headline: Headline::Go,
            because: String::new(),
            blockers: Vec::new(),
            standing: Vec::new(),
            counts: Counts::default(),
            waived: Vec::new(),
            waiver_faults: Vec::new(),
        },
        findings: Vec::new(),
        provenance: Vec::new(),
        next: Vec::new(),
        detected: Vec::new(),
        facts: serde_json::json!({}),
    }
}

/// A finding without a word in it.
pub(crate) fn finding(id: &str, verdict: Verdict) -> Finding {
    Finding {
        id: id.to_owned(),
        title: "T".to_owned(),
        area: "web".to_owned(),
        severity: Severity::Critical,
        verdict,
        assurance: None,
        seen: Vec::new(),
        more: 0,
        warnings: Vec::new(),
        wanted: String::new(),
        by_hand: Vec::new(),
        facts: Vec::new(),
        unseen: Vec::new(),
        hint: None,
        remedy: Remedy { text: String::new(), snippet: None },
        proven: true,
        fresh_until: now(),
    }
}

/// A risk that somebody accepted.
pub(crate) fn waived(requirement: &str, approver: &str, until: DateTime<Utc>) -> Waived {
    Waived {
        requirement: requirement.to_owned(),
        reason: "r".to_owned(),
        owner: "o".to_owned(),
        approver: approver.to_owned(),
        at: now(),
        until,
    }
}
