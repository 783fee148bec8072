use regex::Regex;

use super::{HEADERS, TEXTS, unescaped};

#[test]
fn every_pattern_compiles() {
    for sign in TEXTS.iter().chain(HEADERS.iter().map(|(_, sign)| sign)) {
        Regex::new(sign.pattern).unwrap_or_else(|error| panic!("{}: {error}", sign.what));
    }
}

fn named(text: &str) -> Vec<&'static str> {
    let text = unescaped(text);
    TEXTS
        .iter()
        .filter(|sign| Regex::new(sign.pattern).expect("compiles").is_match(&text))
        .map(|sign| sign.what)
        .collect()
}

#[test]
fn internals_are_found_as_frameworks_show_them() {
    for (text, what) in [
        ("Traceback (most recent call last):\n  File \"/app/x.py\"", "a Python stack trace"),
        (
            "{\"stack\":\"Error: x\\n    at Object.<anonymous> (/srv/app/src/a.js:10:5)\"}",
            "a JavaScript stack trace",
        ),
        ("\tat com.example.Shop.buy(Shop.java:42)", "a Java stack trace"),
        ("goroutine 17 [running]:", "a Go stack trace"),
        ("thread 'main' panicked at src/main.rs:3:5", "a Rust panic or backtrace"),
        ("{\"error\":\"relation \\\"links\\\" does not exist\"}", "a PostgreSQL error"),
        ("{\"error\":\"error returned from database: SELECT id, url FROM links WHERE\"}", "an SQL statement"),
        ("connect ECONNREFUSED 10.0.0.5:5432", "a driver's error"),
        ("no such file: /var/www/shop/uploads/x", "a path of the server"),
        ("<b>Warning</b>:  include(a.php) failed in <b>/var/www/a.php</b>", "a PHP error"),
        ("You're seeing this error because you have <code>DEBUG = True</code>", "Django's debug page"),
        ("<script type=\"module\" src=\"/@vite/client\"></script>", "Vite's development server"),
        ("{\"env\": \"development\"}", "the word of a development mode"),
    ] {
        assert!(named(text).contains(&what), "{text}: {:?}", named(text));
    }
}

#[test]
fn sound_answers_show_nothing() {
    for text in [
        "<html><head><title>404 Not Found</title></head><body><center><h1>404 Not Found</h1></center><hr><center>nginx</center></body></html>",
        r#"{"error":{"code":"not_found","message":"There is nothing at this address.","request_id":"01JD4"}}"#,
        r#"{"type":"about:blank","title":"Internal Server Error","status":500,"instance":"/api/orders/7"}"#,
        "Please select a plan from the list below and update your settings.",
        "See /about/opt-out/ and /app/ for more. Delete from cart.",
        "{\"status\":\"healthy\",\"environment\":\"staging\"}",
    ] {
        assert!(named(text).is_empty(), "{text}: {:?}", named(text));
    }
}

#[test]
fn quotes_hold_no_token_and_nothing_that_stands_between_quotes() {
    for (word, shown) in [
        ("at", "at"),
        ("(/srv/app/index.js:7:9)", "(/srv/app/index.js:7:9)"),
        ("password=hunter2", "password=…"),
        ("'hunter2'", "'…"),
        ("connect(a1b2c3d4e5f6a7)", "connect(…)"),
        ("/var/www/a1b2c3d4e5f6a7.php", "/var/www/….php"),
        ("column=", "column="),
    ] {
        assert_eq!(super::masked(word), shown);
    }
}
