//! What is looked at: a server's address and who we are there, read from a connection URL.
//!
//! Must not let the password into anything that prints.

use std::fmt::Write as _;
use std::path::PathBuf;

use seaworthy_core::facts::{Blind, Unseen};
use secrecy::{ExposeSecret, SecretString};

use super::facts::TlsDemand;

/// Where a server listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// A TCP port.
    Tcp {
        /// Name or address.
        host: String,
        /// Port.
        port: u16,
    },
    /// A Unix socket.
    Socket(PathBuf),
}

/// A connection URL, understood.
#[derive(Debug, Clone)]
pub(super) struct Address {
    pub(super) place: Place,
    pub(super) user: String,
    pub(super) database: String,
    /// `SecretString` prints as `[REDACTED]`.
    pub(super) password: Option<SecretString>,
    pub(super) tls: TlsDemand,
    pub(super) root_certificates: Option<PathBuf>,
    pub(super) pool_max: Option<u32>,
}

const HELP: &str = "give `postgres://user:password@host:5432/database?sslmode=verify-full`";

fn odd(why: impl Into<String>) -> Unseen {
    Unseen::new(Blind::NotGiven, why).give(HELP)
}

impl Address {
    /// Reads `postgres://…`, `postgresql://…`, `postgresql+driver://…` and `jdbc:postgresql://…`.
    pub(super) fn parse(url: &SecretString) -> Result<Self, Unseen> {
        let text = url.expose_secret().trim();
        let text = text.strip_prefix("jdbc:").unwrap_or(text);
        let (scheme, _) = text.split_once("://").ok_or_else(|| odd("the connection URL has no scheme"))?;
        if !matches!(scheme.split('+').next(), Some("postgres" | "postgresql")) {
            return Err(odd("the connection URL is not one of PostgreSQL"));
        }
        let text = with_host(text);
        // The parser's own message is left out: it could quote a part of the password.
        let url =
            url::Url::parse(text.expose_secret()).map_err(|_| odd("the connection URL cannot be read"))?;
        let mut parts = Parts::new(&url)?;
        for (key, value) in url.query_pairs() {
            parts.option(&key, value.into_owned())?;
        }
        parts.address()
    }

    /// The host as it must stand in a certificate.
    pub(super) fn host(&self) -> Option<&str> {
        match &self.place {
            Place::Tcp { host, .. } => Some(host),
            Place::Socket(_) => None,
        }
    }

    /// The same server for another role and database.
    pub(super) fn as_role(&self, user: &str, database: &str, password: &str) -> Self {
        Self {
            user: user.to_owned(),
            database: database.to_owned(),
            password: Some(SecretString::from(password)),
            ..self.clone()
        }
    }

    /// A `psql` command that shows `sql`'s answer; it asks for the password or takes it from a pass file.
    pub(super) fn psql(&self, sql: &str) -> String {
        let mut connection = match &self.place {
            Place::Tcp { host, port } => format!("host={} port={port}", quoted(host)),
            Place::Socket(path) => {
                let folder = path.parent().unwrap_or(path).to_string_lossy().into_owned();
                let port = path.extension().map(|port| port.to_string_lossy().into_owned());
                format!("host={} port={}", quoted(&folder), port.unwrap_or_default())
            }
        };
        let _ = write!(connection, " user={} dbname={}", quoted(&self.user), quoted(&self.database));
        format!("psql {} -c {}", shell(&connection), shell(sql))
    }
}

/// Stands for a host that comes later, in the option `host`, and resolves to nothing.
const NO_HOST: &str = "host.invalid";

/// `user@/database?host=/folder` is what libpq takes and the URL parser does not.
fn with_host(text: &str) -> SecretString {
    let start = text.find("://").map_or(0, |at| at + 3);
    let end = text[start..].find(['/', '?', '#']).map_or(text.len(), |at| start + at);
    if text[start..end].ends_with('@') {
        return SecretString::from(format!("{}{NO_HOST}{}", &text[..end], &text[end..]));
    }
    SecretString::from(text)
}

/// A value in a `psql` connection string.
fn quoted(value: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-/:".contains(c);
    if !value.is_empty() && value.chars().all(plain) {
        return value.to_owned();
    }
    format!("'{}'", value.replace('\\', "\\\\").replace('\'', "\\'"))
}

/// A word for a shell.
fn shell(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// The parts of a URL while they are gathered.
struct Parts {
    host: String,
    port: Option<u16>,
    user: Option<String>,
    password: Option<SecretString>,
    database: Option<String>,
    tls: Option<TlsDemand>,
    root_certificates: Option<PathBuf>,
    pool_max: Option<u32>,
}

impl Parts {
    fn new(url: &url::Url) -> Result<Self, Unseen> {
        let host = decoded(url.host_str().unwrap_or_default())?;
        let host = if host == NO_HOST { String::new() } else { host };
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let text = |text: &str| if text.is_empty() { Ok(None) } else { decoded(text).map(Some) };
        Ok(Self {
            host,
            port: url.port(),
            user: text(url.username())?,
            password: text(url.password().unwrap_or_default())?.map(SecretString::from),
            database: text(url.path().trim_start_matches('/'))?,
            tls: None,
            root_certificates: None,
            pool_max: None,
        })
    }

    /// One option after the `?`. Options of drivers that do not concern us are passed over.
    fn option(&mut self, key: &str, value: String) -> Result<(), Unseen> {
        match key {
            "host" => self.host = value,
            "port" => {
                self.port =
                    Some(value.parse().map_err(|_| odd("`port` in the connection URL is not a port"))?);
            }
            "user" => self.user = Some(value),
            "password" => self.password = Some(SecretString::from(value)),
            "dbname" => self.database = Some(value),
            "sslmode" => {
                self.tls = Some(
                    TlsDemand::from_word(&value)
                        .ok_or_else(|| odd("`sslmode` in the connection URL is unknown"))?,
                );
            }
            "ssl" if value == "true" || value == "require" => {
                self.tls.get_or_insert(TlsDemand::Require);
            }
            "sslrootcert" if value != "system" => self.root_certificates = Some(PathBuf::from(value)),
            "connection_limit" | "max_connections" | "maxPoolSize" => self.pool_max = value.parse().ok(),
            _ => {}
        }
        Ok(())
    }

    fn address(self) -> Result<Address, Unseen> {
        let user = self.user.ok_or_else(|| odd("the connection URL names no user"))?;
        if self.host.contains(',') {
            return Err(odd("the connection URL names several servers"));
        }
        if self.host.is_empty() {
            return Err(odd("the connection URL names no host"));
        }
        for text in [&self.host, &user] {
            if text.chars().any(char::is_control) {
                return Err(odd("the connection URL holds control characters"));
            }
        }
        let port = self.port.unwrap_or(5432);
        let place = if self.host.starts_with('/') {
            Place::Socket(PathBuf::from(&self.host).join(format!(".s.PGSQL.{port}")))
        } else {
            Place::Tcp { host: self.host, port }
        };
        let database = self.database.unwrap_or_else(|| user.clone());
        if database.chars().any(char::is_control) {
            return Err(odd("the connection URL holds control characters"));
        }
        Ok(Address {
            place,
            database,
            user,
            password: self.password,
            tls: self.tls.unwrap_or(TlsDemand::Prefer),
            root_certificates: self.root_certificates,
            pool_max: self.pool_max,
        })
    }
}

/// Percent-decoding as libpq does it: `+` stays.
fn decoded(text: &str) -> Result<String, Unseen> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        if first == b'%' {
            let pair = tail.get(..2).and_then(|pair| std::str::from_utf8(pair).ok());
            let byte = pair.and_then(|pair| u8::from_str_radix(pair, 16).ok());
            bytes.push(byte.ok_or_else(|| odd("the connection URL has a broken percent sign"))?);
            rest = &tail[2..];
        } else {
            bytes.push(first);
            rest = tail;
        }
    }
    String::from_utf8(bytes).map_err(|_| odd("the connection URL is not UTF-8"))
}
