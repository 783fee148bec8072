//! Whether the server runs on this machine, and what this machine is like then.
//!
//! Must not take loopback for proof: tunnels end there.

use std::fs;
use std::net::IpAddr;
use std::os::unix::fs::MetadataExt;
use std::time::UNIX_EPOCH;

use seaworthy_core::limits::OWN_ADDRESSES_MAX;

use super::login::Way;
use crate::address::reach;
use crate::meminfo;

/// Whether the process that serves our session is one of this machine: its title names PostgreSQL and our own port.
/// `None` where it cannot be told.
pub(super) fn serves_here(process: i64, way: &Way) -> Option<bool> {
    if !cfg!(target_os = "linux") {
        return None;
    }
    if way.peer.is_some_and(|peer| !peer.is_loopback() && !own_addresses().contains(&peer)) {
        return Some(false);
    }
    // A process of another namespace has other numbers: not found is not "elsewhere".
    let title = fs::read(format!("/proc/{process}/cmdline")).ok()?;
    let title = String::from_utf8_lossy(&title);
    let end = match way.own_port {
        Some(port) => format!("({port})"),
        None => "[local]".to_owned(),
    };
    (title.starts_with("postgres:") && title.contains(&end)).then_some(true)
}

/// Memory that a process may use, in bytes: the machine's, or what its control group is held to.
pub(super) fn memory_of(process: i64) -> Option<u64> {
    let machine = fs::read_to_string("/proc/meminfo").ok()?;
    let machine = meminfo::bytes(&machine, "MemTotal")?;
    let group = fs::read_to_string(format!("/proc/{process}/cgroup")).ok().and_then(|groups| {
        let path = groups.lines().find_map(|line| line.strip_prefix("0::"))?.to_owned();
        let limit = fs::read_to_string(format!("/sys/fs/cgroup{path}/memory.max")).ok()?;
        limit.trim().parse::<u64>().ok()
    });
    Some(group.map_or(machine, |group| group.min(machine)))
}

/// When a file was changed, in seconds since 1970.
#[derive(Debug, Clone, Copy)]
pub(super) struct Changed {
    /// What is in it was written then, as its writer says: a copy may bring the time of its model along.
    pub(super) content: f64,
    /// It was put there, moved, or its rights were changed.
    pub(super) placed: f64,
}

/// When a file was changed that a process names by its whole path. `None` without the right to look into the process' own file
/// system.
pub(super) fn changed_at(process: i64, path: &str) -> Option<Changed> {
    let path = path.strip_prefix('/')?;
    let about = fs::metadata(format!("/proc/{process}/root/{path}")).ok()?;
    let content = about.modified().ok()?.duration_since(UNIX_EPOCH).ok()?.as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "seconds and parts of them need no more than 52 bits")]
    let placed = about.ctime() as f64 + about.ctime_nsec() as f64 / 1e9;
    Some(Changed { content, placed })
}

/// Addresses of this machine that others may know it by.
pub(super) fn own_addresses() -> Vec<IpAddr> {
    let Ok(interfaces) = nix::ifaddrs::getifaddrs() else { return Vec::new() };
    let mut addresses: Vec<IpAddr> = interfaces
        .filter_map(|interface| {
            let address = interface.address?;
            let v4 = address.as_sockaddr_in().map(|v4| IpAddr::V4(v4.ip()));
            v4.or_else(|| address.as_sockaddr_in6().map(|v6| IpAddr::V6(v6.ip())))
        })
        .filter(|address| !address.is_loopback() && reach(*address).is_ok())
        .take(OWN_ADDRESSES_MAX)
        .collect();
    addresses.sort_unstable();
    addresses.dedup();
    addresses
}
