//! What other origins are told. Asks `GET` and `OPTIONS` with an `Origin`.

use seaworthy_core::facts::{Blind, Unseen};
use url::Url;

use super::client::{Answer, Ask, shown_url};
use super::facts::{CorsAnswer, CorsOrigin};
use super::gather::Gathered;
use super::site::Site;

/// Most declared origins that are asked as.
const DECLARED_MAX: usize = 2;

pub(super) async fn look(site: &Site<'_>, api: &Url) -> Gathered<CorsAnswer> {
    let mut answers = Gathered::default();
    for (kind, origin) in origins(site) {
        for preflight in [false, true] {
            let answer = match question(api, &origin, preflight) {
                Ok(ask) => site.observer.ask(ask).await,
                Err(why) => Err(why),
            };
            answers.add(answer.and_then(heard).map(|answer| answered(&answer, kind, &origin, preflight)));
        }
    }
    answers
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
    origins.extend(look_alikes(&known).map(|origin| (CorsOrigin::LookAlike, origin)));
    origins
}

/// Names that pass a comparison which only looks at one end of the known one.
fn look_alikes(known: &str) -> impl Iterator<Item = String> {
    let host = Url::parse(known).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
    [format!("https://{host}.seaworthy-foreign.example"), format!("https://seaworthy-foreign{host}")]
        .into_iter()
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
