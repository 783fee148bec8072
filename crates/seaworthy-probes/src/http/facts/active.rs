//! What takes active requests to see.

use schemars::JsonSchema;
use seaworthy_core::facts::Seen;
use serde::Serialize;

/// How one operation answers a caller who has not signed in.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct OperationAnswer {
    /// The method.
    pub method: String,
    /// The path as the document has it.
    pub path: String,
    /// What was asked for.
    pub url: String,
    /// What the caller had: `no-credential`, `malformed-token` or `expired-token`.
    pub caller: String,
    /// The manifest lists it under `public`, or it is where a caller signs in.
    pub declared_public: bool,
    /// The document says that it needs no credential.
    pub documented_public: bool,
    /// The status.
    pub status: u16,
    /// It was refused for lack of a credential: 401 or 403.
    pub refused: bool,
    /// How to see it by hand.
    pub by_hand: String,
}

/// How a token is answered that nobody with the key made.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ForgedTokenAnswer {
    /// The role whose true token it was made from.
    pub role: String,
    /// The algorithm that the true token names.
    pub algorithm: String,
    /// What was forged: `alg-none` in several spellings, `foreign-key` or `altered-claims`.
    pub forgery: String,
    /// What was asked for, which the true token opens and a stranger does not.
    pub url: String,
    /// The status.
    pub status: u16,
    /// It did not open what was asked for.
    pub refused: bool,
    /// How to see it by hand.
    pub by_hand: String,
}

/// A request larger than it may be.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct SizeLimitAnswer {
    /// What is too large: `announced-body`, `chunked-body`, `header` or `url`.
    pub what: String,
    /// What was asked for.
    pub url: String,
    /// Its size, in bytes.
    pub size_bytes: u64,
    /// The status; `null` where the connection was closed.
    pub status: Option<u16>,
    /// Bytes of the request that had gone out when the answer came.
    pub sent_bytes: Option<u64>,
    /// It was refused: 413, 414, 431 or 400 as fits, or the connection was closed.
    pub refused: bool,
    /// It was refused before all of it had been sent.
    pub refused_early: bool,
    /// How to see it by hand.
    pub by_hand: String,
}

/// What comes of more requests than the promised limit allows.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct RateLimitAnswers {
    /// What was asked for.
    pub url: String,
    /// Requests that were sent within the window.
    pub requests_count: u32,
    /// Requests that one client may make, as promised.
    pub limit_requests: u32,
    /// The window, as promised, in seconds.
    pub window_seconds: u32,
    /// How long it took until all were answered, in milliseconds.
    pub took_ms: u64,
    /// Requests that the promise allows in that time: the limit, and what of it comes back meanwhile where it comes
    /// back little by little.
    pub allowed_count: u32,
    /// Answers other than 429.
    pub served_count: u32,
    /// Answers 429.
    pub refused_count: u32,
    /// `Retry-After` of a 429, in seconds; `null` where it is absent or unreadable.
    pub retry_after_seconds: Option<u64>,
    /// Another client was served while this one was refused.
    pub other_client_served: Seen<bool>,
    /// The same client was served again after the window.
    pub served_after_window: Seen<bool>,
    /// How to see it by hand.
    pub by_hand: String,
}

/// What comes of the allowance all at once.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct BurstAnswers {
    /// What was asked for.
    pub url: String,
    /// Requests that were sent at once.
    pub requests_count: u32,
    /// How long it took until all were answered, in milliseconds.
    pub took_ms: u64,
    /// Answers below 500 other than 429.
    pub served_count: u32,
    /// Answers 429.
    pub refused_count: u32,
    /// Answers of 500 and above.
    pub server_errors_count: u32,
    /// Connections that were reset or never answered.
    pub unanswered_count: u32,
    /// 95th percentile of another client before the burst, in milliseconds.
    pub other_client_p95_before_ms: Seen<f64>,
    /// 95th percentile of another client during the burst, in milliseconds.
    pub other_client_p95_during_ms: Seen<f64>,
    /// How to see it by hand.
    pub by_hand: String,
}
