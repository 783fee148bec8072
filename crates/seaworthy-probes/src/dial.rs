//! Opens TCP connections, and says in the same words everywhere why one could not be opened.
//!
//! The address that was judged is the one that is dialled. Must not dial link-local addresses or a cloud's metadata
//! services, whatever a name leads to.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use seaworthy_core::facts::{Blind, Unseen};
use tokio::net::{TcpSocket, TcpStream, lookup_host};
use tokio::time::timeout;

use crate::address::reach;

/// What a name that leads nowhere asks for.
const GIVE_NAME: &str = "a name that resolves from here, or its address under `resolve`";
/// What an address that does not answer asks for.
const GIVE_WAY: &str = "a way to it from this machine";

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

/// One connection to one address, from a given one of this machine where it matters. `listens` names what should
/// listen there, as in "a Redis server".
pub(crate) async fn tcp(
    address: SocketAddr,
    from: Option<IpAddr>,
    wait: Duration,
    listens: &str,
) -> Result<TcpStream, Unseen> {
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
            Err(Unseen::new(Blind::Unreachable, format!("{address} refused the connection"))
                .give(format!("{listens} that listens there")))
        }
        Ok(Err(error)) => {
            let why = format!("{address} could not be reached: {}", error.kind());
            Err(Unseen::new(Blind::Unreachable, why).give(GIVE_WAY))
        }
        Err(_) => {
            let why = format!("{address} did not accept a connection within {wait:?}");
            Err(Unseen::new(Blind::Timeout, why).give(GIVE_WAY))
        }
    }
}
