//! One file per command; this one only chooses.

mod again;
mod attest;
pub(crate) mod catalog;
mod certify;
mod check;
mod completions;
mod decide;
mod demo;
mod explain;
mod history;
mod init;
pub(crate) mod print;
mod report;
mod verify;
mod waive;

use std::process::ExitCode;

use crate::cli::Command;

/// Carries out a command; gives the exit code.
pub(crate) async fn dispatch(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Check(check) => check::run(&check).await,
        Command::Catalog(catalog) => catalog::run(catalog).await,
        Command::Demo(demo) => demo::run(&demo).await,
        Command::Completions { shell } => completions::completions(shell),
        Command::Man => completions::man(),
        Command::Explain(explain) => explain::run(&explain),
        Command::History(history) => history::run(&history).await,
        Command::Report(report) => report::run(&report).await,
        Command::Attest(attest) => attest::run(&attest).await,
        Command::Certify(certify) => certify::run(&certify).await,
        Command::Decide(decide) => decide::run(&decide).await,
        Command::Verify(verify) => verify::run(&verify),
        Command::Waive(waive) => waive::run(&waive).await,
        Command::Init(init) => init::run(&init).await,
    }
}
