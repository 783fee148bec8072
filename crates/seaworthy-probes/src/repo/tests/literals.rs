//! Literals that are secrets, and what ordinary code is full of.

use super::{items, look, repository};
use crate::repo::secrets::Searcher;

fn rules(text: &str) -> Vec<String> {
    let searcher = Searcher::new(Vec::new());
    let scan = searcher.search(text.as_bytes());
    scan.hits.iter().map(|hit| searcher.rule(hit.rule).id.clone()).collect()
}

/// Joined here, so that none stands in this repository.
fn password() -> String {
    ["Xk29vQ81", "mmZt0pLr"].concat()
}

#[test]
fn passwords_with_brackets_signs_or_few_digits_are_secrets() {
    let p = password();
    for text in [
        format!("password = '{}'", ["Xk29vQ81mmZt", "(0pLr"].concat()),
        format!("dbPassword: \"{}\"", ["q[7Rt}Z2", "mK<x9Lw|"].concat()),
        format!("DB_PASSWORD = '{}'", ["Xk?vQ!mm", "Zt#pLrwB"].concat()),
        format!("api_token = \"{}\"", ["rKwTzQbMxLhVp", "DnGsXcRfJqZwY"].concat()),
        format!("api_token = \"{}\"", ["0b7f3c52-9d1e-4a86", "-b3c4-7e5f2a918d60"].concat()),
        format!("DB_PASSWORD = '{}'", ["Sommer", "2024"].concat()),
        format!("define('DB_PASSWORD', '{p}');"),
        format!("define( \"DB_PASSWORD\", \"{p}\" );"),
        format!("os.environ.setdefault('API_TOKEN', '{p}')"),
        format!("SECRET_KEY = '{}'", ["@v$(3%(k2m#x^w8(=_z!p+q", "1)s&d*f-g5h7j9k0l4c6b8n@r%t"].concat()),
    ] {
        assert_eq!(rules(&text), ["assigned-secret"], "{text}");
    }
}

#[test]
fn the_key_that_django_makes_is_a_secret_in_code() {
    let key = ["django-insecure-8f#2k(1x@p!0z$", "w3(e_r5^t&y7*u)i9-o=a+s4d6f8g0h2j3k"].concat();
    for text in [
        format!("SECRET_KEY = '{key}'"),
        format!("SECRET_KEY = os.environ.get(\"SECRET_KEY\", \"{key}\")"),
        format!("SECRET_KEY={key}"),
    ] {
        assert_eq!(rules(&text), ["django-insecure-key"], "{text}");
    }
    assert!(rules("if SECRET_KEY.startswith('django-insecure-'): raise SystemExit").is_empty());
}

#[test]
fn ordinary_code_holds_no_secret() {
    for text in [
        "password = f\"{user}-{stamp:%Y%m%d}-{count:02}\"",
        "const token = `${prefix}-${Date.now()}-${id2}`;",
        "secret = format!(\"{}-{:08x}-{name}\", 12, 34)",
        "token: \"${config.get('token22')}\"",
        "PASSWORD = '^(?=.*[A-Z])(?=.*[0-9])[A-Za-z0-9!@#$%]{8,64}$'",
        "password: /^[a-zA-Z0-9]{8,32}$/",
        "token = '[A-Z0-9]{8}-[a-z0-9]{12}'",
        "token = \"(?P<head>[a-z0-9]+)\"",
        "password: 'auth.errors.passwordTooShort8'",
        "'password': 'auth:form.passwordLabel2fa'",
        "t('password', 'validation.password_min_12_characters')",
        "password: \"form-control mt-2 px-4\"",
        "password = 'input--md:w-1/2'",
        "token: 'https://example.com/oauth2/token?v=22'",
        "api_key: \"550e8400-e29b-41d4-a716-446655440000\"",
        "password = \"$2b$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy\"",
        "token = \"getUserAccessTokenFromRequestHeader\"",
        "const TOKEN = 'XMLHttpRequestUploadToken';",
        "secret = getSecret('name22')",
        "password = \"$dbPassword\"",
        "password = \"getEnv(DB_PASSWORD_22)\"",
        "token = \"items[22].token\"",
        "token = 'one|two22|three33'",
        "token = '<span22class>'",
        "password = \"Invalid-password,try-again!\"",
        "password: 'Wrong password!'",
        "secret = \"%(db_secret_22)s\"",
        "INPUT_PASSWORD = 'input[type=password]:nth-child(2)'",
        "'token', 'abcd1234'",
        "checksum_token = \"sha512-z2Yz7jIbU0iTHbKVYbKlB1VTUI0Ylh7ZDXNUGyKeyYYwVXmS0Ylh7ZDXN==\"",
        "name = \"@scope/package-token\"\nversion = \"1.2.3\"\nchecksum = \"0f5cbd2a3cfe6dc6d0c2d6d1ea4e1b9c\"",
        "setItem('token', user.token22)",
        "password = 'op://prod/shop-22/password'",
        "password = '%DB_PASSWORD_22%'",
        "describe('Password', 'should be at least 12 characters')",
        "apiToken = 'TOKEN_INVALID_OR_EXPIRED_2'",
    ] {
        assert_eq!(rules(text), Vec::<String>::new(), "{text}");
    }
}

/// Which files of the working tree hold secrets that count.
fn counted(files: &[(&str, &str)]) -> Vec<String> {
    let repository = repository(files);
    let facts = look(repository.path());
    let found = items(&facts.secrets.found).iter();
    let mut paths: Vec<String> = found
        .filter(|finding| finding.commit.is_none() && finding.excuse.is_none())
        .map(|finding| finding.path.clone())
        .collect();
    paths.sort_unstable();
    paths
}

#[test]
fn where_a_secret_lies_excuses_it_only_in_prose_and_tests() {
    let line = format!("db_password = \"{}\"\n", password());
    let code = format!("const db = {{ dbPassword: '{}' }};\n", password());
    assert_eq!(
        counted(&[
            ("credentials.txt", &line),
            ("website/server.js", &code),
            ("docs/conf.py", &line),
            ("docs/setup.md", &line),
            ("docs/guide.rst", &line),
            ("tests/settings.py", &line),
            ("src/lib.rs", &format!("/// {line}fn a() {{}}\n")),
            ("notes.txt", &format!("* {line}")),
        ]),
        ["credentials.txt", "docs/conf.py", "notes.txt", "website/server.js"]
    );
}

#[test]
fn a_whole_private_key_is_excused_in_tests_alone_or_where_it_is_marked() {
    let line = |from: usize| -> String {
        (0..64)
            .map(|at| char::from(b"k3JQ9vX7sLmT2bNc8RfWz1YpHd6GaEu4+/xZqo5iVn0"[(from + at * 7) % 43]))
            .collect()
    };
    let key =
        format!("-----BEGIN RSA PRIVATE KEY-----\n{}\n{}\n-----END RSA PRIVATE KEY-----\n", line(0), line(3));
    assert_eq!(
        counted(&[
            ("docs/tls.key", &key),
            ("demo.txt", &key),
            ("docs/keys.md", &key),
            ("examples/tls.pem", &key),
            ("tests/tls.pem", &key),
            ("marked.pem", &format!("# seaworthy:allow-secret of nobody\n{key}")),
        ]),
        ["demo.txt", "docs/keys.md", "docs/tls.key", "examples/tls.pem"]
    );
}
