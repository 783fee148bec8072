//! What the manifest says of the service's HTTP side.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::SecretRef;

/// Where the operational answers are: paths on each URL, or whole URLs of internal listeners.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Endpoints {
    /// Liveness. `/health` and other usual paths are tried where none is given.
    pub health: Option<String>,
    /// Readiness with its checks. `/health/ready` and other usual paths are tried where none is given.
    pub readiness: Option<String>,
    /// Status for people.
    pub status: String,
    /// Prometheus metrics; usually an internal URL. `/metrics` is tried where none is given.
    pub metrics: Option<String>,
    /// Version and commit.
    pub version: String,
    /// A route that answers a real internal error to an operator, if there is one.
    pub fault: Option<String>,
}

impl Default for Endpoints {
    fn default() -> Self {
        Self {
            health: None,
            readiness: None,
            status: "/status".into(),
            metrics: None,
            version: "/version".into(),
            fault: None,
        }
    }
}

impl Endpoints {
    /// Where liveness is answered, as given or as is usual.
    pub fn health(&self) -> &str {
        self.health.as_deref().unwrap_or("/health")
    }

    pub(super) fn checked(&self) -> Result<(), (String, &'static str)> {
        let help = "write a path such as `/health`, or a whole URL";
        let optional = [&self.health, &self.readiness, &self.metrics, &self.fault];
        for text in [&self.status, &self.version].into_iter().chain(optional.into_iter().flatten()) {
            if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
                return Err(("an endpoint holds white space or control characters".to_owned(), help));
            }
            if names_a_secret(text) {
                return Err((
                    "the query of an endpoint names a secret".to_owned(),
                    "keep secrets out of the manifest and out of URLs, which end up in logs",
                ));
            }
            if !text.starts_with('/') {
                super::environment::check_origin(text)?;
            }
        }
        Ok(())
    }
}

/// Whether a parameter of the query is named as secrets are.
fn names_a_secret(text: &str) -> bool {
    const NAMES: [&str; 6] = ["key", "token", "secret", "password", "auth", "sig"];
    let query = text.split_once('?').map_or("", |(_, query)| query).to_ascii_lowercase();
    let mut names = query.split('&').map(|pair| pair.split('=').next().unwrap_or_default());
    names.any(|name| NAMES.iter().any(|secret| name.contains(secret)))
}

/// A promised rate.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RateLimitSpec {
    /// Requests that one client may make within the window.
    pub requests: u32,
    /// The window, in seconds.
    pub per_seconds: u32,
    /// A path that the limit covers and that is harmless to GET.
    pub path: String,
}

/// Credentials by the role that they stand for: `user`, `admin`, `operator`.
pub type Credentials = BTreeMap<String, Credential>;

/// One credential, by reference.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub enum Credential {
    /// Sent as `Authorization: Bearer …`.
    Bearer(SecretRef),
}

/// How to sign in, to see what a session looks like.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Login {
    /// The path that takes the sign-in by POST.
    pub path: String,
    /// The name of the field for the account.
    #[serde(default = "Login::user_field")]
    pub user_field: String,
    /// The name of the field for the password.
    #[serde(default = "Login::password_field")]
    pub password_field: String,
    /// The account.
    pub user: String,
    /// Its password.
    pub password: SecretRef,
    /// Whether the body is a form; JSON when not.
    #[serde(default)]
    pub form: bool,
}

impl Login {
    fn user_field() -> String {
        "email".into()
    }

    fn password_field() -> String {
        "password".into()
    }
}
