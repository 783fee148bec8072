//! Bounds of looks at documents.

/// Largest document that is read, in bytes.
pub const DOCUMENT_BYTES_MAX: u64 = 256 * 1024;
/// Most sections, links, addresses and placeholders of one document that become facts.
pub const PARTS_MAX: usize = 500;
/// Longest title or target that is kept, in characters.
pub const PART_CHARS_MAX: usize = 200;
