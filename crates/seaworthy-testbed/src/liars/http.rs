//! Liars that speak HTTP/1.1.

use flate2::{Compression, FlushCompress};

use super::{Liar, Wire, pour};

/// Longest request head that is read.
const HEAD_BYTES_MAX: usize = 64 * 1024;

/// Answers every request with 200 and this body.
pub fn yes_sayer(body: impl Into<String>) -> std::io::Result<Liar> {
    let body = body.into();
    Liar::on_any_wire(move |stream| {
        while read_head(stream)?.is_some() {
            let length = body.len();
            let head =
                format!("HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: {length}\r\n\r\n");
            stream.write_all(format!("{head}{body}").as_bytes())?;
        }
        Ok(())
    })
}

/// Answers every request with 500.
pub fn always_fails() -> std::io::Result<Liar> {
    Liar::on_any_wire(|stream| {
        while read_head(stream)?.is_some() {
            stream.write_all(
                b"HTTP/1.1 500 Internal Server Error\r\ncontent-type: application/json\r\ncontent-length: 18\r\n\r\n{\"error\":\"failed\"}",
            )?;
        }
        Ok(())
    })
}

/// Sends every request on to the same place over HTTPS, over HTTPS as well.
pub fn redirect_to_https() -> std::io::Result<Liar> {
    Liar::on_any_wire(|stream| {
        while let Some(head) = read_head(stream)? {
            let head = String::from_utf8_lossy(&head).into_owned();
            let path = head.split(' ').nth(1).unwrap_or("/").to_owned();
            let host = head
                .lines()
                .find_map(|line| line.split_once(':').filter(|(name, _)| name.eq_ignore_ascii_case("host")))
                .map_or("", |(_, host)| host.trim());
            let answer = format!(
                "HTTP/1.1 308 Permanent Redirect\r\nlocation: https://{host}{path}\r\ncontent-length: 0\r\n\r\n"
            );
            stream.write_all(answer.as_bytes())?;
        }
        Ok(())
    })
}

/// Sends every request on to another path of its own.
pub fn redirect_loop() -> std::io::Result<Liar> {
    Liar::on_any_wire(|stream| {
        let mut round = 0_u64;
        while read_head(stream)?.is_some() {
            round += 1;
            let answer =
                format!("HTTP/1.1 302 Found\r\nlocation: /again/{round}\r\ncontent-length: 0\r\n\r\n");
            stream.write_all(answer.as_bytes())?;
        }
        Ok(())
    })
}

/// A head without end: one header after the other.
pub fn huge_headers() -> std::io::Result<Liar> {
    Liar::on_any_wire(|stream| {
        read_head(stream)?;
        let header = format!("x-filler: {}\r\n", "a".repeat(8000));
        pour(stream, b"HTTP/1.1 200 OK\r\n", header.as_bytes())
    })
}

/// A body without end and without a length.
pub fn endless_body() -> std::io::Result<Liar> {
    Liar::on_any_wire(|stream| {
        read_head(stream)?;
        pour(stream, b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n\r\n", &[b'a'; 16 * 1024])
    })
}

/// A small gzip body that inflates to 16 GiB: one deflate stream, 1 KiB for each MiB.
pub fn gzip_bomb() -> std::io::Result<Liar> {
    const MEBIBYTES: usize = 16 * 1024;
    let block = zeros_block()?;
    Liar::on_any_wire(move |stream| {
        read_head(stream)?;
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-type: text/html\r\n\r\n")?;
        stream.write_all(&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255])?;
        for _ in 0..MEBIBYTES {
            stream.write_all(&block)?;
        }
        Ok(())
    })
}

/// One MiB of zeros as whole deflate blocks, none of them the last, so that they can be repeated.
fn zeros_block() -> std::io::Result<Vec<u8>> {
    let mut compress = flate2::Compress::new(Compression::best(), false);
    let mut block = Vec::with_capacity(16 * 1024);
    compress.compress_vec(&vec![0; 1024 * 1024], &mut block, FlushCompress::Full)?;
    Ok(block)
}

/// Gives back all that it is told, and these words: in its pages, its errors, a header, a cookie and a redirect.
pub fn echo(words: impl Into<String>) -> std::io::Result<Liar> {
    let words = words.into();
    Liar::on_any_wire(move |stream| {
        while let Some(head) = read_head(stream)? {
            let head = String::from_utf8_lossy(&head).into_owned();
            let told = body(stream, &head)?;
            let path = head.split(' ').nth(1).unwrap_or("/");
            let (status, more) = match path {
                "/away" => ("302 Found", format!("location: /?token={words}\r\n")),
                "/" | "/health" | "/login" | "/me" | "/openapi.yaml" => ("200 OK", String::new()),
                _ => ("500 Internal Server Error", String::new()),
            };
            let page = format!(
                "<html><pre>Error: no\n    at run (/srv/app/index.js:7:9)\n{head}{told}\npassword={words}\n\
                 Warning: connect({words}) failed for {words} in /var/www/html/{words}.php on line 3\n\
                 SELECT id FROM users WHERE token = '{words}'\nSELECT '{words}', {words} FROM users\n\
                 postgres://app:{words}@db/shop\nrole \"{words}\" does not exist</pre>\
                 <pre>Error: no {words} here<br></pre></html>"
            );
            let length = page.len();
            let answer = format!(
                "HTTP/1.1 {status}\r\ncontent-type: text/html\r\ncontent-length: {length}\r\n{more}\
                 x-debug-token: {words}\r\nserver: shop {words}\r\nset-cookie: session={words}; Path=/\r\n\r\n{page}"
            );
            stream.write_all(answer.as_bytes())?;
        }
        Ok(())
    })
}

/// The body that a head announces; none where it says nothing of a length.
fn body(stream: &mut dyn Wire, head: &str) -> std::io::Result<String> {
    let length = head
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .and_then(|(_, length)| length.trim().parse().ok())
        .map_or(0, |length: usize| length.min(HEAD_BYTES_MAX));
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    Ok(String::from_utf8_lossy(&body).into_owned())
}

/// Reads one request head; nothing when the client has gone.
fn read_head(stream: &mut dyn Wire) -> std::io::Result<Option<Vec<u8>>> {
    let mut head = Vec::new();
    let mut byte = [0; 1];
    while !head.ends_with(b"\r\n\r\n") && head.len() < HEAD_BYTES_MAX {
        if stream.read(&mut byte)? == 0 {
            return Ok(None);
        }
        head.push(byte[0]);
    }
    Ok(Some(head))
}
