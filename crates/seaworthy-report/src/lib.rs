//! Prints a run: for people at a terminal, on a page or in a pull request, and for machines.
//!
//! Reports know only a run. They look at no target and read no clock, so a recorded run prints as the live one did.
#![warn(missing_docs)]

mod html;
mod json;
mod junit;
mod markdown;
mod outline;
mod outside;
mod places;
mod plain;
mod risks;
mod sarif;
pub mod terminal;
mod words;

#[cfg(test)]
mod sample;

use chrono::{DateTime, Utc};
use seaworthy_core::run::Run;

pub use outside::visible;

/// The forms in which a run can be printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For people at a terminal.
    Terminal,
    /// The run itself, version 1.
    Json,
    /// For code scanning.
    Sarif,
    /// For CI systems.
    Junit,
    /// For a comment on a pull request.
    Markdown,
    /// One page, for people who were not there.
    Html,
}

impl Format {
    /// Every form.
    pub const ALL: [Self; 6] =
        [Self::Terminal, Self::Json, Self::Sarif, Self::Junit, Self::Markdown, Self::Html];

    /// The word on the command line.
    pub fn word(self) -> &'static str {
        match self {
            Self::Terminal => "terminal",
            Self::Json => "json",
            Self::Sarif => "sarif",
            Self::Junit => "junit",
            Self::Markdown => "markdown",
            Self::Html => "html",
        }
    }
}

/// How to print.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Style {
    /// Columns of the terminal; lines are no longer than `WIDTH_MAX` in any case.
    pub width: usize,
    /// The time of printing, for ages.
    pub now: DateTime<Utc>,
    /// Whether to print every finding with the facts it rests on.
    pub verbose: bool,
    /// Whether to colour. Nothing is told by colour alone.
    pub colour: bool,
    /// Where the run is kept, if it is.
    pub kept_in: Option<String>,
}

impl Style {
    /// As wide as it gets, short and without colour.
    pub fn plain(now: DateTime<Utc>) -> Self {
        Self { width: terminal::WIDTH_MAX, now, verbose: false, colour: false, kept_in: None }
    }
}

/// Prints a run. The text ends in a line break.
pub fn render(run: &Run, format: Format, style: &Style) -> String {
    match format {
        Format::Terminal => terminal::run(run, style),
        Format::Json => json::run(run),
        Format::Sarif => sarif::run(run),
        Format::Junit => junit::run(run),
        Format::Markdown => markdown::run(run, style.now),
        Format::Html => html::run(run, style.now),
    }
}

#[cfg(test)]
mod tests;
