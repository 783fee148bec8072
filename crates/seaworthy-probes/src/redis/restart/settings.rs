//! Which files the server would load: the settings in force, and whether its configuration file says the same, since that is what
//! a restart goes by.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use nix::fcntl::OFlag;
use seaworthy_core::facts::{Blind, Unseen};
use seaworthy_core::limits::redis::CONFIG_BYTES_MAX;

use super::owner::Owner;
use crate::redis::facts::LoadedFrom;
use crate::redis::look::{info, setting};
use crate::redis::question::{Question, Section, Setting};
use crate::redis::resp::Reply;
use crate::redis::session::Session;

/// The settings that say what is loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Settings {
    pub(super) from: LoadedFrom,
    pub(super) folder: String,
    pub(super) snapshot: String,
    pub(super) append_only: String,
    /// The folder of the append-only file's parts; none before Redis 7, which has one file.
    pub(super) append_folder: Option<String>,
    /// A file that ends in the middle of a command is loaded up to there.
    pub(super) takes_truncated: bool,
    /// The configuration file, as the server sees it.
    file: String,
}

impl Settings {
    /// Asks for them. `about` is the answer to `INFO server`.
    pub(super) async fn asked(session: &mut Session<'_>, about: &Reply) -> Result<Self, Unseen> {
        let persistence = session.answer(Question::Info(Section::Persistence)).await?;
        let from = match info(&persistence, "aof_enabled")? {
            "1" => LoadedFrom::AppendOnlyFile,
            _ => LoadedFrom::Snapshot,
        };
        let append_folder = session.answer(Question::Config(Setting::AppendDirname)).await?;
        let append_folder = match append_folder.elements() {
            Some([]) => None,
            _ => Some(name(setting(&append_folder, "appenddirname")?)?),
        };
        let mut value = async |asked: Setting, key: &str| {
            let reply = session.answer(Question::Config(asked)).await?;
            setting(&reply, key).map(str::to_owned)
        };
        Ok(Self {
            from,
            folder: value(Setting::Dir, "dir").await?,
            snapshot: name(&value(Setting::DbFilename, "dbfilename").await?)?,
            append_only: name(&value(Setting::AppendFilename, "appendfilename").await?)?,
            append_folder,
            takes_truncated: true,
            file: info(about, "config_file")?.to_owned(),
        })
    }

    /// The same with what only the configuration file tells, if the process works in the folder that it names and the file says what
    /// is in force.
    pub(super) fn with_its_file(mut self, owner: &Owner) -> Result<Self, Unseen> {
        if owner.folder != Path::new(&self.folder) {
            return Err(Unseen::new(
                Blind::Unsupported,
                "the server's process works in another folder than it says",
            ));
        }
        if self.file.is_empty() {
            return Err(differs("the server was started without a configuration file"));
        }
        let text = read(&owner.root, &self.file)?;
        self.takes_truncated = self.agree_with(&text)?;
        Ok(self)
    }

    /// Whether a truncated file is taken, where the file says what is in force.
    fn agree_with(&self, file: &str) -> Result<bool, Unseen> {
        let mut said = Said::default();
        for line in file.lines().map(str::trim).filter(|line| !line.starts_with('#')) {
            let Some((key, value)) = line.split_once(char::is_whitespace) else { continue };
            let value = value.trim().trim_matches(['"', '\'']).to_owned();
            match key.to_ascii_lowercase().as_str() {
                "include" => {
                    return Err(differs("the configuration file includes others, which are not read"));
                }
                "appendonly" => said.append_only_on = value.eq_ignore_ascii_case("yes"),
                "aof-load-truncated" => said.takes_truncated = value.eq_ignore_ascii_case("yes"),
                "dir" => said.folder = Some(value),
                "dbfilename" => said.snapshot = value,
                "appendfilename" => said.append_only = value,
                "appenddirname" => said.append_folder = value,
                _ => {}
            }
        }
        let folder = said.folder.as_deref().map(|folder| folder.trim_end_matches('/'));
        let same = said.append_only_on == (self.from == LoadedFrom::AppendOnlyFile)
            && folder == Some(self.folder.trim_end_matches('/'))
            && said.snapshot == self.snapshot
            && said.append_only == self.append_only
            && self.append_folder.as_ref().is_none_or(|folder| *folder == said.append_folder);
        if same {
            Ok(said.takes_truncated)
        } else {
            Err(differs(
                "the configuration file says something else of `dir`, `appendonly` or the files than is in force",
            ))
        }
    }
}

/// What a configuration file says of the data; as Redis has it where it says nothing.
struct Said {
    append_only_on: bool,
    folder: Option<String>,
    snapshot: String,
    append_only: String,
    append_folder: String,
    takes_truncated: bool,
}

impl Default for Said {
    fn default() -> Self {
        Self {
            append_only_on: false,
            folder: None,
            snapshot: "dump.rdb".to_owned(),
            append_only: "appendonly.aof".to_owned(),
            append_folder: "appendonlydir".to_owned(),
            takes_truncated: true,
        }
    }
}

fn differs(why: &str) -> Unseen {
    Unseen::new(Blind::Unsupported, format!("what a restart would load is not known: {why}"))
        .give("`dir` as an absolute path, `appendonly` and the rest in the server's configuration file (`CONFIG REWRITE`)")
}

/// A file's name that may stand among arguments.
fn name(text: &str) -> Result<String, Unseen> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    if !text.is_empty() && text.len() <= 100 && !text.starts_with(['-', '.']) && text.chars().all(plain) {
        return Ok(text.to_owned());
    }
    Err(Unseen::new(Blind::Unsupported, "a file of the server's data has a name that is not taken for one"))
}

fn read(root: &Path, file: &str) -> Result<String, Unseen> {
    let unread = || {
        Unseen::new(Blind::Denied, "the server's configuration file could not be read")
            .give("run `seaworthy check` as root or as the server's user")
    };
    let path = root.join(file.trim_start_matches('/'));
    let flags = OFlag::O_NONBLOCK | OFlag::O_NOCTTY | OFlag::O_CLOEXEC;
    let opened = File::options().read(true).custom_flags(flags.bits()).open(path).map_err(|_| unread())?;
    if !opened.metadata().is_ok_and(|metadata| metadata.is_file()) {
        return Err(unread());
    }
    let mut bytes = Vec::new();
    opened.take(CONFIG_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(|_| unread())?;
    if bytes.len() as u64 > CONFIG_BYTES_MAX {
        return Err(Unseen::new(Blind::CutShort, "the server's configuration file is too long"));
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn in_force() -> Settings {
        Settings {
            from: LoadedFrom::AppendOnlyFile,
            folder: "/var/lib/redis".to_owned(),
            snapshot: "dump.rdb".to_owned(),
            append_only: "appendonly.aof".to_owned(),
            append_folder: Some("appendonlydir".to_owned()),
            takes_truncated: true,
            file: "/etc/redis/redis.conf".to_owned(),
        }
    }

    #[test]
    fn a_file_that_says_something_else_leaves_open_what_is_loaded() {
        for (text, agrees) in [
            ("dir /var/lib/redis\nappendonly yes\n", true),
            ("dir /var/lib/redis/\nappendonly no\nAppendOnly \"yes\"\n# appendonly no\n", true),
            ("dir /var/lib/redis\n", false),
            ("dir /var/lib/other\nappendonly yes\n", false),
            ("dir ./\nappendonly yes\n", false),
            ("appendonly yes\n", false),
            ("dir /var/lib/redis\nappendonly yes\nappenddirname aof\n", false),
            ("dir /var/lib/redis\nappendonly yes\ninclude /etc/redis/more.conf\n", false),
            ("", false),
        ] {
            assert_eq!(in_force().agree_with(text).is_ok(), agrees, "{text}");
        }
    }

    #[test]
    fn only_plain_names_get_among_arguments() {
        for odd in ["", "-x", "../dump.rdb", "a b", "a/b", ".hidden", "x\n"] {
            assert!(name(odd).is_err(), "{odd}");
        }
        assert!(name("appendonly.aof").is_ok());
    }
}
