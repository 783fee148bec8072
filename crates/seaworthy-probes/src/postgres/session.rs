//! One read-only session: statements of our own library, one a call, each under the server's own timeouts.
//!
//! Must not run a string: a statement is one of [`super::statements`]. Its words come with `'static`.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use futures_util::StreamExt;
use seaworthy_core::facts::{Blind, Listed, Unseen};
use seaworthy_core::limits::{Limits, NAME_CHARS_MAX, POSTGRES_FREE_CONNECTIONS_MIN};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{FromSql, ToSql, Type};

use super::door::sqlstate;
use super::login::{LoggedIn, NotIn, Way, broken_off, login};
use super::statements::{BEGIN, BOUNDS, FREE, NARROW, ROLLBACK, Statement};
use super::target::Address;
use super::wire::Ear;

/// A session inside one read-only transaction.
pub(super) struct Session {
    inside: LoggedIn,
    limits: Limits,
    /// The transaction is broken or not begun.
    broken: AtomicBool,
    /// Why nothing more can be asked.
    lost: OnceLock<Unseen>,
    /// When the look must be over.
    deadline: Instant,
    role: String,
}

/// A parameter of a statement.
#[derive(Debug, Clone, Copy)]
pub(super) enum Parameter<'a> {
    Text(&'a str),
    Texts(&'a [&'a str]),
}

/// One row, read by position.
pub(super) struct Row(tokio_postgres::Row);

/// The row is not as the statement promises.
#[derive(Debug)]
pub(super) struct Unlike;

impl Row {
    /// The value in a column.
    pub(super) fn get<'a, T: FromSql<'a>>(&'a self, column: usize) -> Result<T, Unlike> {
        self.0.try_get(column).map_err(|_| Unlike)
    }

    /// A name, cut at a length that no name of a sound server has.
    pub(super) fn name(&self, column: usize) -> Result<String, Unlike> {
        self.get::<String>(column).map(bounded)
    }

    /// A name that may be absent.
    pub(super) fn name_or_none(&self, column: usize) -> Result<Option<String>, Unlike> {
        Ok(self.get::<Option<String>>(column)?.map(bounded))
    }

    /// Names.
    pub(super) fn names(&self, column: usize) -> Result<Vec<String>, Unlike> {
        Ok(self.get::<Option<Vec<String>>>(column)?.unwrap_or_default().into_iter().map(bounded).collect())
    }
}

fn bounded(text: String) -> String {
    if text.chars().count() <= NAME_CHARS_MAX { text } else { text.chars().take(NAME_CHARS_MAX).collect() }
}

impl Session {
    /// Signs in and leaves at once when the server is short of connections.
    pub(super) async fn open(
        address: &Address,
        ca_pem: Option<&[u8]>,
        limits: &Limits,
    ) -> Result<Self, NotIn> {
        let inside = login(address, ca_pem, limits).await?;
        let session = Self {
            inside,
            limits: *limits,
            broken: AtomicBool::new(true),
            lost: OnceLock::new(),
            deadline: Instant::now() + limits.deadline,
            role: address.user.clone(),
        };
        let free = session.one(&FREE, &[], |row| row.get::<i64>(0)).await?;
        if free < POSTGRES_FREE_CONNECTIONS_MIN {
            return Err(Unseen::new(
                Blind::Unreachable,
                format!("only {free} connections are free; the last {POSTGRES_FREE_CONNECTIONS_MIN} are left alone"),
            )
            .give("look again when fewer connections are taken, or raise max_connections")
            .into());
        }
        Ok(session)
    }

    /// How we came in.
    pub(super) fn way(&self) -> &Way {
        &self.inside.way
    }

    /// What was heard on the connection.
    pub(super) fn ear(&self) -> &Ear {
        &self.inside.ear
    }

    /// The one row of a statement.
    pub(super) async fn one<T>(
        &self,
        statement: &'static Statement,
        parameters: &[Parameter<'_>],
        read: impl Fn(&Row) -> Result<T, Unlike>,
    ) -> Result<T, Unseen> {
        let rows = self.list(statement, parameters, 1, read).await?;
        rows.items
            .into_iter()
            .next()
            .ok_or_else(|| Unseen::new(Blind::Garbled, "the server gave no row where one is due"))
    }

    /// The rows of a statement, at most `max`; the statement's own `LIMIT` is one more.
    pub(super) async fn list<T>(
        &self,
        statement: &'static Statement,
        parameters: &[Parameter<'_>],
        max: usize,
        read: impl Fn(&Row) -> Result<T, Unlike>,
    ) -> Result<Listed<T>, Unseen> {
        self.begin(statement).await?;
        let rows = self.run(statement, parameters, max + 1).await?;
        let items = rows.iter().map(read).collect::<Result<Vec<T>, Unlike>>().map_err(|Unlike| {
            Unseen::new(Blind::Garbled, format!("the answer to `{}` is not as it should be", statement.id))
        })?;
        Ok(Listed::bounded(items, max, statement.rows))
    }

    /// Runs `statement` with names resolved in one schema, which the caller has seen to hold nothing but the
    /// expected table or an extension's own functions. Everything else runs with an empty search path.
    pub(super) async fn list_in<T>(
        &self,
        schema: &str,
        statement: &'static Statement,
        parameters: &[Parameter<'_>],
        max: usize,
        read: impl Fn(&Row) -> Result<T, Unlike>,
    ) -> Result<Listed<T>, Unseen> {
        self.begin(statement).await?;
        self.run(&NARROW, &[Parameter::Text(schema)], 1).await?;
        let listed = self.list(statement, parameters, max, read).await;
        // The path ends with the transaction; a new one begins with the next statement.
        self.broken.store(true, Ordering::Relaxed);
        listed
    }

    /// Ends the transaction and the session.
    pub(super) async fn close(mut self) {
        let _ = self.run(&ROLLBACK, &[], 1).await;
        drop(self.inside.client);
        let wait = self.limits.answer;
        let _ = tokio::time::timeout(wait, self.inside.driver.join_next()).await;
    }

    async fn begin(&self, next: &'static Statement) -> Result<(), Unseen> {
        if let Some(why) = self.lost.get() {
            return Err(why.clone());
        }
        if Instant::now() >= self.deadline {
            return Err(Unseen::new(Blind::Timeout, "the time for looking at this server is over"));
        }
        if !self.broken.swap(false, Ordering::Relaxed) {
            return Ok(());
        }
        // Without a transaction this is a warning only.
        for statement in [&ROLLBACK, &BEGIN, &BOUNDS] {
            if let Err(why) = self.run(statement, &[], 1).await {
                self.broken.store(true, Ordering::Relaxed);
                return Err(Unseen { why: format!("{} before `{}`", why.why, next.id), ..why });
            }
        }
        Ok(())
    }

    async fn run(
        &self,
        statement: &'static Statement,
        parameters: &[Parameter<'_>],
        max: usize,
    ) -> Result<Vec<Row>, Unseen> {
        let ran = tokio::time::timeout(
            self.limits.answer + self.limits.connect,
            self.fetch(statement, parameters, max),
        );
        let failed = match ran.await {
            Ok(Ok(rows)) => return Ok(rows),
            Ok(Err(error)) => self.reason(statement, &error),
            Err(_) => {
                // The server may still be busy with it, so this session is of no more use.
                self.inside.abort.abort();
                let why = Unseen::new(Blind::Timeout, "the server did not answer in time");
                self.lost.get_or_init(|| why).clone()
            }
        };
        self.broken.store(true, Ordering::Relaxed);
        Err(failed)
    }

    async fn fetch(
        &self,
        statement: &'static Statement,
        parameters: &[Parameter<'_>],
        max: usize,
    ) -> Result<Vec<Row>, tokio_postgres::Error> {
        let typed = parameters.iter().map(|parameter| match parameter {
            Parameter::Text(text) => (text as &(dyn ToSql + Sync), Type::TEXT),
            Parameter::Texts(texts) => (texts as &(dyn ToSql + Sync), Type::TEXT_ARRAY),
        });
        // `query_typed` uses the unnamed statement and one round trip, which poolers between transactions can carry.
        let stream = self.inside.client.query_typed_raw(statement.text, typed).await?;
        let mut stream = std::pin::pin!(stream);
        let mut rows = Vec::new();
        while let Some(row) = stream.next().await {
            let row = row?;
            // A server that sends more rows than the statement's own limit is heard to the end and not believed;
            // the guard's bound on the whole session ends it.
            if rows.len() < max {
                rows.push(Row(row));
            }
        }
        Ok(rows)
    }

    fn reason(&self, statement: &'static Statement, error: &tokio_postgres::Error) -> Unseen {
        let Some(code) = error.code() else {
            return if error.is_closed() || self.inside.ear.heard().refusal.is_some() || is_io(error) {
                broken_off(&self.inside.ear, &self.inside.way)
            } else {
                Unseen::new(
                    Blind::Garbled,
                    format!("the answer to `{}` is not as it should be", statement.id),
                )
            };
        };
        let id = statement.id;
        match *code {
            SqlState::INSUFFICIENT_PRIVILEGE => {
                let denied = Unseen::new(Blind::Denied, format!("role `{}` may not read `{id}`", self.role));
                match statement.grant {
                    Some(grant) => denied.give(grant.replace("ROLE", &identifier(&self.role))),
                    None => denied,
                }
            }
            SqlState::QUERY_CANCELED => {
                Unseen::new(Blind::Timeout, format!("`{id}` ran into the statement timeout"))
            }
            SqlState::LOCK_NOT_AVAILABLE => {
                Unseen::new(Blind::Timeout, format!("`{id}` waited for a lock that someone holds"))
            }
            // The statement is of the library, and the server older than its words.
            SqlState::SYNTAX_ERROR | SqlState::UNDEFINED_COLUMN | SqlState::UNDEFINED_FUNCTION => {
                Unseen::new(Blind::Unsupported, format!("the server has nothing to answer `{id}` with"))
                    .give("a version of PostgreSQL that is still supported; of older ones this stays unseen")
            }
            SqlState::UNDEFINED_TABLE | SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE => {
                Unseen::new(Blind::Unsupported, format!("the server has nothing to answer `{id}` with"))
            }
            SqlState::ADMIN_SHUTDOWN | SqlState::CRASH_SHUTDOWN | SqlState::CANNOT_CONNECT_NOW => {
                Unseen::new(Blind::Unreachable, "the server is shutting down or starting up")
            }
            _ => {
                let code = sqlstate(code.code()).unwrap_or_else(|| "that is odd".to_owned());
                Unseen::new(Blind::Garbled, format!("`{id}` ended with SQLSTATE {code}"))
            }
        }
    }
}

fn is_io(error: &tokio_postgres::Error) -> bool {
    std::error::Error::source(error).is_some_and(<dyn std::error::Error>::is::<std::io::Error>)
}

/// A role's name as SQL wants it.
pub(super) fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
