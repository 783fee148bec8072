//! On servers that misbehave in ways real ones cannot be made to. They keep what they were told.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Mutex};

use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use seaworthy_testbed::liars::{self, Liar};

use super::*;

/// The password that no fake may ever see.
const PASSWORD: &str = "correct-horse-battery";

/// What a fake was told.
type Told = Arc<Mutex<Vec<u8>>>;

/// One message of a server.
fn message(tag: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 4).unwrap();
    [&[tag], length.to_be_bytes().as_slice(), body].concat()
}

/// A request to prove oneself.
fn asks(code: u32, rest: &[u8]) -> Vec<u8> {
    message(b'R', &[code.to_be_bytes().as_slice(), rest].concat())
}

fn asks_scram() -> Vec<u8> {
    asks(10, b"SCRAM-SHA-256\0\0")
}

/// Lets in whoever comes.
fn welcome() -> Vec<u8> {
    [asks(0, &[]), message(b'K', &[0, 0, 0, 7, 0, 0, 0, 7]), message(b'Z', b"I")].concat()
}

/// A fake that answers its n-th question with the n-th answer, the last one again and again.
fn answers(answers: Vec<Vec<u8>>) -> (Liar, Told) {
    let told = Told::default();
    let hears = Arc::clone(&told);
    let liar = Liar::start(move |stream| {
        let mut next = 0;
        while hear(stream, &hears)? {
            let Some(answer) = answers.get(next).or(answers.last()) else { return Ok(()) };
            stream.write_all(answer)?;
            next += 1;
        }
        Ok(())
    });
    (liar.unwrap(), told)
}

fn hear(stream: &mut impl Read, told: &Told) -> io::Result<bool> {
    let mut bytes = [0; 16 * 1024];
    let length = stream.read(&mut bytes)?;
    told.lock().unwrap().extend_from_slice(&bytes[..length]);
    Ok(length > 0)
}

/// The look at a fake: it may only read, and its waits are short.
fn look_at(liar: &Liar, options: &str) -> Json {
    let url = format!("postgres://app:{PASSWORD}@127.0.0.1:{}/shop?{options}", liar.port());
    let limits = Limits {
        connect: Duration::from_millis(500),
        answer: Duration::from_millis(500),
        deadline: Duration::from_secs(5),
    };
    facts(&Task { limits, ..observing(&url) })
}

/// Nothing was seen but what we said ourselves, and the fake was not told the password nor its MD5.
#[track_caller]
fn saw_nothing(facts: &Json, told: &Told) -> (String, String) {
    for (name, fact) in facts.as_object().unwrap() {
        let ours = ["url", "connections_demanded"].contains(&name.as_str());
        assert!(ours || fact.get("$unseen").is_some(), "{name}: {fact}");
    }
    let told = told.lock().unwrap();
    let holds = |secret: &[u8]| told.windows(secret.len()).any(|window| window == secret);
    assert!(!holds(PASSWORD.as_bytes()), "the password was told");
    assert!(!holds(b"md5"), "a digest of the password was told");
    let (kind, why, _) = unseen(facts, "server");
    (kind, why)
}

/// Messages in which a client proves itself.
fn proofs(told: &Told) -> usize {
    told.lock().unwrap().windows(4).filter(|window| window == b"p\0\0\0").count()
}

#[test]
fn a_password_in_clear_or_md5_is_not_given_to_a_server_that_is_not_proven() {
    for (code, rest) in [(3, vec![]), (5, vec![1, 2, 3, 4])] {
        let (liar, told) = answers(vec![asks(code, &rest), welcome()]);
        let facts = look_at(&liar, "sslmode=disable");
        let (kind, why) = saw_nothing(&facts, &told);
        assert_eq!(kind, "denied", "{why}");
        assert!(why.contains("none was sent"), "{why}");
        assert_eq!(proofs(&told), 0);
        assert!(unseen(&facts, "server").2.contains("scram-sha-256"));
    }
}

#[test]
fn other_ways_to_sign_in_are_refused() {
    for code in [1, 2, 6, 7, 8, 9, 13, 999, u32::MAX] {
        let (liar, told) = answers(vec![asks(code, &[]), welcome()]);
        assert_eq!(saw_nothing(&look_at(&liar, "sslmode=disable"), &told).0, "denied", "{code}");
        assert_eq!(proofs(&told), 0, "{code}");
    }
}

#[test]
fn scram_rounds_out_of_bounds_are_not_computed() {
    for rounds in ["0", "1", "4095", "1000001", "4294967295", "99999999999999999999", "x", "-1"] {
        let (liar, told) = answers(vec![
            asks_scram(),
            asks(11, format!("r=abc,s=c2FsdA==,i={rounds}").as_bytes()),
            welcome(),
        ]);
        let began = Instant::now();
        let (kind, why) = saw_nothing(&look_at(&liar, "sslmode=disable"), &told);
        assert_eq!(kind, "garbled", "{rounds}: {why}");
        assert!(began.elapsed() < Duration::from_secs(1), "{rounds}");
        assert_eq!(proofs(&told), 1, "{rounds}: the proof itself was sent");
    }
}

#[test]
fn a_server_that_does_not_prove_itself_is_not_believed() {
    // The steps of SCRAM left out or out of order.
    for second in
        [welcome(), asks(12, b"v=AAAA"), asks(11, b"r=other,s=c2FsdA==,i=4096"), asks(11, b"nonsense")]
    {
        let (liar, told) = answers(vec![asks_scram(), second, welcome()]);
        let (kind, why) = saw_nothing(&look_at(&liar, "sslmode=disable"), &told);
        assert!(["garbled", "unreachable"].contains(&kind.as_str()), "{kind}: {why}");
    }
    // A proof that is none: the nonce is the client's own, continued, and the signature is made up.
    let told = Told::default();
    let hears = Arc::clone(&told);
    let liar = Liar::start(move |stream| {
        hear(stream, &hears)?;
        stream.write_all(&asks_scram())?;
        hear(stream, &hears)?;
        let said = String::from_utf8_lossy(&hears.lock().unwrap()).into_owned();
        let nonce = said.rsplit("r=").next().unwrap_or_default().to_owned();
        stream.write_all(&asks(11, format!("r={nonce}more,s=c2FsdA==,i=4096").as_bytes()))?;
        hear(stream, &hears)?;
        stream.write_all(&asks(12, b"v=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="))?;
        stream.write_all(&welcome())
    });
    let facts = look_at(&liar.unwrap(), "sslmode=disable");
    let (kind, why) = saw_nothing(&facts, &told);
    assert_eq!(
        (kind.as_str(), why.as_str()),
        ("garbled", "the server could not prove that it knows the password")
    );
}

#[test]
fn tls_that_is_stripped_ends_it_before_a_word_is_said() {
    for options in ["sslmode=require", "sslmode=verify-ca", "sslmode=verify-full"] {
        let (liar, told) = answers(vec![b"N".to_vec(), asks(3, &[]), welcome()]);
        let (kind, why) = saw_nothing(&look_at(&liar, options), &told);
        assert_eq!(
            (kind.as_str(), why.as_str()),
            ("denied", "the server offers no TLS, so no password was sent to it")
        );
        assert_eq!(told.lock().unwrap().len(), 8, "more than the question for TLS was said");
    }
}

#[test]
fn odd_answers_to_the_question_for_tls_are_no_server() {
    let error = message(b'E', b"SFATAL\0C28000\0M\x1b[2Jpsst\0\0");
    for (answer, kind) in [
        (error, "unreachable"),
        (b"H".to_vec(), "garbled"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(), "garbled"),
        (b"SSSSSSSSSSSSSSSSSSSS".to_vec(), "unreachable"),
        ([b"S".to_vec(), asks(3, &[])].concat(), "unreachable"),
        (b"S".to_vec(), "timeout"),
    ] {
        let told = Told::default();
        let hears = Arc::clone(&told);
        let said = answer.clone();
        let liar = Liar::start(move |stream| {
            hear(stream, &hears)?;
            stream.write_all(&said)?;
            while hear(stream, &hears)? {}
            Ok(())
        });
        let seen = saw_nothing(&look_at(&liar.unwrap(), ""), &told);
        assert_eq!(seen.0, kind, "{answer:?}: {}", seen.1);
    }
}

#[test]
fn mute_slow_and_foreign_servers_end_in_time() {
    let told = Told::default();
    let http = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
    for (liar, kinds) in [
        (liars::mute(), vec!["timeout"]),
        (liars::drip(welcome()), vec!["timeout", "garbled"]),
        (liars::garbage(), vec!["garbled", "unreachable", "cut-short", "timeout"]),
        (liars::says(http.to_vec()), vec!["garbled"]),
    ] {
        let liar = liar.unwrap();
        for options in ["sslmode=disable", "sslmode=prefer"] {
            let began = Instant::now();
            let (kind, why) = saw_nothing(&look_at(&liar, options), &told);
            assert!(kinds.contains(&kind.as_str()), "{kind}: {why}");
            assert!(began.elapsed() < Duration::from_secs(3), "{why}");
        }
    }
}

#[test]
fn what_a_server_claims_takes_no_memory() {
    let claim = |tag: u8, length: u32| [&[tag], length.to_be_bytes().as_slice()].concat();
    let columns =
        message(b'T', &[0, 1, b'a', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 25, 255, 255, 255, 255, 255, 255, 0, 0]);
    let begun = [message(b'1', &[]), message(b'2', &[]), columns].concat();
    let short_row = message(b'D', &[0, 1, 0x7f, 0xff, 0xff, 0xff]);
    let row = message(b'D', &[0, 1, 0, 0, 0, 1, b'x']);
    let done = [message(b'C', b"SELECT 1\0"), message(b'Z', b"T")].concat();
    for (answer, again) in [
        ([begun.clone(), claim(b'D', u32::MAX)].concat(), vec![b'x'; 64 * 1024]),
        ([begun.clone(), claim(b'D', 2_000_000_000)].concat(), vec![b'x'; 64 * 1024]),
        (begun.clone(), row.repeat(1_000)),
        (begun.clone(), short_row.clone()),
        (
            message(b'N', b"SNOTICE\0C00000\0Mhello\0\0").repeat(100),
            message(b'N', b"SNOTICE\0Mhello\0\0").repeat(100),
        ),
        (message(b'S', b"a\0b\0").repeat(100), message(b'S', b"a\0b\0").repeat(100)),
        (vec![], done.repeat(1_000)),
        (claim(b'D', 0), vec![0; 1024]),
        (claim(b'Z', 3), vec![b'Z'; 1024]),
        (
            message(b'E', &[b"SERROR\0CXX000\0M".to_vec(), vec![b'x'; 900_000], vec![0, 0]].concat()),
            vec![0; 64],
        ),
    ] {
        let told = Told::default();
        let hears = Arc::clone(&told);
        let head = answer.clone();
        let liar = Liar::start(move |stream| {
            hear(stream, &hears)?;
            stream.write_all(&welcome())?;
            hear(stream, &hears)?;
            stream.write_all(&answer)?;
            // More than any bound of ours, and an end.
            for _ in 0..(64 * 1024 * 1024 / again.len().max(64)) {
                stream.write_all(&again)?;
            }
            Ok(())
        });
        let before = resident_bytes();
        let (kind, why) = saw_nothing(&look_at(&liar.unwrap(), "sslmode=disable"), &told);
        assert!(["cut-short", "garbled", "unreachable", "timeout"].contains(&kind.as_str()), "{kind}: {why}");
        let grown = resident_bytes().saturating_sub(before);
        assert!(grown < 128 << 20, "{grown} bytes for {:?}", &head[..head.len().min(16)]);
    }
}

fn resident_bytes() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
    pages.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4096
}

#[test]
fn the_words_of_a_hostile_error_are_not_repeated() {
    let words = b"SFATAL\0C28P01\0M\x1b]0;owned\x07<script>password=hunter2\0D\xff\xfe\0\0";
    let (liar, told) = answers(vec![message(b'E', words)]);
    let facts = look_at(&liar, "sslmode=disable");
    saw_nothing(&facts, &told);
    let text = facts.to_string();
    assert!(!text.contains("owned") && !text.contains("script") && !text.contains("hunter2"), "{text}");
    // A code that is none, and one that is a terminal's command.
    for code in [b"CXXXXXXXXXXXXXXXXX".as_slice(), b"C\x1b[2J5"] {
        let error = message(b'E', &[b"SFATAL\0".as_slice(), code, b"\0Mx\0\0"].concat());
        let (liar, told) = answers(vec![error]);
        let facts = look_at(&liar, "sslmode=disable");
        saw_nothing(&facts, &told);
        assert!(!facts.to_string().contains("\\u001b"), "{facts}");
    }
}

/// A fake with a certificate of its own making, which agrees to TLS and answers inside it.
fn answers_in_tls(answers: Vec<Vec<u8>>) -> (Liar, Told, String) {
    let own = rcgen::generate_simple_self_signed(vec!["localhost".into(), "127.0.0.1".into()]).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(own.signing_key.serialize_der()));
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![own.cert.der().clone()], key)
        .unwrap();
    let config = Arc::new(config);
    let told = Told::default();
    let hears = Arc::clone(&told);
    let liar = Liar::start(move |stream| {
        hear(stream, &hears)?;
        stream.write_all(b"S")?;
        let connection = rustls::ServerConnection::new(Arc::clone(&config)).map_err(io::Error::other)?;
        let mut tls = rustls::StreamOwned::new(connection, stream.try_clone()?);
        let mut next = 0;
        while hear(&mut tls, &hears)? {
            let Some(answer) = answers.get(next).or(answers.last()) else { return Ok(()) };
            tls.write_all(answer)?;
            tls.flush()?;
            next += 1;
        }
        Ok(())
    });
    (liar.unwrap(), told, own.cert.pem())
}

#[test]
fn an_unproven_certificate_gets_a_bound_login_or_none() {
    for (first, asked) in [
        (asks(3, &[]), "clear-text"),
        (asks(5, &[1, 2, 3, 4]), "md5"),
        (asks_scram(), "scram-sha-256"),
        (welcome(), "nothing"),
    ] {
        let (liar, told, _) = answers_in_tls(vec![first, welcome()]);
        let facts = look_at(&liar, "sslmode=require");
        let (kind, why) = saw_nothing(&facts, &told);
        assert_eq!(kind, "denied", "{why}");
        assert!(why.contains(&format!("asks for {asked} instead of binding the login to it")), "{why}");
        assert!(unseen(&facts, "server").2.contains("sslrootcert"));
        assert_eq!(proofs(&told), 0);
    }
}

#[test]
fn a_verified_certificate_may_ask_for_the_password() {
    let (liar, told, pem) = answers_in_tls(vec![asks(3, &[]), message(b'E', b"SFATAL\0C28P01\0Mno\0\0")]);
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), pem).unwrap();
    let facts = look_at(&liar, &format!("sslmode=verify-full&sslrootcert={}", file.path().display()));
    assert_eq!(unseen(&facts, "server").1, "the server refuses the password of role `app`");
    assert_eq!(proofs(&told), 1);
}

/// Carries bytes between a client and a real server, and cuts after so many of the server's.
fn cuts_after(port: u16, bytes: u64) -> Liar {
    Liar::start(move |client| {
        let mut server = TcpStream::connect(("127.0.0.1", port))?;
        let (mut from_client, mut to_server) = (client.try_clone()?, server.try_clone()?);
        let asking = std::thread::spawn(move || {
            let _ = io::copy(&mut from_client, &mut to_server);
            let _ = to_server.shutdown(Shutdown::Both);
        });
        let _ = io::copy(&mut Read::by_ref(&mut server).take(bytes), client);
        let _ = client.shutdown(Shutdown::Both);
        let _ = server.shutdown(Shutdown::Both);
        let _ = asking.join();
        Ok(())
    })
    .unwrap()
}

#[test]
fn a_session_that_is_cut_anywhere_leaves_reasons_and_no_other_values() {
    let part = Part::sound();
    let whole = facts(&observing(part.url()));
    for bytes in [0, 1, 2, 100, 1_000, 1_500, 1_700, 2_000, 2_500, 3_000, 4_000, 5_000, 7_000, 10_000, 15_000]
    {
        let relay = cuts_after(part.0.port("postgres"), bytes);
        let url =
            part.url().replace(&format!(":{}/", part.0.port("postgres")), &format!(":{}/", relay.port()));
        let cut = facts(&observing(&url));
        for (name, found) in cut.as_object().unwrap() {
            let same = without_marks(found) == without_marks(&whole[name]);
            let unseen = found.to_string().contains("$unseen");
            // The clock goes on, and a relay's port is not in the server's process list.
            let moves =
                ["login", "server", "tables", "connections", "statement_statistics"].contains(&name.as_str());
            assert!(
                same || unseen || moves,
                "after {bytes} bytes {name} became {found}, was {}",
                whole[name]
            );
        }
    }
}

/// A fact without the commands that show it again, which name the port.
fn without_marks(fact: &Json) -> Json {
    match fact {
        Json::Object(map) => match map.get("$seen") {
            Some(value) => without_marks(value),
            None => map
                .iter()
                .filter(|(key, _)| *key != "by_hand")
                .map(|(k, v)| (k.clone(), without_marks(v)))
                .collect(),
        },
        Json::Array(items) => items.iter().map(without_marks).collect(),
        other => other.clone(),
    }
}
