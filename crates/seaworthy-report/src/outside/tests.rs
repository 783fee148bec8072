use std::borrow::Cow;

use super::{TEXT_CHARS_MAX, is_log_line, visible};

#[test]
fn what_acts_or_hides_is_written_out() {
    let cases = [
        ("\u{1b}[31mred\r\n", "\\u{1b}[31mred\\r\\n"),
        ("\u{9b}31m\u{7f}\u{0}", "\\u{9b}31m\\u{7f}\\u{0}"),
        ("a\u{202e}b\u{200b}c\u{feff}", "a\\u{202e}b\\u{200b}c\\u{feff}"),
        ("a\u{2003}b\u{e0041}", "a\\u{2003}b\\u{e0041}"),
        ("##[error] ##vso[x] ##teamcity[x]", "\\u{23}#[error] \\u{23}#vso[x] \\u{23}#teamcity[x]"),
        ("e\u{301}\u{302}\u{303}\u{304}", "e\u{301}\u{302}\u{303}\\u{304}"),
    ];
    for (text, shown) in cases {
        assert_eq!(visible(text), shown);
    }
}

#[test]
fn ordinary_text_is_left_alone() {
    let texts = [
        "curl -sI 'https://x.example/?a=b&c=d' | grep -i \"^location\"",
        "## heading",
        "Zürich, naïve, 東京, Привет, שלום",
    ];
    for text in texts {
        assert_eq!(visible(text), text);
    }
    assert!(matches!(visible("plain"), Cow::Borrowed(_)));
}

#[test]
fn endless_text_is_cut_and_says_so() {
    let shown = visible(&"é".repeat(1_000_000)).into_owned();
    assert!(shown.ends_with("… (998000 more characters)"));
    assert_eq!(shown.chars().filter(|c| *c == 'é').count(), TEXT_CHARS_MAX);
}

#[test]
fn orders_to_the_log_are_told_from_addresses() {
    assert!(is_log_line("  ::error file=a::b"));
    assert!(is_log_line("::set-output::x"));
    assert!(!is_log_line("::1 localhost"));
    assert!(!is_log_line("::ffff:10.0.0.1"));
    assert!(!is_log_line("a ::error::b"));
}
