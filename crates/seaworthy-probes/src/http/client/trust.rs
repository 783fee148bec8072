//! Verifies certificates, and lets a connection with a bad one stand: marked, and never with a credential.

use std::sync::{Arc, Mutex};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerifier as _};
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, ProtocolVersion, RootCertStore};

use crate::verifier::{Listener, Sent, Signed, Telling};

/// How far a connection may be trusted with a credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trust {
    /// TLS with a certificate that verifies for the name.
    Verified,
    /// TLS with a certificate that does not verify, and why.
    Unverified(String),
    /// Plain HTTP to this very machine: nobody on a network can listen.
    PlainLoopback,
    /// Plain HTTP over a network.
    Plain,
}

impl Trust {
    /// Whether a credential may go over it, or in words why not.
    pub fn carries_credentials(&self) -> Result<(), String> {
        match self {
            Self::Verified | Self::PlainLoopback => Ok(()),
            Self::Unverified(why) => Err(format!("the certificate is not trusted: {why}")),
            Self::Plain => Err("the connection is not encrypted".to_owned()),
        }
    }
}

/// The roots that a client trusts: the system's, or the public set where the system has none, and extra ones.
pub fn roots(extra: &[CertificateDer<'static>]) -> Arc<RootCertStore> {
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if store.is_empty() {
        store.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    store.add_parsable_certificates(extra.iter().cloned());
    Arc::new(store)
}

/// A TLS configuration for one connection, and the place where its verifier writes what it thinks.
pub(super) fn configuration(
    roots: &Arc<RootCertStore>,
) -> Result<(ClientConfig, Arc<Opinion>), rustls::Error> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let strict = WebPkiServerVerifier::builder_with_provider(Arc::clone(roots), Arc::clone(&provider))
        .build()
        .map_err(|error| rustls::Error::General(error.to_string()))?;
    let opinion = Arc::new(Opinion { strict, verdict: Mutex::new(None) });
    let verifier = Telling { provider: Arc::clone(&provider), listener: Arc::clone(&opinion) };
    let mut configuration = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    configuration.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok((configuration, opinion))
}

/// A listener that records the strict verifier's complaint instead of ending the handshake.
#[derive(Debug)]
pub(super) struct Opinion {
    strict: Arc<WebPkiServerVerifier>,
    verdict: Mutex<Option<Result<(), String>>>,
}

impl Opinion {
    /// What the verifier thought, once the handshake is done.
    pub(super) fn trust(&self) -> Trust {
        match self.verdict.lock().ok().and_then(|verdict| verdict.clone()) {
            Some(Ok(())) => Trust::Verified,
            Some(Err(complaint)) => Trust::Unverified(complaint),
            None => Trust::Unverified("no certificate was judged".to_owned()),
        }
    }

    fn judge(&self, judged: Result<(), String>) {
        if let Ok(mut verdict) = self.verdict.lock() {
            *verdict = Some(judged);
        }
    }
}

impl Listener for Opinion {
    fn sent(&self, sent: &Sent<'_>) {
        let verified = self.strict.verify_server_cert(
            sent.end_entity,
            sent.intermediates,
            sent.name,
            sent.ocsp,
            sent.now,
        );
        self.judge(verified.map(drop).map_err(|error| error.to_string().chars().take(120).collect()));
    }

    /// A handshake that the certificate's key did not sign, or signed with a key too weak to be checked, stands like one
    /// with a bad certificate: marked, and without credentials.
    fn signed(&self, _: ProtocolVersion, signed: Signed) -> Signed {
        Ok(signed.unwrap_or_else(|_| {
            let complaint =
                "the handshake is not signed by the certificate's key, or the key is too weak to check";
            self.judge(Err(complaint.to_owned()));
            HandshakeSignatureValid::assertion()
        }))
    }
}
