//! Tells people what is being looked at while they wait. Silent where standard error is no terminal.

use std::io::IsTerminal;
use std::sync::Mutex;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::look::Event;

/// One line that names the probes still looking.
pub(crate) struct Progress {
    bar: ProgressBar,
    open: Mutex<Vec<&'static str>>,
}

impl Progress {
    /// Begins to tell.
    pub(crate) fn start() -> Self {
        let bar =
            if std::io::stderr().is_terminal() { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
        if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed} {msg}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(120));
        Self { bar, open: Mutex::new(Vec::new()) }
    }

    /// Takes in what happened.
    pub(crate) fn tell(&self, event: Event) {
        let Ok(mut open) = self.open.lock() else { return };
        match event {
            Event::Looking { probe, target } => {
                open.push(probe);
                self.bar.set_message(format!("looking at {target}"));
            }
            Event::Looked { probe, took } => {
                open.retain(|name| *name != probe);
                let left = if open.is_empty() {
                    String::new()
                } else {
                    format!("; still looking: {}", open.join(", "))
                };
                self.bar.set_message(format!("{probe} took {} ms{left}", took.as_millis()));
            }
        }
    }

    /// Takes the line away.
    pub(crate) fn end(self) {
        self.bar.finish_and_clear();
    }
}
