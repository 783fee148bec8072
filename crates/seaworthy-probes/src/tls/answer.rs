//! Reads what a server sends in clear after a ClientHello, piece by piece, without trusting any length in it.
//!
//! Does no I/O. Up to TLS 1.2 the whole first flight is in clear: hello, certificates, key exchange. From TLS 1.3 on
//! only the hello is.

use super::facts::Version;
use seaworthy_core::limits::tls::FLIGHT_BYTES_MAX;

/// What has been read of a server's first flight.
#[derive(Debug, Default)]
pub(super) struct Flight {
    /// The server's choice.
    pub(super) hello: Option<ServerHello>,
    /// The certificates as sent, the server's own first.
    pub(super) chain: Option<Vec<Vec<u8>>>,
    /// The body of the key exchange message, from which the group can be read.
    pub(super) key_exchange: Option<Vec<u8>>,
    /// Whether the server asked for a client certificate.
    pub(super) client_certificate_asked: bool,
    /// The description of a fatal alert.
    pub(super) alert: Option<u8>,
    /// What made the bytes impossible to understand.
    pub(super) garbled: Option<&'static str>,
    /// Whether nothing more is to come that can be read.
    pub(super) complete: bool,
    /// Whether any byte came.
    pub(super) begun: bool,
    read_bytes: usize,
    records: Vec<u8>,
    messages: Vec<u8>,
}

/// The parts of a ServerHello that tell what was chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ServerHello {
    /// The version as a number on the wire; for TLS 1.3 the one of the extension.
    pub(super) version: u16,
    /// The chosen suite.
    pub(super) suite: u16,
    /// The chosen compression, 0 for none.
    pub(super) compression: u8,
    /// Whether the server protects renegotiation (RFC 5746).
    pub(super) renegotiation_protected: bool,
}

impl Flight {
    /// Whether reading on is of no use.
    pub(super) fn ended(&self) -> bool {
        self.complete || self.alert.is_some() || self.garbled.is_some()
    }

    /// Takes the next bytes.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.begun |= !bytes.is_empty();
        self.read_bytes = self.read_bytes.saturating_add(bytes.len());
        self.records.extend_from_slice(bytes);
        while !self.ended() && self.take_record() {}
        if !self.ended() && self.read_bytes > FLIGHT_BYTES_MAX {
            self.garbled = Some("the first flight is longer than 256 KiB");
        }
    }

    /// Takes one whole record, if there is one.
    fn take_record(&mut self) -> bool {
        if let Some(first) = self.records.first()
            && !(20..=23).contains(first)
        {
            self.garbled =
                Some(if self.records.starts_with(b"HTTP/"[..self.records.len().min(5)].as_ref()) {
                    "the port answers in plain HTTP"
                } else {
                    "the answer is not TLS"
                });
            return false;
        }
        let Some((&[kind, major, _, high, low], rest)) = self.records.split_first_chunk::<5>() else {
            return false;
        };
        let length = usize::from(u16::from_be_bytes([high, low]));
        // 2^14 and what encryption may add.
        if major != 3 || length == 0 || length > 18_432 {
            self.garbled = Some("the answer is not TLS");
            return false;
        }
        let Some(content) = rest.get(..length).map(<[u8]>::to_vec) else { return false };
        self.records.drain(..5 + length);
        match kind {
            21 => self.take_alert(&content),
            22 => {
                self.messages.extend(content);
                while !self.ended() && self.take_message() {}
            }
            _ if self.hello.is_some() => self.complete = true,
            _ => self.garbled = Some("a record came before the hello"),
        }
        true
    }

    fn take_alert(&mut self, content: &[u8]) {
        match *content {
            // A warning, such as a name that is not known, and the handshake goes on; "close" ends it.
            [1, description] if description != 0 => {}
            [1 | 2, description] => self.alert = Some(description),
            _ => self.garbled = Some("an alert cannot be understood"),
        }
    }

    /// Takes one whole handshake message, if there is one.
    fn take_message(&mut self) -> bool {
        let Some((&[kind, a, b, c], rest)) = self.messages.split_first_chunk::<4>() else { return false };
        let length = u32::from_be_bytes([0, a, b, c]) as usize;
        if self.hello.is_none() && kind != 2 {
            self.garbled = Some("the first message is not a ServerHello");
            return false;
        }
        let Some(body) = rest.get(..length).map(<[u8]>::to_vec) else { return false };
        self.messages.drain(..4 + length);
        match kind {
            2 if self.hello.is_none() => match server_hello(&body) {
                Some(hello) => {
                    self.complete = hello.version >= Version::Tls13.wire();
                    self.hello = Some(hello);
                }
                None => self.garbled = Some("the ServerHello cannot be understood"),
            },
            11 => match certificates(&body) {
                Some(chain) => self.chain = Some(chain),
                None => self.garbled = Some("the certificate message cannot be understood"),
            },
            12 => self.key_exchange = Some(body),
            13 => self.client_certificate_asked = true,
            14 => self.complete = true,
            _ => {}
        }
        true
    }
}

fn server_hello(body: &[u8]) -> Option<ServerHello> {
    let mut cursor = Cursor(body);
    let legacy = cursor.number()?;
    cursor.bytes(32)?;
    cursor.sized_short()?;
    let suite = cursor.number()?;
    let compression = cursor.byte()?;
    let mut hello = ServerHello { version: legacy, suite, compression, renegotiation_protected: false };
    if cursor.0.is_empty() {
        return Some(hello);
    }
    let mut extensions = Cursor(cursor.sized()?);
    while !extensions.0.is_empty() {
        let kind = extensions.number()?;
        let content = extensions.sized()?;
        match (kind, content) {
            (43, &[high, low]) => hello.version = u16::from_be_bytes([high, low]),
            (43, _) => return None,
            (0xff01, _) => hello.renegotiation_protected = true,
            _ => {}
        }
    }
    cursor.0.is_empty().then_some(hello)
}

fn certificates(body: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut list = Cursor(Cursor(body).sized_long()?);
    let mut chain = Vec::new();
    while !list.0.is_empty() {
        chain.push(list.sized_long()?.to_vec());
    }
    Some(chain)
}

/// The group of a key exchange message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Group {
    /// Finite-field Diffie-Hellman with a prime of this many bits.
    Finite(u32),
    /// A named curve by its IANA number.
    Curve(u16),
}

/// Reads the group from the key exchange message of a suite, when it has one.
pub(super) fn group(suite: &str, key_exchange: &[u8]) -> Option<Group> {
    if suite.contains("PSK") || suite.contains("SRP") {
        return None;
    }
    let mut cursor = Cursor(key_exchange);
    if suite.starts_with("TLS_DHE_") || suite.starts_with("TLS_DH_anon_") {
        return Some(Group::Finite(bits(cursor.sized()?)));
    }
    if !(suite.starts_with("TLS_ECDHE_") || suite.starts_with("TLS_ECDH_anon_")) {
        return None;
    }
    // 3: a named curve. The explicit curves of old are not worth reading.
    (cursor.byte()? == 3).then_some(())?;
    cursor.number().map(Group::Curve)
}

/// The length of a big-endian number without its leading zero bits.
pub(super) fn bits(number: &[u8]) -> u32 {
    let significant = number.iter().position(|byte| *byte != 0).map_or(&[][..], |start| &number[start..]);
    let Some(first) = significant.first() else { return 0 };
    u32::try_from(significant.len()).unwrap_or(u32::MAX).saturating_mul(8) - first.leading_zeros()
}

/// What is left to read.
struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    fn bytes(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn byte(&mut self) -> Option<u8> {
        self.bytes(1).map(|bytes| bytes[0])
    }

    fn number(&mut self) -> Option<u16> {
        self.bytes(2).map(|bytes| u16::from_be_bytes([bytes[0], bytes[1]]))
    }

    fn sized_short(&mut self) -> Option<&'a [u8]> {
        let length = self.byte()?;
        self.bytes(usize::from(length))
    }

    fn sized(&mut self) -> Option<&'a [u8]> {
        let length = self.number()?;
        self.bytes(usize::from(length))
    }

    fn sized_long(&mut self) -> Option<&'a [u8]> {
        let length = self.bytes(3)?;
        self.bytes(u32::from_be_bytes([0, length[0], length[1], length[2]]) as usize)
    }
}
