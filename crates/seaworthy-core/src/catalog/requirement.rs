//! A requirement as its file states it: what must hold, why, and how it is decided.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::consent::Consent;
use crate::limits::people::ATTESTED_DAYS;
use crate::manifest::Role;

/// One requirement of the catalog.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Requirement {
    /// Stable id; also the stem of its file. States what holds when it passes.
    pub id: String,
    /// What holds when it passes, as a sentence.
    pub title: String,
    /// Its area; also the folder of its file.
    pub area: String,
    /// How much a launch depends on it.
    pub severity: Severity,
    /// Lines of the mission's seeds that ask for it, `seed:line`.
    pub seeds: Vec<String>,
    /// What goes wrong where it does not hold.
    pub why: String,
    /// CEL over facts: whether there is a subject at all. It applies when not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub applies: Option<String>,
    /// The least assurance at which it may pass.
    pub least: Assurance,
    /// Ways to decide it, strongest first.
    pub checks: Vec<Check>,
    /// What a person may attest of it. Nobody may when not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attestation: Option<AttestationSpec>,
    /// How long a verdict stays fresh: `7d`, `12h`.
    pub fresh_for: String,
    /// What would make it pass.
    pub remedy: Remedy,
    /// On which real part its checks have been seen to pass and to fail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<ProofPlan>,
}

/// What a person may attest, and for how long.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AttestationSpec {
    /// What is attested, as a sentence that the person puts a name to.
    pub asks: String,
    /// The roles whose holders may.
    pub by: Vec<Role>,
    /// How long it may hold, in days. 90 when not said.
    #[serde(default = "attested_days")]
    pub days_max: u16,
    /// Whether it rests on a file, whose digest is signed with it.
    #[serde(default)]
    pub file: bool,
    /// Names of the figures that are said with it.
    #[serde(default)]
    pub figures: Vec<String>,
}

fn attested_days() -> u16 {
    ATTESTED_DAYS
}

/// How much a launch depends on a requirement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Blocks the launch.
    Critical,
    /// Blocks only where the gate says so.
    Important,
    /// Good to have.
    Nice,
}

impl Severity {
    /// The word in the catalog and in every output.
    pub fn word(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::Important => "important",
            Self::Nice => "nice",
        }
    }
}

/// How sure a verdict is, weakest first, so that the stronger compares as greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Assurance {
    /// Files in the repository say so.
    Declaration,
    /// A person signed for it.
    Attestation,
    /// Another tool's result, dated and bound to this commit.
    Report,
    /// Read from the live component.
    Configuration,
    /// Seen to happen.
    Behaviour,
}

impl Assurance {
    /// The word in the catalog and in every output.
    pub fn word(self) -> &'static str {
        match self {
            Self::Declaration => "declaration",
            Self::Attestation => "attestation",
            Self::Report => "report",
            Self::Configuration => "configuration",
            Self::Behaviour => "behaviour",
        }
    }
}

/// One way to decide a requirement.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// How sure its verdict is.
    pub assurance: Assurance,
    /// The level that looking for its facts needs.
    #[serde(default)]
    pub consent: Consent,
    /// CEL giving a list: `pass` and `fail` are then judged for each element. All must pass; one failed fails.
    /// An empty list is unknown, never a pass, unless `none_passes` gives the reason why none is good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub each: Option<String>,
    /// The name of the element in `pass`, `fail` and `says`. `it` when not said.
    #[serde(default, rename = "as", skip_serializing_if = "Option::is_none")]
    pub named: Option<String>,
    /// Why an empty list in `each` is a pass, for lists that hold only faults.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub none_passes: Option<String>,
    /// CEL over facts, true when the requirement holds.
    pub pass: String,
    /// CEL over facts, true when it does not hold. The contrary of `pass` when not said. A check below the
    /// requirement's least assurance fails only where this is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fail: Option<String>,
    /// What is allowed and should be better: told beside a pass, and changes no verdict.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warn: Option<Warning>,
    /// What was seen, with CEL in `{{ }}`.
    pub says: String,
    /// What was wanted, for people.
    pub wants: String,
}

/// What is told beside a pass.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Warning {
    /// CEL over facts, true when it is to be told.
    pub when: String,
    /// What is told, with CEL in `{{ }}`.
    pub says: String,
}

/// What would make a requirement pass.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Remedy {
    /// What to do, in a sentence or two.
    pub text: String,
    /// A text to copy: configuration, SQL, a command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snippet: Option<String>,
}

/// On which real part a requirement is proven, and by which sabotages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProofPlan {
    /// The part of the testbed on which it passes.
    pub sound: String,
    /// The sabotages that make it fail, each `part/name`.
    pub sabotage: Vec<String>,
}
