//! The catalog: requirements as data, compiled and linted.

mod lint;
mod matrix;
mod requirement;

pub use lint::{Complaint, lint};
pub use matrix::{Matrix, MatrixError, ProofSeen};
pub use requirement::{Assurance, AttestationSpec, Check, ProofPlan, Remedy, Requirement, Severity};

use std::collections::BTreeMap;

use chrono::Duration;
use sha2::{Digest, Sha256};

use crate::judge::{CompiledCheck, Expression, ExpressionError};
use crate::limits::YAML_BYTES_MAX;
use crate::manifest::ManifestError;

/// A requirement with its expressions compiled.
#[derive(Debug)]
pub struct CompiledRequirement {
    /// What its file states.
    pub spec: Requirement,
    pub(crate) applies: Option<Expression>,
    pub(crate) checks: Vec<CompiledCheck>,
    fresh_for: Duration,
    logic: String,
    proof: Option<ProofSeen>,
}

impl CompiledRequirement {
    /// The least assurance at which it may pass.
    pub fn least(&self) -> Assurance {
        self.spec.least
    }

    /// How long its verdict stays fresh.
    pub fn fresh_for(&self) -> Duration {
        self.fresh_for
    }

    /// Digest of what decides it: `applies`, `least` and `checks`. A proof of other logic is no proof.
    pub fn logic(&self) -> &str {
        &self.logic
    }

    /// When its checks, as they stand, were seen both ways on a real component.
    pub fn proof(&self) -> Option<&ProofSeen> {
        self.proof.as_ref()
    }

    /// Whether there is such a proof.
    pub fn proven(&self) -> bool {
        self.proof.is_some()
    }
}

/// Requirements by id.
#[derive(Debug, Default)]
pub struct Catalog(BTreeMap<String, CompiledRequirement>);

/// A catalog file that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CatalogError {
    /// It is not a requirement.
    #[error("{file} is not a requirement")]
    Syntax {
        /// The file.
        file: String,
        /// What is wrong with it.
        #[source]
        source: ManifestError,
    },
    /// One of its expressions cannot be used.
    #[error("{file} has an expression that cannot be used")]
    Expression {
        /// The file.
        file: String,
        /// What is wrong with it.
        #[source]
        source: ExpressionError,
    },
    /// The duration is not one.
    #[error("{file}: `fresh_for: {text}` is not a number followed by `d`, `h` or `m`")]
    Duration {
        /// The file.
        file: String,
        /// What stands there.
        text: String,
    },
    /// Two files have one id.
    #[error("{file}: there is already a requirement `{id}`")]
    Twice {
        /// The second file.
        file: String,
        /// The id.
        id: String,
    },
}

impl Catalog {
    /// Reads requirements from files, given as path and text, with the proofs seen so far.
    pub fn read<'a>(
        files: impl IntoIterator<Item = (&'a str, &'a str)>,
        matrix: &Matrix,
    ) -> Result<Self, CatalogError> {
        let mut catalog = Self::default();
        for (file, text) in files {
            catalog.add(compile(file, text, matrix)?, file)?;
        }
        Ok(catalog)
    }

    /// Adds one requirement. What is there already is never replaced.
    pub fn add(&mut self, requirement: CompiledRequirement, file: &str) -> Result<(), CatalogError> {
        let id = requirement.spec.id.clone();
        if self.0.contains_key(&id) {
            return Err(CatalogError::Twice { file: file.to_owned(), id });
        }
        self.0.insert(id, requirement);
        Ok(())
    }

    /// The requirements in the order of their ids.
    pub fn iter(&self) -> impl Iterator<Item = &CompiledRequirement> {
        self.0.values()
    }

    /// One requirement.
    pub fn get(&self, id: &str) -> Option<&CompiledRequirement> {
        self.0.get(id)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Digest of the logic of all requirements: which policy a run was judged by.
    pub fn digest(&self) -> String {
        let mut hasher = Sha256::new();
        for requirement in self.iter() {
            hasher.update(requirement.spec.id.as_bytes());
            hasher.update([0]);
            hasher.update(requirement.logic.as_bytes());
        }
        hex(&hasher.finalize())
    }
}

/// Reads and compiles one requirement.
pub fn compile(file: &str, text: &str, matrix: &Matrix) -> Result<CompiledRequirement, CatalogError> {
    let syntax = |source| CatalogError::Syntax { file: file.to_owned(), source };
    if text.len() > YAML_BYTES_MAX {
        return Err(syntax(ManifestError::too_long(file, text.len())));
    }
    let spec: Requirement =
        serde_saphyr::from_str(text).map_err(|error| syntax(ManifestError::syntax(file, &error)))?;
    let expression = |source| CatalogError::Expression { file: file.to_owned(), source };
    let applies = spec.applies.as_deref().map(Expression::compile).transpose().map_err(expression)?;
    let checks = spec
        .checks
        .iter()
        .map(|check| CompiledCheck::compile(check, spec.least))
        .collect::<Result<_, _>>()
        .map_err(expression)?;
    let fresh_for = duration(&spec.fresh_for)
        .ok_or_else(|| CatalogError::Duration { file: file.to_owned(), text: spec.fresh_for.clone() })?;
    let logic = logic_of(&spec);
    let proof = matrix.proof_of(&spec, &logic);
    Ok(CompiledRequirement { spec, applies, checks, fresh_for, logic, proof })
}

fn logic_of(spec: &Requirement) -> String {
    let decides = serde_json::json!([spec.applies, spec.least, spec.checks]);
    hex(&Sha256::digest(decides.to_string().as_bytes()))[..16].to_owned()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn duration(text: &str) -> Option<Duration> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let number: i64 = number.parse().ok().filter(|number| (1..=10_000).contains(number))?;
    match unit {
        "d" => Duration::try_days(number),
        "h" => Duration::try_hours(number),
        "m" => Duration::try_minutes(number),
        _ => None,
    }
}
