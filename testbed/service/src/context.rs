//! What surrounds every request: who asks, the request id, the log line, the metrics, and the last
//! look at the answer.

use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use axum::extract::{ConnectInfo, FromRequestParts, MatchedPath, Request, State};
use axum::http::header::{CACHE_CONTROL, HeaderMap, USER_AGENT};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use tracing::{Instrument, field};
use uuid::Uuid;

use crate::app::Shared;
use crate::error::{self, Error};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const REAL_IP: HeaderName = HeaderName::from_static("x-real-ip");

/// The address of the client, as the trusted proxy or the socket tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Client(pub IpAddr);

impl<S: Sync> FromRequestParts<S> for Client {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Error> {
        parts.extensions.get().copied().ok_or_else(|| Error::internal("the context layer is missing"))
    }
}

/// The outermost layer of the public router.
pub async fn surround(
    State(app): State<Shared>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    mut request: Request,
    next: Next,
) -> Response {
    let started = Instant::now();
    let proxied = app.settings.trusted_proxies.contains(&peer.ip());
    let client = client_of(peer.ip(), proxied, request.headers());
    let request_id = request_id_of(proxied, request.headers());
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str).to_owned();
    let user_agent = header(request.headers(), &USER_AGENT).unwrap_or_default().to_owned();
    request.extensions_mut().insert(client);

    let span = tracing::info_span!("request", request_id, %method, route, client = %client.0, account_id = field::Empty);
    let served = async {
        let mut response = error::answer(next.run(request).await, &request_id);
        finish_headers(&mut response, &request_id);
        let took = started.elapsed();
        let status = response.status().as_u16();
        tracing::info!(path, status, duration_ms = took.as_secs_f64() * 1000.0, user_agent, "request served");
        app.metrics.served(&method, &route, status, took);
        response
    };
    served.instrument(span).await
}

/// Only a proxy we know may speak for its client; from anyone else the header is a claim.
fn client_of(peer: IpAddr, proxied: bool, headers: &HeaderMap) -> Client {
    let told = header(headers, &REAL_IP).and_then(|text| text.parse().ok());
    Client(told.filter(|_| proxied).unwrap_or(peer))
}

fn request_id_of(proxied: bool, headers: &HeaderMap) -> String {
    let sound = |id: &&str| {
        (8..=64).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    let told = header(headers, &REQUEST_ID).filter(|_| proxied).filter(sound);
    told.map_or_else(|| Uuid::new_v4().simple().to_string(), str::to_owned)
}

fn finish_headers(response: &mut Response, request_id: &str) {
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(request_id) {
        headers.insert(REQUEST_ID, value);
    }
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
}

fn header<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: HeaderName, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_static(value))])
    }

    #[test]
    fn only_a_trusted_proxy_speaks_for_its_client() {
        let peer: IpAddr = "10.0.0.1".parse().unwrap();
        let claim = headers(REAL_IP, "203.0.113.7");
        assert_eq!(client_of(peer, false, &claim), Client(peer));
        assert_eq!(client_of(peer, true, &claim), Client("203.0.113.7".parse().unwrap()));
        assert_eq!(client_of(peer, true, &headers(REAL_IP, "nonsense")), Client(peer));
    }

    #[test]
    fn a_request_id_is_taken_over_only_when_sound() {
        assert_eq!(request_id_of(true, &headers(REQUEST_ID, "abcd-1234")), "abcd-1234");
        assert_eq!(request_id_of(false, &headers(REQUEST_ID, "abcd-1234")).len(), 32);
        assert_eq!(request_id_of(true, &headers(REQUEST_ID, "a\"b{}<script>")).len(), 32);
    }
}
