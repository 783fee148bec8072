//! From where the server can be reached: `CONFIG GET bind`, `CONFIG GET protected-mode`, and its port
//! at the other addresses of its machine, tried only when that is this one.

use std::net::{IpAddr, SocketAddr};

use seaworthy_core::facts::{Blind, Listed, Seen, Unseen};
use seaworthy_core::limits::Limits;
use seaworthy_core::limits::redis::{BIND_ADDRESSES_MAX, OWN_ADDRESSES_MAX};

use super::{setting, shown};
use crate::address::reach;
use crate::redis::by_hand;
use crate::redis::dial;
use crate::redis::facts::{Bind, Dialled, OwnAddress, Reached};
use crate::redis::question::{Question, Setting};
use crate::redis::resp::Reply;
use crate::redis::session::Session;
use crate::redis::target::RedisTarget;

/// Longest word of `bind` that is kept, in characters.
const BIND_CHARS_MAX: usize = 255;

/// The address at which the server answered.
pub(super) fn dialled(target: &RedisTarget, address: SocketAddr) -> Seen<Dialled> {
    match reach(address.ip()) {
        Ok(reach) => {
            let dialled = Dialled { address, reach: reach.into(), tls_on: target.tls };
            Seen::shown_by(dialled, by_hand::unknown(target, Question::Ping))
        }
        Err(why) => Seen::unseen(Blind::Unreachable, why),
    }
}

/// `CONFIG GET bind`.
pub(super) async fn bind(session: &mut Session<'_>, target: &RedisTarget) -> Seen<Listed<Bind>> {
    let question = Question::Config(Setting::Bind);
    let answer = session.answer(question).await;
    shown(target, question, answer.and_then(|reply| bound(&reply)))
}

/// The addresses of `bind`. An address behind `-` may be missing on the machine, and is bound all the same where it is not.
pub(super) fn bound(reply: &Reply) -> Result<Listed<Bind>, Unseen> {
    let text = setting(reply, "bind")?;
    let mut addresses: Vec<Bind> = text.split_whitespace().map(bound_to).collect();
    if addresses.is_empty() {
        addresses.push(Bind { address: String::new(), reach: Seen::new(Reached::Every) });
    }
    Ok(Listed::bounded(addresses, BIND_ADDRESSES_MAX, "addresses in `bind`"))
}

fn bound_to(word: &str) -> Bind {
    let bare = word.strip_prefix('-').unwrap_or(word);
    let reach = match bare {
        "*" | "::*" => Seen::new(Reached::Every),
        _ => match bare.split('%').next().unwrap_or_default().parse::<IpAddr>() {
            Ok(address) => Seen::new(reached(address)),
            Err(_) => Seen::Unseen(
                Unseen::new(
                    Blind::Unsupported,
                    "`bind` holds a name, and what it stands for is not seen from here",
                )
                .give("addresses in `bind`"),
            ),
        },
    };
    Bind { address: word.chars().filter(|c| !c.is_control()).take(BIND_CHARS_MAX).collect(), reach }
}

/// How public an address to listen on is.
fn reached(address: IpAddr) -> Reached {
    let link_local = match address {
        IpAddr::V4(v4) => v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_unicast_link_local(),
    };
    match reach(address) {
        _ if address.is_unspecified() => Reached::Every,
        Ok(reach) => reach.into(),
        Err(_) if link_local => Reached::LinkLocal,
        // Multicast, metadata services and the like: whatever it is, it is not private.
        Err(_) => Reached::Public,
    }
}

/// `CONFIG GET protected-mode`.
pub(super) async fn protected_mode(session: &mut Session<'_>, target: &RedisTarget) -> Seen<bool> {
    let question = Question::Config(Setting::ProtectedMode);
    let answer = session.answer(question).await;
    let on = answer.and_then(|reply| match setting(&reply, "protected-mode")? {
        "yes" => Ok(true),
        "no" => Ok(false),
        _ => Err(Unseen::new(Blind::Garbled, "`protected-mode` is neither yes nor no")),
    });
    shown(target, question, on)
}

/// Tries the server's port at this machine's own addresses, when the server is on this machine.
pub(super) async fn own_addresses(
    target: &RedisTarget,
    dialled: Option<SocketAddr>,
    limits: &Limits,
) -> Seen<Listed<OwnAddress>> {
    match own(target, dialled) {
        Ok(addresses) => Seen::new(tried(addresses, target.port, limits).await),
        Err(why) => Seen::Unseen(why),
    }
}

/// The addresses to try.
fn own(target: &RedisTarget, dialled: Option<SocketAddr>) -> Result<Vec<IpAddr>, Unseen> {
    target.probing.clone()?;
    let dialled = dialled.ok_or_else(|| Unseen::new(Blind::Unreachable, "the server did not answer"))?.ip();
    let interfaces = nix::ifaddrs::getifaddrs()
        .map_err(|_| Unseen::new(Blind::Denied, "this machine does not tell its own addresses"))?;
    let mut addresses: Vec<IpAddr> = interfaces
        .filter_map(|interface| interface.address)
        .filter_map(|address| {
            let v4 = address.as_sockaddr_in().map(|v4| IpAddr::V4(v4.ip()));
            v4.or_else(|| address.as_sockaddr_in6().map(|v6| IpAddr::V6(v6.ip())))
        })
        .collect();
    addresses.sort_unstable();
    addresses.dedup();
    if dialled.is_loopback() || addresses.contains(&dialled) {
        Ok(addresses)
    } else {
        let why = "the server is on another machine, whose other addresses are not tried from here";
        Err(Unseen::new(Blind::NotGiven, why).give("run Seaworthy on the machine of the server as well"))
    }
}

/// Tries a port at addresses that are neither loopback nor link-local.
pub(super) async fn tried(addresses: Vec<IpAddr>, port: u16, limits: &Limits) -> Listed<OwnAddress> {
    let outer = addresses.into_iter().filter_map(|address| {
        let reached = reach(address).map(Reached::from).ok()?;
        (reached != Reached::Loopback).then_some((address, reached))
    });
    let outer: Vec<_> = outer.collect();
    let mut found = Vec::new();
    for (address, reach) in outer.iter().copied().take(OWN_ADDRESSES_MAX) {
        let answers = match dial::tcp(SocketAddr::new(address, port), limits).await {
            Ok(_) => Ok(true),
            Err(why) if why.kind == Blind::Unreachable => Ok(false),
            Err(why) => Err(why),
        };
        let address = address.to_string();
        let answers = match answers {
            Ok(answers) => Seen::shown_by(answers, by_hand::elsewhere(&address, port)),
            Err(why) => Seen::Unseen(why),
        };
        found.push(OwnAddress { address, reach, answers });
    }
    let cut = (outer.len() > OWN_ADDRESSES_MAX)
        .then(|| Unseen::new(Blind::CutShort, format!("more than {OWN_ADDRESSES_MAX} addresses")));
    Listed { items: found, cut }
}
