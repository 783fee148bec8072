//! The bytes between us and a server, heard before the client library hears them.
//!
//! Must not let a message through that would make the library send a password which the policy forbids,
//! compute for ever, or take memory without bound. `tokio-postgres` 0.7.18 answers a request for a clear-text
//! or MD5 password with the password unless channel binding is required, and allocates what a header claims.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use seaworthy_core::limits::{
    POSTGRES_MESSAGE_BYTES_MAX, POSTGRES_NOTICES_MAX, POSTGRES_SESSION_BYTES_MAX, SCRAM_ITERATIONS_MAX,
    SCRAM_ITERATIONS_MIN,
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};
use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsStream};
use tokio_postgres_rustls::MakeRustlsConnect;

/// A TCP stream inside TLS, as `tokio-postgres-rustls` makes it.
pub(super) type Secured = <MakeRustlsConnect as MakeTlsConnect<TcpStream>>::Stream;

/// Longest body of an authentication message that is kept to be read, in bytes.
const AUTHENTICATION_BYTES_MAX: usize = 4 * 1024;
/// Bytes read from the transport at a time.
const CHUNK_BYTES: usize = 8 * 1024;

/// What a connection runs over.
pub(super) enum Transport {
    /// TCP without encryption.
    Plain(TcpStream),
    /// A Unix socket.
    Socket(UnixStream),
    /// TCP with TLS.
    Tls(Box<Secured>),
}

/// Which ways to prove ourselves are allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Policy {
    /// The server is proven: any way.
    AnyPassword,
    /// The server is not proven: only SCRAM, which shows the password to nobody.
    OnlyScram,
}

/// What a server asked for before it let us in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// Nothing: it trusts the address, the certificate or the operating system's user.
    Nothing,
    /// The password in clear text.
    ClearText,
    /// A digest of the password by MD5.
    Md5,
    /// A SCRAM exchange.
    Scram,
    /// Something else, by its number in the protocol.
    Other(u32),
}

impl Asked {
    pub(super) fn from_code(code: u32) -> Self {
        match code {
            0 => Self::Nothing,
            3 => Self::ClearText,
            5 => Self::Md5,
            10 => Self::Scram,
            other => Self::Other(other),
        }
    }

    /// The word for it in facts and reasons.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::ClearText => "clear-text",
            Self::Md5 => "md5",
            Self::Scram => "scram-sha-256",
            Self::Other(_) => "other",
        }
    }
}

/// Why the conversation was broken off by us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It asked for a password in a way that would show it.
    Asked(Asked),
    /// It asked for too few or too many rounds.
    Iterations(u64),
    /// It does not speak the protocol, or breaks it.
    Protocol,
    /// One message was too long.
    Message,
    /// All messages together were too long.
    Session,
    /// It sent notices without end.
    Notices,
}

/// What was heard on a connection.
#[derive(Debug, Default)]
pub(super) struct Heard {
    /// The first way to prove ourselves that was asked for.
    pub(super) asked: Option<Asked>,
    /// Rounds of SCRAM.
    pub(super) iterations: Option<u64>,
    /// The backend's process id as the server tells it for cancelling.
    pub(super) process: Option<u32>,
    /// Why we broke off.
    pub(super) refusal: Option<Refusal>,
}

/// What was heard, shared between the connection and whoever asks.
#[derive(Debug, Clone, Default)]
pub(super) struct Ear(Arc<Mutex<Heard>>);

impl Ear {
    pub(super) fn heard(&self) -> MutexGuard<'_, Heard> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A transport with the guard in front of it.
pub(super) struct Guard {
    transport: Transport,
    listener: Listener,
}

impl Guard {
    pub(super) fn new(transport: Transport, policy: Policy) -> (Self, Ear) {
        let ear = Ear::default();
        (Self { transport, listener: Listener::new(policy, ear.clone()) }, ear)
    }
}

/// Follows the messages of a server byte by byte.
pub(super) struct Listener {
    policy: Policy,
    ear: Ear,
    header: Vec<u8>,
    body: Vec<u8>,
    rest: usize,
    total: usize,
    notices: usize,
    started: bool,
}

impl Listener {
    pub(super) fn new(policy: Policy, ear: Ear) -> Self {
        Self {
            policy,
            ear,
            header: Vec::new(),
            body: Vec::new(),
            rest: 0,
            total: 0,
            notices: 0,
            started: false,
        }
    }

    /// Hears bytes; they may be handed on only when this is `Ok`.
    pub(super) fn hear(&mut self, mut bytes: &[u8]) -> Result<(), Refusal> {
        self.total += bytes.len();
        if self.total > POSTGRES_SESSION_BYTES_MAX {
            return Err(Refusal::Session);
        }
        while !bytes.is_empty() {
            if self.header.len() < 5 {
                self.header.push(bytes[0]);
                bytes = &bytes[1..];
                if self.header.len() == 5 {
                    self.message_begins()?;
                }
            } else {
                let taken = bytes.len().min(self.rest);
                if matches!(self.header[0], b'R' | b'K') {
                    self.body.extend_from_slice(&bytes[..taken]);
                }
                self.rest -= taken;
                bytes = &bytes[taken..];
            }
            if self.header.len() == 5 && self.rest == 0 {
                self.message_ends()?;
            }
        }
        Ok(())
    }

    fn message_begins(&mut self) -> Result<(), Refusal> {
        let tag = self.header[0];
        let length = u32::from_be_bytes([self.header[1], self.header[2], self.header[3], self.header[4]]);
        let length = usize::try_from(length).map_err(|_| Refusal::Message)?;
        if !tag.is_ascii_alphanumeric() || length < 4 {
            return Err(Refusal::Protocol);
        }
        if !self.started && !matches!(tag, b'R' | b'E' | b'N' | b'v') {
            return Err(Refusal::Protocol);
        }
        self.started = true;
        if length > POSTGRES_MESSAGE_BYTES_MAX {
            return Err(Refusal::Message);
        }
        if matches!(tag, b'R' | b'K') && length > AUTHENTICATION_BYTES_MAX {
            return Err(Refusal::Message);
        }
        if matches!(tag, b'N' | b'A' | b'S') {
            self.notices += 1;
            if self.notices > POSTGRES_NOTICES_MAX {
                return Err(Refusal::Notices);
            }
        }
        self.rest = length - 4;
        Ok(())
    }

    fn message_ends(&mut self) -> Result<(), Refusal> {
        let tag = self.header[0];
        self.header.clear();
        let body = std::mem::take(&mut self.body);
        match tag {
            b'R' => self.authentication(&body),
            b'K' => {
                self.ear.heard().process = number(&body);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn authentication(&mut self, body: &[u8]) -> Result<(), Refusal> {
        let code = number(body).ok_or(Refusal::Protocol)?;
        match code {
            // The later steps of SCRAM; the library checks their order and the server's proof.
            11 => return self.scram_continues(&body[4..]),
            12 => return Ok(()),
            _ => {}
        }
        let asked = Asked::from_code(code);
        self.ear.heard().asked.get_or_insert(asked);
        match (asked, self.policy) {
            (Asked::Nothing | Asked::Scram, _) | (Asked::ClearText | Asked::Md5, Policy::AnyPassword) => {
                Ok(())
            }
            (Asked::ClearText | Asked::Md5, Policy::OnlyScram) | (Asked::Other(_), _) => {
                Err(Refusal::Asked(asked))
            }
        }
    }

    fn scram_continues(&mut self, data: &[u8]) -> Result<(), Refusal> {
        let text = std::str::from_utf8(data).map_err(|_| Refusal::Protocol)?;
        let rounds = text.split(',').find_map(|part| part.strip_prefix("i=")).ok_or(Refusal::Protocol)?;
        // A number too long for 64 bits is beyond every bound all the same.
        let rounds = rounds.parse::<u64>().unwrap_or(u64::MAX);
        self.ear.heard().iterations = Some(rounds);
        if (SCRAM_ITERATIONS_MIN..=SCRAM_ITERATIONS_MAX).contains(&rounds) {
            Ok(())
        } else {
            Err(Refusal::Iterations(rounds))
        }
    }
}

/// The number at the head of a message's body.
fn number(body: &[u8]) -> Option<u32> {
    body.get(..4).map(|head| u32::from_be_bytes([head[0], head[1], head[2], head[3]]))
}

impl AsyncRead for Guard {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let mut chunk = [0; CHUNK_BYTES];
        let room = buffer.remaining().min(CHUNK_BYTES);
        let mut read = ReadBuf::new(&mut chunk[..room]);
        std::task::ready!(this.transport.poll_read(context, &mut read))?;
        if let Err(refusal) = this.listener.hear(read.filled()) {
            this.listener.ear.heard().refusal = Some(refusal);
            return Poll::Ready(Err(io::Error::other("broken off by the guard")));
        }
        buffer.put_slice(read.filled());
        Poll::Ready(Ok(()))
    }
}

impl Transport {
    fn poll_read(&mut self, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Self::Socket(stream) => Pin::new(stream).poll_read(context, buffer),
            Self::Tls(stream) => Pin::new(&mut **stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Guard {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match &mut self.transport {
            Transport::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Transport::Socket(stream) => Pin::new(stream).poll_write(context, bytes),
            Transport::Tls(stream) => Pin::new(&mut **stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.transport {
            Transport::Plain(stream) => Pin::new(stream).poll_flush(context),
            Transport::Socket(stream) => Pin::new(stream).poll_flush(context),
            Transport::Tls(stream) => Pin::new(&mut **stream).poll_flush(context),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.transport {
            Transport::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Transport::Socket(stream) => Pin::new(stream).poll_shutdown(context),
            Transport::Tls(stream) => Pin::new(&mut **stream).poll_shutdown(context),
        }
    }
}

impl TlsStream for Guard {
    fn channel_binding(&self) -> ChannelBinding {
        match &self.transport {
            Transport::Tls(stream) => stream.channel_binding(),
            Transport::Plain(_) | Transport::Socket(_) => ChannelBinding::none(),
        }
    }
}
