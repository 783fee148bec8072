//! Trees that mean no good: none leads out, none hangs, none is believed.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use nix::sys::stat::Mode;

use super::super::packages;
use super::super::sshd_config::{Config, MAIN};
use super::super::tree::Tree;
use super::*;

struct Root {
    /// Holds the root and, beside it, what must never be read.
    around: tempfile::TempDir,
}

impl Root {
    fn new() -> Self {
        let around = tempfile::tempdir().expect("a folder");
        std::fs::create_dir_all(around.path().join("root/etc/ssh")).expect("made");
        std::fs::write(around.path().join("outside"), "PermitRootLogin no\nSECRET=outside\n")
            .expect("written");
        Self { around }
    }

    fn path(&self, path: &str) -> std::path::PathBuf {
        self.around.path().join("root").join(path)
    }

    fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let to = self.path(path);
        std::fs::create_dir_all(to.parent().expect("it has one")).expect("made");
        std::fs::write(to, content).expect("written");
    }

    fn link(&self, to: impl AsRef<Path>, at: &str) {
        let at = self.path(at);
        std::fs::create_dir_all(at.parent().expect("it has one")).expect("made");
        symlink(to, at).expect("linked");
    }

    fn tree(&self) -> Tree {
        Tree::open(&self.path("")).expect("a folder")
    }
}

#[test]
fn links_stay_inside() {
    let root = Root::new();
    root.link("../../../outside", "etc/ssh/sshd_config");
    root.link(root.around.path().join("outside"), "etc/absolute");
    root.link("/etc/passwd", "etc/inner");
    root.write("etc/passwd", "shop:x:990:990::/:/bin/sh\n");
    let tree = root.tree();
    assert_eq!(tree.read(MAIN, 1_000), Ok(None));
    assert_eq!(tree.read("etc/absolute", 1_000), Ok(None));
    assert_eq!(tree.read("../../outside", 1_000), Ok(None));
    // An absolute link means the host's own root, as it does for the host.
    assert_eq!(tree.text("etc/inner", 1_000), Ok(Some("shop:x:990:990::/:/bin/sh\n".into())));
    assert!(Config::read(&tree, MAIN).is_err());
}

#[test]
fn links_through_proc_stay_inside() {
    let root = Root::new();
    root.link("/proc/self/root/etc/passwd", "etc/passwd");
    root.link("/proc/self/fd/0", "etc/hostname");
    let tree = root.tree();
    assert_eq!(tree.read("etc/passwd", 1 << 20), Ok(None));
    assert_eq!(tree.read("etc/hostname", 1 << 20), Ok(None));
    // With a real `/proc` below the root, its magic links are refused.
    let whole = Tree::open(Path::new("/")).expect("the root");
    assert!(whole.read("proc/self/root/etc/passwd", 1 << 20).is_err());
}

#[test]
fn links_that_go_round_are_told() {
    let root = Root::new();
    root.link("sshd_config", "etc/ssh/sshd_config");
    root.link("b", "etc/a");
    root.link("a", "etc/b");
    let tree = root.tree();
    assert_eq!(tree.read(MAIN, 1_000).expect_err("it goes round").kind, Blind::Garbled);
    assert_eq!(tree.read("etc/a/x", 1_000).expect_err("it goes round").kind, Blind::Garbled);
    assert!(Config::read(&tree, MAIN).is_err());
}

#[test]
fn what_is_no_file_is_never_waited_for() {
    let root = Root::new();
    nix::unistd::mkfifo(&root.path("etc/ssh/sshd_config"), Mode::S_IRUSR).expect("made");
    nix::unistd::mkfifo(&root.path("etc/passwd"), Mode::S_IRUSR).expect("made");
    let _socket = std::os::unix::net::UnixListener::bind(root.path("etc/os-release")).expect("bound");
    std::fs::create_dir(root.path("etc/group")).expect("made");
    root.write("var/lib/dpkg/status", "");
    std::fs::create_dir_all(root.path("var/lib/apt/lists/x_InRelease")).expect("made");
    let tree = root.tree();
    for path in [MAIN, "etc/passwd", "etc/os-release", "etc/group"] {
        assert_eq!(tree.read(path, 1_000).expect_err(path).kind, Blind::Unsupported);
    }
    let facts = packages::facts(&Ok(tree), Utc::now());
    assert!(facts.security_updates.reason().is_some());
}

#[test]
fn what_is_too_long_is_cut_short() {
    let root = Root::new();
    let huge = std::fs::File::create(root.path("etc/ssh/sshd_config")).expect("made");
    huge.set_len(1 << 40).expect("sparse");
    let tree = root.tree();
    assert_eq!(Config::read(&tree, MAIN).expect_err("too long").kind, Blind::CutShort);
    root.write("var/lib/dpkg/status", "Package: a\nStatus: install ok installed\n");
    let list = "var/lib/apt/lists/x_dists_bookworm-security";
    root.write(&format!("{list}_InRelease"), "Label: Debian-Security\nDate: Wed, 18 Nov 2026 22:17:41 UTC\n");
    let endless =
        std::fs::File::create(root.path(&format!("{list}_main_binary-amd64_Packages"))).expect("made");
    endless.set_len(1 << 40).expect("sparse");
    let facts = packages::facts(&Ok(tree), Utc::now());
    assert_eq!(facts.security_updates.reason().map(|why| why.kind), Some(Blind::CutShort));
}

#[test]
fn what_cannot_be_read_is_denied() {
    if nix::unistd::geteuid().is_root() {
        // Root reads everything; the test without rights calls this one again as another user.
        return;
    }
    let root = Root::new();
    root.write("etc/ssh/sshd_config", "PermitRootLogin no\n");
    std::fs::set_permissions(root.path("etc/ssh/sshd_config"), PermissionsExt::from_mode(0o000))
        .expect("set");
    let why = Config::read(&root.tree(), MAIN).expect_err("closed");
    assert_eq!(why.kind, Blind::Denied);
    assert!(why.give.is_some());
}

#[test]
fn what_is_not_text_is_garbled() {
    let root = Root::new();
    root.write("etc/ssh/sshd_config", b"PermitRootLogin no\n\xff\xfe\n");
    assert_eq!(Config::read(&root.tree(), MAIN).expect_err("no text").kind, Blind::Garbled);
    root.write("etc/ssh/sshd_config", "Include /etc/ssh/sshd_config.d/*.conf\n");
    let name = std::ffi::OsString::from_encoded(b"\xff.conf");
    std::fs::create_dir_all(root.path("etc/ssh/sshd_config.d")).expect("made");
    std::fs::write(root.path("etc/ssh/sshd_config.d").join(name), "PermitRootLogin yes\n").expect("written");
    assert_eq!(Config::read(&root.tree(), MAIN).expect_err("no name").kind, Blind::Garbled);
}

trait FromEncoded {
    fn from_encoded(bytes: &[u8]) -> Self;
}

impl FromEncoded for std::ffi::OsString {
    fn from_encoded(bytes: &[u8]) -> Self {
        std::os::unix::ffi::OsStringExt::from_vec(bytes.to_vec())
    }
}

#[test]
fn a_folder_without_end_is_cut_short() {
    let root = Root::new();
    std::fs::create_dir_all(root.path("many")).expect("made");
    for number in 0..20 {
        root.write(&format!("many/{number}"), "");
    }
    assert_eq!(root.tree().names("many", 10).expect_err("too many").kind, Blind::CutShort);
    assert_eq!(root.tree().names("many", 20).map(|names| names.map(|names| names.len())), Ok(Some(20)));
}

#[test]
fn files_that_include_one_another_end() {
    let root = Root::new();
    root.write("etc/ssh/sshd_config", "Include /etc/ssh/sshd_config\nInclude sshd_config\n");
    assert_eq!(Config::read(&root.tree(), MAIN).expect_err("endless").kind, Blind::CutShort);
}

#[tokio::test]
async fn a_program_that_does_not_end_is_ended() {
    let command = programs::command("sleep", None, &["1000"]).expect("installed");
    let begun = std::time::Instant::now();
    let answer = programs::ask(command, "sleep", Duration::from_millis(200)).await.expect("it ran");
    assert!(begun.elapsed() < Duration::from_secs(5));
    assert_eq!(answer.success("sleep").expect_err("no end").kind, Blind::Timeout);
}

#[tokio::test]
async fn a_program_that_prints_without_end_is_cut_short() {
    let command = programs::command("yes", None, &[]).expect("installed");
    let why = programs::ask(command, "yes", Duration::from_secs(20)).await.expect_err("endless");
    assert_eq!(why.kind, Blind::CutShort);
}

#[test]
fn a_program_that_is_not_installed_says_what_to_install() {
    let why = programs::command("no-such-program", None, &[]).expect_err("not installed");
    assert_eq!(why.kind, Blind::Unsupported);
    assert!(why.give.is_some());
}
