//! The probe against real servers, and against servers that lie.

mod certificates;
mod http;
mod liars;
mod mutants;
mod pki;
mod reading;
mod server;
mod servers;

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use chrono::{DateTime, Utc};
use seaworthy_core::consent::Consent;
use seaworthy_core::facts::Seen;
use seaworthy_core::limits::Limits;

use super::facts::{Strength, TlsCertificate, TlsEndpoint, TlsLook, Version};
use super::{Roots, TlsTarget, Within, look, look_at_each};

/// The name under which every server of these tests is looked at.
const NAME: &str = "shop.example.com";

fn limits() -> Limits {
    Limits {
        deadline: Duration::from_mins(1),
        connect: Duration::from_secs(5),
        answer: Duration::from_secs(10),
    }
}

/// For servers that do not answer.
fn short_limits() -> Limits {
    Limits {
        deadline: Duration::from_secs(5),
        connect: Duration::from_millis(500),
        answer: Duration::from_millis(300),
    }
}

fn target(port: u16) -> TlsTarget {
    TlsTarget { server_name: NAME.into(), port, dial: Some(IpAddr::V4(Ipv4Addr::LOCALHOST)) }
}

fn within(limits: Limits) -> Within {
    Within { limits, consent: Consent::Probe, now: now() }
}

fn now() -> DateTime<Utc> {
    Utc::now()
}

/// A machine that trusts one root that is none of ours.
fn some_roots() -> Roots {
    let other = pki::Authority::root("Another Root");
    Roots::of_machine(&[other.certificate.der().clone()])
}

fn and(roots: &Roots, pem: Option<&str>) -> Roots {
    pem.map_or_else(|| roots.clone(), |pem| roots.and_pem(pem.as_bytes()))
}

async fn check(port: u16, roots: Option<&str>) -> TlsLook {
    look(&target(port), &and(&some_roots(), roots), &within(limits())).await
}

async fn check_liar(port: u16) -> TlsLook {
    look(&target(port), &some_roots(), &within(short_limits())).await
}

fn seen<T: Clone + std::fmt::Debug>(fact: &Seen<T>) -> T {
    fact.value().cloned().unwrap_or_else(|| panic!("not seen: {:?}", fact.reason()))
}

fn accepted(endpoint: &TlsEndpoint) -> Vec<Version> {
    let versions = seen(&endpoint.versions);
    versions.iter().filter(|version| seen(&version.accepted)).map(|version| version.name).collect()
}

fn suites_of(endpoint: &TlsEndpoint, version: Version) -> Vec<String> {
    let mut names: Vec<String> = seen(&endpoint.suites)
        .items
        .into_iter()
        .filter(|suite| suite.version == version)
        .map(|suite| suite.name)
        .collect();
    names.sort();
    names
}

fn weak(endpoint: &TlsEndpoint) -> Vec<String> {
    let suites = seen(&endpoint.suites).items;
    suites.into_iter().filter(|suite| suite.strength == Strength::Weak).map(|suite| suite.name).collect()
}

fn certificates(look: &TlsLook) -> Vec<TlsCertificate> {
    let listed = seen(&look.certificates);
    assert_eq!(listed.cut, None);
    listed.items
}

fn only_certificate(look: &TlsLook) -> TlsCertificate {
    let mut all = certificates(look);
    assert_eq!(all.len(), 1, "{all:?}");
    all.remove(0)
}
