//! The client against servers that misbehave: rows H1 to H17 of the safety table, one test each.

use std::io::Write;
use std::time::Duration;

use secrecy::SecretString;
use tokio::io::AsyncWriteExt;

use super::*;
use crate::http::fake::Fake;

fn setup() -> Setup {
    Setup {
        resolve: Vec::new(),
        roots: roots(&[]),
        home: Vec::new(),
        scrubber: Scrubber::default(),
        connect: Duration::from_secs(1),
        answer: Duration::from_secs(1),
        deadline: Instant::now() + Duration::from_secs(20),
    }
}

async fn get(url: &Url) -> Result<Answer, Unseen> {
    let began = Instant::now();
    let answered = Observer::new(&setup()).ask(Ask::get(url)).await;
    assert!(began.elapsed() < Duration::from_secs(3), "took {:?}", began.elapsed());
    answered
}

async fn kind_of(fake: &Fake) -> Blind {
    get(&fake.url).await.expect_err("nothing to be seen").kind
}

fn token() -> Credential {
    let url = Url::parse("https://shop.example").expect("a URL");
    Credential::new(SecretString::from("canary-token-42".to_owned()), "$TOKEN", &url)
}

#[tokio::test]
async fn h1_a_drip_ends_at_the_deadline() {
    let fake = Fake::serving(|mut stream, _| async move {
        while stream.write_all(b"H").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    })
    .await;
    assert!(matches!(kind_of(&fake).await, Blind::Timeout | Blind::Garbled));
}

#[tokio::test]
async fn h1_a_dripping_body_leaves_the_head_seen() {
    let fake = Fake::serving(|mut stream, _| async move {
        let mut alive = stream.write_all(b"HTTP/1.1 200 OK\r\nx-seen: yes\r\n\r\n").await;
        while alive.is_ok() {
            tokio::time::sleep(Duration::from_millis(100)).await;
            alive = stream.write_all(b"a").await;
        }
    })
    .await;
    let answer = get(&fake.url).await.expect("a head");
    assert_eq!(answer.header("x-seen").as_deref(), Some("yes"));
    assert_eq!(answer.body.whole().expect_err("no end").kind, Blind::Timeout);
}

#[tokio::test]
async fn h2_an_endless_body_is_cut() {
    let fake = Fake::endless(b"HTTP/1.1 200 OK\r\n\r\n", &[b'a'; 8_192]).await;
    let answer = get(&fake.url).await.expect("a head");
    assert_eq!(answer.body.bytes.len(), seaworthy_core::limits::http::BODY_BYTES_MAX);
    assert_eq!(answer.body.cut.map(|cut| cut.kind), Some(Blind::CutShort));
}

#[tokio::test]
async fn h2_endless_informational_answers_are_cut() {
    let fake = Fake::endless(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n").await;
    assert_eq!(kind_of(&fake).await, Blind::CutShort);
}

#[tokio::test]
async fn h2_chunk_framing_counts() {
    let fake = Fake::endless(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", b"1\r\na\r\n").await;
    let answer = get(&fake.url).await.expect("a head");
    assert!(answer.body.cut.is_some());
}

#[tokio::test]
async fn h3_a_gzip_bomb_is_cut_at_its_decoded_size() {
    let mut bomb = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    for _ in 0..200 {
        bomb.write_all(&vec![0; 1024 * 1024]).expect("memory");
    }
    let bomb = bomb.finish().expect("memory");
    let head = format!("HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n", bomb.len());
    let fake = Fake::sending([head.into_bytes(), bomb].concat()).await;
    let answer = get(&fake.url).await.expect("a head");
    assert_eq!(answer.body.bytes.len(), seaworthy_core::limits::http::BODY_BYTES_MAX);
    assert_eq!(answer.body.cut.map(|cut| cut.kind), Some(Blind::CutShort));
}

#[tokio::test]
async fn h3_an_encoding_that_was_not_asked_for_is_not_decoded() {
    let fake =
        Fake::sending("HTTP/1.1 200 OK\r\ncontent-encoding: zstd\r\ncontent-length: 3\r\n\r\nabc").await;
    let answer = get(&fake.url).await.expect("a head");
    assert_eq!(answer.body.whole().expect_err("not decoded").kind, Blind::Unsupported);
}

#[tokio::test]
async fn h4_redirects_to_forbidden_places_are_not_followed() {
    for (location, kind) in [
        ("http://169.254.169.254/latest/meta-data/", Blind::NotGiven),
        ("file:///etc/passwd", Blind::Garbled),
        ("gopher://127.0.0.1/", Blind::Garbled),
        ("javascript:alert(1)", Blind::Garbled),
        ("http://user:pw@127.0.0.1/", Blind::Garbled),
        ("http://other.example/", Blind::NotGiven),
        ("//other.example/", Blind::NotGiven),
    ] {
        let head = format!("HTTP/1.1 302 Found\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n");
        let fake = Fake::sending(head).await;
        let followed = Observer::new(&setup()).follow(Ask::get(&fake.url)).await.expect("a head");
        assert_eq!(followed.stopped.map(|why| why.kind), Some(kind), "{location}");
        assert_eq!(followed.answer.status_code(), 302);
    }
}

#[tokio::test]
async fn h4_link_local_is_never_dialled_even_when_the_plan_names_it() {
    let mut setup = setup();
    for address in
        ["169.254.169.254", "fe80::1", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "fd00:ec2::254"]
    {
        let address = address.parse().expect("an address");
        setup.resolve = vec![Resolve { host: "shop.example".into(), port: None, address }];
        let url = Url::parse("http://shop.example/").expect("a URL");
        let why = Observer::new(&setup).ask(Ask::get(&url)).await.expect_err("not dialled");
        assert!(why.why.contains("never dialled"), "{why:?}");
    }
}

#[tokio::test]
async fn h4_a_redirect_loop_ends() {
    let fake = Fake::sending("HTTP/1.1 302 Found\r\nlocation: /\r\ncontent-length: 0\r\n\r\n").await;
    let followed = Observer::new(&setup()).follow(Ask::get(&fake.url)).await.expect("a head");
    assert_eq!(followed.stopped.map(|why| why.kind), Some(Blind::CutShort));
    assert_eq!(followed.hops.len(), 5);
}

#[tokio::test]
async fn h4_a_credential_does_not_follow_to_another_origin() {
    let other = Fake::sending("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    let head = format!("HTTP/1.1 302 Found\r\nlocation: {}\r\ncontent-length: 0\r\n\r\n", other.url);
    let fake = Fake::sending(head).await;
    let credential = Credential { origin: fake.url.origin(), ..token() };
    let asked = Ask::get(&fake.url).with(&credential);
    let followed = Observer::new(&setup()).follow(asked).await.expect("a head");
    assert_eq!(followed.answer.status_code(), 200);
    assert!(fake.heads()[0].contains("canary-token-42"));
    assert!(!other.heads()[0].contains("canary"), "{:?}", other.heads());
}

#[tokio::test]
async fn h5_too_many_headers_are_refused() {
    let head = format!("HTTP/1.1 200 OK\r\n{}\r\n", "a: b\r\n".repeat(100_000));
    let kind = kind_of(&Fake::sending(head).await).await;
    assert!(matches!(kind, Blind::CutShort | Blind::Garbled), "{kind:?}");
}

#[tokio::test]
async fn h5_an_endless_header_is_refused() {
    let fake = Fake::endless(b"HTTP/1.1 200 OK\r\na: ", &[b'b'; 8_192]).await;
    assert_eq!(kind_of(&fake).await, Blind::CutShort);
}

#[test]
fn h6_line_breaks_from_a_manifest_are_refused() {
    let url = Url::parse("http://shop.example/").expect("a URL");
    assert!(Ask::get(&url).header("origin", "https://a\r\nx-evil: 1").is_err());
    assert!(Ask::get(&url).header("x\r\ny", "1").is_err());
    assert!(parsed("http://shop.example/\r\nHost: evil").is_err());
    assert!(parsed("file:///etc/passwd").is_err());
    let odd = Credential { token: SecretString::from("a\r\nb".to_owned()), ..token() };
    assert!(odd.header().is_none());
}

#[tokio::test]
async fn h7_conflicting_lengths_are_garbled() {
    for lines in [
        "content-length: 3\r\ncontent-length: 5",
        "content-length: 3\r\ntransfer-encoding: chunked",
        "content-length: -1",
        "content-length: 99999999999999999999999",
    ] {
        let fake = Fake::sending(format!("HTTP/1.1 200 OK\r\n{lines}\r\n\r\n3\r\nabc\r\n0\r\n\r\n")).await;
        assert_eq!(kind_of(&fake).await, Blind::Garbled, "{lines}");
    }
}

#[tokio::test]
async fn h8_garbage_and_wrong_protocols_are_garbled() {
    for bytes in [
        "SSH-2.0-OpenSSH_9.2\r\n",
        "HTTP/1.1 999999 Odd\r\n\r\n",
        "HTTP/1.1 20 Odd\r\n\r\n",
        "\0\u{1}\u{2}\u{3}\r\n\r\n",
        "+OK ready\r\n",
        "HTTP/9.9 200 OK\r\n\r\n",
    ] {
        assert_eq!(kind_of(&Fake::sending(bytes).await).await, Blind::Garbled, "{bytes:?}");
    }
    let fake = Fake::sending("HTTP/1.1 200 OK\r\n\r\n").await;
    let https = Url::parse(&fake.url.as_str().replace("http:", "https:")).expect("a URL");
    let kind = get(&https).await.expect_err("no TLS").kind;
    assert!(matches!(kind, Blind::Garbled | Blind::Unreachable), "{kind:?}");
}

#[tokio::test]
async fn h9_an_answer_cut_at_any_byte_is_never_whole() {
    let whole = "HTTP/1.1 200 OK\r\nx-seen: yes\r\ncontent-length: 5\r\n\r\nhello";
    for length in 0..whole.len() {
        let fake = Fake::sending(&whole.as_bytes()[..length]).await;
        match get(&fake.url).await {
            Ok(answer) => assert!(answer.body.whole().is_err(), "cut at {length}"),
            Err(why) => assert!(matches!(why.kind, Blind::Garbled | Blind::Unreachable), "{why:?}"),
        }
    }
}

#[tokio::test]
async fn h10_refused_and_silent_are_told_apart_and_not_asked_for_ever() {
    let fake = Fake::sending("").await;
    let refused = fake.url.clone();
    drop(fake);
    tokio::task::yield_now().await;
    assert_eq!(get(&refused).await.expect_err("refused").kind, Blind::Unreachable);

    let silent = Fake::serving(|stream, _| async move {
        tokio::time::sleep(Duration::from_secs(30)).await;
        drop(stream);
    })
    .await;
    let observer = Observer::new(&setup());
    for _ in 0..10 {
        let why = observer.ask(Ask::get(&silent.url)).await.expect_err("silent");
        assert_eq!(why.kind, Blind::Timeout);
    }
    assert_eq!(silent.heads().len(), 2, "two failures in a row are enough");
}

/// We speak HTTP/1.1 only, so that no frame can ask anything of us; one that is sent all the same is garbage.
#[tokio::test]
async fn h11_a_flood_of_http2_frames_is_garbled() {
    let settings = b"\0\0\0\x04\0\0\0\0\0";
    let ping = b"\0\0\x08\x06\0\0\0\0\0seawater";
    for frame in [&settings[..], &ping[..]] {
        let fake =
            Fake::serving(move |mut stream, _| async move { while stream.write_all(frame).await.is_ok() {} })
                .await;
        assert_eq!(kind_of(&fake).await, Blind::Garbled);
    }
}

#[tokio::test]
async fn h15_an_upgrade_and_an_event_stream_end() {
    let upgrade = "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n";
    let answer = get(&Fake::sending(upgrade).await.url).await.expect("a head");
    assert_eq!(answer.status_code(), 101);
    let events = Fake::serving(|mut stream, _| async move {
        let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\ndata: 1\n\n";
        drop(stream.write_all(head.as_bytes()).await);
        tokio::time::sleep(Duration::from_secs(30)).await;
    })
    .await;
    let answer = get(&events.url).await.expect("a head");
    assert_eq!(answer.body.whole().expect_err("endless").kind, Blind::Timeout);
}

#[tokio::test]
async fn h17_an_echoed_credential_is_taken_out() {
    let fake = Fake::serving(|mut stream, head| async move {
        let coded = credential::base64(b"canary-token-42");
        let body = format!("{head} {coded} canary%2Dtoken%2D42 canary-token-42");
        let answer = format!(
            "HTTP/1.1 200 OK\r\nx-echo: canary-token-42\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        drop(stream.write_all(answer.as_bytes()).await);
    })
    .await;
    let credential = Credential { origin: fake.url.origin(), ..token() };
    let setup =
        Setup { scrubber: Scrubber::hiding([&SecretString::from("canary-token-42".to_owned())]), ..setup() };
    let answer = Observer::new(&setup).ask(Ask::get(&fake.url).with(&credential)).await.expect("an answer");
    assert!(fake.heads()[0].contains("canary-token-42"), "it was sent");
    let seen = format!("{:?} {}", answer.headers, answer.body.text());
    assert!(!seen.contains("canary-token"), "{seen}");
    assert!(!seen.contains(credential::base64(b"canary-token-42").trim_end_matches('=')), "{seen}");
    assert_eq!(answer.by_hand, format!("curl -sS -i -H \"Authorization: Bearer $TOKEN\" '{}'", fake.url));
}

#[tokio::test]
async fn t7_no_credential_goes_to_another_origin() {
    let fake = Fake::sending("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    let why = Observer::new(&setup()).ask(Ask::get(&fake.url).with(&token())).await.expect_err("refused");
    assert_eq!(why.kind, Blind::Denied);
    assert!(fake.heads().concat().is_empty(), "nothing was sent");
}

#[tokio::test]
async fn only_a_prober_has_other_methods_and_only_with_consent() {
    let fake = Fake::sending("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    let observer = Observer::new(&setup());
    assert_eq!(Prober::new(&observer, Consent::Observe).err().map(|why| why.kind), Some(Blind::Consent));
    let prober = Prober::new(&observer, Consent::Probe).expect("allowed");
    prober.act(Act::new(Method::POST, &fake.url).body("{}")).await.expect("an answer");
    assert!(fake.heads()[0].starts_with("POST / HTTP/1.1\r\n"));
}

#[tokio::test]
async fn the_budget_ends_the_questions() {
    let fake = Fake::sending("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    let observer = Observer::new(&setup());
    for _ in 0..seaworthy_core::limits::http::OBSERVE_REQUESTS_MAX {
        observer.ask(Ask::get(&fake.url)).await.expect("an answer");
    }
    assert_eq!(observer.ask(Ask::get(&fake.url)).await.expect_err("too many").kind, Blind::CutShort);
}

#[tokio::test]
async fn a_body_is_not_sent_when_the_head_is_refused() {
    let fake =
        Fake::sending("HTTP/1.1 413 Payload Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
            .await;
    let prober = Prober::new(&Observer::new(&setup()), Consent::Probe).expect("allowed");
    let act = Act::new(Method::POST, &fake.url).announcing(4 * 1024 * 1024);
    let answer = prober.act(act).await.expect("an answer");
    assert_eq!(answer.status_code(), 413);
    assert!(answer.sent_bytes < 1_000, "{}", answer.sent_bytes);
    assert_eq!(fake.connections.load(std::sync::atomic::Ordering::SeqCst), 1);
    assert!(fake.heads()[0].contains("content-length: 4194304\r\n"));
}

#[test]
fn commands_never_leave_their_quotes() {
    let url = Url::parse("http://shop.example/a'b$(id)?c=`id`#frag").expect("a URL");
    let shown = by_hand::curl(&by_hand::Shown {
        method: &Method::OPTIONS,
        url: &url,
        headers: &[(HeaderName::from_static("origin"), HeaderValue::from_static("https://x'; id #"))],
        credential: None,
        resolve: None,
        insecure: true,
        body: Some("it's"),
    });
    assert_eq!(
        shown,
        r"curl -sS -i -X OPTIONS -k -H 'origin: https://x'\''; id #' --data-binary 'it'\''s' 'http://shop.example/a'\''b$(id)?c=`id`'"
    );
}

#[test]
fn base64_is_base64() {
    for (plain, coded) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")] {
        assert_eq!(credential::base64(plain.as_bytes()), coded);
    }
}
