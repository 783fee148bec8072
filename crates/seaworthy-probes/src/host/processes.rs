//! The processes of a host, as `/proc` of this machine shows them.
//!
//! Needs root, or the right to trace, for processes of other users. Reads command lines and environments, and
//! hands on nothing of them but names and statements.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read;
use std::path::PathBuf;

use seaworthy_core::facts::{Blind, Unseen};
use seaworthy_core::limits::host::{BLOCK_BYTES_MAX, HANDLES_MAX, PROCESSES_MAX, STATUS_BYTES_MAX};

use super::tree::{AS_ROOT, unseen};

/// One process.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Process {
    pub(super) pid: u32,
    pub(super) parent: u32,
    /// The name that the kernel keeps, at most 15 characters.
    pub(super) name: String,
    pub(super) euid: u32,
    /// Whether its real, saved or file system user is root, so that it can be root again.
    pub(super) keeps_root: bool,
    /// The bit set of `CapPrm`: what it has and what it can take up at any time.
    pub(super) capabilities: u64,
    pub(super) no_new_privileges: bool,
    /// How many processors it may run on.
    pub(super) processors: u64,
}

/// The processes of one host, by process id.
#[derive(Debug)]
pub(super) struct Processes {
    pub(super) by_pid: BTreeMap<u32, Process>,
    /// Why some were left out, if they were.
    pub(super) cut: Option<Unseen>,
}

impl Processes {
    /// Those that share the process-id namespace of `pid`, or of Seaworthy itself.
    pub(super) fn of(pid: Option<u32>) -> Result<Self, Unseen> {
        let wanted = namespace(pid, "pid")?;
        let mut by_pid = BTreeMap::new();
        let mut cut = None;
        for other in pids()? {
            if by_pid.len() == PROCESSES_MAX {
                let why = format!("more than {PROCESSES_MAX} processes, the rest was not read");
                cut = Some(Unseen::new(Blind::CutShort, why));
                break;
            }
            // Without the right to see it, a process of this machine is taken for one of this host's own.
            let same = match namespace(Some(other), "pid") {
                Ok(found) => found == wanted,
                Err(why) => pid.is_none() && why.kind == Blind::Denied,
            };
            if same && let Some(process) = Process::read(other) {
                by_pid.insert(other, process);
            }
        }
        if pid.is_none() && !by_pid.contains_key(&1) && cut.is_none() {
            // `/proc` mounted with `hidepid` shows us our own processes only, and nothing says so.
            cut = Some(Unseen::new(Blind::Denied, "no right to see processes of other users").give(AS_ROOT));
        }
        Ok(Self { by_pid, cut })
    }

    /// Which of them hold which socket, by the socket's inode.
    pub(super) fn sockets(&self) -> Sockets {
        let mut sockets = Sockets::default();
        let mut handles = 0;
        for pid in self.by_pid.keys() {
            let entries = match std::fs::read_dir(format!("/proc/{pid}/fd")) {
                Ok(entries) => entries,
                Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
                    sockets.hidden = Some(
                        Unseen::new(Blind::Denied, "no right to see which process holds the socket")
                            .give(AS_ROOT),
                    );
                    continue;
                }
                Err(_) => continue, // It has ended meanwhile.
            };
            for entry in entries.flatten() {
                handles += 1;
                if handles > HANDLES_MAX {
                    let why = format!("more than {HANDLES_MAX} open files, the rest was not read");
                    sockets.hidden = Some(Unseen::new(Blind::CutShort, why));
                    return sockets;
                }
                let inode = std::fs::read_link(entry.path()).ok().and_then(|link| socket_inode(&link));
                if let Some(inode) = inode {
                    sockets.holders.entry(inode).or_default().insert(*pid);
                }
            }
        }
        sockets
    }
}

/// Which processes hold which sockets.
#[derive(Debug, Default)]
pub(super) struct Sockets {
    pub(super) holders: BTreeMap<u64, BTreeSet<u32>>,
    /// Why some holders could not be seen, if so.
    pub(super) hidden: Option<Unseen>,
}

impl Process {
    fn read(pid: u32) -> Option<Self> {
        let status = bounded(&format!("/proc/{pid}/status"), STATUS_BYTES_MAX).ok()?;
        Self::parse(pid, &String::from_utf8_lossy(&status))
    }

    pub(super) fn parse(pid: u32, status: &str) -> Option<Self> {
        let field = |name: &str| {
            let line = status.lines().find(|line| line.split(':').next() == Some(name))?;
            Some(line.split_once(':')?.1.trim())
        };
        let users: Vec<u32> =
            field("Uid")?.split_whitespace().map(|uid| uid.parse().ok()).collect::<Option<_>>()?;
        let &[real, euid, saved, files] = users.as_slice() else { return None };
        Some(Self {
            pid,
            parent: field("PPid")?.parse().ok()?,
            name: field("Name")?.to_owned(),
            euid,
            keeps_root: [real, saved, files].contains(&0),
            capabilities: u64::from_str_radix(field("CapPrm")?, 16).ok()?,
            no_new_privileges: field("NoNewPrivs")? == "1",
            processors: list_length(field("Cpus_allowed_list")?)?,
        })
    }
}

/// The arguments of a process, the program first. Empty for a kernel thread.
pub(super) fn arguments(pid: u32) -> Result<Vec<String>, Unseen> {
    Ok(strings(&bounded(&format!("/proc/{pid}/cmdline"), BLOCK_BYTES_MAX)?))
}

/// The `NAME=value` entries with which a process was started.
pub(super) fn environment(pid: u32) -> Result<Vec<String>, Unseen> {
    let block = bounded(&format!("/proc/{pid}/environ"), BLOCK_BYTES_MAX)?;
    // A process that is ending shows none; one that was started with none is not told apart from it.
    if block.is_empty() {
        return Err(Unseen::new(Blind::Unreachable, format!("process {pid} shows no environment")));
    }
    // Some programs write what they are doing over the block in which it stood.
    let entries = strings(&block);
    if !entries.iter().any(|entry| entry.find('=').is_some_and(|at| at > 0)) {
        let why = format!("process {pid} has written its title over its environment");
        return Err(Unseen::new(Blind::Unsupported, why)
            .give("a service whose server leaves its environment alone, such as without `setproctitle`"));
    }
    Ok(entries)
}

/// The control groups of a process, one line each.
pub(super) fn control_groups(pid: u32) -> Result<String, Unseen> {
    bounded(&format!("/proc/{pid}/cgroup"), STATUS_BYTES_MAX)
        .map(|text| String::from_utf8_lossy(&text).into_owned())
}

/// The program that a process runs, as its own root names it.
pub(super) fn executable(pid: u32) -> Option<PathBuf> {
    std::fs::read_link(format!("/proc/{pid}/exe")).ok()
}

/// The working directory of a process, as its host names it: the kernel shows it with the root of a process that was
/// given another one.
pub(super) fn folder_on_host(pid: u32) -> Result<String, Unseen> {
    let link = |name: &str| {
        let path = format!("/proc/{pid}/{name}");
        std::fs::read_link(&path).map_err(|error| failed(&path, &error))
    };
    let (folder, root) = (link("cwd")?, link("root")?);
    let inside = folder.strip_prefix(&root).unwrap_or(&folder);
    let text = inside.to_str().map(|path| format!("/{}", path.trim_start_matches('/')));
    text.ok_or_else(|| Unseen::new(Blind::Garbled, "the service's folder has a name that is not UTF-8"))
}

/// When a process started, in clock ticks since boot: with the process id it names one process for good.
///
/// A process that ends gives up its memory first, then its files, root and namespaces, and keeps its number until its
/// parent has seen it. So one without a program is not there any more.
pub(super) fn started_ticks(pid: u32) -> Result<u64, Unseen> {
    let path = format!("/proc/{pid}/stat");
    let stat = bounded(&path, STATUS_BYTES_MAX)?;
    let stat = String::from_utf8_lossy(&stat);
    let program = std::fs::read_link(format!("/proc/{pid}/exe"));
    if program.is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound) {
        return Err(Unseen::new(Blind::Unreachable, format!("process {pid} has ended")));
    }
    // The name in parentheses may hold anything, so fields are counted from the last parenthesis.
    let ticks = stat.rsplit_once(')').and_then(|(_, rest)| rest.split_whitespace().nth(19)?.parse().ok());
    ticks.ok_or_else(|| Unseen::new(Blind::Garbled, format!("{path} has no start time")))
}

/// The name of a namespace of a process, or of Seaworthy itself: `net:[4026531840]`.
pub(super) fn namespace(pid: Option<u32>, kind: &str) -> Result<PathBuf, Unseen> {
    let path = pid.map_or_else(|| format!("/proc/self/ns/{kind}"), |pid| format!("/proc/{pid}/ns/{kind}"));
    std::fs::read_link(&path).map_err(|error| failed(&path, &error))
}

/// A file of `/proc` of at most `max` bytes.
pub(super) fn bounded(path: &str, max: u64) -> Result<Vec<u8>, Unseen> {
    let mut content = Vec::new();
    let read = File::open(path).and_then(|file| file.take(max + 1).read_to_end(&mut content));
    read.map_err(|error| failed(path, &error))?;
    if content.len() as u64 > max {
        return Err(Unseen::new(Blind::CutShort, format!("{path} has more than {max} bytes")));
    }
    Ok(content)
}

fn failed(path: &str, error: &std::io::Error) -> Unseen {
    unseen(nix::errno::Errno::from_raw(error.raw_os_error().unwrap_or_default()), path)
}

fn pids() -> Result<Vec<u32>, Unseen> {
    let entries = std::fs::read_dir("/proc").map_err(|error| failed("/proc", &error))?;
    let number = |entry: std::fs::DirEntry| entry.file_name().to_str()?.parse().ok();
    Ok(entries.flatten().filter_map(number).collect())
}

fn socket_inode(link: &std::path::Path) -> Option<u64> {
    link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()
}

fn strings(block: &[u8]) -> Vec<String> {
    let parts = block.split(|byte| *byte == 0).filter(|part| !part.is_empty());
    parts.map(|part| String::from_utf8_lossy(part).into_owned()).collect()
}

/// How many numbers a list such as `0-3,8` names.
pub(super) fn list_length(list: &str) -> Option<u64> {
    list.split(',').try_fold(0_u64, |sum, part| {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last): (u64, u64) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
        sum.checked_add(last.checked_sub(first)?.checked_add(1)?)
    })
}
