//! The service's own processes: as whom they run, with which rights, and with which variables by name.

use std::collections::{BTreeMap, BTreeSet};

use seaworthy_core::facts::{Blind, Listed, Seen, Unseen};
use seaworthy_core::limits::host::{SERVICE_PROCESSES_MAX, VARIABLES_MAX};

use super::HostTarget;
use super::declared;
use super::env_files::{self, EnvFiles, Users};
use super::environment::{Variables, secret_in_arguments};
use super::facts::{ModeVariable, ServiceFacts, ServiceProcess, UnitFacts};
use super::ports::Socket;
use super::processes::{
    Process, Processes, Sockets, arguments, bounded, control_groups, environment, executable,
};

/// Programs that run the file in their first argument, by how their names begin.
const INTERPRETERS: [&str; 11] =
    ["python", "node", "ruby", "perl", "php", "bash", "sh", "dash", "deno", "bun", "tsx"];
/// Programs that start containers: the service runs in those, not below them.
const CONTAINER_TOOLS: [&str; 6] = ["docker", "docker-compose", "podman", "podman-compose", "nerdctl", "ctr"];
/// Programs that take calls and pass them on: the service is behind them.
const FRONTS: [&str; 11] = [
    "nginx",
    "caddy",
    "haproxy",
    "traefik",
    "envoy",
    "apache2",
    "httpd",
    "lighttpd",
    "varnishd",
    "docker-proxy",
    "sshd",
];
/// Longest name that the kernel keeps of a program.
const KERNEL_NAME_CHARS: usize = 15;

/// How many capabilities the oldest kernel has that we run on.
const OLDEST_CAPABILITIES: u32 = 38;

/// The kernel's capabilities in the order of their bits.
const CAPABILITIES: [&str; 41] = [
    "cap_chown",
    "cap_dac_override",
    "cap_dac_read_search",
    "cap_fowner",
    "cap_fsetid",
    "cap_kill",
    "cap_setgid",
    "cap_setuid",
    "cap_setpcap",
    "cap_linux_immutable",
    "cap_net_bind_service",
    "cap_net_broadcast",
    "cap_net_admin",
    "cap_net_raw",
    "cap_ipc_lock",
    "cap_ipc_owner",
    "cap_sys_module",
    "cap_sys_rawio",
    "cap_sys_chroot",
    "cap_sys_ptrace",
    "cap_sys_pacct",
    "cap_sys_admin",
    "cap_sys_boot",
    "cap_sys_nice",
    "cap_sys_resource",
    "cap_sys_time",
    "cap_sys_tty_config",
    "cap_mknod",
    "cap_lease",
    "cap_audit_write",
    "cap_audit_control",
    "cap_setfcap",
    "cap_mac_override",
    "cap_mac_admin",
    "cap_syslog",
    "cap_wake_alarm",
    "cap_block_suspend",
    "cap_audit_read",
    "cap_perfmon",
    "cap_bpf",
    "cap_checkpoint_restore",
];

/// The processes of the service, by how they were found.
#[derive(Debug, Default, Clone)]
pub(super) struct Found {
    /// Those that go by the service's name or hold its port.
    pub(super) own: BTreeSet<u32>,
    /// Those and all that they started.
    pub(super) all: BTreeSet<u32>,
}

/// Finds the service by unit or process name, else by the declared ports, else by the given process.
pub(super) fn find(
    target: &HostTarget,
    processes: &Processes,
    sockets: &[Socket],
    holders: &Sockets,
) -> Result<Found, Unseen> {
    let own: BTreeSet<u32> = match (&target.service, target.pid) {
        (Some(service), _) => {
            processes.by_pid.values().filter(|process| goes_by(process, service)).map(|p| p.pid).collect()
        }
        (None, _) if target.ports.as_ref().is_some_and(|ports| !ports.is_empty()) => {
            behind_ports(target, processes, sockets, holders)?
        }
        (None, Some(pid)) => BTreeSet::from([pid]),
        (None, None) => {
            return Err(Unseen::new(Blind::NotGiven, "the manifest does not name the service on this host")
                .give("`hosts: [{service: NAME}]` with its systemd unit or process name"));
        }
    };
    if let (true, Some(why)) = (own.is_empty(), &processes.cut) {
        return Err(why.clone());
    }
    if own.is_empty() {
        let name = target.service.as_deref().unwrap_or("the declared ports");
        return Err(Unseen::new(Blind::Unreachable, format!("no process of `{name}` runs on this host"))
            .give("start it, or correct `hosts: [{service: NAME}]`"));
    }
    if let Some(tool) = own.iter().find_map(|pid| processes.by_pid.get(pid)).and_then(container_tool) {
        let why = format!("the service runs in containers that `{tool}` starts, not as a process below it");
        return Err(Unseen::new(Blind::Unsupported, why)
            .give("`hosts: [{process: PID}]` with a process of the container"));
    }
    let mut all = own.clone();
    // Parents have been started before their children, but numbers wrap round, so it is repeated until it rests.
    loop {
        let more = processes.by_pid.values().filter(|p| all.contains(&p.parent) && !all.contains(&p.pid));
        let more: Vec<u32> = more.map(|process| process.pid).collect();
        if more.is_empty() {
            return Ok(Found { own, all });
        }
        all.extend(more);
    }
}

/// The tool by whose name a process goes, where it starts containers.
fn container_tool(process: &Process) -> Option<String> {
    let program = executable(process.pid);
    let name = program.as_ref().and_then(|path| path.file_name()?.to_str()).unwrap_or(&process.name);
    CONTAINER_TOOLS.contains(&name).then(|| name.to_owned())
}

fn goes_by(process: &Process, service: &str) -> bool {
    let base = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
    let short: String = service.chars().take(KERNEL_NAME_CHARS).collect();
    let unit = if service.contains('.') { service.to_owned() } else { format!("{service}.service") };
    let in_unit = || control_groups(process.pid).is_ok_and(|groups| groups.lines().any(|l| base(l) == unit));
    let program = || executable(process.pid).and_then(|path| Some(base(path.to_str()?)));
    // Interpreters show the script as an argument. Of other programs an argument is what they work on.
    let named = || {
        let words = arguments(process.pid).unwrap_or_default();
        let first = words.first().map(|word| base(word)).unwrap_or_default();
        let interprets = INTERPRETERS.iter().any(|name| first.starts_with(name));
        first == service || (interprets && words.get(1).is_some_and(|word| base(word) == service))
    };
    process.name == short || in_unit() || program().as_deref() == Some(service) || named()
}

fn behind_ports(
    target: &HostTarget,
    processes: &Processes,
    sockets: &[Socket],
    holders: &Sockets,
) -> Result<BTreeSet<u32>, Unseen> {
    let declared = target.ports.as_deref().unwrap_or_default();
    let behind = sockets.iter().filter(|socket| declared.contains(&socket.port));
    let pids: BTreeSet<u32> =
        behind.flat_map(|s| holders.holders.get(&s.inode).into_iter().flatten()).copied().collect();
    match (&holders.hidden, pids.is_empty()) {
        (Some(why), true) => Err(why.clone()),
        _ => {
            let front = |pid: &u32| {
                let name = &processes.by_pid.get(pid)?.name;
                FRONTS.contains(&name.as_str()).then_some(name)
            };
            let held: BTreeSet<u32> = pids.iter().copied().filter(|pid| front(pid).is_none()).collect();
            match pids.iter().find_map(front) {
                Some(front) if held.is_empty() => {
                    let why =
                        format!("the declared ports are held by `{front}`, and the service is behind it");
                    Err(Unseen::new(Blind::NotGiven, why)
                        .give("`hosts: [{service: NAME}]` with its systemd unit or process name"))
                }
                _ => Ok(held),
            }
        }
    }
}

/// The users as whom the service's processes run.
pub(super) fn uids(
    found: &Result<Found, Unseen>,
    processes: &Result<Processes, Unseen>,
) -> Result<BTreeSet<u32>, Unseen> {
    let (found, processes) =
        (found.as_ref().map_err(Unseen::clone)?, processes.as_ref().map_err(Unseen::clone)?);
    Ok(found.all.iter().filter_map(|pid| processes.by_pid.get(pid)).map(|process| process.euid).collect())
}

/// The service as facts.
pub(super) fn facts(
    target: &HostTarget,
    processes: &Result<Processes, Unseen>,
    found: &Result<Found, Unseen>,
    users: &Result<Users, Unseen>,
    files: &Result<EnvFiles, Unseen>,
    unit: Seen<Option<UnitFacts>>,
) -> ServiceFacts {
    let live = found.as_ref().map_err(Unseen::clone).and_then(live);
    let of_files = files.as_ref().map_err(Unseen::clone).and_then(|files| match &files.variables {
        Ok(variables) => Ok(variables),
        Err(why) => Err(why.clone()),
    });
    let everywhere = live.as_ref().map_err(Unseen::clone).and_then(|(_, live)| {
        let mut all = Variables::default();
        all.add(live);
        all.add(of_files.as_ref().map_err(Unseen::clone)?);
        Ok(all)
    });
    let names_everywhere = |pick: &dyn Fn(&Variables) -> BTreeSet<String>| match &everywhere {
        // A process and a file can hold different values under one name, so each is asked.
        Ok(_) => {
            let mut names = live.as_ref().map(|(_, live)| pick(live)).unwrap_or_default();
            names.extend(of_files.as_ref().map(|files| pick(files)).unwrap_or_default());
            listed(names)
        }
        Err(why) => why.clone().into(),
    };
    let template = env_files::templates(target.repo.as_deref());
    ServiceFacts {
        name: target.service.clone(),
        running: running(found),
        processes: processes_facts(processes, found, users),
        environment_names: match &live {
            Ok((names, _)) => listed(names.clone()),
            Err(why) => why.clone().into(),
        },
        env_file_names: match (&of_files, files) {
            (Ok(_), Ok(files)) => listed(files.own.names()),
            (Err(why), _) | (_, Err(why)) => why.clone().into(),
        },
        placeholder_names: match &template {
            Ok(template) => names_everywhere(&|variables| {
                variables.placeholders().union(&variables.as_in(template)).cloned().collect()
            }),
            Err(why) => why.clone().into(),
        },
        known_default_names: names_everywhere(&Variables::known_defaults),
        modes: match found.as_ref().map_err(Unseen::clone).and_then(modes) {
            Ok(modes) => Seen::new(Listed::bounded(modes, VARIABLES_MAX, "variables that say the mode")),
            Err(why) => why.into(),
        },
        declared: declared::look(target.repo.as_deref(), &folders(found)),
        required_names: target.required_env.clone(),
        secrets: match (&everywhere, &template) {
            (Ok(all), Ok(template)) => {
                Seen::new(Listed::bounded(all.secrets(template), VARIABLES_MAX, "secret variables"))
            }
            (Err(why), _) | (_, Err(why)) => why.clone().into(),
        },
        unit,
    }
}

/// The working directories of the service's processes.
fn folders(found: &Result<Found, Unseen>) -> Result<BTreeSet<String>, Unseen> {
    let found = found.as_ref().map_err(Unseen::clone)?;
    found.own.iter().map(|pid| super::processes::folder_on_host(*pid)).collect()
}

fn listed(names: BTreeSet<String>) -> Seen<Listed<String>> {
    Seen::new(Listed::bounded(names.into_iter().collect(), VARIABLES_MAX, "names of variables"))
}

fn running(found: &Result<Found, Unseen>) -> Seen<bool> {
    match found {
        Ok(_) => Seen::new(true),
        Err(why) if why.kind == Blind::Unreachable => Seen::new(false),
        Err(why) => why.clone().into(),
    }
}

/// Names that all of the service's own processes have, and the variables of any of them.
fn live(found: &Found) -> Result<(BTreeSet<String>, Variables), Unseen> {
    let mut common: Option<BTreeSet<String>> = None;
    let mut all = Variables::default();
    for pid in &found.own {
        let variables = Variables::of_process(&environment(*pid)?);
        let names = variables.names();
        common = Some(match common {
            None => names,
            Some(common) => common.intersection(&names).cloned().collect(),
        });
        all.add(&variables);
    }
    Ok((common.unwrap_or_default(), all))
}

/// What the variables of each own process say of the mode.
fn modes(found: &Found) -> Result<Vec<ModeVariable>, Unseen> {
    let mut all = BTreeSet::new();
    for pid in &found.own {
        all.extend(Variables::of_process(&environment(*pid)?).modes());
    }
    Ok(all.into_iter().collect())
}

fn processes_facts(
    processes: &Result<Processes, Unseen>,
    found: &Result<Found, Unseen>,
    users: &Result<Users, Unseen>,
) -> Seen<Listed<ServiceProcess>> {
    let (processes, found) = match (processes, found) {
        (Ok(processes), Ok(found)) => (processes, found),
        (Err(why), _) | (_, Err(why)) => return why.clone().into(),
    };
    let known = capabilities_known();
    let programs: BTreeMap<u32, _> = found.all.iter().map(|pid| (*pid, executable(*pid))).collect();
    let fact = |process: &Process| {
        let same = |child: &Process| {
            child.parent == process.pid
                && programs.get(&child.pid).is_some_and(Option::is_some)
                && programs.get(&child.pid) == programs.get(&process.pid)
        };
        ServiceProcess {
            pid: process.pid,
            name: process.name.clone(),
            worker: !processes.by_pid.values().any(same),
            euid: process.euid,
            keeps_root: process.keeps_root,
            user: users.clone().map(|users| users.name(process.euid)).into(),
            capabilities: capabilities(process.capabilities),
            capabilities_full: process.capabilities & known == known,
            no_new_privileges: process.no_new_privileges,
            secret_in_arguments: arguments(process.pid).map(|words| secret_in_arguments(&words)).into(),
            by_hand: format!("grep -E '^(Uid|CapPrm|NoNewPrivs)' /proc/{}/status", process.pid),
        }
    };
    let listed = found
        .all
        .iter()
        .filter_map(|pid| processes.by_pid.get(pid))
        .take(SERVICE_PROCESSES_MAX + 1)
        .map(fact);
    Seen::new(Listed::bounded(listed.collect(), SERVICE_PROCESSES_MAX, "processes of the service"))
}

/// The bits of all capabilities that this kernel has; those of the oldest that has `/proc/PID/status` as we read
/// it, where it does not say.
fn capabilities_known() -> u64 {
    let last = bounded("/proc/sys/kernel/cap_last_cap", 64).ok();
    let last = last.and_then(|text| String::from_utf8_lossy(&text).trim().parse::<u32>().ok());
    let above = last.and_then(|last| 1_u64.checked_shl(last + 1));
    above.unwrap_or(1 << OLDEST_CAPABILITIES) - 1
}

fn capabilities(bits: u64) -> Vec<String> {
    let set = (0..u64::BITS).filter(|bit| bits & (1 << bit) != 0);
    set.map(|bit| {
        let name = usize::try_from(bit).ok().and_then(|bit| CAPABILITIES.get(bit));
        name.map_or_else(|| format!("cap_{bit}"), |name| (*name).to_owned())
    })
    .collect()
}
