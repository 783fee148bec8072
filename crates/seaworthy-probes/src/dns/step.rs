//! Which names of an environment are looked up.

use seaworthy_core::manifest::Environment;
use url::{Host, Url};

use super::{DnsTarget, look};
use crate::ask::Ask;
use crate::step::Step;

/// One look at every name that the manifest states, or else at the hosts of the URLs.
pub(crate) fn step(ask: &Ask) -> Option<Step> {
    let target = target(&ask.environment)?;
    let limits = ask.limits;
    let shown = match target.names.as_slice() {
        [only] => only.clone(),
        [first, rest @ ..] => format!("{first} and {} more", rest.len()),
        [] => return None,
    };
    Some(Step::new(shown, async move { look(&target, &limits).await }))
}

pub(super) fn target(environment: &Environment) -> Option<DnsTarget> {
    let stated = environment.dns.clone().unwrap_or_default();
    let hosts =
        || environment.urls.iter().filter_map(|url| Url::parse(url).ok()?.host_str().map(str::to_owned));
    let names: Vec<String> = if stated.names.is_empty() { hosts().collect() } else { stated.names };
    let mut unique: Vec<String> = Vec::new();
    for name in names.iter().filter_map(|name| normal(name)) {
        if !unique.contains(&name) {
            unique.push(name);
        }
    }
    (!unique.is_empty()).then_some(DnsTarget { names: unique, servers: stated.servers })
}

/// A name as it goes over the wire; none when it is an address. What is no name is kept, to be seen as such.
fn normal(name: &str) -> Option<String> {
    match Host::parse(name) {
        Ok(Host::Domain(name)) => Some(name.trim_end_matches('.').to_owned()),
        Ok(Host::Ipv4(_) | Host::Ipv6(_)) => None,
        Err(_) => Some(name.to_owned()),
    }
}
