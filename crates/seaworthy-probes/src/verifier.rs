//! The part of TLS that listens: hears what a server sends and signs, and lets its listener decide what follows.
//!
//! Must not end a handshake for a bad certificate: what it is worth is for the listener to note.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{DigitallySignedStruct, Error, ProtocolVersion, SignatureScheme};

/// What a server sent before it signed anything.
pub(crate) struct Sent<'a> {
    pub(crate) end_entity: &'a CertificateDer<'a>,
    pub(crate) intermediates: &'a [CertificateDer<'a>],
    pub(crate) name: &'a ServerName<'a>,
    pub(crate) ocsp: &'a [u8],
    pub(crate) now: UnixTime,
}

/// Whether the server signed the handshake with the key of its certificate.
pub(crate) type Signed = Result<HandshakeSignatureValid, Error>;

/// Who notes what a server shows of itself.
pub(crate) trait Listener: std::fmt::Debug + Send + Sync {
    /// Notes the certificates.
    fn sent(&self, sent: &Sent<'_>);

    /// Notes the signature, and decides whether the handshake goes on.
    fn signed(&self, version: ProtocolVersion, signed: Signed) -> Signed;

    /// The signatures that are offered to the server, of those that can be checked.
    fn offered(&self, schemes: Vec<SignatureScheme>) -> Vec<SignatureScheme> {
        schemes
    }
}

/// A verifier that tells a listener.
#[derive(Debug)]
pub(crate) struct Telling<L> {
    pub(crate) provider: Arc<CryptoProvider>,
    pub(crate) listener: Arc<L>,
}

impl<L: Listener> ServerCertVerifier for Telling<L> {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.listener.sent(&Sent { end_entity, intermediates, name, ocsp, now });
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Signed {
        let algorithms = &self.provider.signature_verification_algorithms;
        let signed = verify_tls12_signature(message, certificate, signed, algorithms);
        self.listener.signed(ProtocolVersion::TLSv1_2, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Signed {
        let algorithms = &self.provider.signature_verification_algorithms;
        let signed = verify_tls13_signature(message, certificate, signed, algorithms);
        self.listener.signed(ProtocolVersion::TLSv1_3, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.listener.offered(self.provider.signature_verification_algorithms.supported_schemes())
    }
}
