//! Secrets in text: which rule they match, on which line. The secret itself never leaves this module.
//!
//! A first pass finds the texts that stand near secrets, all rules at once; only around these is a rule's own pattern
//! tried. A value is given a number so that places with the same one can be told; nothing is derived from it.

mod checks;
pub(super) mod facts;
mod literal;
mod rules;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};

pub(crate) use self::rules::Rule;
use self::rules::{Check, Rules};
use super::lines::{Lines, line_around};
use super::settings::strength::{entropy_per_character, stands_for_one};
use aho_corasick::{AhoCorasick, AhoCorasickBuilder, AhoCorasickKind, MatchKind};

/// A secret in a text.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Hit {
    pub(crate) rule: usize,
    /// Line, from 1.
    pub(crate) line: u64,
    /// The same for the same secret within one look.
    pub(crate) secret: u32,
    /// The line says on purpose that this is none, and why.
    pub(crate) marked: Option<String>,
    /// For a secret that is in use: the name of its setting.
    pub(crate) setting: Option<String>,
    /// It stands without quotes, as only files of settings write texts.
    pub(crate) bare: bool,
    /// It stands in a comment that documents code.
    pub(crate) in_comment: bool,
    /// It stands in a test that stands beside the code.
    pub(crate) in_test: bool,
}

/// What one text gave.
#[derive(Debug, Default, Clone)]
pub(crate) struct Scan {
    pub(crate) hits: Vec<Hit>,
    /// Matches that only stand for a secret: `changeme`, `${TOKEN}`, `EXAMPLE`.
    pub(crate) placeholders: u64,
    /// The text holds more that may be a secret than is looked at, so the rest of it was not searched.
    pub(crate) crowded: bool,
}

/// Searches texts for secrets. One for a whole look, shared by its threads.
pub(crate) struct Searcher {
    rules: Rules,
    near: AhoCorasick,
    /// For each text of `near` the rules that it calls for.
    called: Vec<Vec<usize>>,
    live: Option<(AhoCorasick, Vec<LiveValue>)>,
    numbers: Mutex<HashMap<[u8; 32], u32>>,
}

/// A secret that is in use, as an environment file that is not tracked has it.
#[derive(Clone)]
pub(crate) struct LiveValue {
    pub(crate) name: String,
    pub(crate) value: String,
}

/// The id of the rule by which a secret that is in use is found again in the code.
pub(crate) const LIVE_RULE: &str = "live-value";
/// Most places of one text at which rules are tried. Minified programs of megabytes have a fifth of it.
const PLACES_TRIED_MAX: usize = 100_000;
/// Most hits in one text; a file with more is a list of secrets anyway.
const HITS_MAX: usize = 200;
/// How far around a hit a pattern may look beyond the line: a private key goes on below.
const BELOW_BYTES: usize = 600;

impl Searcher {
    pub(crate) fn new(live: Vec<LiveValue>) -> Self {
        let rules = Rules::built_in();
        let mut texts: Vec<String> = Vec::new();
        let mut called: Vec<Vec<usize>> = Vec::new();
        for (index, rule) in rules.all.iter().enumerate() {
            for near in &rule.near {
                let near = near.to_ascii_lowercase();
                match texts.iter().position(|text| *text == near) {
                    Some(at) => called[at].push(index),
                    None => {
                        texts.push(near);
                        called.push(vec![index]);
                    }
                }
            }
        }
        let near = AhoCorasickBuilder::new()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::Standard)
            // By itself it would take less memory and twice the time: this is most of the work of a look.
            .kind(Some(AhoCorasickKind::DFA))
            .build(&texts)
            .expect("the built-in rules hold a few hundred short texts");
        let live = (!live.is_empty())
            .then(|| AhoCorasick::new(live.iter().map(|live| &live.value)).ok().map(|finder| (finder, live)))
            .flatten();
        Self { rules, near, called, live, numbers: Mutex::new(HashMap::new()) }
    }

    /// The rule of a hit.
    pub(crate) fn rule(&self, index: usize) -> &Rule {
        self.rules.get(index)
    }

    pub(crate) fn rules_count(&self) -> usize {
        self.rules.all.len()
    }

    /// Searches a whole text, or one piece of a long one.
    pub(crate) fn search(&self, text: &[u8]) -> Scan {
        let mut search = Search::new(self, text);
        let mut general = Vec::new();
        for (count, near) in self.near.find_overlapping_iter(text).enumerate() {
            if count >= PLACES_TRIED_MAX || search.scan.hits.len() >= HITS_MAX {
                search.scan.crowded = true;
                break;
            }
            for rule in self.called.get(near.pattern().as_usize()).into_iter().flatten() {
                match self.rule(*rule).check {
                    Some(Check::Assignment | Check::UrlPassword) => {
                        general.push((*rule, near.start(), near.end()));
                    }
                    Some(Check::PrivateKey | Check::Jwt | Check::Stellar) | None => {
                        search.around(*rule, near.start(), near.end());
                    }
                }
            }
        }
        for (start, end) in checks::stellar_seeds(text) {
            search.hit(self.rules.stellar, start, end, None);
        }
        // A rule of one provider says more than "a literal that is assigned to a password".
        for (rule, start, end) in general {
            search.around(rule, start, end);
        }
        if let Some((finder, values)) = &self.live {
            for found in finder.find_iter(text) {
                if let Some(value) = values.get(found.pattern().as_usize()) {
                    search.live(value, found.start(), found.end());
                }
            }
        }
        search.scan
    }

    /// The number of a secret: the same for the same, in the order in which they were met.
    pub(crate) fn number(&self, secret: &[u8]) -> u32 {
        use sha2::Digest;
        let digest = <[u8; 32]>::from(sha2::Sha256::digest(secret));
        let mut numbers = self.numbers.lock().unwrap_or_else(PoisonError::into_inner);
        let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX) + 1;
        *numbers.entry(digest).or_insert(next)
    }
}

struct Search<'a> {
    searcher: &'a Searcher,
    text: &'a [u8],
    scan: Scan,
    /// What was hit already, so that a secret that fits several rules counts once, by the first: ends by their beginnings.
    spans: BTreeMap<usize, usize>,
    lines: Lines<'a>,
    /// The line around the place that was tried last.
    line: Window,
    /// For each rule how far its pattern was tried already.
    tried: Vec<usize>,
}

/// A line, or the part of a long one around a place.
#[derive(Debug, Clone, Copy, Default)]
struct Window {
    from: usize,
    to: usize,
    /// It is cut at its end: what stands near the end needs a window of its own.
    cut: bool,
}

/// Longest that a match may be: a place nearer than this to the end of a cut window is tried again in the next.
const MATCH_BYTES_MAX: usize = 1_400;

impl<'a> Search<'a> {
    fn new(searcher: &'a Searcher, text: &'a [u8]) -> Self {
        let tried = vec![0; searcher.rules_count()];
        let (spans, lines) = (BTreeMap::new(), Lines::new(text));
        Self { searcher, text, scan: Scan::default(), spans, lines, line: Window::default(), tried }
    }

    /// The line around a place. The one before is used again where it holds the place and enough behind it.
    fn window(&mut self, start: usize, end: usize) -> Window {
        let old = self.line;
        let before = old.from == 0
            || old.from + MATCH_BYTES_MAX / 4 <= start
            || self.text.get(old.from - 1) == Some(&b'\n');
        let behind = !old.cut || end + MATCH_BYTES_MAX <= old.to;
        if !(before && behind && (old.from..old.to).contains(&start)) {
            let (from, to) = line_around(self.text, start, end);
            self.line = Window { from, to, cut: self.text.get(to).is_some_and(|byte| *byte != b'\n') };
        }
        self.line
    }

    /// Tries a rule on the line around a text that calls for it.
    fn around(&mut self, index: usize, start: usize, end: usize) {
        let pattern_tried = self.tried.get(index).is_some_and(|tried| start < *tried);
        if self.scan.hits.len() >= HITS_MAX || pattern_tried {
            return;
        }
        let Window { from, to, cut } = self.window(start, end);
        let rule = self.searcher.rule(index);
        match rule.check {
            Some(Check::UrlPassword) => {
                if let Some((start, end)) = checks::url_password(self.text, start, to) {
                    self.value(index, start, end);
                }
            }
            Some(Check::Assignment) => {
                if let Some((start, end)) = checks::assignment(self.text, from, to, end) {
                    self.value(index, start, end);
                }
            }
            Some(Check::Stellar) => {}
            Some(Check::PrivateKey | Check::Jwt) | None => {
                let below = if rule.check == Some(Check::PrivateKey) { BELOW_BYTES } else { 0 };
                let to = (to + below).min(self.text.len());
                if let Some(tried) = self.tried.get_mut(index) {
                    *tried = if cut { to.saturating_sub(MATCH_BYTES_MAX).max(end) } else { to.max(end) };
                }
                let Some(window) = self.text.get(from..to) else { return };
                let Some(pattern) = rule.pattern() else { return };
                for found in pattern.captures_iter(window) {
                    let Some(group) = found.get(1).or_else(|| found.get(2)) else { continue };
                    let (group_start, group_end) = (from + group.start(), from + group.end());
                    self.value(index, group_start, group_end);
                }
            }
        }
    }

    /// A match of a rule: a secret, unless it only stands for one.
    fn value(&mut self, index: usize, start: usize, end: usize) {
        if self.overlaps(start, end) {
            return;
        }
        let rule = self.searcher.rule(index);
        let value = String::from_utf8_lossy(self.text.get(start..end).unwrap_or_default());
        let sound = match rule.check {
            Some(Check::Jwt) => checks::is_jwt(&value),
            Some(Check::PrivateKey) => checks::is_key_body(&value),
            Some(Check::Assignment | Check::UrlPassword | Check::Stellar) | None => true,
        };
        if !sound || entropy_per_character(&value) < rule.entropy {
            return;
        }
        // Keys of providers hold no words; only what is made of signs that no real one has stands for one.
        if rule.is_placeholder(&value) {
            self.spans.insert(start, end);
            self.scan.placeholders += 1;
            return;
        }
        self.hit(index, start, end, None);
    }

    fn hit(&mut self, rule: usize, start: usize, end: usize, setting: Option<String>) {
        if self.overlaps(start, end) || self.scan.hits.len() >= HITS_MAX {
            return;
        }
        self.spans.insert(start, end);
        let (from, to) = line_around(self.text, start, start);
        let own_line = self.text.get(from..to).unwrap_or_default();
        let rule_of = self.searcher.rule(rule);
        // A key goes on over whole lines, which hold no mark: it stands above.
        let above = (rule_of.check == Some(Check::PrivateKey) && from > 0).then(|| {
            let (above, end) = line_around(self.text, from - 1, from - 1);
            mark(self.text.get(above..end).unwrap_or_default())
        });
        let marked = mark(own_line).or(above.flatten());
        let in_comment = [b"///".as_slice(), b"//!", b"* ", b"/**"]
            .iter()
            .any(|mark| own_line.trim_ascii_start().starts_with(mark));
        let bare = rule_of.check == Some(Check::Assignment)
            && !start
                .checked_sub(1)
                .and_then(|before| self.text.get(before))
                .is_some_and(|byte| matches!(byte, b'"' | b'\'' | b'`'));
        let secret = self.searcher.number(self.text.get(start..end).unwrap_or_default());
        let line = self.lines.at(start);
        self.scan.hits.push(Hit { rule, line, secret, marked, setting, bare, in_comment, in_test: false });
    }

    /// A value in use, where it stands alone and not as a part of a longer word.
    fn live(&mut self, value: &LiveValue, start: usize, end: usize) {
        let word =
            |at: Option<usize>| at.and_then(|at| self.text.get(at)).is_some_and(u8::is_ascii_alphanumeric);
        if !word(start.checked_sub(1)) && !word(Some(end)) {
            self.hit(self.searcher.rules.live, start, end, Some(value.name.clone()));
        }
    }

    /// Spans never overlap each other, so only the last one that begins before the end can overlap.
    fn overlaps(&self, start: usize, end: usize) -> bool {
        self.spans.range(..end).next_back().is_some_and(|(_, to)| *to > start)
    }
}

/// The reason given behind `seaworthy:allow-secret`; without a reason the mark does not count.
fn mark(line: &[u8]) -> Option<String> {
    const MARK: &str = "seaworthy:allow-secret";
    let line = String::from_utf8_lossy(line);
    let (_, reason) = line.split_once(MARK)?;
    let reason = reason.trim_matches(|c: char| c.is_whitespace() || ":-*/#>".contains(c));
    (reason.chars().filter(|c| c.is_alphabetic()).count() >= 4).then(|| reason.chars().take(200).collect())
}

/// A value long and odd enough to be looked for everywhere: a short or common one would be found by chance.
pub(crate) fn worth_looking_for(value: &str) -> bool {
    value.len() >= 12 && !stands_for_one(value) && entropy_per_character(value) >= 3.0
}
