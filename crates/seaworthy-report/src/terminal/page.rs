//! Lines for a terminal: wrapped, indented, coloured where asked. The one place through which text reaches it.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style as Ansi};
use unicode_width::UnicodeWidthStr;

use crate::outside;

/// What a piece of text is, for its colour. Nothing is told by colour alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ink {
    Plain,
    Strong,
    Faint,
    Code,
    Good,
    Doubt,
    Bad,
}

impl Ink {
    fn ansi(self) -> Ansi {
        match self {
            Self::Plain => Ansi::new(),
            Self::Strong => Ansi::new().bold(),
            Self::Faint => Ansi::new().dimmed(),
            Self::Code => AnsiColor::Cyan.on_default(),
            Self::Good => AnsiColor::Green.on_default().bold(),
            Self::Doubt => AnsiColor::Yellow.on_default().bold(),
            Self::Bad => AnsiColor::Red.on_default().bold(),
        }
    }
}

/// A piece of text and what it is.
pub(crate) type Span<'a> = (Ink, &'a str);

/// What has been written so far.
#[derive(Debug)]
pub(crate) struct Page {
    out: String,
    width: usize,
    colour: bool,
}

/// A word as it will be printed: pieces without blanks.
type Word = Vec<(Ink, String)>;

impl Page {
    pub(crate) fn new(width: usize, colour: bool) -> Self {
        Self { out: String::new(), width, colour }
    }

    pub(crate) fn finish(self) -> String {
        self.out
    }

    pub(crate) fn blank(&mut self) {
        self.out.push('\n');
    }

    /// Whether what comes next stands apart already.
    pub(crate) fn is_parted(&self) -> bool {
        self.out.is_empty() || self.out.ends_with("\n\n")
    }

    /// Text wrapped at blanks between `indent` and the width, after a head that stands in the indent.
    /// A word that is wider than the room is left whole, so that it can be copied.
    pub(crate) fn prose(&mut self, head: Span<'_>, indent: usize, spans: &[Span<'_>]) {
        let mut line = Line::headed(head, indent);
        for word in words(spans) {
            let width: usize = word.iter().map(|(_, text)| text.width()).sum();
            if line.has_words && line.width + 1 + width > self.width {
                self.line(std::mem::replace(&mut line, Line::indented(indent)));
            }
            line.push_word(word, width);
        }
        self.line(line);
    }

    /// Text that is copied, on a line of its own or after a label: never wrapped.
    pub(crate) fn copied(&mut self, indent: usize, spans: &[Span<'_>]) {
        let mut line = Line::indented(indent);
        for (ink, text) in spans {
            line.push(*ink, &outside::visible(text));
        }
        self.line(line);
    }

    /// A text of several lines, as it stands.
    pub(crate) fn block(&mut self, indent: usize, text: &str, lines_max: usize) -> usize {
        let text = text.trim_end();
        for line in text.lines().take(lines_max) {
            self.copied(indent, &[(Ink::Code, &line.replace('\t', "    "))]);
        }
        text.lines().count().saturating_sub(lines_max)
    }

    fn line(&mut self, line: Line) {
        let plain: String = line.pieces.iter().map(|(_, text)| text.as_str()).collect();
        let plain = plain.trim_end();
        if outside::is_log_line(plain) {
            writeln!(self.out, "{}", plain.replacen("::", "\\u{3a}:", 1))
                .expect("a String takes every write");
            return;
        }
        if !self.colour {
            self.out.push_str(plain);
            self.out.push('\n');
            return;
        }
        for (ink, text) in line.pieces {
            let ansi = ink.ansi();
            write!(self.out, "{ansi}{text}{ansi:#}").expect("a String takes every write");
        }
        self.out.push('\n');
    }
}

struct Line {
    pieces: Word,
    width: usize,
    has_words: bool,
}

impl Line {
    fn indented(indent: usize) -> Self {
        Self { pieces: vec![(Ink::Plain, " ".repeat(indent))], width: indent, has_words: false }
    }

    /// The head, then blanks up to the indent; a longer head pushes the text on by one blank.
    fn headed((ink, head): Span<'_>, indent: usize) -> Self {
        if head.is_empty() {
            return Self::indented(indent);
        }
        let head = outside::visible(head).into_owned();
        let gap = indent.saturating_sub(head.width()).max(1);
        let width = head.width() + gap;
        Self { pieces: vec![(ink, head), (Ink::Plain, " ".repeat(gap))], width, has_words: false }
    }

    fn push(&mut self, ink: Ink, text: &str) {
        self.width += text.width();
        self.pieces.push((ink, text.to_owned()));
    }

    fn push_word(&mut self, word: Word, width: usize) {
        if self.has_words {
            self.push(Ink::Plain, " ");
        }
        self.has_words = true;
        self.width += width;
        self.pieces.extend(word);
    }
}

/// The words of a text; where a span ends without a blank its last word goes on in the next span.
fn words(spans: &[Span<'_>]) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::new();
    let mut open = false;
    for (ink, text) in spans {
        let text = outside::visible(text);
        for (index, part) in text.split(' ').enumerate() {
            open &= index == 0;
            if part.is_empty() {
                continue;
            }
            let piece = (*ink, part.to_owned());
            match words.last_mut().filter(|_| open) {
                Some(word) => word.push(piece),
                None => words.push(vec![piece]),
            }
            open = true;
        }
        open &= !text.ends_with(' ');
    }
    words
}
