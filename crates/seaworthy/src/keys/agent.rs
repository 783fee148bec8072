//! The SSH agent behind `SSH_AUTH_SOCK`: lists its keys and asks it to sign. The private key stays with it.
//!
//! Two requests of the agent protocol are all that is needed: identities (11) and sign (13).

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use seaworthy_core::statement::PublicKey;

use crate::exit::Wrong;

/// Longest answer of an agent, in bytes; OpenSSH's own bound.
const ANSWER_BYTES_MAX: u32 = 256 * 1024;
/// Most keys that are looked at.
const KEYS_MAX: u32 = 500;
/// Longest wait for an answer: the agent may ask its owner first.
const ANSWER_WAIT: Duration = Duration::from_mins(1);

const REQUEST_IDENTITIES: u8 = 11;
const IDENTITIES_ANSWER: u8 = 12;
const SIGN_REQUEST: u8 = 13;
const SIGN_RESPONSE: u8 = 14;

/// Where the agent listens.
pub(crate) struct Agent {
    socket: PathBuf,
}

impl Agent {
    /// The agent of this session.
    pub(super) fn open() -> anyhow::Result<Self> {
        let socket = std::env::var_os("SSH_AUTH_SOCK").filter(|path| !path.is_empty()).ok_or_else(|| {
            Wrong::error(
                "no SSH agent runs here: SSH_AUTH_SOCK is not set",
                "eval \"$(ssh-agent)\" && ssh-add FILE",
            )
        })?;
        Ok(Self::at(socket.into()))
    }

    pub(super) fn at(socket: PathBuf) -> Self {
        Self { socket }
    }

    /// The Ed25519 keys that it holds. Keys of other kinds are passed over.
    pub(super) fn keys(&self) -> anyhow::Result<Vec<PublicKey>> {
        let answer = self.ask(&[REQUEST_IDENTITIES])?;
        let mut rest = body(&answer, IDENTITIES_ANSWER)?;
        let count = number(&mut rest)?;
        ensure!(count <= KEYS_MAX, "the SSH agent says that it holds {count} keys");
        let mut keys = Vec::new();
        for _ in 0..count {
            let blob = string(&mut rest)?;
            string(&mut rest)?;
            keys.extend(PublicKey::from_blob(blob));
        }
        Ok(keys)
    }

    /// Asks it to sign.
    pub(super) fn sign(&self, key: &PublicKey, bytes: &[u8]) -> anyhow::Result<[u8; 64]> {
        let mut request = vec![SIGN_REQUEST];
        for part in [key.blob().as_slice(), bytes] {
            request.extend(u32::try_from(part.len()).context("too long to be signed")?.to_be_bytes());
            request.extend(part);
        }
        request.extend(0_u32.to_be_bytes());
        let answer = self.ask(&request)?;
        let mut rest = body(&answer, SIGN_RESPONSE).map_err(|_| {
            Wrong::error(
                "the SSH agent refused to sign",
                "unlock it, or confirm when it asks; `ssh-add -L` lists its keys",
            )
        })?;
        let mut signature = string(&mut rest)?;
        ensure!(string(&mut signature)? == b"ssh-ed25519", "the SSH agent signed with another kind of key");
        string(&mut signature)?.try_into().context("the SSH agent gave a signature of another length")
    }

    fn ask(&self, request: &[u8]) -> anyhow::Result<Vec<u8>> {
        let unreachable = |error: std::io::Error| {
            Wrong::error(
                format!("the SSH agent at {} does not answer: {error}", self.socket.display()),
                "eval \"$(ssh-agent)\" && ssh-add FILE",
            )
        };
        let mut stream = UnixStream::connect(&self.socket).map_err(unreachable)?;
        stream.set_read_timeout(Some(ANSWER_WAIT))?;
        stream.set_write_timeout(Some(ANSWER_WAIT))?;
        let length = u32::try_from(request.len()).context("too long for an SSH agent")?;
        let whole = [length.to_be_bytes().as_slice(), request].concat();
        stream.write_all(&whole).map_err(unreachable)?;
        let mut length = [0; 4];
        stream.read_exact(&mut length).map_err(unreachable)?;
        let length = u32::from_be_bytes(length);
        ensure!(length <= ANSWER_BYTES_MAX, "the SSH agent announced an answer of {length} bytes");
        let mut answer = Vec::new();
        stream.take(length.into()).read_to_end(&mut answer).map_err(unreachable)?;
        ensure!(answer.len() == length as usize, "the SSH agent broke off");
        Ok(answer)
    }
}

/// What follows the type of a message.
fn body(answer: &[u8], wanted: u8) -> anyhow::Result<&[u8]> {
    match answer.split_first() {
        Some((kind, rest)) if *kind == wanted => Ok(rest),
        _ => bail!("the SSH agent answered with something else"),
    }
}

fn number(rest: &mut &[u8]) -> anyhow::Result<u32> {
    let (bytes, more) = rest.split_first_chunk::<4>().context("the SSH agent broke off")?;
    *rest = more;
    Ok(u32::from_be_bytes(*bytes))
}

fn string<'a>(rest: &mut &'a [u8]) -> anyhow::Result<&'a [u8]> {
    let length = number(rest)? as usize;
    let (bytes, more) = rest.split_at_checked(length).context("the SSH agent broke off")?;
    *rest = more;
    Ok(bytes)
}
