//! The testbed's parts, for the commands that start them and look at them as `check` would.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use chrono::Utc;
use seaworthy_core::limits::Limits;
use seaworthy_core::manifest::Environment;
use seaworthy_probes::ask::Ask;
use seaworthy_testbed::{Part, Running, Sabotage, StartError, Testbed};

use crate::exit::Wrong;
use crate::run::secrets;

/// Opens the testbed of a source tree.
pub(crate) fn open(tree: &Path) -> anyhow::Result<Testbed> {
    Testbed::open(tree.join("testbed")).map_err(|error| {
        Wrong::error(
            error.to_string(),
            "run it in Seaworthy's source tree, or give that with `--tree`: the testbed is not in the binary",
        )
    })
}

/// Starts a part, sound or sabotaged, without holding up what else goes on.
pub(crate) async fn start(part: &Part, sabotage: Option<&Sabotage>) -> Result<Running, StartError> {
    let (part, sabotage) = (part.clone(), sabotage.cloned());
    tokio::task::spawn_blocking(move || part.start(sabotage.as_ref())).await.unwrap_or_else(|_| {
        Err(StartError::Command { run: "start".into(), how: "stopped".into(), log: String::new() })
    })
}

/// What is to be checked on a running part.
pub(crate) fn environment(running: &Running) -> anyhow::Result<Environment> {
    serde_saphyr::from_str(running.environment())
        .map_err(|error| anyhow::anyhow!("the part's environment cannot be read: {error}"))
}

/// Asks for a look at an environment, at the level that it grants, with secrets made for it.
pub(crate) fn ask(environment: Environment, base: PathBuf, values: BTreeMap<String, String>) -> Ask {
    Ask {
        commanded: false,
        consent: environment.consent,
        environment,
        base,
        limits: Limits::default(),
        now: Utc::now(),
        secrets: secrets::of_map(values),
    }
}
