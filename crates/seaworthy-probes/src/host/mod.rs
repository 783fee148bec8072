//! Looks at one host: this machine, or a machine or container that runs on it, through one of its processes.
//!
//! Reads `/proc`, and `/etc`, `/var/lib`, `/run` below the host's root; runs `nft`, `iptables-save`, `chronyc`,
//! `timedatectl` of this machine, and with consent to probe `ssh`, for what files do not say. Sees most as root;
//! without rights the rest is unseen, with what to give. Never writes, never runs what lies on the target, and
//! never hands on a value of an environment variable.

mod clock;
mod declared;
mod env_files;
mod environment;
pub mod facts;
mod firewall;
mod packages;
mod ports;
mod processes;
mod programs;
mod service;
mod sshd;
mod sshd_config;
mod system;
pub(crate) mod tree;
mod units;

use std::path::PathBuf;
use std::time::Duration;

use chrono::{DateTime, Utc};
use seaworthy_core::consent::Consent;
use seaworthy_core::facts::{Blind, Seen, Unseen};
use seaworthy_core::limits::Limits;
use seaworthy_core::manifest::HostSpec;

use self::env_files::{EnvFiles, Places, Users};
use self::facts::HostFacts;
use self::ports::Socket;
use self::processes::{Processes, Sockets};
use self::service::Found;
use self::tree::Tree;
use crate::ask::Ask;
use crate::step::Step;

/// A host as the manifest names it.
#[derive(Debug, Clone, Default)]
pub struct HostTarget {
    /// One of its processes; this machine itself when none is given.
    pub pid: Option<u32>,
    /// The systemd unit or process name of the service.
    pub service: Option<String>,
    /// TCP ports that may be reached from outside.
    pub ports: Option<Vec<u16>>,
    /// Environment files, absolute paths on the host.
    pub env_files: Vec<String>,
    /// Names of variables that the service needs.
    pub required_env: Vec<String>,
    /// The service's repository, whose templates say which values are to be replaced.
    pub repo: Option<PathBuf>,
}

impl From<&HostSpec> for HostTarget {
    fn from(spec: &HostSpec) -> Self {
        Self {
            pid: spec.process,
            service: spec.service.clone(),
            ports: spec.ports.clone(),
            env_files: spec.env_files.clone(),
            required_env: spec.required_env.clone(),
            repo: None,
        }
    }
}

impl HostTarget {
    /// The target as a person would name it.
    pub fn name(&self) -> String {
        self.pid.map_or_else(|| "local".to_owned(), |pid| format!("process {pid}"))
    }

    fn root(&self) -> PathBuf {
        self.pid.map_or_else(|| "/".into(), |pid| format!("/proc/{pid}/root").into())
    }
}

/// The look at all hosts of an environment.
pub(crate) fn step(ask: &Ask) -> Option<Step> {
    let repo = ask.path(ask.environment.repo.as_deref().unwrap_or("."));
    let target = |spec| HostTarget { repo: Some(repo.clone()), ..HostTarget::from(spec) };
    let targets: Vec<HostTarget> = ask.environment.hosts.iter().map(target).collect();
    if targets.is_empty() {
        return None;
    }
    let names: Vec<String> = targets.iter().map(HostTarget::name).collect();
    let (consent, limits, now) = (ask.allows(Consent::Probe), ask.limits, ask.now);
    Some(Step::new(names.join(", "), async move {
        let mut hosts = Vec::new();
        for target in targets {
            match look(target, consent.clone(), &limits, now).await {
                Ok(facts) => hosts.push(facts),
                Err(why) => return why.into(),
            }
        }
        Seen::new(hosts)
    }))
}

/// What is seen without asking any program.
struct Ground {
    tree: Result<Tree, Unseen>,
    processes: Result<Processes, Unseen>,
    holders: Result<Sockets, Unseen>,
    sockets: Result<Vec<Socket>, Unseen>,
    server: Result<Option<sshd::Server>, Unseen>,
    daemon: Result<Option<String>, Unseen>,
}

/// Looks at one host. `calling` says whether its SSH server may be called. The host as a whole is unseen only when
/// the process that stands for it is not there, or ends while it is looked at: its number may be another's by then.
pub async fn look(
    target: HostTarget,
    calling: Result<(), Unseen>,
    limits: &Limits,
    now: DateTime<Utc>,
) -> Result<HostFacts, Unseen> {
    let deadline = limits.deadline;
    let started = target.pid.map(processes::started_ticks).transpose().map_err(|why| gone(&target, &why))?;
    let (pid, root) = (target.pid, target.root());
    let ground = blocking(deadline, move || ground(pid, &root)).await?;
    let within = limits.answer;
    let (filter, answers, clock) = tokio::join!(
        firewall::ask(target.pid, within),
        methods(&ground.server, &calling, target.pid, within),
        keeper(&ground.daemon, target.pid, within),
    );
    let facts_target = target.clone();
    let facts =
        blocking(deadline, move || assemble(&facts_target, ground, &filter, answers, clock, now)).await?;
    let still = target.pid.map(processes::started_ticks).transpose();
    match still {
        Ok(still) if still == started => Ok(facts),
        Ok(_) => Err(gone(&target, &Unseen::new(Blind::Unreachable, "its number is another process's now"))),
        Err(why) => Err(gone(&target, &why)),
    }
}

fn gone(target: &HostTarget, why: &Unseen) -> Unseen {
    if why.kind == Blind::Denied {
        return why.clone();
    }
    Unseen::new(Blind::Unreachable, format!("{} is not there: {}", target.name(), why.why))
        .give("name a process that runs: `hosts: [{process: PID}]`")
}

/// Files are read on a thread that may wait: a dead network file system must not stop the run.
async fn blocking<T: Send + 'static>(
    within: Duration,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Unseen> {
    match tokio::time::timeout(within, tokio::task::spawn_blocking(work)).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(_)) => Err(Unseen::new(Blind::Crashed, "the probe of hosts stopped")),
        Err(_) => Err(Unseen::new(Blind::Timeout, "reading the host's files took too long")),
    }
}

fn ground(pid: Option<u32>, root: &std::path::Path) -> Ground {
    let tree = Tree::open(root);
    let processes = Processes::of(pid);
    let holders = processes.as_ref().map(Processes::sockets).map_err(Unseen::clone);
    let sockets = ports::listening(pid);
    let server = match (&sockets, &processes, &holders) {
        (Ok(sockets), Ok(processes), Ok(holders)) => Ok(sshd::server(sockets, processes, holders, &tree)),
        (Err(why), _, _) | (_, Err(why), _) | (_, _, Err(why)) => Err(why.clone()),
    };
    let daemon = clock::daemon(&processes);
    Ground { tree, processes, holders, sockets, server, daemon }
}

async fn methods(
    server: &Result<Option<sshd::Server>, Unseen>,
    calling: &Result<(), Unseen>,
    pid: Option<u32>,
    within: Duration,
) -> Option<sshd::Answers> {
    let server = server.as_ref().ok()?.as_ref()?;
    Some(match calling {
        Ok(()) => sshd::ask(server, pid, within).await,
        Err(why) => sshd::Answers::none(why),
    })
}

async fn keeper(
    daemon: &Result<Option<String>, Unseen>,
    pid: Option<u32>,
    within: Duration,
) -> Option<clock::Answer> {
    Some(clock::ask(daemon.as_ref().ok()?.as_ref()?, pid, within).await)
}

fn assemble(
    target: &HostTarget,
    ground: Ground,
    filter: &Result<firewall::Filter, Unseen>,
    answers: Option<sshd::Answers>,
    clock: Option<clock::Answer>,
    now: DateTime<Utc>,
) -> HostFacts {
    let Ground { tree, processes, holders, sockets, server, daemon } = ground;
    let found = found(target, &processes, &sockets, &holders);
    let users = tree.as_ref().map_err(Unseen::clone).and_then(Users::read);
    let unit = unit(target, &tree);
    let files = files(target, &tree, &found, &unit, &processes, &users);
    let main = found.as_ref().ok().and_then(|found| found.own.first().copied());
    let enter = target.pid.map(|pid| format!("nsenter -t {pid} -n ")).unwrap_or_default();
    let ssh = match (server, answers) {
        (Err(why), _) => why.into(),
        (Ok(None), _) => Seen::new(None),
        (Ok(Some(server)), answers) => {
            let unasked = || sshd::Answers::none(&Unseen::new(Blind::Crashed, "the server was not called"));
            Seen::new(Some(sshd::facts(&server, answers.unwrap_or_else(unasked), &tree)))
        }
    };
    HostFacts {
        name: target.name(),
        system: system::facts(&tree, &processes, main.or(target.pid).unwrap_or(1), target.pid),
        ssh,
        firewall: firewall::facts(filter, &tree, target.pid, target.ports.as_deref()),
        ports: ports::facts(&sockets, &processes, &holders, filter, format!("{enter}ss -ltn")),
        ports_declared: target.ports.clone(),
        service: service::facts(target, &processes, &found, &users, &files, unit.into()),
        env_files: match files {
            Ok(files) => files.facts,
            Err(why) => why.into(),
        },
        packages: packages::facts(&tree, now),
        clock: clock::facts(daemon, clock, &tree, now),
    }
}

fn found(
    target: &HostTarget,
    processes: &Result<Processes, Unseen>,
    sockets: &Result<Vec<Socket>, Unseen>,
    holders: &Result<Sockets, Unseen>,
) -> Result<Found, Unseen> {
    match (processes, sockets, holders) {
        (Ok(processes), Ok(sockets), Ok(holders)) => service::find(target, processes, sockets, holders),
        (Err(why), _, _) | (_, Err(why), _) | (_, _, Err(why)) => Err(why.clone()),
    }
}

/// The unit that goes by the service's name.
fn unit(target: &HostTarget, tree: &Result<Tree, Unseen>) -> Result<Option<facts::UnitFacts>, Unseen> {
    let Some(service) = &target.service else {
        return Err(Unseen::new(Blind::NotGiven, "the manifest does not name the service on this host")
            .give("`hosts: [{service: NAME}]` with its systemd unit or process name"));
    };
    let name = if service.ends_with(".service") { service.clone() } else { format!("{service}.service") };
    // The name becomes part of a path.
    if name.contains('/') {
        return Ok(None);
    }
    units::read(tree.as_ref().map_err(Unseen::clone)?, &name)
}

/// The environment files that are known of. Without the service's processes its folders are not.
fn files(
    target: &HostTarget,
    tree: &Result<Tree, Unseen>,
    found: &Result<Found, Unseen>,
    unit: &Result<Option<facts::UnitFacts>, Unseen>,
    processes: &Result<Processes, Unseen>,
    users: &Result<Users, Unseen>,
) -> Result<EnvFiles, Unseen> {
    let tree = tree.as_ref().map_err(Unseen::clone)?;
    let mut places = Places::default();
    places.named.extend(target.env_files.iter().cloned());
    if let Ok(Some(unit)) = unit {
        for file in &unit.environment_files {
            // One that need not be there and is not was not loaded.
            if !file.optional || tree.has(&file.path)? {
                places.named.insert(file.path.clone());
                places.of_unit.insert(file.path.clone());
            }
        }
    }
    match found {
        Ok(found) => {
            for pid in &found.own {
                places.folders.insert(processes::folder_on_host(*pid)?);
            }
        }
        // The files that are named can be judged without the service; whether there are more is not known.
        Err(why) if places.named.is_empty() => return Err(why.clone()),
        Err(_) => {}
    }
    Ok(env_files::look(tree, &places, &service::uids(found, processes), users))
}

#[cfg(test)]
mod tests;
