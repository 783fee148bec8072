//! The TCP sockets that listen in a host's network namespace: `/proc/PID/net/tcp` and `tcp6`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use seaworthy_core::facts::{Listed, Seen, Unseen};
use seaworthy_core::limits::host::{PORTS_MAX, SOCKETS_BYTES_MAX};

use super::facts::ListeningPort;
use super::firewall::Filter;
use super::processes::{Processes, Sockets, bounded};

/// `TCP_LISTEN` in the kernel's table.
const LISTENING: &str = "0A";

/// One socket that listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Socket {
    pub(super) port: u16,
    pub(super) address: IpAddr,
    pub(super) inode: u64,
}

impl Socket {
    /// Whether nothing but this machine reaches it.
    pub(super) fn loopback(&self) -> bool {
        self.address.to_canonical().is_loopback()
    }
}

/// The sockets that listen, in order of their ports.
pub(super) fn listening(pid: Option<u32>) -> Result<Vec<Socket>, Unseen> {
    let base = pid.map_or_else(|| "/proc/self/net".to_owned(), |pid| format!("/proc/{pid}/net"));
    let mut sockets = parse(&table(&format!("{base}/tcp"))?);
    // A kernel without IPv6 has no second table.
    if std::fs::exists(format!("{base}/tcp6")).unwrap_or(true) {
        sockets.extend(parse(&table(&format!("{base}/tcp6"))?));
    }
    sockets.sort();
    Ok(sockets)
}

fn table(path: &str) -> Result<String, Unseen> {
    bounded(path, SOCKETS_BYTES_MAX).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

/// The listening rows of one table.
pub(super) fn parse(table: &str) -> Vec<Socket> {
    table.lines().skip(1).filter_map(row).collect()
}

fn row(line: &str) -> Option<Socket> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let (address, port) = fields.get(1)?.split_once(':')?;
    let listening = *fields.get(3)? == LISTENING;
    let socket = Socket {
        port: u16::from_str_radix(port, 16).ok()?,
        address: address_of(address)?,
        inode: fields.get(9)?.parse().ok()?,
    };
    listening.then_some(socket)
}

/// The kernel prints each 32-bit word of an address in the machine's own byte order.
fn address_of(hex: &str) -> Option<IpAddr> {
    let words = hex.as_bytes().chunks(8).map(|word| {
        let word = u32::from_str_radix(std::str::from_utf8(word).ok()?, 16).ok()?;
        Some(word.to_ne_bytes())
    });
    let bytes = words.collect::<Option<Vec<_>>>()?.concat();
    match bytes.len() {
        4 => <[u8; 4]>::try_from(bytes).ok().map(|bytes| Ipv4Addr::from(bytes).into()),
        16 => <[u8; 16]>::try_from(bytes).ok().map(|bytes| Ipv6Addr::from(bytes).into()),
        _ => None,
    }
}

/// The sockets as facts.
pub(super) fn facts(
    sockets: &Result<Vec<Socket>, Unseen>,
    processes: &Result<Processes, Unseen>,
    holders: &Result<Sockets, Unseen>,
    filter: &Result<Filter, Unseen>,
    by_hand: String,
) -> Seen<Listed<ListeningPort>> {
    let sockets = match sockets {
        Ok(sockets) => sockets,
        Err(why) => return why.clone().into(),
    };
    let fact = |socket: &Socket| ListeningPort {
        port: socket.port,
        address: socket.address.to_string(),
        loopback: socket.loopback(),
        process: holder(socket, processes, holders),
        open_to_anyone: if socket.loopback() { Seen::new(false) } else { open(socket, filter) },
    };
    let listed = sockets.iter().take(PORTS_MAX + 1).map(fact).collect();
    Seen::shown_by(Listed::bounded(listed, PORTS_MAX, "listening sockets"), by_hand)
}

fn holder(
    socket: &Socket,
    processes: &Result<Processes, Unseen>,
    holders: &Result<Sockets, Unseen>,
) -> Seen<Option<String>> {
    let (processes, sockets) = match (processes, holders) {
        (Ok(processes), Ok(sockets)) => (processes, sockets),
        (Err(why), _) | (_, Err(why)) => return why.clone().into(),
    };
    let pid = sockets.holders.get(&socket.inode).and_then(|pids| pids.first());
    match (pid.and_then(|pid| processes.by_pid.get(pid)), &sockets.hidden) {
        (Some(process), _) => Seen::new(Some(process.name.clone())),
        (None, Some(why)) => why.clone().into(),
        (None, None) => Seen::new(None),
    }
}

/// A socket bound to `::` takes IPv4 connections as well, so both families are asked.
fn open(socket: &Socket, filter: &Result<Filter, Unseen>) -> Seen<bool> {
    let filter = match filter {
        Ok(filter) => filter,
        Err(why) => return why.clone().into(),
    };
    let address = socket.address.to_canonical();
    let ipv4 = address.is_ipv4() || address == IpAddr::from(Ipv6Addr::UNSPECIFIED);
    let answers = [(ipv4, super::firewall::Family::Ipv4), (address.is_ipv6(), super::firewall::Family::Ipv6)];
    let mut asked = answers.into_iter().filter(|(concerned, _)| *concerned);
    let opened = asked.try_fold(false, |open, (_, family)| {
        filter.lets_in(family, super::firewall::Protocol::Tcp, socket.port).map(|more| open || more)
    });
    opened.into()
}
