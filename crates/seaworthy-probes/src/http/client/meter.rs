//! A socket that stops reading when an answer grows past its bound.
//!
//! hyper bounds the head it parses, but neither a flood of 1xx heads, nor chunk framing, nor the wait.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::task::{Context, Poll};

use seaworthy_core::limits::http::{ANSWER_BYTES_MAX, INFORMATIONAL_MAX};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// What has been read of the answer under way.
#[derive(Debug, Default)]
pub(super) struct Meter {
    read_bytes: AtomicU64,
    informational: AtomicU32,
    written_bytes: AtomicU64,
}

impl Meter {
    /// Begins a new answer on the same connection.
    pub(super) fn reset(&self) {
        self.read_bytes.store(0, Ordering::Relaxed);
        self.informational.store(0, Ordering::Relaxed);
        self.written_bytes.store(0, Ordering::Relaxed);
    }

    /// Counts one 1xx answer.
    pub(super) fn informational(&self) {
        self.informational.fetch_add(1, Ordering::Relaxed);
    }

    /// Bytes read since the last reset.
    pub(super) fn read_bytes(&self) -> u64 {
        self.read_bytes.load(Ordering::Relaxed)
    }

    /// Bytes written since the last reset.
    pub(super) fn written_bytes(&self) -> u64 {
        self.written_bytes.load(Ordering::Relaxed)
    }

    /// Why reading must stop, if it must.
    pub(super) fn overrun(&self) -> Option<String> {
        if self.informational.load(Ordering::Relaxed) > INFORMATIONAL_MAX {
            Some(format!("more than {INFORMATIONAL_MAX} informational answers and no real one"))
        } else if self.read_bytes() > ANSWER_BYTES_MAX {
            Some(format!("the answer is longer than {ANSWER_BYTES_MAX} bytes"))
        } else {
            None
        }
    }
}

/// A stream that counts on a [`Meter`].
pub(super) struct Metered<S> {
    stream: S,
    meter: Arc<Meter>,
}

impl<S> Metered<S> {
    pub(super) fn new(stream: S, meter: Arc<Meter>) -> Self {
        Self { stream, meter }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Metered<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if let Some(why) = self.meter.overrun() {
            return Poll::Ready(Err(io::Error::other(why)));
        }
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(cx, buf);
        let read = buf.filled().len().saturating_sub(before);
        self.meter.read_bytes.fetch_add(read as u64, Ordering::Relaxed);
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Metered<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(cx, buf);
        if let Poll::Ready(Ok(written)) = &polled {
            self.meter.written_bytes.fetch_add(*written as u64, Ordering::Relaxed);
        }
        polled
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
