//! Rehearses a restart: copies the files that the server would load, starts a second server of the same version on the copy, and
//! counts what it loads, and asks it for some keys by name. At `drill`, and only where the server runs on this machine.
//!
//! The server itself is asked for settings, counts and names, nothing else: no command changes it, no value is read, no name is kept.
//! The second server has a folder of its own, a socket in it and no port, never runs as root, and ends with the look.

mod copy;
mod keys;
mod named;
mod owner;
mod scratch;
mod settings;

use std::fs;
use std::net::SocketAddr;
use std::time::Duration;

use seaworthy_core::facts::{Blind, Seen, Unseen};
use seaworthy_core::limits::redis::{REHEARSAL_MEMORY_BYTES_MAX, REHEARSAL_TIME_MAX};
use tokio::time::{Instant, sleep};

use self::keys::Keys;
use self::named::{Named, Told};
use self::owner::Owner;
use self::scratch::{Loaded, Server};
use self::settings::Settings;
use super::facts::{LoadedFrom, Restart, Role};
use super::look::{info, role, version};
use super::question::{Question, Section};
use super::session::Session;
use super::target::RedisTarget;
use crate::meminfo;

/// What is left of the look's time for ending and for what comes after.
const SPARE: Duration = Duration::from_secs(2);
/// A server may hold back what it writes for so long while its disk is busy.
const AGAIN_AFTER: Duration = Duration::from_millis(2_500);

/// Rehearses, or says why not.
pub(super) async fn look(
    session: &mut Session<'_>,
    target: &RedisTarget,
    server: Option<SocketAddr>,
    until: Instant,
) -> Seen<Restart> {
    rehearse(session, target, server, until).await.map_or_else(Seen::Unseen, Seen::new)
}

async fn rehearse(
    session: &mut Session<'_>,
    target: &RedisTarget,
    server: Option<SocketAddr>,
    until: Instant,
) -> Result<Restart, Unseen> {
    target.drilling.clone()?;
    let until = (Instant::now() + REHEARSAL_TIME_MAX).min(until.checked_sub(SPARE).unwrap_or(until));
    let about = session.answer(Question::Info(Section::Server)).await?;
    let version = version(&about)?.text;
    refuse_what_differs(session).await?;
    refuse_without_room(session).await?;
    let settings = Settings::asked(session, &about).await?;
    let (Some(server), Some(local)) = (server, session.local()) else {
        return Err(Unseen::new(
            Blind::Unreachable,
            "there is no connection by which to find the server's process",
        ));
    };
    let process = info(&about, "process_id")?.parse::<u32>().map_err(|_| elsewhere())?;
    let (owner, settings) = blocking(move || {
        let owner = owner::find(process, server, local)?;
        let settings = settings.with_its_file(&owner)?;
        Ok((owner, settings))
    })
    .await?;
    let server = Server::new(&version, &settings).await?;
    let restart = attempt(session, &owner, &settings, &server, until).await?;
    if restart.came_back || Instant::now() + AGAIN_AFTER > until {
        return Ok(restart);
    }
    // A copy of files that are being written can be torn or a moment old; two with a pause between are not.
    sleep(AGAIN_AFTER).await;
    attempt(session, &owner, &settings, &server, until).await
}

/// Counts, copies, loads and counts again.
async fn attempt(
    session: &mut Session<'_>,
    owner: &Owner,
    settings: &Settings,
    server: &Server,
    until: Instant,
) -> Result<Restart, Unseen> {
    let (before, unsaved) = (keys::count(session).await?, Unsaved::asked(session).await?);
    let databases = keys::databases(session).await?;
    let named = named::drawn(session, &databases).await?;
    let (from, wanted) = (owner.clone(), settings.clone());
    let copy = blocking(move || copy::made(&from, &wanted)).await?;
    let loaded = match server.load(copy, &named, until).await? {
        Loaded::Keys(keys, there) => Some((keys, there)),
        Loaded::Refused => {
            server.starts_on_nothing(until).await?;
            None
        }
    };
    let after = keys::count(session).await?;
    let told = told(session, &named, loaded.as_ref().map(|(_, there)| there.as_slice())).await?;
    let lacking = match settings.from {
        LoadedFrom::AppendOnlyFile => 0,
        LoadedFrom::Snapshot => unsaved.until(&Unsaved::asked(session).await?)?,
    };
    let counts = Counts { before, after, loaded: loaded.map(|(keys, _)| keys), lacking };
    judged(settings.from, counts, told)
}

async fn told(session: &mut Session<'_>, keys: &[Named], loaded: Option<&[bool]>) -> Result<Told, Unseen> {
    let still_there = named::still_there(session, keys).await?;
    Ok(named::told(keys, &still_there, loaded.unwrap_or_default()))
}

/// A replica gets its data from its primary, and types of modules are not known to a server without them.
async fn refuse_what_differs(session: &mut Session<'_>) -> Result<(), Unseen> {
    if role(&session.answer(Question::Info(Section::Replication)).await?)? == Role::Replica {
        return Err(Unseen::new(Blind::Unsupported, "a replica gets its data from its primary")
            .give("the URL of the primary"));
    }
    let modules = session.answer(Question::Info(Section::Modules)).await?;
    if modules.text().is_some_and(|text| text.lines().any(|line| line.starts_with("module:"))) {
        return Err(Unseen::new(Blind::Unsupported, "the server has modules, whose data only they can load"));
    }
    Ok(())
}

/// The copy is loaded beside the server itself, which must not feel it.
async fn refuse_without_room(session: &mut Session<'_>) -> Result<(), Unseen> {
    let memory = session.answer(Question::Info(Section::Memory)).await?;
    let used = info(&memory, "used_memory")?.parse::<u64>();
    let used = used.map_err(|_| Unseen::new(Blind::Garbled, "`used_memory` is no number"))?;
    let machine = fs::read_to_string("/proc/meminfo").ok();
    let room = machine.and_then(|text| meminfo::bytes(&text, "MemAvailable"));
    if room.is_none_or(|room| room / 2 < used) || used > REHEARSAL_MEMORY_BYTES_MAX / 2 {
        let why = format!("there is no room for a second copy of {} MB of data in memory", used / 1_000_000);
        return Err(Unseen::new(Blind::Unsupported, why).give("a rehearsed restore of a backup elsewhere"));
    }
    Ok(())
}

/// Changes that no snapshot has yet, and when the last one was made.
struct Unsaved {
    changes: u64,
    saved_at: String,
}

impl Unsaved {
    async fn asked(session: &mut Session<'_>) -> Result<Self, Unseen> {
        let reply = session.answer(Question::Info(Section::Persistence)).await?;
        if info(&reply, "aof_rewrite_in_progress")? == "1" {
            return Err(Unseen::new(Blind::CutShort, "the append-only file is just being rewritten")
                .give("another look, when `aof_rewrite_in_progress` is 0"));
        }
        let changes = info(&reply, "rdb_changes_since_last_save")?
            .parse()
            .map_err(|_| Unseen::new(Blind::Garbled, "`rdb_changes_since_last_save` is no number"))?;
        Ok(Self { changes, saved_at: info(&reply, "rdb_last_save_time")?.to_owned() })
    }

    /// How many there may have been up to then, if no snapshot was made between.
    fn until(&self, later: &Self) -> Result<u64, Unseen> {
        if self.saved_at != later.saved_at {
            return Err(Unseen::new(Blind::CutShort, "a snapshot was made while the last one was looked at")
                .give("another look"));
        }
        Ok(self.changes.max(later.changes))
    }
}

/// What was counted.
#[derive(Debug, Clone, Copy)]
struct Counts {
    before: Keys,
    after: Keys,
    /// None where nothing could be loaded.
    loaded: Option<Keys>,
    /// How much of it a snapshot may lack.
    lacking: u64,
}

/// Compares what was there with what was loaded.
fn judged(from: LoadedFrom, counts: Counts, named: Told) -> Result<Restart, Unseen> {
    let Counts { before, after, loaded, lacking } = counts;
    // What changed while the copy was made may be in it or not.
    let least = |before: u64, after: u64| {
        before.min(after).saturating_sub(before.abs_diff(after)).saturating_sub(lacking)
    };
    let lasting_keys_expected = least(before.lasting, after.lasting);
    let keys_expected = least(before.all, after.all);
    if keys_expected == 0 {
        let why = "there is no key that had to come back";
        return Err(Unseen::new(Blind::NotGiven, why)
            .give("some data in it; where only snapshots are made, one after the last change (`BGSAVE`)"));
    }
    let found = loaded.unwrap_or_default();
    Ok(Restart {
        loaded_from: from,
        loads: loaded.is_some(),
        lasting_keys_expected,
        lasting_keys_loaded: found.lasting,
        keys_expected,
        keys_loaded: found.all,
        named_keys_expected: named.expected.all,
        named_keys_loaded: named.loaded.all,
        came_back: loaded.is_some()
            && named.loaded.lasting.saturating_add(lacking) >= named.expected.lasting
            && named.loaded.all.saturating_add(lacking).saturating_mul(2) >= named.expected.all
            && found.lasting >= lasting_keys_expected
            && found.all.saturating_mul(2) >= keys_expected,
    })
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Unseen> + Send + 'static,
) -> Result<T, Unseen> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|_| Err(Unseen::new(Blind::Crashed, "rehearsing a restart stopped")))
}

fn elsewhere() -> Unseen {
    Unseen::new(
        Blind::Unsupported,
        "the server's process is not among those of this machine that can be seen",
    )
    .give("run `seaworthy check` on the machine of the Redis server, as root or as its user")
}

#[cfg(test)]
mod tests;
