//! The HTTP client on a server whose key no library of ours checks.

use tokio::time::Instant;
use url::Url;

use super::pki::Authority;
use super::server::s_server;
use super::*;
use crate::http::client::{Ask, Observer, Resolve, Scrubber, Setup, Trust, roots};

#[tokio::test]
async fn a_server_whose_key_cannot_be_checked_is_looked_at_and_gets_no_credential() {
    let root = Authority::root("Test Root");
    let server =
        s_server(Some(&certificates::odd(&root, "rsa:1024", "-sha256")), &["-cipher", "ALL:@SECLEVEL=0"]);
    let setup = Setup {
        resolve: vec![Resolve { host: NAME.into(), port: None, address: IpAddr::V4(Ipv4Addr::LOCALHOST) }],
        roots: roots(&[root.certificate.der().clone()]),
        home: Vec::new(),
        scrubber: Scrubber::default(),
        connect: Duration::from_secs(5),
        answer: Duration::from_secs(5),
        deadline: Instant::now() + Duration::from_secs(20),
    };
    let url = Url::parse(&format!("https://{NAME}:{}/", server.port)).unwrap();
    let answer = Observer::new(&setup).ask(Ask::get(&url)).await.unwrap();
    assert!(matches!(&answer.trust, Trust::Unverified(_)), "{:?}", answer.trust);
    assert!(answer.trust.carries_credentials().is_err());
}
