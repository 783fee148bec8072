//! Every bound of Seaworthy, named with its unit. A probe takes its bounds from here and nowhere else.

pub mod dns;
pub mod documents;
pub mod host;
pub mod http;
pub mod manifest;
pub mod people;
pub mod redis;
pub mod repo;
pub mod tls;

use std::time::Duration;

/// Longest a manifest or a catalog file may be, in bytes; checked before parsing.
pub const YAML_BYTES_MAX: usize = 1024 * 1024;
/// Longest a facts document may be that is judged again, in bytes.
pub const FACTS_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Longest an expression may be, in bytes. `cel` 0.15 aborts on deep input of about 8 KB.
pub const EXPRESSION_BYTES_MAX: usize = 2 * 1024;
/// Most nodes an expression may have.
pub const EXPRESSION_NODES_MAX: usize = 500;
/// Deepest that brackets, signs and alternatives may be nested; the parser of `cel` 0.15 recurses for each and runs
/// out of stack at some hundreds.
pub const EXPRESSION_NESTING_MAX: usize = 32;
/// Deepest that comprehensions may be nested; each level multiplies the work.
pub const COMPREHENSION_DEPTH_MAX: usize = 2;
/// Values that the judgement of one requirement may look into, each time that it does: about a second of work.
pub const JUDGEMENT_STEPS_MAX: u64 = 1_000_000;
/// Deepest a facts document may be nested.
pub const FACTS_DEPTH_MAX: usize = 64;
/// Longest text from a target that a finding quotes, in characters.
pub const QUOTE_CHARS_MAX: usize = 300;
/// Most facts that a finding cites.
pub const CITED_FACTS_MAX: usize = 20;
/// Most places that a finding names; the rest are counted.
pub const PLACES_MAX: usize = 20;

/// Longest file with certificates that is read, in bytes.
pub const PEM_BYTES_MAX: u64 = 1024 * 1024;
/// Longest name that a database server may give a thing, in characters; the rest is cut.
pub const NAME_CHARS_MAX: usize = 256;
/// Fewest rounds of SCRAM that a server may ask for: fewer make the password cheap to guess.
pub const SCRAM_ITERATIONS_MIN: u64 = 4_096;
/// Most rounds of SCRAM that a server may ask for: more keep us computing.
pub const SCRAM_ITERATIONS_MAX: u64 = 1_000_000;
/// Longest message of a PostgreSQL server, in bytes.
pub const POSTGRES_MESSAGE_BYTES_MAX: usize = 1024 * 1024;
/// Most that is read in one session with a PostgreSQL server, in bytes.
pub const POSTGRES_SESSION_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Most notices and parameter changes in one session with a PostgreSQL server.
pub const POSTGRES_NOTICES_MAX: usize = 1_000;
/// Most addresses of one PostgreSQL server's name that are dialled.
pub const POSTGRES_ADDRESSES_MAX: usize = 4;
/// Connections that are left free on a PostgreSQL server; with fewer the look ends at once.
pub const POSTGRES_FREE_CONNECTIONS_MIN: i64 = 5;
/// Most files of rules that a PostgreSQL server may have.
pub const POSTGRES_HBA_FILES_MAX: usize = 64;
/// Most rules of `pg_hba.conf` that are read.
pub const POSTGRES_HBA_RULES_MAX: usize = 1_000;
/// Most tables, foreign keys and the like that are read of one database, the largest first.
pub const POSTGRES_TABLES_MAX: usize = 1_000;
/// Most roles, sessions, schemas, extensions and the like that are read of one server.
pub const POSTGRES_ROLES_MAX: usize = 200;
/// Most statements that are read of `pg_stat_statements`, those with the most time first.
pub const POSTGRES_STATEMENTS_MAX: usize = 50;
/// Most migrations that are read of one tool's table.
pub const POSTGRES_MIGRATIONS_MAX: usize = 5_000;
/// Most tables of migration tools, and tables of files, that are looked at.
pub const POSTGRES_CANDIDATES_MAX: usize = 16;
/// Most addresses of this machine at which a server is knocked for.
pub const OWN_ADDRESSES_MAX: usize = 16;
/// Longest part of a server's log that is searched for our own slow statement, in bytes.
pub const LOG_GROWTH_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// The bounds that a run sets for its probes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// When the whole run must have been looked at.
    pub deadline: Duration,
    /// Longest wait for one connection to be made.
    pub connect: Duration,
    /// Longest wait for one answer.
    pub answer: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            deadline: Duration::from_secs(30),
            connect: Duration::from_secs(3),
            answer: Duration::from_secs(5),
        }
    }
}
