//! The promised rate limit, met: the allowance and some more at once, while another client asks slowly.
//!
//! One burst answers both questions, so that the service is loaded once. It is the last thing that is asked.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use futures_util::StreamExt;
use http::Method;
use seaworthy_core::facts::{Blind, Seen, Unseen};
use seaworthy_core::limits::http::{BURST_CONCURRENT_MAX, WINDOW_WAIT_MAX};
use seaworthy_core::manifest::RateLimitSpec;
use tokio::time::{Instant, sleep};
use url::Url;

use super::client::{Act, Answer, Prober, shown_url};
use super::facts::{BurstAnswers, RateLimitAnswers};
use super::site::Site;
use crate::address::Reach;

/// Sent over the allowance at least, in requests.
const SURPLUS_MIN: u32 = 20;
/// Most requests of the other client before the burst, and again during it.
const OTHER_COUNT_MAX: u32 = 20;
/// Added to a wait that the server names: it counts whole seconds.
const WAIT_MORE: Duration = Duration::from_secs(1);
/// Added to the window for the deadline that a run with it needs, in seconds: all other looks come before.
const DEADLINE_MORE_SECONDS: u64 = 60;
/// The address that stands for another client.
const OTHER: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));

/// Both answers of one burst.
pub(super) struct Burst {
    pub(super) rate_limit: Seen<RateLimitAnswers>,
    pub(super) burst: Seen<BurstAnswers>,
}

impl Burst {
    pub(super) fn nothing(why: &Unseen) -> Self {
        Self { rate_limit: why.clone().into(), burst: why.clone().into() }
    }
}

/// What came back of a burst.
#[derive(Default)]
struct Tally {
    served: u32,
    refused: u32,
    server_errors: u32,
    unanswered: u32,
    retry_after: Option<u64>,
    by_hand: Option<String>,
}

pub(super) async fn look(site: &Site<'_>) -> Burst {
    let Some(promised) = &site.target.rate_limit else {
        let why = Unseen::new(Blind::NotGiven, "no rate limit is promised, so there is none to meet")
            .give("`rate_limit: {requests: 100, per_seconds: 60, path: /api/…}` for the environment");
        return Burst::nothing(&why);
    };
    let (prober, url) = match ready(site, promised) {
        Ok(ready) => ready,
        Err(why) => return Burst::nothing(&why),
    };
    if let Err(why) = settled(site, prober, &url, promised).await {
        return Burst::nothing(&why);
    }
    let other = other(site, &url).await;
    // Well below its own allowance, so that nothing but the burst of the first client can refuse it.
    let slowly = OTHER_COUNT_MAX.min(promised.requests / 4).max(1);
    let before = paced(&other, &url, slowly).await;
    let count = requests(promised);
    if let Err(why) = prober.open(&url, BURST_CONCURRENT_MAX).await {
        return Burst::nothing(&why);
    }
    let began = Instant::now();
    let (tally, during) = tokio::join!(fire(prober, &url, count), paced(&other, &url, slowly));
    let took = began.elapsed();
    let by_hand = format!(
        "seq {count} | xargs -P {BURST_CONCURRENT_MAX} -I{{}} curl -s -o /dev/null -w '%{{http_code}}\\n' '{}' | sort | uniq -c",
        shown_url(&url)
    );
    let burst = BurstAnswers {
        url: shown_url(&url),
        requests_count: count,
        took_ms: millis(took),
        served_count: tally.served,
        refused_count: tally.refused,
        server_errors_count: tally.server_errors,
        unanswered_count: tally.unanswered,
        other_client_p95_before_ms: p95(&before).into(),
        other_client_p95_during_ms: p95(&during).into(),
        by_hand: by_hand.clone(),
    };
    let rate_limit = RateLimitAnswers {
        took_ms: millis(took),
        allowed_count: allowed(promised, took),
        url: shown_url(&url),
        requests_count: count,
        limit_requests: promised.requests,
        window_seconds: promised.per_seconds,
        served_count: tally.served,
        refused_count: tally.refused,
        retry_after_seconds: tally.retry_after,
        other_client_served: other_served(&other, &before, &during, &url).await.into(),
        served_after_window: after_window(prober, &url, &tally, promised).await.into(),
        by_hand,
    };
    Burst { rate_limit: Seen::new(rate_limit), burst: Seen::new(burst) }
}

fn requests(promised: &RateLimitSpec) -> u32 {
    promised.requests.saturating_add(SURPLUS_MIN.max(promised.requests / 5))
}

/// The allowance, and what of it comes back meanwhile where it comes back little by little.
fn allowed(promised: &RateLimitSpec, took: Duration) -> u32 {
    let window_ms = u64::from(promised.per_seconds).saturating_mul(1000).max(1);
    let back = u64::from(promised.requests).saturating_mul(millis(took)).div_ceil(window_ms);
    promised.requests.saturating_add(u32::try_from(back).unwrap_or(u32::MAX))
}

fn ready<'a>(site: &'a Site<'_>, promised: &RateLimitSpec) -> Result<(&'a Prober, Url), Unseen> {
    let prober = site.prober.as_ref().map_err(Clone::clone)?;
    let (wanted, left) = (requests(promised).saturating_add(5), prober.observer().questions_left());
    if wanted > left {
        return Err(Unseen::new(
            Blind::CutShort,
            format!(
                "meeting {} requests takes more than the {left} that are left of the budget",
                promised.requests
            ),
        ));
    }
    Ok((prober, site.at(&promised.path)?))
}

/// That the path serves this client before the burst, and is no answer that everything gets.
async fn settled(
    site: &Site<'_>,
    prober: &Prober,
    url: &Url,
    promised: &RateLimitSpec,
) -> Result<(), Unseen> {
    let mut answer = get(prober, url).await?;
    let window = Duration::from_secs(promised.per_seconds.into()).saturating_add(WAIT_MORE);
    let left = prober.observer().deadline().saturating_duration_since(Instant::now());
    // The questions before have used up the allowance.
    if answer.status_code() == 429 && window < left / 2 && window < WINDOW_WAIT_MAX {
        sleep(window).await;
        answer = get(prober, url).await?;
    }
    site.believed(&answer)?;
    match answer.status_code() {
        200..300 => Ok(()),
        // Redirects cost nothing: what is behind them was not met.
        300..400 => {
            Err(Unseen::new(Blind::Unsupported, format!("`{}` only sends on elsewhere", promised.path))
                .give("a path under `rate_limit` that answers by itself"))
        }
        429 => Err(Unseen::new(Blind::Denied, "the limit was reached before the burst")
            .give("a moment without other callers, or a longer `--deadline`")),
        status => {
            Err(Unseen::new(Blind::Denied, format!("`{}` answered {status} before the burst", promised.path))
                .give("a path under `rate_limit` that anyone may GET"))
        }
    }
}

/// Another client, where the server is on this machine and can tell one loopback address from another.
async fn other(site: &Site<'_>, url: &Url) -> Result<Prober, Unseen> {
    let elsewhere = || {
        Unseen::new(Blind::Unsupported, "from one place one cannot be two clients").give(
            "a look from the machine of the service, where two addresses of its loopback are two clients",
        )
    };
    if site.observer.reach(url).await? != Reach::Loopback {
        return Err(elsewhere());
    }
    Prober::another(&site.target.setup, site.target.consent, OTHER)
}

/// What another client met that asked one after the other.
struct Paced {
    /// Its times, in milliseconds.
    times: Vec<f64>,
    /// One of its requests was answered 429.
    refused: bool,
}

async fn paced(other: &Result<Prober, Unseen>, url: &Url, count: u32) -> Result<Paced, Unseen> {
    let other = other.as_ref().map_err(Clone::clone)?;
    let mut paced = Paced { times: Vec::new(), refused: false };
    for _ in 0..count {
        let answer = get(other, url).await?;
        paced.refused |= answer.status_code() == 429;
        paced.times.push(answer.took.as_secs_f64() * 1000.0);
    }
    paced.times.sort_by(f64::total_cmp);
    Ok(paced)
}

/// The 95th percentile of the times, in milliseconds; a client that was refused has none that counts.
fn p95(paced: &Result<Paced, Unseen>) -> Result<f64, Unseen> {
    let paced = paced.as_ref().map_err(Clone::clone)?;
    if paced.refused {
        return Err(Unseen::new(Blind::Denied, "the other client was refused as well"));
    }
    let rank = (paced.times.len() * 95).div_ceil(100).saturating_sub(1);
    paced.times.get(rank).copied().ok_or_else(|| Unseen::new(Blind::Crashed, "no time was taken"))
}

async fn get(prober: &Prober, url: &Url) -> Result<Answer, Unseen> {
    prober.act(Act::new(Method::GET, url)).await
}

async fn fire(prober: &Prober, url: &Url, count: u32) -> Tally {
    futures_util::stream::iter(0..count)
        .map(|_| get(prober, url))
        .buffer_unordered(BURST_CONCURRENT_MAX)
        .fold(Tally::default(), |mut tally, answer| async move {
            tally.add(answer);
            tally
        })
        .await
}

impl Tally {
    fn add(&mut self, answer: Result<Answer, Unseen>) {
        let Ok(answer) = answer else {
            self.unanswered += 1;
            return;
        };
        match answer.status_code() {
            429 => {
                self.refused += 1;
                let named = answer.header("retry-after").and_then(|header| header.trim().parse().ok());
                self.retry_after = self.retry_after.or(named);
            }
            500.. => self.server_errors += 1,
            // Below 500: the service was there for it, whatever it had to say.
            _ => self.served += 1,
        }
        self.by_hand.get_or_insert(answer.by_hand);
    }
}

/// Whether the other client was served during the burst and right after it.
async fn other_served(
    other: &Result<Prober, Unseen>,
    before: &Result<Paced, Unseen>,
    during: &Result<Paced, Unseen>,
    url: &Url,
) -> Result<bool, Unseen> {
    let other = other.as_ref().map_err(Clone::clone)?;
    if before.as_ref().map_err(Clone::clone)?.refused {
        return Err(Unseen::new(
            Blind::Denied,
            "the other client was refused before this one asked for much",
        )
        .give("a moment without other callers"));
    }
    let during_refused = during.as_ref().map_err(Clone::clone)?.refused;
    Ok(!during_refused && is_served(&get(other, url).await?))
}

/// Waits until the window has passed, where there is time for it.
async fn after_window(
    prober: &Prober,
    url: &Url,
    tally: &Tally,
    promised: &RateLimitSpec,
) -> Result<bool, Unseen> {
    if tally.refused == 0 {
        return Err(Unseen::new(
            Blind::Unsupported,
            "nothing was refused, so there is nothing to come back from",
        ));
    }
    let seconds = tally.retry_after.unwrap_or_else(|| promised.per_seconds.into());
    let wait = Duration::from_secs(seconds).saturating_add(WAIT_MORE);
    let left = prober.observer().deadline().saturating_duration_since(Instant::now());
    if wait > WINDOW_WAIT_MAX || wait + WAIT_MORE > left {
        let why = format!("the service asks to wait {seconds} seconds, longer than there is time for");
        return Err(Unseen::new(Blind::Timeout, why)
            .give(format!("--deadline {}", seconds.saturating_add(DEADLINE_MORE_SECONDS))));
    }
    sleep(wait).await;
    Ok(is_served(&get(prober, url).await?))
}

/// Neither refused for having asked too much, nor failed.
fn is_served(answer: &Answer) -> bool {
    answer.status_code() != 429 && answer.status_code() < 500
}

fn millis(took: Duration) -> u64 {
    u64::try_from(took.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::{Duration, RateLimitSpec, allowed};

    #[test]
    fn what_comes_back_during_the_burst_is_allowed() {
        let promised = RateLimitSpec { requests: 100, per_seconds: 5, path: "/api".to_owned() };
        assert_eq!(allowed(&promised, Duration::ZERO), 100);
        assert_eq!(allowed(&promised, Duration::from_millis(10)), 101);
        assert_eq!(allowed(&promised, Duration::from_secs(1)), 120);
        assert_eq!(allowed(&promised, Duration::from_secs(u64::MAX)), u32::MAX);
    }
}
