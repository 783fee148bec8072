//! What is known about one PostgreSQL server. Values only; no secrets, no rows of users' tables, no query texts.

mod access;
mod schema;
mod server;

pub use access::{
    ApplicationRole, DefaultPassword, HbaRule, LookingRole, OwnAddress, Plaintext, SchemaRights,
    SessionGroup, Superuser,
};
pub use schema::{FileTable, ForeignKey, HotStatement, InvalidIndex, Migration, MigrationTable, Table};
pub use server::{
    Connections, Database, Extension, Horizons, Login, Server, Settings, SlowStatement, StatementStatistics,
    TlsDemand, Transactions, Url,
};

use schemars::JsonSchema;
use seaworthy_core::facts::{Listed, Seen, Unseen};
use serde::Serialize;

/// What a PostgreSQL server says about itself, and what it does with us.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct PostgresFacts {
    /// What the connection URL says.
    pub url: Seen<Url>,
    /// How the looking role got in.
    pub login: Seen<Login>,
    /// Whether the database of the URL exists. `false` when the server says that there is none.
    pub database_exists: Seen<bool>,
    /// The server as a whole.
    pub server: Seen<Server>,
    /// The role that looks.
    pub looking_role: Seen<LookingRole>,
    /// The database of the URL.
    pub database: Seen<Database>,
    /// Memory that the server may use, in bytes: as declared, or that of this machine when the server runs on it.
    pub memory_bytes: Seen<u64>,
    /// The settings that matter, as a new session gets them.
    pub settings: Seen<Settings>,
    /// Settings that wait for a restart.
    pub settings_pending_restart: Seen<Listed<String>>,
    /// The rules of `pg_hba.conf` in their order, as the file has them now.
    pub hba_rules: Seen<Listed<HbaRule>>,
    /// Whether the server has read its files of rules since they were last changed, so that the rules hold.
    pub hba_loaded: Seen<bool>,
    /// Roles that can sign in and are superusers or can become one.
    pub superusers: Seen<Listed<Superuser>>,
    /// The role of the application.
    pub application_role: Seen<ApplicationRole>,
    /// Sessions of others, counted by who and how.
    pub sessions: Seen<Listed<SessionGroup>>,
    /// Connections: how many there may be and are.
    pub connections: Seen<Connections>,
    /// Connections that the service may ask for: its pool's size times its replicas.
    pub connections_demanded: Seen<u64>,
    /// Transactions that keep others waiting.
    pub transactions: Seen<Transactions>,
    /// How far back the oldest rows that must be kept reach.
    pub horizons: Seen<Horizons>,
    /// Tables of 1,000 rows and more, the largest first, and those whose size nobody knows.
    pub tables: Seen<Listed<Table>>,
    /// Foreign keys that no index leads with.
    pub foreign_keys_unindexed: Seen<Listed<ForeignKey>>,
    /// Indexes that are not used because building them failed or goes on.
    pub indexes_invalid: Seen<Listed<InvalidIndex>>,
    /// Tables that hold metadata of files.
    pub file_tables: Seen<Listed<FileTable>>,
    /// Installed extensions.
    pub extensions: Seen<Listed<Extension>>,
    /// What `pg_stat_statements` does.
    pub statement_statistics: Seen<StatementStatistics>,
    /// Statements that take 95 % of the time, the longest first.
    pub hot_statements: Seen<Listed<HotStatement>>,
    /// Tables in which migration tools keep what they have applied.
    pub migration_tables: Seen<Listed<MigrationTable>>,
    /// What the server does with a session that starts without TLS.
    pub plaintext: Seen<Plaintext>,
    /// What answers at this machine's other addresses, when the server runs on this machine.
    pub own_addresses: Seen<Listed<OwnAddress>>,
    /// What the well-known passwords open, at each place where the server listens that is at hand.
    pub default_passwords: Seen<Listed<Seen<DefaultPassword>>>,
    /// Whether a slow statement of ours stands in the server's log.
    pub slow_statement: Seen<SlowStatement>,
}

impl PostgresFacts {
    /// Nothing was seen, for one reason.
    pub fn nothing(why: &Unseen) -> Self {
        Self {
            url: why.clone().into(),
            login: why.clone().into(),
            database_exists: why.clone().into(),
            server: why.clone().into(),
            looking_role: why.clone().into(),
            database: why.clone().into(),
            memory_bytes: why.clone().into(),
            settings: why.clone().into(),
            settings_pending_restart: why.clone().into(),
            hba_rules: why.clone().into(),
            hba_loaded: why.clone().into(),
            superusers: why.clone().into(),
            application_role: why.clone().into(),
            sessions: why.clone().into(),
            connections: why.clone().into(),
            connections_demanded: why.clone().into(),
            transactions: why.clone().into(),
            horizons: why.clone().into(),
            tables: why.clone().into(),
            foreign_keys_unindexed: why.clone().into(),
            indexes_invalid: why.clone().into(),
            file_tables: why.clone().into(),
            extensions: why.clone().into(),
            statement_statistics: why.clone().into(),
            hot_statements: why.clone().into(),
            migration_tables: why.clone().into(),
            plaintext: why.clone().into(),
            own_addresses: why.clone().into(),
            default_passwords: why.clone().into(),
            slow_statement: why.clone().into(),
        }
    }
}
