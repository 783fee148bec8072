//! Whether a chain verifies, and everything that is wrong with it.

use chrono::DateTime;
use rustls::pki_types::CertificateDer;
use seaworthy_core::facts::{Blind, Seen, Unseen};
use seaworthy_core::limits::tls::CHAIN_MAX;
use webpki::{EndEntityCert, Error, KeyUsage};
use x509_parser::certificate::X509Certificate;

use super::chain::{Court, in_date, is_self_signed, is_weakly_signed, parse, rsa_bits, unix_time};
use super::facts::ChainFault;

/// What was judged of a chain.
#[derive(Debug)]
pub(super) struct Judged {
    pub(super) complete: Seen<bool>,
    pub(super) verifies: Seen<bool>,
    pub(super) faults: Seen<Vec<ChainFault>>,
}

/// Where the certificates as sent lead to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Leads {
    ToTrusted,
    ToSelfSigned,
    Nowhere,
}

/// Least size of an RSA key of an authority that clients trust, in bits.
const RSA_BITS_MIN: u32 = 2048;

pub(super) fn judge(
    chain: &[CertificateDer<'_>],
    parsed: &[Option<X509Certificate<'_>>],
    court: &Court<'_>,
) -> Judged {
    let now = court.now.timestamp();
    match verify(chain, now, court) {
        Ok(()) if let Some(why) = unanswered_for(chain, now, court) => {
            Judged { complete: Seen::new(true), verifies: why.clone().into(), faults: why.into() }
        }
        Ok(()) => {
            Judged { complete: Seen::new(true), verifies: Seen::new(true), faults: Seen::new(Vec::new()) }
        }
        Err(error) => {
            let (path, leads) = walk(parsed, court);
            let faults = faults(chain, &path, leads, &error, court);
            let unsure = unsure(chain, leads, &faults, court);
            let complete = match (leads, &unsure) {
                (Leads::Nowhere, Some(why)) => why.clone().into(),
                (Leads::Nowhere, None) if path.last().is_some_and(|last| last.is_ca()) => {
                    let why = "the last certificate is an authority's, and its issuer is not known here";
                    Unseen::new(Blind::Unsupported, why).give("the root of that authority under `ca`").into()
                }
                (Leads::Nowhere, None) => Seen::new(false),
                (Leads::ToTrusted | Leads::ToSelfSigned, _) => Seen::new(true),
            };
            match unsure {
                Some(why) => Judged { complete, verifies: why.clone().into(), faults: why.into() },
                None => Judged { complete, verifies: Seen::new(false), faults: Seen::new(faults) },
            }
        }
    }
}

/// Why a chain that verifies shows nothing: it leads to a root that the manifest alone names.
fn unanswered_for(chain: &[CertificateDer<'_>], now: i64, court: &Court<'_>) -> Option<Unseen> {
    let (roots, why) = court.roots.answered_for.as_ref()?;
    verify(chain, now, &Court { roots, ..*court }).is_err().then(|| why.clone())
}

/// When a chain that does not verify here may still be sound.
fn unsure(
    chain: &[CertificateDer<'_>],
    leads: Leads,
    faults: &[ChainFault],
    court: &Court<'_>,
) -> Option<Unseen> {
    if chain.len() > CHAIN_MAX {
        let why = format!("{} certificates were sent, and the first {CHAIN_MAX} do not verify", chain.len());
        return Some(
            Unseen::new(Blind::CutShort, why).give("send only the certificates that lead to the root"),
        );
    }
    let only_trust = [ChainFault::SelfSigned, ChainFault::RootNotTrusted, ChainFault::IssuerUnknown];
    if leads != Leads::ToTrusted && faults.iter().all(|fault| only_trust.contains(fault)) {
        return court.roots.gap.clone();
    }
    if faults.is_empty() {
        let why = "the chain uses an algorithm that cannot be checked here";
        return Some(Unseen::new(Blind::Unsupported, why).give("look with `openssl verify`"));
    }
    None
}

fn verify(chain: &[CertificateDer<'_>], seconds: i64, court: &Court<'_>) -> Result<(), Error> {
    let Some((leaf, rest)) = chain.split_first() else { return Err(Error::BadDer) };
    let sent = &rest[..rest.len().min(CHAIN_MAX - 1)];
    let own = EndEntityCert::try_from(leaf)?;
    let verified = own.verify_for_usage(
        court.provider.signature_verification_algorithms.all,
        court.roots.anchors(),
        sent,
        unix_time(seconds),
        KeyUsage::server_auth(),
        None,
        None,
    );
    match verified.map(|_| ()) {
        // A self-signed certificate that is itself a root, as `openssl req -x509` makes them, is one that clients take
        // when they are told to trust it; only this library does not.
        Err(Error::CaUsedAsEndEntity) if court.roots.has(leaf) && holds_at(leaf, seconds) => Ok(()),
        other => other,
    }
}

fn holds_at(leaf: &CertificateDer<'_>, seconds: i64) -> bool {
    let at = DateTime::from_timestamp(seconds, 0);
    parse(leaf).zip(at).is_some_and(|(leaf, at)| in_date(&leaf, at))
}

/// Follows the issuers from the server's certificate through those that were sent.
fn walk<'a, 'p>(
    parsed: &'p [Option<X509Certificate<'a>>],
    court: &Court<'_>,
) -> (Vec<&'p X509Certificate<'a>>, Leads) {
    let sent: Vec<&X509Certificate<'_>> = parsed.iter().flatten().collect();
    let mut path: Vec<&X509Certificate<'_>> = Vec::new();
    let Some(Some(leaf)) = parsed.first() else { return (path, Leads::Nowhere) };
    let mut at = leaf;
    loop {
        path.push(at);
        if court.roots.has_subject(content(at.issuer().as_raw())) {
            return (path, Leads::ToTrusted);
        }
        if is_self_signed(at) {
            return (path, Leads::ToSelfSigned);
        }
        let issuer = at.issuer().as_raw();
        let new =
            |candidate: &&&X509Certificate<'_>| !path.iter().any(|seen| std::ptr::eq(*seen, **candidate));
        match sent.iter().filter(new).find(|candidate| candidate.subject().as_raw() == issuer) {
            Some(next) => at = next,
            None => return (path, Leads::Nowhere),
        }
    }
}

fn faults(
    chain: &[CertificateDer<'_>],
    path: &[&X509Certificate<'_>],
    leads: Leads,
    error: &Error,
    court: &Court<'_>,
) -> Vec<ChainFault> {
    let mut faults = Vec::new();
    if path.is_empty() {
        return vec![ChainFault::Malformed];
    }
    let now = court.now.timestamp();
    let mut add = |holds: bool, fault: ChainFault| {
        if holds && !faults.contains(&fault) {
            faults.push(fault);
        }
    };
    for certificate in path.iter().filter(|certificate| !in_date(certificate, court.now)) {
        let early = certificate.validity().not_before.timestamp() > now;
        add(true, if early { ChainFault::NotYetValid } else { ChainFault::Expired });
    }
    match leads {
        Leads::ToTrusted => {}
        Leads::ToSelfSigned if path.len() == 1 => add(true, ChainFault::SelfSigned),
        Leads::ToSelfSigned => add(true, ChainFault::RootNotTrusted),
        Leads::Nowhere => add(true, ChainFault::IssuerUnknown),
    }
    // Nobody checks the signature of a root by its own key.
    let signed = path.iter().filter(|certificate| !is_self_signed(certificate));
    add(signed.into_iter().any(|certificate| is_weakly_signed(certificate)), ChainFault::WeakSignature);
    add(
        path.iter().skip(1).any(|issuer| rsa_bits(issuer).is_some_and(|bits| bits < RSA_BITS_MIN)),
        ChainFault::WeakKey,
    );
    // Asked again at a time when all dates are right, the library names what the dates hid.
    let hidden = all_in_date(path).and_then(|seconds| verify(chain, seconds, court).err());
    let named = hidden.as_ref().or(Some(error)).and_then(named);
    // A weak key or signature shows as a bad signature too, because the library knows no such algorithm.
    let explained = faults.contains(&ChainFault::WeakKey) || faults.contains(&ChainFault::WeakSignature);
    let self_signed_authority = leads == Leads::ToSelfSigned && path.len() == 1;
    match named {
        Some(ChainFault::BadSignature) if explained => {}
        Some(ChainFault::WrongPurpose) if self_signed_authority => {}
        Some(fault) if !faults.contains(&fault) => faults.push(fault),
        Some(_) | None => {}
    }
    faults
}

/// A time at which every certificate of the path is in date, if there is one.
fn all_in_date(path: &[&X509Certificate<'_>]) -> Option<i64> {
    let from = path.iter().map(|certificate| certificate.validity().not_before.timestamp()).max()?;
    let until = path.iter().map(|certificate| certificate.validity().not_after.timestamp()).min()?;
    (from <= until).then_some(from)
}

/// What the library's complaint says beyond dates and trust, which are looked for here.
fn named(error: &Error) -> Option<ChainFault> {
    Some(match error {
        Error::InvalidSignatureForPublicKey | Error::SignatureAlgorithmMismatch => ChainFault::BadSignature,
        Error::CaUsedAsEndEntity
        | Error::EndEntityUsedAsCa
        | Error::EmptyEkuExtension
        | Error::RequiredEkuNotFoundContext(_) => ChainFault::WrongPurpose,
        Error::NameConstraintViolation | Error::PathLenConstraintViolated | Error::CertDistrusted => {
            ChainFault::ConstraintViolated
        }
        Error::BadDer
        | Error::BadDerTime
        | Error::ExtensionValueInvalid
        | Error::InvalidCertValidity
        | Error::InvalidSerialNumber
        | Error::MalformedDnsIdentifier
        | Error::MalformedExtensions
        | Error::MalformedNameConstraint
        | Error::InvalidNetworkMaskConstraint
        | Error::TrailingData(_)
        | Error::UnsupportedCertVersion
        | Error::UnsupportedCriticalExtension => ChainFault::Malformed,
        // The rest is about dates and trust, about revocation lists, which are not used, or about algorithms.
        _ => return None,
    })
}

/// The content of a DER sequence, without its head.
fn content(sequence: &[u8]) -> &[u8] {
    let head = match sequence.get(1) {
        Some(length) if *length < 0x80 => 2,
        Some(length) => 2 + usize::from(length & 0x7f),
        None => 0,
    };
    sequence.get(head..).unwrap_or_default()
}
