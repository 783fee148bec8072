//! Every test, with all set-up: the README's second command.

use anyhow::Result;

use crate::{has_cargo, run, setup, tell};

/// What is fast: format, lints, catalog.
pub(crate) fn fast() -> Result<()> {
    if has_cargo("fmt") {
        run("cargo", &["fmt", "--all", "--check"])?;
    } else {
        tell("skipped: rustfmt is not installed\n");
    }
    if has_cargo("clippy") {
        run("cargo", &["clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"])?;
    } else {
        tell("skipped: clippy is not installed\n");
    }
    run("cargo", &["run", "--quiet", "-p", "seaworthy", "--", "catalog", "lint"])
}

/// Set-up, fast checks, all tests, then the proofs on real parts.
pub(crate) fn all() -> Result<()> {
    setup::all()?;
    fast()?;
    if has_cargo("nextest") {
        run("cargo", &["nextest", "run", "--workspace", "--no-fail-fast"])?;
    } else {
        run("cargo", &["test", "--workspace", "--no-fail-fast"])?;
    }
    run("cargo", &["test", "--manifest-path", "testbed/service/Cargo.toml"])?;
    // What is proven stays proven only while real parts show it; the recordings alone would not tell.
    run("cargo", &["run", "--quiet", "-p", "seaworthy", "--", "catalog", "prove", "--check"])
}
