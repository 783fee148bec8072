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
use tokio::time::Instant;

use super::TlsTarget;
use crate::dial;

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
        let wait = self.limits.connect.min(self.end.saturating_duration_since(Instant::now()));
        dial::tcp(address, None, wait, "a service").await
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
                let wait = self.answer_by().saturating_duration_since(Instant::now());
                dial::look_up(name, target.port, wait).await?
            }
        };
        dial::allowed(name, all, "the service")
    }
}

fn connections_max(consent: Consent) -> u32 {
    match consent {
        Consent::Observe => OBSERVE_CONNECTIONS_MAX,
        Consent::Probe | Consent::Drill => PROBE_CONNECTIONS_MAX,
    }
}
