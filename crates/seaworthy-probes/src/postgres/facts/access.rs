//! Who gets in, from where, and what they may do.

use schemars::JsonSchema;
use seaworthy_core::facts::{Listed, Seen};
use serde::Serialize;

/// The role that looks.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct LookingRole {
    /// Its name.
    pub name: String,
    /// It is a superuser. A role that looks should have no rights to change anything.
    pub superuser: bool,
    /// It sees the sessions and statements of others.
    pub reads_all_statistics: bool,
    /// It sees all settings.
    pub reads_all_settings: bool,
    /// Tables that it may change, counted up to 1,000.
    pub writable_tables: i64,
}

/// One rule of `pg_hba.conf`.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct HbaRule {
    /// Its line.
    pub line: i64,
    /// `local`, `host`, `hostssl`, `hostnossl`, `hostgssenc`, `hostnogssenc`. Empty for a line that cannot be read.
    pub kind: String,
    /// Databases.
    pub databases: Vec<String>,
    /// Roles; `+` before a group.
    pub roles: Vec<String>,
    /// The address as written, with its mask. Null for `local`.
    pub address: Option<String>,
    /// Where the address leads at most: `socket`, `loopback`, `private`, `public`, `any`; `name` of a host, `domain` for all hosts of
    /// one, `samenet` for all networks that the server is in.
    pub reach: String,
    /// It admits or refuses connections over the network's addresses other than loopback.
    pub from_network: bool,
    /// The method: `scram-sha-256`, `trust`, `reject`, …
    pub method: String,
    /// It admits someone: the method is not `reject`.
    pub admits: bool,
    /// It takes connections without TLS: `host`, `hostnossl`, `hostgssenc`, `hostnogssenc`.
    pub takes_plaintext: bool,
    /// It demands a client certificate beside the method.
    pub demands_certificate: bool,
    /// The server cannot read the line.
    pub faulty: bool,
    /// A command that shows it again.
    pub by_hand: String,
}

/// A role that can sign in and is a superuser, or can become one by `SET ROLE`.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Superuser {
    /// Its name.
    pub name: String,
    /// It is one itself; else it is a member of one, directly or through groups.
    pub itself: bool,
    /// The manifest names it as one.
    pub declared: bool,
    /// Lines of `pg_hba.conf` that admit it from beyond this machine and that no earlier line covers.
    pub network_lines: Seen<Vec<i64>>,
    /// A command that shows it again.
    pub by_hand: String,
}

/// The application's role.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ApplicationRole {
    /// Its name.
    pub name: String,
    /// The manifest names it. Else it is the role of the URL, which may only look.
    pub declared: bool,
    /// It is the looking role too, so what is refused to us is refused to the application.
    pub looks: bool,
    /// It can sign in.
    pub signs_in: bool,
    /// It is a superuser.
    pub superuser: bool,
    /// It may create databases.
    pub creates_databases: bool,
    /// It may create roles.
    pub creates_roles: bool,
    /// It may replicate the whole server.
    pub replicates: bool,
    /// It may pass over row security.
    pub bypasses_row_security: bool,
    /// Most connections of its own; -1 for no limit.
    pub connection_limit: i64,
    /// It may create schemas in the database.
    pub creates_schemas: bool,
    /// It owns the database, itself or through a group, whether it inherits from that or has to become it.
    pub owns_database: bool,
    /// Groups that give it power over the server: attributes such as `CREATEDB`, or predefined roles that read or
    /// write everything.
    pub powerful_groups: Seen<Listed<String>>,
    /// What it may do in the database beside changing rows, in words: `superuser`, `CREATEROLE`, `owns 4 tables in
    /// public`, …
    pub rights_beyond_rows: Seen<Vec<String>>,
    /// Its rights by schema.
    pub schemas: Seen<Listed<SchemaRights>>,
    /// Reading the server's table of passwords was refused. Seen only when the application's role looks.
    pub password_table_refused: Seen<bool>,
}

/// The application's rights in one schema.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct SchemaRights {
    /// The schema.
    pub name: String,
    /// It may create things there.
    pub creates: bool,
    /// It owns the schema, itself or through a group.
    pub owned: bool,
    /// Tables whose rows it may change.
    pub tables_written: i64,
    /// Tables on which it may do more than change rows: `TRUNCATE`, `REFERENCES`, `TRIGGER`.
    pub tables_beyond_rows: i64,
    /// Tables that it owns, itself or through a group.
    pub tables_owned: i64,
    /// One of the tables owned or beyond rows. Null when there is none.
    pub example: Option<String>,
}

/// Sessions of others that have all of this in common.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct SessionGroup {
    /// The role. Null when it has been dropped.
    pub role: Option<String>,
    /// It is a superuser.
    pub superuser: bool,
    /// The database. Null for replication.
    pub database: Option<String>,
    /// What it calls itself, cut at 64 characters.
    pub application: String,
    /// It calls itself as the tools do by which people administer a server: `psql`, `pg_dump`, `pgAdmin`, …
    pub tool: bool,
    /// `socket`, `loopback`, `network`.
    pub origin: String,
    /// Over TLS.
    pub tls: bool,
    /// How many.
    pub sessions: i64,
}

/// What the server does with a session that starts without TLS and shows no password.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Plaintext {
    /// It is refused before any password is asked for.
    pub refused: bool,
    /// The role that was not refused, looking or application; the looking one when all were.
    pub role: String,
    /// What was asked for instead: `nothing`, `clear-text`, `md5`, `scram-sha-256`, `other`. Null when refused.
    pub asked: Option<String>,
    /// The server's code for the refusal. Null when it was none.
    pub sqlstate: Option<String>,
    /// From where this was seen: `loopback`, `private`, `public`.
    pub from: String,
}

/// What answers at one of this machine's addresses.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct OwnAddress {
    /// The address.
    pub address: String,
    /// `private` or `public`.
    pub reach: String,
    /// The port takes connections there.
    pub open: bool,
    /// A server there asks for a password or lets in. `false` when it refuses by its own rules or is not open.
    pub admits: bool,
}

/// What the well-known passwords open at one place.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct DefaultPassword {
    /// The role that was tried.
    pub role: String,
    /// Where: `socket`, or the host of the URL.
    pub place: String,
    /// The server lets the role sign in there with a password at all.
    pub admitted: bool,
    /// It lets the role in there without a password, and not for being the operating system's user of that name.
    pub let_in_without: bool,
    /// Passwords that were tried there. A role has one password for all places, so it is tried out at one of them.
    pub tries: i64,
    /// One of them was taken.
    pub accepted: bool,
}
