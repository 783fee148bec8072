//! Finds the addresses of an endpoint and makes bounded connections to them.
//!
//! The address that was checked is the one that is dialled, and link-local addresses never are: metadata services
//! live there.

use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use seaworthy_core::consent::Consent;
use seaworthy_core::facts::{Blind, Unseen};
use seaworthy_core::limits::Limits;
use seaworthy_core::limits::tls::{OBSERVE_CONNECTIONS_MAX, PROBE_CONNECTIONS_MAX};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

use super::TlsTarget;
use crate::http::client::reach;

/// What bounds every connection of one look: time and number.
#[derive(Debug)]
pub(super) struct Bounds {
    limits: Limits,
    consent: Consent,
    end: Instant,
    connections_left: AtomicU32,
}

impl Bounds {
    pub(super) fn new(limits: &Limits, consent: Consent) -> Self {
        Self {
            limits: *limits,
            consent,
            end: Instant::now() + limits.deadline,
            connections_left: AtomicU32::new(connections_max(consent)),
        }
    }

    /// When an answer that is asked for now must be there.
    pub(super) fn answer_by(&self) -> Instant {
        self.within(self.limits.answer)
    }

    fn within(&self, wait: Duration) -> Instant {
        (Instant::now() + wait).min(self.end)
    }

    /// Connects, if the bounds allow one more connection.
    pub(super) async fn connect(&self, address: SocketAddr) -> Result<TcpStream, Unseen> {
        if Instant::now() >= self.end {
            return Err(self.too_late());
        }
        let take = |left: u32| left.checked_sub(1);
        if self.connections_left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_err() {
            return Err(self.too_many());
        }
        match timeout_at(self.within(self.limits.connect), TcpStream::connect(address)).await {
            Ok(Ok(stream)) => Ok(stream),
            Ok(Err(error)) => Err(unreachable(address, &error)),
            Err(_) => {
                let why = format!("{address} did not take a connection within {:?}", self.limits.connect);
                Err(Unseen::new(Blind::Timeout, why).give("check the address and the firewall in between"))
            }
        }
    }

    fn too_many(&self) -> Unseen {
        let why = format!("{} connections were made, the rest was not asked", connections_max(self.consent));
        let why = Unseen::new(Blind::CutShort, why);
        if self.consent < Consent::Probe { why.give("`--consent probe`, which makes more") } else { why }
    }

    fn too_late(&self) -> Unseen {
        Unseen::new(Blind::Timeout, format!("looking took longer than {:?}", self.limits.deadline))
    }

    /// The addresses of a target, in the order in which they are to be dialled.
    pub(super) async fn addresses(&self, target: &TlsTarget) -> Result<Vec<SocketAddr>, Unseen> {
        let name = target.server_name.trim_matches(['[', ']']);
        let all: Vec<SocketAddr> = match (target.dial, name.parse::<IpAddr>()) {
            (Some(address), _) | (None, Ok(address)) => vec![SocketAddr::new(address, target.port)],
            (None, Err(_)) => {
                let lookup = tokio::net::lookup_host((name, target.port));
                match timeout_at(self.within(self.limits.answer), lookup).await {
                    Ok(Ok(found)) => found.collect(),
                    Ok(Err(_)) => {
                        let why = format!("the name `{name}` has no address here");
                        return Err(Unseen::new(Blind::Unreachable, why)
                            .give("check the name in DNS, or give its address under `resolve`"));
                    }
                    Err(_) => {
                        return Err(Unseen::new(
                            Blind::Timeout,
                            format!("the address of `{name}` was not found in time"),
                        )
                        .give(
                            "check the name servers of this machine, or give its address under `resolve`",
                        ));
                    }
                }
            }
        };
        let mut kept: Vec<SocketAddr> = Vec::new();
        let mut refused = "it has no address";
        for address in all {
            match reach(address.ip()) {
                Ok(_) if !kept.contains(&address) => kept.push(address),
                Ok(_) => {}
                Err(why) => refused = why,
            }
        }
        if kept.is_empty() {
            let why = format!("the address of `{name}` is never dialled: {refused}");
            return Err(Unseen::new(Blind::Unreachable, why)
                .give("an address of the service that is neither link-local nor a metadata service"));
        }
        Ok(kept)
    }
}

fn connections_max(consent: Consent) -> u32 {
    match consent {
        Consent::Observe => OBSERVE_CONNECTIONS_MAX,
        Consent::Probe | Consent::Drill => PROBE_CONNECTIONS_MAX,
    }
}

fn unreachable(address: SocketAddr, error: &std::io::Error) -> Unseen {
    let why = match error.kind() {
        std::io::ErrorKind::ConnectionRefused => format!("{address} refused the connection"),
        kind => format!("{address} could not be connected to: {kind}"),
    };
    Unseen::new(Blind::Unreachable, why).give("start the service, or correct the URL")
}
