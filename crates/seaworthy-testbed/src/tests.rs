use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::error::StartError;
use crate::sabotage::{Edit, Sabotage};
use crate::template::Values;
use crate::testbed::Testbed;

fn values(work: &Path) -> Values {
    Values {
        work: work.to_path_buf(),
        part: PathBuf::from("/parts/web"),
        testbed: PathBuf::from("/"),
        ports: BTreeMap::from([("web".to_owned(), 8080)]),
        secrets: BTreeMap::from([("app-key".to_owned(), "c0ffee".to_owned())]),
    }
}

fn testbed() -> Testbed {
    Testbed::open(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testbed")).unwrap()
}

/// A testbed with one part, from the text of its `part.yaml`.
fn one_part(yaml: &str) -> (tempfile::TempDir, Testbed) {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("parts/one")).unwrap();
    fs::write(folder.path().join("parts/one/part.yaml"), yaml).unwrap();
    let testbed = Testbed::open(folder.path()).unwrap();
    (folder, testbed)
}

fn start_error(yaml: &str) -> StartError {
    let (_folder, testbed) = one_part(yaml);
    testbed.part("one").unwrap().start(None).unwrap_err()
}

#[test]
fn placeholders_are_filled() {
    let filled =
        values(Path::new("/w")).fill("a ${work}/x ${port:web} ${secret:app-key} $${port:web} $x", "here");
    assert_eq!(filled.unwrap(), "a /w/x 8080 c0ffee ${port:web} $x");
}

#[test]
fn placeholders_without_meaning_are_errors() {
    for text in ["${port:other}", "${secret:app}", "${nothing}", "${work", "${port:web:x}", "${}"] {
        let error = values(Path::new("/w")).fill(text, "here").unwrap_err();
        assert!(matches!(error, StartError::Placeholder { .. }), "{text}: {error}");
    }
}

#[test]
fn what_a_process_wrote_is_filled_in_and_nothing_outside_the_work_directory() {
    let work = tempfile::tempdir().unwrap();
    fs::write(work.path().join("main.pid"), "4711\n").unwrap();
    let filled = values(work.path()).fill("process: ${file:main.pid}", "here");
    assert_eq!(filled.unwrap(), "process: 4711");
    for text in ["${file:other.pid}", "${file:../main.pid}", "${file:/etc/hostname}", "${file:}"] {
        let error = values(work.path()).fill(text, "here").unwrap_err();
        assert!(matches!(error, StartError::Placeholder { .. }), "{text}: {error}");
    }
}

#[test]
fn environment_carries_ports_and_secrets() {
    let given = BTreeMap::from([("URL".to_owned(), "http://127.0.0.1:${port:web}".to_owned())]);
    let environment = values(Path::new("/w")).environment(&given, "here").unwrap();
    assert_eq!(environment["URL"], "http://127.0.0.1:8080");
    assert_eq!(environment["PORT_WEB"], "8080");
    assert_eq!(environment["SECRET_APP_KEY"], "c0ffee");
    assert_eq!(environment["WORK"], "/w");
}

fn sabotaged(sabotage: &Sabotage) -> (tempfile::TempDir, Result<(), StartError>) {
    let work = tempfile::tempdir().unwrap();
    fs::write(work.path().join("conf"), "listen 8080\nsafe yes\n").unwrap();
    let outcome = sabotage
        .change_files(work.path(), &values(work.path()))
        .and_then(|()| sabotage.change_modes(work.path()));
    (work, outcome)
}

fn edit(file: &str, find: &str, replace: &str) -> Sabotage {
    let edit = Edit { file: file.to_owned(), find: find.to_owned(), replace: replace.to_owned() };
    Sabotage { edit: vec![edit], ..Sabotage::default() }
}

#[test]
fn sabotage_edits_what_is_there() {
    let (work, outcome) = sabotaged(&edit("conf", "listen ${port:web}\nsafe yes", "safe no"));
    outcome.unwrap();
    assert_eq!(fs::read_to_string(work.path().join("conf")).unwrap(), "safe no\n");
}

#[test]
fn sabotage_writes_removes_and_sets_modes() {
    let (work, outcome) = sabotaged(&Sabotage {
        write: BTreeMap::from([("new/file".to_owned(), "${port:web}".to_owned())]),
        remove: vec!["conf".to_owned()],
        mode: BTreeMap::from([("new/file".to_owned(), "0640".to_owned())]),
        ..Sabotage::default()
    });
    outcome.unwrap();
    assert!(!work.path().join("conf").exists());
    assert_eq!(fs::read_to_string(work.path().join("new/file")).unwrap(), "8080");
    let mode = std::os::unix::fs::MetadataExt::mode(&fs::metadata(work.path().join("new/file")).unwrap());
    assert_eq!(mode & 0o7777, 0o640);
}

#[test]
fn sabotage_that_changes_nothing_is_an_error() {
    let idle = [
        edit("conf", "safe maybe", "safe no"),
        edit("conf", "", "safe no"),
        edit("conf", "safe yes", "safe yes"),
        edit("../conf", "safe yes", "safe no"),
        edit("/etc/passwd", "root", "toor"),
        Sabotage { remove: vec!["other".to_owned()], ..Sabotage::default() },
        Sabotage { mode: BTreeMap::from([("conf".to_owned(), "rw".to_owned())]), ..Sabotage::default() },
    ];
    for sabotage in idle {
        let (_work, outcome) = sabotaged(&sabotage);
        assert!(matches!(outcome, Err(StartError::Sabotage { .. })), "{sabotage:?}: {outcome:?}");
    }
}

#[test]
fn unknown_keys_are_refused() {
    let (_folder, testbed) = one_part("title: x\nportz: [a]\n");
    assert!(testbed.part("one").unwrap_err().to_string().contains("portz"));
}

#[test]
fn missing_program_names_its_package() {
    let error = start_error("title: x\nneeds: {no-such-program-here: some-package}\n");
    assert!(matches!(error, StartError::Missing { .. }), "{error}");
    assert!(error.to_string().contains("some-package"));
}

#[test]
fn process_that_ends_is_noticed_at_once_with_its_log() {
    let begun = Instant::now();
    let error = start_error(
        "title: x\nports: [p]\nprocesses: [{name: a, run: [sh, -c, 'echo broken; exit 3'], ready: {tcp: p}}]\n",
    );
    assert!(begun.elapsed() < Duration::from_secs(5));
    let text = error.to_string();
    assert!(text.contains("exit 3") && text.contains("broken"), "{text}");
}

#[test]
fn process_that_is_never_ready_is_given_up() {
    let error = start_error(
        "title: x\nprocesses: [{name: a, run: [sh, -c, 'echo waiting; exec sleep 100'], ready: {file: '${work}/never'}, ready_within_seconds: 1}]\n",
    );
    assert!(matches!(error, StartError::NotReady { seconds: 1, .. }), "{error}");
    assert!(error.to_string().contains("waiting"));
}

#[test]
fn commands_that_fail_show_what_they_printed() {
    let error = start_error("title: x\nafter: [[sh, -c, 'echo no luck >&2; exit 1']]\n");
    assert!(error.to_string().contains("no luck"), "{error}");
}

#[test]
fn prepared_data_keeps_its_secrets_and_gets_new_ports() {
    let (_folder, testbed) = one_part(
        "title: x\nports: [p]\nsecrets: [s]\nprepare: [[sh, -c, 'echo $SECRET_S >baked; date +%N >>baked; env >seen']]\n\
         environment: '${secret:s} ${port:p}'\n",
    );
    let part = testbed.part("one").unwrap();
    let (first, second) = (part.start(None).unwrap(), part.start(None).unwrap());
    let baked = |running: &crate::Running| fs::read_to_string(running.work_dir().join("baked")).unwrap();
    assert_eq!(baked(&first), baked(&second));
    let secret = baked(&first).lines().next().unwrap().to_owned();
    assert_eq!(secret.len(), 48);
    assert_eq!(first.environment(), format!("{secret} {}", first.port("p")));
    assert_ne!(first.port("p"), second.port("p"));
    assert!(!fs::read_to_string(first.work_dir().join("seen")).unwrap().contains("PORT_P"));
}

#[test]
fn stopping_takes_the_whole_group_and_the_work_directory() {
    let (_folder, testbed) = one_part(
        "title: x\nprocesses: [{name: a, run: [sh, -c, 'sleep 1000 & echo $! >$WORK/child.new; mv $WORK/child.new $WORK/child; wait'], ready: {file: '${work}/child'}}]\n",
    );
    let running = testbed.part("one").unwrap().start(None).unwrap();
    let child: i32 = fs::read_to_string(running.work_dir().join("child")).unwrap().trim().parse().unwrap();
    let work = running.work_dir().to_path_buf();
    running.stop().unwrap();
    assert!(!work.exists());
    let deadline = Instant::now() + Duration::from_secs(5);
    // Reaped by whoever adopted it, hence not necessarily at once.
    while is_alive(child) {
        assert!(Instant::now() < deadline, "child {child} is left");
        std::thread::yield_now();
    }
}

fn is_alive(pid: i32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    !stat.is_empty() && !stat.contains(") Z ")
}

#[test]
fn redis_starts_and_stops() {
    let part = testbed().part("redis").unwrap();
    let mut running = match part.start(None) {
        Err(StartError::Missing { program, .. }) => return eprintln!("skipped: no {program}"),
        started => started.unwrap(),
    };
    let port = running.port("redis");
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.write_all(b"PING\r\n").unwrap();
    let mut answer = [0; 7];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"-NOAUTH");
    assert!(running.secrets()["REDIS_URL"].contains(&format!("127.0.0.1:{port}")));
    running.away();
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
    assert!(running.environment().contains("redis"));
    running.stop().unwrap();
}

#[test]
fn every_description_is_of_the_form() {
    let testbed = testbed();
    for name in testbed.parts().unwrap() {
        testbed.part(&name).unwrap();
        testbed.sabotages(&name).unwrap();
    }
}
