//! A facts document, ready to be judged.

use std::sync::Arc;

use serde_json::Value as Json;

use super::reads::Reads;
use super::value::MapVal;
use crate::facts::Unseen;
use crate::limits::FACTS_DEPTH_MAX;

/// The facts of one run as the judge reads them.
#[derive(Debug)]
pub struct Document {
    pub(super) root: MapVal,
    pub(super) reads: Arc<Reads>,
}

/// A facts document that cannot be judged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// It is not a JSON object.
    #[error("the facts are not a JSON object")]
    NotAnObject,
    /// It is nested too deeply.
    #[error("the facts are nested more than {FACTS_DEPTH_MAX} deep")]
    TooDeep,
}

impl Document {
    /// Takes the `facts` object of a run.
    pub fn of(facts: &Json) -> Result<Self, DocumentError> {
        Self::with(facts, Reads::default())
    }

    /// The same, noting every path that is read from now on: see [`Document::read_paths`].
    pub fn traced(facts: &Json) -> Result<Self, DocumentError> {
        Self::with(facts, Reads::traced())
    }

    /// The paths of all values that were looked into since this was last asked, `facts.a.b[0].c`. Empty unless traced.
    pub fn read_paths(&self) -> Vec<String> {
        self.reads.trace()
    }

    /// The same facts with what stands at `path` (as [`Document::read_paths`] has it) unseen; nothing where
    /// nothing stands there. All the rest is shared, the note of what is read too: judge one of the two at a time.
    pub fn without(&self, path: &str, why: &Unseen) -> Option<Self> {
        Some(Self { root: self.root.without(path, why)?, reads: Arc::clone(&self.reads) })
    }

    fn with(facts: &Json, reads: Reads) -> Result<Self, DocumentError> {
        if !facts.is_object() {
            return Err(DocumentError::NotAnObject);
        }
        if deeper_than(facts, FACTS_DEPTH_MAX) {
            return Err(DocumentError::TooDeep);
        }
        let reads = Arc::new(reads);
        Ok(Self { root: MapVal::of(facts, "facts", &reads), reads })
    }
}

fn deeper_than(json: &Json, left: usize) -> bool {
    let Some(left) = left.checked_sub(1) else { return true };
    match json {
        Json::Array(items) => items.iter().any(|item| deeper_than(item, left)),
        Json::Object(map) => map.values().any(|item| deeper_than(item, left)),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => false,
    }
}
