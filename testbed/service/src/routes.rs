//! Every route in one table: what is open, what is limited, what surrounds all of them.

use std::time::Duration;

use axum::extract::State;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderName, Method, StatusCode};
use axum::middleware::from_fn_with_state;
use axum::response::IntoResponse;
use axum::routing::{delete, get, post};
use axum::{Router, extract::DefaultBodyLimit};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::{AllowCredentials, AllowOrigin, CorsLayer};
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::timeout::TimeoutLayer;

use crate::app::Shared;
use crate::error::Error;
use crate::{accounts, context, files, health, limits, links, operations, pages, payments};

/// Longest time for one request, body included.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// What the world reaches, through the proxy.
pub fn public(app: &Shared) -> Router {
    let limited = Router::new()
        .route("/api", get(operations::index))
        .route("/api/accounts", post(accounts::register))
        .route("/api/accounts/me", get(accounts::me))
        .route("/api/admin/accounts", get(accounts::list))
        .route("/api/sessions", post(accounts::sign_in).delete(accounts::sign_out))
        .route("/api/tokens", post(accounts::issue_token))
        .route("/api/files", get(files::list).post(files::upload))
        .route("/api/files/{id}", get(files::download).delete(files::delete))
        .route("/api/links", get(links::list).post(links::create))
        .route("/api/links/{code}", delete(links::delete))
        .route("/webhooks/payments", post(payments::webhook))
        .route("/ops/operator", get(operations::operator))
        .route("/ops/fault", post(operations::fault))
        .route_layer(from_fn_with_state(app.clone(), limits::per_client));
    Router::new()
        .merge(limited)
        .route("/", get(pages::front))
        .route("/assets/{name}", get(pages::asset))
        .route("/openapi.yaml", get(pages::openapi))
        .route("/media/{id}", get(files::public))
        .route("/l/{code}", get(links::follow))
        .route("/status", get(operations::status))
        .route("/version", get(operations::version))
        .route("/health", get(health::health))
        .route("/health/live", get(health::live))
        .route("/health/ready", get(health::ready))
        .fallback(|| async { Error::not_found() })
        .layer(CatchPanicLayer::custom(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response()))
        .layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, REQUEST_TIMEOUT))
        .layer(DefaultBodyLimit::disable())
        .layer(RequestBodyLimitLayer::new(app.settings.body_limit_bytes))
        .layer(cors(app))
        .layer(from_fn_with_state(app.clone(), context::surround))
        .with_state(app.clone())
}

/// What only the internal network reaches.
pub fn internal(app: &Shared) -> Router {
    let metrics = |State(app): State<Shared>| async move { app.metrics.render(&app) };
    Router::new().route("/metrics", get(metrics)).with_state(app.clone())
}

/// Only declared origins are told anything; to any other the answer reads as if CORS were unknown.
fn cors(app: &Shared) -> CorsLayer {
    let origins = app.settings.cors_origins.clone();
    CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins.clone()))
        .allow_credentials(AllowCredentials::predicate(move |origin, _| origins.contains(origin)))
        .allow_methods([Method::GET, Method::POST, Method::DELETE])
        .allow_headers([AUTHORIZATION, CONTENT_TYPE])
        .expose_headers(["x-request-id", "retry-after", "ratelimit-remaining"].map(HeaderName::from_static))
        .max_age(Duration::from_hours(1))
}
