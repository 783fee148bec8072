//! Applies a delta of a pack to its base.

/// Why a delta could not be applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DeltaFault {
    /// It says something that cannot be.
    Damaged,
    /// Its result would be longer than we hold.
    TooLong,
}

/// The content that `delta` makes of `base`, at most `bytes_max` long.
pub(crate) fn apply(base: &[u8], delta: &[u8], bytes_max: u64) -> Result<Vec<u8>, DeltaFault> {
    let mut at = Reader { rest: delta };
    let base_size = at.size()?;
    let result_size = at.size()?;
    if base_size != base.len() as u64 {
        return Err(DeltaFault::Damaged);
    }
    if result_size > bytes_max {
        return Err(DeltaFault::TooLong);
    }
    let result_size = usize::try_from(result_size).map_err(|_| DeltaFault::TooLong)?;
    let mut result = Vec::with_capacity(result_size);
    while let Some(command) = at.byte_if_any() {
        let piece = match command {
            0 => return Err(DeltaFault::Damaged),
            1..=0x7f => at.take(usize::from(command))?,
            _ => {
                let offset = at.masked(command, 4)?;
                let size = match at.masked(command >> 4, 3)? {
                    0 => 0x1_0000,
                    size => size,
                };
                offset.checked_add(size).and_then(|end| base.get(offset..end)).ok_or(DeltaFault::Damaged)?
            }
        };
        if result.len() + piece.len() > result_size {
            return Err(DeltaFault::Damaged);
        }
        result.extend_from_slice(piece);
    }
    if result.len() == result_size { Ok(result) } else { Err(DeltaFault::Damaged) }
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn byte_if_any(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    fn byte(&mut self) -> Result<u8, DeltaFault> {
        self.byte_if_any().ok_or(DeltaFault::Damaged)
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], DeltaFault> {
        let (piece, rest) = self.rest.split_at_checked(count).ok_or(DeltaFault::Damaged)?;
        self.rest = rest;
        Ok(piece)
    }

    /// A number in groups of seven bits, the least first.
    fn size(&mut self) -> Result<u64, DeltaFault> {
        let mut size = 0_u64;
        for shift in (0..63).step_by(7) {
            let byte = self.byte()?;
            size |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(size);
            }
        }
        Err(DeltaFault::Damaged)
    }

    /// A number of up to `bytes` bytes, of which the low bits of `mask` say which are there.
    fn masked(&mut self, mask: u8, bytes: u32) -> Result<usize, DeltaFault> {
        let mut number = 0;
        for index in 0..bytes {
            if mask & (1 << index) != 0 {
                number |= usize::from(self.byte()?) << (8 * index);
            }
        }
        Ok(number)
    }
}
