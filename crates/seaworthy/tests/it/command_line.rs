//! What a user types and what comes of it.

use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value as Json;

use crate::support::{ended, run, seaworthy, tree};

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

#[test]
fn a_wrong_request_is_exit_2_with_a_way_out_and_before_anything_is_done() {
    let here = folder();
    for words in [
        &["check", "/no/such/folder"][..],
        &["check", "ftp://example.com"],
        &["check", "https://user:hunter2@example.com"],
        &["check", "https://"],
        &["check", "https://a b"],
        &["check", "--env", "staging"],
        &["check", "--only", "no-such-requirement"],
        &["check", "--from", "/no/such/file"],
        &["check", "--consent", "everything"],
        &["check", "--format", "papyrus"],
        &["check", "--deadline", "0"],
        &["explain", "no-such-requirement"],
        &["report", "01"],
        &["history"],
        &["catalog", "lint", "--dir", "/no/such/folder"],
        &["nonsense"],
        &["init", "/no/such/folder"],
    ] {
        let ended = run(here.path(), words);
        assert_eq!(ended.code, Some(2), "{words:?}: {}{}", ended.out, ended.err);
        assert!(ended.err.contains("error: "), "{words:?}: {}", ended.err);
        assert!(ended.out.is_empty(), "{words:?}: {}", ended.out);
        assert!(!ended.err.contains("hunter2"), "{words:?}");
        assert!(!here.path().join(".seaworthy").exists(), "{words:?}");
    }
}

#[test]
fn a_manifest_with_a_mistake_is_pointed_at() {
    let here = folder();
    fs::write(
        here.path().join("seaworthy.yaml"),
        "service: {name: shop}\nenvironments:\n  staging:\n    postgress: 1\n",
    )
    .expect("writes");
    let ended = run(here.path(), &["check", "--env", "staging"]);
    assert_eq!(ended.code, Some(2));
    assert!(ended.err.contains("--> ./seaworthy.yaml:4:"), "{}", ended.err);
    assert!(ended.err.contains("did you mean `postgres`?"), "{}", ended.err);
}

#[test]
fn an_empty_folder_ends_undecided_and_says_what_would_help() {
    let here = folder();
    let ended = run(here.path(), &["check"]);
    assert_eq!(ended.code, Some(4), "{}", ended.err);
    assert!(ended.out.starts_with("UNDECIDED"), "{}", ended.out);
    assert!(ended.out.contains("seaworthy init"), "{}", ended.out);
    assert!(!ended.out.contains('\u{1b}'), "colours where there is no terminal");
}

#[test]
fn a_kept_run_prints_exactly_as_it_did_live_in_every_form() {
    let here = folder();
    let live = run(here.path(), &["check", "--format", "json"]);
    let id = serde_json::from_str::<Json>(&live.out).expect("JSON")["id"].as_str().expect("an id").to_owned();
    let kept = run(here.path(), &["report", &id, "--format", "json"]);
    assert_eq!((live.out, live.code), (kept.out, kept.code));
    for format in ["terminal", "sarif", "junit", "markdown", "html"] {
        let live = run(here.path(), &["check", "--format", format]);
        let kept = run(here.path(), &["report", "--format", format]);
        assert_eq!(live.out, kept.out, "{format}");
        assert!(!live.out.is_empty(), "{format}");
    }
}

#[test]
fn saved_facts_are_judged_again_offline_with_the_same_verdicts() {
    let here = folder();
    let live = run(here.path(), &["check", "--format", "json", "--output", "run.json"]);
    assert!(live.out.is_empty());
    let again = run(here.path(), &["check", "--from", "run.json", "--format", "json"]);
    let before: Json =
        serde_json::from_str(&fs::read_to_string(here.path().join("run.json")).expect("text")).expect("JSON");
    let after: Json = serde_json::from_str(&again.out).expect("JSON");
    assert_eq!(before["findings"], after["findings"]);
    assert_eq!(before["decision"], after["decision"]);
    assert_eq!(live.code, again.code);
}

#[test]
fn saved_facts_let_nothing_through_that_is_too_old_or_of_no_known_time() {
    let here = folder();
    fs::write(here.path().join("app.js"), "export const answer = 42;\n").expect("writes");
    let live = run(
        here.path(),
        &["check", "--format", "json", "--output", "run.json", "--only", "no-debug-leftovers"],
    );
    let again = |name: &str, words: &[&str]| {
        run(here.path(), &[&["check", "--from", name, "--only", "no-debug-leftovers"], words].concat())
    };
    let saved: Json =
        serde_json::from_str(&fs::read_to_string(here.path().join("run.json")).expect("text")).expect("JSON");
    let headline = saved["decision"]["headline"].clone();
    assert_eq!((headline.as_str(), live.code), (Some("go"), Some(0)), "{}", saved["decision"]);
    assert_eq!(again("run.json", &[]).code, Some(0));
    let write =
        |name: &str, value: &Json| fs::write(here.path().join(name), value.to_string()).expect("writes");
    let mut old = saved.clone();
    old["started_at"] = "2020-01-01T00:00:00Z".into();
    write("old.json", &old);
    let ended = again("old.json", &[]);
    assert_eq!(ended.code, Some(4), "{}", ended.out);
    assert!(ended.err.contains("seen on 2020-01-01 00:00 UTC"), "{}", ended.err);
    write("facts.json", &saved["facts"]);
    let ended = again("facts.json", &[]);
    assert_eq!(ended.code, Some(4), "{}", ended.out);
    assert!(ended.err.contains("is not said"), "{}", ended.err);
    for when in ["2999-01-01T00:00:00Z", "+262142-12-31T23:59:59Z"] {
        old["started_at"] = when.into();
        write("ahead.json", &old);
        assert_eq!(again("ahead.json", &[]).code, Some(2), "{when}");
    }
}

#[test]
fn a_waiver_in_a_file_stands_for_nothing() {
    let here = folder();
    let waived = run(here.path(), &["check", "--format", "json", "--output", "run.json"]);
    let mut saved: Json =
        serde_json::from_str(&fs::read_to_string(here.path().join("run.json")).expect("text")).expect("JSON");
    saved["decision"]["waived"] = serde_json::json!([{
        "requirement": "no-secrets-in-code", "reason": "r", "owner": "a@example.com", "approver": "b@example.com",
        "at": saved["started_at"], "until": "2999-01-01T00:00:00Z"
    }]);
    fs::write(here.path().join("run.json"), saved.to_string()).expect("writes");
    let again = run(here.path(), &["check", "--from", "run.json", "--format", "json"]);
    let after: Json =
        serde_json::from_str(&again.out).unwrap_or_else(|_| panic!("{}{}", again.out, again.err));
    assert_eq!(after["decision"]["waived"], serde_json::json!([]), "{:?}", waived.code);
    assert_eq!(after["decision"]["waiver_faults"][0]["kind"], "invalid", "{}", after["decision"]);
}

#[test]
fn facts_that_are_no_facts_are_refused() {
    let here = folder();
    let deep = "[".repeat(200_000);
    for (text, name) in [
        ("", "empty"),
        ("[]", "list"),
        ("{", "torn"),
        ("\u{0}", "zero"),
        (deep.as_str(), "deep"),
        ("{\"version\": 1, \"facts\": {}}", "half a run"),
        ("{}", "nothing"),
        ("{\"version\": 1}", "a version"),
        ("{\"fatcs\": {}}", "another word"),
    ] {
        fs::write(here.path().join("facts.json"), text).expect("writes");
        let ended = run(here.path(), &["check", "--from", "facts.json"]);
        assert_eq!(ended.code, Some(2), "{name}: {}{}", ended.out, ended.err);
    }
}

#[test]
fn init_writes_a_manifest_that_check_takes_and_replaces_nothing() {
    let here = folder();
    assert_eq!(run(here.path(), &["init"]).code, Some(0));
    let again = run(here.path(), &["init"]);
    assert_eq!(again.code, Some(2));
    assert!(again.err.contains("--force"), "{}", again.err);
    assert_eq!(run(here.path(), &["init", "--force"]).code, Some(0));
    let checked = run(here.path(), &["check", "--env", "staging"]);
    assert!(matches!(checked.code, Some(0 | 1 | 4)), "{}", checked.err);
}

#[test]
fn a_reader_who_leaves_early_is_no_failure() {
    let here = folder();
    let mut child = seaworthy(here.path())
        .args(["check", "--format", "json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("starts");
    drop(child.stdout.take());
    let ended = ended(&child.wait_with_output().expect("ends"));
    assert_eq!(ended.code, Some(4), "{}", ended.err);
}

#[test]
fn killed_at_any_moment_leaves_whole_runs_only() {
    let here = folder();
    assert_eq!(run(here.path(), &["check"]).code, Some(4));
    let whole = Instant::now();
    run(here.path(), &["check"]);
    let whole = whole.elapsed();
    let kills: u32 = if std::env::var_os("RUN_SLOW_TESTS").is_some() { 1_000 } else { 60 };
    for kill in 0..kills {
        let mut child = seaworthy(here.path())
            .arg("check")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("starts");
        // The moment is the point of this test: spread evenly over the life of a run.
        std::thread::sleep(whole * kill / kills + Duration::from_micros(u64::from(kill % 7) * 300));
        child.kill().expect("kills");
        child.wait().expect("ends");
    }
    let verified = run(here.path(), &["history", "--verify", "--format", "json"]);
    assert_eq!(verified.code, Some(0), "{}{}", verified.out, verified.err);
    let listed = run(here.path(), &["history", "--limit", "10000", "--format", "json"]);
    let listed: Json = serde_json::from_str(&listed.out).expect("JSON");
    for kept in listed["runs"].as_array().expect("runs") {
        let report = run(here.path(), &["report", kept["id"].as_str().expect("an id"), "--format", "json"]);
        assert_eq!(report.code, Some(4), "{}", report.err);
    }
}

#[test]
fn a_store_that_cannot_be_written_is_our_failure_and_the_result_is_still_shown() {
    let here = folder();
    fs::write(here.path().join("blocked"), "a file where a folder should be").expect("writes");
    let ended = run(here.path(), &["check", "--store", "blocked/runs.db"]);
    assert_eq!(ended.code, Some(3));
    assert!(ended.out.starts_with("UNDECIDED"), "{}", ended.out);
    assert!(ended.err.contains("not kept") || ended.err.contains("evidence store"), "{}", ended.err);
}

#[test]
fn r18_a_checkout_that_cannot_be_written_is_decided_and_kept_elsewhere() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    let here = folder();
    let checkout = here.path().join("checkout");
    let state = here.path().join("state");
    fs::create_dir(&checkout).expect("makes");
    fs::write(checkout.join("app.js"), "export const answer = 42;\n").expect("writes");
    fs::create_dir(&state).expect("makes");
    fs::write(checkout.join("shut.js"), "export const question = 6;\n").expect("writes");
    fs::set_permissions(checkout.join("shut.js"), fs::Permissions::from_mode(0o000)).expect("sets");
    for (path, mode) in [(here.path(), 0o755), (checkout.as_path(), 0o555), (state.as_path(), 0o777)] {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("sets");
    }
    // The superuser may write everywhere, so somebody else looks.
    let root = fs::metadata(&checkout).expect("is there").uid() == 0;
    let mut command = Command::new(if root { "setpriv" } else { "env" });
    if root {
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups", "--"]);
    }
    let output = command
        .arg(env!("CARGO_BIN_EXE_seaworthy"))
        .args(["check", "--format", "json"])
        .current_dir(&checkout)
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("XDG_STATE_HOME", &state)
        .output()
        .expect("starts");
    let ended = ended(&output);
    if ended.out.is_empty() && ended.err.contains("Permission denied") {
        eprintln!("skipped: another user may not run the program here: {}", ended.err);
        return;
    }
    assert_eq!(ended.code, Some(4), "{}", ended.err);
    assert!(state.join("seaworthy/runs.db").exists());
    let run: Json = serde_json::from_str(&ended.out).expect("JSON");
    let unread = &run["facts"]["repo"]["files"]["unread"][0];
    assert_eq!(
        (unread["path"].as_str(), unread["reason"]["kind"].as_str()),
        (Some("shut.js"), Some("denied")),
        "{unread}"
    );
    assert!(!checkout.join(".seaworthy").exists());
}

#[test]
fn a_store_of_something_else_is_a_wrong_request() {
    let here = folder();
    fs::write(here.path().join("other"), "somebody's file, which is no database").expect("writes");
    for words in [&["history"][..], &["report"], &["history", "--verify"]] {
        let ended = run(here.path(), &[words, &["--store", "other"]].concat());
        assert_eq!(ended.code, Some(2), "{words:?}: {}", ended.err);
        assert!(ended.err.contains("is no evidence store"), "{}", ended.err);
    }
    fs::create_dir(here.path().join(".seaworthy")).expect("makes");
    std::os::unix::fs::symlink("../other", here.path().join(".seaworthy/runs.db")).expect("links");
    let ended = run(here.path(), &["check"]);
    assert_eq!(ended.code, Some(3));
    assert!(ended.err.contains("symbolic link"), "{}", ended.err);
    let kept = fs::read_to_string(here.path().join("other")).expect("reads");
    assert_eq!(kept, "somebody's file, which is no database");
}

#[test]
fn init_uses_what_it_found() {
    let here = folder();
    let write = |path: &str, text: &str| {
        let path = here.path().join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("makes");
        fs::write(path, text).expect("writes");
    };
    write("deploy/shop.service", "[Service]\nExecStart=/srv/shop\n");
    write(".env.example", "POSTGRES_URL=\nVALKEY_URL=\n");
    write("package.json", "{\"name\": \"shop\", \"dependencies\": {\"pg\": \"8\", \"ioredis\": \"5\"}}\n");
    write("pnpm-lock.yaml", "lockfileVersion: '9.0'\n");
    write("RUNBOOK.md", "# Runbook\n");
    let ended = run(here.path(), &["init"]);
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    assert!(ended.out.contains("found package managers: pnpm (pnpm-lock.yaml)"), "{}", ended.out);
    assert!(ended.out.contains("found environment files: .env.example"), "{}", ended.out);
    let manifest = fs::read_to_string(here.path().join("seaworthy.yaml")).expect("text");
    for wanted in [
        "# hosts: [{service: \"shop.service\"}]",
        "    postgres: {url: {env: POSTGRES_URL}}",
        "    redis: {url: {env: VALKEY_URL}}",
        "    documents: {runbook: RUNBOOK.md}",
    ] {
        assert!(manifest.contains(wanted), "{wanted}\n{manifest}");
    }
}

#[test]
fn what_could_not_be_printed_is_decided_all_the_same() {
    let here = folder();
    let full = fs::File::options().write(true).open("/dev/full").expect("is there");
    let output = seaworthy(here.path()).arg("check").stdout(Stdio::from(full)).output().expect("starts");
    let ended = ended(&output);
    assert_eq!(ended.code, Some(3));
    assert!(ended.err.contains("what was decided stands"), "{}", ended.err);
    assert!(run(here.path(), &["history"]).out.contains("UNDECIDED"));
}

#[test]
fn the_demo_goes_when_sound_and_does_not_with_one_thing_broken() {
    // With this process's environment: the reference service is built where it was not yet.
    let mut demo = Command::new(env!("CARGO_BIN_EXE_seaworthy"));
    let ended = ended(&demo.current_dir(tree()).args(["demo", "--format", "json"]).output().expect("starts"));
    if ended.code == Some(2) && ended.err.contains("cargo xtask setup") {
        eprintln!("skipped: this machine lacks a program of the testbed: {}", ended.err);
        return;
    }
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    let both: Json = serde_json::from_str(&ended.out).expect("JSON");
    assert_eq!(both["sound"]["decision"]["headline"], "go", "{}", both["sound"]["decision"]);
    assert_eq!(both["broken"]["decision"]["headline"], "no-go", "{}", both["broken"]["decision"]);
    assert_eq!(both["broken"]["decision"]["blockers"], serde_json::json!(["https-enforced"]));
}

#[test]
fn who_is_told_to_end_ends_and_keeps_no_half_of_a_run() {
    // Takes connections, as the kernel does for it, and answers nobody.
    let mute = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", mute.local_addr().expect("an address"));
    for (signal, code) in [("TERM", 143), ("INT", 130)] {
        let here = folder();
        let mut child = seaworthy(here.path())
            .args(["check", &url])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("started");
        std::thread::sleep(Duration::from_millis(700));
        assert!(child.try_wait().expect("asked").is_none(), "it waits for an answer");
        let told = Command::new("kill").args(["-s", signal, &child.id().to_string()]).status();
        assert!(told.is_ok_and(|status| status.success()));
        let begun = Instant::now();
        assert_eq!(child.wait().expect("ended").code(), Some(code), "{signal}");
        assert!(begun.elapsed() < Duration::from_secs(5), "{signal}");
        let runs = run(here.path(), &["history"]);
        assert!(!runs.out.contains("http://"), "{}", runs.out);
    }
}

#[test]
fn who_waits_for_standard_input_ends_when_told_to() {
    let here = folder();
    let mut child = seaworthy(here.path())
        .args(["check", "--from", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("started");
    std::thread::sleep(Duration::from_millis(700));
    // Waiting for the process would close it.
    let _open = child.stdin.take();
    assert!(child.try_wait().expect("asked").is_none(), "it waits");
    let told = Command::new("kill").args(["-s", "INT", &child.id().to_string()]).status();
    assert!(told.is_ok_and(|status| status.success()));
    let begun = Instant::now();
    assert_eq!(child.wait().expect("ended").code(), Some(130));
    assert!(begun.elapsed() < Duration::from_secs(6));
}

#[test]
fn errors_hold_nothing_that_acts_on_a_terminal_or_a_log() {
    let hostile = [
        "a\u{1b}]0;owned\u{7}\u{1b}[2J",
        "st\n::error file=a.js::owned",
        "x##vso[task.setvariable]y",
        "a\u{202e}b",
    ];
    for name in hostile {
        let here = folder();
        let quoted = serde_json::to_string(name).expect("text");
        for manifest in [
            format!("service: {{name: s}}\nenvironments:\n  {quoted}: {{}}\n"),
            format!("service: {{name: s}}\n{quoted}: 1\n"),
            format!("service: {{name: s}}\nenvironments: {{staging: {{{quoted}: 1}}}}\n"),
            format!("service: {{name: s}}\nenvironments: {{staging: {{urls: [{quoted}]}}}}\n"),
        ] {
            fs::write(here.path().join("seaworthy.yaml"), &manifest).expect("written");
            let ended = run(here.path(), &["check", "--env", "prod"]);
            assert_eq!(ended.code, Some(2), "{manifest}");
            let acts = |text: &str| {
                text.contains(['\u{1b}', '\u{7}', '\u{202e}'])
                    || text.contains("##vso[")
                    || text.lines().any(|line| line.trim_start().starts_with("::"))
            };
            assert!(!acts(&ended.err) && !acts(&ended.out), "{manifest}\n{}{}", ended.out, ended.err);
        }
        let ended = run(here.path(), &["check", name, "--env", name]);
        assert!(!ended.err.contains('\u{1b}') && !ended.err.contains("\n::error"), "{}", ended.err);
    }
}
