//! A disk that is full when the run is to be kept: the decision is still told, and the rest is said.

use std::fs;
use std::process::Command;

use crate::support::{Ended, ended, seaworthy};

/// Sizes of the disk in KiB: from one that takes not even the empty store to one with room for a run.
const SIZES: [u32; 9] = [4, 8, 16, 32, 48, 64, 96, 128, 4096];

/// A script in a folder whose `.seaworthy` is a disk of its own of this size, with the binary as `$0`; nothing where
/// this machine forbids to mount one.
fn on_disk(kib: u32, script: &str) -> Option<Ended> {
    let here = tempfile::tempdir().expect("a folder");
    fs::create_dir(here.path().join(".seaworthy")).expect("a folder");
    let binary = seaworthy(here.path());
    let script = format!("mount -t tmpfs -o size={kib}k,mode=700 none .seaworthy || exit 77; {script}");
    let output = Command::new("unshare")
        .args(["--mount", "--", "sh", "-c", &script])
        .arg(binary.get_program())
        .current_dir(here.path())
        .env("HOME", here.path())
        .output()
        .ok()?;
    let ended = ended(&output);
    let forbidden = ended.code == Some(77) || ended.err.starts_with("unshare: ");
    (!forbidden).then_some(ended)
}

#[test]
fn a_full_disk_takes_the_record_and_not_the_decision() {
    let mut full = 0;
    for kib in SIZES {
        let Some(ended) = on_disk(kib, "exec \"$0\" check --format json") else {
            println!("skipped: {} sizes of a full disk, no file system can be mounted here", SIZES.len());
            return;
        };
        let run: serde_json::Value = serde_json::from_str(&ended.out).expect("the run is told");
        assert_eq!(run["decision"]["headline"], "undecided", "{kib} KiB");
        if ended.code == Some(4) {
            assert!(!ended.err.contains("error"), "{kib} KiB: {}", ended.err);
            continue;
        }
        full += 1;
        assert_eq!(ended.code, Some(3), "{kib} KiB: {}", ended.err);
        let said = [
            "error: this run was not kept in .seaworthy/runs.db, whose disk is full: ",
            "help: free some space on the disk that holds .seaworthy/runs.db, or keep runs elsewhere with `--store FILE`",
        ];
        for words in said {
            assert!(ended.err.contains(words), "{kib} KiB: {}", ended.err);
        }
    }
    assert!((4..SIZES.len()).contains(&full), "{full} of {} disks were full", SIZES.len());
}

#[test]
fn a_disk_that_fills_up_costs_no_kept_run() {
    let script = "
        \"$0\" check > /dev/null; echo first $?
        dd if=/dev/zero of=.seaworthy/other bs=1k 2> /dev/null
        \"$0\" check > /dev/null; echo full $?
        \"$0\" history --verify; echo verified while full $?
        rm .seaworthy/other
        \"$0\" history --verify; echo verified $?
        \"$0\" check > /dev/null; echo again $?
        \"$0\" history --format json";
    let Some(ended) = on_disk(1024, script) else {
        println!("skipped: 1 disk that fills up, no file system can be mounted here");
        return;
    };
    for words in ["first 4", "full 3", "verified while full 0", "verified 0", "again 4"] {
        assert!(ended.out.lines().any(|line| line == words), "{words}: {}{}", ended.out, ended.err);
    }
    assert_eq!(ended.out.matches("\"sequence\"").count(), 2, "{}", ended.out);
}
