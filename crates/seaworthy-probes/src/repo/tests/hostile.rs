//! Repositories that mean harm. Nothing hangs, breaks off, leaves the directory or is said to be clean unread.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use seaworthy_core::facts::{Blind, Seen};
use seaworthy_core::limits::Limits;
use seaworthy_core::limits::repo::DEPTH_MAX;

use super::{commit, cut, git, items, json, look, repository, target, write};
use crate::repo::facts::RepoFacts;
use crate::repo::sum;
use crate::repo::tree::Tree;
use crate::repo::walk::walk_at_most;

/// Looks and makes sure that it did not take long.
fn soon(root: &Path) -> RepoFacts {
    let begun = Instant::now();
    let facts = look(root);
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    facts
}

/// All paths below a directory with what would show that one was written to.
fn everything(root: &Path) -> BTreeSet<(PathBuf, u64, Option<SystemTime>)> {
    let mut found = BTreeSet::new();
    let mut waiting = vec![root.to_owned()];
    while let Some(directory) = waiting.pop() {
        for entry in std::fs::read_dir(&directory).unwrap() {
            let entry = entry.unwrap();
            let data = entry.path().symlink_metadata().unwrap();
            found.insert((entry.path(), data.len(), data.modified().ok()));
            if data.is_dir() {
                waiting.push(entry.path());
            }
        }
    }
    found
}

#[test]
fn r1_links_are_not_followed() {
    let outside = tempfile::tempdir().unwrap();
    write(outside.path(), &[("secret.txt", &format!("ghp_{}", "a1B2c3D4e5".repeat(4).split_off(4)))]);
    let repository = repository(&[("a.txt", "x")]);
    let root = repository.path();
    symlink(".", root.join("loop")).unwrap();
    symlink("../../../../../../etc", root.join("etc")).unwrap();
    symlink(outside.path().join("secret.txt"), root.join("out.txt")).unwrap();
    symlink(outside.path(), root.join("directory")).unwrap();
    symlink("b", root.join("a")).unwrap();
    symlink("a", root.join("b")).unwrap();
    commit(root, "links");
    let facts = soon(root);
    assert_eq!(facts.files.read_count, 1);
    assert_eq!(facts.files.links_count, 6);
    assert_eq!(items(&facts.secrets.found).len(), 0);
}

#[test]
fn r1_a_git_directory_that_is_a_link_is_not_followed() {
    let real = repository(&[("a.txt", "x")]);
    let directory = tempfile::tempdir().unwrap();
    symlink(real.path().join(".git"), directory.path().join(".git")).unwrap();
    let facts = soon(directory.path());
    assert!(matches!(&facts.git, Seen::Unseen(unseen) if unseen.kind == Blind::Unsupported));
    assert!(cut(&facts.secrets.found).is_some());
}

#[test]
fn r2_pipes_sockets_and_devices_are_not_opened() {
    let repository = repository(&[("a.txt", "x")]);
    let root = repository.path();
    nix::unistd::mkfifo(&root.join("pipe"), nix::sys::stat::Mode::from_bits_truncate(0o600)).unwrap();
    nix::unistd::mkfifo(&root.join(".env"), nix::sys::stat::Mode::from_bits_truncate(0o600)).unwrap();
    nix::unistd::mkfifo(&root.join("package.json"), nix::sys::stat::Mode::from_bits_truncate(0o600)).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(root.join("socket")).unwrap();
    let facts = soon(root);
    assert_eq!(facts.files.read_count, 1);
}

#[test]
fn r3_a_million_files_are_cut_and_told() {
    let directory = tempfile::tempdir().unwrap();
    for number in 0..300 {
        write(directory.path(), &[(&format!("d{}/f{number}", number % 7), "")]);
    }
    let tree = Tree::open(directory.path()).unwrap();
    assert_eq!(walk_at_most(&tree, None, 1_000).unread.len(), 0);
    let cut = walk_at_most(&tree, None, 100);
    assert!(cut.files.len() <= 100 && cut.unread[0].1.kind == Blind::CutShort);
}

#[test]
fn r10_replaced_objects_are_read_as_they_are() {
    let key = format!("AKIA{}", "QWERTZUIOPASDFGH");
    let repository = repository(&[("a.txt", "x")]);
    let root = repository.path();
    write(root, &[("key.txt", &key)]);
    commit(root, "with");
    let with = git(root, &["rev-parse", "HEAD"]);
    std::fs::remove_file(root.join("key.txt")).unwrap();
    commit(root, "without");
    git(root, &["replace", &with, "HEAD~2"]);
    git(root, &["pack-refs", "--all"]);
    assert!(git(root, &["log", "-S", "AKIA", "--oneline"]).is_empty());
    assert_eq!(items(&soon(root).secrets.found).len(), 1);
}

#[test]
fn r4_sparse_files_and_endless_lines_end() {
    let repository = repository(&[("a.txt", "x")]);
    let root = repository.path();
    let sparse = std::fs::File::create(root.join("sparse.bin")).unwrap();
    sparse.set_len(4 * 1024 * 1024 * 1024).unwrap();
    std::fs::write(root.join("line.js"), "password=token;eyJ://".repeat(180_000)).unwrap();
    let facts = soon(root);
    assert!(!facts.files.whole);
    let unread: Vec<&str> = facts.files.unread.items.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(unread, ["line.js", "sparse.bin"]);
    assert!(cut(&facts.secrets.found).is_some());
}

#[test]
fn r5_hostile_names_stay_names() {
    let repository = repository(&[("a.txt", "x")]);
    let root = repository.path();
    let key = format!("AKIA{}", "QWERTZUIOPASDFGH");
    for name in [
        b"-rf".as_slice(),
        b"$(id).js",
        b"`id`",
        b"a'b.txt",
        b"<script>alert(1)<script>",
        b"\x1b[31mred",
        b"\xff\xfe.txt",
        "\u{202e}txt.exe".as_bytes(),
        b"new\nline",
        b"{{ 7 * 7 }}",
    ] {
        std::fs::write(root.join(OsStr::from_bytes(name)), &key).unwrap();
    }
    commit(root, "names");
    let facts = soon(root);
    let found = items(&facts.secrets.found);
    assert_eq!(found.iter().filter(|finding| finding.commit.is_none()).count(), 10);
    let command = |path: &str| &found.iter().find(|finding| finding.path == path).unwrap().by_hand;
    assert_eq!(command("-rf"), "sed -n 1p './-rf'");
    assert_eq!(command("$(id).js"), "sed -n 1p '$(id).js'");
    assert_eq!(command("a'b.txt"), r"sed -n 1p 'a'\''b.txt'");
}

#[test]
fn r6_deep_directories_end() {
    let repository = repository(&[("a.txt", "x")]);
    let mut at =
        nix::fcntl::open(repository.path(), nix::fcntl::OFlag::O_DIRECTORY, nix::sys::stat::Mode::empty())
            .unwrap();
    for _ in 0..3_000 {
        nix::sys::stat::mkdirat(&at, "d", nix::sys::stat::Mode::S_IRWXU).unwrap();
        at = nix::fcntl::openat(&at, "d", nix::fcntl::OFlag::O_DIRECTORY, nix::sys::stat::Mode::empty())
            .unwrap();
    }
    let facts = soon(repository.path());
    assert!(!facts.files.whole);
    assert!(facts.files.unread.items[0].reason.why.contains(&format!("more than {DEPTH_MAX} directories")));
    // `tempfile` cannot delete paths this long.
    let _ = std::process::Command::new("rm").arg("-rf").arg(repository.path()).status();
}

#[test]
fn r7_r11_programs_that_a_repository_names_are_not_run() {
    let repository = repository(&[("a.txt", "x"), (".gitattributes", "* filter=evil diff=evil\n")]);
    let root = repository.path();
    let ran = root.join("ran");
    let program = root.join("evil.sh");
    std::fs::write(&program, format!("#!/bin/sh\ntouch {}\n", ran.display())).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let evil = program.display();
    let config = format!(
        "[core]\n\tfsmonitor = {evil}\n\tsshCommand = {evil}\n\tpager = {evil}\n\thooksPath = {root}\n\texcludesFile = /etc/passwd\n[filter \"evil\"]\n\tclean = {evil}\n\tsmudge = {evil}\n[diff \"evil\"]\n\ttextconv = {evil}\n[include]\n\tpath = {evil}\n[alias]\n\tstatus = !{evil}\n",
        root = root.display()
    );
    let mut whole = std::fs::read_to_string(root.join(".git/config")).unwrap();
    whole.push_str(&config);
    std::fs::write(root.join(".git/config"), whole).unwrap();
    write(
        root,
        &[
            ("rust-toolchain.toml", "[toolchain]\npath = \"./evil.sh\"\n"),
            (".cargo/config.toml", "[build]\nrustc-wrapper = \"./evil.sh\"\n"),
            ("Cargo.toml", "[package]\nname = \"evil\"\nversion = \"1.0.0\"\nbuild = \"evil.rs\"\n"),
            ("package.json", "{\"name\":\"evil\",\"scripts\":{\"preinstall\":\"./evil.sh\"}}"),
            (".npmrc", "script-shell=./evil.sh\n"),
            ("Makefile", "all:\n\t./evil.sh\n"),
        ],
    );
    let before = everything(root);
    let facts = soon(root);
    assert!(!ran.exists());
    assert_eq!(everything(root), before, "looking changed the repository");
    assert!(facts.git.value().unwrap().is_some());
}

#[test]
fn r8_odd_git_directories_are_told() {
    for content in ["", "gitdir: /", "gitdir: ../../../../etc", "gitdir: \u{0}", "nonsense"] {
        let directory = tempfile::tempdir().unwrap();
        write(directory.path(), &[(".git", content), ("a.txt", "x")]);
        let facts = soon(directory.path());
        assert!(facts.git.value().is_none(), "{content:?}");
        assert!(cut(&facts.secrets.found).is_some());
        assert!(facts.stack.uses_postgres.value().is_none());
    }
    let empty = tempfile::tempdir().unwrap();
    std::fs::create_dir(empty.path().join(".git")).unwrap();
    let facts = soon(empty.path());
    assert!(cut(&facts.secrets.found).is_some());
}

#[test]
fn r9_damaged_objects_are_never_clean_and_never_fatal() {
    let made = repository(&[("a.txt", "one\n".repeat(500).as_str())]);
    for version in 0..5 {
        write(made.path(), &[("a.txt", &format!("{version}\n{}", "one\n".repeat(500)))]);
        commit(made.path(), "more");
    }
    git(made.path(), &["gc", "-q", "--aggressive"]);
    let packs = made.path().join(".git/objects/pack");
    let files: Vec<_> = std::fs::read_dir(&packs)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "pack" || extension == "idx"))
        .collect();
    for file in files {
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
        let sound = std::fs::read(&file).unwrap();
        let step = (sound.len() / 60).max(1);
        for at in (0..sound.len()).step_by(step) {
            let mut damaged = sound.clone();
            damaged[at] ^= 0x5a;
            std::fs::write(&file, &damaged).unwrap();
            let told = cut(&look(made.path()).secrets.found).is_some();
            // Head and checksum of a pack are not needed; of an index nothing is that a name or an offset does not show.
            let body = file.extension() == Some(OsStr::new("pack")) && (12..sound.len() - 20).contains(&at);
            assert!(told || !body, "{} at {at}", file.display());
        }
        for length in [0, 7, sound.len() / 2, sound.len() - 41] {
            std::fs::write(&file, &sound[..length]).unwrap();
            assert!(cut(&look(made.path()).secrets.found).is_some(), "{} cut to {length}", file.display());
        }
        std::fs::write(&file, &sound).unwrap();
    }
    assert!(cut(&look(made.path()).secrets.found).is_none());
}

#[test]
fn r9_objects_that_inflate_without_end_are_cut() {
    use std::io::Write;
    let repository = repository(&[("a.txt", "x")]);
    let directory = repository.path().join(".git/objects/ab");
    std::fs::create_dir_all(&directory).unwrap();
    let mut bomb = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    bomb.write_all(b"blob 2000000000\0").unwrap();
    for _ in 0..40 {
        bomb.write_all(&vec![0; 1024 * 1024]).unwrap();
    }
    std::fs::write(directory.join("c".repeat(38)), bomb.finish().unwrap()).unwrap();
    let facts = soon(repository.path());
    assert!(cut(&facts.secrets.found).unwrap().contains("damaged"));
}

#[test]
fn r12_r13_bombs_in_documents_are_reasons() {
    let mut bomb = String::from("a: &a [x,x,x,x,x,x,x,x,x,x]\n");
    for (name, before) in ('b'..='i').zip('a'..) {
        bomb.push_str(&format!("{name}: &{name} [*{before},*{before},*{before},*{before},*{before},*{before},*{before},*{before},*{before}]\n"));
    }
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let repository = repository(&[
        (".github/workflows/bomb.yml", &bomb),
        ("docker-compose.yml", &deep),
        (".gitlab-ci.yml", &bomb),
        ("package.json", &deep),
        ("package-lock.json", &deep),
        ("Cargo.toml", &format!("a = {deep}")),
        ("openapi.yaml", &format!("openapi: 3.1.0\npaths: {deep}")),
        ("Cargo.lock", &"[[package]]\nname = \"a\"\nversion = \"1\"\nsource = \"r\"\n".repeat(60_000)),
    ]);
    let facts = soon(repository.path());
    assert!(facts.pipeline.value().unwrap().as_ref().unwrap().files.cut.is_some());
    assert!(cut(&facts.stack.compose_services).is_some());
    assert!(cut(&facts.stack.openapi).is_some());
    assert!(cut(&facts.licences.dependencies).is_some());
}

#[test]
fn r14_archives_are_not_unpacked() {
    let repository = repository(&[("a.txt", "x")]);
    let root = repository.path();
    let zeros = std::fs::File::create(root.join("zeros")).unwrap();
    zeros.set_len(256 * 1024 * 1024).unwrap();
    let gzip = |from: &str| {
        assert!(std::process::Command::new("gzip").arg(root.join(from)).status().unwrap().success());
    };
    gzip("zeros");
    std::fs::rename(root.join("zeros.gz"), root.join("bomb.tar.gz")).unwrap();
    // A stored ZIP entry whose name leads out of the directory, and only the beginning of an archive.
    let mut zip = b"PK\x03\x04\x14\0\0\0\0\0\0\0\0\0\0\0\0\0\x04\0\0\0\x04\0\0\0\x0b\0\0\0".to_vec();
    zip.extend_from_slice(b"../escapedevil");
    std::fs::write(root.join("slip.zip"), &zip).unwrap();
    std::fs::write(root.join("short.tgz"), b"\x1f\x8b\x08").unwrap();
    let before = everything(root);
    let facts = soon(root);
    assert_eq!(everything(root), before, "looking changed the repository");
    assert!(!root.parent().unwrap().join("escaped").exists());
    assert!(facts.git.value().unwrap().is_some());
}

#[test]
fn r16_a_credential_that_is_found_is_not_tried() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    let repository = repository(&[
        (".env.production", &format!("DATABASE_URL=postgres://app:Xk29vQ81mmZt0pLr@{address}/shop\n")),
        ("src/app.js", &format!("fetch('http://admin:Xk29vQ81mmZt0pLr@{address}/')\n")),
        (".npmrc", &format!("registry=http://{address}/\n//{address}/:_authToken=Xk29vQ81mmZt0pLr\n")),
        (".git-credentials", &format!("http://admin:Xk29vQ81mmZt0pLr@{address}\n")),
    ]);
    git(repository.path(), &["remote", "add", "origin", &format!("http://{address}/shop.git")]);
    let facts = soon(repository.path());
    assert!(!items(&facts.secrets.found).is_empty());
    assert!(listener.accept().is_err(), "someone asked");
}

#[test]
fn r17_files_that_come_and_go_break_nothing() {
    let repository = repository(&[("a.txt", "x")]);
    let root = repository.path().to_owned();
    let stop = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let changing = {
        let stop = stop.clone();
        std::thread::spawn(move || {
            let mut turn = 0_u64;
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                turn += 1;
                let path = root.join(format!("f{}", turn % 50));
                let _ = std::fs::remove_file(&path);
                let _ = std::fs::remove_dir_all(&path);
                let _ = match turn % 3 {
                    0 => std::fs::write(&path, "x".repeat(10_000)),
                    1 => std::fs::create_dir(&path),
                    _ => symlink("/etc/passwd", &path),
                };
            }
        })
    };
    for _ in 0..30 {
        let _ = look(repository.path());
    }
    stop.store(true, std::sync::atomic::Ordering::Relaxed);
    changing.join().unwrap();
}

#[test]
fn r18_what_may_not_be_read_is_told() {
    if nix::unistd::geteuid().is_root() {
        // Root reads everything. As somebody else the whole program is run: see `r18_…` of its command line.
        return;
    }
    let repository = repository(&[("a.txt", "x"), ("b.txt", "y")]);
    std::fs::set_permissions(repository.path().join("b.txt"), std::fs::Permissions::from_mode(0o0)).unwrap();
    let facts = soon(repository.path());
    assert_eq!(facts.files.unread.items[0].reason.kind, Blind::Denied);
    assert!(cut(&facts.secrets.found).is_some());
}

#[test]
fn r19_claims_in_prose_are_no_signs() {
    let repository = repository(&[
        ("README.md", "We use PostgreSQL and Redis, all secrets are safe, CI deploys.\n"),
        ("src/app.py", "print(1)\n"),
    ]);
    let facts = soon(repository.path());
    let Seen::Unseen(unseen) = &facts.stack.uses_postgres else { panic!("{:?}", facts.stack.uses_postgres) };
    assert!(unseen.why.contains("mentioned in README.md:1"));
    assert!(facts.pipeline.value().unwrap().is_none());
}

#[test]
fn r20_submodules_and_large_files_are_told() {
    let inner = repository(&[("secret.txt", &format!("AKIA{}", "QWERTZUIOPASDFGH"))]);
    let outer = repository(&[("a.txt", "x")]);
    let from = inner.path().to_str().unwrap();
    git(outer.path(), &["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", from, "inner"]);
    commit(outer.path(), "submodule");
    let facts = soon(outer.path());
    assert_eq!(facts.git.value().unwrap().as_ref().unwrap().submodules.value().unwrap(), &["inner"]);
    assert_eq!(items(&facts.secrets.found)[0].path, "inner/secret.txt");
    assert!(cut(&facts.secrets.found).unwrap().contains("submodule"));
    std::fs::remove_dir_all(outer.path().join("inner")).unwrap();
    std::fs::create_dir(outer.path().join("inner")).unwrap();
    assert!(!soon(outer.path()).files.whole);

    let pointer =
        format!("version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize 20\n", "ab".repeat(32));
    let large = repository(&[("big.bin", &pointer)]);
    assert!(cut(&soon(large.path()).secrets.found).unwrap().contains("Git LFS"));
    let place = large.path().join(".git/lfs/objects/ab/ab");
    std::fs::create_dir_all(&place).unwrap();
    std::fs::write(place.join("ab".repeat(32)), format!("AKIA{}", "QWERTZUIOPASDFGH")).unwrap();
    let facts = soon(large.path());
    assert_eq!(items(&facts.secrets.found)[0].path, "big.bin");
    assert!(cut(&facts.secrets.found).is_none());
}

#[test]
fn gitignore_hides_nothing_that_is_tracked() {
    let key = format!("AKIA{}", "QWERTZUIOPASDFGH");
    let repository =
        repository(&[("deep/node_modules/x/a.txt", &key), ("target/b.txt", &key), ("ignored.txt", &key)]);
    write(
        repository.path(),
        &[(".gitignore", "*\n"), ("untracked/c.txt", &key), ("deep/untracked.txt", &key)],
    );
    let facts = soon(repository.path());
    let paths: Vec<&str> = items(&facts.secrets.found)
        .iter()
        .filter(|finding| finding.commit.is_none())
        .map(|finding| finding.path.as_str())
        .collect();
    assert_eq!(paths, ["deep/node_modules/x/a.txt", "ignored.txt", "target/b.txt"]);
}

#[test]
fn a_directory_that_is_gone_is_unseen() {
    let directory = tempfile::tempdir().unwrap();
    let gone = directory.path().join("gone");
    assert!(
        matches!(sum::look(&target(&gone), &Limits::default()), Seen::Unseen(unseen) if unseen.kind == Blind::Unreachable)
    );
    let sound = soon(directory.path());
    assert!(json(&sound).to_string().len() < 20_000);
}
