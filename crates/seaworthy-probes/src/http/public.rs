//! Operations that the manifest lists as open on purpose: `GET /`, `/assets/*`.

/// The list, ready to be matched.
#[derive(Debug, Clone, Default)]
pub struct PublicOperations(Vec<Pattern>);

#[derive(Debug, Clone)]
struct Pattern {
    /// `None` for every method.
    method: Option<String>,
    path: String,
    /// The path stands for everything that begins like it.
    prefix: bool,
}

impl PublicOperations {
    /// Reads the list. An entry without a path matches nothing.
    pub fn of(entries: &[String]) -> Self {
        Self(entries.iter().filter_map(|entry| Pattern::of(entry)).collect())
    }

    /// Whether an operation is on the list. `path` is a real path or one with `{parameters}`.
    pub fn includes(&self, method: &str, path: &str) -> bool {
        self.0.iter().any(|pattern| pattern.matches(method, path))
    }

    /// Whether an operation is on the list by its own path, not by a pattern.
    pub fn names(&self, method: &str, path: &str) -> bool {
        self.0.iter().any(|pattern| !pattern.prefix && pattern.matches(method, path))
    }
}

impl Pattern {
    fn of(entry: &str) -> Option<Self> {
        let (method, path) = match entry.trim().split_once(char::is_whitespace) {
            Some((method, path)) => (Some(method.to_ascii_uppercase()), path.trim()),
            None => (None, entry.trim()),
        };
        let (path, prefix) = match path.strip_suffix('*') {
            Some(start) => (start, true),
            None => (path, false),
        };
        path.starts_with('/').then(|| Self { method, path: path.to_owned(), prefix })
    }

    fn matches(&self, method: &str, path: &str) -> bool {
        let path_fits = if self.prefix { path.starts_with(&self.path) } else { path == self.path };
        path_fits && self.method.as_deref().is_none_or(|own| own.eq_ignore_ascii_case(method))
    }
}

#[cfg(test)]
mod tests {
    use super::PublicOperations;

    #[test]
    fn a_list_matches_what_it_says_and_no_more() {
        let list = ["GET /", "/assets/*", "post /api/sessions", "nonsense", ""].map(str::to_owned);
        let public = PublicOperations::of(&list);
        for (method, path) in [("GET", "/"), ("get", "/assets/a.css"), ("POST", "/api/sessions")] {
            assert!(public.includes(method, path), "{method} {path}");
        }
        for (method, path) in [("POST", "/"), ("GET", "/api"), ("GET", "/asset"), ("GET", "/api/sessions")] {
            assert!(!public.includes(method, path), "{method} {path}");
        }
        assert!(public.names("GET", "/") && !public.names("GET", "/assets/a.css"));
    }
}
