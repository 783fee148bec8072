//! How operations answer a caller who has not signed in: nobody, a malformed token, an expired one.
//!
//! Asks each operation of the OpenAPI document that is not open on purpose; at `observe` only by GET and HEAD and
//! as nobody. What would change something is asked in a form that cannot take effect ([`form`]), or not at all, and
//! not again once a caller got through.

mod form;

use std::collections::BTreeMap;

use http::Method;
use seaworthy_core::facts::{Blind, Unseen};
use seaworthy_core::limits::http::OPERATIONS_MAX;

use super::client::{Act, Answer, Ask, Prober, shown_url};
use super::facts::OperationAnswer;
use super::gather::Gathered;
use super::openapi::{Description, Operation};
use super::site::{Site, nonce};
use form::Form;

/// Most operations that a reason names.
const NAMED_MAX: usize = 5;
/// Words with which a check against forged requests explains its refusal.
const FORGERY: [&str; 4] = ["csrf", "xsrf", "forgery", "cross-site"];

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

/// The questions about one site's operations.
struct Asking<'a> {
    site: &'a Site<'a>,
    description: &'a Description,
    /// What a path that cannot exist answers, by method.
    controls: BTreeMap<String, Result<u16, Unseen>>,
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
    if asked.is_empty() {
        return Gathered::nothing(
            Unseen::new(
                Blind::NotGiven,
                "every operation of the OpenAPI document is open on purpose, so none was asked",
            )
            .give("narrower entries under `public`, and operations with `security` in the OpenAPI document"),
        );
    }
    let mut asking = Asking { site, description, controls: BTreeMap::new() };
    let mut left_out = Vec::new();
    for operation in asked {
        match Form::of(operation, site.target) {
            Some(form) => asking.callers(operation, form, &mut answers).await,
            None => left_out.push(format!("{} {}", operation.method, operation.path)),
        }
    }
    if let Some(why) = not_asked(&left_out) {
        answers.miss(why);
    }
    described(answers)
}

/// Why some operations were not asked, with their names.
fn not_asked(operations: &[String]) -> Option<Unseen> {
    let first = operations.first()?;
    let named = operations.iter().take(NAMED_MAX).map(String::as_str).collect::<Vec<_>>().join(", ");
    let more = match operations.len().saturating_sub(NAMED_MAX) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let why =
        format!("operations not asked, since a call that gets through would take effect: {named}{more}");
    let give = format!("`harmless: [{first}]` for the environment, where a stranger's call does no harm");
    Some(Unseen::new(Blind::Unsupported, why).give(give))
}

impl Asking<'_> {
    /// Asks as each caller, until one gets through.
    async fn callers(&mut self, operation: &Operation, form: Form, answers: &mut Gathered<OperationAnswer>) {
        for caller in Caller::ALL {
            let answer = self.ask(operation, form, caller).await;
            let through = answer.as_ref().is_ok_and(|answer| !answer.refused);
            answers.add(answer);
            if through {
                break;
            }
        }
    }

    async fn ask(
        &mut self,
        operation: &Operation,
        form: Form,
        caller: Caller,
    ) -> Result<OperationAnswer, Unseen> {
        let site = self.site;
        let url = site.at(&operation.concrete)?;
        let reads = matches!(operation.method, Method::GET | Method::HEAD);
        let answer = match (&site.prober, caller) {
            (Ok(prober), _) => {
                let act = Act::new(operation.method.clone(), &url);
                prober.act(form.shape(presented(act, self.description, caller)?)?).await?
            }
            (Err(_), Caller::Nobody) if reads => site.observer.ask(Ask::get(&url)).await?,
            (Err(why), _) => return Err(why.clone()),
        };
        match answer.status_code() {
            status @ (429 | 502..=504) => {
                let why = format!("`{}` answered {status}", operation.path);
                return Err(Unseen::new(Blind::Denied, why).give("a moment without other callers"));
            }
            status @ (400 | 415 | 422) if form.is_broken() => return Err(read_first(operation, status)),
            404 if operation.has_parameters => return Err(names_nothing(operation)),
            status @ (400 | 422) if operation.lacks_parameter => return Err(read_first(operation, status)),
            403 => self.refused_the_caller(operation, &answer).await?,
            _ => {}
        }
        Ok(answered(site, operation, caller, &answer))
    }

    /// That a 403 is about who calls. A check against forged requests answers it to everybody, signed in or not.
    async fn refused_the_caller(&mut self, operation: &Operation, answer: &Answer) -> Result<(), Unseen> {
        let body = answer.body.text().to_ascii_lowercase();
        let reads = matches!(operation.method, Method::GET | Method::HEAD);
        let named = !reads && FORGERY.iter().any(|word| body.contains(word));
        if !named && self.control(&operation.method).await? != 403 {
            return Ok(());
        }
        let Operation { method, path, .. } = operation;
        let why = format!(
            "`{method} {path}` answered 403 as it would to any {method}, so the caller may not have been looked at"
        );
        Err(Unseen::new(Blind::Denied, why)
            .give("401 to callers without a valid credential, before the check against forged requests"))
    }

    /// The status of a path that cannot exist.
    async fn control(&mut self, method: &Method) -> Result<u16, Unseen> {
        if let Some(known) = self.controls.get(method.as_str()) {
            return known.clone();
        }
        let status = match &self.site.prober {
            _ if *method == Method::GET => {
                self.site.control.as_ref().map(Answer::status_code).map_err(Clone::clone)
            }
            Ok(prober) => nowhere(self.site, prober, method).await,
            Err(why) => Err(why.clone()),
        };
        self.controls.insert(method.to_string(), status.clone());
        status
    }
}

async fn nowhere(site: &Site<'_>, prober: &Prober, method: &Method) -> Result<u16, Unseen> {
    let url = site.at(&format!("/seaworthy-{}", nonce()))?;
    Ok(prober.act(Act::new(method.clone(), &url)).await?.status_code())
}

/// The router may have found nothing at such a value before anybody looked at the caller.
fn names_nothing(operation: &Operation) -> Unseen {
    let Operation { method, path, .. } = operation;
    let why = format!(
        "`{method} {path}` answered 404 to a value that names nothing, so the caller may not have been looked at"
    );
    Unseen::new(Blind::Unsupported, why)
        .give("callers refused before what they ask for is looked up, or an `enum` for the parameter in the OpenAPI document")
}

/// The body was judged and the caller was not, which says nothing about what a sound body would have met.
fn read_first(operation: &Operation, status: u16) -> Unseen {
    let Operation { method, path, .. } = operation;
    let why = format!(
        "`{method} {path}` answered {status} to a body that cannot be read, before it refused the caller"
    );
    Unseen::new(Blind::Unsupported, why).give(format!(
        "callers refused before their body is read, or `harmless: [{method} {path}]` for the environment, where a \
         stranger's call without a body does no harm"
    ))
}

/// A request with what the caller has.
fn presented(mut act: Act, description: &Description, caller: Caller) -> Result<Act, Unseen> {
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
