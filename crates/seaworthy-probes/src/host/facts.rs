//! What one host of an environment showed: the machine, its doors, and the service on it.

use schemars::JsonSchema;
use seaworthy_core::facts::{Listed, Seen};
use serde::Serialize;

use crate::modes::Mode;

/// One host: this machine, or a machine or container seen through one of its processes.
#[derive(Debug, Serialize, JsonSchema)]
pub struct HostFacts {
    /// How the manifest names it: `local`, `process 4711`.
    pub name: String,
    /// What it is and what it has.
    pub system: SystemFacts,
    /// Its SSH server; null when none listens.
    pub ssh: Seen<Option<SshFacts>>,
    /// What the packet filter does with packets that come in from outside.
    pub firewall: FirewallFacts,
    /// TCP sockets that listen.
    pub ports: Seen<Listed<ListeningPort>>,
    /// Ports that the manifest says may be reached; null when it does not say.
    pub ports_declared: Option<Vec<u16>>,
    /// The service's processes and their surroundings.
    pub service: ServiceFacts,
    /// Files with environment variables of the service. Empty when it uses none.
    pub env_files: Seen<Listed<EnvFile>>,
    /// Installed packages against those on offer.
    pub packages: PackagesFacts,
    /// Whether the clock follows others.
    pub clock: ClockFacts,
}

/// What the machine is and has.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SystemFacts {
    /// The operating system by `os-release`.
    pub os: Seen<OsRelease>,
    /// By which sign it is a container: `docker`, `podman`, `kubernetes`, `lxc`, …; null without a sign.
    pub container: Seen<Option<String>>,
    /// Whether systemd runs it.
    pub systemd_running: Seen<bool>,
    /// Processors the service may use, in thousandths: affinity and control groups honoured.
    pub cpu_millicores: Seen<u64>,
    /// Memory the service may use, control groups honoured.
    pub memory_bytes: Seen<u64>,
    /// Size of the root file system and of every other whole disk file system that is mounted.
    pub disk_bytes: Seen<u64>,
    /// What of it is free for users without rights.
    pub disk_free_bytes: Seen<u64>,
}

/// What `os-release` says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct OsRelease {
    /// `debian`, `ubuntu`, `alpine`, …
    pub id: String,
    /// `12`, `24.04`; null when it does not say.
    pub version: Option<String>,
    /// The name for people.
    pub name: String,
}

/// An SSH server: what its files say and what it answers.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SshFacts {
    /// Ports it listens on.
    pub ports: Vec<u16>,
    /// The software it names in its banner: `OpenSSH_9.2p1 Debian-2+deb12u10`.
    pub software: Seen<String>,
    /// Ways to sign in that it names to someone without any: `publickey`, `password`, … Sorted.
    pub methods_offered: Seen<Vec<String>>,
    /// Whether the server has started or was reloaded after its files were last changed.
    pub config_loaded: Seen<bool>,
    /// `PermitRootLogin` outside `Match` blocks: `no`, `prohibit-password`, `forced-commands-only`, `yes`.
    pub permit_root_login: Seen<String>,
    /// `PasswordAuthentication` outside `Match` blocks.
    pub password_authentication: Seen<bool>,
    /// `KbdInteractiveAuthentication` outside `Match` blocks.
    pub keyboard_interactive_authentication: Seen<bool>,
    /// `PubkeyAuthentication` outside `Match` blocks.
    pub public_key_authentication: Seen<bool>,
    /// `HostbasedAuthentication` outside `Match` blocks.
    pub hostbased_authentication: Seen<bool>,
    /// `GSSAPIAuthentication` outside `Match` blocks.
    pub gssapi_authentication: Seen<bool>,
    /// `PermitEmptyPasswords` outside `Match` blocks.
    pub empty_passwords_permitted: Seen<bool>,
    /// Settings of who may sign in and how that stand in `Match` blocks.
    pub match_settings: Seen<Listed<MatchSetting>>,
}

/// One setting in a `Match` block.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct MatchSetting {
    /// When the block applies: `user git`, `address 10.0.0.0/8`.
    pub criteria: String,
    /// Whether the block can apply to root by its `User` criterion.
    pub root_possible: bool,
    /// The keyword in small letters: `permitrootlogin`.
    pub keyword: String,
    /// Its value in small letters.
    pub value: String,
    /// The file.
    pub file: String,
    /// The line.
    pub line: u32,
}

/// What the packet filter does with a new connection that comes in from outside.
#[derive(Debug, Serialize, JsonSchema)]
pub struct FirewallFacts {
    /// Whether any chain of the packet filter hooks into incoming traffic.
    pub input_filtered: Seen<bool>,
    /// Whether IPv6 is in use at all.
    pub ipv6_on: Seen<bool>,
    /// Whether an IPv4 packet to a port that no rule names is let in from nowhere.
    pub default_deny_ipv4: Seen<bool>,
    /// Whether an IPv6 packet to a port that no rule names is let in from nowhere.
    pub default_deny_ipv6: Seen<bool>,
    /// Ports to which packets get through.
    pub openings: Seen<Listed<Opening>>,
    /// TCP ports on which packets from anyone are sent on to other ports, machines or containers. Nothing need listen there
    /// on this machine.
    pub forwarded: Seen<Listed<ForwardedPort>>,
    /// Whether the rules are loaded at boot.
    pub enabled_at_boot: Seen<bool>,
    /// What loads them: `nftables.service`, `ufw.service`, …; null when nothing does.
    pub loaded_by: Seen<Option<String>>,
}

/// Neighbouring ports to which the packet filter lets packets through.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Opening {
    /// `tcp` or `udp`.
    pub protocol: String,
    /// `ipv4` or `ipv6`.
    pub family: String,
    /// The first port.
    pub port_first: u16,
    /// The last port.
    pub port_last: u16,
    /// Whether from any address; else from some addresses or inner interfaces only.
    pub from_anywhere: bool,
    /// Whether the manifest names every one of these ports; null when it names none.
    pub declared: Option<bool>,
}

/// Neighbouring TCP ports on which packets from anyone are sent on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ForwardedPort {
    /// `ipv4` or `ipv6`.
    pub family: String,
    /// The first port.
    pub port_first: u16,
    /// The last port.
    pub port_last: u16,
    /// Whether the manifest names every one of these ports; null when it names none.
    pub declared: Option<bool>,
}

/// One TCP socket that listens.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ListeningPort {
    /// The port.
    pub port: u16,
    /// The address it is bound to.
    pub address: String,
    /// Whether only this machine itself can reach it.
    pub loopback: bool,
    /// The process that holds it; null when none of the host's does.
    pub process: Seen<Option<String>>,
    /// Whether the packet filter lets packets from any address through to it.
    pub open_to_anyone: Seen<bool>,
}

/// The service on this host.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ServiceFacts {
    /// The unit or process name that the manifest gives; null when it gives none.
    pub name: Option<String>,
    /// Whether a process of it runs.
    pub running: Seen<bool>,
    /// Its processes.
    pub processes: Seen<Listed<ServiceProcess>>,
    /// Names of variables that every process was started with and that are not empty. Sorted.
    pub environment_names: Seen<Listed<String>>,
    /// Names of variables that are not empty, in environment files that it may read itself: not those of its unit, which are in its
    /// processes where they were loaded. Sorted.
    pub env_file_names: Seen<Listed<String>>,
    /// Names of variables, live or in a file, whose value is a placeholder such as `your_access_key`, and of secrets
    /// whose value stands in a template of the repository. Sorted.
    pub placeholder_names: Seen<Listed<String>>,
    /// Names of variables, live or in a file, whose value is a publicly known default. Sorted.
    pub known_default_names: Seen<Listed<String>>,
    /// What the variables of its processes say of the mode that it runs in. Sorted, each once.
    pub modes: Seen<Listed<ModeVariable>>,
    /// Names that the repository's template for this service declares: the only one, or the one nearest to its working
    /// directory.
    pub declared: Seen<Listed<DeclaredVariable>>,
    /// Names that the manifest says it needs beside those of the repository.
    pub required_names: Vec<String>,
    /// Variables that hold a secret by their name, live or in a file.
    pub secrets: Seen<Listed<SecretVariable>>,
    /// Its systemd unit; null when the service is no unit.
    pub unit: Seen<Option<UnitFacts>>,
}

/// One process of the service.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ServiceProcess {
    /// Its id on this machine.
    pub pid: u32,
    /// The name that the kernel keeps.
    pub name: String,
    /// Whether it does the work itself: no child of it runs the same program.
    pub worker: bool,
    /// The user that its rights are judged by.
    pub euid: u32,
    /// That user's name on the host; null when it has none.
    pub user: Seen<Option<String>>,
    /// Whether its real or saved user is root, so that it can be root again at any time.
    pub keeps_root: bool,
    /// The capabilities that it has or can take up: `cap_net_bind_service`, …
    pub capabilities: Vec<String>,
    /// Whether it has every capability that the kernel knows.
    pub capabilities_full: bool,
    /// Whether it and its children can never gain rights by a program.
    pub no_new_privileges: bool,
    /// Whether its command line, which every user can read, holds a secret by the look of it.
    pub secret_in_arguments: Seen<bool>,
    /// A command that shows user and rights again.
    pub by_hand: String,
}

/// A variable of a process that says in which mode the application runs. Its value is not kept.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct ModeVariable {
    /// The variable's name.
    pub name: String,
    /// The mode.
    pub mode: Mode,
}

/// A name that a template declares.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct DeclaredVariable {
    /// The name.
    pub name: String,
    /// The template, from the repository's root.
    pub path: String,
    /// The line, from 1.
    pub line: u64,
}

/// Statements about one secret in the environment. Its value is not kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SecretVariable {
    /// The variable's name.
    pub name: String,
    /// Whether it signs tokens or sessions, by its name.
    pub signing: bool,
    /// Whether it has 32 characters or more.
    pub long_enough: bool,
    /// Whether its characters allow 128 bits of entropy or more.
    pub random_enough: bool,
    /// Whether no other secret variable has the same value.
    pub unique: bool,
    /// Whether its value is a publicly known default.
    pub known_default: bool,
    /// Whether its value is a placeholder, or stands in a template of the repository.
    pub placeholder: bool,
}

/// The service's systemd unit as its files say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct UnitFacts {
    /// Its name with the ending: `shop-api.service`.
    pub name: String,
    /// `User=`; null when it says none, which means root. `DynamicUser=yes` counts as a user.
    pub user: Option<String>,
    /// Whether it starts at boot.
    pub enabled_at_boot: bool,
    /// `Restart=`; `no` when it does not say.
    pub restart: String,
    /// `NoNewPrivileges=`.
    pub no_new_privileges: bool,
    /// `EnvironmentFile=`.
    pub environment_files: Vec<UnitEnvFile>,
    /// Names in `Environment=` and `ExecStart=` that hold a secret, written out: every user can read a unit. Sorted.
    pub secrets_in_unit: Vec<String>,
    /// Secrets that systemd gives to the service alone: `LoadCredential=` and its like.
    pub credentials_count: usize,
    /// Memory it may use in bytes by `MemoryMax=`; null when it does not say, or `infinity`.
    pub memory_max_bytes: Option<u64>,
}

/// One file that a unit loads its variables from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct UnitEnvFile {
    /// Where it lies on the host.
    pub path: String,
    /// Whether the unit starts without it.
    pub optional: bool,
}

/// One file with environment variables.
#[derive(Debug, Serialize, JsonSchema)]
pub struct EnvFile {
    /// Where it lies on the host.
    pub path: String,
    /// Its mode in octal: `600`.
    pub mode: Seen<String>,
    /// Whether nobody but its owner may read, write or run it.
    pub owner_only: Seen<bool>,
    /// Its owner's name, or number where there is no name.
    pub owner: Seen<String>,
    /// Whether its owner is root or the user of the service.
    pub owner_trusted: Seen<bool>,
    /// A command that shows mode and owner again.
    pub by_hand: String,
}

/// Installed packages against those on offer.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PackagesFacts {
    /// The package manager: `apt`.
    pub manager: Seen<String>,
    /// How old the lists of the security archive are, by the date that the archive put in them.
    pub lists_age_seconds: Seen<u64>,
    /// Packages for which the security archive has a newer version than the installed one.
    pub security_updates: Seen<Listed<SecurityUpdate>>,
    /// Whether an installed update waits for a reboot.
    pub reboot_required: Seen<bool>,
    /// The newest installed kernel's release; null when none is installed.
    pub kernel_newest: Seen<Option<String>>,
    /// Whether security updates are installed without a person.
    pub automatic_updates_on: Seen<bool>,
}

/// One package that waits for a security update.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SecurityUpdate {
    /// The package.
    pub package: String,
    /// The installed version.
    pub installed: String,
    /// The version that the security archive offers.
    pub offered: String,
}

/// Whether the clock follows others.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ClockFacts {
    /// The program that keeps the clock: `chronyd`, `systemd-timesyncd`, `ntpd`; null when none runs.
    pub daemon: Seen<Option<String>>,
    /// Whether it follows a source other than itself.
    pub synchronised: Seen<bool>,
    /// How far the clock is off, either way, in milliseconds.
    pub offset_ms: Seen<f64>,
}
