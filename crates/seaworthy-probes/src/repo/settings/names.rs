//! What the name of a setting says of its value.

/// The last words of names whose values are secrets.
const SECRET_ENDINGS: &[&str] = &[
    "PASSWORD",
    "PASSWD",
    "PASS",
    "PWD",
    "PASSPHRASE",
    "SECRET",
    "TOKEN",
    "APIKEY",
    "API_KEY",
    "SECRET_KEY",
    "PRIVATE_KEY",
    "ACCESS_KEY",
    "ENCRYPTION_KEY",
    "SIGNING_KEY",
    "AUTH_KEY",
    "MASTER_KEY",
    "JWT_KEY",
    "SESSION_KEY",
    "COOKIE_KEY",
    "APP_KEY",
    "SECRET_KEY_BASE",
    "CREDENTIALS",
    "WEBHOOK_SECRET",
    "SALT",
    "PEPPER",
    "SEED",
    "SECRETS",
    "KEYS_SECRET",
    "HMAC_KEY",
    "SERVICE_KEY",
    "SERVER_KEY",
    "STORAGE_KEY",
    "ACCOUNT_KEY",
    "DSN_SECRET",
    "REQUIREPASS",
    "MASTERAUTH",
];
/// Ends of names that look like the above and name something else.
const NOT_SECRET_ENDINGS: &[&str] = &[
    "PUBLIC_KEY",
    "PUBLISHABLE_KEY",
    "KEY_ID",
    "ACCESS_KEY_ID",
    "PUBLIC_TOKEN",
    "SITE_KEY",
    "MAX_TOKEN",
    "BYPASS",
    "COMPASS",
];
/// Beginnings by which frameworks hand values to every browser.
const PUBLIC_BEGINNINGS: &[&str] =
    &["NEXT_PUBLIC_", "VITE_", "REACT_APP_", "NUXT_PUBLIC_", "EXPO_PUBLIC_", "GATSBY_", "PUBLIC_"];
/// Parts of names of secrets that sign tokens, cookies or sessions.
const SIGNING_PARTS: &[&str] = &[
    "JWT",
    "SESSION",
    "COOKIE",
    "SIGNING",
    "SECRET_KEY_BASE",
    "NEXTAUTH_SECRET",
    "AUTH_SECRET",
    "APP_KEY",
    "APP_SECRET",
    "HMAC",
    "CSRF",
    "TOKEN_SECRET",
    "REFRESH_SECRET",
    "DJANGO_SECRET_KEY",
    "FLASK_SECRET_KEY",
    "APP_SECRET_KEY",
];

/// Whether a name says that its value is a secret. A URL is one when it holds a password.
pub(crate) fn is_secret(name: &str, value: &str) -> bool {
    let name = name.to_ascii_uppercase().replace(['.', '-'], "_");
    if PUBLIC_BEGINNINGS.iter().any(|beginning| name.starts_with(beginning))
        || ends(&name, NOT_SECRET_ENDINGS)
        || name.ends_with("_FILE")
        || name.ends_with("_PATH")
    {
        return false;
    }
    ends(&name, SECRET_ENDINGS) || url_password(value).is_some()
}

/// Whether a name says that its value signs tokens, cookies or sessions.
pub(crate) fn is_signing(name: &str) -> bool {
    let name = name.to_ascii_uppercase().replace(['.', '-'], "_");
    let other = [
        "WEBHOOK",
        "TTL",
        "EXPIR",
        "ISSUER",
        "AUDIENCE",
        "PUBLIC",
        "ALGORITHM",
        "NAME",
        "URL",
        "AWS_",
        "DOMAIN",
    ];
    let exact = matches!(name.as_str(), "SECRET_KEY" | "SECRET" | "APP_SECRET" | "AUTH_SECRET");
    exact
        || (SIGNING_PARTS.iter().any(|part| name.contains(part))
            && (ends(&name, SECRET_ENDINGS) || name.ends_with("_KEY"))
            && !other.iter().any(|part| name.contains(part)))
}

fn ends(name: &str, endings: &[&str]) -> bool {
    endings.iter().any(|ending| {
        name.strip_suffix(ending).is_some_and(|before| before.is_empty() || before.ends_with('_'))
    })
}

/// The password inside a URL: of `scheme://user:password@host`.
pub(crate) fn url_password(value: &str) -> Option<&str> {
    let (_, rest) = value.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let (user_info, _) = authority.rsplit_once('@')?;
    let (_, password) = user_info.split_once(':')?;
    (!password.is_empty()).then_some(password)
}

/// The part of a value that is secret: a URL's password, else all of it.
pub(crate) fn secret_part(value: &str) -> &str {
    url_password(value).unwrap_or(value)
}
