//! The probe on real repositories, made with the real `git`.

mod arbitrary;
mod hostile;
mod literals;
mod pipeline;
mod secrets;
mod settings;
mod subjects;
mod supplied;
mod trial;

use std::path::Path;

use seaworthy_core::facts::{Listed, Seen};
use seaworthy_core::limits::Limits;
use serde_json::Value as Json;

use super::facts::RepoFacts;
use super::git::tests::git;
use super::{RepoTarget, sum};

/// A repository with these files in one commit.
fn repository(files: &[(&str, &str)]) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    git(directory.path(), &["init", "-q", "-b", "main"]);
    write(directory.path(), files);
    commit(directory.path(), "first");
    directory
}

fn write(root: &Path, files: &[(&str, &str)]) {
    for (path, content) in files {
        let path = root.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }
}

fn commit(root: &Path, message: &str) {
    git(root, &["add", "-A"]);
    git(root, &["commit", "-q", "--allow-empty", "-m", message]);
}

fn target(root: &Path) -> RepoTarget {
    RepoTarget { cargo: Vec::new(), ..RepoTarget::new(root.to_owned(), Vec::new()) }
}

fn look(root: &Path) -> RepoFacts {
    match sum::look(&target(root), &Limits::default()) {
        Seen::Seen { value, .. } => value,
        Seen::Unseen(unseen) => panic!("{unseen:?}"),
    }
}

/// The facts as the judge gets them.
fn json(facts: &RepoFacts) -> Json {
    serde_json::to_value(facts).unwrap()
}

/// The items of a list that was seen.
fn items<T>(list: &Seen<Listed<T>>) -> &[T] {
    &list.value().unwrap().items
}

/// Why a list was cut short.
fn cut<T>(list: &Seen<Listed<T>>) -> Option<&str> {
    match list {
        Seen::Seen { value, .. } => value.cut.as_ref().map(|cut| cut.why.as_str()),
        Seen::Unseen(unseen) => Some(&unseen.why),
    }
}
