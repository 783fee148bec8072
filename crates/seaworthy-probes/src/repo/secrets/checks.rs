//! What a pattern cannot say of a secret.

use super::literal::looks_secret;
use crate::repo::settings::names;
use crate::repo::settings::strength::{entropy_per_character, is_default, stands_for_one};

/// Length of a Stellar seed in characters.
const SEED: usize = 56;

/// Stellar secret seeds: 56 characters of base 32 that begin with `S` and end in a right checksum.
pub(super) fn stellar_seeds(text: &[u8]) -> Vec<(usize, usize)> {
    let base32 = |byte: u8| byte.is_ascii_uppercase() || (b'2'..=b'7').contains(&byte);
    let mut found = Vec::new();
    let mut at = SEED - 1;
    // A run of 56 covers one of every 56 places, so only these are looked at.
    while let Some(byte) = text.get(at) {
        if !base32(*byte) {
            at += SEED;
            continue;
        }
        let start = text
            .get(..at)
            .and_then(|before| before.iter().rposition(|byte| !base32(*byte)))
            .map_or(0, |end| end + 1);
        let run = text.get(start..).unwrap_or_default().iter().take_while(|byte| base32(**byte)).count();
        let alone = |at: Option<usize>| {
            !at.and_then(|at| text.get(at)).is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
        };
        if run == SEED
            && alone(start.checked_sub(1))
            && alone(Some(start + run))
            && text.get(start..start + run).is_some_and(is_seed)
        {
            found.push((start, start + run));
        }
        at = (start + run).max(at) + SEED;
    }
    found
}

/// Version byte of a secret seed, and CRC-16/XMODEM of what stands before the last two bytes, least byte first.
fn is_seed(text: &[u8]) -> bool {
    let Some(bytes) = base32(text) else { return false };
    let Some((content, check)) = bytes.split_last_chunk::<2>() else { return false };
    let mut crc = 0_u16;
    for byte in content {
        crc ^= u16::from(*byte) << 8;
        for _ in 0..8 {
            crc = if crc & 0x8000 == 0 { crc << 1 } else { crc << 1 ^ 0x1021 };
        }
    }
    content.first() == Some(&(18 << 3)) && *check == crc.to_le_bytes()
}

fn base32(text: &[u8]) -> Option<Vec<u8>> {
    unpacked(text, 5, |character| match character {
        b'A'..=b'Z' => Some(character - b'A'),
        b'2'..=b'7' => Some(character - b'2' + 26),
        _ => None,
    })
}

/// Bytes from characters that stand for so many bits each.
fn unpacked(text: &[u8], bits_each: u32, value: impl Fn(u8) -> Option<u8>) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let (mut bits, mut count) = (0_u32, 0);
    for character in text {
        bits = (bits << bits_each | u32::from(value(*character)?)) & 0xffff;
        count += bits_each;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 0xff).ok()?);
        }
    }
    Some(bytes)
}

/// Whether the first part of a token says how it is signed.
pub(super) fn is_jwt(token: &str) -> bool {
    const SIGNATURE_ENTROPY_MIN: f64 = 3.0;
    let head = token.split('.').next().unwrap_or_default();
    if token
        .rsplit('.')
        .next()
        .is_none_or(|signature| entropy_per_character(signature) < SIGNATURE_ENTROPY_MIN)
    {
        return false;
    }
    let Some(head) = base64(head) else { return false };
    serde_json::from_slice::<serde_json::Value>(&head).is_ok_and(|head| head.get("alg").is_some())
}

fn base64(text: &str) -> Option<Vec<u8>> {
    let text = text.split('=').next().unwrap_or_default();
    unpacked(text.as_bytes(), 6, |character| match character {
        b'A'..=b'Z' => Some(character - b'A'),
        b'a'..=b'z' => Some(character - b'a' + 26),
        b'0'..=b'9' => Some(character - b'0' + 52),
        b'-' | b'+' => Some(62),
        b'_' | b'/' => Some(63),
        _ => None,
    })
}

/// Whether what follows the head of a private key is a key, and not prose or code about keys.
pub(super) fn is_key_body(body: &str) -> bool {
    let base64 = body.split("-----").next().unwrap_or_default();
    let count =
        base64.bytes().filter(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/')).count();
    count >= 64 && entropy_per_character(base64) > 4.0
}

/// The password of the URL whose `://` stands at `at`.
pub(super) fn url_password(text: &[u8], at: usize, end: usize) -> Option<(usize, usize)> {
    let begin = at + 3;
    let rest = text.get(begin..end)?;
    // Only what may stand before the host; nothing of the path is looked at.
    let stop = |byte: &u8| byte.is_ascii_whitespace() || b"\"'`<>/\\?#|,;()[]".contains(byte);
    let authority = rest.get(..rest.iter().take(512).position(stop).unwrap_or(rest.len().min(512)))?;
    let sign = authority.iter().rposition(|byte| *byte == b'@')?;
    let colon = authority.get(..sign)?.iter().position(|byte| *byte == b':')?;
    let (user, password) = (authority.get(..colon)?, authority.get(colon + 1..sign)?);
    let host = authority.get(sign + 1..)?;
    let (user, password) = (std::str::from_utf8(user).ok()?, std::str::from_utf8(password).ok()?);
    if password.len() < 3 || host.is_empty() || made_up(user, password, &String::from_utf8_lossy(host)) {
        return None;
    }
    Some((begin + colon + 1, begin + sign))
}

/// A URL that everybody writes for their own machine, or in a text about URLs.
fn made_up(user: &str, password: &str, host: &str) -> bool {
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let example =
        ["example.com", "example.org", "example.net", "example", "test", "invalid"].iter().any(|domain| {
            name == *domain || name.strip_suffix(domain).is_some_and(|before| before.ends_with('.'))
        });
    let near = name == "localhost" || name.starts_with("127.") || !name.contains('.');
    let common = is_default(password) || password.eq_ignore_ascii_case(user) || stands_for_one(password);
    let word =
        password.len() < 24 && password.chars().all(|c| c.is_ascii_lowercase() || c == '_' || c == '-');
    example
        || (near && (common || word))
        || matches!(password, "password" | "pass" | "pwd" | "secret" | "PASSWORD" | "PASS")
        || host.contains(['$', '{', '%', '<']) && common
        || password.starts_with(['{', '$', '%', '<', ':'])
}

/// The literal that a line assigns to a name that says secret. `near` is where the word that called for this ends.
pub(super) fn assignment(text: &[u8], from: usize, to: usize, near: usize) -> Option<(usize, usize)> {
    let rest = text.get(near..to)?;
    // The name goes on to its end, then perhaps a quote, a type, and a sign that assigns.
    let name_end =
        rest.iter().position(|byte| !(byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')))?;
    let before = text.get(from..near)?;
    let name_begin =
        before.iter().rposition(|byte| !(byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')));
    let name = text.get(name_begin.map_or(from, |at| from + at + 1)..near + name_end)?;
    let name = snake(std::str::from_utf8(name).ok()?);
    if !names::is_secret(&name, "") {
        return None;
    }
    let at = near + name_end;
    let called = name_begin.is_some_and(|end| opens_call(before.get(..=end).unwrap_or_default()));
    let (begin, quoted) = after_sign(text.get(at..to)?, called)?;
    let begin = at + begin;
    let value = text.get(begin..to)?;
    let end = match quoted {
        Some(quote) => value.iter().position(|byte| *byte == quote)?,
        None => value
            .iter()
            .position(|byte| byte.is_ascii_whitespace() || b",;#\"'`)}]".contains(byte))
            .unwrap_or(value.len()),
    };
    let value = std::str::from_utf8(value.get(..end)?).ok()?;
    looks_secret(value, quoted.is_some()).then_some((begin, begin + end))
}

/// Whether a name that follows is the first text that a call is given: `define('`, `setdefault("`.
fn opens_call(before: &[u8]) -> bool {
    before
        .split_last()
        .is_some_and(|(last, before)| matches!(last, b'"' | b'\'') && before.trim_ascii_end().ends_with(b"("))
}

/// Where the value begins behind `=`, `:`, `:=` or `=>`, and its quote. A call that is given a name is given its value
/// behind a comma. Without a quote only `=` and `:` in
/// configuration files are followed by a literal; code would name a variable there, which `looks_secret` tells apart.
fn after_sign(rest: &[u8], called: bool) -> Option<(usize, Option<u8>)> {
    let mut at = 0;
    let skip = |at: &mut usize, set: &[u8]| {
        while rest.get(*at).is_some_and(|byte| set.contains(byte)) {
            *at += 1;
        }
    };
    skip(&mut at, b"\"'`])");
    skip(&mut at, b" \t");
    if called && rest.get(at) == Some(&b',') {
        skip(&mut at, b", \t");
        let quote = rest.get(at).copied().filter(|byte| matches!(byte, b'"' | b'\''))?;
        return Some((at + 1, Some(quote)));
    }
    // A type between name and value: `token: &str = "…"`, `token: string = "…"`.
    if rest.get(at) == Some(&b':') {
        let equals = rest.get(at..)?.iter().take(40).position(|byte| *byte == b'=');
        let typed = equals.filter(|equals| {
            rest.get(at + 1..at + equals)
                .is_some_and(|kind| !kind.is_empty() && !kind.contains(&b'"') && !kind.contains(&b'\''))
        });
        at += typed.unwrap_or(0);
    }
    let sign = at;
    skip(&mut at, b"=:>");
    if at == sign || at - sign > 2 || rest.get(sign..at).is_some_and(|sign| sign == b"==" || sign == b"::") {
        return None;
    }
    skip(&mut at, b" \t");
    let quote = rest.get(at).copied().filter(|byte| matches!(byte, b'"' | b'\'' | b'`'));
    Some((at + usize::from(quote.is_some()), quote))
}

/// `apiKey` as `api_key`.
fn snake(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 4);
    let mut before_lower = false;
    for character in name.chars() {
        if character.is_ascii_uppercase() && before_lower {
            snake.push('_');
        }
        before_lower = character.is_ascii_lowercase();
        snake.push(if matches!(character, '-' | '.') { '_' } else { character.to_ascii_lowercase() });
    }
    snake
}
