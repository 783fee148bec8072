//! The power is cut after every write and sync of a process that keeps runs, and its disk fails to sync.
//!
//! A kill proves nothing here: the kernel keeps what a killed process wrote. So the writes and syncs of a real
//! process are recorded, and the files built as a cut between two of them may leave them.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;

use seaworthy_core::run::Run;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};

use super::trace::{Disk, Event, Unsynced, WORDS, read};
use super::{SqliteStore, run};

/// Runs that the process keeps.
const RUNS: u32 = 15;
/// The store is closed and opened again after so many of them.
const SESSION: u32 = 5;
/// Places to cut at least.
const CUTS_MIN: usize = 300;
/// Tells the test that it is the process that is to keep runs, and where: `SYNC FILE`.
const WRITER: &str = "SEAWORTHY_TEST_WRITER";

/// A run whose document takes some pages that do not compress, and sometimes many.
pub(super) fn large(number: u32) -> Run {
    let mut state = u64::from(number) + 1;
    let words = if number.is_multiple_of(4) { 6_000 } else { 600 };
    let noise: Vec<u64> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state >> 11
    })
    .take(words)
    .collect();
    Run { facts: serde_json::json!({ "noise": noise }), ..run(number) }
}

async fn opened(path: &Path, synchronous: SqliteSynchronous) -> Result<SqliteStore, crate::StoreError> {
    if synchronous == SqliteSynchronous::Full {
        return SqliteStore::open(path).await;
    }
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(synchronous);
    SqliteStore::connected(path, options).await
}

/// Not a test by itself: the process that the others record.
#[tokio::test]
async fn keeps_runs_where_it_is_told_to() {
    let Ok(told) = std::env::var(WRITER) else { return };
    let (sync, path) = told.split_once(' ').expect("SYNC FILE");
    let synchronous = if sync == "full" { SqliteSynchronous::Full } else { SqliteSynchronous::Normal };
    let mut store = None;
    for number in 1..=RUNS {
        let open = match store.take() {
            Some(open) => open,
            None => opened(Path::new(path), synchronous).await.expect("opens"),
        };
        match open.append(&large(number)).await {
            Ok(kept) => println!("\nkept {}", kept.sequence),
            Err(error) => {
                println!("\nfailed {error}");
                let again = open.append(&large(number)).await;
                println!("\nagain {}", if again.is_ok() { "kept" } else { "refused" });
                return;
            }
        }
        if number.is_multiple_of(SESSION) {
            open.pool.close().await;
        } else {
            store = Some(open);
        }
    }
    println!("\ndone");
}

/// That process under `strace`; nothing where there is none or it may not trace.
fn traced(words: &[&str], sync: &str, store: &Path) -> Option<Output> {
    let output = Command::new("strace")
        .args(words)
        .arg(std::env::current_exe().expect("this test"))
        .args(["--exact", "sqlite::tests::power::keeps_runs_where_it_is_told_to", "--nocapture"])
        .env(WRITER, format!("{sync} {}", store.display()))
        .output()
        .ok()?;
    String::from_utf8_lossy(&output.stdout).contains("running 1 test").then_some(output)
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// What a whole session of that process did.
fn recorded(sync: &str) -> Option<Vec<Event>> {
    let folder = tempfile::tempdir().expect("a folder");
    let here = folder.path().canonicalize().expect("a path");
    let trace = tempfile::NamedTempFile::new().expect("a file");
    let path = trace.path().display().to_string();
    let words: Vec<&str> = WORDS.into_iter().chain([path.as_str()]).collect();
    let output = traced(&words, sync, &here.join("runs.db"))?;
    assert!(said(&output).contains("\ndone"), "{}{}", said(&output), String::from_utf8_lossy(&output.stderr));
    Some(read(&std::fs::read_to_string(trace.path()).expect("a trace"), &here))
}

/// Files by their names.
type Files = BTreeMap<String, Vec<u8>>;

/// The files after a cut. What processes share is not read after a start of the machine: SQLite builds it anew.
fn left(disk: &Disk, unsynced: Unsynced) -> Files {
    let files = disk.cut(unsynced).into_iter().filter(|(name, _)| !name.ends_with("-shm"));
    files.map(|(name, content)| (name.to_owned(), content)).collect()
}

/// What the store holds after a cut: how many runs, and what is wrong with them.
async fn found(files: &Files) -> (usize, Vec<String>) {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, content) in files {
        std::fs::write(folder.path().join(name), content).expect("writes");
    }
    let store = match SqliteStore::open(&folder.path().join("runs.db")).await {
        Ok(store) => store,
        Err(error) => return (0, vec![format!("it does not open: {error:?}")]),
    };
    let verified = match store.verify(None).await {
        Ok(verified) => verified,
        Err(error) => return (0, vec![format!("it cannot be verified: {error:?}")]),
    };
    let mut wrong: Vec<String> = verified.faults.iter().map(|fault| format!("{fault:?}")).collect();
    let count = verified.records;
    if count > 0 {
        match store.get(None).await {
            Ok(newest) if newest == large(u32::try_from(count).unwrap_or(0)) => {}
            other => wrong.push(format!("the newest run is not whole: {:?}", other.map(|run| run.id))),
        }
    }
    store.pool.close().await;
    (count, wrong)
}

/// Cuts after every event: how many cuts there were, what was lost though it was said to be kept, and what was wrong.
async fn cut_everywhere(events: Arc<Vec<Event>>, way: Unsynced) -> (usize, Vec<String>, Vec<String>) {
    let (mut disk, mut kept) = (Disk::default(), 0_usize);
    let (mut cuts, mut lost, mut wrong) = (0, Vec::new(), Vec::new());
    // Until the next sync a cut that loses all leaves the same files again and again.
    let mut before: Option<(Files, (usize, Vec<String>))> = None;
    for (place, event) in events.iter().enumerate() {
        disk.take(event);
        if let Event::Said(line) = event {
            let number = line.lines().find_map(|line| line.strip_prefix("kept ")?.parse().ok());
            kept = number.unwrap_or(kept);
        }
        cuts += 1;
        let files = left(&disk, way);
        let known = before.take().filter(|(known, _)| *known == files).map(|(_, found)| found);
        let (count, faults) = match known {
            Some(known) => known,
            None => found(&files).await,
        };
        wrong.extend(faults.iter().map(|fault| format!("cut {place}, {way:?}: {fault}")));
        if count < kept {
            lost.push(format!("cut {place}, {way:?}: {count} of {kept}"));
        } else if count > kept + 1 {
            wrong.push(format!("cut {place}, {way:?}: {count} where {kept} were kept"));
        }
        before = Some((files, (count, faults)));
    }
    (cuts, lost, wrong)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_power_cut_loses_no_kept_run_and_leaves_no_half_one() {
    let Some(events) = recorded("full") else {
        println!("skipped: {CUTS_MIN} power cuts, nothing can be traced here");
        return;
    };
    let events = Arc::new(events);
    let ways = Unsynced::ALL.map(|way| tokio::spawn(cut_everywhere(Arc::clone(&events), way)));
    let (mut cuts, mut lost, mut wrong) = (0, Vec::new(), Vec::new());
    for way in ways {
        let (made, more_lost, more_wrong) = way.await.expect("cuts");
        cuts = made;
        lost.extend(more_lost);
        wrong.extend(more_wrong);
    }
    println!("{cuts} cuts, {} ways each: {} lost, {} wrong", Unsynced::ALL.len(), lost.len(), wrong.len());
    assert!(cuts >= CUTS_MIN, "{cuts} cuts");
    assert!(lost.is_empty() && wrong.is_empty(), "{}\n{}", lost.join("\n"), wrong.join("\n"));
}

#[tokio::test]
async fn a_store_that_does_not_sync_each_run_is_caught_losing_them() {
    let Some(events) = recorded("normal") else {
        println!("skipped: the control of the power cuts, nothing can be traced here");
        return;
    };
    let (cuts, lost, _) = cut_everywhere(Arc::new(events), Unsynced::Lost).await;
    println!("{cuts} cuts: {} lost", lost.len());
    assert!(lost.len() > 50, "{} of {cuts} cuts lost a run", lost.len());
}

#[tokio::test]
async fn after_a_failed_sync_nothing_is_called_kept() {
    let mut failed = 0;
    for call in 1..=24 {
        let folder = tempfile::tempdir().expect("a folder");
        let store = folder.path().join("runs.db");
        let inject = format!("inject=fsync,fdatasync:error=EIO:when={call}");
        let words = ["-f", "-o", "/dev/null", "-e", "trace=fsync,fdatasync", "-e", &inject];
        let Some(output) = traced(&words, "full", &store) else {
            println!("skipped: 24 failed syncs, nothing can be traced here");
            return;
        };
        let said = said(&output);
        let kept = said.lines().filter(|line| line.starts_with("kept ")).count();
        if said.contains("\nfailed ") {
            failed += 1;
            assert!(said.contains("\nagain refused"), "sync {call}: {said}");
        }
        let verified = SqliteStore::open(&store).await.expect("opens").verify(None).await.expect("verifies");
        let count = verified.records;
        assert!(verified.faults.is_empty() && count >= kept, "sync {call}: {count} of {kept}");
    }
    assert!(failed >= 5, "{failed} of the syncs failed while a run was kept");
}
