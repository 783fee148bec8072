//! The server as a whole: version, clock, database, connections, horizons.

use chrono::{DateTime, Utc};
use seaworthy_core::facts::{Blind, Seen, Unseen};

use crate::postgres::facts::{Connections, Database, Horizons, Login, Server, Transactions};
use crate::postgres::lifetimes::end_of_life;
use crate::postgres::machine;
use crate::postgres::reach::of_address;
use crate::postgres::session::{Row, Session};
use crate::postgres::statements::{CONNECTIONS, DATABASE, HORIZONS, SERVER, TRANSACTIONS};
use crate::postgres::target::Address;
use crate::postgres::wire::Asked;

/// The server, and the process of it that serves us.
pub(in crate::postgres) struct About {
    pub(in crate::postgres) server: Server,
    pub(in crate::postgres) process: i64,
}

pub(in crate::postgres) async fn look(
    session: &Session,
    address: &Address,
    now: DateTime<Utc>,
) -> Result<About, Unseen> {
    let asked_at = Utc::now();
    let by_hand = address.psql("SHOW server_version");
    let read = |row: &Row| {
        let number: i64 = row.get(1)?;
        let major = number / 10_000;
        let end = end_of_life(major);
        let unknown = || {
            Unseen::new(
                Blind::Unsupported,
                format!("it is not known until when version {major} is maintained"),
            )
            .give("look at https://www.postgresql.org/support/versioning/, or take a newer Seaworthy")
        };
        Ok(About {
            server: Server {
                version: row.name(0)?,
                version_number: number,
                major,
                end_of_life: end.ok_or_else(unknown).into(),
                // Whole days towards the past: the last day is day 0, the first one after it is -1.
                end_of_life_in_days: match end {
                    Some(end) => {
                        Seen::shown_by((end - now).num_seconds().div_euclid(86_400), by_hand.clone())
                    }
                    None => unknown().into(),
                },
                in_recovery: row.get(2)?,
                started_at: time(row.get(3)?),
                clock_ahead_seconds: row.get::<f64>(4)? - seconds(asked_at),
            },
            process: row.get(5)?,
        })
    };
    session.one(&SERVER, &[], read).await
}

#[expect(clippy::cast_precision_loss, reason = "microseconds of our time fit into 52 bits")]
fn seconds(time: DateTime<Utc>) -> f64 {
    time.timestamp_micros() as f64 / 1e6
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a float that is no time becomes a time that chrono refuses"
)]
fn time(seconds: f64) -> Seen<DateTime<Utc>> {
    DateTime::from_timestamp_micros((seconds * 1e6) as i64)
        .ok_or_else(|| Unseen::new(Blind::Garbled, "the server tells a time that is none"))
        .into()
}

/// How we got in.
pub(in crate::postgres) fn login(session: &Session, process: Option<i64>) -> Login {
    let way = session.way();
    let heard = session.ear().heard();
    let pooled = match (heard.process, process) {
        (Some(named), Some(answers)) => i64::from(named) != answers,
        _ => false,
    };
    Login {
        reach: way.peer.map_or("socket", of_address).to_owned(),
        tls: way.tls,
        tls_verified: way.tls && way.tls_fault.is_none(),
        tls_fault: way.tls_fault.clone(),
        asked: heard.asked.unwrap_or(Asked::Nothing).word().to_owned(),
        scram_iterations: heard.iterations,
        pooled,
        same_machine: process.and_then(|process| machine::serves_here(process, way)),
    }
}

pub(in crate::postgres) async fn database(
    session: &Session,
    address: &Address,
    declared: Option<&str>,
) -> Seen<Database> {
    let read = |row: &Row| {
        Ok(Database {
            name: row.name(0)?,
            declared: declared.map(str::to_owned),
            template: row.get(1)?,
            encoding: row.name(2)?,
            connection_limit: row.get(3)?,
            tables: row.get(4)?,
        })
    };
    match session.one(&DATABASE, &[], read).await {
        Ok(database) => Seen::shown_by(database, address.psql("SELECT current_database()")),
        Err(why) => why.into(),
    }
}

pub(in crate::postgres) async fn connections(session: &Session, address: &Address) -> Seen<Connections> {
    let read = |row: &Row| {
        let taken: i64 = row.get(2)?;
        Ok(Connections { max: row.get(0)?, reserved: row.get(1)?, now: (taken - 1).max(0) })
    };
    match session.one(&CONNECTIONS, &[], read).await {
        Ok(connections) => {
            Seen::shown_by(connections, address.psql("SELECT sum(numbackends) FROM pg_stat_database"))
        }
        Err(why) => why.into(),
    }
}

pub(in crate::postgres) async fn transactions(session: &Session, address: &Address) -> Seen<Transactions> {
    let read = |row: &Row| {
        Ok(Transactions {
            idle_seconds_max: row.get(0)?,
            idle_holding_seconds_max: row.get(1)?,
            horizon_age: row.get(2)?,
        })
    };
    let by_hand = "SELECT pid, usename, state, now() - xact_start AS since FROM pg_stat_activity WHERE state LIKE 'idle in transaction%'";
    match session.one(&TRANSACTIONS, &[], read).await {
        Ok(transactions) => Seen::shown_by(transactions, address.psql(by_hand)),
        Err(why) => why.into(),
    }
}

pub(in crate::postgres) async fn horizons(session: &Session, address: &Address) -> Seen<Horizons> {
    let read = |row: &Row| {
        Ok(Horizons {
            frozen_age: row.get(0)?,
            multixact_age: row.get(1)?,
            slot_age: row.get(2)?,
            prepared_seconds_max: row.get(3)?,
        })
    };
    match session.one(&HORIZONS, &[], read).await {
        Ok(horizons) => Seen::shown_by(
            horizons,
            address.psql("SELECT datname, age(datfrozenxid) FROM pg_database ORDER BY 2 DESC"),
        ),
        Err(why) => why.into(),
    }
}
