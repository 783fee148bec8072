//! Looks up the names of an environment: addresses, aliases, and whether an alias points to nothing.
//!
//! Asks the name servers that the manifest names, or the machine's own, for CNAME, A and AAAA; the `hosts` file and
//! search domains are left out, because other people's machines do not have them. Needs a route to a name server.
//! Never asks a link-local server.

pub mod facts;
mod question;
mod step;

#[cfg(test)]
mod tests;

use std::net::SocketAddr;

use futures_util::stream::{self, StreamExt};
use hickory_resolver::proto::rr::{RData, RecordType};
use seaworthy_core::facts::{Blind, Listed, Seen, Unseen};
use seaworthy_core::limits::Limits;
use seaworthy_core::limits::dns::{ADDRESSES_MAX, ALIASES_MAX, NAMES_AT_ONCE_MAX, NAMES_MAX};

use facts::{DnsFacts, DnsName};
use question::{Found, Questions};
pub(crate) use step::step;

/// The names to look up.
#[derive(Debug, Clone)]
pub struct DnsTarget {
    /// Fully qualified names, without the last dot.
    pub names: Vec<String>,
    /// Name servers to ask; the machine's own when empty.
    pub servers: Vec<SocketAddr>,
}

/// Looks up every name.
pub async fn look(target: &DnsTarget, limits: &Limits) -> Seen<DnsFacts> {
    let questions = match Questions::to(&target.servers, limits) {
        Ok(questions) => questions,
        Err(why) => return why.into(),
    };
    let asked = target.names.iter().take(NAMES_MAX).cloned();
    let looks = stream::iter(asked).map(|name| look_up(name, &questions));
    let items = looks.buffered(NAMES_AT_ONCE_MAX).collect().await;
    let cut = (target.names.len() > NAMES_MAX).then(|| {
        let why = format!("{} names were given, {NAMES_MAX} were looked up", target.names.len());
        Unseen::new(Blind::CutShort, why).give("fewer names in one environment")
    });
    Seen::new(DnsFacts { names: Seen::new(Listed { items, cut }) })
}

async fn look_up(name: String, questions: &Questions) -> DnsName {
    let aliases = follow(&name, questions).await;
    let v4 = addresses(questions.ask(&name, RecordType::A).await);
    let v6 = addresses(questions.ask(&name, RecordType::AAAA).await);
    let exists = exists(&aliases, &[&v4, &v6]);
    let both = match (&v4, &v6) {
        (Seen::Seen { value: v4, .. }, Seen::Seen { value: v6, .. }) => {
            let all = v4.iter().chain(v6).cloned().collect();
            Seen::shown_by(Listed::bounded(all, ADDRESSES_MAX, "addresses"), questions.by_hand(&name, "A"))
        }
        (Seen::Unseen(why), _) | (_, Seen::Unseen(why)) => why.clone().into(),
    };
    let whole = |list: Vec<String>| Listed::bounded(list, ADDRESSES_MAX, "addresses");
    DnsName {
        by_hand: questions.by_hand(&name, "A"),
        name,
        exists,
        ipv4_addresses: v4.map(whole),
        ipv6_addresses: v6.map(whole),
        addresses: both,
        alias_dangles: aliases.dangles,
        aliases: aliases.names,
    }
}

/// Where the aliases of a name lead.
struct Aliases {
    names: Seen<Listed<String>>,
    dangles: Seen<bool>,
    /// Whether the name itself does not exist.
    no_such_name: bool,
}

/// Follows CNAME records one by one, at most `ALIASES_MAX` and never in a circle.
async fn follow(name: &str, questions: &Questions) -> Aliases {
    let mut names: Vec<String> = Vec::new();
    let listed = |names: Vec<String>| Seen::new(Listed::whole(names));
    loop {
        let at = names.last().map_or(name, String::as_str);
        let next = match questions.ask(at, RecordType::CNAME).await {
            Found::Records(records) => records.iter().find_map(|record| match record {
                RData::CNAME(target) => Some(question::shown(&target.0)),
                _ => None,
            }),
            Found::Nothing => None,
            Found::NoSuchName => {
                let no_such_name = names.is_empty();
                return Aliases { names: listed(names), dangles: Seen::new(!no_such_name), no_such_name };
            }
            Found::Unseen(why) if names.is_empty() => {
                return Aliases { names: why.clone().into(), dangles: why.into(), no_such_name: false };
            }
            Found::Unseen(why) => {
                let cut = Some(why.clone());
                let names = Seen::new(Listed { items: names, cut });
                return Aliases { names, dangles: why.into(), no_such_name: false };
            }
        };
        let Some(next) = next else {
            return Aliases { names: listed(names), dangles: Seen::new(false), no_such_name: false };
        };
        // A circle, or a chain that resolvers give up on, leads to nothing.
        if next.eq_ignore_ascii_case(name) || names.iter().any(|seen| seen.eq_ignore_ascii_case(&next)) {
            return Aliases { names: listed(names), dangles: Seen::new(true), no_such_name: false };
        }
        names.push(next);
        if names.len() > ALIASES_MAX {
            let why =
                Unseen::new(Blind::CutShort, format!("more than {ALIASES_MAX} aliases follow one another"));
            let names = Seen::new(Listed { items: names, cut: Some(why.clone()) });
            return Aliases { names, dangles: why.into(), no_such_name: false };
        }
    }
}

/// The addresses among the records; a name without any has been seen to have none.
fn addresses(found: Found) -> Seen<Vec<String>> {
    match found {
        Found::Records(records) => Seen::new(
            records
                .iter()
                .filter_map(|record| match record {
                    RData::A(address) => Some(address.0.to_string()),
                    RData::AAAA(address) => Some(address.0.to_string()),
                    _ => None,
                })
                .collect(),
        ),
        Found::Nothing | Found::NoSuchName => Seen::new(Vec::new()),
        Found::Unseen(why) => why.into(),
    }
}

fn exists(aliases: &Aliases, addresses: &[&Seen<Vec<String>>]) -> Seen<bool> {
    if aliases.no_such_name {
        return Seen::new(false);
    }
    let found = addresses.iter().any(|seen| seen.value().is_some_and(|list| !list.is_empty()));
    match aliases.names.reason() {
        Some(why) if !found => why.clone().into(),
        _ => Seen::new(true),
    }
}
