//! The ledger in the same file as the runs: what people said, in a chain of its own that holds on to the runs' chain.

use chrono::{DateTime, Utc};
use seaworthy_core::ledger::{Entry, Record, RecordKind};
use seaworthy_core::limits::people::LEDGER_RECORDS_MAX;
use sqlx::Row;
use sqlx::sqlite::{SqliteConnection, SqliteRow};

use super::{SqliteStore, damaged};
use crate::chain::{self, FIRST, Fault, Verified};
use crate::error::StoreError;

const COLUMNS: &str = "SELECT sequence, id, kind, at, service, environment, envelope, runs_head, previous, digest \
                       FROM ledger WHERE sequence > ? ORDER BY sequence LIMIT ?";

impl SqliteStore {
    /// Keeps what someone said. When this returns, it is on the disk; before, there is nothing of it.
    pub async fn record(&self, entry: &Entry) -> Result<Record, StoreError> {
        self.writing(self.recorded(entry)).await
    }

    async fn recorded(&self, entry: &Entry) -> Result<Record, StoreError> {
        let doing = |source| StoreError::Statement { doing: "keep a record of the ledger", source };
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await.map_err(doing)?;
        let runs_head: Option<String> =
            sqlx::query_scalar("SELECT digest FROM runs ORDER BY sequence DESC LIMIT 1")
                .fetch_optional(&mut *transaction)
                .await
                .map_err(doing)?;
        let last: Option<(i64, String)> =
            sqlx::query_as("SELECT sequence, digest FROM ledger ORDER BY sequence DESC LIMIT 1")
                .fetch_optional(&mut *transaction)
                .await
                .map_err(doing)?;
        let (sequence, previous) = last.map_or((1, FIRST.to_owned()), |(last, digest)| (last + 1, digest));
        let runs_head = runs_head.unwrap_or_else(|| FIRST.to_owned());
        let at = entry.at.to_rfc3339();
        let digest = digest(sequence, &previous, entry, &at, &runs_head);
        sqlx::query(
            "INSERT INTO ledger (sequence, id, kind, at, service, environment, envelope, runs_head, previous, digest) \
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(sequence)
        .bind(&entry.id)
        .bind(entry.kind.word())
        .bind(&at)
        .bind(&entry.service)
        .bind(&entry.environment)
        .bind(&entry.envelope)
        .bind(&runs_head)
        .bind(&previous)
        .bind(&digest)
        .execute(&mut *transaction)
        .await
        .map_err(doing)?;
        transaction.commit().await.map_err(doing)?;
        Ok(Record { sequence, entry: entry.clone(), runs_head, digest })
    }

    /// The whole ledger in order. What does not follow the chain is an error: half a ledger decides nothing.
    pub async fn ledger(&self) -> Result<Vec<Record>, StoreError> {
        let rows = self.ledger_rows(i64::MIN, LEDGER_RECORDS_MAX + 1, "read the ledger").await?;
        if rows.len() > LEDGER_RECORDS_MAX as usize {
            return Err(damaged("ledger", &format!("it has more than {LEDGER_RECORDS_MAX} records")));
        }
        let mut walk = LedgerWalk::new(None);
        let mut records = Vec::new();
        for row in &rows {
            walk.step(row);
            if let Some(fault) = walk.verified.faults.first() {
                let why = format!(
                    "record {}: {}; `seaworthy history --verify` tells all",
                    fault.sequence, fault.what
                );
                return Err(damaged("ledger", &why));
            }
            let read = row.record.clone().map_err(|why| damaged("ledger", &why))?;
            records.push(read);
        }
        self.nothing_cut_off().await?;
        Ok(records)
    }

    /// Runs name the newest record of their time, so records that were cut off since show.
    async fn nothing_cut_off(&self) -> Result<(), StoreError> {
        let doing = |source| StoreError::Statement { doing: "read the ledger", source };
        let gone: Option<String> = sqlx::query_scalar(
            "SELECT id FROM runs WHERE ledger_head NOT IN ('', ?) AND ledger_head NOT IN (SELECT digest FROM ledger) \
             ORDER BY sequence LIMIT 1",
        )
        .bind(FIRST)
        .fetch_optional(&self.pool)
        .await
        .map_err(doing)?;
        match gone {
            Some(id) => {
                Err(damaged("ledger", &format!("what people had said before run {id} is gone from it")))
            }
            None => Ok(()),
        }
    }

    /// The digest of the newest record.
    pub(super) async fn ledger_head(&self, connection: &mut SqliteConnection) -> Result<String, sqlx::Error> {
        let head = sqlx::query_scalar("SELECT digest FROM ledger ORDER BY sequence DESC LIMIT 1");
        let head: Option<String> = head.fetch_optional(connection).await?;
        Ok(head.unwrap_or_else(|| FIRST.to_owned()))
    }

    /// Walks the ledger and finds any change. `known_head` is a digest that was kept elsewhere.
    ///
    /// Each record names the newest run of its time, so it also finds runs that were cut off since.
    pub async fn verify_ledger(&self, known_head: Option<&str>) -> Result<Verified, StoreError> {
        const DOING: &str = "verify the ledger";
        let mut walk = LedgerWalk::new(known_head);
        let mut after = i64::MIN;
        loop {
            let rows = self.ledger_rows(after, 1, DOING).await?;
            let Some(row) = rows.first() else { return Ok(walk.end()) };
            after = row.sequence;
            walk.step(row);
            let known: i64 = sqlx::query_scalar("SELECT count(*) FROM runs WHERE digest = ?")
                .bind(&row.runs_head)
                .fetch_one(&self.pool)
                .await
                .map_err(|source| StoreError::Statement { doing: DOING, source })?;
            if known == 0 && row.runs_head != FIRST {
                walk.fault(row, "the run that was the newest at its time is gone".to_owned());
            }
        }
    }

    async fn ledger_rows(
        &self,
        after: i64,
        limit: u32,
        doing: &'static str,
    ) -> Result<Vec<KeptRecord>, StoreError> {
        let statement = |source| StoreError::Statement { doing, source };
        let rows =
            sqlx::query(COLUMNS).bind(after).bind(limit).fetch_all(&self.pool).await.map_err(statement)?;
        rows.iter().map(|row| KeptRecord::of(row).map_err(statement)).collect()
    }
}

fn digest(sequence: i64, previous: &str, entry: &Entry, at: &str, runs_head: &str) -> String {
    let said = serde_json::json!([
        entry.id,
        entry.kind.word(),
        at,
        entry.service,
        entry.environment,
        entry.envelope,
        runs_head
    ]);
    chain::digest(sequence, previous, said.to_string().as_bytes(), "")
}

/// A record as it stands in the store.
struct KeptRecord {
    sequence: i64,
    id: String,
    previous: String,
    runs_head: String,
    digest: String,
    /// What its content comes to, by which its digest is made.
    expected: Option<String>,
    record: Result<Record, String>,
}

impl KeptRecord {
    fn of(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        let (sequence, id): (i64, String) = (row.try_get("sequence")?, row.try_get("id")?);
        let (previous, runs_head): (String, String) = (row.try_get("previous")?, row.try_get("runs_head")?);
        let digest_kept: String = row.try_get("digest")?;
        let (kind, at): (String, String) = (row.try_get("kind")?, row.try_get("at")?);
        let entry = Self::entry(row, &id, &kind, &at)?;
        let expected = entry.as_ref().ok().map(|entry| digest(sequence, &previous, entry, &at, &runs_head));
        let record = entry.map(|entry| Record {
            sequence,
            entry,
            runs_head: runs_head.clone(),
            digest: digest_kept.clone(),
        });
        Ok(Self { sequence, id, previous, runs_head, digest: digest_kept, expected, record })
    }

    fn entry(row: &SqliteRow, id: &str, kind: &str, at: &str) -> Result<Result<Entry, String>, sqlx::Error> {
        let Some(kind) = RecordKind::of(kind) else {
            return Ok(Err("it is of a kind that this version does not know".to_owned()));
        };
        let Ok(at) = DateTime::parse_from_rfc3339(at) else {
            return Ok(Err("its time cannot be read".to_owned()));
        };
        Ok(Ok(Entry {
            id: id.to_owned(),
            kind,
            at: at.with_timezone(&Utc),
            service: row.try_get("service")?,
            environment: row.try_get("environment")?,
            envelope: row.try_get("envelope")?,
        }))
    }
}

/// Walks the ledger.
struct LedgerWalk {
    next: i64,
    previous: String,
    known_head: Option<String>,
    verified: Verified,
}

impl LedgerWalk {
    fn new(known_head: Option<&str>) -> Self {
        let verified = Verified {
            records: 0,
            head: FIRST.to_owned(),
            faults: Vec::new(),
            known_head_found: known_head.map(|head| head == FIRST),
        };
        Self { next: 1, previous: FIRST.to_owned(), known_head: known_head.map(str::to_owned), verified }
    }

    fn step(&mut self, row: &KeptRecord) {
        if row.sequence != self.next {
            self.fault(
                row,
                format!("records {} to {} are missing", self.next, row.sequence.saturating_sub(1)),
            );
        }
        if row.previous != self.previous {
            self.fault(row, "it does not follow the record before it".to_owned());
        }
        match (&row.record, &row.expected) {
            (Err(why), _) => self.fault(row, why.clone()),
            (Ok(_), expected) if expected.as_ref() != Some(&row.digest) => {
                self.fault(row, "its content does not match its digest".to_owned());
            }
            (Ok(_), _) => {}
        }
        self.verified.records += 1;
        self.verified.head.clone_from(&row.digest);
        self.previous.clone_from(&row.digest);
        self.next = row.sequence.saturating_add(1);
        if self.known_head.as_ref() == Some(&row.digest) {
            self.verified.known_head_found = Some(true);
        }
    }

    fn fault(&mut self, row: &KeptRecord, what: String) {
        self.verified.faults.push(Fault { sequence: row.sequence, id: row.id.clone(), what });
    }

    fn end(mut self) -> Verified {
        if self.verified.known_head_found == Some(false) {
            self.verified.faults.push(Fault {
                sequence: self.next,
                id: String::new(),
                what: "the head that you know is not in the ledger: it was cut off or written anew"
                    .to_owned(),
            });
        }
        self.verified
    }
}

#[cfg(test)]
mod tests;
