//! What we understand of `sshd_config`, against what `sshd -T` says of the same files.

use std::path::Path;
use std::process::Command;

use seaworthy_core::facts::{Blind, Unseen};

use super::super::ports::Socket;
use super::super::processes::{Process, Processes, Sockets};
use super::super::sshd::{options, server, understand};
use super::super::sshd_config::Config;
use super::super::tree::Tree;

const KEYWORDS: [&str; 7] = [
    "permitrootlogin",
    "passwordauthentication",
    "kbdinteractiveauthentication",
    "pubkeyauthentication",
    "hostbasedauthentication",
    "gssapiauthentication",
    "permitemptypasswords",
];

/// sshd wants a folder of its own before it says anything, which is not there while it does not run.
const SSHD: &str = "mount -t tmpfs run /run && mkdir /run/sshd && \
                    exec /usr/sbin/sshd -T -C user=someone,host=host.example.com,addr=192.0.2.1 -f \"$1\"";

/// Settings in the main file and in `d/*.conf` beside it; `D` stands for that folder.
const CASES: [(&str, &[(&str, &str)]); 12] = [
    ("", &[]),
    ("PermitRootLogin no\nPermitRootLogin yes\n", &[]),
    ("permitrootlogin=without-password\nPASSWORDAUTHENTICATION\tno # not for us\n", &[]),
    ("Include D/*.conf\nPasswordAuthentication yes\n", &[("10.conf", "PasswordAuthentication no\n")]),
    ("PasswordAuthentication yes\nInclude D/*.conf\n", &[("10.conf", "PasswordAuthentication no\n")]),
    (
        "Include D/*.conf\n",
        &[("b.conf", "PermitRootLogin yes\n"), ("a.conf", "PermitRootLogin no\n"), ("c", "x y\n")],
    ),
    (
        "Include \"D/a.conf\" D/?.conf\n",
        &[("b.conf", "PermitRootLogin yes\n"), ("a.conf", "PermitRootLogin no\n")],
    ),
    ("ChallengeResponseAuthentication no\nPubkeyAuthentication \"yes\"\n", &[]),
    ("Match User git\nPasswordAuthentication no\n", &[]),
    ("PasswordAuthentication no\nMatch all\nPasswordAuthentication yes\n", &[]),
    ("Match all\nPermitRootLogin no\n", &[]),
    ("Include D/*.conf\nPermitRootLogin no\n", &[("a.conf", "Match User git\nPermitRootLogin yes\n")]),
];

fn written(folder: &Path, main: &str, parts: &[(&str, &str)]) -> String {
    let parts_folder = folder.join("d");
    std::fs::create_dir_all(&parts_folder).expect("made");
    for (name, text) in parts {
        std::fs::write(parts_folder.join(name), text).expect("written");
    }
    let path = folder.join("sshd_config");
    let main = main.replace("D/", &format!("{}/", parts_folder.display()));
    // sshd wants a key before it says anything; in front, so that it is outside of any block.
    let text = format!("HostKey {}/key\n{main}", folder.display());
    std::fs::write(&path, text).expect("written");
    path.to_str().expect("UTF-8").to_owned()
}

#[test]
fn files_are_understood_as_sshd_does() {
    let folder = tempfile::tempdir().expect("a folder");
    let key = folder.path().join("key");
    let made = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&key).status();
    assert!(made.expect("ssh-keygen runs").success());
    let tree = Tree::open(Path::new("/")).expect("the root");
    for (index, (main, parts)) in CASES.iter().enumerate() {
        let folder = folder.path().join(index.to_string());
        std::fs::create_dir_all(&folder).expect("made");
        std::os::unix::fs::symlink(&key, folder.join("key")).expect("linked");
        let path = written(&folder, main, parts);
        let ours = Config::read(&tree, &path).expect("understood");
        let said = Command::new("unshare").args(["--mount", "sh", "-c", SSHD, "sshd", &path]).output();
        let said = said.expect("unshare runs");
        let errors = String::from_utf8_lossy(&said.stderr);
        if errors.contains("not permitted") {
            eprintln!("skipped {} comparisons: this machine forbids namespaces", CASES.len() - index);
            return;
        }
        assert!(said.status.success(), "{main}: {errors}");
        let said = String::from_utf8_lossy(&said.stdout).into_owned();
        for keyword in KEYWORDS {
            let line = said.lines().find_map(|line| line.strip_prefix(keyword)?.strip_prefix(' '));
            // sshd prints the older word.
            let theirs = line.unwrap_or_default().replace("without-password", "prohibit-password");
            assert_eq!(ours.value(keyword), theirs, "{keyword} in {main:?}");
        }
    }
}

#[test]
fn settings_in_blocks_are_listed_with_their_place() {
    let folder = tempfile::tempdir().expect("a folder");
    let main = "Match User git,deploy Address 10.0.0.0/8\n  PermitRootLogin yes\n\tBanner none\nInclude D/*.conf\n\
                Match Address 192.0.2.0/24\nPasswordAuthentication yes\n";
    let path = written(folder.path(), main, &[("a.conf", "KbdInteractiveAuthentication yes\n")]);
    let config = Config::read(&Tree::open(Path::new("/")).expect("the root"), &path).expect("understood");
    let plain: Vec<_> = config
        .matches
        .iter()
        .map(|m| (m.criteria.as_str(), m.keyword.as_str(), m.value.as_str(), m.line, m.root_possible))
        .collect();
    assert_eq!(
        plain,
        [
            ("User git,deploy Address 10.0.0.0/8", "permitrootlogin", "yes", 3, false),
            ("User git,deploy Address 10.0.0.0/8", "kbdinteractiveauthentication", "yes", 1, false),
            ("Address 192.0.2.0/24", "passwordauthentication", "yes", 7, true),
        ]
    );
}

#[test]
fn blocks_for_patterns_of_users_may_mean_root() {
    let folder = tempfile::tempdir().expect("a folder");
    for (criteria, possible) in [
        ("User *", true),
        ("User root", true),
        ("User r???", true),
        ("User git,!x", true),
        ("user \"git\"", false),
        ("Group wheel", true),
        ("Address 10.0.0.0/8 User git", false),
    ] {
        let path = written(folder.path(), &format!("Match {criteria}\nPermitRootLogin yes\n"), &[]);
        let config = Config::read(&Tree::open(Path::new("/")).expect("the root"), &path).expect("understood");
        assert_eq!(config.matches.first().map(|m| m.root_possible), Some(possible), "{criteria}");
    }
}

#[test]
fn ports_are_those_of_the_files() {
    let folder = tempfile::tempdir().expect("a folder");
    let main =
        "Port 2222\nListenAddress 0.0.0.0\nListenAddress [::]:2200\nPort x\nListenAddress 192.0.2.1:2201\n";
    let path = written(folder.path(), main, &[]);
    let config = Config::read(&Tree::open(Path::new("/")).expect("the root"), &path).expect("understood");
    assert_eq!(config.ports.into_iter().collect::<Vec<_>>(), [2200, 2201, 2222]);
}

#[test]
fn the_command_line_goes_before_the_files() {
    let options = options(
        "sshd: /usr/sbin/sshd -D -o PermitRootLogin=yes -oPasswordAuthentication=no -f /etc/x [listener]",
    );
    assert_eq!(options.file.as_deref(), Some("/etc/x"));
    let folder = tempfile::tempdir().expect("a folder");
    let path = written(folder.path(), "PermitRootLogin no\nPasswordAuthentication yes\n", &[]);
    let mut config = Config::read(&Tree::open(Path::new("/")).expect("the root"), &path).expect("understood");
    config.given(&options.settings);
    assert_eq!(config.value("permitrootlogin"), "yes");
    assert_eq!(config.value("passwordauthentication"), "no");
}

#[test]
fn only_what_ssh_itself_notes_is_an_answer() {
    let log = "debug1: Remote protocol version 2.0, remote software version OpenSSH_9.2p1 Debian-2\n\
               debug1: Authentications that can continue: publickey,password\n\
               seaworthy@127.0.0.1: Permission denied (publickey,password).\n";
    let answers = serde_json::to_string(&format!("{:?}", understand(log, "ssh"))).expect("JSON");
    assert!(answers.contains("password") && answers.contains("OpenSSH_9.2p1 Debian-2"));
    for silent in [
        "",
        "Welcome\n  debug1: Authentications that can continue: publickey\n",
        "debug1: Connection refused\n",
    ] {
        let answers = format!("{:?}", understand(silent, "ssh"));
        assert!(answers.contains("Unseen") && !answers.contains("value: [\"publickey\"]"), "{answers}");
    }
    let open = understand("debug1: x\nAuthenticated to 127.0.0.1 ([127.0.0.1]:22) using \"none\".\n", "ssh");
    assert!(format!("{open:?}").contains("none"));
}

#[test]
fn of_a_socket_that_systemd_keeps_beside_the_server_the_server_counts() {
    let process = |pid: u32, name: &str| {
        let status = format!(
            "Name:\t{name}\nPPid:\t1\nUid:\t0\t0\t0\t0\nCapPrm:\t0\nNoNewPrivs:\t0\nCpus_allowed_list:\t0\n"
        );
        (pid, Process::parse(pid, &status).expect("whole"))
    };
    // Numbers above what the kernel gives, so that none of them runs here.
    let (systemd, sshd) = (5_000_001, 5_000_002);
    let socket = Socket { port: 22, address: "0.0.0.0".parse().expect("an address"), inode: 7 };
    let listener = |all: &[(u32, &str)]| {
        let by_pid = all.iter().map(|(pid, name)| process(*pid, name)).collect();
        let holders = [(7, all.iter().map(|(pid, _)| *pid).collect())].into();
        let tree = Err(Unseen::new(Blind::Denied, "no files"));
        let server =
            server(&[socket], &Processes { by_pid, cut: None }, &Sockets { holders, hidden: None }, &tree);
        server.and_then(|server| server.listener.map(|process| process.pid))
    };
    assert_eq!(listener(&[(systemd, "systemd"), (sshd, "sshd")]), Some(sshd));
    assert_eq!(listener(&[(systemd, "systemd")]), Some(systemd));
    assert_eq!(listener(&[(systemd, "nginx")]), None);
}
