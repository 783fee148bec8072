//! The process that serves our own connection, and the folder that it works in. Reads `/proc`.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use seaworthy_core::facts::Unseen;

use super::elsewhere;

/// Most lines of a table of connections that are read.
const LINES_MAX: usize = 100_000;
/// Most descriptors of one process that are looked through.
const DESCRIPTORS_MAX: usize = 100_000;

/// The server's process.
#[derive(Debug, Clone)]
pub(super) struct Owner {
    pub(super) uid: u32,

    /// Its folder as it sees it.
    pub(super) folder: PathBuf,
    /// The way to that folder from here.
    pub(super) way: PathBuf,
    /// The way to its root from here.
    pub(super) root: PathBuf,
}

/// Finds the process: the one that the server says it is, if it holds the other end of our connection.
pub(super) fn find(process: u32, server: SocketAddr, local: SocketAddr) -> Result<Owner, Unseen> {
    let at = PathBuf::from(format!("/proc/{process}"));
    let inode = inode(&at, server, local).ok_or_else(elsewhere)?;
    let wanted = format!("socket:[{inode}]");
    let descriptors = fs::read_dir(at.join("fd")).map_err(|_| elsewhere())?;
    let holds = descriptors.take(DESCRIPTORS_MAX).flatten().any(|descriptor| {
        fs::read_link(descriptor.path())
            .is_ok_and(|to| to.as_os_str().as_encoded_bytes() == wanted.as_bytes())
    });
    if !holds {
        return Err(elsewhere());
    }
    let metadata = fs::metadata(&at).map_err(|_| elsewhere())?;
    Ok(Owner {
        uid: metadata.uid(),

        folder: fs::read_link(at.join("cwd")).map_err(|_| elsewhere())?,
        way: at.join("cwd"),
        root: at.join("root"),
    })
}

/// The number of the socket at the server's end of a connection, by the tables of its network namespace.
fn inode(process: &Path, server: SocketAddr, local: SocketAddr) -> Option<u64> {
    ["net/tcp", "net/tcp6"].iter().find_map(|table| {
        let table = BufReader::new(File::open(process.join(table)).ok()?);
        let mut lines = table.lines().skip(1).take(LINES_MAX).map_while(Result::ok);
        lines.find_map(|line| row(&line, server, local))
    })
}

/// `0: 0100007F:1F90 0100007F:C350 01 … inode`: local end, remote end, …
pub(super) fn row(line: &str, server: SocketAddr, local: SocketAddr) -> Option<u64> {
    let mut words = line.split_whitespace().skip(1);
    let (own, other) = (end(words.next()?)?, end(words.next()?)?);
    let same =
        |a: SocketAddr, b: SocketAddr| (a.ip().to_canonical(), a.port()) == (b.ip().to_canonical(), b.port());
    let ours = same(own, server) && same(other, local);
    words.nth(6).filter(|_| ours)?.parse().ok().filter(|inode| *inode != 0)
}

/// An address in the kernel's writing: words of four bytes in the machine's own order.
fn end(text: &str) -> Option<SocketAddr> {
    let (address, port) = text.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let words: Vec<[u8; 4]> = address
        .as_bytes()
        .chunks(8)
        .map(|word| Some(u32::from_str_radix(std::str::from_utf8(word).ok()?, 16).ok()?.to_ne_bytes()))
        .collect::<Option<_>>()?;
    let bytes = words.concat();
    let ip = match bytes.len() {
        4 => IpAddr::V4(Ipv4Addr::from(<[u8; 4]>::try_from(bytes).ok()?)),
        16 => IpAddr::V6(Ipv6Addr::from(<[u8; 16]>::try_from(bytes).ok()?)),
        _ => return None,
    };
    Some(SocketAddr::new(ip, port))
}
