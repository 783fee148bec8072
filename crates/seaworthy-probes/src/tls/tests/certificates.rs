//! Certificate faults, alone and together, on real servers.

use super::pki::{Authority, Identity, Special};
use super::server::{Server, nginx, openssl, s_server};
use super::*;
use crate::tls::facts::ChainFault;

async fn check_identity(identity: &Identity, roots: Option<&str>) -> TlsCertificate {
    let server = s_server(Some(identity), &["-cipher", "ALL:@SECLEVEL=0"]);
    only_certificate(&check(server.port, roots).await)
}

fn faults(certificate: &TlsCertificate) -> Vec<ChainFault> {
    assert_eq!(seen(&certificate.chain_verifies), seen(&certificate.chain_faults).is_empty());
    seen(&certificate.chain_faults)
}

#[tokio::test]
async fn a_sound_certificate_is_read_field_by_field() {
    let root = Authority::root("Test Root");
    let intermediate = root.intermediate("Test Intermediate", (-100, 1000));
    let special = Special { names: vec![NAME.into(), "10.1.2.3".into()], ..Special::rsa() };
    let certificate =
        check_identity(&intermediate.issue(&special).with(&intermediate), Some(&root.pem())).await;
    assert_eq!(faults(&certificate), []);
    assert!(seen(&certificate.name_matches));
    assert_eq!(seen(&certificate.names).items, [NAME, "10.1.2.3"]);
    assert!(seen(&certificate.subject).contains(NAME));
    assert_eq!(seen(&certificate.issuer), "CN=Test Intermediate");
    assert_eq!((seen(&certificate.key_algorithm).as_str(), seen(&certificate.key_bits)), ("RSA", 2048));
    assert_eq!(seen(&certificate.signature_algorithm), "ecdsa-with-SHA256");
    assert_eq!(certificate.chain_length, 2);
    assert!((58..=60).contains(&seen(&certificate.days_left)));
    assert!(seen(&certificate.in_date) && seen(&certificate.chain_complete) && seen(&certificate.key_proven));
    assert!(!seen(&certificate.self_signed));
    assert!(certificate.by_hand.contains("openssl s_client"));
}

#[tokio::test]
async fn each_fault_is_named() {
    let root = Authority::root("Test Root");
    let trusted = Some(root.pem());
    let other = Authority::root("Unknown Root");
    let intermediate = root.intermediate("Test Intermediate", (-100, 1000));
    let old = root.intermediate("Old Intermediate", (-100, -1));
    let special = Special::default();
    let expired = Special { days: (-90, -2), ..Special::default() };
    let early = Special { days: (5, 90), ..Special::default() };
    let for_clients = Special { for_clients_only: true, ..Special::default() };
    let cases = [
        (root.issue(&expired), vec![ChainFault::Expired]),
        (root.issue(&early), vec![ChainFault::NotYetValid]),
        (special.self_signed(), vec![ChainFault::SelfSigned]),
        (expired.self_signed(), vec![ChainFault::Expired, ChainFault::SelfSigned]),
        (intermediate.issue(&special), vec![ChainFault::IssuerUnknown]),
        (intermediate.issue(&expired), vec![ChainFault::Expired, ChainFault::IssuerUnknown]),
        (other.issue(&special).with(&other), vec![ChainFault::RootNotTrusted]),
        (old.issue(&special).with(&old), vec![ChainFault::Expired]),
        (root.issue(&for_clients), vec![ChainFault::WrongPurpose]),
    ];
    for (identity, wanted) in cases {
        let certificate = check_identity(&identity, trusted.as_deref()).await;
        assert_eq!(faults(&certificate), wanted, "{certificate:?}");
        let missing = wanted.contains(&ChainFault::IssuerUnknown);
        assert_eq!(seen(&certificate.chain_complete), !missing, "{certificate:?}");
        let out_of_date = seen(&certificate.days_left) < 0 || wanted == [ChainFault::NotYetValid];
        assert_eq!(seen(&certificate.in_date), !out_of_date, "{certificate:?}");
        assert_eq!(seen(&certificate.self_signed), wanted.contains(&ChainFault::SelfSigned));
        assert!(seen(&certificate.name_matches));
    }
}

#[tokio::test]
async fn whether_the_chain_of_an_unknown_authority_is_whole_is_unseen() {
    let (root, other) = (Authority::root("Test Root"), Authority::root("Unknown Root"));
    let intermediate = other.intermediate("Unknown Intermediate", (-100, 1000));
    let sent = intermediate.issue(&Special::default()).with(&intermediate);
    let certificate = check_identity(&sent, Some(&root.pem())).await;
    assert_eq!(faults(&certificate), [ChainFault::IssuerUnknown]);
    assert!(certificate.chain_complete.value().is_none());
}

#[tokio::test]
async fn a_certificate_for_another_name_verifies_and_does_not_match() {
    let root = Authority::root("Test Root");
    let special = Special { names: vec!["other.example.com".into()], ..Special::default() };
    let certificate = check_identity(&root.issue(&special), Some(&root.pem())).await;
    assert!(seen(&certificate.chain_verifies) && !seen(&certificate.name_matches));
    let wild = Special { names: vec!["*.example.com".into()], ..Special::default() };
    assert!(seen(&check_identity(&root.issue(&wild), Some(&root.pem())).await.name_matches));
}

/// What `rcgen` does not make.
pub(super) fn odd(root: &Authority, key: &str, digest: &str) -> Identity {
    let folder = tempfile::tempdir().unwrap();
    root.files(folder.path());
    std::fs::write(folder.path().join("ext"), format!("subjectAltName=DNS:{NAME}\n")).unwrap();
    let subject = format!("/CN={NAME}");
    openssl(
        folder.path(),
        &["req", "-newkey", key, "-nodes", "-keyout", "key", "-out", "csr", "-subj", &subject],
    );
    let sign =
        ["x509", "-req", "-in", "csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-days", "30", "-extfile", "ext"];
    openssl(folder.path(), &[&sign[..], &[digest, "-out", "pem"]].concat());
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    Identity { chain: vec![read("pem")], key: read("key") }
}

#[tokio::test]
async fn a_small_key_is_measured() {
    let root = Authority::root("Test Root");
    let certificate = check_identity(&odd(&root, "rsa:1024", "-sha256"), Some(&root.pem())).await;
    assert_eq!((seen(&certificate.key_algorithm).as_str(), seen(&certificate.key_bits)), ("RSA", 1024));
    assert!(seen(&certificate.chain_verifies));
    assert!(certificate.key_proven.value().is_none(), "{certificate:?}");
}

#[tokio::test]
async fn a_sha_1_signature_is_named() {
    let root = Authority::root("Test Root");
    let certificate = check_identity(&odd(&root, "rsa:2048", "-sha1"), Some(&root.pem())).await;
    assert_eq!(faults(&certificate), [ChainFault::WeakSignature]);
    assert_eq!(seen(&certificate.signature_algorithm), "ecdsa-with-SHA1");
}

/// A server with a sound certificate for one kind of key and an expired one for the other.
fn two_keys(root: &Authority, settings: &str) -> Server {
    let expired = Special { days: (-90, -2), ..Special::rsa() };
    nginx(&[&root.issue(&Special::default()), &root.issue(&expired)], settings)
}

#[tokio::test]
async fn both_certificates_of_a_server_with_two_keys_are_seen() {
    let root = Authority::root("Test Root");
    for settings in ["ssl_protocols TLSv1.3;", "ssl_protocols TLSv1.2;", ""] {
        let server = two_keys(&root, settings);
        let all = certificates(&check(server.port, Some(&root.pem())).await);
        let mut verdicts: Vec<_> = all
            .iter()
            .map(|one| (seen(&one.key_algorithm), seen(&one.chain_verifies), seen(&one.key_proven)))
            .collect();
        verdicts.sort();
        assert_eq!(verdicts, [("EC".into(), true, true), ("RSA".into(), false, true)], "{settings}");
    }
}

#[tokio::test]
async fn a_self_signed_certificate_that_is_trusted_itself_verifies_while_it_holds() {
    let folder = tempfile::tempdir().unwrap();
    let names = format!("subjectAltName=DNS:{NAME}");
    let make =
        ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key", "-out", "pem", "-days", "30"];
    openssl(folder.path(), &[&make[..], &["-subj", "/CN=shop", "-addext", &names]].concat());
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    let identity = Identity { chain: vec![read("pem")], key: read("key") };
    let trusted = check_identity(&identity, Some(&identity.chain[0])).await;
    assert_eq!(faults(&trusted), []);
    assert_eq!(faults(&check_identity(&identity, None).await), [ChainFault::SelfSigned]);
    let server = s_server(Some(&identity), &[]);
    let later = Within { now: now() + chrono::TimeDelta::days(31), ..within(limits()) };
    let look = look(&target(server.port), &and(&some_roots(), Some(&identity.chain[0])), &later).await;
    assert!(faults(&only_certificate(&look)).contains(&ChainFault::Expired));
}

#[tokio::test]
async fn without_roots_on_the_machine_trust_is_unseen() {
    let root = Authority::root("Test Root");
    let server = s_server(Some(&root.issue(&Special::default())), &[]);
    let none = Roots::of_machine(&[]);
    let look_with =
        async |roots: Option<&str>| look(&target(server.port), &and(&none, roots), &within(limits())).await;
    let certificate = only_certificate(&look_with(None).await);
    let why = certificate.chain_verifies.reason().expect("unseen");
    assert!(why.give.as_deref().is_some_and(|give| give.contains("ca-certificates")), "{why:?}");
    assert!(certificate.chain_complete.value().is_none() && seen(&certificate.name_matches));
    let root_given = only_certificate(&look_with(Some(&root.pem())).await);
    assert!(seen(&root_given.chain_verifies));
    let garbage = only_certificate(&look_with(Some("not a certificate")).await);
    assert!(garbage.chain_verifies.value().is_none());
}

#[tokio::test]
async fn certificates_are_judged_at_the_time_given() {
    let root = Authority::root("Test Root");
    let server = s_server(Some(&root.issue(&Special::default())), &[]);
    let later = Within { now: now() + chrono::TimeDelta::days(61), ..within(limits()) };
    let look = look(&target(server.port), &and(&some_roots(), Some(&root.pem())), &later).await;
    let certificate = only_certificate(&look);
    assert_eq!(faults(&certificate), [ChainFault::Expired]);
    assert!(seen(&certificate.days_left) < 0);
}

#[tokio::test]
async fn an_address_is_matched_as_an_address() {
    let root = Authority::root("Test Root");
    let special = Special { names: vec!["127.0.0.1".into()], ..Special::default() };
    let server = s_server(Some(&root.issue(&special)), &[]);
    let target = TlsTarget { server_name: "127.0.0.1".into(), dial: None, ..target(server.port) };
    let look = look(&target, &and(&some_roots(), Some(&root.pem())), &within(limits())).await;
    let certificate = only_certificate(&look);
    assert!(seen(&certificate.name_matches) && seen(&certificate.chain_verifies));
    assert!(certificate.by_hand.contains("-noservername"));
}

#[tokio::test]
async fn each_address_of_a_name_is_looked_at_for_itself() {
    let root = Authority::root("Test Root");
    let identity = root.issue(&Special::default());
    let other = "ssl_protocols TLSv1.2 TLSv1.3; }\n\
         server { listen 127.0.0.2:${port} ssl; ssl_certificate own0.pem; ssl_certificate_key own0.key;\n\
         ssl_protocols TLSv1 TLSv1.2; ssl_ciphers DEFAULT@SECLEVEL=0;";
    let server = nginx(&[&identity], other);
    let addresses = [[127, 0, 0, 1], [127, 0, 0, 2]].map(|ip| (ip, server.port).into());
    let roots = and(&some_roots(), Some(&root.pem()));
    let looks = look_at_each(&target(server.port), &addresses, &roots, &within(limits())).await;
    let old = |look: &TlsLook| {
        let versions = seen(&look.endpoint.versions);
        versions.iter().any(|version| version.name == Version::Tls10 && seen(&version.accepted))
    };
    assert_eq!(looks.looks.iter().map(old).collect::<Vec<_>>(), [false, true]);
    assert!(looks.not_looked.is_empty());
    let many = [1, 2, 3, 4, 5].map(|last| ([127, 0, 0, last], server.port).into());
    let looks = look_at_each(&target(server.port), &many, &roots, &within(short_limits())).await;
    assert_eq!((looks.looks.len(), looks.not_looked.len()), (4, 1), "{:?}", looks.not_looked);
}
