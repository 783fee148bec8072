//! Makes one connection: resolves a name, judges each address, dials the very address that was judged.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::RootCertStore;
use rustls::pki_types::ServerName;
use seaworthy_core::facts::{Blind, Unseen};
use seaworthy_core::limits::http::{ADDRESSES_MAX, HEAD_BYTES_MAX, HEADERS_MAX};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use url::{Host, Url};

use super::meter::{Meter, Metered};
use super::trust::{Trust, configuration};
use crate::dial::{self, End, Lost};

/// The body of a request: whole or streamed.
pub(super) type RequestBody = UnsyncBoxBody<Bytes, std::io::Error>;

/// A name that is dialled at a given address, like `curl --resolve`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolve {
    /// The host name of a URL.
    pub host: String,
    /// The port, or any port.
    pub port: Option<u16>,
    /// The address that is dialled instead of asking DNS.
    pub address: IpAddr,
}

/// What dialling needs to know.
#[derive(Debug, Clone)]
pub(super) struct Dialler {
    pub(super) resolve: Vec<Resolve>,
    pub(super) roots: Arc<RootCertStore>,
    pub(super) connect: Duration,
    /// The address to dial from: another client, as far as a server on this machine can tell.
    pub(super) from: Option<IpAddr>,
}

/// One open connection.
pub(super) struct Connection {
    pub(super) sender: http1::SendRequest<RequestBody>,
    pub(super) trust: Trust,
    pub(super) peer: SocketAddr,
    pub(super) meter: Arc<Meter>,
    driver: JoinHandle<()>,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

impl Dialler {
    /// The addresses of a URL's host that may be dialled, the least public first refusal otherwise.
    pub(super) async fn addresses(&self, url: &Url) -> Result<Vec<SocketAddr>, Unseen> {
        let found = self.look_up(url).await?.into_iter().take(ADDRESSES_MAX).collect();
        dial::allowed(host(url), found, "the service")
    }

    async fn look_up(&self, url: &Url) -> Result<Vec<SocketAddr>, Unseen> {
        let port = url.port_or_known_default().unwrap_or(80);
        let name = match url.host() {
            Some(Host::Ipv4(v4)) => return Ok(vec![SocketAddr::new(IpAddr::V4(v4), port)]),
            Some(Host::Ipv6(v6)) => return Ok(vec![SocketAddr::new(IpAddr::V6(v6), port)]),
            Some(Host::Domain(name)) => name,
            None => return Err(Unseen::new(Blind::NotGiven, "the URL names no host")),
        };
        let given = self.resolve.iter().filter(|given| {
            given.host.eq_ignore_ascii_case(name) && given.port.is_none_or(|wanted| wanted == port)
        });
        let given: Vec<_> = given.map(|given| SocketAddr::new(given.address, port)).collect();
        if !given.is_empty() {
            return Ok(given);
        }
        dial::look_up(name, port, self.connect).await
    }

    /// Connects to one of the addresses, the first that answers.
    pub(super) async fn connect(&self, url: &Url, addresses: &[SocketAddr]) -> Result<Connection, Lost> {
        let mut refusal: Option<Lost> = None;
        for &address in addresses {
            match self.connect_to(url, address).await {
                Ok(connection) => return Ok(connection),
                // An address that this machine has no way to says nothing where another one said something.
                Err(lost) if lost.end == End::NoRoute && refusal.is_some() => {}
                Err(lost) => refusal = Some(lost),
            }
        }
        Err(refusal.unwrap_or_else(|| Unseen::new(Blind::Unreachable, "there is no address to dial").into()))
    }

    async fn connect_to(&self, url: &Url, address: SocketAddr) -> Result<Connection, Lost> {
        let stream = dial::dialled(address, self.from, self.connect, "a service").await?;
        let meter = Arc::new(Meter::default());
        if url.scheme() != "https" {
            let trust = if address.ip().is_loopback() { Trust::PlainLoopback } else { Trust::Plain };
            return Ok(speak(stream, trust, address, meter).await?);
        }
        let name = server_name(url)?;
        let (tls, opinion) = configuration(&self.roots)
            .map_err(|error| Unseen::new(Blind::Crashed, format!("TLS could not be set up: {error}")))?;
        let handshake = TlsConnector::from(Arc::new(tls)).connect(name, stream);
        let stream = match timeout(self.connect, handshake).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return Err(not_tls(address, &error).into()),
            Err(_) => {
                let why = format!("{address} did not finish the TLS handshake within {:?}", self.connect);
                return Err(Unseen::new(Blind::Timeout, why).into());
            }
        };
        Ok(speak(stream, opinion.trust(), address, meter).await?)
    }
}

/// Starts HTTP/1.1 on a stream.
async fn speak<S>(stream: S, trust: Trust, peer: SocketAddr, meter: Arc<Meter>) -> Result<Connection, Unseen>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let metered = TokioIo::new(Metered::new(stream, Arc::clone(&meter)));
    let started = http1::Builder::new()
        .max_headers(HEADERS_MAX)
        .max_buf_size(HEAD_BYTES_MAX)
        .handshake::<_, RequestBody>(metered)
        .await;
    let (sender, connection) =
        started.map_err(|error| Unseen::new(Blind::Unreachable, format!("{peer} broke off: {error}")))?;
    // The driver's own error comes out at the request that waits for it.
    let driver = tokio::spawn(async move {
        drop(connection.await);
    });
    Ok(Connection { sender, trust, peer, meter, driver })
}

fn server_name(url: &Url) -> Result<ServerName<'static>, Unseen> {
    let name = match url.host() {
        Some(Host::Ipv4(v4)) => ServerName::from(IpAddr::V4(v4)),
        Some(Host::Ipv6(v6)) => ServerName::from(IpAddr::V6(v6)),
        Some(Host::Domain(name)) => ServerName::try_from(name.trim_end_matches('.').to_owned())
            .map_err(|_| Unseen::new(Blind::NotGiven, "the host is not a name that TLS can ask for"))?,
        None => return Err(Unseen::new(Blind::NotGiven, "the URL names no host")),
    };
    Ok(name)
}

/// A handshake that failed before any certificate could be judged.
fn not_tls(address: SocketAddr, error: &std::io::Error) -> Unseen {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match inner {
        Some(rustls::Error::InvalidMessage(_)) => {
            Unseen::new(Blind::Garbled, format!("{address} does not speak TLS"))
        }
        Some(error) => {
            let said: String = error.to_string().chars().take(120).collect();
            Unseen::new(Blind::Garbled, format!("{address} failed the TLS handshake: {said}"))
        }
        None => Unseen::new(Blind::Unreachable, format!("{address} broke off the TLS handshake")),
    }
}

/// The host of a URL as it would be written.
fn host(url: &Url) -> &str {
    url.host_str().unwrap_or("")
}
