//! Health, readiness, status, metrics, version.

use schemars::JsonSchema;
use seaworthy_core::facts::Seen;
use serde::Serialize;

/// An answer about health.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct HealthAnswer {
    /// What was asked for.
    pub url: String,
    /// The status.
    pub status: u16,
    /// How long the answer took, in milliseconds.
    pub took_ms: u64,
    /// The body is a JSON object.
    pub json: bool,
    /// A field `status` or `ready` says that all is well.
    pub says_healthy: Option<bool>,
    /// A cache may answer in place of the service.
    pub cacheable: bool,
    /// The `Age` that a cache put on it, in seconds; `null` where there is none.
    pub age_seconds: Option<u64>,
    /// The checks that it lists; `null` where it lists none.
    pub checks: Option<Vec<HealthCheck>>,
    /// None of the checks says otherwise than that all is well. Unseen where one says what nobody can read.
    pub checks_well: Seen<bool>,
    /// One of the checks is of a database, and says that all is well.
    pub checks_database: bool,
    /// One of the checks is of a cache, and says that all is well.
    pub checks_cache: bool,
    /// One of the checks is of the disk, and says that all is well.
    pub checks_disk: bool,
    /// The whole says healthy or ready, and lists checks with a status each.
    pub documented_shape: bool,
    /// How to see it by hand.
    pub by_hand: String,
}

/// One check of a health answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct HealthCheck {
    /// Its name.
    pub name: String,
    /// It says that all is well; `null` where its status is none that is known.
    pub healthy: Option<bool>,
}

/// An answer of an operational endpoint.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct OperationalAnswer {
    /// What was asked for.
    pub url: String,
    /// The status.
    pub status: u16,
    /// The media type.
    pub content_type: Option<String>,
    /// How to see it by hand.
    pub by_hand: String,
}

/// Metrics.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct MetricsAnswer {
    /// What was asked for.
    pub url: String,
    /// The status.
    pub status: u16,
    /// The whole body reads as the Prometheus text format and holds a sample.
    pub parses: bool,
    /// Samples in it.
    pub samples_count: usize,
    /// The same metrics come back from a public URL of the service.
    pub public: Seen<bool>,
    /// How to see it by hand.
    pub by_hand: String,
}

/// A version.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct VersionAnswer {
    /// What was asked for.
    pub url: String,
    /// The status.
    pub status: u16,
    /// The version that it states.
    pub version: Option<String>,
    /// The commit that it states.
    pub commit: Option<String>,
    /// How to see it by hand.
    pub by_hand: String,
}

/// A mode that the service says it runs in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct StatedMode {
    /// What was asked for.
    pub url: String,
    /// The mode in small letters: `production`, `development`, …
    pub mode: String,
    /// How to see it by hand.
    pub by_hand: String,
}
