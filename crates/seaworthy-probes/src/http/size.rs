//! Requests larger than they may be: a body that is announced, a body that is not, a header, an address.
//!
//! An announced body is sent only if the server does not refuse it by its announcement.

use http::Method;
use seaworthy_core::facts::{Blind, Unseen};
use seaworthy_core::limits::http::BODY_SENT_BYTES_MAX;

use super::client::{Act, Answer, Prober, shown_url};
use super::facts::SizeLimitAnswer;
use super::gather::Gathered;
use super::openapi::Operation;
use super::site::Site;

/// The limit that is asked for where none is declared, in bytes.
const BODY_BYTES_DEFAULT: u64 = 1024 * 1024;
/// Sent over the limit where a server has to count, in bytes.
const CHUNKED_SURPLUS_BYTES: u64 = 256 * 1024;
/// A header that no server should take, in bytes.
const HEADER_BYTES: usize = 100_000;
/// An address that no server should take, in bytes; the longest that a request line of ours can hold is 65,534.
const URL_BYTES: usize = 64_000;

pub(super) async fn look(
    site: &Site<'_>,
    operations: &Result<Vec<Operation>, Unseen>,
) -> Gathered<SizeLimitAnswer> {
    let prober = match &site.prober {
        Ok(prober) => prober,
        Err(why) => return Gathered::nothing(why.clone()),
    };
    // A server that closes every connection limits nothing.
    if let Err(why) = &site.control {
        return Gathered::nothing(why.clone());
    }
    let mut answers = Gathered::default();
    let limit = site.target.body_max_bytes.unwrap_or(BODY_BYTES_DEFAULT);
    let path = path(site, operations.as_deref().unwrap_or_default());
    if limit + CHUNKED_SURPLUS_BYTES > BODY_SENT_BYTES_MAX {
        let why = format!("the declared limit of {limit} bytes is more than is sent");
        answers.miss(Unseen::new(Blind::CutShort, why));
    } else {
        answers.add(body(site, prober, &path, "announced-body", limit + 1).await);
        answers.add(body(site, prober, &path, "chunked-body", limit + CHUNKED_SURPLUS_BYTES).await);
    }
    answers.add(header(site, prober).await);
    answers.add(address(site, prober).await);
    answers
}

/// A path that takes a body from anyone: elsewhere the caller is refused before the size matters.
fn path(site: &Site<'_>, operations: &[Operation]) -> String {
    let login = site.target.login.as_ref().map(|login| login.path.clone());
    let open = |operation: &&Operation| {
        operation.method == Method::POST
            && !operation.has_parameters
            && operation.is_public(&site.target.public)
    };
    login
        .or_else(|| operations.iter().find(open).map(|operation| operation.concrete.clone()))
        .unwrap_or_else(|| "/".to_owned())
}

async fn body(
    site: &Site<'_>,
    prober: &Prober,
    path: &str,
    what: &str,
    size_bytes: u64,
) -> Result<SizeLimitAnswer, Unseen> {
    let url = site.at(path)?;
    let act = Act::new(Method::POST, &url).header("content-type", "application/json")?;
    let act = if what == "chunked-body" { act.chunked(size_bytes) } else { act.announcing(size_bytes) };
    let by_hand = format!(
        "head -c {size_bytes} /dev/zero | curl -sS -i -X POST {}--data-binary @- '{}'",
        if what == "chunked-body" { "-H 'transfer-encoding: chunked' " } else { "" },
        shown_url(&url)
    );
    let answer = refused_or_answered(prober.act(act).await)?;
    if let Some(answer) = &answer
        && matches!(answer.status_code(), 401 | 403 | 404 | 405 | 415 | 429)
    {
        let why = format!("`{path}` answered {} before the size mattered", answer.status_code());
        return Err(Unseen::new(Blind::Denied, why).give(
            "`login` for the environment, or an operation in the OpenAPI document that anyone may POST to",
        ));
    }
    Ok(limit(what, &shown_url(&url), size_bytes, answer.as_ref(), &[413], by_hand))
}

async fn header(site: &Site<'_>, prober: &Prober) -> Result<SizeLimitAnswer, Unseen> {
    let act = Act::new(Method::GET, &site.url).header("x-seaworthy", &"a".repeat(HEADER_BYTES))?;
    let answer = refused_or_answered(prober.act(act).await)?;
    let url = shown_url(&site.url);
    let by_hand = format!("curl -sS -i -H \"x-seaworthy: $(printf 'a%.0s' $(seq {HEADER_BYTES}))\" '{url}'");
    Ok(limit("header", &url, HEADER_BYTES as u64, answer.as_ref(), &[431, 400, 413], by_hand))
}

async fn address(site: &Site<'_>, prober: &Prober) -> Result<SizeLimitAnswer, Unseen> {
    let url = site.at(&format!("/{}", "a".repeat(URL_BYTES)))?;
    let answer = refused_or_answered(prober.act(Act::new(Method::GET, &url)).await)?;
    let shown = shown_url(&site.url);
    let by_hand = format!("curl -sS -i \"{shown}$(printf 'a%.0s' $(seq {URL_BYTES}))\"");
    Ok(limit("url", &shown, URL_BYTES as u64, answer.as_ref(), &[414, 400, 431], by_hand))
}

/// A server that closes the connection has refused as well; `None` stands for that.
fn refused_or_answered(answer: Result<Answer, Unseen>) -> Result<Option<Answer>, Unseen> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(why)
            if why.why.contains("closed the connection") || why.why.contains("broke off in the middle") =>
        {
            Ok(None)
        }
        Err(why) => Err(why),
    }
}

fn limit(
    what: &str,
    url: &str,
    size_bytes: u64,
    answer: Option<&Answer>,
    refusals: &[u16],
    by_hand: String,
) -> SizeLimitAnswer {
    let status = answer.map(Answer::status_code);
    let sent_bytes = answer.map(|answer| answer.sent_bytes);
    let refused = status.is_none_or(|status| refusals.contains(&status));
    // What has no announced end can only be counted, so refusing it at all is refusing it early.
    let early = what != "announced-body" || sent_bytes.is_none_or(|sent| sent < size_bytes);
    SizeLimitAnswer {
        what: what.to_owned(),
        url: url.to_owned(),
        size_bytes,
        status,
        sent_bytes,
        refused,
        refused_early: refused && early,
        by_hand,
    }
}
