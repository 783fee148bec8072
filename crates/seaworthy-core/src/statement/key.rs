//! Public keys as OpenSSH writes them. Ed25519 and nothing else.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use ed25519_dalek::VerifyingKey;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::limits::people::KEY_LINE_BYTES_MAX;

/// The only algorithm, as OpenSSH names it.
const ALGORITHM: &str = "ssh-ed25519";

/// An Ed25519 public key. Written as in `authorized_keys`: `ssh-ed25519 AAAA…`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct PublicKey([u8; 32]);

/// A text that is no public key that could be trusted. It never quotes the text: it may be a private key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// It is a private key.
    #[error("this is a private key: write the public one, from the file that ends in .pub")]
    Private,
    /// It is of another algorithm.
    #[error("the key is not of the kind `ssh-ed25519`; `ssh-keygen -t ed25519` makes one")]
    Algorithm,
    /// It cannot be read.
    #[error("the key cannot be read: write the line of the .pub file, `ssh-ed25519 AAAA…`")]
    Garbled,
    /// It is a point for which anyone can make signatures.
    #[error("the key is weak: anyone can make signatures for it")]
    Weak,
}

impl PublicKey {
    /// From the 32 bytes of the key.
    pub fn from_bytes(bytes: [u8; 32]) -> Result<Self, KeyError> {
        let key = VerifyingKey::from_bytes(&bytes).map_err(|_| KeyError::Garbled)?;
        if key.is_weak() { Err(KeyError::Weak) } else { Ok(Self(bytes)) }
    }

    /// From a line of `authorized_keys` without options; a comment at its end is left out.
    pub fn parse(line: &str) -> Result<Self, KeyError> {
        if line.contains("PRIVATE KEY") {
            return Err(KeyError::Private);
        }
        if line.len() > KEY_LINE_BYTES_MAX || line.trim().lines().count() > 1 {
            return Err(KeyError::Garbled);
        }
        let mut words = line.split_whitespace();
        let (algorithm, blob) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        if algorithm != ALGORITHM {
            let another = algorithm.starts_with("ssh-") || algorithm.contains("sha2-");
            return Err(if another { KeyError::Algorithm } else { KeyError::Garbled });
        }
        let blob = STANDARD.decode(blob).map_err(|_| KeyError::Garbled)?;
        Self::from_blob(&blob)
    }

    /// From the blob that SSH sends: two strings, each behind its length.
    pub fn from_blob(blob: &[u8]) -> Result<Self, KeyError> {
        let head = Self::head();
        let bytes = blob.strip_prefix(head.as_slice()).ok_or(KeyError::Garbled)?;
        Self::from_bytes(bytes.try_into().map_err(|_| KeyError::Garbled)?)
    }

    /// The blob that SSH sends.
    pub fn blob(&self) -> Vec<u8> {
        [Self::head().as_slice(), &self.0].concat()
    }

    fn head() -> Vec<u8> {
        [&[0, 0, 0, 11], ALGORITHM.as_bytes(), &[0, 0, 0, 32]].concat()
    }

    /// The fingerprint as `ssh-keygen -l` shows it.
    pub fn fingerprint(&self) -> String {
        format!("SHA256:{}", STANDARD_NO_PAD.encode(Sha256::digest(self.blob())))
    }

    /// Whether this key made this signature over these bytes.
    pub fn verifies(&self, bytes: &[u8], signature: &[u8; 64]) -> bool {
        let signature = ed25519_dalek::Signature::from_bytes(signature);
        VerifyingKey::from_bytes(&self.0).is_ok_and(|key| key.verify_strict(bytes, &signature).is_ok())
    }
}

impl TryFrom<String> for PublicKey {
    type Error = KeyError;

    fn try_from(line: String) -> Result<Self, KeyError> {
        Self::parse(&line)
    }
}

impl From<PublicKey> for String {
    fn from(key: PublicKey) -> Self {
        key.to_string()
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{ALGORITHM} {}", STANDARD.encode(self.blob()))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", self.fingerprint())
    }
}
