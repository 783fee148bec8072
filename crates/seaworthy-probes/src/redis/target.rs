//! A Redis server as its URL names it.

use std::net::IpAddr;
use std::sync::Arc;

use rustls::RootCertStore;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use seaworthy_core::consent::Consent;
use seaworthy_core::facts::{Blind, Unseen};
use seaworthy_core::limits::YAML_BYTES_MAX;
use seaworthy_core::manifest::RedisSpec;
use secrecy::{ExposeSecret, SecretString};
use url::{Host, Url};

use crate::ask::Ask;
use crate::http::client::roots;

/// The port where the URL names none.
const PORT: u16 = 6379;

/// One Redis server, and how far looking at it may go.
#[derive(Debug, Clone)]
pub struct RedisTarget {
    /// Name or address, without brackets.
    pub host: String,
    /// Port.
    pub port: u16,
    /// The user who looks; `None` signs in as `default`.
    pub user: Option<String>,
    /// Their password; without one nothing is signed in.
    pub password: Option<SecretString>,
    /// Whether to speak TLS.
    pub tls: bool,
    /// The address to dial instead of asking DNS.
    pub address: Option<IpAddr>,
    /// The roots that a certificate must lead to.
    pub roots: Arc<RootCertStore>,
    /// The application's user.
    pub application_user: String,
    /// The manifest names it; else it is the user of the URL.
    pub application_declared: bool,
    /// `Ok` when connections without credentials may be made.
    pub probing: Result<(), Unseen>,
    /// `Ok` when a restart may be rehearsed on a copy of the data.
    pub drilling: Result<(), Unseen>,
}

impl RedisTarget {
    /// The server of an environment.
    pub(crate) fn given(ask: &Ask, spec: &RedisSpec) -> Result<Self, Unseen> {
        let mut target = Self::parse(&ask.secret(&spec.url)?)?;
        target.address = ask.dialled_at(&target.host);
        if target.address.is_some() && target.password.is_some() {
            ask.bound_to(&spec.url, &target.host, Some(target.port))?;
        }
        if target.tls && target.password.is_some() {
            ask.backs_ca()?;
        }
        if target.tls {
            target.roots = roots(&extra_roots(ask)?);
        }
        if let Some(user) = &spec.application_user {
            target.application_user.clone_from(user);
            target.application_declared = true;
        }
        target.probing = ask.allows(Consent::Probe);
        target.drilling = ask.allows(Consent::Drill);
        Ok(target)
    }

    /// A server from its URL, as far as the URL tells: nothing but looking is allowed.
    ///
    /// The URL holds a secret, hence no part of it is in an error.
    pub fn parse(url: &SecretString) -> Result<Self, Unseen> {
        let wrong = |why: &str| {
            Unseen::new(Blind::NotGiven, format!("the URL of Redis {why}"))
                .give("`redis://user:password@host:port/0` or `rediss://…` behind `redis.url`")
        };
        let parsed = Url::parse(url.expose_secret().trim()).map_err(|_| wrong("is no URL"))?;
        let tls = match parsed.scheme() {
            "redis" => false,
            "rediss" => true,
            _ => return Err(wrong("is neither `redis://` nor `rediss://`")),
        };
        let host = match parsed.host() {
            Some(Host::Domain(name)) if !name.is_empty() => name.to_ascii_lowercase(),
            Some(Host::Ipv4(v4)) => v4.to_string(),
            Some(Host::Ipv6(v6)) => v6.to_string(),
            Some(Host::Domain(_)) | None => return Err(wrong("names no host")),
        };
        if !host.chars().all(|c| c.is_ascii_alphanumeric() || "-_.:".contains(c)) {
            return Err(wrong("names a host that is no name"));
        }
        let decoded =
            |text: &str| decoded(text).ok_or_else(|| wrong("has a user or password that is not UTF-8"));
        let user = Some(decoded(parsed.username())?).filter(|user| !user.is_empty());
        let password = parsed.password().map(decoded).transpose()?.map(SecretString::from);
        Ok(Self {
            host,
            port: parsed.port().unwrap_or(PORT),
            application_declared: false,
            application_user: user.clone().unwrap_or_else(|| "default".to_owned()),
            user,
            password,
            tls,
            address: None,
            roots: Arc::new(RootCertStore::empty()),
            probing: Err(Unseen::new(Blind::Consent, "it takes the `probe` level, which was not granted")),
            drilling: Err(Unseen::new(Blind::Consent, "it takes the `drill` level, which was not granted")),
        })
    }

    /// The target as the user would write it, without secrets.
    pub fn shown(&self) -> String {
        let scheme = if self.tls { "rediss" } else { "redis" };
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        format!("{scheme}://{host}:{}", self.port)
    }

    /// The name of the user who looks.
    pub(super) fn looker(&self) -> &str {
        self.user.as_deref().unwrap_or("default")
    }
}

fn extra_roots(ask: &Ask) -> Result<Vec<CertificateDer<'static>>, Unseen> {
    let Some(ca) = &ask.environment.ca else { return Ok(Vec::new()) };
    let wrong =
        |why| Unseen::new(Blind::NotGiven, format!("the file of `ca` {why}")).give("a PEM file as `ca`");
    let path = ask.path(ca);
    let length = std::fs::metadata(&path).map_err(|_| wrong("cannot be read"))?.len();
    if length > u64::try_from(YAML_BYTES_MAX).unwrap_or(u64::MAX) {
        return Err(wrong("is too long"));
    }
    let pem = std::fs::read(&path).map_err(|_| wrong("cannot be read"))?;
    CertificateDer::pem_slice_iter(&pem).collect::<Result<_, _>>().map_err(|_| wrong("is not PEM"))
}

/// Percent-decoded, once.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let code = after.get(..2).filter(|_| byte == b'%').and_then(|two| std::str::from_utf8(two).ok());
        match code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            Some(decoded) => {
                bytes.push(decoded);
                rest = &after[2..];
            }
            None => {
                bytes.push(byte);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).ok()
}
