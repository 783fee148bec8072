//! Decides whether a service is ready for production. This file only starts and ends.

mod builtin;
mod cli;
mod commands;
mod exit;
mod folder;
mod interrupt;
mod keys;
mod prove;
mod run;
mod testbed;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;

fn main() -> ExitCode {
    run::look::keep_panics_quiet();
    let cli = match cli::Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let asked = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
            // Where the stream is gone there is nobody left to tell.
            let _ = error.print();
            return ExitCode::from(if asked { 0 } else { exit::WRONG });
        }
    };
    cli.color.apply();
    if rustls::crypto::aws_lc_rs::default_provider().install_default().is_err() {
        return exit::report(&anyhow::anyhow!("a second TLS library is installed"));
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return exit::report(&error.into()),
    };
    let told_to_end = interrupt::watched();
    let work = async {
        tokio::select! {
            code = commands::dispatch(cli.command) => Ok(code),
            Ok(signal) = told_to_end => Err(signal),
        }
    };
    let ended = catch_unwind(AssertUnwindSafe(|| runtime.block_on(work)))
        .unwrap_or_else(|_| Ok(Err(anyhow::anyhow!("it stopped {}", run::look::last_panic()))));
    match ended {
        Ok(code) => {
            // A probe that was given up may still hold a thread; it must not hold the process.
            runtime.shutdown_background();
            code.unwrap_or_else(|error| exit::report(&error))
        }
        Err(signal) => {
            interrupt::ending();
            // What looks is dropped, and takes its servers and its copies of data along.
            runtime.shutdown_timeout(interrupt::END_WITHIN);
            ExitCode::from(interrupt::CODE_BASE + signal)
        }
    }
}
