//! Against servers that lie the probe ends in time and sees nothing that could pass anything.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::SeqCst;
use std::time::{Duration, Instant};

use seaworthy_core::consent::Consent;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;

use super::shop::seen;
use super::{field, list, unseen};
use crate::http::fake::Fake;

async fn lied_to(fake: &Fake) -> Value {
    let manifest = format!(
        "service: {{name: shop}}\nenvironments: {{staging: {{urls: ['{}'], rate_limit: {{requests: 10, per_seconds: 1, path: /}}}}}}",
        fake.url
    );
    let began = Instant::now();
    let facts = seen(&manifest, std::env::temp_dir(), Consent::Probe).await;
    assert!(began.elapsed() < Duration::from_secs(31), "took {:?}", began.elapsed());
    facts
}

fn nothing_was_seen(facts: &Value) {
    for path in [
        "/plain",
        "/fronts",
        "/pages",
        "/responses",
        "/cors",
        "/health",
        "/readiness",
        "/sensitive",
        "/texts",
        "/assets",
        "/errors",
    ] {
        unseen(facts, path);
    }
}

#[tokio::test]
async fn h1_a_drip() {
    let fake = Fake::serving(|mut stream, _| async move {
        while stream.write_all(b"H").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    })
    .await;
    nothing_was_seen(&lied_to(&fake).await);
}

#[tokio::test]
async fn h8_garbage() {
    nothing_was_seen(&lied_to(&Fake::sending("\u{1}\u{2}garbage\r\n\r\n").await).await);
}

#[tokio::test]
async fn h10_silence() {
    let fake = Fake::serving(|stream, _| async move {
        tokio::time::sleep(Duration::from_mins(1)).await;
        drop(stream);
    })
    .await;
    nothing_was_seen(&lied_to(&fake).await);
}

#[tokio::test]
async fn h12_two_hundred_for_everything_proves_nothing() {
    for (kind, body) in [
        ("text/plain", "OK"),
        (
            "application/json",
            "{\"status\":\"healthy\",\"ready\":true,\"checks\":{\"database\":true,\"cache\":true,\"disk\":true}}",
        ),
        ("text/plain", "# TYPE up gauge\nup 1\n"),
        ("text/html", "<html><h1>Welcome</h1></html>"),
    ] {
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        let facts = lied_to(&Fake::sending(head).await).await;
        for path in ["/health", "/readiness", "/status", "/metrics", "/version"] {
            assert_eq!(unseen(&facts, path), "unsupported", "{kind} {path}");
        }
        for open in field(&facts, "/sensitive", "open") {
            assert_eq!(open["$unseen"]["kind"], json!("unsupported"), "{kind}");
        }
        for path in ["/rate_limit", "/burst"] {
            assert_eq!(unseen(&facts, path), "unsupported", "{kind} {path}");
        }
        assert_eq!(facts["fronts"][0]["hsts"], Value::Null);
        assert!(field(&facts, "/responses", "nosniff").iter().all(|flag| **flag == json!(false)));
        assert!(field(&facts, "/plain", "redirects_to_https").iter().all(|flag| **flag == json!(false)));
    }
}

#[tokio::test]
async fn refusing_everything_proves_nothing() {
    for status in ["403 Forbidden", "401 Unauthorized", "404 Not Found"] {
        let head = format!("HTTP/1.1 {status}\r\ncontent-type: text/plain\r\ncontent-length: 2\r\n\r\nno");
        let facts = lied_to(&Fake::sending(head).await).await;
        for open in field(&facts, "/sensitive", "open") {
            assert_eq!(open["$unseen"]["kind"], json!("denied"), "{status}");
        }
        let last = list(&facts, "/responses").pop().expect("an end");
        assert_eq!(last["$unseen"]["kind"], json!("denied"), "{status}");
    }
}

#[tokio::test]
async fn closing_everything_limits_nothing() {
    let facts = lied_to(&Fake::sending("").await).await;
    assert_eq!(unseen(&facts, "/size_limits"), "unreachable");
}

#[tokio::test]
async fn a_service_that_falls_over_refuses_nothing() {
    let fallen = Arc::new(AtomicBool::new(false));
    let falls =
        move |large: bool| if large { fallen.fetch_or(true, SeqCst) || large } else { fallen.load(SeqCst) };
    let facts = lied_to(&closing_on_large(falls).await).await;
    assert_eq!(unseen(&facts, "/size_limits"), "unreachable");
    // One that closes on what is too large and serves the next caller has refused it.
    let facts = lied_to(&closing_on_large(|large| large).await).await;
    let refused = field(&facts, "/size_limits", "refused");
    assert!(
        refused.iter().filter(|refused| ***refused == json!(true)).count() >= 2,
        "{}",
        facts["size_limits"]
    );
}

/// A server that answers 404, and closes without an answer where `closes` says so of a large request or another one.
async fn closing_on_large(closes: impl Fn(bool) -> bool + Send + Sync + 'static) -> Fake {
    let closes = Arc::new(closes);
    Fake::serving(move |mut stream, head| {
        let large = head.len() > 50_000 || head.contains("content-length: 1048577");
        let closed = closes(large);
        async move {
            if !closed {
                drop(
                    stream
                        .write_all(
                            b"HTTP/1.1 404 Not Found\r\nconnection: close\r\ncontent-length: 0\r\n\r\n",
                        )
                        .await,
                );
            }
            drop(stream.shutdown().await);
        }
    })
    .await
}

#[tokio::test]
async fn h13_answers_that_vary_prove_nothing() {
    let fake = Fake::serving(|mut stream, head| async move {
        let path: String = head.split(' ').nth(1).unwrap_or("").repeat(30);
        let body = format!("<html>You asked for {path}, and here is a page of some length about it.</html>");
        let answer = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        drop(stream.write_all(answer.as_bytes()).await);
    })
    .await;
    let facts = lied_to(&fake).await;
    assert!(
        field(&facts, "/sensitive", "open").iter().all(|open| **open != json!(false)),
        "{:#}",
        facts["sensitive"]
    );
}

#[tokio::test]
async fn h18_and_h19_wrong_dates_and_script_links_are_not_followed() {
    let body = "<html><script src='javascript:alert(1)'></script><link href='file:///etc/passwd'><img src='//169.254.169.254/a.png'></html>";
    let answer = format!(
        "HTTP/1.1 200 OK\r\ndate: Thu, 01 Jan 1970 00:00:00 GMT\r\ncontent-type: text/html\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let facts = lied_to(&Fake::sending(answer).await).await;
    assert_eq!(facts["assets"], json!([]));
    assert_eq!(list(&facts, "/pages").len(), 1);
}

#[tokio::test]
async fn h20_metrics_without_end_do_not_parse() {
    let fake = Fake::serving(|mut stream, head| async move {
        if !head.starts_with("GET /metrics ") {
            drop(stream.write_all(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n").await);
            return;
        }
        let mut alive = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n\r\n").await;
        while alive.is_ok() {
            alive = stream.write_all("up 1\n".repeat(1_000).as_bytes()).await;
        }
    })
    .await;
    let facts = lied_to(&fake).await;
    assert_eq!(facts["metrics"][0]["parses"], json!(false));
}
