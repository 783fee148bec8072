//! Which requirement has been seen to pass and to fail, on which part, when.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::requirement::Requirement;

/// One line of the matrix: what was seen of one requirement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProofSeen {
    /// The requirement.
    pub id: String,
    /// The part on which it passed.
    pub sound: String,
    /// The sabotages under each of which it failed.
    pub sabotage: Vec<String>,
    /// Whether it was unknown with the part away.
    pub away: bool,
    /// Digest of the logic that was proven.
    pub logic: String,
    /// The day on which both were last seen, UTC.
    pub seen: NaiveDate,
}

/// The matrix of proofs, one JSON object a line, sorted by id.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Matrix(BTreeMap<String, ProofSeen>);

/// A matrix that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("line {line} of the proof matrix cannot be read")]
pub struct MatrixError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong.
    #[source]
    pub source: serde_json::Error,
}

impl Matrix {
    /// Reads a matrix.
    pub fn read(text: &str) -> Result<Self, MatrixError> {
        text.lines()
            .enumerate()
            .map(|(index, line)| {
                let seen: ProofSeen =
                    serde_json::from_str(line).map_err(|source| MatrixError { line: index + 1, source })?;
                Ok((seen.id.clone(), seen))
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Writes it as it is read.
    pub fn write(&self) -> String {
        self.0
            .values()
            .map(|seen| serde_json::to_string(seen).expect("plain strings and dates serialise") + "\n")
            .collect()
    }

    /// Puts in what was seen of a requirement, or takes it out.
    pub fn put(&mut self, id: &str, seen: Option<ProofSeen>) {
        match seen {
            Some(seen) => self.0.insert(id.to_owned(), seen),
            None => self.0.remove(id),
        };
    }

    /// The lines.
    pub fn iter(&self) -> impl Iterator<Item = &ProofSeen> {
        self.0.values()
    }

    /// The proof of a requirement: of this logic, on the part and by every sabotage that its file names.
    pub(super) fn proof_of(&self, spec: &Requirement, logic: &str) -> Option<ProofSeen> {
        let plan = spec.proof.as_ref()?;
        let seen = self.0.get(&spec.id)?;
        let whole = seen.logic == logic
            && seen.away
            && seen.sound == plan.sound
            && !plan.sabotage.is_empty()
            && plan.sabotage.iter().all(|sabotage| seen.sabotage.contains(sabotage));
        whole.then(|| seen.clone())
    }
}
