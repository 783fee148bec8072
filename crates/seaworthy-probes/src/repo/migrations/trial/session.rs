//! Runs one way of a migration as one text, and sees how it ended.

use std::path::Path;
use std::time::Duration;

use seaworthy_core::facts::{Blind, Unseen};
use tokio::net::UnixStream;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use super::dump::without_texts;
use crate::postgres::joined;

/// Longest that connecting may take; the server is on this machine and ours.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);

/// The server's socket in its folder.
const SOCKET: &str = ".s.PGSQL.5432";

/// How a text ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ran {
    Done,
    /// It failed, or left its transaction open, so that nothing of it stays: why.
    Failed(String),
    /// It wants what a trial does not have: rights, roles, room, or to run outside of a transaction.
    Refused(String),
}

/// A connection with the task that drives it, bounded in what it reads.
pub(super) struct Session {
    client: Client,
    _driver: JoinSet<()>,
}

impl Session {
    pub(super) async fn open(folder: &Path, database: &str, role: &str) -> Result<Self, Unseen> {
        let socket = UnixStream::connect(folder.join(SOCKET)).await.map_err(|_| silent())?;
        let opened = timeout(CONNECT_WITHIN, joined(socket, role, database)).await.map_err(|_| silent())?;
        let (client, driver) = opened.map_err(|error| lost(&error))?;
        Ok(Self { client, _driver: driver })
    }

    /// Runs a text as a tool would send it: whole.
    pub(super) async fn run(&self, sql: &str) -> Result<Ran, Unseen> {
        match self.client.batch_execute(sql).await {
            Ok(()) => Ok(Ran::Done),
            Err(error) => match error.code() {
                Some(code) if is_ours(code) || lacks_role(&error) => Ok(Ran::Refused(told(&error, code))),
                Some(code) => Ok(Ran::Failed(told(&error, code))),
                None => Err(lost(&error)),
            },
        }
    }

    /// Numbers of the server's process for this session.
    pub(super) async fn process(&self) -> Result<i32, Unseen> {
        let row = self.client.query_one("SELECT pg_catalog.pg_backend_pid()", &[]).await;
        row.and_then(|row| row.try_get(0)).map_err(|error| lost(&error))
    }

    /// Whether another session has a transaction open.
    pub(super) async fn is_open(&self, process: i32) -> Result<bool, Unseen> {
        let asked = "SELECT coalesce(state, '') <> 'idle' FROM pg_catalog.pg_stat_activity WHERE pid = $1";
        let row = self.client.query_opt(asked, &[&process]).await.map_err(|error| lost(&error))?;
        // A session that is gone took its transaction along.
        row.map_or(Ok(true), |row| row.try_get(0).map_err(|error| lost(&error)))
    }
}

/// Errors that say something of the trial and nothing of the migration.
fn is_ours(code: &SqlState) -> bool {
    let class = code.code().get(..2).unwrap_or_default();
    matches!(class, "53" | "54" | "57" | "58" | "08" | "0A")
        || [SqlState::INSUFFICIENT_PRIVILEGE, SqlState::ACTIVE_SQL_TRANSACTION, SqlState::UNDEFINED_FILE]
            .contains(code)
}

/// A role that another system makes. Of other objects that are not there the code is the same.
fn lacks_role(error: &tokio_postgres::Error) -> bool {
    let db = error.as_db_error();
    db.is_some_and(|db| *db.code() == SqlState::UNDEFINED_OBJECT && db.message().starts_with("role "))
}

/// The code and the server's own words for it, which quote the migration at most; texts of it are left out, for they may be secrets.
fn told(error: &tokio_postgres::Error, code: &SqlState) -> String {
    let message = error.as_db_error().map_or("", |error| error.message());
    let plain: String = without_texts(message).chars().filter(|c| !c.is_control()).take(150).collect();
    format!("{} {plain}", code.code())
}

fn silent() -> Unseen {
    Unseen::new(Blind::Crashed, "the scratch database did not answer")
}

fn lost(error: &tokio_postgres::Error) -> Unseen {
    match error.code() {
        Some(code) => Unseen::new(Blind::Crashed, format!("the scratch database refused: {}", code.code())),
        None => silent(),
    }
}
