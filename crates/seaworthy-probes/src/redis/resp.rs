//! RESP2, read within bounds: bytes, depth and elements. What an answer claims of its own length is
//! compared with the bound before anything is set aside for it.

use seaworthy_core::facts::{Blind, Unseen};
use seaworthy_core::limits::redis::{ANSWER_BYTES_MAX, ANSWER_DEPTH_MAX, ANSWER_ELEMENTS_MAX};
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt};

/// One answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reply {
    Simple(String),
    Error(String),
    Integer(i64),
    /// `None` is the null string.
    Bulk(Option<String>),
    /// `None` is the null array.
    Array(Option<Vec<Reply>>),
}

impl Reply {
    /// The text of a simple or bulk string.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Simple(text) | Self::Bulk(Some(text)) => Some(text),
            Self::Error(_) | Self::Integer(_) | Self::Bulk(None) | Self::Array(_) => None,
        }
    }

    /// The elements of an array.
    pub(super) fn elements(&self) -> Option<&[Reply]> {
        match self {
            Self::Array(Some(elements)) => Some(elements),
            Self::Simple(_) | Self::Error(_) | Self::Integer(_) | Self::Bulk(_) | Self::Array(None) => None,
        }
    }
}

/// The bytes of a command.
pub(super) fn command(words: &[&str]) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        bytes.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
        bytes.extend_from_slice(word.as_bytes());
        bytes.extend_from_slice(b"\r\n");
    }
    bytes
}

/// Reads one answer. After an error the stream stands nowhere and must not be read again.
pub(super) async fn read<S: AsyncBufRead + Unpin>(stream: &mut S) -> Result<Reply, Unseen> {
    let mut reader = Reader { stream, bytes_left: ANSWER_BYTES_MAX, elements_left: ANSWER_ELEMENTS_MAX };
    reader.whole().await
}

struct Reader<'a, S> {
    stream: &'a mut S,
    bytes_left: usize,
    elements_left: usize,
}

impl<S: AsyncBufRead + Unpin> Reader<'_, S> {
    /// Arrays are read with a stack of our own, so that depth costs no stack of the thread.
    async fn whole(&mut self) -> Result<Reply, Unseen> {
        let mut open: Vec<(usize, Vec<Reply>)> = Vec::new();
        loop {
            let mut reply = match self.head().await? {
                Head::Reply(reply) => reply,
                Head::Array(0) => Reply::Array(Some(Vec::new())),
                Head::Array(_) if open.len() >= ANSWER_DEPTH_MAX => {
                    return Err(too_much("an answer nested too deep"));
                }
                Head::Array(length) => {
                    open.push((length, Vec::new()));
                    continue;
                }
            };
            loop {
                let Some((length, elements)) = open.last_mut() else { return Ok(reply) };
                elements.push(reply);
                if elements.len() < *length {
                    break;
                }
                reply = Reply::Array(Some(open.pop().map(|(_, elements)| elements).unwrap_or_default()));
            }
        }
    }

    async fn head(&mut self) -> Result<Head, Unseen> {
        self.elements_left =
            self.elements_left.checked_sub(1).ok_or_else(|| too_much("an answer of too many elements"))?;
        let line = self.line().await?;
        let (kind, rest) = line.split_at_checked(1).ok_or_else(not_redis)?;
        let reply = match kind {
            "+" => Reply::Simple(rest.to_owned()),
            "-" => Reply::Error(rest.to_owned()),
            ":" => Reply::Integer(rest.parse().map_err(|_| not_redis())?),
            "$" => match length(rest)? {
                None => Reply::Bulk(None),
                Some(length) => Reply::Bulk(Some(self.bulk(length).await?)),
            },
            "*" => match length(rest)? {
                None => Reply::Array(None),
                Some(length) if length > self.elements_left => {
                    return Err(too_much("an answer of too many elements"));
                }
                Some(length) => return Ok(Head::Array(length)),
            },
            _ => return Err(not_redis()),
        };
        Ok(Head::Reply(reply))
    }

    /// A line without its end. Bytes that are no UTF-8 are marked, not refused.
    async fn line(&mut self) -> Result<String, Unseen> {
        let mut line = Vec::new();
        // One byte over the bound is let through, so that it shows that there was more.
        let most = u64::try_from(self.bytes_left).unwrap_or(u64::MAX).saturating_add(1);
        (&mut *self.stream).take(most).read_until(b'\n', &mut line).await.map_err(|_| broken_off())?;
        self.spend(line.len())?;
        match line.strip_suffix(b"\r\n") {
            Some(line) => Ok(String::from_utf8_lossy(line).into_owned()),
            None if line.ends_with(b"\n") => Err(not_redis()),
            None if line.is_empty() => Err(broken_off()),
            // HTTP servers and others that hang up in the middle of a line.
            None => Err(not_redis()),
        }
    }

    async fn bulk(&mut self, length: usize) -> Result<String, Unseen> {
        self.spend(length.saturating_add(2))?;
        let mut bytes = vec![0; length + 2];
        self.stream.read_exact(&mut bytes).await.map_err(|_| broken_off())?;
        if !bytes.ends_with(b"\r\n") {
            return Err(not_redis());
        }
        bytes.truncate(length);
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    fn spend(&mut self, bytes: usize) -> Result<(), Unseen> {
        self.bytes_left = self.bytes_left.checked_sub(bytes).ok_or_else(|| too_much("too long an answer"))?;
        Ok(())
    }
}

enum Head {
    Reply(Reply),
    Array(usize),
}

fn length(text: &str) -> Result<Option<usize>, Unseen> {
    if text == "-1" {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| not_redis())
}

fn too_much(what: &str) -> Unseen {
    Unseen::new(Blind::CutShort, format!("the server gave {what}, which was not read"))
}

fn broken_off() -> Unseen {
    Unseen::new(Blind::Unreachable, "the server broke off before its answer was whole")
        .give("a Redis server that takes the connection: see its log and `maxclients`")
}

pub(super) fn not_redis() -> Unseen {
    Unseen::new(Blind::Garbled, "what answers does not speak the Redis protocol")
        .give("the URL of the Redis server; `rediss://` where it speaks TLS")
}
