//! Cookies that hold sessions: those that a sign-in sets, or that anyone is given. Asks `POST` of the declared
//! sign-in at `probe`; otherwise only reads what other answers set.

use http::Method;
use seaworthy_core::facts::{Blind, Unseen};
use secrecy::ExposeSecret;

use super::client::{Act, Answer, shown_url};
use super::facts::Cookie;
use super::gather::Gathered;
use super::parse::cookie::cookie;
use super::site::Site;

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
        Ok(answer) => {
            let set = sessions(&answer);
            let named = set.iter().any(|cookie| cookie.session);
            // A sign-in that sets a cookie of any name sets the session.
            set.into_iter()
                .filter(|cookie| cookie.session || !named)
                .for_each(|cookie| cookies.push(Cookie { session: true, ..cookie }));
        }
        Err(why) => cookies.miss(why),
    }
    cookies
}

async fn signed_in(site: &Site<'_>) -> Result<Answer, Unseen> {
    let Some(login) = &site.target.login else {
        return Err(Unseen::new(Blind::NotGiven, "no sign-in is given, so no session was seen")
            .give("`login: {path: /…, user: …, password: {env: …}}` for the environment"));
    };
    let prober = site.prober.as_ref().map_err(Clone::clone)?;
    let url = site.at(&login.path)?;
    let password = site.target.passwords.get(url.host_str().unwrap_or(""));
    let password = match password {
        Some(password) => password.as_ref().map_err(Clone::clone)?,
        None => {
            return Err(Unseen::new(Blind::NotGiven, "the sign-in is on a host that is not under `urls`"));
        }
    };
    let (kind, body) = if login.form {
        let body = url::form_urlencoded::Serializer::new(String::new())
            .append_pair(&login.user_field, &login.user)
            .append_pair(&login.password_field, password.expose_secret())
            .finish();
        ("application/x-www-form-urlencoded", body)
    } else {
        let body = serde_json::json!({
            &login.user_field: login.user,
            &login.password_field: password.expose_secret(),
        });
        ("application/json", body.to_string())
    };
    let answer =
        prober.act(Act::new(Method::POST, &url).header("content-type", kind)?.secret_body(body)).await?;
    site.believed(&answer)?;
    match answer.status_code() {
        200..400 => Ok(answer),
        status => Err(Unseen::new(Blind::Denied, format!("the sign-in was answered {status}"))
            .give("an account that can sign in, under `login`")),
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
