//! Understands `nft -j list ruleset` as far as the question goes: which new connections come in from outside.

use std::collections::BTreeMap;
use std::net::IpAddr;

use seaworthy_core::facts::{Blind, Unseen};
use seaworthy_core::limits::host::RULES_MAX;
use serde_json::Value;

use super::rules::{Base, Condition, Family, Hook, Protocol, Rule, Rules, Subject, Verdict};

/// The packet filter, and the tables in which iptables wrote something that nftables does not spell out.
#[derive(Debug)]
pub(super) struct Parsed {
    pub(super) rules: Rules,
    /// `ip filter`, `ip6 nat`, …
    pub(super) foreign: Vec<String>,
}

/// Sets and maps by `family table @name`.
type Sets = BTreeMap<String, Vec<Value>>;

/// Whether a table has flags, so that [`parse`] needs to know which are dormant: nft 1.0.6 prints some other text in
/// their place into JSON.
pub(super) fn has_flags(json: &str) -> bool {
    let document: Option<Value> = serde_json::from_str(json).ok();
    let items = document.as_ref().and_then(|document| document.get("nftables")?.as_array());
    items
        .into_iter()
        .flatten()
        .any(|item| item.get("table").is_some_and(|table| table.get("flags").is_some()))
}

/// The dormant tables in what `nft list ruleset` prints, as `family table`. They are listed and do nothing.
pub(super) fn dormant(plain: &str) -> Vec<String> {
    let mut dormant = Vec::new();
    let mut table = "";
    for line in plain.lines() {
        if let Some(begun) = line.strip_prefix("table ") {
            table = begun.trim_end_matches('{').trim_end();
        } else if let Some(flags) = line.strip_prefix("\tflags ")
            && flags.split([',', ' ']).any(|flag| flag == "dormant")
        {
            dormant.push(table.to_owned());
        }
    }
    dormant
}

/// Reads what nft printed; `dormant` tables are left out.
pub(super) fn parse(json: &str, dormant: &[String]) -> Result<Parsed, Unseen> {
    let garbled = |what: &str| Unseen::new(Blind::Garbled, format!("`nft` printed {what}"));
    let document: Value = serde_json::from_str(json).map_err(|_| garbled("no JSON"))?;
    let items = document.get("nftables").and_then(Value::as_array).ok_or_else(|| garbled("no ruleset"))?;
    if items.len() > RULES_MAX {
        let why = format!("the packet filter has more than {RULES_MAX} items");
        return Err(Unseen::new(Blind::CutShort, why));
    }
    let of = |kind: &'static str| items.iter().filter_map(move |item| item.get(kind));
    let sets = of("set").chain(of("map")).map(|set| {
        let name = format!("{} @{}", key(set, "table"), text(set, "name"));
        (name, set.get("elem").and_then(Value::as_array).cloned().unwrap_or_default())
    });
    let sets: Sets = sets.collect();
    let mut parsed = Parsed { rules: Rules::default(), foreign: Vec::new() };
    for chain in of("chain").filter(|chain| !dormant.contains(&key(chain, "table"))) {
        parsed.rules.bases.extend(base(chain));
    }
    for rule in of("rule") {
        let table = key(rule, "table");
        let expressions = rule.get("expr").and_then(Value::as_array);
        let expressions = expressions.ok_or_else(|| garbled("a rule without expressions"))?;
        if expressions.iter().any(|one| one.get("xt").is_some()) && !parsed.foreign.contains(&table) {
            parsed.foreign.push(table.clone());
        }
        let chain = parsed.rules.chains.entry(format!("{table} {}", text(rule, "chain"))).or_default();
        chain.extend(rules_of(expressions, &table, &sets));
    }
    Ok(parsed)
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value.get(field).and_then(Value::as_str).unwrap_or_default()
}

/// `family table`, where the table's name stands in `field`.
fn key(value: &Value, field: &str) -> String {
    format!("{} {}", text(value, "family"), text(value, field))
}

fn base(chain: &Value) -> Option<Base> {
    let hook = match (text(chain, "type"), text(chain, "hook")) {
        ("filter", "input") => Hook::Input,
        ("nat", "prerouting") => Hook::Prerouting,
        _ => return None,
    };
    let families = match text(chain, "family") {
        "inet" => vec![Family::Ipv4, Family::Ipv6],
        "ip" => vec![Family::Ipv4],
        "ip6" => vec![Family::Ipv6],
        _ => return None,
    };
    let name = format!("{} {}", key(chain, "table"), text(chain, "name"));
    Some(Base { hook, chain: name, families, accepts: text(chain, "policy") != "drop" })
}

/// One rule of nft is one of ours, or one for each entry of its verdict map.
fn rules_of(expressions: &[Value], table: &str, sets: &Sets) -> Vec<Rule> {
    let mut conditions = Vec::new();
    for expression in expressions {
        let Some((kind, body)) = expression.as_object().and_then(|object| object.iter().next()) else {
            conditions.push(Condition::opaque());
            continue;
        };
        let chain = || format!("{table} {}", text(body, "target"));
        let verdict = match kind.as_str() {
            "accept" => Verdict::Accept,
            "drop" | "reject" => Verdict::Drop,
            "return" => Verdict::Return,
            "jump" => Verdict::Jump(chain()),
            "goto" => Verdict::Goto(chain()),
            "dnat" | "redirect" | "tproxy" => Verdict::Redirect,
            "queue" | "synproxy" => {
                conditions.push(Condition::opaque());
                Verdict::Accept
            }
            "vmap" => return mapped(&conditions, body, table, sets),
            "match" => {
                conditions.extend(matching(body, table, sets));
                continue;
            }
            "counter" | "log" | "comment" | "notrack" | "mangle" | "continue" => continue,
            _ => {
                conditions.push(Condition::opaque());
                continue;
            }
        };
        return vec![Rule { conditions, verdict }];
    }
    Vec::new()
}

/// The entries of `key vmap { value : verdict, … }` as rules.
fn mapped(conditions: &[Condition], body: &Value, table: &str, sets: &Sets) -> Vec<Rule> {
    let Some(entries) = body.get("data").and_then(|data| values(data, table, sets)) else {
        let conditions = [conditions, &[Condition::opaque()]].concat();
        return vec![Rule { conditions, verdict: Verdict::Accept }];
    };
    let key = body.get("key").unwrap_or(&Value::Null);
    let rule = |entry: &Value| {
        let value = element(entry.get(0).unwrap_or(&Value::Null));
        let verdict = entry.get(1).map(std::slice::from_ref).unwrap_or_default();
        let mut conditions = conditions.to_vec();
        if value != "*" {
            conditions.extend(compared(key, "==", &[value]));
        }
        rules_of(verdict, table, sets)
            .into_iter()
            .map(move |rule| Rule { conditions: conditions.clone(), verdict: rule.verdict })
            .collect::<Vec<_>>()
    };
    entries.iter().flat_map(rule).collect()
}

fn matching(body: &Value, table: &str, sets: &Sets) -> Vec<Condition> {
    let (left, right) = (body.get("left"), body.get("right"));
    match (left, right.and_then(|right| values(right, table, sets))) {
        (Some(left), Some(right)) => compared(left, text(body, "op"), &right),
        _ => vec![Condition::opaque()],
    }
}

/// The single values that the right side of a comparison names: a literal, a set, or a named set.
fn values(right: &Value, table: &str, sets: &Sets) -> Option<Vec<Value>> {
    match right {
        Value::String(name) if name.starts_with('@') => {
            sets.get(&format!("{table} {name}")).map(|elements| elements.iter().map(element).collect())
        }
        Value::Array(all) => Some(all.iter().map(element).collect()),
        Value::Object(object) if object.contains_key("set") => match &object["set"] {
            Value::Array(all) => Some(all.iter().map(element).collect()),
            one => Some(vec![element(one)]),
        },
        other => Some(vec![element(other)]),
    }
}

/// An element of a set without its time to live and counters.
fn element(value: &Value) -> Value {
    value.get("elem").and_then(|elem| elem.get("val")).unwrap_or(value).clone()
}

/// `left op values` as conditions that must all hold; the first may be what nft implies, such as the family.
fn compared(left: &Value, op: &str, values: &[Value]) -> Vec<Condition> {
    let negated = match op {
        "==" | "in" => false,
        "!=" => true,
        _ => return ordered(left, op, values),
    };
    let mut conditions = implied(left);
    conditions
        .push(subject(left, values).map_or_else(Condition::opaque, |subject| Condition { subject, negated }));
    conditions
}

/// `dport < 1024` and its like.
fn ordered(left: &Value, op: &str, values: &[Value]) -> Vec<Condition> {
    let mut conditions = implied(left);
    let bound = values.first().and_then(Value::as_u64).and_then(|bound| u16::try_from(bound).ok());
    let range = match (is_port(left), bound, op) {
        (true, Some(bound), "<") => bound.checked_sub(1).map(|last| (0, last)),
        (true, Some(bound), "<=") => Some((0, bound)),
        (true, Some(bound), ">") => bound.checked_add(1).map(|first| (first, u16::MAX)),
        (true, Some(bound), ">=") => Some((bound, u16::MAX)),
        _ => None,
    };
    conditions.push(range.map_or_else(Condition::opaque, |range| Condition::is(Subject::Port(vec![range]))));
    conditions
}

fn is_port(left: &Value) -> bool {
    left.get("payload").is_some_and(|payload| text(payload, "field") == "dport")
}

/// A header that is looked at must be there: `tcp dport` holds for TCP only, also when negated.
fn implied(left: &Value) -> Vec<Condition> {
    let subject = match left.get("payload").map(|payload| text(payload, "protocol")) {
        Some("tcp") => Subject::Protocol(vec![Protocol::Tcp]),
        Some("udp") => Subject::Protocol(vec![Protocol::Udp]),
        Some("icmp" | "icmpv6" | "igmp" | "sctp" | "dccp" | "udplite" | "esp" | "ah" | "comp") => {
            Subject::Protocol(Vec::new())
        }
        Some("ip") => Subject::Family(vec![Family::Ipv4]),
        Some("ip6") => Subject::Family(vec![Family::Ipv6]),
        _ => return Vec::new(),
    };
    vec![Condition::is(subject)]
}

/// `ip saddr . tcp dport` against `{ 192.0.2.1 . 22, … }`.
fn combinations(parts: &[Value], values: &[Value]) -> Option<Subject> {
    let combination = |value: &Value| {
        let values = value.get("concat")?.as_array().filter(|values| values.len() == parts.len())?;
        Some(
            parts
                .iter()
                .zip(values)
                .flat_map(|(part, value)| compared(part, "==", &[element(value)]))
                .collect(),
        )
    };
    Some(Subject::Combination(values.iter().map(combination).collect::<Option<Vec<_>>>()?))
}

/// What a comparison with `values` looks at; `None` when it is not understood.
fn subject(left: &Value, values: &[Value]) -> Option<Subject> {
    let (kind, body) = left.as_object()?.iter().next()?;
    match kind.as_str() {
        "concat" => combinations(body.as_array()?, values),
        "meta" => meta(text(body, "key"), values),
        "payload" => match (text(body, "protocol"), text(body, "field")) {
            ("tcp" | "udp" | "th", "dport") => ports(values).map(Subject::Port),
            ("ip" | "ip6", "saddr") => networks(values).map(Subject::Source),
            ("ip" | "ip6", "daddr") => elsewhere(values).then_some(Subject::Local(false)),
            ("ip", "protocol") | ("ip6", "nexthdr") => Some(Subject::Protocol(protocols(values)?)),
            _ => None,
        },
        "ct" => match text(body, "key") {
            "state" => Some(Subject::New(values.iter().any(|state| state == "new" || state == "untracked"))),
            // Packets that were sent on to another port are judged where they are sent on.
            "status" => values.iter().all(|s| s == "dnat" || s == "snat").then_some(Subject::New(false)),
            "direction" => Some(Subject::New(values.iter().any(|direction| direction == "original"))),
            _ => None,
        },
        "fib" if text(body, "result") == "type" => {
            Some(Subject::Local(values.iter().any(|kind| kind == "local" || kind == "unicast")))
        }
        _ => None,
    }
}

fn meta(key: &str, values: &[Value]) -> Option<Subject> {
    let names = || values.iter().map(|value| value.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>();
    match key {
        "iif" | "iifname" => names().map(Subject::Interface),
        "l4proto" => protocols(values).map(Subject::Protocol),
        "nfproto" | "protocol" => {
            let family = |value: &Value| match value.as_str() {
                Some("ipv4" | "ip") => Some(Family::Ipv4),
                Some("ipv6" | "ip6") => Some(Family::Ipv6),
                _ => None,
            };
            Some(Subject::Family(values.iter().filter_map(family).collect()))
        }
        "pkttype" => Some(Subject::Local(values.iter().any(|kind| kind == "unicast" || kind == "host"))),
        _ => None,
    }
}

fn protocols(values: &[Value]) -> Option<Vec<Protocol>> {
    let mut found = Vec::new();
    for value in values {
        match (value.as_str(), value.as_u64()) {
            (Some("tcp"), _) | (_, Some(6)) => found.push(Protocol::Tcp),
            (Some("udp"), _) | (_, Some(17)) => found.push(Protocol::Udp),
            (Some(_), _) | (_, Some(_)) => {}
            (None, None) => return None,
        }
    }
    Some(found)
}

fn ports(values: &[Value]) -> Option<Vec<(u16, u16)>> {
    let port = |value: &Value| value.as_u64().and_then(|port| u16::try_from(port).ok());
    let range = |value: &Value| match value.get("range") {
        Some(range) => Some((port(range.get(0)?)?, port(range.get(1)?)?)),
        None => port(value).map(|port| (port, port)),
    };
    values.iter().map(range).collect()
}

fn networks(values: &[Value]) -> Option<Vec<(IpAddr, u8)>> {
    values.iter().map(network).collect()
}

fn network(value: &Value) -> Option<(IpAddr, u8)> {
    if let Some(prefix) = value.get("prefix") {
        let length = prefix.get("len")?.as_u64().and_then(|length| u8::try_from(length).ok())?;
        return Some((text(prefix, "addr").parse().ok()?, length));
    }
    if let Some(range) = value.get("range") {
        let (first, last) = (range.get(0)?.as_str()?.parse().ok()?, range.get(1)?.as_str()?.parse().ok()?);
        return super::rules::range_as_network(first, last);
    }
    let address: IpAddr = value.as_str()?.parse().ok()?;
    Some((address, if address.is_ipv4() { 32 } else { 128 }))
}

/// Whether no address of this host can be meant: multicast, broadcast, loopback.
fn elsewhere(values: &[Value]) -> bool {
    values.iter().all(|value| network(value).is_some_and(super::rules::is_elsewhere))
}
