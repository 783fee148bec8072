//! Versions, suites and what goes with them, on real servers.

use super::pki::{Authority, Special};
use super::server::{nginx, openssl, s_server};
use super::*;

const INTERMEDIATE: &str = "ssl_protocols TLSv1.2 TLSv1.3; ssl_prefer_server_ciphers off; ssl_ciphers \
    ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:\
    ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305;";

#[tokio::test]
async fn a_sound_nginx_shows_as_sound() {
    let root = Authority::root("Test Root");
    let server = nginx(&[&root.issue(&Special::default())], INTERMEDIATE);
    let look = check(server.port, Some(&root.pem())).await;
    let endpoint = &look.endpoint;
    assert_eq!(accepted(endpoint), [Version::Tls12, Version::Tls13]);
    assert_eq!(
        suites_of(endpoint, Version::Tls12),
        [
            "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
            "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
            "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"
        ]
    );
    assert_eq!(
        suites_of(endpoint, Version::Tls13),
        ["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"]
    );
    assert!(seen(&endpoint.suites).items.iter().all(|suite| suite.strength == Strength::Strong));
    assert!(!seen(&endpoint.compression_on));
    assert!(!seen(&endpoint.insecure_renegotiation_allowed));
    assert_eq!(seen(&endpoint.fallback_refused), Some(true));
    assert_eq!(seen(&endpoint.dh_bits_min), None);
    assert!(!seen(&endpoint.client_certificate_asked));
    let certificate = only_certificate(&look);
    assert!(seen(&certificate.chain_verifies) && seen(&certificate.name_matches));
    assert!(seen(&certificate.key_proven) && seen(&certificate.in_date) && seen(&certificate.chain_complete));
}

#[tokio::test]
async fn every_suite_of_a_lax_nginx_is_found() {
    let root = Authority::root("Test Root");
    let ciphers = "ALL:COMPLEMENTOFALL:@SECLEVEL=0";
    let settings = format!("ssl_protocols TLSv1.2; ssl_ciphers {ciphers};");
    let server = nginx(&[&root.issue(&Special::rsa())], &settings);
    let look = check(server.port, Some(&root.pem())).await;
    assert_eq!(accepted(&look.endpoint), [Version::Tls12]);
    assert_eq!(seen(&look.endpoint.fallback_refused), None);
    // What the library says it can do with an RSA key and no preshared ones. nginx offers no finite-field groups.
    let folder = tempfile::tempdir().unwrap();
    let listed = openssl(folder.path(), &["ciphers", "-v", "-stdname", "-s", "-tls1_2", ciphers]);
    let mut possible: Vec<&str> = listed
        .lines()
        .filter(|line| line.contains("Au=RSA") || line.contains("Kx=ECDH ") && line.contains("Au=None"))
        .filter(|line| !line.contains("Kx=DH ") && !line.contains("PSK") && !line.contains("SRP"))
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    possible.sort_unstable();
    assert_eq!(suites_of(&look.endpoint, Version::Tls12), possible);
    assert!(weak(&look.endpoint).contains(&"TLS_RSA_WITH_NULL_SHA256".to_owned()));
    assert!(weak(&look.endpoint).contains(&"TLS_RSA_WITH_AES_128_GCM_SHA256".to_owned()));
}

#[tokio::test]
async fn old_versions_are_found() {
    let root = Authority::root("Test Root");
    let settings = "ssl_protocols TLSv1 TLSv1.1 TLSv1.2; ssl_ciphers DEFAULT:@SECLEVEL=0;";
    let server = nginx(&[&root.issue(&Special::rsa())], settings);
    let look = check(server.port, Some(&root.pem())).await;
    assert_eq!(accepted(&look.endpoint), [Version::Tls10, Version::Tls11, Version::Tls12]);
    let versions = seen(&look.endpoint.versions);
    let Seen::Seen { by_hand: Some(by_hand), .. } = &versions[1].accepted else { panic!("no command") };
    assert!(by_hand.contains("-tls1 ") && by_hand.contains(NAME), "{by_hand}");
}

/// OpenSSL 3 then chooses TLS 1.0, fails over it, and says so with an alert of its own fault.
#[tokio::test]
async fn old_versions_that_the_security_level_forbids_are_refused() {
    let root = Authority::root("Test Root");
    let settings = "ssl_protocols TLSv1 TLSv1.1 TLSv1.2; ssl_ciphers HIGH:!aNULL:!MD5:@SECLEVEL=2;";
    let server = nginx(&[&root.issue(&Special::rsa())], settings);
    let look = check(server.port, Some(&root.pem())).await;
    assert_eq!(accepted(&look.endpoint), [Version::Tls12]);
    assert_eq!(seen(&look.endpoint.suites).cut, None);
}

#[tokio::test]
async fn a_server_of_tls_1_0_alone_still_shows_its_certificate() {
    let root = Authority::root("Test Root");
    let settings = "ssl_protocols TLSv1; ssl_ciphers DEFAULT:@SECLEVEL=0;";
    let server = nginx(&[&root.issue(&Special::rsa())], settings);
    let look = check(server.port, Some(&root.pem())).await;
    assert_eq!(accepted(&look.endpoint), [Version::Tls10]);
    let certificate = only_certificate(&look);
    assert!(seen(&certificate.chain_verifies));
    assert!(certificate.key_proven.value().is_none());
}

#[tokio::test]
async fn a_server_of_tls_1_3_alone_is_seen_whole() {
    let root = Authority::root("Test Root");
    let server = nginx(&[&root.issue(&Special::default())], "ssl_protocols TLSv1.3;");
    let look = check(server.port, Some(&root.pem())).await;
    assert_eq!(accepted(&look.endpoint), [Version::Tls13]);
    assert!(!seen(&look.endpoint.compression_on));
    assert!(!seen(&look.endpoint.insecure_renegotiation_allowed));
    assert!(seen(&only_certificate(&look).chain_verifies));
}

#[tokio::test]
async fn a_small_diffie_hellman_group_makes_a_suite_weak() {
    let root = Authority::root("Test Root");
    let folder = tempfile::tempdir().unwrap();
    openssl(
        folder.path(),
        &[
            "genpkey",
            "-genparam",
            "-algorithm",
            "DH",
            "-pkeyopt",
            "dh_paramgen_prime_len:1024",
            "-out",
            "dh.pem",
        ],
    );
    let dh = folder.path().join("dh.pem");
    let cipher = "DHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0";
    let server = s_server(
        Some(&root.issue(&Special::rsa())),
        &["-tls1_2", "-cipher", cipher, "-dhparam", dh.to_str().unwrap()],
    );
    let look = check(server.port, Some(&root.pem())).await;
    assert_eq!(seen(&look.endpoint.dh_bits_min), Some(1024));
    assert_eq!(weak(&look.endpoint), ["TLS_DHE_RSA_WITH_AES_128_GCM_SHA256"]);
    let groups: Vec<_> =
        seen(&look.endpoint.suites).items.into_iter().filter_map(|suite| suite.group).collect();
    assert!(groups.contains(&"x25519".to_owned()), "{groups:?}");
}

#[tokio::test]
async fn suites_without_a_certificate_are_found() {
    let server = s_server(None, &["-tls1_2", "-cipher", "aNULL:@SECLEVEL=0"]);
    let look = check(server.port, None).await;
    assert!(weak(&look.endpoint).contains(&"TLS_ECDH_anon_WITH_AES_256_CBC_SHA".to_owned()));
    assert!(look.certificates.value().is_none());
}

#[tokio::test]
async fn a_server_that_asks_for_a_client_certificate_is_seen_all_the_same() {
    let root = Authority::root("Test Root");
    for version in ["-tls1_2", "-tls1_3"] {
        let server = s_server(Some(&root.issue(&Special::default())), &["-Verify", "1", version]);
        let look = check(server.port, Some(&root.pem())).await;
        assert!(seen(&look.endpoint.client_certificate_asked), "{version}");
        assert!(seen(&only_certificate(&look).chain_verifies), "{version}");
    }
}

#[tokio::test]
async fn a_server_that_does_not_know_the_name_is_unseen() {
    let root = Authority::root("Test Root");
    let server =
        nginx(&[&root.issue(&Special::default())], "ssl_protocols TLSv1.2 TLSv1.3; ssl_reject_handshake on;");
    let look = check(server.port, None).await;
    for version in &seen(&look.endpoint.versions)[3..] {
        assert!(version.accepted.value().is_none(), "{version:?}");
    }
    assert!(look.endpoint.suites.value().is_none() && look.certificates.value().is_none());
}

#[tokio::test]
async fn at_most_the_allowed_number_of_connections_is_made() {
    let root = Authority::root("Test Root");
    let settings =
        "ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3; ssl_ciphers ALL:COMPLEMENTOFALL:@SECLEVEL=0;";
    let both = [&root.issue(&Special::rsa()), &root.issue(&Special::default())];
    let server = nginx(&both, settings);
    let look = check(server.port, Some(&root.pem())).await;
    assert_eq!(accepted(&look.endpoint), [Version::Tls10, Version::Tls11, Version::Tls12, Version::Tls13]);
    assert!(!weak(&look.endpoint).is_empty());
}
