//! What is told of settings. No value is in any fact: only names, places, and what was counted or compared of values.

use schemars::JsonSchema;
use seaworthy_core::facts::{Listed, Seen};
use serde::Serialize;

/// Where settings come from, and how good the secrets among them are.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SettingsFacts {
    /// Environment files.
    pub env_files: Seen<Listed<EnvFileFacts>>,
    /// Names that templates (`.env.example`) declare.
    pub declared: Seen<Listed<DeclaredName>>,
    /// Secrets in the environment files of deployed environments.
    pub live: Seen<Listed<LiveSecret>>,
    /// Settings of deployed environments that belong to a developer's machine: its address in a URL that others are given,
    /// debug switches, test keys.
    pub out_of_place: Seen<Listed<OutOfPlace>>,
    /// Secrets written out in compose files, Dockerfiles, units, workflows and documents of clusters.
    pub literals: Seen<Listed<LiteralSecret>>,
    /// Places from which secrets are taken as they should be.
    pub sources: Seen<Listed<SecretSource>>,
}

/// One environment file.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct EnvFileFacts {
    /// The file.
    pub path: String,
    /// For which environment it is, by its name or by what it says itself; `null` when neither says, or it is a template.
    pub environment: Option<String>,
    /// It is a template.
    pub template: bool,
    /// It is for a deployed environment: not a template, not for a developer's machine or tests.
    pub deployed: bool,
    /// Its name does not say for whom it is, and a compose file for others than developers loads it. Unseen where that file does not
    /// say either.
    pub loaded_by_deployment: Seen<bool>,
    /// Git tracks it.
    pub tracked: Seen<bool>,
    /// Permission bits as `ls` would show them in numbers: `600`.
    pub mode: String,
    /// Others than its owner may read it.
    pub others_may_read: bool,
    /// Names that it sets.
    pub names_count: u64,
    /// Names among them whose values are secrets; what only names the place of one is none.
    pub secrets_count: u64,
    /// A command that shows the permissions.
    pub by_hand: String,
}

/// A name that a template declares.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct DeclaredName {
    /// The name.
    pub name: String,
    /// The file.
    pub path: String,
    /// The line, from 1.
    pub line: u64,
    /// Its value in the template is empty or only stands for one.
    pub placeholder: bool,
    /// The name says that the value is a secret.
    pub secret: bool,
}

/// A secret of a deployed environment, measured where it stands.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct LiveSecret {
    /// The name of the setting.
    pub name: String,
    /// The environment.
    pub environment: String,
    /// The file.
    pub path: String,
    /// The line, from 1.
    pub line: u64,
    /// It signs tokens, cookies or sessions, as its name says.
    pub signing: bool,
    /// It names the place where the secret is kept (`op://…`, `${NAME}`): how good that is cannot be seen here.
    pub reference: bool,
    /// Its length in characters.
    pub length_chars: Seen<u64>,
    /// Its estimated entropy in bits.
    pub entropy_bits: Seen<u64>,
    /// It is a shipped default, a well-known word, only stands for a secret, or equals the value in a template.
    pub default_value: Seen<bool>,
    /// Other settings of the same file with the same value.
    pub same_as: Vec<String>,
    /// Environment files of developers' machines, tests or other environments with the same value.
    pub shared_with: Vec<String>,
}

/// A setting of a deployed environment that belongs to a developer's machine.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct OutOfPlace {
    /// The name of the setting.
    pub name: String,
    /// The environment.
    pub environment: String,
    /// The file.
    pub path: String,
    /// The line, from 1.
    pub line: u64,
    /// What it is: `an address of this machine`, `a debug switch`, `a test key`, `an example value`.
    pub what: String,
}

/// A secret written out where everyone with the file can read it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct LiteralSecret {
    /// The name of the setting.
    pub name: String,
    /// The file.
    pub path: String,
    /// The line, from 1.
    pub line: u64,
    /// What kind of file: `compose`, `dockerfile`, `unit`, `workflow`, `cluster`.
    pub kind: String,
    /// It is for development or tests, as the file's name or folder says, or the job that it is set for. Unseen where a
    /// compose file that does not say so holds a published default.
    pub for_development: Seen<bool>,
}

/// A place from which secrets are taken. Of workflows only what jobs that deploy take from the store.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct SecretSource {
    /// What kind: `env-file`, `environment-file`, `credential`, `compose-secret`, `cluster-secret`, `sealed-secret`, `external-secret`,
    /// `encrypted-file`, `workflow-secret`, `vault`.
    pub kind: String,
    /// The file.
    pub path: String,
    /// The line, from 1.
    pub line: u64,
}
