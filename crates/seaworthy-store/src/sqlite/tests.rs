mod damage;
mod power;
mod trace;

use chrono::{DateTime, TimeDelta};
use seaworthy_core::consent::Consent;
use seaworthy_core::gate::decide;
use seaworthy_core::manifest::GateSpec;
use seaworthy_core::run::{RUN_VERSION, Run};

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};

use super::SqliteStore;
use crate::StoreError;

pub(super) fn run(number: u32) -> Run {
    Run {
        version: RUN_VERSION,
        id: format!("01a1-{number:04}"),
        seaworthy: "0".into(),
        service: "shop".into(),
        environment: Some("staging".into()),
        target: ".".into(),
        consent: Consent::Observe,
        commit: None,
        started_at: DateTime::UNIX_EPOCH + TimeDelta::seconds(number.into()),
        took_ms: 1,
        policy: String::new(),
        manifest: None,
        gate: GateSpec::default(),
        only: Vec::new(),
        decision: decide(&GateSpec::default(), &[], &[], DateTime::UNIX_EPOCH),
        findings: Vec::new(),
        provenance: Vec::new(),
        next: Vec::new(),
        detected: Vec::new(),
        facts: serde_json::json!({"a": number}),
    }
}

pub(super) struct Fixture {
    folder: tempfile::TempDir,
}

impl Fixture {
    pub(super) async fn with_runs(count: u32) -> Self {
        let fixture = Self { folder: tempfile::tempdir().expect("a folder") };
        let store = fixture.open().await;
        for number in 1..=count {
            store.append(&run(number)).await.expect("keeps");
        }
        fixture
    }

    pub(super) fn path(&self) -> std::path::PathBuf {
        self.folder.path().join(".seaworthy/runs.db")
    }

    pub(super) async fn open(&self) -> SqliteStore {
        SqliteStore::open(&self.path()).await.expect("opens")
    }

    /// Changes the file as someone would who has the rights and knows SQL, and puts back what stood in the way.
    pub(super) async fn tamper(&self, sql: &'static str) {
        let store = self.open().await;
        let triggers = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'";
        let triggers: Vec<(String, String)> =
            sqlx::query_as(triggers).fetch_all(&store.pool).await.expect("triggers");
        for (name, _) in &triggers {
            let drop = sqlx::AssertSqlSafe(format!("DROP TRIGGER {name}"));
            sqlx::query(drop).execute(&store.pool).await.expect("drops");
        }
        sqlx::query(sql).execute(&store.pool).await.expect(sql);
        for (_, made) in triggers {
            sqlx::query(sqlx::AssertSqlSafe(made)).execute(&store.pool).await.expect("makes");
        }
        store.pool.close().await;
    }
}

#[tokio::test]
async fn a_kept_run_comes_back_whole() {
    let fixture = Fixture::with_runs(3).await;
    let store = fixture.open().await;
    assert_eq!(store.get(None).await.expect("newest"), run(3));
    assert_eq!(store.get(Some("01a1-0002")).await.expect("by id"), run(2));
    assert!(matches!(store.get(Some("01a1")).await, Err(StoreError::Ambiguous(_))));
    assert!(matches!(store.get(Some("zz")).await, Err(StoreError::NoSuchRun(_))));
    assert!(matches!(store.get(Some("%")).await, Err(StoreError::NoSuchRun(_))));
    let listed = store.list(2).await.expect("lists");
    assert_eq!(listed.iter().map(|kept| kept.sequence).collect::<Vec<_>>(), [3, 2]);
}

#[tokio::test]
async fn an_untouched_chain_verifies() {
    let fixture = Fixture::with_runs(3).await;
    let store = fixture.open().await;
    let head = store.list(1).await.expect("lists")[0].digest.clone();
    let verified = store.verify(Some(&head)).await.expect("verifies");
    assert_eq!((verified.records, verified.faults.len()), (3, 0));
    assert_eq!(verified.known_head_found, Some(true));
}

#[tokio::test]
async fn the_store_refuses_changes() {
    let fixture = Fixture::with_runs(1).await;
    let store = fixture.open().await;
    for sql in ["UPDATE runs SET service = 'x'", "DELETE FROM runs"] {
        let refused = sqlx::query(sql).execute(&store.pool).await;
        assert!(refused.is_err_and(|error| error.to_string().contains("append-only")), "{sql}");
    }
}

#[tokio::test]
async fn every_tampering_is_found() {
    for sql in [
        "UPDATE runs SET headline = 'GO' WHERE sequence = 2",
        "UPDATE runs SET service = 'other' WHERE sequence = 1",
        "UPDATE runs SET target = 'other' WHERE sequence = 3",
        "UPDATE runs SET environment = NULL WHERE sequence = 1",
        "UPDATE runs SET environment = 'production' WHERE sequence = 1",
        "UPDATE runs SET started_at = '2030-01-01T00:00:00+00:00' WHERE sequence = 2",
        "UPDATE runs SET id = 'zz' WHERE sequence = 2",
        "UPDATE runs SET digest = 'zz' WHERE sequence = 2",
        "UPDATE runs SET previous = digest WHERE sequence = 2",
        "UPDATE runs SET document = x'00' WHERE sequence = 2",
        "UPDATE runs SET document = (SELECT document FROM runs WHERE sequence = 1) WHERE sequence = 2",
        "UPDATE runs SET document = substr(document, 1, length(document) - 9) WHERE sequence = 3",
        "UPDATE runs SET sequence = 9 WHERE sequence = 3",
        "UPDATE runs SET sequence = -1 WHERE sequence = 1",
        "DELETE FROM runs WHERE sequence = 1",
        "DELETE FROM runs WHERE sequence = 2",
        "INSERT INTO runs SELECT 4, 'new', started_at, service, environment, target, headline, document, digest, 'd', '' FROM runs WHERE sequence = 3",
        "INSERT INTO runs SELECT 0, 'new', started_at, service, environment, target, headline, document, digest, 'd', '' FROM runs WHERE sequence = 3",
        "UPDATE runs SET previous = '' WHERE sequence = 1",
        "UPDATE runs SET ledger_head = '' WHERE sequence = 2",
        "UPDATE runs SET ledger_head = digest WHERE sequence = 2",
    ] {
        let fixture = Fixture::with_runs(3).await;
        fixture.tamper(sql).await;
        let verified = fixture.open().await.verify(None).await.expect("verifies");
        assert!(!verified.faults.is_empty(), "not found: {sql}");
    }
}

#[tokio::test]
async fn a_cut_tail_is_found_by_a_head_kept_elsewhere() {
    let fixture = Fixture::with_runs(3).await;
    let head = fixture.open().await.list(1).await.expect("lists")[0].digest.clone();
    fixture.tamper("DELETE FROM runs WHERE sequence = 3").await;
    let store = fixture.open().await;
    assert!(
        store.verify(None).await.expect("verifies").faults.is_empty(),
        "a chain cannot see its own tail cut"
    );
    let verified = store.verify(Some(&head)).await.expect("verifies");
    assert_eq!((verified.known_head_found, verified.faults.len()), (Some(false), 1));
}

#[tokio::test]
async fn two_writers_wait_for_each_other() {
    let fixture = Fixture::with_runs(0).await;
    let writers = (0..4_u32).map(|writer| {
        let path = fixture.path();
        tokio::spawn(async move {
            let store = SqliteStore::open(&path).await.expect("opens");
            for number in 0..5 {
                store.append(&run(writer * 100 + number)).await.expect("keeps");
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.expect("writes");
    }
    let verified = fixture.open().await.verify(None).await.expect("verifies");
    assert_eq!((verified.records, verified.faults.len()), (20, 0));
}

#[tokio::test]
async fn a_file_that_is_no_store_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("runs.db");
    std::fs::write(&path, b"not a database, but somebody's file").expect("writes");
    assert!(SqliteStore::open(&path).await.is_err());
    assert_eq!(std::fs::read(&path).expect("reads"), b"not a database, but somebody's file");
}

#[tokio::test]
async fn a_database_of_something_else_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("cookies.db");
    let options = SqliteConnectOptions::new().filename(&path).create_if_missing(true);
    let mut other = options.connect().await.expect("opens");
    sqlx::query("CREATE TABLE cookies (name TEXT)").execute(&mut other).await.expect("makes");
    other.close().await.expect("closes");
    let before = std::fs::read(&path).expect("reads");
    assert!(matches!(SqliteStore::open(&path).await, Err(StoreError::Foreign { .. })));
    assert_eq!(std::fs::read(&path).expect("reads"), before);
}

#[tokio::test]
async fn a_link_is_not_followed() {
    let folder = tempfile::tempdir().expect("a folder");
    let elsewhere = folder.path().join("elsewhere");
    std::fs::create_dir_all(folder.path().join("a/.seaworthy")).expect("makes");
    std::fs::create_dir_all(folder.path().join("b")).expect("makes");
    std::fs::create_dir_all(&elsewhere).expect("makes");
    let link = |from: &str, to: &std::path::Path| {
        std::os::unix::fs::symlink(to, folder.path().join(from)).expect("links");
    };
    link("a/.seaworthy/runs.db", &elsewhere.join("runs.db"));
    link("b/.seaworthy", &elsewhere);
    for path in ["a/.seaworthy/runs.db", "b/.seaworthy/runs.db"] {
        let refused = SqliteStore::open(&folder.path().join(path)).await;
        assert!(matches!(refused, Err(StoreError::Open { .. })), "{path}");
    }
    assert_eq!(std::fs::read_dir(&elsewhere).expect("reads").count(), 0);
}

#[tokio::test]
async fn a_store_whose_tables_are_not_ours_is_refused() {
    for sql in [
        "DROP TRIGGER runs_are_not_changed",
        "DROP TRIGGER ledger_is_not_deleted",
        "CREATE TRIGGER more BEFORE INSERT ON runs BEGIN SELECT 1; END",
        "ALTER TABLE runs ADD COLUMN more TEXT",
        "CREATE VIEW more AS SELECT 1",
    ] {
        let fixture = Fixture::with_runs(1).await;
        let store = fixture.open().await;
        sqlx::query(sql).execute(&store.pool).await.expect(sql);
        store.pool.close().await;
        let refused = SqliteStore::open(&fixture.path()).await;
        assert!(matches!(refused, Err(StoreError::Foreign { .. })), "{sql}");
    }
    for sql in ["ANALYZE", "CREATE TABLE more (a TEXT)"] {
        let fixture = Fixture::with_runs(1).await;
        let store = fixture.open().await;
        sqlx::query(sql).execute(&store.pool).await.expect(sql);
        store.pool.close().await;
        assert!(SqliteStore::open(&fixture.path()).await.is_ok(), "{sql}");
    }
}

#[tokio::test]
async fn a_store_of_before_is_brought_up_to_date_by_whoever_comes_first() {
    let fixture = Fixture::with_runs(1).await;
    let store = fixture.open().await;
    for sql in ["ALTER TABLE runs DROP COLUMN ledger_head", "DELETE FROM _sqlx_migrations WHERE version = 3"]
    {
        sqlx::query(sql).execute(&store.pool).await.expect(sql);
    }
    store.pool.close().await;
    let writers = (0..8_u32).map(|writer| {
        let path = fixture.path();
        tokio::spawn(async move {
            let store = SqliteStore::open(&path).await.expect("opens");
            store.append(&run(100 + writer)).await.expect("keeps");
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.expect("writes");
    }
    let store = fixture.open().await;
    assert_eq!(store.list(20).await.expect("lists").len(), 9);
}

#[tokio::test]
async fn only_the_owner_may_read() {
    use std::os::unix::fs::PermissionsExt;
    let fixture = Fixture::with_runs(1).await;
    let mode = std::fs::metadata(fixture.path()).expect("is there").permissions().mode();
    assert_eq!(mode & 0o077, 0);
    assert!(fixture.folder.path().join(".seaworthy/.gitignore").exists());
}
