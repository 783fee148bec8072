//! What a machine is and has: `os-release`, `/proc`, control groups, file systems.

use std::collections::BTreeSet;

use seaworthy_core::facts::{Blind, Seen, Unseen};
use seaworthy_core::limits::host::{DISKS_MAX, MOUNTS_BYTES_MAX};

use super::facts::{OsRelease, SystemFacts};
use super::processes::{Processes, bounded, control_groups, namespace};
use super::tree::Tree;
use crate::meminfo;

/// Longest small text file that is read, in bytes.
const TEXT_BYTES_MAX: u64 = 256 * 1024;
/// Limits of control groups from here on mean "none": the old interface says so with a huge number.
const UNLIMITED_BYTES: u64 = 1 << 60;
/// The namespace of process ids that every kernel starts with; its number is part of the kernel's interface.
const FIRST_PID_NAMESPACE: &str = "pid:[4026531836]";
/// What counts as one processor.
const MILLICORES: u64 = 1_000;

/// Looks at the machine. `pid` is the process whose limits count.
pub(super) fn facts(
    tree: &Result<Tree, Unseen>,
    processes: &Result<Processes, Unseen>,
    pid: u32,
    namespace_pid: Option<u32>,
) -> SystemFacts {
    let container = tree.as_ref().map_err(Unseen::clone).and_then(|tree| container(tree, namespace_pid));
    let disks = tree.as_ref().map_err(Unseen::clone).and_then(|tree| disks(tree, namespace_pid));
    SystemFacts {
        os: tree.as_ref().map_err(Unseen::clone).and_then(os).into(),
        container: container.into(),
        systemd_running: tree
            .as_ref()
            .map_err(Unseen::clone)
            .and_then(|tree| tree.has("run/systemd/system"))
            .into(),
        cpu_millicores: shown(processors(processes, pid), "nproc"),
        memory_bytes: shown(
            tree.as_ref().map_err(Unseen::clone).and_then(|tree| memory(tree, pid)),
            "grep MemTotal /proc/meminfo",
        ),
        disk_bytes: shown(disks.clone().map(|(size, _)| size), "df -B1 --total"),
        disk_free_bytes: shown(disks.map(|(_, free)| free), "df -B1 --total"),
    }
}

fn shown(value: Result<u64, Unseen>, by_hand: &str) -> Seen<u64> {
    match value {
        Ok(value) => Seen::shown_by(value, by_hand),
        Err(why) => why.into(),
    }
}

/// The running kernel's release; all hosts of one machine share it.
pub(super) fn kernel_release() -> Result<String, Unseen> {
    let text = bounded("/proc/sys/kernel/osrelease", TEXT_BYTES_MAX)?;
    Ok(String::from_utf8_lossy(&text).trim().to_owned())
}

pub(super) fn os(tree: &Tree) -> Result<OsRelease, Unseen> {
    let text = match tree.text("etc/os-release", TEXT_BYTES_MAX)? {
        Some(text) => Some(text),
        None => tree.text("usr/lib/os-release", TEXT_BYTES_MAX)?,
    };
    let text = text.ok_or_else(|| {
        Unseen::new(Blind::Unsupported, format!("{} is not there", tree.shown("etc/os-release")))
    })?;
    let field = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='))?;
        Some(line.trim_matches(['"', '\'']).to_owned())
    };
    let id = field("ID").unwrap_or_else(|| "linux".to_owned());
    Ok(OsRelease {
        name: field("PRETTY_NAME").unwrap_or_else(|| id.clone()),
        version: field("VERSION_ID"),
        id,
    })
}

/// Signs that container runtimes leave. Virtual machines are made from images of containers and keep the signs, so
/// that they count only where the processes have a namespace of their own.
fn container(tree: &Tree, pid: Option<u32>) -> Result<Option<String>, Unseen> {
    if namespace(pid, "pid")?.as_os_str() == FIRST_PID_NAMESPACE {
        return Ok(None);
    }
    let signs = [
        ("run/.containerenv", "podman"),
        (".dockerenv", "docker"),
        ("var/run/secrets/kubernetes.io", "kubernetes"),
        ("run/systemd/container", "systemd"),
    ];
    for (path, name) in signs {
        if tree.has(path)? {
            return Ok(Some(name.to_owned()));
        }
    }
    Ok(None)
}

/// The processors that a process may use: those it is bound to, less what its control groups take.
fn processors(processes: &Result<Processes, Unseen>, pid: u32) -> Result<u64, Unseen> {
    let processes = processes.as_ref().map_err(Unseen::clone)?;
    let process = processes.by_pid.get(&pid).ok_or_else(|| {
        Unseen::new(Blind::Denied, format!("process {pid} could not be read")).give(super::tree::AS_ROOT)
    })?;
    let mut least = process.processors * MILLICORES;
    for folder in groups(pid, "cpu")? {
        let quota = match group_file(&folder, "cpu.max")? {
            Some(text) => two(&text),
            None => {
                match (group_file(&folder, "cpu.cfs_quota_us")?, group_file(&folder, "cpu.cfs_period_us")?) {
                    (Some(quota), Some(period)) => two(&format!("{} {}", quota.trim(), period.trim())),
                    _ => None,
                }
            }
        };
        if let Some((quota, period)) = quota.filter(|(_, period)| *period > 0) {
            least = least.min(quota.saturating_mul(MILLICORES) / period);
        }
    }
    Ok(least)
}

/// Two numbers; `None` where the first says "no limit" as `max` or `-1`.
fn two(text: &str) -> Option<(u64, u64)> {
    let mut words = text.split_whitespace();
    Some((words.next()?.parse().ok()?, words.next()?.parse().ok()?))
}

/// The memory that a process may use: the machine's, less what its control groups take.
fn memory(tree: &Tree, pid: u32) -> Result<u64, Unseen> {
    let text = tree.text("proc/meminfo", TEXT_BYTES_MAX)?;
    let garbled = || Unseen::new(Blind::Garbled, format!("{} has no `MemTotal`", tree.shown("proc/meminfo")));
    let total = text.as_deref().and_then(|text| meminfo::bytes(text, "MemTotal"));
    let mut least = total.ok_or_else(garbled)?;
    for folder in groups(pid, "memory")? {
        for file in ["memory.max", "memory.limit_in_bytes"] {
            let limit = group_file(&folder, file)?.and_then(|text| text.trim().parse::<u64>().ok());
            least = limit.filter(|limit| *limit < UNLIMITED_BYTES).map_or(least, |limit| least.min(limit));
        }
    }
    Ok(least)
}

/// The folders of a process's control groups for one controller, from its own up to the root.
fn groups(pid: u32, controller: &str) -> Result<Vec<String>, Unseen> {
    let mounts = bounded("/proc/self/mounts", MOUNTS_BYTES_MAX)?;
    let mounts = String::from_utf8_lossy(&mounts).into_owned();
    let mut folders = Vec::new();
    for line in control_groups(pid)?.lines() {
        let mut fields = line.splitn(3, ':');
        let (Some(_), Some(controllers), Some(path)) = (fields.next(), fields.next(), fields.next()) else {
            continue;
        };
        let unified = controllers.is_empty();
        if !unified && !controllers.split(',').any(|one| one == controller) {
            continue;
        }
        let Some(mount) = group_mount(&mounts, unified, controller) else { continue };
        let mut path = path.trim_end_matches('/');
        loop {
            folders.push(format!("{mount}{path}"));
            match path.rsplit_once('/') {
                Some((parent, _)) => path = parent,
                None => break,
            }
        }
    }
    Ok(folders)
}

fn group_mount(mounts: &str, unified: bool, controller: &str) -> Option<String> {
    mounts.lines().find_map(|line| {
        let fields: Vec<&str> = line.split(' ').collect();
        let (folder, kind, options) = (fields.get(1)?, fields.get(2)?, fields.get(3)?);
        let fits = if unified {
            *kind == "cgroup2"
        } else {
            *kind == "cgroup" && options.split(',').any(|option| option == controller)
        };
        fits.then(|| (*folder).to_owned())
    })
}

/// `None` when the controller keeps no such file there.
fn group_file(folder: &str, name: &str) -> Result<Option<String>, Unseen> {
    match bounded(&format!("{folder}/{name}"), TEXT_BYTES_MAX) {
        Ok(text) => Ok(Some(String::from_utf8_lossy(&text).into_owned())),
        Err(why) if why.kind == Blind::Unreachable => Ok(None),
        Err(why) => Err(why),
    }
}

/// Size and free space of the root and of every other disk file system that is mounted whole. A part of one that is
/// mounted elsewhere, as containers do with single files, is not counted again.
fn disks(tree: &Tree, pid: Option<u32>) -> Result<(u64, u64), Unseen> {
    let path = pid.map_or_else(|| "/proc/self/mountinfo".to_owned(), |pid| format!("/proc/{pid}/mountinfo"));
    let mounts = bounded(&path, MOUNTS_BYTES_MAX)?;
    let mounts = String::from_utf8_lossy(&mounts);
    let mut devices = BTreeSet::new();
    let mut points = vec!["/".to_owned()];
    for line in mounts.lines() {
        let fields: Vec<&str> = line.split(' ').collect();
        let source = line.split_once(" - ").and_then(|(_, rest)| rest.split(' ').nth(1)).unwrap_or_default();
        let (Some(device), Some(root), Some(point), Some(options)) =
            (fields.get(2), fields.get(3), fields.get(4), fields.get(5))
        else {
            continue;
        };
        if *point == "/" {
            devices.insert((*device).to_owned());
            continue;
        }
        let whole = *root == "/" && source.starts_with("/dev/") && !source.starts_with("/dev/loop");
        let writable = options.split(',').any(|option| option == "rw");
        if whole && writable && !point.starts_with("/boot") && devices.insert((*device).to_owned()) {
            points.push(point.replace("\\040", " "));
        }
    }
    if points.len() > DISKS_MAX {
        let why = format!("more than {DISKS_MAX} disk file systems are mounted");
        return Err(Unseen::new(Blind::CutShort, why));
    }
    let mut sum = (0_u64, 0_u64);
    for point in points {
        if let Some(size) = tree.file_system(&point)? {
            let block = size.fragment_size();
            sum.0 = sum.0.saturating_add(block.saturating_mul(size.blocks()));
            sum.1 = sum.1.saturating_add(block.saturating_mul(size.blocks_available()));
        }
    }
    Ok(sum)
}
