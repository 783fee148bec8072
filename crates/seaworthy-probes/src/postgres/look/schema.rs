//! Tables, keys and indexes: what the catalogs and statistics tell, never users' rows.

use seaworthy_core::facts::{Blind, Listed, Seen, Unseen};
use seaworthy_core::limits::{POSTGRES_CANDIDATES_MAX, POSTGRES_ROLES_MAX, POSTGRES_TABLES_MAX};

use crate::postgres::facts::{Extension, FileTable, ForeignKey, InvalidIndex, Table};
use crate::postgres::session::{Parameter, Row, Session, Unlike};
use crate::postgres::statements::{EXTENSIONS, FILE_TABLES, FOREIGN_KEYS, INVALID_INDEXES, TABLES};
use crate::postgres::target::Address;

/// Names under which tables of files' metadata are commonly found.
const FILE_TABLE_NAMES: &[&str] = &[
    "attachments",
    "file",
    "file_metadata",
    "file_objects",
    "file_records",
    "file_uploads",
    "files",
    "media",
    "media_files",
    "stored_files",
    "uploaded_files",
    "uploads",
    "user_files",
];
/// Columns, one of which a table of files' metadata has.
const FILE_COLUMNS: [&str; 18] = [
    "bucket",
    "bytes",
    "checksum",
    "content_type",
    "file_name",
    "file_path",
    "file_size",
    "filename",
    "filesize",
    "mime_type",
    "mimetype",
    "object_key",
    "path",
    "s3_key",
    "sha256",
    "size",
    "size_bytes",
    "storage_key",
];
const OWNER_COLUMNS: [&str; 8] =
    ["user_id", "owner_id", "account_id", "uploaded_by", "uploader_id", "created_by", "tenant_id", "userid"];
const CREATED_COLUMNS: [&str; 5] = ["created_at", "uploaded_at", "created", "inserted_at", "createdat"];
const STATUS_COLUMNS: [&str; 4] = ["status", "state", "upload_status", "processing_status"];

pub(in crate::postgres) async fn tables(session: &Session, address: &Address) -> Seen<Listed<Table>> {
    let read = |row: &Row| {
        let schema = row.name(0)?;
        let table = row.name(1)?;
        let live: i64 = row.get(4)?;
        let dead: i64 = row.get(5)?;
        let changed: i64 = row.get(6)?;
        let estimate: Option<i64> = row.get(2)?;
        let analysed_seconds: Option<f64> = row.get(7)?;
        // The server forgets its counters in a crash, and a promoted replica never had any.
        let forgotten = live == 0 && analysed_seconds.is_none() && estimate.is_some_and(|rows| rows > 0);
        let counted = |share: f64| if forgotten { counters_reset().into() } else { Seen::new(share) };
        let by_hand = address.psql(&format!(
            "SELECT * FROM pg_stat_user_tables WHERE schemaname = {} AND relname = {}",
            literal(&schema),
            literal(&table)
        ));
        Ok(Table {
            name: format!("{schema}.{table}"),
            rows: rows(estimate),
            pages: row.get(3)?,
            live_rows: live,
            dead_rows: dead,
            dead_percent: counted(percent(dead, live)),
            changed_rows: changed,
            changed_percent: counted(percent(changed, live)),
            analysed_seconds: match (analysed_seconds, forgotten) {
                (None, true) => counters_reset().into(),
                (seconds, _) => Seen::new(seconds),
            },
            frozen_age: row.get(8)?,
            sequential_scans: row.get(9)?,
            index_scans: row.get(11)?,
            autovacuum_off: row.get(12)?,
            by_hand,
        })
    };
    session.list(&TABLES, &[], POSTGRES_TABLES_MAX, read).await.into()
}

/// A string in SQL for a command that a person runs.
pub(super) fn literal(text: &str) -> String {
    let quoted = text.replace('\'', "''");
    if quoted.contains('\\') { format!("E'{}'", quoted.replace('\\', "\\\\")) } else { format!("'{quoted}'") }
}

fn counters_reset() -> Unseen {
    Unseen::new(
        Blind::Unsupported,
        "the server has lost its counters of rows, as in a crash or when a replica is promoted",
    )
    .give("ANALYZE, then another look")
}

#[expect(clippy::cast_precision_loss, reason = "a share of row counts needs no more than 52 bits")]
fn percent(part: i64, whole: i64) -> f64 {
    // A table without live rows that has dead or changed ones counts them against one row, not against none.
    100.0 * part as f64 / whole.max(1) as f64
}

fn rows(estimate: Option<i64>) -> Seen<i64> {
    estimate
        .ok_or_else(|| {
            Unseen::new(Blind::Unsupported, "the table was never analysed, so nobody knows its size")
                .give("ANALYZE")
        })
        .into()
}

pub(in crate::postgres) async fn foreign_keys(
    session: &Session,
    address: &Address,
) -> Seen<Listed<ForeignKey>> {
    let read = |row: &Row| {
        let table = format!("{}.{}", row.name(1)?, row.name(2)?);
        let indexed = if row.get::<bool>(5)? {
            Seen::unseen(
                Blind::Unsupported,
                "only a partial index leads with its columns; whether that is enough is told by its condition",
            )
        } else {
            Seen::new(false)
        };
        Ok(ForeignKey {
            name: row.name(0)?,
            columns: row.names(3)?,
            rows: rows(row.get(4)?),
            indexed,
            by_hand: address.psql(&format!("\\d {table}")),
            table,
        })
    };
    session.list(&FOREIGN_KEYS, &[], POSTGRES_TABLES_MAX, read).await.into()
}

pub(in crate::postgres) async fn invalid_indexes(session: &Session) -> Seen<Listed<InvalidIndex>> {
    let read = |row: &Row| {
        Ok(InvalidIndex {
            table: format!("{}.{}", row.name(0)?, row.name(1)?),
            name: row.name(2)?,
            being_built: row.get(3)?,
        })
    };
    session.list(&INVALID_INDEXES, &[], POSTGRES_ROLES_MAX, read).await.into()
}

pub(in crate::postgres) async fn file_tables(
    session: &Session,
    address: &Address,
    declared: Option<&str>,
) -> Seen<Listed<FileTable>> {
    let parameters = [Parameter::Text(declared.unwrap_or_default()), Parameter::Texts(FILE_TABLE_NAMES)];
    let read = |row: &Row| file_table(row, address, declared.is_some());
    let found = session.list(&FILE_TABLES, &parameters, POSTGRES_CANDIDATES_MAX, read).await;
    match found {
        Ok(found) if declared.is_some() && found.items.is_empty() => {
            Unseen::new(Blind::NotGiven, "the database has no table of the name in `files_table`")
                .give("write `files_table` as `schema.table`")
                .into()
        }
        Ok(found) => Seen::new(Listed { items: found.items.into_iter().flatten().collect(), cut: found.cut }),
        Err(why) => why.into(),
    }
}

/// A table of files' metadata; none when the table only has such a name.
fn file_table(row: &Row, address: &Address, declared: bool) -> Result<Option<FileTable>, Unlike> {
    let name = format!("{}.{}", row.name(0)?, row.name(1)?);
    let columns = row.names(2)?;
    let leading = row.names(3)?;
    let about_files = columns.iter().any(|column| FILE_COLUMNS.contains(&column.to_lowercase().as_str()));
    if !declared && !about_files {
        return Ok(None);
    }
    let first = |names: &[&str]| {
        names.iter().find_map(|name| columns.iter().find(|column| column.eq_ignore_ascii_case(name)).cloned())
    };
    let indexed = |column: &Option<String>| column.as_ref().map(|column| leading.contains(column));
    let owner = first(&OWNER_COLUMNS);
    let created = first(&CREATED_COLUMNS);
    let status = first(&STATUS_COLUMNS);
    Ok(Some(FileTable {
        by_hand: address.psql(&format!("\\d {name}")),
        name,
        declared,
        owner_indexed: indexed(&owner),
        created_indexed: indexed(&created),
        status_indexed: indexed(&status),
        owner_column: owner,
        created_column: created,
        status_column: status,
        leading_columns: leading,
    }))
}

pub(in crate::postgres) async fn extensions(session: &Session, address: &Address) -> Seen<Listed<Extension>> {
    let read = |row: &Row| Ok(Extension { name: row.name(0)?, version: row.name(1)?, schema: row.name(2)? });
    match session.list(&EXTENSIONS, &[], POSTGRES_ROLES_MAX, read).await {
        Ok(extensions) => Seen::shown_by(extensions, address.psql("\\dx")),
        Err(why) => why.into(),
    }
}
