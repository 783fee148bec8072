//! Follows redirects, each judged like the first address: scheme, host, how public its address is.

use seaworthy_core::facts::{Blind, Unseen};
use seaworthy_core::limits::http::REDIRECTS_MAX;
use url::Url;

use super::answer::Answer;
use super::by_hand::shown_url;
use super::wire::{Question, Wire};
use crate::address::Reach;

/// An answer at the end of its redirects.
#[derive(Debug, Clone)]
pub struct Followed {
    /// The last answer.
    pub answer: Answer,
    /// The URLs that redirected, in order.
    pub hops: Vec<Url>,
    /// Why the last answer, itself a redirect, was not followed.
    pub stopped: Option<Unseen>,
}

impl Wire {
    /// Asks and follows. `home` holds the hosts that may be visited besides the first one.
    pub(super) async fn follow(&self, mut question: Question, home: &[String]) -> Result<Followed, Unseen> {
        let first = question.url.clone();
        let first_reach = self.reach(&first).await?;
        let mut hops = Vec::new();
        loop {
            let answer = self.exchange(&question).await?;
            let Some(location) = redirect(&answer) else {
                return Ok(Followed { answer, hops, stopped: None });
            };
            let next = if hops.len() >= REDIRECTS_MAX {
                Err(Unseen::new(Blind::CutShort, format!("it redirects more than {REDIRECTS_MAX} times")))
            } else {
                self.judged(&question.url, &location, &first, first_reach, home).await
            };
            match next {
                Ok(next) => {
                    if next.origin() != question.url.origin() {
                        question.credential = None;
                    }
                    hops.push(std::mem::replace(&mut question.url, next));
                }
                Err(why) => return Ok(Followed { answer, hops, stopped: Some(why) }),
            }
        }
    }

    async fn judged(
        &self,
        from: &Url,
        location: &str,
        first: &Url,
        first_reach: Reach,
        home: &[String],
    ) -> Result<Url, Unseen> {
        let next = joined(from, location)?;
        let known = |host: &str| home.iter().any(|name| name.eq_ignore_ascii_case(host));
        let host = next.host_str().unwrap_or("");
        if !same_site(host, first.host_str().unwrap_or("")) && !known(host) {
            let why =
                format!("it redirects to `{}`, which is not among the environment's `urls`", origin(&next));
            return Err(Unseen::new(Blind::NotGiven, why).give(format!("`{}` under `urls`", origin(&next))));
        }
        if self.reach(&next).await? < first_reach {
            let why = format!("it redirects from a public address to a less public one, `{}`", origin(&next));
            return Err(Unseen::new(Blind::Unsupported, why));
        }
        Ok(next)
    }
}

/// The `Location` of a redirect that a client would follow.
pub fn redirect(answer: &Answer) -> Option<String> {
    matches!(answer.status_code(), 301 | 302 | 303 | 307 | 308).then(|| answer.header("location")).flatten()
}

/// Where a `Location` leads, if it is somewhere that HTTP can go.
pub fn joined(from: &Url, location: &str) -> Result<Url, Unseen> {
    let garbled = |why: &str| Unseen::new(Blind::Garbled, why);
    if location.chars().any(char::is_control) {
        return Err(garbled("it redirects to an address with control characters"));
    }
    let next =
        from.join(location).map_err(|_| garbled("it redirects to something that is not an address"))?;
    if !matches!(next.scheme(), "http" | "https") {
        return Err(garbled(
            "it redirects to an address that is neither http nor https, which is never followed",
        ));
    }
    if !next.username().is_empty() || next.password().is_some() {
        return Err(garbled("it redirects to an address with a user name in it, which is never followed"));
    }
    Ok(next)
}

/// A host with and without `www.` is one site.
fn same_site(one: &str, other: &str) -> bool {
    let bare = |host: &str| host.strip_prefix("www.").unwrap_or(host).to_ascii_lowercase();
    bare(one) == bare(other)
}

fn origin(url: &Url) -> String {
    let mut origin = url.clone();
    origin.set_path("");
    origin.set_query(None);
    shown_url(&origin)
}
