use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signer, SigningKey};
use proptest::prelude::*;

use super::{Choice, Envelope, EnvelopeError, KeyError, PublicKey, Statement, Vote, open, pae};
use crate::limits::people::{ENVELOPE_BYTES_MAX, SIGNATURES_MAX};
use crate::manifest::Role;

fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

fn public(seed: u8) -> PublicKey {
    PublicKey::from_bytes(key(seed).verifying_key().to_bytes()).expect("a sound key")
}

fn vote() -> Statement<Vote> {
    Vote {
        person: "ops@example.com".into(),
        role: Role::Operations,
        choice: Choice::NoGo,
        reason: Some("the queue is not watched".into()),
        run: "r".into(),
        commit: None,
        at: chrono::DateTime::UNIX_EPOCH,
        decision_signature: None,
    }
    .about("00")
}

fn signed(payload: &[u8], seeds: &[u8]) -> Envelope {
    let bytes = pae(super::PAYLOAD_TYPE, payload);
    let signatures: Vec<[u8; 64]> = seeds.iter().map(|seed| key(*seed).sign(&bytes).to_bytes()).collect();
    Envelope::new(payload, &signatures)
}

#[test]
fn the_encoding_is_that_of_the_dsse_specification() {
    assert_eq!(
        pae("http://example.com/HelloWorld", b"hello world"),
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    );
    assert_eq!(pae("", b""), b"DSSEv1 0  0 ");
}

#[test]
fn what_trusted_keys_signed_opens_and_names_each_key_once() {
    let envelope = signed(&vote().bytes(), &[1, 2, 1, 9]);
    let opened = open::<Vote>(&envelope, &[public(1), public(2), public(3), public(1)]).expect("opens");
    assert_eq!(opened.signers, [public(1), public(2)]);
    assert_eq!(opened.statement, vote());
}

#[test]
fn what_nobody_trusted_signed_is_not_read() {
    let refused = |envelope: &Envelope, keys: &[PublicKey]| open::<Vote>(envelope, keys).unwrap_err();
    let envelope = signed(b"{not even json", &[1]);
    assert!(matches!(refused(&envelope, &[public(2)]), EnvelopeError::NoTrustedSignature));
    assert!(matches!(refused(&envelope, &[]), EnvelopeError::NoTrustedSignature));
    assert!(matches!(refused(&envelope, &[public(1)]), EnvelopeError::Statement(_)));
    let mut other = envelope;
    other.payload_type = "text/plain".into();
    assert!(matches!(refused(&other, &[public(1)]), EnvelopeError::NoTrustedSignature));
}

#[test]
fn a_statement_of_another_kind_is_refused() {
    let text = String::from_utf8(vote().bytes()).unwrap();
    for changed in [
        text.replace("vote:v1", "vote:v2"),
        text.replace("in-toto.io/Statement/v1", "in-toto.io/Statement/v0.1"),
        text.replace("\"run\":\"r\"", "\"run\":\"r\",\"more\":1"),
        text.replace("\"run\":\"r\"", "\"run\":\"r\",\"run\":\"s\""),
        text + "{}",
    ] {
        assert!(open::<Vote>(&signed(changed.as_bytes(), &[1]), &[public(1)]).is_err(), "{changed}");
    }
}

#[test]
fn an_envelope_that_is_too_large_is_refused_before_it_is_read() {
    let long = vec![b' '; ENVELOPE_BYTES_MAX + 1];
    assert!(matches!(Envelope::parse(&long), Err(EnvelopeError::TooLong { .. })));
    let many = signed(b"{}", &[1; SIGNATURES_MAX + 1]).json();
    assert!(matches!(Envelope::parse(many.as_bytes()), Err(EnvelopeError::TooManySignatures)));
    let deep = "[".repeat(100_000);
    assert!(matches!(Envelope::parse(deep.as_bytes()), Err(EnvelopeError::Syntax(_))));
}

#[test]
fn key_ids_decide_nothing() {
    let mut envelope = signed(&vote().bytes(), &[1]);
    envelope.signatures[0].keyid = Some(public(2).fingerprint());
    let opened = open::<Vote>(&envelope, &[public(1), public(2)]).expect("opens");
    assert_eq!(opened.signers, [public(1)]);
}

#[test]
fn keys_are_read_as_openssh_writes_them() {
    let line = public(1).to_string();
    assert_eq!(PublicKey::parse(&format!("{line} someone@example.com\n")), Ok(public(1)));
    let rsa = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQ==";
    assert_eq!(PublicKey::parse(rsa), Err(KeyError::Algorithm));
    assert_eq!(PublicKey::parse("ecdsa-sha2-nistp256 AAAA"), Err(KeyError::Algorithm));
    assert_eq!(PublicKey::parse("-----BEGIN OPENSSH PRIVATE KEY-----"), Err(KeyError::Private));
    let blob = public(1).blob();
    for bad in [&blob[..50], &[blob.as_slice(), &[0]].concat(), b"", &[0; 51]] {
        let line = format!("ssh-ed25519 {}", STANDARD.encode(bad));
        assert_eq!(PublicKey::parse(&line), Err(KeyError::Garbled), "{line}");
    }
    for bad in ["", "ssh-ed25519", "ssh-ed25519 ???", &format!("{line}\n{line}"), &"a".repeat(9_000)] {
        assert_eq!(PublicKey::parse(bad), Err(KeyError::Garbled), "{bad}");
    }
}

#[test]
fn keys_for_which_anyone_can_sign_are_refused() {
    let mut identity = [0; 32];
    identity[0] = 1;
    assert_eq!(PublicKey::from_bytes(identity), Err(KeyError::Weak));
    assert_eq!(PublicKey::from_bytes([0; 32]), Err(KeyError::Weak));
}

proptest! {
    #[test]
    fn no_bytes_make_the_reader_panic_or_open(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        if let Ok(envelope) = Envelope::parse(&bytes) {
            prop_assert!(open::<Vote>(&envelope, &[public(1)]).is_err());
        }
        let _ = Statement::<Vote>::read(&bytes);
        let _ = PublicKey::parse(&String::from_utf8_lossy(&bytes));
        let _ = PublicKey::from_blob(&bytes);
    }

    #[test]
    fn arbitrary_payloads_and_signatures_do_not_open(
        payload in proptest::collection::vec(any::<u8>(), 0..300),
        signature in proptest::collection::vec(any::<u8>(), 64),
    ) {
        let signature: [u8; 64] = signature.try_into().expect("64 bytes");
        let envelope = Envelope::parse(Envelope::new(&payload, &[signature]).json().as_bytes()).expect("sound");
        prop_assert_eq!(envelope.payload_bytes().expect("base64"), payload);
        prop_assert!(open::<Vote>(&envelope, &[public(1), public(2)]).is_err());
    }

    #[test]
    fn different_contents_never_have_the_same_encoding(
        a in (".{0,20}", proptest::collection::vec(any::<u8>(), 0..40)),
        b in (".{0,20}", proptest::collection::vec(any::<u8>(), 0..40)),
    ) {
        prop_assert_eq!(pae(&a.0, &a.1) == pae(&b.0, &b.1), a == b);
    }
}
