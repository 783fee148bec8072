//! The look itself, in order: as a stranger, then signed in.

mod defaults;
mod persistence;
mod reach;
mod rights;

#[cfg(test)]
mod tests;

use seaworthy_core::facts::{Blind, Seen, Unseen};
use seaworthy_core::limits::Limits;
use tokio::time::Instant;

use super::by_hand;
use super::facts::{OtherNodes, Ping, RedisFacts, Role, Version};
use super::question::{Question, Section};
use super::resp::{Reply, not_redis};
use super::restart;
use super::session::{Session, code};
use super::target::RedisTarget;

/// Longest version text that is kept, in bytes.
const VERSION_BYTES_MAX: usize = 32;

/// Looks at one Redis server.
pub async fn look(target: &RedisTarget, limits: &Limits) -> Seen<RedisFacts> {
    let until = Instant::now() + limits.deadline;
    let unauthenticated_ping = stranger(target, limits, until).await;
    let mut dialled = None;
    let mut session = match Session::open(target, limits, until).await {
        Ok((mut session, address)) => {
            dialled = Some(address);
            match session.sign_in(target, address).await {
                Ok(()) => session,
                Err(why) => Session::closed(target, why),
            }
        }
        Err(why) if unauthenticated_ping.value().is_none() => return Seen::Unseen(why),
        Err(why) => Session::closed(target, why),
    };
    let about = session.answer(Question::Info(Section::Server)).await;
    let version = told(target, Section::Server, about.as_ref(), version);
    let major = version.value().map(|version| version.major);
    let persistence = persistence::look(&mut session, target).await;

    let replication = session.answer(Question::Info(Section::Replication)).await;
    let default_logins = defaults::look(target, &unauthenticated_ping, limits, until).await;
    Seen::new(RedisFacts {
        dialled: match dialled {
            Some(address) => reach::dialled(target, address),
            None => Seen::unseen(Blind::Unreachable, "the server took no second connection"),
        },
        unauthenticated_ping,
        default_user: rights::default_user(&mut session, target).await,
        version,
        default_logins,
        other_nodes: told(target, Section::Replication, replication.as_ref(), |replication| {
            other_nodes(about.as_ref().map_err(Unseen::clone)?, replication)
        }),
        role: told(target, Section::Replication, replication.as_ref(), role),
        bind: reach::bind(&mut session, target).await,
        protected_mode_on: reach::protected_mode(&mut session, target).await,
        own_addresses: reach::own_addresses(target, dialled, limits).await,
        application_user: Seen::new(target.application_user.clone()),
        dangerous_commands: rights::dangerous_commands(&mut session, target, major).await,
        append_only_on: persistence.append_only_on,
        append_only_write_ok: persistence.append_only_write_ok,
        save_rules: persistence.save_rules,
        snapshot_ok: persistence.snapshot_ok,
        // Last, for it asks a question for each user.
        passwordless_users: rights::passwordless_users(&mut session, target, major).await,
        // And this after it, for it takes seconds.
        restart: restart::look(&mut session, target, dialled, until).await,
    })
}

/// What is understood of an answer of `INFO`, with the command that shows it.
fn told<T>(
    target: &RedisTarget,
    section: Section,
    answer: Result<&Reply, &Unseen>,
    understood: impl FnOnce(&Reply) -> Result<T, Unseen>,
) -> Seen<T> {
    match answer {
        Ok(reply) => shown(target, Question::Info(section), understood(reply)),
        Err(why) => Seen::Unseen(why.clone()),
    }
}

/// What `INFO` tells of other servers.
fn other_nodes(about: &Reply, replication: &Reply) -> Result<OtherNodes, Unseen> {
    let replicas_count = info(replication, "connected_slaves")?
        .parse()
        .map_err(|_| Unseen::new(Blind::Garbled, "`connected_slaves` is no number"))?;
    let clustered = info(about, "redis_mode")? == "cluster";
    let any = replicas_count > 0 || clustered || role(replication)? == Role::Replica;
    Ok(OtherNodes { replicas_count, clustered, any })
}

/// `PING` on a connection of its own without credentials, beside a control: what answers must object
/// to `ECHO` with nothing to echo, which a server does before it asks who is there.
async fn stranger(target: &RedisTarget, limits: &Limits, until: Instant) -> Seen<Ping> {
    match ping(target, limits, until).await {
        Ok(ping) => Seen::shown_by(ping, by_hand::unknown(target, Question::Ping)),
        Err(why) => Seen::Unseen(why),
    }
}

async fn ping(target: &RedisTarget, limits: &Limits, until: Instant) -> Result<Ping, Unseen> {
    target.probing.clone()?;
    let (mut session, _) = Session::open(target, limits, until).await?;
    let reply = session.ask(Question::Ping).await?;
    let ping = match &reply {
        Reply::Simple(text) if text == "PONG" => Ping { answered: true, error_code: None },
        Reply::Error(text) => match code(text) {
            // Protected mode says this and hangs up, so that no control can be asked.
            Some("DENIED") if text.starts_with("DENIED Redis is running in protected mode") => {
                return Ok(Ping { answered: false, error_code: Some("DENIED".to_owned()) });
            }
            Some(code @ ("NOAUTH" | "NOPERM")) => Ping { answered: false, error_code: Some(code.to_owned()) },
            _ => return Err(session.refused(Question::Ping, text)),
        },
        Reply::Simple(_) | Reply::Integer(_) | Reply::Bulk(_) | Reply::Array(_) => return Err(not_redis()),
    };
    let control = session.ask(Question::EchoNothing).await?;
    match control {
        Reply::Error(text) if text.starts_with("ERR wrong number of arguments") => Ok(ping),
        _ => Err(Unseen::new(
            Blind::Garbled,
            "what answers `PING` does not know `ECHO` as a Redis server does",
        )
        .give("the URL of the Redis server itself, not of what stands before it")),
    }
}

/// One value of an answer of `INFO`.
pub(super) fn info<'a>(reply: &'a Reply, name: &str) -> Result<&'a str, Unseen> {
    let lines = reply.text().ok_or_else(not_redis)?.lines();
    let mut values = lines.filter_map(|line| line.split_once(':')).filter(|(key, _)| *key == name);
    values.next().map(|(_, value)| value.trim()).ok_or_else(|| {
        Unseen::new(Blind::Unsupported, format!("`INFO` of this server does not tell `{name}`"))
    })
}

/// An observation of the signed-in session, with the command that shows it.
fn shown<T>(target: &RedisTarget, question: Question<'_>, found: Result<T, Unseen>) -> Seen<T> {
    match found {
        Ok(value) => Seen::shown_by(value, by_hand::signed_in(target, question)),
        Err(why) => Seen::Unseen(why),
    }
}

pub(super) fn version(reply: &Reply) -> Result<Version, Unseen> {
    let text = info(reply, "redis_version")?;
    let unclear = || Unseen::new(Blind::Garbled, "`redis_version` is no version");
    let plain = text.len() <= VERSION_BYTES_MAX && text.chars().all(|c| c.is_ascii_digit() || c == '.');
    let mut numbers = text.split('.').map(str::parse::<u32>);
    match (plain, numbers.next(), numbers.next()) {
        (true, Some(Ok(major)), Some(Ok(minor))) => Ok(Version { text: text.to_owned(), major, minor }),
        _ => Err(unclear()),
    }
}

pub(super) fn role(reply: &Reply) -> Result<Role, Unseen> {
    match info(reply, "role")? {
        "master" => Ok(Role::Primary),
        "slave" => Ok(Role::Replica),
        _ => Err(Unseen::new(Blind::Garbled, "`role` is none that is known")),
    }
}

/// The value of a setting: the second element of the answer to `CONFIG GET NAME`.
pub(super) fn setting<'a>(reply: &'a Reply, name: &str) -> Result<&'a str, Unseen> {
    match reply.elements() {
        Some([key, value]) if key.text() == Some(name) => value.text().ok_or_else(not_redis),
        Some([]) => Err(Unseen::new(Blind::Unsupported, format!("this server has no setting `{name}`"))),
        _ => Err(not_redis()),
    }
}
