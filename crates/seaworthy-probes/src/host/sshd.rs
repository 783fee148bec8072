//! The SSH server of a host: its files, and what it answers to someone who shows nothing.
//!
//! With consent to probe it opens one connection to the server and asks by `ssh -o PreferredAuthentications=none`
//! which ways to sign in there are, as the user `seaworthy`, who need not exist. Never tries a password or a key.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use seaworthy_core::facts::{Blind, Listed, Seen, Unseen};
use seaworthy_core::limits::host::SSH_MATCHES_MAX;

use super::facts::SshFacts;
use super::ports::Socket;
use super::processes::{Process, Processes, Sockets, arguments, bounded, started_ticks};
use super::programs;
use super::sshd_config::{Config, MAIN};
use super::tree::Tree;

/// Where servers write that they have started or loaded their files again.
const PID_FILES: [&str; 2] = ["run/sshd.pid", "var/run/sshd.pid"];
/// Start times are known to this many seconds: the kernel gives the time of boot in whole ones.
const START_BLUR_SECONDS: i64 = 2;
/// Clock ticks in a second, as `/proc` counts them on every Linux.
const TICKS_PER_SECOND: u64 = 100;
/// Longest `/proc/stat`, in bytes.
const STAT_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// The line in which ssh repeats which ways the server names.
const NAMED: &str = "debug1: Authentications that can continue: ";
/// The line in which ssh says that it was let in without showing anything.
const LET_IN: &str = "Authenticated to ";

/// An SSH server that was found on a host.
#[derive(Debug, Clone)]
pub(super) struct Server {
    pub(super) sockets: Vec<Socket>,
    /// The process that listens, where it was seen. systemd listens for a server that starts when called.
    pub(super) listener: Option<Process>,
    /// Whether several servers listen, each with settings of its own.
    several: bool,
}

/// The sockets of SSH servers: held by `sshd`, or held by whoever cannot be seen or by systemd, on port 22 or on a
/// port that the server's files name.
pub(super) fn server(
    sockets: &[Socket],
    processes: &Processes,
    holders: &Sockets,
    tree: &Result<Tree, Unseen>,
) -> Option<Server> {
    let mut ports = BTreeSet::from([22]);
    if let Ok(Ok(config)) = tree.as_ref().map(|tree| Config::read(tree, MAIN)) {
        ports.extend(config.ports);
    }
    let holder = |socket: &Socket| {
        let pids = holders.holders.get(&socket.inode)?;
        let holding = || pids.iter().filter_map(|pid| processes.by_pid.get(pid));
        // systemd keeps a socket open beside the server to which it gave it.
        holding().find(|process| is_server(process)).or_else(|| holding().next())
    };
    let is_ssh = |socket: &&Socket| match holder(socket) {
        Some(process) => {
            is_server(process) || (ports.contains(&socket.port) && process.name.starts_with("systemd"))
        }
        None => ports.contains(&socket.port),
    };
    let found: Vec<Socket> = sockets.iter().filter(is_ssh).copied().collect();
    let listeners: BTreeSet<u32> = found.iter().filter_map(holder).map(|process| process.pid).collect();
    let named = processes.by_pid.values().find(|process| is_server(process));
    let listener = found.iter().find_map(holder).or(named).cloned();
    let several = listeners.len() > 1;
    (!found.is_empty()).then_some(Server { sockets: found, listener, several })
}

/// Whether a process is the server itself. One that serves a person listens too, on ports that are forwarded.
fn is_server(process: &Process) -> bool {
    let serves_one = || {
        let title = arguments(process.pid).unwrap_or_default().join(" ");
        title.starts_with("sshd: ") && !title.contains("[listener]")
    };
    process.name == "dropbear" || (process.name == "sshd" && !serves_one())
}

/// What the server answered to a call without any proof.
#[derive(Debug, Clone)]
pub(super) struct Answers {
    software: Seen<String>,
    methods: Seen<Vec<String>>,
}

impl Answers {
    /// For a server that was not called.
    pub(super) fn none(why: &Unseen) -> Self {
        Self { software: why.clone().into(), methods: why.clone().into() }
    }
}

/// Calls the server on each of its ports.
pub(super) async fn ask(server: &Server, pid: Option<u32>, within: Duration) -> Answers {
    let mut answers: Option<Answers> = None;
    let mut asked = Vec::new();
    for socket in &server.sockets {
        if asked.contains(&socket.port) {
            continue;
        }
        asked.push(socket.port);
        let new = call(socket, pid, within).await;
        answers = Some(match answers {
            None => new,
            Some(old) => Answers { software: old.software, methods: both(old.methods, new.methods) },
        });
    }
    answers.unwrap_or_else(|| Answers::none(&Unseen::new(Blind::NotGiven, "no port to call")))
}

/// Everything that either names; unseen when one is.
fn both(one: Seen<Vec<String>>, other: Seen<Vec<String>>) -> Seen<Vec<String>> {
    match (one, other) {
        (Seen::Seen { value: mut all, by_hand }, Seen::Seen { value: more, .. }) => {
            all.extend(more);
            all.sort();
            all.dedup();
            Seen::Seen { value: all, by_hand }
        }
        (Seen::Unseen(why), _) | (_, Seen::Unseen(why)) => why.into(),
    }
}

async fn call(socket: &Socket, pid: Option<u32>, within: Duration) -> Answers {
    let address = match socket.address.to_canonical() {
        IpAddr::V4(v4) if v4.is_unspecified() => IpAddr::from(Ipv4Addr::LOCALHOST),
        IpAddr::V6(v6) if v6.is_unspecified() => IpAddr::from(Ipv6Addr::LOCALHOST),
        other => other,
    };
    let (address, port) = (address.to_string(), socket.port.to_string());
    // `-E` parts what ssh says from what the server says: a banner must not pass for an answer.
    let args = [
        "-F",
        "/dev/null",
        "-E",
        "/dev/stdout",
        "-v",
        "-N",
        "-T",
        "-a",
        "-x",
        "-l",
        "seaworthy",
        "-p",
        &port,
        "-o",
        "BatchMode=yes",
        "-o",
        "PreferredAuthentications=none",
        "-o",
        "IdentityFile=none",
        "-o",
        "IdentitiesOnly=yes",
        "-o",
        "StrictHostKeyChecking=no",
        "-o",
        "UserKnownHostsFile=/dev/null",
        "-o",
        "GlobalKnownHostsFile=/dev/null",
        "-o",
        "ConnectTimeout=3",
        &address,
    ];
    let answer = match programs::command("ssh", pid, &args) {
        Ok(command) => programs::ask(command, "ssh", within).await,
        Err(why) => Err(why),
    };
    let enter = pid.map(|pid| format!("nsenter -t {pid} -n ")).unwrap_or_default();
    let by_hand =
        format!("{enter}ssh -o PreferredAuthentications=none -o BatchMode=yes -p {port} seaworthy@{address}");
    match answer {
        Ok(answer) => understand(&answer.stdout, &by_hand),
        Err(why) => Answers::none(&why),
    }
}

/// What ssh noted of the call.
pub(super) fn understand(log: &str, by_hand: &str) -> Answers {
    let software = log.lines().find_map(|line| {
        let rest = line.strip_prefix("debug1: Remote protocol version ")?;
        Some(rest.split_once("remote software version ")?.1.trim().to_owned())
    });
    let let_in = log.lines().any(|line| line.starts_with(LET_IN));
    let named = log.lines().find_map(|line| line.strip_prefix(NAMED));
    let methods = match (let_in, named) {
        (true, _) => Some(vec!["none".to_owned()]),
        (false, Some(named)) => {
            let mut methods: Vec<String> = named.trim().split(',').map(str::to_owned).collect();
            methods.sort();
            Some(methods)
        }
        (false, None) => None,
    };
    let silent = || {
        let last: String = log.lines().last().unwrap_or("no answer").chars().take(200).collect();
        Unseen::new(Blind::Unreachable, format!("the SSH server named no ways to sign in: {last}"))
    };
    Answers {
        software: software.map_or_else(|| silent().into(), |software| Seen::shown_by(software, by_hand)),
        methods: methods.map_or_else(|| silent().into(), |methods| Seen::shown_by(methods, by_hand)),
    }
}

/// The server as facts.
pub(super) fn facts(server: &Server, answers: Answers, tree: &Result<Tree, Unseen>) -> SshFacts {
    let (config, loaded) = match tree {
        Ok(tree) => read(server, tree),
        Err(why) => (Err(why.clone()), why.clone().into()),
    };
    let prefix = tree.as_ref().map(|tree| tree.shown("")).unwrap_or_default();
    let by_hand = match prefix.as_str() {
        "/" => "sshd -T".to_owned(),
        root => format!("chroot {} sshd -T", root.trim_end_matches('/')),
    };
    let word = |keyword: &str| match &config {
        Ok(config) => Seen::shown_by(config.value(keyword).to_owned(), format!("{by_hand} | grep {keyword}")),
        Err(why) => why.clone().into(),
    };
    let on = |keyword: &str| word(keyword).map(|value| value != "no");
    let mut ports: Vec<u16> = server.sockets.iter().map(|socket| socket.port).collect();
    ports.dedup();
    SshFacts {
        ports,
        software: answers.software,
        methods_offered: answers.methods,
        config_loaded: loaded,
        permit_root_login: word("permitrootlogin"),
        password_authentication: on("passwordauthentication"),
        keyboard_interactive_authentication: on("kbdinteractiveauthentication"),
        public_key_authentication: on("pubkeyauthentication"),
        hostbased_authentication: on("hostbasedauthentication"),
        gssapi_authentication: on("gssapiauthentication"),
        empty_passwords_permitted: on("permitemptypasswords"),
        match_settings: match config {
            Ok(config) => {
                Seen::new(Listed::bounded(config.matches, SSH_MATCHES_MAX, "settings in `Match` blocks"))
            }
            Err(why) => why.into(),
        },
    }
}

fn read(server: &Server, tree: &Tree) -> (Result<Config, Unseen>, Seen<bool>) {
    if server.listener.as_ref().is_some_and(|process| process.name == "dropbear") {
        let why = Unseen::new(Blind::Unsupported, "the SSH server is dropbear")
            .give("attest its settings; only OpenSSH is understood");
        return (Err(why.clone()), why.into());
    }
    if server.several {
        let why =
            Unseen::new(Blind::Unsupported, "several SSH servers listen, each with settings of its own")
                .give("stop all but one, or attest their settings");
        return (Err(why.clone()), why.into());
    }
    let words = match server.listener.as_ref().filter(|process| process.name == "sshd") {
        Some(process) => arguments(process.pid).map(|words| words.join(" ")),
        None => Ok(String::new()),
    };
    let options = match words {
        Ok(words) => options(&words),
        Err(why) => return (Err(why.clone()), why.into()),
    };
    let mut config = Config::read(tree, options.file.as_deref().unwrap_or(MAIN));
    let loaded = match &config {
        Ok(config) => loaded(server, tree, config.changed),
        Err(why) => why.clone().into(),
    };
    if let Ok(config) = &mut config {
        config.given(&options.settings);
    }
    (config, loaded)
}

#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Options {
    pub(super) file: Option<String>,
    pub(super) settings: Vec<String>,
}

/// `-f` and `-o` of the server's command line, which it shows as one line: `sshd: /usr/sbin/sshd -D [listener] …`.
pub(super) fn options(command_line: &str) -> Options {
    let mut options = Options::default();
    let mut words = command_line.split_whitespace();
    while let Some(word) = words.next() {
        if let Some(value) = word.strip_prefix("-o") {
            let value = if value.is_empty() { words.next().unwrap_or_default() } else { value };
            options.settings.push(value.to_owned());
        } else if let Some(value) = word.strip_prefix("-f") {
            let value = if value.is_empty() { words.next().unwrap_or_default() } else { value };
            options.file = Some(value.to_owned());
        }
    }
    options
}

/// Whether the server has read its files since they were last changed. A reload writes its pid file again and
/// keeps its process; a server that systemd starts for each call reads them each time.
fn loaded(server: &Server, tree: &Tree, changed: i64) -> Seen<bool> {
    let Some(listener) = server.listener.as_ref().filter(|process| process.name == "sshd") else {
        let called = server.listener.as_ref().is_some_and(|process| process.name.starts_with("systemd"));
        return if called {
            Seen::new(true)
        } else {
            Unseen::new(Blind::Denied, "no right to see the server's process")
                .give(super::tree::AS_ROOT)
                .into()
        };
    };
    let written =
        PID_FILES.iter().filter_map(|path| tree.stat(path).ok().flatten()).map(|stat| stat.st_mtime);
    let started = started(listener.pid).map(|seconds| seconds + START_BLUR_SECONDS);
    match (written.max(), started) {
        (Some(written), Ok(started)) => Seen::new(changed <= written.max(started)),
        (None, Ok(started)) => Seen::new(changed <= started),
        (_, Err(why)) => why.into(),
    }
}

/// When a process started, in seconds since 1970.
fn started(pid: u32) -> Result<i64, Unseen> {
    let stat = bounded("/proc/stat", STAT_BYTES_MAX)?;
    let stat = String::from_utf8_lossy(&stat);
    let boot = stat.lines().find_map(|line| line.strip_prefix("btime ")?.trim().parse::<i64>().ok());
    let boot = boot.ok_or_else(|| Unseen::new(Blind::Garbled, "/proc/stat has no `btime`"))?;
    let since = i64::try_from(started_ticks(pid)? / TICKS_PER_SECOND).unwrap_or(i64::MAX);
    Ok(boot.saturating_add(since))
}
