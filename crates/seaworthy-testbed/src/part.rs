//! `part.yaml`: how a part is started, and what is to be checked once it stands.

use std::collections::BTreeMap;

use serde::Deserialize;

/// A command: the program and its arguments, with placeholders.
pub(crate) type Run = Vec<String>;

/// A part as its `part.yaml` describes it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Description {
    /// What the part is, in one line.
    pub title: String,
    /// Programs that must be installed, and what brings each: a Debian package, or words.
    #[serde(default)]
    pub needs: BTreeMap<String, String>,
    /// Names of ports; each gets a free port on loopback: `${port:NAME}`, `PORT_NAME`.
    #[serde(default)]
    pub ports: Vec<String>,
    /// Names of secrets; each is 48 random hexadecimal characters: `${secret:NAME}`, `SECRET_NAME`.
    #[serde(default)]
    pub secrets: Vec<String>,
    /// Files beside `part.yaml` that are filled in and written to the work directory at each start.
    #[serde(default)]
    pub files: Vec<String>,
    /// Who runs what does not say otherwise, when we are root. The work directory is theirs, or of
    /// the first process that names a user.
    #[serde(default)]
    pub user: Option<String>,
    /// Files and folders of the testbed that `prepare` builds something from.
    #[serde(default)]
    pub built_from: Vec<String>,
    /// Commands that fill the work directory; run once per content of the part, then copied. They
    /// know the secrets, which are kept with the copy, and no ports, which are new at each start.
    #[serde(default)]
    pub prepare: Vec<Run>,
    /// The processes, in the order of their start.
    #[serde(default)]
    pub processes: Vec<Process>,
    /// Commands that run once all processes are ready.
    #[serde(default)]
    pub after: Vec<Run>,
    /// Environment of every command and process. What mentions a port is left out of `prepare`.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// An environment in the form of a manifest: what is to be checked. Filled in once all processes are ready.
    #[serde(default)]
    pub environment: String,
    /// Environment variables for the checker.
    #[serde(default)]
    pub secrets_given: BTreeMap<String, String>,
}

/// One process of a part.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Process {
    /// Its name; what it prints goes to `${work}/NAME.log`.
    pub name: String,
    /// The command; it must stay in the foreground.
    pub run: Run,
    /// Who runs it, when we are root.
    #[serde(default)]
    pub user: Option<String>,
    /// When it is ready; at once when left out.
    #[serde(default)]
    pub ready: Option<Ready>,
    /// How long it may take to be ready, in seconds.
    #[serde(default = "ready_within_seconds")]
    pub ready_within_seconds: u64,
}

/// What shows that a process is ready.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Ready {
    /// The port of this name takes connections.
    Tcp(String),
    /// This command ends with 0.
    Run(Run),
    /// This file exists.
    File(String),
}

impl Description {
    /// Whose the work directory is: the part's user, else that of the first process that names one.
    pub(crate) fn owner(&self) -> Option<&str> {
        let of_processes = || self.processes.iter().find_map(|process| process.user.as_deref());
        self.user.as_deref().or_else(of_processes)
    }
}

fn ready_within_seconds() -> u64 {
    20
}
