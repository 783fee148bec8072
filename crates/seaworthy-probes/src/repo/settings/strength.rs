//! How hard a secret is to guess, in numbers that do not give it away.

use std::collections::BTreeMap;

use crate::known_defaults::is_known_default;

/// What can be told of a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Strength {
    /// Characters.
    pub(crate) length_chars: usize,
    /// Estimated entropy of the whole value in bits, rounded down: never more than its length and its alphabet allow.
    pub(crate) entropy_bits: u64,
    /// It is a shipped default, a well-known word, or one of these with digits or signs around it.
    pub(crate) listed: bool,
}

/// Measures a value.
pub(crate) fn strength(value: &str) -> Strength {
    Strength {
        length_chars: value.chars().count(),
        entropy_bits: bits(value),
        listed: is_default(value) || is_default(core_word(value)),
    }
}

/// Whether a value is a shipped default or a well-known word, with whatever signs between its letters.
pub(crate) fn is_default(value: &str) -> bool {
    let plain: String = value.chars().filter(|c| c.is_alphanumeric()).collect();
    is_known_default(value) || (plain.len() >= 4 && is_known_default(&plain))
}

/// Whether a value is none: it only stands for one, or names the place where one is kept.
pub(crate) fn stands_for_one(value: &str) -> bool {
    is_placeholder(value) || is_reference(value)
}

/// Whether a value only stands for one: `changeme`, `<your key>`, `xxxx`.
pub(crate) fn is_placeholder(value: &str) -> bool {
    const WORDS: &[&str] = &[
        "example",
        "changeme",
        "change-me",
        "change_me",
        "change this",
        "placeholder",
        "your-",
        "your_",
        "yourkey",
        "dummy",
        "sample",
        "redacted",
        "replace",
        "insert",
        "todo",
        "fixme",
        "xxxx",
        "****",
        "....",
        "not-a-real",
        "not_a_real",
        "notreal",
        "fake",
        "secret-here",
        "enter-",
        "enter_",
        "generate",
    ];
    if is_reference(value) {
        return false;
    }
    let lower = value.to_lowercase();
    let distinct: std::collections::BTreeSet<char> = lower.chars().collect();
    // A random text holds such signs as well, but no words between them.
    let words = |text: &str| {
        text.trim_start().starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && text.chars().all(|c| {
                c.is_ascii_alphanumeric() || matches!(c, ' ' | '_' | '-' | '.' | ':' | '?' | '/' | '"' | '\'')
            })
    };
    let filled = [("${", "}"), ("$(", ")"), ("{{", "}}"), ("%(", ")s")]
        .iter()
        .any(|(open, close)| inside(value, open, close).is_some_and(words));
    let described = inside(value, "<", ">")
        .is_some_and(|inside| inside.chars().all(|c| c.is_alphabetic() || matches!(c, ' ' | '_' | '-')));
    value.is_empty()
        || filled
        || described
        || distinct.len() <= 2
        || is_sequence(&lower)
        || WORDS.iter().any(|word| lower.contains(word))
}

/// Whether a value names the place where the secret is kept: a manager's address, another variable, a file.
pub(crate) fn is_reference(value: &str) -> bool {
    const BEGINNINGS: &[&str] = &[
        "op://",
        "vault:",
        "vault://",
        "bao:",
        "ref+",
        "arn:",
        "aws:",
        "aws-sm://",
        "awssm://",
        "secretsmanager:",
        "ssm:",
        "ssm://",
        "sm://",
        "gcp:",
        "gcpsm://",
        "gcp-sm://",
        "azure:",
        "akv://",
        "azurekeyvault://",
        "keyvault:",
        "@microsoft.keyvault(",
        "secretref:",
        "doppler://",
        "infisical://",
        "bws://",
        "keyring:",
        "enc[",
        "/run/secrets/",
    ];
    let lower = value.trim().to_ascii_lowercase();
    let kept = BEGINNINGS.iter().any(|beginning| {
        lower.strip_prefix(beginning).is_some_and(|place| place.chars().any(|c| c.is_ascii_alphanumeric()))
    });
    let project = lower.starts_with("projects/") && lower.contains("/secrets/");
    kept || project || is_variable(value.trim())
}

/// `$NAME`, `${NAME}`, `${NAME:?why}`, `%NAME%`, `$(command)`, `{{ name }}`: what stands there is put in later. A text to
/// fall back on (`${NAME:-text}`) is a value that stands in the file.
fn is_variable(value: &str) -> bool {
    let whole = |open: &str, close: &str| value.strip_prefix(open).and_then(|rest| rest.strip_suffix(close));
    let braces = whole("${", "}").is_some_and(|inside| {
        let name = inside.split_once(":?").map_or(inside, |(name, _)| name);
        is_name(name.strip_suffix(":-").unwrap_or(name))
    });
    let dollar = value.strip_prefix('$').is_some_and(is_name);
    let percent = whole("%", "%").is_some_and(is_name);
    let command = whole("$(", ")").is_some_and(|inside| !inside.is_empty());
    let template = whole("{{", "}}").is_some_and(|inside| !inside.trim().is_empty());
    braces || dollar || percent || command || template
}

/// A name of a variable, as people write them: in one case, which random letters have not.
fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.'))
        && !(name.chars().any(|c| c.is_ascii_uppercase()) && name.chars().any(|c| c.is_ascii_lowercase()))
}

/// What stands between two marks.
fn inside<'a>(value: &'a str, open: &str, close: &str) -> Option<&'a str> {
    let (_, rest) = value.split_once(open)?;
    rest.split_once(close).map(|(inside, _)| inside).filter(|inside| !inside.is_empty())
}

/// `123456789…`, `abcdefgh…`: each character follows the one before.
fn is_sequence(lower: &str) -> bool {
    let follows = lower
        .as_bytes()
        .windows(2)
        .filter(|pair| pair[1] == pair[0].wrapping_add(1) || pair == b"90")
        .count();
    lower.len() >= 6 && follows * 10 >= (lower.len() - 1) * 9
}

/// The value without what people add to a word: digits and signs around it.
fn core_word(value: &str) -> &str {
    value.trim_matches(|c: char| !c.is_alphabetic())
}

/// An estimate of the entropy that went into a value.
///
/// A value whose characters are spread as evenly as random ones has what its alphabet gives; any other has at most
/// Shannon's entropy of its own characters; words have two bits a letter. Repeated pieces count once.
fn bits(value: &str) -> u64 {
    let length = value.chars().count();
    let shannon = entropy_per_character(value);
    let alphabet = alphabet_bits(value);
    let even = 0.8 * alphabet.min(count(length.max(2)).log2());
    let per_character = if is_words(value) {
        2.0
    } else if shannon >= even {
        alphabet
    } else {
        shannon
    };
    floor(per_character * count(fresh_characters(value).min(length)))
}

/// Bits a character when each of the alphabet that the value draws from is as likely as the others.
fn alphabet_bits(value: &str) -> f64 {
    let all = |holds: fn(&char) -> bool| value.chars().all(|c| holds(&c));
    if all(char::is_ascii_digit) {
        3.3
    } else if all(|c| c.is_ascii_digit() || ('a'..='f').contains(c))
        || all(|c| c.is_ascii_digit() || ('A'..='F').contains(c))
    {
        4.0
    } else if all(char::is_ascii_lowercase) || all(char::is_ascii_uppercase) {
        4.7
    } else if all(|c| c.is_ascii_digit() || c.is_ascii_lowercase())
        || all(|c| c.is_ascii_digit() || c.is_ascii_uppercase())
    {
        5.1
    } else {
        6.0
    }
}

/// Letters and what stands between words only, with as many vowels as words have, and capitals where words have them: random letters
/// have neither.
pub(crate) fn is_words(value: &str) -> bool {
    let letters: Vec<char> = value.chars().filter(char::is_ascii_alphabetic).collect();
    let between = value.chars().filter(|c| matches!(c, '-' | '_' | '.' | ' ')).count();
    let vowels = letters.iter().filter(|c| "aeiouAEIOU".contains(**c)).count();
    let turns = letters
        .windows(2)
        .filter(|pair| matches!(pair, [one, other] if one.is_ascii_uppercase() != other.is_ascii_uppercase()))
        .count();
    letters.len() * 10 >= (value.chars().count() - between) * 8
        && vowels * 10 >= letters.len() * 3
        && turns * 10 <= letters.len() * 3
}

/// Characters that do not only repeat what stood before: in a run of three or more that occurred already, none counts.
fn fresh_characters(value: &str) -> usize {
    let characters: Vec<char> = value.chars().take(4_096).collect();
    let mut seen = std::collections::HashSet::new();
    let mut fresh = characters.len().min(3);
    for window in characters.windows(4) {
        if seen.insert(window.to_vec()) {
            fresh += 1;
        }
    }
    fresh.min(characters.len())
}

/// Shannon's entropy in bits a character.
pub(crate) fn entropy_per_character(value: &str) -> f64 {
    let mut counts: BTreeMap<char, usize> = BTreeMap::new();
    for character in value.chars() {
        *counts.entry(character).or_default() += 1;
    }
    let total = count(value.chars().count());
    counts.values().map(|times| count(*times) / total).map(|share| -share * share.log2()).sum()
}

fn count(number: usize) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "rounded down on purpose, and bounded by length times seven"
)]
fn floor(bits: f64) -> u64 {
    bits.max(0.0) as u64
}
