//! The door of a server: opening a connection, asking for TLS, and seeing what is asked of whoever knocks.
//!
//! Must not send a password: [`knock`] leaves when it has seen what is asked.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use seaworthy_core::facts::{Blind, Unseen};
use seaworthy_core::limits::POSTGRES_ADDRESSES_MAX;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};

use super::target::{Address, Place};
use super::wire::Asked;
use crate::dial;

/// The name under which every session of ours appears.
pub(super) const APPLICATION_NAME: &str = "seaworthy";

/// Code of a request for TLS.
const SSL_REQUEST: u32 = 80_877_103;
/// Version 3.0 of the protocol, which every server since 7.4 speaks.
const PROTOCOL: u32 = 196_608;
/// Longest first message of a server that is read, in bytes.
const FIRST_MESSAGE_BYTES_MAX: u32 = 16 * 1024;

/// A connection over which nothing has been said.
pub(super) enum Opened {
    Tcp(TcpStream),
    Socket(UnixStream),
}

/// What a server did with someone who showed no password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Knock {
    /// It asks for a proof.
    Asked(Asked),
    /// It refuses with an error of this SQLSTATE.
    Refused(String),
}

/// Opens a connection to the server.
pub(super) async fn open(address: &Address, wait: Duration) -> Result<Opened, Unseen> {
    match &address.place {
        Place::Socket(path) => {
            UnixStream::connect(path).await.map(Opened::Socket).map_err(|error| unreachable(&error))
        }
        Place::Tcp { host, port } => dial(host, *port, wait).await.map(Opened::Tcp),
    }
}

async fn dial(host: &str, port: u16, wait: Duration) -> Result<TcpStream, Unseen> {
    let mut found = dial::look_up(host, port, wait).await?;
    found.truncate(POSTGRES_ADDRESSES_MAX);
    let mut refusal = Unseen::new(Blind::Unreachable, "there is no address to dial");
    for address in dial::allowed(host, found, "the PostgreSQL server")? {
        match dial::tcp(address, None, wait, "a PostgreSQL server").await {
            Ok(stream) => return Ok(stream),
            Err(why) => refusal = why,
        }
    }
    Err(refusal)
}

/// A reason from a failed connection.
pub(super) fn unreachable(error: &io::Error) -> Unseen {
    let why = match error.kind() {
        io::ErrorKind::ConnectionRefused => "the server refuses the connection",
        io::ErrorKind::NotFound => "there is no such socket",
        io::ErrorKind::PermissionDenied => "the socket may not be opened by this user",
        io::ErrorKind::ConnectionReset | io::ErrorKind::UnexpectedEof | io::ErrorKind::BrokenPipe => {
            "the server broke off"
        }
        io::ErrorKind::TimedOut => return Unseen::new(Blind::Timeout, "the server did not answer in time"),
        _ => "the server cannot be reached",
    };
    Unseen::new(Blind::Unreachable, why)
}

/// Asks for TLS. Whether the server agrees.
pub(super) async fn agrees_to_tls(stream: &mut TcpStream) -> Result<bool, Unseen> {
    let mut request = 8_u32.to_be_bytes().to_vec();
    request.extend(SSL_REQUEST.to_be_bytes());
    stream.write_all(&request).await.map_err(|error| unreachable(&error))?;
    match stream.read_u8().await.map_err(|error| unreachable(&error))? {
        b'S' => Ok(true),
        b'N' => Ok(false),
        // An error here is not proven to come from the server, so nothing of it is shown.
        b'E' => {
            Err(Unseen::new(Blind::Unreachable, "the server answered the question for TLS with an error"))
        }
        _ => Err(Unseen::new(Blind::Garbled, "the server does not speak PostgreSQL's protocol")),
    }
}

/// Starts a session in clear without a password, sees what is asked, and leaves.
pub(super) async fn knock(address: &Address, wait: Duration) -> Result<Knock, Unseen> {
    let opened = open(address, wait).await?;
    let knocked = async {
        match opened {
            Opened::Tcp(mut stream) => knock_over(&mut stream, address).await,
            Opened::Socket(mut stream) => knock_over(&mut stream, address).await,
        }
    };
    tokio::time::timeout(wait, knocked)
        .await
        .map_err(|_| Unseen::new(Blind::Timeout, "the server did not answer in time"))?
}

/// The same at one address of ours, whatever the URL says.
pub(super) async fn knock_at(at: SocketAddr, address: &Address, wait: Duration) -> Result<Knock, Unseen> {
    let place = Place::Tcp { host: at.ip().to_string(), port: at.port() };
    knock(&Address { place, ..address.clone() }, wait).await
}

async fn knock_over<S>(stream: &mut S, address: &Address) -> Result<Knock, Unseen>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    stream
        .write_all(&startup(&address.user, &address.database))
        .await
        .map_err(|error| unreachable(&error))?;
    let knock = first_message(stream).await?;
    // Terminate. The server may have hung up already, and we are leaving anyway.
    let _ = stream.write_all(&[b'X', 0, 0, 0, 4]).await;
    Ok(knock)
}

fn startup(user: &str, database: &str) -> Vec<u8> {
    let mut body = PROTOCOL.to_be_bytes().to_vec();
    let pairs = [("user", user), ("database", database), ("application_name", APPLICATION_NAME)];
    for text in pairs.into_iter().flat_map(|(key, value)| [key, value]) {
        body.extend(text.as_bytes());
        body.push(0);
    }
    body.push(0);
    let length = u32::try_from(body.len() + 4).unwrap_or(u32::MAX);
    [length.to_be_bytes().as_slice(), &body].concat()
}

async fn first_message<S: AsyncRead + Unpin>(stream: &mut S) -> Result<Knock, Unseen> {
    let garbled = || Unseen::new(Blind::Garbled, "the server does not speak PostgreSQL's protocol");
    let tag = stream.read_u8().await.map_err(|error| unreachable(&error))?;
    if !matches!(tag, b'R' | b'E') {
        return Err(garbled());
    }
    let length = stream.read_u32().await.map_err(|error| unreachable(&error))?;
    if !(8..=FIRST_MESSAGE_BYTES_MAX).contains(&length) {
        return Err(garbled());
    }
    let mut body = vec![0; length as usize - 4];
    stream.read_exact(&mut body).await.map_err(|error| unreachable(&error))?;
    if tag == b'R' {
        let code = u32::from_be_bytes([body[0], body[1], body[2], body[3]]);
        return Ok(Knock::Asked(Asked::from_code(code)));
    }
    body.split(|byte| *byte == 0)
        .find_map(|field| field.strip_prefix(b"C"))
        .and_then(|code| std::str::from_utf8(code).ok())
        .and_then(sqlstate)
        .map(Knock::Refused)
        .ok_or_else(garbled)
}

/// An SQLSTATE as it must be, or nothing: five digits or capital letters. A server can send anything in its place.
pub(super) fn sqlstate(code: &str) -> Option<String> {
    let sound = code.len() == 5 && code.bytes().all(|c| c.is_ascii_digit() || c.is_ascii_uppercase());
    sound.then(|| code.to_owned())
}

/// The other end's address.
pub(super) fn peer(stream: &TcpStream) -> Option<IpAddr> {
    stream.peer_addr().ok().map(|address| address.ip().to_canonical())
}
