//! What an answer must not show: stack traces, paths, statements, debug pages. The patterns are data.

use regex::Regex;
use seaworthy_core::facts::{Listed, Seen};
use seaworthy_core::limits::QUOTE_CHARS_MAX;
use seaworthy_core::limits::http::PATTERN_BYTES_MAX;

use super::client::Answer;
use super::facts::InternalShown;

/// Letters and digits in a row from which on they are taken for a token.
const TOKEN_CHARS_MIN: usize = 12;

/// One thing that an answer must not show.
struct Sign {
    what: &'static str,
    /// It shows a mode for development.
    development: bool,
    pattern: &'static str,
}

const fn internal(what: &'static str, pattern: &'static str) -> Sign {
    Sign { what, development: false, pattern }
}

const fn development(what: &'static str, pattern: &'static str) -> Sign {
    Sign { what, development: true, pattern }
}

/// Patterns over the text of an answer.
const TEXTS: &[Sign] = &[
    development("a Python stack trace", r"Traceback \(most recent call last\)"),
    development("a Java stack trace", r"\bat [A-Za-z0-9_.$]+\([A-Za-z0-9_$]+\.(java|kt|scala):[0-9]+\)"),
    development("a JavaScript stack trace", r"\bat [^\n]*?[/\\][^\n]*?\.[cm]?[jt]sx?:[0-9]+:[0-9]+"),
    development("a .NET stack trace", r"\bat [A-Za-z0-9_.`]+\([^\n]*?\) in [^\n]+?:line [0-9]+"),
    development("a Go stack trace", r"goroutine [0-9]+ \[[a-z ]+\]:"),
    development("a Rust panic or backtrace", r"thread '[^'\n]+'( \([0-9]+\))? panicked at|stack backtrace:"),
    development("a Ruby stack trace", r"\.rb:[0-9]+:in [`']"),
    development(
        "a PHP error",
        r"(?i)(fatal error|warning|parse error|notice)(</b>)?:\s[^\n]+? in (<b>)?/[a-z0-9_/.-]+\.php",
    ),
    development("a PHP stack trace", r"#[0-9]+ /[A-Za-z0-9_/.-]+\.php\([0-9]+\)"),
    internal("an SQL statement", SQL),
    internal("a PostgreSQL error", POSTGRES),
    internal("a MySQL error", r"(?i)you have an error in your sql syntax|Table '[a-z0-9_.]+' doesn't exist"),
    internal("an SQLite error", r"SQLITE_(ERROR|BUSY|CONSTRAINT)|no such table: [a-z]"),
    internal("a driver's error", DRIVER),
    internal("a path of the server", PATH),
    internal(
        "a connection string",
        r"\b(postgres|postgresql|mysql|rediss?|mongodb|mongodb\+srv|amqp)://[^\s/@]+@",
    ),
    development("Django's debug page", r"<code>DEBUG = True|Django Version:|URLconf defined in"),
    development("Flask's debugger", r"Werkzeug Debugger|__debugger__"),
    development("Rails' development page", r"Action Controller: Exception caught|Rails\.root:|web-console"),
    development("Symfony's debug page", r"Symfony Exception|sf-dump|/_profiler/"),
    development(
        "Laravel's debug page",
        r"Whoops, looks like something went wrong|laravel-ignition|facade/ignition",
    ),
    development("ASP.NET's developer page", r"Stack Query Cookies Headers|<compilation debug=.true"),
    development("Express' error page", r"<pre>[A-Za-z]*Error: [^\n]+?<br>"),
    development("Phoenix' debug page", r"Phoenix\.Router\.NoRouteError|__mix_env__"),
    development("a development build of React", r"react(-dom)?\.development\.js"),
    development(
        "a Next.js development server",
        r#"_next/static/development/|"buildId":"development"|__nextjs_original-stack-frame"#,
    ),
    development("Vite's development server", r"/@vite/client|/@react-refresh"),
    development("webpack's development server", r"webpack-dev-server|sockjs-node|webpackHotUpdate"),
    development("the word of a development mode", WORD),
];

/// Prose says "select a plan from the list" as well, so small letters need the signs of a statement too.
const SQL: &str = r#"\bSELECT\s[^\n]+?\sFROM\s|\bselect\s+(\*|"|[a-z0-9_]+\.[a-z0-9_]+)[^\n]*?\sfrom\s|(?i)\binsert\s+into\s+[^\s(]+\s*\(|\bupdate\s+[^\s]+\s+set\s+[^\s=]+\s*=|\bdelete\s+from\s+[^\s]+\s+where\s"#;
const POSTGRES: &str = r#"(relation|column|function|database|role) ["'][A-Za-z0-9_.]+["'][^\n]*? does not exist|duplicate key value violates|syntax error at or near|SQLSTATE"#;
const DRIVER: &str = r"\b(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|PSQLException|sqlx::|tokio_postgres::|psycopg2?\.|sqlalchemy\.exc|PrismaClient[A-Za-z]*Error|MongoServerError|RedisError)|\(os error [0-9]+\)";
const PATH: &str = r#"(^|[\s"'(=:>])(/home|/root|/usr/src|/usr/local/lib|/var/www|/var/lib|/app/(src|lib|dist|node_modules)|/srv|/opt)/[A-Za-z0-9_@.-]+/[A-Za-z0-9_@./-]+|[A-Z]:\\(Users|inetpub|Program Files)\\|node_modules/|site-packages/|\.cargo/registry"#;
const WORD: &str =
    r#""(env|environment|mode|node_env|app_env|rails_env|NODE_ENV|APP_ENV)"\s*:\s*"(dev|development|debug)""#;

/// Patterns over single headers: name, pattern, what.
const HEADERS: &[(&str, Sign)] = &[
    (
        "server",
        development(
            "a development server",
            r"(?i)werkzeug|wsgiserver|simplehttp|webrick|php/[\d.]+ development",
        ),
    ),
    ("x-debug-token", development("Symfony's profiler", r".")),
    ("x-debug-token-link", development("Symfony's profiler", r".")),
    ("x-debug-exception", development("Symfony's debug mode", r".")),
    ("x-django-debug", development("Django's debug mode", r".")),
    ("x-debugbar-id", development("a debug bar", r".")),
    ("x-sourcefiles", development("Visual Studio's debug mode", r".")),
    ("sourcemap", internal("a source map", r"^file:|^/(home|root|app)/")),
];

/// The patterns, compiled once for a look.
pub(super) struct Patterns {
    texts: Vec<(&'static Sign, Regex)>,
    headers: Vec<(&'static str, &'static Sign, Regex)>,
}

impl Patterns {
    pub(super) fn new() -> Self {
        // A pattern of ours that does not compile is caught by a test over all of them.
        let compiled = |sign: &'static Sign| Regex::new(sign.pattern).ok();
        Self {
            texts: TEXTS.iter().filter_map(|sign| Some((sign, compiled(sign)?))).collect(),
            headers: HEADERS.iter().filter_map(|(name, sign)| Some((*name, sign, compiled(sign)?))).collect(),
        }
    }

    /// What an answer shows. Unseen where its body could not be read.
    pub(super) fn shown_by(&self, answer: &Answer) -> Seen<Listed<InternalShown>> {
        let found = self.found(answer);
        match &answer.body.cut {
            // A body that nobody can decode shows nothing for certain.
            Some(why) if found.is_empty() && answer.body.bytes.is_empty() => Seen::Unseen(why.clone()),
            cut => Seen::new(Listed { items: found, cut: cut.clone() }),
        }
    }

    fn found(&self, answer: &Answer) -> Vec<InternalShown> {
        let text = answer.body.text();
        let end = text.floor_char_boundary(PATTERN_BYTES_MAX);
        let text = unescaped(&text[..end]);
        let texts =
            self.texts.iter().filter_map(|(sign, regex)| Some(shown(sign, regex.find(&text)?.as_str())));
        let headers = self.headers.iter().filter_map(|(name, sign, regex)| {
            let value = answer.header(name)?;
            // A value that any text may be is not shown: some are tokens.
            let found = regex.find(&value)?.as_str();
            Some(shown(
                sign,
                &if sign.pattern == "." { (*name).to_owned() } else { format!("{name}: {found}") },
            ))
        });
        texts.chain(headers).collect()
    }
}

fn shown(sign: &Sign, quote: &str) -> InternalShown {
    // A connection string is the one thing here that holds a secret.
    let quote =
        if sign.what == "a connection string" { quote.split("//").next().unwrap_or("") } else { quote };
    // Every word of this one is the pattern's own.
    let shown = |word: &str| if sign.pattern == WORD { word.to_owned() } else { masked(word) };
    let line = quote.split_whitespace().map(shown).collect::<Vec<_>>().join(" ");
    InternalShown {
        what: sign.what.to_owned(),
        development: sign.development,
        quote: line.chars().take(QUOTE_CHARS_MAX / 3).collect(),
    }
}

/// A word of a quote without what may be a secret: what stands between quotes or after `=`, and long runs of
/// letters and digits together, as tokens are. Names, paths and numbers of lines stay.
fn masked(word: &str) -> String {
    let end = word.find(['\'', '"', '=']).map_or(word.len(), |at| at + 1);
    let (kept, rest) = word.split_at(end);
    let is_token = |run: &str| {
        run.len() >= TOKEN_CHARS_MIN
            && run.contains(|c: char| c.is_ascii_digit())
            && run.contains(|c: char| c.is_ascii_alphabetic())
    };
    let tokens = kept.split(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '-');
    let mut kept =
        tokens.filter(|run| is_token(run)).fold(kept.to_owned(), |kept, run| kept.replace(run, "…"));
    if rest.contains(char::is_alphanumeric) {
        kept.push('…');
    } else {
        kept.push_str(rest);
    }
    kept
}

/// Traces travel inside JSON and HTML, where line breaks and quotes are escaped.
fn unescaped(text: &str) -> String {
    text.replace("\\n", "\n")
        .replace("\\\"", "\"")
        .replace("&#39;", "'")
        .replace("&quot;", "\"")
        .replace("&lt;", "<")
}

#[cfg(test)]
mod tests;
