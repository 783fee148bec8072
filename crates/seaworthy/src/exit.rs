//! How a command ends: 0 go, 1 no-go, 2 the request was wrong, 3 Seaworthy failed, 4 undecided.

use std::process::ExitCode;

use seaworthy_core::manifest::ManifestError;
use seaworthy_report::visible;
use seaworthy_store::StoreError;

use crate::commands::print::NotPrinted;
use crate::run::keeping::NotKept;

/// A request that cannot be carried out as it was made, and the way out.
#[derive(Debug, thiserror::Error)]
#[error("{what}")]
pub(crate) struct Wrong {
    /// What is wrong, in the present tense.
    pub(crate) what: String,
    /// The way out.
    pub(crate) help: Option<String>,
}

impl Wrong {
    pub(crate) fn error(what: impl Into<String>, help: impl Into<String>) -> anyhow::Error {
        Self { what: what.into(), help: Some(help.into()) }.into()
    }
}

/// The exit code of a wrong request.
pub(crate) const WRONG: u8 = 2;
/// The exit code of our own failure.
pub(crate) const FAILED: u8 = 3;

/// Prints an error with its place and the way out; gives the exit code.
pub(crate) fn report(error: &anyhow::Error) -> ExitCode {
    if let Some(wrong) = error.downcast_ref::<Wrong>() {
        say(&format!("error: {}", wrong.what), None, wrong.help.as_deref());
        return ExitCode::from(WRONG);
    }
    if let Some(manifest) = error.downcast_ref::<ManifestError>() {
        let place = manifest.place.map(|at| format!("{}:{}:{}", manifest.file, at.line, at.column));
        let place = place.unwrap_or_else(|| manifest.file.clone());
        say(&format!("error: {manifest}"), Some(&place), manifest.help.as_deref());
        return ExitCode::from(WRONG);
    }
    let foreign = error.chain().any(|cause| matches!(cause.downcast_ref(), Some(StoreError::Foreign { .. })));
    if foreign {
        let help = "name another file with `--store FILE`; an evidence store that was changed proves nothing any more";
        say(&format!("error: {}", chain(error)), None, Some(help));
        return ExitCode::from(WRONG);
    }
    if let Some(not_kept) = error.downcast_ref::<NotKept>() {
        say(&format!("error: {}", chain(error)), None, Some(&not_kept.help()));
        return ExitCode::from(FAILED);
    }
    let help = if error.downcast_ref::<NotPrinted>().is_some() {
        "what was decided stands: `seaworthy report` shows the newest run that was kept"
    } else {
        "nothing was decided; run it again, and report this if it stays"
    };
    say(&format!("error: Seaworthy failed, not your service: {}", chain(error)), None, Some(help));
    ExitCode::from(FAILED)
}

/// An error and its causes, in one line.
fn chain(error: &anyhow::Error) -> String {
    let mut causes: Vec<String> = error.chain().map(ToString::to_string).collect();
    // A wrapper often says the same as what it wraps.
    causes.dedup_by(|cause, wrapper| wrapper.ends_with(cause.as_str()));
    causes.join(": ")
}

/// What is told holds names from files of others, so that nothing in it may act on a terminal or a log, or begin a line.
fn say(headline: &str, place: Option<&str>, help: Option<&str>) {
    use std::io::Write;
    let (headline, place, help) = (visible(headline), place.map(visible), help.map(visible));
    let mut out = anstream::stderr();
    // Where stderr is gone there is nobody left to tell.
    let _ = writeln!(out, "{headline}");
    if let Some(place) = place {
        let _ = writeln!(out, "  --> {place}");
    }
    if let Some(help) = help {
        let _ = writeln!(out, "help: {help}");
    }
}
