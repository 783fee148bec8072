//! Liars that speak PostgreSQL's protocol, version 3.

use super::{Liar, Wire};

/// Longest message that is read.
const MESSAGE_BYTES_MAX: u32 = 1024 * 1024;

/// What a server that lets everyone in says to statements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Empty {
    /// Nothing at all.
    Mute,
    /// That each succeeded and gave no row.
    NoRows,
}

/// Refuses TLS, lets everyone in without a password, and answers every statement in this way.
pub fn lets_everyone_in(answers: Empty) -> std::io::Result<Liar> {
    /// `AuthenticationOk`, a version, and ready.
    const WELCOME: &[u8] = b"R\0\0\0\x08\0\0\0\0S\0\0\0\x18server_version\x0015.0\0Z\0\0\0\x05I";
    Liar::on_any_wire(move |stream| {
        // Asking for TLS comes first, without a type, as the start does: each a length and a code.
        while let Some(body) = message(stream)? {
            if body.starts_with(&80_877_103_u32.to_be_bytes()) {
                stream.write_all(b"N")?;
            } else {
                break;
            }
        }
        stream.write_all(WELCOME)?;
        let mut kind = [0; 1];
        while stream.read(&mut kind)? > 0 && message(stream)?.is_some() {
            let answer: &[u8] = match (answers, kind[0]) {
                (Empty::NoRows, b'P') => b"1\0\0\0\x04",
                (Empty::NoRows, b'B') => b"2\0\0\0\x04",
                (Empty::NoRows, b'C') => b"3\0\0\0\x04",
                (Empty::NoRows, b'D') => b"t\0\0\0\x06\0\0n\0\0\0\x04",
                (Empty::NoRows, b'E') => b"C\0\0\0\x0dSELECT 0\0",
                (Empty::NoRows, b'S') => b"Z\0\0\0\x05I",
                (Empty::NoRows, b'Q') => b"C\0\0\0\x0dSELECT 0\0Z\0\0\0\x05I",
                (Empty::Mute | Empty::NoRows, _) => b"",
            };
            stream.write_all(answer)?;
        }
        Ok(())
    })
}

/// The body of one message, after its length; nothing when the client has gone or the length is no length.
fn message(stream: &mut dyn Wire) -> std::io::Result<Option<Vec<u8>>> {
    let mut length = [0; 4];
    if stream.read_exact(&mut length).is_err() {
        return Ok(None);
    }
    let length = u32::from_be_bytes(length);
    if !(4..=MESSAGE_BYTES_MAX).contains(&length) {
        return Ok(None);
    }
    let mut body = vec![0; length as usize - 4];
    stream.read_exact(&mut body)?;
    Ok(Some(body))
}
