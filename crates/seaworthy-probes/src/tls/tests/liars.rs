//! Servers that misbehave in ways that real ones cannot be made to. Unknown is never a yes and never a no.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;

/// What a liar reads of a hello.
#[derive(Debug)]
pub(super) struct Asked {
    version: u16,
    suites: Vec<u16>,
    compression: bool,
}

/// What it does about the `n`-th one.
#[derive(Debug, Clone)]
enum Reply {
    Bytes(Vec<u8>),
    /// The bytes, then silence.
    Hold(Vec<u8>),
    /// A byte every tenth of a second.
    Drip(Vec<u8>),
    /// The same bytes until nobody listens.
    Flood(Vec<u8>),
}

struct Liar {
    port: u16,
    connections: Arc<AtomicUsize>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Liar {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn liar(reply: impl Fn(&Asked, usize) -> Reply + Send + Sync + 'static) -> Liar {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let connections = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&connections);
    let task = tokio::spawn(async move {
        let mut open = tokio::task::JoinSet::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            let Some(asked) = read_hello(&mut stream).await else { continue };
            open.spawn(send(stream, reply(&asked, counter.fetch_add(1, Ordering::SeqCst))));
        }
    });
    Liar { port, connections, task }
}

async fn send(mut stream: TcpStream, reply: Reply) {
    match reply {
        Reply::Bytes(bytes) => drop(stream.write_all(&bytes).await),
        Reply::Hold(bytes) => {
            drop(stream.write_all(&bytes).await);
            std::future::pending::<()>().await;
        }
        Reply::Drip(bytes) => {
            for byte in bytes {
                tokio::time::sleep(Duration::from_millis(100)).await;
                if stream.write_all(&[byte]).await.is_err() {
                    return;
                }
            }
        }
        Reply::Flood(bytes) => while stream.write_all(&bytes).await.is_ok() {},
    }
}

async fn read_hello(stream: &mut TcpStream) -> Option<Asked> {
    let mut head = [0; 5];
    stream.read_exact(&mut head).await.ok()?;
    let mut body = vec![0; usize::from(u16::from_be_bytes([head[3], head[4]]))];
    stream.read_exact(&mut body).await.ok()?;
    let number = |at: usize| u16::from_be_bytes([body[at], body[at + 1]]);
    let suites_at = 39 + usize::from(body[38]);
    let count = usize::from(number(suites_at)) / 2;
    let suites: Vec<u16> = (0..count).map(|index| number(suites_at + 2 + 2 * index)).collect();
    let version = if suites.contains(&0x1301) { 0x0304 } else { number(4) };
    Some(Asked { version, suites, compression: body[suites_at + 2 + 2 * count] > 1 })
}

/// A record with a ServerHello.
fn hello(version: u16, suite: u16, compression: u8, renegotiation_protected: bool) -> Vec<u8> {
    let mut body = version.min(0x0303).to_be_bytes().to_vec();
    body.extend([9; 32]);
    body.push(0);
    body.extend(suite.to_be_bytes());
    body.push(compression);
    let mut extensions = Vec::new();
    if renegotiation_protected {
        extensions.extend([0xff, 0x01, 0, 1, 0]);
    }
    if version == 0x0304 {
        extensions.extend([0, 43, 0, 2, 3, 4]);
    }
    body.extend(u16::try_from(extensions.len()).unwrap().to_be_bytes());
    body.extend(extensions);
    let message = [&[2, 0, 0, u8::try_from(body.len()).unwrap()][..], &body].concat();
    record(22, &[message, vec![14, 0, 0, 0]].concat())
}

fn record(kind: u8, content: &[u8]) -> Vec<u8> {
    [&[kind, 3, 3][..], &u16::try_from(content.len()).unwrap().to_be_bytes(), content].concat()
}

fn alert(description: u8) -> Vec<u8> {
    record(21, &[2, description])
}

const SUITE: u16 = 0xc02f;

/// TLS 1.2 with one suite and nothing else, as a sound server would.
fn tls12_only(asked: &Asked) -> Vec<u8> {
    match (asked.version, asked.suites.contains(&SUITE)) {
        (0x0303, true) => hello(0x0303, SUITE, 0, true),
        (0x0303, false) => alert(40),
        _ => alert(70),
    }
}

fn nothing_is_known(look: &TlsLook) {
    let endpoint = &look.endpoint;
    for version in seen(&endpoint.versions) {
        assert!(version.accepted.value().is_none(), "{version:?}");
    }
    assert!(endpoint.suites.value().is_none());
    assert!(endpoint.compression_on.value().is_none());
    assert!(endpoint.insecure_renegotiation_allowed.value().is_none());
    assert!(endpoint.fallback_refused.value().is_none());
    assert!(endpoint.dh_bits_min.value().is_none());
    assert!(endpoint.client_certificate_asked.value().is_none());
    assert!(look.certificates.value().is_none());
}

#[tokio::test]
async fn servers_that_never_answer_in_tls_show_nothing() {
    let http = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n".to_vec();
    let warnings = record(21, &[1, 112]);
    let replies = [
        Reply::Hold(Vec::new()),
        Reply::Drip(hello(0x0303, SUITE, 0, true)),
        Reply::Bytes(http.clone()),
        Reply::Flood(http),
        Reply::Flood(vec![0; 4096]),
        Reply::Flood(warnings),
        Reply::Flood(record(22, &[2, 255, 255, 255, 3, 3])),
        Reply::Bytes(vec![22; 300]),
        Reply::Bytes(alert(80)),
        Reply::Bytes(alert(40)),
        Reply::Bytes(alert(112)),
        Reply::Bytes(Vec::new()),
    ];
    for reply in replies {
        let kept = reply.clone();
        let liar = liar(move |_, _| kept.clone()).await;
        let begun = std::time::Instant::now();
        nothing_is_known(&check_liar(liar.port).await);
        assert!(begun.elapsed() < short_limits().deadline + Duration::from_secs(1), "{reply:?}");
    }
}

#[tokio::test]
async fn a_server_that_breaks_off_at_any_byte_of_its_hello_shows_nothing() {
    let whole = hello(0x0303, SUITE, 0, true);
    // The last four bytes are the message after the hello.
    for length in 0..whole.len() - 4 {
        let part = whole[..length].to_vec();
        let liar = liar(move |_, _| Reply::Bytes(part.clone())).await;
        nothing_is_known(&check_liar(liar.port).await);
    }
}

#[tokio::test]
async fn a_port_that_nobody_listens_on_shows_nothing() {
    let port = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
    let look = check_liar(port).await;
    nothing_is_known(&look);
    let why = look.certificates.reason().unwrap();
    assert!(why.why.contains("refused the connection") && why.give.is_some(), "{why:?}");
}

#[tokio::test]
async fn a_choice_that_was_not_on_offer_shows_nothing() {
    let liar = liar(|_, _| Reply::Bytes(hello(0x0303, 0xeeee, 0, true))).await;
    let look = check_liar(liar.port).await;
    let tls12 = &seen(&look.endpoint.versions)[3];
    assert!(tls12.accepted.value().is_none());
    assert!(look.endpoint.suites.value().is_none());
}

#[tokio::test]
async fn a_yes_sayer_is_left_after_a_bounded_number_of_connections() {
    let liar = liar(|asked, _| Reply::Bytes(hello(asked.version, asked.suites[0], 0, true))).await;
    let look = check_liar(liar.port).await;
    assert!(liar.connections.load(Ordering::SeqCst) <= 100);
    assert_eq!(accepted(&look.endpoint), Version::ALL);
    let suites = seen(&look.endpoint.suites);
    assert!(suites.cut.is_some() && suites.items.len() > 50);
    assert!(look.certificates.value().is_none());
}

#[tokio::test]
async fn hanging_up_is_a_no_only_while_the_server_still_says_yes() {
    let refuses = |asked: &Asked, _| match asked.version {
        0x0303 => Reply::Bytes(tls12_only(asked)),
        _ => Reply::Bytes(Vec::new()),
    };
    let steady = liar(refuses).await;
    assert_eq!(accepted(&check_liar(steady.port).await.endpoint), [Version::Tls12]);

    let blocked =
        liar(move |asked: &Asked, nth| if nth < 2 { refuses(asked, nth) } else { Reply::Bytes(Vec::new()) })
            .await;
    let look = check_liar(blocked.port).await;
    let versions = seen(&look.endpoint.versions);
    assert_eq!(versions[3].accepted.value(), Some(&true));
    for version in [0, 1, 2, 4] {
        assert!(versions[version].accepted.value().is_none(), "{:?}", versions[version]);
    }
    assert!(seen(&look.endpoint.suites).cut.is_some());
    assert!(look.endpoint.insecure_renegotiation_allowed.value().is_none());
}

#[tokio::test]
async fn a_failing_server_is_asked_by_kinds_of_suites() {
    // Fails when it may choose an ephemeral suite of TLS 1.0, and accepts a static one alone.
    let liar = liar(|asked, _| {
        let ephemeral = asked.suites.iter().any(|suite| *suite > 0xc000);
        match asked.version {
            0x0301 if ephemeral => Reply::Bytes(alert(80)),
            0x0301 if asked.suites.contains(&0x002f) => Reply::Bytes(hello(0x0301, 0x002f, 0, true)),
            0x0301 => Reply::Bytes(alert(40)),
            _ => Reply::Bytes(tls12_only(asked)),
        }
    })
    .await;
    let endpoint = check_liar(liar.port).await.endpoint;
    assert_eq!(accepted(&endpoint), [Version::Tls10, Version::Tls12]);
    assert_eq!(suites_of(&endpoint, Version::Tls10), ["TLS_RSA_WITH_AES_128_CBC_SHA"]);
}

#[tokio::test]
async fn silence_on_one_version_leaves_that_version_unseen() {
    let liar = liar(|asked, _| match asked.version {
        0x0300 => Reply::Hold(Vec::new()),
        _ => Reply::Bytes(tls12_only(asked)),
    })
    .await;
    let look = check_liar(liar.port).await;
    let versions = seen(&look.endpoint.versions);
    assert!(versions[0].accepted.value().is_none());
    assert_eq!(versions[1].accepted.value(), Some(&false));
    assert_eq!(versions[3].accepted.value(), Some(&true));
    let suites = seen(&look.endpoint.suites);
    assert_eq!((suites.items.len(), suites.cut.is_some()), (1, true));
    assert!(look.endpoint.compression_on.value().is_none());
}

#[tokio::test]
async fn compression_and_unprotected_renegotiation_are_seen() {
    let liar = liar(|asked, _| match asked.version {
        0x0303 if asked.suites.contains(&SUITE) => {
            Reply::Bytes(hello(0x0303, SUITE, u8::from(asked.compression), false))
        }
        _ => Reply::Bytes(tls12_only(asked)),
    })
    .await;
    let endpoint = check_liar(liar.port).await.endpoint;
    assert!(seen(&endpoint.compression_on));
    assert!(seen(&endpoint.insecure_renegotiation_allowed));
    assert_eq!(seen(&endpoint.fallback_refused), None);
}

#[tokio::test]
async fn ssl_3_and_a_fallback_that_is_let_through_are_seen() {
    let liar = liar(|asked, _| match asked.version {
        0x0300 if asked.suites.contains(&0x0005) => Reply::Bytes(hello(0x0300, 0x0005, 0, true)),
        0x0300 => Reply::Bytes(alert(40)),
        _ => Reply::Bytes(tls12_only(asked)),
    })
    .await;
    let endpoint = check_liar(liar.port).await.endpoint;
    assert_eq!(accepted(&endpoint), [Version::Ssl3, Version::Tls12]);
    assert_eq!(suites_of(&endpoint, Version::Ssl3), ["TLS_RSA_WITH_RC4_128_SHA"]);
    assert_eq!(seen(&endpoint.fallback_refused), Some(false));
}

#[tokio::test]
async fn a_link_local_address_is_never_dialled() {
    let target = TlsTarget { dial: Some("169.254.169.254".parse().unwrap()), ..target(443) };
    let look = look(&target, &some_roots(), &within(short_limits())).await;
    assert!(look.certificates.reason().unwrap().why.contains("link-local"));
}

#[tokio::test]
async fn fewer_connections_are_made_where_only_observing_is_allowed() {
    let liar = liar(|asked, _| Reply::Bytes(hello(asked.version, asked.suites[0], 0, true))).await;
    let observe = Within { consent: Consent::Observe, ..within(short_limits()) };
    let look = look(&target(liar.port), &some_roots(), &observe).await;
    assert!(liar.connections.load(Ordering::SeqCst) <= 60);
    let why = seen(&look.endpoint.suites).cut.expect("cut short");
    assert!(why.give.is_some_and(|give| give.contains("--consent probe")));
}
