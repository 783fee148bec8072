//! The chain of digests: pure, so that it can be tested without a database.

use seaworthy_core::run::Run;
use serde::Serialize;
use sha2::{Digest, Sha256};

/// What the first record carries as the digest of the one before it.
pub const FIRST: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// The digest of a record. `other_head` is the head of the chain beside this one at that time, where it is not in `json`.
pub(crate) fn digest(sequence: i64, previous: &str, json: &[u8], other_head: &str) -> String {
    let mut hasher = Sha256::new();
    hasher.update(sequence.to_be_bytes());
    hasher.update(previous.as_bytes());
    hasher.update(json);
    if !other_head.is_empty() {
        // JSON of a run or record ends in a bracket, so where it ends is plain.
        hasher.update(other_head.as_bytes());
    }
    hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A record as it stands in the store.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    pub(crate) sequence: i64,
    pub(crate) id: String,
    pub(crate) started_at: String,
    pub(crate) service: String,
    pub(crate) environment: Option<String>,
    pub(crate) target: String,
    pub(crate) headline: String,
    pub(crate) previous: String,
    pub(crate) digest: String,
    pub(crate) ledger_head: String,
    /// Whether the ledger has that record.
    pub(crate) ledger_head_known: bool,
    /// The run's JSON, or why it cannot be read.
    pub(crate) json: Result<Vec<u8>, String>,
}

/// What verifying came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// Records looked at.
    pub records: usize,
    /// The digest of the newest record. Kept elsewhere, it later shows whether the tail was cut off:
    /// a chain does not see that by itself.
    pub head: String,
    /// Changes found, in order.
    pub faults: Vec<Fault>,
    /// Whether a head that was given is in the chain; none where none was given.
    pub known_head_found: Option<bool>,
}

/// A change found in what was kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// The record's place in the chain.
    pub sequence: i64,
    /// Its run.
    pub id: String,
    /// What is wrong.
    pub what: String,
}

/// Walks the chain.
pub(crate) struct Walk {
    next: i64,
    previous: String,
    known_head: Option<String>,
    verified: Verified,
}

impl Walk {
    pub(crate) fn new(known_head: Option<&str>) -> Self {
        Self {
            next: 1,
            previous: FIRST.to_owned(),
            known_head: known_head.map(str::to_owned),
            verified: Verified {
                records: 0,
                head: FIRST.to_owned(),
                faults: Vec::new(),
                known_head_found: known_head.map(|head| head == FIRST),
            },
        }
    }

    pub(crate) fn step(&mut self, record: &Record) {
        let mut fault = |what: String| {
            self.verified.faults.push(Fault { sequence: record.sequence, id: record.id.clone(), what });
        };
        if record.sequence != self.next {
            fault(format!("records {} to {} are missing", self.next, record.sequence - 1));
        }
        if record.previous != self.previous {
            fault("it does not follow the record before it".to_owned());
        }
        if !record.ledger_head_known {
            fault("what people had said last at its time is gone from the ledger".to_owned());
        }
        match &record.json {
            Err(why) => fault(why.clone()),
            Ok(json) => {
                if digest(record.sequence, &record.previous, json, &record.ledger_head) != record.digest {
                    fault("its content does not match its digest".to_owned());
                }
                if let Some(what) = columns_differ(record, json) {
                    fault(what);
                }
            }
        }
        self.verified.records += 1;
        self.verified.head.clone_from(&record.digest);
        self.previous.clone_from(&record.digest);
        self.next = record.sequence + 1;
        if self.known_head.as_ref() == Some(&record.digest) {
            self.verified.known_head_found = Some(true);
        }
    }

    pub(crate) fn end(mut self) -> Verified {
        if self.verified.known_head_found == Some(false) {
            self.verified.faults.push(Fault {
                sequence: self.next,
                id: String::new(),
                what: "the head that you know is not in the chain: it was cut off or written anew".to_owned(),
            });
        }
        self.verified
    }
}

/// Columns beside the document are for listing; they must say what it says.
fn columns_differ(record: &Record, json: &[u8]) -> Option<String> {
    let run: Run = match serde_json::from_slice(json) {
        Ok(run) => run,
        Err(error) => return Some(format!("its content is not a run: {error}")),
    };
    let same = run.id == record.id
        && run.started_at.to_rfc3339() == record.started_at
        && run.service == record.service
        && run.environment == record.environment
        && run.target == record.target
        && headline(&run) == record.headline;
    (!same).then(|| "its columns do not say what its content says".to_owned())
}

pub(crate) fn headline(run: &Run) -> &'static str {
    run.decision.headline.words()
}
