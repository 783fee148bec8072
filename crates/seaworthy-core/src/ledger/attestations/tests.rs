use std::collections::BTreeMap;

use chrono::TimeDelta;

use super::{Attested, attestations};
use crate::ledger::{Entry, Record, RecordKind};
use crate::manifest::Role;
use crate::sample::{now, people, signed};
use crate::statement::{Attestation, Envelope, Evidence};

fn says() -> Attestation {
    Attestation {
        requirement: "terms-of-service-reviewed".into(),
        service: "shop".into(),
        environment: Some("production".into()),
        commit: Some("4f1c".into()),
        person: "security@example.com".into(),
        role: Role::Security,
        statement: "I read it".into(),
        figures: BTreeMap::new(),
        evidence: vec![Evidence {
            name: "terms.md".into(),
            sha256: Some("a".repeat(64)),
            size_bytes: Some(9),
        }],
        at: now(),
        until: now() + TimeDelta::days(365),
    }
}

fn record(sequence: i64, envelope: &Envelope) -> Record {
    let entry = Entry {
        id: format!("r{sequence}"),
        kind: RecordKind::Attestation,
        at: now(),
        service: "shop".into(),
        environment: Some("production".into()),
        envelope: envelope.json(),
    };
    Record { sequence, entry, runs_head: String::new(), digest: String::new() }
}

fn kept(says: Attestation, seed: u8) -> Record {
    record(1, &signed(&says.statement().bytes(), &[seed]))
}

fn only(record: Record, days: i64) -> Attested {
    let late = now() + TimeDelta::days(days);
    let mut found = attestations(&[record], "shop", Some("production"), &people(), late);
    assert_eq!(found.len(), 1);
    found.remove(0)
}

#[test]
fn what_a_holder_of_the_role_signed_can_be_trusted_until_it_ends() {
    let attested = only(kept(says(), 3), 364);
    assert!(attested.signature_valid && attested.role_held && !attested.expired && !attested.dated_ahead);
    assert!(only(kept(says(), 3), 365).expired);
    assert!(only(kept(says(), 3), -1).dated_ahead, "an older clock makes nothing fresher");
}

#[test]
fn each_thing_that_is_wrong_is_told_apart() {
    let with = |change: fn(&mut Attestation)| {
        let mut says = says();
        change(&mut says);
        says
    };
    for (what, record) in [
        ("a stranger's key", kept(says(), 9)),
        ("the key of someone else", kept(says(), 1)),
        ("for another service", kept(with(|says| says.service = "till".into()), 3)),
        ("for another environment", kept(with(|says| says.environment = None), 3)),
        ("not signed", record(1, &Envelope::new(&says().statement().bytes(), &[]))),
    ] {
        assert!(!only(record, 0).signature_valid, "{what}");
    }
    assert!(!only(kept(with(|says| says.role = Role::Legal), 3), 0).role_held);
    let nobody = kept(with(|says| says.person = "nobody@example.com".into()), 3);
    assert!(!only(nobody.clone(), 0).role_held && !only(nobody, 0).signature_valid);
}

#[test]
fn the_newest_of_each_role_counts_and_other_records_say_nothing() {
    let later = Attestation { statement: "again".into(), ..says() };
    let mut second = kept(later, 3);
    second.sequence = 2;
    let replayed = Record { sequence: 4, ..kept(says(), 3) };
    let mut vote = kept(says(), 3);
    vote.entry.kind = RecordKind::SignOff;
    let torn = record(3, &Envelope::new(b"{}", &[]));
    let mut elsewhere = kept(says(), 3);
    elsewhere.entry.environment = Some("staging".into());
    let all = [kept(says(), 3), second, vote, torn, elsewhere, replayed];
    let found = attestations(&all, "shop", Some("production"), &people(), now());
    assert_eq!(found.iter().map(|found| found.sequence).collect::<Vec<_>>(), [2]);
}
