//! What loads the packet filter when the host starts, by the files of systemd, ufw and OpenRC.

use seaworthy_core::facts::{Blind, Unseen};

use super::super::tree::Tree;
use super::super::units;

/// Longest file of rules or settings that is read, in bytes.
const FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// Whether a service that is enabled has rules to load.
type Loads = fn(&Tree) -> Result<bool, Unseen>;

/// Services that load rules, and what must hold beside their being enabled.
const LOADERS: [(&str, Loads); 6] = [
    ("ufw.service", ufw_on),
    ("nftables.service", nftables_file_drops),
    ("firewalld.service", |_| Ok(true)),
    ("netfilter-persistent.service", |tree| tree.has("etc/iptables/rules.v4")),
    ("iptables.service", |tree| tree.has("etc/sysconfig/iptables")),
    ("shorewall.service", |_| Ok(true)),
];

/// The first service that is enabled and has something to load.
pub(super) fn loaded_by(tree: &Tree) -> Result<Option<String>, Unseen> {
    let systemd = tree.has("etc/systemd/system")?;
    let openrc = tree.has("etc/runlevels")?;
    if !systemd && !openrc {
        let why = "neither systemd nor OpenRC has its files here";
        return Err(Unseen::new(Blind::Unsupported, why)
            .give("see by hand what loads the packet filter at boot, and attest it"));
    }
    for (unit, loads) in LOADERS {
        let name = unit.trim_end_matches(".service");
        let enabled = (systemd && units::enabled_at_boot(tree, unit)?)
            || (openrc && tree.has_link(&format!("etc/runlevels/default/{name}"))?)
            || (openrc && tree.has_link(&format!("etc/runlevels/boot/{name}"))?);
        if enabled && loads(tree)? {
            return Ok(Some(unit.to_owned()));
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

/// The file that comes with nftables hooks in and lets everything through.
fn nftables_file_drops(tree: &Tree) -> Result<bool, Unseen> {
    for path in ["etc/nftables.conf", "etc/sysconfig/nftables.conf"] {
        let Some(text) = tree.text(path, FILE_BYTES_MAX)? else { continue };
        let rules = || text.lines().filter(|line| !line.trim_start().starts_with('#'));
        let included = rules().any(|line| line.trim_start().starts_with("include"));
        let hooked = rules().any(|line| line.contains("hook input"));
        let drops = rules().any(|line| line.contains("drop") || line.contains("reject"));
        return Ok(included || (hooked && drops));
    }
    Ok(false)
}
