//! An HTTP client that cannot do more than its consent, nor wait, read or follow without a bound.
//!
//! [`Observer`] has GET, HEAD and OPTIONS, by its types; [`Prober`] has every method and needs
//! [`Consent::Probe`]. Both speak HTTP/1.1 over a socket that was dialled to a checked address. Neither
//! sends a credential over an unverified connection or to another origin than the one it is bound to.

mod answer;
mod by_hand;
mod credential;
mod dial;
mod follow;
mod meter;
mod payload;
mod trust;
mod wire;

#[cfg(test)]
mod tests;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method};
use rustls::RootCertStore;
use seaworthy_core::consent::Consent;
use seaworthy_core::facts::{Blind, Unseen};
use seaworthy_core::limits::http::{BODY_SENT_BYTES_MAX, OBSERVE_REQUESTS_MAX, PROBE_REQUESTS_MAX};
use secrecy::SecretString;
use tokio::time::Instant;
use url::Url;

pub(in crate::http) use answer::is_html_type;
pub use answer::{Answer, Body};
pub use by_hand::shown_url;
pub use credential::{Credential, Scrubber};
pub use dial::Resolve;
pub use follow::{Followed, joined, redirect};
pub use trust::{Trust, roots};

pub use crate::dial::{End, Lost};

use crate::address::{Reach, reach};
use dial::Dialler;
use payload::Payload;
use wire::{Question, Wire};

/// What a client is made of.
#[derive(Debug, Clone)]
pub struct Setup {
    /// Names that are dialled at given addresses.
    pub resolve: Vec<Resolve>,
    /// The roots that are trusted, see [`roots`].
    pub roots: Arc<RootCertStore>,
    /// Hosts that a redirect may lead to, besides the host that was asked.
    pub home: Vec<String>,
    /// What is taken out of every answer.
    pub scrubber: Scrubber,
    /// Longest wait for one connection to be made.
    pub connect: Duration,
    /// Longest wait for one answer.
    pub answer: Duration,
    /// When no more questions are asked.
    pub deadline: Instant,
}

/// A client that can read and nothing else.
#[derive(Clone)]
pub struct Observer {
    wire: Arc<Wire>,
    home: Arc<[String]>,
}

/// A client that may send harmless active requests, under a budget.
#[derive(Clone)]
pub struct Prober {
    observer: Observer,
}

/// A question that changes nothing: GET, HEAD or OPTIONS. There is no other way to make one.
#[derive(Debug, Clone)]
pub struct Ask(Question);

/// A question by any method. Only a [`Prober`] asks it.
#[derive(Debug, Clone)]
pub struct Act(Question);

impl Ask {
    /// GET.
    pub fn get(url: &Url) -> Self {
        Self(question(Method::GET, url))
    }

    /// HEAD.
    pub fn head(url: &Url) -> Self {
        Self(question(Method::HEAD, url))
    }

    /// OPTIONS.
    pub fn options(url: &Url) -> Self {
        Self(question(Method::OPTIONS, url))
    }

    /// With a header. A value that could end the line is refused: it may come from a manifest.
    pub fn header(mut self, name: &str, value: &str) -> Result<Self, Unseen> {
        self.0.headers.push(header(name, value)?);
        Ok(self)
    }

    /// With a credential, which only goes to its own origin and over a connection that protects it.
    #[must_use]
    pub fn with(mut self, credential: &Credential) -> Self {
        self.0.credential = Some(credential.clone());
        self
    }
}

impl Act {
    /// By any method.
    pub fn new(method: Method, url: &Url) -> Self {
        Self(question(method, url))
    }

    /// With a header.
    pub fn header(mut self, name: &str, value: &str) -> Result<Self, Unseen> {
        self.0.headers.push(header(name, value)?);
        Ok(self)
    }

    /// With a credential.
    #[must_use]
    pub fn with(mut self, credential: &Credential) -> Self {
        self.0.credential = Some(credential.clone());
        self
    }

    /// With a body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.0.payload = Payload::Whole(body.into());
        self
    }

    /// With a body that holds a secret: it goes only over a connection that protects it, and no command shows it.
    #[must_use]
    pub fn secret_body(mut self, body: String) -> Self {
        self.0.payload = Payload::Secret(SecretString::from(body));
        self
    }

    /// With so many bytes of filling, announced in the head and sent only if the server does not refuse them.
    #[must_use]
    pub fn announcing(mut self, bytes: u64) -> Self {
        self.0.payload = Payload::Announced(bytes.min(BODY_SENT_BYTES_MAX));
        self
    }

    /// With so many bytes of filling that the head does not announce.
    #[must_use]
    pub fn chunked(mut self, bytes: u64) -> Self {
        self.0.payload = Payload::Chunked(bytes.min(BODY_SENT_BYTES_MAX));
        self
    }
}

impl Observer {
    /// A client for the questions about one site.
    pub fn new(setup: &Setup) -> Self {
        Self::dialling_from(setup, None)
    }

    fn dialling_from(setup: &Setup, from: Option<IpAddr>) -> Self {
        let dialler = Dialler {
            resolve: setup.resolve.clone(),
            roots: Arc::clone(&setup.roots),
            connect: setup.connect,
            from,
        };
        let wire =
            Wire::new(dialler, setup.deadline, setup.answer, setup.scrubber.clone(), OBSERVE_REQUESTS_MAX);
        Self { wire: Arc::new(wire), home: setup.home.clone().into() }
    }

    /// Asks, and takes the first answer.
    pub async fn ask(&self, ask: Ask) -> Result<Answer, Unseen> {
        Ok(self.tried(ask).await?)
    }

    /// Asks, and tells how it ended where nothing came back.
    pub async fn tried(&self, ask: Ask) -> Result<Answer, Lost> {
        self.wire.exchange(&ask.0).await
    }

    /// Asks, and follows redirects.
    pub async fn follow(&self, ask: Ask) -> Result<Followed, Unseen> {
        self.wire.follow(ask.0, &self.home).await
    }

    /// How public the address of a URL is.
    pub async fn reach(&self, url: &Url) -> Result<Reach, Unseen> {
        self.wire.reach(url).await
    }

    /// A client for each address of a URL's host that dials that one alone, where there are several.
    pub async fn of_each_address(&self, setup: &Setup, url: &Url) -> Result<Vec<(IpAddr, Self)>, Unseen> {
        let addresses = self.wire.dialler.addresses(url).await?;
        if addresses.len() < 2 {
            return Ok(Vec::new());
        }
        let host = url.host_str().unwrap_or_default().to_owned();
        let at = |address: SocketAddr| {
            let resolve = vec![Resolve { host: host.clone(), port: None, address: address.ip() }];
            (address.ip(), Self::new(&Setup { resolve, ..setup.clone() }))
        };
        Ok(addresses.into_iter().map(at).collect())
    }

    /// How many more questions may be asked.
    pub fn questions_left(&self) -> u32 {
        self.wire.budget.left()
    }

    /// When no more questions are asked.
    pub fn deadline(&self) -> Instant {
        self.wire.deadline
    }
}

impl Prober {
    /// The client with more methods, on the same connections and with a larger budget; refused without consent.
    pub fn new(observer: &Observer, consent: Consent) -> Result<Self, Unseen> {
        permitted(consent)?;
        observer.wire.budget.raise(PROBE_REQUESTS_MAX);
        Ok(Self { observer: observer.clone() })
    }

    /// A client that a server on this machine takes for another one: it dials from another loopback address.
    pub fn another(setup: &Setup, consent: Consent, from: IpAddr) -> Result<Self, Unseen> {
        permitted(consent)?;
        if reach(from) != Ok(Reach::Loopback) {
            return Err(Unseen::new(Blind::Unsupported, "only on this machine can one be another client"));
        }
        Ok(Self { observer: Observer::dialling_from(setup, Some(from)) })
    }

    /// Asks, and takes the first answer. Never sends twice what is not safe to send twice.
    pub async fn act(&self, act: Act) -> Result<Answer, Unseen> {
        Ok(self.tried(act).await?)
    }

    /// The same, and tells how it ended where nothing came back.
    pub async fn tried(&self, act: Act) -> Result<Answer, Lost> {
        self.observer.wire.exchange(&act.0).await
    }

    /// Opens connections ahead of a burst.
    pub async fn open(&self, url: &Url, count: usize) -> Result<(), Unseen> {
        self.observer.wire.open(url, count).await
    }

    /// The reading half.
    pub fn observer(&self) -> &Observer {
        &self.observer
    }
}

/// Why the level does not allow active requests, with the way to allow them.
pub fn permitted(consent: Consent) -> Result<(), Unseen> {
    match consent {
        Consent::Observe => {
            Err(Unseen::new(Blind::Consent, "it takes the `probe` level, which was not granted")
                .give("`consent: probe` for the environment, or `--consent probe`"))
        }
        Consent::Probe | Consent::Drill => Ok(()),
    }
}

/// A URL from a manifest. The parser would quietly drop line breaks, so they are refused before.
pub fn parsed(text: &str) -> Result<Url, Unseen> {
    let refused =
        |why: &str| Unseen::new(Blind::NotGiven, why).give("an address like `https://shop.example`");
    if text.chars().any(|c| c.is_control() || c == '\\') {
        return Err(refused("the address has control characters in it"));
    }
    let url = Url::parse(text).map_err(|_| refused("the address cannot be read"))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
        return Err(refused("the address is neither http nor https"));
    }
    Ok(url)
}

fn question(method: Method, url: &Url) -> Question {
    Question { method, url: url.clone(), headers: Vec::new(), credential: None, payload: Payload::Empty }
}

fn header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), Unseen> {
    let refused =
        || Unseen::new(Blind::NotGiven, "a header to send has characters that a header cannot have");
    let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| refused())?;
    Ok((name, HeaderValue::from_str(value).map_err(|_| refused())?))
}
