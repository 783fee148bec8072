//! How much people may say, and for how long it holds.

/// Most persons that a manifest or a deploy policy may name.
pub const PEOPLE_MAX: usize = 200;
/// Most keys of one person.
pub const KEYS_PER_PERSON_MAX: usize = 10;
/// Longest line of a public key, in bytes.
pub const KEY_LINE_BYTES_MAX: usize = 1024;
/// Longest address of a person, in bytes: the longest that mail takes.
pub const PERSON_BYTES_MAX: usize = 254;
/// Longest signed statement, in bytes.
pub const STATEMENT_BYTES_MAX: usize = 256 * 1024;
/// Longest envelope around a statement, in bytes.
pub const ENVELOPE_BYTES_MAX: usize = 512 * 1024;
/// Most signatures in one envelope.
pub const SIGNATURES_MAX: usize = 32;
/// Longest reason or statement that a person gives, in characters.
pub const WORDS_CHARS_MAX: usize = 2_000;
/// Most files and links that one attestation rests on.
pub const EVIDENCE_MAX: usize = 20;
/// Largest file that is attached as evidence, in bytes.
pub const EVIDENCE_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// Longest that a waiver may hold where the gate says nothing, in days.
pub const WAIVER_DAYS: u16 = 90;
/// Longest that a gate may let a waiver hold, in days.
pub const WAIVER_DAYS_MAX: u16 = 365;
/// How long an attestation holds where its requirement says nothing, in days.
pub const ATTESTED_DAYS: u16 = 90;
/// How long a decision holds after its run began where the gate says nothing, in days.
pub const DECISION_DAYS: u16 = 7;
/// Longest that a gate may let a decision hold, in days.
pub const DECISION_DAYS_MAX: u16 = 90;
/// How far a date may lie ahead of our clock, in seconds; more is taken for a wrong clock or a wrong date.
pub const CLOCK_AHEAD_SECONDS_MAX: i64 = 120;
/// Most records of the ledger that one command reads.
pub const LEDGER_RECORDS_MAX: u32 = 100_000;
