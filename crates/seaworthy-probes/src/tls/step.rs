//! Which origins of an environment are looked at.

use std::path::Path;

use futures_util::future::join_all;
use seaworthy_core::facts::{Blind, Seen, Unseen};
use seaworthy_core::limits::tls::{ORIGINS_MAX, ROOTS_BYTES_MAX};
use seaworthy_core::manifest::Environment;
use url::Url;

use super::facts::TlsFacts;
use super::{Roots, TlsTarget, Within, look_everywhere};
use crate::ask::Ask;
use crate::step::Step;

/// One look at every HTTPS origin of the environment.
pub(crate) fn step(ask: &Ask) -> Option<Step> {
    let targets = targets(&ask.environment);
    let first = targets.first()?.origin();
    let shown = match targets.len() {
        1 => first,
        more => format!("{first} and {} more", more - 1),
    };
    let within = Within { limits: ask.limits, consent: ask.consent, now: ask.now };
    let ca = ask.environment.ca.as_deref().map(|ca| ask.path(ca));
    let backed = ask.backs_ca();
    Some(Step::new(shown, async move {
        let roots = roots(ca.as_deref(), backed);
        let looked = targets.len().min(ORIGINS_MAX);
        let looks = targets[..looked].iter().map(|target| look_everywhere(target, &roots, &within));
        let (mut all, mut not_looked) = (Vec::new(), Vec::new());
        for origin in join_all(looks).await {
            all.extend(origin.looks);
            not_looked.extend(origin.not_looked);
        }
        not_looked.extend(targets[looked..].iter().map(TlsTarget::origin));
        Seen::new(TlsFacts::of(all, &not_looked))
    }))
}

/// The different HTTPS origins among the URLs.
fn targets(environment: &Environment) -> Vec<TlsTarget> {
    let mut targets: Vec<TlsTarget> = Vec::new();
    for url in environment.urls.iter().filter_map(|text| Url::parse(text).ok()) {
        let (Some(host), Some(port), "https") = (url.host_str(), url.port_or_known_default(), url.scheme())
        else {
            continue;
        };
        let dial = environment.resolve.iter().find(|(name, _)| name.eq_ignore_ascii_case(host));
        let target =
            TlsTarget { server_name: host.to_owned(), port, dial: dial.map(|(_, address)| *address) };
        if !targets.contains(&target) {
            targets.push(target);
        }
    }
    targets
}

/// The machine's roots and those of the manifest's file, and whether the operator trusts the latter.
fn roots(ca: Option<&Path>, backed: Result<(), Unseen>) -> Roots {
    let native = Roots::native();
    let Some(path) = ca else { return native };
    match read(path) {
        Ok(pem) => match backed {
            Ok(()) => native.and_pem(&pem),
            Err(why) => native.and_unbacked_pem(&pem, why),
        },
        Err(why) => native.without(why),
    }
}

fn read(path: &Path) -> Result<Vec<u8>, Unseen> {
    let unreadable = |why: String| {
        Unseen::new(Blind::NotGiven, format!("the file of extra roots could not be read: {why}"))
            .give("mend `ca`, a PEM file relative to the manifest")
    };
    let meta = std::fs::metadata(path).map_err(|error| unreadable(error.kind().to_string()))?;
    if !meta.is_file() || meta.len() > ROOTS_BYTES_MAX {
        return Err(unreadable("it is not a regular file of at most 1 MiB".into()));
    }
    std::fs::read(path).map_err(|error| unreadable(error.kind().to_string()))
}
