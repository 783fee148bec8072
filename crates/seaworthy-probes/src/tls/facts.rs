//! What the `tls` probe sees of one HTTPS origin.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use seaworthy_core::facts::{Blind, Listed, Seen, Unseen};
use serde::Serialize;

pub use super::strength::Strength;

/// What was seen of all HTTPS origins of an environment.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct TlsFacts {
    /// The origins.
    pub endpoints: Seen<Listed<TlsEndpoint>>,
    /// The certificates of all origins.
    pub certificates: Seen<Listed<TlsCertificate>>,
}

impl TlsFacts {
    /// The looks together, and the origins that were too many to be looked at.
    pub(super) fn of(looks: Vec<TlsLook>, not_looked: &[String]) -> Self {
        let mut cut = not_looked.first().map(|origin| {
            let why = format!("{origin} and what follows it was not looked at");
            Unseen::new(Blind::CutShort, why)
                .give("fewer origins in one environment, or fewer addresses of one name")
        });
        let rest = cut.clone();
        let mut endpoints = Vec::new();
        let mut items = Vec::new();
        for look in looks {
            let of_origin =
                |why: Unseen| Unseen { why: format!("{}: {}", look.endpoint.origin, why.why), ..why };
            match look.certificates {
                Seen::Seen { value, .. } => {
                    items.extend(value.items);
                    cut = cut.or(value.cut.map(of_origin));
                }
                Seen::Unseen(why) => cut = cut.or(Some(of_origin(why))),
            }
            endpoints.push(look.endpoint);
        }
        let certificates = match cut {
            Some(why) if items.is_empty() => why.into(),
            cut => Seen::new(Listed { items, cut }),
        };
        Self { endpoints: Seen::new(Listed { items: endpoints, cut: rest }), certificates }
    }
}

/// What was seen of one HTTPS origin.
#[derive(Debug, Clone)]
pub struct TlsLook {
    /// What it accepts.
    pub endpoint: TlsEndpoint,
    /// The different certificates that it sends, over the addresses of its name and the kinds of keys; never empty.
    pub certificates: Seen<Listed<TlsCertificate>>,
}

/// One HTTPS origin: what it accepts.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct TlsEndpoint {
    /// The origin as the user would write it: `https://shop.example.com`.
    pub origin: String,
    /// The address whose versions and suites were asked for.
    pub address: Seen<String>,
    /// All versions from SSL 3.0 to TLS 1.3, oldest first.
    pub versions: Seen<Vec<TlsVersion>>,
    /// The suites that are accepted, of all versions.
    pub suites: Seen<Listed<TlsSuite>>,
    /// Those of them that are weak, as `TLS 1.2 NAME`.
    pub weak_suites: Seen<Listed<String>>,
    /// Whether compression is chosen when it is offered.
    pub compression_on: Seen<bool>,
    /// Whether a version with renegotiation is accepted without the protection of RFC 5746.
    pub insecure_renegotiation_allowed: Seen<bool>,
    /// Whether a second try with a lower version is refused (RFC 7507); `null` when only one version is accepted.
    pub fallback_refused: Seen<Option<bool>>,
    /// The least size of a finite-field Diffie-Hellman group, in bits; `null` when none is used.
    pub dh_bits_min: Seen<Option<u32>>,
    /// Whether clients are asked for a certificate.
    pub client_certificate_asked: Seen<bool>,
}

/// A version of the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub enum Version {
    /// SSL 3.0.
    #[serde(rename = "SSL 3.0")]
    Ssl3,
    /// TLS 1.0.
    #[serde(rename = "TLS 1.0")]
    Tls10,
    /// TLS 1.1.
    #[serde(rename = "TLS 1.1")]
    Tls11,
    /// TLS 1.2.
    #[serde(rename = "TLS 1.2")]
    Tls12,
    /// TLS 1.3.
    #[serde(rename = "TLS 1.3")]
    Tls13,
}

impl Version {
    /// All of them, oldest first.
    pub const ALL: [Self; 5] = [Self::Ssl3, Self::Tls10, Self::Tls11, Self::Tls12, Self::Tls13];

    /// The number on the wire.
    pub(super) fn wire(self) -> u16 {
        match self {
            Self::Ssl3 => 0x0300,
            Self::Tls10 => 0x0301,
            Self::Tls11 => 0x0302,
            Self::Tls12 => 0x0303,
            Self::Tls13 => 0x0304,
        }
    }

    /// The switch of `openssl s_client` that asks for this version and no other.
    pub(super) fn openssl_switch(self) -> &'static str {
        match self {
            Self::Ssl3 => "-ssl3",
            Self::Tls10 => "-tls1",
            Self::Tls11 => "-tls1_1",
            Self::Tls12 => "-tls1_2",
            Self::Tls13 => "-tls1_3",
        }
    }
}

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Ssl3 => "SSL 3.0",
            Self::Tls10 => "TLS 1.0",
            Self::Tls11 => "TLS 1.1",
            Self::Tls12 => "TLS 1.2",
            Self::Tls13 => "TLS 1.3",
        })
    }
}

/// Whether one version is accepted.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct TlsVersion {
    /// The version.
    pub name: Version,
    /// Whether the server goes on with it.
    pub accepted: Seen<bool>,
}

/// A cipher suite that the server accepts in one version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct TlsSuite {
    /// The version in which it is accepted.
    pub version: Version,
    /// Its name in the IANA registry.
    pub name: String,
    /// How strong it is, its Diffie-Hellman group included.
    pub strength: Strength,
    /// Why it is not strong.
    pub because: Option<String>,
    /// The group of the key exchange, where it is sent in clear: `x25519`, `finite field, 2048 bits`.
    pub group: Option<String>,
}

/// One certificate as really sent, with what follows from the chain beside it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct TlsCertificate {
    /// The origin that sends it: `https://shop.example.com`.
    pub origin: String,
    /// The address that sent it.
    pub address: String,
    /// A command that shows it again.
    pub by_hand: String,
    /// SHA-256 of the certificate, in hexadecimal.
    pub sha256: String,
    /// Whom it names.
    pub subject: Seen<String>,
    /// Who issued it.
    pub issuer: Seen<String>,
    /// The DNS names and addresses it is for.
    pub names: Seen<Listed<String>>,
    /// Whether it is for the name in the origin.
    pub name_matches: Seen<bool>,
    /// From when on it holds.
    pub not_before: Seen<DateTime<Utc>>,
    /// Until when it holds.
    pub not_after: Seen<DateTime<Utc>>,
    /// Whether it holds now.
    pub in_date: Seen<bool>,
    /// Whole days until it ends; negative when it has ended.
    pub days_left: Seen<i64>,
    /// The kind of key: `RSA`, `EC`, `Ed25519`, `Ed448`, `DSA`, or an object identifier.
    pub key_algorithm: Seen<String>,
    /// The size of the key, in bits.
    pub key_bits: Seen<u32>,
    /// With what it is signed: `sha256WithRSAEncryption`.
    pub signature_algorithm: Seen<String>,
    /// Whether it is signed by its own key.
    pub self_signed: Seen<bool>,
    /// How many certificates were sent, this one included.
    pub chain_length: u64,
    /// Whether the certificates as sent lead to a root that is trusted, or to a self-signed one, with nothing to fetch.
    /// Unseen where an authority's certificate comes last whose issuer is not known: that may be the root or a gap.
    pub chain_complete: Seen<bool>,
    /// Whether the chain leads to a trusted root and every signature, date and purpose in it is right.
    pub chain_verifies: Seen<bool>,
    /// What is wrong with the chain, judged one by one; empty when it verifies.
    pub chain_faults: Seen<Vec<ChainFault>>,
    /// Whether the server signed the handshake with the key of this certificate.
    pub key_proven: Seen<bool>,
}

/// One thing that is wrong with a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ChainFault {
    /// A certificate of the chain has ended.
    Expired,
    /// A certificate of the chain does not hold yet.
    NotYetValid,
    /// The server's certificate is signed by its own key and is not trusted.
    SelfSigned,
    /// The issuer of the last certificate was neither sent nor is it a trusted root.
    IssuerUnknown,
    /// The chain leads to a root that is not trusted.
    RootNotTrusted,
    /// A signature is wrong.
    BadSignature,
    /// A signature uses SHA-1 or MD5.
    WeakSignature,
    /// A certificate authority's key is too small to be trusted.
    WeakKey,
    /// A certificate is not for servers, or an issuer is not a certificate authority.
    WrongPurpose,
    /// A name is outside of what an issuer may sign, or the chain is longer than an issuer allows.
    ConstraintViolated,
    /// A certificate cannot be read or breaks the rules of its format.
    Malformed,
}
