//! A service with a made-up secret in every place where one can stand.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use seaworthy_testbed::liars::{self, Liar};

use super::canary::Canary;
use crate::support::identity;

/// The folder, the servers, and what was put where.
pub(super) struct World {
    pub(super) folder: tempfile::TempDir,
    pub(super) canaries: Vec<Canary>,
    variables: Vec<(&'static str, String)>,
    _servers: Vec<Liar>,
    service: Child,
}

impl World {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut canaries = Canaries::default();
        repository(folder.path(), &mut canaries);
        let (chain, key) = identity(folder.path());
        fs::remove_file(folder.path().join("key.pem")).expect("the key is there");
        let words = canaries.value("an answer's page, header, cookie and redirect");
        let shop = liars::echo(words).and_then(|liar| liar.with_tls(&chain, &key)).expect("starts");
        let refusal = error_of_postgres(&canaries.value("an error of PostgreSQL"));
        let postgres = refusing_postgres(refusal).expect("starts");
        let refusal = format!("-ERR invalid password {}\r\n", canaries.value("an error of Redis"));
        let redis = liars::says(refusal).expect("starts");
        let variables = variables(&mut canaries, shop.port(), postgres.port(), redis.port());
        let service = service(folder.path(), &mut canaries);
        let manifest = manifest(shop.port(), service.id(), folder.path());
        fs::write(folder.path().join("seaworthy.yaml"), manifest).expect("writes");
        private(folder.path(), "admin.token", &canaries.value("a bearer token in a file"));
        private(folder.path(), "admin.token.hosts", &format!("127.0.0.1:{}", shop.port()));
        Self { folder, canaries: canaries.0, variables, _servers: vec![shop, postgres, redis], service }
    }

    pub(super) fn variables(&self) -> Vec<(&'static str, String)> {
        self.variables.clone()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        // Its standard input ends with this, and it with that.
        drop(self.service.stdin.take());
        let _ = self.service.wait();
    }
}

#[derive(Default)]
struct Canaries(Vec<Canary>);

impl Canaries {
    fn value(&mut self, way: &'static str) -> String {
        let canary = Canary::new(way, self.0.len());
        let value = canary.value.clone();
        self.0.push(canary);
        value
    }
}

fn variables(canaries: &mut Canaries, shop: u16, postgres: u16, redis: u16) -> Vec<(&'static str, String)> {
    let hosts = || format!("127.0.0.1:{shop}");
    vec![
        ("USER_TOKEN", canaries.value("a bearer token in a variable")),
        ("USER_TOKEN_HOSTS", hosts()),
        ("OPERATOR_TOKEN", canaries.value("an operator's token")),
        ("OPERATOR_TOKEN_HOSTS", hosts()),
        ("LOGIN_PASSWORD", canaries.value("the password of a sign-in")),
        ("LOGIN_PASSWORD_HOSTS", hosts()),
        (
            "DATABASE_URL",
            format!(
                "postgres://app:{}@127.0.0.1:{postgres}/shop?options=-c%20app.key%3D{}",
                canaries.value("the password in a PostgreSQL URL"),
                canaries.value("an option in a PostgreSQL URL"),
            ),
        ),
        (
            "REDIS_URL",
            format!("redis://app:{}@127.0.0.1:{redis}/0", canaries.value("the password in a Redis URL")),
        ),
        ("AWS_SECRET_ACCESS_KEY", canaries.value("a variable that nobody named")),
        ("PGPASSWORD", canaries.value("libpq's password variable")),
        ("HTTPS_PROXY", format!("http://proxy:{}@127.0.0.1:9", canaries.value("the password of a proxy"))),
    ]
}

/// Refuses TLS, then refuses whoever starts.
fn refusing_postgres(refusal: Vec<u8>) -> std::io::Result<Liar> {
    Liar::start(move |stream| {
        let mut asked = [0; 1024];
        loop {
            let length = stream.read(&mut asked)?;
            if length == 0 {
                return Ok(());
            }
            let for_tls = asked[..length].ends_with(&80_877_103_u32.to_be_bytes());
            stream.write_all(if for_tls { b"N" } else { &refusal })?;
        }
    })
}

/// `ErrorResponse` with this as its message.
fn error_of_postgres(secret: &str) -> Vec<u8> {
    let body = format!(
        "SFATAL\0VFATAL\0C28P01\0Mpassword \"{secret}\" is wrong\0Dgiven was {secret}\0Huse {secret}\0\0"
    );
    let length = u32::try_from(body.len() + 4).expect("short");
    [b"E".as_slice(), &length.to_be_bytes(), body.as_bytes()].concat()
}

/// A process with a secret in its arguments and in its environment, until its standard input ends.
fn service(folder: &Path, canaries: &mut Canaries) -> Child {
    let program = folder.join("shop-svc");
    std::os::unix::fs::symlink("/bin/sh", &program).expect("a link");
    Command::new(program)
        .args(["-c", "cat > /dev/null; :", "shop"])
        .arg(format!("--password={}", canaries.value("an argument of the service")))
        .env("SHOP_TOKEN", canaries.value("the environment of the service"))
        .stdin(Stdio::piped())
        .spawn()
        .expect("starts")
}

fn manifest(port: u16, process: u32, folder: &Path) -> String {
    format!(
        "service: {{name: shop}}
environments:
  staging:
    consent: probe
    urls: ['https://127.0.0.1:{port}']
    ca: ca.pem
    openapi: openapi.yaml
    reports: [leaks.sarif, tests.xml]
    rate_limit: {{requests: 5, per_seconds: 1, path: /health}}
    credentials:
      user: {{bearer: {{env: USER_TOKEN}}}}
      operator: {{bearer: {{env: OPERATOR_TOKEN}}}}
      admin: {{bearer: {{file: admin.token}}}}
    login: {{path: /login, user: a@example.com, password: {{env: LOGIN_PASSWORD}}}}
    postgres: {{url: {{env: DATABASE_URL}}}}
    redis: {{url: {{env: REDIS_URL}}}}
    hosts:
      - {{process: {process}, service: shop-svc, env_files: ['{}/service.env'], required_env: [SHOP_TOKEN]}}
",
        folder.display()
    )
}

fn private(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    fs::write(&path, text).expect("writes");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("is ours");
}

/// A repository in which every kind of file holds a secret, and the history one that is gone.
fn repository(folder: &Path, canaries: &mut Canaries) {
    let git = |words: &[&str]| {
        let mut command = Command::new("git");
        command.args(["-c", "user.name=a", "-c", "user.email=a@example.com"]).args(words);
        let done = command.current_dir(folder).env("HOME", folder).output().expect("git starts");
        assert!(done.status.success(), "{words:?}: {}", String::from_utf8_lossy(&done.stderr));
    };
    let mut write = |name: &str, way: &'static str, text: &dyn Fn(&str) -> String| {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text(&canaries.value(way))).expect("writes");
    };
    git(&["init", "-q", "-b", "main"]);
    write("src/gone.js", "a file that the history holds", &|s| format!("const password = \"{s}\";\n"));
    git(&["add", "-A"]);
    write("message", "a commit message", &|s| format!("Use password {s}\n"));
    git(&["commit", "-q", "-F", "message"]);
    fs::remove_file(folder.join("src/gone.js")).expect("is there");
    fs::remove_file(folder.join("message")).expect("is there");
    for (name, way, text) in FILES {
        write(name, way, &|secret| text.replace("SECRET", secret));
    }
    git(&["add", "-A", "-f"]);
    git(&["commit", "-q", "-m", "Second"]);
    let remote =
        format!("https://bot:{}@git.example.com/shop.git", canaries.value("a remote of the repository"));
    git(&["remote", "add", "origin", &remote]);
}

/// Files of the repository: their names, how a secret comes in by them, and what they hold.
const FILES: [(&str, &str, &str); 22] = [
    (".env", "`.env`", "DB_PASSWORD=SECRET\nNODE_ENV=production\n"),
    (".env.production", "a URL in `.env.production`", "DATABASE_URL=postgres://app:SECRET@db:5432/shop\n"),
    ("src/app.js", "a literal in the code", "const apiKey = \"SECRET\";\n"),
    ("src/stripe.py", "a payment key in the code", "STRIPE_KEY = 'sk_live_SECRETSECRET'\n"),
    (
        "src/aws.py",
        "a cloud key in the code",
        "aws_access_key_id = 'AKIAQ7R2LMN5TPWX4ZVB'\naws_secret_access_key = 'SECRETaaaBBBccc1234'\n", // seaworthy:allow-secret made up for this test
    ),
    ("src/url.rb", "a URL in the code", "URL = 'https://admin:SECRET@api.example.com/v1?token=SECRET'\n"),
    ("tests/login.test.js", "a literal in a test", "login('a', 'SECRET'); const password = 'SECRET';\n"),
    (
        "compose.yaml",
        "the compose file",
        "services:\n  db:\n    image: postgres:15\n    environment:\n      POSTGRES_PASSWORD: SECRET\n    command: postgres -c x=SECRET\n",
    ),
    (
        "Dockerfile",
        "the Dockerfile",
        "FROM node:22\nENV API_TOKEN=SECRET\nARG KEY=SECRET\nRUN curl -u a:SECRET https://x.example.com\n",
    ),
    (
        ".github/workflows/ci.yaml",
        "a workflow",
        "on: push\njobs:\n  a:\n    runs-on: x\n    env: {TOKEN: SECRET}\n    steps: [{run: 'curl -H \"Authorization: Bearer SECRET\" https://x.example.com'}]\n",
    ),
    (".npmrc", "`.npmrc`", "//registry.example.com/:_authToken=SECRET\n"),
    (".pgpass", "`.pgpass`", "db:5432:shop:app:SECRET\n"),
    (
        "server.key",
        "a private key",
        "-----BEGIN PRIVATE KEY-----\nSECRETSECRETSECRET\n-----END PRIVATE KEY-----\n",
    ),
    ("deploy/terraform.tfvars", "Terraform's variables", "db_password = \"SECRET\"\n"),
    (
        "deploy/secret.yaml",
        "a manifest of Kubernetes",
        "apiVersion: v1\nkind: Secret\nstringData: {password: SECRET}\n",
    ),
    ("migrations/1_roles.sql", "a migration", "CREATE ROLE app LOGIN PASSWORD 'SECRET';\n"),
    (
        "leaks.sarif",
        "a report of another tool",
        r#"{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"gitleaks","semanticVersion":"8"}},"results":[{"ruleId":"generic-api-key","level":"error","message":{"text":"generic-api-key has detected secret SECRET for file src/app.js."},"locations":[{"physicalLocation":{"artifactLocation":{"uri":"src/app.js"},"region":{"startLine":1,"snippet":{"text":"const apiKey = \"SECRET\";"}}}}]}]}]}"#,
    ),
    (
        "tests.xml",
        "a report of tests",
        "<testsuites><testsuite name=\"a\" tests=\"1\" failures=\"1\"><testcase name=\"login\" classname=\"a\"><failure message=\"expected SECRET\">SECRET</failure><system-out>SECRET</system-out></testcase></testsuite></testsuites>",
    ),
    (
        "openapi.yaml",
        "the OpenAPI document",
        "openapi: 3.0.3\ninfo: {title: Shop, version: '1'}\nservers: [{url: 'https://a:SECRET@x.example.com/?key=SECRET'}]\npaths:\n  /me:\n    get: {security: [{b: []}], responses: {'200': {description: ok, content: {application/json: {example: {token: SECRET}}}}}}\ncomponents: {securitySchemes: {b: {type: http, scheme: bearer}}}\n",
    ),
    (
        "package.json",
        "a script of a package",
        "{\"name\":\"shop\",\"version\":\"1.0.0\",\"scripts\":{\"start\":\"API_KEY=SECRET node src/app.js\"},\"dependencies\":{\"a\":\"git+https://bot:SECRET@git.example.com/a.git\"}}\n",
    ),
    ("service.env", "an environment file of the host", "SHOP_SESSION=SECRET\n"),
    (
        "README.md",
        "the documents",
        "# Shop\n\nRun `curl -u admin:SECRET https://shop.example.com`.\nPassword: SECRET\n",
    ),
];
