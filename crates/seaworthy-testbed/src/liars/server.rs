//! The server under every liar: threads on loopback, all joined in the end.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// How long a liar serves at most.
const LIFETIME: Duration = Duration::from_mins(2);
/// How many connections it takes at most; more are closed at once.
const CONNECTIONS_MAX: usize = 512;

/// What a liar reads from and writes to.
pub trait Wire: Read + Write {
    /// Longest that a read may wait.
    fn wait_at_most(&self, wait: Duration) -> std::io::Result<()>;
}

impl Wire for TcpStream {
    fn wait_at_most(&self, wait: Duration) -> std::io::Result<()> {
        self.set_read_timeout(Some(wait))
    }
}

impl Wire for StreamOwned<ServerConnection, TcpStream> {
    fn wait_at_most(&self, wait: Duration) -> std::io::Result<()> {
        self.sock.set_read_timeout(Some(wait))
    }
}

/// A loopback server that misbehaves until it is dropped.
#[derive(Debug)]
pub struct Liar {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    over: AtomicBool,
    taken: AtomicUsize,
    /// What it shows to those who want TLS; without it all are answered in clear.
    tls: OnceLock<Arc<ServerConfig>>,
    /// Each connection beside its thread, so that it can be cut.
    connections: Mutex<Vec<(TcpStream, JoinHandle<()>)>>,
}

impl Liar {
    /// Starts a server that does this with each connection, then closes it.
    pub fn start<F>(behave: F) -> std::io::Result<Self>
    where
        F: Fn(&mut TcpStream) -> std::io::Result<()> + Send + Sync + 'static,
    {
        Self::serving(Behaviour::InClear(Box::new(behave)))
    }

    /// The same for one that can lie over TLS: see [`Liar::with_tls`].
    pub(super) fn on_any_wire<F>(behave: F) -> std::io::Result<Self>
    where
        F: Fn(&mut dyn Wire) -> std::io::Result<()> + Send + Sync + 'static,
    {
        Self::serving(Behaviour::OnAnyWire(Box::new(behave)))
    }

    fn serving(behaviour: Behaviour) -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared::default());
        let serving = Arc::clone(&shared);
        let behaviour = Arc::new(behaviour);
        let accepting = std::thread::Builder::new()
            .name("liar".to_owned())
            .spawn(move || serve(&listener, &serving, &behaviour))?;
        Ok(Self { address, shared, accepting: Some(accepting) })
    }

    /// Lies over TLS as well from now on, to those who begin with it. Takes the chain and the key as PEM.
    pub fn with_tls(self, chain: &[u8], key: &[u8]) -> std::io::Result<Self> {
        let broken = |what: &dyn std::fmt::Display| std::io::Error::other(what.to_string());
        let chain: Vec<_> = CertificateDer::pem_slice_iter(chain)
            .collect::<Result<_, _>>()
            .map_err(|error| broken(&error))?;
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|error| broken(&error))?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
            .map_err(|error| broken(&error))?;
        // Set once, by whoever made the liar: a second identity is refused, not mixed in.
        self.shared.tls.set(Arc::new(config)).map_err(|_| broken(&"the liar has an identity already"))?;
        Ok(self)
    }

    /// Its port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Its address.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many connections it was given so far.
    pub fn connections(&self) -> usize {
        self.shared.taken.load(Ordering::SeqCst)
    }
}

impl Drop for Liar {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::SeqCst);
        // Wakes the accepting thread; when it is gone already there is nobody to wake.
        drop(TcpStream::connect_timeout(&self.address, Duration::from_secs(1)));
        if let Some(accepting) = self.accepting.take() {
            let _ = accepting.join();
        }
        self.shared.cut();
    }
}

impl Shared {
    /// Cuts every connection and joins its thread.
    fn cut(&self) {
        let mut connections = self.connections.lock().unwrap_or_else(PoisonError::into_inner);
        let all = std::mem::take(&mut *connections);
        drop(connections);
        for (stream, thread) in all {
            let _ = stream.shutdown(Shutdown::Both);
            let _ = thread.join();
        }
    }
}

type InClear = dyn Fn(&mut TcpStream) -> std::io::Result<()> + Send + Sync;
type OnAnyWire = dyn Fn(&mut dyn Wire) -> std::io::Result<()> + Send + Sync;

/// What a liar does with each connection.
enum Behaviour {
    InClear(Box<InClear>),
    OnAnyWire(Box<OnAnyWire>),
}

fn serve(listener: &TcpListener, shared: &Shared, behaviour: &Arc<Behaviour>) {
    let end = Instant::now() + LIFETIME;
    for stream in listener.incoming() {
        if shared.over.load(Ordering::SeqCst) || Instant::now() >= end {
            return;
        }
        let Ok(mut stream) = stream else { continue };
        shared.taken.fetch_add(1, Ordering::SeqCst);
        let mut connections = shared.connections.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(handle) = stream.try_clone().ok().filter(|_| connections.len() < CONNECTIONS_MAX) else {
            continue;
        };
        let left = Some(end.saturating_duration_since(Instant::now()).max(Duration::from_millis(1)));
        let _ = stream.set_read_timeout(left).and_then(|()| stream.set_write_timeout(left));
        let behaviour = Arc::clone(behaviour);
        let tls = shared.tls.get().cloned();
        let thread = std::thread::spawn(move || {
            // How a client takes it is none of the liar's business.
            let _ = lie(&mut stream, tls, &behaviour);
            let _ = stream.shutdown(Shutdown::Both);
        });
        connections.push((handle, thread));
    }
}

fn lie(stream: &mut TcpStream, tls: Option<Arc<ServerConfig>>, behaviour: &Behaviour) -> std::io::Result<()> {
    /// The first byte of a TLS handshake.
    const HANDSHAKE: u8 = 22;
    let behave = match behaviour {
        Behaviour::InClear(behave) => return behave(stream),
        Behaviour::OnAnyWire(behave) => behave,
    };
    let Some(config) = tls else { return behave(stream) };
    let mut first = [0; 1];
    if stream.peek(&mut first)? == 0 || first[0] != HANDSHAKE {
        return behave(stream);
    }
    let connection = ServerConnection::new(config).map_err(std::io::Error::other)?;
    behave(&mut StreamOwned::new(connection, stream.try_clone()?))
}
