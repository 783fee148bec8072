//! The unseen as a CEL value: an error wherever one can be returned, a taint wherever not.

use std::any::Any;
use std::sync::Arc;

use cel::ExecutionError;
use cel::common::traits::Indexer;
use cel::common::types::{MAP_TYPE, Type};
use cel::common::value::{BuiltinRef, CowVal, StaticVal, Val};

use super::reads::Reads;
use crate::facts::Unseen;

/// The name of the function in the error by which an unseen fact shows.
pub(crate) const UNKNOWN: &str = "unknown";

/// A value that could not be seen, as an element of a list.
#[derive(Debug, Clone)]
pub(crate) struct UnseenVal {
    pub(super) path: String,
    pub(super) why: Unseen,
    pub(super) reads: Arc<Reads>,
}

impl UnseenVal {
    pub(super) fn error(&self) -> ExecutionError {
        self.reads.note_unseen(&self.path, &self.why);
        ExecutionError::function_error(UNKNOWN, format!("{}: {}", self.path, self.why.why))
    }
}

impl Indexer for UnseenVal {
    fn get<'b, 'v>(&'b self, _field: &dyn Val) -> Result<CowVal<'b, 'v>, ExecutionError>
    where
        Self: 'v,
    {
        Err(self.error())
    }

    fn steal<'v>(self: Box<Self>, _field: &dyn Val) -> Result<Box<dyn Val + 'v>, ExecutionError>
    where
        Self: 'v,
    {
        Err(self.error())
    }
}

impl Val for UnseenVal {
    /// Asked before every overload is chosen, so whoever computes with this value is noted.
    fn get_type(&self) -> &Type {
        self.reads.taint(&self.path, &self.why);
        &MAP_TYPE
    }

    fn cel_type() -> &'static Type {
        &MAP_TYPE
    }

    fn as_indexer<'b, 'v>(&'b self) -> Option<&'b (dyn Indexer + 'v)>
    where
        Self: 'v,
    {
        Some(self)
    }

    fn equals(&self, _other: &dyn Val) -> bool {
        self.reads.taint(&self.path, &self.why);
        false
    }

    fn clone_as_boxed<'v>(&self) -> Box<dyn Val + 'v> {
        Box::new(self.clone())
    }

    /// Asked where a built-in value on the left compares itself with this one: `9 == x`.
    fn as_any(&self) -> Option<&dyn Any> {
        self.reads.taint(&self.path, &self.why);
        Some(self)
    }

    /// Asked for the same by strings, lists and maps.
    fn as_builtin<'b, 'v>(&'b self) -> BuiltinRef<'b, 'v>
    where
        Self: 'v,
    {
        self.reads.taint(&self.path, &self.why);
        BuiltinRef::Other
    }
}

impl StaticVal for UnseenVal {}
