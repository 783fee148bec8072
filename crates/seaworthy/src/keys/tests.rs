use std::io::{Read, Write};
use std::os::unix::net::UnixListener;

use super::agent::Agent;

/// What an agent that answers so gives.
fn asked(answer: &'static [u8]) -> anyhow::Result<usize> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("agent");
    let listener = UnixListener::bind(&path).expect("binds");
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("connects");
        let mut request = [0; 5];
        stream.read_exact(&mut request).expect("reads");
        // Whoever asks may hang up before it has read everything.
        let _ = stream.write_all(answer);
    });
    let keys = Agent::at(path).keys().map(|keys| keys.len());
    server.join().expect("ends");
    keys
}

#[test]
fn an_agent_that_lies_is_refused_and_never_makes_us_read_without_end() {
    assert_eq!(asked(&[0, 0, 0, 5, 12, 0, 0, 0, 0]).expect("no keys"), 0);
    for answer in [
        &[][..],
        &[0, 0],
        &[0xff, 0xff, 0xff, 0xff, 12],
        &[0, 0, 0, 1, 5],
        &[0, 0, 0, 1, 12],
        &[0, 0, 0, 9, 12, 0, 0],
        &[0, 0, 0, 5, 12, 0xff, 0xff, 0xff, 0xff],
        &[0, 0, 0, 5, 12, 0, 0, 0, 1],
        &[0, 0, 0, 9, 12, 0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff],
        &[0, 0, 0, 0],
    ] {
        assert!(asked(answer).is_err(), "{answer:?}");
    }
}
