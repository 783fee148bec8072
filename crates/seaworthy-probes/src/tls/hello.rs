//! Writes a ClientHello of any version from SSL 3.0 to TLS 1.3.
//!
//! Does no cryptography: the key share is 32 random bytes, which are a point of X25519 like any other, and the server's
//! answer is read no further than what it sends in clear.

use super::facts::Version;

/// What a ClientHello asks for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hello<'a> {
    /// The version asked for, and no other.
    pub(super) version: Version,
    /// Suites in order of preference.
    pub(super) suites: &'a [u16],
    /// The name for SNI; `None` when the server is named by an address.
    pub(super) name: Option<&'a str>,
    /// Whether compression is offered, before "none".
    pub(super) compression: bool,
    /// Whether the hello claims to be a second try after a failure (RFC 7507).
    pub(super) fallback: bool,
    /// 64 random bytes.
    pub(super) random: [u8; 64],
}

const RENEGOTIATION_SCSV: u16 = 0x00ff;
const FALLBACK_SCSV: u16 = 0x5600;

/// Hellos of 256 to 511 bytes make some load balancers hang; RFC 7685 pads over the gap.
const GAP: std::ops::Range<usize> = 256..512;

/// Groups: X25519, P-256, P-384, P-521, X448, finite fields, then the curves that only old servers know.
const GROUPS: &[u16] = &[
    0x001d, 0x0017, 0x0018, 0x0019, 0x001e, 0x0100, 0x0101, 0x0102, 0x0103, 0x0104, 0x0016, 0x001a, 0x001b,
    0x001c, 0x000e, 0x000d, 0x000c, 0x000b, 0x000a, 0x0009, 0x0015, 0x0013, 0x0010, 0x0011, 0x0001,
];

/// Signature schemes, SHA-1, MD5 and DSA among them: a server must not refuse for want of one.
const SIGNATURES: &[u16] = &[
    0x0403, 0x0503, 0x0603, 0x0807, 0x0808, 0x0804, 0x0805, 0x0806, 0x0809, 0x080a, 0x080b, 0x0401, 0x0501,
    0x0601, 0x0402, 0x0301, 0x0303, 0x0203, 0x0201, 0x0202, 0x0101,
];

impl Hello<'_> {
    /// The record as it goes over the wire.
    pub(super) fn record(&self) -> Vec<u8> {
        let mut body = self.body(0);
        if self.version != Version::Ssl3 && GAP.contains(&(body.len() + 4)) {
            body = self.body(GAP.end - body.len() - 4);
        }
        let mut record = vec![22, 3, u8::from(self.version != Version::Ssl3)];
        record.extend(sized::<2>(&[&[1][..], &sized::<3>(&body)].concat()));
        record
    }

    fn body(&self, padding: usize) -> Vec<u8> {
        let mut body = self.version.min(Version::Tls12).wire().to_be_bytes().to_vec();
        body.extend(&self.random[..32]);
        body.extend(if self.version == Version::Tls13 { sized::<1>(&[7; 32]) } else { vec![0] });
        let mut suites: Vec<u8> = self.suites.iter().flat_map(|suite| suite.to_be_bytes()).collect();
        if self.version != Version::Tls13 {
            suites.extend(RENEGOTIATION_SCSV.to_be_bytes());
        }
        if self.fallback {
            suites.extend(FALLBACK_SCSV.to_be_bytes());
        }
        body.extend(sized::<2>(&suites));
        // DEFLATE, LZS, none.
        body.extend(sized::<1>(if self.compression { &[1, 64, 0] } else { &[0] }));
        if self.version != Version::Ssl3 {
            body.extend(sized::<2>(&self.extensions(padding)));
        }
        body
    }

    fn extensions(&self, padding: usize) -> Vec<u8> {
        let mut extensions = Vec::new();
        if let Some(name) = self.name {
            extensions.extend(extension(0, &sized::<2>(&[&[0][..], &sized::<2>(name.as_bytes())].concat())));
        }
        extensions.extend(extension(10, &sized::<2>(&numbers(GROUPS))));
        extensions.extend(extension(11, &[1, 0]));
        if self.version >= Version::Tls12 {
            extensions.extend(extension(13, &sized::<2>(&numbers(SIGNATURES))));
        }
        if self.version == Version::Tls13 {
            extensions.extend(extension(43, &sized::<1>(&Version::Tls13.wire().to_be_bytes())));
            let share = [&[0x00, 0x1d][..], &sized::<2>(&self.random[32..])].concat();
            extensions.extend(extension(51, &sized::<2>(&share)));
        }
        if padding > 0 {
            extensions.extend(extension(21, &vec![0; padding.saturating_sub(4)]));
        }
        extensions
    }
}

fn extension(kind: u16, content: &[u8]) -> Vec<u8> {
    [&kind.to_be_bytes()[..], &sized::<2>(content)].concat()
}

fn numbers(list: &[u16]) -> Vec<u8> {
    list.iter().flat_map(|number| number.to_be_bytes()).collect()
}

/// The content behind its length in `N` bytes.
fn sized<const N: usize>(content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).expect("a hello is far shorter than 4 GiB").to_be_bytes();
    [&length[4 - N..], content].concat()
}
