//! Statements that take the most time, and whether they read whole tables to find few rows.
//!
//! Must not take the words of a statement from the server: they hold values that people typed, and before version
//! 16 even passwords. The server compares words with names and answers yes or no.

use std::collections::BTreeMap;

use seaworthy_core::facts::{Blind, Listed, Seen, Unseen};
use seaworthy_core::limits::POSTGRES_STATEMENTS_MAX;

use crate::postgres::facts::{HotStatement, StatementStatistics, Table};
use crate::postgres::session::{Parameter, Row, Session, Unlike};
use crate::postgres::statements::{
    HOT_STATEMENTS, STATEMENTS_HOME, STATEMENTS_RECORDED, STATEMENTS_SINCE, STATISTICS_SINCE,
};
use crate::postgres::target::Address;

/// A table is large from here; smaller ones are read whole with no loss.
const LARGE_ROWS: i64 = 10_000;
/// Few rows: at most this part of the table.
const FEW: f64 = 0.1;

/// A hot statement as the server describes it.
struct Hot {
    id: String,
    calls: i64,
    total_ms: f64,
    share: f64,
    rows_per_call: f64,
    blocks_per_call: f64,
    filtered: bool,
    aggregated: bool,
    large_tables: Vec<String>,
    names_tables: bool,
}

/// A large table: how many blocks it has, and how often it was read whole.
#[derive(Debug, Clone, Copy)]
pub(super) struct Large {
    pub(super) rows: i64,
    pub(super) pages: i64,
    pub(super) whole_reads: i64,
}

/// Where the extension's functions live, when they are the extension's.
pub(in crate::postgres) async fn home(session: &Session) -> Result<Option<String>, Unseen> {
    let found = session.list(&STATEMENTS_HOME, &[], 1, |row| row.name(0)).await?;
    Ok(found.items.into_iter().next())
}

pub(in crate::postgres) async fn statistics(
    session: &Session,
    address: &Address,
    home: &Result<Option<String>, Unseen>,
) -> Seen<StatementStatistics> {
    let nothing = StatementStatistics { installed: false, counting: false, statements: 0 };
    let schema = match home {
        Ok(Some(schema)) => schema,
        Ok(None) => return Seen::shown_by(nothing, address.psql("\\dx")),
        Err(why) => return why.clone().into(),
    };
    let read = |row: &Row| row.get::<i64>(0);
    let by_hand = address.psql("SELECT count(*) FROM pg_stat_statements");
    match session.list_in(schema, &STATEMENTS_RECORDED, &[], 1, read).await {
        Ok(counted) => {
            let statements = counted.items.first().copied().unwrap_or(0);
            Seen::shown_by(StatementStatistics { installed: true, counting: true, statements }, by_hand)
        }
        // The server has the function and not the library behind it: SQLSTATE 55000.
        Err(Unseen { kind: Blind::Unsupported, .. }) => {
            Seen::shown_by(StatementStatistics { installed: true, ..nothing }, by_hand)
        }
        Err(why) => why.into(),
    }
}

pub(in crate::postgres) async fn hot(
    session: &Session,
    address: &Address,
    home: &Result<Option<String>, Unseen>,
    tables: &Seen<Listed<Table>>,
    application: &str,
) -> Result<Listed<HotStatement>, Unseen> {
    let schema = home.as_ref().map_err(Clone::clone)?.as_ref().ok_or_else(|| {
        Unseen::new(Blind::Unsupported, "pg_stat_statements is not installed")
            .give("shared_preload_libraries = 'pg_stat_statements', a restart, and CREATE EXTENSION pg_stat_statements")
    })?;
    let large = large_tables(tables)?;
    let comparable = comparable(session, schema).await?;
    // What the looking role asks is no load of the service, unless it is the service's own role.
    let left_out = if address.user == application { "" } else { address.user.as_str() };
    let parameters = [Parameter::Text(left_out)];
    let hot = session.list_in(schema, &HOT_STATEMENTS, &parameters, POSTGRES_STATEMENTS_MAX, read).await?;
    let fact = |hot: Hot| HotStatement {
        table_read_whole: read_whole(&hot, &large, comparable),
        by_hand: address.psql(&format!("SELECT query FROM pg_stat_statements WHERE queryid = {}", hot.id)),
        mean_ms: hot.total_ms / to_float(hot.calls.max(1)),
        share_percent: 100.0 * hot.share,
        rows_per_call: hot.rows_per_call,
        blocks_per_call: hot.blocks_per_call,
        calls: hot.calls,
        large_tables: hot.large_tables,
        id: hot.id,
    };
    Ok(Listed { items: hot.items.into_iter().map(fact).collect(), cut: hot.cut })
}

fn read(row: &Row) -> Result<Hot, Unlike> {
    let id = row.name(0)?;
    // It goes into a command for people, so it must be the number that it claims to be.
    id.parse::<i64>().map_err(|_| Unlike)?;
    Ok(Hot {
        id,
        calls: row.get(1)?,
        total_ms: row.get(2)?,
        share: row.get::<Option<f64>>(3)?.unwrap_or(0.0),
        rows_per_call: row.get::<Option<f64>>(4)?.unwrap_or(0.0),
        blocks_per_call: row.get::<Option<f64>>(5)?.unwrap_or(0.0),
        filtered: row.get(6)?,
        aggregated: row.get(7)?,
        large_tables: row.names(8)?,
        names_tables: row.get(9)?,
    })
}

#[expect(clippy::cast_precision_loss, reason = "a mean of counts needs no more than 52 bits")]
fn to_float(number: i64) -> f64 {
    number as f64
}

fn large_tables(tables: &Seen<Listed<Table>>) -> Result<BTreeMap<String, Large>, Unseen> {
    let tables = match tables {
        Seen::Seen { value, .. } => value,
        Seen::Unseen(why) => return Err(why.clone()),
    };
    let large = tables.items.iter().filter_map(|table| {
        let rows = *table.rows.value()?;
        let large = Large { rows, pages: table.pages, whole_reads: table.sequential_scans };
        (rows > LARGE_ROWS).then(|| (table.name.clone(), large))
    });
    Ok(large.collect())
}

/// Whether the tables' counts go back at least as far as the statements' do.
async fn comparable(session: &Session, schema: &str) -> Result<bool, Unseen> {
    let time = |row: &Row| row.get::<Option<f64>>(0);
    let tables = session.one(&STATISTICS_SINCE, &[], time).await?;
    let statements = session.list_in(schema, &STATEMENTS_SINCE, &[], 1, time).await;
    let statements = statements.ok().and_then(|rows| rows.items.into_iter().next().flatten());
    Ok(match (tables, statements) {
        (None, _) => true,
        (Some(tables), Some(statements)) => tables <= statements,
        (Some(_), None) => false,
    })
}

/// The large table that a statement reads whole to find few rows, judged by what must be so if it does: it reads at
/// least the table's blocks in a call, and the table counts whole reads for at least half of the calls.
fn read_whole(hot: &Hot, large: &BTreeMap<String, Large>, comparable: bool) -> Seen<Option<String>> {
    let fits = |table: &Large| {
        hot.blocks_per_call >= to_float(table.pages)
            && table.pages > 0
            && if comparable { table.whole_reads >= hot.calls / 2 } else { table.whole_reads > 0 }
            && table.whole_reads > 0
            && hot.rows_per_call <= FEW * to_float(table.rows)
    };
    let named = hot.large_tables.iter().find(|name| large.get(*name).is_some_and(fits));
    match named {
        Some(name) if hot.filtered && !hot.aggregated => Seen::new(Some(name.clone())),
        // Without a condition it asks for everything; no index would help.
        Some(_) if !hot.filtered => Seen::new(None),
        Some(name) => Seen::unseen(
            Blind::Unsupported,
            format!("statement {} reads all of `{name}` and may have to; EXPLAIN tells", hot.id),
        ),
        None if !hot.names_tables && large.values().any(fits) => Seen::unseen(
            Blind::Unsupported,
            format!("statement {} reads as much as a large table and names none; EXPLAIN tells", hot.id),
        ),
        None => Seen::new(None),
    }
}
