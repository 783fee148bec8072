//! Answers to requests that cannot succeed. Asks at `observe`: a path that cannot exist, a path that cannot be
//! decoded, and the declared fault route where it takes GET. At `probe`: a method that the path does not have,
//! a body that is no JSON, and the fault route by POST. Where the server failed, its log is searched for the request.

mod ids;

use http::Method;
use seaworthy_core::facts::{Blind, Seen, Unseen};

use super::client::{Act, Answer, Ask, Prober, shown_url};
use super::facts::ErrorAnswer;
use super::gather::Gathered;
use super::logs::Logs;
use super::openapi::Operation;
use super::site::{Site, nonce};

/// The fault of the route that fails on purpose.
const ON_PURPOSE: &str = "a fault inside the service";

pub(super) async fn look(
    site: &Site<'_>,
    operations: &Result<Vec<Operation>, Unseen>,
) -> Gathered<ErrorAnswer> {
    let logs = Logs::now(&site.target.logs).await;
    let mut errors = Gathered::default();
    let known = operations.as_deref().unwrap_or_default();
    let mut answers = vec![
        ("a path that does not exist", missing(site).await),
        ("a path that cannot be decoded", site.get("/%zz").await),
    ];
    if let Some(path) = &site.target.endpoints.fault {
        answers.push((ON_PURPOSE, fault(site, path, known).await));
    }
    match &site.prober {
        Ok(prober) => {
            let health = site.target.endpoints.health();
            let patched = act(site, prober, Method::PATCH, health, None).await;
            answers.push(("a method that the path does not have", patched));
            if let Some(path) = takes_json(site, known) {
                let posted = act(site, prober, Method::POST, &path, Some("{\"seaworthy\": ")).await;
                answers.push(("a body that is not JSON", posted));
            }
        }
        Err(why) => errors.miss(why.clone()),
    }
    let ids =
        ids::apart(answers.iter().map(|(_, answer)| answer.as_ref().map_or_else(|_| Vec::new(), ids::of)));
    for ((fault, answer), ids) in answers.into_iter().zip(ids) {
        match answer {
            Ok(answer) => {
                site.note(&answer);
                errors.push(answered(site, fault, &answer, &ids, &logs).await);
            }
            Err(why) => errors.miss(why),
        }
    }
    errors
}

async fn act(
    site: &Site<'_>,
    prober: &Prober,
    method: Method,
    path: &str,
    body: Option<&'static str>,
) -> Result<Answer, Unseen> {
    let mut act = Act::new(method, &site.at(path)?);
    if let Some(body) = body {
        act = act.header("content-type", "application/json")?.body(body);
    }
    prober.act(act).await
}

/// A path that anyone may send JSON to, so that the body is read before the caller is refused.
fn takes_json(site: &Site<'_>, operations: &[Operation]) -> Option<String> {
    let login = site.target.login.as_ref().filter(|login| !login.form).map(|login| login.path.clone());
    login.or_else(|| {
        let open = |operation: &&Operation| {
            operation.method == Method::POST
                && operation.takes_json
                && operation.is_public(&site.target.public)
        };
        operations.iter().find(open).map(|operation| operation.concrete.clone())
    })
}

/// Calls the route that the operators keep for seeing a real fault.
async fn fault(site: &Site<'_>, path: &str, operations: &[Operation]) -> Result<Answer, Unseen> {
    let url = site.at(path)?;
    let credential = site.target.credential(&["operator", "admin"], &url).map(|(_, credential)| credential);
    let by = |method: Method| {
        operations.iter().any(|operation| operation.path == path && operation.method == method)
    };
    if !by(Method::POST) || by(Method::GET) {
        let ask = Ask::get(&url);
        return site.observer.ask(credential.map_or(ask.clone(), |credential| ask.with(&credential))).await;
    }
    let prober = site.prober.as_ref().map_err(Clone::clone)?;
    let act = Act::new(Method::POST, &url).body("");
    prober.act(credential.map_or(act.clone(), |credential| act.with(&credential))).await
}

/// The control question; asked once more where the server failed at it, for its log is only known since now.
async fn missing(site: &Site<'_>) -> Result<Answer, Unseen> {
    match &site.control {
        Ok(answer) if answer.status_code() >= 500 => site.get(&format!("/seaworthy-{}", nonce())).await,
        control => control.clone(),
    }
}

async fn answered(site: &Site<'_>, fault: &str, answer: &Answer, ids: &[String], logs: &Logs) -> ErrorAnswer {
    let status = answer.status_code();
    let server_error = status >= 500;
    let logged = if server_error { logs.tell_of(ids).await.map(Some) } else { Ok(None) };
    ErrorAnswer {
        fault: fault.to_owned(),
        url: shown_url(&answer.url),
        status,
        server_error,
        content_type: answer.media_type(),
        request_id: !ids.is_empty(),
        logged: logged.map_or_else(Seen::Unseen, Seen::new),
        internals_shown: site.patterns.shown_by(answer),
        by_hand: answer.by_hand.clone(),
    }
}

/// Faults inside the service among them, or how to have one seen. A method that is not implemented and a service
/// that is not reached are no faults inside it.
pub(super) fn server_errors(site: &Site<'_>, errors: &Gathered<ErrorAnswer>) -> Gathered<ErrorAnswer> {
    let mut found = Gathered::default();
    let inside = |error: &&ErrorAnswer| error.server_error && !matches!(error.status, 501..=504);
    errors.items().iter().filter(inside).for_each(|error| found.push(error.clone()));
    let on_purpose = found.items().iter().any(|error| error.fault == ON_PURPOSE && error.status == 500);
    if let Err(why) = site.served() {
        // A server that fails everything was not seen failing at one thing.
        found.miss(why);
    } else if site.target.endpoints.fault.is_none() {
        found.miss(
            Unseen::new(Blind::NotGiven, "no route is given that fails on purpose")
                .give("`endpoints: {fault: /PATH}` for the environment, a route that fails for operators"),
        );
    } else if !on_purpose {
        found.miss(
            Unseen::new(Blind::Denied, "the route that should fail on purpose did not answer 500").give(
                "a credential of the role `operator`, and `--consent probe` where the route takes POST",
            ),
        );
    }
    if let Some(why) = errors.missed() {
        found.miss(why.clone());
    }
    found
}
