use super::cache::cache;
use super::cookie::cookie;
use super::csp::csp;
use super::metrics::exposition;
use super::policies::{disabled_features, hsts, is_nosniff, referrer_policy};

#[test]
fn hsts_counts_only_with_a_sound_max_age() {
    let strong = hsts("max-age=31536000; includeSubDomains").expect("sound");
    assert_eq!((strong.max_age_seconds, strong.include_subdomains), (31_536_000, true));
    assert_eq!(hsts("MAX-AGE=\"10\" ; PRELOAD").map(|h| (h.max_age_seconds, h.preload)), Some((10, true)));
    for odd in ["", "includeSubDomains", "max-age=", "max-age=-1", "max-age=1y", "max-age=1; max-age=2"] {
        assert!(hsts(odd).is_none(), "{odd}");
    }
}

#[test]
fn a_policy_is_strict_only_where_browsers_are() {
    let strict = csp("default-src 'self'").expect("a policy");
    assert!(strict.default_self_or_stricter && !strict.scripts_inline_allowed);
    assert!(!strict.scripts_from_anywhere && !strict.scripts_eval_allowed);
    let inline = |text: &str| csp(text).expect("a policy").scripts_inline_allowed;
    assert!(inline("default-src 'self'; script-src 'self' 'unsafe-inline'"));
    assert!(!inline("script-src 'unsafe-inline' 'nonce-abc'"), "a nonce switches it off");
    assert!(inline("img-src 'self'"), "no directive for scripts allows all");
    assert!(inline("script-src 'self'; script-src-attr 'unsafe-inline'"));
    assert!(!inline("default-src 'unsafe-inline', default-src 'self'"), "both must allow it");
    let wild = |text: &str| csp(text).expect("a policy").scripts_from_anywhere;
    for lax in ["script-src *", "script-src https:", "default-src 'self' data:", "style-src 'self'"] {
        assert!(wild(lax), "{lax}");
    }
    for lax in ["*:443", "https://*:*", "*.com", "https://*.io:443", "https://*/", "HTTPS:"] {
        assert!(wild(&format!("script-src 'self' {lax}")), "{lax}");
    }
    let many = "https://a.example ".repeat(60);
    assert!(wild(&format!("script-src {many} *")), "the last of many counts as well");
    assert!(!wild("script-src 'self' https://cdn.example.com https://*.example.com:443/js/"));
    assert!(!csp("default-src 'self' https://cdn.example.com").expect("a policy").default_self_or_stricter);
    assert!(csp("DEFAULT-SRC 'SELF'; default-src *").expect("a policy").default_self_or_stricter);
    assert!(csp("").is_none() && csp(" ; ,").is_none());
    for public in [
        "*.co.uk",
        "https://*.amazonaws.com",
        "*.s3.eu-west-1.amazonaws.com",
        "*.github.io",
        "*.googleapis.com",
    ] {
        assert!(wild(&format!("script-src 'self' {public}")), "{public}");
    }
    for own in ["*.example.com", "*.shop.example.co.uk", "*.stripe.com", "*.shop.pages.dev"] {
        assert!(!wild(&format!("script-src 'self' {own}")), "{own}");
    }
}

#[test]
fn framing_is_denied_by_none_alone() {
    let none = |text: &str| csp(text).expect("a policy").frame_ancestors_none;
    assert!(none("frame-ancestors 'none'"));
    assert!(!none("frame-ancestors 'none' https://other.example"));
    assert!(!none("frame-ancestors 'self'"));
    assert!(!none("default-src 'none'"), "default-src does not cover framing");
}

#[test]
fn the_last_known_referrer_policy_counts() {
    assert_eq!(referrer_policy("no-referrer, unsafe-url").as_deref(), Some("unsafe-url"));
    assert_eq!(referrer_policy("strict-origin, mystery").as_deref(), Some("strict-origin"));
    assert_eq!(referrer_policy("mystery"), None);
}

#[test]
fn only_the_empty_list_disables_a_feature() {
    let disabled =
        disabled_features("geolocation=(), microphone=( ) , camera=(self), usb=*, geolocation=(self)");
    assert_eq!(disabled, ["microphone"]);
    assert!(disabled_features("geolocation 'none'").is_empty(), "the old syntax is ignored by browsers");
}

#[test]
fn nosniff_is_the_first_word() {
    assert!(is_nosniff("NoSniff") && is_nosniff("nosniff, nosniff"));
    assert!(!is_nosniff("") && !is_nosniff("sniff, nosniff"));
}

#[test]
fn cache_directives_are_read() {
    let long = cache("public, max-age=31536000, immutable");
    assert!(long.public && long.immutable && !long.private);
    assert_eq!(long.max_age_seconds, Some(31_536_000));
    assert_eq!(cache("max-age=soon").max_age_seconds, Some(0));
    assert!(cache("Private, NO-STORE").no_store);
}

#[test]
fn cookies_show_flags_and_never_values() {
    let session = cookie("__Host-session=s3cr3t; Path=/; HttpOnly; Secure; SameSite=lax").expect("a cookie");
    assert!(session.session && session.http_only && session.secure);
    assert_eq!(session.same_site.as_deref(), Some("Lax"));
    assert!(!format!("{session:?}").contains("s3cr3t"));
    let open = cookie("connect.sid=s%3Aabc; SameSite=Maybe").expect("a cookie");
    assert!(open.session && !open.secure && !open.http_only);
    assert_eq!(open.same_site, None);
    assert!(!cookie("csrf_token=abc").expect("a cookie").session);
    assert!(!cookie("lang=en").expect("a cookie").session);
    assert!(
        !cookie("sidebar=open").expect("a cookie").session
            && cookie("PHPSESSID=1").expect("a cookie").session
    );
    assert!(cookie("sid=; Path=/").is_none() && cookie("sid=x; Max-Age=0").is_none());
    assert!(cookie("garbage").is_none());
}

#[test]
fn expositions_are_read_strictly() {
    let text = "# HELP up x\n# TYPE up gauge\nup 1\nhttp_total{path=\"/a \\\"b\\\" } {\",code=\"200\"} 3e2 1700000000\n";
    let found = exposition(text).expect("metrics");
    assert_eq!((found.samples_count, found.families_count), (2, 1));
    assert!(exposition("a_bucket{le=\"+Inf\"} +Inf # {trace=\"x\"} 0.5\n# EOF\n").is_some());
    for odd in [
        "",
        "# TYPE up gauge\n",
        "OK",
        "<html>",
        "{\"status\": \"ok\"}",
        "up",
        "up one",
        "up{a=b} 1",
        "up{a=\"b} 1",
        "1up 1",
    ] {
        assert!(exposition(odd).is_none(), "{odd}");
    }
}
