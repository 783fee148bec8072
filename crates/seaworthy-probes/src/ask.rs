//! What a run asks the probes to look at.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use seaworthy_core::consent::Consent;
use seaworthy_core::facts::{Blind, Unseen};
use seaworthy_core::limits::Limits;
use seaworthy_core::manifest::{Environment, SecretRef};
use secrecy::{ExposeSecret, SecretString};

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

    /// The value behind a reference, for one host only.
    ///
    /// A manifest can arrive by pull request, so it does not decide where a credential goes: whoever keeps the
    /// credential names its hosts beside it, in `NAME_HOSTS` beside the variable `NAME`, or in `FILE.hosts`
    /// beside the file `FILE`; separated by commas.
    pub fn secret_for(&self, reference: &SecretRef, host: &str) -> Result<SecretString, Unseen> {
        let (beside, setting) = match reference {
            SecretRef::Env(name) => {
                (SecretRef::Env(format!("{name}_HOSTS")), format!("export {name}_HOSTS={host}"))
            }
            SecretRef::File(path) => {
                (SecretRef::File(format!("{path}.hosts")), format!("echo {host} > {path}.hosts"))
            }
        };
        let refused = |why: String| Unseen::new(Blind::NotGiven, why).give(setting.clone());
        let hosts = (self.secrets)(&beside).map_err(|_| {
            refused(format!("nothing says that the credential in {reference} may go to `{host}`"))
        })?;
        let named = hosts.expose_secret().split(',').any(|named| named.trim().eq_ignore_ascii_case(host));
        if !named {
            return Err(refused(format!("the credential in {reference} is for other hosts than `{host}`")));
        }
        self.secret(reference)
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
        // An exercise begins by no manifest alone: the command line has to say so too.
        let both = if wanted == Consent::Drill { "and" } else { "or" };
        Err(Unseen::new(Blind::Consent, format!("it takes the `{word}` level, which was not granted"))
            .give(format!("`consent: {word}` for the environment, {both} `--consent {word}`")))
    }
}

impl fmt::Debug for Ask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ask").field("environment", &self.environment).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::PathBuf;
    use std::sync::Arc;

    use chrono::DateTime;
    use seaworthy_core::consent::Consent;
    use seaworthy_core::facts::{Blind, Unseen};
    use seaworthy_core::limits::Limits;
    use seaworthy_core::manifest::{Environment, SecretRef};

    use super::Ask;

    fn ask(values: &[(&'static str, &'static str)]) -> Ask {
        let values: BTreeMap<_, _> = values.iter().copied().collect();
        Ask {
            environment: Environment::default(),
            base: PathBuf::new(),
            consent: Consent::Observe,
            limits: Limits::default(),
            now: DateTime::UNIX_EPOCH,
            secrets: Arc::new(move |reference| match reference {
                SecretRef::Env(name) if values.contains_key(name.as_str()) => {
                    Ok(values[name.as_str()].to_owned().into())
                }
                _ => Err(Unseen::new(Blind::NotGiven, "not there")),
            }),
        }
    }

    #[test]
    fn a_credential_goes_only_to_the_hosts_named_beside_it() {
        let token = SecretRef::Env("TOKEN".into());
        let bound = ask(&[("TOKEN", "t"), ("TOKEN_HOSTS", "a.example.com, b.example.com")]);
        assert!(bound.secret_for(&token, "b.example.com").is_ok());
        assert!(bound.secret_for(&token, "evil.example.com").is_err());
        assert!(bound.secret_for(&token, "example.com").is_err());
        let unbound = ask(&[("TOKEN", "t")]);
        let why = unbound.secret_for(&token, "a.example.com").expect_err("not bound");
        assert_eq!(why.give.as_deref(), Some("export TOKEN_HOSTS=a.example.com"));
    }
}
