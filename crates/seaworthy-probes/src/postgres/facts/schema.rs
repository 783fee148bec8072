//! Tables, keys, indexes, statements and migrations: what the catalogs and statistics tell, never users' rows.

use schemars::JsonSchema;
use seaworthy_core::facts::{Listed, Seen};
use serde::Serialize;

/// One table and the state of its upkeep.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Table {
    /// `schema.table`.
    pub name: String,
    /// Rows as estimated.
    pub rows: Seen<i64>,
    /// Blocks as estimated at the last ANALYZE or VACUUM.
    pub pages: i64,
    /// Live rows as counted since the statistics began.
    pub live_rows: i64,
    /// Dead rows as counted since the statistics began.
    pub dead_rows: i64,
    /// Dead rows for each 100 live ones.
    pub dead_percent: Seen<f64>,
    /// Rows changed since the last ANALYZE.
    pub changed_rows: i64,
    /// The same for each 100 live ones.
    pub changed_percent: Seen<f64>,
    /// Seconds since the last ANALYZE. Null when there was none that is known of.
    pub analysed_seconds: Seen<Option<f64>>,
    /// `age(relfrozenxid)`, in transactions. Null for tables without rows of their own.
    pub frozen_age: Option<i64>,
    /// Reads from end to end.
    pub sequential_scans: i64,
    /// Reads through an index. Null without indexes.
    pub index_scans: Option<i64>,
    /// Autovacuum is turned off for this table.
    pub autovacuum_off: bool,
    /// A command that shows it again.
    pub by_hand: String,
}

/// A foreign key that no whole index leads with.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ForeignKey {
    /// The constraint.
    pub name: String,
    /// `schema.table`.
    pub table: String,
    /// Its columns.
    pub columns: Vec<String>,
    /// Rows of the table as estimated.
    pub rows: Seen<i64>,
    /// Whether an index serves it all the same. Unseen when only a partial index leads with its columns.
    pub indexed: Seen<bool>,
    /// A command that shows it again.
    pub by_hand: String,
}

/// An index that is not used.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct InvalidIndex {
    /// The index.
    pub name: String,
    /// `schema.table`.
    pub table: String,
    /// It is being built right now.
    pub being_built: bool,
}

/// A table that holds metadata of files.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct FileTable {
    /// `schema.table`.
    pub name: String,
    /// The manifest names it.
    pub declared: bool,
    /// First columns of its valid, whole indexes.
    pub leading_columns: Vec<String>,
    /// The column that says whose a file is: `user_id` and the like. Null when there is none.
    pub owner_column: Option<String>,
    /// An index leads with it. Null when there is no such column.
    pub owner_indexed: Option<bool>,
    /// The column that says when: `created_at` and the like. Null when there is none.
    pub created_column: Option<String>,
    /// An index leads with it. Null when there is no such column.
    pub created_indexed: Option<bool>,
    /// The column that says how a file fares: `status` or `state`. Null when there is none.
    pub status_column: Option<String>,
    /// An index leads with it. Null when there is no such column.
    pub status_indexed: Option<bool>,
    /// A command that shows it again.
    pub by_hand: String,
}

/// One of the statements that take the most time. Its words stay on the server.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct HotStatement {
    /// `queryid` of `pg_stat_statements`.
    pub id: String,
    /// How often it ran.
    pub calls: i64,
    /// Its mean time, in milliseconds.
    pub mean_ms: f64,
    /// Its part of all the time, in per cent.
    pub share_percent: f64,
    /// Rows that one call gives.
    pub rows_per_call: f64,
    /// Blocks that one call reads.
    pub blocks_per_call: f64,
    /// Tables of more than 10,000 rows that it names, itself or through a view.
    pub large_tables: Vec<String>,
    /// One of those it reads from end to end to find few rows. Null when it does not.
    ///
    /// Told from the statistics, without EXPLAIN: a statement that reads a whole table reads at least as many blocks
    /// as the table has, and the table counts at least as many whole reads. Unseen where this fits and the statement
    /// may have to read everything (it counts or sums), or names no table.
    pub table_read_whole: Seen<Option<String>>,
    /// A command that shows it again.
    pub by_hand: String,
}

/// A table in which a migration tool keeps what it has applied.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct MigrationTable {
    /// The tool: `sqlx`, `flyway`, `prisma`, …
    pub tool: String,
    /// `schema.table`.
    pub table: String,
    /// The tool keeps the latest version only, not the list of all.
    pub latest_only: bool,
    /// What has been applied, oldest first.
    pub applied: Seen<Listed<Migration>>,
    /// What went through, each by its version, and by its checksum behind it where that is one of the file.
    pub records: Seen<Listed<String>>,
    /// The version from where on the tool keeps its list, in a form whose texts are in the order of versions; null where the list
    /// begins with the database.
    pub baseline_order: Seen<Option<String>>,
}

/// One migration as its tool remembers it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Migration {
    /// The tool.
    pub tool: String,
    /// Its version or name, as the tool writes it.
    pub version: String,
    /// The part of the application that it belongs to, where the tool keeps several apart. Those of libraries are among them.
    pub app: Option<String>,
    /// It only says from where on the tool keeps its list, in a database that was there before: what is older counts as applied.
    pub baseline: bool,
    /// It went through.
    pub succeeded: bool,
    /// The tool's checksum. Null when it keeps none.
    pub checksum: Option<String>,
    /// It is the SHA-256 or SHA-384 of the migration's file, so that a file can be compared with it.
    pub checksum_of_file: bool,
}
