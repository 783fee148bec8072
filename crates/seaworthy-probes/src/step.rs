//! One look: what a kind of target makes of what was asked.

use std::future::Future;
use std::pin::Pin;

use seaworthy_core::facts::{Blind, Seen, Unseen};
use serde::Serialize;
use serde_json::Value as Json;

/// One look at one kind of target.
pub struct Step {
    /// The target as the user would write it, without secrets.
    pub target: String,
    /// Looks. Cannot fail: what was not seen is in the facts with its reason.
    pub look: Pin<Box<dyn Future<Output = Json> + Send>>,
}

impl Step {
    /// A step from a look that gives typed facts.
    pub fn new<T: Serialize>(
        target: impl Into<String>,
        look: impl Future<Output = Seen<T>> + Send + 'static,
    ) -> Self {
        let look = Box::pin(async move { to_json(&look.await) });
        Self { target: target.into(), look }
    }
}

/// Facts as JSON. A map with keys that are no text cannot be in a fact.
pub fn to_json<T: Serialize>(facts: &T) -> Json {
    serde_json::to_value(facts).unwrap_or_else(|error| {
        let why = Unseen::new(Blind::Crashed, format!("the facts could not be written: {error}"));
        serde_json::json!({ "$unseen": why })
    })
}
