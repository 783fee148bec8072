//! The command that shows a fact again. Never holds a secret, never breaks out of its quotes.

use super::question::Question;
use super::target::RedisTarget;

/// `redis-cli` with the user of the URL; it asks for the password.
pub(super) fn signed_in(target: &RedisTarget, question: Question<'_>) -> String {
    let mut options = server(target);
    if target.password.is_some() {
        options.extend(target.user.as_deref().map(|user| format!("--user {}", quoted(user))));
        options.push("--askpass".to_owned());
    }
    with(&options, question)
}

/// `redis-cli` without credentials.
pub(super) fn unknown(target: &RedisTarget, question: Question<'_>) -> String {
    with(&server(target), question)
}

/// `redis-cli` without credentials, at another address.
pub(super) fn elsewhere(address: &str, port: u16) -> String {
    format!("redis-cli -h {} -p {port} PING", quoted(address))
}

fn server(target: &RedisTarget) -> Vec<String> {
    let mut options = vec![format!("-h {} -p {}", quoted(&target.host), target.port)];
    if target.tls {
        options.push("--tls".to_owned());
    }
    options
}

fn with(options: &[String], question: Question<'_>) -> String {
    let words: Vec<String> = question.words().into_iter().map(quoted).collect();
    format!("redis-cli {} {}", options.join(" "), words.join(" "))
}

/// A word for a shell: as it is where nothing in it has a meaning there.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.:@/|+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    let shown: String = word.chars().filter(|c| !c.is_control()).collect();
    format!("'{}'", shown.replace('\'', r"'\''"))
}
