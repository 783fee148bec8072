//! What a run asks the probes to look at.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use seaworthy_core::consent::Consent;
use seaworthy_core::facts::{Blind, Unseen};
use seaworthy_core::limits::Limits;
use seaworthy_core::manifest::{Environment, SecretRef};
use secrecy::SecretString;

/// Gives the value behind a reference, or says why it cannot.
pub type Secrets = Arc<dyn Fn(&SecretRef) -> Result<SecretString, Unseen> + Send + Sync>;

/// One environment to look at, at one level, within bounds.
#[derive(Clone)]
pub struct Ask {
    /// The environment, from a manifest or made from a URL or folder on the command line.
    pub environment: Environment,
    /// The folder against which the manifest's relative paths are read.
    pub base: PathBuf,
    /// The level at which to look: what the manifest grants and the command line does not lower.
    pub consent: Consent,
    /// Bounds.
    pub limits: Limits,
    /// When looking began; probes read no other clock for what they judge of dates.
    pub now: DateTime<Utc>,
    /// Where secrets come from.
    pub secrets: Secrets,
}

impl Ask {
    /// The value behind a reference.
    pub fn secret(&self, reference: &SecretRef) -> Result<SecretString, Unseen> {
        (self.secrets)(reference)
    }

    /// A path of the manifest, made absolute or relative to the working directory.
    pub fn path(&self, relative: &str) -> PathBuf {
        self.base.join(Path::new(relative))
    }

    /// `Ok` when the level allows `wanted`; else why not and what to give.
    pub fn allows(&self, wanted: Consent) -> Result<(), Unseen> {
        if self.consent >= wanted {
            return Ok(());
        }
        let word = match wanted {
            Consent::Observe => "observe",
            Consent::Probe => "probe",
            Consent::Drill => "drill",
        };
        Err(Unseen::new(Blind::Consent, format!("it takes the `{word}` level, which was not granted"))
            .give(format!("`consent: {word}` for the environment, or `--consent {word}`")))
    }
}

impl fmt::Debug for Ask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ask").field("environment", &self.environment).finish_non_exhaustive()
    }
}
