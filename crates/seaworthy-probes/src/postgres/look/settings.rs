//! Settings, from `pg_settings` by an allow-list of names.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use seaworthy_core::facts::{Blind, Listed, Seen, Unseen};
use seaworthy_core::limits::POSTGRES_ROLES_MAX;

use crate::postgres::facts::Settings;
use crate::postgres::reach::{of_address, widest};
use crate::postgres::session::{Parameter, Row, Session, Unlike, identifier};
use crate::postgres::statements::{GRANT_SETTINGS, ROLE_WORK_MEM, SETTINGS, SETTINGS_PENDING};
use crate::postgres::target::Address;

/// The names that are asked for, and no others: some settings hold passwords.
const NAMES: &[&str] = &[
    "autovacuum",
    "autovacuum_freeze_max_age",
    "effective_cache_size",
    "fsync",
    "full_page_writes",
    "idle_in_transaction_session_timeout",
    "listen_addresses",
    "log_destination",
    "log_min_duration_statement",
    "logging_collector",
    "maintenance_work_mem",
    "max_connections",
    "max_wal_size",
    "password_encryption",
    "random_page_cost",
    "shared_buffers",
    "shared_preload_libraries",
    "ssl",
    "ssl_min_protocol_version",
    "track_counts",
    "work_mem",
];
/// Settings for memory, with the bytes that `initdb` writes or the program has built in.
const MEMORY_AS_SHIPPED: [(&str, i64); 4] = [
    ("shared_buffers", 128 << 20),
    ("effective_cache_size", 4 << 30),
    ("work_mem", 4 << 20),
    ("maintenance_work_mem", 64 << 20),
];

/// The names that tell where the server writes its log.
const LOG_NAMES: &[&str] = &["data_directory", "log_directory", "logging_collector"];

/// One row of `pg_settings`.
struct Setting {
    name: String,
    value: String,
    unit: Option<String>,
    source: String,
}

/// What was read, by name.
struct Found<'a> {
    settings: BTreeMap<String, Setting>,
    address: &'a Address,
}

pub(in crate::postgres) async fn look(
    session: &Session,
    address: &Address,
    application: &str,
) -> Seen<Settings> {
    let found = find(session, address, NAMES).await;
    let given = session
        .one(&ROLE_WORK_MEM, &[Parameter::Text(application)], |row: &Row| row.get::<Option<i64>>(0))
        .await;
    let settings = found.map(|found| {
        let mut settings = found.settings();
        settings.work_mem_bytes = match (settings.work_mem_bytes, given) {
            // What the application's role is given goes before what the database is, and that before what the server has.
            (all, Ok(Some(given))) => all.map(|_| given),
            (all, Ok(None)) => all,
            (_, Err(why)) => why.into(),
        };
        settings
    });
    settings.into()
}

/// The folder into which the server writes its log.
pub(in crate::postgres) async fn log_folder(session: &Session, address: &Address) -> Result<PathBuf, Unseen> {
    let found = find(session, address, LOG_NAMES).await?;
    if found.find("logging_collector")?.value != "on" {
        return Err(Unseen::new(
            Blind::Unsupported,
            "the server writes its log to its standard error, not to a file",
        )
        .give("ALTER SYSTEM SET logging_collector = on, and a restart"));
    }
    Ok(Path::new(&found.find("data_directory")?.value).join(&found.find("log_directory")?.value))
}

/// The folders in which the server's Unix sockets are.
pub(in crate::postgres) async fn socket_folders(
    session: &Session,
    address: &Address,
) -> Result<Vec<PathBuf>, Unseen> {
    let found = find(session, address, &["unix_socket_directories"]).await?;
    let folders = found.find("unix_socket_directories")?.value.split(',').map(str::trim);
    Ok(folders.filter(|folder| folder.starts_with('/')).map(PathBuf::from).collect())
}

async fn find<'a>(session: &Session, address: &'a Address, names: &[&str]) -> Result<Found<'a>, Unseen> {
    let read = |row: &Row| {
        let setting = Setting {
            name: row.name(0)?,
            value: row.name_or_none(1)?.unwrap_or_default(),
            unit: row.name_or_none(2)?,
            source: row.name(3)?,
        };
        Ok((setting.name.clone(), setting))
    };
    let rows = session.list(&SETTINGS, &[Parameter::Texts(names)], POSTGRES_ROLES_MAX, read).await?;
    Ok(Found { settings: rows.items.into_iter().collect(), address })
}

pub(in crate::postgres) async fn pending(session: &Session) -> Seen<Listed<String>> {
    let read = |row: &Row| -> Result<String, Unlike> { row.name(0) };
    session.list(&SETTINGS_PENDING, &[], POSTGRES_ROLES_MAX, read).await.into()
}

impl Found<'_> {
    fn settings(&self) -> Settings {
        let listen_addresses = self.words("listen_addresses");
        Settings {
            listen_reach: listen_addresses.clone().map(|addresses| listen_reach(&addresses).to_owned()),
            listen_addresses,
            ssl_on: self.on("ssl"),
            ssl_min_protocol_version: self.text("ssl_min_protocol_version"),
            password_encryption: self.text("password_encryption"),
            shared_buffers_bytes: self.bytes("shared_buffers"),
            effective_cache_size_bytes: self.bytes("effective_cache_size"),
            work_mem_bytes: self.bytes("work_mem"),
            maintenance_work_mem_bytes: self.bytes("maintenance_work_mem"),
            max_wal_size_bytes: self.bytes("max_wal_size"),
            random_page_cost: self.parsed("random_page_cost"),
            memory_as_shipped: self.memory_as_shipped().into(),
            max_connections: self.parsed("max_connections"),
            autovacuum_on: self.both_on("autovacuum", "track_counts"),
            autovacuum_freeze_max_age: self.parsed("autovacuum_freeze_max_age"),
            log_min_duration_statement_ms: self.parsed("log_min_duration_statement"),
            log_destination: self.words("log_destination"),
            logging_collector_on: self.on("logging_collector"),
            shared_preload_libraries: self.words("shared_preload_libraries"),
            fsync_on: self.on("fsync"),
            full_page_writes_on: self.on("full_page_writes"),
            idle_in_transaction_session_timeout_ms: self.parsed("idle_in_transaction_session_timeout"),
        }
    }

    /// A setting, or why it is not there: `pg_settings` leaves out what a role may not read.
    fn find(&self, name: &str) -> Result<&Setting, Unseen> {
        self.settings.get(name).ok_or_else(|| {
            let role = &self.address.user;
            // Who sees this one sees them all, and the server does not know the other.
            if self.settings.contains_key("shared_preload_libraries") {
                return Unseen::new(Blind::Unsupported, format!("the server has no setting `{name}`"));
            }
            Unseen::new(Blind::Denied, format!("role `{role}` does not see `{name}`"))
                .give(GRANT_SETTINGS.replace("ROLE", &identifier(role)))
        })
    }

    fn value<T>(&self, name: &str, understand: impl Fn(&Setting) -> Option<T>) -> Seen<T> {
        let understood = self.find(name).and_then(|setting| {
            understand(setting)
                .ok_or_else(|| Unseen::new(Blind::Garbled, format!("`{name}` has an odd value")))
        });
        match understood {
            Ok(value) => Seen::shown_by(value, self.address.psql(&format!("SHOW {name}"))),
            Err(why) => why.into(),
        }
    }

    fn text(&self, name: &str) -> Seen<String> {
        self.value(name, |setting| Some(setting.value.clone()))
    }

    fn on(&self, name: &str) -> Seen<bool> {
        self.value(name, |setting| match setting.value.as_str() {
            "on" => Some(true),
            "off" => Some(false),
            _ => None,
        })
    }

    fn both_on(&self, one: &str, other: &str) -> Seen<bool> {
        match (self.on(one), self.on(other)) {
            (Seen::Seen { value: false, by_hand }, _) | (_, Seen::Seen { value: false, by_hand }) => {
                Seen::Seen { value: false, by_hand }
            }
            (Seen::Unseen(why), _) => why.into(),
            (_, second) => second,
        }
    }

    fn parsed<T: std::str::FromStr>(&self, name: &str) -> Seen<T> {
        self.value(name, |setting| setting.value.parse().ok())
    }

    fn words(&self, name: &str) -> Seen<Vec<String>> {
        self.value(name, |setting| {
            let words = setting.value.split(',').map(|word| word.trim().trim_matches('"').to_owned());
            Some(words.filter(|word| !word.is_empty()).collect())
        })
    }

    fn bytes(&self, name: &str) -> Seen<i64> {
        self.value(name, in_bytes)
    }

    fn memory_as_shipped(&self) -> Result<Vec<String>, Unseen> {
        let mut as_shipped = Vec::new();
        for (name, shipped) in MEMORY_AS_SHIPPED {
            let setting = self.find(name)?;
            // `initdb` writes `shared_buffers` into the file, so its source does not tell.
            let written_by_initdb = name == "shared_buffers" && in_bytes(setting) == Some(shipped);
            if setting.source == "default" || written_by_initdb {
                as_shipped.push(name.to_owned());
            }
        }
        Ok(as_shipped)
    }
}

/// A value in its unit: `B`, `kB`, `8kB`, `MB`, …
fn in_bytes(setting: &Setting) -> Option<i64> {
    let unit = setting.unit.as_deref().unwrap_or("B");
    let digits = unit.chars().take_while(char::is_ascii_digit).count();
    let count: i64 = if digits == 0 { 1 } else { unit[..digits].parse().ok()? };
    let size = match &unit[digits..] {
        "B" => 1,
        "kB" => 1 << 10,
        "MB" => 1 << 20,
        "GB" => 1 << 30,
        _ => return None,
    };
    setting.value.parse::<i64>().ok()?.checked_mul(count)?.checked_mul(size)
}

/// Where `listen_addresses` leads at most.
fn listen_reach(addresses: &[String]) -> &'static str {
    widest(addresses.iter().map(|address| match address.as_str() {
        "*" | "0.0.0.0" | "::" => "any",
        "localhost" => "loopback",
        other => other.parse().map_or("name", of_address),
    }))
}
