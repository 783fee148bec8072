//! Where people decide: the folder with the manifest, and the store beside it.

use std::path::{Path, PathBuf};

use chrono::Utc;
use seaworthy_core::ledger::{Entry, Record, RecordKind};
use seaworthy_core::manifest::{FILE_NAME, Manifest};
use seaworthy_core::statement::Envelope;
use seaworthy_store::SqliteStore;

use super::keeping;
use super::subject::{ManifestFile, read_manifest};
use crate::cli::Keep;
use crate::exit::Wrong;

/// A service with its people, and the environment that is meant.
pub(crate) struct House {
    pub(crate) manifest: Manifest,
    /// SHA-256 of the manifest as it stands now.
    pub(crate) digest: String,
    pub(crate) environment: Option<String>,
    pub(crate) store: SqliteStore,
    pub(crate) place: PathBuf,
    /// The commit that is checked out now.
    pub(crate) head: Option<String>,
}

impl House {
    /// The house in the working directory, where something was kept already.
    pub(crate) async fn open_existing(keep: &Keep, environment: Option<&str>) -> anyhow::Result<Self> {
        let place = keeping::place(keep.store.as_deref(), Some(Path::new(".")));
        if Path::new(FILE_NAME).exists() && !place.exists() {
            return Err(Wrong::error(
                format!("no run was kept in {}", place.display()),
                "`seaworthy check` keeps one",
            ));
        }
        Self::open(keep, environment).await
    }

    /// The house in the working directory; its store is made where there is none.
    pub(crate) async fn open(keep: &Keep, environment: Option<&str>) -> anyhow::Result<Self> {
        let Some(ManifestFile { manifest, digest }) = read_manifest(Path::new(FILE_NAME))? else {
            return Err(Wrong::error(
                format!("there is no {FILE_NAME} here, so nobody is known who could sign"),
                "go to the folder that holds it; `seaworthy init` writes one",
            ));
        };
        let environment = chosen(&manifest, environment)?;
        let place = keeping::place(keep.store.as_deref(), Some(Path::new(".")));
        let store = SqliteStore::open(&place).await?;
        let spec = environment.as_ref().and_then(|name| manifest.environments.get(name));
        let repo = spec.and_then(|spec| spec.repo.as_deref()).unwrap_or(".");
        let head = seaworthy_probes::repo::head(Path::new(repo));
        Ok(Self { manifest, digest, environment, store, place, head })
    }

    /// The service and the environment, for people.
    pub(crate) fn name(&self) -> String {
        let service = &self.manifest.service.name;
        self.environment.as_ref().map_or(service.clone(), |environment| format!("{service} · {environment}"))
    }

    /// Walks the whole store: what was changed in it is nothing to put a name to.
    pub(crate) async fn sound(&self) -> anyhow::Result<()> {
        let runs = self.store.verify(None).await?;
        let ledger = self.store.verify_ledger(None).await?;
        match runs.faults.first().or(ledger.faults.first()) {
            None => Ok(()),
            Some(fault) => Err(Wrong::error(
                format!("the evidence store {} was changed: {}", self.place.display(), fault.what),
                "`seaworthy history --verify` tells all; restore the store from before, and check again",
            )),
        }
    }

    /// Keeps what was said here.
    pub(crate) async fn record(&self, kind: RecordKind, envelope: &Envelope) -> anyhow::Result<Record> {
        let entry = Entry {
            id: uuid::Uuid::now_v7().to_string(),
            kind,
            at: Utc::now(),
            service: self.manifest.service.name.clone(),
            environment: self.environment.clone(),
            envelope: envelope.json(),
        };
        Ok(self.store.record(&entry).await?)
    }
}

/// The environment that was asked for; the only one where none was. Who signs must know for what.
fn chosen(manifest: &Manifest, wanted: Option<&str>) -> anyhow::Result<Option<String>> {
    let known: Vec<&str> = manifest.environments.keys().map(String::as_str).collect();
    match (wanted, known.as_slice()) {
        (Some(wanted), known) if known.contains(&wanted) => Ok(Some(wanted.to_owned())),
        (Some(wanted), []) => Err(Wrong::error(
            format!("{FILE_NAME} names no environment `{wanted}`"),
            "it names none; leave `--env` out",
        )),
        (Some(wanted), known) => Err(Wrong::error(
            format!("{FILE_NAME} names no environment `{wanted}`"),
            format!("it names {}", known.join(", ")),
        )),
        (None, []) => Ok(None),
        (None, [only]) => Ok(Some((*only).to_owned())),
        (None, known) => Err(Wrong::error(
            "nothing says for which environment",
            format!("give `--env` with one of {}", known.join(", ")),
        )),
    }
}
