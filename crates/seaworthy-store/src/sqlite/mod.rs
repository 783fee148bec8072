//! The store in one SQLite file: WAL, `synchronous=FULL`, one transaction a run.

mod ledger;
mod place;
mod schema;

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use seaworthy_core::limits::FACTS_BYTES_MAX;
use seaworthy_core::run::Run;
use serde::Serialize;
use sqlx::migrate::MigrateError;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqliteLockingMode, SqlitePool, SqlitePoolOptions, SqliteRow,
    SqliteSynchronous,
};
use sqlx::{ConnectOptions, Row};

use crate::chain::{self, FIRST, Record, Verified, Walk};
use crate::error::StoreError;

/// Older versions have bugs that lose what was written to a WAL.
const SQLITE_LEAST: (&str, [u32; 3]) = ("3.51.3", [3, 51, 3]);
/// How long to wait for another writer.
const BUSY: Duration = Duration::from_secs(10);

/// How often another process may get in the way of bringing the tables up to date, and how long to wait then.
const MIGRATION_TRIES: u32 = 8;
const MIGRATION_PAUSE: Duration = Duration::from_millis(60);

/// Runs in one SQLite file.
#[derive(Debug)]
pub struct SqliteStore {
    /// One connection: SQLite has one writer, and so have we.
    pool: SqlitePool,
    /// A write failed below the database. After a failed sync the kernel may say of lost pages that they are
    /// written, so nothing that this process writes later can be called kept.
    broken: AtomicBool,
}

/// A kept run, in short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Kept {
    /// Its place in the chain, from 1.
    pub sequence: i64,
    /// Its id.
    pub id: String,
    /// When it began, RFC 3339.
    pub started_at: String,
    /// The service.
    pub service: String,
    /// The environment.
    pub environment: Option<String>,
    /// What was checked.
    pub target: String,
    /// The headline of its decision.
    pub headline: String,
    /// Its digest.
    pub digest: String,
}

/// A kept run, read and as it stands.
#[derive(Debug, Clone)]
pub struct KeptDocument {
    /// The run.
    pub run: Run,
    /// Its JSON, byte for byte as it was kept: what a certificate is about.
    pub json: Vec<u8>,
}

impl SqliteStore {
    /// Opens a store, or makes it. Only its owner may read what is made.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        place::refuse_links(path).map_err(|source| open_error(path, source))?;
        place::make_private(path).map_err(|source| open_error(path, source))?;
        schema::refuse_foreign(path).await?;
        Self::checked(path, Self::connected(path, Self::options(path)).await?).await
    }

    /// The store where its tables and triggers are as we make them.
    async fn checked(path: &Path, store: Self) -> Result<Self, StoreError> {
        match schema::changed(path, &store.pool).await? {
            Some(what) => Err(StoreError::Foreign { path: path.to_owned(), what }),
            None => Ok(store),
        }
    }

    /// Opens a store to verify it, also where its tables or triggers are not as we made them; says then what is not.
    pub async fn open_to_verify(path: &Path) -> Result<Option<(Self, Option<String>)>, StoreError> {
        match Self::open_existing(path).await {
            Err(StoreError::Foreign { what, .. }) => {
                schema::refuse_foreign(path).await?;
                let store = Self::connected(path, Self::options(path)).await?;
                Ok(Some((store, Some(what))))
            }
            opened => Ok(opened?.map(|store| (store, None))),
        }
    }

    fn options(path: &Path) -> SqliteConnectOptions {
        SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY)
            .disable_statement_logging()
    }

    /// Opens a store to read. `None` where there is none.
    ///
    /// On a full disk the file that processes share cannot be made. Alone, with its index in memory, a process can
    /// still read what is kept: <https://sqlite.org/wal.html#use_of_wal_without_shared_memory>.
    pub async fn open_existing(path: &Path) -> Result<Option<Self>, StoreError> {
        if !path.exists() {
            return Ok(None);
        }
        let opened = match Self::open(path).await {
            Err(error) if error.is_full() => {
                let alone = Self::options(path).locking_mode(SqliteLockingMode::Exclusive);
                Self::checked(path, Self::connected(path, alone).await?).await
            }
            // Where nobody may write, what is kept can be read all the same, if all of it is in the file.
            Err(error) if error.is_not_writable() && !place::has_more(path) => {
                let still = Self::options(path).read_only(true).immutable(true).create_if_missing(false);
                let store = Self::reading(path, still.journal_mode(SqliteJournalMode::Off)).await?;
                Self::checked(path, store).await
            }
            opened => opened,
        };
        opened.map(Some)
    }

    async fn connected(path: &Path, options: SqliteConnectOptions) -> Result<Self, StoreError> {
        let mut tries_left = MIGRATION_TRIES;
        loop {
            let store = Self::reading(path, options.clone()).await?;
            match sqlx::migrate!().run(&store.pool).await {
                Ok(()) => return Ok(store),
                Err(error) if tries_left > 0 && came_second(&error) => {
                    tries_left -= 1;
                    store.pool.close().await;
                    tokio::time::sleep(MIGRATION_PAUSE).await;
                }
                Err(error) => return Err(open_error(path, error)),
            }
        }
    }

    /// Opens a file as it is.
    async fn reading(path: &Path, options: SqliteConnectOptions) -> Result<Self, StoreError> {
        let pool = SqlitePoolOptions::new()
            .max_connections(1)
            .connect_with(options)
            .await
            .map_err(|source| open_error(path, source))?;
        let version: String = sqlx::query_scalar("SELECT sqlite_version()")
            .fetch_one(&pool)
            .await
            .map_err(|source| open_error(path, source))?;
        if parsed(&version) < SQLITE_LEAST.1 {
            return Err(StoreError::OldSqlite { found: version, wanted: SQLITE_LEAST.0 });
        }
        Ok(Self { pool, broken: AtomicBool::new(false) })
    }

    /// Keeps a run. When this returns, it is on the disk; before, there is nothing of it. After a write that failed
    /// below the database this store keeps nothing more.
    pub async fn append(&self, run: &Run) -> Result<Kept, StoreError> {
        self.writing(self.appended(run)).await
    }

    /// Writes, unless a write failed below the database before.
    async fn writing<T>(&self, write: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        if self.broken.load(Ordering::SeqCst) {
            return Err(StoreError::Broken);
        }
        let written = write.await;
        if written.as_ref().is_err_and(StoreError::is_of_the_disk) {
            self.broken.store(true, Ordering::SeqCst);
        }
        written
    }

    async fn appended(&self, run: &Run) -> Result<Kept, StoreError> {
        let json = serde_json::to_vec(run).map_err(|error| damaged(&run.id, &error))?;
        let document = compressed(&json).map_err(|error| damaged(&run.id, &error))?;
        let doing = |source| StoreError::Statement { doing: "keep a run", source };
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await.map_err(doing)?;
        let last: Option<(i64, String)> =
            sqlx::query_as("SELECT sequence, digest FROM runs ORDER BY sequence DESC LIMIT 1")
                .fetch_optional(&mut *transaction)
                .await
                .map_err(doing)?;
        let (sequence, previous) = last.map_or((1, FIRST.to_owned()), |(last, digest)| (last + 1, digest));
        let ledger_head = self.ledger_head(&mut transaction).await.map_err(doing)?;
        let kept = Kept {
            sequence,
            id: run.id.clone(),
            started_at: run.started_at.to_rfc3339(),
            service: run.service.clone(),
            environment: run.environment.clone(),
            target: run.target.clone(),
            headline: chain::headline(run).to_owned(),
            digest: chain::digest(sequence, &previous, &json, &ledger_head),
        };
        sqlx::query(
            "INSERT INTO runs (sequence, id, started_at, service, environment, target, headline, previous, digest, document, ledger_head) \
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(kept.sequence)
        .bind(&kept.id)
        .bind(&kept.started_at)
        .bind(&kept.service)
        .bind(&kept.environment)
        .bind(&kept.target)
        .bind(&kept.headline)
        .bind(previous)
        .bind(&kept.digest)
        .bind(document)
        .bind(ledger_head)
        .execute(&mut *transaction)
        .await
        .map_err(doing)?;
        transaction.commit().await.map_err(doing)?;
        Ok(kept)
    }

    /// The kept runs, newest first.
    pub async fn list(&self, limit: u32) -> Result<Vec<Kept>, StoreError> {
        let rows = sqlx::query(
            "SELECT sequence, id, started_at, service, environment, target, headline, previous, digest \
             FROM runs ORDER BY sequence DESC LIMIT ?",
        )
        .bind(limit)
        .fetch_all(&self.pool)
        .await
        .map_err(|source| StoreError::Statement { doing: "list runs", source })?;
        rows.iter()
            .map(|row| short(row).map_err(|source| StoreError::Statement { doing: "list runs", source }))
            .collect()
    }

    /// The kept runs of one service in one environment, newest first.
    pub async fn list_of(
        &self,
        service: &str,
        environment: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Kept>, StoreError> {
        let doing = |source| StoreError::Statement { doing: "list runs", source };
        let rows = sqlx::query(
            "SELECT sequence, id, started_at, service, environment, target, headline, previous, digest \
             FROM runs WHERE service = ? AND environment IS ? ORDER BY sequence DESC LIMIT ?",
        )
        .bind(service)
        .bind(environment)
        .bind(limit)
        .fetch_all(&self.pool)
        .await
        .map_err(doing)?;
        rows.iter().map(|row| short(row).map_err(doing)).collect()
    }

    /// A kept run by its id or the beginning of it; the newest where none is given.
    pub async fn get(&self, beginning: Option<&str>) -> Result<Run, StoreError> {
        self.document(beginning).await.map(|document| document.run)
    }

    /// A kept run with its JSON as it was kept.
    pub async fn document(&self, beginning: Option<&str>) -> Result<KeptDocument, StoreError> {
        let doing = |source| StoreError::Statement { doing: "read a run", source };
        let wanted = beginning.unwrap_or_default();
        let rows = sqlx::query(
            "SELECT id, document FROM runs WHERE substr(id, 1, length(?1)) = ?1 ORDER BY sequence DESC LIMIT 2",
        )
        .bind(wanted)
        .fetch_all(&self.pool)
        .await
        .map_err(doing)?;
        let Some(row) = rows.first() else { return Err(StoreError::NoSuchRun(wanted.to_owned())) };
        if rows.len() > 1 && beginning.is_some() {
            return Err(StoreError::Ambiguous(wanted.to_owned()));
        }
        let id: String = row.try_get("id").map_err(doing)?;
        let document: Vec<u8> = row.try_get("document").map_err(doing)?;
        let json = expanded(&document).map_err(|error| damaged(&id, &error))?;
        let run = serde_json::from_slice(&json).map_err(|error| damaged(&id, &error))?;
        Ok(KeptDocument { run, json })
    }

    /// Walks the whole chain and finds any change. `known_head` is a digest that was kept elsewhere.
    pub async fn verify(&self, known_head: Option<&str>) -> Result<Verified, StoreError> {
        let doing = |source| StoreError::Statement { doing: "verify runs", source };
        let mut walk = Walk::new(known_head);
        let mut after = i64::MIN;
        loop {
            let row = sqlx::query(
                "SELECT sequence, id, started_at, service, environment, target, headline, previous, digest, document, ledger_head, \
                 ledger_head IN ('', ?) OR ledger_head IN (SELECT digest FROM ledger) AS ledger_head_known \
                 FROM runs WHERE sequence > ? ORDER BY sequence LIMIT 1",
            )
            .bind(FIRST)
            .bind(after)
            .fetch_optional(&self.pool)
            .await
            .map_err(doing)?;
            let Some(row) = row else { return Ok(walk.end()) };
            let record = record(&row).map_err(doing)?;
            after = record.sequence;
            walk.step(&record);
        }
    }
}

/// Whether another process brought the tables up to date at the same moment.
fn came_second(error: &MigrateError) -> bool {
    let said = error.to_string();
    ["duplicate column", "already exists", "UNIQUE constraint", "locked"]
        .iter()
        .any(|known| said.contains(known))
}

fn short(row: &SqliteRow) -> Result<Kept, sqlx::Error> {
    Ok(Kept {
        sequence: row.try_get("sequence")?,
        id: row.try_get("id")?,
        started_at: row.try_get("started_at")?,
        service: row.try_get("service")?,
        environment: row.try_get("environment")?,
        target: row.try_get("target")?,
        headline: row.try_get("headline")?,
        digest: row.try_get("digest")?,
    })
}

fn record(row: &SqliteRow) -> Result<Record, sqlx::Error> {
    let Kept { sequence, id, started_at, service, environment, target, headline, digest } = short(row)?;
    let document: Vec<u8> = row.try_get("document")?;
    Ok(Record {
        sequence,
        id,
        started_at,
        service,
        environment,
        target,
        headline,
        digest,
        previous: row.try_get("previous")?,
        ledger_head: row.try_get("ledger_head")?,
        ledger_head_known: row.try_get("ledger_head_known")?,
        json: expanded(&document).map_err(|error| format!("its content cannot be expanded: {error}")),
    })
}

fn open_error(path: &Path, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> StoreError {
    StoreError::Open { path: PathBuf::from(path), source: source.into() }
}

fn damaged(id: &str, why: &dyn std::fmt::Display) -> StoreError {
    StoreError::Damaged { id: id.to_owned(), why: why.to_string() }
}

fn compressed(json: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(json)?;
    encoder.finish()
}

/// Expands at most what a run may have, so that a damaged record cannot fill the memory.
fn expanded(document: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut json = Vec::new();
    let limit = FACTS_BYTES_MAX as u64 * 2;
    GzDecoder::new(document).take(limit).read_to_end(&mut json)?;
    Ok(json)
}

fn parsed(version: &str) -> [u32; 3] {
    let mut numbers = version.split('.').map(|part| part.parse().unwrap_or(0));
    std::array::from_fn(|_| numbers.next().unwrap_or(0))
}

#[cfg(test)]
mod tests;
