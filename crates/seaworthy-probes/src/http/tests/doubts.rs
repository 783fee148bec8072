//! Answers that look well, or ill, to whoever looks at one side of them only.

use seaworthy_core::consent::Consent;
use serde_json::{Value, json};

use super::shop::Shop;
use super::{field, list, unseen};

async fn changed(from: &str, to: &str) -> Value {
    Shop::with(&[("shop.conf", from, to)]).seen(Consent::Observe).await
}

#[tokio::test]
async fn a_check_that_is_down_shows_under_a_whole_that_is_up() {
    let facts = changed("\"database\":true,\"cache\":true", "\"database\":false,\"cache\":true").await;
    let readiness = &facts["readiness"][0];
    assert_eq!(readiness["says_healthy"], json!(true));
    assert_eq!((&readiness["checks_well"], &readiness["checks_database"]), (&json!(false), &json!(false)));
    assert_eq!(readiness["checks_cache"], json!(true));
    let facts =
        changed("{\"name\":\"disk\",\"status\":\"healthy\"}", "{\"name\":\"disk\",\"status\":7}").await;
    assert_eq!(unseen(&facts, "/health/0/checks_well"), "unsupported");
    assert_eq!(facts["health"][0]["documented_shape"], json!(false));
}

#[tokio::test]
async fn only_an_age_above_zero_is_that_of_a_kept_answer() {
    for (age, cacheable) in [("0", false), ("7", true)] {
        let with_age = format!("location = /health {{ add_header Age {age}; return 200");
        let facts = changed("location = /health { return 200", &with_age).await;
        assert_eq!(facts["health"][0]["cacheable"], json!(cacheable), "{age}");
    }
}

#[tokio::test]
async fn health_is_found_at_the_usual_paths_and_none_is_no_verdict() {
    let to_usual: [(&str, &str, &str); 3] = [
        (
            "shop.conf",
            "location = /health { proxy_pass http://127.0.0.1:${back};",
            "location = /healthz { proxy_pass http://127.0.0.1:${back}/health;",
        ),
        (
            "shop.conf",
            "location = /health/ready { proxy_pass http://127.0.0.1:${back};",
            "location = /readyz { proxy_pass http://127.0.0.1:${back}/health/ready;",
        ),
        ("shop.conf", "#OPEN", "location = /health { return 404; }"),
    ];
    let shop = Shop::with(&to_usual);
    let facts = shop.seen(Consent::Observe).await;
    for (path, usual) in [("health", "/healthz"), ("readiness", "/readyz")] {
        let url = facts[path][0]["url"].as_str().expect("found");
        assert!(url.ends_with(usual), "{url}");
        assert_eq!(facts[path][0]["checks_well"], json!(true));
    }
    let declared = "endpoints: {health: /health, readiness: /health/ready, ";
    let facts = shop.seen_with(Consent::Observe, "endpoints: {", declared).await;
    assert_eq!((&facts["health"][0]["status"], &facts["readiness"][0]["status"]), (&json!(404), &json!(404)));
    let none = Shop::with(&[
        (
            "shop.conf",
            "location = /health { proxy_pass",
            "location = /up { return 200 OK; } location = /other { proxy_pass",
        ),
        ("shop.conf", "location = /health/ready { proxy_pass", "location = /other/ready { proxy_pass"),
    ]);
    let facts = none.seen(Consent::Observe).await;
    for path in ["/health", "/readiness"] {
        assert_eq!(unseen(&facts, path), "not-given", "{path}");
    }
}

#[tokio::test]
async fn metrics_that_are_refused_or_not_declared_are_no_verdict() {
    let facts = changed(
        "location = /metrics { default_type text/plain; return 200",
        "location = /metrics { return 401",
    )
    .await;
    assert_eq!(unseen(&facts, "/metrics"), "denied");
    let facts = Shop::sound()
        .seen_with(Consent::Observe, "{metrics: 'http://127.0.0.1:${back}/metrics', ", "{")
        .await;
    assert_eq!(unseen(&facts, "/metrics"), "not-given");
}

#[tokio::test]
async fn no_pattern_makes_a_sensitive_path_public_and_nothing_a_secret() {
    let shop = Shop::with(&[(
        "shop.conf",
        "#OPEN",
        "location = /.env { return 200 'SECRET_KEY=x'; } location = /metrics { return 200 'up 1'; }",
    )]);
    let declared = |facts: &Value| {
        let open = list(facts, "/sensitive").into_iter().filter(|s| s["open"] == json!(true));
        open.map(|s| s["declared_public"].clone()).collect::<Vec<_>>()
    };
    for (public, wanted) in
        [("['/*']", [json!(false), json!(false)]), ("[GET /.env, GET /metrics]", [json!(false), json!(true)])]
    {
        let facts = shop
            .seen_with(Consent::Observe, "ca: own.pem", &format!("ca: own.pem\n    public: {public}"))
            .await;
        assert_eq!(declared(&facts), wanted, "{public}");
    }
}

#[tokio::test]
async fn a_first_answer_without_hsts_shows_beside_the_one_it_leads_to() {
    let facts = changed("location = / {", "location = / { if ($args = '') { return 301 /?home=1; }").await;
    // In the block of `if` the headers of the location stand, in another location they do not.
    assert_eq!(list(&facts, "/fronts").len(), 2, "{}", facts["fronts"]);
    let facts = changed("#OPEN", "location = /away { return 302 /; }").await;
    assert_eq!(list(&facts, "/fronts").len(), 1);
    let shop = Shop::with(&[
        (
            "shop.conf",
            "location = / {",
            "location = / { error_page 418 = @away; if ($args = '') { return 418; }",
        ),
        ("shop.conf", "#OPEN", "location @away { add_header X-Other 1; return 301 /?home=1; }"),
    ]);
    let facts = shop.seen(Consent::Observe).await;
    let sent: Vec<_> = field(&facts, "/fronts", "hsts").into_iter().map(Value::is_null).collect();
    assert_eq!(sent, [true, false], "{}", facts["fronts"]);
}

#[tokio::test]
async fn what_an_unknown_api_tells_origins_is_no_verdict() {
    let cut = |facts: &Value| {
        list(facts, "/cors").last().and_then(|last| last.get("$unseen")).map(|why| why["kind"].clone())
    };
    let sound = Shop::sound();
    assert_eq!(cut(&sound.seen(Consent::Observe).await), None);
    let unknown = sound.seen_with(Consent::Observe, "\n    openapi: openapi.yaml", "").await;
    assert_eq!(cut(&unknown), None, "the rate limit names a path of the API");
    let promised = "\n    rate_limit: {requests: 40, per_seconds: 2, path: /api/index}";
    let own = "add_header Cache-Control \"private, no-store\";";
    let reflecting = format!("{own} add_header Access-Control-Allow-Origin $http_origin;");
    let shop = Shop::with(&[("shop.conf", own, &reflecting)]);
    // Without the promise it is a documented operation that refuses whoever is nobody.
    let facts = shop.seen_with(Consent::Observe, promised, "").await;
    assert_eq!(cut(&facts), None, "{}", facts["cors"]);
    let foreign =
        list(&facts, "/cors").into_iter().find(|answer| answer["kind"] == "foreign").expect("asked");
    assert_eq!(foreign["origin_allowed"], json!(true), "seen in an answer to a user");
    let both = format!(
        "\n    openapi: openapi.yaml\n    endpoints: {{metrics: 'http://127.0.0.1:${{back}}/metrics', fault: /ops/fault}}\n    cors_origins: ['https://app.example']{promised}"
    );
    let facts = shop.seen_with(Consent::Observe, &both, "").await;
    assert_eq!(cut(&facts), Some(json!("not-given")), "{}", facts["cors"]);
    let nobody = format!(
        "{promised}\n    request_body_max_bytes: 65536\n    credentials: {{user: {{bearer: {{env: TOKEN}}}}, operator: {{bearer: {{env: TOKEN}}}}}}"
    );
    let facts = shop.seen_with(Consent::Observe, &nobody, "").await;
    assert_eq!(cut(&facts), Some(json!("denied")), "{}", facts["cors"]);
}

#[tokio::test]
async fn what_the_front_answers_to_no_path_at_all_is_not_judged_for_its_headers() {
    let facts = Shop::sound().seen(Consent::Observe).await;
    let urls = field(&facts, "/responses", "url");
    assert!(urls.iter().all(|url| !url.as_str().expect("a URL").contains("/%zz")), "{urls:?}");
    assert!(
        field(&facts, "/errors", "url")
            .iter()
            .any(|url| url.as_str().is_some_and(|url| url.contains("/%zz")))
    );
}

/// What a sign-in shows that is answered so.
async fn signed_in(answer: &str) -> Value {
    let sound = "add_header Set-Cookie \"__Host-session=c4n4ry-value; Path=/; HttpOnly; Secure; SameSite=Lax\"; return 200 '{\"ok\":true}';";
    let facts = Shop::with(&[("shop.conf", sound, answer)]).seen(Consent::Probe).await;
    facts["session_cookies"].clone()
}

#[tokio::test]
async fn a_sign_in_that_is_not_proven_is_no_session() {
    let form = "default_type text/html; return 200 '<form><input type=\"password\"></form>';";
    for (answer, kind) in [
        (form.to_owned(), "denied"),
        (format!("add_header Set-Cookie \"PHPSESSID=x\"; {form}"), "denied"),
        ("return 302 /login?failed=1;".to_owned(), "denied"),
        ("return 200 '{\"ok\":false}';".to_owned(), "denied"),
        ("return 200 '{\"ok\":true}';".to_owned(), "unsupported"),
        ("add_header Set-Cookie csrftoken=x; return 200 '{\"ok\":true}';".to_owned(), "unsupported"),
        ("add_header Set-Cookie shop=x; return 302 /home;".to_owned(), "unsupported"),
    ] {
        let cookies = signed_in(&answer).await;
        assert_eq!(cookies["$unseen"]["kind"], json!(kind), "{answer}: {cookies}");
    }
}

#[tokio::test]
async fn a_sign_in_that_is_proven_shows_its_session_under_any_name() {
    assert_eq!(
        signed_in("return 200 '{\"token\":\"0123456789\"}';").await,
        json!([]),
        "a session without a cookie"
    );
    let right = r#"{"email":"a@shop.example","password":"c4n4ry-password"}"#.len();
    let told_apart = format!(
        "if ($content_length != {right}) {{ return 401; }} add_header Set-Cookie shop=x; add_header Set-Cookie csrftoken=x; return 302 /home;"
    );
    let cookies = signed_in(&told_apart).await;
    assert_eq!(cookies.as_array().map(Vec::len), Some(1), "{cookies}");
    assert_eq!((&cookies[0]["name"], &cookies[0]["session"]), (&json!("shop"), &json!(true)));
}
