//! The catalog as it stands in the tree, and its judgement on saved facts.

use std::fs;

use chrono::DateTime;
use seaworthy_core::catalog::{Catalog, CompiledRequirement, Matrix};
use seaworthy_core::finding::Verdict;
use seaworthy_core::judge::{Document, judge};
use serde_json::Value as Json;

use crate::support::tree;

/// Files of requirements: path below `catalog` and text.
pub(crate) fn files() -> Vec<(String, String)> {
    let mut files = Vec::new();
    for area in fs::read_dir(tree().join("catalog")).expect("the catalog").flatten() {
        if !area.path().is_dir() || area.file_name() == "remedies" {
            continue;
        }
        for file in fs::read_dir(area.path()).expect("an area").flatten() {
            let path = format!("{}/{}", area.file_name().display(), file.file_name().display());
            files.push((path, fs::read_to_string(file.path()).expect("text")));
        }
    }
    files.sort();
    files
}

pub(crate) fn catalog() -> Catalog {
    let matrix = fs::read_to_string(tree().join("testbed/matrix.snap")).expect("the matrix");
    let matrix = Matrix::read(&matrix).expect("a matrix");
    let files = files();
    Catalog::read(files.iter().map(|(path, text)| (path.as_str(), text.as_str())), &matrix)
        .expect("a catalog")
}

pub(crate) fn verdict(requirement: &CompiledRequirement, facts: &Json) -> Verdict {
    judge(requirement, &Document::of(facts).expect("a document"), DateTime::UNIX_EPOCH).verdict
}
