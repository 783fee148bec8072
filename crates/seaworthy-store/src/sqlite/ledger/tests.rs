use chrono::{DateTime, TimeDelta};
use seaworthy_core::ledger::{Entry, RecordKind};

use crate::sqlite::SqliteStore;
use crate::sqlite::tests::{Fixture, run};

fn entry(number: u32) -> Entry {
    Entry {
        id: format!("01a2-{number:04}"),
        kind: RecordKind::ALL[number as usize % RecordKind::ALL.len()],
        at: DateTime::UNIX_EPOCH + TimeDelta::seconds(number.into()),
        service: "shop".into(),
        environment: Some("staging".into()),
        envelope: format!("{{\"number\":{number}}}"),
    }
}

/// Two runs, then a record after each of three more runs.
async fn kept() -> Fixture {
    let fixture = Fixture::with_runs(2).await;
    let store = fixture.open().await;
    for number in 1..=3 {
        store.record(&entry(number)).await.expect("keeps");
        store.append(&run(10 + number)).await.expect("keeps");
    }
    fixture
}

#[tokio::test]
async fn what_was_said_comes_back_whole_and_verifies() {
    let fixture = kept().await;
    let store = fixture.open().await;
    let records = store.ledger().await.expect("reads");
    assert_eq!(records.iter().map(|record| record.sequence).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(records[1].entry, entry(2));
    let head = records[2].digest.clone();
    let verified = store.verify_ledger(Some(&head)).await.expect("verifies");
    assert_eq!((verified.records, verified.faults.len()), (3, 0));
    assert_eq!((verified.known_head_found, verified.head), (Some(true), head));
    let runs = store.verify(None).await.expect("verifies");
    assert!(runs.faults.is_empty());
}

#[tokio::test]
async fn the_ledger_refuses_changes() {
    let store = kept().await;
    let store = store.open().await;
    for sql in ["UPDATE ledger SET service = 'x'", "DELETE FROM ledger"] {
        let refused = sqlx::query(sql).execute(&store.pool).await;
        assert!(refused.is_err_and(|error| error.to_string().contains("append-only")), "{sql}");
    }
}

#[tokio::test]
async fn every_tampering_is_found_and_nothing_is_read_of_it() {
    for sql in [
        "UPDATE ledger SET kind = 'waiver' WHERE sequence = 3",
        "UPDATE ledger SET kind = 'order' WHERE sequence = 3",
        "UPDATE ledger SET service = 'other' WHERE sequence = 1",
        "UPDATE ledger SET environment = NULL WHERE sequence = 1",
        "UPDATE ledger SET environment = 'production' WHERE sequence = 1",
        "UPDATE ledger SET at = '2030-01-01T00:00:00+00:00' WHERE sequence = 2",
        "UPDATE ledger SET at = 'noon' WHERE sequence = 2",
        "UPDATE ledger SET envelope = '{}' WHERE sequence = 2",
        "UPDATE ledger SET id = 'zz' WHERE sequence = 2",
        "UPDATE ledger SET digest = 'zz' WHERE sequence = 2",
        "UPDATE ledger SET runs_head = 'zz' WHERE sequence = 2",
        "UPDATE ledger SET previous = digest WHERE sequence = 2",
        "UPDATE ledger SET sequence = 9 WHERE sequence = 3",
        "UPDATE ledger SET sequence = -1 WHERE sequence = 1",
        "DELETE FROM ledger WHERE sequence = 1",
        "DELETE FROM ledger WHERE sequence = 2",
        "INSERT INTO ledger SELECT 4, 'new', kind, at, service, environment, envelope, runs_head, digest, 'd' FROM ledger WHERE sequence = 3",
        "INSERT INTO ledger SELECT 0, 'new', kind, at, service, environment, envelope, runs_head, digest, 'd' FROM ledger WHERE sequence = 3",
        "UPDATE ledger SET previous = '' WHERE sequence = 1",
    ] {
        let fixture = kept().await;
        fixture.tamper(sql).await;
        let store = fixture.open().await;
        let verified = store.verify_ledger(None).await.expect("verifies");
        assert!(!verified.faults.is_empty(), "not found: {sql}");
        assert!(store.ledger().await.is_err(), "read: {sql}");
    }
}

#[tokio::test]
async fn runs_cut_off_since_are_found_by_the_ledger() {
    let fixture = kept().await;
    fixture.tamper("DELETE FROM runs WHERE sequence > 3").await;
    let store = fixture.open().await;
    assert!(store.verify(None).await.expect("verifies").faults.is_empty());
    let verified = store.verify_ledger(None).await.expect("verifies");
    assert_eq!(verified.faults.len(), 1, "the third record knows of run 4");
}

#[tokio::test]
async fn records_cut_off_are_found_by_the_runs_since() {
    let fixture = kept().await;
    fixture.tamper("DELETE FROM ledger WHERE sequence = 3").await;
    let store = fixture.open().await;
    let verified = store.verify(None).await.expect("verifies");
    assert_eq!(verified.faults.len(), 1, "the last run knows of record 3");
    assert!(store.ledger().await.is_err(), "half a ledger decides nothing");
}

#[tokio::test]
async fn a_cut_tail_of_the_ledger_is_found_by_a_head_kept_elsewhere() {
    let fixture = Fixture::with_runs(2).await;
    let store = fixture.open().await;
    for number in 1..=3 {
        store.record(&entry(number)).await.expect("keeps");
    }
    let head = fixture.open().await.verify_ledger(None).await.expect("verifies").head;
    fixture.tamper("DELETE FROM ledger WHERE sequence = 3").await;
    let verified = fixture.open().await.verify_ledger(Some(&head)).await.expect("verifies");
    assert_eq!((verified.known_head_found, verified.faults.len()), (Some(false), 1));
}

#[tokio::test]
async fn writers_of_runs_and_of_the_ledger_wait_for_each_other() {
    let fixture = Fixture::with_runs(1).await;
    let writers = (0..4_u32).map(|writer| {
        let path = fixture.path();
        tokio::spawn(async move {
            let store = SqliteStore::open(&path).await.expect("opens");
            for number in 0..5 {
                store.record(&entry(100 + writer * 10 + number)).await.expect("keeps");
                store.append(&run(100 + writer * 10 + number)).await.expect("keeps");
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.expect("writes");
    }
    let store = fixture.open().await;
    let verified = store.verify_ledger(None).await.expect("verifies");
    assert_eq!((verified.records, verified.faults.len()), (20, 0));
    assert!(store.verify(None).await.expect("verifies").faults.is_empty());
}
