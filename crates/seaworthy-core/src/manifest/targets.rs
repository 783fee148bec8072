//! What the manifest says of data stores, names and machines.

use std::net::IpAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::SecretRef;

/// The PostgreSQL server of an environment.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PostgresSpec {
    /// The connection URL of the role that looks.
    pub url: SecretRef,
    /// The application's own role. The role of `url` when not said.
    #[serde(default)]
    pub application_role: Option<String>,
    /// Roles that may be superusers and sign in. `postgres` when not said.
    #[serde(default)]
    pub superusers: Option<Vec<String>>,
    /// The database that the service uses. The one of `url` when not said.
    #[serde(default)]
    pub database: Option<String>,
    /// Memory of the server's machine in bytes, where no host of the environment shows it.
    #[serde(default)]
    pub memory_bytes: Option<u64>,
    /// Largest pool of one replica of the service, in connections.
    #[serde(default)]
    pub pool_max: Option<u32>,
    /// Replicas of the service.
    #[serde(default)]
    pub replicas: Option<u32>,
    /// The table that holds file metadata, as `schema.table`, if there is one.
    #[serde(default)]
    pub files_table: Option<String>,
}

/// The Redis server of an environment.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RedisSpec {
    /// The connection URL: `redis://user:password@host:port/db` or `rediss://…`.
    pub url: SecretRef,
    /// The application's own user. The user of `url` when not said.
    #[serde(default)]
    pub application_user: Option<String>,
}

/// Names that must point to the deployment.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DnsSpec {
    /// Names to resolve. The hosts of `urls` when empty.
    pub names: Vec<String>,
    /// Addresses that they may resolve to.
    pub addresses: Vec<IpAddr>,
    /// Name servers to ask, `address:port`. The machine's own when empty.
    pub servers: Vec<std::net::SocketAddr>,
}

/// One machine of an environment.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[derive(Default)]
pub struct HostSpec {
    /// A machine or container that runs on this machine, seen through one of its processes (a PID).
    /// This machine itself when not said.
    pub process: Option<u32>,
    /// The systemd unit or process name of the service.
    pub service: Option<String>,
    /// TCP ports that may be reached from outside. 22, 80 and 443 when not said.
    pub ports: Option<Vec<u16>>,
    /// Environment files of the service, absolute paths on that machine.
    pub env_files: Vec<String>,
    /// Names of variables that the service needs beside those that the repository declares.
    pub required_env: Vec<String>,
}
