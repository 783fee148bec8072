//! What saved rules do with packets that come in and that no rule of theirs lets through.

use seaworthy_core::facts::{Blind, Unseen};

/// Deepest that a chain is followed to the chains that it ends in.
const CHAINS_DEEP_MAX: u32 = 8;

/// Whether what `iptables-save` wrote refuses them: a file of rules may be there and let all in.
pub(super) fn iptables_drops(text: &str) -> Result<bool, Unseen> {
    let filter =
        text.split("*filter").nth(1).and_then(|rest| rest.split("COMMIT").next()).unwrap_or_default();
    let rules = rules_of(filter, "INPUT");
    if rules.iter().any(|rule| target_of_all(rule).as_deref() == Some("ACCEPT")) {
        return Ok(false);
    }
    if filter.lines().any(|line| line.starts_with(":INPUT DROP")) {
        return Ok(true);
    }
    chain_drops(filter, "INPUT", 0)
}

/// The rules of a chain. Counts of packets may stand before them.
fn rules_of<'a>(filter: &'a str, chain: &str) -> Vec<&'a str> {
    let rule = |line: &'a str| {
        let line =
            line.strip_prefix('[').and_then(|rest| rest.split_once("] ")).map_or(line, |(_, rule)| rule);
        line.strip_prefix("-A ")?.strip_prefix(chain)?.strip_prefix(' ')
    };
    filter.lines().filter_map(rule).collect()
}

/// Where a rule sends every packet; none where it has a condition. A comment is none.
fn target_of_all(rule: &str) -> Option<String> {
    let mut words = quoted_words(rule).into_iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "-m" if words.next().as_deref() == Some("comment") => {}
            "--comment" => {
                words.next();
            }
            "-j" | "-g" => return words.next(),
            _ => return None,
        }
    }
    None
}

/// Whether the last rule of a chain refuses whatever comes to it, itself or by another chain: that is a policy too.
fn chain_drops(filter: &str, chain: &str, deep: u32) -> Result<bool, Unseen> {
    if deep > CHAINS_DEEP_MAX {
        return Err(not_understood("chains that lead to one another"));
    }
    let Some(target) = rules_of(filter, chain).last().and_then(|rule| target_of_all(rule)) else {
        return Ok(false);
    };
    match target.as_str() {
        "DROP" | "REJECT" => Ok(true),
        "ACCEPT" | "RETURN" | "LOG" | "NFLOG" | "MARK" | "QUEUE" | "NFQUEUE" => Ok(false),
        other => chain_drops(filter, other, deep + 1),
    }
}

/// Whether the rules of nftables hook a chain in where packets come in, which refuses them.
pub(super) fn nftables_drops(text: &str) -> Result<bool, Unseen> {
    let mut unclear = None;
    for (at, _) in text.match_indices("hook input") {
        match hooked_drops(chain_around(text, at)) {
            Ok(true) => return Ok(true),
            Ok(false) => {}
            Err(why) => unclear = Some(why),
        }
    }
    unclear.map_or(Ok(false), Err)
}

/// The chain in whose braces a place is. Sets without a name have braces of their own.
fn chain_around(text: &str, at: usize) -> &str {
    let (before, after) = text.split_at(at);
    let start = before.rfind('{').map_or(0, |brace| brace + 1);
    let mut open = 0_u32;
    let end = after.char_indices().find(|(_, c)| match c {
        '{' => {
            open += 1;
            false
        }
        '}' if open > 0 => {
            open -= 1;
            false
        }
        c => *c == '}',
    });
    text.get(start..at + end.map_or(after.len(), |(end, _)| end)).unwrap_or_default()
}

fn hooked_drops(chain: &str) -> Result<bool, Unseen> {
    let mut rules = chain.split(['\n', ';']).map(str::trim);
    if rules.clone().any(|rule| {
        quoted_words(rule).iter().find(|word| *word != "counter").is_some_and(|word| word == "accept")
    }) {
        return Ok(false);
    }
    if rules.clone().any(
        |rule| matches!(quoted_words(rule).as_slice(), [key, value] if key == "policy" && value == "drop"),
    ) {
        return Ok(true);
    }
    let Some(last) = rules.rfind(|rule| !rule.is_empty()) else { return Ok(false) };
    let words = quoted_words(last);
    let mut rest = words.iter().map(String::as_str).peekable();
    while let Some(word) = rest.next() {
        match word {
            // What counts and writes is no condition.
            "counter" | "packets" | "bytes" | "log" | "level" | "group" | "snaplen" | "flags" | "prefix"
            | "name" => {
                if word != "counter" && word != "log" {
                    rest.next();
                }
            }
            "drop" | "reject" => return Ok(true),
            "jump" | "goto" => return Err(not_understood("a chain that ends in another")),
            _ => return Ok(false),
        }
    }
    Ok(false)
}

fn not_understood(what: &str) -> Unseen {
    Unseen::new(Blind::Unsupported, format!("{what} in the rules that are loaded at boot: not understood"))
        .give("a policy of `drop` on the chain that is hooked in, or see by hand and attest it")
}

/// Words of a rule; quotes hold white space together.
fn quoted_words(rule: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (index, part) in rule.split('"').enumerate() {
        if index % 2 == 1 {
            words.push(part.to_owned());
        } else {
            words.extend(part.split_whitespace().map(str::to_owned));
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn saved_rules_must_refuse_what_no_rule_lets_in() {
        for (save, drops) in [
            ("*filter\n:INPUT DROP [0:0]\nCOMMIT\n", true),
            (
                "*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -p tcp --dport 22 -j ACCEPT\n-A INPUT -j REJECT\nCOMMIT\n",
                true,
            ),
            (
                "*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -m comment --comment \"all the rest\" -j DROP\nCOMMIT\n",
                true,
            ),
            (
                "*filter\n:INPUT ACCEPT [0:0]\n:LOGDROP - [0:0]\n[3:9] -A INPUT -j LOGDROP\n-A LOGDROP -j LOG\n-A LOGDROP -j DROP\nCOMMIT\n",
                true,
            ),
            (
                "*filter\n:INPUT ACCEPT [0:0]\n:MORE - [0:0]\n-A INPUT -j MORE\n-A MORE -p udp -j DROP\nCOMMIT\n",
                false,
            ),
            ("*filter\n:INPUT ACCEPT [0:0]\n-A DOCKER-ISOLATION-STAGE-2 -o docker0 -j DROP\nCOMMIT\n", false),
            ("*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -m state --state INVALID -j DROP\nCOMMIT\n", false),
            ("*filter\n:INPUT DROP [0:0]\n-A INPUT -j ACCEPT\nCOMMIT\n", false),
            ("*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -j ACCEPT\n-A INPUT -j DROP\nCOMMIT\n", false),
            ("*nat\n:INPUT DROP [0:0]\nCOMMIT\n", false),
            ("", false),
        ] {
            assert_eq!(iptables_drops(save), Ok(drops), "{save}");
        }
        assert!(iptables_drops("*filter\n-A INPUT -j A\n-A A -j A\nCOMMIT\n").is_err());
    }

    #[test]
    fn a_chain_of_nftables_must_refuse_what_no_rule_lets_in() {
        let chain = |rules: &str| {
            nftables_drops(&format!(
                "table inet filter {{\n chain input {{\n{rules}\n }}\n chain forward {{ type filter hook forward priority 0; policy drop; }}\n}}"
            ))
        };
        let accepting = "type filter hook input priority 0; policy accept;";
        assert_eq!(chain("type filter hook input priority 0; policy drop;"), Ok(true));
        for last in [
            "counter drop",
            "counter packets 0 bytes 0 drop",
            "log prefix \"refused \" level info counter drop",
            "drop comment \"the rest\"",
            "reject with icmpx type admin-prohibited",
        ] {
            let rules = format!("{accepting}\ntcp dport {{ 22, 443 }} accept\n{last}");
            assert_eq!(chain(&rules), Ok(true), "{last}");
        }
        assert_eq!(chain("type filter hook input priority 0; policy drop;\naccept"), Ok(false));
        for last in [
            "ct state invalid drop",
            "accept",
            "counter",
            "tcp dport 1 drop comment \"policy drop\"",
            "tcp dport { 22 } drop",
        ] {
            assert_eq!(chain(&format!("{accepting}\n{last}")), Ok(false), "{last}");
        }
        assert!(chain(&format!("{accepting}\njump others")).is_err());
        assert_eq!(nftables_drops("table inet filter { chain input { "), Ok(false));
    }
}
