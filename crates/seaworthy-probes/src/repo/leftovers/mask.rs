//! Takes comments and texts out of source code, so that rules see statements only.
//!
//! The result is as long as the source and has the same lines, so that places in it are places in the source.

/// How a language writes comments and texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    /// `//`, `/* */`, and the peculiarities of one language.
    Braces(Braces),
    /// `#`, and quotes that may be three.
    Python,
    /// `#`, plain quotes.
    Ruby,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Braces {
    Script,
    Rust,
    Go,
    Php,
    Other,
}

fn family(language: &str) -> Family {
    match language {
        "python" | "elixir" => Family::Python,
        "ruby" | "shell" => Family::Ruby,
        "javascript" | "typescript" => Family::Braces(Braces::Script),
        "rust" => Family::Braces(Braces::Rust),
        "go" => Family::Braces(Braces::Go),
        "php" => Family::Braces(Braces::Php),
        _ => Family::Braces(Braces::Other),
    }
}

/// The code of a source text: everything else is blank.
pub(super) fn code(language: &str, source: &[u8]) -> Vec<u8> {
    let mut masker = Masker {
        source,
        at: 0,
        code: Vec::with_capacity(source.len()),
        family: family(language),
        templates: Vec::new(),
    };
    while masker.at < source.len() {
        masker.step();
    }
    masker.code
}

struct Masker<'a> {
    source: &'a [u8],
    at: usize,
    code: Vec<u8>,
    family: Family,
    /// For each `${` that is open in a template, how many braces are open in it.
    templates: Vec<usize>,
}

impl Masker<'_> {
    fn peek(&self, ahead: usize) -> u8 {
        self.source.get(self.at + ahead).copied().unwrap_or(0)
    }

    fn starts(&self, text: &[u8]) -> bool {
        self.source.get(self.at..).is_some_and(|rest| rest.starts_with(text))
    }

    /// Copies bytes as code.
    fn keep(&mut self, count: usize) {
        let end = (self.at + count).min(self.source.len());
        self.code.extend_from_slice(self.source.get(self.at..end).unwrap_or_default());
        self.at = end;
    }

    /// Blanks bytes, line ends excepted.
    fn blank(&mut self, count: usize) {
        let end = (self.at + count).min(self.source.len());
        for byte in self.source.get(self.at..end).unwrap_or_default() {
            self.code.push(if *byte == b'\n' { b'\n' } else { b' ' });
        }
        self.at = end;
    }

    fn step(&mut self) {
        let byte = self.peek(0);
        match self.family {
            Family::Python | Family::Ruby => match byte {
                b'#' if self.family == Family::Python || self.peek(1) != b'{' => self.blank_line(),
                b'"' | b'\'' if self.starts(&[byte; 3]) => self.blank_text(&[byte; 3], 3),
                b'"' | b'\'' => self.quoted(byte),
                _ => self.keep(1),
            },
            Family::Braces(braces) => self.step_braces(braces, byte),
        }
    }

    fn step_braces(&mut self, braces: Braces, byte: u8) {
        match byte {
            b'/' if self.peek(1) == b'/' => self.blank_line(),
            b'/' if self.peek(1) == b'*' => self.comment(braces == Braces::Rust),
            b'#' if braces == Braces::Php && self.peek(1) != b'[' => self.blank_line(),
            b'"' if self.starts(b"\"\"\"") && braces == Braces::Other => self.blank_text(b"\"\"\"", 3),
            b'"' => self.quoted(b'"'),
            b'r' if braces == Braces::Rust && self.raw_rust() => {}
            b'\'' if braces == Braces::Rust => self.rust_quote(),
            b'\'' => self.quoted(b'\''),
            b'`' if braces == Braces::Go => self.blank_text(b"`", 1),
            b'`' if braces == Braces::Script => self.template(1),
            b'/' if braces == Braces::Script && self.begins_pattern() => self.pattern(),
            b'{' | b'}' if braces == Braces::Script && !self.templates.is_empty() => {
                self.brace_in_template(byte);
            }
            _ => self.keep(1),
        }
    }

    fn blank_line(&mut self) {
        let rest = self.source.get(self.at..).unwrap_or_default();
        let length = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
        self.blank(length);
    }

    /// Blanks from here over `open` bytes to the end of the next `close`.
    fn blank_text(&mut self, close: &[u8], open: usize) {
        let rest = self.source.get(self.at + open..).unwrap_or_default();
        let length = rest.windows(close.len()).position(|window| window == close);
        self.blank(open + length.map_or(rest.len(), |length| length + close.len()));
    }

    fn comment(&mut self, nested: bool) {
        let mut depth = 0_usize;
        while self.at < self.source.len() {
            if self.starts(b"/*") && (nested || depth == 0) {
                depth += 1;
                self.blank(2);
            } else if self.starts(b"*/") {
                depth -= 1;
                self.blank(2);
                if depth == 0 {
                    return;
                }
            } else {
                self.blank(1);
            }
        }
    }

    /// A text in one kind of quote with escapes. In most languages it ends with the line if it is not closed.
    fn quoted(&mut self, quote: u8) {
        self.blank(1);
        let lines = matches!(self.family, Family::Braces(Braces::Rust | Braces::Php) | Family::Ruby);
        while self.at < self.source.len() {
            match self.peek(0) {
                b'\\' => self.blank(2),
                b'\n' if !lines => return,
                byte if byte == quote => return self.blank(1),
                _ => self.blank(1),
            }
        }
    }

    /// `r"…"`, `r#"…"#` and so on, if that is what stands here.
    fn raw_rust(&mut self) -> bool {
        let word = self
            .at
            .checked_sub(1)
            .and_then(|before| self.source.get(before))
            .is_some_and(|byte| byte.is_ascii_alphanumeric() && *byte != b'b');
        let signs = self
            .source
            .get(self.at + 1..)
            .unwrap_or_default()
            .iter()
            .take_while(|byte| **byte == b'#')
            .count();
        if word || self.peek(1 + signs) != b'"' {
            return false;
        }
        let close: Vec<u8> = std::iter::once(b'"').chain(std::iter::repeat_n(b'#', signs)).collect();
        self.blank_text(&close, signs + 2);
        true
    }

    /// A character, or the name of a lifetime.
    fn rust_quote(&mut self) {
        if self.peek(1) == b'\\' {
            self.quoted(b'\'');
        } else if self.peek(2) == b'\'' {
            self.blank(3);
        } else {
            self.keep(1);
        }
    }

    /// A template up to its end or to the next `${`, over `open` bytes first.
    fn template(&mut self, open: usize) {
        self.blank(open);
        while self.at < self.source.len() {
            if self.peek(0) == b'\\' {
                self.blank(2);
            } else if self.peek(0) == b'`' {
                return self.blank(1);
            } else if self.starts(b"${") {
                self.blank(2);
                self.templates.push(0);
                return;
            } else {
                self.blank(1);
            }
        }
    }

    fn brace_in_template(&mut self, byte: u8) {
        let Some(open) = self.templates.last_mut() else { return self.keep(1) };
        match (byte, *open) {
            (b'}', 0) => {
                self.templates.pop();
                self.template(1);
            }
            (b'}', _) => {
                *open -= 1;
                self.keep(1);
            }
            _ => {
                *open += 1;
                self.keep(1);
            }
        }
    }

    /// Whether a slash begins a pattern: behind a value it divides.
    fn begins_pattern(&self) -> bool {
        let before = self.code.iter().rposition(|byte| !byte.is_ascii_whitespace());
        let Some(before) = before else { return true };
        let byte = self.code.get(before).copied().unwrap_or(0);
        if byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$') {
            let code = self.code.get(..=before).unwrap_or_default();
            let word = code.iter().rposition(|byte| !byte.is_ascii_alphanumeric()).map_or(0, |at| at + 1);
            return matches!(
                code.get(word..),
                Some(b"return" | b"typeof" | b"case" | b"in" | b"of" | b"delete" | b"void")
            );
        }
        // A text was blanked, so what stands before may be one; then the slash divides only if it is on the same line.
        !matches!(byte, b')' | b']' | b'}')
    }

    fn pattern(&mut self) {
        let rest = self.source.get(self.at + 1..).unwrap_or_default();
        let (mut class, mut escaped) = (false, false);
        for (length, byte) in rest.iter().enumerate() {
            match byte {
                b'\n' => return self.keep(1),
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'[' => class = true,
                b']' => class = false,
                b'/' if !class => return self.blank(length + 2),
                _ => {}
            }
        }
        self.keep(1);
    }
}
