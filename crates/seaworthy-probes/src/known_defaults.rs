//! Values that everybody knows: published defaults, and placeholders that a person was meant to replace.
//!
//! Statements about a value only; the value itself goes no further.

use std::collections::BTreeSet;
use std::sync::LazyLock;

/// The list, one value a line, compared whole and without regard to case.
const LIST: &str = include_str!("../data/known_defaults.txt");

static KNOWN: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    let lines = LIST.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(str::to_lowercase).collect()
});

/// Words by which examples say that a value is to be put in, wherever they stand in it: `https://your-domain.com`.
const PLACEHOLDER_WORDS: [&str; 9] = [
    "your_",
    "your-",
    "yourdomain",
    "changeme",
    "change_me",
    "change-me",
    "replaceme",
    "replace_me",
    "placeholder",
];
/// Beginnings by which examples say the same, which are found in the middle of sound values as well.
const PLACEHOLDER_BEGINNINGS: [&str; 10] = [
    "your ",
    "change this",
    "change_this",
    "change-this",
    "changethis",
    "replace_",
    "replace-",
    "insert_",
    "insert-",
    "enter_",
];
/// Values that stand for "nothing yet".
const PLACEHOLDERS: [&str; 12] =
    ["todo", "tbd", "fixme", "xxx", "xxxx", "xxxxx", "xxxxxxxx", "foo", "bar", "foobar", "none", "..."];

/// Whether a value is a published default.
pub fn is_known_default(value: &str) -> bool {
    KNOWN.contains(&value.trim().to_lowercase())
}

/// Values that mean something in settings that are no secrets: `OTEL_TRACES_EXPORTER=none`.
const SOUND_IN_SETTINGS: [&str; 4] = ["none", "foo", "bar", "foobar"];

/// Whether the value of a setting that is no secret says of itself that it is to be replaced.
pub fn is_placeholder_of_a_setting(value: &str) -> bool {
    is_placeholder(value) && !SOUND_IN_SETTINGS.contains(&value.trim().to_lowercase().as_str())
}

/// Whether a value says of itself that it is to be replaced.
pub fn is_placeholder(value: &str) -> bool {
    let value = value.trim().to_lowercase();
    let bracketed =
        |open: &str, close: &str| value.len() > 2 && value.starts_with(open) && value.ends_with(close);
    PLACEHOLDERS.contains(&value.as_str())
        || PLACEHOLDER_WORDS.iter().any(|word| value.contains(word))
        || PLACEHOLDER_BEGINNINGS.iter().any(|beginning| value.starts_with(beginning))
        || bracketed("<", ">")
        || bracketed("[", "]") && value.contains("your")
        || bracketed("{{", "}}")
        || (value.len() >= 3 && value.chars().all(|letter| letter == 'x'))
}

#[cfg(test)]
mod tests {
    use super::{is_known_default, is_placeholder, is_placeholder_of_a_setting};

    #[test]
    fn published_defaults_are_known_whatever_their_case() {
        assert!(is_known_default("Changeme"));
        assert!(is_known_default(" keyboard cat "));
        assert!(!is_known_default("4f1c8e0d9b7a"));
        assert!(!is_known_default("# comment"));
        assert!(!is_known_default(""));
    }

    #[test]
    fn words_for_nothing_are_sound_values_of_settings() {
        for value in ["none", "foo"] {
            assert!(is_placeholder(value) && !is_placeholder_of_a_setting(value), "{value}");
        }
        assert!(is_placeholder_of_a_setting("changeme"));
    }

    #[test]
    fn placeholders_are_seen_and_plain_settings_are_not() {
        for value in [
            "your_access_key",
            "your-bucket",
            "<secret>",
            "CHANGEME",
            "xxxxxx",
            "replace_with_key",
            "https://your-domain.com",
        ] {
            assert!(is_placeholder(value), "{value}");
        }
        for value in ["us-east-1", "production", "3000", "", "[::1]", "https://shop.example.com"] {
            assert!(!is_placeholder(value), "{value}");
        }
    }
}
