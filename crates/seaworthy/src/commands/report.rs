//! `seaworthy report`: a kept run, printed exactly as it was live.

use std::process::ExitCode;

use seaworthy_store::{SqliteStore, StoreError};

use super::print;
use crate::cli::Report;
use crate::exit::Wrong;
use crate::run::keeping;

/// Carries out the command.
pub(super) async fn run(report: &Report) -> anyhow::Result<ExitCode> {
    let place = keeping::place_here(report.keep.store.as_deref());
    let nothing =
        || Wrong::error(format!("no run was kept in {}", place.display()), "`seaworthy check` keeps one");
    let store = SqliteStore::open_existing(&place).await?.ok_or_else(nothing)?;
    let run = match store.get(report.run.as_deref()).await {
        Ok(run) => run,
        Err(StoreError::NoSuchRun(wanted)) if wanted.is_empty() => return Err(nothing()),
        Err(error @ (StoreError::NoSuchRun(_) | StoreError::Ambiguous(_))) => {
            return Err(Wrong::error(error.to_string(), "`seaworthy history` lists the runs"));
        }
        Err(error) => return Err(error.into()),
    };
    print::run(&run, &report.print, run.started_at, Some(place.display().to_string()))?;
    Ok(ExitCode::from(run.decision.headline.exit_code()))
}
