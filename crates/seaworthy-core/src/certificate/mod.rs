//! The gate of a deploy: admits a certificate, or says why not. Offline, and trusting nothing but its own policy.

mod policy;

pub use policy::{DeployPolicy, DeployPolicySpec};

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::gate::Headline;
use crate::limits::people::CLOCK_AHEAD_SECONDS_MAX;
use crate::manifest::{People, Role};
use crate::statement::{DecisionStatement, Envelope, EnvelopeError, PublicKey, open};

/// What is to be deployed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The service.
    pub service: String,
    /// The environment.
    pub environment: String,
    /// The commit; none where the policy takes any.
    pub commit: Option<String>,
}

/// A certificate that was admitted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Admitted {
    /// The decision that was signed.
    pub decision: DecisionStatement,
    /// The commit that it is about.
    pub commit: Option<String>,
    /// SHA-256 of the run.
    pub run_digest: String,
    /// Who said GO, for which role.
    pub signed: Vec<Signed>,
}

/// A role that is met.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Signed {
    /// The role.
    pub role: Role,
    /// The person of the policy.
    pub person: String,
}

/// Why a certificate is not admitted.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// It is no certificate, or nobody trusted signed it.
    #[error("{0}")]
    Envelope(#[from] EnvelopeError),
    /// It is about something else.
    #[error("it is about the {what} {is}, not {wanted}")]
    Other {
        /// Service, environment or commit.
        what: &'static str,
        /// What it is about.
        is: String,
        /// What is to be deployed.
        wanted: String,
    },
    /// Roles are missing.
    #[error("{met} of {needed} roles said GO; missing: {}", .missing.iter().map(|role| role.word()).collect::<Vec<_>>().join(", "))]
    Roles {
        /// How many are met.
        met: usize,
        /// How many are needed.
        needed: usize,
        /// Those that are not.
        missing: Vec<Role>,
    },
    /// It holds no longer.
    #[error("it held until {}", .0.format("%Y-%m-%d %H:%M UTC"))]
    Expired(DateTime<Utc>),
    /// The run is older than the policy takes.
    #[error("the run began on {}, longer ago than the policy takes", .0.format("%Y-%m-%d %H:%M UTC"))]
    TooOld(DateTime<Utc>),
    /// A risk was accepted by somebody whom the policy does not trust with anything.
    #[error(
        "it accepts the risk of `{requirement}`, and `{approver}`, who accepted it, has no role in the policy"
    )]
    Approver {
        /// The requirement.
        requirement: String,
        /// Who accepted the risk.
        approver: String,
    },
    /// Its run lies ahead of this clock.
    #[error("the run is dated in the future: {}", .0.format("%Y-%m-%d %H:%M UTC"))]
    Future(DateTime<Utc>),
    /// Its headline is not one that the policy takes.
    #[error("it is a {}, which the policy does not take", .0.words())]
    Headline(Headline),
    /// It was judged by a catalog that the policy does not know.
    #[error("it was judged by the catalog {0}, which the policy does not name")]
    Catalog(String),
    /// It says nothing that could be certified.
    #[error("it names no run by its digest")]
    NoRun,
}

/// Admits a certificate for what is to be deployed.
pub fn admit(
    certificate: &[u8],
    policy: &DeployPolicy,
    asked: &Asked,
    now: DateTime<Utc>,
) -> Result<Admitted, Refusal> {
    let envelope = Envelope::parse(certificate)?;
    let opened = open::<DecisionStatement>(&envelope, &policy.people.keys())?;
    let commit = opened.statement.digest("gitCommit").map(str::to_owned);
    let run_digest = opened.statement.digest("sha256").map(str::to_owned).ok_or(Refusal::NoRun)?;
    let decision = opened.statement.predicate;
    about(&decision, commit.as_deref(), asked)?;
    holds(&decision, policy, now)?;
    let signed = seated(&policy.sign_offs, &opened.signers, &policy.people);
    let needed = policy.needed();
    if signed.len() < needed {
        let met = |role: &&Role| signed.iter().any(|seat| seat.role == **role);
        let missing = policy.sign_offs.iter().filter(|role| !met(role)).copied().collect();
        return Err(Refusal::Roles { met: signed.len(), needed, missing });
    }
    Ok(Admitted { decision, commit, run_digest, signed })
}

fn about(decision: &DecisionStatement, commit: Option<&str>, asked: &Asked) -> Result<(), Refusal> {
    let other = |what, is: Option<&str>, wanted: &str| {
        Err(Refusal::Other { what, is: is.unwrap_or("none").to_owned(), wanted: wanted.to_owned() })
    };
    if decision.service != asked.service {
        return other("service", Some(&decision.service), &asked.service);
    }
    if decision.environment.as_deref() != Some(&asked.environment) {
        return other("environment", decision.environment.as_deref(), &asked.environment);
    }
    match &asked.commit {
        Some(wanted) if commit != Some(wanted) => other("commit", commit, wanted),
        _ => Ok(()),
    }
}

fn holds(decision: &DecisionStatement, policy: &DeployPolicy, now: DateTime<Utc>) -> Result<(), Refusal> {
    let began = decision.run_started_at;
    let age = now.signed_duration_since(began);
    if -age.num_seconds() > CLOCK_AHEAD_SECONDS_MAX {
        return Err(Refusal::Future(began));
    }
    if decision.expires_at <= now {
        return Err(Refusal::Expired(decision.expires_at));
    }
    if let Some(waived) = decision.waived.iter().find(|waived| waived.until <= now) {
        return Err(Refusal::Expired(waived.until));
    }
    if let Some(waived) = decision.waived.iter().find(|waived| !policy.people.has_role(&waived.approver)) {
        return Err(Refusal::Approver {
            requirement: waived.requirement.clone(),
            approver: waived.approver.clone(),
        });
    }
    if age > policy.max_age {
        return Err(Refusal::TooOld(began));
    }
    if !policy.headlines.contains(&decision.headline) {
        return Err(Refusal::Headline(decision.headline));
    }
    if !policy.catalogs.is_empty() && !policy.catalogs.contains(&decision.policy) {
        return Err(Refusal::Catalog(decision.policy.clone()));
    }
    Ok(())
}

/// Gives each role at most one person and each person at most one role, so that as many roles as possible are met.
fn seated(roles: &[Role], signers: &[PublicKey], people: &People) -> Vec<Signed> {
    let mut present: Vec<&str> = signers.iter().filter_map(|key| Some(people.owner_of(key)?.0)).collect();
    present.dedup();
    let holds = |person: &str, role: Role| people.get(person).is_some_and(|has| has.roles.contains(&role));
    let mut taken: Vec<Option<usize>> = vec![None; roles.len()];
    for person in 0..present.len() {
        let mut tried = vec![false; roles.len()];
        take(person, &present, roles, &holds, &mut taken, &mut tried);
    }
    let seats = roles.iter().zip(&taken);
    seats
        .filter_map(|(role, taken)| Some(Signed { role: *role, person: present[(*taken)?].to_owned() }))
        .collect()
}

/// Finds a seat for a person, moving others where that makes room.
fn take(
    person: usize,
    present: &[&str],
    roles: &[Role],
    holds: &dyn Fn(&str, Role) -> bool,
    taken: &mut [Option<usize>],
    tried: &mut [bool],
) -> bool {
    for seat in 0..roles.len() {
        if tried[seat] || !holds(present[person], roles[seat]) {
            continue;
        }
        tried[seat] = true;
        let free = match taken[seat] {
            None => true,
            Some(other) => take(other, present, roles, holds, taken, tried),
        };
        if free {
            taken[seat] = Some(person);
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests;
