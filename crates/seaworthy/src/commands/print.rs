//! Writes results to standard output. A reader who left early is no failure.

use std::io::{ErrorKind, Write};
use std::process::ExitCode;

use chrono::{DateTime, Utc};
use seaworthy_core::run::Run;
use seaworthy_report::{Format, Style};

use crate::cli::Print;
use crate::exit::Wrong;

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
        Err(error) => Err(NotPrinted(error).into()),
        Ok(()) => Ok(()),
    }
}

/// A result that is there and could not be shown.
#[derive(Debug, thiserror::Error)]
#[error("the result could not be printed")]
pub(crate) struct NotPrinted(#[source] std::io::Error);

/// Writes a run in the form that was asked for, to standard output or to a file.
pub(crate) fn run(
    run: &Run,
    options: &Print,
    now: DateTime<Utc>,
    kept_in: Option<String>,
) -> anyhow::Result<()> {
    let terminal = options.format == Format::Terminal;
    let style = Style {
        width: width(),
        now,
        verbose: options.verbose,
        // The stream takes colours out again where they are not wanted.
        colour: terminal && options.output.is_none(),
        kept_in,
    };
    let rendered = seaworthy_report::render(run, options.format, &style);
    match &options.output {
        Some(file) => std::fs::write(file, rendered).map_err(|error| {
            Wrong::error(
                format!("could not write {}: {error}", file.display()),
                "give a file that can be written",
            )
        }),
        None if terminal => text(&rendered),
        None => written(std::io::stdout().lock().write_all(rendered.as_bytes())),
    }
}

/// How to print what is no run. The stream takes colours out again where they are not wanted.
pub(crate) fn style() -> Style {
    Style { width: width(), colour: true, ..Style::plain(Utc::now()) }
}

fn width() -> usize {
    let columns = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    let terminal = terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
    columns.or(terminal).unwrap_or(seaworthy_report::terminal::WIDTH_MAX)
}

/// Tells of progress on standard error. Where that is gone nobody waits for it.
pub(crate) fn note(what: &str) {
    let _ = writeln!(anstream::stderr(), "{what}");
}
