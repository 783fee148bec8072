//! The server under every liar: threads on loopback, all joined in the end.

use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How long a liar serves at most.
const LIFETIME: Duration = Duration::from_mins(2);
/// How many connections it takes at most; more are closed at once.
const CONNECTIONS_MAX: usize = 512;

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
    /// Each connection beside its thread, so that it can be cut.
    connections: Mutex<Vec<(TcpStream, JoinHandle<()>)>>,
}

impl Liar {
    /// Starts a server that does this with each connection, then closes it.
    pub fn start<F>(behave: F) -> std::io::Result<Self>
    where
        F: Fn(&mut TcpStream) -> std::io::Result<()> + Send + Sync + 'static,
    {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared::default());
        let serving = Arc::clone(&shared);
        let behave: Arc<Behaviour> = Arc::new(behave);
        let accepting = std::thread::Builder::new()
            .name("liar".to_owned())
            .spawn(move || serve(&listener, &serving, &behave))?;
        Ok(Self { address, shared, accepting: Some(accepting) })
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

type Behaviour = dyn Fn(&mut TcpStream) -> std::io::Result<()> + Send + Sync;

fn serve(listener: &TcpListener, shared: &Shared, behave: &Arc<Behaviour>) {
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
        let behave = Arc::clone(behave);
        let thread = std::thread::spawn(move || {
            // How a client takes it is none of the liar's business.
            let _ = behave(&mut stream);
            let _ = stream.shutdown(Shutdown::Both);
        });
        connections.push((handle, thread));
    }
}
