//! Small loopback servers that misbehave in ways real ones cannot be made to.
//!
//! They speak raw TCP, so that they lie to every protocol: the HTTP ones say so. Each has a free
//! port, a bounded lifetime, a bounded number of connections, and ends when it is dropped.

mod http;
mod postgres;
mod server;

pub use http::{
    always_fails, echo, endless_body, gzip_bomb, huge_headers, redirect_loop, redirect_to_https, yes_sayer,
};
pub use postgres::{Empty, lets_everyone_in};
pub use server::{Liar, Wire};

use std::io::Read;
use std::time::Duration;

/// Takes connections and reads, but never answers.
pub fn mute() -> std::io::Result<Liar> {
    Liar::on_any_wire(|stream| {
        let mut sink = [0; 4096];
        while stream.read(&mut sink)? > 0 {}
        Ok(())
    })
}

/// Sends one byte of this answer a second, again and again.
pub fn drip(answer: impl Into<Vec<u8>>) -> std::io::Result<Liar> {
    let answer = answer.into();
    Liar::on_any_wire(move |stream| {
        // The wait is the reading of what the client says, and ends at once when it goes away.
        stream.wait_at_most(Duration::from_secs(1))?;
        let mut sink = [0; 4096];
        for byte in answer.iter().cycle() {
            stream.write_all(&[*byte])?;
            let second = std::time::Instant::now() + Duration::from_secs(1);
            while std::time::Instant::now() < second {
                match stream.read(&mut sink) {
                    Ok(0) => return Ok(()),
                    Ok(_) => {}
                    Err(error) if is_timeout(&error) => break,
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(())
    })
}

/// Sends 64 KiB of the machine's random bytes and closes.
pub fn garbage() -> std::io::Result<Liar> {
    Liar::on_any_wire(|stream| {
        let mut bytes = vec![0; 64 * 1024];
        std::fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
        stream.write_all(&bytes)
    })
}

/// Answers whatever is asked with these bytes, and stays.
pub fn says(answer: impl Into<Vec<u8>>) -> std::io::Result<Liar> {
    let answer = answer.into();
    Liar::on_any_wire(move |stream| {
        let mut asked = [0; 16 * 1024];
        while stream.read(&mut asked)? > 0 {
            stream.write_all(&answer)?;
        }
        Ok(())
    })
}

/// Answers the first question with the first `n` bytes of a good answer, then closes.
pub fn closes_at(answer: impl Into<Vec<u8>>, n: usize) -> std::io::Result<Liar> {
    let answer = answer.into();
    Liar::on_any_wire(move |stream| {
        let mut asked = [0; 16 * 1024];
        if stream.read(&mut asked)? > 0 {
            stream.write_all(&answer[..n.min(answer.len())])?;
        }
        Ok(())
    })
}

/// Sends `opening` once, then `again` without end, to whoever connects: bombs of any protocol.
pub fn endless(opening: impl Into<Vec<u8>>, again: impl Into<Vec<u8>>) -> std::io::Result<Liar> {
    let (opening, again) = (opening.into(), again.into());
    Liar::on_any_wire(move |stream| {
        let mut asked = [0; 16 * 1024];
        if stream.read(&mut asked)? == 0 {
            return Ok(());
        }
        pour(stream, &opening, &again)
    })
}

fn pour(stream: &mut dyn Wire, opening: &[u8], again: &[u8]) -> std::io::Result<()> {
    /// Far above every bound that a client may have, and still an end.
    const POURED_BYTES_MAX: usize = 4 * 1024 * 1024 * 1024;
    stream.write_all(opening)?;
    let mut poured = 0;
    while !again.is_empty() && poured < POURED_BYTES_MAX {
        stream.write_all(again)?;
        poured += again.len();
    }
    Ok(())
}

fn is_timeout(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut)
}

#[cfg(test)]
mod tests;
