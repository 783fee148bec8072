//! What people sign: in-toto statements in DSSE envelopes, by Ed25519 keys.
//!
//! The bytes are verified first, then those bytes are read. Which key signed is found by trying the keys that are
//! trusted; nothing in an envelope says whom to trust.

mod attestation;
mod decision;
mod envelope;
mod key;
mod vote;
mod waiver;

pub use attestation::{Attestation, Evidence};
pub use decision::{DecisionStatement, attested_until, sha256_hex};
pub use envelope::{Envelope, EnvelopeError, PAYLOAD_TYPE, Signature, pae};
pub use key::{KeyError, PublicKey};
pub use vote::{Choice, Vote};
pub use waiver::WaiverStatement;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::limits::people::STATEMENT_BYTES_MAX;

/// The type of every in-toto statement of version 1.
pub const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v1";

/// What can be said in a statement.
pub trait Predicate: Serialize + DeserializeOwned {
    /// The URI of this kind and version.
    const TYPE: &'static str;
}

/// An in-toto statement of version 1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Statement<P> {
    /// Always `https://in-toto.io/Statement/v1`.
    #[serde(rename = "_type")]
    pub kind: String,
    /// What it is about, by digest.
    pub subject: Vec<Subject>,
    /// What kind of thing is said.
    pub predicate_type: String,
    /// What is said.
    pub predicate: P,
}

/// A thing that a statement is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Subject {
    /// Its name, for people.
    pub name: String,
    /// Its digests by algorithm: `sha256`, `gitCommit`.
    pub digest: BTreeMap<String, String>,
}

impl Subject {
    /// Something with one digest.
    pub fn new(name: impl Into<String>, algorithm: &str, digest: impl Into<String>) -> Self {
        Self { name: name.into(), digest: BTreeMap::from([(algorithm.to_owned(), digest.into())]) }
    }

    /// A commit of the service's repository.
    pub fn commit(commit: &str) -> Self {
        Self::new("repository", "gitCommit", commit)
    }
}

impl<P: Predicate> Statement<P> {
    /// A statement about these things.
    pub fn new(subject: Vec<Subject>, predicate: P) -> Self {
        Self { kind: STATEMENT_TYPE.to_owned(), subject, predicate_type: P::TYPE.to_owned(), predicate }
    }

    /// The bytes to sign. The same statement always gives the same bytes.
    pub fn bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a statement is plain data with strings as keys")
    }

    /// Reads bytes that were verified.
    pub fn read(bytes: &[u8]) -> Result<Self, EnvelopeError> {
        if bytes.len() > STATEMENT_BYTES_MAX {
            return Err(EnvelopeError::TooLong { what: "the statement", max: STATEMENT_BYTES_MAX });
        }
        let statement: Self = serde_json::from_slice(bytes).map_err(EnvelopeError::Statement)?;
        if statement.kind != STATEMENT_TYPE || statement.predicate_type != P::TYPE {
            return Err(EnvelopeError::OtherKind { wanted: P::TYPE });
        }
        Ok(statement)
    }

    /// The digest of the first subject that has one by this algorithm.
    pub fn digest(&self, algorithm: &str) -> Option<&str> {
        self.subject.iter().find_map(|subject| subject.digest.get(algorithm)).map(String::as_str)
    }
}

/// A statement whose signatures were verified, and by which of the trusted keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened<P> {
    /// The statement.
    pub statement: Statement<P>,
    /// The trusted keys that signed it, each once; never empty.
    pub signers: Vec<PublicKey>,
}

/// Verifies an envelope by the trusted keys, and reads what was verified.
pub fn open<P: Predicate>(envelope: &Envelope, trusted: &[PublicKey]) -> Result<Opened<P>, EnvelopeError> {
    let bytes = envelope.payload_bytes()?;
    let signers = envelope.signers(&bytes, trusted);
    if signers.is_empty() {
        return Err(EnvelopeError::NoTrustedSignature);
    }
    Ok(Opened { statement: Statement::read(&bytes)?, signers })
}

#[cfg(test)]
mod tests;
