//! Real servers on free ports of loopback, ended by number.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::pki::Identity;

/// A server that runs until it is dropped.
pub(super) struct Server {
    pub(super) port: u16,
    child: Child,
    _folder: tempfile::TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        // nginx ends its workers on TERM; KILL would orphan them.
        let pid = nix::unistd::Pid::from_raw(self.child.id().cast_signed());
        let _ = nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM);
        let _ = self.child.wait();
    }
}

/// `openssl s_server` with these arguments.
pub(super) fn s_server(identity: Option<&Identity>, arguments: &[&str]) -> Server {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new("openssl");
    command.args(["s_server", "-accept", "127.0.0.1:0", "-www"]).args(arguments).current_dir(folder.path());
    match identity {
        Some(identity) => {
            write(folder.path(), "own", identity);
            command.args(["-cert", "own.pem", "-key", "own.key"]);
            if identity.chain.len() > 1 {
                std::fs::write(folder.path().join("rest.pem"), identity.chain[1..].concat()).unwrap();
                command.args(["-cert_chain", "rest.pem"]);
            }
        }
        None => {
            command.arg("-nocert");
        }
    }
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let port = loop {
        let line = lines.next().expect("openssl ended").unwrap();
        if let Some(address) = line.strip_prefix("ACCEPT ") {
            break address.parse::<SocketAddr>().unwrap().port();
        }
    };
    // What it prints later is thrown away, so that it never waits for a reader.
    std::thread::spawn(move || lines.for_each(drop));
    Server { port, child, _folder: folder }
}

/// nginx with these TLS settings and identities.
pub(super) fn nginx(identities: &[&Identity], settings: &str) -> Server {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
    let mut files = String::new();
    for (index, identity) in identities.iter().enumerate() {
        let name = format!("own{index}");
        write(path, &name, identity);
        writeln!(files, "ssl_certificate {name}.pem; ssl_certificate_key {name}.key;").unwrap();
    }
    let root = path.display();
    let settings = settings.replace("${port}", &port.to_string());
    let conf = format!(
        "daemon off; master_process off; pid {root}/pid; error_log {root}/error.log;\n\
         events {{}}\nhttp {{ access_log off; client_body_temp_path {root}/b; proxy_temp_path {root}/p;\n\
         fastcgi_temp_path {root}/f; uwsgi_temp_path {root}/u; scgi_temp_path {root}/s;\n\
         server {{ listen 127.0.0.1:{port} ssl; {files} {settings} location / {{ return 200 ok; }} }} }}\n"
    );
    std::fs::write(path.join("nginx.conf"), conf).unwrap();
    let child = Command::new("nginx")
        .args(["-p", &root.to_string(), "-c", "nginx.conf", "-e", "error.log"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let server = Server { port, child, _folder: folder };
    wait_for(port);
    server
}

fn wait_for(port: u16) {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let deadline = Instant::now() + Duration::from_secs(20);
    while TcpStream::connect_timeout(&address, Duration::from_millis(200)).is_err() {
        assert!(Instant::now() < deadline, "nginx did not start");
        std::thread::yield_now();
    }
}

fn write(folder: &Path, name: &str, identity: &Identity) {
    std::fs::write(folder.join(format!("{name}.pem")), identity.chain.concat()).unwrap();
    std::fs::write(folder.join(format!("{name}.key")), &identity.key).unwrap();
}

/// Runs `openssl` in a folder and returns what it printed.
pub(super) fn openssl(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("openssl").args(arguments).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}
