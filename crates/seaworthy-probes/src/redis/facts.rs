//! What a Redis server says about itself, and what it does.

use std::net::SocketAddr;

use schemars::JsonSchema;
use seaworthy_core::facts::{Listed, Seen};
use serde::Serialize;

use crate::address::Reach;

/// What was seen of one Redis server.
#[derive(Debug, Serialize, JsonSchema)]
pub struct RedisFacts {
    /// The address at which the server answered.
    pub dialled: Seen<Dialled>,
    /// The answer to `PING` on a connection without credentials.
    pub unauthenticated_ping: Seen<Ping>,
    /// The user `default`, who every connection is before it signs in: `ACL GETUSER default`.
    pub default_user: Seen<DefaultUser>,
    /// Users that are on and take any password: `ACL USERS`, and `ACL GETUSER` of each. Empty before Redis 6, which knows
    /// no users.
    pub passwordless_users: Seen<Listed<String>>,
    /// `redis_version` of `INFO server`. Compatible servers give the version that they are compatible with.
    pub version: Seen<Version>,
    /// `role` of `INFO replication`.
    pub role: Seen<Role>,
    /// The addresses of `CONFIG GET bind`. Empty `bind` is one entry: every interface.
    pub bind: Seen<Listed<Bind>>,
    /// `CONFIG GET protected-mode`.
    pub protected_mode_on: Seen<bool>,
    /// Whether the server's port answers at the addresses of its machine, when that is this one.
    /// Loopback is left out.
    pub own_addresses: Seen<Listed<OwnAddress>>,
    /// The application's user.
    pub application_user: Seen<String>,
    /// What the application's user may do that it should not.
    pub dangerous_commands: Seen<Vec<CommandRight>>,
    /// `aof_enabled` of `INFO persistence`.
    pub append_only_on: Seen<bool>,
    /// Whether the last write to the append-only file succeeded; `null` while it is off.
    pub append_only_write_ok: Seen<Option<bool>>,
    /// The rules of `CONFIG GET save`.
    pub save_rules: Seen<Listed<SaveRule>>,
    /// Whether the last snapshot succeeded; true as well when none was made yet.
    pub snapshot_ok: Seen<bool>,
    /// Servers beside this one that hold the same data: its replicas, its primary, the other nodes of its cluster. They were not looked at.
    pub other_nodes: Seen<OtherNodes>,
    /// Passwords that every list begins with, tried for the user `default`.
    pub default_logins: Seen<DefaultLogins>,
    /// What a restart would bring back, rehearsed on a copy of the data's files.
    pub restart: Seen<Restart>,
}

/// Where the server answered.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Dialled {
    /// Address and port.
    #[schemars(with = "String")]
    pub address: SocketAddr,
    /// How public the address is.
    pub reach: Reached,
    /// Whether the connection is encrypted, with a certificate that verifies for the name.
    pub tls_on: bool,
}

/// How public an address is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Reached {
    /// This machine alone.
    Loopback,
    /// The link alone: not routed.
    LinkLocal,
    /// A private network.
    Private,
    /// The Internet.
    Public,
    /// Every interface there is.
    Every,
}

impl From<Reach> for Reached {
    fn from(reach: Reach) -> Self {
        match reach {
            Reach::Loopback => Self::Loopback,
            Reach::Private => Self::Private,
            Reach::Public => Self::Public,
        }
    }
}

/// The answer to a `PING`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Ping {
    /// It was answered with `PONG`.
    pub answered: bool,
    /// The code of the error, when it was refused: `NOAUTH`, `DENIED`.
    pub error_code: Option<String>,
}

/// The user that every connection is before it signs in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct DefaultUser {
    /// It may sign in.
    pub enabled: bool,
    /// It needs no password.
    pub passwordless: bool,
}

/// A version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Version {
    /// As the server writes it.
    pub text: String,
    /// The first number.
    pub major: u32,
    /// The second number.
    pub minor: u32,
}

/// What a server is in replication.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// It takes writes.
    Primary,
    /// It follows another.
    Replica,
}

/// One address that the server listens on.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Bind {
    /// As it stands in the configuration.
    pub address: String,
    /// How public it is; a name cannot be judged.
    pub reach: Seen<Reached>,
}

/// One address of the server's machine.
#[derive(Debug, Serialize, JsonSchema)]
pub struct OwnAddress {
    /// The address.
    pub address: String,
    /// How public it is.
    pub reach: Reached,
    /// A connection to the server's port was accepted there.
    pub answers: Seen<bool>,
}

/// Whether the application's user may run a command.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CommandRight {
    /// The command: `flushall`, `config set`.
    pub command: String,
    /// It may be run.
    pub permitted: Seen<bool>,
}

/// What a second server of the same version loaded from a copy of the files. Keys are counted, never named.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Restart {
    /// What was loaded from.
    pub loaded_from: LoadedFrom,
    /// It could be loaded at all.
    pub loads: bool,
    /// Keys without an expiry that had to come back, over all databases: those that were there before and after the copy, less what
    /// a snapshot may lack.
    pub lasting_keys_expected: u64,
    /// Those that came back.
    pub lasting_keys_loaded: u64,
    /// All keys that were there.
    pub keys_expected: u64,
    /// All that came back. Some of those with an expiry may end meanwhile.
    pub keys_loaded: u64,
    /// Keys that were drawn by name before the copy and were there after it.
    pub named_keys_expected: u64,
    /// Those of them that came back.
    pub named_keys_loaded: u64,
    /// Every lasting key came back, by number and each that was named, and at least half of all.
    pub came_back: bool,
}

/// What a server loads when it starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LoadedFrom {
    /// The append-only file.
    AppendOnlyFile,
    /// The snapshot.
    Snapshot,
}

/// Servers that hold the same data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct OtherNodes {
    /// Replicas that are connected to it.
    pub replicas_count: u64,
    /// It is a node of a cluster.
    pub clustered: bool,
    /// There is any other.
    pub any: bool,
}

/// What came of trying published passwords.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct DefaultLogins {
    /// How many were tried.
    pub tried_count: usize,
    /// One of them was taken, or none is needed.
    pub accepted: bool,
}

/// A snapshot is made after so many seconds when so many keys changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SaveRule {
    /// Seconds.
    pub seconds: u64,
    /// Changes.
    pub changes: u64,
}
