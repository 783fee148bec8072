//! What people attested and which risks they accepted, of this service in this environment.

use schemars::JsonSchema;
use seaworthy_core::facts::{Listed, Seen};
use seaworthy_core::manifest::Role;
use serde::Serialize;

/// The ledger of what people said.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct LedgerFacts {
    /// The newest attestation of each role for each requirement.
    pub attestations: Listed<AttestationFact>,
    /// The people whom the manifest names.
    pub people: Listed<PersonFact>,
    /// The waivers that stand, the newest for each requirement.
    pub waivers: Listed<WaiverFact>,
}

/// A person of the manifest.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct PersonFact {
    /// The address, in lower case.
    pub address: String,
    /// The roles.
    pub roles: Vec<Role>,
}

/// One attestation. What it says of itself counts only where the signature is valid and the role is held.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct AttestationFact {
    /// The requirement that it is about.
    pub requirement: String,
    /// Who said it.
    pub person: String,
    /// In which role.
    pub role: String,
    /// What was said.
    pub statement: String,
    /// A key that the manifest gives to this person signed it, for this service in this environment.
    pub signature_valid: bool,
    /// The manifest gives this person the role.
    pub role_held: bool,
    /// Until when it holds, UTC (RFC 3339).
    pub until: String,
    /// It holds no longer.
    pub expired: bool,
    /// It is dated ahead of the clock.
    pub dated_ahead: bool,
    /// The signature is valid, the role is held, and it holds today.
    pub stands: bool,
    /// All of that in words, with the figures.
    pub told: String,
    /// Whole days since it was said.
    pub age_days: i64,
    /// The commit of the repository at which it was said; null where none was seen.
    pub commit: Option<String>,
    /// Figures that were said with it.
    pub figures: Vec<FigureFact>,
    /// What it rests on.
    pub evidence: Vec<EvidenceFact>,
    /// Every file that it rests on is there with the digest that was signed; null where it rests on no file.
    pub evidence_unchanged: Seen<Option<bool>>,
    /// SHA-256 of each file that it rests on and that is there as it was signed, in hexadecimal digits.
    pub unchanged_files: Seen<Vec<String>>,
    /// A command that shows the signed envelope.
    pub by_hand: String,
}

/// A figure that a person put a name to.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct FigureFact {
    /// What is counted.
    pub name: String,
    /// How many.
    pub value: u64,
}

/// One thing that an attestation rests on.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct EvidenceFact {
    /// The file, relative to the repository, or the link.
    pub name: String,
    /// It is a file whose digest was signed.
    pub is_file: bool,
    /// The file is there and has the digest that was signed; null for a link.
    pub unchanged: Seen<Option<bool>>,
}

/// A waiver that stands.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct WaiverFact {
    /// The requirement that need not hold.
    pub requirement: String,
    /// Why.
    pub reason: String,
    /// Who has to end it.
    pub owner: String,
    /// Who accepted it.
    pub approver: String,
    /// Why it cannot be trusted; null where it can.
    pub fault: Option<String>,
    /// It holds no longer.
    pub expired: bool,
    /// Both in words.
    pub told: String,
    /// Days until it ends, whole.
    pub left_days: i64,
}
