//! What migration tools say they have applied: their own tables, seen to be plain before they are read.

use seaworthy_core::facts::{Blind, Listed, Seen, Unseen};
use seaworthy_core::limits::{POSTGRES_CANDIDATES_MAX, POSTGRES_MIGRATIONS_MAX};

use crate::postgres::facts::{Migration, MigrationTable};
use crate::postgres::session::{Parameter, Row, Session, Unlike, identifier};
use crate::postgres::statements::{MIGRATION_TABLES, TOOLS, Tool};
use crate::postgres::target::Address;
use crate::repo::recorded::version_order;

/// A relation with the name of a tool's table.
struct Candidate {
    schema: String,
    table: String,
    plain: bool,
    columns: Vec<String>,
}

pub(in crate::postgres) async fn look(session: &Session, address: &Address) -> Seen<Listed<MigrationTable>> {
    let names: Vec<&str> = TOOLS.iter().map(|tool| tool.table).collect();
    let candidates = session
        .list(&MIGRATION_TABLES, &[Parameter::Texts(&names)], POSTGRES_CANDIDATES_MAX, candidate)
        .await;
    let candidates = match candidates {
        Ok(candidates) => candidates,
        Err(why) => return why.into(),
    };
    let mut tables = Vec::new();
    for candidate in candidates.items {
        if let Some(tool) = tool_of(&candidate) {
            tables.push(table(session, address, &candidate, tool).await);
        }
    }
    Seen::new(Listed { items: tables, cut: candidates.cut })
}

fn candidate(row: &Row) -> Result<Candidate, Unlike> {
    Ok(Candidate { schema: row.name(0)?, table: row.name(1)?, plain: row.get(2)?, columns: row.names(3)? })
}

fn tool_of(candidate: &Candidate) -> Option<&'static Tool> {
    TOOLS.iter().find(|tool| {
        let has = |column: &&str| candidate.columns.iter().any(|own| own == column);
        tool.table == candidate.table && tool.columns.iter().all(has)
    })
}

async fn table(
    session: &Session,
    address: &Address,
    candidate: &Candidate,
    tool: &'static Tool,
) -> MigrationTable {
    let name = format!("{}.{}", identifier(&candidate.schema), identifier(&candidate.table));
    let applied = if candidate.plain {
        session
            .list_in(&candidate.schema, &tool.applied, &[], POSTGRES_MIGRATIONS_MAX, |row| {
                migration(row, tool)
            })
            .await
    } else {
        Err(Unseen::new(
            Blind::Unsupported,
            format!("{name} is not a plain table: reading it could run what others put behind it"),
        ))
    };
    let applied = match applied {
        Ok(applied) => Seen::shown_by(applied, address.psql(&format!("SELECT * FROM {name}"))),
        Err(why) if why.kind == Blind::Denied => {
            let role = identifier(&address.user);
            let usage = format!("GRANT USAGE ON SCHEMA {} TO {role}", identifier(&candidate.schema));
            why.give(format!("{usage}; GRANT SELECT ON {name} TO {role}")).into()
        }
        // In a schema that the role may not enter, the table's bare name leads nowhere.
        Err(why) if why.kind == Blind::Unsupported && candidate.plain => {
            let role = identifier(&address.user);
            let usage = format!("GRANT USAGE ON SCHEMA {} TO {role}", identifier(&candidate.schema));
            why.give(format!("{usage}; GRANT SELECT ON {name} TO {role}")).into()
        }
        Err(why) => why.into(),
    };
    let records = applied.clone().map(|applied| Listed {
        items: applied.items.iter().filter(|one| one.succeeded && !one.baseline).map(record).collect(),
        cut: applied.cut,
    });
    let baseline_order = applied.clone().map(|applied| {
        let baselines = applied.items.iter().filter(|one| one.baseline && one.succeeded);
        baselines.filter_map(|one| version_order(&one.version)).max()
    });
    MigrationTable {
        records,
        baseline_order,
        tool: tool.name.to_owned(),
        table: format!("{}.{}", candidate.schema, candidate.table),
        latest_only: tool.latest_only,
        applied,
    }
}

/// What stands in the table for a migration that went through.
fn record(migration: &Migration) -> String {
    match migration.checksum.as_ref().filter(|_| migration.checksum_of_file) {
        Some(sum) => format!("{} {sum}", migration.version),
        None => migration.version.clone(),
    }
}

fn migration(row: &Row, tool: &Tool) -> Result<Migration, Unlike> {
    let checksum = row.name_or_none(2)?;
    let baseline = tool.name == "flyway" && checksum.as_deref() == Some("baseline");
    let checksum = checksum.filter(|_| !baseline);
    let version = row.name_or_none(0)?.unwrap_or_default();
    let app = version.split_once('.').filter(|_| tool.name == "django").map(|(app, _)| app.to_owned());
    Ok(Migration {
        tool: tool.name.to_owned(),
        app,
        baseline,
        version,
        succeeded: row.get::<Option<bool>>(1)?.unwrap_or(false),
        checksum_of_file: checksum.is_some() && ["sqlx", "prisma", "drizzle"].contains(&tool.name),
        checksum,
    })
}
