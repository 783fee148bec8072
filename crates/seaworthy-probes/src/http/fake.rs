//! Servers that misbehave in ways that a real one cannot be made to. Only for tests.

use std::future::Future;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use url::Url;

/// A listener on loopback, ended when dropped.
pub(crate) struct Fake {
    pub(crate) url: Url,
    /// Request heads as they came in.
    pub(crate) heads: Arc<Mutex<Vec<String>>>,
    pub(crate) connections: Arc<AtomicU32>,
    listener: JoinHandle<()>,
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.listener.abort();
    }
}

impl Fake {
    /// Serves every connection with a script that gets the stream and the first request's head.
    pub(crate) async fn serving<F, S>(script: F) -> Self
    where
        F: Fn(TcpStream, String) -> S + Send + Sync + 'static,
        S: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}/", listener.local_addr().expect("bound"));
        let (heads, connections) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicU32::new(0)));
        let (kept_heads, counted, script) = (Arc::clone(&heads), Arc::clone(&connections), Arc::new(script));
        let listener = tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::SeqCst);
                let (heads, script) = (Arc::clone(&kept_heads), Arc::clone(&script));
                tokio::spawn(async move {
                    let head = head(&mut stream).await;
                    heads.lock().expect("no panic").push(head.clone());
                    script(stream, head).await;
                });
            }
        });
        Self { url: Url::parse(&url).expect("a URL"), heads, connections, listener }
    }

    /// Sends these bytes to everyone and closes.
    pub(crate) async fn sending(bytes: impl Into<Vec<u8>>) -> Self {
        let bytes: Arc<[u8]> = bytes.into().into();
        Self::serving(move |mut stream, _| {
            let bytes = Arc::clone(&bytes);
            async move {
                drop(stream.write_all(&bytes).await);
                drop(stream.shutdown().await);
            }
        })
        .await
    }

    /// Sends these bytes, and then the same piece again for as long as anybody reads.
    pub(crate) async fn endless(first: &'static [u8], again: &'static [u8]) -> Self {
        Self::serving(move |mut stream, _| async move {
            let mut alive = stream.write_all(first).await;
            while alive.is_ok() {
                alive = stream.write_all(again).await;
            }
        })
        .await
    }

    pub(crate) fn heads(&self) -> Vec<String> {
        self.heads.lock().expect("no panic").clone()
    }
}

async fn head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    let mut byte = [0];
    // A TLS hello has no end that this would see.
    while !head.ends_with(b"\r\n\r\n") && head.len() < 200_000 && head.first() != Some(&0x16) {
        match stream.read(&mut byte).await {
            Ok(1) => head.push(byte[0]),
            _ => break,
        }
    }
    String::from_utf8_lossy(&head).into_owned()
}
