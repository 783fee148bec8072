//! Records the certificates that a server sends, on connections that never carry anything.
//!
//! A handshake of rustls with a verifier that records: it judges nothing but whether the server signed the handshake
//! with the key of its certificate. Nothing is sent after the handshake.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::ResolvesClientCert;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::ServerName;
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, Error, ProtocolVersion, SignatureScheme, SupportedProtocolVersion};
use seaworthy_core::facts::{Blind, Seen, Unseen};
use tokio::time::timeout_at;
use tokio_rustls::TlsConnector;

use super::dial::Bounds;
use crate::verifier::{self, Listener, Signed, Telling};

/// Certificates as one server sent them.
#[derive(Debug, Clone)]
pub(super) struct Sent {
    pub(super) address: SocketAddr,
    /// The server's own first.
    pub(super) chain: Vec<Vec<u8>>,
    pub(super) key_proven: Seen<bool>,
}

/// What one handshake showed.
#[derive(Debug)]
pub(super) struct Capture {
    pub(super) sent: Sent,
    pub(super) client_certificate_asked: bool,
    version: ProtocolVersion,
}

/// Which certificates of one address were seen, and why there may be more.
#[derive(Debug, Default)]
pub(super) struct Captures {
    pub(super) captures: Vec<Capture>,
    pub(super) cut: Option<Unseen>,
}

/// Which kind of key a handshake asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Keys {
    Any,
    Rsa,
    NotRsa,
}

/// Asks an address for its certificate, then for the one with another kind of key, which it may have beside.
pub(super) async fn capture(
    address: SocketAddr,
    name: &ServerName<'static>,
    bounds: &Bounds,
    provider: &Arc<CryptoProvider>,
) -> Captures {
    let mut captures = Captures::default();
    let first = match handshake(address, name, bounds, provider, Keys::Any, rustls::ALL_VERSIONS).await {
        Ok(Some(first)) => first,
        Ok(None) => return captures,
        Err(unseen) => return Captures { cut: Some(unseen), ..captures },
    };
    let other = if super::chain::has_rsa_key(&first.sent.chain) { Keys::NotRsa } else { Keys::Rsa };
    let same: &[&SupportedProtocolVersion] = if first.version == ProtocolVersion::TLSv1_3 {
        &[&rustls::version::TLS13]
    } else {
        &[&rustls::version::TLS12]
    };
    captures.captures.push(first);
    match handshake(address, name, bounds, provider, other, same).await {
        Ok(second) => captures.captures.extend(second),
        Err(unseen) => captures.cut = Some(unseen),
    }
    captures
}

/// `None` when the server refuses such a handshake without a certificate.
async fn handshake(
    address: SocketAddr,
    name: &ServerName<'static>,
    bounds: &Bounds,
    provider: &Arc<CryptoProvider>,
    keys: Keys,
    versions: &[&'static SupportedProtocolVersion],
) -> Result<Option<Capture>, Unseen> {
    let recorder = Arc::new(Recorder { keys, heard: Mutex::default() });
    let config = config(&recorder, provider, versions)
        .map_err(|error| Unseen::new(Blind::Crashed, format!("a handshake cannot be set up: {error}")))?;
    let stream = bounds.connect(address).await?;
    let connect = TlsConnector::from(Arc::new(config)).connect(name.clone(), stream);
    let outcome = timeout_at(bounds.answer_by(), connect).await;
    let heard = std::mem::take(&mut *recorder.heard.lock().unwrap_or_else(PoisonError::into_inner));
    if let Some(chain) = heard.chain {
        let version = heard.version.unwrap_or(ProtocolVersion::TLSv1_2);
        let unproven = || {
            let why = "the handshake ended before the server signed it with a key that can be checked";
            Seen::unseen(Blind::Unsupported, why)
        };
        let key_proven = heard.key_proven.map_or_else(unproven, Seen::new);
        let sent = Sent { address, chain, key_proven };
        return Ok(Some(Capture { sent, client_certificate_asked: heard.client_certificate_asked, version }));
    }
    match outcome {
        Ok(Ok(_)) => Err(Unseen::new(Blind::Garbled, "the server sent no certificate")),
        Ok(Err(error)) => refused_or_unseen(&error),
        Err(_) => Err(Unseen::new(Blind::Timeout, format!("{address} did not finish a handshake in time"))
            .give("find what swallows the handshake")),
    }
}

fn refused_or_unseen(error: &std::io::Error) -> Result<Option<Capture>, Unseen> {
    let refused = match error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) {
        Some(Error::AlertReceived(_) | Error::PeerIncompatible(_)) => true,
        Some(_) => false,
        None => {
            matches!(error.kind(), std::io::ErrorKind::UnexpectedEof | std::io::ErrorKind::ConnectionReset)
        }
    };
    if refused {
        Ok(None)
    } else {
        Err(Unseen::new(Blind::Garbled, format!("a handshake broke: {}", error.kind())))
    }
}

fn config(
    recorder: &Arc<Recorder>,
    provider: &Arc<CryptoProvider>,
    versions: &[&'static SupportedProtocolVersion],
) -> Result<ClientConfig, Error> {
    let mut narrowed = (**provider).clone();
    narrowed.cipher_suites.retain(|suite| {
        let name = format!("{:?}", suite.suite());
        match recorder.keys {
            Keys::Any => true,
            Keys::Rsa => !name.contains("ECDSA"),
            Keys::NotRsa => !name.contains("_RSA_"),
        }
    });
    let config = ClientConfig::builder_with_provider(Arc::new(narrowed)).with_protocol_versions(versions)?;
    let verifier = Telling { provider: Arc::clone(provider), listener: Arc::clone(recorder) };
    let config = config.dangerous().with_custom_certificate_verifier(Arc::new(verifier));
    let mut config = config.with_client_cert_resolver(recorder.clone());
    config.resumption = rustls::client::Resumption::disabled();
    Ok(config)
}

#[derive(Debug, Default)]
struct Heard {
    chain: Option<Vec<Vec<u8>>>,
    version: Option<ProtocolVersion>,
    key_proven: Option<bool>,
    client_certificate_asked: bool,
}

#[derive(Debug)]
struct Recorder {
    keys: Keys,
    heard: Mutex<Heard>,
}

impl Recorder {
    fn hear(&self, note: impl FnOnce(&mut Heard)) {
        note(&mut self.heard.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Listener for Recorder {
    fn sent(&self, sent: &verifier::Sent<'_>) {
        let chain = std::iter::once(sent.end_entity).chain(sent.intermediates);
        let chain = chain.map(|der| der.to_vec()).collect();
        self.hear(|heard| heard.chain = Some(chain));
    }

    /// A key that cannot be checked, such as RSA with 1024 bits, proves neither yes nor no.
    fn signed(&self, version: ProtocolVersion, signed: Signed) -> Signed {
        self.hear(|heard| {
            heard.version = Some(version);
            let small = heard.chain.as_deref().is_none_or(super::chain::key_cannot_be_checked);
            heard.key_proven = match &signed {
                Ok(_) => Some(true),
                Err(_) if small => None,
                Err(_) => Some(false),
            };
        });
        signed
    }

    fn offered(&self, mut schemes: Vec<SignatureScheme>) -> Vec<SignatureScheme> {
        // PKCS 1 signatures stay: TLS 1.3 has them in certificates only, and for TLS 1.2 the suites decide.
        schemes.retain(|scheme| match self.keys {
            Keys::Any => true,
            Keys::Rsa => is_pkcs1(*scheme) || is_pss(*scheme),
            Keys::NotRsa => !is_pss(*scheme),
        });
        schemes
    }
}

fn is_pss(scheme: SignatureScheme) -> bool {
    matches!(
        scheme,
        SignatureScheme::RSA_PSS_SHA256 | SignatureScheme::RSA_PSS_SHA384 | SignatureScheme::RSA_PSS_SHA512
    )
}

fn is_pkcs1(scheme: SignatureScheme) -> bool {
    matches!(
        scheme,
        SignatureScheme::RSA_PKCS1_SHA256
            | SignatureScheme::RSA_PKCS1_SHA384
            | SignatureScheme::RSA_PKCS1_SHA512
    )
}

impl ResolvesClientCert for Recorder {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.hear(|heard| heard.client_certificate_asked = true);
        None
    }

    fn has_certs(&self) -> bool {
        false
    }
}
