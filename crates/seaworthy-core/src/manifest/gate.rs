//! By which policy findings become a decision, and what the service promises.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The gate as the manifest states it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[derive(Default)]
pub struct GateSpec {
    /// Least share of important requirements that must pass, in per cent of those that apply. 0 when not said:
    /// they are listed and do not block.
    pub important_percent: u8,
    /// What an unknown blocker does.
    pub unknown: UnknownRule,
}

/// What an unknown blocker does to the decision.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum UnknownRule {
    /// The decision stays open.
    #[default]
    Undecided,
    /// It counts as a failed one.
    CountsAsFail,
}

/// What the service promises.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Objectives {
    /// Share of time in which it answers, in per cent.
    pub availability: Option<f64>,
    /// 95th percentile of the answer time, in milliseconds.
    pub p95_ms: Option<u64>,
    /// Requests a second.
    pub rps: Option<u64>,
}
