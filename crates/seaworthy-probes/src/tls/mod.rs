//! Looks at the TLS of one HTTPS origin: versions, suites, certificates.
//!
//! Asks with ClientHellos of its own, one per question, and hangs up after the answer; at most 60 connections at
//! `observe` and 100 at `probe`, few at a time. Needs nothing but a route to the port. No connection ever carries
//! a request or a credential, and no intermediate certificate is fetched.

mod answer;
mod ask;
mod capture;
mod chain;
mod dial;
mod endpoint;
pub mod facts;
mod faults;
mod hello;
mod scan;
mod step;
mod strength;
mod suites;
mod trust;

#[cfg(test)]
mod tests;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use futures_util::future::join_all;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::ServerName;
use seaworthy_core::consent::Consent;
use seaworthy_core::facts::{Blind, Unseen};
use seaworthy_core::limits::Limits;
use seaworthy_core::limits::tls::ADDRESSES_MAX;

use ask::Asker;
use capture::Captures;
use chain::Court;
use dial::Bounds;
use facts::TlsLook;
pub(crate) use step::step;
pub use trust::Roots;

/// One HTTPS origin to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsTarget {
    /// The host of the origin: a name or an address.
    pub server_name: String,
    /// The port.
    pub port: u16,
    /// The address to dial instead of asking DNS, as `curl --resolve` does.
    pub dial: Option<IpAddr>,
}

impl TlsTarget {
    /// The origin as the user would write it.
    pub fn origin(&self) -> String {
        match self.port {
            443 => format!("https://{}", self.server_name),
            port => format!("https://{}:{port}", self.server_name),
        }
    }

    fn host(&self) -> &str {
        self.server_name.trim_start_matches('[').trim_end_matches(']').trim_end_matches('.')
    }
}

/// What a look is bound by.
#[derive(Debug, Clone, Copy)]
pub struct Within {
    /// Waits.
    pub limits: Limits,
    /// How many connections may be made.
    pub consent: Consent,
    /// The time at which certificates are judged.
    pub now: DateTime<Utc>,
}

/// The looks at all addresses of an origin, and those that were too many.
pub(crate) struct Looks {
    pub(crate) looks: Vec<TlsLook>,
    pub(crate) not_looked: Vec<String>,
}

/// Looks at one origin, at each address of its name: each may be another server, or the same one with other settings.
pub(crate) async fn look_everywhere(target: &TlsTarget, roots: &Roots, within: &Within) -> Looks {
    let found = Bounds::new(&within.limits, within.consent).addresses(target).await;
    // Why there is none is told by the look itself.
    look_at_each(target, &found.unwrap_or_default(), roots, within).await
}

async fn look_at_each(target: &TlsTarget, addresses: &[SocketAddr], roots: &Roots, within: &Within) -> Looks {
    if addresses.len() < 2 {
        return Looks { looks: vec![look(target, roots, within).await], not_looked: Vec::new() };
    }
    let (looked, not_looked) = addresses.split_at(addresses.len().min(ADDRESSES_MAX));
    let targets: Vec<TlsTarget> =
        looked.iter().map(|address| TlsTarget { dial: Some(address.ip()), ..target.clone() }).collect();
    let looks = join_all(targets.iter().map(|target| look(target, roots, within))).await;
    let at = |address: &SocketAddr| format!("{} at {address}", target.origin());
    Looks { looks, not_looked: not_looked.iter().map(at).collect() }
}

/// Looks at one origin.
pub async fn look(target: &TlsTarget, roots: &Roots, within: &Within) -> TlsLook {
    let bounds = Bounds::new(&within.limits, within.consent);
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let Ok(name) = ServerName::try_from(target.host().to_owned()) else {
        let why = Unseen::new(Blind::Unsupported, "the host is neither a DNS name nor an address");
        return TlsLook::nothing(target, &why.give("correct the host in the URL"));
    };
    let addresses = match bounds.addresses(target).await {
        Ok(addresses) => addresses,
        Err(why) => return TlsLook::nothing(target, &why),
    };
    let sni = matches!(name, ServerName::DnsName(_)).then(|| target.host());
    let Some(&address) = addresses.first() else {
        return TlsLook::nothing(target, &Unseen::new(Blind::Unreachable, "the name has no address here"));
    };
    let asker = Asker { address, name: sni, bounds: &bounds, provider: &provider };
    let scan = scan::first(asker).await;
    let captures =
        if scan.spoke() { captures(&addresses, &name, &bounds, &provider).await } else { Vec::new() };
    let extras = endpoint::extras(asker, &scan).await;
    let scan = scan::rest(asker, scan).await;
    let court = Court { name: &name, roots, provider: &provider, now: within.now };
    endpoint::endpoint(target, &addresses, scan, captures, extras, &court)
}

/// Every address of a name may send a certificate of its own.
async fn captures(
    addresses: &[SocketAddr],
    name: &ServerName<'static>,
    bounds: &Bounds,
    provider: &Arc<CryptoProvider>,
) -> Vec<Captures> {
    let looks = addresses.iter().take(ADDRESSES_MAX);
    join_all(looks.map(|address| capture::capture(*address, name, bounds, provider))).await
}
