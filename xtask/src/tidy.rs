//! The house stays as it was drawn: which crate may import which.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value as Json;

/// A crate of ours and what of ours it may import.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("seaworthy-core", &[]),
    ("seaworthy-probes", &["seaworthy-core"]),
    ("seaworthy-store", &["seaworthy-core"]),
    ("seaworthy-report", &["seaworthy-core"]),
    ("seaworthy-testbed", &[]),
    (
        "seaworthy",
        &["seaworthy-core", "seaworthy-probes", "seaworthy-report", "seaworthy-store", "seaworthy-testbed"],
    ),
    ("xtask", &["seaworthy-core", "seaworthy-probes", "seaworthy-report"]),
];
/// A second TLS library or a second SQLite would resolve by itself and be found by nobody.
const NEVER: &[&str] = &["ring", "openssl", "openssl-sys", "native-tls"];
const ONLY_ONCE: &[&str] = &["libsqlite3-sys", "rustls", "aws-lc-sys"];

fn metadata() -> Json {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked"])
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .output()
        .expect("cargo answers");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

fn packages(metadata: &Json) -> Vec<&Json> {
    metadata["packages"].as_array().expect("packages").iter().collect()
}

#[test]
fn crates_import_what_the_house_allows() {
    let metadata = metadata();
    let allowed: BTreeMap<&str, &[&str]> = MAY_IMPORT.iter().copied().collect();
    for package in packages(&metadata).into_iter().filter(|package| package["source"].is_null()) {
        let name = package["name"].as_str().expect("a name");
        let may = allowed.get(name).unwrap_or_else(|| panic!("{name} has no line in the table of imports"));
        for dependency in package["dependencies"].as_array().expect("dependencies") {
            let imported = dependency["name"].as_str().expect("a name");
            let ours = dependency["path"].is_string();
            let for_tests = dependency["kind"] == "dev";
            assert!(!ours || for_tests || may.contains(&imported), "{name} must not import {imported}");
        }
    }
}

/// What is really built here, `name version`; the lock also holds what other platforms and features would need.
fn built() -> BTreeSet<String> {
    let words = [
        "tree",
        "--workspace",
        "--edges",
        "normal,build,dev",
        "--prefix",
        "none",
        "--format",
        "{p}",
        "--locked",
    ];
    let output = Command::new(env!("CARGO"))
        .args(words)
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .output()
        .expect("cargo answers");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines().map(|line| line.split_whitespace().take(2).collect::<Vec<_>>().join(" ")).collect()
}

#[test]
fn there_is_one_tls_library_and_one_sqlite() {
    let built = built();
    let versions = |name: &str| built.iter().filter(|line| line.split(' ').next() == Some(name)).count();
    for never in NEVER {
        assert_eq!(versions(never), 0, "{never} is in the build");
    }
    for once in ONLY_ONCE {
        assert_eq!(versions(once), 1, "{once}");
    }
}
