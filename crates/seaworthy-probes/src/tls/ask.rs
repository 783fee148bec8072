//! Asks a server one ClientHello and says what the answer means.
//!
//! An answer is a yes, a no, or neither. Only what TLS knows as a no counts as one: an alert that says so, a closed
//! connection, a lower version. Silence, half an answer and garbage are neither. A closed connection and a failure of the
//! server are a no only while the server still says yes to something else; that is for the caller to see.

use std::net::SocketAddr;

use rustls::crypto::CryptoProvider;
use seaworthy_core::facts::{Blind, Unseen};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout_at;

use super::answer::Flight;
use super::dial::Bounds;
use super::facts::Version;
use super::hello::Hello;

/// What a server answered to one hello.
#[derive(Debug)]
pub(super) enum Answer {
    /// It goes on with the version that was asked for.
    Accepted(Box<Accepted>),
    /// It does not go on.
    Refused(Refusal),
    /// It cannot be said.
    Unseen(Unseen),
}

/// A yes.
#[derive(Debug)]
pub(super) struct Accepted {
    pub(super) suite: u16,
    pub(super) compression: u8,
    pub(super) renegotiation_protected: bool,
    /// The first flight as far as it was read.
    pub(super) flight: Flight,
}

/// A no.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// By a fatal alert.
    Alert(u8),
    /// By closing without a word, which a busy server or a firewall does as well.
    Closed,
    /// By saying that it failed itself, which OpenSSL 3 does when its security level forbids what it has chosen.
    Failed,
    /// By choosing a lower version.
    Lower,
}

/// Alerts that refuse: handshake failure, protocol version, insufficient security.
const REFUSING_ALERTS: [u8; 3] = [40, 70, 71];
/// The alert of a server that fails in its own eyes.
const INTERNAL_ERROR: u8 = 80;
/// The alert that refuses a fallback.
pub(super) const INAPPROPRIATE_FALLBACK: u8 = 86;

/// How reading came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Read,
    Closed,
    Late,
}

/// What every hello of a look has in common.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asker<'a> {
    pub(super) address: SocketAddr,
    pub(super) name: Option<&'a str>,
    pub(super) bounds: &'a Bounds,
    pub(super) provider: &'a CryptoProvider,
}

impl Asker<'_> {
    /// Asks for one version with these suites.
    pub(super) async fn ask(&self, version: Version, suites: &[u16]) -> Answer {
        self.send(version, suites, false, false).await
    }

    /// Asks with compression on offer.
    pub(super) async fn ask_compression(&self, version: Version, suites: &[u16]) -> Answer {
        self.send(version, suites, true, false).await
    }

    /// Asks as a client that says it fell back to this version.
    pub(super) async fn ask_fallback(&self, version: Version, suites: &[u16]) -> Answer {
        self.send(version, suites, false, true).await
    }

    async fn send(&self, version: Version, suites: &[u16], compression: bool, fallback: bool) -> Answer {
        let mut random = [0; 64];
        if self.provider.secure_random.fill(&mut random).is_err() {
            return Answer::Unseen(Unseen::new(Blind::Crashed, "the machine gives no random numbers"));
        }
        let hello = Hello { version, suites, name: self.name, compression, fallback, random };
        let stream = match self.bounds.connect(self.address).await {
            Ok(stream) => stream,
            Err(unseen) => return Answer::Unseen(unseen),
        };
        let (flight, end) = self.exchange(stream, &hello.record()).await;
        meaning(&hello, flight, end)
    }

    async fn exchange(&self, mut stream: TcpStream, hello: &[u8]) -> (Flight, End) {
        let by = self.bounds.answer_by();
        let mut flight = Flight::default();
        // A server may refuse before it has read all; what it said is read all the same.
        if timeout_at(by, stream.write_all(hello)).await.is_err() {
            return (flight, End::Late);
        }
        let mut piece = [0; 4096];
        while !flight.ended() {
            match timeout_at(by, stream.read(&mut piece)).await {
                Ok(Ok(0) | Err(_)) => return (flight, End::Closed),
                Ok(Ok(count)) => flight.push(&piece[..count]),
                Err(_) => return (flight, End::Late),
            }
        }
        (flight, End::Read)
    }
}

fn meaning(hello: &Hello<'_>, flight: Flight, end: End) -> Answer {
    if let Some(choice) = flight.hello {
        if choice.version < hello.version.wire() {
            return Answer::Refused(Refusal::Lower);
        }
        if choice.version != hello.version.wire() || !hello.suites.contains(&choice.suite) {
            return garbled(hello.version, "it chose what was not on offer");
        }
        return Answer::Accepted(Box::new(Accepted {
            suite: choice.suite,
            compression: choice.compression,
            renegotiation_protected: choice.renegotiation_protected,
            flight,
        }));
    }
    match (flight.alert, flight.garbled, end) {
        (Some(INAPPROPRIATE_FALLBACK), ..) if hello.fallback => {
            Answer::Refused(Refusal::Alert(INAPPROPRIATE_FALLBACK))
        }
        (Some(alert), ..) if REFUSING_ALERTS.contains(&alert) => Answer::Refused(Refusal::Alert(alert)),
        (Some(INTERNAL_ERROR), ..) => Answer::Refused(Refusal::Failed),
        (Some(0), ..) => Answer::Refused(Refusal::Closed),
        (Some(112), ..) => Answer::Unseen(
            Unseen::new(
                Blind::Unsupported,
                format!("asked for {}, it does not know the name", hello.version),
            )
            .give("correct the host name in the URL, or configure the server for it"),
        ),
        (Some(alert), ..) => garbled(hello.version, &format!("alert {alert} says neither yes nor no")),
        (None, Some(why), _) => garbled(hello.version, why),
        (None, None, End::Closed) if !flight.begun => Answer::Refused(Refusal::Closed),
        (None, None, End::Closed | End::Read) => {
            garbled(hello.version, "it broke off in the middle of an answer")
        }
        (None, None, End::Late) => {
            let what = if flight.begun { "did not finish its answer" } else { "did not answer" };
            let why = format!("asked for {}, it {what} in time", hello.version);
            Answer::Unseen(
                Unseen::new(Blind::Timeout, why)
                    .give("look again from nearer, or find what swallows the handshake"),
            )
        }
    }
}

fn garbled(version: Version, why: &str) -> Answer {
    let unseen = Unseen::new(Blind::Garbled, format!("asked for {version}: {why}"));
    Answer::Unseen(unseen.give("check that the port speaks TLS and that nothing stands in between"))
}
