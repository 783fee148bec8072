//! On servers that are none, and URLs that are none.

use super::*;

fn target_of(liar: &Liar) -> RedisTarget {
    let url = format!("redis://looker:secret-canary@127.0.0.1:{}", liar.port());
    let mut target = RedisTarget::parse(&SecretString::from(url)).unwrap();
    target.probing = Ok(());
    target
}

#[tokio::test]
async fn liars_show_nothing_in_bounded_time() {
    let liars = [
        ("mute", liars::mute()),
        ("drip", liars::drip("+PONG\r\n")),
        ("garbage", liars::garbage()),
        ("web server", liars::yes_sayer("PONG")),
        ("OK to all", liars::says("+OK\r\n")),
        ("PONG to all", liars::says("+PONG\r\n")),
        ("NOAUTH to all", liars::says("-NOAUTH Authentication required.\r\n")),
        ("wrong arity to all", liars::says("-ERR wrong number of arguments for 'echo' command\r\n")),
        ("null to all", liars::says("*1\r\n$-1\r\n")),
        (
            "echoes the password",
            liars::says("-ERR unknown command `AUTH`, with args beginning with: `secret-canary`\r\n"),
        ),
        ("loading", liars::says("-LOADING Redis is loading the dataset in memory\r\n")),
        ("moved", liars::says("-MOVED 1 10.0.0.1:6379\r\n")),
        ("full", liars::says("-ERR max number of clients reached\r\n")),
        ("cut", liars::closes_at("+PONG\r\n", 3)),
        ("long string", liars::says("$536870912\r\naaaa")),
        ("longest string", liars::says("$18446744073709551615\r\naaaa")),
        ("negative", liars::says("$-7\r\n")),
        ("wide array", liars::says("*2147483647\r\n")),
        ("deep array", liars::endless("", "*1\r\n")),
        ("endless array", liars::endless("*4000\r\n", "*4000\r\n:1\r\n")),
        ("endless line", liars::endless("+", "a".repeat(65_536))),
        ("empty lines", liars::endless("", "\r\n")),
    ];
    for (name, liar) in liars {
        let liar = liar.unwrap();
        let begun = Instant::now();
        let facts = look(&target_of(&liar), &quick()).await;
        assert!(begun.elapsed() < Duration::from_secs(4), "{name} took {:?}", begun.elapsed());
        let shown = serde_json::to_string(&facts).unwrap();
        assert!(!shown.contains("canary"), "{name}: {shown}");
        assert!(liar.connections() <= 2, "{name}");
        let Seen::Seen { value, .. } = facts else { continue };
        assert!(value.unauthenticated_ping.value().is_none(), "{name}");
        assert!(value.version.value().is_none() && value.bind.value().is_none(), "{name}");
        assert!(value.protected_mode_on.value().is_none() && value.save_rules.value().is_none(), "{name}");
        assert!(value.snapshot_ok.value().is_none() && value.append_only_on.value().is_none(), "{name}");
        let rights = value.dangerous_commands.value();
        let rights = rights.into_iter().flatten().filter_map(|right| right.permitted.value());
        assert!(rights.into_iter().all(|permitted| *permitted), "{name} refuses what it should");
    }
}

#[test]
fn urls_are_read_and_never_shown() {
    let parse = |url: &str| RedisTarget::parse(&SecretString::from(url));
    let target = parse("redis://us%40er:p%2Fw%25@Cache.example.com/3").unwrap();
    assert_eq!((target.host.as_str(), target.port, target.tls), ("cache.example.com", 6379, false));
    assert_eq!(target.user.as_deref(), Some("us@er"));
    assert_eq!(secrecy::ExposeSecret::expose_secret(target.password.as_ref().unwrap()), "p/w%");
    assert_eq!(target.shown(), "redis://cache.example.com:6379");
    assert_eq!(parse("rediss://:x@[::1]:7000").unwrap().shown(), "rediss://[::1]:7000");
    assert_eq!(parse("redis://h").unwrap().looker(), "default");
    for url in [
        "",
        "canary",
        "http://u:canary@h",
        "redis://:canary@/0",
        "unix:///canary",
        "redis://u:canary@h:99999999",
        "redis://u:canary@h%0aX",
    ] {
        let why = parse(url).map(|target| target.shown()).unwrap_err();
        assert!(!format!("{why:?}").contains("canary"), "{url}: {why:?}");
    }
}
