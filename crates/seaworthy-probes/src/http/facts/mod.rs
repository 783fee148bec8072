//! What the HTTP probe sees. Lists are flat over all URLs of the environment; each element names its URL.
//! A list ends in an unseen element where one of the URLs could not be asked.

mod active;
mod operational;
mod pages;

pub use active::{BurstAnswers, ForgedTokenAnswer, OperationAnswer, RateLimitAnswers, SizeLimitAnswer};
pub use operational::{
    HealthAnswer, HealthCheck, MetricsAnswer, OperationalAnswer, StatedMode, VersionAnswer,
};
pub use pages::{
    AssetAnswer, Cache, ClockDifference, Cookie, CorsAnswer, CorsOrigin, Csp, DevelopmentSign, ErrorAnswer,
    FrontAnswer, Hsts, InternalShown, PageAnswer, PlainAnswer, PrivateAnswer, ResponseAnswer,
    SensitiveAnswer, TextAnswer,
};

use schemars::JsonSchema;
use seaworthy_core::facts::{Listed, Seen};
use serde::Serialize;

/// What a service answers over HTTP.
#[derive(Debug, Serialize, JsonSchema)]
pub struct HttpFacts {
    /// What plain HTTP answers beside each `https` URL: several paths, or that its port is closed.
    pub plain: Seen<Listed<PlainAnswer>>,
    /// The first answer of each URL, redirects followed.
    pub fronts: Seen<Listed<FrontAnswer>>,
    /// The first answers that are HTML pages. Empty where none is.
    pub pages: Seen<Listed<PageAnswer>>,
    /// Every answer with a body that was looked at.
    pub responses: Seen<Listed<ResponseAnswer>>,
    /// What other origins are told.
    pub cors: Seen<Listed<CorsAnswer>>,
    /// Cookies that look like sessions, from a sign-in where one is declared.
    pub session_cookies: Seen<Listed<Cookie>>,
    /// Paths that should not be public.
    pub sensitive: Seen<Listed<SensitiveAnswer>>,
    /// Liveness, per URL.
    pub health: Seen<Listed<HealthAnswer>>,
    /// Readiness, per URL.
    pub readiness: Seen<Listed<HealthAnswer>>,
    /// Status for people, per URL.
    pub status: Seen<Listed<OperationalAnswer>>,
    /// Metrics, from the declared place.
    pub metrics: Seen<Listed<MetricsAnswer>>,
    /// Version, per URL.
    pub version: Seen<Listed<VersionAnswer>>,
    /// The mode that the service says it runs in, in its operational answers.
    pub modes: Seen<Listed<StatedMode>>,
    /// Texts over 1 kB, asked for with `Accept-Encoding`.
    pub texts: Seen<Listed<TextAnswer>>,
    /// Static files that the front pages name.
    pub assets: Seen<Listed<AssetAnswer>>,
    /// Answers to a signed-in caller.
    pub private: Seen<Listed<PrivateAnswer>>,
    /// Answers to requests that cannot succeed.
    pub errors: Seen<Listed<ErrorAnswer>>,
    /// Those of them that are answers of 500 and above.
    pub server_errors: Seen<Listed<ErrorAnswer>>,
    /// Signs of a mode for development, in any answer that was looked at. Empty where none was found.
    pub development: Seen<Listed<DevelopmentSign>>,
    /// How operations of the OpenAPI document answer a caller who has not signed in.
    pub operations: Seen<Listed<OperationAnswer>>,
    /// How forged tokens are answered. Empty where no declared credential is a JSON Web Token.
    pub forged_tokens: Seen<Listed<ForgedTokenAnswer>>,
    /// Requests larger than they may be.
    pub size_limits: Seen<Listed<SizeLimitAnswer>>,
    /// What comes of more requests than the promised rate limit allows.
    pub rate_limit: Seen<RateLimitAnswers>,
    /// What comes of the promised allowance all at once.
    pub burst: Seen<BurstAnswers>,
}
