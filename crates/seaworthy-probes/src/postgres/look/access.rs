//! Who gets in, from where, and what they may do.

use seaworthy_core::facts::{Blind, Listed, Seen, Unseen};
use seaworthy_core::limits::{POSTGRES_HBA_FILES_MAX, POSTGRES_HBA_RULES_MAX, POSTGRES_ROLES_MAX};

use crate::postgres::facts::{ApplicationRole, HbaRule, LookingRole, SchemaRights, SessionGroup, Superuser};
use crate::postgres::hba::{Columns, Rule, network_lines, refuse_plaintext};
use crate::postgres::machine::changed_at;
use crate::postgres::session::{Parameter, Row, Session, Unlike, identifier};
use crate::postgres::statements::{
    APPLICATION_FUNCTIONS, APPLICATION_MEMBERSHIPS, APPLICATION_ROLE, APPLICATION_SCHEMAS, FORBIDDEN_READ,
    GRANT_STATISTICS, HBA_FILES, HBA_LOADED, HBA_RULES, LOOKING_ROLE, SESSIONS, SUPERUSERS,
};
use crate::postgres::target::Address;

/// Predefined roles that show how the server fares and give no power over it or its data.
const HARMLESS: [&str; 6] = [
    "pg_monitor",
    "pg_read_all_settings",
    "pg_read_all_stats",
    "pg_stat_scan_tables",
    "pg_use_reserved_connections",
    "pg_signal_autovacuum_worker",
];

/// How tools for administering call themselves.
const TOOLS: [&str; 19] = [
    "psql",
    "pg_dump",
    "pg_basebackup",
    "pg_receivewal",
    "pgadmin",
    "pgbackrest",
    "barman",
    "patroni",
    "walreceiver",
    "dbeaver",
    "datagrip",
    "postgres_exporter",
    "pganalyze",
    "datadog",
    "wal-g",
    "pg_rewind",
    "pg_receivexlog",
    "repmgr",
    "pg_auto_failover",
];

pub(in crate::postgres) async fn looking_role(session: &Session) -> Result<LookingRole, Unseen> {
    let read = |row: &Row| {
        Ok(LookingRole {
            name: row.name(0)?,
            superuser: row.get(1)?,
            reads_all_statistics: row.get(2)?,
            reads_all_settings: row.get(3)?,
            writable_tables: row.get(4)?,
        })
    };
    session.one(&LOOKING_ROLE, &[], read).await
}

/// `Ok` when the role sees the statistics of others; else why not.
pub(in crate::postgres) fn sees_others(role: &Result<LookingRole, Unseen>, what: &str) -> Result<(), Unseen> {
    let role = role.as_ref().map_err(Clone::clone)?;
    if role.reads_all_statistics {
        return Ok(());
    }
    Err(Unseen::new(Blind::Denied, format!("role `{}` does not see {what} of others", role.name))
        .give(GRANT_STATISTICS.replace("ROLE", &identifier(&role.name))))
}

pub(in crate::postgres) async fn hba_rules(
    session: &Session,
    address: &Address,
) -> Result<Listed<Rule>, Unseen> {
    let by_hand = address.psql("SELECT * FROM pg_hba_file_rules");
    let read = |row: &Row| {
        let columns = Columns {
            line: row.get(0)?,
            kind: row.name_or_none(1)?,
            databases: row.names(2)?,
            roles: row.names(3)?,
            address: row.name_or_none(4)?,
            mask: row.name_or_none(5)?,
            method: row.name_or_none(6)?,
            demands_certificate: row.get(7)?,
            faulty: row.get(8)?,
        };
        Ok(Rule::read(columns, &by_hand))
    };
    let mut rules = session.list(&HBA_RULES, &[], POSTGRES_HBA_RULES_MAX, read).await?;
    refuse_plaintext(&mut rules.items);
    Ok(rules)
}

/// Whether the rules of the files are those that hold. A server that cannot read a line keeps the rules it had.
///
/// When the files were changed is seen in the server's own file system where its process is at hand, else by the server.
pub(in crate::postgres) async fn hba_loaded(
    session: &Session,
    address: &Address,
    rules: &Result<Listed<Rule>, Unseen>,
    process: Option<i64>,
) -> Seen<bool> {
    match hba_read(session, process).await {
        Ok(read) => {
            let faulty = rules.as_ref().is_ok_and(|rules| rules.items.iter().any(|rule| rule.fact.faulty));
            Seen::shown_by(read && !faulty, address.psql("SELECT pg_conf_load_time()"))
        }
        Err(why) => why.into(),
    }
}

async fn hba_read(session: &Session, process: Option<i64>) -> Result<bool, Unseen> {
    let read = |row: &Row| Ok((row.name(0)?, row.get::<f64>(1)?));
    let files = session.list(&HBA_FILES, &[], POSTGRES_HBA_FILES_MAX, read).await?;
    if let Some(why) = files.cut {
        return Err(why);
    }
    let seen = process.and_then(|process| {
        let changed = |(name, loaded_at): &(String, f64)| {
            let changed = changed_at(process, name)?;
            Some((changed.content <= *loaded_at, changed.placed > *loaded_at))
        };
        files.items.iter().map(changed).collect::<Option<Vec<_>>>()
    });
    let (read, placed_since) = match seen {
        Some(files) => (
            !files.is_empty() && files.iter().all(|(read, _)| *read),
            files.iter().any(|(_, placed)| *placed),
        ),
        None => {
            let read = |row: &Row| Ok((row.get::<bool>(0)?, row.get::<Option<bool>>(1)?.unwrap_or_default()));
            session.one(&HBA_LOADED, &[], read).await?
        }
    };
    // A copy, or a file moved there, has the time of what it was made from.
    if read && placed_since {
        let why =
            "a file with the rules was put in place, or its rights were changed, after the server read it";
        return Err(Unseen::new(Blind::CutShort, why).give("SELECT pg_reload_conf(), then another look"));
    }
    Ok(read)
}

/// The rules as facts.
pub(in crate::postgres) fn rule_facts(rules: &Result<Listed<Rule>, Unseen>) -> Seen<Listed<HbaRule>> {
    match rules {
        Ok(rules) => Seen::new(Listed {
            items: rules.items.iter().map(|rule| rule.fact.clone()).collect(),
            cut: rules.cut.clone(),
        }),
        Err(why) => why.clone().into(),
    }
}

pub(in crate::postgres) async fn superusers(
    session: &Session,
    address: &Address,
    declared: Option<&[String]>,
    rules: &Result<Listed<Rule>, Unseen>,
) -> Seen<Listed<Superuser>> {
    let by_hand = address.psql("\\du");
    let read = |row: &Row| {
        let name = row.name(0)?;
        let groups = row.names(1)?;
        let itself = row.get(2)?;
        let network_lines = match rules {
            Ok(Listed { items, cut: None }) => Seen::new(network_lines(items, &name, &groups)),
            Ok(Listed { cut: Some(why), .. }) | Err(why) => why.clone().into(),
        };
        // A managed server's provider keeps a superuser that its customers can neither use nor change.
        let of_provider = row.get(3)?;
        let is_declared = of_provider
            || match declared {
                Some(names) => names.contains(&name),
                None => name == "postgres",
            };
        Ok(Superuser { declared: is_declared, name, itself, network_lines, by_hand: by_hand.clone() })
    };
    session.list(&SUPERUSERS, &[], POSTGRES_ROLES_MAX, read).await.into()
}

pub(in crate::postgres) async fn sessions(session: &Session) -> Seen<Listed<SessionGroup>> {
    let read = |row: &Row| {
        let application = row.name_or_none(3)?.unwrap_or_default();
        Ok(SessionGroup {
            tool: TOOLS.iter().any(|tool| application.to_lowercase().starts_with(tool)),
            role: row.name_or_none(0)?,
            superuser: row.get(1)?,
            database: row.name_or_none(2)?,
            application,
            origin: row.name(4)?,
            tls: row.get(5)?,
            sessions: row.get(6)?,
        })
    };
    session.list(&SESSIONS, &[], POSTGRES_ROLES_MAX, read).await.into()
}

pub(in crate::postgres) async fn application_role(
    session: &Session,
    address: &Address,
    declared: Option<&str>,
) -> Seen<ApplicationRole> {
    let name = declared.unwrap_or(&address.user);
    let looks = name == address.user;
    let parameters = [Parameter::Text(name)];
    let password_table_refused =
        if looks { forbidden_read(session).await } else { not_the_application(name) };
    let powerful_groups = powerful_groups(session, &parameters).await;
    let schemas = session.list(&APPLICATION_SCHEMAS, &parameters, POSTGRES_ROLES_MAX, schema_rights).await;
    let name_of = |row: &Row| row.name(0);
    let functions = session.list(&APPLICATION_FUNCTIONS, &parameters, POSTGRES_ROLES_MAX, name_of).await;
    let read = |row: &Row| {
        let mut role = ApplicationRole {
            name: row.name(0)?,
            declared: declared.is_some(),
            looks,
            superuser: row.get(1)?,
            signs_in: row.get(2)?,
            creates_databases: row.get(3)?,
            creates_roles: row.get(4)?,
            replicates: row.get(5)?,
            bypasses_row_security: row.get(6)?,
            connection_limit: row.get(7)?,
            creates_schemas: row.get(8)?,
            owns_database: row.get(9)?,
            powerful_groups: powerful_groups.clone(),
            rights_beyond_rows: Seen::new(Vec::new()),
            schemas: schemas.clone().into(),
            password_table_refused: password_table_refused.clone(),
        };
        role.rights_beyond_rows = rights_beyond_rows(&role, &schemas, &functions).into();
        Ok(role)
    };
    let found = session.list(&APPLICATION_ROLE, &parameters, 1, read).await;
    match found.map(|rows| rows.items.into_iter().next()) {
        Ok(Some(role)) => Seen::shown_by(role, address.psql(&format!("\\du {}", identifier(name)))),
        Ok(None) => Unseen::new(Blind::NotGiven, format!("the server has no role `{name}`"))
            .give("name the application's role as `application_role`")
            .into(),
        Err(why) => why.into(),
    }
}

/// In words. A list of schemas that was cut short tells nothing of the rest, so it gives no answer.
fn rights_beyond_rows(
    role: &ApplicationRole,
    schemas: &Result<Listed<SchemaRights>, Unseen>,
    functions: &Result<Listed<String>, Unseen>,
) -> Result<Vec<String>, Unseen> {
    // A cut list of functions has some, which is enough to tell of.
    let functions = functions.as_ref().map_err(Unseen::clone)?;
    let (first, count) = (functions.items.first(), functions.items.len());
    let of_functions = first.map(|first| {
        format!(
            "{count} rights over functions and tablespaces that not everybody has, over {first} among them"
        )
    });
    let schemas = match schemas {
        Ok(Listed { items, cut: None }) => items,
        Ok(Listed { cut: Some(why), .. }) | Err(why) => return Err(why.clone()),
    };
    let of_server = [
        (role.superuser, "superuser"),
        (role.creates_databases, "CREATEDB"),
        (role.creates_roles, "CREATEROLE"),
        (role.replicates, "REPLICATION"),
        (role.bypasses_row_security, "BYPASSRLS"),
        (role.owns_database, "owns the database"),
        (role.creates_schemas, "creates schemas"),
    ];
    let of_server = of_server.into_iter().filter(|(has, _)| *has).map(|(_, right)| right.to_owned());
    let of_schemas = schemas.iter().flat_map(|schema| {
        let name = &schema.name;
        let example = schema.example.as_deref().unwrap_or_default();
        [
            (schema.owned, format!("owns the schema {name}")),
            (schema.creates, format!("creates tables in {name}")),
            (
                schema.tables_owned > 0,
                format!(
                    "owns {} tables, views or sequences in {name}, `{example}` among them",
                    schema.tables_owned
                ),
            ),
            (
                schema.tables_beyond_rows > 0,
                format!(
                    "TRUNCATE, REFERENCES or TRIGGER on {} tables in {name}, `{example}` among them",
                    schema.tables_beyond_rows
                ),
            ),
        ]
    });
    let of_schemas = of_schemas.filter(|(has, _)| *has).map(|(_, right)| right);
    Ok(of_server.chain(of_schemas).chain(of_functions).collect())
}

fn not_the_application(name: &str) -> Seen<bool> {
    Unseen::new(Blind::NotGiven, format!("it takes a session as `{name}`"))
        .give("give the application's own connection URL")
        .into()
}

/// Reads no row of the server's password table: being let do it is the finding.
async fn forbidden_read(session: &Session) -> Seen<bool> {
    let read = |row: &Row| row.get::<i64>(0);
    match session.one(&FORBIDDEN_READ, &[], read).await {
        Ok(_) => Seen::new(false),
        Err(Unseen { kind: Blind::Denied, .. }) => Seen::new(true),
        Err(why) => why.into(),
    }
}

async fn powerful_groups(session: &Session, parameters: &[Parameter<'_>]) -> Seen<Listed<String>> {
    let read = |row: &Row| Ok((row.name(0)?, row.get::<bool>(1)?, row.get::<bool>(2)?));
    let groups = session.list(&APPLICATION_MEMBERSHIPS, parameters, POSTGRES_ROLES_MAX, read).await;
    match groups {
        Ok(groups) => {
            let powerful = groups.items.into_iter().filter(|(name, attributes, predefined)| {
                *attributes || (*predefined && !HARMLESS.contains(&name.as_str()))
            });
            Seen::new(Listed { items: powerful.map(|(name, _, _)| name).collect(), cut: groups.cut })
        }
        Err(why) => why.into(),
    }
}

fn schema_rights(row: &Row) -> Result<SchemaRights, Unlike> {
    Ok(SchemaRights {
        name: row.name(0)?,
        creates: row.get(1)?,
        owned: row.get(2)?,
        tables_written: row.get(3)?,
        tables_beyond_rows: row.get(4)?,
        tables_owned: row.get(5)?,
        example: row.name_or_none(6)?,
    })
}
