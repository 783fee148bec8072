//! What the gate of a deploy trusts and asks for: a file of its own, beside the gate and not in the repository.

use chrono::Duration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::gate::Headline;
use crate::limits::YAML_BYTES_MAX;
use crate::manifest::{ManifestError, People, Role};

/// The policy as it is written.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeployPolicySpec {
    /// The service that may be deployed. What is asked for on the command line must be the same.
    pub service: String,
    /// The environment.
    pub environment: String,
    /// Whom the gate trusts, with their keys, as in a manifest.
    pub people: People,
    /// The roles that must have said GO.
    pub sign_offs: Vec<Role>,
    /// How many of them suffice. All when not said.
    #[serde(default)]
    pub threshold: Option<u8>,
    /// How long ago the run may have begun: `7d`, `12h`.
    #[serde(default = "week")]
    pub max_age: String,
    /// The headlines that are taken. GO and CONDITIONAL GO when not said.
    #[serde(default = "go_ahead")]
    pub headlines: Vec<Headline>,
    /// Digests of the catalogs that are taken. Any when not said.
    #[serde(default)]
    pub catalogs: Vec<String>,
    /// Whether a certificate is taken for whatever commit. The commit must be told when not said.
    #[serde(default)]
    pub any_commit: bool,
}

fn week() -> String {
    "7d".to_owned()
}

fn go_ahead() -> Vec<Headline> {
    vec![Headline::Go, Headline::ConditionalGo]
}

/// A policy that can be used.
#[derive(Debug, Clone)]
pub struct DeployPolicy {
    /// The service.
    pub service: String,
    /// The environment.
    pub environment: String,
    /// Whether the commit need not be told.
    pub any_commit: bool,
    pub(super) people: People,
    pub(super) sign_offs: Vec<Role>,
    pub(super) threshold: Option<u8>,
    pub(super) max_age: Duration,
    pub(super) headlines: Vec<Headline>,
    pub(super) catalogs: Vec<String>,
}

impl DeployPolicy {
    /// Reads a policy. `name` is the file's name as the user would write it, for messages.
    pub fn parse(name: &str, text: &str) -> Result<Self, ManifestError> {
        if text.len() > YAML_BYTES_MAX {
            return Err(ManifestError::too_long(name, text.len()));
        }
        let spec: DeployPolicySpec =
            serde_saphyr::from_str(text).map_err(|error| ManifestError::syntax(name, &error))?;
        let refuse = |what: String, help: &str| Err(ManifestError::meaning(name, what, help));
        let Some(max_age) = crate::catalog::duration(&spec.max_age) else {
            return refuse("`max_age` is no duration".into(), "write it as `7d` or `12h`");
        };
        let needed = spec.threshold.map_or(spec.sign_offs.len(), usize::from);
        if needed == 0 || needed > spec.sign_offs.len() {
            return refuse(
                format!("{needed} of {} roles are to say GO", spec.sign_offs.len()),
                "name at least one role under `sign_offs`, and a `threshold` that can be met",
            );
        }
        for (index, role) in spec.sign_offs.iter().enumerate() {
            if spec.sign_offs[..index].contains(role) {
                return refuse(format!("`sign_offs` names `{role}` twice"), "name each role once");
            }
            if spec.people.holders(*role).next().is_none() {
                return refuse(
                    format!(
                        "`sign_offs` asks for `{role}`, and nobody under `people` has that role and a key"
                    ),
                    "give someone the role and the line of a public key",
                );
            }
        }
        let bad = |headline: &Headline| matches!(headline, Headline::NoGo | Headline::Undecided);
        if spec.headlines.is_empty() || spec.headlines.iter().any(bad) {
            return refuse(
                "`headlines` takes what is no go-ahead".into(),
                "leave only `go` and `conditional-go`",
            );
        }
        if spec.service.is_empty() || spec.environment.is_empty() {
            return refuse(
                "`service` or `environment` is empty".into(),
                "name what may be deployed, and where",
            );
        }
        Ok(Self {
            service: spec.service,
            environment: spec.environment,
            any_commit: spec.any_commit,
            people: spec.people,
            sign_offs: spec.sign_offs,
            threshold: spec.threshold,
            max_age,
            headlines: spec.headlines,
            catalogs: spec.catalogs,
        })
    }

    /// How many roles must have said GO.
    pub(super) fn needed(&self) -> usize {
        self.threshold.map_or(self.sign_offs.len(), usize::from)
    }
}
