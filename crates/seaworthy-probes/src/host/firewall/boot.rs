//! What loads the packet filter when the host starts, by the files of systemd, ufw and OpenRC.

use seaworthy_core::facts::{Blind, Unseen};

use super::super::tree::Tree;
use super::super::units;

/// Longest file of rules or settings that is read, in bytes.
const FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// Deepest that files of rules may include one another, and most files of one folder.
const INCLUDES_DEEP_MAX: u32 = 4;
const INCLUDED_MAX: usize = 100;
/// Most scripts and units of one folder.
const SCRIPTS_MAX: usize = 1_000;

/// Whether a service that is enabled has rules to load, for IPv6 too where that is on.
type Loads = fn(&Tree, bool) -> Result<bool, Unseen>;

/// Services that load rules, and what must hold beside their being enabled.
const LOADERS: [(&str, Loads); 7] = [
    ("ufw.service", |tree, _| ufw_on(tree)),
    ("nftables.service", |tree, _| nftables_file_drops(tree)),
    ("firewalld.service", |_, _| Ok(true)),
    ("netfilter-persistent.service", |tree, ipv6| {
        Ok(saved_rules_drop(tree, "etc/iptables/rules.v4")?
            && (!ipv6 || saved_rules_drop(tree, "etc/iptables/rules.v6")?))
    }),
    ("iptables-openrc", |tree, ipv6| {
        Ok(saved_rules_drop(tree, "etc/iptables/rules-save")?
            && (!ipv6 || saved_rules_drop(tree, "etc/iptables/rules6-save")?))
    }),
    ("iptables.service", |tree, ipv6| {
        let other = || {
            Ok::<_, Unseen>(
                units::enabled_at_boot(tree, "ip6tables.service")?
                    && saved_rules_drop(tree, "etc/sysconfig/ip6tables")?,
            )
        };
        Ok(saved_rules_drop(tree, "etc/sysconfig/iptables")? && (!ipv6 || other()?))
    }),
    ("shorewall.service", |_, _| Ok(true)),
];

/// The first service that is enabled and has something to load.
pub(super) fn loaded_by(tree: &Tree, ipv6: bool) -> Result<Option<String>, Unseen> {
    let systemd = tree.has("etc/systemd/system")?;
    let openrc = tree.has("etc/runlevels")?;
    if !systemd && !openrc {
        let why = "neither systemd nor OpenRC has its files here";
        return Err(Unseen::new(Blind::Unsupported, why)
            .give("see by hand what loads the packet filter at boot, and attest it"));
    }
    for (unit, loads) in LOADERS {
        let name = unit.trim_end_matches(".service").trim_end_matches("-openrc");
        let enabled = (systemd && units::enabled_at_boot(tree, unit)?)
            || (openrc && tree.has_link(&format!("etc/runlevels/default/{name}"))?)
            || (openrc && tree.has_link(&format!("etc/runlevels/boot/{name}"))?);
        if enabled && loads(tree, ipv6)? {
            return Ok(Some(unit.to_owned()));
        }
    }
    match script(tree)? {
        Some(path) => {
            let why = format!(
                "{} may load the packet filter, and what it does is not understood",
                tree.shown(&path)
            );
            Err(Unseen::new(Blind::Unsupported, why)
                .give("one of nftables, ufw, firewalld or netfilter-persistent, enabled"))
        }
        None => Ok(None),
    }
}

/// A script or unit of someone's own that seems to load rules when the host starts.
fn script(tree: &Tree) -> Result<Option<String>, Unseen> {
    let loads = |text: &str| {
        let lines = text.lines().map(str::trim_start).filter(|line| !line.starts_with('#'));
        lines
            .into_iter()
            .any(|line| line.contains("iptables") || line.contains("nft ") || line.contains("nft -f"))
    };
    if tree.text("etc/rc.local", FILE_BYTES_MAX)?.is_some_and(|text| loads(&text)) {
        return Ok(Some("etc/rc.local".to_owned()));
    }
    for (folder, ending) in [
        ("etc/network/if-pre-up.d", ""),
        ("etc/network/if-up.d", ""),
        ("etc/local.d", ".start"),
        ("etc/systemd/system", ".service"),
    ] {
        for name in tree.names(folder, SCRIPTS_MAX)?.unwrap_or_default() {
            let Some(name) = name.to_str().filter(|name| name.ends_with(ending)) else { continue };
            let path = format!("{folder}/{name}");
            let known = LOADERS.iter().any(|(unit, _)| *unit == name);
            if !known && tree.text(&path, FILE_BYTES_MAX)?.is_some_and(|text| loads(&text)) {
                return Ok(Some(path));
            }
        }
    }
    Ok(None)
}

/// `ufw.service` starts at boot even while ufw is off.
fn ufw_on(tree: &Tree) -> Result<bool, Unseen> {
    let settings = tree.text("etc/ufw/ufw.conf", FILE_BYTES_MAX)?.unwrap_or_default();
    Ok(settings.lines().any(|line| {
        let (name, value) = line.split_once('=').unwrap_or_default();
        name.trim() == "ENABLED" && value.trim().trim_matches('"').eq_ignore_ascii_case("yes")
    }))
}

/// What `iptables-save` wrote, as far as it refuses what no rule lets in: a file of rules may be there and let all in.
fn saved_rules_drop(tree: &Tree, path: &str) -> Result<bool, Unseen> {
    let text = tree.text(path, FILE_BYTES_MAX)?.unwrap_or_default();
    let filter =
        text.split("*filter").nth(1).and_then(|rest| rest.split("COMMIT").next()).unwrap_or_default();
    // A last rule of the chain without any condition is a policy too.
    let last = filter.lines().rfind(|line| line.starts_with("-A INPUT "));
    Ok(filter.lines().any(|line| line.starts_with(":INPUT DROP"))
        || last.is_some_and(|line| {
            line.starts_with("-A INPUT -j DROP") || line.starts_with("-A INPUT -j REJECT")
        }))
}

/// The file that comes with nftables hooks in and lets everything through; one that includes others may include none.
fn nftables_file_drops(tree: &Tree) -> Result<bool, Unseen> {
    for path in ["etc/nftables.conf", "etc/sysconfig/nftables.conf"] {
        if !tree.has(path)? {
            continue;
        }
        let mut rules = Vec::new();
        gather(tree, path, 0, &mut rules)?;
        return Ok(input_drops(&rules));
    }
    Ok(false)
}

/// Whether a chain that is hooked where packets come in refuses what no rule of it lets through.
fn input_drops(lines: &[String]) -> bool {
    let text = lines.join("\n");
    text.match_indices("hook input").any(|(at, _)| {
        let (before, after) = text.split_at(at);
        let start = before.rfind('{').map_or(0, |brace| brace + 1);
        let chain = text.get(start..at + after.find('}').unwrap_or(after.len())).unwrap_or_default();
        let policy = chain.split("policy").skip(1).any(|said| said.trim_start().starts_with("drop"));
        let last = chain.lines().map(|line| line.trim().trim_end_matches(';')).rfind(|line| !line.is_empty());
        let refuses = |line: &str| {
            let line = line.strip_prefix("counter").unwrap_or(line).trim_start();
            line == "drop" || line.starts_with("reject")
        };
        policy || last.is_some_and(refuses)
    })
}

/// The lines of a file and of those that it includes, without comments.
fn gather(tree: &Tree, path: &str, deep: u32, lines: &mut Vec<String>) -> Result<(), Unseen> {
    if deep > INCLUDES_DEEP_MAX {
        return Err(Unseen::new(Blind::CutShort, "files of nftables include one another too deep"));
    }
    for line in tree.text(path, FILE_BYTES_MAX)?.unwrap_or_default().lines() {
        let line = line.trim_start();
        if let Some(included) = line.strip_prefix("include") {
            for path in included_paths(tree, included.trim().trim_matches(['"', '\'', ';']))? {
                gather(tree, &path, deep + 1, lines)?;
            }
        } else if !line.starts_with('#') {
            lines.push(line.to_owned());
        }
    }
    Ok(())
}

/// The files that an `include` names; `*` stands for anything in the last part of its path.
fn included_paths(tree: &Tree, named: &str) -> Result<Vec<String>, Unseen> {
    // Without a folder of its own nft looks below its own.
    let named = named.strip_prefix('/').map_or_else(|| format!("etc/{named}"), str::to_owned);
    let Some((folder, name)) = named.rsplit_once('/').filter(|(_, name)| name.contains('*')) else {
        return Ok(vec![named]);
    };
    let (begins, ends) = name.split_once('*').unwrap_or_default();
    if ends.contains(['*', '?', '[']) || begins.contains(['?', '[']) || folder.contains('*') {
        return Err(Unseen::new(
            Blind::Unsupported,
            format!("what `include {named}` stands for is not understood"),
        )
        .give("see by hand what nftables loads at boot, and attest it"));
    }
    let names = tree.names(folder, INCLUDED_MAX)?.unwrap_or_default();
    let names = names.iter().filter_map(|name| name.to_str());
    let meant =
        names.filter(|name| name.starts_with(begins) && name.ends_with(ends) && !name.starts_with('.'));
    Ok(meant.map(|name| format!("{folder}/{name}")).collect())
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::parts::tree as root;
    use super::*;

    #[test]
    fn saved_rules_must_refuse_what_no_rule_lets_in() {
        for (save, drops) in [
            ("*filter\n:INPUT DROP [0:0]\nCOMMIT\n", true),
            (
                "*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -p tcp --dport 22 -j ACCEPT\n-A INPUT -j REJECT\nCOMMIT\n",
                true,
            ),
            ("*filter\n:INPUT ACCEPT [0:0]\n-A DOCKER-ISOLATION-STAGE-2 -o docker0 -j DROP\nCOMMIT\n", false),
            ("*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -m state --state INVALID -j DROP\nCOMMIT\n", false),
            ("*nat\n:INPUT DROP [0:0]\nCOMMIT\n", false),
            ("", false),
        ] {
            let (_root, tree) = root(&[("rules.v4", save)]);
            assert_eq!(saved_rules_drop(&tree, "rules.v4"), Ok(drops), "{save}");
        }
    }

    #[test]
    fn a_chain_of_nftables_must_refuse_what_no_rule_lets_in() {
        let chain = |rules: &str| {
            let text = format!(
                "table inet filter {{\n chain input {{\n{rules}\n }}\n chain forward {{ type filter hook forward priority 0; policy drop; }}\n}}"
            );
            input_drops(&text.lines().map(str::to_owned).collect::<Vec<_>>())
        };
        assert!(chain("type filter hook input priority 0; policy drop;"));
        assert!(chain(
            "type filter hook input priority 0; policy accept;\ntcp dport 22 accept\ncounter drop"
        ));
        assert!(!chain("type filter hook input priority 0; policy accept;\nct state invalid drop"));
        assert!(!chain("type filter hook input priority 0;\nct state invalid drop\naccept"));
    }

    #[test]
    fn what_a_script_loads_is_not_known() {
        let systemd = ("etc/systemd/system/shop.service", "[Service]\nExecStart=/srv/shop\n");
        let (_root, tree) = root(&[systemd]);
        assert_eq!(loaded_by(&tree, false), Ok(None));
        let (_root, tree) = root(&[
            systemd,
            ("etc/network/if-pre-up.d/iptables", "#!/bin/sh\niptables-restore < /etc/rules\n"),
        ]);
        assert!(loaded_by(&tree, false).is_err());
    }
}
