//! Opens TCP connections, and says in the same words everywhere why one could not be opened.
//!
//! The address that was judged is the one that is dialled. Must not dial link-local addresses or a cloud's metadata
//! services, whatever a name leads to.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::time::Duration;

use seaworthy_core::facts::{Blind, Unseen};
use tokio::net::{TcpSocket, TcpStream, lookup_host};
use tokio::time::timeout;

use crate::address::reach;

/// What a name that leads nowhere asks for.
const GIVE_NAME: &str = "a name that resolves from here, or its address under `resolve`";
/// What an address that does not answer asks for.
const GIVE_WAY: &str = "a way to it from this machine";

/// How it ended where nothing came back, as far as a program can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The kernel of the other side said that nothing listens there.
    Refused,
    /// This machine itself has no way to such an address, so nothing was sent.
    NoRoute,
    /// The other side closed the connection without an answer.
    Closed,
    /// The other side closed the connection in the middle of its answer.
    BrokeOff,
    /// Some other way.
    Otherwise,
}

/// Why nothing came back: in words, and as a program tells it apart.
#[derive(Debug, Clone)]
pub struct Lost {
    /// How it ended.
    pub end: End,
    /// The reason in words.
    pub why: Unseen,
}

impl From<Unseen> for Lost {
    fn from(why: Unseen) -> Self {
        Self { end: End::Otherwise, why }
    }
}

impl From<Lost> for Unseen {
    fn from(lost: Lost) -> Self {
        lost.why
    }
}

/// The addresses of a host, a name or an address itself, as this machine resolves it.
pub(crate) async fn look_up(host: &str, port: u16, wait: Duration) -> Result<Vec<SocketAddr>, Unseen> {
    let (kind, why) = match timeout(wait, lookup_host((host, port))).await {
        Ok(Ok(found)) => return Ok(found.collect()),
        Ok(Err(_)) => (Blind::Unreachable, format!("`{host}` does not resolve")),
        Err(_) => (Blind::Timeout, format!("`{host}` did not resolve in time")),
    };
    Err(Unseen::new(kind, why).give(GIVE_NAME))
}

/// Those of a host's addresses that may be dialled, each once; there is at least one. `what` names who is to be
/// reached, as in "the service".
pub(crate) fn allowed(host: &str, found: Vec<SocketAddr>, what: &str) -> Result<Vec<SocketAddr>, Unseen> {
    let mut refusal = None;
    let mut dialled = Vec::new();
    for address in found {
        match reach(address.ip()) {
            Ok(_) if dialled.contains(&address) => {}
            Ok(_) => dialled.push(address),
            Err(why) => refusal = Some(format!("`{}` is never dialled: {why}", address.ip())),
        }
    }
    if !dialled.is_empty() {
        return Ok(dialled);
    }
    Err(match refusal {
        Some(why) => Unseen::new(Blind::Unreachable, why)
            .give(format!("an address of {what} that is neither link-local nor a metadata service")),
        None => Unseen::new(Blind::Unreachable, format!("`{host}` has no address")).give(GIVE_NAME),
    })
}

/// [`dialled`], with the reason in words alone.
pub(crate) async fn tcp(
    address: SocketAddr,
    from: Option<IpAddr>,
    wait: Duration,
    listens: &str,
) -> Result<TcpStream, Unseen> {
    Ok(dialled(address, from, wait, listens).await?)
}

/// One connection to one address, from a given one of this machine where it matters. `listens` names what should
/// listen there, as in "a Redis server".
pub(crate) async fn dialled(
    address: SocketAddr,
    from: Option<IpAddr>,
    wait: Duration,
    listens: &str,
) -> Result<TcpStream, Lost> {
    let dialled = async {
        let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        if let Some(from) = from {
            socket.bind(SocketAddr::new(from, 0))?;
        }
        let stream = socket.connect(address).await?;
        // Small questions and answers: waiting to fill a packet would only slow them down.
        stream.set_nodelay(true)?;
        Ok::<_, io::Error>(stream)
    };
    match timeout(wait, dialled).await {
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(error)) if error.kind() == io::ErrorKind::ConnectionRefused => {
            let why = Unseen::new(Blind::Unreachable, format!("{address} refused the connection"))
                .give(format!("{listens} that listens there"));
            Err(Lost { end: End::Refused, why })
        }
        Ok(Err(error)) => {
            let why = format!("{address} could not be reached: {}", error.kind());
            let end = if has_route(address) { End::Otherwise } else { End::NoRoute };
            Err(Lost { end, why: Unseen::new(Blind::Unreachable, why).give(GIVE_WAY) })
        }
        Err(_) => {
            let why = format!("{address} did not accept a connection within {wait:?}");
            Err(Unseen::new(Blind::Timeout, why).give(GIVE_WAY).into())
        }
    }
}

/// Whether this machine knows a way to an address. Connecting a datagram socket looks the way up and sends nothing.
/// From an address of a private IPv6 network there is none to the world, whatever the routes say.
pub(crate) fn has_route(address: SocketAddr) -> bool {
    let any: IpAddr =
        if address.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let way = UdpSocket::bind((any, 0)).and_then(|socket| {
        socket.connect(address)?;
        socket.local_addr()
    });
    way.is_ok_and(|from| !is_private(from.ip()) || is_private(address.ip()))
}

fn is_private(address: IpAddr) -> bool {
    match address {
        // Addresses are translated on the way out as a matter of course.
        IpAddr::V4(_) => false,
        IpAddr::V6(v6) => v6.is_unique_local() || v6.is_unicast_link_local() || v6.is_loopback(),
    }
}
