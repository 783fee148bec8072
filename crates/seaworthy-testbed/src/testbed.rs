//! The folder of the testbed: which parts there are, and which sabotages of each.

use std::fs;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

use crate::commands::program_folders;
use crate::error::{DescriptionError, StartError};
use crate::part::Description;
use crate::running::Running;
use crate::sabotage::Sabotage;

/// Longest a description may be.
const DESCRIPTION_BYTES_MAX: u64 = 1024 * 1024;

/// A testbed: `parts/PART/part.yaml` and `sabotages/PART/NAME.yaml` below one folder.
#[derive(Debug, Clone)]
pub struct Testbed {
    folder: PathBuf,
}

/// One part, not started.
#[derive(Debug, Clone)]
pub struct Part {
    /// The name of its folder.
    pub name: String,
    /// What its `part.yaml` says.
    pub description: Description,
    pub(crate) folder: PathBuf,
    pub(crate) testbed: PathBuf,
}

impl Testbed {
    /// Opens a testbed's folder.
    pub fn open(folder: impl AsRef<Path>) -> Result<Self, DescriptionError> {
        let folder = folder.as_ref();
        let folder = folder
            .canonicalize()
            .map_err(|source| DescriptionError::Unreadable { path: folder.to_path_buf(), source })?;
        if !folder.join("parts").is_dir() {
            return Err(DescriptionError::Unknown { path: folder.join("parts") });
        }
        Ok(Self { folder })
    }

    /// The names of all parts, in order.
    pub fn parts(&self) -> Result<Vec<String>, DescriptionError> {
        let folder = self.folder.join("parts");
        let names = names(&folder)?;
        Ok(names.into_iter().filter(|name| folder.join(name).join("part.yaml").is_file()).collect())
    }

    /// One part.
    pub fn part(&self, name: &str) -> Result<Part, DescriptionError> {
        let folder = self.folder.join("parts").join(name);
        let description = read(&folder.join("part.yaml"))?;
        Ok(Part { name: name.to_owned(), description, folder, testbed: self.folder.clone() })
    }

    /// All sabotages of a part, in the order of their names.
    pub fn sabotages(&self, part: &str) -> Result<Vec<Sabotage>, DescriptionError> {
        let folder = self.folder.join("sabotages").join(part);
        if !folder.exists() {
            return Ok(Vec::new());
        }
        let names = names(&folder)?;
        names
            .iter()
            .filter_map(|name| name.strip_suffix(".yaml"))
            .map(|name| self.sabotage(part, name))
            .collect()
    }

    /// One sabotage of a part.
    pub fn sabotage(&self, part: &str, name: &str) -> Result<Sabotage, DescriptionError> {
        let path = self.folder.join("sabotages").join(part).join(format!("{name}.yaml"));
        let sabotage: Sabotage = read(&path)?;
        if sabotage.flips.is_empty() {
            let why = "`flips` is empty; a sabotage breaks something".to_owned();
            return Err(DescriptionError::Malformed { path, why });
        }
        Ok(Sabotage { name: name.to_owned(), ..sabotage })
    }
}

impl Part {
    /// Starts the part, sound or sabotaged, and waits until it is ready.
    pub fn start(&self, sabotage: Option<&Sabotage>) -> Result<Running, StartError> {
        for (program, package) in &self.description.needs {
            if find_program(program).is_none() {
                return Err(StartError::Missing { program: program.clone(), package: package.clone() });
            }
        }
        Running::start(self, sabotage)
    }
}

/// Where a program is installed.
pub(crate) fn find_program(name: &str) -> Option<PathBuf> {
    if name.contains('/') {
        return Some(PathBuf::from(name)).filter(|path| path.is_file());
    }
    let own = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&own).chain(program_folders());
    folders.map(|folder| folder.join(name)).find(|path| path.is_file())
}

fn names(folder: &Path) -> Result<Vec<String>, DescriptionError> {
    let unreadable = |source| DescriptionError::Unreadable { path: folder.to_path_buf(), source };
    let entries = fs::read_dir(folder).map_err(unreadable)?;
    let mut names: Vec<String> =
        entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    Ok(names)
}

fn read<T: DeserializeOwned>(path: &Path) -> Result<T, DescriptionError> {
    let unreadable = |source| DescriptionError::Unreadable { path: path.to_path_buf(), source };
    if !path.exists() {
        return Err(DescriptionError::Unknown { path: path.to_path_buf() });
    }
    if fs::metadata(path).map_err(unreadable)?.len() > DESCRIPTION_BYTES_MAX {
        return Err(DescriptionError::Malformed {
            path: path.to_path_buf(),
            why: "longer than 1 MiB".to_owned(),
        });
    }
    let text = fs::read_to_string(path).map_err(unreadable)?;
    serde_saphyr::from_str(&text)
        .map_err(|error| DescriptionError::Malformed { path: path.to_path_buf(), why: error.to_string() })
}
