//! One URL of the environment under the questions of a run: its client, its control question, what it answered.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};

use seaworthy_core::facts::{Blind, Listed, Seen, Unseen};
use url::Url;

use super::client::{Answer, Ask, Observer, Prober, parsed, shown_url};
use super::facts::{DevelopmentSign, InternalShown, ResponseAnswer};
use super::gather::Gathered;
use super::internals::Patterns;
use super::parse::policies::is_nosniff;
use super::target::{HttpTarget, SiteTarget};

/// What every look at one site takes.
pub(super) struct Site<'a> {
    pub(super) target: &'a HttpTarget,
    pub(super) url: Url,
    pub(super) plain: Result<Vec<Url>, Unseen>,
    pub(super) observer: Observer,
    pub(super) prober: Result<Prober, Unseen>,
    /// What the server answers to a path that cannot exist.
    pub(super) control: Result<Answer, Unseen>,
    pub(super) patterns: Patterns,
    noted: Mutex<Noted>,
}

/// What is asked of every answer alike.
#[derive(Default)]
pub(super) struct Noted {
    pub(super) responses: Gathered<ResponseAnswer>,
    pub(super) development: Gathered<DevelopmentSign>,
}

impl<'a> Site<'a> {
    /// A site with its control question asked.
    pub(super) async fn of(target: &'a HttpTarget, site: &SiteTarget) -> Self {
        let observer = Observer::new(&target.setup);
        let prober = Prober::new(&observer, target.consent);
        let mut made = Self {
            target,
            url: site.url.clone(),
            plain: site.plain.clone(),
            observer,
            prober,
            control: Err(Unseen::new(Blind::Crashed, "the control question was not asked")),
            patterns: Patterns::new(),
            noted: Mutex::default(),
        };
        made.control = made.get(&format!("/seaworthy-{}", nonce())).await;
        made
    }

    /// A path of this site, or a whole URL.
    pub(super) fn at(&self, path: &str) -> Result<Url, Unseen> {
        if !path.starts_with('/') {
            return parsed(path);
        }
        if path.starts_with("//") || path.chars().any(char::is_control) {
            return Err(Unseen::new(Blind::NotGiven, "the path is not one of this site"));
        }
        self.url.join(path).map_err(|_| Unseen::new(Blind::NotGiven, "the path cannot be read"))
    }

    /// GETs a path or URL, without a credential.
    pub(super) async fn get(&self, path: &str) -> Result<Answer, Unseen> {
        self.observer.ask(Ask::get(&self.at(path)?)).await
    }

    /// Asks as a stranger, and as a user where a stranger is refused and a credential is known.
    pub(super) async fn as_someone(&self, ask: Ask, url: &Url) -> Result<Answer, Unseen> {
        let answer = self.observer.ask(ask.clone()).await?;
        match self.target.credential(&["user", "admin"], url) {
            Ok((_, credential)) if matches!(answer.status_code(), 401 | 403) => {
                self.observer.ask(ask.with(&credential)).await
            }
            _ => Ok(answer),
        }
    }

    /// Keeps an answer for the questions about every answer.
    pub(super) fn note(&self, answer: &Answer) {
        let status = answer.status_code();
        let own = answer.url.origin() == self.url.origin();
        if !own || answer.body.bytes.is_empty() || (300..400).contains(&status) {
            return;
        }
        let content_type_options = answer.header("x-content-type-options");
        let response = ResponseAnswer {
            url: shown_url(&answer.url),
            status,
            content_type: answer.media_type(),
            nosniff: content_type_options.as_deref().is_some_and(is_nosniff),
            content_type_options,
            by_hand: answer.by_hand.clone(),
        };
        let shown = self.patterns.shown_by(answer);
        if status == 400 && !is_decodable(answer.url.path()) {
            // The front answers this by itself, before anything that could set headers.
            self.noted().development.extend(signs(&shown, &response));
            return;
        }
        let mut noted = self.noted();
        let known = |known: &ResponseAnswer| known.url == response.url && known.status == status;
        if noted.responses.items().iter().any(known) {
            return;
        }
        noted.development.extend(signs(&shown, &response));
        noted.responses.push(response);
    }

    /// Notes that an answer did not come.
    pub(super) fn note_missed(&self, why: &Unseen) {
        let mut noted = self.noted();
        noted.responses.miss(why.clone());
        noted.development.miss(why.clone());
    }

    /// Takes everything that was noted. Of a server that served nothing the answers that matter are missing.
    pub(super) fn take_noted(&self) -> Noted {
        if let Err(why) = self.served() {
            self.note_missed(&why);
        }
        std::mem::take(&mut *self.noted())
    }

    /// A lock whose holder panicked still holds sound lists: they only grow.
    fn noted(&self) -> MutexGuard<'_, Noted> {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// That the server serves this client something, so that a refusal is not about the client. Asked after the
    /// looks that note answers.
    pub(super) fn served(&self) -> Result<(), Unseen> {
        let served = |noted: &ResponseAnswer| (200..300).contains(&noted.status);
        if self.noted().responses.items().iter().any(served) {
            return Ok(());
        }
        Err(Unseen::new(
            Blind::Denied,
            "nothing at all was served to this client, so a refusal proves nothing",
        )
        .give("a way past what refuses it, such as an exception in the firewall, or a health endpoint"))
    }

    /// Whether the server answers with content to a path that cannot exist, so that content proves nothing.
    pub(super) fn answers_everything(&self) -> Result<bool, Unseen> {
        self.control.as_ref().map(|control| control.status.is_success()).map_err(Clone::clone)
    }

    /// The reason for not believing an answer: a path that cannot exist is answered alike.
    pub(super) fn believed(&self, answer: &Answer) -> Result<(), Unseen> {
        let control = self.control.as_ref().map_err(Clone::clone)?;
        if answer.status.is_success() && control.status.is_success() && alike(answer, control) {
            return Err(Unseen::new(
                Blind::Unsupported,
                "the server answers the same to a path that cannot exist",
            )
            .give("404 for paths that do not exist"));
        }
        Ok(())
    }
}

/// Whether every `%` of a path begins an escape.
fn is_decodable(path: &str) -> bool {
    path.split('%')
        .skip(1)
        .all(|after| after.len() >= 2 && after.bytes().take(2).all(|byte| byte.is_ascii_hexdigit()))
}

/// The signs of a mode for development among what an answer shows.
fn signs(shown: &Seen<Listed<InternalShown>>, response: &ResponseAnswer) -> Gathered<DevelopmentSign> {
    let mut signs = Gathered::default();
    match shown {
        Seen::Seen { value, .. } => {
            for sign in value.items.iter().filter(|sign| sign.development) {
                signs.push(DevelopmentSign {
                    url: response.url.clone(),
                    what: sign.what.clone(),
                    quote: sign.quote.clone(),
                    by_hand: response.by_hand.clone(),
                });
            }
            if let Some(why) = &value.cut {
                signs.miss(why.clone());
            }
        }
        Seen::Unseen(why) => signs.miss(why.clone()),
    }
    signs
}

/// Why nothing was seen where a caller is refused; `what` says of what.
pub(super) fn served_nothing(url: &Url, what: &str) -> Unseen {
    let why = format!("`{}` served nothing to this caller, so {what} was not seen", shown_url(url));
    Unseen::new(Blind::Denied, why).give("`credentials: {user: {bearer: {env: …}}}` for the environment")
}

/// Whether two answers are one page, as far as one can tell: pages differ in nonces and times.
pub(super) fn alike(one: &Answer, other: &Answer) -> bool {
    if one.status != other.status || one.media_type() != other.media_type() {
        return false;
    }
    // Pages repeat the path that was asked for; a lone slash is part of every page.
    let plain = |answer: &Answer| match answer.url.path() {
        "/" => answer.body.text().into_owned(),
        path => answer.body.text().replace(path, ""),
    };
    let (text, control) = (plain(one), plain(other));
    if text == control {
        return true;
    }
    match (serde_json::from_str(&text), serde_json::from_str(&control)) {
        (Ok(serde_json::Value::Object(text)), Ok(serde_json::Value::Object(control))) => {
            text.keys().eq(control.keys())
        }
        (Err(_), Err(_)) => text.len() > 200 && text.len().abs_diff(control.len()) * 20 < control.len(),
        _ => false,
    }
}

/// A path segment that no server has.
pub(super) fn nonce() -> String {
    format!("{:016x}", RandomState::new().build_hasher().finish())
}
