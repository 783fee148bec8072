//! Bodies of requests: whole, or streamed slowly enough that a server can refuse before it has everything.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::unfold;
use http_body_util::{BodyExt, Empty, Full, StreamBody};
use hyper::body::Frame;
use secrecy::{ExposeSecret, SecretString};

use super::dial::RequestBody;

/// Size of one piece of a streamed body, in bytes.
const PIECE_BYTES: u64 = 64 * 1024;
/// How long a server that judges by the head alone has to refuse, before the first byte of the body goes out.
const PATIENCE: Duration = Duration::from_millis(500);
/// The wait between pieces, so that a refusal can arrive before the next one.
const PACE: Duration = Duration::from_millis(2);

/// The body of a request.
#[derive(Debug, Clone)]
pub(super) enum Payload {
    /// None.
    Empty,
    /// All of it at once.
    Whole(Bytes),
    /// All of it at once, and a secret.
    Secret(SecretString),
    /// So many bytes of filling, announced by `Content-Length`.
    Announced(u64),
    /// So many bytes of filling in chunks, unannounced.
    Chunked(u64),
}

impl Payload {
    pub(super) fn body(&self) -> RequestBody {
        match self {
            Self::Empty => Empty::new().map_err(|never| match never {}).boxed_unsync(),
            Self::Whole(bytes) => Full::new(bytes.clone()).map_err(|never| match never {}).boxed_unsync(),
            Self::Secret(text) => {
                let bytes = Bytes::from(text.expose_secret().to_owned());
                Full::new(bytes).map_err(|never| match never {}).boxed_unsync()
            }
            Self::Announced(length) | Self::Chunked(length) => filling(*length),
        }
    }

    /// The length that the head of the request states.
    pub(super) fn declared_bytes(&self) -> Option<u64> {
        match self {
            Self::Announced(length) => Some(*length),
            Self::Empty | Self::Whole(_) | Self::Secret(_) | Self::Chunked(_) => None,
        }
    }

    /// The body as a command shows it.
    pub(super) fn shown(&self) -> Option<&str> {
        match self {
            Self::Whole(bytes) => std::str::from_utf8(bytes).ok(),
            Self::Secret(_) => Some("@FILE"),
            Self::Announced(_) => Some("@LARGE_FILE"),
            Self::Empty | Self::Chunked(_) => None,
        }
    }

    /// Whether it may only go over a connection that protects it.
    pub(super) fn is_secret(&self) -> bool {
        matches!(self, Self::Secret(_))
    }
}

fn filling(length: u64) -> RequestBody {
    let pieces = unfold((length, PATIENCE), |(left, pause)| async move {
        if left == 0 {
            return None;
        }
        tokio::time::sleep(pause).await;
        let size = left.min(PIECE_BYTES);
        let piece = Bytes::from(vec![b'a'; usize::try_from(size).unwrap_or(0)]);
        Some((Ok::<_, io::Error>(Frame::data(piece)), (left - size, PACE)))
    });
    StreamBody::new(Box::pin(pieces)).boxed_unsync()
}
