use seaworthy_core::consent::Consent;
use serde_json::{Value, json};

use super::shop::Shop;
use super::{field, list, unseen};

async fn seen(shop: &Shop) -> Value {
    shop.seen(Consent::Probe).await
}

#[tokio::test]
async fn a_sound_shop_is_seen_whole() {
    let facts = seen(&Shop::sound()).await;
    let cookie = &facts["session_cookies"][0];
    assert_eq!(cookie["name"], json!("__Host-session"), "{}", facts["session_cookies"]);
    assert_eq!((&cookie["http_only"], &cookie["secure"]), (&json!(true), &json!(true)));
    assert_eq!(cookie["same_site"], json!("Lax"));
    let operations = list(&facts, "/operations");
    assert_eq!(operations.len(), 9, "{operations:#?}");
    assert!(operations.iter().all(|operation| operation["refused"] == json!(true)), "{operations:#?}");
    let limits = list(&facts, "/size_limits");
    assert_eq!(
        limits.iter().map(|limit| &limit["what"]).collect::<Vec<_>>(),
        [&json!("announced-body"), &json!("chunked-body"), &json!("header"), &json!("url")]
    );
    assert!(limits.iter().all(|limit| limit["refused_early"] == json!(true)), "{limits:#?}");
    let rate = &facts["rate_limit"];
    assert!(rate["refused_count"].as_u64() > Some(0), "{rate}");
    // A bucket that fills up meanwhile, and holds one request more than its burst.
    assert!(
        rate["served_count"].as_u64() <= rate["allowed_count"].as_u64().map(|allowed| allowed + 1),
        "{rate}"
    );
    assert_eq!(rate["retry_after_seconds"], json!(2));
    assert_eq!(rate["other_client_served"], json!(true));
    assert_eq!(rate["served_after_window"], json!(true));
    let burst = &facts["burst"];
    assert_eq!((&burst["server_errors_count"], &burst["unanswered_count"]), (&json!(0), &json!(0)));
    assert!(burst["other_client_p95_during_ms"].as_f64() > Some(0.0), "{burst}");
    assert_eq!(list(&facts, "/errors").iter().filter(|error| error.get("$unseen").is_some()).count(), 0);
}

async fn changed(from: &str, to: &str) -> Value {
    seen(&Shop::with(&[("shop.conf", from, to)])).await
}

#[tokio::test]
async fn a_cookie_without_its_flags_shows() {
    let facts = changed("; Path=/; HttpOnly; Secure; SameSite=Lax", "; Path=/").await;
    let cookie = &facts["session_cookies"][0];
    assert_eq!((&cookie["http_only"], &cookie["secure"]), (&json!(false), &json!(false)));
    assert_eq!(cookie["same_site"], Value::Null);
}

#[tokio::test]
async fn an_open_operation_shows() {
    let facts = changed(
        "location = /api/links { if ($known = 0) { return 401",
        "location = /api/links { if ($known = 2) { return 401",
    )
    .await;
    let open: Vec<_> =
        list(&facts, "/operations").into_iter().filter(|o| o["refused"] == json!(false)).collect();
    assert_eq!(open.len(), 2, "two operations, each asked until a caller got through: {open:#?}");
    assert!(open.iter().all(|operation| operation["path"] == "/api/links"));
}

#[tokio::test]
async fn a_document_of_another_service_shows_nothing() {
    let facts = Shop::with(&[
        ("openapi.yaml", "/api/links", "/other/links"),
        ("openapi.yaml", "/ops/fault", "/other/fault"),
    ]);
    let facts = seen(&facts).await;
    assert_eq!(unseen(&facts, "/operations"), "unsupported");
}

#[tokio::test]
async fn sizes_without_a_limit_show() {
    let facts = changed("client_max_body_size 64k", "client_max_body_size 0").await;
    assert_eq!(
        field(&facts, "/size_limits", "refused")[..2],
        [&json!(false), &json!(false)],
        "{}",
        facts["size_limits"]
    );
    let facts = changed("large_client_header_buffers 4 8k", "large_client_header_buffers 4 256k").await;
    assert_eq!(
        field(&facts, "/size_limits", "refused")[2..],
        [&json!(false), &json!(false)],
        "{}",
        facts["size_limits"]
    );
}

#[tokio::test]
async fn a_service_without_a_rate_limit_shows() {
    let facts = changed("limit_req zone=api burst=40 nodelay;", "").await;
    assert_eq!(facts["rate_limit"]["refused_count"], json!(0));
    assert_eq!(unseen(&facts, "/rate_limit/served_after_window"), "unsupported");
}

#[tokio::test]
async fn a_limit_for_all_clients_together_shows() {
    let facts = changed("limit_req_zone $binary_remote_addr", "limit_req_zone $server_name").await;
    assert_eq!(facts["rate_limit"]["other_client_served"], json!(false), "{}", facts["rate_limit"]);
}

#[tokio::test]
async fn h14_a_huge_retry_after_is_not_waited_for() {
    let facts = changed("Retry-After 2", "Retry-After 99999999999").await;
    assert_eq!(facts["rate_limit"]["retry_after_seconds"], json!(99_999_999_999_u64));
    assert_eq!(unseen(&facts, "/rate_limit/served_after_window"), "timeout");
}

#[tokio::test]
async fn a_burst_that_breaks_the_service_shows() {
    let facts = changed("limit_req_status 429", "limit_req_status 503").await;
    assert!(facts["burst"]["server_errors_count"].as_u64() > Some(0), "{}", facts["burst"]);
    assert_eq!(facts["rate_limit"]["refused_count"], json!(0));
}

#[tokio::test]
async fn a_size_that_is_taken_where_no_limit_is_declared_is_not_known_to_be_too_large() {
    let shop = Shop::with(&[
        ("shop.conf", "client_max_body_size 64k", "client_max_body_size 0"),
        ("shop.conf", "limit_req_status 429;", "limit_req_status 429; client_max_body_size 0;"),
    ]);
    let facts = shop.seen_with(Consent::Probe, "    request_body_max_bytes: 65536\n", "").await;
    let limits = list(&facts, "/size_limits");
    assert_eq!(limits.len(), 3, "{limits:#?}");
    let why = &limits[2]["$unseen"];
    assert_eq!(why["give"], json!("`request_body_max_bytes` for the environment"), "{why}");
}

#[tokio::test]
async fn a_fault_route_that_does_not_fail_shows_no_fault() {
    // Another answer above 499 is no fault inside the service.
    let shop = Shop::with(&[
        (
            "shop.conf",
            "location = /ops/fault { if ($known = 0) { return 401 '{}'; } return 500",
            "location = /ops/fault { return 401 '{}'; } location = /ops/other { return 500",
        ),
        (
            "shop.conf",
            "location = /health { return 200",
            "location = /health { if ($request_method = PATCH) { return 501 '{}'; } return 200",
        ),
    ]);
    let facts = seen(&shop).await;
    let patched = list(&facts, "/errors").into_iter().any(|error| error["status"] == json!(501));
    assert!(patched, "{}", facts["errors"]);
    assert_eq!(unseen(&facts, "/server_errors"), "denied");
}
