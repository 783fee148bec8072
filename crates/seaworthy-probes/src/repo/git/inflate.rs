//! Inflates zlib streams of git objects, never longer than they say and never longer than allowed.

use flate2::{Decompress, FlushDecompress, Status};

/// The whole stream, which must be exactly `size` bytes long.
pub(crate) fn exactly(compressed: &[u8], size: usize) -> Option<Vec<u8>> {
    // One byte of room more than needed lets the decoder reach the end of the stream and shows one that is too long.
    let mut content = Vec::with_capacity(size.checked_add(1)?);
    let mut inflate = Decompress::new(true);
    loop {
        let (before_in, before_out) = (inflate.total_in(), inflate.total_out());
        let rest = compressed.get(usize::try_from(before_in).ok()?..)?;
        match inflate.decompress_vec(rest, &mut content, FlushDecompress::None).ok()? {
            Status::StreamEnd => return (content.len() == size).then_some(content),
            Status::Ok | Status::BufError => {
                if (inflate.total_in(), inflate.total_out()) == (before_in, before_out)
                    || content.len() > size
                {
                    return None;
                }
            }
        }
    }
}

/// Length of the pieces in which long streams are handed on, in bytes.
const PIECE_BYTES: usize = 1024 * 1024;

/// Inflates a long stream piece by piece: `more` fills a buffer with compressed bytes, `take` gets each piece.
/// Returns how many bytes there were, `None` when the stream is damaged or longer than `size_max`.
pub(crate) fn in_pieces(
    mut more: impl FnMut(&mut Vec<u8>) -> Option<()>,
    size_max: u64,
    mut take: impl FnMut(&[u8]) -> Option<()>,
) -> Option<u64> {
    let mut inflate = Decompress::new(true);
    let mut compressed = Vec::new();
    let mut used = 0;
    let mut piece = Vec::with_capacity(PIECE_BYTES);
    loop {
        if used == compressed.len() {
            more(&mut compressed)?;
            used = 0;
        }
        let (before_in, before_out) = (inflate.total_in(), inflate.total_out());
        let status =
            inflate.decompress_vec(compressed.get(used..)?, &mut piece, FlushDecompress::None).ok()?;
        used += usize::try_from(inflate.total_in() - before_in).ok()?;
        let stuck = (inflate.total_in(), inflate.total_out()) == (before_in, before_out);
        if inflate.total_out() > size_max || (stuck && compressed.is_empty()) {
            return None;
        }
        let end = status == Status::StreamEnd;
        if piece.len() == piece.capacity() || end {
            take(&piece)?;
            piece.clear();
        } else if stuck {
            return None;
        }
        if end {
            return Some(inflate.total_out());
        }
    }
}
