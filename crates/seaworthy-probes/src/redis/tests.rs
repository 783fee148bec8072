//! The probe on real servers: sound, sabotaged, away, of other versions, behind TLS; and on liars.

mod impostors;
mod restart;
mod versions;

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{IpAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use seaworthy_core::consent::Consent;
use seaworthy_core::facts::{Blind, Seen, Unseen};
use seaworthy_core::limits::Limits;
use seaworthy_core::manifest::{Environment, SecretRef};
use seaworthy_testbed::liars::{self, Liar};
use seaworthy_testbed::{Running, StartError, Testbed};
use secrecy::SecretString;

use super::facts::{DefaultUser, Ping, Reached, RedisFacts, Role};
use super::{RedisTarget, look};
use crate::ask::Ask;

fn testbed() -> Testbed {
    Testbed::open(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testbed")).unwrap()
}

/// The Redis of the testbed, or nothing where it is not installed.
fn start(sabotage: Option<&str>) -> Option<Running> {
    let testbed = testbed();
    let sabotage = sabotage.map(|name| testbed.sabotage("redis", name).unwrap());
    installed(testbed.part("redis").unwrap().start(sabotage.as_ref()))
}

/// A part of a test's own.
fn start_own(yaml: &str, files: &[(&str, &str)]) -> Option<Running> {
    let folder = tempfile::tempdir().unwrap();
    let part = folder.path().join("parts/own");
    std::fs::create_dir_all(&part).unwrap();
    std::fs::write(part.join("part.yaml"), yaml).unwrap();
    for (name, content) in files {
        std::fs::write(part.join(name), content).unwrap();
    }
    installed(Testbed::open(folder.path()).unwrap().part("own").unwrap().start(None))
}

fn installed(started: Result<Running, StartError>) -> Option<Running> {
    match started {
        Err(error @ StartError::Missing { .. }) => {
            eprintln!("skipped: {error}");
            None
        }
        started => Some(started.unwrap()),
    }
}

fn ask(environment: &str, secrets: &BTreeMap<String, String>) -> Ask {
    let environment: Environment = serde_saphyr::from_str(environment).unwrap();
    let secrets = secrets.clone();
    Ask {
        commanded: false,
        consent: environment.consent,
        environment,
        base: "/".into(),
        limits: Limits::default(),
        now: chrono::Utc::now(),
        secrets: Arc::new(move |reference| {
            let SecretRef::Env(name) = reference else {
                return Err(Unseen::new(Blind::NotGiven, "no such file"));
            };
            let given = secrets.get(name).cloned().map(SecretString::from);
            given.ok_or_else(|| Unseen::new(Blind::NotGiven, "it is not set"))
        }),
    }
}

fn target(running: &Running) -> RedisTarget {
    let ask = ask(running.environment(), running.secrets());
    RedisTarget::given(&ask, ask.environment.redis.as_ref().unwrap()).unwrap()
}

async fn seen_of(target: &RedisTarget, limits: &Limits) -> RedisFacts {
    match look(target, limits).await {
        Seen::Seen { value, .. } => value,
        Seen::Unseen(why) => panic!("nothing seen: {why:?}"),
    }
}

async fn seen(running: &Running) -> RedisFacts {
    seen_of(&target(running), &Limits::default()).await
}

/// Which of the dangerous commands are permitted, by name.
fn permitted(facts: &RedisFacts) -> Vec<&str> {
    let rights = facts.dangerous_commands.value().unwrap();
    let permitted = rights.iter().filter(|right| *right.permitted.value().unwrap());
    permitted.map(|right| right.command.as_str()).collect()
}

/// Every reason for not seeing, however deep it stands.
fn reasons(facts: &RedisFacts) -> Vec<serde_json::Value> {
    fn gather(json: &serde_json::Value, into: &mut Vec<serde_json::Value>) {
        match json {
            serde_json::Value::Object(map) => {
                into.extend(map.get("$unseen").cloned());
                map.values().for_each(|value| gather(value, into));
            }
            serde_json::Value::Array(items) => items.iter().for_each(|value| gather(value, into)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    gather(&serde_json::to_value(facts).unwrap(), &mut found);
    found
}

const NOAUTH: Ping = Ping { answered: false, error_code: None };

fn noauth() -> Ping {
    Ping { error_code: Some("NOAUTH".to_owned()), ..NOAUTH }
}

#[tokio::test]
async fn sound_server_is_seen_whole() {
    let Some(running) = start(None) else { return };
    let facts = seen(&running).await;
    assert_eq!(reasons(&facts), Vec::<serde_json::Value>::new());
    assert_eq!(facts.unauthenticated_ping.value(), Some(&noauth()));
    assert_eq!(facts.default_user.value().unwrap(), &DefaultUser { enabled: false, passwordless: false });
    assert!(facts.version.value().unwrap().major >= 6);
    assert_eq!(facts.role.value(), Some(&Role::Primary));
    let bind = &facts.bind.value().unwrap().items;
    assert_eq!(bind.len(), 1);
    assert_eq!(bind[0].reach.value(), Some(&Reached::Loopback));
    assert_eq!(facts.protected_mode_on.value(), Some(&true));
    assert!(facts.own_addresses.value().unwrap().items.iter().all(|own| own.answers.value() == Some(&false)));
    assert_eq!(facts.dangerous_commands.value().unwrap().len(), 16);
    assert_eq!(permitted(&facts), Vec::<&str>::new());
    assert_eq!(facts.append_only_on.value(), Some(&true));
    assert_eq!(facts.append_only_write_ok.value(), Some(&Some(true)));
    assert_eq!(facts.save_rules.value().unwrap().items.len(), 3);
    assert_eq!(facts.snapshot_ok.value(), Some(&true));
}

#[tokio::test]
async fn no_secret_is_in_the_facts_nor_in_the_debug_form() {
    let Some(running) = start(None) else { return };
    let target = target(&running);
    let facts = seen_of(&target, &Limits::default()).await;
    let shown = format!("{} {facts:?} {target:?}", serde_json::to_string(&facts).unwrap());
    let url = &running.secrets()["REDIS_URL"];
    let secret = url.split([':', '@']).nth(2).unwrap();
    assert_eq!(secret.len(), 48);
    assert!(!shown.contains(secret));
    assert!(shown.contains("--askpass ACL DRYRUN app flushall"), "{shown}");
}

#[tokio::test]
async fn sabotages_are_seen() {
    for name in
        ["no-authentication", "listens-everywhere", "protected-mode-off", "dangerous-commands", "old-version"]
    {
        let Some(running) = start(Some(name)) else { return };
        let facts = seen(&running).await;
        match name {
            "no-authentication" => {
                let ping = facts.unauthenticated_ping.value().unwrap();
                assert_eq!(ping, &Ping { answered: true, error_code: None });
                assert!(facts.default_user.value().unwrap().passwordless);
            }
            "listens-everywhere" => {
                assert_eq!(facts.bind.value().unwrap().items[0].reach.value(), Some(&Reached::Every));
                let own = &facts.own_addresses.value().unwrap().items;
                assert!(
                    own.iter()
                        .filter(|own| own.address.contains('.'))
                        .all(|own| own.answers.value() == Some(&true))
                );
            }
            "protected-mode-off" => assert_eq!(facts.protected_mode_on.value(), Some(&false)),
            "dangerous-commands" => {
                let all = facts.dangerous_commands.value().unwrap().len();
                assert_eq!(permitted(&facts).len(), all);
            }
            _ => {
                assert_eq!(facts.version.value().unwrap().major, 5);
                assert_eq!(permitted(&facts), Vec::<&str>::new());
            }
        }
    }
}

#[tokio::test]
async fn lost_persistence_is_seen() {
    let Some(running) = start(Some("no-persistence")) else { return };
    let facts = seen(&running).await;
    assert_eq!(facts.append_only_on.value(), Some(&false));
    assert_eq!(facts.append_only_write_ok.value(), Some(&None));
    assert_eq!(facts.save_rules.value().unwrap().items, []);
    let Some(running) = start(Some("snapshot-fails")) else { return };
    assert_eq!(seen(&running).await.snapshot_ok.value(), Some(&false));
}

#[tokio::test]
async fn nothing_is_seen_of_a_server_that_is_away() {
    let Some(mut running) = start(None) else { return };
    let target = target(&running);
    running.away();
    let facts = look(&target, &Limits::default()).await;
    assert_eq!(facts.reason().unwrap().kind, Blind::Unreachable);
    assert!(facts.reason().unwrap().give.is_some());
}

#[tokio::test]
async fn q3_a_million_keys_are_not_gone_through() {
    const MANY: &str = "
title: Redis with many keys
needs: {redis-server: redis-server}
ports: [redis]
secrets: [app]
files: [redis.conf]
processes: [{name: redis, run: [redis-server, '${work}/redis.conf'], ready: {tcp: redis}}]
environment: |
  consent: probe
  redis: {url: {env: REDIS_URL}, application_user: default}
secrets_given: {REDIS_URL: 'redis://:${secret:app}@127.0.0.1:${port:redis}'}
";
    let configuration = "bind 127.0.0.1\nport ${port:redis}\ndir ${work}\nsave ''\nenable-debug-command local\nrequirepass ${secret:app}\n";
    let Some(running) = start_own(MANY, &[("redis.conf", configuration)]) else { return };
    let url = running.secrets()["REDIS_URL"].clone();
    let password = url.split([':', '@']).nth(2).unwrap().to_owned();
    let begin = [format!("AUTH {password}"), "DEBUG POPULATE 1000000 key 1".to_owned()];
    assert_eq!(versions::answers(&running, &begin), ["+OK", "+OK"]);
    let facts = seen(&running).await;
    assert!(facts.dangerous_commands.value().is_some() && facts.append_only_on.value().is_some());
    let found = versions::answers(&running, &[format!("AUTH {password}"), "DBSIZE".to_owned()]);
    assert_eq!(found, ["+OK", ":1000000"]);
}

#[tokio::test]
async fn wrong_password_leaves_what_a_stranger_sees() {
    let Some(running) = start(None) else { return };
    let mut target = target(&running);
    target.password = Some(SecretString::from("not-the-password"));
    let facts = seen_of(&target, &Limits::default()).await;
    assert_eq!(facts.unauthenticated_ping.value(), Some(&noauth()));
    let why = facts.version.reason().unwrap();
    assert_eq!(why.kind, Blind::Denied);
    assert!(why.give.as_ref().unwrap().contains("password"), "{why:?}");
    assert!(facts.own_addresses.value().is_some());
    target.password = None;
    let facts = seen_of(&target, &Limits::default()).await;
    assert_eq!(facts.bind.reason().unwrap().kind, Blind::Denied);
}

#[tokio::test]
async fn a_user_that_is_off_takes_no_password_whatever_the_server_says_of_it() {
    let Some(running) = start(None) else { return };
    let users = std::fs::read_to_string(running.work_dir().join("users.acl")).unwrap();
    let after = users.split("user admin on >").nth(1).unwrap();
    let password = after.split_whitespace().next().unwrap();
    let commands = [format!("AUTH admin {password}"), "ACL SETUSER default off nopass".to_owned()];
    assert_eq!(versions::answers(&running, &commands), ["+OK", "+OK"]);
    let facts = seen(&running).await;
    assert_eq!(facts.unauthenticated_ping.value(), Some(&noauth()));
    let logins = facts.default_logins.value().unwrap();
    assert_eq!((logins.accepted, logins.tried_count), (false, 8));
}

#[tokio::test]
async fn lacking_rights_are_named() {
    let Some(running) = start(None) else { return };
    let mut target = target(&running);
    let users = std::fs::read_to_string(running.work_dir().join("users.acl")).unwrap();
    let app = users.lines().find(|line| line.starts_with("user app")).unwrap();
    let password = app.split_whitespace().find_map(|word| word.strip_prefix('>')).unwrap();
    (target.user, target.password) = (Some("app".to_owned()), Some(SecretString::from(password)));
    let facts = seen_of(&target, &Limits::default()).await;
    let gives = |unseen: &Unseen| (unseen.kind, unseen.give.clone().unwrap());
    let denied = |right: &str| (Blind::Denied, format!("ACL SETUSER app {right}"));
    assert_eq!(gives(facts.bind.reason().unwrap()), denied("+config|get"));
    assert_eq!(gives(facts.version.reason().unwrap()), denied("+info"));
    assert_eq!(gives(facts.default_user.reason().unwrap()), denied("+acl|getuser"));
    let rights = facts.dangerous_commands.value().unwrap();
    assert!(rights.iter().all(|right| gives(right.permitted.reason().unwrap()) == denied("+acl|dryrun")));
}

#[tokio::test]
async fn user_who_does_not_exist_has_no_rights_to_see() {
    let Some(running) = start(None) else { return };
    let mut target = target(&running);
    target.application_user = "nobody".to_owned();
    let facts = seen_of(&target, &Limits::default()).await;
    let rights = facts.dangerous_commands.value().unwrap();
    assert!(rights.iter().all(|right| right.permitted.reason().unwrap().kind == Blind::NotGiven));
}

#[tokio::test]
async fn observing_makes_no_connection_without_credentials() {
    let Some(running) = start(None) else { return };
    let mut ask = ask(running.environment(), running.secrets());
    ask.consent = Consent::Observe;
    let target = RedisTarget::given(&ask, ask.environment.redis.as_ref().unwrap()).unwrap();
    let facts = seen_of(&target, &Limits::default()).await;
    assert_eq!(facts.unauthenticated_ping.reason().unwrap().kind, Blind::Consent);
    assert_eq!(facts.own_addresses.reason().unwrap().kind, Blind::Consent);
    assert!(!facts.default_user.value().unwrap().enabled);
}

#[tokio::test]
async fn password_never_leaves_the_machine_in_clear() {
    let Some(running) = start(Some("listens-everywhere")) else { return };
    let sound = seen(&running).await;
    let own = sound.own_addresses.value().unwrap().items.iter();
    let Some(own) = own.filter_map(|own| own.address.parse::<IpAddr>().ok()).find(IpAddr::is_ipv4) else {
        return;
    };
    let mut target = target(&running);
    target.address = Some(own);
    let facts = seen_of(&target, &Limits::default()).await;
    assert_eq!(facts.dialled.value().unwrap().address.ip(), own);
    assert_eq!(facts.unauthenticated_ping.value(), Some(&noauth()));
    let why = facts.version.reason().unwrap();
    assert_eq!(why.kind, Blind::Denied);
    assert!(why.why.contains("was not sent"), "{why:?}");
}

const TLS: &str = "
title: Redis that speaks TLS
needs: {redis-server: redis-server, openssl: openssl}
ports: [redis]
secrets: [app]
files: [redis.conf]
prepare:
  - [openssl, req, -x509, -newkey, 'ec', -pkeyopt, 'ec_paramgen_curve:P-256', -nodes, -keyout, '${work}/key.pem', -out, '${work}/cert.pem',
     -days, '2', -subj, '/CN=redis.example.com', -addext, 'subjectAltName=DNS:redis.example.com', -addext, 'basicConstraints=critical,CA:FALSE']
processes: [{name: redis, run: [redis-server, '${work}/redis.conf'], ready: {tcp: redis}}]
environment: |
  consent: probe
  ca: ${work}/cert.pem
  resolve: {redis.example.com: 127.0.0.1}
  redis: {url: {env: REDIS_URL}}
secrets_given:
  REDIS_URL: 'rediss://:${secret:app}@redis.example.com:${port:redis}'
  REDIS_URL_HOSTS: 'redis.example.com:${port:redis}@127.0.0.1'
  SEAWORTHY_CA: '${work}/cert.pem'
";
const TLS_CONFIGURATION: &str = "bind 127.0.0.1\nport 0\ntls-port ${port:redis}\ntls-cert-file ${work}/cert.pem\ntls-key-file ${work}/key.pem\n\
     tls-auth-clients no\ndir ${work}\nrequirepass ${secret:app}\n";

#[tokio::test]
async fn tls_is_spoken_with_a_trusted_server_only() {
    let Some(running) = start_own(TLS, &[("redis.conf", TLS_CONFIGURATION)]) else { return };
    let facts = seen(&running).await;
    assert_eq!(facts.unauthenticated_ping.value(), Some(&noauth()));
    assert!(facts.dialled.value().unwrap().tls_on);
    assert!(facts.version.value().is_some());
    // Where the manifest says the server is, its password goes with the keeper's word only.
    let mut unbound = running.secrets().clone();
    unbound.remove("REDIS_URL_HOSTS");
    let unbound = ask(running.environment(), &unbound);
    let why = RedisTarget::given(&unbound, unbound.environment.redis.as_ref().unwrap()).unwrap_err();
    assert!(why.give.is_some_and(|give| give.contains("REDIS_URL_HOSTS=redis.example.com:")), "{}", why.why);
    let mut unbacked = running.secrets().clone();
    unbacked.remove("SEAWORTHY_CA");
    let unbacked = ask(running.environment(), &unbacked);
    let why = RedisTarget::given(&unbacked, unbacked.environment.redis.as_ref().unwrap()).unwrap_err();
    assert!(why.why.contains("named by the manifest alone"), "{}", why.why);
    let mut other = target(&running);
    other.roots = Arc::new(rustls::RootCertStore::empty());
    let why = look(&other, &Limits::default()).await.reason().unwrap().clone();
    assert!(why.why.contains("not trusted"), "{why:?}");
    let mut other = target(&running);
    other.host = "localhost".to_owned();
    let why = look(&other, &Limits::default()).await.reason().unwrap().clone();
    assert!(why.why.contains("not trusted"), "{why:?}");
    let mut plain = target(&running);
    plain.tls = false;
    let facts = seen_of(&plain, &quick()).await;
    assert!(facts.unauthenticated_ping.value().is_none() && facts.version.value().is_none());
}

fn quick() -> Limits {
    let short = Duration::from_millis(700);
    Limits { connect: short, answer: short, ..Limits::default() }
}
