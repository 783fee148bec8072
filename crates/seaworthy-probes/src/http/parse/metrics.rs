//! The Prometheus text format, read strictly: one broken line and the whole is not metrics.

/// What an exposition holds.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::http) struct Exposition {
    /// Samples.
    pub(in crate::http) samples_count: usize,
    /// Names of metric families that were declared by `# TYPE`.
    pub(in crate::http) families_count: usize,
}

/// Reads an exposition; `None` where a line is neither sample, comment nor empty, or where nothing is in it.
pub(in crate::http) fn exposition(text: &str) -> Option<Exposition> {
    let mut found = Exposition::default();
    for line in text.lines() {
        let line = line.trim();
        if line.starts_with("# TYPE ") {
            let mut words = line.split_ascii_whitespace().skip(2);
            let (name, kind) = (words.next()?, words.next()?);
            let known =
                ["counter", "gauge", "histogram", "summary", "untyped", "unknown", "info", "stateset"];
            (is_name(name) && known.contains(&kind)).then_some(())?;
            found.families_count += 1;
        } else if !line.is_empty() && !line.starts_with('#') {
            sample(line)?;
            found.samples_count += 1;
        }
    }
    (found.samples_count > 0).then_some(found)
}

fn is_name(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_' || c == ':')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_' || c == ':')
}

/// `name{label="value",…} value [timestamp]`, and what OpenMetrics may add after a `#`.
fn sample(line: &str) -> Option<()> {
    let end = line.find(['{', ' ', '\t'])?;
    let (name, rest) = line.split_at(end);
    is_name(name).then_some(())?;
    let rest = match rest.strip_prefix('{') {
        Some(labels) => after_labels(labels)?,
        None => rest,
    };
    let mut words = rest.split_ascii_whitespace();
    let value = words.next()?;
    let number = matches!(value, "NaN" | "+Inf" | "-Inf" | "Inf") || value.parse::<f64>().is_ok();
    let timestamp = words.next().is_none_or(|word| word == "#" || word.parse::<f64>().is_ok());
    (number && timestamp).then_some(())
}

/// What stands behind the closing brace.
fn after_labels(labels: &str) -> Option<&str> {
    let mut rest = labels.trim_start();
    loop {
        if let Some(after) = rest.strip_prefix('}') {
            return Some(after);
        }
        let (name, value) = rest.split_once('=')?;
        is_name(name.trim()).then_some(())?;
        let value = value.trim_start().strip_prefix('"')?;
        rest = value.get(closing_quote(value)? + 1..)?.trim_start();
        rest = rest.strip_prefix(',').unwrap_or(rest).trim_start();
    }
}

fn closing_quote(value: &str) -> Option<usize> {
    let mut escaped = false;
    value.bytes().position(|byte| {
        let closes = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        closes
    })
}
