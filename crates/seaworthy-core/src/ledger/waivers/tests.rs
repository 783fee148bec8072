use chrono::{DateTime, TimeDelta, Utc};
use ed25519_dalek::{Signer, SigningKey};

use super::{Standing, WaiverEnd, shortened, waivers};
use crate::ledger::{Entry, Record, RecordKind};
use crate::manifest::{GateSpec, Manifest, People};
use crate::statement::{Envelope, PAYLOAD_TYPE, PublicKey, WaiverStatement, pae};

fn now() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000)
}

fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

/// Two people with the keys 1 and 2.
fn people() -> People {
    let public = |seed| PublicKey::from_bytes(key(seed).verifying_key().to_bytes()).expect("sound");
    let text = format!(
        "service: {{name: shop}}\npeople:\n  lead@example.com: {{roles: [technical-lead], keys: [{}]}}\n  ops@example.com: {{keys: [{}]}}\n",
        public(1),
        public(2)
    );
    Manifest::parse("seaworthy.yaml", &text).expect("sound").people
}

fn says() -> WaiverStatement {
    WaiverStatement {
        requirement: "header-csp".into(),
        service: "shop".into(),
        environment: Some("staging".into()),
        reason: "the vendor mends it".into(),
        owner: "dev@example.com".into(),
        approver: "lead@example.com".into(),
        at: now(),
        until: now() + TimeDelta::days(30),
    }
}

fn record(sequence: i64, kind: RecordKind, envelope: &Envelope) -> Record {
    let entry = Entry {
        id: format!("id-{sequence}"),
        kind,
        at: now(),
        service: "shop".into(),
        environment: Some("staging".into()),
        envelope: envelope.json(),
    };
    Record { sequence, entry, runs_head: String::new(), digest: format!("{sequence:064}") }
}

fn signed(says: WaiverStatement, seed: u8) -> Envelope {
    let bytes = says.statement().bytes();
    let signature = key(seed).sign(&pae(PAYLOAD_TYPE, &bytes)).to_bytes();
    Envelope::new(&bytes, &[signature])
}

fn standing(records: &[Record]) -> Vec<Standing> {
    waivers(records, "shop", Some("staging"), &people(), &GateSpec::default(), now())
}

fn only(records: &[Record]) -> Standing {
    let mut all = standing(records);
    assert_eq!(all.len(), 1);
    all.remove(0)
}

#[test]
fn a_signed_waiver_stands_without_fault_in_its_own_place_only() {
    let records = [record(1, RecordKind::Waiver, &signed(says(), 1))];
    assert_eq!(only(&records).waiver.fault, None);
    let gate = GateSpec::default();
    assert!(waivers(&records, "shop", Some("production"), &people(), &gate, now()).is_empty());
    assert!(waivers(&records, "shop", None, &people(), &gate, now()).is_empty());
    assert!(waivers(&records, "other", Some("staging"), &people(), &gate, now()).is_empty());
}

#[test]
fn what_cannot_be_trusted_stands_with_its_fault() {
    let other = |change: fn(&mut WaiverStatement)| {
        let mut says = says();
        change(&mut says);
        says
    };
    for (envelope, why) in [
        (signed(says(), 9), "no trusted key"),
        (signed(says(), 2), "`lead@example.com` did not sign it"),
        (Envelope::new(&says().statement().bytes(), &[]), "no trusted key"),
        (signed(other(|says| says.approver = "ops@example.com".into()), 2), "has no role"),
        (signed(other(|says| says.service = "other".into()), 1), "another service"),
        (signed(other(|says| says.environment = None), 1), "another service or environment"),
        (signed(other(|says| says.owner = "Lead@example.com".into()), 1), "different people"),
        (signed(other(|says| says.until = now() + TimeDelta::days(91)), 1), "91 days"),
        (
            signed(
                other(|says| {
                    says.at = now() + TimeDelta::days(100);
                    says.until = now() + TimeDelta::days(110);
                }),
                1,
            ),
            "future",
        ),
    ] {
        let found = only(&[record(1, RecordKind::Waiver, &envelope)]);
        assert!(found.waiver.fault.as_ref().is_some_and(|fault| fault.contains(why)), "{why}: {found:?}");
    }
    let mut torn = record(1, RecordKind::Waiver, &signed(says(), 1));
    torn.entry.envelope.truncate(20);
    assert!(only(&[torn]).waiver.fault.is_some());
}

#[test]
fn the_newest_counts_and_ends_need_no_signature() {
    let first = record(1, RecordKind::Waiver, &signed(says(), 1));
    let mut longer = says();
    longer.until = now() + TimeDelta::days(80);
    let second = record(2, RecordKind::Waiver, &signed(longer.clone(), 1));
    let until = |records: &[Record]| only(records).waiver.says.until;
    assert_eq!(until(&[first.clone(), second.clone()]), longer.until);

    let end = |waiver: &str, days| {
        let until = now() + TimeDelta::days(days);
        shortened(WaiverEnd { waiver: waiver.into(), until }, "00")
    };
    let short = record(3, RecordKind::WaiverShortened, &end("id-1", 5));
    assert_eq!(until(&[first.clone(), short]), now() + TimeDelta::days(5));
    let longer = record(3, RecordKind::WaiverShortened, &end("id-1", 500));
    assert_eq!(until(&[first.clone(), longer]), now() + TimeDelta::days(30), "it cannot lengthen");
    let another = record(3, RecordKind::WaiverShortened, &end("id-7", 5));
    assert_eq!(until(&[first.clone(), another]), now() + TimeDelta::days(30));
    let back = record(3, RecordKind::WaiverWithdrawn, &end("id-1", 0));
    assert!(standing(&[first.clone(), back.clone()]).is_empty());
    let replayed = Record { sequence: 4, ..first.clone() };
    assert!(standing(&[first.clone(), back.clone(), replayed]).is_empty(), "said again, it stays taken back");
    let other_again = [first, second, back];
    assert_eq!(only(&other_again).record, "id-2", "an end of the older one leaves the newer");
}
