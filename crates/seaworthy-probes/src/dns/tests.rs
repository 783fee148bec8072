//! The probe against a real dnsmasq, and against name servers that lie.

use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use hickory_resolver::proto::op::{Message, ResponseCode};
use hickory_resolver::proto::rr::rdata::{A, CNAME};
use hickory_resolver::proto::rr::{Name, Record};
use seaworthy_core::manifest::Manifest;
use tokio::net::UdpSocket;

use super::*;

const CONFIGURATION: &str = "\
host-record=shop.example.com,127.0.0.1
host-record=both.example.com,10.0.0.9,2001:db8::9
cname=www.example.com,shop.example.com
cname=old.example.com,gone.example.com
cname=away.example.com,gone.example.org
txt-record=text.example.com,hello
";

struct Dnsmasq {
    port: u16,
    child: Child,
}

impl Drop for Dnsmasq {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A zone `example.com` on a free port, and nothing else.
fn dnsmasq() -> Dnsmasq {
    let folder = tempfile::tempdir().unwrap();
    let conf = folder.path().join("dnsmasq.conf");
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
    let settings = format!(
        "port={port}\nlisten-address=127.0.0.1\nbind-interfaces\nno-resolv\nno-hosts\nno-poll\nlog-facility=-\n\
         pid-file=\nlocal=/example.com/\n{CONFIGURATION}"
    );
    std::fs::write(&conf, settings).unwrap();
    let mut child = Command::new("dnsmasq")
        .arg("--keep-in-foreground")
        .arg(format!("--conf-file={}", conf.display()))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    assert!(lines.by_ref().flatten().any(|line| line.contains("started")), "dnsmasq did not start");
    std::thread::spawn(move || lines.for_each(drop));
    Dnsmasq { port, child }
}

fn limits() -> Limits {
    Limits { deadline: Duration::from_secs(30), ..Limits::default() }
}

fn short_limits() -> Limits {
    Limits {
        deadline: Duration::from_secs(2),
        connect: Duration::from_millis(200),
        answer: Duration::from_millis(200),
    }
}

async fn check(name: &str, port: u16, limits: Limits) -> DnsName {
    let target = DnsTarget { names: vec![name.into()], servers: vec![([127, 0, 0, 1], port).into()] };
    let facts = look(&target, &limits).await;
    let names = seen(&seen(&facts).names);
    names.items.into_iter().next().unwrap()
}

fn seen<T: Clone + std::fmt::Debug>(fact: &Seen<T>) -> T {
    fact.value().cloned().unwrap_or_else(|| panic!("not seen: {:?}", fact.reason()))
}

fn listed(fact: &Seen<Listed<String>>) -> Vec<String> {
    let list = seen(fact);
    assert_eq!(list.cut, None);
    list.items
}

#[tokio::test]
async fn a_name_with_addresses_is_seen() {
    let server = dnsmasq();
    let name = check("both.example.com", server.port, limits()).await;
    assert!(seen(&name.exists) && !seen(&name.alias_dangles));
    assert_eq!(listed(&name.ipv4_addresses), ["10.0.0.9"]);
    assert_eq!(listed(&name.ipv6_addresses), ["2001:db8::9"]);
    assert_eq!(listed(&name.addresses), ["10.0.0.9", "2001:db8::9"]);
    assert!(listed(&name.aliases).is_empty());
    assert_eq!(name.by_hand, format!("dig @127.0.0.1 -p {} both.example.com A", server.port));
}

#[tokio::test]
async fn an_alias_is_followed() {
    let server = dnsmasq();
    let name = check("www.example.com", server.port, limits()).await;
    assert_eq!(listed(&name.aliases), ["shop.example.com"]);
    assert_eq!(listed(&name.addresses), ["127.0.0.1"]);
    assert!(seen(&name.exists) && !seen(&name.alias_dangles));
}

#[tokio::test]
async fn an_alias_to_nothing_dangles() {
    let server = dnsmasq();
    let name = check("old.example.com", server.port, limits()).await;
    assert!(seen(&name.exists) && seen(&name.alias_dangles));
    assert_eq!(listed(&name.aliases), ["gone.example.com"]);
    assert!(listed(&name.addresses).is_empty());
}

#[tokio::test]
async fn a_name_that_does_not_exist_is_seen_to_be_absent() {
    let server = dnsmasq();
    let name = check("nowhere.example.com", server.port, limits()).await;
    assert!(!seen(&name.exists) && !seen(&name.alias_dangles));
    assert!(listed(&name.addresses).is_empty());
}

#[tokio::test]
async fn a_name_without_addresses_exists() {
    let server = dnsmasq();
    let name = check("text.example.com", server.port, limits()).await;
    assert!(seen(&name.exists));
    assert!(listed(&name.addresses).is_empty());
}

#[tokio::test]
async fn what_a_server_refuses_to_say_is_unseen() {
    let server = dnsmasq();
    let foreign = check("example.org", server.port, limits()).await;
    for why in [foreign.exists.reason(), foreign.addresses.reason(), foreign.alias_dangles.reason()] {
        assert_eq!(why.map(|why| why.kind), Some(Blind::Denied), "{foreign:?}");
    }
    let away = check("away.example.com", server.port, limits()).await;
    assert!(away.alias_dangles.value().is_none(), "{away:?}");
    assert_eq!(seen(&away.aliases).items, ["gone.example.org"]);
    assert!(seen(&away.aliases).cut.is_some());
}

/// A name server that answers what it is told to; its answers are not sent when they are empty.
async fn liar(answer: impl Fn(&Message) -> Vec<u8> + Send + 'static) -> u16 {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = socket.local_addr().unwrap().port();
    tokio::spawn(async move {
        let mut buffer = [0; 4096];
        while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
            let Ok(question) = Message::from_vec(&buffer[..length]) else { continue };
            let answer = answer(&question);
            if !answer.is_empty() {
                let _ = socket.send_to(&answer, from).await;
            }
        }
    });
    port
}

fn reply(question: &Message, code: ResponseCode, records: Vec<Record>) -> Vec<u8> {
    let mut message = Message::response(question.id, question.op_code);
    message.metadata.response_code = code;
    message.add_queries(question.queries.iter().cloned());
    message.add_answers(records);
    message.to_vec().unwrap()
}

fn alias(from: &Name, to: &str) -> Record {
    let target = Name::from_ascii(to).unwrap();
    Record::from_rdata(from.clone(), u32::MAX, RData::CNAME(CNAME(target)))
}

fn nothing_is_known(name: &DnsName) {
    assert!(name.exists.value().is_none(), "{name:?}");
    assert!(name.addresses.value().is_none() && name.alias_dangles.value().is_none(), "{name:?}");
}

#[tokio::test]
async fn silence_garbage_and_failure_show_nothing() {
    let fail = |question: &Message| reply(question, ResponseCode::ServFail, Vec::new());
    let short = |question: &Message| reply(question, ResponseCode::NoError, Vec::new())[..7].to_vec();
    let foreign_id = |question: &Message| {
        let mut bytes = reply(question, ResponseCode::NXDomain, Vec::new());
        bytes[0] ^= 0xff;
        bytes
    };
    let ports = [
        liar(|_| Vec::new()).await,
        liar(|_| vec![0xff; 512]).await,
        liar(|_| b"HTTP/1.1 200 OK\r\n\r\n".to_vec()).await,
        liar(fail).await,
        liar(short).await,
        liar(foreign_id).await,
    ];
    for port in ports {
        let begun = std::time::Instant::now();
        nothing_is_known(&check("shop.example.com", port, short_limits()).await);
        assert!(begun.elapsed() < short_limits().deadline + Duration::from_secs(1));
    }
}

#[tokio::test]
async fn a_closed_port_shows_nothing() {
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
    nothing_is_known(&check("shop.example.com", port, short_limits()).await);
}

#[tokio::test]
async fn aliases_in_a_circle_dangle() {
    let port = liar(|question| {
        let asked = question.queries[0].name();
        let to = if asked.to_ascii().starts_with('a') { "b.example.com." } else { "a.example.com." };
        reply(question, ResponseCode::NoError, vec![alias(asked, to)])
    })
    .await;
    let name = check("a.example.com", port, short_limits()).await;
    assert!(seen(&name.alias_dangles));
    assert_eq!(listed(&name.aliases), ["b.example.com"]);
}

#[tokio::test]
async fn endless_aliases_are_left() {
    let port = liar(|question| {
        let asked = question.queries[0].name();
        let to = format!("x{}", asked.to_ascii());
        reply(question, ResponseCode::NoError, vec![alias(asked, &to)])
    })
    .await;
    let name = check("a.example.com", port, short_limits()).await;
    assert_eq!(name.alias_dangles.reason().map(|why| why.kind), Some(Blind::CutShort));
    assert!(name.addresses.value().is_none_or(|list| list.items.is_empty()));
}

#[tokio::test]
async fn odd_bytes_in_a_name_come_out_escaped() {
    let port = liar(|question| {
        let asked = question.queries[0].name();
        if asked.to_ascii().starts_with("shop") {
            let odd = Name::from_labels([&b"\x1b[31m$(id)\"\n"[..], b"example", b"com"]).unwrap();
            let record = Record::from_rdata(asked.clone(), 0, RData::CNAME(CNAME(odd)));
            return reply(question, ResponseCode::NoError, vec![record]);
        }
        reply(question, ResponseCode::NXDomain, Vec::new())
    })
    .await;
    let name = check("shop.example.com", port, short_limits()).await;
    let target = seen(&name.aliases).items.remove(0);
    assert!(target.chars().all(|c| c.is_ascii_graphic()), "{target:?}");
}

#[tokio::test]
async fn many_addresses_are_cut() {
    let port = liar(|question| {
        let asked = question.queries[0].name();
        let record = |number: u8| Record::from_rdata(asked.clone(), 1, RData::A(A::new(10, 0, 0, number)));
        if question.queries[0].query_type() == RecordType::A {
            return reply(question, ResponseCode::NoError, (0..50).map(record).collect());
        }
        reply(question, ResponseCode::NoError, Vec::new())
    })
    .await;
    let name = check("shop.example.com", port, limits()).await;
    let addresses = seen(&name.ipv4_addresses);
    assert_eq!((addresses.items.len(), addresses.cut.is_some()), (32, true));
}

#[tokio::test]
async fn a_link_local_name_server_is_never_asked() {
    let target = DnsTarget {
        names: vec!["shop.example.com".into()],
        servers: vec!["169.254.169.254:53".parse().unwrap()],
    };
    let facts = look(&target, &short_limits()).await;
    assert!(facts.reason().unwrap().why.contains("never asked"), "{facts:?}");
}

#[test]
fn names_come_from_the_manifest_or_else_from_the_urls() {
    let target = |yaml: &str| {
        let text = format!("service: {{name: s}}\nenvironments: {{x: {yaml}}}");
        step::target(&Manifest::parse("seaworthy.yaml", &text).unwrap().environments["x"])
            .map(|target| target.names)
    };
    let urls = "urls: ['https://Shop.example.com:8443', 'http://shop.example.com', 'https://10.0.0.1', 'https://[::1]']";
    assert_eq!(target(&format!("{{{urls}}}")), Some(vec!["shop.example.com".into()]));
    assert_eq!(
        target(&format!("{{{urls}, dns: {{names: [ä.example.com.]}}}}")),
        Some(vec!["xn--4ca.example.com".into()])
    );
    assert_eq!(target("{urls: ['https://10.0.0.1']}"), None);
}

#[tokio::test]
async fn a_name_that_is_none_is_unseen_and_not_run_by_a_shell() {
    let server = dnsmasq();
    for odd in ["$(id)", "a..b", "; rm -rf '", &"x".repeat(300)] {
        let name = check(odd, server.port, limits()).await;
        assert!(name.addresses.value().is_none_or(|list| list.items.is_empty()), "{name:?}");
        let command = name.by_hand.split_once("dig ").unwrap().1;
        assert!(!command.contains('$') || command.contains("'$"), "{command}");
    }
}
