//! Secrets where none belong: on the command line and in the wrong place of a manifest.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use super::canary::{Canary, found};
use super::files;
use crate::support::run;

/// What is typed, with `SECRET` for the secret.
const TYPED: [&[&str]; 12] = [
    &["check", "https://user:SECRET@127.0.0.1"],
    &["check", "https://SECRET@127.0.0.1"],
    &["check", "https://127.0.0.1/?api_key=SECRET"],
    &["check", "https://127.0.0.1/#SECRET"],
    &["check", "postgres://user:SECRET@127.0.0.1/db"],
    &["check", "redis://:SECRET@127.0.0.1"],
    &["check", "https://user:SECRET@[::1"],
    &["check", "https://user:SECRET@127.0.0.1:99999"],
    &["check", "https://user:SECRET@ho st"],
    &["check", "--consent", "probe", "https://user:SECRET@127.0.0.1"],
    &["check", "--env", "staging", "https://user:SECRET@127.0.0.1"],
    &["init", "https://user:SECRET@127.0.0.1"],
];

/// What stands in an environment, with `SECRET` for the secret.
const WRITTEN: [&str; 30] = [
    "urls: ['https://user:SECRET@127.0.0.1']",
    "urls: ['https://127.0.0.1/?token=SECRET']",
    "urls: ['https://127.0.0.1/#SECRET']",
    "urls: ['ftp://user:SECRET@127.0.0.1']",
    "urls: ['https://user:SECRET@ho st']",
    "urls: [\"https://user:SECRET@h\\n\"]",
    "urls: 'https://user:SECRET@127.0.0.1'",
    "cors_origins: ['https://user:SECRET@127.0.0.1']",
    "endpoints: {health: 'https://user:SECRET@127.0.0.1/health'}",
    "endpoints: {health: '/health?key=SECRET'}",
    "endpoints: {health: 'SECRET'}",
    "postgres: {url: 'postgres://user:SECRET@db/shop'}",
    "postgres: 'postgres://user:SECRET@db/shop'",
    "postgres: {url: {env: 'postgres://user:SECRET@db/shop'}}",
    "postgres: {url: {file: 'postgres://user:SECRET@db/shop'}}",
    "postgres: {url: {value: 'postgres://user:SECRET@db/shop'}}",
    "postgres: {url: {env: {SECRET: 1}}}",
    "redis: {url: 'redis://:SECRET@cache'}",
    "redis: {url: {env: 'redis://:SECRET@cache'}}",
    "redis: {url: {env: A, file: SECRET}}",
    "credentials: {user: {bearer: SECRET}}",
    "credentials: {user: SECRET}",
    "credentials: {user: {bearer: {env: 'Bearer SECRET'}}}",
    "credentials: {user: {basic: 'a:SECRET'}}",
    "login: {path: /login, user: a, password: SECRET}",
    "login: {path: /login, user: a, password: [SECRET]}",
    "consent: SECRET",
    "rate_limit: {requests: SECRET, per_seconds: 1, path: /}",
    "resolve: {shop: SECRET}",
    "openapi: 'https://user:SECRET@127.0.0.1/../../openapi.yaml'",
];

#[test]
fn a_secret_on_the_command_line_is_refused_and_not_repeated() {
    let mut wrong = Vec::new();
    for (number, words) in TYPED.iter().enumerate() {
        let canary = Canary::new("the command line", number);
        let words: Vec<String> = words.iter().map(|word| word.replace("SECRET", &canary.value)).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        wrong.extend(refused(&words.join(" "), &words, canary, "service: {name: shop}\n"));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_secret_in_the_wrong_place_of_a_manifest_is_refused_and_not_repeated() {
    let mut wrong = Vec::new();
    for (number, written) in WRITTEN.iter().enumerate() {
        let canary = Canary::new("a mistake in a manifest", number);
        let written = written.replace("SECRET", &canary.value);
        let manifest = format!("service: {{name: shop}}\nenvironments:\n  staging: {{{written}}}\n");
        wrong.extend(refused(&written, &["check", "--env", "staging"], canary, &manifest));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What stands as the public key of a person.
const KEYS: [&str; 5] = [
    "SECRET",
    "ssh-ed25519 SECRET",
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAISECRET",
    "-----BEGIN OPENSSH PRIVATE KEY-----\\nSECRET\\n-----END OPENSSH PRIVATE KEY-----",
    "ed25519:SECRET",
];

#[test]
fn a_private_key_in_place_of_a_public_one_is_refused_and_not_repeated() {
    let mut wrong = Vec::new();
    for (number, key) in KEYS.iter().enumerate() {
        let canary = Canary::new("the key of a person", number);
        let key = key.replace("SECRET", &canary.value);
        let manifest = format!(
            "service: {{name: shop}}\npeople:\n  a@example.com: {{roles: [security], keys: [\"{key}\"]}}\n"
        );
        wrong.extend(refused(&key, &["check"], canary, &manifest));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_key_that_cannot_be_read_is_refused_and_not_repeated() {
    let mut wrong = Vec::new();
    let files = [
        "SECRET",
        "-----BEGIN OPENSSH PRIVATE KEY-----\nSECRET\n-----END OPENSSH PRIVATE KEY-----\n",
        "-----BEGIN PRIVATE KEY-----\nSECRET\n-----END PRIVATE KEY-----\n",
    ];
    let words =
        "waive https-enforced --reason later --owner a@example.com --until 30d --key key --passphrase-env";
    for (number, text) in files.iter().enumerate() {
        let canary = Canary::new("a key that cannot be read", number);
        let words: Vec<&str> = words.split(' ').chain([canary.value.as_str()]).collect();
        let key = text.replace("SECRET", &canary.value);
        wrong.extend(refused_with(text, &words, canary.clone(), MANIFEST, &|here| {
            fs::write(here.join("key"), &key).expect("writes");
            fs::set_permissions(here.join("key"), fs::Permissions::from_mode(0o600)).expect("is ours");
        }));
        wrong.extend(refused_with("a passphrase for a name", &words, canary.clone(), MANIFEST, &|here| {
            let words = ["-q", "-t", "ed25519", "-N", "other", "-C", "", "-f", "key"];
            let made = Command::new("ssh-keygen").args(words).current_dir(here).status();
            assert!(made.expect("ssh-keygen starts").success());
        }));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

const MANIFEST: &str = "service: {name: shop}\nenvironments: {staging: {}}\n";

/// What went wrong when this was asked for: nothing where it was refused in silence about the secret.
fn refused(what: &str, words: &[&str], canary: Canary, manifest: &str) -> Vec<String> {
    refused_with(what, words, canary, manifest, &|_| ())
}

/// The same in a folder that holds something.
fn refused_with(
    what: &str,
    words: &[&str],
    canary: Canary,
    manifest: &str,
    fill: &dyn Fn(&Path),
) -> Vec<String> {
    let here = tempfile::tempdir().expect("a folder");
    fill(here.path());
    fs::write(here.path().join("seaworthy.yaml"), manifest).expect("writes");
    let ended = run(here.path(), words);
    let mut wrong = Vec::new();
    if ended.code != Some(2) || ended.err.is_empty() {
        wrong.push(format!("{what} is not refused: {:?}", ended.code));
    }
    // What is signed opens the store first; everything else is refused before anything is done.
    if words[0] != "waive" && here.path().join(".seaworthy").exists() {
        wrong.push(format!("{what} leaves something behind"));
    }
    let mut sinks =
        vec![("stdout".to_owned(), ended.out.into_bytes()), ("stderr".to_owned(), ended.err.into_bytes())];
    files(&here.path().join(".seaworthy"), &mut sinks);
    wrong.extend(found(&[canary], &sinks).into_iter().map(|found| format!("{what}: {found}")));
    wrong
}
