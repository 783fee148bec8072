//! The one error type of the handlers and the one way in which errors are answered.
//!
//! What a caller reads is a code, a plain sentence and the request id. The cause goes to the log
//! alone: no message of the database, no path and no stack trace may reach an answer.

use std::borrow::Cow;
use std::error::Error as Cause;
use std::fmt;

use axum::Json;
use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// Why a request was not served.
#[derive(Debug)]
pub struct Error {
    status: StatusCode,
    message: Cow<'static, str>,
    retry_after_seconds: Option<u64>,
    cause: Option<Box<dyn Cause + Send + Sync>>,
}

/// The part of an error that the caller may read; travels to [`answer`] beside the response.
#[derive(Clone)]
struct Told(Cow<'static, str>);

impl Error {
    fn new(status: StatusCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self { status, message: message.into(), retry_after_seconds: None, cause: None }
    }

    pub fn invalid(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, message)
    }

    pub fn unauthenticated() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "Valid credentials are needed.")
    }

    pub fn forbidden(message: &'static str) -> Self {
        Self::new(StatusCode::FORBIDDEN, message)
    }

    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "There is nothing at this address.")
    }

    pub fn conflict(message: &'static str) -> Self {
        Self::new(StatusCode::CONFLICT, message)
    }

    pub fn unsupported_type(message: &'static str) -> Self {
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, message)
    }

    pub fn too_large() -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "The request body is too large.")
    }

    pub fn too_many_requests(retry_after_seconds: u64) -> Self {
        let message = "Too many requests. Wait as long as Retry-After says.";
        let retry_after_seconds = Some(retry_after_seconds);
        Self { retry_after_seconds, ..Self::new(StatusCode::TOO_MANY_REQUESTS, message) }
    }

    /// A dependency does not answer: worth trying again.
    pub fn unavailable(cause: impl Into<Box<dyn Cause + Send + Sync>>) -> Self {
        let message = "The service is not available right now.";
        let mut error = Self::new(StatusCode::SERVICE_UNAVAILABLE, message);
        error.retry_after_seconds = Some(5);
        error.cause = Some(cause.into());
        error
    }

    /// A fault of the service itself.
    pub fn internal(cause: impl Into<Box<dyn Cause + Send + Sync>>) -> Self {
        let message = "The service failed. The request id helps its operators to find out why.";
        let mut error = Self::new(StatusCode::INTERNAL_SERVER_ERROR, message);
        error.cause = Some(cause.into());
        error
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl Cause for Error {
    fn source(&self) -> Option<&(dyn Cause + 'static)> {
        self.cause.as_ref().map(|cause| cause.as_ref() as &(dyn Cause + 'static))
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::Io(_) => {
                Self::unavailable(error)
            }
            // Class 57P: the server shuts down or starts up.
            sqlx::Error::Database(ref seen) if seen.code().is_some_and(|code| code.starts_with("57P")) => {
                Self::unavailable(error)
            }
            other => Self::internal(other),
        }
    }
}

impl From<redis::RedisError> for Error {
    fn from(error: redis::RedisError) -> Self {
        Self::unavailable(error)
    }
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        Self::internal(error)
    }
}

impl From<JsonRejection> for Error {
    fn from(rejection: JsonRejection) -> Self {
        Self::new(rejection.status(), rejection.body_text())
    }
}

impl From<QueryRejection> for Error {
    fn from(rejection: QueryRejection) -> Self {
        Self::new(rejection.status(), rejection.body_text())
    }
}

impl From<PathRejection> for Error {
    fn from(_: PathRejection) -> Self {
        Self::not_found()
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        if let Some(cause) = &self.cause {
            tracing::error!(cause = chain(cause.as_ref()), "request failed");
        }
        let mut response = self.status.into_response();
        if let Some(seconds) = self.retry_after_seconds {
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
        }
        if self.status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response.extensions_mut().insert(Told(self.message));
        response
    }
}

/// Gives every answer of 400 or above the same JSON body, whoever made it: a handler, an
/// extractor, a layer or the router. Only JSON of our own, such as that of `/health`, stays.
pub fn answer(response: Response, request_id: &str) -> Response {
    let status = response.status();
    if !status.is_client_error() && !status.is_server_error() {
        return response;
    }
    let json = response.headers().get(CONTENT_TYPE).is_some_and(|value| value == "application/json");
    if json && response.extensions().get::<Told>().is_none() {
        return response;
    }
    let (mut parts, _) = response.into_parts();
    let reason = status.canonical_reason().unwrap_or("Error");
    let message =
        parts.extensions.remove::<Told>().map_or_else(|| Cow::from(format!("{reason}.")), |told| told.0);
    let code = reason.to_lowercase().replace([' ', '-'], "_");
    let body = Json(json!({"error": {"code": code, "message": message, "request_id": request_id}}));
    parts.headers.remove(CONTENT_LENGTH);
    parts.headers.remove(CONTENT_TYPE);
    (status, parts.headers, body).into_response()
}

/// An error and what led to it, in one line.
pub fn chain(error: &dyn Cause) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn body_of(response: Response) -> String {
        let bytes = axum::body::to_bytes(answer(response, "r-1").into_body(), 4096).await.unwrap();
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    #[tokio::test]
    async fn an_internal_error_tells_the_request_id_and_nothing_of_its_cause() {
        let cause = sqlx::Error::Protocol("relation \"accounts\" at /srv/shop/src/main.rs".into());
        let body = body_of(Error::internal(cause).into_response()).await;
        assert!(
            body.contains("\"code\":\"internal_server_error\"") && body.contains("\"request_id\":\"r-1\"")
        );
        assert!(!body.contains("accounts") && !body.contains("/srv"));
    }

    #[tokio::test]
    async fn a_plain_refusal_of_the_router_becomes_json() {
        let body = body_of((StatusCode::METHOD_NOT_ALLOWED, "plain").into_response()).await;
        let wanted =
            r#"{"error":{"code":"method_not_allowed","message":"Method Not Allowed.","request_id":"r-1"}}"#;
        assert_eq!(body, wanted);
    }

    #[tokio::test]
    async fn json_of_our_own_stays() {
        let own = (StatusCode::SERVICE_UNAVAILABLE, Json(json!({"status": "unhealthy"})));
        assert_eq!(body_of(own.into_response()).await, r#"{"status":"unhealthy"}"#);
    }

    #[test]
    fn a_lost_database_is_unavailable_and_other_faults_are_internal() {
        assert_eq!(Error::from(sqlx::Error::PoolTimedOut).status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(Error::from(sqlx::Error::RowNotFound).status, StatusCode::INTERNAL_SERVER_ERROR);
    }
}
