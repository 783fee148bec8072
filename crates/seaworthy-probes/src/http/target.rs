//! What the manifest says of the HTTP side, made ready to be asked. Files and secrets are read here.

use std::collections::BTreeMap;
use std::path::PathBuf;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use seaworthy_core::consent::Consent;
use seaworthy_core::facts::{Blind, Unseen};
use seaworthy_core::limits::Limits;
use seaworthy_core::limits::http::OPENAPI_BYTES_MAX;
use seaworthy_core::manifest::{self, Endpoints, Environment, Login, RateLimitSpec};
use secrecy::SecretString;
use tokio::io::AsyncReadExt;
use tokio::time::Instant;
use url::Url;

use super::client::{Credential, Resolve, Scrubber, Setup, parsed, roots};
use super::public::PublicOperations;
use crate::ask::Ask;

/// Most URLs of one environment that are looked at.
const SITES_MAX: usize = 4;
/// Longest file of roots that is read, in bytes.
const CA_BYTES_MAX: u64 = 1024 * 1024;

/// One environment's HTTP side.
#[derive(Debug, Clone)]
pub struct HttpTarget {
    /// The URLs that are looked at: `https` ones, and plain ones without an `https` twin.
    pub sites: Vec<SiteTarget>,
    /// Why some URLs are not among them.
    pub left_out: Option<Unseen>,
    /// Where the operational answers are.
    pub endpoints: Endpoints,
    /// What is open on purpose.
    pub public: PublicOperations,
    /// What may be called by anyone, as its owner says.
    pub harmless: PublicOperations,
    /// Origins that may call from a browser.
    pub cors_origins: Vec<String>,
    /// The promised rate limit.
    pub rate_limit: Option<RateLimitSpec>,
    /// Largest request body, in bytes.
    pub body_max_bytes: Option<u64>,
    /// Tokens by role and origin: whoever keeps a token says where it may go.
    pub tokens: BTreeMap<(String, String), Result<SecretString, Unseen>>,
    /// How to sign in.
    pub login: Option<Login>,
    /// The password of the sign-in by origin.
    pub passwords: BTreeMap<String, Result<SecretString, Unseen>>,
    /// The files in which the service writes its log, and the names by which they are shown.
    pub logs: Vec<(PathBuf, String)>,
    /// The OpenAPI document, as text.
    pub openapi: Result<String, Unseen>,
    /// The level.
    pub consent: Consent,
    /// What the client is made of.
    pub setup: Setup,
}

/// One URL, and where its plain twins listen.
#[derive(Debug, Clone)]
pub struct SiteTarget {
    /// The URL.
    pub url: Url,
    /// The origins to ask over plain HTTP.
    pub plain: Result<Vec<Url>, Unseen>,
}

impl HttpTarget {
    /// Reads what the questions need.
    pub async fn of(ask: &Ask) -> Result<Self, Unseen> {
        let environment = &ask.environment;
        let (sites, left_out) = sites(&environment.urls)?;
        let origins: BTreeMap<String, &Url> =
            sites.iter().map(|site| (origin(&site.url), &site.url)).collect();
        let mut tokens = BTreeMap::new();
        let mut passwords = BTreeMap::new();
        for (origin, url) in origins {
            for (role, credential) in &environment.credentials {
                let manifest::Credential::Bearer(reference) = credential;
                tokens.insert((role.clone(), origin.clone()), ask.secret_for(reference, url));
            }
            if let Some(login) = &environment.login {
                passwords.insert(origin.clone(), ask.secret_for(&login.password, url));
            }
        }
        let held = tokens.values().chain(passwords.values()).filter_map(|secret| secret.as_ref().ok());
        let setup = setup(ask, &sites, Scrubber::hiding(held)).await?;
        Ok(Self {
            sites,
            left_out,
            endpoints: environment.endpoints.clone(),
            public: PublicOperations::of(&environment.public),
            harmless: PublicOperations::of(&environment.harmless),
            cors_origins: environment.cors_origins.clone(),
            rate_limit: environment.rate_limit.clone(),
            body_max_bytes: environment.request_body_max_bytes,
            tokens,
            login: environment.login.clone(),
            passwords,
            logs: environment.logs.iter().map(|path| (ask.path(path), path.clone())).collect(),
            openapi: openapi(ask, environment).await,
            consent: ask.consent,
            setup,
        })
    }

    /// The credential of the first of these roles that has one, for the origin of a URL.
    pub(super) fn credential(&self, roles: &[&str], url: &Url) -> Result<(String, Credential), Unseen> {
        let origin = origin(url);
        let known = roles.iter().find_map(|role| {
            self.tokens.get(&((*role).to_owned(), origin.clone())).map(|token| (*role, token))
        });
        let Some((role, token)) = known else {
            let role = roles.first().copied().unwrap_or("user");
            return Err(Unseen::new(Blind::NotGiven, format!("no credential of the role `{role}` is given"))
                .give(format!("`credentials: {{{role}: {{bearer: {{env: …}}}}}}` in the manifest")));
        };
        let shown = format!(
            "${}_TOKEN",
            role.to_ascii_uppercase().replace(|c: char| !c.is_ascii_alphanumeric(), "_")
        );
        Ok((role.to_owned(), Credential::new(token.clone()?, shown, url)))
    }
}

/// The origin of a URL, as a name.
pub(super) fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

/// Sorts URLs into those that are looked at and the plain twins of others.
fn sites(urls: &[String]) -> Result<(Vec<SiteTarget>, Option<Unseen>), Unseen> {
    let urls: Vec<Url> = urls.iter().map(|text| parsed(text)).collect::<Result<_, _>>()?;
    let of_host = |url: &Url, scheme: &'static str| {
        let host = url.host_str().map(str::to_owned);
        urls.iter().filter(move |other| other.scheme() == scheme && other.host_str() == host.as_deref())
    };
    let mut sites = Vec::new();
    for url in &urls {
        if url.scheme() == "http" && of_host(url, "https").next().is_some() {
            continue;
        }
        let mut plain: Vec<Url> = of_host(url, "http").cloned().collect();
        // Browsers try the port of plain HTTP first, whatever else is declared.
        if url.port().is_none() && !plain.iter().any(|twin| twin.port().is_none()) {
            plain.push(default_twin(url)?);
        }
        let plain = if plain.is_empty() {
            Err(Unseen::new(Blind::NotGiven, "where the service listens for plain HTTP is not said").give(
                format!("its `http://` URL under `urls`, beside `{}`", url.origin().ascii_serialization()),
            ))
        } else {
            Ok(plain)
        };
        sites.push(SiteTarget { url: url.clone(), plain });
    }
    let more = sites.len() > SITES_MAX;
    sites.truncate(SITES_MAX);
    let left_out = more.then(|| {
        Unseen::new(Blind::CutShort, format!("more than {SITES_MAX} URLs, the rest was not looked at"))
    });
    Ok((sites, left_out))
}

fn default_twin(url: &Url) -> Result<Url, Unseen> {
    let mut plain = url.clone();
    plain.set_scheme("http").map_err(|()| Unseen::new(Blind::NotGiven, "the URL has no plain twin"))?;
    Ok(plain)
}

async fn setup(ask: &Ask, sites: &[SiteTarget], scrubber: Scrubber) -> Result<Setup, Unseen> {
    let environment = &ask.environment;
    let Limits { deadline, connect, answer } = ask.limits;
    let resolve = environment
        .resolve
        .iter()
        .map(|(host, address)| Resolve { host: host.clone(), port: None, address: *address })
        .collect();
    let extra = match &environment.ca {
        Some(path) => certificates(ask, path).await?,
        None => Vec::new(),
    };
    // Reading the machine's own roots takes files.
    let roots = tokio::task::spawn_blocking(move || roots(&extra))
        .await
        .map_err(|_| Unseen::new(Blind::Crashed, "the roots to trust could not be loaded"))?;
    Ok(Setup {
        resolve,
        roots,
        home: sites.iter().filter_map(|site| site.url.host_str().map(str::to_owned)).collect(),
        scrubber,
        connect,
        answer,
        deadline: Instant::now() + deadline,
    })
}

async fn certificates(ask: &Ask, path: &str) -> Result<Vec<CertificateDer<'static>>, Unseen> {
    let give = |why: String| {
        Unseen::new(Blind::NotGiven, why).give("a PEM file with the authority's certificate under `ca`")
    };
    let bytes =
        file(ask, path, CA_BYTES_MAX).await.map_err(|why| give(format!("`ca` could not be read: {why}")))?;
    let found: Vec<_> = CertificateDer::pem_slice_iter(&bytes).filter_map(Result::ok).collect();
    if found.is_empty() { Err(give("`ca` holds no certificate".to_owned())) } else { Ok(found) }
}

async fn openapi(ask: &Ask, environment: &Environment) -> Result<String, Unseen> {
    let give = |why: String| Unseen::new(Blind::NotGiven, why).give("`openapi: FILE` for the environment");
    let Some(path) = &environment.openapi else {
        return Err(give("no OpenAPI document is given".to_owned()));
    };
    let bytes = file(ask, path, OPENAPI_BYTES_MAX as u64)
        .await
        .map_err(|why| give(format!("the OpenAPI document could not be read: {why}")))?;
    String::from_utf8(bytes).map_err(|_| Unseen::new(Blind::Garbled, "the OpenAPI document is not text"))
}

/// A regular file, as long as it is not longer than `max`.
async fn file(ask: &Ask, path: &str, max: u64) -> Result<Vec<u8>, String> {
    let path = ask.path(path);
    let metadata = tokio::fs::metadata(&path).await.map_err(|error| error.kind().to_string())?;
    if !metadata.is_file() {
        return Err("it is not a file".to_owned());
    }
    let opened = tokio::fs::File::open(&path).await.map_err(|error| error.kind().to_string())?;
    let mut bytes = Vec::new();
    opened.take(max + 1).read_to_end(&mut bytes).await.map_err(|error| error.kind().to_string())?;
    if bytes.len() as u64 > max { Err(format!("it is longer than {max} bytes")) } else { Ok(bytes) }
}
