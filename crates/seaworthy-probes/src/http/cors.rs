//! What other origins are told. Asks `GET` and `OPTIONS` with an `Origin`, the former with the credential of a user
//! as well where the API refuses whoever has none.

use seaworthy_core::facts::{Blind, Unseen};
use url::Url;

use super::Api;
use super::client::{Answer, Ask, shown_url};
use super::facts::{CorsAnswer, CorsOrigin};
use super::gather::Gathered;
use super::site::{Site, served_nothing};

/// Most declared origins that are asked as.
const DECLARED_MAX: usize = 2;

pub(super) async fn look(site: &Site<'_>, api: &Api) -> Gathered<CorsAnswer> {
    let mut answers = Gathered::default();
    let mut served = false;
    for (kind, origin) in origins(site) {
        for preflight in [false, true] {
            let answer = match question(&api.url, &origin, preflight) {
                Ok(ask) if preflight => site.observer.ask(ask).await,
                // Many APIs say who may read only in answers that are worth reading.
                Ok(ask) => site.as_someone(ask, &api.url).await,
                Err(why) => Err(why),
            };
            served |= !preflight && answer.as_ref().is_ok_and(|answer| answer.status.is_success());
            answers.add(answer.and_then(heard).map(|answer| answered(&answer, kind, &origin, preflight)));
        }
    }
    if !(api.known && served) {
        answers.miss(unserved(api));
    }
    answers
}

/// Other paths may tell other origins something else than the ones that were looked at.
fn unserved(api: &Api) -> Unseen {
    if api.known {
        return served_nothing(&api.url, "what it tells origins");
    }
    Unseen::new(Blind::NotGiven, "no path of the API is known, so what it tells other origins was not seen")
        .give("`openapi: FILE` for the environment")
}

fn question(api: &Url, origin: &str, preflight: bool) -> Result<Ask, Unseen> {
    if !preflight {
        return Ask::get(api).header("origin", origin);
    }
    Ask::options(api)
        .header("origin", origin)?
        .header("access-control-request-method", "GET")?
        .header("access-control-request-headers", "authorization")
}

/// A server that is busy failing says nothing about origins.
fn heard(answer: Answer) -> Result<Answer, Unseen> {
    let status = answer.status_code();
    if status == 429 || status >= 500 {
        return Err(Unseen::new(Blind::Denied, format!("`{}` answered {status}", shown_url(&answer.url))));
    }
    Ok(answer)
}

fn origins(site: &Site<'_>) -> Vec<(CorsOrigin, String)> {
    let declared = site.target.cors_origins.iter().map(|origin| origin.trim_end_matches('/').to_owned());
    let mut origins: Vec<_> =
        declared.take(DECLARED_MAX).map(|origin| (CorsOrigin::Declared, origin)).collect();
    let known =
        origins.first().map_or_else(|| site.url.origin().ascii_serialization(), |(_, origin)| origin.clone());
    origins.push((CorsOrigin::Foreign, "https://seaworthy-foreign.example".to_owned()));
    origins.push((CorsOrigin::Null, "null".to_owned()));
    // The budget of `observe` has room for two.
    let count = if site.prober.is_ok() { usize::MAX } else { 2 };
    let alike = look_alikes(&known)
        .into_iter()
        .take(count)
        .filter(|origin| !site.target.cors_origins.contains(origin));
    origins.extend(alike.map(|origin| (CorsOrigin::LookAlike, origin)));
    origins
}

/// Names that pass a comparison which only looks at one end of the known one, or takes its dots for any character; and the one that
/// developers leave in a list.
fn look_alikes(known: &str) -> Vec<String> {
    let host = Url::parse(known).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
    let mut all = vec![
        format!("https://{host}.seaworthy-foreign.example"),
        format!("https://seaworthy-foreign{host}"),
        "http://localhost:3000".to_owned(),
    ];
    if let Some((first, rest)) = host.split_once('.').filter(|_| known.starts_with("https:")) {
        all.push(format!("https://{first}x{rest}"));
    }
    all
}

fn answered(answer: &Answer, kind: CorsOrigin, origin: &str, preflight: bool) -> CorsAnswer {
    let allow_origin = answer.header("access-control-allow-origin");
    let allow_credentials =
        answer.header("access-control-allow-credentials").is_some_and(|value| value == "true");
    CorsAnswer {
        url: shown_url(&answer.url),
        origin: origin.to_owned(),
        kind,
        preflight,
        status: answer.status_code(),
        origin_allowed: allow_origin.as_deref().is_some_and(|allowed| allowed == origin || allowed == "*"),
        allow_origin,
        allow_credentials,
        by_hand: answer.by_hand.clone(),
    }
}
