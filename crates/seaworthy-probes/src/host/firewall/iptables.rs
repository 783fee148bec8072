//! Understands what `iptables-save` prints as far as the question goes: which new connections come in from outside.

use std::net::IpAddr;

use super::rules::{
    Base, Condition, Family, Hook, Protocol, Rule, Rules, Subject, Verdict, range_as_network,
};

/// Adds one save's tables to the rules, as `{prefix}{family} {table}`.
pub(super) fn add(rules: &mut Rules, prefix: &str, family: Family, save: &str) {
    let name = match family {
        Family::Ipv4 => "ip",
        Family::Ipv6 => "ip6",
    };
    let mut table = String::new();
    for line in save.lines() {
        if let Some(started) = line.strip_prefix('*') {
            table = format!("{prefix}{name} {started}");
        } else if let Some(chain) = line.strip_prefix(':') {
            rules.bases.extend(base(chain, &table, family));
        } else if let Some(rule) = line.strip_prefix("-A ") {
            let words = words(rule);
            let Some((chain, words)) = words.split_first() else { continue };
            let chain = rules.chains.entry(format!("{table} {chain}")).or_default();
            chain.extend(Words { words, family }.rule(&table));
        }
    }
}

fn base(line: &str, table: &str, family: Family) -> Option<Base> {
    let mut words = line.split_whitespace();
    let (chain, policy) = (words.next()?, words.next()?);
    let hook = match (table.rsplit(' ').next()?, chain) {
        ("filter" | "mangle" | "security", "INPUT") => Hook::Input,
        ("nat", "PREROUTING") => Hook::Prerouting,
        _ => return None,
    };
    let chain = format!("{table} {chain}");
    Some(Base { hook, chain, families: vec![family], accepts: policy != "DROP" })
}

/// Words as a shell would part them; only double and single quotes occur.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quote = None;
    for letter in line.chars() {
        match (quote, letter) {
            (None, ' ') => words.push(String::new()),
            (None, '"' | '\'') => quote = Some(letter),
            (Some(open), letter) if open == letter => quote = None,
            (_, letter) => {
                if let Some(word) = words.last_mut() {
                    word.push(letter);
                }
            }
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

struct Words<'a> {
    words: &'a [String],
    family: Family,
}

impl Words<'_> {
    fn rule(&self, table: &str) -> Option<Rule> {
        let mut conditions = Vec::new();
        let mut negated = false;
        let mut rest = self.words;
        while let Some((word, after)) = rest.split_first() {
            let value = after.first().map(String::as_str).unwrap_or_default();
            let mut taken = 1;
            match word.as_str() {
                "!" => {
                    negated = true;
                    rest = after;
                    continue;
                }
                "-j" | "-g" => {
                    return verdict(word, value, table, &mut conditions)
                        .map(|verdict| Rule { conditions, verdict });
                }
                "-m" | "--comment" => {}
                "-f" => {
                    conditions.push(Condition::opaque());
                    taken = 0;
                }
                option => {
                    taken = after.iter().take_while(|word| !word.starts_with('-') && *word != "!").count();
                    let subject = self.subject(option, value, after.get(1).map(String::as_str));
                    let known = |subject| Condition { subject, negated };
                    conditions.push(subject.map_or_else(Condition::opaque, known));
                }
            }
            negated = false;
            rest = after.get(taken..).unwrap_or_default();
        }
        None
    }

    fn subject(&self, option: &str, value: &str, second: Option<&str>) -> Option<Subject> {
        match option {
            "-p" => Some(Subject::Protocol(match value {
                "tcp" | "6" => vec![Protocol::Tcp],
                "udp" | "17" => vec![Protocol::Udp],
                "all" | "0" => vec![Protocol::Tcp, Protocol::Udp],
                _ => Vec::new(),
            })),
            "-i" => Some(Subject::Interface(vec![value.replace('+', "*")])),
            "-s" => Some(Subject::Source(vec![network(value)?])),
            "-d" => super::rules::is_elsewhere(network(value)?).then_some(Subject::Local(false)),
            "--dport" | "--dports" => {
                Some(Subject::Port(value.split(',').map(ports).collect::<Option<Vec<_>>>()?))
            }
            "--ctstate" | "--state" => {
                Some(Subject::New(value.split(',').any(|s| matches!(s, "NEW" | "UNTRACKED"))))
            }
            "--dst-type" => Some(Subject::Local(value.split(',').any(|s| matches!(s, "LOCAL" | "UNICAST")))),
            "--pkt-type" => Some(Subject::Local(value == "unicast")),
            "--src-range" => {
                let (first, last) = value.split_once('-')?;
                Some(Subject::Source(vec![range_as_network(first.parse().ok()?, last.parse().ok()?)?]))
            }
            // A named set of sources restricts, whatever it holds.
            "--match-set" if second == Some("src") => {
                let documentation: IpAddr = match self.family {
                    Family::Ipv4 => std::net::Ipv4Addr::new(192, 0, 2, 0).into(),
                    Family::Ipv6 => std::net::Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0).into(),
                };
                Some(Subject::Source(vec![(documentation, 32)]))
            }
            _ => None,
        }
    }
}

fn verdict(word: &str, target: &str, table: &str, conditions: &mut Vec<Condition>) -> Option<Verdict> {
    match target {
        "ACCEPT" => Some(Verdict::Accept),
        "DROP" | "REJECT" => Some(Verdict::Drop),
        "RETURN" => Some(Verdict::Return),
        "DNAT" | "REDIRECT" | "TPROXY" => Some(Verdict::Redirect),
        "QUEUE" | "NFQUEUE" | "SYNPROXY" => {
            conditions.push(Condition::opaque());
            Some(Verdict::Accept)
        }
        "LOG" | "NFLOG" | "ULOG" | "MARK" | "CONNMARK" | "SET" | "TCPMSS" | "NOTRACK" | "CT" | "TRACE"
        | "AUDIT" | "CLASSIFY" | "DSCP" | "MASQUERADE" | "SNAT" => None,
        chain if word == "-g" => Some(Verdict::Goto(format!("{table} {chain}"))),
        chain => Some(Verdict::Jump(format!("{table} {chain}"))),
    }
}

fn ports(text: &str) -> Option<(u16, u16)> {
    let (first, last) = text.split_once(':').unwrap_or((text, text));
    Some((first.parse().ok()?, last.parse().ok()?))
}

fn network(text: &str) -> Option<(IpAddr, u8)> {
    let (address, length) = text.split_once('/').unwrap_or((text, ""));
    let address: IpAddr = address.parse().ok()?;
    let whole = if address.is_ipv4() { 32 } else { 128 };
    Some((address, if length.is_empty() { whole } else { length.parse().ok()? }))
}
