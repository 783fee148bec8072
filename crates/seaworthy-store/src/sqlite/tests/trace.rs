//! What a process did to files, read from `strace`, and the files as a power cut may leave them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The words with which `strace` records what is needed here.
pub(super) const WORDS: [&str; 8] = [
    "-f",
    "-y",
    "-xx",
    "-s",
    "16777216",
    "-e",
    "trace=openat,write,pwrite64,fsync,fdatasync,ftruncate,unlink,unlinkat,rename,renameat,renameat2",
    "-o",
];

/// One thing that was done, in the order in which it was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Event {
    Create {
        file: String,
    },
    Write {
        file: String,
        offset: usize,
        bytes: Vec<u8>,
    },
    Truncate {
        file: String,
        length: usize,
    },
    Sync {
        file: String,
    },
    /// What was made and removed in the folder is certain from now on.
    SyncFolder,
    Remove {
        file: String,
    },
    /// The process said this line.
    Said(String),
}

/// Reads a trace. Files are those directly in `folder`, by their names.
pub(super) fn read(text: &str, folder: &Path) -> Vec<Event> {
    let mut halves: BTreeMap<&str, String> = BTreeMap::new();
    let mut events = Vec::new();
    for line in text.lines() {
        let Some((process, call)) = line.split_once(' ') else { continue };
        let call = call.trim_start();
        // Where another thread came between, a call stands in two halves; it was done when the second came.
        if let Some(first) = call.strip_suffix(" <unfinished ...>") {
            halves.insert(process, first.to_owned());
            continue;
        }
        let whole = match call.strip_prefix("<... ").and_then(|rest| rest.split_once(" resumed>")) {
            Some((_, second)) => halves.remove(process).unwrap_or_default() + second,
            None => call.to_owned(),
        };
        events.extend(event(&whole, folder));
    }
    events
}

fn event(call: &str, folder: &Path) -> Option<Event> {
    let (name, rest) = call.split_once('(')?;
    let (arguments, result) = rest.rsplit_once(" = ")?;
    if result.starts_with('-') {
        return None;
    }
    let number = |text: &str| text.trim().trim_end_matches(')').trim().parse::<usize>().ok();
    let last = || number(arguments.trim_end().trim_end_matches(')').rsplit(',').next()?);
    match name {
        "write" if arguments.starts_with("1<") => {
            let said = String::from_utf8(bytes(arguments.split('"').nth(1)?)).ok()?;
            Some(Event::Said(said.trim().to_owned()))
        }
        "pwrite64" => Some(Event::Write {
            file: named(arguments, folder)?,
            offset: last()?,
            bytes: bytes(arguments.split('"').nth(1)?),
        }),
        "ftruncate" => Some(Event::Truncate { file: named(arguments, folder)?, length: last()? }),
        "fsync" | "fdatasync" if descriptor(arguments).as_deref() == Some(folder) => Some(Event::SyncFolder),
        "fsync" | "fdatasync" => Some(Event::Sync { file: named(arguments, folder)? }),
        "openat" if arguments.contains("O_CREAT") => Some(Event::Create { file: named(result, folder)? }),
        "unlink" | "unlinkat" => {
            let path = String::from_utf8(bytes(arguments.split('"').nth(1)?)).ok()?;
            Some(Event::Remove { file: inside(Path::new(&path), folder)? })
        }
        _ => None,
    }
}

/// The path behind a descriptor that is shown as `7</path>`.
fn descriptor(text: &str) -> Option<PathBuf> {
    let shown = text.split_once('<')?.1.split_once('>')?.0;
    Some(String::from_utf8(bytes(shown)).ok()?.into())
}

fn named(text: &str, folder: &Path) -> Option<String> {
    inside(&descriptor(text)?, folder)
}

fn inside(path: &Path, folder: &Path) -> Option<String> {
    (path.parent() == Some(folder)).then(|| path.file_name().map(|name| name.display().to_string()))?
}

/// `\x41` is a byte, everything else is itself.
fn bytes(shown: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(shown.len() / 4);
    let mut rest = shown.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        match (first, after) {
            (b'\\', [b'x', high, low, after @ ..]) => {
                let digit = |digit: u8| char::from(digit).to_digit(16).unwrap_or(0);
                bytes.push(u8::try_from(digit(*high) << 4 | digit(*low)).unwrap_or(0));
                rest = after;
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    bytes
}

/// What becomes of what was written and not yet synced when the power goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unsynced {
    /// All of it is lost.
    Lost,
    /// All of it arrived, as when only the process is killed.
    Arrived,
    /// The last of it alone arrived: a disk writes in its own order.
    LastAlone,
    /// Every other write arrived, and of the last one its first 512 bytes.
    Torn,
}

impl Unsynced {
    pub(super) const ALL: [Self; 4] = [Self::Lost, Self::Arrived, Self::LastAlone, Self::Torn];
}

/// A file: what is on the disk for certain, and what may be.
#[derive(Debug, Clone, Default)]
struct File {
    durable: Option<Vec<u8>>,
    /// What was done since it was synced, in order.
    pending: Vec<Change>,
}

#[derive(Debug, Clone)]
enum Change {
    Create,
    Write(usize, Vec<u8>),
    Truncate(usize),
    Remove,
}

/// Files as they are and as a power cut would leave them.
#[derive(Debug, Clone, Default)]
pub(super) struct Disk(BTreeMap<String, File>);

impl Disk {
    pub(super) fn take(&mut self, event: &Event) {
        match event {
            Event::Create { file } => {
                let file = self.0.entry(file.clone()).or_default();
                let there = file.durable.is_some() || !file.pending.is_empty();
                let gone = matches!(file.pending.last(), Some(Change::Remove));
                if !there || gone {
                    file.pending.push(Change::Create);
                }
            }
            Event::Write { file, offset, bytes } => self.change(file, Change::Write(*offset, bytes.clone())),
            Event::Truncate { file, length } => self.change(file, Change::Truncate(*length)),
            Event::Remove { file } => self.change(file, Change::Remove),
            Event::Sync { file } => {
                let file = self.0.entry(file.clone()).or_default();
                file.durable = file.after(Unsynced::Arrived);
                file.pending.clear();
            }
            Event::SyncFolder => self.0.values_mut().for_each(File::name_is_certain),
            Event::Said(_) => {}
        }
    }

    fn change(&mut self, file: &str, change: Change) {
        self.0.entry(file.to_owned()).or_default().pending.push(change);
    }

    /// The files that a cut leaves now.
    pub(super) fn cut(&self, unsynced: Unsynced) -> BTreeMap<&str, Vec<u8>> {
        self.0.iter().filter_map(|(name, file)| Some((name.as_str(), file.after(unsynced)?))).collect()
    }
}

impl File {
    /// Whether the file is there is certain now; what stands in it is not.
    fn name_is_certain(&mut self) {
        if let Some(removed) = self.pending.iter().rposition(|change| matches!(change, Change::Remove)) {
            self.durable = None;
            self.pending.drain(..=removed);
        }
        if matches!(self.pending.first(), Some(Change::Create)) {
            self.durable.get_or_insert_default();
            self.pending.remove(0);
        }
    }

    fn after(&self, unsynced: Unsynced) -> Option<Vec<u8>> {
        let last = self.pending.len().saturating_sub(1);
        let mut content = self.durable.clone();
        for (place, change) in self.pending.iter().enumerate() {
            let arrives = match unsynced {
                Unsynced::Lost => false,
                Unsynced::Arrived => true,
                Unsynced::LastAlone => place == last,
                Unsynced::Torn => place % 2 == 0 || place == last,
            };
            if arrives {
                change.apply(&mut content, unsynced == Unsynced::Torn && place == last);
            }
        }
        content
    }
}

impl Change {
    fn apply(&self, content: &mut Option<Vec<u8>>, torn: bool) {
        match self {
            Self::Remove => *content = None,
            Self::Create => {
                content.get_or_insert_default();
            }
            Self::Truncate(length) => content.get_or_insert_default().resize(*length, 0),
            Self::Write(offset, bytes) => {
                let bytes = if torn { &bytes[..bytes.len().min(512)] } else { bytes };
                let content = content.get_or_insert_default();
                if content.len() < offset + bytes.len() {
                    content.resize(offset + bytes.len(), 0);
                }
                content[*offset..offset + bytes.len()].copy_from_slice(bytes);
            }
        }
    }
}

#[test]
fn a_trace_is_read_and_what_was_not_synced_may_be_lost() {
    let text = "\
7 openat(AT_FDCWD, \"\\x2f\\x64\\x2f\\x61\", O_RDWR|O_CREAT, 0600) = 5<\\x2f\\x64\\x2f\\x61>
7 pwrite64(5<\\x2f\\x64\\x2f\\x61>, \"\\x41\\x42\", 2, 0) = 2
8 fsync(5<\\x2f\\x64\\x2f\\x61> <unfinished ...>
7 write(1<\\x70>, \"\\x68\\x69\\x0a\", 3) = 3
8 <... fsync resumed>) = 0
7 pwrite64(5<\\x2f\\x64\\x2f\\x61>, \"\\x43\", 1, 1) = 1
7 fsync(5<\\x2f\\x64\\x2f\\x61>) = -1 EIO (Input/output error)
7 unlink(\"\\x2f\\x64\\x2f\\x61\") = 0
7 pwrite64(5</elsewhere/a>, \"\\x43\", 1, 1) = 1
7 fsync(6<\\x2f\\x64>) = 0
";
    let events = read(text, Path::new("/d"));
    let file = || "a".to_owned();
    assert_eq!(
        events,
        [
            Event::Create { file: file() },
            Event::Write { file: file(), offset: 0, bytes: b"AB".to_vec() },
            Event::Said("hi".to_owned()),
            Event::Sync { file: file() },
            Event::Write { file: file(), offset: 1, bytes: b"C".to_vec() },
            Event::Remove { file: file() },
            Event::SyncFolder,
        ]
    );
    let mut disk = Disk::default();
    events[..5].iter().for_each(|event| disk.take(event));
    assert_eq!(disk.cut(Unsynced::Lost)["a"], b"AB");
    assert_eq!(disk.cut(Unsynced::Arrived)["a"], b"AC");
    disk.take(&events[5]);
    assert_eq!(disk.cut(Unsynced::Lost)["a"], b"AB");
    assert!(disk.cut(Unsynced::Arrived).is_empty());
    disk.take(&events[6]);
    assert!(disk.cut(Unsynced::Lost).is_empty());
}
