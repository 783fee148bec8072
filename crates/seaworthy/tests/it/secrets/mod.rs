//! Made-up secrets come in by every way there is, and come out nowhere.

mod canary;
mod mistakes;
mod world;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::{ended, seaworthy};
use canary::found;
use world::World;

const FORMATS: [&str; 6] = ["terminal", "json", "sarif", "junit", "markdown", "html"];

/// Everything below a folder, where there is one: names and contents.
fn files(folder: &Path, into: &mut Vec<(String, Vec<u8>)>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        into.push((format!("the name of {}", path.display()), path.display().to_string().into_bytes()));
        if path.is_dir() {
            files(&path, into);
        } else {
            into.push((path.display().to_string(), fs::read(&path).expect("a file")));
        }
    }
}

/// Runs a command to its end and keeps what it and its children have as arguments and environment meanwhile.
fn watched(command: &mut Command, arguments: &mut BTreeSet<String>) -> std::process::Output {
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("starts");
    let ours = child.id();
    let waiting = std::thread::spawn(move || child.wait_with_output().expect("ends"));
    while !waiting.is_finished() {
        for process in descendants(ours) {
            if let Ok(line) = fs::read(format!("/proc/{process}/cmdline")) {
                arguments.insert(String::from_utf8_lossy(&line).replace('\0', " "));
            }
        }
        std::thread::yield_now();
    }
    waiting.join().expect("is read")
}

/// A process and all below it.
fn descendants(of: u32) -> Vec<u32> {
    let mut all = vec![of];
    let mut next = 0;
    while let Some(parent) = all.get(next).copied() {
        next += 1;
        let tasks = fs::read_dir(format!("/proc/{parent}/task")).into_iter().flatten().flatten();
        for task in tasks {
            let children = fs::read_to_string(task.path().join("children")).unwrap_or_default();
            all.extend(children.split_whitespace().filter_map(|child| child.parse::<u32>().ok()));
        }
    }
    all
}

#[test]
fn no_secret_comes_out_anywhere() {
    let world = World::new();
    let folder = world.folder.path();
    let (mut sinks, mut arguments) = (Vec::new(), BTreeSet::new());
    let mut ask = |words: &[&str]| {
        let mut command = seaworthy(folder);
        command.args(words).envs(world.variables());
        let ended = ended(&watched(&mut command, &mut arguments));
        assert_ne!(ended.code, Some(3), "{words:?}: {}", ended.err);
        assert_ne!(ended.code, Some(2), "{words:?}: {}", ended.err);
        sinks.push((format!("{words:?} on stdout"), ended.out.into_bytes()));
        sinks.push((format!("{words:?} on stderr"), ended.err.into_bytes()));
    };
    ask(&["check", "--env", "staging", "--deadline", "20", "--verbose"]);
    for format in FORMATS {
        ask(&["report", "--format", format, "--verbose"]);
        ask(&["report", "--format", format, "--output", &format!(".seaworthy/report.{format}")]);
    }
    ask(&["check", "--no-keep", "--only", "security", "--deadline", "20", "--env", "staging"]);
    ask(&["history"]);
    ask(&["history", "--format", "json"]);
    ask(&["history", "--verify"]);
    ask(&["explain", "https-enforced"]);
    ask(&["init", "--force"]);
    sinks.push(("what init wrote".to_owned(), fs::read(folder.join("seaworthy.yaml")).expect("a manifest")));
    sinks.extend(arguments.into_iter().map(|line| ("arguments of a process".to_owned(), line.into_bytes())));
    files(&folder.join(".seaworthy"), &mut sinks);
    let said: usize = sinks.iter().map(|(_, bytes)| bytes.len()).sum();
    assert!(sinks.len() > 40 && said > 100_000, "{} sinks said {said} bytes", sinks.len());
    assert!(world.canaries.len() >= 30, "{} canaries", world.canaries.len());
    let found = found(&world.canaries, &sinks);
    assert!(found.is_empty(), "{} times:\n{}", found.len(), found.join("\n"));
}
