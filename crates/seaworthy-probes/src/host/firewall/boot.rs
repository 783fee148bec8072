//! What loads the packet filter when the host starts, by the files of systemd, ufw and OpenRC.

use nix::sys::stat::SFlag;
use seaworthy_core::facts::{Blind, Unseen};

use super::super::tree::{Tree, kind};
use super::super::units;
use super::saved;

/// Longest file of rules or settings that is read, in bytes.
const FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// Deepest that files of rules may include one another, and most files of one folder.
const INCLUDES_DEEP_MAX: u32 = 4;
const INCLUDED_MAX: usize = 100;
/// Most scripts and units of one folder.
const SCRIPTS_MAX: usize = 1_000;

/// Whether a service that is enabled has rules to load, for IPv6 too where that is on.
type Loads = fn(&Tree, bool) -> Result<bool, Unseen>;

/// A service that loads rules, by what starts it.
struct Loader {
    systemd: Option<&'static str>,
    openrc: Option<&'static str>,
    /// What must hold beside its being enabled.
    loads: Loads,
}

const fn loader(systemd: Option<&'static str>, openrc: Option<&'static str>, loads: Loads) -> Loader {
    Loader { systemd, openrc, loads }
}

const LOADERS: [Loader; 7] = [
    loader(Some("ufw.service"), Some("ufw"), |tree, _| ufw_on(tree)),
    loader(Some("nftables.service"), Some("nftables"), |tree, _| nftables_file_drops(tree)),
    loader(Some("firewalld.service"), Some("firewalld"), |_, _| Ok(true)),
    loader(Some("netfilter-persistent.service"), None, |tree, ipv6| {
        Ok(saved_rules_drop(tree, "etc/iptables/rules.v4")?
            && (!ipv6 || saved_rules_drop(tree, "etc/iptables/rules.v6")?))
    }),
    loader(None, Some("iptables"), |tree, ipv6| {
        Ok(saved_rules_drop(tree, "etc/iptables/rules-save")?
            && (!ipv6 || saved_rules_drop(tree, "etc/iptables/rules6-save")?))
    }),
    loader(Some("iptables.service"), None, |tree, ipv6| {
        let other = || {
            Ok::<_, Unseen>(
                units::enabled_at_boot(tree, "ip6tables.service")?
                    && saved_rules_drop(tree, "etc/sysconfig/ip6tables")?,
            )
        };
        Ok(saved_rules_drop(tree, "etc/sysconfig/iptables")? && (!ipv6 || other()?))
    }),
    loader(Some("shorewall.service"), Some("shorewall"), |_, _| Ok(true)),
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
    for loader in &LOADERS {
        let unit = loader.systemd.filter(|_| systemd);
        if let Some(unit) = unit
            && units::enabled_at_boot(tree, unit)?
            && (loader.loads)(tree, ipv6)?
        {
            return Ok(Some(unit.to_owned()));
        }
        if let Some(name) = loader.openrc.filter(|_| openrc)
            && in_a_runlevel(tree, name)?
            && (loader.loads)(tree, ipv6)?
        {
            return Ok(Some(name.to_owned()));
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

fn in_a_runlevel(tree: &Tree, name: &str) -> Result<bool, Unseen> {
    Ok(tree.has_link(&format!("etc/runlevels/default/{name}"))?
        || tree.has_link(&format!("etc/runlevels/boot/{name}"))?)
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
            let known = LOADERS.iter().any(|loader| loader.systemd == Some(name));
            // A unit that is masked is a link to a device.
            let is_file = tree.stat(&path)?.is_some_and(|stat| kind(&stat) == SFlag::S_IFREG);
            if !known && is_file && tree.text(&path, FILE_BYTES_MAX)?.is_some_and(|text| loads(&text)) {
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

fn saved_rules_drop(tree: &Tree, path: &str) -> Result<bool, Unseen> {
    saved::iptables_drops(&tree.text(path, FILE_BYTES_MAX)?.unwrap_or_default())
}

/// The file that comes with nftables hooks in and lets everything through; one that includes others may include none.
fn nftables_file_drops(tree: &Tree) -> Result<bool, Unseen> {
    for path in ["etc/nftables.conf", "etc/sysconfig/nftables.conf"] {
        if !tree.has(path)? {
            continue;
        }
        let mut rules = Vec::new();
        gather(tree, path, 0, &mut rules)?;
        return saved::nftables_drops(&rules.join("\n"));
    }
    Ok(false)
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

    #[test]
    fn a_masked_unit_loads_nothing() {
        let (folder, tree) = root(&[("etc/systemd/system/shop.service", "[Service]\nExecStart=/srv/shop\n")]);
        let masked = folder.path().join("etc/systemd/system/apt-news.service");
        std::os::unix::fs::symlink("/dev/null", masked).expect("linked");
        assert_eq!(loaded_by(&tree, false), Ok(None));
    }

    #[test]
    fn openrc_loads_what_iptables_saved() {
        let (folder, tree) = root(&[
            ("etc/runlevels/boot/x", ""),
            ("etc/iptables/rules-save", "*filter\n:INPUT DROP [0:0]\nCOMMIT\n"),
        ]);
        assert_eq!(loaded_by(&tree, false), Ok(None));
        std::os::unix::fs::symlink("/etc/init.d/iptables", folder.path().join("etc/runlevels/boot/iptables"))
            .expect("linked");
        assert_eq!(loaded_by(&tree, false), Ok(Some("iptables".to_owned())));
        assert_eq!(loaded_by(&tree, true), Ok(None));
    }
}
