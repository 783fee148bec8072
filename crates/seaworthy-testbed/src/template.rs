//! Placeholders: `${work}`, `${part}`, `${testbed}`, `${port:NAME}`, `${secret:NAME}`, and `${file:NAME}` for what a
//! file of the work directory says by then, such as a process id; `$${` stands for `${`.
//!
//! A placeholder that means nothing is an error; it is never left standing nor filled with nothing.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Component, Path, PathBuf};

use crate::error::StartError;

/// What placeholders stand for in one start of a part.
#[derive(Debug, Clone)]
pub(crate) struct Values {
    /// The work directory.
    pub(crate) work: PathBuf,
    /// The folder of the part.
    pub(crate) part: PathBuf,
    /// The folder of the testbed.
    pub(crate) testbed: PathBuf,
    /// Ports by name; none while a part is prepared.
    pub(crate) ports: BTreeMap<String, u16>,
    /// Secrets by name.
    pub(crate) secrets: BTreeMap<String, String>,
}

impl Values {
    /// Fills in every placeholder of a text; `place` is for the error.
    pub(crate) fn fill(&self, text: &str, place: &str) -> Result<String, StartError> {
        let mut filled = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find("${") {
            let (before, placeholder) = rest.split_at(at);
            if let Some(literal) = before.strip_suffix('$') {
                filled.push_str(literal);
                filled.push_str("${");
                rest = &placeholder[2..];
                continue;
            }
            filled.push_str(before);
            let Some(end) = placeholder.find('}') else {
                return Err(unknown(placeholder, place, "it is not closed"));
            };
            let meaning = self.meaning(&placeholder[2..end]);
            filled.push_str(&meaning.map_err(|why| unknown(&placeholder[..=end], place, why))?);
            rest = &placeholder[end + 1..];
        }
        filled.push_str(rest);
        Ok(filled)
    }

    /// Fills in every word of a command.
    pub(crate) fn fill_all(&self, words: &[String], place: &str) -> Result<Vec<String>, StartError> {
        words.iter().map(|word| self.fill(word, place)).collect()
    }

    /// The environment of commands and processes: the fixed names, then the given ones.
    pub(crate) fn environment(
        &self,
        given: &BTreeMap<String, String>,
        place: &str,
    ) -> Result<BTreeMap<String, String>, StartError> {
        let mut environment = BTreeMap::from([
            ("WORK".to_owned(), self.work.display().to_string()),
            ("PART".to_owned(), self.part.display().to_string()),
            ("TESTBED".to_owned(), self.testbed.display().to_string()),
        ]);
        for (name, port) in &self.ports {
            environment.insert(format!("PORT_{}", variable(name)), port.to_string());
        }
        for (name, secret) in &self.secrets {
            environment.insert(format!("SECRET_{}", variable(name)), secret.clone());
        }
        for (name, value) in given {
            environment.insert(name.clone(), self.fill(value, place)?);
        }
        Ok(environment)
    }

    /// What a file of the work directory says, without white space around it.
    fn said_in(&self, file: &str) -> Result<String, &'static str> {
        let plain = Path::new(file).components().all(|part| matches!(part, Component::Normal(_)));
        if file.is_empty() || !plain {
            return Err("not a path inside the work directory");
        }
        let said = File::open(self.work.join(file)).and_then(|opened| {
            let mut text = String::new();
            opened.take(SAID_BYTES_MAX).read_to_string(&mut text)?;
            Ok(text)
        });
        said.map(|text| text.trim().to_owned()).map_err(|_| "no such file, or none yet")
    }

    fn meaning(&self, name: &str) -> Result<String, &'static str> {
        match name.split_once(':') {
            None if name == "work" => Ok(self.work.display().to_string()),
            None if name == "part" => Ok(self.part.display().to_string()),
            None if name == "testbed" => Ok(self.testbed.display().to_string()),
            Some(("port", port)) => {
                self.ports.get(port).map(u16::to_string).ok_or("no such port, or none yet while preparing")
            }
            Some(("file", file)) => self.said_in(file),
            Some(("secret", secret)) => self.secrets.get(secret).cloned().ok_or("no such secret"),
            _ => Err(
                "there are work, part, testbed, port:NAME, secret:NAME, file:NAME; write `$${` for a plain `${`",
            ),
        }
    }
}

/// Longest that a file for a placeholder may be, in bytes.
const SAID_BYTES_MAX: u64 = 4 * 1024;

fn variable(name: &str) -> String {
    name.to_uppercase().replace('-', "_")
}

fn unknown(placeholder: &str, place: &str, why: &'static str) -> StartError {
    let placeholder = placeholder.chars().take(60).collect();
    StartError::Placeholder { placeholder, place: place.to_owned(), why }
}
