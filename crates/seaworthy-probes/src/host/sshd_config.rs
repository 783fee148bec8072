//! Understands `sshd_config`: `Include`, `Match`, and that the first value of a keyword counts.

use std::collections::BTreeSet;

use seaworthy_core::facts::{Blind, Unseen};
use seaworthy_core::limits::host::{
    SSHD_CONFIG_BYTES_MAX, SSHD_CONFIG_DEPTH_MAX, SSHD_CONFIG_FILES_MAX, SSHD_CONFIG_NAMES_MAX,
};

use super::facts::MatchSetting;
use super::tree::Tree;

/// Where the server looks first.
pub(super) const MAIN: &str = "/etc/ssh/sshd_config";

/// Keywords of who may sign in and how, and what counts when the files do not say.
const KEYWORDS: [(&str, &str); 7] = [
    ("permitrootlogin", "prohibit-password"),
    ("passwordauthentication", "yes"),
    ("kbdinteractiveauthentication", "yes"),
    ("pubkeyauthentication", "yes"),
    ("hostbasedauthentication", "no"),
    ("gssapiauthentication", "no"),
    ("permitemptypasswords", "no"),
];

/// The settings of a server that decide who may sign in and how.
#[derive(Debug, Default)]
pub(super) struct Config {
    /// Outside `Match` blocks, in order.
    first: Vec<(String, String)>,
    /// Below `Match all`: at each connection these go before what stands outside.
    always: Vec<(String, String)>,
    pub(super) matches: Vec<MatchSetting>,
    /// `Port`, and the ports of `ListenAddress`.
    pub(super) ports: BTreeSet<u16>,
    /// When one of the files was last changed in content or rights, in seconds since 1970.
    pub(super) changed: i64,
    files: usize,
}

impl Config {
    /// Reads the main file and all that it includes.
    pub(super) fn read(tree: &Tree, main: &str) -> Result<Self, Unseen> {
        let mut config = Self::default();
        if config.file(tree, main, None, 0)? {
            return Ok(config);
        }
        let why = format!("{} is not there", tree.shown(main));
        Err(Unseen::new(Blind::Unsupported, why).give("only OpenSSH is understood"))
    }

    /// The value that counts outside `Match` blocks.
    pub(super) fn value(&self, keyword: &str) -> &str {
        let said = self.always.iter().chain(&self.first).find(|(name, _)| name == keyword);
        let default = || KEYWORDS.iter().find(|(name, _)| *name == keyword).map_or("", |(_, value)| value);
        said.map_or_else(default, |(_, value)| value)
    }

    /// What stands on the server's command line goes before all files.
    pub(super) fn given(&mut self, options: &[String]) {
        for (keyword, rest) in options.iter().rev().filter_map(|option| setting(option)) {
            let before = std::mem::take(&mut self.first);
            self.set(&keyword, &rest, None, "", 0);
            self.first.extend(before);
        }
    }

    /// Reads one file; `false` when there is none. `outside` is the `Match` block from which it is included.
    fn file(&mut self, tree: &Tree, path: &str, outside: Option<&str>, depth: usize) -> Result<bool, Unseen> {
        self.files += 1;
        if depth > SSHD_CONFIG_DEPTH_MAX || self.files > SSHD_CONFIG_FILES_MAX {
            let why = format!("{} includes more than {SSHD_CONFIG_FILES_MAX} files", tree.shown(MAIN));
            return Err(Unseen::new(Blind::CutShort, why));
        }
        let Some(text) = tree.text(path, SSHD_CONFIG_BYTES_MAX)? else { return Ok(false) };
        if let Some(stat) = tree.stat(path)? {
            self.changed = self.changed.max(stat.st_ctime);
        }
        // A `Match` in an included file ends with that file.
        let mut block = outside.map(str::to_owned);
        for (index, line) in text.lines().enumerate() {
            let Some((keyword, rest)) = setting(line) else { continue };
            match keyword.as_str() {
                "match" => block = Some(criteria(&rest, outside)),
                "include" => {
                    for pattern in arguments(&rest) {
                        self.include(tree, &pattern, block.as_deref(), depth)?;
                    }
                }
                _ => {
                    let line = u32::try_from(index + 1).unwrap_or(u32::MAX);
                    self.set(&keyword, &rest, block.as_deref(), path, line);
                }
            }
        }
        Ok(true)
    }

    fn include(
        &mut self,
        tree: &Tree,
        pattern: &str,
        block: Option<&str>,
        depth: usize,
    ) -> Result<(), Unseen> {
        let pattern =
            if pattern.starts_with('/') { pattern.to_owned() } else { format!("/etc/ssh/{pattern}") };
        for path in expand(tree, &pattern)? {
            self.file(tree, &path, block, depth + 1)?;
        }
        Ok(())
    }

    fn set(&mut self, keyword: &str, rest: &str, block: Option<&str>, file: &str, line: u32) {
        let keyword = match keyword {
            "challengeresponseauthentication" | "skeyauthentication" => "kbdinteractiveauthentication",
            "dsaauthentication" => "pubkeyauthentication",
            other => other,
        };
        let port = arguments(rest).into_iter().next().unwrap_or_default();
        let port =
            if keyword == "port" { Some(port.as_str()) } else { port.rsplit_once(':').map(|(_, port)| port) };
        if matches!(keyword, "port" | "listenaddress") {
            self.ports.extend(port.and_then(|port| port.parse::<u16>().ok()));
        }
        if !KEYWORDS.iter().any(|(name, _)| *name == keyword) {
            return;
        }
        let value = arguments(rest).into_iter().next().unwrap_or_default().to_ascii_lowercase();
        let value = if value == "without-password" { "prohibit-password".to_owned() } else { value };
        match block {
            None => self.first.push((keyword.to_owned(), value)),
            Some(block) if block.eq_ignore_ascii_case("all") => {
                self.always.push((keyword.to_owned(), value));
            }
            Some(criteria) => self.matches.push(MatchSetting {
                root_possible: root_possible(criteria),
                criteria: criteria.to_owned(),
                keyword: keyword.to_owned(),
                value,
                file: file.to_owned(),
                line,
            }),
        }
    }
}

/// A block in an included file keeps the conditions of its `Include`.
fn criteria(rest: &str, outside: Option<&str>) -> String {
    let inside = arguments(rest).join(" ");
    outside.map_or_else(|| inside.clone(), |outside| format!("{outside}, {inside}"))
}

/// Keyword in small letters and the rest of the line; `None` for comments and empty lines.
fn setting(line: &str) -> Option<(String, String)> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return None;
    }
    let end = line.find(|c: char| c.is_whitespace() || c == '=').unwrap_or(line.len());
    let (keyword, rest) = line.split_at(end);
    let rest = rest.trim_start();
    let rest = rest.strip_prefix('=').unwrap_or(rest).trim();
    Some((keyword.to_ascii_lowercase(), rest.to_owned()))
}

/// The arguments of a line: parted by white space, quoted where they hold some, up to a comment.
fn arguments(rest: &str) -> Vec<String> {
    let mut arguments = Vec::new();
    let mut word: Option<String> = None;
    let mut quoted = false;
    for letter in rest.chars() {
        match letter {
            '"' => {
                quoted = !quoted;
                word.get_or_insert_default();
            }
            '#' if !quoted && word.is_none() => break,
            letter if letter.is_whitespace() && !quoted => arguments.extend(word.take()),
            letter => word.get_or_insert_default().push(letter),
        }
    }
    arguments.extend(word);
    arguments
}

/// Whether a `User` criterion of a block leaves root in. Without one it does.
fn root_possible(criteria: &str) -> bool {
    let words: Vec<String> = criteria.to_ascii_lowercase().split([' ', ',']).map(str::to_owned).collect();
    let Some(at) = words.iter().position(|word| word == "user") else { return true };
    let keywords = ["user", "group", "host", "localaddress", "localport", "address", "rdomain", "all"];
    let users: Vec<&str> =
        words[at + 1..].iter().map(String::as_str).take_while(|word| !keywords.contains(word)).collect();
    // Anything but plain names may stand for root.
    users.iter().any(|user| *user == "root" || user.contains(['*', '?', '!', '@', '%']))
}

/// The files that an `Include` names, in the order of their names.
fn expand(tree: &Tree, pattern: &str) -> Result<Vec<String>, Unseen> {
    let (folder, name) = pattern.rsplit_once('/').unwrap_or(("", pattern));
    if folder.contains(['*', '?', '[']) {
        let why = format!("`Include {pattern}` has a pattern in the middle");
        return Err(
            Unseen::new(Blind::Unsupported, why).give("name the folder of the included files in full")
        );
    }
    if !name.contains(['*', '?', '[']) {
        return Ok(vec![pattern.to_owned()]);
    }
    let names = tree.names(folder, SSHD_CONFIG_NAMES_MAX)?.unwrap_or_default();
    let mut found = Vec::new();
    for entry in names {
        let Some(entry) = entry.to_str() else {
            let why = format!("{} holds a name that is not UTF-8", tree.shown(folder));
            return Err(Unseen::new(Blind::Garbled, why));
        };
        if (!entry.starts_with('.') || name.starts_with('.')) && fits(name, entry)? {
            found.push(format!("{folder}/{entry}"));
        }
    }
    Ok(found)
}

/// Whether a name fits a pattern of `*` and `?`.
fn fits(pattern: &str, name: &str) -> Result<bool, Unseen> {
    if pattern.contains('[') {
        let why = format!("`Include` with the pattern `{pattern}` is not understood");
        return Err(Unseen::new(Blind::Unsupported, why).give("write the pattern with `*` and `?` only"));
    }
    let (pattern, name): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    // The classical walk: `star` is where the last `*` stood and what it has swallowed so far.
    let (mut p, mut n, mut star) = (0, 0, None);
    while n < name.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, n));
                p += 1;
            }
            Some(letter) if *letter == '?' || *letter == name[n] => {
                p += 1;
                n += 1;
            }
            _ => match star {
                Some((at, swallowed)) => {
                    star = Some((at, swallowed + 1));
                    p = at + 1;
                    n = swallowed + 1;
                }
                None => return Ok(false),
            },
        }
    }
    Ok(pattern[p..].iter().all(|letter| *letter == '*'))
}
