//! What takes the `probe` level: knocking without a password, well-known passwords, and a slow statement of ours.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use seaworthy_core::facts::{Blind, Listed, Seen, Unseen};
use seaworthy_core::limits::{LOG_GROWTH_BYTES_MAX, Limits, OWN_ADDRESSES_MAX};

use crate::postgres::door::{Knock, knock, knock_at};
use crate::postgres::facts::{DefaultPassword, OwnAddress, Plaintext, Settings, SlowStatement};
use crate::postgres::hba::{Rule, password_lines};
use crate::postgres::login::login;
use crate::postgres::machine::own_addresses;
use crate::postgres::reach::of_address;
use crate::postgres::session::{Parameter, Row, Session};
use crate::postgres::statements::SLOW;
use crate::postgres::target::{Address, Place};
use crate::postgres::wire::Asked;

/// The superuser that every installation begins with.
const SUPERUSER: &str = "postgres";
/// Passwords that installers, images and tutorials give it.
const WELL_KNOWN: [&str; 8] =
    ["postgres", "password", "admin", "changeme", "mysecretpassword", "example", "123456", ""];
/// The longest limit of the log for which a slow statement is worth running, in milliseconds.
const SLOW_LIMIT_MS: i64 = 1_000;
/// How much longer than the limit the slow statement takes, in milliseconds.
const SLOW_EXTRA_MS: i64 = 60;
/// What stands in the log when the statement is logged: the first words of it.
const MARKER: &str = "a slow statement by Seaworthy";
/// Most files of a log folder that are looked through.
const LOG_FILES_MAX: usize = 1_000;
/// How long the log may take to be written.
const LOG_WAIT: Duration = Duration::from_secs(2);
const LOG_STEP: Duration = Duration::from_millis(20);

/// Knocks as each of the roles: a line of pg_hba.conf may let in one and not the other.
pub(in crate::postgres) async fn plaintext(
    address: &Address,
    application: Option<&str>,
    limits: &Limits,
) -> Result<Plaintext, Unseen> {
    let looking = plaintext_as(address, limits).await?;
    match application {
        Some(role) if looking.refused && role != address.user => {
            let refused = plaintext_as(&address.as_role(role, &address.database, ""), limits).await?;
            Ok(if refused.refused { looking } else { refused })
        }
        _ => Ok(looking),
    }
}

async fn plaintext_as(address: &Address, limits: &Limits) -> Result<Plaintext, Unseen> {
    let Place::Tcp { host, .. } = &address.place else {
        return Err(Unseen::new(
            Blind::NotGiven,
            "the connection URL leads to a socket, where nobody listens in",
        )
        .give("give a connection URL with the server's host"));
    };
    let knocked = knock(address, limits.connect).await?;
    let from =
        host.parse().map_or_else(|_| if host == "localhost" { "loopback" } else { "name" }, of_address);
    let (refused, asked, sqlstate) = match knocked {
        Knock::Asked(asked) => (false, Some(asked.word().to_owned()), None),
        // 28000: no line of pg_hba.conf admits it. Any other code is no answer to the question.
        Knock::Refused(code) if code == "28000" => (true, None, Some(code)),
        Knock::Refused(code) => {
            return Err(Unseen::new(Blind::Unreachable, format!("the server refuses with SQLSTATE {code}")));
        }
    };
    Ok(Plaintext { refused, role: address.user.clone(), asked, sqlstate, from: from.to_owned() })
}

pub(in crate::postgres) async fn own(
    address: &Address,
    limits: &Limits,
) -> Result<Listed<OwnAddress>, Unseen> {
    let port = match &address.place {
        Place::Tcp { port, .. } => *port,
        Place::Socket(path) => {
            let port = path.extension().and_then(|port| port.to_str()).and_then(|port| port.parse().ok());
            port.ok_or_else(|| Unseen::new(Blind::Garbled, "the socket's name tells no port"))?
        }
    };
    let mut seen = Vec::new();
    for ip in own_addresses() {
        let knocked = knock_at(SocketAddr::new(ip, port), address, limits.connect).await;
        let (open, admits) = match knocked {
            Ok(Knock::Asked(_)) => (true, true),
            Ok(Knock::Refused(_)) => (true, false),
            Err(Unseen { kind: Blind::Unreachable, .. }) => (false, false),
            // Mute or babbling: something takes connections there, and what it is cannot be told.
            Err(why) => return Err(why),
        };
        seen.push(OwnAddress { address: ip.to_string(), reach: of_address(ip).to_owned(), open, admits });
    }
    Ok(Listed::bounded(seen, OWN_ADDRESSES_MAX, "addresses of this machine"))
}

pub(in crate::postgres) async fn default_passwords(
    address: &Address,
    sockets: &[PathBuf],
    rules: &Result<Listed<Rule>, Unseen>,
    ca_pem: Option<&[u8]>,
    limits: &Limits,
) -> Listed<Seen<DefaultPassword>> {
    let mut seen = Vec::new();
    let mut tried_out = false;
    for place in places(address, sockets) {
        let at = Address { place, ..address.clone() };
        // A role has one password: where one place has refused them all, another needs to be asked once only.
        let passwords = if tried_out { &WELL_KNOWN[..1] } else { &WELL_KNOWN[..] };
        let tried = well_known(&at, passwords, ca_pem, limits).await;
        tried_out |= tried.as_ref().is_ok_and(|tried| tried.admitted);
        seen.push(Seen::from(tried));
    }
    if seen.iter().all(|place| place.value().is_some_and(|place| !place.admitted && !place.let_in_without))
        && let Err(why) = asked_nowhere(rules)
    {
        seen.push(why.into());
    }
    Listed::whole(seen)
}

/// `Ok` when no rule lets the superuser in by a password. Being refused here by a rule tells nothing of its password,
/// which may open the server from elsewhere.
fn asked_nowhere(rules: &Result<Listed<Rule>, Unseen>) -> Result<(), Unseen> {
    let lines = match rules {
        Ok(Listed { items, cut: None }) => password_lines(items, SUPERUSER),
        Ok(Listed { cut: Some(why), .. }) | Err(why) => return Err(why.clone()),
    };
    let Some(line) = lines.first() else { return Ok(()) };
    let why = format!(
        "the server lets `{SUPERUSER}` in by its password, by line {line} of pg_hba.conf, and not from here: no password could be tried"
    );
    Err(Unseen::new(Blind::NotGiven, why).give(
        "run Seaworthy on the server's machine, or put `host all postgres all reject` first in pg_hba.conf",
    ))
}

/// The socket first, where a superuser is most likely let in; then the URL's place.
fn places(address: &Address, sockets: &[PathBuf]) -> Vec<Place> {
    let Place::Tcp { port, .. } = &address.place else { return vec![address.place.clone()] };
    let name = format!(".s.PGSQL.{port}");
    let sockets = sockets.iter().map(|folder| folder.join(&name)).filter(|path| path.exists()).take(1);
    sockets.map(Place::Socket).chain([address.place.clone()]).collect()
}

async fn well_known(
    address: &Address,
    passwords: &[&str],
    ca_pem: Option<&[u8]>,
    limits: &Limits,
) -> Result<DefaultPassword, Unseen> {
    let mut seen = DefaultPassword {
        role: SUPERUSER.to_owned(),
        place: address.host().unwrap_or("socket").to_owned(),
        admitted: true,
        let_in_without: false,
        tries: 0,
        accepted: false,
    };
    for password in passwords {
        let tried = login(&address.as_role(SUPERUSER, SUPERUSER, password), ca_pem, limits).await;
        seen.tries += 1;
        match tried {
            Ok(inside) if inside.ear.heard().asked == Some(Asked::Nothing) => {
                seen.admitted = false;
                seen.let_in_without = address.host().is_some() || !is_superusers_namesake();
                return Ok(seen);
            }
            Ok(_) => {
                seen.accepted = true;
                return Ok(seen);
            }
            Err(not_in) => match not_in.sqlstate.as_deref() {
                Some("28P01") => {}
                Some("28000") => {
                    // By a rule, not by the password: another one would fare the same.
                    seen.admitted = false;
                    return Ok(seen);
                }
                // Both come after the login: the password was right.
                Some("3D000" | "42501") => {
                    seen.accepted = true;
                    return Ok(seen);
                }
                _ => return Err(not_in.why),
            },
        }
    }
    Ok(seen)
}

/// Whether we run as the operating system's user that `peer` takes for the superuser.
fn is_superusers_namesake() -> bool {
    let own = nix::unistd::User::from_uid(nix::unistd::geteuid());
    own.ok().flatten().is_some_and(|user| user.name == SUPERUSER)
}

/// Runs a statement just above the log's limit and looks for it in the log, when that is a file on this machine.
pub(in crate::postgres) async fn slow_statement(
    session: &Session,
    settings: &Seen<Settings>,
    log_folder: Result<PathBuf, Unseen>,
) -> Result<SlowStatement, Unseen> {
    let settings = match settings {
        Seen::Seen { value, .. } => value,
        Seen::Unseen(why) => return Err(why.clone()),
    };
    let limit = match &settings.log_min_duration_statement_ms {
        Seen::Seen { value, .. } => *value,
        Seen::Unseen(why) => return Err(why.clone()),
    };
    if !(0..=SLOW_LIMIT_MS).contains(&limit) {
        return Err(Unseen::new(Blind::NotGiven, format!("log_min_duration_statement is {limit} ms"))
            .give("ALTER SYSTEM SET log_min_duration_statement = 500"));
    }
    let folder = log_folder?;
    let before = newest(&folder)?;
    let took_ms = limit + SLOW_EXTRA_MS;
    let seconds = format!("{}.{:03}", took_ms / 1_000, took_ms % 1_000);
    session.one(&SLOW, &[Parameter::Text(&seconds)], |row: &Row| row.get::<Option<String>>(0)).await?;
    let deadline = tokio::time::Instant::now() + LOG_WAIT;
    loop {
        let file = newest(&folder)?;
        let from = if file.path == before.path { before.length } else { 0 };
        let logged = holds_marker(&file.path, from)?;
        if logged || tokio::time::Instant::now() >= deadline {
            let log_file = file.path.file_name().map(|name| name.to_string_lossy().into_owned());
            return Ok(SlowStatement { took_ms, log_file: log_file.unwrap_or_default(), logged });
        }
        tokio::time::sleep(LOG_STEP).await;
    }
}

/// A log file and how long it is.
struct LogFile {
    path: PathBuf,
    length: u64,
    written: SystemTime,
}

fn newest(folder: &Path) -> Result<LogFile, Unseen> {
    let unreadable = || {
        Unseen::new(Blind::Denied, "the server's log folder cannot be read from here")
            .give("run Seaworthy on the server's machine by a user who may read its log")
    };
    let entries = fs::read_dir(folder).map_err(|_| unreadable())?;
    entries
        .flatten()
        .take(LOG_FILES_MAX)
        .filter_map(|entry| {
            let facts = fs::symlink_metadata(entry.path()).ok()?;
            let written = facts.modified().ok()?;
            facts.is_file().then(|| LogFile { path: entry.path(), length: facts.len(), written })
        })
        .max_by_key(|file| file.written)
        .ok_or_else(unreadable)
}

fn holds_marker(path: &Path, from: u64) -> Result<bool, Unseen> {
    let read = || -> std::io::Result<Vec<u8>> {
        let mut file = File::open(path)?;
        file.seek(SeekFrom::Start(from))?;
        let mut growth = Vec::new();
        file.take(LOG_GROWTH_BYTES_MAX).read_to_end(&mut growth)?;
        Ok(growth)
    };
    let growth =
        read().map_err(|_| Unseen::new(Blind::Denied, "the server's log cannot be read from here"))?;
    Ok(growth.windows(MARKER.len()).any(|window| window == MARKER.as_bytes()))
}
