//! On real servers, sound, sabotaged, poor and away; on servers that misbehave in ways real ones cannot be made to.

mod fakes;
mod logins;
mod real;
mod units;

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use seaworthy_testbed::{Running, Testbed};
use serde_json::Value as Json;

use super::*;

/// Nothing that a look does may take longer than the run allows, and a second.
const DEADLINE: Duration = Duration::from_secs(31);

/// The part `postgres`, sound or under a sabotage, as a user would wire it.
struct Part(Running);

impl Part {
    fn sound() -> Self {
        Self::started(None)
    }

    fn sabotaged(name: &str) -> Self {
        Self::started(Some(name))
    }

    fn started(sabotage: Option<&str>) -> Self {
        let testbed = Testbed::open(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testbed")).unwrap();
        let sabotage = sabotage.map(|name| testbed.sabotage("postgres", name).unwrap());
        Self(testbed.part("postgres").unwrap().start(sabotage.as_ref()).unwrap())
    }

    fn url(&self) -> &str {
        &self.0.secrets()["LOOKING_DATABASE_URL"]
    }

    /// The URL of another role, over TCP or the socket.
    fn url_of(&self, role: &str, password: &str) -> String {
        let after = self.url().split_once('@').unwrap().1;
        format!("postgres://{role}:{password}@{after}")
    }

    fn socket_url(&self, role: &str, password: &str) -> String {
        let folder = self.0.work_dir().join("run");
        let port = self.0.port("postgres");
        format!("postgres://{role}:{password}@/shop?host={}&port={port}", folder.display())
    }

    /// A `psql` of the superuser over the socket.
    fn psql(&self) -> Command {
        let mut psql = Command::new("psql");
        psql.args(["-qAtX", "-v", "ON_ERROR_STOP=1", "-d", "shop", "-U", "postgres", "-h"])
            .arg(self.0.work_dir().join("run"))
            .args(["-p", &self.0.port("postgres").to_string()])
            .env("PGPASSWORD", &self.0.secrets()["SUPERUSER_PASSWORD"]);
        psql
    }

    fn sql(&self, sql: &str) -> String {
        let output = self.psql().args(["-c", sql]).output().unwrap();
        assert!(output.status.success(), "{sql}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// Ends sessions that sleep, by the server: it would wait for them when it is stopped.
    fn end_sleepers(&self, client: &mut std::process::Child) {
        self.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep'");
        client.wait().unwrap();
    }

    /// A role with a password that may connect and nothing more.
    fn poor_role(&self) -> String {
        self.sql("CREATE ROLE poor LOGIN PASSWORD 'a poor password'; GRANT CONNECT ON DATABASE shop TO poor");
        self.socket_url("poor", "a%20poor%20password")
    }

    fn facts(&self) -> Json {
        facts(&task(self.url()))
    }
}

/// The look that the part's own description asks for.
fn task(url: &str) -> Task {
    Task {
        spec: PostgresSpec {
            url: seaworthy_core::manifest::SecretRef::Env("DATABASE_URL".into()),
            application_role: Some("shop_app".into()),
            superusers: Some(vec!["postgres".into()]),
            database: Some("shop".into()),
            memory_bytes: Some(4 << 30),
            pool_max: Some(20),
            replicas: Some(2),
            files_table: Some("public.files".into()),
        },
        url: SecretString::from(url),
        ca_pem: None,
        active: Ok(()),
        limits: Limits::default(),
        now: Utc::now(),
    }
}

/// The same at the level that only reads.
fn observing(url: &str) -> Task {
    Task { active: Err(Unseen::new(Blind::Consent, "not granted")), ..task(url) }
}

/// Looks and gives the facts as a catalog would read them. No password may be in them, and time is kept.
fn facts(task: &Task) -> Json {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let began = Instant::now();
    let facts = runtime.block_on(look(task));
    assert!(began.elapsed() < DEADLINE, "{:?}", began.elapsed());
    let facts = serde_json::to_value(&facts).unwrap();
    if let Ok(Address { password: Some(password), .. }) = Address::parse(&task.url) {
        assert!(!facts.to_string().contains(password.expose_secret()), "the password is in the facts");
    }
    facts
}

/// A fact by its path, without the marks of provenance on the way.
fn fact(facts: &Json, path: &str) -> Json {
    let mut found = facts;
    for key in path.split('.') {
        found = found.get("$seen").unwrap_or(found);
        found = match key.parse::<usize>() {
            Ok(index) => &found[index],
            Err(_) => &found[key],
        };
    }
    found.get("$seen").unwrap_or(found).clone()
}

/// Why a fact is unseen: its kind, the reason and what to give.
#[track_caller]
fn unseen(facts: &Json, path: &str) -> (String, String, String) {
    let found = fact(facts, path);
    let reason = found.get("$unseen").unwrap_or_else(|| panic!("`{path}` was seen: {found}"));
    let text = |key: &str| reason[key].as_str().unwrap_or_default().to_owned();
    (text("kind"), text("why"), text("give"))
}

/// Waits until something is so, and fails when it never is.
#[track_caller]
fn wait_for(mut so: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !so() {
        assert!(Instant::now() < deadline, "it never came to be so");
        std::thread::yield_now();
    }
}
