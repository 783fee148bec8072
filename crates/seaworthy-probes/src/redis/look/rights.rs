//! Who may do what. Asked of the server's access control, never tried.
//!
//! Redis 7 says it itself: `ACL DRYRUN`. Redis 6 gives the user's rules and the command's categories,
//! from which it follows. Older servers know no users: whoever signs in may run every command that
//! exists, and a command that was renamed does not exist.

use seaworthy_core::facts::{Blind, Listed, Seen, Unseen};
use seaworthy_core::limits::redis::USERS_MAX;

use super::shown;
use crate::redis::facts::{CommandRight, DefaultUser};
use crate::redis::question::{Dangerous, Question};
use crate::redis::resp::{Reply, not_redis};
use crate::redis::session::{Session, code};
use crate::redis::target::RedisTarget;

/// The first version with users.
const USERS_SINCE: u32 = 6;
/// Longest name of a user that is kept, in characters.
const USER_CHARS_MAX: usize = 64;

/// What `ACL GETUSER` tells, without the passwords.
struct User {
    flags: Vec<String>,
    commands: String,
}

/// `ACL GETUSER default`.
pub(super) async fn default_user(session: &mut Session<'_>, target: &RedisTarget) -> Seen<DefaultUser> {
    let user = user(session, "default").await;
    let found = user.map(|user| {
        let has = |flag: &str| user.flags.iter().any(|have| have == flag);
        DefaultUser { enabled: has("on"), passwordless: has("nopass") }
    });
    shown(target, Question::User("default"), found)
}

/// `ACL USERS`, then `ACL GETUSER` of each: who takes any password lets everyone in.
pub(super) async fn passwordless_users(
    session: &mut Session<'_>,
    target: &RedisTarget,
    major: Option<u32>,
) -> Seen<Listed<String>> {
    if major.is_some_and(|major| major < USERS_SINCE) {
        return Seen::new(Listed::whole(Vec::new()));
    }
    shown(target, Question::Users, passwordless(session).await)
}

async fn passwordless(session: &mut Session<'_>) -> Result<Listed<String>, Unseen> {
    let reply = session.answer(Question::Users).await?;
    let names: Option<Vec<&str>> = reply.elements().ok_or_else(not_redis)?.iter().map(Reply::text).collect();
    let names = names.ok_or_else(not_redis)?;
    let mut found = Vec::new();
    for name in names.iter().take(USERS_MAX) {
        let user = user(session, name).await?;
        let has = |flag: &str| user.flags.iter().any(|have| have == flag);
        if has("on") && has("nopass") {
            found.push(name.chars().filter(|c| !c.is_control()).take(USER_CHARS_MAX).collect());
        }
    }
    let cut = (names.len() > USERS_MAX)
        .then(|| Unseen::new(Blind::CutShort, format!("more than {USERS_MAX} users")));
    Ok(Listed { items: found, cut })
}

/// How a server is asked what a user may do.
enum Way {
    DryRun,
    Rules(Result<User, Unseen>),
    Existence,
}

/// What the application's user may do of what it should not.
pub(super) async fn dangerous_commands(
    session: &mut Session<'_>,
    target: &RedisTarget,
    major: Option<u32>,
) -> Seen<Vec<CommandRight>> {
    let name = target.application_user.as_str();
    let way = match way(session, name, major).await {
        Ok(way) => way,
        Err(why) => return Seen::Unseen(why),
    };
    let mut rights = Vec::new();
    for dangerous in Dangerous::ALL {
        let (question, permitted) = match &way {
            Way::DryRun => (Question::DryRun(name, dangerous), dry_run(session, name, dangerous).await),
            Way::Rules(user) => (Question::User(name), by_rules(session, dangerous, user).await),
            Way::Existence => (Question::Command(dangerous), exists(session, dangerous).await),
        };
        let permitted = shown(target, question, permitted);
        rights.push(CommandRight { command: dangerous.shown(), permitted });
    }
    let none = rights.iter().all(|right| right.permitted.value() == Some(&false));
    if none && !target.application_declared && !matches!(way, Way::Existence) {
        // Who may ask about rights and has none is there to look: the service signs in as someone else.
        let why = format!("user `{name}` looks, and which user the service is was not said");
        return Seen::Unseen(
            Unseen::new(Blind::NotGiven, why).give("`application_user: NAME` under `redis`"),
        );
    }
    Seen::new(rights)
}

/// Tries the strongest way; a server tells by its error which one it has.
async fn way(session: &mut Session<'_>, name: &str, major: Option<u32>) -> Result<Way, Unseen> {
    let question = Question::DryRun(name, Dangerous::ALL[0]);
    let Reply::Error(text) = session.ask(question).await? else { return Ok(Way::DryRun) };
    let says = |words: &str| text.to_ascii_lowercase().contains(words);
    // Redis 6 judges the right to `ACL` before it looks whether it has the subcommand.
    if says("unknown subcommand") || (code(&text) == Some("NOPERM") && major == Some(USERS_SINCE)) {
        return Ok(Way::Rules(user(session, name).await));
    }
    if says("unknown command") && major.is_some_and(|major| major < USERS_SINCE) {
        return Ok(Way::Existence);
    }
    Ok(Way::DryRun)
}

/// Redis 7: the server's own word.
async fn dry_run(session: &mut Session<'_>, name: &str, dangerous: Dangerous) -> Result<bool, Unseen> {
    let question = Question::DryRun(name, dangerous);
    match session.ask(question).await? {
        Reply::Simple(text) if text == "OK" => Ok(true),
        Reply::Bulk(Some(text)) if text.contains("permissions to run") => Ok(false),
        // The command is allowed, the keys of this call are not.
        Reply::Bulk(Some(text)) if text.contains("permissions to access") => Ok(true),
        Reply::Error(text) if text.starts_with("ERR User '") && text.ends_with("not found") => {
            Err(no_such(name))
        }
        Reply::Error(text) if text.starts_with("ERR Command '") && text.ends_with("not found") => Ok(false),
        Reply::Error(text) => Err(session.refused(question, &text)),
        Reply::Simple(_) | Reply::Integer(_) | Reply::Bulk(_) | Reply::Array(_) => Err(not_redis()),
    }
}

/// Redis 6: the user's rules, applied to the command and its categories. `MODULE LOADEX` is of Redis 7.
async fn by_rules(
    session: &mut Session<'_>,
    dangerous: Dangerous,
    user: &Result<User, Unseen>,
) -> Result<bool, Unseen> {
    let user = user.as_ref().map_err(Clone::clone)?;
    if dangerous == Dangerous::ModuleLoadEx {
        return Ok(false);
    }
    let Some(categories) = command(session, dangerous).await? else { return Ok(false) };
    permitted(&user.commands, dangerous, &categories)
}

/// Before Redis 6: a command that exists may be run. Of `MODULE` there is no `LOADEX` yet, which `COMMAND INFO` does not tell.
async fn exists(session: &mut Session<'_>, dangerous: Dangerous) -> Result<bool, Unseen> {
    if dangerous == Dangerous::ModuleLoadEx {
        return Ok(false);
    }
    Ok(command(session, dangerous).await?.is_some())
}

/// The categories of a command, or nothing where there is no such command.
async fn command(session: &mut Session<'_>, dangerous: Dangerous) -> Result<Option<Vec<String>>, Unseen> {
    let reply = session.answer(Question::Command(dangerous)).await?;
    match reply.elements() {
        Some([Reply::Bulk(None) | Reply::Array(None)]) => Ok(None),
        Some([described]) => {
            let parts = described.elements().ok_or_else(not_redis)?;
            let named = parts.first().and_then(Reply::text).is_some_and(|name| name == dangerous.name().0);
            let categories = parts.get(6).and_then(Reply::elements).unwrap_or_default();
            let categories = categories.iter().filter_map(Reply::text).map(str::to_owned).collect();
            if named { Ok(Some(categories)) } else { Err(not_redis()) }
        }
        _ => Err(not_redis()),
    }
}

async fn user(session: &mut Session<'_>, name: &str) -> Result<User, Unseen> {
    let reply = session.answer(Question::User(name)).await?;
    if matches!(reply, Reply::Bulk(None) | Reply::Array(None)) {
        return Err(no_such(name));
    }
    let fields = reply.elements().ok_or_else(not_redis)?;
    let field = |wanted: &str| {
        let (pairs, _) = fields.as_chunks::<2>();
        pairs.iter().find(|[key, _]| key.text() == Some(wanted)).map(|[_, value]| value)
    };
    let flags = field("flags").and_then(Reply::elements).ok_or_else(not_redis)?;
    let commands = field("commands").and_then(Reply::text).ok_or_else(not_redis)?;
    Ok(User {
        flags: flags.iter().filter_map(Reply::text).map(str::to_owned).collect(),
        commands: commands.to_owned(),
    })
}

/// Applies the rules of a user from left to right, as the server does.
pub(super) fn permitted(rules: &str, dangerous: Dangerous, categories: &[String]) -> Result<bool, Unseen> {
    let (command, subcommand) = dangerous.name();
    let mut permitted = false;
    for rule in rules.split_whitespace() {
        let (grants, what) = match rule.split_at_checked(1) {
            Some(("+", what)) => (true, what.to_ascii_lowercase()),
            Some(("-", what)) => (false, what.to_ascii_lowercase()),
            _ => return Err(Unseen::new(Blind::Garbled, "the rules of the user are not of the known form")),
        };
        let meant = match what.split_once('|') {
            Some((of, only)) => of == command && Some(only) == subcommand,
            None => what == "@all" || what == command || categories.contains(&what),
        };
        if meant {
            permitted = grants;
        }
    }
    Ok(permitted)
}

fn no_such(name: &str) -> Unseen {
    Unseen::new(Blind::NotGiven, format!("the server has no user `{name}`"))
        .give("the name of the application's user as `redis.application_user`")
}
