//! What people said, as it is kept: records in order, each with the envelope that was signed.
//!
//! Reading the ledger trusts nothing in it but the chain's order: every record is verified again by the manifest's
//! keys, whoever wrote it.

mod attestations;
mod waivers;

pub use attestations::{Attested, attestations};
pub use waivers::{Standing, WaiverEnd, shortened, waivers};

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::statement::Envelope;

/// What kind of thing was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RecordKind {
    /// A requirement holds, by a person's word.
    Attestation,
    /// A risk is accepted.
    Waiver,
    /// A waiver ends earlier. Needs no signature: it only takes away.
    WaiverShortened,
    /// A waiver is taken back. Needs no signature: it only takes away.
    WaiverWithdrawn,
    /// A vote at the poll.
    SignOff,
}

impl RecordKind {
    /// Every kind.
    pub const ALL: [Self; 5] =
        [Self::Attestation, Self::Waiver, Self::WaiverShortened, Self::WaiverWithdrawn, Self::SignOff];

    /// The word in the store and in every output.
    pub fn word(self) -> &'static str {
        match self {
            Self::Attestation => "attestation",
            Self::Waiver => "waiver",
            Self::WaiverShortened => "waiver-shortened",
            Self::WaiverWithdrawn => "waiver-withdrawn",
            Self::SignOff => "sign-off",
        }
    }

    /// The kind with this word.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// Something that was said, before it has its place in the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Its id, a UUID of version 7.
    pub id: String,
    /// What kind of thing.
    pub kind: RecordKind,
    /// When it was recorded.
    pub at: DateTime<Utc>,
    /// The service.
    pub service: String,
    /// The environment.
    pub environment: Option<String>,
    /// The DSSE envelope, JSON. Without signatures where none is needed.
    pub envelope: String,
}

/// Records of one kind of place, each statement once.
///
/// What was said stays said: someone who can write to the store could otherwise say it again after it was taken
/// back, with the signature of then.
pub(crate) fn said_first(
    records: &[Record],
    takes: impl Fn(&Record) -> bool,
) -> impl Iterator<Item = &Record> {
    let mut said: BTreeSet<Vec<u8>> = BTreeSet::new();
    records.iter().filter(move |record| {
        takes(record) && payload(&record.entry).is_none_or(|payload| said.insert(payload))
    })
}

/// The payload of a record, where it can be read at all.
fn payload(entry: &Entry) -> Option<Vec<u8>> {
    Envelope::parse(entry.envelope.as_bytes()).ok()?.payload_bytes().ok()
}

/// Something that was said, in its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// Its place in the ledger, from 1.
    pub sequence: i64,
    /// What was said.
    pub entry: Entry,
    /// The digest of the newest run at that time.
    pub runs_head: String,
    /// Its digest.
    pub digest: String,
}
