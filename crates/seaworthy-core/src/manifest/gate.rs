//! By which policy findings become a decision, and what the service promises.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{People, Role};
use crate::limits::people::{DECISION_DAYS, DECISION_DAYS_MAX, WAIVER_DAYS, WAIVER_DAYS_MAX};

/// The gate as the manifest states it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct GateSpec {
    /// Least share of important requirements that must pass, in per cent of those that apply. 0 when not said:
    /// they are listed and do not block.
    pub important_percent: u8,
    /// What an unknown blocker does.
    pub unknown: UnknownRule,
    /// The roles whose holders must say GO before there is a certificate. None when not said: no poll is asked for.
    pub sign_offs: Vec<Role>,
    /// Longest that a waiver may hold, in days.
    pub waiver_days_max: u16,
    /// How long a decision holds after its run began, in days.
    pub decision_days: u16,
}

impl Default for GateSpec {
    fn default() -> Self {
        Self {
            important_percent: 0,
            unknown: UnknownRule::default(),
            sign_offs: Vec::new(),
            waiver_days_max: WAIVER_DAYS,
            decision_days: DECISION_DAYS,
        }
    }
}

impl GateSpec {
    /// Whether what it asks for can be given by these people; else what is wrong and the way out.
    pub(super) fn checked(&self, people: &People) -> Result<(), (String, &'static str)> {
        if self.important_percent > 100 {
            return Err((format!("`gate.important_percent` is {}", self.important_percent), "give 0 to 100"));
        }
        if !(1..=WAIVER_DAYS_MAX).contains(&self.waiver_days_max) {
            return Err((format!("`gate.waiver_days_max` is {}", self.waiver_days_max), "give 1 to 365"));
        }
        if !(1..=DECISION_DAYS_MAX).contains(&self.decision_days) {
            return Err((format!("`gate.decision_days` is {}", self.decision_days), "give 1 to 90"));
        }
        for (index, role) in self.sign_offs.iter().enumerate() {
            if self.sign_offs[..index].contains(role) {
                return Err((format!("`gate.sign_offs` names `{role}` twice"), "name each role once"));
            }
            if people.holders(*role).next().is_none() {
                return Err((
                    format!(
                        "`gate.sign_offs` asks for `{role}`, and nobody under `people` has that role and a key"
                    ),
                    "give someone the role and the line of a public key: `people: {ops@example.com: {roles: [operations], keys: [ssh-ed25519 …]}}`",
                ));
            }
        }
        Ok(())
    }
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
