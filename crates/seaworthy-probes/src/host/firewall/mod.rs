//! What the packet filter of a host does with new connections from outside.
//!
//! Asks `nft -j list ruleset`, and `iptables-save` where iptables wrote rules that nft does not spell out, inside
//! the host's network namespace. Needs `CAP_NET_ADMIN`. Every chain that hooks into incoming traffic is followed
//! for every port that a rule names; what a rule says beyond our understanding counts as letting packets in.

mod boot;
mod iptables;
mod nftables;
mod rules;
mod saved;

use std::collections::BTreeSet;
use std::time::Duration;

use seaworthy_core::facts::{Listed, Seen, Unseen};
use seaworthy_core::limits::host::{OPENINGS_MAX, ROUTES_BYTES_MAX, RULE_STEPS_MAX};

use self::rules::{Condition, From, Hook, Packet, Rules, Steps};
pub(super) use self::rules::{Family, Protocol};
use super::facts::{FirewallFacts, ForwardedPort, Opening};
use super::processes::bounded;
use super::programs;
use super::tree::Tree;

/// Names of interfaces that lead to containers, virtual machines and private networks.
const INNER_PREFIXES: [&str; 13] = [
    "docker",
    "br-",
    "veth",
    "virbr",
    "cni",
    "podman",
    "lxc",
    "lxdbr",
    "flannel",
    "cali",
    "cilium",
    "wg",
    "tailscale",
];

/// The packet filter of one host, understood.
#[derive(Debug)]
pub(super) struct Filter {
    rules: Rules,
    /// First ports of the ranges within which every rule answers the same.
    starts: BTreeSet<u16>,
    /// The ranges of ports that rules name.
    named: BTreeSet<(u16, u16)>,
}

impl Filter {
    fn new(rules: Rules) -> Self {
        let mut starts = BTreeSet::from([1]);
        let conditions = rules.chains.values().flatten().flat_map(|rule| &rule.conditions);
        let named: BTreeSet<(u16, u16)> = conditions.flat_map(Condition::ports).collect();
        for (first, last) in &named {
            starts.extend([Some((*first).max(1)), last.checked_add(1)].into_iter().flatten());
        }
        Self { rules, starts, named }
    }

    /// Whether a connection from anywhere may get through to a port.
    pub(super) fn lets_in(&self, family: Family, protocol: Protocol, port: u16) -> Result<bool, Unseen> {
        let packet = Packet { family, protocol, port, from: From::Anyone };
        self.rules.lets_in(packet, &mut Steps(RULE_STEPS_MAX))
    }

    fn input_filtered(&self) -> bool {
        self.rules.bases.iter().any(|base| base.hook == Hook::Input)
    }

    /// Whether ports that no rule names are closed, for both protocols.
    fn default_deny(&self, family: Family) -> Result<bool, Unseen> {
        let mut steps = Steps(RULE_STEPS_MAX);
        for protocol in [Protocol::Tcp, Protocol::Udp] {
            let mut closed = false;
            for port in self.unnamed() {
                let packet = Packet { family, protocol, port, from: From::Anyone };
                closed |= !self.rules.lets_in(packet, &mut steps)?;
            }
            if !closed {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// A port that no rule names; where every port is named, one of each range.
    fn unnamed(&self) -> Vec<u16> {
        let named = |port: u16| self.named.iter().any(|(first, last)| (*first..=*last).contains(&port));
        match self.starts.iter().find(|port| !named(**port)) {
            Some(port) => vec![*port],
            None => self.starts.iter().copied().collect(),
        }
    }

    /// First ports of ranges of TCP on which packets from anyone are sent on.
    fn forwarded(&self, declared: Option<&[u16]>) -> Result<Listed<ForwardedPort>, Unseen> {
        let mut steps = Steps(RULE_STEPS_MAX);
        let mut found: Vec<ForwardedPort> = Vec::new();
        for family in [Family::Ipv4, Family::Ipv6] {
            for (start, last) in self.ranges() {
                let packet = Packet { family, protocol: Protocol::Tcp, port: start, from: From::Anyone };
                if self.rules.sends_on(packet, &mut steps)? {
                    let family = name_of_family(family).into();
                    let declared = declared.map(|named| (start..=last).all(|port| named.contains(&port)));
                    found.push(ForwardedPort { family, port_first: start, port_last: last, declared });
                }
            }
        }
        Ok(Listed::bounded(found, OPENINGS_MAX, "ports that the packet filter sends on"))
    }

    /// The ranges of ports within which every rule answers the same.
    fn ranges(&self) -> impl Iterator<Item = (u16, u16)> {
        let nexts = self.starts.iter().skip(1).map(Some).chain([None]);
        self.starts.iter().zip(nexts).map(|(start, next)| (*start, next.map_or(u16::MAX, |next| next - 1)))
    }

    fn openings(&self, declared: Option<&[u16]>) -> Result<Listed<Opening>, Unseen> {
        let mut steps = Steps(RULE_STEPS_MAX);
        let mut openings = Vec::new();
        for protocol in [Protocol::Tcp, Protocol::Udp] {
            for family in [Family::Ipv4, Family::Ipv6] {
                self.openings_of(protocol, family, &mut steps, &mut openings)?;
            }
        }
        for opening in &mut openings {
            let mut ports = opening.port_first..=opening.port_last;
            opening.declared = declared.map(|declared| ports.all(|port| declared.contains(&port)));
        }
        Ok(Listed::bounded(openings, OPENINGS_MAX, "openings of the packet filter"))
    }

    fn openings_of(
        &self,
        protocol: Protocol,
        family: Family,
        steps: &mut Steps,
        openings: &mut Vec<Opening>,
    ) -> Result<(), Unseen> {
        let before = openings.len();
        for (start, port_last) in self.ranges() {
            let mut open = |from| self.rules.lets_in(Packet { family, protocol, port: start, from }, steps);
            let from_anywhere = open(From::Anyone)?;
            if !from_anywhere && !open(From::Someone)? {
                continue;
            }
            match openings.get_mut(before..).and_then(<[Opening]>::last_mut) {
                Some(last)
                    if last.from_anywhere == from_anywhere
                        && last.port_last.checked_add(1) == Some(start) =>
                {
                    last.port_last = port_last;
                }
                _ => openings.push(Opening {
                    protocol: name_of_protocol(protocol).into(),
                    family: name_of_family(family).into(),
                    port_first: start,
                    port_last,
                    from_anywhere,
                    declared: None,
                }),
            }
        }
        Ok(())
    }
}

fn name_of_protocol(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Tcp => "tcp",
        Protocol::Udp => "udp",
    }
}

fn name_of_family(family: Family) -> &'static str {
    match family {
        Family::Ipv4 => "ipv4",
        Family::Ipv6 => "ipv6",
    }
}

/// Asks for the packet filter in the network namespace of `pid`, or in our own.
pub(super) async fn ask(pid: Option<u32>, within: Duration) -> Result<Filter, Unseen> {
    let listing = run("nft", pid, &["-j", "list", "ruleset"], within).await?;
    let dormant = if nftables::has_flags(&listing) {
        nftables::dormant(&run("nft", pid, &["list", "ruleset"], within).await?)
    } else {
        Vec::new()
    };
    let parsed = nftables::parse(&listing, &dormant)?;
    let mut rules = parsed.rules;
    for family in [Family::Ipv4, Family::Ipv6] {
        let (table, save) = match family {
            Family::Ipv4 => ("ip ", "iptables-nft-save"),
            Family::Ipv6 => ("ip6 ", "ip6tables-nft-save"),
        };
        if parsed.foreign.iter().any(|foreign| foreign.starts_with(table)) {
            let saved = run(save, pid, &[], within).await?;
            rules.bases.retain(|base| !base.chain.starts_with(table) || !is_iptables(&base.chain));
            rules.chains.retain(|chain, _| !chain.starts_with(table) || !is_iptables(chain));
            iptables::add(&mut rules, "", family, &saved);
        }
    }
    add_legacy(&mut rules, pid, within).await?;
    rules.inner = inner_interfaces(pid)?;
    Ok(Filter::new(rules))
}

/// Whether a chain, keyed `family table chain`, lies in a table that iptables writes.
fn is_iptables(chain: &str) -> bool {
    let table = chain.split(' ').nth(1);
    matches!(table, Some("filter" | "nat" | "mangle" | "raw" | "security"))
}

/// Rules of the older kernel interface, which nft does not show at all.
async fn add_legacy(rules: &mut Rules, pid: Option<u32>, within: Duration) -> Result<(), Unseen> {
    let families = [
        (Family::Ipv4, "ip_tables_names", "iptables-legacy-save"),
        (Family::Ipv6, "ip6_tables_names", "ip6tables-legacy-save"),
    ];
    for (family, names, save) in families {
        let path = in_proc(pid, names);
        if std::fs::exists(&path).unwrap_or(true) && !bounded(&path, ROUTES_BYTES_MAX)?.is_empty() {
            iptables::add(rules, "legacy ", family, &run(save, pid, &[], within).await?);
        }
    }
    Ok(())
}

async fn run(name: &str, pid: Option<u32>, args: &[&str], within: Duration) -> Result<String, Unseen> {
    let command = programs::command(name, pid, args)?;
    programs::ask(command, name, within).await?.success(name)
}

fn in_proc(pid: Option<u32>, file: &str) -> String {
    pid.map_or_else(|| format!("/proc/self/net/{file}"), |pid| format!("/proc/{pid}/net/{file}"))
}

/// Interfaces that lead inwards by their name and carry no default route.
fn inner_interfaces(pid: Option<u32>) -> Result<BTreeSet<String>, Unseen> {
    let table = |file: &str| {
        let bytes = bounded(&in_proc(pid, file), ROUTES_BYTES_MAX)?;
        Ok::<_, Unseen>(String::from_utf8_lossy(&bytes).into_owned())
    };
    let interfaces = table("dev")?;
    let mut routed = BTreeSet::new();
    for line in table("route")?.lines() {
        let fields: Vec<&str> = line.split_whitespace().collect();
        if fields.get(1) == Some(&"00000000") && fields.get(7) == Some(&"00000000") {
            routed.extend(fields.first().map(|name| (*name).to_owned()));
        }
    }
    if std::fs::exists(in_proc(pid, "ipv6_route")).unwrap_or(true) {
        for line in table("ipv6_route")?.lines() {
            let fields: Vec<&str> = line.split_whitespace().collect();
            if fields.get(1) == Some(&"00") {
                routed.extend(fields.last().map(|name| (*name).to_owned()));
            }
        }
    }
    let names = interfaces.lines().filter_map(|line| Some(line.split_once(':')?.0.trim()));
    let inner = names.filter(|name| {
        *name == "lo"
            || (!routed.contains(*name) && INNER_PREFIXES.iter().any(|prefix| name.starts_with(prefix)))
    });
    Ok(inner.map(str::to_owned).collect())
}

/// Whether IPv6 is in use: an interface other than `lo` has an address of that family.
fn ipv6_on(pid: Option<u32>) -> Result<bool, Unseen> {
    let path = in_proc(pid, "if_inet6");
    if !std::fs::exists(&path).unwrap_or(true) {
        return Ok(false);
    }
    let bytes = bounded(&path, ROUTES_BYTES_MAX)?;
    Ok(String::from_utf8_lossy(&bytes).lines().any(|line| !line.ends_with(" lo")))
}

/// The packet filter as facts.
pub(super) fn facts(
    filter: &Result<Filter, Unseen>,
    tree: &Result<Tree, Unseen>,
    pid: Option<u32>,
    declared: Option<&[u16]>,
) -> FirewallFacts {
    let command = "nft list ruleset";
    let by_hand = pid.map_or_else(|| command.to_owned(), |pid| format!("nsenter -t {pid} -n {command}"));
    let of = |ask: &dyn Fn(&Filter) -> Result<bool, Unseen>| -> Seen<bool> {
        match filter.as_ref().map_err(Unseen::clone).and_then(ask) {
            Ok(value) => Seen::shown_by(value, by_hand.clone()),
            Err(why) => why.into(),
        }
    };
    let openings = filter.as_ref().map_err(Unseen::clone).and_then(|filter| filter.openings(declared));
    let ipv6_on = ipv6_on(pid);
    // Where it is not known whether IPv6 is on, rules for it must be there.
    let with_ipv6 = ipv6_on.as_ref().copied().unwrap_or(true);
    let loaded_by = tree.as_ref().map_err(Unseen::clone).and_then(|tree| boot::loaded_by(tree, with_ipv6));
    FirewallFacts {
        input_filtered: of(&|filter| Ok(filter.input_filtered())),
        ipv6_on: ipv6_on.into(),
        default_deny_ipv4: of(&|filter| filter.default_deny(Family::Ipv4)),
        default_deny_ipv6: of(&|filter| filter.default_deny(Family::Ipv6)),
        openings: match openings {
            Ok(openings) => Seen::shown_by(openings, by_hand.clone()),
            Err(why) => why.into(),
        },
        forwarded: match filter.as_ref().map_err(Unseen::clone).and_then(|filter| filter.forwarded(declared))
        {
            Ok(forwarded) => Seen::shown_by(forwarded, by_hand.clone()),
            Err(why) => why.into(),
        },
        enabled_at_boot: Seen::from(loaded_by.clone().map(|by| by.is_some())),
        loaded_by: loaded_by.into(),
    }
}

#[cfg(test)]
mod tests;
