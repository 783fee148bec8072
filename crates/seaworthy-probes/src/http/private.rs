//! Answers to a signed-in caller, and whether a cache may keep them. Asks `GET` with the credential of a user.

use seaworthy_core::facts::{Blind, Unseen};

use super::client::{Ask, shown_url};
use super::facts::PrivateAnswer;
use super::gather::Gathered;
use super::openapi::Operation;
use super::parse::cache::cache;
use super::site::Site;

/// Most operations that are asked as a signed-in caller.
const OPERATIONS_MAX: usize = 6;
/// So many answers to a signed-in caller are enough.
const ANSWERS_MAX: usize = 3;

pub(super) async fn look(
    site: &Site<'_>,
    operations: &Result<Vec<Operation>, Unseen>,
) -> Gathered<PrivateAnswer> {
    let operations = match operations {
        Ok(operations) => operations,
        Err(why) => return Gathered::nothing(why.clone()),
    };
    let (role, credential) = match site.target.credential(&["user", "admin"], &site.url) {
        Ok(known) => known,
        Err(why) => return Gathered::nothing(why),
    };
    let mut answers = Gathered::default();
    let private = operations.iter().filter(|operation| {
        operation.method == http::Method::GET
            && !operation.has_parameters
            && !operation.is_public(&site.target.public)
            && site.target.endpoints.fault.as_deref() != Some(&operation.path)
    });
    let (mut refused, mut closed) = (None, None);
    for operation in private.take(OPERATIONS_MAX) {
        if answers.items().len() >= ANSWERS_MAX {
            break;
        }
        let answer = match site.at(&operation.concrete) {
            Ok(url) => site.observer.ask(Ask::get(&url).with(&credential)).await,
            Err(why) => Err(why),
        };
        let answer = match answer {
            Ok(answer) => answer,
            Err(why) => {
                answers.miss(why);
                continue;
            }
        };
        site.note(&answer);
        match answer.status_code() {
            // Only what was given out can be kept by a cache.
            200..300 => answers.push(PrivateAnswer {
                url: shown_url(&answer.url),
                role: role.clone(),
                status: answer.status_code(),
                cache: answer.header("cache-control").map(|header| cache(&header)),
                by_hand: answer.by_hand.clone(),
            }),
            403 | 404 => closed = Some(denied(operation, answer.status_code(), &role)),
            401 => refused = refused.or_else(|| Some(denied(operation, 401, &role))),
            status => answers.miss(denied(operation, status, &role)),
        }
    }
    // A credential that opens something is valid, and what it does not open is for another kind of caller.
    match refused.or(closed) {
        Some(why) if answers.items().is_empty() => answers.miss(why),
        _ => {}
    }
    answers
}

fn denied(operation: &Operation, status: u16, role: &str) -> Unseen {
    Unseen::new(Blind::Denied, format!("`{}` answered {status} to the role `{role}`", operation.path))
        .give(format!("a valid credential of the role `{role}`"))
}
