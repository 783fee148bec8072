use serde_json::Value as Json;

use super::house::{House, assert_refused};
use crate::support::Ended;

/// Something that a folder with a README alone does not have.
const FAILS: &str = "changelog-written";

fn house() -> House {
    House::with("environments: {staging: {}}")
}

fn waive(house: &House, more: &[&str]) -> Ended {
    let words = ["waive", FAILS, "--reason", "first release", "--owner", "dev@example.com", "--until", "30d"];
    house.run(&[&words[..], more].concat())
}

fn decision(run: &Json) -> &Json {
    &run["decision"]
}

#[test]
fn a_waiver_is_signed_kept_shown_and_taken_back() {
    let house = house();
    house.check();
    let before = house.check();
    let stands = |run: &Json| {
        let ids = |list: &Json| list.as_array().expect("a list").contains(&Json::from(FAILS));
        (
            ids(&decision(run)["blockers"]) || ids(&decision(run)["standing"]),
            decision(run)["waived"].as_array().map_or(0, Vec::len),
        )
    };
    assert_eq!(stands(&before), (true, 0), "{}", decision(&before));

    let ended = waive(&house, &["--key", "../keys/tech-lead"]);
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    assert!(ended.out.starts_with(&format!("waived {FAILS} for shop · staging until ")), "{}", ended.out);
    let run = house.check();
    assert_eq!(stands(&run), (false, 1), "{}", decision(&run));
    assert_eq!(decision(&run)["waived"][0]["approver"], "tech-lead@example.com");
    assert_eq!(decision(&run)["counts"], decision(&before)["counts"], "a waiver changes no verdict");
    let shown = house.run(&["report"]).out;
    assert!(shown.contains("Accepted risks") && shown.contains("dev@example.com ends it"), "{shown}");

    let again = house.run(&["waive", FAILS, "--shorten", "60d"]);
    assert_refused(&again, "it ends on");
    assert_eq!(house.run(&["waive", FAILS, "--shorten", "5d"]).code, Some(0));
    assert_eq!(house.run(&["waive", FAILS, "--withdraw"]).code, Some(0));
    assert_eq!(stands(&house.check()), (true, 0));
    assert_refused(&house.run(&["waive", FAILS, "--withdraw"]), "no waiver of");

    let verified = house.json(&["history", "--verify", "--format", "json"]);
    assert_eq!(verified["ledger"]["records"], 3);
    assert_eq!(verified["ledger"]["faults"], serde_json::json!([]));
}

#[test]
fn an_expired_waiver_and_one_that_nothing_needs_fail_the_gate() {
    let house = house();
    assert_eq!(waive(&house, &["--key", "../keys/tech-lead"]).code, Some(0));
    assert_eq!(house.run(&["waive", FAILS, "--shorten", "0d"]).code, Some(0));
    let run = house.check();
    assert_eq!(decision(&run)["headline"], "no-go");
    assert_eq!(decision(&run)["waiver_faults"][0]["kind"], "expired");

    let limited = house.json(&["check", "--only", "security", "--no-keep", "--format", "json"]);
    assert!(decision(&limited)["waiver_faults"].as_array().is_some_and(Vec::is_empty));
}

#[test]
fn a_waiver_that_should_not_be_is_refused() {
    let house = house();
    house.keygen("stranger", "");
    let own = [
        "waive",
        FAILS,
        "--reason",
        "r",
        "--owner",
        "Tech-Lead@example.com",
        "--until",
        "30d",
        "--key",
        "../keys/tech-lead",
    ];
    assert_refused(&house.run(&own), "cannot both own a risk and accept it");
    assert_refused(&waive(&house, &["--key", "../keys/stranger"]), "nobody under `people`");
    assert_refused(&waive(&house, &["--key", "../keys/tech-lead.pub"]), "can be read by others");
    assert_refused(&waive(&house, &["--key", "nowhere"]), "No such file");
    assert_refused(&waive(&house, &[]), "with which key");
    assert_refused(
        &waive(&house, &["--key", "../keys/tech-lead", "--person", "ops@example.com"]),
        "not of `ops@example.com`",
    );
    assert_refused(
        &waive(&house, &["--key", "../keys/tech-lead", "--env", "production"]),
        "no environment `production`",
    );
    for (until, why) in [
        ("91d", "more than 90 days"),
        ("0d", "is not ahead"),
        ("2001-01-01", "is not ahead"),
        ("soon", "is no date"),
    ] {
        let words = [
            "waive",
            FAILS,
            "--reason",
            "r",
            "--owner",
            "dev@example.com",
            "--until",
            until,
            "--key",
            "../keys/tech-lead",
        ];
        assert_refused(&house.run(&words), why);
    }
    let words = [
        "waive",
        "nothing-such",
        "--reason",
        "r",
        "--owner",
        "dev@example.com",
        "--until",
        "30d",
        "--key",
        "../keys/tech-lead",
    ];
    assert_refused(&house.run(&words), "no requirement `nothing-such`");
    let words =
        ["waive", FAILS, "--owner", "dev@example.com", "--until", "30d", "--key", "../keys/tech-lead"];
    assert_refused(&house.run(&words), "--reason TEXT");
    let verified = house.json(&["history", "--verify", "--format", "json"]);
    assert_eq!(verified["ledger"]["records"], 0, "nothing was kept of what was refused");
}

#[test]
fn keys_are_taken_from_encrypted_files_and_from_pkcs8() {
    let house = house();
    house.tool("ssh-keygen", &["-q", "-p", "-P", "", "-N", "open sesame", "-f", "../keys/tech-lead"]);
    assert_refused(&waive(&house, &["--key", "../keys/tech-lead"]), "is encrypted");
    let with = |name: &str, secret: &str| {
        house.run_with(
            &[
                "waive",
                FAILS,
                "--reason",
                "r",
                "--owner",
                "dev@example.com",
                "--until",
                "30d",
                "--key",
                "../keys/tech-lead",
                "--passphrase-env",
                name,
            ],
            &[("SESAME", secret)],
        )
    };
    assert_eq!(with("SESAME", "open sesame").code, Some(0));
    let wrong = with("SESAME", "hunter2");
    assert_refused(&wrong, "does not open the key");
    assert!(!wrong.err.contains("hunter2"));
    assert_refused(&with("OTHER", ""), "`OTHER` is not set");
    house.write("sesame", "open sesame\n");
    let file = ["--key", "../keys/tech-lead", "--passphrase-file", "sesame"];
    assert_refused(&waive(&house, &file), "can be read by others");
    house.tool("chmod", &["600", "sesame"]);
    assert_eq!(waive(&house, &file).code, Some(0));

    // A key that OpenSSL made, of nobody who is known.
    house.tool("openssl", &["genpkey", "-algorithm", "ed25519", "-out", "../keys/pkcs8.pem"]);
    house.tool("chmod", &["600", "../keys/pkcs8.pem"]);
    assert_refused(&waive(&house, &["--key", "../keys/pkcs8.pem"]), "nobody under `people`");
}

#[test]
fn keys_are_taken_from_the_agent() {
    let house = house();
    let socket = house.file("agent");
    let mut agent = std::process::Command::new("ssh-agent")
        .args(["-D", "-a"])
        .arg(&socket)
        .stdout(std::process::Stdio::null())
        .spawn()
        .expect("ssh-agent starts");
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(10);
    while !socket.exists() && std::time::Instant::now() < deadline {
        std::thread::yield_now();
    }
    let path = socket.to_str().expect("text");
    let by_agent = |more: &[&str]| {
        let words =
            ["waive", FAILS, "--reason", "r", "--owner", "dev@example.com", "--until", "30d", "--agent"];
        house.run_with(&[&words[..], more].concat(), &[("SSH_AUTH_SOCK", path)])
    };
    let add = |name: &str| {
        let added = std::process::Command::new("ssh-add")
            .args(["-q", &format!("../keys/{name}")])
            .current_dir(house.path())
            .env("SSH_AUTH_SOCK", path)
            .status();
        assert!(added.is_ok_and(|status| status.success()), "ssh-add {name}");
    };
    let empty = by_agent(&[]);
    add("ops");
    let one = by_agent(&[]);
    add("product");
    let two = by_agent(&[]);
    let named = by_agent(&["--person", "ops@example.com"]);
    agent.kill().expect("ends");
    agent.wait().expect("ended");
    assert_refused(&empty, "holds no Ed25519 key");
    assert_eq!(one.code, Some(0), "{}", one.err);
    assert!(one.out.contains("accepted by ops@example.com"), "{}", one.out);
    assert_refused(&two, "--person ADDRESS");
    assert_eq!(named.code, Some(0), "{}", named.err);
    assert_refused(&by_agent(&[]), "does not answer");
}
