//! A packet filter as rules over the first packet of a connection that comes in from outside, and the answer to
//! one question: may such a packet get through? What a rule says beyond our understanding counts for the packet.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use seaworthy_core::facts::{Blind, Unseen};
use seaworthy_core::limits::host::{RULE_CALLS_MAX, RULE_STEPS_MAX};

/// Networks that hold this share of a family's addresses are no restriction.
const ANYWHERE_SHARE: f64 = 1.0 / 256.0;

/// The family of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in super::super) enum Family {
    Ipv4,
    Ipv6,
}

/// What a packet carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in super::super) enum Protocol {
    Tcp,
    Udp,
}

/// Where a packet comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum From {
    /// Any address of the internet, through an outer interface.
    Anyone,
    /// Some address that a rule names, or an inner interface.
    Someone,
}

/// The first packet of a connection.
#[derive(Debug, Clone, Copy)]
pub(super) struct Packet {
    pub(super) family: Family,
    pub(super) protocol: Protocol,
    pub(super) port: u16,
    pub(super) from: From,
}

/// The parts of a packet that a condition looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Subject {
    /// The families that are meant.
    Family(Vec<Family>),
    /// What the packet carries; other protocols are none of ours.
    Protocol(Vec<Protocol>),
    /// The port that the packet goes to, as first and last.
    Port(Vec<(u16, u16)>),
    /// Networks as address and length of the prefix.
    Source(Vec<(IpAddr, u8)>),
    /// Names of interfaces; a trailing `*` stands for anything.
    Interface(Vec<String>),
    /// Whether a new connection is among the states.
    New(bool),
    /// Whether the packet's destination, an address of this host, is among those that are meant.
    Local(bool),
    /// Several parts together, as one of these combinations.
    Combination(Vec<Vec<Condition>>),
    /// Not understood.
    Opaque,
}

/// One condition of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Condition {
    pub(super) subject: Subject,
    pub(super) negated: bool,
}

impl Condition {
    /// The ranges of ports that it names.
    pub(super) fn ports(&self) -> Vec<(u16, u16)> {
        match &self.subject {
            Subject::Port(ranges) => ranges.clone(),
            Subject::Combination(all) => all.iter().flatten().flat_map(Self::ports).collect(),
            Subject::Family(_)
            | Subject::Protocol(_)
            | Subject::Source(_)
            | Subject::Interface(_)
            | Subject::New(_)
            | Subject::Local(_)
            | Subject::Opaque => Vec::new(),
        }
    }

    pub(super) fn is(subject: Subject) -> Self {
        Self { subject, negated: false }
    }

    pub(super) fn opaque() -> Self {
        Self::is(Subject::Opaque)
    }
}

/// What a rule does with a packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    Accept,
    Drop,
    Jump(String),
    Goto(String),
    Return,
    /// Sent on to another port or machine, past the rest of the filter.
    Redirect,
}

/// One rule: all conditions hold, then the verdict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rule {
    pub(super) conditions: Vec<Condition>,
    pub(super) verdict: Verdict,
}

/// Where a base chain hooks in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hook {
    /// A filter on packets for this machine.
    Input,
    /// Address translation before the filter.
    Prerouting,
}

/// A base chain: where the kernel starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Base {
    pub(super) hook: Hook,
    pub(super) chain: String,
    pub(super) families: Vec<Family>,
    /// What becomes of a packet that no rule decides.
    pub(super) accepts: bool,
}

/// A whole packet filter. Chains are keyed `family table chain`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Rules {
    pub(super) chains: BTreeMap<String, Vec<Rule>>,
    pub(super) bases: Vec<Base>,
    /// Interfaces on which no packet from the internet comes in.
    pub(super) inner: BTreeSet<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Holds {
    No,
    Maybe,
    Yes,
}

/// What may become of a packet in a chain.
#[derive(Default)]
struct Way {
    passes: bool,
    falls_through: bool,
}

/// Work that is left before the answer is given up.
pub(super) struct Steps(pub(super) u64);

impl Rules {
    /// Whether a packet may be sent on past the filter: to another port, machine or container, where nothing on this machine
    /// need listen on the port that it came to.
    pub(super) fn sends_on(&self, packet: Packet, steps: &mut Steps) -> Result<bool, Unseen> {
        Ok(self.may(Hook::Prerouting, packet, steps)?.contains(&true))
    }

    /// Whether a packet may get through to this machine.
    pub(super) fn lets_in(&self, packet: Packet, steps: &mut Steps) -> Result<bool, Unseen> {
        if self.sends_on(packet, steps)? {
            return Ok(true);
        }
        // A packet must pass every chain that hooks in.
        Ok(self.may(Hook::Input, packet, steps)?.iter().all(|passes| *passes))
    }

    fn may(&self, hook: Hook, packet: Packet, steps: &mut Steps) -> Result<Vec<bool>, Unseen> {
        let concerned = |base: &&Base| base.hook == hook && base.families.contains(&packet.family);
        let mut answers = Vec::new();
        for base in self.bases.iter().filter(concerned) {
            let way = self.walk(&base.chain, packet, hook, 0, steps)?;
            let default = hook == Hook::Input && base.accepts;
            answers.push(way.passes || (way.falls_through && default));
        }
        Ok(answers)
    }

    fn walk(
        &self,
        chain: &str,
        packet: Packet,
        hook: Hook,
        calls: u32,
        steps: &mut Steps,
    ) -> Result<Way, Unseen> {
        let mut way = Way::default();
        if calls > RULE_CALLS_MAX {
            return Err(Unseen::new(
                Blind::CutShort,
                "chains of the packet filter call one another too deep",
            ));
        }
        for rule in self.chains.get(chain).into_iter().flatten() {
            steps.0 = steps.0.checked_sub(1).ok_or_else(too_many)?;
            let holds = self.all_hold(&rule.conditions, packet);
            if holds == Holds::No {
                continue;
            }
            let ends = match &rule.verdict {
                Verdict::Accept | Verdict::Redirect => {
                    way.passes |= hook == Hook::Input || rule.verdict == Verdict::Redirect;
                    true
                }
                Verdict::Drop => true,
                Verdict::Return => {
                    way.falls_through = true;
                    true
                }
                Verdict::Jump(to) => {
                    let called = self.walk(to, packet, hook, calls + 1, steps)?;
                    way.passes |= called.passes;
                    !called.falls_through
                }
                Verdict::Goto(to) => {
                    let called = self.walk(to, packet, hook, calls + 1, steps)?;
                    way.passes |= called.passes;
                    way.falls_through |= called.falls_through;
                    true
                }
            };
            if ends && holds == Holds::Yes {
                return Ok(way);
            }
        }
        way.falls_through = true;
        Ok(way)
    }

    fn all_hold(&self, conditions: &[Condition], packet: Packet) -> Holds {
        let mut all = Holds::Yes;
        for condition in conditions {
            let one = match (self.subject_holds(&condition.subject, packet), condition.negated) {
                (Holds::Maybe, _) => Holds::Maybe,
                (Holds::Yes, false) | (Holds::No, true) => Holds::Yes,
                (Holds::No, false) | (Holds::Yes, true) => Holds::No,
            };
            match one {
                Holds::No => return Holds::No,
                Holds::Maybe => all = Holds::Maybe,
                Holds::Yes => {}
            }
        }
        all
    }

    fn subject_holds(&self, subject: &Subject, packet: Packet) -> Holds {
        let known = |holds: bool| if holds { Holds::Yes } else { Holds::No };
        match subject {
            Subject::Family(families) => known(families.contains(&packet.family)),
            Subject::Protocol(protocols) => known(protocols.contains(&packet.protocol)),
            Subject::Port(ranges) => {
                known(ranges.iter().any(|(first, last)| (*first..=*last).contains(&packet.port)))
            }
            Subject::Source(networks) => source_holds(networks, packet),
            Subject::Interface(names) => self.interface_holds(names, packet),
            Subject::New(among) | Subject::Local(among) => known(*among),
            Subject::Combination(all) => {
                all.iter().map(|conditions| self.all_hold(conditions, packet)).max().unwrap_or(Holds::No)
            }
            Subject::Opaque => Holds::Maybe,
        }
    }

    /// Packets come in on any interface but `lo`; those of anyone on none of the inner ones.
    fn interface_holds(&self, names: &[String], packet: Packet) -> Holds {
        let reachable = |name: &String| match packet.from {
            From::Anyone => name != "lo" && !self.inner.contains(name),
            From::Someone => name != "lo",
        };
        if names.iter().any(|name| name == "*") {
            Holds::Yes
        } else if names.iter().any(reachable) {
            Holds::Maybe
        } else {
            Holds::No
        }
    }
}

fn source_holds(networks: &[(IpAddr, u8)], packet: Packet) -> Holds {
    let of_family = |(address, _): &&(IpAddr, u8)| address.is_ipv4() == (packet.family == Family::Ipv4);
    let meant: Vec<_> = networks.iter().filter(of_family).collect();
    if meant.is_empty() {
        return Holds::No;
    }
    if meant.iter().any(|(_, length)| *length == 0) {
        return Holds::Yes;
    }
    let public = meant.iter().filter(|(address, _)| !is_private(*address));
    let share: f64 = public.map(|(_, length)| 0.5_f64.powi(i32::from(*length))).sum();
    match packet.from {
        From::Anyone if share < ANYWHERE_SHARE => Holds::No,
        From::Anyone | From::Someone => Holds::Maybe,
    }
}

fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_private() || v4.is_loopback() || v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_unique_local() || v6.is_loopback() || v6.is_unicast_link_local(),
    }
}

fn too_many() -> Unseen {
    Unseen::new(
        Blind::CutShort,
        format!("the packet filter takes more than {RULE_STEPS_MAX} steps to understand"),
    )
}

/// A range of addresses as the smallest network that is at least as large, for the question of its size.
pub(super) fn range_as_network(first: IpAddr, last: IpAddr) -> Option<(IpAddr, u8)> {
    let (bits, length) = match (first, last) {
        (IpAddr::V4(a), IpAddr::V4(b)) => (u128::from(a.to_bits() ^ b.to_bits()), 32),
        (IpAddr::V6(a), IpAddr::V6(b)) => (a.to_bits() ^ b.to_bits(), 128),
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => return None,
    };
    let differing = u128::BITS - bits.leading_zeros();
    u8::try_from(length - differing).ok().map(|length| (first, length))
}

/// Whether a network holds no address of a host: multicast, broadcast or loopback.
pub(super) fn is_elsewhere((address, length): (IpAddr, u8)) -> bool {
    match address {
        IpAddr::V4(v4) => {
            (v4.is_multicast() && length >= 4) || v4.is_broadcast() || (v4.is_loopback() && length >= 8)
        }
        IpAddr::V6(v6) => (v6.is_multicast() && length >= 8) || v6.is_loopback(),
    }
}
