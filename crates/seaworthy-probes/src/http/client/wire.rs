//! One request and its answer, under every bound. Private to the client: whoever asks goes through
//! `Observer` or `Prober`, which cannot do more than their consent.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use chrono::Utc;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, HOST, TRANSFER_ENCODING, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use seaworthy_core::facts::{Blind, Unseen};
use seaworthy_core::limits::http::{BODY_BYTES_MAX, BURST_CONCURRENT_MAX, FAILURES_IN_A_ROW_MAX};
use tokio::time::{Instant, timeout, timeout_at};
use url::Url;

use super::answer::{Answer, Body, too_long};
use super::by_hand::{Shown, curl};
use super::credential::{Credential, Scrubber};
use super::dial::{Connection, Dialler, RequestBody};
use super::payload::Payload;
use crate::address::{Reach, reach};
use crate::dial::{End, Lost};

/// How long hyper may take to have a connection ready again.
const READY_WAIT: Duration = Duration::from_millis(50);

/// What is asked, by whatever method.
#[derive(Debug, Clone)]
pub(super) struct Question {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    pub(super) credential: Option<Credential>,
    pub(super) payload: Payload,
}

/// The connections, addresses and counts that all questions of one site share.
pub(super) struct Wire {
    pub(super) dialler: Dialler,
    pub(super) deadline: Instant,
    pub(super) answer: Duration,
    pub(super) scrubber: Scrubber,
    pub(super) budget: Budget,
    idle: Mutex<HashMap<String, Vec<Connection>>>,
    addresses: tokio::sync::Mutex<HashMap<String, Result<Vec<SocketAddr>, Unseen>>>,
    failures: Mutex<HashMap<String, (u32, Lost)>>,
}

/// How many requests may still be sent.
#[derive(Debug)]
pub(super) struct Budget {
    sent: AtomicU32,
    max: AtomicU32,
}

impl Budget {
    pub(super) fn new(max: u32) -> Self {
        Self { sent: AtomicU32::new(0), max: AtomicU32::new(max) }
    }

    /// A higher bound, for a client that may do more. Never lowers it.
    pub(super) fn raise(&self, max: u32) {
        self.max.fetch_max(max, Ordering::Relaxed);
    }

    /// How many are left.
    pub(super) fn left(&self) -> u32 {
        self.max.load(Ordering::Relaxed).saturating_sub(self.sent.load(Ordering::Relaxed))
    }

    fn take(&self) -> Result<(), Unseen> {
        let max = self.max.load(Ordering::Relaxed);
        if self.sent.fetch_add(1, Ordering::Relaxed) >= max {
            return Err(Unseen::new(Blind::CutShort, format!("the budget of {max} requests is used up")));
        }
        Ok(())
    }
}

impl Wire {
    pub(super) fn new(
        dialler: Dialler,
        deadline: Instant,
        answer: Duration,
        scrubber: Scrubber,
        max: u32,
    ) -> Self {
        Self {
            dialler,
            deadline,
            answer,
            scrubber,
            budget: Budget::new(max),
            idle: Mutex::default(),
            addresses: tokio::sync::Mutex::default(),
            failures: Mutex::default(),
        }
    }

    /// Asks once. A question that changes nothing is sent again when a kept connection turned out dead.
    pub(super) async fn exchange(&self, question: &Question) -> Result<Answer, Lost> {
        let origin = origin_of(&question.url);
        if let Some((count, lost)) = locked(&self.failures).get(&origin)
            && *count >= FAILURES_IN_A_ROW_MAX
        {
            return Err(lost.clone());
        }
        let answered = self.exchange_unguarded(question, &origin).await;
        let mut failures = locked(&self.failures);
        match &answered {
            Err(lost) if matches!(lost.why.kind, Blind::Timeout | Blind::Unreachable) => {
                let count = failures.get(&origin).map_or(0, |(count, _)| *count) + 1;
                failures.insert(origin, (count, lost.clone()));
            }
            _ => drop(failures.remove(&origin)),
        }
        answered
    }

    async fn exchange_unguarded(&self, question: &Question, origin: &str) -> Result<Answer, Lost> {
        if Instant::now() >= self.deadline {
            return Err(late().into());
        }
        self.budget.take()?;
        if let Some(kept) = self.kept(origin) {
            let (answered, read_bytes) = self.send(question, kept, origin).await;
            let again = safe(&question.method) && answered.is_err() && read_bytes == 0;
            if !again {
                return answered;
            }
        }
        let addresses = self.addresses_of(&question.url).await?;
        let dialled = timeout_at(self.deadline, self.dialler.connect(&question.url, &addresses)).await;
        let connection = dialled.map_err(|_| late())??;
        self.send(question, connection, origin).await.0
    }

    /// The checked addresses of a URL, looked up once: a name cannot point elsewhere on the second look.
    pub(super) async fn addresses_of(&self, url: &Url) -> Result<Vec<SocketAddr>, Unseen> {
        let mut known = self.addresses.lock().await;
        let origin = origin_of(url);
        if let Some(found) = known.get(&origin) {
            return found.clone();
        }
        let found = timeout_at(self.deadline, self.dialler.addresses(url)).await.map_err(|_| late())?;
        known.insert(origin, found.clone());
        found
    }

    /// How public the addresses of a URL are, the least public one: those that would be dialled, and no others.
    pub(super) async fn reach(&self, url: &Url) -> Result<Reach, Unseen> {
        let addresses = self.addresses_of(url).await?;
        let least = addresses.iter().filter_map(|address| reach(address.ip()).ok()).min();
        least.ok_or_else(|| Unseen::new(Blind::Unreachable, "the name has no address"))
    }

    /// Opens connections ahead of a burst, so that handshakes are no part of what is measured.
    pub(super) async fn open(&self, url: &Url, count: usize) -> Result<(), Unseen> {
        let addresses = self.addresses_of(url).await?;
        for _ in 0..count.min(BURST_CONCURRENT_MAX) {
            let dialled = timeout_at(self.deadline, self.dialler.connect(url, &addresses)).await;
            self.keep(&origin_of(url), dialled.map_err(|_| late())??);
        }
        Ok(())
    }

    fn kept(&self, origin: &str) -> Option<Connection> {
        let mut idle = locked(&self.idle);
        let kept = idle.get_mut(origin)?;
        while let Some(connection) = kept.pop() {
            if connection.sender.is_ready() {
                return Some(connection);
            }
        }
        None
    }

    fn keep(&self, origin: &str, connection: Connection) {
        let mut idle = locked(&self.idle);
        let kept = idle.entry(origin.to_owned()).or_default();
        if kept.len() < BURST_CONCURRENT_MAX {
            kept.push(connection);
        }
    }

    /// Sends on a connection; says also how many bytes came back.
    async fn send(
        &self,
        question: &Question,
        mut connection: Connection,
        origin: &str,
    ) -> (Result<Answer, Lost>, u64) {
        connection.meter.reset();
        let (request, sent_credential) = match request(question, &connection) {
            Ok(request) => request,
            Err(why) => return (Err(why.into()), 1),
        };
        let until = (Instant::now() + self.answer).min(self.deadline);
        let began = Instant::now();
        let head = match timeout_at(until, connection.sender.send_request(request)).await {
            Ok(Ok(head)) => head,
            Ok(Err(error)) => {
                let read = connection.meter.read_bytes();
                return (Err(broken(&connection, &error)), read);
            }
            Err(_) => return (Err(self.silent(&connection).into()), 1),
        };
        let sent_bytes = connection.meter.written_bytes();
        if head.headers().contains_key(CONTENT_LENGTH) && head.headers().contains_key(TRANSFER_ENCODING) {
            let why = "the answer has both `Content-Length` and `Transfer-Encoding`";
            return (Err(Unseen::new(Blind::Garbled, why).into()), 1);
        }
        let (parts, incoming) = head.into_parts();
        let body = self.body(&parts.headers, incoming, until, &connection).await;
        let answer = Answer {
            url: question.url.clone(),
            status: parts.status,
            headers: self.scrubbed(&parts.headers),
            body,
            took: began.elapsed(),
            received: Utc::now(),
            trust: connection.trust.clone(),
            authenticated: sent_credential,
            sent_bytes,
            by_hand: self.by_hand(question, &connection),
        };
        let reusable = answer.body.cut.is_none() && ready_soon(&mut connection).await;
        if reusable {
            self.keep(origin, connection);
        }
        (Ok(answer), 1)
    }

    async fn body(
        &self,
        headers: &HeaderMap,
        mut incoming: Incoming,
        until: Instant,
        connection: &Connection,
    ) -> Body {
        let mut raw = Vec::new();
        let mut cut = None;
        loop {
            match timeout_at(until, incoming.frame()).await {
                Ok(None) => break,
                Ok(Some(Ok(frame))) => {
                    let Ok(data) = frame.into_data() else { continue };
                    let room = BODY_BYTES_MAX.saturating_sub(raw.len());
                    raw.extend_from_slice(&data[..data.len().min(room)]);
                    if data.len() > room {
                        cut = Some(too_long());
                        break;
                    }
                }
                Ok(Some(Err(error))) => {
                    cut = Some(broken(connection, &error).why);
                    break;
                }
                Err(_) => {
                    cut = Some(Unseen::new(
                        Blind::Timeout,
                        format!("the body did not end within {:?}", self.answer),
                    ));
                    break;
                }
            }
        }
        let encoding = headers.get(CONTENT_ENCODING).and_then(|value| value.to_str().ok());
        let mut body = Body::decoded(raw, encoding, cut);
        body.bytes = Bytes::from(self.scrubber.scrub(body.bytes.to_vec()));
        body
    }

    fn scrubbed(&self, headers: &HeaderMap) -> HeaderMap {
        let scrub = |value: &HeaderValue| {
            HeaderValue::from_bytes(&self.scrubber.scrub(value.as_bytes().to_vec()))
                .unwrap_or_else(|_| HeaderValue::from_static("***"))
        };
        headers.iter().map(|(name, value)| (name.clone(), scrub(value))).collect()
    }

    fn by_hand(&self, question: &Question, connection: &Connection) -> String {
        let host = question.url.host_str().unwrap_or("");
        let resolve = self.dialler.resolve.iter().find(|given| given.host.eq_ignore_ascii_case(host));
        curl(&Shown {
            method: &question.method,
            url: &question.url,
            headers: &question.headers,
            credential: question.credential.as_ref(),
            resolve,
            insecure: matches!(connection.trust, super::Trust::Unverified(_)),
            body: question.payload.shown(),
        })
    }

    fn silent(&self, connection: &Connection) -> Unseen {
        if let Some(why) = connection.meter.overrun() {
            return Unseen::new(Blind::CutShort, why);
        }
        let peer = connection.peer;
        let why = match connection.meter.read_bytes() {
            0 => format!("{peer} took the request and did not answer within {:?}", self.answer),
            _ => format!("{peer} did not finish the head of its answer within {:?}", self.answer),
        };
        Unseen::new(Blind::Timeout, why)
    }
}

/// The request as it goes out, and whether the credential went into it.
fn request(question: &Question, connection: &Connection) -> Result<(Request<RequestBody>, bool), Unseen> {
    let url = &question.url;
    let target = match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    };
    let mut request = Request::new(question.payload.body());
    *request.method_mut() = question.method.clone();
    *request.uri_mut() = target
        .parse()
        .map_err(|_| Unseen::new(Blind::NotGiven, "the path cannot stand in a request line"))?;
    let headers = request.headers_mut();
    headers.insert(HOST, host_header(url)?);
    headers.insert(USER_AGENT, HeaderValue::from_static(concat!("seaworthy/", env!("CARGO_PKG_VERSION"))));
    headers.insert(http::header::ACCEPT, HeaderValue::from_static("*/*"));
    if let Some(length) = question.payload.declared_bytes() {
        headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
    }
    for (name, value) in &question.headers {
        headers.insert(name.clone(), value.clone());
    }
    let mut authenticated = false;
    let refused = |why: String| {
        Unseen::new(Blind::Denied, format!("no credential was sent: {why}"))
            .give("a certificate that verifies, or its authority under `ca`")
    };
    if question.credential.is_some() || question.payload.is_secret() {
        connection.trust.carries_credentials().map_err(refused)?;
    }
    if let Some(credential) = &question.credential {
        if credential.origin != url.origin() {
            return Err(refused("it belongs to another origin".to_owned()));
        }
        let (name, value) = credential
            .header()
            .ok_or_else(|| Unseen::new(Blind::NotGiven, "the credential cannot stand in a header"))?;
        headers.insert(name, value);
        authenticated = true;
    }
    let meter = Arc::clone(&connection.meter);
    hyper::ext::on_informational(&mut request, move |_| meter.informational());
    Ok((request, authenticated))
}

/// Whether a connection can be asked again. hyper is ready a moment after the body's last frame.
async fn ready_soon(connection: &mut Connection) -> bool {
    matches!(timeout(READY_WAIT, connection.sender.ready()).await, Ok(Ok(())))
}

/// What a broken exchange says about the server.
fn broken(connection: &Connection, error: &hyper::Error) -> Lost {
    let peer = connection.peer;
    if let Some(why) = connection.meter.overrun() {
        return Unseen::new(Blind::CutShort, why).into();
    }
    // hyper 1.12 gives `is_parse_too_large` to servers only, so the wording is what is left.
    if error.is_parse() && error.to_string().contains("too large") {
        let why = format!("the head of the answer of {peer} is larger than is read");
        return Unseen::new(Blind::CutShort, why).into();
    }
    if error.is_parse() {
        return Unseen::new(Blind::Garbled, format!("the answer of {peer} is not HTTP/1.1: {error}")).into();
    }
    match connection.meter.read_bytes() {
        0 => {
            let why = format!("{peer} closed the connection without an answer");
            Lost { end: End::Closed, why: Unseen::new(Blind::Unreachable, why) }
        }
        _ => {
            let why = format!("{peer} broke off in the middle of its answer");
            Lost { end: End::BrokeOff, why: Unseen::new(Blind::Garbled, why) }
        }
    }
}

fn late() -> Unseen {
    Unseen::new(Blind::Timeout, "the time for looking was over before it could be asked")
        .give("a longer `--deadline`")
}

/// Methods that change nothing, so that asking twice is asking once.
fn safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// Scheme, host and port: what a connection belongs to.
pub(super) fn origin_of(url: &Url) -> String {
    let port = url.port_or_known_default().unwrap_or(0);
    format!("{}://{}:{port}", url.scheme(), url.host_str().unwrap_or(""))
}

fn host_header(url: &Url) -> Result<HeaderValue, Unseen> {
    let host = url.host_str().unwrap_or("");
    let text = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    HeaderValue::from_str(&text)
        .map_err(|_| Unseen::new(Blind::NotGiven, "the host cannot stand in a header"))
}

/// A lock whose holder panicked still holds sound data: every change under it is one assignment.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
