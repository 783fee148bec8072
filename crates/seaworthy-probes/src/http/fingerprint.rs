//! Names of files that hold a digest of what is in them, so that they may be kept for ever, told from names that people gave.

use chrono::Datelike;
use seaworthy_core::facts::{Blind, Unseen};
use url::Url;

/// Digests in names have so many characters.
const LENGTHS: std::ops::RangeInclusive<usize> = 8..=64;
/// Vite and Rollup write digests of this length, in which `-` and `_` may stand.
const BASE64URL_LENGTH: usize = 8;
/// Fewer changes between small and capital letters are those of names: `btnClose`, `UserCard`.
const CHANGES_OF_CASE_MIN: usize = 3;
/// A number at the end of a name that people gave, such as that of `bootstrap5`, has at most so many digits.
const NUMBER_DIGITS_MAX: usize = 3;

/// Whether the name of a file, or its query, holds a digest; the reason where letters alone do not tell.
pub(super) fn fingerprinted(url: &Url) -> Result<bool, Unseen> {
    let name = url.path_segments().and_then(Iterator::last).unwrap_or("");
    let query = url.query().unwrap_or("");
    let stem = name.split('.').next().unwrap_or(name);
    let parts = name.split(['.', '-', '_']).chain(query.split(['.', '-', '_', '=', '&']));
    let told: Vec<Told> = parts.map(told).chain([at_the_end(stem)]).collect();
    if told.contains(&Told::Digest) {
        Ok(true)
    } else if told.contains(&Told::Either) {
        let why = format!("whether `{name}` holds a digest or a word cannot be told");
        Err(Unseen::new(Blind::Unsupported, why)
            .give("digests of 16 characters or more in the names of files"))
    } else {
        Ok(false)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    Digest,
    Name,
    Either,
}

/// One part of a name, between dots and dashes.
fn told(part: &str) -> Told {
    let all = |holds: fn(char) -> bool| part.chars().all(holds);
    let any = |holds: fn(char) -> bool| part.chars().any(holds);
    if !LENGTHS.contains(&part.len()) || !all(|c| c.is_ascii_alphanumeric()) || is_size(part) {
        return Told::Name;
    }
    let (digits, letters) = (any(|c| c.is_ascii_digit()), any(|c| c.is_ascii_alphabetic()));
    let word = part.trim_end_matches(|c: char| c.is_ascii_digit());
    let numbered =
        part.len() - word.len() <= NUMBER_DIGITS_MAX && word.chars().all(|c| c.is_ascii_alphabetic());
    match (digits, letters) {
        // A number, which eight digits of a digest may look like.
        (true, false) if part.len() == BASE64URL_LENGTH && !is_date(part) => Told::Either,
        (true, false) => Told::Name,
        (true, true) if !numbered => Told::Digest,
        _ => word_or_digest(word, digits),
    }
}

/// Letters, which may be followed by a number.
fn word_or_digest(word: &str, numbered: bool) -> Told {
    let vowels = word.chars().filter(|c| "aeiouyAEIOUY".contains(*c)).count();
    let sounds = vowels * 10 >= word.len() * 3;
    let letters: Vec<char> = word.chars().skip(1).collect();
    let changes = letters
        .windows(2)
        .filter(|pair| matches!(pair, [a, b] if a.is_ascii_uppercase() != b.is_ascii_uppercase()))
        .count();
    match (sounds, changes > 0) {
        (false, true) if changes >= CHANGES_OF_CASE_MIN && word.len() == BASE64URL_LENGTH => Told::Digest,
        // `UserCard` and `DiwaTeda` look alike, and `html5shiv` is a name without vowels.
        (_, true) => Told::Either,
        (false, false) if numbered => Told::Either,
        (_, false) => Told::Name,
    }
}

/// `index-C_a-Xyz1`: a digest whose own characters include the signs that part names.
fn at_the_end(stem: &str) -> Told {
    let Some((before, digest)) =
        stem.len().checked_sub(BASE64URL_LENGTH).and_then(|at| stem.split_at_checked(at))
    else {
        return Told::Name;
    };
    let has = |holds: fn(char) -> bool| digest.chars().any(holds);
    let signs = has(|c| matches!(c, '-' | '_'));
    let upper = digest.chars().filter(char::is_ascii_uppercase).count();
    let mixed = upper >= 2 && has(|c| c.is_ascii_lowercase());
    if before.ends_with(['-', '.']) && signs && mixed { Told::Digest } else { Told::Name }
}

/// Eight digits that say a day: year, month, day.
fn is_date(part: &str) -> bool {
    chrono::NaiveDate::parse_from_str(part, "%Y%m%d").is_ok_and(|day| (1990..2100).contains(&day.year()))
}

/// Width and height, such as `1920x1080`.
fn is_size(part: &str) -> bool {
    let number = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
    part.split_once(['x', 'X']).is_some_and(|(width, height)| number(width) && number(height))
}

#[cfg(test)]
mod tests {
    use super::{Url, fingerprinted};

    #[test]
    fn names_made_by_a_build_are_told_from_names_made_by_people() {
        let named = |name: &str| {
            fingerprinted(&Url::parse(&format!("https://shop.example/assets/{name}")).expect("a URL")).ok()
        };
        for name in [
            "app.0123456789ab.css",
            "index-BX3k9Qz1.js",
            "index-DKwrgTzq.js",
            "index-C_a-Xyz1.js",
            "vendor-Bq-RtzKp.css",
            "main.8f3c2d1e.chunk.js",
            "a1b2c3d4e5f6.png",
            "app.js?v=8f3c2d1e",
        ] {
            assert_eq!(named(name), Some(true), "{name}");
        }
        for name in [
            "app.css",
            "bootstrap.min.js",
            "bootstrap5.min.js",
            "fontawesome6.css",
            "icon-192.png",
            "jquery-3.7.1.js",
            "hero-1920x1080.jpg",
            "apple-touch-icon.png",
            "app.js?v=12",
            "app.js?v=20260101",
            "page-Settings.js",
        ] {
            assert_eq!(named(name), Some(false), "{name}");
        }
        for name in [
            "chunk-UserCard.js",
            "index-DiwaTeda.js",
            "btnClose.svg",
            "imgPlaceholder.png",
            "btnCloseBig.svg",
            "main.48291057.js",
        ] {
            assert_eq!(named(name), None, "{name}");
        }
    }
}
