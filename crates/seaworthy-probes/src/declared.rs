//! What the manifest states of an environment, as facts that checks compare with what was seen.
//! No secret is in it: a manifest holds references only, and they stay behind.

use schemars::JsonSchema;
use seaworthy_core::facts::Seen;
use seaworthy_core::manifest::RateLimitSpec;
use serde::Serialize;

use crate::ask::Ask;
use crate::step::Step;

/// What the manifest states. `null` is what it does not state.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Declared {
    /// Origins under which the service answers.
    pub urls: Vec<String>,
    /// The version or the commit that should run.
    pub deployed: Option<String>,
    /// Operations that are open to everyone on purpose.
    pub public: Vec<String>,
    /// Origins that may call from a browser.
    pub cors_origins: Vec<String>,
    /// The promised rate limit.
    pub rate_limit: Option<RateLimitSpec>,
    /// Largest request body, in bytes.
    pub request_body_max_bytes: Option<u64>,
    /// What is stated of the names.
    pub dns: Option<DeclaredDns>,
    /// What is stated of PostgreSQL.
    pub postgres: Option<DeclaredPostgres>,
    /// Whether a Redis server is stated.
    pub redis: bool,
    /// Machines stated.
    pub hosts_count: usize,
}

/// What is stated of the names.
#[derive(Debug, Serialize, JsonSchema)]
pub struct DeclaredDns {
    /// Names.
    pub names: Vec<String>,
    /// Addresses that they may resolve to.
    pub addresses: Vec<String>,
}

/// What is stated of PostgreSQL.
#[derive(Debug, Serialize, JsonSchema)]
pub struct DeclaredPostgres {
    /// The application's role.
    pub application_role: Option<String>,
    /// Roles that may be superusers.
    pub superusers: Option<Vec<String>>,
    /// The service's database.
    pub database: Option<String>,
    /// Memory of the server's machine, in bytes.
    pub memory_bytes: Option<u64>,
    /// Largest pool of one replica, in connections.
    pub pool_max: Option<u32>,
    /// Replicas of the service.
    pub replicas: Option<u32>,
    /// The table of file metadata.
    pub files_table: Option<String>,
}

/// Always given: an environment made from the command line states its URL or folder.
#[expect(clippy::unnecessary_wraps, reason = "every kind gives a step in this form")]
pub(crate) fn step(ask: &Ask) -> Option<Step> {
    let environment = &ask.environment;
    let declared = Declared {
        urls: environment.urls.clone(),
        deployed: environment.deployed.clone(),
        public: environment.public.clone(),
        cors_origins: environment.cors_origins.clone(),
        rate_limit: environment.rate_limit.clone(),
        request_body_max_bytes: environment.request_body_max_bytes,
        dns: environment.dns.as_ref().map(|dns| DeclaredDns {
            names: dns.names.clone(),
            addresses: dns.addresses.iter().map(ToString::to_string).collect(),
        }),
        postgres: environment.postgres.as_ref().map(|postgres| DeclaredPostgres {
            application_role: postgres.application_role.clone(),
            superusers: postgres.superusers.clone(),
            database: postgres.database.clone(),
            memory_bytes: postgres.memory_bytes,
            pool_max: postgres.pool_max,
            replicas: postgres.replicas,
            files_table: postgres.files_table.clone(),
        }),
        redis: environment.redis.is_some(),
        hosts_count: environment.hosts.len(),
    };
    Some(Step::new("the manifest", async move { Seen::new(declared) }))
}
