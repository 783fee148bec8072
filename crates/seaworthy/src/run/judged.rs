//! Facts become findings and a decision.

use chrono::{DateTime, Utc};
use seaworthy_core::catalog::{Catalog, CompiledRequirement};
use seaworthy_core::finding::Finding;
use seaworthy_core::judge::{Document, DocumentError, judge};
use serde_json::Value as Json;

/// Judges the facts by every requirement of the catalog that was asked for.
pub(crate) fn findings(
    catalog: &Catalog,
    facts: &Json,
    now: DateTime<Utc>,
    wanted: impl Fn(&CompiledRequirement) -> bool,
) -> Result<Vec<Finding>, DocumentError> {
    let document = Document::of(facts)?;
    let chosen = catalog.iter().filter(|requirement| wanted(requirement));
    Ok(chosen.map(|requirement| judge(requirement, &document, now)).collect())
}
