//! Connects: resolves the name, judges each address, dials the very address that was judged.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::crypto::aws_lc_rs;
use rustls_pki_types::ServerName;
use seaworthy_core::facts::{Blind, Unseen};
use seaworthy_core::limits::Limits;
use seaworthy_core::limits::http::ADDRESSES_MAX;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::target::RedisTarget;
use crate::dial;

/// A stream to the server.
pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// One open connection.
pub(super) struct Connection {
    pub(super) stream: Box<dyn Stream>,
    pub(super) address: SocketAddr,
    /// Our own end.
    pub(super) local: Option<SocketAddr>,
}

/// Connects to the first address that answers. TLS is refused unless chain and name hold.
pub(super) async fn connect(target: &RedisTarget, limits: &Limits) -> Result<Connection, Unseen> {
    let mut refusal = Unseen::new(Blind::Unreachable, "there is no address to dial");
    for address in addresses(target, limits).await? {
        match connect_to(target, address, limits).await {
            Ok(connection) => return Ok(connection),
            Err(why) => refusal = why,
        }
    }
    Err(refusal)
}

/// The addresses that may be dialled.
async fn addresses(target: &RedisTarget, limits: &Limits) -> Result<Vec<SocketAddr>, Unseen> {
    let given = target.address.or_else(|| target.host.parse::<IpAddr>().ok());
    let mut found = match given {
        Some(address) => vec![SocketAddr::new(address, target.port)],
        None => dial::look_up(&target.host, target.port, limits.connect).await?,
    };
    found.truncate(ADDRESSES_MAX);
    dial::allowed(&target.host, found, "the Redis server")
}

async fn connect_to(
    target: &RedisTarget,
    address: SocketAddr,
    limits: &Limits,
) -> Result<Connection, Unseen> {
    let stream = tcp(address, limits).await?;
    let local = stream.local_addr().ok();
    if !target.tls {
        return Ok(Connection { stream: Box::new(stream), address, local });
    }
    let name = ServerName::try_from(target.host.clone())
        .map_err(|_| Unseen::new(Blind::NotGiven, "the host is not a name that TLS can ask for"))?;
    let handshake = TlsConnector::from(Arc::new(configuration(target)?)).connect(name, stream);
    match timeout(limits.connect, handshake).await {
        Ok(Ok(stream)) => Ok(Connection { stream: Box::new(stream), address, local }),
        Ok(Err(error)) => Err(no_tls(address, &error)),
        Err(_) => {
            let why = format!("{address} did not finish the TLS handshake within {:?}", limits.connect);
            Err(Unseen::new(Blind::Timeout, why).give("`redis://` where the server does not speak TLS"))
        }
    }
}

/// Opens a TCP connection.
pub(super) async fn tcp(address: SocketAddr, limits: &Limits) -> Result<TcpStream, Unseen> {
    dial::tcp(address, None, limits.connect, "a Redis server").await
}

fn configuration(target: &RedisTarget) -> Result<ClientConfig, Unseen> {
    let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
    let builder = builder
        .with_safe_default_protocol_versions()
        .map_err(|error| Unseen::new(Blind::Crashed, format!("TLS could not be set up: {error}")))?;
    Ok(builder.with_root_certificates(Arc::clone(&target.roots)).with_no_client_auth())
}

fn no_tls(address: SocketAddr, error: &io::Error) -> Unseen {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(rustls::Error::InvalidCertificate(fault)) => {
            let why = format!("the certificate at {address} is not trusted: {fault:?}");
            let why: String = why.chars().take(200).collect();
            Unseen::new(Blind::Unreachable, why).give("the authority's certificate as `ca` in the manifest")
        }
        Some(rustls::Error::InvalidMessage(_)) => {
            Unseen::new(Blind::Garbled, format!("{address} does not speak TLS"))
                .give("`redis://` where the server does not speak TLS")
        }
        Some(_) => Unseen::new(Blind::Garbled, format!("{address} failed the TLS handshake"))
            .give("a server that takes TLS 1.2 or 1.3 without a certificate of the client"),
        None => Unseen::new(Blind::Unreachable, format!("{address} broke off the TLS handshake")),
    }
}
