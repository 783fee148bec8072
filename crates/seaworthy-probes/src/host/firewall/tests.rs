//! What we understand of a packet filter, against what the kernel lets through under the same rules.

use std::process::Command;

use serde::Deserialize;
use serde_json::Value;

use super::*;

const PORTS: [u16; 10] = [22, 25, 80, 443, 1024, 3000, 5432, 8080, 8443, 9000];

/// Rules that are not understood to the end: what the kernel lets through must be seen, more may be.
const NOT_UNDERSTOOD: &str = "not-understood.nft";

#[derive(Deserialize)]
struct Truth {
    file: String,
    listing: Value,
    plain: String,
    through: Vec<(String, String, u16)>,
}

fn filter(rules: Rules) -> Filter {
    let inner = ["lo", "docker0", "wg0"].map(str::to_owned).into();
    Filter::new(Rules { inner, ..rules })
}

fn understood(filter: &Filter) -> Vec<(String, String, u16)> {
    let mut through = Vec::new();
    for protocol in [Protocol::Tcp, Protocol::Udp] {
        for family in [Family::Ipv4, Family::Ipv6] {
            for port in PORTS {
                if filter.lets_in(family, protocol, port).expect("within bounds") {
                    through.push((name_of_protocol(protocol).into(), name_of_family(family).into(), port));
                }
            }
        }
    }
    through
}

/// Every file of rules beside this one is loaded into the kernel, and knocked at from another namespace.
#[test]
fn what_the_kernel_lets_through_is_what_is_understood() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/host/firewall/tests");
    let files = std::fs::read_dir(folder).expect("the folder is there").flatten().map(|entry| entry.path());
    let files: Vec<_> = files.filter(|path| path.extension().is_some_and(|ending| ending == "nft")).collect();
    assert!(files.len() > 8);
    let script = format!("{folder}/truth.py");
    let output = Command::new("unshare")
        .args(["--net", "--kill-child", "--fork", "python3", &script])
        .args(&files)
        .output()
        .expect("unshare runs");
    let errors = String::from_utf8_lossy(&output.stderr);
    if errors.contains("not permitted") {
        eprintln!("skipped {} files of rules: this machine forbids namespaces", files.len());
        return;
    }
    assert!(output.status.success(), "{errors}");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let truths: Vec<Truth> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(truths.len(), files.len());
    for truth in truths {
        let dormant = nftables::dormant(&truth.plain);
        assert_eq!(nftables::has_flags(&truth.listing.to_string()), truth.file.ends_with("dormant.nft"));
        let parsed = nftables::parse(&truth.listing.to_string(), &dormant).expect("nft's own listing");
        assert!(parsed.foreign.is_empty());
        let (mut seen, mut through) = (understood(&filter(parsed.rules)), truth.through);
        seen.sort();
        through.sort();
        if truth.file.ends_with(NOT_UNDERSTOOD) {
            seen.retain(|one| through.contains(one));
        }
        assert_eq!(seen, through, "{}", truth.file);
    }
}

fn parsed(json: &str) -> Filter {
    filter(nftables::parse(json, &[]).expect("a ruleset").rules)
}

fn openings(filter: &Filter) -> Vec<(String, String, u16, u16, bool)> {
    let listed = filter.openings(Some(&[22])).expect("within bounds");
    let plain = |o: Opening| (o.protocol, o.family, o.port_first, o.port_last, o.from_anywhere);
    listed.items.into_iter().map(plain).collect()
}

#[test]
fn no_rules_are_no_firewall() {
    let none = parsed(r#"{"nftables": [{"metainfo": {"version": "1.0.6"}}]}"#);
    assert!(!none.input_filtered());
    assert!(!none.default_deny(Family::Ipv4).expect("within bounds"));
    assert_eq!(openings(&none).len(), 4);
}

#[test]
fn what_nft_prints_otherwise_is_garbled() {
    for text in
        ["", "[]", "{}", r#"{"nftables": 3}"#, r#"{"nftables": [{"rule": {"family": "ip"}}]}"#, "Error: x"]
    {
        assert_eq!(nftables::parse(text, &[]).expect_err(text).kind, seaworthy_core::facts::Blind::Garbled);
    }
}

#[test]
fn chains_that_call_themselves_end() {
    let listing = r#"{"nftables": [
        {"chain": {"family": "inet", "table": "t", "name": "i", "type": "filter", "hook": "input", "policy": "drop"}},
        {"rule": {"family": "inet", "table": "t", "chain": "i", "expr": [{"jump": {"target": "i"}}]}}]}"#;
    let endless = parsed(listing);
    assert!(endless.lets_in(Family::Ipv4, Protocol::Tcp, 22).is_err());
    assert!(endless.default_deny(Family::Ipv4).is_err());
}

/// What `iptables-save` and `ip6tables-save` 1.8.9 print of ufw 0.36.2 after `ufw allow 22/tcp`, `ufw allow 443/tcp`
/// and `ufw allow from 10.0.0.0/8 to any port 5432 proto tcp`.
const UFW: [&str; 2] = [include_str!("tests/ufw4.save"), include_str!("tests/ufw6.save")];

fn saved(save: &str) -> Filter {
    let mut rules = Rules::default();
    iptables::add(&mut rules, "", Family::Ipv4, save);
    filter(rules)
}

#[test]
fn rules_of_ufw_are_understood() {
    let mut rules = Rules::default();
    iptables::add(&mut rules, "", Family::Ipv4, UFW[0]);
    iptables::add(&mut rules, "", Family::Ipv6, UFW[1]);
    let ufw = filter(rules);
    assert!(ufw.default_deny(Family::Ipv4).expect("within bounds"));
    assert!(ufw.default_deny(Family::Ipv6).expect("within bounds"));
    let open = openings(&ufw);
    let plain = |from_anywhere: bool| {
        let some = open.iter().filter(move |opening| opening.4 == from_anywhere);
        some.map(|o| (o.0.as_str(), o.1.as_str(), o.2, o.3)).collect::<Vec<_>>()
    };
    let anyone = [
        ("tcp", "ipv4", 22, 22),
        ("tcp", "ipv4", 443, 443),
        ("tcp", "ipv6", 22, 22),
        ("tcp", "ipv6", 443, 443),
    ];
    assert_eq!(plain(true), [&anyone[..], &[("udp", "ipv4", 68, 68)]].concat());
    assert_eq!(plain(false), [("tcp", "ipv4", 5432, 5432), ("udp", "ipv6", 546, 546)]);
}

#[test]
fn half_of_ufw_leaves_the_other_family_open() {
    assert!(!saved(UFW[0]).default_deny(Family::Ipv6).expect("within bounds"));
}

#[test]
fn rules_of_iptables_in_the_listing_of_nft_are_noticed() {
    let listing = r#"{"nftables": [
        {"chain": {"family": "ip", "table": "filter", "name": "INPUT", "type": "filter", "hook": "input", "policy": "drop"}},
        {"rule": {"family": "ip", "table": "filter", "chain": "INPUT",
            "expr": [{"xt": {"type": "match", "name": "conntrack"}}, {"accept": null}]}}]}"#;
    let parsed = nftables::parse(listing, &[]).expect("a ruleset");
    assert_eq!(parsed.foreign, ["ip filter"]);
    // Taken as it stands it would let everything in.
    assert!(filter(parsed.rules).lets_in(Family::Ipv4, Protocol::Tcp, 22).expect("within bounds"));
}

#[test]
fn ports_that_docker_publishes_are_open_behind_a_closed_filter() {
    let docker = saved(
        "*nat\n:PREROUTING ACCEPT [0:0]\n:DOCKER - [0:0]\n\
         -A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER\n\
         -A DOCKER -i docker0 -j RETURN\n\
         -A DOCKER ! -i docker0 -p tcp -m tcp --dport 5432 -j DNAT --to-destination 172.17.0.2:5432\nCOMMIT\n\
         *filter\n:INPUT DROP [0:0]\n-A INPUT -p tcp -m multiport --dports 22,80:81 -j ACCEPT\nCOMMIT\n",
    );
    let tcp = |port| docker.lets_in(Family::Ipv4, Protocol::Tcp, port).expect("within bounds");
    assert!(tcp(5432) && tcp(22) && tcp(81));
    assert!(!tcp(5433) && !tcp(82));
    let forwarded = docker.forwarded(Some(&[80, 5432])).expect("within bounds").items;
    let forwarded: Vec<_> = forwarded.iter().map(|f| (f.port_first, f.port_last, f.declared)).collect();
    assert_eq!(forwarded, [(5432, 5432, Some(true))]);
}

#[test]
fn what_loads_nothing_that_refuses_loads_no_firewall() {
    let open = "table inet filter {\n chain input { type filter hook input priority 0; }\n}\n";
    let closed = "table inet filter {\n chain input { type filter hook input priority 0; policy drop; }\n}\n";
    let all = "include \"/etc/nftables.d/*.nft\"\n";
    let (v4, v6) = ("etc/iptables/rules.v4", "etc/iptables/rules.v6");
    let (accepts, drops) = ("*filter\n:INPUT ACCEPT [0:0]\nCOMMIT\n", "*filter\n:INPUT DROP [0:0]\nCOMMIT\n");
    let nft = "etc/nftables.conf";
    for (unit, files, loads) in [
        ("nftables", vec![(nft, open)], false),
        ("nftables", vec![(nft, closed)], true),
        ("nftables", vec![(nft, all)], false),
        ("nftables", vec![(nft, all), ("etc/nftables.d/a.nft", open)], false),
        ("nftables", vec![(nft, all), ("etc/nftables.d/a.nft", closed)], true),
        ("nftables", vec![(nft, all), ("etc/nftables.d/a.old", closed)], false),
        ("nftables", vec![(nft, "# include \"/etc/a.nft\"\n"), ("etc/a.nft", closed)], false),
        ("nftables", vec![(nft, "include \"/etc/a.nft\"\n"), ("etc/a.nft", closed)], true),
        ("netfilter-persistent", vec![(v4, drops)], false),
        ("netfilter-persistent", vec![(v4, accepts), (v6, drops)], false),
        ("netfilter-persistent", vec![(v4, drops), (v6, drops)], true),
    ] {
        let root = tempfile::tempdir().expect("a folder");
        let unit = format!("{unit}.service");
        let wanted = format!("etc/systemd/system/multi-user.target.wants/{unit}");
        let own = format!("usr/lib/systemd/system/{unit}");
        let units = [(wanted.as_str(), ""), (own.as_str(), "")];
        for (path, content) in units.iter().chain(&files) {
            let path = root.path().join(path);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            std::fs::write(path, content).expect("a file");
        }
        let tree = Tree::open(root.path()).expect("a tree");
        let loaded = boot::loaded_by(&tree, true).expect("understood");
        assert_eq!(loaded.is_some(), loads, "{unit}: {files:?}");
    }
}

#[test]
fn options_of_iptables_that_are_not_known_let_packets_in() {
    let odd = saved(
        "*filter\n:INPUT DROP [0:0]\n\
         -A INPUT -p tcp -m string --string \"-j DROP\" --algo bm -m tcp --dport 25 -j ACCEPT\n\
         -A INPUT -p tcp -m tcp --dport 26 -m time --timestart 09:00 -j DROP\n\
         -A INPUT -p tcp -m tcp --dport 26 -j ACCEPT\n\
         -A INPUT ! -s 10.0.0.0/8 -p tcp -m tcp --dport 27 -j DROP\n\
         -A INPUT -p tcp -m tcp --dport 27 -j ACCEPT\n\
         -A INPUT -m set --match-set friends src -p tcp -m tcp --dport 28 -j ACCEPT\nCOMMIT\n",
    );
    let tcp = |port| odd.lets_in(Family::Ipv4, Protocol::Tcp, port).expect("within bounds");
    assert!(tcp(25) && tcp(26));
    assert!(!tcp(27) && !tcp(28));
}

#[test]
fn odd_saves_never_panic() {
    for save in [
        "",
        "*",
        ":",
        "-A",
        "-A ",
        "*filter\n-A INPUT -j",
        "*filter\n:INPUT\n-A INPUT ! ! -p",
        "-A x \"",
        "*filter\n:INPUT DROP\n-A INPUT -s 1.2.3.4/999 -j ACCEPT",
    ] {
        let _ = openings(&saved(save));
    }
}
