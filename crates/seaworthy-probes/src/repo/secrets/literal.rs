//! Whether a literal looks like a secret and not like a name, a sentence, a path, a pattern or a placeholder.

use crate::repo::settings::strength::{entropy_per_character, is_default, is_words, stands_for_one};

/// Least length of a literal without digits that is taken for a secret: shorter ones are names too often.
const WITHOUT_DIGITS_CHARS_MIN: usize = 12;
/// Least entropy in bits a character: passwords that people make have about as much.
const ENTROPY_MIN: f64 = 2.75;
/// The UUID that documents use for an example.
const UUID_OF_DOCUMENTS: &str = "550e8400-e29b-41d4-a716-446655440000";
/// Signs that join words in names, addresses and sentences; a generator of passwords draws from more than these.
const JOINTS: &[char] = &['-', '_', '.', '/', ':', '@', ',', '\'', '+', '='];

/// Whether a literal looks like a secret. Without quotes it ends where code would go on, so brackets make it code.
pub(super) fn looks_secret(value: &str, quoted: bool) -> bool {
    let length = value.chars().count();
    let digits = value.chars().filter(char::is_ascii_digit).count();
    let letters = value.chars().filter(char::is_ascii_alphabetic).count();
    let odd = value.chars().any(|c| c.is_whitespace() || c == '\\')
        || (if quoted { is_code(value) } else { value.contains(BRACKETS) });
    // Words joined by dashes, dots or underlines are names: `auth.token.header`, `x-api-key-2`.
    let parts: Vec<&str> = value.split(['-', '_', '.', '/', ':', '@']).collect();
    let words = parts.iter().all(|part| part.len() <= 3 || year(part) || is_word(part, parts.len()));
    let name = !quoted && value.contains('.') && words;
    let path = value.starts_with(['/', '.', '~']) || value.contains("://");
    (8..=512).contains(&length)
        && (digits >= 2 && letters >= 2 || is_mixed(value))
        && !odd
        && !words
        && !name
        && !path
        && !names_something(value)
        && !is_hash(value)
        && !stands_for_one(value)
        && !is_default(value)
        && entropy_per_character(value) >= ENTROPY_MIN
}

const BRACKETS: &[char] = &['(', ')', '[', ']', '{', '}', '<', '>', '|'];

/// Few digits or none, but letters of both cases mixed with signs, or letters in an order that no name has.
fn is_mixed(value: &str) -> bool {
    let both = |holds: fn(&char) -> bool| value.chars().filter(holds).count() >= 2;
    let signs = value.chars().filter(|c| c.is_ascii_punctuation() && !JOINTS.contains(c)).count();
    let letters: Vec<char> = value.chars().filter(char::is_ascii_alphabetic).collect();
    let changes =
        letters.windows(2).filter(|two| two[0].is_ascii_uppercase() != two[1].is_ascii_uppercase()).count();
    // Every hump of a name in camel case has one change up and one down for five letters or more.
    let restless = changes * 5 >= letters.len() * 2;
    value.len() >= WITHOUT_DIGITS_CHARS_MIN
        && both(char::is_ascii_uppercase)
        && both(char::is_ascii_lowercase)
        && !is_words(value)
        && restless
        && (signs >= 1 || value.len() >= 20)
}

/// Calls, fields to be filled in, tags and patterns. A random text holds brackets too, but not so.
fn is_code(value: &str) -> bool {
    let head = value.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | ':' | '$')));
    let call = head.filter(|at| *at > 0).is_some_and(|at| {
        let rest = value.get(at..).unwrap_or_default();
        let closes = rest.rfind(if rest.starts_with('(') { ')' } else { ']' });
        let behind = closes.and_then(|at| rest.get(at + 1..));
        rest.starts_with(['(', '['])
            && behind.is_some_and(|behind| {
                behind.is_empty()
                    || behind.starts_with('.')
                        && behind.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.'))
            })
    });
    let ranges = ["a-z", "A-Z", "0-9", "(?", "]+", "]*", ")+", ")*", "]{", "){", ".*", "=>", "</"];
    let list = value.split('|').count() > 1
        && value.split('|').all(|part| part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'));
    call || list
        || value.starts_with('<')
        || ranges.iter().filter(|range| value.contains(**range)).count() >= 2
        || value.starts_with('^') && value.ends_with('$')
        || ["${", "#{", "{{"].iter().any(|open| value.contains(open) && value.contains('}'))
        || has_field(value)
}

/// A field of a format: `{}`, `{name}`, `{0}`, `{:>8}`, `{count:02}`.
fn has_field(value: &str) -> bool {
    value.match_indices('{').any(|(at, _)| {
        let rest = value.get(at + 1..).unwrap_or_default();
        rest.split_once('}').is_some_and(|(inside, _)| {
            let name = inside.split([':', '!']).next().unwrap_or_default();
            name.chars().all(|c| c.is_ascii_lowercase() || c == '_' || c == '.')
                || name.chars().all(|c| c.is_ascii_digit())
                || name.chars().all(|c| c.is_ascii_uppercase() || c == '_')
                || name.starts_with(|c: char| c.is_ascii_lowercase())
                    && name.chars().all(|c| c.is_ascii_alphanumeric())
        })
    })
}

/// What a password becomes before it is stored: `$2b$10$…`, `$argon2id$…`.
fn is_hash(value: &str) -> bool {
    value.strip_prefix('$').and_then(|rest| rest.split_once('$')).is_some_and(|(kind, _)| {
        !kind.is_empty() && kind.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
    })
}

/// Letters, and in a name of several parts a number behind them: `pkcs12-password`.
fn is_word(part: &str, parts: usize) -> bool {
    const NUMBER_DIGITS_MAX: usize = 4;
    let letters = part.trim_end_matches(|c: char| c.is_ascii_digit());
    let number = part.len() - letters.len();
    // Letters in an order that no name has are no word.
    letters.chars().all(|c| c.is_ascii_alphabetic())
        && !letters.is_empty()
        && (number == 0 || (parts > 1 && number <= NUMBER_DIGITS_MAX))
        && !is_mixed(letters)
}

fn year(part: &str) -> bool {
    part.len() == 4 && part.chars().all(|c| c.is_ascii_digit())
}

/// UUIDs that hold a time or a name, and digests, name things far more often than they open them. Random ones are given out as tokens.
fn names_something(value: &str) -> bool {
    let groups: Vec<&str> = value.split('-').collect();
    let uuid = groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12]);
    let random = groups.get(2).is_some_and(|group| group.starts_with('4'))
        && groups.get(3).is_some_and(|group| group.starts_with(['8', '9', 'a', 'b', 'A', 'B']));
    (uuid && (!random || value.eq_ignore_ascii_case(UUID_OF_DOCUMENTS)))
        || value.starts_with("sha256")
        || value.starts_with("sha512")
}
