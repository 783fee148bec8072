//! The server as a whole: login, version, settings, connections.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use seaworthy_core::facts::Seen;
use serde::Serialize;

/// What a connection URL says, without its password.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Url {
    /// Where it leads: `socket`, `loopback`, `private`, `public`, or `name` for a host name that is no address.
    pub place: String,
    /// The role.
    pub role: String,
    /// The database.
    pub database: String,
    /// How much TLS it demands.
    pub tls: TlsDemand,
    /// Whether `tls` demands TLS: `require`, `verify-ca` or `verify-full`.
    pub tls_demanded: bool,
    /// Whether the password is a published default or a placeholder, the role's or database's name, or shorter than
    /// 12 characters.
    /// Null without a password.
    pub password_guessable: Option<bool>,
    /// The size of the pool that it asks for, if it does.
    pub pool_max: Option<u32>,
}

/// `sslmode`, as libpq names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TlsDemand {
    /// Never TLS.
    Disable,
    /// TLS when the server insists.
    Allow,
    /// TLS when the server offers it. What libpq does when nothing is said.
    Prefer,
    /// TLS with whatever certificate.
    Require,
    /// TLS with a certificate of a trusted issuer.
    VerifyCa,
    /// TLS with a certificate of a trusted issuer for this name.
    VerifyFull,
}

impl TlsDemand {
    /// From libpq's word, or another driver's for the same.
    pub(crate) fn from_word(word: &str) -> Option<Self> {
        Some(match word {
            "disable" => Self::Disable,
            "allow" => Self::Allow,
            "prefer" => Self::Prefer,
            "require" | "no-verify" => Self::Require,
            "verify-ca" => Self::VerifyCa,
            "verify-full" => Self::VerifyFull,
            _ => return None,
        })
    }

    /// Whether a connection without TLS is out of the question.
    pub fn is_binding(self) -> bool {
        match self {
            Self::Disable | Self::Allow | Self::Prefer => false,
            Self::Require | Self::VerifyCa | Self::VerifyFull => true,
        }
    }
}

/// How the looking role got in.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Login {
    /// Where the server's address leads: `socket`, `loopback`, `private`, `public`.
    pub reach: String,
    /// Over TLS.
    pub tls: bool,
    /// The certificate verifies for the server's name.
    pub tls_verified: bool,
    /// Why it does not, if it does not. Null when it does or there is none.
    pub tls_fault: Option<String>,
    /// What the server asked for: `nothing`, `clear-text`, `md5`, `scram-sha-256`.
    pub asked: String,
    /// Rounds of SCRAM.
    pub scram_iterations: Option<u64>,
    /// Something stands between: the backend that answers is not the one that the login named.
    pub pooled: bool,
    /// The server process was found on this machine. Null when it could not be told.
    pub same_machine: Option<bool>,
}

/// The server as a whole.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Server {
    /// `server_version`.
    pub version: String,
    /// `server_version_num`.
    pub version_number: i64,
    /// The major version: 15.
    pub major: i64,
    /// When the project stops to maintain this major version.
    pub end_of_life: Seen<DateTime<Utc>>,
    /// Days until then; negative when it has passed.
    pub end_of_life_in_days: Seen<i64>,
    /// A replica, or a server that is being restored.
    pub in_recovery: bool,
    /// When it was started.
    pub started_at: Seen<DateTime<Utc>>,
    /// How far its clock is before ours, in seconds.
    pub clock_ahead_seconds: f64,
}

/// The database of the URL.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Database {
    /// Its name.
    pub name: String,
    /// The name that the manifest declares. Null when it declares none.
    pub declared: Option<String>,
    /// It is a template for others.
    pub template: bool,
    /// `UTF8` and the like.
    pub encoding: String,
    /// Most connections to it; -1 for no limit of its own.
    pub connection_limit: i64,
    /// Tables that are not the system's or an extension's, counted up to 100,000.
    pub tables: i64,
}

/// Settings as a new session gets them.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Settings {
    /// `listen_addresses`, split.
    pub listen_addresses: Seen<Vec<String>>,
    /// Where that leads at most: `nowhere`, `loopback`, `private`, `public`, `name`.
    pub listen_reach: Seen<String>,
    /// `ssl`.
    pub ssl_on: Seen<bool>,
    /// `ssl_min_protocol_version`.
    pub ssl_min_protocol_version: Seen<String>,
    /// `password_encryption`.
    pub password_encryption: Seen<String>,
    /// `shared_buffers`.
    pub shared_buffers_bytes: Seen<i64>,
    /// `effective_cache_size`.
    pub effective_cache_size_bytes: Seen<i64>,
    /// `work_mem`: of the server, or what the application's role or the database is given where that is more.
    pub work_mem_bytes: Seen<i64>,
    /// `maintenance_work_mem`.
    pub maintenance_work_mem_bytes: Seen<i64>,
    /// `max_wal_size`.
    pub max_wal_size_bytes: Seen<i64>,
    /// `random_page_cost`.
    pub random_page_cost: Seen<f64>,
    /// Settings for memory that stand as they were shipped: of `shared_buffers`, `effective_cache_size`, `work_mem`,
    /// `maintenance_work_mem`.
    pub memory_as_shipped: Seen<Vec<String>>,
    /// `max_connections`.
    pub max_connections: Seen<i64>,
    /// `autovacuum` and `track_counts` together: it works only with both.
    pub autovacuum_on: Seen<bool>,
    /// `autovacuum_freeze_max_age`, in transactions.
    pub autovacuum_freeze_max_age: Seen<i64>,
    /// `log_min_duration_statement`, in milliseconds; -1 for off.
    pub log_min_duration_statement_ms: Seen<i64>,
    /// `log_destination`, split.
    pub log_destination: Seen<Vec<String>>,
    /// `logging_collector`.
    pub logging_collector_on: Seen<bool>,
    /// `shared_preload_libraries`, split.
    pub shared_preload_libraries: Seen<Vec<String>>,
    /// `fsync`.
    pub fsync_on: Seen<bool>,
    /// `full_page_writes`.
    pub full_page_writes_on: Seen<bool>,
    /// `idle_in_transaction_session_timeout`, in milliseconds; 0 for off.
    pub idle_in_transaction_session_timeout_ms: Seen<i64>,
}

/// Connections: how many there may be and are.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Connections {
    /// `max_connections`.
    pub max: i64,
    /// Kept for superusers and reserved roles.
    pub reserved: i64,
    /// Taken now, without ours.
    pub now: i64,
}

/// Transactions that keep others waiting.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Transactions {
    /// Longest time that a session has been idle inside a transaction, in seconds. Null when none is.
    pub idle_seconds_max: Option<f64>,
    /// Age of the oldest transaction that is idle and holds rows back, in seconds. Null when there is none.
    pub idle_holding_seconds_max: Option<f64>,
    /// Age of the oldest row version that a session holds back, in transactions. Null when none does.
    pub horizon_age: Option<i64>,
}

/// How far back the oldest rows that must be kept reach.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Horizons {
    /// Greatest `age(datfrozenxid)` of all databases, in transactions.
    pub frozen_age: i64,
    /// Greatest `mxid_age(datminmxid)` of all databases.
    pub multixact_age: i64,
    /// Greatest age that a replication slot holds back, in transactions. Null when none does.
    pub slot_age: Option<i64>,
    /// Age of the oldest prepared transaction, in seconds. Null when there is none.
    pub prepared_seconds_max: Option<f64>,
}

/// An installed extension.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Extension {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Where it lives.
    pub schema: String,
}

/// What `pg_stat_statements` does.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct StatementStatistics {
    /// The extension is installed in this database.
    pub installed: bool,
    /// Its library is loaded, so that it counts.
    pub counting: bool,
    /// Statements that it knows, counted up to 1,000.
    pub statements: i64,
}

/// What became of a statement of ours that took longer than the limit of the log.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct SlowStatement {
    /// How long it took by its own order, in milliseconds.
    pub took_ms: i64,
    /// The file in which it was looked for, without its folder.
    pub log_file: String,
    /// It stands in the log.
    pub logged: bool,
}
