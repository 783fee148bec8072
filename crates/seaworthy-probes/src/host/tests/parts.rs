//! The parts of the look that only read text.

use super::super::clock::{timesync_offset, tracking};
use super::super::environment::{Variables, secret_in_arguments};
use super::super::packages;
use super::super::ports;
use super::super::processes::{Process, list_length};
use super::super::tree::Tree;
use super::super::units;
use super::*;

fn strings(all: &[&str]) -> Vec<String> {
    all.iter().map(|one| (*one).to_owned()).collect()
}

#[test]
fn the_clock_follows_others_or_it_is_not_synchronised() {
    let said = |reference: &str, leap: &str| {
        format!("{reference},192.0.2.1,3,1795189550.0,-0.000250000,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.1,{leap}\n")
    };
    assert_eq!(tracking(&said("C0000201", "Normal")), Ok((true, 0.25)));
    assert_eq!(tracking(&said("C0000201", "Not synchronised")).map(|(follows, _)| follows), Ok(false));
    assert_eq!(tracking(&said("7F7F0101", "Normal")).map(|(follows, _)| follows), Ok(false));
    for garbled in ["", "506 Cannot talk to daemon", "a,b,c,d,e,f,g,h,i,j,k,l,m,n"] {
        assert!(tracking(garbled).is_err(), "{garbled}");
    }
}

#[test]
fn offsets_of_timesyncd_are_understood() {
    let near =
        |text: &str, wanted: f64| timesync_offset(text).is_ok_and(|offset| (offset - wanted).abs() < 1e-6);
    assert!(near("       Server: 192.0.2.1\n       Offset: -1.250ms\n        Delay: 9ms\n", 1.25));
    assert!(near("Offset: +310us", 0.31));
    assert!(near("Offset: +1min 2.5s", 62_500.0));
    assert!(timesync_offset("Offset: soon").is_err());
    assert!(timesync_offset("").is_err());
}

#[test]
fn variables_are_told_by_name_only() {
    let text = "# comment\nexport PORT=3000 # here\nJWT_SECRET='your_own_value'\nDB_PASSWORD=\"changeme\"\nEMPTY=\n\
                AWS_REGION=us-east-1\nnot a line\n1X=2\nNODE_ENV=development\n";
    let variables = Variables::of_file(text);
    let names: Vec<_> = variables.names().into_iter().collect();
    assert_eq!(names, ["AWS_REGION", "DB_PASSWORD", "JWT_SECRET", "NODE_ENV", "PORT"]);
    assert_eq!(variables.placeholders().into_iter().collect::<Vec<_>>(), ["DB_PASSWORD", "JWT_SECRET"]);
    assert_eq!(variables.known_defaults().into_iter().collect::<Vec<_>>(), ["DB_PASSWORD"]);
}

#[test]
fn secrets_that_stand_in_a_template_are_no_secrets() {
    let template = Variables::of_file("JWT_SECRET=kx81-hq\nPORT=3000\nAPI_TOKEN=\n");
    let live = Variables::of_process(&strings(&["JWT_SECRET=kx81-hq", "PORT=3000", "API_TOKEN="]));
    let secrets: Vec<_> = live.secrets(&template).into_iter().map(|s| (s.name, s.placeholder)).collect();
    assert_eq!(secrets, [("JWT_SECRET".into(), true)]);
    assert_eq!(live.as_in(&template).into_iter().collect::<Vec<_>>(), ["JWT_SECRET"]);
    assert!(live.placeholders().is_empty());
}

#[test]
fn secrets_are_weighed() {
    let weigh = |value: &str| {
        let one = Variables::of_process(&[format!("JWT_SECRET={value}")]).secrets(&Variables::default());
        one.first().map(|secret| (secret.long_enough, secret.random_enough))
    };
    assert_eq!(weigh("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"), Some((true, true)));
    assert_eq!(weigh("q8Zr2vN0yXw5LkT1bUe7JgHs4PdMfCa3"), Some((true, true)));
    assert_eq!(weigh("9f86d081884c7d65"), Some((false, false)));
    assert_eq!(weigh("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"), Some((true, false)));
    assert_eq!(weigh("this-is-a-very-long-secret-key-for-jwt"), Some((true, false)));
    assert_eq!(weigh("thisismyproductionsigningkeyforshopapp"), Some((true, false)));
    assert_eq!(weigh("12345678901234567890123456789012"), Some((true, false)));
    let twice =
        Variables::of_process(&strings(&["JWT_SECRET=a", "COOKIE_SECRET=a", "API_TOKEN=b", "PATH=a"]));
    let unique: Vec<_> =
        twice.secrets(&Variables::default()).into_iter().map(|secret| (secret.name, secret.unique)).collect();
    assert_eq!(
        unique,
        [("API_TOKEN".into(), true), ("COOKIE_SECRET".into(), false), ("JWT_SECRET".into(), false)]
    );
}

#[test]
fn secrets_in_arguments_are_noticed() {
    for line in [
        &["app", "--db-password=hunter2"][..],
        &["app", "--token", "abc"],
        &["app", "postgres://shop:hunter2@db.example.com/shop"],
        &["env", "API_KEY=abc", "app"],
    ] {
        assert!(secret_in_arguments(&strings(line)), "{line:?}");
    }
    for line in [
        &["app", "--password-file=/run/secrets/x"][..],
        &["app", "--token"],
        &["app", "--token", "--verbose"],
        &["app", "postgres://shop@db.example.com/shop"],
        &["app", "https://shop.example.com/a:b@c"],
        &["app", "--port", "3000"],
    ] {
        assert!(!secret_in_arguments(&strings(line)), "{line:?}");
    }
}

#[test]
fn sockets_that_listen_are_read_from_the_kernel_s_table() {
    let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n\
        \x20  0: 0100007F:0BB8 00000000:0000 0A 00000000:00000000 00:00000000 00000000   990        0 4711 1 x\n\
        \x20  1: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4712 1 x\n\
        \x20  2: 0100007F:0BB8 0100007F:9C40 01 00000000:00000000 00:00000000 00000000   990        0 4713 1 x\n\
        \x20  3: 0000000000000000FFFF00000100007F:1F90 00000000000000000000000000000000:0000 0A 0:0 0:0 0 0 0 4714 1 x\n\
        garbage\n";
    let found: Vec<_> = ports::parse(table).iter().map(|s| (s.port, s.loopback(), s.inode)).collect();
    assert_eq!(found, [(3000, true, 4711), (22, false, 4712), (8080, true, 4714)]);
}

#[test]
fn processes_are_read_from_their_status() {
    let status = "Name:\tshop: api\nPPid:\t7\nUid:\t0\t990\t990\t990\nCapPrm:\t0000000000000400\nNoNewPrivs:\t1\n\
                  Cpus_allowed_list:\t0-1,4\n";
    let process = Process::parse(8, status).expect("whole");
    assert_eq!((process.name.as_str(), process.euid, process.processors), ("shop: api", 990, 3));
    assert!(process.keeps_root, "its real user is root");
    let own = Process::parse(8, &status.replace("\t0\t990", "\t990\t990")).expect("whole");
    assert!(!own.keeps_root);
    assert_eq!(Process::parse(8, "Name:\tx\n"), None);
    assert_eq!(list_length("3-1"), None);
    assert_eq!(list_length(""), None);
}

pub(in crate::host) fn tree(files: &[(&str, &str)]) -> (tempfile::TempDir, Tree) {
    let root = tempfile::tempdir().expect("a folder");
    for (path, content) in files {
        let to = root.path().join(path);
        std::fs::create_dir_all(to.parent().expect("it has one")).expect("made");
        std::fs::write(to, content).expect("written");
    }
    let tree = Tree::open(root.path()).expect("a folder");
    (root, tree)
}

#[test]
fn units_are_read_with_their_drop_ins() {
    let (root, tree) = tree(&[
        (
            "lib/systemd/system/shop.service",
            "[Unit]\nUser=nobody\n[Service]\nUser=root\nEnvironment=\"A=b c\" API_TOKEN=k3v9q\nEnvironmentFile=-/etc/a\nMemoryMax=1G\n",
        ),
        (
            "etc/systemd/system/shop.service.d/b.conf",
            "[Service]\nUser=shop\nEnvironmentFile=\nEnvironmentFile=/etc/b\nEnvironmentFile=-/etc/c\n",
        ),
        ("lib/systemd/system/shop.service.d/a.conf", "[Service]\nUser=other\nRestart=always\n# User=root\n"),
    ]);
    let unit = units::read(&tree, "shop.service").expect("readable").expect("there");
    assert_eq!(unit.user.as_deref(), Some("shop"));
    let files: Vec<_> =
        unit.environment_files.iter().map(|file| (file.path.as_str(), file.optional)).collect();
    assert_eq!(files, [("/etc/b", false), ("/etc/c", true)]);
    assert_eq!(unit.secrets_in_unit, ["API_TOKEN"]);
    assert_eq!(
        (unit.restart.as_str(), unit.memory_max_bytes, unit.enabled_at_boot),
        ("always", Some(1 << 30), false)
    );
    let wants = root.path().join("etc/systemd/system/multi-user.target.wants");
    std::fs::create_dir_all(&wants).expect("made");
    std::os::unix::fs::symlink("/lib/systemd/system/shop.service", wants.join("shop.service"))
        .expect("linked");
    assert_eq!(units::enabled_at_boot(&tree, "shop.service"), Ok(true));
    assert_eq!(units::read(&tree, "other.service"), Ok(None));
}

const RELEASE: &str = "Label: Debian-Security\nDate: Wed, 18 Nov 2026 22:17:41 UTC\n";
const LIST: &str = "var/lib/apt/lists/deb.example.com_dists_bookworm-security";

fn packages_of(files: &[(&str, &str)]) -> HostPackages {
    let (_root, tree) = tree(files);
    let now = "2026-11-19T22:17:41Z".parse().expect("a time");
    packages::facts(&Ok(tree), now)
}

type HostPackages = super::super::facts::PackagesFacts;

#[test]
fn updates_are_those_that_are_newer_and_of_the_installed_architecture() {
    let status = "Package: a\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1:1.0~rc1-1\n\n\
                  Package: b\nStatus: deinstall ok config-files\nArchitecture: amd64\nVersion: 1\n\n\
                  Package: c\nStatus: hold ok installed\nArchitecture: amd64\nVersion: 2\n";
    let list = "Package: a\nArchitecture: amd64\nVersion: 1:1.0-1\nDescription: x\n Version: 9\n\n\
                Package: a\nArchitecture: i386\nVersion: 9:1\n\nPackage: b\nArchitecture: amd64\nVersion: 2\n\n\
                Package: c\nArchitecture: amd64\nVersion: 2+deb12u1";
    let facts = packages_of(&[
        ("var/lib/dpkg/status", status),
        (&format!("{LIST}_InRelease"), RELEASE),
        (&format!("{LIST}_main_binary-amd64_Packages"), list),
    ]);
    let updates = facts.security_updates.value().expect("seen");
    let plain: Vec<_> = updates.items.iter().map(|u| (u.package.as_str(), u.offered.as_str())).collect();
    assert_eq!(plain, [("a", "1:1.0-1"), ("c", "2+deb12u1")]);
    assert_eq!(facts.lists_age_seconds.value(), Some(&86_400));
}

#[test]
fn without_a_list_of_the_security_archive_nothing_is_known() {
    let status = ("var/lib/dpkg/status", "Package: a\nStatus: install ok installed\nVersion: 1\n");
    for files in [
        vec![status],
        vec![
            status,
            ("var/lib/apt/lists/x_InRelease", "Label: Debian\nDate: Wed, 18 Nov 2026 22:17:41 UTC\n"),
        ],
        vec![status, ("var/lib/apt/lists/x-security_InRelease", RELEASE)],
        vec![status, ("var/lib/apt/lists/x_InRelease", "Label: Debian-Security\nDate: soon\n")],
        vec![
            status,
            ("var/lib/apt/lists/x_InRelease", RELEASE),
            ("var/lib/apt/lists/x_main_Packages.xz", ""),
        ],
        vec![
            status,
            ("var/lib/apt/lists/x_InRelease", RELEASE),
            ("var/lib/apt/lists/x_main_Packages.gz", "no gzip"),
        ],
        vec![
            status,
            ("var/lib/apt/lists/x_InRelease", RELEASE),
            ("var/lib/apt/lists/x_main_Packages.lz4", "no lz4"),
        ],
        vec![("etc/os-release", "ID=alpine\n")],
    ] {
        let facts = packages_of(&files);
        assert!(facts.security_updates.reason().is_some(), "{files:?}");
    }
    let future = packages_of(&[status, ("var/lib/apt/lists/x_InRelease", &RELEASE.replace("2026", "2036"))]);
    assert!(future.lists_age_seconds.reason().is_some());
}

/// What apt itself counts on this machine, where it is a machine with apt.
#[test]
fn updates_are_those_that_apt_lists() {
    let tree = Tree::open(std::path::Path::new("/")).expect("the root");
    let facts = packages::facts(&Ok(tree), Utc::now());
    let apt = std::process::Command::new("apt").args(["list", "--upgradable"]).output();
    let (Some(updates), Ok(apt)) = (facts.security_updates.value(), apt) else {
        eprintln!("skipped 1 comparison: no apt with lists of a security archive here");
        return;
    };
    let listed = String::from_utf8_lossy(&apt.stdout).into_owned();
    let theirs =
        listed.lines().filter(|line| line.contains("-security")).filter_map(|line| line.split('/').next());
    let mut theirs: Vec<_> = theirs.collect();
    theirs.sort_unstable();
    let ours: Vec<_> = updates.items.iter().map(|update| update.package.as_str()).collect();
    assert_eq!(ours, theirs);
}

#[test]
fn versions_are_ordered_as_dpkg_does() {
    let versions = [
        "1",
        "1.0",
        "1.0-1",
        "1:0",
        "1.0~rc1",
        "1.0+deb12u1",
        "1.0-1~bpo",
        "0",
        "00",
        "1.a",
        "1.10",
        "1.9",
        "2:1-1-1",
    ];
    for one in versions {
        for other in versions {
            let ours = deb_version::compare_versions(one, other);
            for (relation, holds) in [("lt", ours.is_lt()), ("eq", ours.is_eq()), ("gt", ours.is_gt())] {
                let theirs = std::process::Command::new("dpkg")
                    .args(["--compare-versions", one, relation, other])
                    .status();
                let Ok(theirs) = theirs else { return };
                assert_eq!(theirs.success(), holds, "{one} {relation} {other}");
            }
        }
    }
}
