//! Pages, headers, cookies, errors.

use schemars::JsonSchema;
use seaworthy_core::facts::{Listed, Seen};
use serde::Serialize;

/// What plain HTTP answers.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct PlainAnswer {
    /// What was asked for.
    pub url: String,
    /// The address that was asked; `null` where the name decided.
    pub address: Option<String>,
    /// Other addresses of the name that were not asked, since the machine that looked has no way to such addresses.
    pub addresses_left_out: Vec<String>,
    /// Nothing listens there: the connection was refused.
    pub port_closed: bool,
    /// The status; `null` where the port is closed.
    pub status: Option<u16>,
    /// The `Location`.
    pub location: Option<String>,
    /// It leads to https on the same host and the same path and query.
    pub redirects_to_https: bool,
    /// How to see it by hand.
    pub by_hand: String,
}

/// The difference of two clocks, as far as a `Date` of whole seconds and the time of a request tell it.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct ClockDifference {
    /// It is at least so much, in seconds, in either direction.
    pub at_least_seconds: f64,
    /// It is at most so much, in seconds, in either direction.
    pub at_most_seconds: f64,
}

/// The first answer of a URL.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct FrontAnswer {
    /// The host that was asked for, before redirects.
    pub host: String,
    /// What answered, after redirects.
    pub url: String,
    /// It came over TLS.
    pub https: bool,
    /// The certificate verifies for the name; `null` over plain HTTP.
    pub certificate_trusted: Option<bool>,
    /// The status.
    pub status: u16,
    /// It is an HTML page.
    pub html: bool,
    /// `Strict-Transport-Security`, where browsers take it: sound and over TLS.
    pub hsts: Option<Hsts>,
    /// The header as sent.
    pub hsts_header: Option<String>,
    /// How far its clock is from that of the machine that Seaworthy runs on, by the header `Date`.
    pub clock: Seen<ClockDifference>,
    /// How to see it by hand.
    pub by_hand: String,
}

/// `Strict-Transport-Security`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Hsts {
    /// How long browsers remember it, in seconds.
    pub max_age_seconds: u64,
    /// Names below are included.
    pub include_subdomains: bool,
    /// The name asks to be preloaded.
    pub preload: bool,
}

/// An HTML page.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct PageAnswer {
    /// Its URL.
    pub url: String,
    /// The status.
    pub status: u16,
    /// The enforced `Content-Security-Policy`; one that only reports is none.
    pub csp: Option<Csp>,
    /// `X-Frame-Options` in upper case.
    pub frame_options: Option<String>,
    /// The `Referrer-Policy` that browsers take.
    pub referrer_policy: Option<String>,
    /// Features that `Permissions-Policy` forbids to everybody; `null` where there is no such header.
    pub disabled_features: Option<Vec<String>>,
    /// `Cache-Control`.
    pub cache: Option<Cache>,
    /// How to see it by hand.
    pub by_hand: String,
}

/// What all enforced policies together allow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Csp {
    /// The header as sent.
    pub header: String,
    /// Sources of `default-src`.
    pub default_sources: Option<Vec<String>>,
    /// `default-src` is there and allows nothing beside `'self'`.
    pub default_self_or_stricter: bool,
    /// Scripts written into the page may run, without nonce or hash.
    pub scripts_inline_allowed: bool,
    /// Texts may be run as scripts.
    pub scripts_eval_allowed: bool,
    /// Scripts may come from any host or from `data:`.
    pub scripts_from_anywhere: bool,
    /// Sources of `frame-ancestors`.
    pub frame_ancestors: Option<Vec<String>>,
    /// Nobody may frame the page.
    pub frame_ancestors_none: bool,
}

/// `Cache-Control`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Cache {
    /// The header as sent.
    pub header: String,
    /// Shared caches may keep it.
    pub public: bool,
    /// Only the browser may keep it.
    pub private: bool,
    /// Nobody may keep it.
    pub no_store: bool,
    /// It must be asked about before it is used again.
    pub no_cache: bool,
    /// It never changes.
    pub immutable: bool,
    /// It must not be used stale.
    pub must_revalidate: bool,
    /// How long it is fresh, in seconds.
    pub max_age_seconds: Option<u64>,
    /// How long it is fresh in shared caches, in seconds.
    pub shared_max_age_seconds: Option<u64>,
}

/// An answer with a body.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ResponseAnswer {
    /// What was asked for.
    pub url: String,
    /// The status.
    pub status: u16,
    /// The media type.
    pub content_type: Option<String>,
    /// `X-Content-Type-Options` as sent.
    pub content_type_options: Option<String>,
    /// Browsers take the media type as it is.
    pub nosniff: bool,
    /// How to see it by hand.
    pub by_hand: String,
}

/// What one origin is told.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct CorsAnswer {
    /// What was asked for.
    pub url: String,
    /// The origin that asked.
    pub origin: String,
    /// What kind of origin it is.
    pub kind: CorsOrigin,
    /// The question was a preflight.
    pub preflight: bool,
    /// The status.
    pub status: u16,
    /// `Access-Control-Allow-Origin`.
    pub allow_origin: Option<String>,
    /// `Access-Control-Allow-Credentials` is `true`.
    pub allow_credentials: bool,
    /// A browser would let this origin read the answer.
    pub origin_allowed: bool,
    /// How to see it by hand.
    pub by_hand: String,
}

/// Kinds of origins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CorsOrigin {
    /// Declared in the manifest.
    Declared,
    /// Of somebody else.
    Foreign,
    /// `null`, as sandboxed frames and local files send it.
    Null,
    /// A name that begins or ends like a known one.
    LookAlike,
}

/// A cookie, without its value.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub struct Cookie {
    /// Its name.
    pub name: String,
    /// Who set it.
    pub url: String,
    /// It holds a session: set by the sign-in, or named like one.
    pub session: bool,
    /// Scripts cannot read it.
    pub http_only: bool,
    /// It is never sent in clear.
    pub secure: bool,
    /// `SameSite`, where it is one that browsers know.
    pub same_site: Option<String>,
    /// Its value is one that nobody guesses, as those that name a session are.
    #[serde(skip)]
    pub opaque: bool,
    /// The domain that it is widened to.
    pub domain: Option<String>,
    /// How long it lives, in seconds.
    pub max_age_seconds: Option<u64>,
    /// How to see it by hand.
    pub by_hand: String,
}

/// A path that should not be public.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct SensitiveAnswer {
    /// What was asked for.
    pub url: String,
    /// The path.
    pub path: String,
    /// What such a path holds.
    pub holds: String,
    /// The status.
    pub status: u16,
    /// Its content comes back to anyone. Unseen where the server answers the same to a path that cannot exist.
    pub open: Seen<bool>,
    /// The manifest lists the very path under `public`, and it holds no secrets.
    pub declared_public: bool,
    /// How to see it by hand.
    pub by_hand: String,
}

/// A text over 1 kB.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct TextAnswer {
    /// What was asked for.
    pub url: String,
    /// The media type.
    pub content_type: Option<String>,
    /// Its size when decoded, in bytes.
    pub size_bytes: usize,
    /// The media type is one that compression makes smaller.
    pub compressible: bool,
    /// `Content-Encoding` when gzip or br was offered.
    pub content_encoding: Option<String>,
    /// `Vary` names `Accept-Encoding`.
    pub varies_by_encoding: bool,
    /// How to see it by hand.
    pub by_hand: String,
}

/// A static file.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct AssetAnswer {
    /// Its URL.
    pub url: String,
    /// The status.
    pub status: u16,
    /// The media type.
    pub content_type: Option<String>,
    /// Its name holds a digest, so its content never changes.
    pub fingerprinted: Seen<bool>,
    /// Its URL has a query, which pages can change together with its content.
    pub versioned: bool,
    /// `Cache-Control`.
    pub cache: Option<Cache>,
    /// How to see it by hand.
    pub by_hand: String,
}

/// An answer to a signed-in caller.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct PrivateAnswer {
    /// What was asked for.
    pub url: String,
    /// The role whose credential was sent.
    pub role: String,
    /// The status.
    pub status: u16,
    /// `Cache-Control`.
    pub cache: Option<Cache>,
    /// How to see it by hand.
    pub by_hand: String,
}

/// An answer to a request that cannot succeed.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ErrorAnswer {
    /// What is wrong with the request.
    pub fault: String,
    /// What was asked for.
    pub url: String,
    /// The status.
    pub status: u16,
    /// The server itself failed, status 500 or above.
    pub server_error: bool,
    /// The media type.
    pub content_type: Option<String>,
    /// An identifier by which the log finds the request, in a header or in the body.
    pub request_id: bool,
    /// A declared log has a line with that identifier, written since the request was sent; `null` where the server itself did
    /// not fail.
    pub logged: Seen<Option<bool>>,
    /// Internals that the answer shows: stack traces, paths, statements, debug pages.
    pub internals_shown: Seen<Listed<InternalShown>>,
    /// How to see it by hand.
    pub by_hand: String,
}

/// Something that an answer should not show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct InternalShown {
    /// What it is.
    pub what: String,
    /// The answer shows that the application runs in a mode for development.
    pub development: bool,
    /// The words that gave it away.
    pub quote: String,
}

/// A sign that the application runs in a mode for development.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct DevelopmentSign {
    /// What was asked for.
    pub url: String,
    /// What it is.
    pub what: String,
    /// The words that gave it away.
    pub quote: String,
    /// How to see it by hand.
    pub by_hand: String,
}
