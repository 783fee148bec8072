//! Reads a certificate and judges the chain beside it, each property by itself.
//!
//! The verifying library stops at its first complaint, which is often not the reason: a self-signed certificate shows
//! as "CA used as end entity". So the library decides only whether the chain verifies, and the reasons are looked for
//! one by one. Never fetches an intermediate.

use chrono::{DateTime, Utc};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use seaworthy_core::facts::{Blind, Listed, Seen, Unseen};
use seaworthy_core::limits::QUOTE_CHARS_MAX;
use seaworthy_core::limits::tls::{CHAIN_MAX, NAMES_MAX};
use sha2::{Digest, Sha256};
use webpki::EndEntityCert;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::prelude::FromDer;
use x509_parser::public_key::PublicKey;
use x509_parser::time::ASN1Time;

use super::answer::bits;
use super::capture::Sent;
use super::facts::TlsCertificate;
use super::faults::{self, Judged};
use super::trust::Roots;
use crate::hexadecimal::hexadecimal;

/// What a chain is judged against.
#[derive(Debug, Clone, Copy)]
pub(super) struct Court<'a> {
    pub(super) name: &'a ServerName<'static>,
    pub(super) roots: &'a Roots,
    pub(super) provider: &'a CryptoProvider,
    pub(super) now: DateTime<Utc>,
}

/// Everything that is known of a certificate as sent; the caller knows the origin and the command.
pub(super) fn facts(sent: &Sent, court: &Court<'_>) -> TlsCertificate {
    let leaf_der = sent.chain.first().map_or(&[][..], Vec::as_slice);
    let chain: Vec<CertificateDer<'_>> =
        sent.chain.iter().map(|der| CertificateDer::from(der.as_slice())).collect();
    let parsed: Vec<Option<X509Certificate<'_>>> =
        chain.iter().take(CHAIN_MAX).map(|der| parse(der)).collect();
    let leaf = parsed.first().and_then(Option::as_ref);
    let judged = faults::judge(&chain, &parsed, court);
    let mut certificate = TlsCertificate {
        chain_complete: judged.complete.clone(),
        chain_length: sent.chain.len() as u64,
        key_proven: sent.key_proven.clone(),
        name_matches: name_matches(&chain, court.name),
        ..unread(sent, leaf_der, judged)
    };
    if let Some(leaf) = leaf {
        read(&mut certificate, leaf, court.now);
    }
    certificate
}

/// A certificate of which nothing could be read.
fn unread(sent: &Sent, leaf: &[u8], judged: Judged) -> TlsCertificate {
    let why = Unseen::new(Blind::Garbled, "the certificate cannot be read");
    TlsCertificate {
        address: sent.address.to_string(),
        origin: String::new(),
        by_hand: String::new(),
        sha256: hexadecimal(&Sha256::digest(leaf)),
        subject: why.clone().into(),
        issuer: why.clone().into(),
        names: why.clone().into(),
        name_matches: why.clone().into(),
        not_before: why.clone().into(),
        not_after: why.clone().into(),
        in_date: why.clone().into(),
        days_left: why.clone().into(),
        key_algorithm: why.clone().into(),
        key_bits: why.clone().into(),
        signature_algorithm: why.clone().into(),
        self_signed: why.clone().into(),
        chain_length: 0,
        chain_complete: judged.complete,
        chain_verifies: judged.verifies,
        chain_faults: judged.faults,
        key_proven: why.into(),
    }
}

fn read(certificate: &mut TlsCertificate, leaf: &X509Certificate<'_>, now: DateTime<Utc>) {
    certificate.subject = Seen::new(quoted(&leaf.subject().to_string()));
    certificate.issuer = Seen::new(quoted(&leaf.issuer().to_string()));
    certificate.names = names(leaf).map_or_else(
        || Seen::unseen(Blind::Garbled, "the names of the certificate cannot be read"),
        |names| Seen::new(Listed::bounded(names, NAMES_MAX, "names")),
    );
    let validity = leaf.validity();
    certificate.not_before = time(validity.not_before);
    certificate.not_after = time(validity.not_after);
    certificate.in_date = Seen::new(in_date(leaf, now));
    let seconds_left = validity.not_after.timestamp().saturating_sub(now.timestamp());
    certificate.days_left = Seen::new(seconds_left.div_euclid(86_400));
    (certificate.key_algorithm, certificate.key_bits) = key(leaf);
    certificate.signature_algorithm = Seen::new(signature_algorithm(leaf));
    certificate.self_signed = Seen::new(is_self_signed(leaf));
}

/// Reads one certificate; what follows it makes it unreadable, as it does for clients.
pub(super) fn parse(der: &[u8]) -> Option<X509Certificate<'_>> {
    X509Certificate::from_der(der).ok().and_then(|(rest, certificate)| rest.is_empty().then_some(certificate))
}

pub(super) fn in_date(certificate: &X509Certificate<'_>, now: DateTime<Utc>) -> bool {
    let validity = certificate.validity();
    (validity.not_before.timestamp()..=validity.not_after.timestamp()).contains(&now.timestamp())
}

/// Issued to itself, and not by another key of the same name as far as the key identifiers tell.
pub(super) fn is_self_signed(certificate: &X509Certificate<'_>) -> bool {
    if certificate.subject().as_raw() != certificate.issuer().as_raw() {
        return false;
    }
    let mut own = None;
    let mut issuing = None;
    for extension in certificate.extensions() {
        match extension.parsed_extension() {
            ParsedExtension::SubjectKeyIdentifier(id) => own = Some(id.0),
            ParsedExtension::AuthorityKeyIdentifier(id) => {
                issuing = id.key_identifier.as_ref().map(|id| id.0);
            }
            _ => {}
        }
    }
    own.is_none() || issuing.is_none() || own == issuing
}

fn name_matches(chain: &[CertificateDer<'_>], name: &ServerName<'static>) -> Seen<bool> {
    match chain.first().map(EndEntityCert::try_from) {
        Some(Ok(leaf)) => Seen::new(leaf.verify_is_valid_for_subject_name(name).is_ok()),
        // A client cannot read it either, so it is for no name.
        Some(Err(_)) => Seen::new(false),
        None => Seen::unseen(Blind::Garbled, "the server sent an empty chain"),
    }
}

fn names(leaf: &X509Certificate<'_>) -> Option<Vec<String>> {
    let Some(extension) = leaf.subject_alternative_name().ok()? else { return Some(Vec::new()) };
    Some(
        extension
            .value
            .general_names
            .iter()
            .filter_map(|name| match name {
                GeneralName::DNSName(name) => Some(quoted(name)),
                GeneralName::IPAddress(bytes) => address(bytes),
                _ => None,
            })
            .collect(),
    )
}

fn address(bytes: &[u8]) -> Option<String> {
    if let Ok(v4) = <[u8; 4]>::try_from(bytes) {
        return Some(std::net::Ipv4Addr::from(v4).to_string());
    }
    <[u8; 16]>::try_from(bytes).ok().map(|v6| std::net::Ipv6Addr::from(v6).to_string())
}

fn time(at: ASN1Time) -> Seen<DateTime<Utc>> {
    DateTime::from_timestamp(at.timestamp(), 0)
        .map_or_else(|| Seen::unseen(Blind::Garbled, "the date cannot be read"), Seen::new)
}

fn key(leaf: &X509Certificate<'_>) -> (Seen<String>, Seen<u32>) {
    let info = leaf.public_key();
    let oid = info.algorithm.algorithm.to_id_string();
    let unknown =
        || Seen::unseen(Blind::Unsupported, format!("the size of a key of kind {oid} is not known here"));
    match (info.parsed(), oid.as_str()) {
        (Ok(PublicKey::RSA(rsa)), _) => (Seen::new("RSA".into()), Seen::new(bits(rsa.modulus))),
        (Ok(PublicKey::EC(_)), _) => {
            let curve = info.algorithm.parameters.as_ref().and_then(|parameters| parameters.as_oid().ok());
            let bits = curve.and_then(|curve| curve_bits(&curve.to_id_string()));
            (Seen::new("EC".into()), bits.map_or_else(unknown, Seen::new))
        }
        (_, "1.3.101.112") => (Seen::new("Ed25519".into()), Seen::new(256)),
        (_, "1.3.101.113") => (Seen::new("Ed448".into()), Seen::new(456)),
        (_, "1.2.840.10040.4.1") => (Seen::new("DSA".into()), unknown()),
        _ => (Seen::new(quoted(&oid)), unknown()),
    }
}

fn curve_bits(oid: &str) -> Option<u32> {
    Some(match oid {
        "1.2.840.10045.3.1.1" => 192,
        "1.3.132.0.33" => 224,
        "1.2.840.10045.3.1.7" | "1.3.132.0.10" | "1.3.36.3.3.2.8.1.1.7" => 256,
        "1.3.132.0.34" | "1.3.36.3.3.2.8.1.1.11" => 384,
        "1.3.36.3.3.2.8.1.1.13" => 512,
        "1.3.132.0.35" => 521,
        _ => return None,
    })
}

/// The usual name of a signature algorithm, or its object identifier.
fn signature_algorithm(leaf: &X509Certificate<'_>) -> String {
    let oid = leaf.signature_algorithm.algorithm.to_id_string();
    let name = match oid.as_str() {
        "1.2.840.113549.1.1.4" => "md5WithRSAEncryption",
        "1.2.840.113549.1.1.5" => "sha1WithRSAEncryption",
        "1.2.840.113549.1.1.10" => "rsassaPss",
        "1.2.840.113549.1.1.11" => "sha256WithRSAEncryption",
        "1.2.840.113549.1.1.12" => "sha384WithRSAEncryption",
        "1.2.840.113549.1.1.13" => "sha512WithRSAEncryption",
        "1.2.840.10045.4.1" => "ecdsa-with-SHA1",
        "1.2.840.10045.4.3.2" => "ecdsa-with-SHA256",
        "1.2.840.10045.4.3.3" => "ecdsa-with-SHA384",
        "1.2.840.10045.4.3.4" => "ecdsa-with-SHA512",
        "1.3.101.112" => "Ed25519",
        "1.3.101.113" => "Ed448",
        _ => return quoted(&oid),
    };
    name.to_owned()
}

/// Whether a signature algorithm rests on a broken digest.
pub(super) fn is_weakly_signed(certificate: &X509Certificate<'_>) -> bool {
    let name = signature_algorithm(certificate);
    name.starts_with("md5") || name.starts_with("sha1") || name == "ecdsa-with-SHA1"
}

/// The size of an RSA key; `None` for other kinds.
pub(super) fn rsa_bits(certificate: &X509Certificate<'_>) -> Option<u32> {
    match certificate.public_key().parsed() {
        Ok(PublicKey::RSA(rsa)) => Some(bits(rsa.modulus)),
        _ => None,
    }
}

/// Whether the server's key is an RSA key.
pub(super) fn has_rsa_key(chain: &[Vec<u8>]) -> bool {
    chain.first().and_then(|der| parse(der)).is_some_and(|leaf| rsa_bits(&leaf).is_some())
}

/// Whether our provider cannot check a signature by the server's key: unreadable, RSA outside of 2048 to 8192 bits.
pub(super) fn key_cannot_be_checked(chain: &[Vec<u8>]) -> bool {
    let Some(leaf) = chain.first().and_then(|der| parse(der)) else { return true };
    match key(&leaf) {
        (Seen::Seen { value, .. }, Seen::Seen { value: bits, .. }) => match value.as_str() {
            "RSA" => !(2048..=8192).contains(&bits),
            "EC" => ![256, 384, 521].contains(&bits),
            other => other != "Ed25519",
        },
        _ => true,
    }
}

/// A time as the verifying library takes it.
pub(super) fn unix_time(seconds: i64) -> UnixTime {
    UnixTime::since_unix_epoch(std::time::Duration::from_secs(u64::try_from(seconds).unwrap_or(0)))
}

/// Text from a certificate, cut to what a finding quotes.
fn quoted(text: &str) -> String {
    text.chars().take(QUOTE_CHARS_MAX).collect()
}
