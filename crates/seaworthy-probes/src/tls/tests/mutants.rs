//! Bytes changed at random: nothing panics, and no changed certificate verifies.

use proptest::prelude::*;
use rustls::pki_types::ServerName;
use seaworthy_core::facts::Seen;

use super::pki::{Authority, Special};
use super::*;
use crate::tls::answer::Flight;
use crate::tls::capture::Sent;
use crate::tls::chain::{Court, facts};

fn der(pem: &str) -> Vec<u8> {
    use rustls::pki_types::{CertificateDer, pem::PemObject};
    CertificateDer::from_pem_slice(pem.as_bytes()).unwrap().to_vec()
}

struct Bench {
    chain: Vec<Vec<u8>>,
    roots: Roots,
    provider: rustls::crypto::CryptoProvider,
    name: ServerName<'static>,
}

fn bench() -> Bench {
    let root = Authority::root("Test Root");
    let intermediate = root.intermediate("Test Intermediate", (-100, 1000));
    let identity = intermediate.issue(&Special::default()).with(&intermediate);
    Bench {
        chain: identity.chain.iter().map(|pem| der(pem)).collect(),
        roots: Roots::of_machine(&[root.certificate.der().clone()]),
        provider: rustls::crypto::aws_lc_rs::default_provider(),
        name: ServerName::try_from(NAME).unwrap(),
    }
}

impl Bench {
    fn judge(&self, chain: Vec<Vec<u8>>) -> TlsCertificate {
        let sent = Sent { address: ([127, 0, 0, 1], 443).into(), chain, key_proven: Seen::new(true) };
        let court = Court { name: &self.name, roots: &self.roots, provider: &self.provider, now: now() };
        facts(&sent, &court)
    }
}

#[test]
fn no_changed_certificate_verifies_or_panics() {
    let bench = bench();
    assert!(seen(&bench.judge(bench.chain.clone()).chain_verifies));
    let lengths = (bench.chain[0].len(), bench.chain[1].len());
    let change = (any::<bool>(), 0..lengths.0.min(lengths.1), 0..4_u8, 1..=255_u8);
    let config = ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |(changes in prop::collection::vec(change, 1..6))| {
        let mut chain = bench.chain.clone();
        for (first, at, kind, byte) in changes {
            let certificate = &mut chain[usize::from(first)];
            let at = at.min(certificate.len().saturating_sub(1));
            match kind {
                0 => certificate[at] ^= byte,
                1 => certificate.insert(at, byte),
                2 => certificate.truncate(at.max(1)),
                _ => { let tail = certificate.split_off(at); certificate.extend(tail.iter().rev()); }
            }
        }
        if chain != bench.chain {
            let certificate = bench.judge(chain);
            prop_assert_ne!(certificate.chain_verifies.value(), Some(&true));
        }
    });
}

#[test]
fn odd_chains_are_judged_without_trouble() {
    let bench = bench();
    for chain in [Vec::new(), vec![Vec::new()], vec![vec![0x30; 70_000]], vec![bench.chain[1].clone()]] {
        assert_ne!(bench.judge(chain).chain_verifies.value(), Some(&true));
    }
    // Junk behind a sound chain is not looked at by clients either.
    let long = [bench.chain.clone(), vec![bench.chain[1].clone(); 5000]].concat();
    assert!(seen(&bench.judge(long).chain_verifies));
    // A sound chain behind more junk than is read is not known to be sound.
    let junk = [vec![bench.chain[0].clone()], vec![vec![1, 2, 3]; 40], vec![bench.chain[1].clone()]].concat();
    assert!(bench.judge(junk).chain_verifies.value().is_none());
}

#[test]
fn a_certificate_with_many_names_is_cut() {
    let root = Authority::root("Test Root");
    let names = (0..2000).map(|number| format!("n{number}.example.com")).collect();
    let identity = root.issue(&Special { names, ..Special::default() });
    let certificate = bench().judge(vec![der(&identity.chain[0])]);
    let names = seen(&certificate.names);
    assert_eq!((names.items.len(), names.cut.is_some()), (100, true));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_read_to_an_end(pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..80), 0..20)) {
        let mut flight = Flight::default();
        for piece in &pieces {
            flight.push(piece);
        }
    }

    #[test]
    fn how_bytes_are_cut_does_not_matter(
        mut bytes in Just(super::reading::flight()),
        changes in prop::collection::vec((0..400_usize, any::<u8>()), 0..4),
        size in 1..50_usize,
    ) {
        for (at, byte) in changes {
            let length = bytes.len();
            bytes[at % length] = byte;
        }
        let mut whole = Flight::default();
        whole.push(&bytes);
        let mut cut = Flight::default();
        bytes.chunks(size).for_each(|piece| cut.push(piece));
        prop_assert_eq!(whole.hello, cut.hello);
        prop_assert_eq!(whole.chain, cut.chain);
        prop_assert_eq!(whole.alert, cut.alert);
        prop_assert_eq!(whole.complete, cut.complete);
    }
}
