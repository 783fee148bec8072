//! What can go wrong before a part stands.

use std::path::{Path, PathBuf};

/// A description could not be read or understood.
#[derive(Debug, thiserror::Error)]
pub enum DescriptionError {
    /// A file or folder could not be read.
    #[error("could not read {}", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A file is not of the form.
    #[error("{} is not of the form:\n{why}", path.display())]
    Malformed {
        /// Which.
        path: PathBuf,
        /// What the parser says, with line and column.
        why: String,
    },
    /// There is no such part or sabotage.
    #[error("there is no {}", path.display())]
    Unknown {
        /// Where it should stand.
        path: PathBuf,
    },
}

/// A part could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A program is not installed.
    #[error("`{program}` is not installed; it comes with {package}")]
    Missing {
        /// The program.
        program: String,
        /// What brings it: a Debian package, or words.
        package: String,
    },
    /// The description is at fault.
    #[error(transparent)]
    Description(#[from] DescriptionError),
    /// A placeholder has no meaning here.
    #[error("`{placeholder}` in {place} has no meaning: {why}")]
    Placeholder {
        /// What stood there.
        placeholder: String,
        /// Where.
        place: String,
        /// Why.
        why: &'static str,
    },
    /// A sabotage did not take hold, so that it would prove nothing.
    #[error("sabotage `{sabotage}` did not take hold: {why}")]
    Sabotage {
        /// Its name.
        sabotage: String,
        /// Why.
        why: String,
    },
    /// A command failed.
    #[error("`{run}` {how}\n{log}")]
    Command {
        /// The command, before its placeholders were filled in.
        run: String,
        /// How it ended.
        how: String,
        /// The last lines that it printed.
        log: String,
    },
    /// A process ended before it was ready.
    #[error("process `{process}` ended before it was ready: {how}\n{log}")]
    Ended {
        /// Its name.
        process: String,
        /// How it ended.
        how: String,
        /// The last lines that it printed.
        log: String,
    },
    /// A process was not ready in time.
    #[error("process `{process}` was not ready within {seconds} s\n{log}")]
    NotReady {
        /// Its name.
        process: String,
        /// How long it was waited for.
        seconds: u64,
        /// The last lines that it printed.
        log: String,
    },
    /// No loopback port is free.
    #[error("no free port on loopback")]
    NoPort,
    /// The machine refused something.
    #[error("could not {what}")]
    Io {
        /// What.
        what: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

impl StartError {
    /// Wraps an error of the machine.
    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let what = what.into();
        move |source| Self::Io { what, source }
    }

    /// Wraps an error of the machine about one file.
    pub(crate) fn file(verb: &str, path: &Path) -> impl FnOnce(std::io::Error) -> Self + use<> {
        Self::io(format!("{verb} {}", path.display()))
    }
}
