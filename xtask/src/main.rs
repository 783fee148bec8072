//! Chores of the workspace: `cargo xtask NAME`.

mod new_requirement;
mod older;
mod schemas;
mod setup;
mod test;
#[cfg(test)]
mod tidy;

use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail};

const HELP: &str = "usage: cargo xtask CHORE
  test                            set up, check the code, run every test, prove the catalog
  check                           what is fast of it: format, lints, catalog
  setup                           install the Debian packages that the tests start, and fetch older servers
  schemas                         write the published JSON schemas
  new-requirement AREA ID         write the stub of a requirement
";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["test"] => test::all(),
        ["check"] => test::fast(),
        ["setup"] => setup::all(),
        ["schemas"] => schemas::write(),
        ["new-requirement", area, id] => new_requirement::write(area, id),
        _ => {
            tell(HELP);
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tell(&format!("error: {error:#}\n"));
            ExitCode::FAILURE
        }
    }
}

/// Writes to standard error. Where that is gone there is nobody left to tell.
fn tell(text: &str) {
    use std::io::Write;
    let _ = std::io::stderr().write_all(text.as_bytes());
}

/// Runs a command and waits for it.
fn run(program: &str, words: &[&str]) -> Result<()> {
    tell(&format!("$ {program} {}\n", words.join(" ")));
    let status = Command::new(program)
        .args(words)
        .env("PATH", older::path())
        .status()
        .with_context(|| format!("could not start {program}"))?;
    if !status.success() {
        bail!("`{program} {}` ended with {status}", words.join(" "));
    }
    Ok(())
}

/// Whether a cargo subcommand is installed.
fn has_cargo(subcommand: &str) -> bool {
    let asked = Command::new("cargo").args([subcommand, "--version"]).output();
    asked.is_ok_and(|output| output.status.success())
}
