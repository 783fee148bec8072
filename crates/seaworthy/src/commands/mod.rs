//! One file per command; this one only chooses.

pub(crate) mod catalog;
mod check;
mod completions;
pub(crate) mod print;

use std::process::ExitCode;

use crate::cli::Command;

/// Carries out a command; gives the exit code.
pub(crate) async fn dispatch(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Check(check) => check::run(&check).await,
        Command::Catalog(catalog) => catalog::run(catalog).await,
        Command::Completions { shell } => completions::completions(shell),
        Command::Man => completions::man(),
        Command::Init(_) | Command::Explain(_) | Command::History(_) | Command::Report(_) => {
            anyhow::bail!("soon")
        }
    }
}
