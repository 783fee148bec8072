use std::net::{IpAddr, TcpListener};

use seaworthy_core::limits::Limits;

use super::persistence::save_rules;
use super::reach::{bound, tried};
use super::rights::permitted;
use super::version;
use crate::redis::facts::{Reached, SaveRule};
use crate::redis::question::Dangerous;
use crate::redis::resp::Reply;

fn configured(name: &str, value: &str) -> Reply {
    let text = |text: &str| Reply::Bulk(Some(text.to_owned()));
    Reply::Array(Some(vec![text(name), text(value)]))
}

fn reaches(bind: &str) -> Vec<Option<Reached>> {
    bound(&configured("bind", bind)).unwrap().items.iter().map(|bind| bind.reach.value().copied()).collect()
}

#[test]
fn addresses_to_listen_on_are_judged() {
    use Reached::{Every, LinkLocal, Loopback, Private, Public};
    assert_eq!(reaches("127.0.0.1 -::1"), [Some(Loopback), Some(Loopback)]);
    assert_eq!(reaches("* -::*"), [Some(Every), Some(Every)]);
    assert_eq!(reaches("0.0.0.0 ::"), [Some(Every), Some(Every)]);
    assert_eq!(reaches(""), [Some(Every)]);
    assert_eq!(reaches("10.1.2.3 fd00::1 fe80::1%eth0"), [Some(Private), Some(Private), Some(LinkLocal)]);
    assert_eq!(reaches("198.51.100.7 2001:db8::1 224.0.0.1"), [Some(Public), Some(Public), Some(Public)]);
    assert_eq!(reaches("cache.example.com"), [None]);
}

#[test]
fn answers_to_other_questions_are_no_settings() {
    for reply in [configured("port", "6379"), Reply::Simple("OK".into()), Reply::Array(Some(vec![]))] {
        assert!(bound(&reply).is_err(), "{reply:?}");
        assert!(save_rules(&reply).is_err(), "{reply:?}");
    }
}

#[test]
fn save_rules_are_pairs() {
    let rules = save_rules(&configured("save", "3600 1 300 100")).unwrap().items;
    assert_eq!(rules, [SaveRule { seconds: 3600, changes: 1 }, SaveRule { seconds: 300, changes: 100 }]);
    assert!(save_rules(&configured("save", "")).unwrap().items.is_empty());
    assert!(save_rules(&configured("save", "3600")).is_err());
    assert!(save_rules(&configured("save", "often 1")).is_err());
}

#[test]
fn versions_are_numbers() {
    let of = |text: &str| version(&Reply::Bulk(Some(format!("# Server\r\nredis_version:{text}\r\n"))));
    let seen = of("7.0.15").unwrap();
    assert_eq!((seen.text.as_str(), seen.major, seen.minor), ("7.0.15", 7, 0));
    for text in ["", "7", "seven.0", "7.0.15-secret", "99999999999.0", "7..0", &"7.".repeat(40)] {
        assert!(of(text).is_err(), "{text}");
    }
}

#[test]
fn rules_of_no_known_form_decide_nothing() {
    assert_eq!(permitted("-@all +flushall", Dangerous::FlushAll, &[]), Ok(true));
    assert_eq!(permitted("", Dangerous::FlushAll, &[]), Ok(false));
    assert!(permitted("-@all (+flushall ~*)", Dangerous::FlushAll, &[]).is_err());
}

#[tokio::test]
async fn own_addresses_that_answer_are_told_apart() {
    let listener = TcpListener::bind(("0.0.0.0", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let own = nix::ifaddrs::getifaddrs().unwrap().filter_map(|interface| interface.address);
    let own = own.filter_map(|address| address.as_sockaddr_in().map(|v4| IpAddr::V4(v4.ip())));
    let own: Vec<IpAddr> = own.collect();
    let outer = own.iter().filter(|address| crate::address::reach(**address).is_ok());
    let outer = outer.filter(|address| !address.is_loopback()).count();
    let open = tried(own.clone(), port, &Limits::default()).await.items;
    assert_eq!(open.len(), outer);
    assert!(open.iter().all(|own| own.answers.value() == Some(&true)));
    drop(listener);
    let closed = tried(own, port, &Limits::default()).await.items;
    assert!(closed.iter().all(|own| own.answers.value() == Some(&false)));
}
