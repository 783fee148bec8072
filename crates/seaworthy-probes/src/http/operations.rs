//! How operations answer a caller who has not signed in: nobody, a malformed token, an expired one.
//!
//! Asks each operation of the OpenAPI document that is not open on purpose; at `observe` only by GET and HEAD and
//! as nobody. Values in paths name nothing, and no body is sent, so that what gets through where it should not
//! still meets nothing.

use http::Method;
use seaworthy_core::facts::{Blind, Unseen};
use seaworthy_core::limits::http::OPERATIONS_MAX;
use url::Url;

use super::client::{Act, Answer, Ask, shown_url};
use super::facts::OperationAnswer;
use super::gather::Gathered;
use super::openapi::{Description, Operation};
use super::site::Site;

/// Who asks.
#[derive(Debug, Clone, Copy)]
enum Caller {
    Nobody,
    MalformedToken,
    ExpiredToken,
}

impl Caller {
    const ALL: [Self; 3] = [Self::Nobody, Self::MalformedToken, Self::ExpiredToken];

    fn word(self) -> &'static str {
        match self {
            Self::Nobody => "no-credential",
            Self::MalformedToken => "malformed-token",
            Self::ExpiredToken => "expired-token",
        }
    }

    /// A token that is worth nothing. The expired one is a JWT of 1970 with a signature of zeros.
    fn token(self) -> Option<&'static str> {
        match self {
            Self::Nobody => None,
            Self::MalformedToken => Some("seaworthy.not-a-token"),
            Self::ExpiredToken => Some(concat!(
                "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9",
                ".eyJzdWIiOiJzZWF3b3J0aHkiLCJpYXQiOjAsImV4cCI6MX0",
                ".AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
            )),
        }
    }
}

pub(super) async fn look(
    site: &Site<'_>,
    description: &Result<Description, Unseen>,
) -> Gathered<OperationAnswer> {
    let description = match description {
        Ok(description) => description,
        Err(why) => return Gathered::nothing(why.clone()),
    };
    if let Err(why) = site.served() {
        return Gathered::nothing(why);
    }
    let mut answers = Gathered::default();
    let public = &site.target.public;
    let mut asked: Vec<&Operation> =
        description.operations.iter().filter(|operation| !operation.is_public(public)).collect();
    if asked.len() > OPERATIONS_MAX {
        asked.truncate(OPERATIONS_MAX);
        answers.miss(Unseen::new(Blind::CutShort, format!("more than {OPERATIONS_MAX} operations")));
    }
    for operation in asked {
        for caller in Caller::ALL {
            answers.add(ask(site, description, operation, caller).await);
        }
    }
    described(answers)
}

async fn ask(
    site: &Site<'_>,
    description: &Description,
    operation: &Operation,
    caller: Caller,
) -> Result<OperationAnswer, Unseen> {
    let url = site.at(&operation.concrete)?;
    let reads = matches!(operation.method, Method::GET | Method::HEAD);
    let answer = match (&site.prober, caller) {
        (Ok(prober), _) => prober.act(active(description, operation, &url, caller)?).await?,
        (Err(_), Caller::Nobody) if reads => site.observer.ask(Ask::get(&url)).await?,
        (Err(why), _) => return Err(why.clone()),
    };
    let status = answer.status_code();
    if matches!(status, 429 | 502..=504) {
        return Err(Unseen::new(Blind::Denied, format!("`{}` answered {status}", operation.path))
            .give("a moment without other callers"));
    }
    Ok(answered(site, operation, caller, &answer))
}

fn active(
    description: &Description,
    operation: &Operation,
    url: &Url,
    caller: Caller,
) -> Result<Act, Unseen> {
    let mut act = Act::new(operation.method.clone(), url);
    let Some(token) = caller.token() else { return Ok(act) };
    act = act.header("authorization", &format!("Bearer {token}"))?;
    for name in &description.credential_headers {
        act = act.header(name, token)?;
    }
    if !description.credential_cookies.is_empty() {
        let cookies: Vec<_> =
            description.credential_cookies.iter().map(|name| format!("{name}={token}")).collect();
        act = act.header("cookie", &cookies.join("; "))?;
    }
    Ok(act)
}

fn answered(site: &Site<'_>, operation: &Operation, caller: Caller, answer: &Answer) -> OperationAnswer {
    let status = answer.status_code();
    OperationAnswer {
        method: operation.method.to_string(),
        path: operation.path.clone(),
        url: shown_url(&answer.url),
        caller: caller.word().to_owned(),
        declared_public: operation.is_declared_public(&site.target.public),
        documented_public: operation.documented_public,
        status,
        refused: matches!(status, 401 | 403),
        by_hand: answer.by_hand.clone(),
    }
}

/// A document of another service has only paths that are not there: nothing was seen then.
fn described(answers: Gathered<OperationAnswer>) -> Gathered<OperationAnswer> {
    let items = answers.items();
    if !items.is_empty() && items.iter().all(|answer| answer.status == 404) {
        return Gathered::nothing(
            Unseen::new(Blind::Unsupported, "every operation of the OpenAPI document was answered 404")
                .give("the OpenAPI document of this service, with the prefix of its paths under `servers`"),
        );
    }
    answers
}
