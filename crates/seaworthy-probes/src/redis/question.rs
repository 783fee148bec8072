//! Every command that may be sent, and no other way to send one.
//!
//! Left out on purpose: `KEYS`, `MONITOR`, `EVAL`, `DEBUG`, `CONFIG SET`, `SLOWLOG` and
//! `CONFIG GET` of what holds secrets. Dangerous commands are asked *about*, never run, not even with
//! the wrong number of arguments: `FLUSHALL` takes any number, and since Redis 7 the number is judged
//! before the right, so that such a call would tell nothing.

/// A command of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Question<'a> {
    /// `PING`.
    Ping,
    /// `ECHO` without what to echo: a Redis server objects to just that, also to whom it does not know.
    EchoNothing,
    /// `INFO SECTION`.
    Info(Section),
    /// `CONFIG GET NAME`.
    Config(Setting),
    /// `SELECT DATABASE`, of this connection only.
    Select(&'a str),
    /// `RANDOMKEY`.
    RandomKey,
    /// `PTTL KEY`.
    TimeToLive(&'a str),
    /// `EXISTS KEY`.
    Exists(&'a str),
    /// `ACL USERS`: the names of all users.
    Users,
    /// `ACL GETUSER NAME`. The digests of passwords in its answer are dropped where it is read.
    User(&'a str),
    /// `ACL DRYRUN USER COMMAND …`, which runs nothing.
    DryRun(&'a str, Dangerous),
    /// `COMMAND INFO NAME`: whether there is such a command, and of which categories it is.
    Command(Dangerous),
}

/// A section of `INFO`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Section {
    Server,
    Persistence,
    Replication,
    /// How many keys each database holds; none of their names.
    Keyspace,
    Modules,
    Memory,
}

/// A setting that holds no secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Setting {
    Bind,
    ProtectedMode,
    Save,
    /// Where the files of the data are.
    Dir,
    DbFilename,
    AppendFilename,
    AppendDirname,
}

/// A command that an application has no use for: it empties, stalls, reconfigures or stops the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dangerous {
    FlushAll,
    FlushDb,
    Keys,
    ConfigSet,
    /// Shows `requirepass` and `masterauth` in clear.
    ConfigGet,
    Debug,
    Shutdown,
    /// Makes the server a copy of another, which empties it and loads what the other sends.
    ReplicaOf,
    /// The same by its former name.
    SlaveOf,
    /// Makes another server the primary.
    Failover,
    /// Shows whatever others send, passwords among it.
    Monitor,
    /// Loads native code.
    ModuleLoad,
    /// The same with settings for it.
    ModuleLoadEx,
    /// Grants every right.
    AclSetUser,
    AclDelUser,
    /// Shows the digests of all passwords.
    AclList,
}

impl Dangerous {
    pub(super) const ALL: [Self; 16] = [
        Self::FlushAll,
        Self::FlushDb,
        Self::Keys,
        Self::ConfigSet,
        Self::ConfigGet,
        Self::Debug,
        Self::Shutdown,
        Self::ReplicaOf,
        Self::SlaveOf,
        Self::Failover,
        Self::Monitor,
        Self::ModuleLoad,
        Self::ModuleLoadEx,
        Self::AclSetUser,
        Self::AclDelUser,
        Self::AclList,
    ];

    /// The command and, where it has some, its subcommand.
    pub(super) fn name(self) -> (&'static str, Option<&'static str>) {
        match self {
            Self::FlushAll => ("flushall", None),
            Self::FlushDb => ("flushdb", None),
            Self::Keys => ("keys", None),
            Self::ConfigSet => ("config", Some("set")),
            Self::ConfigGet => ("config", Some("get")),
            Self::Debug => ("debug", None),
            Self::Shutdown => ("shutdown", None),
            Self::ReplicaOf => ("replicaof", None),
            Self::ModuleLoad => ("module", Some("load")),
            Self::AclSetUser => ("acl", Some("setuser")),
            Self::AclDelUser => ("acl", Some("deluser")),
            Self::AclList => ("acl", Some("list")),
            Self::SlaveOf => ("slaveof", None),
            Self::Failover => ("failover", None),
            Self::Monitor => ("monitor", None),
            Self::ModuleLoadEx => ("module", Some("loadex")),
        }
    }

    /// Its name for people.
    pub(super) fn shown(self) -> String {
        let (command, subcommand) = self.name();
        subcommand.map_or_else(|| command.to_owned(), |subcommand| format!("{command} {subcommand}"))
    }

    /// Arguments with which it would be whole; `ACL DRYRUN` judges their number first.
    fn arguments(self) -> &'static [&'static str] {
        match self {
            Self::FlushAll
            | Self::FlushDb
            | Self::Shutdown
            | Self::Failover
            | Self::Monitor
            | Self::AclList => &[],
            Self::Keys | Self::AclSetUser | Self::AclDelUser => &["seaworthy"],
            Self::ConfigSet => &["maxmemory", "0"],
            Self::ConfigGet => &["maxmemory"],
            Self::Debug => &["help"],
            Self::ReplicaOf | Self::SlaveOf => &["no", "one"],
            Self::ModuleLoad | Self::ModuleLoadEx => &["/seaworthy"],
        }
    }
}

impl<'a> Question<'a> {
    /// The words of the command.
    pub(super) fn words(self) -> Vec<&'a str> {
        match self {
            Self::Ping => vec!["PING"],
            Self::EchoNothing => vec!["ECHO"],
            Self::Info(Section::Server) => vec!["INFO", "server"],
            Self::Info(Section::Persistence) => vec!["INFO", "persistence"],
            Self::Info(Section::Replication) => vec!["INFO", "replication"],
            Self::Info(Section::Keyspace) => vec!["INFO", "keyspace"],
            Self::Info(Section::Memory) => vec!["INFO", "memory"],
            Self::Info(Section::Modules) => vec!["INFO", "modules"],
            Self::Config(Setting::Dir) => vec!["CONFIG", "GET", "dir"],
            Self::Config(Setting::DbFilename) => vec!["CONFIG", "GET", "dbfilename"],
            Self::Config(Setting::AppendFilename) => vec!["CONFIG", "GET", "appendfilename"],
            Self::Config(Setting::AppendDirname) => vec!["CONFIG", "GET", "appenddirname"],
            Self::Config(Setting::Bind) => vec!["CONFIG", "GET", "bind"],
            Self::Config(Setting::ProtectedMode) => vec!["CONFIG", "GET", "protected-mode"],
            Self::Config(Setting::Save) => vec!["CONFIG", "GET", "save"],
            Self::Select(database) => vec!["SELECT", database],
            Self::RandomKey => vec!["RANDOMKEY"],
            Self::TimeToLive(key) => vec!["PTTL", key],
            Self::Exists(key) => vec!["EXISTS", key],
            Self::Users => vec!["ACL", "USERS"],
            Self::User(user) => vec!["ACL", "GETUSER", user],
            Self::DryRun(user, dangerous) => {
                let (command, subcommand) = dangerous.name();
                let mut words = vec!["ACL", "DRYRUN", user, command];
                words.extend(subcommand);
                words.extend(dangerous.arguments());
                words
            }
            Self::Command(dangerous) => vec!["COMMAND", "INFO", dangerous.name().0],
        }
    }

    /// The right that it takes, as `ACL SETUSER` writes it.
    pub(super) fn right(self) -> &'static str {
        match self {
            Self::Ping => "+ping",
            Self::EchoNothing => "+echo",
            Self::Info(_) => "+info",
            Self::Config(_) => "+config|get",
            Self::Select(_) | Self::RandomKey | Self::TimeToLive(_) | Self::Exists(_) => {
                // Redis before 7 knows no `%R~*`; what the user may do with its keys, the commands bound.
                "~* +select +randomkey +pttl +exists"
            }
            Self::Users => "+acl|users",
            Self::User(_) => "+acl|getuser",
            Self::DryRun(..) => "+acl|dryrun",
            Self::Command(_) => "+command",
        }
    }
}
