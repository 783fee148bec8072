//! The catalog and the matrix of proofs that this binary carries.

use anyhow::Context;
use include_dir::{Dir, include_dir};
use seaworthy_core::catalog::{Catalog, Matrix, Requirement, compile};

static CATALOG: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../catalog");
static SEEDS: &str = include_str!("../../../catalog/seeds.csv");
static MATRIX: &str = include_str!("../../../testbed/matrix.snap");

/// The files of the built-in catalog: path below `catalog/` and text.
pub(crate) fn files() -> Vec<(String, &'static str)> {
    let mut found = Vec::new();
    collect(&CATALOG, &mut found);
    found.sort();
    found
}

fn collect(folder: &Dir<'static>, found: &mut Vec<(String, &'static str)>) {
    for file in folder.files() {
        let path = file.path();
        if path.extension().is_some_and(|extension| extension == "yaml") {
            found.push((path.to_string_lossy().replace('\\', "/"), file.contents_utf8().unwrap_or_default()));
        }
    }
    for inner in folder.dirs() {
        collect(inner, found);
    }
}

/// The lines of the seed checklists, each with a requirement that answers it or is to answer it.
pub(crate) fn seeds() -> Vec<(&'static str, &'static str)> {
    SEEDS.lines().skip(1).filter_map(|line| line.split_once(',')).collect()
}

/// The matrix of proofs.
pub(crate) fn matrix() -> anyhow::Result<Matrix> {
    Matrix::read(MATRIX).context("the built-in proof matrix cannot be read")
}

/// One requirement of the built-in catalog, without reading the others.
pub(crate) fn requirement(id: &str) -> anyhow::Result<Option<Requirement>> {
    let of_id = |path: &str| std::path::Path::new(path).file_stem().is_some_and(|stem| stem == id);
    let Some((path, text)) = files().into_iter().find(|(path, _)| of_id(path)) else { return Ok(None) };
    let compiled = compile(&path, text, &matrix()?).context("the built-in catalog cannot be read")?;
    Ok(Some(compiled.spec))
}

/// The built-in catalog with its proofs.
pub(crate) fn catalog() -> anyhow::Result<Catalog> {
    let files = files();
    let borrowed = files.iter().map(|(path, text)| (path.as_str(), *text));
    Catalog::read(borrowed, &matrix()?).context("the built-in catalog cannot be read")
}
