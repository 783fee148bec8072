//! The manifest, `seaworthy.yaml`: the service, its environments and targets, objectives, consent.
//!
//! Everything is optional but the name. Secrets stand in it only by reference. A manifest can arrive by pull
//! request, so nothing in it is trusted with a credential: who may use which is said outside.

mod documents;
mod environment;
mod error;
mod gate;
mod people;
mod secret;
mod targets;
mod web;

use std::collections::BTreeMap;

pub use documents::DocumentKind;
pub use environment::Environment;
pub use error::{ManifestError, Place};
pub use gate::{GateSpec, Objectives, UnknownRule};
pub use people::{People, Person, Role, is_address};
pub use secret::SecretRef;
pub use targets::{DnsSpec, HostSpec, PostgresSpec, RedisSpec};
pub use web::{Credential, Credentials, Endpoints, Login, RateLimitSpec};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::limits::YAML_BYTES_MAX;

/// The name under which a manifest is looked for in a repository.
pub const FILE_NAME: &str = "seaworthy.yaml";

/// A service and its environments.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// What is to be launched.
    pub service: Service,
    /// Sets of targets by name: `local`, `staging`, `production`, …
    #[serde(default)]
    pub environments: BTreeMap<String, Environment>,
    /// What the service promises.
    #[serde(default)]
    pub objectives: Objectives,
    /// By which policy findings become a decision.
    #[serde(default)]
    pub gate: GateSpec,
    /// Who may sign, by e-mail address.
    #[serde(default)]
    pub people: People,
}

/// The service as its people name it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// Its name.
    pub name: String,
    /// The team that answers for it.
    #[serde(default)]
    pub owner: Option<String>,
    /// Its tier, 1 being the most important.
    #[serde(default)]
    pub tier: Option<u8>,
}

impl Manifest {
    /// Reads a manifest. `name` is the file's name as the user would write it, for messages.
    pub fn parse(name: &str, text: &str) -> Result<Self, ManifestError> {
        if text.len() > YAML_BYTES_MAX {
            return Err(ManifestError::too_long(name, text.len()));
        }
        let manifest: Self =
            serde_saphyr::from_str(text).map_err(|error| ManifestError::syntax(name, &error))?;
        manifest.checked(name)
    }

    fn checked(self, name: &str) -> Result<Self, ManifestError> {
        let refuse = |what: String, help: &str| Err(ManifestError::meaning(name, what, help));
        if self.service.name.trim().is_empty() {
            return refuse("the service has an empty name".into(), "give `service.name` a value");
        }
        for (environment, spec) in &self.environments {
            if let Err((what, help)) = spec.checked().and_then(|()| spec.paths_stay_inside()) {
                return refuse(format!("environment `{environment}`: {what}"), help);
            }
        }
        if let Err((what, help)) = self.gate.checked(&self.people) {
            return refuse(what, help);
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests;
