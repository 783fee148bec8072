//! What a run asks the probes to look at.

use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use seaworthy_core::consent::Consent;
use seaworthy_core::facts::{Blind, Unseen};
use seaworthy_core::limits::Limits;
use seaworthy_core::limits::tls::ROOTS_BYTES_MAX;
use seaworthy_core::manifest::{Environment, SecretRef};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

/// The variable in which the operator names a file of roots that he trusts, as the manifest's `ca` may say it.
pub const OPERATOR_CA: &str = "SEAWORTHY_CA";

/// Gives the value behind a reference, or says why it cannot.
pub type Secrets = Arc<dyn Fn(&SecretRef) -> Result<SecretString, Unseen> + Send + Sync>;

/// One environment to look at, at one level, within bounds.
#[derive(Clone)]
pub struct Ask {
    /// The environment, from a manifest or made from a URL or folder on the command line.
    pub environment: Environment,
    /// The folder against which the manifest's relative paths are read.
    pub base: PathBuf,
    /// Who runs the check wrote the environment on the command line himself, so nobody else says in it where anything goes.
    pub commanded: bool,
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

    /// The value behind a reference, for one URL only.
    ///
    /// A manifest can arrive by pull request, so it does not decide where a credential goes: whoever keeps the
    /// credential names its hosts beside it, in `NAME_HOSTS` beside the variable `NAME`, or in `FILE.hosts`
    /// beside the file `FILE`; separated by commas, each `host`, `host:port` where the port is neither 443 nor 80, and
    /// `host@address` where the manifest's `resolve` says at which address the host is. Over TLS the manifest's `ca` must
    /// be backed too, see [`Ask::backs_ca`].
    pub fn secret_for(&self, reference: &SecretRef, url: &Url) -> Result<SecretString, Unseen> {
        let host = url.host_str().unwrap_or_default();
        self.bound_to(reference, host, url.port())?;
        if url.scheme() == "https" {
            self.backs_ca()?;
        }
        self.secret(reference)
    }

    /// `Ok` where the credential's keeper says that it may go to this host and port, and to the address that the manifest
    /// gives the host. No port stands for those of HTTP.
    pub fn bound_to(&self, reference: &SecretRef, host: &str, port: Option<u16>) -> Result<(), Unseen> {
        let port =
            port.filter(|port| ![80, 443].contains(port)).map(|port| format!(":{port}")).unwrap_or_default();
        let at = self.dialled_at(host).map(|address| format!("@{address}")).unwrap_or_default();
        let wanted = format!("{host}{port}{at}");
        let (beside, setting) = match reference {
            SecretRef::Env(name) => {
                (SecretRef::Env(format!("{name}_HOSTS")), format!("export {name}_HOSTS={wanted}"))
            }
            SecretRef::File(path) => {
                (SecretRef::File(format!("{path}.hosts")), format!("echo {wanted} > {path}.hosts"))
            }
        };
        let refused = |why: String| Unseen::new(Blind::NotGiven, why).give(setting.clone());
        let hosts = (self.secrets)(&beside).map_err(|_| {
            refused(format!("nothing says that the credential in {reference} may go to `{wanted}`"))
        })?;
        let named = hosts.expose_secret().split(',').any(|named| named.trim().eq_ignore_ascii_case(&wanted));
        if named {
            Ok(())
        } else {
            Err(refused(format!("the credential in {reference} is for other hosts than `{wanted}`")))
        }
    }

    /// The address that the manifest gives a host.
    pub fn dialled_at(&self, host: &str) -> Option<IpAddr> {
        let mut given = self.environment.resolve.iter();
        given.find(|(name, _)| name.eq_ignore_ascii_case(host)).map(|(_, address)| *address)
    }

    /// `Ok` where the operator trusts the manifest's `ca` too, or there is none: the variable [`OPERATOR_CA`] names a file
    /// with the same roots, or with more.
    pub fn backs_ca(&self) -> Result<(), Unseen> {
        let Some(ca) = self.environment.ca.as_ref().filter(|_| !self.commanded) else { return Ok(()) };
        let path = self.path(ca);
        let backed = (self.secrets)(&SecretRef::Env(OPERATOR_CA.to_owned())).ok().and_then(|own| {
            let own = roots_in(Path::new(own.expose_secret()))?;
            let given = roots_in(&path)?;
            Some(!given.is_empty() && given.is_subset(&own))
        });
        if backed == Some(true) {
            return Ok(());
        }
        let why = format!(
            "the roots in `{ca}` are named by the manifest alone, which any change of the repository may bring"
        );
        Err(Unseen::new(Blind::NotGiven, why).give(format!("export {OPERATOR_CA}={}", path.display())))
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

/// The certificates in a file, where it is a regular one and not too long.
fn roots_in(path: &Path) -> Option<BTreeSet<Vec<u8>>> {
    let meta = std::fs::metadata(path).ok()?;
    if !meta.is_file() || meta.len() > ROOTS_BYTES_MAX {
        return None;
    }
    let pem = std::fs::read(path).ok()?;
    CertificateDer::pem_slice_iter(&pem).map(|root| Some(root.ok()?.to_vec())).collect()
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

    use url::Url;

    use super::Ask;

    fn ask(values: &[(&'static str, &'static str)]) -> Ask {
        let values: BTreeMap<_, _> = values.iter().copied().collect();
        Ask {
            environment: Environment::default(),
            base: PathBuf::new(),
            commanded: false,
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
        let url = |text: &str| Url::parse(text).expect("a URL");
        assert!(bound.secret_for(&token, &url("https://b.example.com")).is_ok());
        assert!(bound.secret_for(&token, &url("https://b.example.com:9200")).is_err());
        assert!(bound.secret_for(&token, &url("https://evil.example.com")).is_err());
        assert!(bound.secret_for(&token, &url("https://example.com")).is_err());
        let unbound = ask(&[("TOKEN", "t")]);
        let why = unbound.secret_for(&token, &url("https://a.example.com")).expect_err("not bound");
        assert_eq!(why.give.as_deref(), Some("export TOKEN_HOSTS=a.example.com"));
    }

    #[test]
    fn an_address_of_the_manifest_takes_the_keepers_word() {
        let token = SecretRef::Env("TOKEN".into());
        let url = Url::parse("https://a.example.com:8443").expect("a URL");
        let resolved = |hosts: &'static str| {
            let mut ask = ask(&[("TOKEN", "t"), ("TOKEN_HOSTS", hosts)]);
            ask.environment
                .resolve
                .insert("A.example.com".to_owned(), "192.0.2.7".parse().expect("an address"));
            ask.secret_for(&token, &url)
        };
        assert!(resolved("a.example.com:8443@192.0.2.7").is_ok());
        for other in
            ["a.example.com:8443", "a.example.com", "a.example.com@192.0.2.7", "a.example.com:8443@192.0.2.8"]
        {
            let why = resolved(other).expect_err(other);
            assert_eq!(why.give.as_deref(), Some("export TOKEN_HOSTS=a.example.com:8443@192.0.2.7"));
        }
    }

    #[test]
    fn roots_of_the_manifest_take_the_operators_word() {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).expect("written");
            path.to_str().expect("text").to_owned()
        };
        let root = |letter: char| {
            let word = letter.to_string().repeat(8);
            format!("-----BEGIN CERTIFICATE-----\n{word}\n-----END CERTIFICATE-----\n")
        };
        let more = format!("# ours\n{}{}", root('b'), root('a'));
        let (ca, same, other) = (write("ca", &root('a')), write("same", &more), write("other", &root('c')));
        let token = SecretRef::Env("TOKEN".into());
        let url = Url::parse("https://a.example.com").expect("a URL");
        let given = |own: Option<String>| {
            let own: Option<&'static str> = own.map(|own| &*own.leak());
            let mut values = vec![("TOKEN", "t"), ("TOKEN_HOSTS", "a.example.com")];
            values.extend(own.map(|own| (super::OPERATOR_CA, own)));
            let mut ask = ask(&values);
            ask.environment.ca = Some(ca.clone());
            assert!(Ask { commanded: true, ..ask.clone() }.backs_ca().is_ok());
            ask.secret_for(&token, &url).is_ok()
        };
        assert!(given(Some(same)));
        assert!(!given(Some(other)) && !given(None) && !given(Some("/nowhere".to_owned())));
    }
}
