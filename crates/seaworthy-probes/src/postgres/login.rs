//! Signing in to a server.
//!
//! Must not let a password leave before the server is proven: by a certificate that verifies for its name, by
//! a Unix socket, by binding SCRAM to the certificate that was shown, or, on loopback, by SCRAM alone.

use std::net::IpAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use seaworthy_core::facts::{Blind, Unseen};
use seaworthy_core::limits::{Limits, SCRAM_ITERATIONS_MAX, SCRAM_ITERATIONS_MIN};
use secrecy::ExposeSecret;
use tokio::net::{TcpStream, UnixStream};
use tokio::task::{AbortHandle, JoinSet};
use tokio_postgres::config::{ChannelBinding, SslMode, SslNegotiation};
use tokio_postgres::tls::TlsConnect;
use tokio_postgres::{Client, Config};

use super::door::{APPLICATION_NAME, Opened, agrees_to_tls, open, peer, sqlstate, unreachable};
use super::facts::TlsDemand;
use super::target::Address;
use super::tls;
use super::wire::{Asked, Ear, Guard, Policy, Refusal, Transport};

/// A session that the server has let in.
pub(super) struct LoggedIn {
    pub(super) client: Client,
    /// Drives the connection; ends when this is dropped.
    pub(super) driver: JoinSet<()>,
    /// Breaks the connection off.
    pub(super) abort: AbortHandle,
    pub(super) ear: Ear,
    pub(super) way: Way,
}

/// How we came to the server.
#[derive(Debug, Clone)]
pub(super) struct Way {
    /// Inside TLS.
    pub(super) tls: bool,
    /// Why the certificate is not trusted, if there is one and it is not.
    pub(super) tls_fault: Option<String>,
    /// The server's address; none for a Unix socket.
    pub(super) peer: Option<IpAddr>,
    /// Our own port, as the server shows it in its process list.
    pub(super) own_port: Option<u16>,
}

/// Why we were not let in.
#[derive(Debug, Clone)]
pub(super) struct NotIn {
    pub(super) why: Unseen,
    /// The server's code, where it gave one.
    pub(super) sqlstate: Option<String>,
}

impl From<Unseen> for NotIn {
    fn from(why: Unseen) -> Self {
        Self { why, sqlstate: None }
    }
}

/// A stream on which TLS is settled; `tokio-postgres` must not begin any of its own.
struct Settled;

impl TlsConnect<Guard> for Settled {
    type Stream = Guard;
    type Error = std::convert::Infallible;
    type Future = Ready;

    fn connect(self, stream: Guard) -> Ready {
        Ready(Some(stream))
    }
}

/// A future that is ready at once.
struct Ready(Option<Guard>);

impl Future for Ready {
    type Output = Result<Guard, std::convert::Infallible>;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        match self.0.take() {
            Some(stream) => Poll::Ready(Ok(stream)),
            None => Poll::Pending,
        }
    }
}

/// Signs in.
pub(super) async fn login(
    address: &Address,
    ca_pem: Option<&[u8]>,
    limits: &Limits,
) -> Result<LoggedIn, NotIn> {
    let opened = open(address, limits.connect).await?;
    tokio::time::timeout(limits.answer, login_over(opened, address, ca_pem))
        .await
        .map_err(|_| Unseen::new(Blind::Timeout, "the server did not finish the login in time"))?
}

async fn login_over(opened: Opened, address: &Address, ca_pem: Option<&[u8]>) -> Result<LoggedIn, NotIn> {
    let (transport, way, policy) = match opened {
        Opened::Socket(stream) => {
            let way = Way { tls: false, tls_fault: None, peer: None, own_port: None };
            (Transport::Socket(stream), way, Policy::AnyPassword)
        }
        Opened::Tcp(stream) => over_tcp(stream, address, ca_pem).await?,
    };
    let mut config = Config::new();
    config.user(&address.user).dbname(&address.database).application_name(APPLICATION_NAME);
    if let Some(password) = &address.password {
        config.password(password.expose_secret());
    }
    config.channel_binding(match (way.tls, &way.tls_fault) {
        (true, Some(_)) => ChannelBinding::Require,
        (true, None) => ChannelBinding::Prefer,
        (false, _) => ChannelBinding::Disable,
    });
    // `Direct` keeps the library from asking for TLS once more on a stream that has it.
    config.ssl_mode(if way.tls { SslMode::Require } else { SslMode::Disable });
    config.ssl_negotiation(SslNegotiation::Direct);
    let (guard, ear) = Guard::new(transport, policy);
    match config.connect_raw(guard, Settled).await {
        Ok((client, connection)) => {
            let mut driver = JoinSet::new();
            let abort = driver.spawn(async move {
                // How it ended is told by the statement that was under way.
                let _ = connection.await;
            });
            Ok(LoggedIn { client, driver, abort, ear, way })
        }
        Err(error) => Err(not_in(&error, &ear, &way, address)),
    }
}

async fn over_tcp(
    mut stream: TcpStream,
    address: &Address,
    ca_pem: Option<&[u8]>,
) -> Result<(Transport, Way, Policy), NotIn> {
    let peer = peer(&stream);
    let own_port = stream.local_addr().ok().map(|own| own.port());
    let loopback = peer.is_some_and(|peer| peer.is_loopback());
    let clear = Way { tls: false, tls_fault: None, peer, own_port };
    if loopback && address.tls == TlsDemand::Disable {
        return Ok((Transport::Plain(stream), clear, Policy::OnlyScram));
    }
    if !agrees_to_tls(&mut stream).await? {
        if loopback && !address.tls.is_binding() {
            return Ok((Transport::Plain(stream), clear, Policy::OnlyScram));
        }
        return Err(Unseen::new(Blind::Denied, "the server offers no TLS, so no password was sent to it")
            .give("turn on `ssl` in postgresql.conf, or look from the server's own machine over its socket")
            .into());
    }
    let host = address.host().unwrap_or_default();
    let roots = tls::roots(address.root_certificates.as_deref(), ca_pem)
        .map_err(|why| Unseen::new(Blind::NotGiven, why).give("give a PEM file with the roots"))?;
    let shaken = tls::handshake(stream, host, roots).await.map_err(|_| {
        Unseen::new(Blind::Unreachable, "the server agreed to TLS and then the handshake failed")
    })?;
    let policy = if shaken.fault.is_some() { Policy::OnlyScram } else { Policy::AnyPassword };
    let way = Way { tls: true, tls_fault: shaken.fault, peer, own_port };
    Ok((Transport::Tls(Box::new(shaken.stream)), way, policy))
}

/// The reason in words of ours. The server's own words are not proven to be harmless and stay out.
fn not_in(error: &tokio_postgres::Error, ear: &Ear, way: &Way, address: &Address) -> NotIn {
    let heard = ear.heard();
    if let Some(refusal) = heard.refusal {
        return refused(refusal, way).into();
    }
    if let Some(database) = error.as_db_error() {
        let Some(code) = sqlstate(database.code().code()) else {
            return Unseen::new(Blind::Garbled, "the server refuses the login with an odd code").into();
        };
        return NotIn { why: by_code(&code, address), sqlstate: Some(code) };
    }
    if matches!(heard.asked, Some(Asked::Scram | Asked::Md5 | Asked::ClearText)) && address.password.is_none()
    {
        return Unseen::new(
            Blind::NotGiven,
            "the server asks for a password and the connection URL has none",
        )
        .give("put the password into the connection URL")
        .into();
    }
    if let Some(fault) = &way.tls_fault {
        let unbound = heard.asked.is_some_and(|asked| asked != Asked::Scram)
            || std::error::Error::source(error)
                .is_some_and(|cause| cause.to_string().contains("channel binding"));
        if unbound {
            return unproven(fault, heard.asked).into();
        }
    }
    if heard.asked.is_some() && !error.is_closed() && heard.iterations.is_some() {
        return Unseen::new(Blind::Garbled, "the server could not prove that it knows the password").into();
    }
    if heard.asked.is_none() && !error.is_closed() {
        return Unseen::new(Blind::Garbled, "the server does not speak PostgreSQL's protocol").into();
    }
    Unseen::new(Blind::Unreachable, "the server broke off during the login").into()
}

fn unproven(fault: &str, asked: Option<Asked>) -> Unseen {
    let asked = asked.map_or("nothing", Asked::word);
    let why = format!("{fault}, and the server asks for {asked} instead of binding the login to it");
    Unseen::new(Blind::Denied, why)
        .give("give the root of its certificate: `?sslrootcert=FILE` in the URL, or `ca`")
}

/// Why we broke off, for people.
pub(super) fn refused(refusal: Refusal, way: &Way) -> Unseen {
    match refusal {
        Refusal::Asked(Asked::Md5 | Asked::ClearText) if !way.tls => {
            Unseen::new(Blind::Denied, "the server asks for the password itself or its MD5 without TLS; none was sent")
                .give("`ALTER SYSTEM SET password_encryption = 'scram-sha-256'`, set the password anew, and use scram-sha-256 in pg_hba.conf")
        }
        Refusal::Asked(asked) => {
            let fault = way.tls_fault.as_deref().unwrap_or("the server's way to sign in is not supported");
            unproven(fault, Some(asked))
        }
        Refusal::Iterations(rounds) => Unseen::new(
            Blind::Garbled,
            format!("the server asks for {rounds} rounds of SCRAM, not {SCRAM_ITERATIONS_MIN} to {SCRAM_ITERATIONS_MAX}"),
        ),
        Refusal::Protocol => Unseen::new(Blind::Garbled, "the server does not speak PostgreSQL's protocol"),
        Refusal::Message => Unseen::new(Blind::CutShort, "the server sent a message that is too long"),
        Refusal::Session => Unseen::new(Blind::CutShort, "the server sent more than may be read"),
        Refusal::Notices => Unseen::new(Blind::CutShort, "the server sends notices without end"),
    }
}

fn by_code(code: &str, address: &Address) -> Unseen {
    let user = &address.user;
    match code {
        "28P01" => Unseen::new(Blind::Denied, format!("the server refuses the password of role `{user}`"))
            .give("put the right password into the connection URL"),
        "28000" => Unseen::new(Blind::Denied, format!("the server admits role `{user}` from here in no way"))
            .give("look from a machine that pg_hba.conf names, or add a `hostssl … scram-sha-256` line for this one"),
        "3D000" => Unseen::new(Blind::Denied, format!("the server has no database `{}`", address.database))
            .give("name a database that exists in the connection URL"),
        "42501" => Unseen::new(Blind::Denied, format!("role `{user}` may not connect to this database"))
            .give(format!("GRANT CONNECT ON DATABASE \"{}\" TO \"{user}\"", address.database)),
        "53300" => Unseen::new(Blind::Unreachable, "the server has no free connection"),
        "57P03" => Unseen::new(Blind::Unreachable, "the server is starting up, shutting down or in recovery"),
        other => Unseen::new(Blind::Unreachable, format!("the server refuses the login with SQLSTATE {other}")),
    }
}

/// An input or output error while a session runs.
pub(super) fn broken_off(ear: &Ear, way: &Way) -> Unseen {
    match ear.heard().refusal {
        Some(refusal) => refused(refusal, way),
        None => unreachable(&std::io::ErrorKind::ConnectionReset.into()),
    }
}

/// A session with a server that we started ourselves, over its socket and behind the same guard. It ends when what comes with it is dropped.
pub(crate) async fn joined(
    socket: UnixStream,
    user: &str,
    database: &str,
) -> Result<(Client, JoinSet<()>), tokio_postgres::Error> {
    let mut config = Config::new();
    config.user(user).dbname(database).application_name(APPLICATION_NAME).ssl_mode(SslMode::Disable);
    let (guard, _) = Guard::new(Transport::Socket(socket), Policy::OnlyScram);
    let (client, connection) = config.connect_raw(guard, Settled).await?;
    let mut driver = JoinSet::new();
    driver.spawn(async move {
        // How it ended is told by the statement that was under way.
        let _ = connection.await;
    });
    Ok((client, driver))
}
