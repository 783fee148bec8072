//! Whether a file is a store of ours, with the tables and triggers that we make and no others.

use std::path::Path;

use sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqlitePoolOptions};
use sqlx::{ConnectOptions, Connection};

use super::open_error;
use crate::error::StoreError;

/// The table in which migrations are counted: where it is not, nobody of ours made the file.
const MARK: &str = "_sqlx_migrations";

/// Refuses a database of somebody else before anything of it is changed. What cannot be read is for who opens it to tell.
pub(super) async fn refuse_foreign(path: &Path) -> Result<(), StoreError> {
    if !std::fs::metadata(path).is_ok_and(|meta| meta.is_file() && meta.len() > 0) {
        return Ok(());
    }
    let options = SqliteConnectOptions::new().filename(path).read_only(true).disable_statement_logging();
    let Ok(mut connection) = options.connect().await else { return Ok(()) };
    let names = sqlx::query_scalar("SELECT name FROM sqlite_master");
    let names: Result<Vec<String>, _> = names.fetch_all(&mut connection).await;
    // What was only read needs no farewell.
    let _ = connection.close().await;
    match names {
        Ok(names) if !names.is_empty() && !names.iter().any(|name| name == MARK) => {
            Err(StoreError::Foreign {
                path: path.to_owned(),
                what: "it is the database of something else".to_owned(),
            })
        }
        Err(sqlx::Error::Database(error)) if error.message().contains("not a database") => {
            Err(StoreError::Foreign { path: path.to_owned(), what: "it is no database".to_owned() })
        }
        _ => Ok(()),
    }
}

/// What of the tables, indices and triggers is not as the migrations make it: without its triggers what is kept could be changed,
/// and with others it could change by itself.
pub(super) async fn changed(path: &Path, pool: &SqlitePool) -> Result<Option<String>, StoreError> {
    let wrong = |source: sqlx::Error| open_error(path, source);
    let memory = SqliteConnectOptions::new().in_memory(true).disable_statement_logging();
    let model = SqlitePoolOptions::new().max_connections(1).connect_with(memory).await.map_err(wrong)?;
    sqlx::migrate!().run(&model).await.map_err(|source| open_error(path, source))?;
    let (expected, found) = (objects(&model).await.map_err(wrong)?, objects(pool).await.map_err(wrong)?);
    model.close().await;
    // Other tables beside ours, of SQLite's own statistics or of a tool that copies the file, change nothing; triggers and views do.
    let acts = |(kind, ..): &&Object| matches!(kind.as_str(), "trigger" | "view");
    let gone = expected.iter().find(|object| !found.contains(object));
    let odd = gone.or_else(|| found.iter().filter(acts).find(|object| !expected.contains(object)));
    Ok(odd
        .map(|(kind, name, _)| format!("its {kind} `{name}` is gone, new or another than Seaworthy made it")))
}

type Object = (String, String, Option<String>);

async fn objects(pool: &SqlitePool) -> Result<Vec<Object>, sqlx::Error> {
    sqlx::query_as("SELECT type, name, sql FROM sqlite_master WHERE name <> ? ORDER BY type, name")
        .bind(MARK)
        .fetch_all(pool)
        .await
}
