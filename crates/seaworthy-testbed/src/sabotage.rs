//! A sabotage: one named change away from sound.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Component, Path, PathBuf};

use serde::Deserialize;

use crate::error::StartError;
use crate::part::Run;
use crate::template::Values;

/// A change that breaks a part in one way. Paths are relative to the work directory.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sabotage {
    /// Its name, from the name of the file.
    #[serde(skip)]
    pub name: String,
    /// What is broken, and why that flips what it flips.
    pub why: String,
    /// The requirements that fail by it; each must.
    pub flips: Vec<String>,
    /// Requirements that cannot but fail with it; `why` gives the reason for each.
    #[serde(default)]
    pub also_flips: Vec<String>,
    /// Replacements in files.
    #[serde(default)]
    pub edit: Vec<Edit>,
    /// Files to write, with their content.
    #[serde(default)]
    pub write: BTreeMap<String, String>,
    /// Files and folders to remove; each must be there.
    #[serde(default)]
    pub remove: Vec<String>,
    /// Permissions to set, in octal.
    #[serde(default)]
    pub mode: BTreeMap<String, String>,
    /// Environment that is added to the part's, or takes its place.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// Commands that run after preparing, before any process starts.
    #[serde(default)]
    pub before: Vec<Run>,
    /// Commands that run once the part is ready, after its own.
    #[serde(default)]
    pub after: Vec<Run>,
}

/// One replacement: every occurrence of `find`, which must occur.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edit {
    /// Which file.
    pub file: String,
    /// What stands there when it is sound.
    pub find: String,
    /// What is to stand there.
    pub replace: String,
}

impl Sabotage {
    /// Changes the files of a work directory.
    pub(crate) fn change_files(&self, work: &Path, values: &Values) -> Result<(), StartError> {
        for edit in &self.edit {
            self.edit_file(edit, work, values)?;
        }
        for (path, content) in &self.write {
            let to = self.inside(work, path)?;
            if let Some(parent) = to.parent() {
                fs::create_dir_all(parent).map_err(StartError::file("make", parent))?;
            }
            let content = values.fill(content, &self.place("write"))?;
            fs::write(&to, content).map_err(StartError::file("write", &to))?;
        }
        for path in &self.remove {
            let victim = self.inside(work, path)?;
            let found =
                fs::symlink_metadata(&victim).map_err(|_| self.idle(format!("no `{path}` to remove")))?;
            let removed = if found.is_dir() { fs::remove_dir_all(&victim) } else { fs::remove_file(&victim) };
            removed.map_err(StartError::file("remove", &victim))?;
        }
        Ok(())
    }

    /// Sets permissions; apart from the files because an owner is set in between.
    pub(crate) fn change_modes(&self, work: &Path) -> Result<(), StartError> {
        for (path, mode) in &self.mode {
            let bits = u32::from_str_radix(mode, 8)
                .map_err(|_| self.idle(format!("mode `{mode}` is not an octal number")))?;
            let target = self.inside(work, path)?;
            fs::set_permissions(&target, fs::Permissions::from_mode(bits))
                .map_err(StartError::file("set the mode of", &target))?;
        }
        Ok(())
    }

    fn edit_file(&self, edit: &Edit, work: &Path, values: &Values) -> Result<(), StartError> {
        let path = self.inside(work, &edit.file)?;
        let text = fs::read_to_string(&path).map_err(StartError::file("read", &path))?;
        let find = values.fill(&edit.find, &self.place("edit"))?;
        let replace = values.fill(&edit.replace, &self.place("edit"))?;
        if find.is_empty() || !text.contains(&find) {
            return Err(self.idle(format!("`{}` does not occur in `{}`", edit.find, edit.file)));
        }
        if find == replace {
            return Err(self.idle(format!("`{}` is replaced by itself", edit.find)));
        }
        // Written in place, so that owner and mode stay as they were.
        fs::write(&path, text.replace(&find, &replace)).map_err(StartError::file("write", &path))
    }

    fn inside(&self, work: &Path, path: &str) -> Result<PathBuf, StartError> {
        let plain = Path::new(path).components().all(|part| matches!(part, Component::Normal(_)));
        if path.is_empty() || !plain {
            return Err(self.idle(format!("`{path}` is not a path inside the work directory")));
        }
        Ok(work.join(path))
    }

    fn idle(&self, why: String) -> StartError {
        StartError::Sabotage { sabotage: self.name.clone(), why }
    }

    pub(crate) fn place(&self, field: &str) -> String {
        format!("`{field}` of sabotage `{}`", self.name)
    }
}
