//! Cookies that hold sessions: those that a sign-in sets, or that anyone is given. Asks `POST` of the declared
//! sign-in at `probe`, and once more with a wrong password where the first answer is no proof of success;
//! otherwise only reads what other answers set.

use http::Method;
use seaworthy_core::facts::{Blind, Unseen};
use seaworthy_core::manifest::Login;
use secrecy::ExposeSecret;
use serde_json::Value;
use url::Url;

use super::client::{Act, Answer, joined, redirect, shown_url};
use super::facts::Cookie;
use super::gather::Gathered;
use super::parse::cookie::{cookie, is_other};
use super::sensitive::{asks_to_sign_in, is_sign_in};
use super::site::{Site, nonce};
use super::target::origin;

/// What makes a sign-in succeed.
const ACCOUNT: &str = "an account that can sign in, under `login`";

pub(super) async fn look(site: &Site<'_>, front: &Result<Answer, Unseen>) -> Gathered<Cookie> {
    let mut cookies = Gathered::default();
    match front {
        Ok(front) => sessions(front)
            .into_iter()
            .filter(|cookie| cookie.session)
            .for_each(|cookie| cookies.push(cookie)),
        Err(why) => cookies.miss(why.clone()),
    }
    match signed_in(site).await {
        Ok(set) => set.into_iter().for_each(|cookie| cookies.push(Cookie { session: true, ..cookie })),
        Err(why) => cookies.miss(why),
    }
    cookies
}

/// The session's cookies of a sign-in that is proven to have succeeded.
async fn signed_in(site: &Site<'_>) -> Result<Vec<Cookie>, Unseen> {
    let Some(login) = &site.target.login else {
        return Err(Unseen::new(Blind::NotGiven, "no sign-in is given, so no session was seen")
            .give("`login: {path: /…, user: …, password: {env: …}}` for the environment"));
    };
    let url = site.at(&login.path)?;
    let password = site.target.passwords.get(&origin(&url));
    let password = match password {
        Some(password) => password.as_ref().map_err(Clone::clone)?,
        None => {
            return Err(Unseen::new(Blind::NotGiven, "the sign-in is on a host that is not under `urls`"));
        }
    };
    let answer = try_with(site, login, &url, password.expose_secret()).await?;
    site.believed(&answer)?;
    if !matches!(answer.status_code(), 200..400) {
        let why = format!("the sign-in was answered {}", answer.status_code());
        return Err(Unseen::new(Blind::Denied, why).give(ACCOUNT));
    }
    if asks_again(&answer, &url) {
        return Err(Unseen::new(Blind::Denied, "the sign-in asks to sign in again").give(ACCOUNT));
    }
    if says_no(&answer) {
        return Err(Unseen::new(Blind::Denied, "the answer to the sign-in says that it failed").give(ACCOUNT));
    }
    let set = sessions(&answer);
    let (named, others): (Vec<_>, Vec<_>) = set.into_iter().partition(|cookie| cookie.session);
    let others = others.into_iter().filter(|cookie| !is_other(&cookie.name));
    if !named.is_empty() {
        // Beside one that is named like a session another may be the session.
        let opaque: Vec<_> = others.filter(|cookie| cookie.opaque).collect();
        let of_success = if opaque.is_empty() {
            Vec::new()
        } else {
            of_success(site, login, &url, &answer, opaque).await?
        };
        return Ok(named.into_iter().chain(of_success).collect());
    }
    let set: Vec<_> = others.collect();
    if set.is_empty() && holds_token(&answer) {
        return Ok(set);
    }
    of_success(site, login, &url, &answer, set).await
}

/// Those of the cookies that a wrong password does not set.
async fn of_success(
    site: &Site<'_>,
    login: &Login,
    url: &Url,
    answer: &Answer,
    set: Vec<Cookie>,
) -> Result<Vec<Cookie>, Unseen> {
    let wrong = try_with(site, login, url, &format!("wrong-{}", nonce())).await?;
    if !differs(answer, &wrong) {
        let why = "the sign-in was answered like one with a wrong password, so no session was seen";
        return Err(Unseen::new(Blind::Unsupported, why).give(ACCOUNT));
    }
    let before = sessions(&wrong);
    Ok(set.into_iter().filter(|cookie| before.iter().all(|other| other.name != cookie.name)).collect())
}

async fn try_with(site: &Site<'_>, login: &Login, url: &Url, password: &str) -> Result<Answer, Unseen> {
    let prober = site.prober.as_ref().map_err(Clone::clone)?;
    let (kind, body) = if login.form {
        let body = url::form_urlencoded::Serializer::new(String::new())
            .append_pair(&login.user_field, &login.user)
            .append_pair(&login.password_field, password)
            .finish();
        ("application/x-www-form-urlencoded", body)
    } else {
        let body = serde_json::json!({
            &login.user_field: login.user,
            &login.password_field: password,
        });
        ("application/json", body.to_string())
    };
    prober.act(Act::new(Method::POST, url).header("content-type", kind)?.secret_body(body)).await
}

/// The form comes back, or the way leads back to it.
fn asks_again(answer: &Answer, login: &Url) -> bool {
    asks_to_sign_in(answer)
        || led_to(answer).is_some_and(|to| to.path() == login.path() || is_sign_in(to.path()))
}

fn says_no(answer: &Answer) -> bool {
    let Ok(json) = answer.json() else { return false };
    ["ok", "success", "authenticated"].iter().any(|field| json.get(field) == Some(&Value::Bool(false)))
        || ["error", "errors"].iter().any(|field| json.get(field).is_some_and(|error| !error.is_null()))
}

fn led_to(answer: &Answer) -> Option<Url> {
    joined(&answer.url, &redirect(answer)?).ok()
}

/// A token in the answer is a session that needs no cookie.
fn holds_token(answer: &Answer) -> bool {
    const FIELDS: [&str; 7] =
        ["token", "access_token", "accessToken", "id_token", "idToken", "jwt", "session_token"];
    let text = |value: &Value| value.as_str().is_some_and(|text| text.len() >= 8);
    let held = |value: &Value| FIELDS.iter().any(|field| value.get(field).is_some_and(text));
    answer.json().is_ok_and(|json| held(&json) || json.get("data").is_some_and(held))
}

/// Whether the right password was plainly answered otherwise than a wrong one.
fn differs(right: &Answer, wrong: &Answer) -> bool {
    match wrong.status_code() {
        429 | 500.. => false,
        400..500 => true,
        _ if asks_again(wrong, &wrong.url) => true,
        _ if led_to(right).map(|to| to.path().to_owned()) != led_to(wrong).map(|to| to.path().to_owned()) => {
            true
        }
        _ => match (right.json(), wrong.json()) {
            (Ok(Value::Object(right)), Ok(Value::Object(wrong))) => {
                !right.keys().eq(wrong.keys())
                    || right.iter().any(|(name, value)| value.is_boolean() && wrong.get(name) != Some(value))
            }
            _ => false,
        },
    }
}

fn sessions(answer: &Answer) -> Vec<Cookie> {
    answer
        .header_lines("set-cookie")
        .iter()
        .filter_map(|line| cookie(line))
        .map(|cookie| Cookie { url: shown_url(&answer.url), by_hand: answer.by_hand.clone(), ..cookie })
        .collect()
}
