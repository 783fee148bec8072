//! One document in Markdown, taken apart.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use comrak::nodes::{Node, NodeValue};
use comrak::{Arena, Options, parse_document};
use regex::Regex;
use seaworthy_core::facts::Listed;
use seaworthy_core::limits::documents::{PART_CHARS_MAX, PARTS_MAX};

use super::facts::{AddressFacts, PlaceholderFacts, SectionFacts};

/// What people leave to be replaced: `[Service Name]`, `TODO`, `{{ name }}`, `<your team>`.
const PLACEHOLDERS: &str = r"\[[A-Z][A-Za-z ,.'/_:-]{2,60}\]|(?i:\[(?:your|insert|enter|names?|service|team|company|date|e-?mail|phone|link|url)\b[^\[\]]{0,60}\])|\b(?:TODO|TBD|TBC|FIXME)\b|\bX{3,}\b|\{\{[^{}]{0,60}\}\}|(?i:<(?:your|insert|enter|names?|service|team|company|date)\b[^<>]{0,60}>)|(?i:lorem ipsum)";
/// Words in brackets as programs write them; nobody is to replace those.
const WRITTEN_BY_PROGRAMS: [&str; 12] = [
    "[ERROR]",
    "[WARN]",
    "[WARNING]",
    "[INFO]",
    "[DEBUG]",
    "[TRACE]",
    "[FATAL]",
    "[CRITICAL]",
    "[NOTICE]",
    "[FAIL]",
    "[FAILED]",
    "[PASS]",
];
const ADDRESSES: &str = r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}";
/// First words of addresses that several people read.
const SHARED: [&str; 20] = [
    "security",
    "oncall",
    "on-call",
    "ops",
    "operations",
    "support",
    "help",
    "info",
    "privacy",
    "legal",
    "abuse",
    "noreply",
    "no-reply",
    "team",
    "incident",
    "incidents",
    "status",
    "dpo",
    "contact",
    "admin",
];

/// A document, taken apart.
#[derive(Debug, Default)]
pub(super) struct Text {
    pub(super) sections: Vec<SectionFacts>,
    pub(super) placeholders: Vec<PlaceholderFacts>,
    /// Targets with their lines.
    pub(super) links: Vec<(String, usize)>,
    pub(super) addresses: BTreeSet<AddressFacts>,
    /// The names by which its headings can be led to.
    pub(super) anchors: BTreeSet<String>,
    /// How often a name was made of a title.
    names: BTreeMap<String, usize>,
    /// Level of each section.
    levels: Vec<u8>,
}

impl Text {
    pub(super) fn read(text: &str) -> Self {
        let arena = Arena::new();
        let root = parse_document(&arena, text, &Options::default());
        let mut read = Self::default();
        for node in root.descendants() {
            read.node(node);
        }
        read
    }

    /// Which section is the title of the whole: the first, where sections of a lower level follow it or none does.
    pub(super) fn title(&self) -> Option<usize> {
        let (first, others) = self.levels.split_first()?;
        others.first().is_none_or(|next| next > first).then_some(0)
    }

    fn node(&mut self, node: Node<'_>) {
        let data = node.data();
        let line = data.sourcepos.start.line;
        match &data.value {
            NodeValue::Heading(heading) => self.heading(&words_below(node), heading.level, line),
            NodeValue::Text(text) => {
                let in_heading =
                    node.ancestors().any(|above| matches!(above.data().value, NodeValue::Heading(_)));
                self.prose(text, line, !in_heading);
            }
            NodeValue::HtmlInline(text) => self.prose(text, line, false),
            NodeValue::HtmlBlock(block) => self.prose(&block.literal, line, false),
            NodeValue::Code(code) => self.count(&code.literal),
            NodeValue::CodeBlock(code) => self.count(&code.literal),
            NodeValue::Link(link) | NodeValue::Image(link) => self.link(&link.url, line),
            _ => {}
        }
    }

    fn heading(&mut self, title: &str, level: u8, line: usize) {
        let name = anchor(title);
        let times = self.names.entry(name.clone()).or_default();
        self.anchors.insert(if *times == 0 { name } else { format!("{name}-{times}") });
        *times += 1;
        self.sections.push(SectionFacts { title: shortened(title), line, words_count: 0 });
        self.levels.push(level);
    }

    /// Text that people read. Code holds names in angle brackets for who runs it to fill in, so it is not searched.
    fn prose(&mut self, text: &str, line: usize, counts: bool) {
        static PATTERNS: OnceLock<Option<(Regex, Regex)>> = OnceLock::new();
        let patterns =
            PATTERNS.get_or_init(|| Some((Regex::new(PLACEHOLDERS).ok()?, Regex::new(ADDRESSES).ok()?)));
        if let Some((placeholders, addresses)) = patterns {
            let found = placeholders.find_iter(text).take(PARTS_MAX);
            let found = found.filter(|found| !WRITTEN_BY_PROGRAMS.contains(&found.as_str()));
            self.placeholders
                .extend(found.map(|found| PlaceholderFacts { text: shortened(found.as_str()), line }));
            let found: Vec<&str> =
                addresses.find_iter(text).take(PARTS_MAX).map(|found| found.as_str()).collect();
            for address in found {
                self.address(address);
            }
        }
        if counts {
            self.count(text);
        }
    }

    /// Words belong to the heading above them, and to those above that.
    fn count(&mut self, text: &str) {
        let words = text.split_whitespace().filter(|word| word.contains(char::is_alphanumeric)).count();
        let mut level = u8::MAX;
        for (section, own) in self.sections.iter_mut().zip(&self.levels).rev() {
            if *own < level {
                section.words_count += words;
                level = *own;
            }
        }
    }

    fn link(&mut self, target: &str, line: usize) {
        match target.strip_prefix("mailto:") {
            Some(address) => self.address(address.split('?').next().unwrap_or(address)),
            None => self.links.push((target.to_owned(), line)),
        }
    }

    fn address(&mut self, address: &str) {
        let address = shortened(&address.to_lowercase());
        let name = address.split('@').next().unwrap_or_default();
        let shared = SHARED.iter().any(|word| name.split(['.', '+']).any(|part| part == *word));
        self.addresses.insert(AddressFacts { address, shared });
    }
}

/// All text below a node, in one line.
fn words_below(node: Node<'_>) -> String {
    node.descendants().fold(String::new(), |mut text, below| {
        match &below.data().value {
            NodeValue::Text(own) => text.push_str(own),
            NodeValue::Code(code) => text.push_str(&code.literal),
            NodeValue::SoftBreak | NodeValue::LineBreak => text.push(' '),
            _ => {}
        }
        text
    })
}

/// The name that forges make of a title.
fn anchor(title: &str) -> String {
    let lower = title.trim().to_lowercase();
    let kept = lower.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

pub(super) fn shortened(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(PART_CHARS_MAX).collect()
}

pub(super) fn listed<T>(items: Vec<T>, what: &str) -> Listed<T> {
    Listed::bounded(items, PARTS_MAX, what)
}
