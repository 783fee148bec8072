//! Prepared work directories, kept so that a part is prepared once per content and copied after.
//!
//! The key is a digest of the part's folder, of what it is built from, and of the programs it needs. Secrets are kept with the
//! copy, because prepared data may have them baked in; the directory is ours alone for that reason.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use nix::fcntl::{Flock, FlockArg};
use sha2::{Digest, Sha256};

use crate::commands::{Commands, copy_tree};
use crate::error::StartError;
use crate::template::Values;
use crate::testbed::{Part, find_program};

/// How long the copy of an older content is kept.
const STALE: Duration = Duration::from_hours(24);
/// How long a copy is used: what was prepared may end by itself, as certificates do.
const USABLE: Duration = Duration::from_hours(7 * 24);
const PART_FILES_MAX: usize = 10_000;

/// Fills the work directory of `values` from the cache, preparing it first where it is new, and
/// gives the secrets that belong to it.
pub(crate) fn fill(part: &Part, values: &mut Values) -> Result<(), StartError> {
    if part.description.prepare.is_empty() {
        values.secrets = new_secrets(&part.description.secrets)?;
        return Ok(());
    }
    let cache = private_directory()?.join("prepared");
    fs::create_dir_all(&cache).map_err(StartError::file("make", &cache))?;
    let key = format!("{}-{}", part.name, digest(part)?);
    let entry = cache.join(&key);
    let lock = lock(&cache.join(format!("{key}.lock")), FlockArg::LockExclusive)?;
    let whole = entry.join("whole");
    if !whole.exists() || is_older(&whole, USABLE) {
        remove_stale(&cache, &part.name, &key);
        prepare(part, values, &entry)?;
    }
    values.secrets = read_secrets(&entry, &part.description.secrets)?;
    // Held while copying: whoever tidies up leaves locked entries alone.
    copy_tree(&entry.join("work"), &values.work)?;
    drop(lock);
    Ok(())
}

fn prepare(part: &Part, values: &Values, entry: &Path) -> Result<(), StartError> {
    let _ = fs::remove_dir_all(entry);
    let work = entry.join("work");
    fs::create_dir_all(&work).map_err(StartError::file("make", &work))?;
    let secrets = new_secrets(&part.description.secrets)?;
    for (name, secret) in &secrets {
        let path = entry.join(format!("secret-{name}"));
        let file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(&path);
        let written = file.and_then(|mut file| file.write_all(secret.as_bytes()));
        written.map_err(StartError::file("write", &path))?;
    }
    let values = Values { work: work.clone(), ports: BTreeMap::new(), secrets, ..values.clone() };
    let mut env = part.description.env.clone();
    env.retain(|_, value| !value.contains("${port:"));
    // The user of the part must reach its work directory in here; names in here are not secret.
    let commands = Commands::new(part, &values, &env)?;
    commands.give_to_owner(&work)?;
    commands.prepare(&part.description.prepare)?;
    let whole = entry.join("whole");
    fs::write(&whole, "").map_err(StartError::file("write", &whole))
}

fn read_secrets(entry: &Path, names: &[String]) -> Result<BTreeMap<String, String>, StartError> {
    let read = |name: &String| {
        let path = entry.join(format!("secret-{name}"));
        let secret = fs::read_to_string(&path).map_err(StartError::file("read", &path))?;
        Ok((name.clone(), secret))
    };
    names.iter().map(read).collect()
}

fn new_secrets(names: &[String]) -> Result<BTreeMap<String, String>, StartError> {
    names.iter().map(|name| Ok((name.clone(), hexadecimal(&random_bytes::<24>()?)))).collect()
}

fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Random bytes of the machine.
pub(crate) fn random_bytes<const N: usize>() -> Result<[u8; N], StartError> {
    let mut bytes = [0; N];
    let mut source = File::open("/dev/urandom").map_err(StartError::io("open /dev/urandom"))?;
    source.read_exact(&mut bytes).map_err(StartError::io("read /dev/urandom"))?;
    Ok(bytes)
}

/// Where locks and prepared copies are kept: ours alone. Others may pass through it, not list it.
pub(crate) fn private_directory() -> Result<PathBuf, StartError> {
    let uid = nix::unistd::geteuid().as_raw();
    let path = std::env::temp_dir().join(format!("seaworthy-testbed-{uid}"));
    match DirBuilder::new().mode(0o711).create(&path) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
            return Err(StartError::file("make", &path)(error));
        }
        _ => {}
    }
    let found = fs::symlink_metadata(&path).map_err(StartError::file("read", &path))?;
    if !found.is_dir() || found.uid() != uid || found.mode() & 0o022 != 0 {
        let why = std::io::Error::other("it is not a directory of ours alone");
        return Err(StartError::file("use", &path)(why));
    }
    Ok(path)
}

fn lock(path: &Path, how: FlockArg) -> Result<Flock<File>, StartError> {
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(path);
    let file = file.map_err(StartError::file("open", path))?;
    Flock::lock(file, how).map_err(|(_, errno)| StartError::file("lock", path)(errno.into()))
}

/// Removes copies of older contents of a part. A failure to tidy up is no failure to start.
fn remove_stale(cache: &Path, part: &str, keep: &str) {
    let prefix = format!("{part}-");
    for entry in fs::read_dir(cache).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let digest = name.strip_prefix(&prefix).filter(|rest| rest.len() == 64);
        if digest.is_none() || name == keep || !is_older(&entry.path(), STALE) {
            continue;
        }
        let Ok(held) = lock(&cache.join(format!("{name}.lock")), FlockArg::LockExclusiveNonblock) else {
            continue;
        };
        let _ = fs::remove_dir_all(entry.path());
        drop(held);
    }
}

fn is_older(path: &Path, than: Duration) -> bool {
    let made = fs::metadata(path).and_then(|found| found.modified());
    made.ok().and_then(|made| SystemTime::now().duration_since(made).ok()).is_some_and(|age| age > than)
}

/// A digest of what the prepared data depends on: files of the part and of its sources, and programs.
fn digest(part: &Part) -> Result<String, StartError> {
    let mut hash = Sha256::new();
    let mut files = Vec::new();
    list_files(&part.folder, &mut files)?;
    for source in &part.description.built_from {
        list_files(&part.testbed.join(source), &mut files)?;
    }
    files.sort();
    for path in files {
        let content = fs::read(&path).map_err(StartError::file("read", &path))?;
        let name = path.strip_prefix(&part.testbed).unwrap_or(&path).to_string_lossy().into_owned();
        let mode = fs::metadata(&path).map_or(0, |found| found.mode());
        hash.update(format!("file {name} {mode} {}\n", content.len()));
        hash.update(&content);
    }
    for program in part.description.needs.keys() {
        let found = find_program(program).and_then(|path| fs::metadata(path).ok());
        let facts = found.map(|found| (found.len(), found.mtime()));
        hash.update(format!("program {program} {facts:?}\n"));
    }
    Ok(hexadecimal(&hash.finalize()))
}

fn list_files(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), StartError> {
    if folder.is_file() {
        files.push(folder.to_path_buf());
        return Ok(());
    }
    for entry in fs::read_dir(folder).map_err(StartError::file("read", folder))? {
        let entry = entry.map_err(StartError::file("read", folder))?;
        let kind = entry.file_type().map_err(StartError::file("read", folder))?;
        if kind.is_dir() {
            list_files(&entry.path(), files)?;
        } else {
            files.push(entry.path());
        }
        if files.len() > PART_FILES_MAX {
            return Err(StartError::file("read", folder)(std::io::Error::other("too many files for a part")));
        }
    }
    Ok(())
}
