use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use super::*;

/// Asks a liar and reads at most `max` bytes, until it is silent for two seconds, for ten at most.
fn ask(liar: &Liar, max: u64) -> Vec<u8> {
    let mut stream = TcpStream::connect(liar.address()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
    let (end, mut answer) = (Instant::now() + Duration::from_secs(10), Vec::new());
    let mut reader = stream.take(max);
    let mut piece = [0; 4096];
    while Instant::now() < end
        && let Ok(read @ 1..) = reader.read(&mut piece)
    {
        answer.extend_from_slice(&piece[..read]);
    }
    answer
}

#[test]
fn liars_behave_as_they_are_named() {
    assert!(ask(&yes_sayer("fine").unwrap(), 1000).ends_with(b"fine"));
    assert!(ask(&mute().unwrap(), 1000).is_empty());
    let begun = Instant::now();
    assert_eq!(ask(&drip("+PONG\r\n").unwrap(), 3), b"+PO");
    assert!(begun.elapsed() >= Duration::from_secs(2));
    assert!(!ask(&garbage().unwrap(), 1 << 20).is_empty());
    assert!(ask(&redirect_loop().unwrap(), 1000).starts_with(b"HTTP/1.1 302"));
    assert_eq!(ask(&closes_at("0123456789", 4).unwrap(), 1000), b"0123");
    assert_eq!(ask(&says("-ERR no\r\n").unwrap(), 9), b"-ERR no\r\n");
    assert!(ask(&always_fails().unwrap(), 1000).starts_with(b"HTTP/1.1 500 "));
    let sent_on = String::from_utf8(ask(&redirect_to_https().unwrap(), 1000)).unwrap();
    assert!(sent_on.contains("\r\nlocation: https://x/\r\n"), "{sent_on}");
    for bomb in [huge_headers(), endless_body(), gzip_bomb(), endless("*1\r\n", "*1\r\n")] {
        assert_eq!(ask(&bomb.unwrap(), 1 << 20).len(), 1 << 20);
    }
}

#[test]
fn gzip_bomb_inflates_without_end() {
    let answer = ask(&gzip_bomb().unwrap(), 64 * 1024);
    let body = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
    let mut inflated = vec![1; 16 << 20];
    flate2::read::GzDecoder::new(&answer[body..]).read_exact(&mut inflated).unwrap();
    assert!(inflated.iter().all(|&byte| byte == 0));
}

#[test]
fn dropping_a_liar_ends_it_while_a_client_waits() {
    let liar = mute().unwrap();
    let mut client = TcpStream::connect(liar.address()).unwrap();
    client.write_all(b"hello").unwrap();
    let (address, begun) = (liar.address(), Instant::now());
    drop(liar);
    assert!(begun.elapsed() < Duration::from_secs(5));
    assert!(TcpStream::connect(address).is_err());
    assert!(matches!(client.read(&mut [0; 1]), Ok(0) | Err(_)));
}

#[test]
fn everyone_is_let_in_and_gets_no_rows() {
    let liar = lets_everyone_in(Empty::NoRows).unwrap();
    let mut stream = TcpStream::connect(liar.address()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    let mut answered = |question: &[u8], answer: &[u8]| {
        stream.write_all(question).unwrap();
        let mut read = vec![0; answer.len()];
        stream.read_exact(&mut read).unwrap();
        assert_eq!(read, answer);
    };
    answered(b"\0\0\0\x08\x04\xd2\x16\x2f", b"N");
    answered(
        b"\0\0\0\x09\0\x03\0\0\0",
        b"R\0\0\0\x08\0\0\0\0S\0\0\0\x18server_version\x0015.0\0Z\0\0\0\x05I",
    );
    answered(b"Q\0\0\0\x0dSELECT 1\0", b"C\0\0\0\x0dSELECT 0\0Z\0\0\0\x05I");
}
