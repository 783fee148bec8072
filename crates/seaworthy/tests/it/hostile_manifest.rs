//! Manifests that mean harm: exit 2 before anything is looked at, in bounded time, and no secret shown.

use std::fs;
use std::net::TcpListener;
use std::time::{Duration, Instant};

use crate::support::{Ended, run};

const SOUND: &str = "service: {name: shop}\n";

fn checked(bytes: &[u8]) -> Ended {
    let here = tempfile::tempdir().expect("a folder");
    fs::write(here.path().join("seaworthy.yaml"), bytes).expect("writes");
    let began = Instant::now();
    let ended = run(here.path(), &["check", "--env", "staging"]);
    assert!(began.elapsed() < Duration::from_secs(20), "it took {:?}", began.elapsed());
    ended
}

fn refused(name: &str, bytes: &[u8]) -> Ended {
    let ended = checked(bytes);
    assert_eq!(ended.code, Some(2), "{name}: {}{}", ended.out, ended.err);
    assert!(ended.out.is_empty(), "{name}");
    ended
}

fn environment(text: &str) -> String {
    format!("{SOUND}environments: {{staging: {{{text}}}}}\n")
}

#[test]
fn m1_m2_bombs_and_depth() {
    let mut bomb = String::from("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
    for level in 1..12 {
        let before = vec![format!("*a{}", level - 1); 10].join(",");
        bomb += &format!("a{level}: &a{level} [{before}]\n");
    }
    refused("alias bomb", bomb.as_bytes());
    refused("depth", "[".repeat(100_000).as_bytes());
    refused(
        "block depth",
        (0..2_000).map(|n| format!("{}a:\n", " ".repeat(n))).collect::<String>().as_bytes(),
    );
    refused("self alias", b"service: &a {name: *a}\n");
    let chain: String = (1..5_000).map(|n| format!("k{n}: &k{n} *k{}\n", n - 1)).collect();
    refused("alias chain", format!("k0: &k0 x\n{chain}").as_bytes());
}

#[test]
fn m3_a_hundred_megabytes_are_not_read() {
    refused("100 MB", &vec![b'#'; 100 * 1024 * 1024]);
    refused("2 MB scalar", format!("service: {{name: {}}}", "x".repeat(2 * 1024 * 1024)).as_bytes());
}

#[test]
fn m4_m5_m6_keys() {
    refused("duplicate consent", environment("consent: observe, consent: drill").as_bytes());
    refused("unknown key", environment("consnet: probe").as_bytes());
    refused(
        "merge key",
        format!("{SOUND}x: &x {{consent: drill}}\nenvironments: {{staging: {{<<: *x}}}}").as_bytes(),
    );
    let tagged =
        checked(format!("{SOUND}environments: !!python/object:os.system {{staging: {{}}}}").as_bytes());
    assert!(matches!(tagged.code, Some(2 | 4)), "a tag means nothing: {}", tagged.err);
}

#[test]
fn m7_m8_odd_values_and_documents() {
    for value in ["NO", "1.10", "0777", ".nan", "1e400", "[]", "{}"] {
        refused(value, environment(&format!("consent: {value}")).as_bytes());
        refused(value, environment(&format!("request_body_max_bytes: -{value}")).as_bytes());
    }
    refused("two documents", format!("{SOUND}---\n{SOUND}").as_bytes());
    refused("empty", b"");
    refused("NUL", b"service: {name: \"a\0b\"}\n");
    let marked = checked(format!("\u{feff}{SOUND}environments: {{staging: {{}}}}\n").as_bytes());
    assert!(matches!(marked.code, Some(0 | 4)), "a mark of the byte order means nothing: {}", marked.err);
    refused("UTF-16", &"service: {name: shop}".encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>());
    refused("not UTF-8", b"service: {name: \xff\xfe}");
}

#[test]
fn m9_paths_out_of_the_root() {
    for path in ["../outside", "/etc", "a/../../b", ""] {
        refused(path, environment(&format!("repo: \"{path}\"")).as_bytes());
        refused(path, environment(&format!("openapi: \"{path}\"")).as_bytes());
        refused(path, environment(&format!("reports: [\"{path}\"]")).as_bytes());
    }
}

#[test]
fn m10_m13_secrets_in_a_manifest_are_refused_and_not_shown() {
    for text in [
        "postgres: {url: \"postgres://u:hunter2@h/db\"}",
        "redis: {url: \"redis://:hunter2@h\"}",
        "urls: [\"https://u:hunter2@h.example.com\"]",
        "urls: [\"hunter2://h.example.com\"]",
        "credentials: {user: {bearer: hunter2}}",
        "credentials: {user: hunter2}",
        "login: {path: /l, user: a, password: hunter2}",
        "consent: hunter2",
    ] {
        let ended = refused(text, environment(text).as_bytes());
        assert!(!ended.err.contains("hunter2"), "{text}: {}", ended.err);
    }
}

#[test]
fn m11_nothing_is_expanded() {
    let here = tempfile::tempdir().expect("a folder");
    let text = "service: {name: \"$(touch ran)\"}\nenvironments:\n  staging:\n    urls: [\"http://127.0.0.1:9/$(touch ran)\"]\n    \
                postgres: {url: {env: \"$(touch ran)\"}}\n    redis: {url: {file: \"`touch ran`\"}}\n    hosts: [{service: \"; touch ran\"}]\n";
    fs::write(here.path().join("seaworthy.yaml"), text).expect("writes");
    let ended = run(here.path(), &["check", "--env", "staging", "--deadline", "5"]);
    assert!(matches!(ended.code, Some(1 | 2 | 4)), "{}", ended.err);
    assert!(!here.path().join("ran").exists());
}

#[test]
fn m12_odd_urls() {
    for url in [
        "file:///etc/passwd",
        "https://",
        "https:///x",
        "//h",
        "javascript:alert(1)",
        "https://h\\\\@evil",
        "http://[::1",
        "gopher://h",
    ] {
        let ended = checked(environment(&format!("urls: [\"{url}\"]")).as_bytes());
        assert!(matches!(ended.code, Some(1 | 2 | 4)), "{url}: {}{}", ended.out, ended.err);
        assert!(!ended.out.contains("GO\n") || ended.code != Some(0), "{url}");
    }
    refused("line break", environment("urls: [\"https://h.example.com/\\r\\nX: y\"]").as_bytes());
    refused("path with line break", environment("endpoints: {health: \"/h\\r\\nX: y\"}").as_bytes());
}

#[test]
fn m14_a_million_targets() {
    let urls = vec!["\"http://127.0.0.1:1\""; 30_000].join(",");
    refused("urls", environment(&format!("urls: [{urls}]")).as_bytes());
    let hosts = vec!["{process: 1}"; 50_000].join(",");
    refused("hosts", environment(&format!("hosts: [{hosts}]")).as_bytes());
}

#[test]
fn m16_hostile_names_are_inert_on_the_terminal() {
    let here = tempfile::tempdir().expect("a folder");
    let text =
        "service: {name: \"shop\\e[2J\\e]0;owned\\a\\u202Egnp.exe\"}\nenvironments: {staging: {repo: .}}\n";
    fs::write(here.path().join("seaworthy.yaml"), text).expect("writes");
    let ended = run(here.path(), &["check", "--env", "staging"]);
    assert!(!ended.out.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{:?}", ended.out);
}

#[test]
fn m15_a_manifest_that_changes_during_the_run_is_read_once() {
    let (first, second) = (listener(), listener());
    let here = tempfile::tempdir().expect("a folder");
    let path = here.path().join("seaworthy.yaml");
    let manifest = |asked: &TcpListener| {
        environment(&format!("urls: ['http://{}']", asked.local_addr().expect("an address")))
    };
    fs::write(&path, manifest(&first)).expect("writes");
    let other = manifest(&second);
    let ended = std::thread::scope(|scope| {
        scope.spawn(|| {
            // Whoever is asked first changes what is to be asked.
            let asked = first.accept();
            fs::write(&path, &other).expect("writes");
            drop(asked);
            drop(first);
        });
        run(here.path(), &["check", "--env", "staging", "--deadline", "5", "--no-keep"])
    });
    assert_eq!(ended.code, Some(4), "{}{}", ended.out, ended.err);
    second.set_nonblocking(true).expect("can be set");
    assert!(second.accept().is_err(), "what the manifest said later was asked");
}

fn listener() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").expect("a port")
}
