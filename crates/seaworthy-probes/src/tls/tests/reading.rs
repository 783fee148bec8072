//! Reading and writing of bytes, and the judgement of names.

use crate::tls::answer::{Flight, Group, bits, group};
use crate::tls::facts::{Strength, Version};
use crate::tls::hello::Hello;
use crate::tls::scan::offers;
use crate::tls::strength::strength;
use crate::tls::suites::{OLDER, TLS13};

/// A first flight of TLS 1.2: hello, two certificates, key exchange, request for a certificate, done.
pub(super) fn flight() -> Vec<u8> {
    let message = |kind: u8, body: &[u8]| {
        let length = u32::try_from(body.len()).unwrap().to_be_bytes();
        [&[kind][..], &length[1..], body].concat()
    };
    let hello = [&[3, 3][..], &[9; 32], &[0, 0xc0, 0x2f, 0, 0, 5, 0xff, 1, 0, 1, 0]].concat();
    let certificates = [0, 0, 106, 0, 0, 50].into_iter().chain([7; 50]).chain([0, 0, 50]).chain([8; 50]);
    let messages = [
        message(2, &hello),
        message(11, &certificates.collect::<Vec<u8>>()),
        message(12, &[3, 0, 0x1d, 1, 2]),
        message(13, &[1, 1]),
        message(14, &[]),
    ]
    .concat();
    // In records that do not respect the messages.
    messages
        .chunks(37)
        .flat_map(|part| [&[22, 3, 3, 0, u8::try_from(part.len()).unwrap()][..], part].concat())
        .collect()
}

#[test]
fn a_flight_is_read_whole() {
    let mut read = Flight::default();
    read.push(&flight());
    assert!(read.complete && read.client_certificate_asked);
    let hello = read.hello.unwrap();
    assert_eq!((hello.version, hello.suite, hello.renegotiation_protected), (0x0303, 0xc02f, true));
    assert_eq!(read.chain, Some(vec![vec![7; 50], vec![8; 50]]));
    let group = group("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", &read.key_exchange.unwrap());
    assert_eq!(group, Some(Group::Curve(0x1d)));
}

#[test]
fn a_group_is_measured_in_bits() {
    let prime = [&[0, 129, 0][..], &[0xff; 128], &[0, 1, 2]].concat();
    assert_eq!(group("TLS_DHE_RSA_WITH_AES_128_CBC_SHA", &prime), Some(Group::Finite(1024)));
    assert_eq!(group("TLS_DHE_RSA_WITH_AES_128_CBC_SHA", &prime[..50]), None);
    assert_eq!(group("TLS_RSA_WITH_AES_128_CBC_SHA", &prime), None);
    assert_eq!([bits(&[]), bits(&[0]), bits(&[0, 1]), bits(&[0x7f, 0])], [0, 0, 1, 15]);
}

#[test]
fn every_hello_has_the_lengths_it_states() {
    for version in Version::ALL {
        for suites in offers(version) {
            for name in [None, Some("shop.example.com")] {
                let hello = Hello {
                    version,
                    suites: &suites,
                    name,
                    compression: true,
                    fallback: true,
                    random: [1; 64],
                };
                let record = hello.record();
                let length = usize::from(u16::from_be_bytes([record[3], record[4]]));
                assert_eq!(length + 5, record.len());
                assert_eq!(usize::from(u16::from_be_bytes([record[7], record[8]])) + 9, record.len());
                assert!(version == Version::Ssl3 || !(256..512).contains(&(record.len() - 5)));
            }
        }
    }
}

#[test]
fn every_suite_is_offered_once_in_the_versions_that_know_it() {
    let all = |version| offers(version).concat();
    assert_eq!(all(Version::Tls12).len(), OLDER.len());
    assert_eq!(all(Version::Tls13).len(), TLS13.len());
    assert!(all(Version::Tls10).len() < OLDER.len());
    for version in Version::ALL {
        let mut sorted = all(version);
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(sorted.len(), all(version).len());
        assert!(offers(version).iter().all(|part| part.len() <= 120));
    }
}

#[test]
fn suites_are_as_strong_as_their_sources_say() {
    let of = |name: &str| strength(name).0;
    // Mozilla's intermediate list, except finite fields, which RFC 9325 advises against.
    for name in [
        "TLS_AES_128_GCM_SHA256",
        "TLS_AES_256_GCM_SHA384",
        "TLS_CHACHA20_POLY1305_SHA256",
        "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
        "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
        "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
    ] {
        assert_eq!(of(name), Strength::Strong, "{name}");
    }
    for name in ["TLS_DHE_RSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA"] {
        assert_eq!(of(name), Strength::Dated, "{name}");
    }
    for (_, name) in OLDER.iter().chain(TLS13) {
        let bad = ["NULL", "EXPORT", "anon", "RC4", "DES", "MD5", "RC2", "IDEA"]
            .iter()
            .any(|sign| name.contains(sign));
        let ephemeral =
            ["TLS_ECDHE_", "TLS_DHE_", "TLS_SRP_", "TLS_ECCPWD_"].iter().any(|start| name.starts_with(start))
                || TLS13.iter().any(|(_, known)| known == name) && !name.starts_with("TLS_SHA");
        assert_eq!(of(name) == Strength::Weak, bad || !ephemeral, "{name}");
        assert_eq!(strength(name).1.is_some(), of(name) != Strength::Strong, "{name}");
        let authenticated = ["_GCM_", "_CCM", "POLY1305", "AEGIS"].iter().any(|mode| name.contains(mode));
        assert!(of(name) != Strength::Strong || authenticated, "{name}");
    }
}
