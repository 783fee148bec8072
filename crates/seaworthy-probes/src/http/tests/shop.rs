//! A small shop on nginx: sound, or with one change.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use seaworthy_core::consent::Consent;
use seaworthy_core::facts::{Blind, Unseen};
use seaworthy_core::limits::Limits;
use seaworthy_core::manifest::{Manifest, SecretRef};
use secrecy::SecretString;
use serde_json::Value;

use crate::ask::Ask;
use crate::http::client::Resolve;
use crate::http::{HttpTarget, look};

/// What the manifest says of the shop.
const ENVIRONMENT: &str = "
service: {name: shop}
environments:
  staging:
    urls: ['https://shop.example:${tls}', 'http://shop.example:${plain}']
    resolve: {shop.example: 127.0.0.1}
    ca: own.pem
    openapi: openapi.yaml
    endpoints: {metrics: 'http://127.0.0.1:${back}/metrics', fault: /ops/fault}
    cors_origins: ['https://app.example']
    rate_limit: {requests: 40, per_seconds: 2, path: /api/index}
    request_body_max_bytes: 65536
    credentials: {user: {bearer: {env: TOKEN}}, operator: {bearer: {env: TOKEN}}}
    login: {path: /api/sessions, user: a@shop.example, password: {env: PASSWORD}}
";

/// A running shop, ended when dropped.
pub(super) struct Shop {
    folder: tempfile::TempDir,
    ports: [u16; 3],
    child: Child,
}

impl Drop for Shop {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One change to a file: what stands there, and what stands there instead.
pub(super) type Change<'a> = (&'a str, &'a str, &'a str);

impl Shop {
    /// The shop as it should be.
    pub(super) fn sound() -> Self {
        Self::with(&[])
    }

    /// The shop with changes to `shop.conf`, `headers.conf` or `index.html`.
    pub(super) fn with(changes: &[Change<'_>]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let ports = [(); 3].map(|()| {
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port").local_addr().expect("bound").port()
        });
        let dir = folder.path();
        let page = "<!doctype html><title>Shop</title><link rel=stylesheet href=/assets/app.0123456789ab.css>\
                    <script src=\"/assets/app.ba9876543210.js\"></script><img src='/assets/icon-192.png'>";
        let page = format!("{page}<p>{}</p>", "Shop for ships. ".repeat(100));
        let files = [
            ("shop.conf", include_str!("shop.conf").to_owned()),
            ("headers.conf", include_str!("headers.conf").to_owned()),
            ("openapi.yaml", include_str!("openapi.yaml").to_owned()),
            (
                "mime.types",
                "types { text/html html; text/css css; text/javascript js; image/png png; }".to_owned(),
            ),
            ("www/index.html", page),
            ("www/assets/app.0123456789ab.css", "body { margin: 0 }\n".repeat(100)),
            ("www/assets/app.ba9876543210.js", "console.log('shop');\n".repeat(100)),
            ("www/assets/icon-192.png", "\u{1}\u{2}".repeat(1000)),
        ];
        std::fs::create_dir_all(dir.join("www/assets")).expect("a folder");
        for (name, text) in files {
            let mut text = text;
            for (file, from, to) in changes.iter().filter(|(file, ..)| name.ends_with(file)) {
                assert!(text.contains(from), "{file} has no {from}");
                text = text.replace(from, to);
            }
            std::fs::write(dir.join(name), filled(&text, dir, ports)).expect("written");
        }
        certificate(dir);
        let child = Command::new("nginx")
            .arg("-p")
            .arg(dir)
            .args(["-c", "shop.conf", "-e", "error.log"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("nginx starts");
        let shop = Self { folder, ports, child };
        shop.wait();
        shop
    }

    /// nginx binds all of its ports before it takes a connection on any.
    fn wait(&self) {
        let until = Instant::now() + Duration::from_secs(20);
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.ports[1]));
        while TcpStream::connect_timeout(&address, Duration::from_millis(200)).is_err() {
            let log = std::fs::read_to_string(self.folder.path().join("error.log")).unwrap_or_default();
            assert!(Instant::now() < until, "nginx did not start: {log}");
            std::thread::yield_now();
        }
    }

    /// The lines of its access log.
    pub(super) fn log(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.folder.path().join("access.log")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// The port of the service behind, as a line of the log begins with it.
    pub(super) fn back(&self) -> String {
        format!("{} ", self.ports[2])
    }

    /// What the probe sees of it.
    pub(super) async fn seen(&self, consent: Consent) -> Value {
        let text = filled(ENVIRONMENT, self.folder.path(), self.ports);
        seen(&text, self.folder.path().to_owned(), consent).await
    }

    /// The same, with a change to the manifest.
    pub(super) async fn seen_with(&self, consent: Consent, from: &str, to: &str) -> Value {
        assert!(ENVIRONMENT.contains(from), "the manifest has no {from}");
        let text = filled(&ENVIRONMENT.replace(from, to), self.folder.path(), self.ports);
        seen(&text, self.folder.path().to_owned(), consent).await
    }
}

impl Shop {
    /// What the probe sees where its name has a second address.
    pub(super) async fn seen_at_two(&self, second: IpAddr) -> Value {
        let text = filled(ENVIRONMENT, self.folder.path(), self.ports);
        let ask = ask(&text, self.folder.path().to_owned(), Consent::Observe);
        let mut target = HttpTarget::of(&ask).await.expect("a target");
        target.setup.resolve.push(Resolve { host: "shop.example".to_owned(), port: None, address: second });
        serde_json::to_value(look(&target).await).expect("facts are JSON")
    }
}

/// What the probe sees of an environment.
pub(super) async fn seen(manifest: &str, base: PathBuf, consent: Consent) -> Value {
    let target = HttpTarget::of(&ask(manifest, base, consent)).await.expect("a target");
    serde_json::to_value(look(&target).await).expect("facts are JSON")
}

/// A run over the environment `staging`.
pub(super) fn ask(manifest: &str, base: PathBuf, consent: Consent) -> Ask {
    let manifest = Manifest::parse("seaworthy.yaml", manifest).expect("a manifest");
    let environment = manifest.environments["staging"].clone();
    let urls = environment.urls.iter().filter_map(|url| url::Url::parse(url).ok());
    let hosts = urls.map(|url| {
        let host = url.host_str().unwrap_or_default();
        let at = environment.resolve.get(host).map(|address| format!("@{address}")).unwrap_or_default();
        let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
        format!("{host}{port}{at}")
    });
    let hosts = hosts.collect::<Vec<_>>().join(",");
    let own = base.join("own.pem").display().to_string();
    let secrets = move |reference: &SecretRef| match reference {
        SecretRef::Env(name) if name == "SEAWORTHY_CA" => Ok(SecretString::from(own.clone())),
        SecretRef::Env(name) if name == "TOKEN" => Ok(SecretString::from("good-token".to_owned())),
        SecretRef::Env(name) if name.ends_with("_HOSTS") => Ok(SecretString::from(hosts.clone())),
        SecretRef::Env(name) if name == "PASSWORD" => Ok(SecretString::from("c4n4ry-password".to_owned())),
        other => Err(Unseen::new(Blind::NotGiven, format!("{other} is not set"))),
    };
    Ask {
        commanded: false,
        environment,
        base,
        consent,
        limits: Limits {
            deadline: Duration::from_secs(30),
            connect: Duration::from_secs(1),
            answer: Duration::from_secs(2),
        },
        now: chrono::Utc::now(),
        secrets: Arc::new(secrets),
    }
}

fn filled(text: &str, dir: &Path, [plain, tls, back]: [u16; 3]) -> String {
    text.replace("${dir}", &dir.display().to_string())
        .replace("${plain}", &plain.to_string())
        .replace("${tls}", &tls.to_string())
        .replace("${back}", &back.to_string())
        .replace("${long}", &"ship ".repeat(400))
}

fn certificate(dir: &Path) {
    let issued = rcgen::generate_simple_self_signed(["shop.example".to_owned()]).expect("a certificate");
    std::fs::write(dir.join("own.pem"), issued.cert.pem()).expect("written");
    std::fs::write(dir.join("own.key"), issued.signing_key.serialize_pem()).expect("written");
}
