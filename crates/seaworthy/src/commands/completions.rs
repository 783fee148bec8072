//! `seaworthy completions` and the manual page.

use std::process::ExitCode;

use clap::CommandFactory;

use super::print;
use crate::cli::Cli;

/// Prints completions for a shell.
pub(super) fn completions(shell: clap_complete::Shell) -> anyhow::Result<ExitCode> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "seaworthy", &mut text);
    print::bytes(&text)
}

/// Prints the manual page.
pub(super) fn man() -> anyhow::Result<ExitCode> {
    let mut text = Vec::new();
    clap_mangen::Man::new(Cli::command()).render(&mut text)?;
    print::bytes(&text)
}
