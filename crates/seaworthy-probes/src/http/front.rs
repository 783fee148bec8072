//! The first answer of a URL, where its redirects end, and the headers of the page there. Asks `GET` of the URL,
//! follows redirects.

use seaworthy_core::facts::{Blind, Seen, Unseen};

use super::client::{Answer, Ask, Followed, Trust, redirect, shown_url};
use super::facts::{ClockDifference, FrontAnswer, PageAnswer};
use super::gather::Gathered;
use super::parse::cache::cache;
use super::parse::csp::csp;
use super::parse::date::difference;
use super::parse::policies::{disabled_features, hsts, referrer_policy};
use super::site::Site;

/// The first answer, with what was made of it.
pub(super) struct Front {
    /// The answer itself, for those who look further into it.
    pub(super) answer: Result<Answer, Unseen>,
    pub(super) fronts: Gathered<FrontAnswer>,
    pub(super) pages: Gathered<PageAnswer>,
}

pub(super) async fn look(site: &Site<'_>) -> Front {
    let ask = Ask::get(&site.url).header("accept", "text/html,*/*;q=0.8");
    let mut fronts = Gathered::default();
    let asked = match ask {
        Ok(ask) => followed(site, ask, &mut fronts).await,
        Err(why) => Err(why),
    };
    let Followed { answer, stopped, .. } = match asked {
        Ok(followed) => followed,
        Err(why) => {
            site.note_missed(&why);
            fronts.miss(why.clone());
            let pages = Gathered::nothing(why.clone());
            return Front { answer: Err(why), fronts, pages };
        }
    };
    site.note(&answer);
    fronts.push(front(site, &answer));
    let pages = match (stopped, page(&answer)) {
        (Some(why), _) => Gathered::nothing(why),
        (None, pages) => pages,
    };
    Front { answer: Ok(answer), fronts, pages }
}

/// Follows where the first answer leads. One that came over TLS counts by itself: browsers heed its headers for
/// its host, wherever it sends them.
async fn followed(site: &Site<'_>, ask: Ask, fronts: &mut Gathered<FrontAnswer>) -> Result<Followed, Unseen> {
    let first = site.observer.ask(ask.clone()).await?;
    if redirect(&first).is_none() {
        return Ok(Followed { answer: first, hops: Vec::new(), stopped: None });
    }
    let followed = site.observer.follow(ask).await?;
    if first.url.scheme() == "https" && followed.answer.url != first.url {
        fronts.push(front(site, &first));
    }
    Ok(followed)
}

fn front(site: &Site<'_>, answer: &Answer) -> FrontAnswer {
    let https = answer.url.scheme() == "https";
    let lines = answer.header_lines("strict-transport-security");
    FrontAnswer {
        host: site.url.host_str().unwrap_or_default().to_owned(),
        url: shown_url(&answer.url),
        https,
        certificate_trusted: https.then_some(answer.trust == Trust::Verified),
        status: answer.status_code(),
        html: answer.is_html(),
        // Browsers take the first header only, and none that came in clear.
        hsts: lines.first().filter(|_| https).and_then(|line| hsts(line)),
        hsts_header: (!lines.is_empty()).then(|| lines.join(", ")),
        clock: clock(answer).map_or_else(Seen::Unseen, Seen::new),
        by_hand: answer.by_hand.clone(),
    }
}

/// How far its clock is from ours. What a cache kept was dated when it was made.
fn clock(answer: &Answer) -> Result<ClockDifference, Unseen> {
    if answer.header("age").is_some_and(|age| age.trim() != "0") {
        let why = "the first answer came out of a cache, so its date is of before";
        return Err(Unseen::new(Blind::Unsupported, why).give("a URL whose answer no cache keeps"));
    }
    let header = answer.header("date").ok_or_else(|| {
        Unseen::new(Blind::NotGiven, "the first answer has no `Date`")
            .give("the header `Date`, which a server with a clock must send (RFC 9110, 6.6.1)")
    })?;
    difference(&header, answer.received - answer.took, answer.received)
        .ok_or_else(|| Unseen::new(Blind::Garbled, "the `Date` of the first answer is none"))
}

/// The page, if it is one: a service without pages answers something else, or that there is nothing.
fn page(answer: &Answer) -> Gathered<PageAnswer> {
    let status = answer.status_code();
    let mut pages = Gathered::default();
    match status {
        200..300 if answer.is_html() => pages.push(page_answer(answer)),
        200..300 | 404 | 405 | 410 => {}
        _ => pages.miss(
            Unseen::new(
                Blind::Denied,
                format!("`{}` answered {status}, so no page was seen", shown_url(&answer.url)),
            )
            .give("a URL whose first page anyone may see"),
        ),
    }
    pages
}

fn page_answer(answer: &Answer) -> PageAnswer {
    PageAnswer {
        url: shown_url(&answer.url),
        status: answer.status_code(),
        csp: answer.header("content-security-policy").and_then(|header| csp(&header)),
        frame_options: frame_options(answer),
        referrer_policy: answer.header("referrer-policy").and_then(|header| referrer_policy(&header)),
        disabled_features: answer.header("permissions-policy").map(|header| disabled_features(&header)),
        cache: answer.header("cache-control").map(|header| cache(&header)),
        by_hand: answer.by_hand.clone(),
    }
}

/// Several lines that disagree are no policy to browsers.
fn frame_options(answer: &Answer) -> Option<String> {
    let header = answer.header("x-frame-options")?;
    let mut words: Vec<_> = header.split(',').map(|word| word.trim().to_ascii_uppercase()).collect();
    words.dedup();
    (words.len() == 1).then(|| words.swap_remove(0))
}
