use seaworthy_core::consent::Consent;
use serde_json::{Value, json};

use super::shop::Shop;
use super::{field, list, unseen};

async fn seen(shop: &Shop) -> Value {
    shop.seen(Consent::Observe).await
}

#[tokio::test]
async fn a_sound_shop_is_seen_whole_within_the_budget() {
    let facts = seen(&Shop::sound()).await;
    for plain in list(&facts, "/plain") {
        assert_eq!((&plain["status"], &plain["redirects_to_https"]), (&json!(301), &json!(true)), "{plain}");
    }
    let front = &facts["fronts"][0];
    assert_eq!(front["certificate_trusted"], json!(true), "{front}");
    assert_eq!(front["hsts"]["max_age_seconds"], json!(31_536_000));
    assert_eq!(front["hsts"]["include_subdomains"], json!(true));
    let page = &facts["pages"][0];
    assert_eq!(page["csp"]["default_self_or_stricter"], json!(true));
    assert_eq!(page["csp"]["frame_ancestors_none"], json!(true));
    assert_eq!(page["frame_options"], json!("DENY"));
    assert_eq!(page["referrer_policy"], json!("strict-origin-when-cross-origin"));
    assert_eq!(page["disabled_features"], json!(["geolocation", "microphone"]));
    assert_eq!(page["cache"]["no_cache"], json!(true));
    assert!(field(&facts, "/responses", "nosniff").iter().all(|flag| **flag == json!(true)), "{facts:#}");
    assert!(list(&facts, "/responses").len() >= 8, "{:#}", facts["responses"]);
    for answer in list(&facts, "/cors") {
        assert_eq!(answer["origin_allowed"], json!(answer["kind"] == "declared"), "{answer}");
    }
    assert!(list(&facts, "/sensitive").len() >= 20);
    assert!(field(&facts, "/sensitive", "open").iter().all(|open| **open == json!(false)), "{facts:#}");
    for answer in [&facts["health"][0], &facts["readiness"][0]] {
        assert_eq!((&answer["status"], &answer["says_healthy"]), (&json!(200), &json!(true)), "{answer}");
        assert_eq!(answer["documented_shape"], json!(true), "{answer}");
        for field in ["checks_database", "checks_cache", "checks_disk"] {
            assert_eq!(answer[field], json!(true), "{answer}");
        }
    }
    assert_eq!(facts["metrics"][0]["parses"], json!(true));
    assert_eq!(facts["metrics"][0]["public"], json!(false));
    assert_eq!(facts["version"][0]["version"], json!("1.4.2"));
    assert_eq!(facts["version"][0]["commit"], json!("0123456789abcdef0123456789abcdef01234567"));
    assert_eq!(facts["status"][0]["status"], json!(200));
}

#[tokio::test]
async fn files_and_private_answers_of_a_sound_shop_are_seen() {
    let facts = seen(&Shop::sound()).await;
    let texts = list(&facts, "/texts");
    assert!(texts.len() >= 4, "{texts:#?}");
    for text in texts {
        let wanted = if text["compressible"] == json!(true) { json!("gzip") } else { Value::Null };
        assert_eq!(text["content_encoding"], wanted, "{text}");
        assert_eq!(text["varies_by_encoding"], text["compressible"], "{text}");
    }
    assert_eq!(field(&facts, "/assets", "fingerprinted"), [&json!(true), &json!(true), &json!(false)]);
    assert!(field(&facts, "/assets", "cache").iter().all(|cache| cache["immutable"] == json!(true)));
    assert_eq!(facts["private"][0]["cache"]["no_store"], json!(true), "{}", facts["private"]);
    for error in list(&facts, "/errors") {
        if error.get("$unseen").is_none() {
            assert_eq!(error["internals_shown"], json!([]), "{error}");
        }
    }
    assert_eq!(facts["server_errors"][0]["status"], json!(500));
    assert_eq!(facts["server_errors"][0]["request_id"], json!(true));
}

#[tokio::test]
async fn what_takes_active_requests_waits_for_consent() {
    let facts = seen(&Shop::sound()).await;
    for path in ["/session_cookies", "/size_limits", "/rate_limit", "/burst"] {
        assert_eq!(unseen(&facts, path), "consent", "{path}");
    }
    let operations = list(&facts, "/operations");
    assert_eq!(operations.last().map(|last| &last["$unseen"]["kind"]), Some(&json!("consent")));
    assert!(
        operations[..operations.len() - 1].iter().all(|o| o["caller"] == "no-credential"),
        "{operations:#?}"
    );
}

/// One change, and what it shows.
async fn changed(file: &str, from: &str, to: &str) -> Value {
    seen(&Shop::with(&[(file, from, to)])).await
}

#[tokio::test]
async fn plain_http_that_answers_shows() {
    let facts =
        changed("shop.conf", "return 301 https://shop.example:${tls}$request_uri", "return 200 hello").await;
    assert!(field(&facts, "/plain", "redirects_to_https").iter().all(|flag| **flag == json!(false)));
    assert_eq!(facts["plain"][0]["status"], json!(200));
    let facts =
        changed("shop.conf", "https://shop.example:${tls}$request_uri", "https://shop.example:${tls}/").await;
    let kept: Vec<_> = field(&facts, "/plain", "redirects_to_https");
    assert_eq!(kept, [&json!(true), &json!(false), &json!(false)], "only the front page keeps its path");
}

#[tokio::test]
async fn a_closed_plain_port_shows_as_closed() {
    let facts = changed("shop.conf", "listen 127.0.0.1:${plain};", "listen unix:${dir}/plain;").await;
    assert_eq!(facts["plain"][0]["port_closed"], json!(true), "{}", facts["plain"]);
    assert_eq!(list(&facts, "/plain").len(), 1);
}

#[tokio::test]
async fn an_address_that_serves_plain_http_beside_one_that_redirects_shows() {
    let second = "127.0.0.2";
    let open =
        "server { listen 127.0.0.2:${plain}; root ${dir}/www; }\n\n  server { listen 127.0.0.1:${plain};";
    let shop = Shop::with(&[("shop.conf", "server { listen 127.0.0.1:${plain};", open)]);
    let facts = shop.seen_at_two(second.parse().unwrap()).await;
    let kept: Vec<_> = field(&facts, "/plain", "redirects_to_https");
    assert_eq!(kept, [&json!(true), &json!(true), &json!(true), &json!(true), &json!(false)]);
    let plain = &facts["plain"][4];
    assert_eq!((&plain["address"], &plain["status"]), (&json!(second), &json!(200)), "{plain}");
    assert!(plain["by_hand"].as_str().unwrap().contains("--resolve"), "{plain}");
    let facts = Shop::sound().seen_at_two(second.parse().unwrap()).await;
    assert_eq!(facts["plain"][4]["port_closed"], json!(true), "{}", facts["plain"]);
}

#[tokio::test]
async fn an_address_that_this_machine_has_no_way_to_is_left_out_and_named() {
    let far = "2001:db8::1";
    // On a machine with IPv6 such an address is silent, which proves nothing.
    let has_route = crate::dial::has_route((far.parse::<std::net::IpAddr>().unwrap(), 80).into());
    let facts = Shop::sound().seen_at_two(far.parse().unwrap()).await;
    if has_route {
        assert!(list(&facts, "/plain").last().unwrap()["$unseen"].is_object(), "{}", facts["plain"]);
        return;
    }
    let plain = list(&facts, "/plain");
    assert_eq!(plain.len(), 4, "{plain:#?}");
    assert_eq!(plain[3]["address"], json!("127.0.0.1"));
    assert_eq!(plain[3]["addresses_left_out"], json!([far]));
}

#[tokio::test]
async fn weak_headers_show() {
    for (from, to, path, wanted) in [
        ("includeSubDomains", "", "/fronts/0/hsts/include_subdomains", json!(false)),
        ("max-age=31536000", "max-age=300", "/fronts/0/hsts/max_age_seconds", json!(300)),
        ("Strict-Transport-Security", "X-Other", "/fronts/0/hsts", Value::Null),
        ("Content-Security-Policy", "Content-Security-Policy-Report-Only", "/pages/0/csp", Value::Null),
        (
            "default-src 'self'",
            "default-src 'self' 'unsafe-inline'",
            "/pages/0/csp/scripts_inline_allowed",
            json!(true),
        ),
        ("DENY", "SAMEORIGIN", "/pages/0/frame_options", json!("SAMEORIGIN")),
        ("strict-origin-when-cross-origin", "unsafe-url", "/pages/0/referrer_policy", json!("unsafe-url")),
        ("geolocation=(), ", "", "/pages/0/disabled_features", json!(["microphone"])),
        ("nosniff", "sniff", "/responses/0/nosniff", json!(false)),
    ] {
        let facts = changed("headers.conf", from, to).await;
        assert_eq!(facts.pointer(path), Some(&wanted), "{from} → {to}");
    }
}

#[tokio::test]
async fn an_origin_that_is_reflected_shows() {
    let facts = changed(
        "shop.conf",
        "map $http_origin $allowed { default \"\";",
        "map $http_origin $allowed { default $http_origin;",
    )
    .await;
    let allowed = list(&facts, "/cors").into_iter().filter(|answer| answer["origin_allowed"] == json!(true));
    let kinds: std::collections::BTreeSet<_> = allowed.filter_map(|answer| answer["kind"].as_str()).collect();
    assert_eq!(kinds.into_iter().collect::<Vec<_>>(), ["declared", "foreign", "look-alike", "null"]);
}

#[tokio::test]
async fn open_paths_show_and_say_what_they_hold() {
    for (location, path) in [
        ("location = /.env { return 200 'SECRET_KEY=c4n4ry'; }", "/.env"),
        ("location = /.git/HEAD { return 200 'ref: refs/heads/main'; }", "/.git/HEAD"),
        ("location = /metrics { return 200 'up 1'; }", "/metrics"),
        ("location = /admin { return 301 /admin/; } location = /admin/ { return 200 'Welcome'; }", "/admin"),
    ] {
        let facts = changed("shop.conf", "#OPEN", location).await;
        let open: Vec<_> =
            list(&facts, "/sensitive").into_iter().filter(|s| s["open"] == json!(true)).collect();
        assert_eq!(open.iter().map(|s| &s["path"]).collect::<Vec<_>>(), [&json!(path)]);
        assert!(!facts.to_string().contains("c4n4ry"), "no content in the facts");
    }
}

#[tokio::test]
async fn a_path_that_leads_on_is_judged_where_it_ends() {
    let admin = |facts: &Value| {
        let found = list(facts, "/sensitive").into_iter().find(|s| s["path"] == "/admin");
        found.map_or(Value::Null, |found| found["open"].clone())
    };
    for inside in [
        "location = /admin { return 302 /admin/board; } location = /admin/board { return 200 'Welcome'; }",
        "location = /admin { return 302 /admin/authors; } location = /admin/authors { return 200 'Welcome'; }",
        "location = /admin { return 301 /admin/; } location = /admin/ { return 302 /admin/board; } location = /admin/board { return 200 'Welcome'; }",
        // As from behind a front that ends TLS: over plain HTTP and back.
        "location = /admin { return 301 http://shop.example:${plain}/admin/; } location = /admin/ { return 200 'Welcome'; }",
    ] {
        assert_eq!(admin(&changed("shop.conf", "#OPEN", inside).await), json!(true), "{inside}");
    }
    let around = "location = /admin { return 302 /admin/a; } location = /admin/a { return 302 /admin; }";
    let facts = changed("shop.conf", "#OPEN", around).await;
    assert!(
        admin(&facts)["$unseen"]["why"].is_string()
            || list(&facts, "/sensitive").last().unwrap()["$unseen"].is_object()
    );
    for to in ["/login?next=/admin", "/", "https://sso.example.com/", "//169.254.169.254/"] {
        let outside = format!("location = /admin {{ return 302 {to}; }}");
        assert_eq!(admin(&changed("shop.conf", "#OPEN", &outside).await), json!(false), "{to}");
    }
}

#[tokio::test]
async fn looking_takes_one_connection_and_sixty_requests_that_read() {
    let shop = Shop::with(&[(
        "shop.conf",
        "access_log off;",
        "log_format seen '$server_port $connection $request_method'; access_log ${dir}/access.log seen;",
    )]);
    seen(&shop).await;
    let log = shop.log();
    let lines: Vec<_> = log.iter().filter(|line| !line.starts_with(&shop.back())).collect();
    assert!((40..=60).contains(&lines.len()), "{}", lines.len());
    assert!(lines.iter().all(|line| line.ends_with(" GET") || line.ends_with(" OPTIONS")), "{lines:#?}");
    let connections: std::collections::BTreeSet<_> =
        lines.iter().filter_map(|line| line.rsplit_once(' ').map(|(connection, _)| connection)).collect();
    // nginx closes the connection after a path that it cannot read.
    assert_eq!(connections.len(), 3, "one to the plain port and two to the other: {connections:?}");
}

#[tokio::test]
async fn a_path_that_asks_to_sign_in_is_neither_open_nor_closed() {
    let login =
        "location = /admin { default_type text/html; return 200 '<form><input type=\"password\"></form>'; }";
    let facts = changed("shop.conf", "#OPEN", login).await;
    let admin = list(&facts, "/sensitive").into_iter().find(|s| s["path"] == "/admin").expect("asked");
    assert_eq!(admin["open"]["$unseen"]["kind"], json!("unsupported"));
}

#[tokio::test]
async fn a_browser_application_at_every_path_hides_nothing() {
    let facts = changed("shop.conf", "#OPEN", "location / { try_files $uri /index.html; }").await;
    let index: Vec<_> = field(&facts, "/sensitive", "open");
    assert!(index.iter().all(|open| **open == json!(false)), "{index:?}");
    // The same with one real leak among them.
    let leak = "location / { try_files $uri /index.html; } location = /.env { return 200 'DB_PASSWORD=x'; }";
    let facts = changed("shop.conf", "#OPEN", leak).await;
    let open: Vec<_> = list(&facts, "/sensitive").into_iter().filter(|s| s["open"] == json!(true)).collect();
    assert_eq!(open.len(), 1);
}

#[tokio::test]
async fn health_that_is_not_well_shows() {
    for (from, to, path, wanted) in [
        (
            "location = /health { return 200",
            "location = /health { return 503",
            "/health/0/status",
            json!(503),
        ),
        (
            "{\"status\":\"healthy\",\"checks\"",
            "{\"status\":\"unhealthy\",\"checks\"",
            "/health/0/says_healthy",
            json!(false),
        ),
        ("\"disk\":true", "\"queue\":true", "/readiness/0/checks_disk", json!(false)),
        ("{\"ready\":true", "{\"ready\":false", "/readiness/0/says_healthy", json!(false)),
        (
            "location = /version { return 200",
            "location = /version { return 404",
            "/version/0/status",
            json!(404),
        ),
        ("# TYPE up gauge", "# TYPE up", "/metrics/0/parses", json!(false)),
    ] {
        let facts = changed("shop.conf", from, to).await;
        assert_eq!(facts.pointer(path), Some(&wanted), "{from} → {to}");
    }
}

#[tokio::test]
async fn metrics_on_the_public_url_show() {
    let open = "location = /metrics { proxy_pass http://127.0.0.1:${back}; }";
    let facts = changed("shop.conf", "#OPEN", open).await;
    assert_eq!(facts["metrics"][0]["public"], json!(true));
}

#[tokio::test]
async fn texts_that_are_not_compressed_show() {
    let facts = changed("shop.conf", "gzip on;", "gzip off;").await;
    let texts: Vec<_> =
        list(&facts, "/texts").into_iter().filter(|t| t["compressible"] == json!(true)).collect();
    assert!(
        texts.len() >= 3 && texts.iter().all(|text| text["content_encoding"] == Value::Null),
        "{texts:#?}"
    );
    let facts = changed("shop.conf", "gzip_vary on;", "").await;
    let texts =
        list(&facts, "/texts").into_iter().find(|t| t["compressible"] == json!(true)).expect("a text");
    assert_eq!(texts["varies_by_encoding"], json!(false));
}

#[tokio::test]
async fn weak_caching_shows() {
    let facts = changed("shop.conf", "public, max-age=31536000, immutable", "max-age=60").await;
    assert_eq!(facts["assets"][0]["cache"]["max_age_seconds"], json!(60));
    let facts = changed("shop.conf", "add_header Cache-Control \"private, no-store\";", "").await;
    assert_eq!(facts["private"][0]["cache"], Value::Null);
}

#[tokio::test]
async fn errors_that_tell_too_much_show() {
    let trace =
        "return 500 '{\"trace\":\"Traceback (most recent call last): File /srv/app/shop.py\",\"error\"";
    let facts = changed("shop.conf", "return 500 '{\"error\"", trace).await;
    let shown = &facts["server_errors"][0]["internals_shown"];
    assert_eq!(shown[0]["what"], json!("a Python stack trace"), "{facts:#}");
}

#[tokio::test]
async fn a_development_server_shows() {
    let facts =
        changed("index.html", "<title>", "<script type=\"module\" src=\"/@vite/client\"></script><title>")
            .await;
    assert_eq!(
        facts["development"][0]["what"],
        json!("Vite's development server"),
        "{}",
        facts["development"]
    );
}

#[tokio::test]
async fn t7_over_an_unverified_connection_no_credential_goes_and_the_rest_is_seen() {
    let facts = Shop::sound().seen_with(Consent::Probe, "ca: own.pem", "consent: probe").await;
    assert_eq!(facts["fronts"][0]["certificate_trusted"], json!(false));
    assert_eq!(facts["fronts"][0]["hsts"]["include_subdomains"], json!(true));
    assert_eq!(unseen(&facts, "/private"), "denied");
    assert_eq!(unseen(&facts, "/session_cookies"), "denied");
    assert!(facts["fronts"][0]["by_hand"].as_str().is_some_and(|by_hand| by_hand.contains(" -k ")));
}

#[tokio::test]
async fn no_secret_enters_the_facts() {
    let echo = "return 404 '$http_authorization $http_cookie'";
    let shop = Shop::with(&[("shop.conf", "return 200 '{\"links\":[\"${long}\"]}'", echo)]);
    for consent in [Consent::Observe, Consent::Probe] {
        let text = shop.seen(consent).await.to_string();
        for secret in ["good-token", "c4n4ry"] {
            assert!(!text.contains(secret), "{secret}");
        }
    }
}
