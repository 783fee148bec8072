//! Puts together what was found out about one origin.

use std::net::SocketAddr;

use seaworthy_core::facts::{Blind, Listed, Seen, Unseen};
use seaworthy_core::limits::tls::{ADDRESSES_MAX, CERTIFICATES_MAX};

use super::TlsTarget;
use super::answer::{Group, group};
use super::ask::{Accepted, Answer, Asker, INAPPROPRIATE_FALLBACK, Refusal};
use super::capture::{Captures, Sent};
use super::chain::{self, Court};
use super::facts::{Strength, TlsCertificate, TlsEndpoint, TlsLook, TlsSuite, TlsVersion, Version};
use super::scan::{Scan, VersionScan, suite_name};
use super::strength::strength;

/// Least size of a Diffie-Hellman group that is not weak, in bits (RFC 9325 section 4.5).
const DH_BITS_MIN: u32 = 2048;

/// What is asked once it is known what the server accepts.
#[derive(Debug)]
pub(super) struct Extras {
    compression_on: Seen<bool>,
    fallback_refused: Seen<Option<bool>>,
}

/// Offers compression in each version that knows it, and pretends to fall back.
pub(super) async fn extras(asker: Asker<'_>, scan: &Scan) -> Extras {
    let mut compression_on = scan.before_tls13(|_| false);
    for version in scan.versions.iter().filter(|scan| scan.version < Version::Tls13) {
        let Some(found) = version.found.first() else { continue };
        match asker.ask_compression(version.version, &[found.suite]).await {
            Answer::Accepted(accepted) if accepted.compression != 0 => {
                compression_on = Seen::new(true);
                break;
            }
            Answer::Accepted(_) => {}
            Answer::Refused(_) => compression_on = changed_its_mind(),
            Answer::Unseen(unseen) => compression_on = unseen.into(),
        }
    }
    Extras { compression_on, fallback_refused: fallback_refused(asker, scan).await }
}

async fn fallback_refused(asker: Asker<'_>, scan: &Scan) -> Seen<Option<bool>> {
    let mut accepted =
        scan.versions.iter().rev().filter_map(|scan| Some((scan.version, scan.found.first()?.suite)));
    let (Some(_), Some((lower, suite))) = (accepted.next(), accepted.next()) else {
        let unseen = scan.versions.iter().find_map(|scan| scan.accepted.as_ref().err());
        return unseen.map_or_else(|| Seen::new(None), |unseen| unseen.clone().into());
    };
    match asker.ask_fallback(lower, &[suite]).await {
        Answer::Accepted(_) => Seen::new(Some(false)),
        Answer::Refused(Refusal::Alert(INAPPROPRIATE_FALLBACK)) => Seen::new(Some(true)),
        Answer::Refused(_) => changed_its_mind(),
        Answer::Unseen(unseen) => unseen.into(),
    }
}

fn changed_its_mind<T>() -> Seen<T> {
    Seen::unseen(Blind::Garbled, "the server refused a suite that it accepted before")
}

/// Everything together.
pub(super) fn endpoint(
    target: &TlsTarget,
    addresses: &[SocketAddr],
    scan: Scan,
    captures: Vec<Captures>,
    extras: Extras,
    court: &Court<'_>,
) -> TlsLook {
    let address = addresses[0];
    let shown = Shown { target, address };
    let suites: Vec<TlsSuite> = scan.suites().collect();
    let any_accepted = scan.versions.iter().any(|scan| scan.accepted == Ok(true));
    let cut = scan.cut();
    let suites = if any_accepted {
        Seen::new(Listed { items: suites, cut: cut.cloned() })
    } else {
        scan.why_nothing().into()
    };
    let weak_suites = suites.clone().map(|suites| {
        let weak = suites.items.iter().filter(|suite| suite.strength == Strength::Weak);
        Listed {
            items: weak.map(|suite| format!("{} {}", suite.version, suite.name)).collect(),
            cut: suites.cut,
        }
    });
    let endpoint = TlsEndpoint {
        origin: target.origin(),
        address: Seen::new(address.to_string()),
        versions: Seen::new(scan.versions.iter().map(|scan| shown.version(scan)).collect()),
        suites,
        weak_suites,
        compression_on: extras.compression_on,
        insecure_renegotiation_allowed: scan.before_tls13(|accepted| !accepted.renegotiation_protected),
        fallback_refused: extras.fallback_refused,
        dh_bits_min: scan.dh_bits_min(),
        client_certificate_asked: client_certificate_asked(&scan, &captures),
    };
    TlsLook { endpoint, certificates: certificates(&shown, addresses, scan, captures, court) }
}

fn client_certificate_asked(scan: &Scan, captures: &[Captures]) -> Seen<bool> {
    let mut captured = captures.iter().flat_map(|captures| &captures.captures);
    let mut flights = scan.accepted().map(|(_, accepted)| &accepted.flight);
    let whole = |flight: &super::answer::Flight| flight.complete && flight.chain.is_some();
    let seen = !captures.iter().all(|captures| captures.captures.is_empty())
        || scan.accepted().any(|(_, accepted)| whole(&accepted.flight));
    let asked = captured.any(|capture| capture.client_certificate_asked)
        || flights.any(|flight| flight.client_certificate_asked);
    if asked || seen { Seen::new(asked) } else { scan.why_nothing().into() }
}

/// The different chains that were sent, those of finished handshakes first.
fn certificates(
    shown: &Shown<'_>,
    addresses: &[SocketAddr],
    scan: Scan,
    captures: Vec<Captures>,
    court: &Court<'_>,
) -> Seen<Listed<TlsCertificate>> {
    let why_nothing = scan.why_nothing();
    let mut cut = (addresses.len() > ADDRESSES_MAX).then(|| {
        let why = format!("the name has {} addresses, {ADDRESSES_MAX} were looked at", addresses.len());
        Unseen::new(Blind::CutShort, why)
    });
    let mut all: Vec<Sent> = Vec::new();
    for captures in captures {
        all.extend(captures.captures.into_iter().map(|capture| capture.sent));
        cut = cut.or(captures.cut);
    }
    for accepted in scan.versions.into_iter().flat_map(|scan| scan.found) {
        let why = "no handshake with this certificate was one that rustls finishes";
        let key_proven = Seen::unseen(Blind::Unsupported, why);
        all.extend(accepted.flight.chain.map(|chain| Sent { address: shown.address, chain, key_proven }));
    }
    let mut different: Vec<Sent> = Vec::new();
    for sent in all.into_iter().filter(|sent| !sent.chain.is_empty()) {
        match different.iter_mut().find(|known| known.chain == sent.chain) {
            // One handshake that proves the key is not undone by one that could not.
            Some(known) if known.key_proven == Seen::new(true) || sent.key_proven.value().is_none() => {}
            Some(known) => known.key_proven = sent.key_proven,
            None => different.push(sent),
        }
    }
    if different.is_empty() {
        return cut.unwrap_or(why_nothing).into();
    }
    let facts = |sent: &Sent| TlsCertificate {
        origin: shown.target.origin(),
        by_hand: shown.certificate(sent.address),
        ..chain::facts(sent, court)
    };
    let items = different.iter().map(facts).collect();
    let listed = Listed::bounded(items, CERTIFICATES_MAX, "certificates");
    Seen::new(Listed { cut: listed.cut.or(cut), ..listed })
}

impl Scan {
    /// Whether the server said anything that can be understood.
    pub(super) fn spoke(&self) -> bool {
        self.versions.iter().any(|scan| scan.accepted == Ok(true))
    }

    fn accepted(&self) -> impl Iterator<Item = (Version, &Accepted)> {
        self.versions.iter().flat_map(|scan| scan.found.iter().map(|found| (scan.version, found)))
    }

    /// Why nothing is known: the reason of the newest version that could not be seen.
    fn why_nothing(&self) -> Unseen {
        let why = self.versions.iter().rev().find_map(|scan| scan.accepted.as_ref().err());
        why.cloned().unwrap_or_else(|| Unseen::new(Blind::Garbled, "the server sent no certificate"))
    }

    /// Why there may be suites that were not found.
    fn cut(&self) -> Option<&Unseen> {
        self.versions.iter().rev().find_map(|scan| scan.accepted.as_ref().err().or(scan.cut.as_ref()))
    }

    /// Whether something holds for any accepted answer of the versions before TLS 1.3.
    fn before_tls13(&self, holds: impl Fn(&Accepted) -> bool) -> Seen<bool> {
        if self.accepted().any(|(version, accepted)| version < Version::Tls13 && holds(accepted)) {
            return Seen::new(true);
        }
        let old = self.versions.iter().filter(|scan| scan.version < Version::Tls13);
        let unseen = old.rev().find_map(|scan| scan.accepted.as_ref().err());
        unseen.map_or_else(|| Seen::new(false), |unseen| unseen.clone().into())
    }

    fn suites(&self) -> impl Iterator<Item = TlsSuite> {
        self.accepted().map(|(version, accepted)| {
            let name = suite_name(accepted.suite);
            let (mut strength, because) = strength(&name);
            let mut because = because.map(str::to_owned);
            let group = accepted.flight.key_exchange.as_deref().and_then(|body| group(&name, body));
            if let Some(Group::Finite(bits)) = group
                && bits < DH_BITS_MIN
                && strength != Strength::Weak
            {
                strength = Strength::Weak;
                because =
                    Some(format!("its Diffie-Hellman group has {bits} bits (RFC 9325 section 4.5: 2048)"));
            }
            TlsSuite { version, strength, because, group: group.map(group_name), name }
        })
    }

    fn dh_bits_min(&self) -> Seen<Option<u32>> {
        let mut min = None;
        for (_, accepted) in self.accepted() {
            let name = suite_name(accepted.suite);
            if !name.starts_with("TLS_DHE_") && !name.starts_with("TLS_DH_anon_") || name.contains("PSK") {
                continue;
            }
            match accepted.flight.key_exchange.as_deref().and_then(|body| group(&name, body)) {
                Some(Group::Finite(bits)) => min = Some(min.unwrap_or(bits).min(bits)),
                Some(Group::Curve(_)) | None => {
                    return Seen::unseen(
                        Blind::Garbled,
                        format!("the key exchange of {name} could not be read"),
                    );
                }
            }
        }
        match self.cut() {
            Some(why) => why.clone().into(),
            None => Seen::new(min),
        }
    }
}

fn group_name(group: Group) -> String {
    let curve = match group {
        Group::Finite(bits) => return format!("finite field, {bits} bits"),
        Group::Curve(curve) => curve,
    };
    match curve {
        0x0013 => "secp192r1".into(),
        0x0015 => "secp224r1".into(),
        0x0017 => "secp256r1".into(),
        0x0018 => "secp384r1".into(),
        0x0019 => "secp521r1".into(),
        0x001d => "x25519".into(),
        0x001e => "x448".into(),
        other => format!("curve 0x{other:04x}"),
    }
}

/// How a person sees it again.
struct Shown<'a> {
    target: &'a TlsTarget,
    address: SocketAddr,
}

impl Shown<'_> {
    fn client(&self, address: SocketAddr) -> String {
        let host = self.target.host();
        match host.parse::<std::net::IpAddr>() {
            Ok(_) => format!("openssl s_client -connect {address} -noservername"),
            Err(_) => format!("openssl s_client -connect {address} -servername {host}"),
        }
    }

    fn certificate(&self, address: SocketAddr) -> String {
        format!("{} -showcerts </dev/null", self.client(address))
    }

    fn version(&self, scan: &VersionScan) -> TlsVersion {
        let old = if scan.version < Version::Tls12 { " -cipher ALL:@SECLEVEL=0" } else { "" };
        let needs = if scan.version == Version::Ssl3 { " # an OpenSSL that still has SSL 3.0" } else { "" };
        let switch = scan.version.openssl_switch();
        let by_hand = format!("{} {switch}{old} </dev/null{needs}", self.client(self.address));
        let accepted = match &scan.accepted {
            Ok(accepted) => Seen::shown_by(*accepted, by_hand),
            Err(unseen) => unseen.clone().into(),
        };
        TlsVersion { name: scan.version, accepted }
    }
}

impl TlsLook {
    /// An origin of which nothing was seen.
    pub(super) fn nothing(target: &TlsTarget, why: &Unseen) -> Self {
        let endpoint = TlsEndpoint {
            origin: target.origin(),
            address: why.clone().into(),
            versions: why.clone().into(),
            suites: why.clone().into(),
            weak_suites: why.clone().into(),
            compression_on: why.clone().into(),
            insecure_renegotiation_allowed: why.clone().into(),
            fallback_refused: why.clone().into(),
            dh_bits_min: why.clone().into(),
            client_certificate_asked: why.clone().into(),
        };
        Self { endpoint, certificates: why.clone().into() }
    }
}
