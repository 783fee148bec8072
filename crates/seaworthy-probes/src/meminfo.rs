//! `/proc/meminfo`.

/// A line of its text, in bytes; none where there is no such line.
pub(crate) fn bytes(text: &str, name: &str) -> Option<u64> {
    let mut values = text.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    values.next()?.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::bytes;

    #[test]
    fn a_line_is_told_in_bytes() {
        let text = "MemTotal:       16308040 kB\nMemAvailable:    9000000 kB\nHugePages_Total:       2\n";
        assert_eq!(bytes(text, "MemTotal"), Some(16_308_040 * 1024));
        assert_eq!(bytes(text, "MemAvailable"), Some(9_000_000 * 1024));
        assert_eq!(bytes(text, "Mem"), None);
        assert_eq!(bytes(text, "HugePages_Total"), None);
    }
}
