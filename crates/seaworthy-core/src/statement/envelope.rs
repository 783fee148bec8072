//! The DSSE envelope: a payload, its type, and signatures over both.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::PublicKey;
use crate::limits::people::{ENVELOPE_BYTES_MAX, SIGNATURES_MAX, STATEMENT_BYTES_MAX};

/// The type of every payload of ours.
pub const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

/// A payload with signatures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Envelope {
    /// What the payload is.
    pub payload_type: String,
    /// The payload, base64.
    pub payload: String,
    /// Signatures over type and payload.
    pub signatures: Vec<Signature>,
}

/// One signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signature {
    /// What others may write to find the key. It decides nothing here and is not written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keyid: Option<String>,
    /// The signature, base64.
    pub sig: String,
}

/// An envelope that proves nothing.
#[derive(Debug, thiserror::Error)]
pub enum EnvelopeError {
    /// It is longer than any that is made.
    #[error("{what} has more than {max} bytes")]
    TooLong {
        /// What.
        what: &'static str,
        /// How long it may be.
        max: usize,
    },
    /// It is no envelope.
    #[error("it is no DSSE envelope: {0}")]
    Syntax(#[source] serde_json::Error),
    /// Its payload is of another type.
    #[error("its payload is not of the type `{PAYLOAD_TYPE}`")]
    PayloadType,
    /// Its payload is not base64.
    #[error("its payload is not base64")]
    Payload,
    /// It has more signatures than anyone needs.
    #[error("it has more than {SIGNATURES_MAX} signatures")]
    TooManySignatures,
    /// No key that is trusted signed it.
    #[error("no trusted key signed it")]
    NoTrustedSignature,
    /// What was signed is no statement.
    #[error("what was signed is no statement of this kind: {0}")]
    Statement(#[source] serde_json::Error),
    /// What was signed is another kind of statement.
    #[error("what was signed is not of the kind `{wanted}`")]
    OtherKind {
        /// The kind.
        wanted: &'static str,
    },
}

/// The bytes that are signed: type and payload, each behind its length, so that neither can be taken for the other.
pub fn pae(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let mut bytes = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len()).into_bytes();
    bytes.extend_from_slice(payload);
    bytes
}

impl Envelope {
    /// An envelope around a payload that was signed.
    pub fn new(payload: &[u8], signatures: &[[u8; 64]]) -> Self {
        let signature = |bytes: &[u8; 64]| Signature { keyid: None, sig: STANDARD.encode(bytes) };
        Self {
            payload_type: PAYLOAD_TYPE.to_owned(),
            payload: STANDARD.encode(payload),
            signatures: signatures.iter().map(signature).collect(),
        }
    }

    /// Reads an envelope. Nothing in it is verified yet.
    pub fn parse(bytes: &[u8]) -> Result<Self, EnvelopeError> {
        if bytes.len() > ENVELOPE_BYTES_MAX {
            return Err(EnvelopeError::TooLong { what: "the envelope", max: ENVELOPE_BYTES_MAX });
        }
        let envelope: Self = serde_json::from_slice(bytes).map_err(EnvelopeError::Syntax)?;
        if envelope.payload_type != PAYLOAD_TYPE {
            return Err(EnvelopeError::PayloadType);
        }
        if envelope.signatures.len() > SIGNATURES_MAX {
            return Err(EnvelopeError::TooManySignatures);
        }
        Ok(envelope)
    }

    /// The envelope as it is kept and handed on: one line of JSON.
    pub fn json(&self) -> String {
        serde_json::to_string(self).expect("an envelope is plain data")
    }

    /// The payload, not verified.
    pub fn payload_bytes(&self) -> Result<Vec<u8>, EnvelopeError> {
        let bytes = STANDARD.decode(&self.payload).map_err(|_| EnvelopeError::Payload)?;
        if bytes.len() > STATEMENT_BYTES_MAX {
            return Err(EnvelopeError::TooLong { what: "the payload", max: STATEMENT_BYTES_MAX });
        }
        Ok(bytes)
    }

    /// Which of the trusted keys signed this payload, each once, in their order.
    pub(super) fn signers(&self, payload: &[u8], trusted: &[PublicKey]) -> Vec<PublicKey> {
        let signed = pae(&self.payload_type, payload);
        let signatures: Vec<[u8; 64]> = self
            .signatures
            .iter()
            .filter_map(|signature| STANDARD.decode(&signature.sig).ok()?.try_into().ok())
            .collect();
        let mut signers: Vec<PublicKey> = Vec::new();
        for key in trusted {
            if !signers.contains(key) && signatures.iter().any(|signature| key.verifies(&signed, signature)) {
                signers.push(*key);
            }
        }
        signers
    }
}
