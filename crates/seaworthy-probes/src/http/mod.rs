//! Looks at what a service answers over HTTP: redirects, headers, cookies, errors, health, limits.
//!
//! Asks, of each URL of the environment, one after the other over one connection: at `observe` GET and OPTIONS of
//! a few dozen paths, at `probe` also harmless active requests under a budget, the rate limit last. Needs no
//! access; sees more with a credential of the role `user`, one of `operator`, a sign-in and the OpenAPI document.
//! Never follows, dials, waits or reads without a bound ([`client`]); never shows the value of a cookie.

mod assets;
pub mod client;
mod cors;
mod errors;
pub mod facts;
#[cfg(test)]
pub(crate) mod fake;
mod fingerprint;
mod front;
mod gather;
mod health;
mod internals;
mod login;
mod logs;
mod openapi;
mod operations;
mod parse;
mod plain;
mod private;
mod public;
mod rate;
mod sensitive;
mod site;
mod size;
mod target;
mod tokens;

#[cfg(test)]
mod tests;

pub use facts::HttpFacts;
pub use target::HttpTarget;

use seaworthy_core::facts::{Blind, Seen, Unseen};
use url::Url;

use crate::ask::Ask;
use crate::step::Step;
use gather::Gathered;
use openapi::{Description, Operation};
use rate::Burst;
use site::Site;

/// The look, where the environment has URLs.
pub fn step(ask: &Ask) -> Option<Step> {
    let target = ask.environment.urls.first()?.clone();
    let ask = ask.clone();
    let shown = client::parsed(&target).map_or(target, |url| client::shown_url(&url));
    Some(Step::new(shown, async move {
        match HttpTarget::of(&ask).await {
            Ok(target) => Seen::new(look(&target).await),
            Err(why) => Seen::Unseen(why),
        }
    }))
}

/// What was gathered of all URLs.
#[derive(Default)]
struct All {
    plain: Gathered<facts::PlainAnswer>,
    fronts: Gathered<facts::FrontAnswer>,
    pages: Gathered<facts::PageAnswer>,
    responses: Gathered<facts::ResponseAnswer>,
    cors: Gathered<facts::CorsAnswer>,
    session_cookies: Gathered<facts::Cookie>,
    sensitive: Gathered<facts::SensitiveAnswer>,
    operational: health::Operational,
    files: assets::Files,
    private: Gathered<facts::PrivateAnswer>,
    errors: Gathered<facts::ErrorAnswer>,
    server_errors: Gathered<facts::ErrorAnswer>,
    development: Gathered<facts::DevelopmentSign>,
    operations: Gathered<facts::OperationAnswer>,
    forged_tokens: Gathered<facts::ForgedTokenAnswer>,
    size_limits: Gathered<facts::SizeLimitAnswer>,
    burst: Option<Burst>,
}

/// Looks at every URL. Cannot fail: what was not seen is in the facts with its reason.
pub async fn look(target: &HttpTarget) -> HttpFacts {
    let description = described(target).await;
    let served = served_at(target, &description);
    let mut all = All::default();
    // What uses the rate limit up is asked last of all.
    let order = (0..target.sites.len()).filter(|index| *index != served).chain([served]);
    for index in order {
        let Some(site) = target.sites.get(index) else { break };
        let site = Site::of(target, site).await;
        let pages_before = all.pages.items().len();
        look_at(&site, &description, &mut all).await;
        all.size_limits.extend(size::look(&site, &operations_of(&description)).await);
        if index == served {
            all.operations.extend(operations::look(&site, &description).await);
            all.forged_tokens.extend(tokens::look(&site, &description).await);
            all.burst = Some(rate::look(&site).await);
        }
        let noted = site.take_noted();
        if all.pages.items().len() == pages_before
            && let Some(why) = page_elsewhere(&site, &noted.responses)
        {
            all.pages.miss(why);
        }
        all.responses.extend(noted.responses);
        all.development.extend(noted.development);
    }
    if let Some(why) = description.as_ref().ok().and_then(|description| description.left_out.as_ref()) {
        all.operations.miss(why.clone());
        all.private.miss(why.clone());
    }
    if let Some(why) = elsewhere(target, &description, served) {
        if !all.forged_tokens.items().is_empty() {
            all.forged_tokens.miss(why.clone());
        }
        all.operations.miss(why);
    }
    all.seen(target.left_out.as_ref())
}

/// Why a service has pages although its URL shows none.
///
/// Paths that were guessed do not count: frameworks answer those in HTML beside an API.
fn page_elsewhere(site: &Site<'_>, responses: &Gathered<facts::ResponseAnswer>) -> Option<Unseen> {
    let declared = |path: &str| {
        site.target.public.includes("GET", path)
            || site.target.login.as_ref().is_some_and(|login| login.path == path)
    };
    let html = |answer: &&facts::ResponseAnswer| {
        (200..300).contains(&answer.status)
            && Url::parse(&answer.url).is_ok_and(|url| declared(url.path()))
            && answer.content_type.as_deref().is_some_and(client::is_html_type)
    };
    let found = responses.items().iter().find(html)?;
    let why = format!("`{}` is a page, and the page of the URL itself was not seen", found.url);
    Some(
        Unseen::new(Blind::NotGiven, why)
            .give("the URL of the first page under `urls`; another media type where none is meant"),
    )
}

/// The URL where the operations of the OpenAPI document are served, and with them the API whose rate limit is
/// promised: what its first server names, else the first.
fn served_at(target: &HttpTarget, description: &Result<Description, Unseen>) -> usize {
    let first = description.as_ref().ok().and_then(|description| description.servers.first());
    first.and_then(|first| target.sites.iter().position(|site| site.url.origin() == *first)).unwrap_or(0)
}

/// Why what was asked of one URL does not speak for the others. A document that names its servers speaks for those.
fn elsewhere(
    target: &HttpTarget,
    description: &Result<Description, Unseen>,
    served: usize,
) -> Option<Unseen> {
    let servers = &description.as_ref().ok()?.servers;
    let origin = |site: &target::SiteTarget| site.url.origin();
    let here = origin(target.sites.get(served)?);
    let told = servers.contains(&here);
    let others: Vec<String> = target
        .sites
        .iter()
        .filter(|site| origin(site) != here && (!told || servers.contains(&origin(site))))
        .map(|site| client::shown_url(&site.url))
        .collect();
    if others.is_empty() {
        return None;
    }
    let why = format!(
        "operations were asked at `{}` alone, not at {}",
        here.ascii_serialization(),
        others.join(", ")
    );
    Some(Unseen::new(Blind::CutShort, why).give(
        "the URL that serves the operations under `servers` of the OpenAPI document, and an environment for each other one",
    ))
}

/// Reading a document of megabytes takes a while that other looks need not wait for.
async fn described(target: &HttpTarget) -> Result<Description, Unseen> {
    let text = target.openapi.clone()?;
    tokio::task::spawn_blocking(move || Description::read(&text))
        .await
        .map_err(|_| Unseen::new(Blind::Crashed, "the OpenAPI document could not be read"))?
}

fn operations_of(description: &Result<Description, Unseen>) -> Result<Vec<Operation>, Unseen> {
    description.as_ref().map(|description| description.operations.clone()).map_err(Clone::clone)
}

async fn look_at(site: &Site<'_>, description: &Result<Description, Unseen>, all: &mut All) {
    let operations = operations_of(description);
    all.plain.extend(plain::look(site).await);
    let front = front::look(site).await;
    all.fronts.extend(front.fronts);
    all.pages.extend(front.pages);
    all.operational.extend(health::look(site).await);
    let api = api(site, &operations);
    all.cors.extend(cors::look(site, &api).await);
    all.files.extend(assets::look(site, &front.answer, &[api.url]).await);
    all.private.extend(private::look(site, &operations).await);
    all.sensitive.extend(sensitive::look(site, front.answer.as_ref().ok()).await);
    all.session_cookies.extend(login::look(site, &front.answer).await);
    let errors = errors::look(site, &operations).await;
    all.server_errors.extend(errors::server_errors(site, &errors));
    all.errors.extend(errors);
}

/// Where the API answers.
struct Api {
    url: Url,
    /// It is declared or documented, not the URL itself for want of a better one.
    known: bool,
}

/// What the rate limit covers, else an operation, else the URL itself.
fn api(site: &Site<'_>, operations: &Result<Vec<Operation>, Unseen>) -> Api {
    let promised = site.target.rate_limit.as_ref().map(|promised| promised.path.as_str());
    let readable =
        |operation: &&Operation| operation.method == http::Method::GET && !operation.has_parameters;
    let documented = || {
        let operations = operations.as_deref().unwrap_or_default();
        let private =
            |operation: &&Operation| readable(operation) && !operation.is_public(&site.target.public);
        let first = operations.iter().find(private).or_else(|| operations.iter().find(readable));
        first.map(|operation| operation.concrete.as_str())
    };
    let known = promised.or_else(documented).and_then(|path| site.at(path).ok());
    Api { known: known.is_some(), url: known.unwrap_or_else(|| site.url.clone()) }
}

impl health::Operational {
    fn extend(&mut self, other: Self) {
        self.health.extend(other.health);
        self.readiness.extend(other.readiness);
        self.status.extend(other.status);
        self.metrics.extend(other.metrics);
        self.version.extend(other.version);
        self.modes.extend(other.modes);
    }
}

impl assets::Files {
    fn extend(&mut self, other: Self) {
        self.assets.extend(other.assets);
        self.texts.extend(other.texts);
    }
}

impl All {
    /// `cut` says why some URLs were not looked at: every list ends in it.
    fn seen(self, cut: Option<&Unseen>) -> HttpFacts {
        let burst =
            self.burst.unwrap_or_else(|| Burst::nothing(&Unseen::new(Blind::NotGiven, "no URL is given")));
        HttpFacts {
            plain: self.plain.seen(cut),
            fronts: self.fronts.seen(cut),
            pages: self.pages.seen(cut),
            responses: self.responses.seen(cut),
            cors: self.cors.seen(cut),
            session_cookies: self.session_cookies.seen(cut),
            sensitive: self.sensitive.seen(cut),
            health: self.operational.health.seen(cut),
            readiness: self.operational.readiness.seen(cut),
            status: self.operational.status.seen(cut),
            metrics: self.operational.metrics.seen(cut),
            version: self.operational.version.seen(cut),
            modes: self.operational.modes.seen(cut),
            texts: self.files.texts.seen(cut),
            assets: self.files.assets.seen(cut),
            private: self.private.seen(cut),
            errors: self.errors.seen(cut),
            server_errors: self.server_errors.seen(cut),
            development: self.development.seen(cut),
            operations: self.operations.seen(None),
            forged_tokens: self.forged_tokens.seen(None),
            size_limits: self.size_limits.seen(None),
            rate_limit: burst.rate_limit,
            burst: burst.burst,
        }
    }
}
