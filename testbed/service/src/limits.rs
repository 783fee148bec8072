//! The rate limit: so many requests per client and window, counted in Redis for all instances.

use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::app::{App, Shared};
use crate::context::Client;
use crate::error::Error;

/// One count against a limit.
#[derive(Debug, PartialEq, Eq)]
struct Taken {
    count: u64,
    limit: u64,
    reset_seconds: u64,
}

impl Taken {
    fn exceeded(&self) -> bool {
        self.count > self.limit
    }

    fn headers(&self) -> [(HeaderName, u64); 3] {
        let remaining = self.limit.saturating_sub(self.count);
        [
            ("ratelimit-limit", self.limit),
            ("ratelimit-remaining", remaining),
            ("ratelimit-reset", self.reset_seconds),
        ]
        .map(|(name, value)| (HeaderName::from_static(name), value))
    }
}

/// The layer over everything that costs: the API, the webhooks, the operator's routes.
pub async fn per_client(State(app): State<Shared>, client: Client, request: Request, next: Next) -> Response {
    let (limit, window) = (app.settings.rate_limit_requests, app.settings.rate_limit_window);
    let taken = match take(&app, &format!("rate:{}", client.0), limit, window).await {
        Ok(taken) => taken,
        Err(error) => return error.into_response(),
    };
    let mut response = if taken.exceeded() {
        app.metrics.rate_limited.inc();
        tracing::warn!(limit, "rate limit exceeded");
        Error::too_many_requests(taken.reset_seconds).into_response()
    } else {
        next.run(request).await
    };
    for (name, value) in taken.headers() {
        response.headers_mut().insert(name, HeaderValue::from(value));
    }
    response
}

/// An error when `key` has been counted `limit` times in its window; counts nothing.
pub async fn refuse_if_spent(app: &App, key: &str, limit: u64) -> Result<(), Error> {
    let mut pipeline = redis::pipe();
    pipeline.cmd("GET").arg(key).cmd("TTL").arg(key);
    let (count, seconds): (Option<u64>, i64) = pipeline.query_async(&mut app.cache.clone()).await?;
    let spent = count.unwrap_or(0) >= limit;
    if spent { Err(Error::too_many_requests(u64::try_from(seconds).unwrap_or(0).max(1))) } else { Ok(()) }
}

/// Counts one against `key`.
pub async fn spend(app: &App, key: &str, window: Duration) -> Result<(), Error> {
    take(app, key, u64::MAX, window).await.map(drop)
}

/// The window begins with the first request and ends by the key's own expiry. The three commands
/// are one transaction, so a counter without expiry cannot remain.
async fn take(app: &App, key: &str, limit: u64, window: Duration) -> Result<Taken, Error> {
    let mut pipeline = redis::pipe();
    pipeline.atomic();
    pipeline.cmd("SET").arg(key).arg(0).arg("NX").arg("EX").arg(window.as_secs().max(1)).ignore();
    pipeline.cmd("INCR").arg(key);
    pipeline.cmd("TTL").arg(key);
    let (count, seconds): (u64, i64) = pipeline.query_async(&mut app.cache.clone()).await?;
    Ok(Taken { count, limit, reset_seconds: u64::try_from(seconds).unwrap_or(0).max(1) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_request_after_the_last_allowed_one_is_refused() {
        let taken = |count| Taken { count, limit: 100, reset_seconds: 7 };
        assert!(!taken(100).exceeded());
        assert!(taken(101).exceeded());
        assert_eq!(taken(130).headers()[1].1, 0);
    }
}
