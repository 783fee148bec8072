//! Looks at one PostgreSQL server: one session, read-only, under the server's own timeouts.
//!
//! Says to it the statements of [`statements`] and nothing else. Needs `CONNECT`; sees more with `pg_monitor` and
//! with the right to read `pg_hba_file_rules`: what was not seen tells what to grant. Must not read rows of users'
//! tables, wait for locks, take one of the last connections, or show a password to a server that is not proven.

mod door;
pub mod facts;
mod hba;
mod lifetimes;
mod login;
mod look;
mod machine;
mod reach;
mod session;
mod statements;
mod target;
#[cfg(test)]
mod tests;
mod tls;
mod wire;

use std::path::PathBuf;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use seaworthy_core::consent::Consent;
use seaworthy_core::facts::{Blind, Listed, Seen, Unseen};
use seaworthy_core::limits::{Limits, PEM_BYTES_MAX};
use seaworthy_core::manifest::PostgresSpec;
use secrecy::{ExposeSecret, SecretString};

pub(crate) use self::login::joined;
use crate::ask::Ask;
use crate::known_defaults::{is_known_default, is_placeholder};
use crate::step::Step;
use facts::{PostgresFacts, Url};
use login::NotIn;
use session::Session;
use target::{Address, Place};

/// Shorter passwords are found by trying.
const PASSWORD_CHARS_MIN: usize = 12;

/// The rules of `pg_hba.conf`, where they may be read.
type Rules = Result<Listed<hba::Rule>, Unseen>;

/// What one look is given.
#[derive(Debug, Clone)]
struct Task {
    spec: PostgresSpec,
    url: SecretString,
    ca_pem: Option<Arc<Vec<u8>>>,
    /// `Ok` when the level allows more than reading.
    active: Result<(), Unseen>,
    limits: Limits,
    now: DateTime<Utc>,
}

pub(crate) fn step(ask: &Ask) -> Option<Step> {
    let spec = ask.environment.postgres.clone()?;
    let target = format!("PostgreSQL at the URL in {}", spec.url);
    let url = ask.secret(&spec.url);
    let ca_pem = ask.environment.ca.as_ref().map(|ca| ask.path(ca));
    let active = ask.allows(Consent::Probe);
    let (limits, now) = (ask.limits, ask.now);
    let look = async move {
        let ca_pem = match ca_pem.map(|path| read_pem(&path)).transpose() {
            Ok(pem) => pem.map(Arc::new),
            Err(why) => return Seen::new(PostgresFacts::nothing(&why)),
        };
        match url {
            Ok(url) => Seen::new(Box::pin(look(&Task { spec, url, ca_pem, active, limits, now })).await),
            Err(why) => Seen::new(PostgresFacts::nothing(&why)),
        }
    };
    Some(Step::new(target, look))
}

fn read_pem(path: &std::path::Path) -> Result<Vec<u8>, Unseen> {
    let unreadable =
        || Unseen::new(Blind::NotGiven, "the file in `ca` cannot be read").give("name a PEM file in `ca`");
    let facts = std::fs::metadata(path).map_err(|_| unreadable())?;
    if !facts.is_file() || facts.len() > PEM_BYTES_MAX {
        return Err(unreadable());
    }
    std::fs::read(path).map_err(|_| unreadable())
}

/// Looks. What cannot be seen says why.
async fn look(task: &Task) -> PostgresFacts {
    let address = match Address::parse(&task.url) {
        Ok(address) => address,
        Err(why) => return PostgresFacts::nothing(&why),
    };
    let ca_pem = task.ca_pem.as_ref().map(|pem| pem.as_slice());
    let mut sockets = Vec::new();
    let mut rules = Err(Unseen::new(Blind::Unreachable, "there was no session"));
    let mut facts = match Session::open(&address, ca_pem, &task.limits).await {
        Ok(session) => {
            rules = look::access::hba_rules(&session, &address).await;
            let facts = Box::pin(look_inside(&session, &address, task, &rules)).await;
            if facts.login.value().is_some_and(|login| login.same_machine == Some(true)) {
                sockets = look::settings::socket_folders(&session, &address).await.unwrap_or_default();
            }
            session.close().await;
            facts
        }
        Err(NotIn { why, sqlstate }) => {
            let mut facts = PostgresFacts::nothing(&why);
            if sqlstate.as_deref() == Some("3D000") {
                facts.database_exists = Seen::new(false);
            }
            facts
        }
    };
    facts.url = Seen::new(url_facts(&address));
    facts.connections_demanded = demanded(task, &address).into();
    look_from_outside(&mut facts, &address, &sockets, &rules, task).await;
    facts
}

/// What a session shows.
async fn look_inside(session: &Session, address: &Address, task: &Task, rules: &Rules) -> PostgresFacts {
    let spec = &task.spec;
    let application = spec.application_role.as_deref().unwrap_or(&address.user);
    let about = look::server::look(session, address, task.now).await;
    let process = about.as_ref().ok().map(|about| about.process);
    let login = look::server::login(session, process);
    let here = process.filter(|_| login.same_machine == Some(true));
    let role = look::access::looking_role(session).await;
    let sees_sessions = look::access::sees_others(&role, "the sessions");
    let settings = look::settings::look(session, address, application).await;
    let home = look::statements::home(session).await;
    let tables = match about.as_ref().map(|about| about.server.in_recovery) {
        Ok(true) => Unseen::new(Blind::Unsupported, "a replica does not count rows and keeps no tables up")
            .give("give the primary's connection URL")
            .into(),
        Ok(false) => look::schema::tables(session, address).await,
        Err(why) => why.clone().into(),
    };
    let hot = match look::access::sees_others(&role, "the statements") {
        Ok(()) => look::statements::hot(session, address, &home, &tables, application).await,
        Err(why) => Err(why),
    };
    PostgresFacts {
        database_exists: Seen::new(true),
        memory_bytes: memory(spec, process, login.same_machine).into(),
        settings_pending_restart: look::settings::pending(session).await,
        hba_rules: look::access::rule_facts(rules),
        hba_loaded: look::access::hba_loaded(session, address, rules, here).await,
        superusers: look::access::superusers(session, address, spec.superusers.as_deref(), rules).await,
        application_role: look::access::application_role(session, address, spec.application_role.as_deref())
            .await,
        sessions: match &sees_sessions {
            Ok(()) => look::access::sessions(session).await,
            Err(why) => why.clone().into(),
        },
        transactions: match &sees_sessions {
            Ok(()) => look::server::transactions(session, address).await,
            Err(why) => why.clone().into(),
        },
        database: look::server::database(session, address, spec.database.as_deref()).await,
        connections: look::server::connections(session, address).await,
        horizons: look::server::horizons(session, address).await,
        foreign_keys_unindexed: look::schema::foreign_keys(session, address).await,
        indexes_invalid: look::schema::invalid_indexes(session).await,
        file_tables: look::schema::file_tables(session, address, spec.files_table.as_deref()).await,
        extensions: look::schema::extensions(session, address).await,
        statement_statistics: look::statements::statistics(session, address, &home).await,
        migration_tables: look::migrations::look(session, address).await,
        slow_statement: slow_statement(session, address, task, &settings, login.same_machine).await.into(),
        hot_statements: hot.into(),
        login: Seen::new(login),
        server: about.map(|about| about.server).into(),
        looking_role: role.into(),
        settings,
        tables,
        ..PostgresFacts::nothing(&Unseen::new(Blind::Crashed, "this was never looked at"))
    }
}

async fn slow_statement(
    session: &Session,
    address: &Address,
    task: &Task,
    settings: &Seen<facts::Settings>,
    same_machine: Option<bool>,
) -> Result<facts::SlowStatement, Unseen> {
    task.active.clone()?;
    let folder = if same_machine == Some(true) {
        look::settings::log_folder(session, address).await
    } else {
        Err(elsewhere("its log is not at hand"))
    };
    look::active::slow_statement(session, settings, folder).await
}

fn elsewhere(consequence: &str) -> Unseen {
    Unseen::new(
        Blind::NotGiven,
        format!("the server's process was not found on this machine, so {consequence}"),
    )
    .give("run Seaworthy on the server's machine")
}

/// What is seen without a session of the looking role.
async fn look_from_outside(
    facts: &mut PostgresFacts,
    address: &Address,
    sockets: &[PathBuf],
    rules: &Rules,
    task: &Task,
) {
    if let Err(why) = &task.active {
        facts.plaintext = why.clone().into();
        facts.own_addresses = why.clone().into();
        facts.default_passwords = why.clone().into();
        return;
    }
    let ca_pem = task.ca_pem.as_ref().map(|pem| pem.as_slice());
    facts.plaintext =
        look::active::plaintext(address, task.spec.application_role.as_deref(), &task.limits).await.into();
    facts.default_passwords =
        Seen::new(look::active::default_passwords(address, sockets, rules, ca_pem, &task.limits).await);
    facts.own_addresses = match facts.login.value().map(|login| login.same_machine) {
        Some(Some(true)) => look::active::own(address, &task.limits).await.into(),
        _ => elsewhere("its other addresses are not known").into(),
    };
}

fn url_facts(address: &Address) -> Url {
    let place = match &address.place {
        Place::Socket(_) => "socket",
        Place::Tcp { host, .. } if host == "localhost" => "loopback",
        Place::Tcp { host, .. } => host.parse().map_or("name", reach::of_address),
    };
    let guessable = address.password.as_ref().map(|password| {
        let password = password.expose_secret();
        let lower = password.to_lowercase();
        is_known_default(password)
            || is_placeholder(password)
            || lower == address.user.to_lowercase()
            || lower == address.database.to_lowercase()
            || password.chars().count() < PASSWORD_CHARS_MIN
    });
    Url {
        place: place.to_owned(),
        role: address.user.clone(),
        database: address.database.clone(),
        tls: address.tls,
        tls_demanded: address.tls.is_binding(),
        password_guessable: guessable,
        pool_max: address.pool_max,
    }
}

fn demanded(task: &Task, address: &Address) -> Result<u64, Unseen> {
    let ask = || {
        Unseen::new(Blind::NotGiven, "nobody says how many connections the service may open")
            .give("`pool_max` and `replicas` under `postgres` in the manifest")
    };
    let pool = task.spec.pool_max.or(address.pool_max).ok_or_else(ask)?;
    let replicas = task.spec.replicas.ok_or_else(ask)?;
    Ok(u64::from(pool) * u64::from(replicas))
}

fn memory(spec: &PostgresSpec, process: Option<i64>, same_machine: Option<bool>) -> Result<u64, Unseen> {
    if let Some(declared) = spec.memory_bytes {
        return Ok(declared);
    }
    let here = process.filter(|_| same_machine == Some(true)).and_then(machine::memory_of);
    here.ok_or_else(|| {
        Unseen::new(Blind::NotGiven, "the memory of the server's machine is not known")
            .give("`memory_bytes` under `postgres` in the manifest, or run Seaworthy on the server's machine")
    })
}
