//! One environment: its targets, and how much its owner allows.

use std::collections::BTreeMap;
use std::net::IpAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Credential, Credentials, DnsSpec, DocumentKind, Endpoints, HostSpec, Login, PostgresSpec, RateLimitSpec,
    RedisSpec, SecretRef,
};
use crate::consent::Consent;
use crate::limits::manifest::{
    HOSTS_MAX, LOGS_MAX, NAMES_MAX, ORIGINS_MAX, REPORTS_MAX, URLS_MAX, VERSION_CHARS_MAX,
};

/// One set of targets of a service.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Environment {
    /// The level that the owner grants here. `observe` when not said.
    pub consent: Consent,
    /// The repository, relative to the manifest. The manifest's own folder when not said.
    pub repo: Option<String>,
    /// The version or the commit that should run here, as whoever deployed it says. What is checked out where not said.
    pub deployed: Option<String>,
    /// Reports of other tools (SARIF, JUnit), relative to the repository.
    pub reports: Vec<String>,
    /// Origins under which the service answers, `https://` first.
    pub urls: Vec<String>,
    /// Addresses to dial for a name instead of asking DNS, as `curl --resolve` does.
    pub resolve: BTreeMap<String, IpAddr>,
    /// A PEM file with roots to trust beside the machine's own, relative to the manifest.
    pub ca: Option<String>,
    /// The OpenAPI document, a file relative to the manifest.
    pub openapi: Option<String>,
    /// Operations that are open to everyone on purpose: `GET /`, `/assets/*`.
    pub public: Vec<String>,
    /// Operations that do no harm even where a stranger gets through: `DELETE /api/sessions`. At `probe` they are
    /// called without a credential. Others that change something are only called in a form that cannot take effect.
    pub harmless: Vec<String>,
    /// Files in which the service writes its log, on this machine; absolute or relative to the manifest. What is written there
    /// while an error is provoked is searched for the error's request id; nothing else of them is read.
    pub logs: Vec<String>,
    /// Documents that people work by, in Markdown, relative to the manifest.
    pub documents: BTreeMap<DocumentKind, String>,
    /// Where the operational answers are.
    pub endpoints: Endpoints,
    /// Origins that may call from a browser.
    pub cors_origins: Vec<String>,
    /// The rate limit that the service promises.
    pub rate_limit: Option<RateLimitSpec>,
    /// Largest request body that the service takes, in bytes.
    pub request_body_max_bytes: Option<u64>,
    /// Tokens by the role that they stand for.
    pub credentials: Credentials,
    /// How to sign in with a form or a JSON body, to see the session cookie.
    pub login: Option<Login>,
    /// Names and addresses.
    pub dns: Option<DnsSpec>,
    /// The PostgreSQL server.
    pub postgres: Option<PostgresSpec>,
    /// The Redis server.
    pub redis: Option<RedisSpec>,
    /// The machines.
    pub hosts: Vec<HostSpec>,
}

impl Environment {
    /// Whether every URL and path can be used; else what is wrong and the way out.
    pub fn checked(&self) -> Result<(), (String, &'static str)> {
        let too_many = "split them over environments";
        for (what, count, max) in [
            ("URLs", self.urls.len(), URLS_MAX),
            ("hosts", self.hosts.len(), HOSTS_MAX),
            ("names", self.dns.as_ref().map_or(0, |dns| dns.names.len()), NAMES_MAX),
            ("reports", self.reports.len(), REPORTS_MAX),
            ("logs", self.logs.len(), LOGS_MAX),
            ("origins", self.cors_origins.len(), ORIGINS_MAX),
        ] {
            if count > max {
                return Err((format!("{count} {what}, more than {max}"), too_many));
            }
        }
        for text in &self.urls {
            check_origin(text)?;
        }
        if self.deployed.as_ref().is_some_and(|deployed| !is_version(deployed)) {
            return Err((
                format!("`deployed` is no version or commit of at most {VERSION_CHARS_MAX} characters"),
                "write it as the service tells it at `/version`, such as `1.4.2` or a commit's 40 digits",
            ));
        }
        if self.logs.iter().any(|path| path.is_empty() || path.contains('\0')) {
            return Err((
                "a path under `logs` is none".to_owned(),
                "name the files in which the service writes its log",
            ));
        }
        for origin in &self.cors_origins {
            check_origin(origin)?;
        }
        for reference in self.secrets() {
            reference.checked()?;
        }
        self.endpoints.checked()
    }

    /// Every reference to a secret.
    fn secrets(&self) -> impl Iterator<Item = &SecretRef> {
        let tokens = self.credentials.values().map(|Credential::Bearer(token)| token);
        let login = self.login.iter().map(|login| &login.password);
        let postgres = self.postgres.iter().map(|postgres| &postgres.url);
        let redis = self.redis.iter().map(|redis| &redis.url);
        tokens.chain(login).chain(postgres).chain(redis)
    }
}

impl Environment {
    /// Whether every path to read stays in the manifest's folder: a manifest can arrive by pull request.
    pub(super) fn paths_stay_inside(&self) -> Result<(), (String, &'static str)> {
        let reports = self.reports.iter().map(|path| ("reports", path));
        let documents = self.documents.values().map(|path| ("documents", path));
        let paths = [("repo", &self.repo), ("openapi", &self.openapi)];
        let paths = paths
            .into_iter()
            .filter_map(|(key, path)| Some((key, path.as_ref()?)))
            .chain(reports)
            .chain(documents);
        for (key, text) in paths {
            let path = std::path::Path::new(text);
            let inside = path
                .components()
                .all(|part| matches!(part, std::path::Component::Normal(_) | std::path::Component::CurDir));
            if !inside || text.is_empty() || text.contains('\0') {
                return Err((
                    format!("a path under `{key}` leads out of the manifest's folder"),
                    "write it relative to the manifest, without `..`",
                ));
            }
        }
        Ok(())
    }
}

/// What may be a version, a tag or a commit.
fn is_version(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || ".-_+/".contains(c);
    !text.is_empty() && text.len() <= VERSION_CHARS_MAX && text.chars().all(fits)
}

pub(super) fn check_origin(text: &str) -> Result<(), (String, &'static str)> {
    let help = "write it as `https://host` or `https://host:port`, without user, password, query or fragment";
    if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err(("a URL holds white space or control characters".to_owned(), help));
    }
    let url = url::Url::parse(text).map_err(|error| (format!("a URL cannot be read: {error}"), help))?;
    let sound = matches!(url.scheme(), "http" | "https")
        && url.has_host()
        && url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    if sound { Ok(()) } else { Err((format!("a URL{} is not an HTTP origin", at_host(&url)), help)) }
}

/// The host alone: what else stands in such a URL may be a secret in the wrong place.
fn at_host(url: &url::Url) -> String {
    url.host_str().map(|host| format!(" at `{host}`")).unwrap_or_default()
}
