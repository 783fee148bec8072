//! Requests larger than they may be: a body that is announced, a body that is not, a header, an address.
//!
//! An announced body is sent only if the server does not refuse it by its announcement.

use http::Method;
use seaworthy_core::facts::{Blind, Unseen};
use seaworthy_core::limits::http::BODY_SENT_BYTES_MAX;

use super::client::{Act, Answer, Ask, End, Observer, Prober, shown_url};
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
    if let Err(why) = &site.prober {
        return Gathered::nothing(why.clone());
    }
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
        answers.add(body(site, &path, "announced-body", limit + 1).await);
        answers.add(body(site, &path, "chunked-body", limit + CHUNKED_SURPLUS_BYTES).await);
    }
    answers.add(header(site).await);
    answers.add(address(site).await);
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

async fn body(site: &Site<'_>, path: &str, what: &str, size_bytes: u64) -> Result<SizeLimitAnswer, Unseen> {
    let url = site.at(path)?;
    let act = Act::new(Method::POST, &url).header("content-type", "application/json")?;
    let act = if what == "chunked-body" { act.chunked(size_bytes) } else { act.announcing(size_bytes) };
    let by_hand = format!(
        "head -c {size_bytes} /dev/zero | curl -sS -i -X POST {}--data-binary @- '{}'",
        if what == "chunked-body" { "-H 'transfer-encoding: chunked' " } else { "" },
        shown_url(&url)
    );
    let answer = refused_or_answered(site, act).await?;
    if let Some(answer) = &answer {
        mattered(path, answer, size_bytes)?;
        if answer.status_code() != 413 && site.target.body_max_bytes.is_none() {
            let why =
                format!("`{path}` took {size_bytes} bytes, and no limit is declared that would be lower");
            return Err(
                Unseen::new(Blind::NotGiven, why).give("`request_body_max_bytes` for the environment")
            );
        }
    }
    Ok(limit(what, &shown_url(&url), size_bytes, answer.as_ref(), &[413], by_hand))
}

/// That an answer is about the size.
fn mattered(path: &str, answer: &Answer, size_bytes: u64) -> Result<(), Unseen> {
    let status = answer.status_code();
    let about_all = matches!(status, 300..=399 | 401 | 403 | 404 | 405 | 415 | 429 | 501..=504);
    // Judged by its head alone, and not for its size.
    let unread = matches!(status, 400..=499) && status != 413 && answer.sent_bytes < size_bytes;
    if !about_all && !unread {
        return Ok(());
    }
    let why = format!("`{path}` answered {status} before the size mattered");
    Err(Unseen::new(Blind::Denied, why)
        .give("`login` for the environment, or an operation in the OpenAPI document that anyone may POST to"))
}

async fn header(site: &Site<'_>) -> Result<SizeLimitAnswer, Unseen> {
    let act = Act::new(Method::GET, &site.url).header("x-seaworthy", &"a".repeat(HEADER_BYTES))?;
    let answer = refused_or_answered(site, act).await?;
    let url = shown_url(&site.url);
    let by_hand = format!("curl -sS -i -H \"x-seaworthy: $(printf 'a%.0s' $(seq {HEADER_BYTES}))\" '{url}'");
    Ok(limit("header", &url, HEADER_BYTES as u64, answer.as_ref(), &[431, 400, 413], by_hand))
}

async fn address(site: &Site<'_>) -> Result<SizeLimitAnswer, Unseen> {
    let url = site.at(&format!("/{}", "a".repeat(URL_BYTES)))?;
    let answer = refused_or_answered(site, Act::new(Method::GET, &url)).await?;
    let shown = shown_url(&site.url);
    let by_hand = format!("curl -sS -i \"{shown}$(printf 'a%.0s' $(seq {URL_BYTES}))\"");
    Ok(limit("url", &shown, URL_BYTES as u64, answer.as_ref(), &[414, 400, 431], by_hand))
}

/// A server that closes the connection has refused as well; `None` stands for that. Asks over a connection of its
/// own, since one that was kept may have been closed for its age, and afterwards over another whether the server is
/// still there: one that fell over has refused nothing.
async fn refused_or_answered(site: &Site<'_>, act: Act) -> Result<Option<Answer>, Unseen> {
    let setup = &site.target.setup;
    let lost = match Prober::new(&Observer::new(setup), site.target.consent)?.tried(act).await {
        Ok(answer) => return Ok(Some(answer)),
        Err(lost) => lost,
    };
    if !matches!(lost.end, End::Closed | End::BrokeOff) {
        return Err(lost.why);
    }
    let after = Observer::new(setup).ask(Ask::get(&site.url)).await;
    match after.map(|answer| answer.status_code()) {
        Ok(..500) => Ok(None),
        Ok(status) => Err(fell(&format!("answered {status} to the next request"))),
        Err(why) => Err(fell(&format!("was not there for the next request: {}", why.why))),
    }
}

fn fell(what: &str) -> Unseen {
    Unseen::new(Blind::Unreachable, format!("the service closed the connection and {what}"))
        .give("a service that answers 413, 414 or 431 to what is too large")
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
