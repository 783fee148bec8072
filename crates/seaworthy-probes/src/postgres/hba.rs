//! What the rules of `pg_hba.conf` mean: from where, for whom, in which order.

use super::facts::HbaRule;
use super::reach::Network;

/// A rule's columns as `pg_hba_file_rules` shows them.
#[derive(Debug, Clone, Default)]
pub(super) struct Columns {
    pub(super) line: i64,
    pub(super) kind: Option<String>,
    pub(super) databases: Vec<String>,
    pub(super) roles: Vec<String>,
    pub(super) address: Option<String>,
    pub(super) mask: Option<String>,
    pub(super) method: Option<String>,
    pub(super) demands_certificate: bool,
    pub(super) faulty: bool,
}

/// A rule with its network, for walking through the rules in order.
#[derive(Debug, Clone)]
pub(super) struct Rule {
    pub(super) fact: HbaRule,
    networks: Networks,
}

/// The addresses that a rule speaks of.
#[derive(Debug, Clone, Copy)]
enum Networks {
    /// Unix sockets.
    Socket,
    /// All addresses of both families.
    All,
    /// One network.
    One(Network),
    /// A name or `samenet`: what it covers cannot be told from here.
    Unknown,
}

impl Rule {
    pub(super) fn read(columns: Columns, by_hand: &str) -> Self {
        let kind = columns.kind.unwrap_or_default();
        let networks = networks(&kind, columns.address.as_deref(), columns.mask.as_deref());
        let reach = match networks {
            Networks::Socket => "socket",
            Networks::All => "any",
            Networks::One(network) => network.reach(),
            Networks::Unknown => match columns.address.as_deref() {
                // Addresses of the server and its neighbours, whichever those are.
                Some("samehost") => "loopback",
                Some("samenet") => "samenet",
                Some(name) if name.starts_with('.') => "domain",
                _ => "name",
            },
        };
        let written = match (&columns.address, &columns.mask) {
            (Some(address), Some(mask)) => Some(format!("{address} {mask}")),
            (address, _) => address.clone(),
        };
        let method = columns.method.unwrap_or_default();
        let fact = HbaRule {
            line: columns.line,
            databases: columns.databases,
            roles: columns.roles,
            address: written,
            reach: reach.to_owned(),
            from_network: !matches!(reach, "socket" | "loopback"),
            admits: method != "reject" && !columns.faulty,
            takes_plaintext: matches!(kind.as_str(), "host" | "hostnossl" | "hostnogssenc"),
            demands_certificate: columns.demands_certificate || method == "cert",
            faulty: columns.faulty,
            by_hand: by_hand.to_owned(),
            method,
            kind,
        };
        Self { fact, networks }
    }

    fn speaks_of(&self, role: &str, groups: &[String]) -> bool {
        self.fact.roles.iter().any(|name| match name.strip_prefix('+') {
            Some(group) => group == role || groups.iter().any(|of| of == group),
            // A regular expression, since version 16. Taken as meant, so that no admission is overlooked.
            None => name == "all" || name == role || name.starts_with('/'),
        })
    }

    /// Whether an earlier rule takes every connection that this one could, for one role.
    fn is_covered_by(&self, earlier: &Self) -> bool {
        let (own, its) = (self.fact.kind.as_str(), earlier.fact.kind.as_str());
        (its == own || (its == "host" && own != "local")) && self.lies_within(earlier)
    }

    /// The same but for the kinds of connections that they speak of.
    fn lies_within(&self, earlier: &Self) -> bool {
        let databases = |rule: &Self| rule.fact.databases.clone();
        let all = databases(earlier) == ["all"] && !databases(self).contains(&"replication".to_owned());
        let same_databases = all || databases(earlier) == databases(self);
        let plain_roles = !earlier.fact.roles.iter().any(|name| name.starts_with('/'));
        let networks = match (earlier.networks, self.networks) {
            (Networks::All, _) | (Networks::Socket, Networks::Socket) => true,
            (Networks::One(wide), Networks::One(narrow)) => wide.covers(narrow),
            _ => false,
        };
        same_databases && plain_roles && networks && !earlier.fact.faulty
    }
}

/// Takes note of lines that refuse sessions in plain text before others would let them in.
pub(super) fn refuse_plaintext(rules: &mut [Rule]) {
    for index in 0..rules.len() {
        let (before, after) = rules.split_at_mut(index);
        let Some(rule) = after.first_mut() else { return };
        let refuses = |earlier: &&Rule| {
            earlier.fact.method == "reject"
                && earlier.fact.roles == ["all"]
                && matches!(earlier.fact.kind.as_str(), "host" | "hostnossl")
        };
        let refused = before.iter().filter(refuses).any(|earlier| rule.lies_within(earlier));
        rule.fact.takes_plaintext &= !refused;
    }
}

fn networks(kind: &str, address: Option<&str>, mask: Option<&str>) -> Networks {
    match (kind, address, mask) {
        ("local", _, _) => Networks::Socket,
        (_, Some("all"), _) => Networks::All,
        (_, Some(address), Some(mask)) => {
            Network::from_mask(address, mask).map_or(Networks::Unknown, Networks::One)
        }
        _ => Networks::Unknown,
    }
}

/// Lines that admit a role from beyond this machine and that no earlier rule for it takes first.
pub(super) fn network_lines(rules: &[Rule], role: &str, groups: &[String]) -> Vec<i64> {
    let mine: Vec<&Rule> = rules.iter().filter(|rule| rule.speaks_of(role, groups)).collect();
    mine.iter()
        .enumerate()
        .filter(|(_, rule)| rule.fact.admits && rule.fact.from_network)
        .filter(|(index, rule)| !mine[..*index].iter().any(|earlier| rule.is_covered_by(earlier)))
        .map(|(_, rule)| rule.fact.line)
        .collect()
}

/// Lines that let a role in by the password that the server keeps for it, and that no earlier rule for it takes first.
/// Which groups the role is in is not asked: each counts as one of its own where it would be let in.
pub(super) fn password_lines(rules: &[Rule], role: &str) -> Vec<i64> {
    let groups: Vec<String> = rules
        .iter()
        .flat_map(|rule| &rule.fact.roles)
        .filter_map(|name| name.strip_prefix('+').map(str::to_owned))
        .collect();
    let takes = |rule: &Rule| {
        rule.fact.admits
            && matches!(rule.fact.method.as_str(), "scram-sha-256" | "md5" | "password")
            && rule.speaks_of(role, &groups)
    };
    let earlier = |index: usize| rules[..index].iter().filter(|rule| rule.speaks_of(role, &[]));
    let uncovered = |(index, rule): &(usize, &Rule)| {
        takes(rule) && !earlier(*index).any(|earlier| rule.is_covered_by(earlier))
    };
    rules.iter().enumerate().filter(uncovered).map(|(_, rule)| rule.fact.line).collect()
}
