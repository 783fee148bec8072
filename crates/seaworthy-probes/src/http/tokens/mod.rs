//! Whether forged tokens are refused, where a declared credential is a JSON Web Token. Asks, at `probe`, `GET` of one
//! operation that the true token opens and a stranger does not, with each forgery; then with the true one again.

mod forgery;

use http::Method;
use seaworthy_core::facts::{Blind, Unseen};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use self::forgery::{Forgery, Jwt};
use super::client::{Act, Answer, Ask, Credential, Prober, shown_url};
use super::facts::ForgedTokenAnswer;
use super::gather::Gathered;
use super::openapi::{Description, Operation};
use super::site::Site;
use super::target::origin;

/// Most roles whose tokens are forged.
const ROLES_MAX: usize = 4;
/// Most operations that are tried for one that the token opens.
const DOORS_MAX: usize = 5;

pub(super) async fn look(
    site: &Site<'_>,
    description: &Result<Description, Unseen>,
) -> Gathered<ForgedTokenAnswer> {
    let origin = origin(&site.url);
    let tokens = site.target.tokens.iter().filter(|((_, of), _)| *of == origin);
    let mut forged = Gathered::default();
    let mut signed = Vec::new();
    let mut given = false;
    for ((role, _), token) in tokens {
        given = true;
        match token {
            Ok(token) => signed.extend(Jwt::read(token.expose_secret()).map(|jwt| (role.as_str(), jwt))),
            Err(why) => forged.miss(why.clone()),
        }
    }
    if !given {
        let why = "no credential is given, so whether tokens are signed is not known";
        return Gathered::nothing(
            Unseen::new(Blind::NotGiven, why)
                .give("`credentials: {user: {bearer: {env: …}}}` for the environment"),
        );
    }
    if signed.len() > ROLES_MAX {
        signed.truncate(ROLES_MAX);
        forged.miss(Unseen::new(Blind::CutShort, format!("tokens of more than {ROLES_MAX} roles")));
    }
    for (role, jwt) in signed {
        match Lock::of(site, description, role).await {
            Ok(lock) => forged.extend(lock.tried(role, &jwt).await),
            Err(why) => forged.miss(why),
        }
    }
    forged
}

/// An operation that the true token opens and a stranger does not.
struct Lock<'a> {
    prober: &'a Prober,
    url: Url,
    key: Credential,
}

impl<'a> Lock<'a> {
    async fn of(
        site: &'a Site<'_>,
        description: &Result<Description, Unseen>,
        role: &str,
    ) -> Result<Self, Unseen> {
        let description = description.as_ref().map_err(Clone::clone)?;
        let prober = site.prober.as_ref().map_err(Clone::clone)?;
        let (_, key) = site.target.credential(&[role], &site.url)?;
        let doors = description.operations.iter().filter(|operation| may_be_asked(operation, site));
        for operation in doors.take(DOORS_MAX) {
            let lock = Self { prober, url: site.at(&operation.concrete)?, key: key.clone() };
            let opens = site.observer.ask(Ask::get(&lock.url).with(&lock.key)).await?;
            let stranger = site.observer.ask(Ask::get(&lock.url)).await?;
            if opened(&opens) && matches!(stranger.status_code(), 401 | 403) {
                return Ok(lock);
            }
        }
        let why = format!(
            "no operation was found that the token of the role `{role}` opens and a stranger does not"
        );
        Err(Unseen::new(Blind::NotGiven, why).give(
            "an operation under GET without parameters in the OpenAPI document that this role may call, and a valid token",
        ))
    }

    /// What comes of each forgery, if the true token still opens afterwards.
    async fn tried(&self, role: &str, jwt: &Jwt) -> Gathered<ForgedTokenAnswer> {
        let mut answers = Gathered::default();
        for forgery in Forgery::ALL {
            answers.add(self.one(role, jwt, forgery).await);
        }
        match self.ask(&self.key).await {
            Ok(answer) if opened(&answer) => answers,
            Ok(answer) => Gathered::nothing(Unseen::new(
                Blind::Denied,
                format!(
                    "the true token of the role `{role}` was answered {} after the forged ones, so their refusal says nothing",
                    answer.status_code()
                ),
            )),
            Err(why) => Gathered::nothing(why),
        }
    }

    async fn one(&self, role: &str, jwt: &Jwt, forgery: Forgery) -> Result<ForgedTokenAnswer, Unseen> {
        let made = made(jwt.clone(), forgery).await?;
        let answer = self.ask(&Credential::new(made, "$FORGED_TOKEN", &self.url)).await?;
        let status = answer.status_code();
        if !(opened(&answer) || (300..500).contains(&status)) || status == 429 {
            let why = format!("a forged token was answered {status}");
            return Err(Unseen::new(Blind::Denied, why).give("a moment without other callers"));
        }
        Ok(ForgedTokenAnswer {
            role: role.to_owned(),
            algorithm: jwt.algorithm.clone(),
            forgery: forgery.word(),
            url: shown_url(&answer.url),
            status,
            refused: !opened(&answer),
            by_hand: answer.by_hand.clone(),
        })
    }

    async fn ask(&self, key: &Credential) -> Result<Answer, Unseen> {
        self.prober.act(Act::new(Method::GET, &self.url).with(key)).await
    }
}

fn may_be_asked(operation: &Operation, site: &Site<'_>) -> bool {
    operation.method == Method::GET
        && !operation.has_parameters
        && !operation.is_public(&site.target.public)
        && site.target.endpoints.fault.as_deref() != Some(&operation.path)
}

fn opened(answer: &Answer) -> bool {
    (200..300).contains(&answer.status_code())
}

async fn made(jwt: Jwt, forgery: Forgery) -> Result<SecretString, Unseen> {
    tokio::task::spawn_blocking(move || jwt.forged(forgery))
        .await
        .map_err(|_| Unseen::new(Blind::Crashed, "a token could not be forged"))?
}
