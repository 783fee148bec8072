//! Operations of a service that lets everyone through, or refuses for another reason than who calls.

use seaworthy_core::consent::Consent;
use serde_json::Value;
use tokio::io::AsyncWriteExt;

use super::list;
use super::shop::seen;
use crate::http::fake::Fake;

const ORDERS: &str = r#"{"openapi": "3.1.0", "paths": {
    "/api/orders": {"get": {}, "delete": {}, "post": {"requestBody": {"required": true, "content": {"application/json": {}}}}},
    "/api/orders/{id}": {"delete": {"parameters": [{"name": "id", "in": "path", "schema": {"type": "integer"}}]}},
    "/api/mode/{kind}": {"delete": {"parameters": [{"name": "kind", "in": "path", "schema": {"enum": ["production", "staging"]}}]}},
    "/api/restart": {"post": {}}
}}"#;

/// A server that answers GET of the address and of a health check, and everything else as `answer` says.
async fn serving(answer: fn(&str) -> (u16, &'static str)) -> Fake {
    Fake::serving(move |mut stream, head| async move {
        let first = head.lines().next().unwrap_or("").to_owned();
        let (status, body) = match first.as_str() {
            "GET / HTTP/1.1" => (200, "the shop"),
            line if line.starts_with("GET /seaworthy-") => (404, "nothing"),
            line => answer(line),
        };
        let length = body.len();
        let answer = format!(
            "HTTP/1.1 {status} Said\r\ncontent-type: text/plain\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
        );
        drop(stream.write_all(answer.as_bytes()).await);
        drop(stream.shutdown().await);
    })
    .await
}

async fn operations(fake: &Fake, more: &str) -> Vec<Value> {
    let facts = facts(&[fake], ORDERS, more).await;
    list(&facts, "/operations").into_iter().cloned().collect()
}

async fn facts(fakes: &[&Fake], document: &str, more: &str) -> Value {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("openapi.json"), document).expect("written");
    let urls: Vec<_> = fakes.iter().map(|fake| format!("'{}'", fake.url)).collect();
    let urls = urls.join(", ");
    let manifest = format!(
        "service: {{name: shop}}\nenvironments: {{staging: {{urls: [{urls}], openapi: openapi.json{more}}}}}"
    );
    seen(&manifest, folder.path().to_owned(), Consent::Probe).await
}

/// How often a request of this method and path came in.
fn received(fake: &Fake, start: &str) -> usize {
    fake.heads().iter().filter(|head| head.starts_with(&format!("{start} "))).count()
}

#[tokio::test]
async fn nothing_that_would_take_effect_is_sent() {
    let fake = serving(|_| (200, "done")).await;
    let answers = operations(&fake, "").await;
    for never in
        ["DELETE /api/orders", "DELETE /api/mode/production", "DELETE /api/mode/staging", "POST /api/restart"]
    {
        assert_eq!(received(&fake, never), 0, "{never}");
    }
    // What got through once is not asked again.
    assert_eq!(received(&fake, "DELETE /api/orders/2147483647"), 1);
    assert_eq!(received(&fake, "POST /api/orders"), 1);
    let open = answers.iter().filter(|answer| answer["refused"] == false).count();
    assert_eq!(open, 3, "{answers:#?}");
    let why = answers.last().expect("an end")["$unseen"].clone();
    for named in ["DELETE /api/orders,", "DELETE /api/mode/{kind}", "POST /api/restart"] {
        assert!(why["why"].as_str().is_some_and(|why| why.contains(named)), "{why}");
    }
    assert!(
        why["give"].as_str().is_some_and(|give| give.contains("harmless: [DELETE /api/orders]")),
        "{why}"
    );
}

#[tokio::test]
async fn what_is_said_to_be_harmless_is_asked() {
    let fake = serving(|_| (401, "who are you?")).await;
    let harmless = ", harmless: ['DELETE /api/orders', 'DELETE /api/mode/*', 'POST /api/restart']";
    let answers = operations(&fake, harmless).await;
    assert_eq!(answers.len(), 6 * 3, "{answers:#?}");
    assert!(answers.iter().all(|answer| answer["refused"] == true), "{answers:#?}");
    assert_eq!(received(&fake, "DELETE /api/orders"), 3);
}

#[tokio::test]
async fn a_body_that_is_judged_before_the_caller_proves_nothing() {
    let fake = serving(|line| if line.starts_with("POST") { (400, "no JSON") } else { (401, "no") }).await;
    let answers = operations(&fake, "").await;
    assert!(answers.iter().all(|answer| answer["method"] != "POST"), "{answers:#?}");
    let why = &answers.last().expect("an end")["$unseen"]["why"];
    assert!(why.as_str().is_some_and(|why| why.contains("`POST /api/orders` answered 400")), "{why}");
}

#[tokio::test]
async fn a_check_against_forged_requests_is_no_authentication() {
    // One that refuses everything that is sent, and one that only refuses where it knows the path.
    let everywhere =
        serving(|line| if line.starts_with("GET") { (401, "no") } else { (403, "Forbidden") }).await;
    let known = serving(|line| match line {
        line if line.starts_with("GET") => (401, "no"),
        line if line.contains("/seaworthy-") => (404, "nothing"),
        _ => (403, "<h1>CSRF verification failed. Request aborted.</h1>"),
    })
    .await;
    let authentication = serving(|line| match line {
        line if line.contains("/seaworthy-") => (404, "nothing"),
        _ => (403, "not for you"),
    })
    .await;
    for fake in [&everywhere, &known] {
        let answers = operations(fake, "").await;
        let (seen, unseen): (Vec<_>, Vec<_>) =
            answers.iter().partition(|answer| answer.get("$unseen").is_none());
        assert!(seen.iter().all(|answer| answer["method"] == "GET"), "{answers:#?}");
        assert!(unseen[0]["$unseen"]["why"].as_str().is_some_and(|why| why.contains("403")), "{unseen:?}");
    }
    let answers = operations(&authentication, "").await;
    let refused = answers.iter().filter(|answer| answer["refused"] == true).count();
    assert_eq!(refused, 9, "three operations, three callers: {answers:#?}");
}

#[tokio::test]
async fn operations_are_asked_where_the_document_says_that_they_are() {
    let pages = serving(|_| (404, "a page that is not there")).await;
    let api = serving(|_| (401, "no")).await;
    let more = ", harmless: [/api/*], rate_limit: {requests: 4, per_seconds: 1, path: /}";
    let told = ORDERS.replacen('{', &format!("{{\"servers\": [{{\"url\": \"{}v1\"}}], ", api.url), 1);
    let both = facts(&[&pages, &api], &told, more).await;
    let asked = list(&both, "/operations");
    assert!(
        asked
            .iter()
            .all(|answer| answer["url"].as_str().is_some_and(|url| url.starts_with(api.url.as_str())))
    );
    assert_eq!(asked.len(), 6 * 3, "{asked:#?}");
    assert_eq!(both["rate_limit"]["url"], api.url.as_str());
    let limited = |fake: &Fake| {
        let answers = list(&both, "/size_limits").into_iter();
        answers
            .filter(|answer| answer["url"].as_str().is_some_and(|url| url.starts_with(fake.url.as_str())))
            .count()
    };
    assert!(limited(&pages) > 0 && limited(&api) > 0, "{}", both["size_limits"]);

    let untold = facts(&[&api, &pages], ORDERS, more).await;
    let asked = list(&untold, "/operations");
    let why = &asked.last().expect("an end")["$unseen"]["why"];
    assert!(why.as_str().is_some_and(|why| why.contains(pages.url.as_str())), "{why}");
}

#[tokio::test]
async fn a_refusal_that_unknown_paths_get_too_is_none_of_strangers() {
    let document = r#"{"openapi": "3.1.0", "paths": {"/api/orders": {"get": {}}}}"#;
    let refusing = |elsewhere: u16| async move {
        Fake::serving(move |mut stream, head| async move {
            let status = match head.lines().next().unwrap_or("") {
                "GET / HTTP/1.1" => 200,
                line if line.starts_with("GET /seaworthy-") => elsewhere,
                _ => 403,
            };
            let answer = format!(
                "HTTP/1.1 {status} Said\r\ncontent-type: text/plain\r\ncontent-length: 8\r\nconnection: close\r\n\r\nthe shop"
            );
            drop(stream.write_all(answer.as_bytes()).await);
            drop(stream.shutdown().await);
        })
        .await
    };
    let seen = facts(&[&refusing(403).await], document, "").await;
    assert!(
        seen["operations"]["$unseen"]["why"].as_str().unwrap().contains("as it would to any GET"),
        "{}",
        seen["operations"]
    );
    let seen = facts(&[&refusing(404).await], document, "").await;
    assert!(list(&seen, "/operations").iter().all(|one| one["refused"] == true), "{}", seen["operations"]);
}

#[tokio::test]
async fn nothing_found_at_a_made_up_value_is_no_open_operation() {
    let fake = serving(|_| (404, "no such order")).await;
    let document = r#"{"openapi": "3.1.0", "paths": {"/api/orders/{id}": {"get": {"parameters": [{"name": "id", "in": "path", "schema": {"type": "string"}}]}}}}"#;
    let seen = facts(&[&fake], document, "").await;
    assert!(
        seen["operations"]["$unseen"]["why"].as_str().unwrap().contains("names nothing"),
        "{}",
        seen["operations"]
    );
}
