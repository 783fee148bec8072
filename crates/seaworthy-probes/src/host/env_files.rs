//! Files with environment variables: those that the manifest names, the unit loads, or the service's folder holds.
//! Their values are read to say something of them and go no further.

use std::collections::BTreeSet;
use std::path::Path;

use seaworthy_core::facts::{Blind, Listed, Seen, Unseen};
use seaworthy_core::limits::host::{ENV_FILE_BYTES_MAX, ENV_FILES_MAX, PASSWD_BYTES_MAX};

use super::environment::Variables;
use super::facts::EnvFile;
use super::tree::Tree;

/// Names under which dotenv libraries look in the folder of a service.
const DOTENV_NAMES: [&str; 4] = [".env", ".env.local", ".env.production", ".env.production.local"];
/// Names of templates in a repository.
const TEMPLATE_NAMES: [&str; 5] =
    [".env.example", ".env.sample", ".env.template", ".env.dist", "env.example"];
/// Bits of a mode that let others in, or make a file a program.
const NOT_OWNER_ONLY: u32 = 0o177;

/// The names of a host's users.
#[derive(Debug, Clone, Default)]
pub(super) struct Users(Vec<(u32, String)>);

impl Users {
    pub(super) fn read(tree: &Tree) -> Result<Self, Unseen> {
        let passwd = tree.read("etc/passwd", PASSWD_BYTES_MAX)?.unwrap_or_default();
        let user = |line: &str| {
            let mut fields = line.split(':');
            let name = fields.next()?.to_owned();
            Some((fields.nth(1)?.parse().ok()?, name))
        };
        Ok(Self(String::from_utf8_lossy(&passwd).lines().filter_map(user).collect()))
    }

    /// The first name of a number.
    pub(super) fn name(&self, uid: u32) -> Option<String> {
        self.0.iter().find(|(number, _)| *number == uid).map(|(_, name)| name.clone())
    }
}

/// Where to look for files.
#[derive(Debug, Default)]
pub(super) struct Places {
    /// Those that the manifest and the unit name.
    pub(super) named: BTreeSet<String>,
    /// Those of the unit among them, which systemd loads.
    pub(super) of_unit: BTreeSet<String>,
    /// Working directories of the service's processes.
    pub(super) folders: BTreeSet<String>,
}

/// What the templates of a repository say, first come first served: `.env.example` and its like.
pub(super) fn templates(repo: Option<&Path>) -> Result<Variables, Unseen> {
    let mut variables = Variables::default();
    let Some(repo) = repo.filter(|repo| repo.is_dir()) else { return Ok(variables) };
    let tree = Tree::open(repo)?;
    for name in TEMPLATE_NAMES {
        let text = tree.read(name, ENV_FILE_BYTES_MAX)?.unwrap_or_default();
        variables.add(&Variables::of_file(&String::from_utf8_lossy(&text)));
    }
    Ok(variables)
}

/// What the files showed.
pub(super) struct EnvFiles {
    pub(super) facts: Seen<Listed<EnvFile>>,
    /// All variables of all files that could be read.
    pub(super) variables: Result<Variables, Unseen>,
    /// Those of files that the service may read itself.
    pub(super) own: Variables,
}

/// Looks at every file there is. `service_uids` are those of the service's processes, where they were seen.
pub(super) fn look(
    tree: &Tree,
    places: &Places,
    service_uids: &Result<BTreeSet<u32>, Unseen>,
    users: &Result<Users, Unseen>,
) -> EnvFiles {
    let mut found = Vec::new();
    let (mut variables, mut own) = (Ok(Variables::default()), Variables::default());
    let in_folders = places.folders.iter().flat_map(|folder| {
        DOTENV_NAMES.iter().map(move |name| format!("{}/{name}", folder.trim_end_matches('/')))
    });
    let paths: BTreeSet<String> = places.named.iter().cloned().chain(in_folders).collect();
    for path in paths {
        let stat = tree.stat(&path);
        if !places.named.contains(&path) && matches!(stat, Ok(None)) {
            continue;
        }
        let read = match &stat {
            Ok(Some(_)) => tree.read(&path, ENV_FILE_BYTES_MAX),
            Ok(None) => Ok(None),
            Err(why) => Err(why.clone()),
        };
        variables = match (variables, read) {
            (Ok(mut all), Ok(content)) => {
                let text = content.unwrap_or_default();
                let file = Variables::of_file(&String::from_utf8_lossy(&text));
                all.add(&file);
                if !places.of_unit.contains(&path) {
                    own.add(&file);
                }
                Ok(all)
            }
            (Err(why), _) | (_, Err(why)) => Err(why),
        };
        let stat = stat.and_then(|stat| {
            let why = format!("{} is not there", tree.shown(&path));
            stat.map(|stat| (stat.st_mode & 0o7777, stat.st_uid))
                .ok_or_else(|| Unseen::new(Blind::Unreachable, why).give("correct `env_files`, or the unit"))
        });
        found.push(file(tree, path, &stat, service_uids, users));
    }
    EnvFiles { facts: Seen::new(Listed::bounded(found, ENV_FILES_MAX, "environment files")), variables, own }
}

fn file(
    tree: &Tree,
    path: String,
    stat: &Result<(u32, u32), Unseen>,
    service_uids: &Result<BTreeSet<u32>, Unseen>,
    users: &Result<Users, Unseen>,
) -> EnvFile {
    let of = || stat.as_ref().map_err(Unseen::clone);
    let owner = |uid: u32| {
        let name = users.as_ref().ok().and_then(|users| users.name(uid));
        name.unwrap_or_else(|| uid.to_string())
    };
    let trusted = of().and_then(|(_, uid)| match service_uids {
        _ if *uid == 0 => Ok(true),
        Ok(uids) => Ok(uids.contains(uid)),
        Err(why) => Err(why.clone()),
    });
    EnvFile {
        by_hand: format!("stat -c '%a %U %n' {}", tree.shown(&path)),
        mode: of().map(|(mode, _)| format!("{mode:o}")).into(),
        owner_only: of().map(|(mode, _)| mode & NOT_OWNER_ONLY == 0).into(),
        owner: of().map(|(_, uid)| owner(*uid)).into(),
        owner_trusted: trusted.into(),
        path,
    }
}
