//! One connection: asks what [`Question`] knows, one at a time, each answer within bounds.
//!
//! No word of the server's errors leaves this file: a server to which a password was sent could give
//! it back in one. What leaves is the error's code, from a closed list.

use std::net::SocketAddr;

use seaworthy_core::facts::{Blind, Unseen};
use seaworthy_core::limits::Limits;
use seaworthy_core::limits::redis::COMMANDS_MAX;
use secrecy::{ExposeSecret, SecretString};
use tokio::io::{AsyncWriteExt, BufReader};
use tokio::time::{Instant, timeout_at};

use super::dial::{self, Stream};
use super::question::Question;
use super::resp::{self, Reply, not_redis};
use super::target::RedisTarget;

/// Codes of errors that are known; others are not repeated.
const CODES: [&str; 13] = [
    "ERR",
    "NOAUTH",
    "NOPERM",
    "WRONGPASS",
    "LOADING",
    "MOVED",
    "ASK",
    "CLUSTERDOWN",
    "MASTERDOWN",
    "DENIED",
    "BUSY",
    "MISCONF",
    "OOM",
];

/// A connection to the server, or the reason why there is none.
pub(super) struct Session<'a> {
    line: Result<BufReader<Box<dyn Stream>>, Unseen>,
    looker: &'a str,
    limits: Limits,
    until: Instant,
    commands_left: u32,
    /// Our own end of the connection.
    local: Option<SocketAddr>,
}

impl<'a> Session<'a> {
    /// Connects; nobody is signed in yet.
    pub(super) async fn open(
        target: &'a RedisTarget,
        limits: &Limits,
        until: Instant,
    ) -> Result<(Self, SocketAddr), Unseen> {
        let connection = dial::connect(target, limits).await?;
        let session = Self {
            line: Ok(BufReader::new(connection.stream)),
            looker: target.looker(),
            limits: *limits,
            until,
            commands_left: COMMANDS_MAX,
            local: connection.local,
        };
        Ok((session, connection.address))
    }

    /// A session on which nothing can be asked, for this reason.
    pub(super) fn closed(target: &'a RedisTarget, why: Unseen) -> Self {
        let (limits, until) = (Limits::default(), Instant::now());
        Self { line: Err(why), looker: target.looker(), limits, until, commands_left: 0, local: None }
    }

    /// Our own end of the connection.
    pub(super) fn local(&self) -> Option<SocketAddr> {
        self.local
    }

    /// Signs in with the credentials of the URL. They are only sent where nobody can listen.
    pub(super) async fn sign_in(&mut self, target: &RedisTarget, address: SocketAddr) -> Result<(), Unseen> {
        let Some(password) = &target.password else { return Ok(()) };
        if !target.tls && !address.ip().is_loopback() {
            let why = "the password was not sent: the connection leaves this machine in clear text";
            return Err(Unseen::new(Blind::Denied, why)
                .give("`rediss://`, or a tunnel to the server that begins on this machine"));
        }
        let answered = self.send(&credentials(target.user.as_deref(), password)).await?;
        let Reply::Error(text) = answered else {
            return if answered.text() == Some("OK") { Ok(()) } else { Err(not_redis()) };
        };
        let says = |words: &str| text.to_ascii_lowercase().contains(words);
        if says("no password is set") || says("without any password configured") {
            // Whoever connects is signed in already; that this is so shows without credentials.
            return Ok(());
        }
        let refused = Unseen::new(Blind::Denied, format!("user `{}` may not sign in", self.looker));
        Err(match code(&text) {
            Some("WRONGPASS") => refused.give("the right user and password behind `redis.url`"),
            Some("ERR") if says("invalid password") => refused.give("the right password behind `redis.url`"),
            Some("ERR") if says("wrong number of arguments") => {
                refused.give("a URL without a user, `redis://:password@host`: this server knows no users")
            }
            code => refusal(code, &text, "AUTH", "", self.looker),
        })
    }

    /// Whether the user `default` signs in with a password that everybody knows. Only such may be given here, and only to a
    /// server that refuses who has not signed in.
    pub(super) async fn takes(&mut self, published: &str) -> Result<bool, Unseen> {
        let answered = self.send(&resp::command(&["AUTH", published])).await?;
        let Reply::Error(text) = &answered else {
            return if answered.text() == Some("OK") { Ok(true) } else { Err(not_redis()) };
        };
        let says = |words: &str| text.to_ascii_lowercase().contains(words);
        match code(text) {
            Some("WRONGPASS") => Ok(false),
            // Of servers before Redis 6.
            Some("ERR") if says("invalid password") => Ok(false),
            // Who has not signed in is refused all the same: this user is off, and takes no password.
            Some("ERR") if says("no password is set") || says("without any password configured") => Ok(false),
            code => Err(refusal(code, text, "AUTH", "", "default")),
        }
    }

    /// Asks, and takes an error of the server as an answer too.
    pub(super) async fn ask(&mut self, question: Question<'_>) -> Result<Reply, Unseen> {
        self.send(&resp::command(&question.words())).await
    }

    /// Asks, and turns an error of the server into the reason for not seeing.
    pub(super) async fn answer(&mut self, question: Question<'_>) -> Result<Reply, Unseen> {
        match self.ask(question).await? {
            Reply::Error(text) => Err(self.refused(question, &text)),
            reply => Ok(reply),
        }
    }

    /// What an error of the server means for what was asked.
    pub(super) fn refused(&self, question: Question<'_>, text: &str) -> Unseen {
        let words = question.words();
        // The second word of some is a subcommand, of others a key, which is nobody's business.
        let count = if matches!(question, Question::TimeToLive(_) | Question::Exists(_)) { 1 } else { 2 };
        let shown = words.iter().take(count).copied().collect::<Vec<_>>().join(" ");
        refusal(code(text), text, &shown, question.right(), self.looker)
    }

    async fn send(&mut self, bytes: &[u8]) -> Result<Reply, Unseen> {
        let stream = self.line.as_mut().map_err(|why| why.clone())?;
        let Some(left) = self.commands_left.checked_sub(1) else {
            return Err(Unseen::new(Blind::CutShort, "no more is asked of the server in one look"));
        };
        self.commands_left = left;
        let until = self.until.min(Instant::now() + self.limits.answer);
        let exchange = async {
            let sent = async {
                stream.write_all(bytes).await?;
                stream.flush().await
            };
            sent.await.map_err(|_| Unseen::new(Blind::Unreachable, "the server closed the connection"))?;
            resp::read(stream).await
        };
        let outcome = timeout_at(until, exchange).await.unwrap_or_else(|_| {
            Err(Unseen::new(Blind::Timeout, "the server did not answer in time")
                .give("a Redis server that answers: see its log, and `redis-cli --latency`"))
        });
        // After a failure what comes next is no answer to what is asked next.
        if let Err(why) = &outcome {
            self.line = Err(why.clone());
        }
        outcome
    }
}

fn credentials(user: Option<&str>, password: &SecretString) -> Vec<u8> {
    let mut words = vec!["AUTH"];
    words.extend(user);
    words.push(password.expose_secret());
    resp::command(&words)
}

/// The code of an error, from the closed list.
pub(super) fn code(text: &str) -> Option<&'static str> {
    let first = text.split(' ').next().unwrap_or_default();
    CODES.into_iter().find(|&known| known == first)
}

fn refusal(code: Option<&str>, text: &str, asked: &str, right: &str, looker: &str) -> Unseen {
    let says = |words: &str| text.to_ascii_lowercase().contains(words);
    match code {
        Some("NOPERM") => {
            let why = format!("user `{looker}` may not run `{asked}`");
            Unseen::new(Blind::Denied, why).give(format!("ACL SETUSER {looker} {right}"))
        }
        Some("NOAUTH") => Unseen::new(Blind::Denied, "the server wants a password, and none was given")
            .give("a URL with user and password behind `redis.url`"),
        Some("DENIED") => {
            Unseen::new(Blind::Denied, "the server is in protected mode and takes nobody from here")
                .give("run Seaworthy on the machine of the server, or give the server a password")
        }
        Some("LOADING") => Unseen::new(Blind::Unreachable, "the server is still loading its data")
            .give("wait until `INFO persistence` says `loading:0`"),
        Some("MOVED" | "ASK" | "CLUSTERDOWN") => {
            Unseen::new(Blind::Unsupported, "the server is a node of a cluster and points to another")
                .give("the URL of the node itself")
        }
        Some("MASTERDOWN") => Unseen::new(Blind::Unreachable, "the server is a replica without its primary")
            .give("the URL of the primary"),
        Some("BUSY") => Unseen::new(Blind::Unreachable, "the server is busy with a script")
            .give("wait until the script ends, or `SCRIPT KILL`"),
        Some("ERR") if says("max number of clients") => {
            Unseen::new(Blind::Unreachable, "the server has no free connection")
                .give("a larger `maxclients`, or fewer clients")
        }
        Some("ERR") if says("unknown command") || says("unknown subcommand") => {
            let why =
                format!("the server does not know `{asked}`: it is too old, or the command was renamed");
            Unseen::new(Blind::Unsupported, why)
                .give(format!("a server on which the looking user may run `{asked}` by its own name"))
        }
        Some(code) => {
            Unseen::new(Blind::Unsupported, format!("`{asked}` was answered with the error {code}"))
                .give("the log of the server tells more")
        }
        None => Unseen::new(Blind::Garbled, format!("`{asked}` was answered with an error of no known kind")),
    }
}
