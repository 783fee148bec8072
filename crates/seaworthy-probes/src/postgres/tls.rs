//! TLS towards a server: what its certificate is worth is noted, and the login decides what may follow.
//!
//! Must not turn an unverified server into a verified one: `tls_fault` is `None` only when chain and name hold.

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier as _;
use rustls::crypto::aws_lc_rs;
use rustls::{ClientConfig, Error, ProtocolVersion, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use seaworthy_core::limits::PEM_BYTES_MAX;
use tokio::net::TcpStream;
use tokio_postgres::tls::{MakeTlsConnect, TlsConnect};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::wire::Secured;
use crate::verifier::{Listener, Sent, Signed, Telling};

/// Why a certificate is not worth trusting, if it is not.
type Fault = Arc<Mutex<Option<String>>>;

/// A TLS connection and what its certificate is worth.
pub(super) struct Handshake {
    pub(super) stream: Secured,
    /// `None` when the certificate's chain ends in a trusted root and its name is the server's.
    pub(super) fault: Option<String>,
}

/// Makes TLS of a stream over which the server has agreed to it.
pub(super) async fn handshake(stream: TcpStream, host: &str, roots: RootCertStore) -> io::Result<Handshake> {
    let fault = Fault::default();
    let config = client_config(roots, &fault)?;
    let connector = MakeTlsConnect::<TcpStream>::make_tls_connect(&mut MakeRustlsConnect::new(config), host)
        .map_err(io::Error::other)?;
    let stream = connector.connect(stream).await?;
    let fault = fault.lock().unwrap_or_else(PoisonError::into_inner).take();
    Ok(Handshake { stream, fault })
}

fn client_config(roots: RootCertStore, fault: &Fault) -> io::Result<ClientConfig> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let chain = if roots.is_empty() {
        None
    } else {
        let builder = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone());
        Some(builder.build().map_err(io::Error::other)?)
    };
    let listener = Arc::new(Noting { chain, fault: fault.clone() });
    let verifier = Telling { provider: provider.clone(), listener };
    Ok(ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth())
}

/// The roots to trust: the given file and the manifest's, or the machine's own.
///
/// As `sslrootcert` does in libpq, a given file stands instead of the machine's roots.
pub(super) fn roots(file: Option<&Path>, ca_pem: Option<&[u8]>) -> Result<RootCertStore, String> {
    let mut store = RootCertStore::empty();
    if let Some(path) = file {
        let length =
            std::fs::metadata(path).map_err(|_| "`sslrootcert` names no file that can be read")?.len();
        if length > PEM_BYTES_MAX {
            return Err("`sslrootcert` names a file that is too long".into());
        }
        let pem = std::fs::read(path).map_err(|_| "`sslrootcert` names no file that can be read")?;
        add(&mut store, &pem)?;
        return Ok(store);
    }
    if let Some(pem) = ca_pem {
        add(&mut store, pem)?;
    }
    store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if store.is_empty() {
        store.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    Ok(store)
}

fn add(store: &mut RootCertStore, pem: &[u8]) -> Result<(), String> {
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|_| "the file with roots is not PEM")?;
        store.add(certificate).map_err(|_| "the file with roots holds a certificate that cannot be one")?;
    }
    Ok(())
}

/// Notes why a certificate should not be let through. A handshake that its key did not sign ends.
#[derive(Debug)]
struct Noting {
    chain: Option<Arc<WebPkiServerVerifier>>,
    fault: Fault,
}

impl Listener for Noting {
    fn sent(&self, sent: &Sent<'_>) {
        let Sent { end_entity, intermediates, name, ocsp, now } = *sent;
        let fault = match &self.chain {
            None => Some("no root certificates are at hand".to_owned()),
            Some(chain) => chain
                .verify_server_cert(end_entity, intermediates, name, ocsp, now)
                .err()
                .map(|error| words(&error)),
        };
        *self.fault.lock().unwrap_or_else(PoisonError::into_inner) = fault;
    }

    fn signed(&self, _: ProtocolVersion, signed: Signed) -> Signed {
        signed
    }
}

/// The library's first complaint in words of ours: it is one reason, not a list of all.
fn words(error: &Error) -> String {
    use rustls::CertificateError as Bad;
    let Error::InvalidCertificate(bad) = error else {
        return "the certificate cannot be read".into();
    };
    match bad {
        Bad::Expired | Bad::ExpiredContext { .. } => "the certificate has expired",
        Bad::NotValidYet | Bad::NotValidYetContext { .. } => "the certificate is not valid yet",
        Bad::NotValidForName | Bad::NotValidForNameContext { .. } => "the certificate is for another name",
        Bad::UnknownIssuer => "the certificate's issuer is not trusted here",
        _ => "the certificate's chain does not hold",
    }
    .into()
}
