//! What plain HTTP answers beside an `https` URL. Asks `GET` of three paths, and at `probe` of two more, once where they lead over HTTPS, and of one
//! path at each address of the name where it has several.

use seaworthy_core::facts::{Blind, Unseen};
use url::Url;

use super::client::{Answer, Ask, End, Followed, joined, redirect, shown_url};
use super::facts::PlainAnswer;
use super::gather::Gathered;
use super::site::{Site, nonce};

/// Most origins of plain HTTP that are asked beside one URL.
const TWINS_MAX: usize = 4;

pub(super) async fn look(site: &Site<'_>) -> Gathered<PlainAnswer> {
    let twins = match &site.plain {
        Ok(twins) => twins,
        Err(why) => return Gathered::nothing(why.clone()),
    };
    let mut answers = Gathered::default();
    for plain in twins.iter().take(TWINS_MAX) {
        answers.extend(beside(site, plain).await);
    }
    if twins.len() > TWINS_MAX {
        let why = format!("only the first {TWINS_MAX} `http://` URLs of the host were asked");
        answers.miss(Unseen::new(Blind::CutShort, why));
    }
    answers
}

async fn beside(site: &Site<'_>, plain: &Url) -> Gathered<PlainAnswer> {
    let mut answers = Gathered::default();
    let deep = format!("/seaworthy-{}/a?b=c", nonce());
    let mut arrived: Option<Result<(), Unseen>> = None;
    let login = site.target.login.as_ref().map(|login| login.path.as_str());
    let limited = site.target.rate_limit.as_ref().map(|promised| promised.path.as_str());
    // The budget of `observe` has no room for more than three.
    let more = login.into_iter().chain(limited).filter(|_| site.prober.is_ok());
    let paths = ["/", &deep, site.target.endpoints.health()].into_iter().chain(more);
    for path in paths {
        if !path.starts_with('/') {
            continue;
        }
        let Ok(url) = plain.join(path) else { continue };
        match site.observer.tried(Ask::get(&url)).await {
            Ok(answer) => {
                if arrived.is_none()
                    && let Some(to) = on_https(&answer)
                {
                    arrived = Some(arrives(site, &to).await);
                }
                let item = answered(&answer);
                match &arrived {
                    Some(Err(why)) if item.redirects_to_https => answers.miss(why.clone()),
                    Some(_) | None => answers.push(item),
                }
            }
            Err(lost) if lost.end == End::Refused => {
                // A service that is down has closed all of its ports, which says nothing about this one.
                answers.add(site.control.as_ref().map(|_| closed(&url)).map_err(Clone::clone));
                break;
            }
            Err(lost) => {
                answers.miss(silent(lost.why));
                break;
            }
        }
    }
    elsewhere(site, plain, &mut answers).await;
    answers
}

/// Each address of a name may be served by another server, or by the same one under other rules.
async fn elsewhere(site: &Site<'_>, plain: &Url, answers: &mut Gathered<PlainAnswer>) {
    let clients = match site.observer.of_each_address(&site.target.setup, plain).await {
        Ok(clients) => clients,
        Err(why) => return answers.miss(why),
    };
    let (mut items, mut no_route) = (Vec::new(), Vec::new());
    for (address, client) in clients {
        let item = match client.tried(Ask::get(plain)).await {
            Ok(answer) => answered(&answer),
            Err(lost) if lost.end == End::Refused => closed(plain),
            Err(lost) if lost.end == End::NoRoute => {
                no_route.push((address, lost.why));
                continue;
            }
            Err(lost) => {
                answers.miss(silent(lost.why));
                continue;
            }
        };
        items.push(PlainAnswer { address: Some(address.to_string()), ..item });
    }
    // A machine without IPv6 sees what it can, and says what it left out.
    if items.is_empty() {
        no_route.drain(..).for_each(|(_, why)| answers.miss(why));
    }
    let left_out: Vec<String> = no_route.iter().map(|(address, _)| address.to_string()).collect();
    for item in items {
        answers.push(PlainAnswer { addresses_left_out: left_out.clone(), ..item });
    }
}

/// The same place over HTTPS, where an answer leads there.
fn on_https(answer: &Answer) -> Option<Url> {
    let to = joined(&answer.url, &redirect(answer)?).ok()?;
    same_place_on_https(&answer.url, &to).then_some(to)
}

/// That something is there where a redirect leads. One that goes round in circles, back to plain HTTP or to where
/// nothing answers is no way to HTTPS, whatever it names.
async fn arrives(site: &Site<'_>, to: &Url) -> Result<(), Unseen> {
    let give = |why: Unseen| why.give(format!("an answer at `{}`", shown_url(to)));
    let Followed { hops, stopped, .. } = site.observer.follow(Ask::get(to)).await.map_err(give)?;
    if hops.iter().any(|hop| hop.scheme() == "http") {
        return Err(give(Unseen::new(Blind::Unsupported, "the redirect to HTTPS leads back to plain HTTP")));
    }
    match stopped {
        // A way out to another host was answered over HTTPS first.
        Some(why) if why.kind == Blind::CutShort => Err(give(why)),
        Some(_) | None => Ok(()),
    }
}

fn answered(answer: &Answer) -> PlainAnswer {
    let location = redirect(answer);
    let to = location.as_deref().and_then(|location| joined(&answer.url, location).ok());
    PlainAnswer {
        url: shown_url(&answer.url),
        address: None,
        addresses_left_out: Vec::new(),
        port_closed: false,
        status: Some(answer.status_code()),
        redirects_to_https: to.as_ref().is_some_and(|to| same_place_on_https(&answer.url, to)),
        location: to.map(|to| shown_url(&to)).or(location),
        by_hand: answer.by_hand.clone(),
    }
}

fn same_place_on_https(from: &Url, to: &Url) -> bool {
    to.scheme() == "https"
        && to.host_str() == from.host_str()
        && to.path() == from.path()
        && to.query() == from.query()
}

fn closed(url: &Url) -> PlainAnswer {
    PlainAnswer {
        url: shown_url(url),
        address: None,
        addresses_left_out: Vec::new(),
        port_closed: true,
        status: None,
        location: None,
        redirects_to_https: false,
        by_hand: format!("curl -sSI '{}'", shown_url(url)),
    }
}

/// Silence may be a packet filter of theirs, or a network between that loses packets: it proves nothing.
fn silent(why: Unseen) -> Unseen {
    match why.kind {
        Blind::Timeout => why.give("a port for plain HTTP that redirects or refuses, or a place to look from whose packets are let through"),
        _ => why,
    }
}
