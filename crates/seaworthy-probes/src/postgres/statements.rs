//! The library of statements: all that Seaworthy ever says to a PostgreSQL server while it looks.
//!
//! Must not read users' tables, take locks that others wait for, or name anything that someone else can put in
//! the way. Each file holds one statement: `pg_catalog.` written out, a `LIMIT`, and no size functions, because
//! those wait for locks. The migration tools' own tables are the one exception, after [`MIGRATION_TABLES`] has
//! seen that they are plain.

/// One statement of the library.
#[derive(Debug)]
pub(super) struct Statement {
    /// Its name in reasons.
    pub(super) id: &'static str,
    /// Its words.
    pub(super) text: &'static str,
    /// What its rows are called when there are too many.
    pub(super) rows: &'static str,
    /// What a superuser runs so that the role may read it; `ROLE` stands for the role.
    pub(super) grant: Option<&'static str>,
}

macro_rules! statement {
    ($name:ident, $file:literal, $rows:literal) => {
        statement!($name, $file, $rows, None);
    };
    ($name:ident, $file:literal, $rows:literal, $grant:expr) => {
        pub(super) static $name: Statement = Statement {
            id: $file,
            text: include_str!(concat!("statements/", $file, ".sql")),
            rows: $rows,
            grant: $grant,
        };
    };
}

/// What lets a role see the sessions and statements of others.
pub(super) const GRANT_STATISTICS: &str = "GRANT pg_read_all_stats TO ROLE";
/// What lets a role see all settings.
pub(super) const GRANT_SETTINGS: &str = "GRANT pg_read_all_settings TO ROLE";
const GRANT_HBA: &str = "GRANT SELECT ON pg_catalog.pg_hba_file_rules TO ROLE; GRANT EXECUTE ON FUNCTION pg_catalog.pg_hba_file_rules() TO ROLE";
const GRANT_HBA_FILES: &str = "GRANT pg_read_all_settings TO ROLE; GRANT SELECT ON pg_catalog.pg_hba_file_rules TO ROLE; GRANT EXECUTE ON FUNCTION pg_catalog.pg_hba_file_rules() TO ROLE";
/// The server tells only of files below its data folder to who may read no others.
const GRANT_HBA_LOADED: &str = "run Seaworthy as root on the server's machine, or, where pg_hba.conf lies in the data folder: GRANT EXECUTE ON FUNCTION pg_catalog.pg_stat_file(text) TO ROLE";

statement!(BEGIN, "begin", "rows");
statement!(ROLLBACK, "rollback", "rows");
statement!(BOUNDS, "bounds", "rows");
statement!(NARROW, "narrow", "rows");
statement!(FREE, "free", "rows");
statement!(SERVER, "server", "rows");
statement!(LOOKING_ROLE, "looking_role", "rows");
statement!(DATABASE, "database", "rows");
statement!(SETTINGS, "settings", "settings");
statement!(SETTINGS_PENDING, "settings_pending", "settings");
statement!(ROLE_WORK_MEM, "role_work_mem", "settings");
statement!(HBA_RULES, "hba_rules", "rules", Some(GRANT_HBA));
statement!(HBA_FILES, "hba_files", "files", Some(GRANT_HBA_FILES));
statement!(HBA_LOADED, "hba_loaded", "rows", Some(GRANT_HBA_LOADED));
statement!(SUPERUSERS, "superusers", "superusers");
statement!(APPLICATION_ROLE, "application_role", "rows");
statement!(APPLICATION_MEMBERSHIPS, "application_memberships", "groups");
statement!(APPLICATION_SCHEMAS, "application_schemas", "schemas");
statement!(APPLICATION_FUNCTIONS, "application_functions", "functions");
statement!(FORBIDDEN_READ, "forbidden_read", "rows");
statement!(SESSIONS, "sessions", "groups of sessions", Some(GRANT_STATISTICS));
statement!(CONNECTIONS, "connections", "rows");
statement!(TRANSACTIONS, "transactions", "rows", Some(GRANT_STATISTICS));
statement!(HORIZONS, "horizons", "rows");
statement!(TABLES, "tables", "tables");
statement!(FOREIGN_KEYS, "foreign_keys", "foreign keys");
statement!(INVALID_INDEXES, "invalid_indexes", "indexes");
statement!(FILE_TABLES, "file_tables", "tables");
statement!(EXTENSIONS, "extensions", "extensions");
statement!(STATEMENTS_HOME, "statements_home", "rows");
statement!(STATEMENTS_RECORDED, "statements_recorded", "rows");
statement!(STATEMENTS_SINCE, "statements_since", "rows");
statement!(STATISTICS_SINCE, "statistics_since", "rows");
statement!(HOT_STATEMENTS, "hot_statements", "statements", Some(GRANT_STATISTICS));
statement!(MIGRATION_TABLES, "migration_tables", "tables");
statement!(SLOW, "slow", "rows");

/// A migration tool: its table, the columns that tell it from others, and the statement that reads it.
#[derive(Debug)]
pub(super) struct Tool {
    pub(super) name: &'static str,
    pub(super) table: &'static str,
    /// All of these columns are there.
    pub(super) columns: &'static [&'static str],
    /// The tool keeps the latest version only.
    pub(super) latest_only: bool,
    pub(super) applied: Statement,
}

macro_rules! tool {
    ($name:literal, $file:literal, $table:literal, $columns:expr, $latest:literal) => {
        Tool {
            name: $name,
            table: $table,
            columns: $columns,
            latest_only: $latest,
            applied: Statement {
                id: $table,
                text: include_str!(concat!("statements/migrations/", $file, ".sql")),
                rows: "migrations",
                grant: None,
            },
        }
    };
}

/// The tools whose tables are known. Of two tools with one table name the more particular stands first.
pub(super) static TOOLS: &[Tool] = &[
    tool!("sqlx", "sqlx", "_sqlx_migrations", &["version", "success", "checksum"], false),
    tool!(
        "flyway",
        "flyway",
        "flyway_schema_history",
        &["version", "script", "type", "success", "checksum", "installed_rank"],
        false
    ),
    tool!("diesel", "diesel", "__diesel_schema_migrations", &["version"], false),
    tool!(
        "prisma",
        "prisma",
        "_prisma_migrations",
        &["migration_name", "finished_at", "rolled_back_at", "checksum"],
        false
    ),
    tool!("alembic", "alembic", "alembic_version", &["version_num"], true),
    tool!("knex", "knex", "knex_migrations", &["name"], false),
    tool!("django", "django", "django_migrations", &["app", "name"], false),
    tool!("goose", "goose", "goose_db_version", &["id", "version_id", "is_applied"], false),
    tool!("golang-migrate", "golang_migrate", "schema_migrations", &["version", "dirty"], true),
    tool!("schema_migrations", "schema_migrations", "schema_migrations", &["version"], false),
    tool!("drizzle", "drizzle", "__drizzle_migrations", &["hash", "created_at"], false),
    tool!("sequelize", "sequelize", "SequelizeMeta", &["name"], false),
    tool!(
        "liquibase",
        "liquibase",
        "databasechangelog",
        &["id", "exectype", "md5sum", "orderexecuted"],
        false
    ),
    tool!("refinery", "refinery", "refinery_schema_history", &["version", "checksum"], false),
    tool!("sea-orm", "seaorm", "seaql_migrations", &["version"], false),
    tool!("node-pg-migrate", "node_pg_migrate", "pgmigrations", &["name"], false),
    tool!("typeorm", "typeorm", "migrations", &["name", "timestamp"], false),
    tool!("laravel", "laravel", "migrations", &["migration", "batch"], false),
];

/// Every statement of the library.
#[cfg(test)]
pub(super) fn all() -> impl Iterator<Item = &'static Statement> {
    const PLAIN: &[&Statement] = &[
        &BEGIN,
        &ROLLBACK,
        &BOUNDS,
        &NARROW,
        &FREE,
        &SERVER,
        &LOOKING_ROLE,
        &DATABASE,
        &SETTINGS,
        &SETTINGS_PENDING,
        &ROLE_WORK_MEM,
        &HBA_RULES,
        &HBA_FILES,
        &HBA_LOADED,
        &SUPERUSERS,
        &APPLICATION_ROLE,
        &APPLICATION_MEMBERSHIPS,
        &APPLICATION_SCHEMAS,
        &APPLICATION_FUNCTIONS,
        &FORBIDDEN_READ,
        &SESSIONS,
        &CONNECTIONS,
        &TRANSACTIONS,
        &HORIZONS,
        &TABLES,
        &FOREIGN_KEYS,
        &INVALID_INDEXES,
        &FILE_TABLES,
        &EXTENSIONS,
        &STATEMENTS_HOME,
        &STATEMENTS_RECORDED,
        &STATEMENTS_SINCE,
        &STATISTICS_SINCE,
        &HOT_STATEMENTS,
        &MIGRATION_TABLES,
        &SLOW,
    ];
    PLAIN.iter().copied().chain(TOOLS.iter().map(|tool| &tool.applied))
}
