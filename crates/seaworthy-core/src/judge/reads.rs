//! Which facts an expression read, and which it asked for and did not get.

use std::collections::{BTreeSet, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::facts::Unseen;
use crate::limits::JUDGEMENT_STEPS_MAX;

/// One fact that was read and is a plain value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Read {
    pub(crate) path: String,
    pub(crate) value: String,
    pub(crate) by_hand: Option<String>,
}

/// What one judgement read. Shared by every value of a document; reset between judgements.
#[derive(Debug, Default)]
pub(crate) struct Reads {
    log: Mutex<Log>,
    /// Every path that was read since it was last asked for; none where nobody asked.
    trace: Option<Mutex<BTreeSet<String>>>,
    /// Values looked into since the judgement of a requirement began.
    steps: AtomicU64,
}

#[derive(Debug, Default, Clone)]
pub(crate) struct Log {
    pub(crate) seen: Vec<Read>,
    /// The paths of `seen`.
    paths: HashSet<String>,
    pub(crate) unseen: Vec<(String, Unseen)>,
    /// An unseen value took part where an error cannot be returned, such as `==`.
    /// The result then stands on nothing, whatever it is.
    pub(crate) tainted: bool,
}

impl Reads {
    pub(crate) fn traced() -> Self {
        Self { trace: Some(Mutex::default()), ..Self::default() }
    }

    pub(crate) fn trace(&self) -> Vec<String> {
        let take =
            |trace: &Mutex<_>| std::mem::take(&mut *trace.lock().unwrap_or_else(PoisonError::into_inner));
        self.trace.as_ref().map(take).unwrap_or_default().into_iter().collect()
    }

    /// Counts values that are looked into; false when there were too many for one judgement.
    pub(crate) fn step(&self, values: usize) -> bool {
        let values = u64::try_from(values).unwrap_or(u64::MAX);
        self.steps.fetch_add(values, Ordering::Relaxed).saturating_add(values) <= JUDGEMENT_STEPS_MAX
    }

    /// Whether there were too many. What an expression gave then is worth nothing.
    pub(crate) fn exhausted(&self) -> bool {
        self.steps.load(Ordering::Relaxed) > JUDGEMENT_STEPS_MAX
    }

    /// Begins the judgement of a requirement.
    pub(crate) fn begin(&self) {
        self.steps.store(0, Ordering::Relaxed);
        self.take();
    }

    /// Whether somebody asks which values were looked into.
    pub(crate) fn is_traced(&self) -> bool {
        self.trace.is_some()
    }

    /// Notes that a value was looked into, whatever it is.
    pub(crate) fn note_path(&self, path: &str) {
        if let Some(trace) = &self.trace {
            trace.lock().unwrap_or_else(PoisonError::into_inner).insert(path.to_owned());
        }
    }

    fn log(&self) -> MutexGuard<'_, Log> {
        // A poisoned log is still a list of what was read.
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn note_seen(&self, path: &str, value: String, by_hand: Option<&str>) {
        let mut log = self.log();
        if log.paths.insert(path.to_owned()) {
            log.seen.push(Read { path: path.to_owned(), value, by_hand: by_hand.map(str::to_owned) });
        }
    }

    pub(crate) fn note_unseen(&self, path: &str, why: &Unseen) {
        let mut log = self.log();
        if !log.unseen.iter().any(|(noted, _)| noted == path) {
            log.unseen.push((path.to_owned(), why.clone()));
        }
    }

    pub(crate) fn taint(&self, path: &str, why: &Unseen) {
        self.note_unseen(path, why);
        self.log().tainted = true;
    }

    /// The log so far; the next judgement starts with an empty one.
    pub(crate) fn take(&self) -> Log {
        std::mem::take(&mut *self.log())
    }
}
