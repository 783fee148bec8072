//! A run: plan, probes side by side under one deadline, facts, findings, decision.

pub(crate) mod house;
pub(crate) mod keeping;
pub(crate) mod ledger;
pub(crate) mod look;
pub(crate) mod next;
pub(crate) mod progress;
pub(crate) mod secrets;
pub(crate) mod subject;
pub(crate) mod whole;
