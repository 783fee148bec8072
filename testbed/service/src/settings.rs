//! Settings: read once from the environment, checked as a whole, or the service does not start.
//!
//! Each variable can be given as `NAME` or, for secrets kept in files, as `NAME_FILE` with a path.

use std::cell::RefCell;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use axum::http::HeaderValue;

/// Least length of every secret that signs or opens something.
const SECRET_CHARACTERS_MIN: usize = 32;

/// Everything that can be set. `.env.example` describes each variable.
#[derive(Debug)]
pub struct Settings {
    pub environment: Environment,
    pub listen: SocketAddr,
    pub internal_listen: SocketAddr,
    pub trusted_proxies: Vec<IpAddr>,
    /// Scheme and host under which browsers see the service.
    pub public_origin: HeaderValue,
    pub cors_origins: Vec<HeaderValue>,
    pub database_url: Secret,
    pub database_pool_max: u32,
    pub redis_url: Secret,
    pub session_secret: Secret,
    pub payment_webhook_secret: Secret,
    pub operator_secret: Secret,
    pub upload_dir: PathBuf,
    pub disk_free_min_percent: u64,
    pub body_limit_bytes: usize,
    pub rate_limit_requests: u64,
    pub rate_limit_window: Duration,
}

/// `APP_ENV`: which environment this process serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Environment {
    Production,
    Staging,
    Development,
}

/// A value that is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

/// Why the service does not start; names variables, never their values.
#[derive(Debug, thiserror::Error)]
#[error("the settings are not complete:\n  {}", .0.join("\n  "))]
pub struct SettingsError(Vec<String>);

impl Settings {
    pub fn from_environment() -> Result<Self, SettingsError> {
        Self::read(&Reader::new(&|name| std::env::var(name).ok()))
    }

    fn read(reader: &Reader) -> Result<Self, SettingsError> {
        let session_secret = reader.secret("SESSION_SECRET");
        let payment_webhook_secret = reader.secret("PAYMENT_WEBHOOK_SECRET");
        let operator_secret = reader.secret("OPERATOR_SECRET");
        reader.distinct(&[&session_secret, &payment_webhook_secret, &operator_secret]);
        let loopback = IpAddr::from(Ipv4Addr::LOCALHOST);
        let settings = Self {
            environment: reader.required("APP_ENV", Environment::Production),
            listen: reader.or("LISTEN", SocketAddr::new(loopback, 8080)),
            internal_listen: reader.or("INTERNAL_LISTEN", SocketAddr::new(loopback, 9090)),
            trusted_proxies: reader.list("TRUSTED_PROXIES"),
            public_origin: reader.required("PUBLIC_ORIGIN", HeaderValue::from_static("")),
            cors_origins: reader.list("CORS_ORIGINS"),
            database_url: Secret(reader.required("DATABASE_URL", String::new())),
            database_pool_max: reader.or("DATABASE_POOL_MAX", 10),
            redis_url: Secret(reader.required("REDIS_URL", String::new())),
            session_secret,
            payment_webhook_secret,
            operator_secret,
            upload_dir: reader.required("UPLOAD_DIR", PathBuf::new()),
            disk_free_min_percent: reader.or("DISK_FREE_MIN_PERCENT", 10),
            body_limit_bytes: reader.or("BODY_LIMIT_BYTES", 10 * 1024 * 1024),
            rate_limit_requests: reader.or("RATE_LIMIT_REQUESTS", 100),
            rate_limit_window: Duration::from_secs(reader.or("RATE_LIMIT_WINDOW_SECONDS", 60)),
        };
        reader.finish(settings)
    }
}

/// `OPERATOR_SECRET` alone, for signing tokens.
pub fn operator_secret() -> Result<Secret, SettingsError> {
    let reader = Reader::new(&|name| std::env::var(name).ok());
    let secret = reader.secret("OPERATOR_SECRET");
    reader.finish(secret)
}

/// `DATABASE_URL` alone, for the commands that need nothing else.
pub fn database_url() -> Result<Secret, SettingsError> {
    let reader = Reader::new(&|name| std::env::var(name).ok());
    let url = Secret(reader.required("DATABASE_URL", String::new()));
    reader.finish(url)
}

/// Reads variables and collects every complaint, so that one start names all of them.
struct Reader<'a> {
    variable: &'a dyn Fn(&str) -> Option<String>,
    complaints: RefCell<Vec<String>>,
}

impl<'a> Reader<'a> {
    fn new(variable: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self { variable, complaints: RefCell::default() }
    }

    fn complain(&self, complaint: String) {
        self.complaints.borrow_mut().push(complaint);
    }

    /// The text of a variable, or of the file that `NAME_FILE` names; an empty one counts as missing.
    fn text(&self, name: &str) -> Option<String> {
        let from_file = |path: String| {
            let read = std::fs::read_to_string(&path);
            read.map_err(|error| self.complain(format!("{name}_FILE cannot be read: {error}"))).ok()
        };
        let text =
            (self.variable)(name).or_else(|| (self.variable)(&format!("{name}_FILE")).and_then(from_file));
        text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
    }

    fn parsed<T: FromStr>(&self, name: &str, text: &str) -> Option<T> {
        let parsed = text.parse().ok();
        if parsed.is_none() {
            self.complain(format!("{name} has a value that cannot be understood"));
        }
        parsed
    }

    fn or<T: FromStr>(&self, name: &str, default: T) -> T {
        self.text(name).and_then(|text| self.parsed(name, &text)).unwrap_or(default)
    }

    /// `stand_in` is what the caller goes on with; `finish` never lets it out.
    fn required<T: FromStr>(&self, name: &str, stand_in: T) -> T {
        let Some(text) = self.text(name) else {
            self.complain(format!("{name} is missing"));
            return stand_in;
        };
        self.parsed(name, &text).unwrap_or(stand_in)
    }

    fn list<T: FromStr>(&self, name: &str) -> Vec<T> {
        let text = self.text(name).unwrap_or_default();
        let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
        items.filter_map(|item| self.parsed(name, item)).collect()
    }

    fn secret(&self, name: &str) -> Secret {
        let secret = Secret(self.required(name, String::new()));
        let length = secret.0.chars().count();
        if length > 0 && length < SECRET_CHARACTERS_MIN {
            self.complain(format!(
                "{name} has {length} characters, at least {SECRET_CHARACTERS_MIN} are needed"
            ));
        }
        secret
    }

    fn distinct(&self, secrets: &[&Secret]) {
        let mut seen: Vec<&Secret> = secrets.iter().copied().filter(|secret| !secret.0.is_empty()).collect();
        let given = seen.len();
        seen.sort_by(|a, b| a.0.cmp(&b.0));
        seen.dedup();
        if seen.len() < given {
            self.complain("SESSION_SECRET, PAYMENT_WEBHOOK_SECRET and OPERATOR_SECRET must differ".into());
        }
    }

    fn finish<T>(&self, value: T) -> Result<T, SettingsError> {
        let complaints = self.complaints.take();
        if complaints.is_empty() { Ok(value) } else { Err(SettingsError(complaints)) }
    }
}

impl Secret {
    /// The value, for the place where it is used.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
impl From<String> for Secret {
    fn from(value: String) -> Self {
        Self(value)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("***")
    }
}

impl Environment {
    pub fn name(self) -> &'static str {
        match self {
            Self::Production => "production",
            Self::Staging => "staging",
            Self::Development => "development",
        }
    }
}

impl FromStr for Environment {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let known = [Self::Production, Self::Staging, Self::Development];
        known.into_iter().find(|environment| environment.name() == text).ok_or(())
    }
}

#[cfg(test)]
mod tests;
