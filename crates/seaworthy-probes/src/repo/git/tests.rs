//! Against what `git` itself says of repositories that `git` itself made.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;

use super::Git;
use super::changed::changed;
use super::graph::{Graph, Inside};
use super::object::Kind;
use super::objects::Objects;
use super::traverse::{Sink, all};
use crate::repo::tree::Tree;

/// Runs `git` in a directory, with no configuration but its own defaults, and returns what it prints.
pub(crate) fn git(directory: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .args(["-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "commit.gpgsign=false"])
        .args(arguments)
        .current_dir(directory)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_AUTHOR_DATE", "2026-03-01T12:00:00Z")
        .env("GIT_COMMITTER_DATE", "2026-03-01T12:00:00Z")
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    assert!(output.status.success(), "git {arguments:?}");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// A repository with a few versions of a few files, so that packing makes deltas.
pub(crate) fn repository(init: &[&str]) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    git(root, &[&["init", "-q", "-b", "main"], init].concat());
    for version in 0..12 {
        let text: String = (0..400)
            .map(|line| {
                format!("line {line} of version {}\n", if line % 50 == version { version } else { 0 })
            })
            .collect();
        std::fs::create_dir_all(root.join("src/deep")).unwrap();
        std::fs::write(root.join("src/deep/a.txt"), &text).unwrap();
        std::fs::write(root.join(format!("file{version}")), format!("{version}")).unwrap();
        git(root, &["add", "-A"]);
        git(root, &["commit", "-q", "-m", &format!("version {version}")]);
    }
    git(root, &["tag", "-a", "v1.0.0", "-m", "the first"]);
    git(root, &["branch", "side", "HEAD~3"]);
    directory
}

#[derive(Default)]
struct Names(Mutex<BTreeSet<(u32, &'static str, usize)>>);

impl Sink for Names {
    fn object(&self, number: u32, kind: Kind, content: &[u8]) {
        assert!(self.0.lock().unwrap().insert((number, kind.word(), content.len())), "handed on twice");
    }

    fn piece(&self, number: u32, piece: &[u8], _: bool) {
        let mut names = self.0.lock().unwrap();
        let before = names.iter().find(|(at, ..)| *at == number).copied();
        let length = before.map_or(0, |before| {
            names.remove(&before);
            before.2
        });
        names.insert((number, "blob", length + piece.len()));
    }

    fn stop(&self) -> bool {
        false
    }
}

/// All objects read, as `git cat-file --batch-check` prints them.
fn read(objects: &Objects) -> BTreeSet<String> {
    let names = Names::default();
    let faults = all(objects, &names, 2);
    assert_eq!((faults.damaged.into_inner(), faults.too_long.into_inner()), (0, 0));
    let names = names.0.into_inner().unwrap();
    names
        .iter()
        .map(|(number, kind, size)| {
            format!("{} {kind} {size}", objects.name(*number).unwrap().hex(objects.format))
        })
        .collect()
}

fn reads_what_git_reads(root: &Path) {
    let found = Git::find(root).unwrap().unwrap();
    let objects = found.objects().unwrap();
    assert_eq!(objects.cut, vec![]);
    let ours = read(&objects);
    let listed: BTreeSet<String> =
        git(root, &["cat-file", "--batch-all-objects", "--batch-check"]).lines().map(str::to_owned).collect();
    assert_eq!(ours, listed);

    let refs = found.refs().unwrap();
    assert_eq!(refs.head.unwrap().hex(objects.format), git(root, &["rev-parse", "HEAD"]));
    let tips: Vec<u32> = refs.by_name.values().map(|oid| objects.find(oid).unwrap()).collect();
    let graph = Graph::new(objects.len());
    let mut blobs = BTreeSet::new();
    for number in 0..u32::try_from(objects.len()).unwrap() {
        let (kind, content) = objects.read(number).unwrap();
        assert!(graph.note(&objects, number, kind, &content));
        if kind == Kind::Blob {
            blobs.insert(number);
        }
    }
    let reached = graph.reach(&tips, &blobs, &Inside::Tree);
    assert_eq!(reached.unread_count, 0);
    assert_eq!(reached.commits_count.to_string(), git(root, &["rev-list", "--all", "--count"]));
    let reachable =
        git(root, &["rev-list", "--all", "--objects", "--filter=object:type=blob", "--no-object-names"]);
    let theirs: BTreeSet<&str> = reachable.lines().collect();
    let ours: BTreeSet<String> =
        reached.found.iter().map(|found| objects.name(found.object).unwrap().hex(objects.format)).collect();
    // Commits and tags that references name are listed whatever the filter says.
    let theirs: BTreeSet<String> = listed
        .iter()
        .filter_map(|line| line.split_once(" blob "))
        .filter(|(name, _)| theirs.contains(name))
        .map(|(name, _)| (*name).to_owned())
        .collect();
    assert_eq!(ours, theirs);
}

#[test]
fn reads_loose_objects() {
    reads_what_git_reads(repository(&[]).path());
}

#[test]
fn reads_packs_with_deltas() {
    let repository = repository(&[]);
    git(repository.path(), &["gc", "-q", "--aggressive"]);
    assert!(git(repository.path(), &["count-objects", "-v"]).contains("count: 0"));
    reads_what_git_reads(repository.path());
}

#[test]
fn reads_packs_that_name_their_bases() {
    let repository = repository(&[]);
    git(repository.path(), &["-c", "repack.useDeltaBaseOffset=false", "repack", "-q", "-a", "-d", "-f"]);
    reads_what_git_reads(repository.path());
}

#[test]
fn reads_several_packs_and_loose_objects_together() {
    let repository = repository(&[]);
    git(repository.path(), &["repack", "-q", "-d"]);
    std::fs::write(repository.path().join("late"), "late").unwrap();
    git(repository.path(), &["add", "-A"]);
    git(repository.path(), &["commit", "-q", "-m", "late"]);
    git(repository.path(), &["repack", "-q"]);
    std::fs::write(repository.path().join("later"), "later").unwrap();
    git(repository.path(), &["add", "-A"]);
    git(repository.path(), &["commit", "-q", "-m", "later"]);
    reads_what_git_reads(repository.path());
}

#[test]
fn reads_repositories_of_the_longer_digest() {
    let repository = repository(&["--object-format=sha256"]);
    git(repository.path(), &["gc", "-q"]);
    reads_what_git_reads(repository.path());
}

#[test]
fn reads_blobs_too_long_to_be_held() {
    let repository = repository(&[]);
    let mut long = Vec::new();
    let mut state = 1_u32;
    while long.len() < 17 * 1024 * 1024 {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        long.extend_from_slice(format!("{state:x}\n").as_bytes());
    }
    std::fs::write(repository.path().join("long"), &long).unwrap();
    git(repository.path(), &["add", "-A"]);
    git(repository.path(), &["commit", "-q", "-m", "long"]);
    git(repository.path(), &["repack", "-q", "-a", "-d"]);
    let found = Git::find(repository.path()).unwrap().unwrap();
    let objects = found.objects().unwrap();
    assert!(read(&objects).iter().any(|line| line.ends_with(&format!("blob {}", long.len()))));
}

#[test]
fn reads_the_index_in_each_version() {
    let repository = repository(&[]);
    let theirs: Vec<String> = git(repository.path(), &["ls-files"]).lines().map(str::to_owned).collect();
    for version in ["2", "3", "4"] {
        git(repository.path(), &["update-index", "--index-version", version]);
        let tracked = Git::find(repository.path()).unwrap().unwrap().tracked().unwrap();
        let ours: Vec<String> =
            tracked.iter().map(|entry| String::from_utf8_lossy(&entry.path).into_owned()).collect();
        assert_eq!(ours, theirs, "version {version}");
    }
    let below = Git::find(&repository.path().join("src")).unwrap().unwrap().tracked().unwrap();
    assert_eq!(below.first().unwrap().path, b"deep/a.txt");
}

#[test]
fn reads_linked_work_trees_and_refuses_pretended_ones() {
    let repository = repository(&[]);
    let beside = tempfile::tempdir().unwrap();
    let linked = beside.path().join("linked");
    git(repository.path(), &["worktree", "add", "-q", linked.to_str().unwrap(), "side"]);
    let found = Git::find(&linked).unwrap().unwrap();
    assert_eq!(found.refs().unwrap().branch.as_deref(), Some("refs/heads/side"));
    let pretended = beside.path().join("pretended");
    std::fs::create_dir(&pretended).unwrap();
    std::fs::copy(linked.join(".git"), pretended.join(".git")).unwrap();
    assert!(Git::find(&pretended).unwrap_err().why.contains("does not name this work tree"));
    let direct = beside.path().join("direct");
    std::fs::create_dir(&direct).unwrap();
    std::fs::write(direct.join(".git"), format!("gitdir: {}", repository.path().join(".git").display()))
        .unwrap();
    assert!(Git::find(&direct).is_err());
}

#[test]
fn says_that_a_shallow_or_partial_clone_is_not_whole() {
    let repository = repository(&[]);
    let beside = tempfile::tempdir().unwrap();
    let from = format!("file://{}", repository.path().display());
    git(beside.path(), &["clone", "-q", "--depth", "1", &from, "shallow"]);
    let shallow = Git::find(&beside.path().join("shallow")).unwrap().unwrap();
    assert!(shallow.left_out().unwrap().why.contains("shallow"));
    git(repository.path(), &["config", "uploadpack.allowFilter", "true"]);
    git(beside.path(), &["clone", "-q", "--filter=blob:none", "--no-checkout", &from, "partial"]);
    let partial = Git::find(&beside.path().join("partial")).unwrap().unwrap();
    assert!(partial.objects().unwrap().cut.first().unwrap().why.contains("partial"));
    git(beside.path(), &["clone", "-q", "--shared", repository.path().to_str().unwrap(), "shared"]);
    let shared = Git::find(&beside.path().join("shared")).unwrap().unwrap();
    assert!(shared.objects().unwrap().cut.first().unwrap().why.contains("borrowed"));
}

/// What git says of a work tree, and what we say.
fn both_say(root: &Path) -> (BTreeSet<String>, BTreeSet<String>) {
    let told = git(root, &["status", "--porcelain=v1", "--untracked-files=no", "--no-renames"]);
    // The output is trimmed, and the first sign of a line may be a blank.
    let theirs = told
        .lines()
        .filter_map(|line| line.trim_start().split_once(' '))
        .map(|(_, path)| path.trim().to_owned());
    let repository = Git::find(root).unwrap().unwrap();
    let tree = Tree::open(root).unwrap();
    let ours =
        changed(&repository, &repository.refs().unwrap(), &repository.tracked().unwrap(), (root, &tree))
            .unwrap();
    (theirs.collect(), ours.items.into_iter().collect())
}

#[test]
fn what_is_not_as_committed_is_what_git_says_is_not() {
    for init in [&[][..], &["--object-format=sha256"]] {
        let repository = repository(init);
        let root = repository.path();
        let compare = |what: &str, count: usize| {
            let (theirs, ours) = both_say(root);
            assert_eq!(theirs, ours, "{what}");
            assert_eq!(ours.len(), count, "{what}: {ours:?}");
        };
        compare("nothing", 0);
        // The same size and, within the resolution of the file system, the same time.
        std::fs::write(root.join("file3"), "4").unwrap();
        compare("changed", 1);
        std::fs::write(root.join("file3"), "3").unwrap();
        compare("changed and back", 0);
        std::fs::write(root.join("src/deep/a.txt"), "new").unwrap();
        std::fs::remove_file(root.join("file1")).unwrap();
        std::fs::write(root.join("untracked"), "x").unwrap();
        compare("changed and removed", 2);
        git(root, &["add", "src", "untracked"]);
        git(root, &["rm", "-q", "--cached", "file2"]);
        compare("added and taken out", 4);
        git(root, &["commit", "-q", "-m", "more"]);
        compare("the rest", 1);
        git(root, &["checkout", "-q", "--", "."]);
        std::fs::remove_file(root.join("file4")).unwrap();
        std::os::unix::fs::symlink("file5", root.join("file4")).unwrap();
        let mut mode = std::fs::metadata(root.join("file5")).unwrap().permissions();
        std::os::unix::fs::PermissionsExt::set_mode(&mut mode, 0o755);
        std::fs::set_permissions(root.join("file5"), mode).unwrap();
        compare("a link for a file, and a file that runs", 2);
        git(root, &["config", "core.filemode", "false"]);
        compare("where it does not count which files run", 1);
        git(root, &["config", "core.filemode", "true"]);
        git(root, &["add", "-A"]);
        git(root, &["commit", "-q", "-m", "a link"]);
        compare("a link that is tracked", 0);
        std::fs::remove_file(root.join("file4")).unwrap();
        std::os::unix::fs::symlink("file6", root.join("file4")).unwrap();
        compare("a link to elsewhere", 1);
    }
}

#[test]
fn ends_of_lines_are_no_change_and_filters_are_in_doubt() {
    let repository = repository(&[]);
    let root = repository.path();
    std::fs::write(root.join("text"), "one\r\ntwo\r\n").unwrap();
    std::fs::write(root.join(".gitattributes"), "text text eol=crlf\n").unwrap();
    git(root, &["add", "-A"]);
    git(root, &["commit", "-q", "-m", "text"]);
    std::fs::remove_file(root.join("text")).unwrap();
    git(root, &["checkout", "-q", "--", "text"]);
    std::fs::File::options()
        .write(true)
        .open(root.join("text"))
        .unwrap()
        .set_modified(std::time::UNIX_EPOCH)
        .unwrap();
    assert_eq!(both_say(root).1, BTreeSet::new());
    std::fs::write(root.join(".gitattributes"), "text filter=lfs\n").unwrap();
    std::fs::write(root.join("text"), "other").unwrap();
    let found = Git::find(root).unwrap().unwrap();
    let tree = Tree::open(root).unwrap();
    assert!(
        changed(&found, &found.refs().unwrap(), &found.tracked().unwrap(), (root, &tree))
            .unwrap()
            .cut
            .is_some()
    );
}

#[test]
fn large_files_hidden_ones_and_submodules_count_as_well() {
    let repository = repository(&[]);
    let root = repository.path();
    let large = "many bytes of a picture";
    let digest = crate::hexadecimal::hexadecimal(&<sha2::Sha256 as sha2::Digest>::digest(large.as_bytes()));
    // As a clone with Git LFS has it: the pointer is kept, the file is here.
    std::fs::write(root.join("a.bin"), format!("version 1\noid sha256:{digest}\nsize {}\n", large.len()))
        .unwrap();
    std::fs::write(root.join(".gitattributes"), "*.bin filter=lfs\n").unwrap();
    git(root, &["add", "-A"]);
    let inner = self::repository(&[]);
    let from = inner.path().to_str().unwrap();
    git(root, &["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", from, "inner"]);
    git(root, &["commit", "-q", "-m", "more"]);
    std::fs::write(root.join("a.bin"), large).unwrap();
    let ours = || {
        let found = Git::find(root).unwrap().unwrap();
        let tree = Tree::open(root).unwrap();
        changed(&found, &found.refs().unwrap(), &found.tracked().unwrap(), (root, &tree)).unwrap()
    };
    assert_eq!((ours().items, ours().cut), (Vec::<String>::new(), None));
    git(root, &["update-index", "--assume-unchanged", "file1"]);
    git(root, &["update-index", "--skip-worktree", "file2"]);
    std::fs::write(root.join("file1"), "changed").unwrap();
    std::fs::write(root.join("file2"), "changed").unwrap();
    git(&root.join("inner"), &["checkout", "-q", "HEAD~1"]);
    assert_eq!(ours().items, ["file1", "file2", "inner"]);
    std::fs::remove_file(root.join("file2")).unwrap();
    std::fs::write(root.join("a.bin"), "another picture").unwrap();
    assert_eq!(ours().items, ["file1", "inner"]);
    assert!(ours().cut.is_some_and(|why| why.why.contains("a.bin")));
}

#[test]
fn below_a_directory_only_what_is_there_counts() {
    let repository = repository(&[]);
    std::fs::write(repository.path().join("file1"), "changed").unwrap();
    assert_eq!(both_say(repository.path()).1.len(), 1);
    let below = repository.path().join("src");
    let found = Git::find(&below).unwrap().unwrap();
    let tree = Tree::open(&below).unwrap();
    let look =
        || changed(&found, &found.refs().unwrap(), &found.tracked().unwrap(), (&below, &tree)).unwrap().items;
    assert_eq!(look(), Vec::<String>::new());
    std::fs::write(below.join("deep/a.txt"), "changed").unwrap();
    assert_eq!(look(), ["deep/a.txt"]);
}
